//! Which documents an agent bundles for newcomers, and when.
//!
//! ```text
//! grew ─▶ queue ─▶ long enough, doubled since ─▶ offered ─▶ kept: its length is remembered
//!            ▲     not wholly in the log yet ─┐      │
//!            └───────────────────────────────┴──────┘ no answer, or come again later
//! ```
//! Invariant: a length is remembered only when the server said that it keeps the bundle.

use std::collections::BTreeSet;

use automerge::ReadDoc as _;
use casework_protocol::frame::ErrorCode;
use casework_protocol::ids::DocumentId;

use super::bundles::BUNDLE_FLOOR;
use super::store::Writes;
use super::tables::{self, Table};
use super::{DocumentFault, Replica, ReplicaFault};

/// What is to be bundled.
#[derive(Debug, Default)]
pub(super) struct ToBundle {
    /// Documents to be looked at: those that grew since the last look. `None` until the first,
    /// which is at all.
    queue: Option<BTreeSet<DocumentId>>,
    /// The bundle that was offered, and the changes in it.
    offered: Option<(DocumentId, u64)>,
}

impl ToBundle {
    fn again(&mut self, id: DocumentId) {
        if let Some(queue) = &mut self.queue {
            queue.insert(id);
        }
    }
}

impl Replica {
    /// Remembers that there is more in a document than there was at the last look for a bundle.
    pub(super) fn grew(&mut self, id: DocumentId) {
        self.to_bundle.again(id);
    }

    /// A bundle that newcomers would profit from: of a document that has at least doubled since
    /// its last one.
    pub(super) fn next_bundle(&mut self) -> Result<Option<(DocumentId, Vec<u8>)>, ReplicaFault> {
        if !self.keeps_log() {
            return Ok(None);
        }
        if let Some((id, _)) = self.to_bundle.offered.take() {
            // The connection broke before the server answered.
            self.grew(id);
        }
        if self.to_bundle.queue.is_none() {
            let all = self.cases()?.into_iter().chain(self.templates()?);
            self.to_bundle.queue = Some(all.collect());
        }
        let mut waiting = BTreeSet::new();
        let found = self.first_bundle(&mut waiting);
        if let Some(queue) = &mut self.to_bundle.queue {
            queue.append(&mut waiting);
        }
        found
    }

    /// The first bundle that is worth it. What is long enough, but not wholly in the log yet, waits
    /// for the next look.
    fn first_bundle(
        &mut self,
        waiting: &mut BTreeSet<DocumentId>,
    ) -> Result<Option<(DocumentId, Vec<u8>)>, ReplicaFault> {
        while let Some(id) = self.to_bundle.queue.as_mut().and_then(BTreeSet::pop_last) {
            let changes = match self.document(id) {
                Ok(document) => document.automerge.stats().num_changes,
                Err(ReplicaFault::Document(
                    DocumentFault::Unknown(_)
                    | DocumentFault::Purged(_)
                    | DocumentFault::Quarantined { .. },
                )) => continue,
                Err(fault) => return Err(fault),
            };
            let key = tables::document(id);
            let last: Option<u64> = self.store.get_cbor(Table::Bundled, &key)?;
            if changes < BUNDLE_FLOOR as u64 || last.is_some_and(|last| changes < last * 2) {
                continue;
            }
            let Some(bundle) = self.make_bundle(id)? else {
                waiting.insert(id);
                continue;
            };
            let Ok(bytes) = bundle.to_bytes() else {
                continue;
            };
            self.to_bundle.offered = Some((id, changes));
            return Ok(Some((id, bytes)));
        }
        Ok(None)
    }

    /// What the server said to the bundle that was offered. One that it will never take is not
    /// offered again until there is twice as much.
    pub(super) fn bundle_answered(
        &mut self,
        id: DocumentId,
        refused: Option<ErrorCode>,
    ) -> Result<(), ReplicaFault> {
        let offered = self.to_bundle.offered.take_if(|(of, _)| *of == id);
        let Some((_, changes)) = offered else {
            return Ok(());
        };
        if refused.is_some_and(ErrorCode::is_passing) {
            self.grew(id);
            return Ok(());
        }
        if let Some(code) = refused {
            self.blame(format!("a bundle of document {id} was refused: {code}"));
        }
        let mut writes = Writes::default();
        writes.put_cbor(Table::Bundled, tables::document(id), &changes);
        self.commit(writes)
    }

    /// The server is not what it was: whether it still has the bundles, nobody knows.
    pub(super) fn forget_bundles(&mut self) -> Result<(), ReplicaFault> {
        let mut writes = Writes::default();
        self.store.scan(Table::Bundled, &[], |key, _| {
            writes.delete(Table::Bundled, key.to_vec());
            Ok(true)
        })?;
        self.to_bundle = ToBundle::default();
        self.commit(writes)
    }
}
