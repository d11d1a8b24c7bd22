//! What a replica has of a document beyond a bundle of it: own work that was never sent, mostly.
//!
//! A bundle may come of a document that is here already: a first sync that was cut short goes on, or
//! something was missing. Invariant: taking one loses nothing that was here, wherever it was stored.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use casework_protocol::ids::{ActorId, ChangeHash, DocumentId};

use super::super::document::{author_of, change_of};
use super::super::history::{arrivals, stored_order};
use super::super::rows::{ChangeRow, TipRow};
use super::super::store::{Writes, decode_row};
use super::super::tables::{self, Table};
use super::super::{Replica, ReplicaFault};

/// Changes that are here and not in a bundle.
#[derive(Default)]
pub(super) struct Local {
    /// Those since the last snapshot; their rows stay.
    pub(super) loose: Vec<ChangeRow>,
    /// Those that a snapshot took in, which the bundle replaces.
    pub(super) folded: Vec<ChangeRow>,
}

impl Local {
    pub(super) fn rows(&self) -> impl Iterator<Item = &ChangeRow> {
        self.folded.iter().chain(&self.loose)
    }
}

impl Replica {
    /// Changes here that the loaded document does not have.
    pub(super) fn local_only(
        &mut self,
        id: DocumentId,
        bundled: &Automerge,
    ) -> Result<Local, ReplicaFault> {
        let lacks = |hash: &ChangeHash| {
            let hash = automerge::ChangeHash(*hash.as_bytes());
            bundled.get_change_meta_by_hash(&hash).is_none()
        };
        let mut local = Local::default();
        self.store.scan(Table::Changes, id.as_bytes(), |_, value| {
            let row: ChangeRow = decode_row(Table::Changes, value)?;
            if lacks(&row.hash) {
                local.loose.push(row);
            }
            Ok(true)
        })?;
        match self.document(id) {
            Ok(_) => {}
            // What cannot be read gives nothing; what was unsent in it goes to the drawer.
            Err(ReplicaFault::Document(_)) => return Ok(local),
            Err(fault) => return Err(fault),
        }
        let Some(here) = self.documents.peek(id).map(|here| &here.automerge) else {
            return Ok(local);
        };
        let loose: BTreeSet<ChangeHash> = local.loose.iter().map(|row| row.hash).collect();
        let known = arrivals(&self.store, id, here)?;
        let folded = stored_order(here).into_iter();
        for hash in folded.filter(|hash| lacks(hash) && !loose.contains(hash)) {
            let Some(change) = change_of(here, hash) else {
                continue;
            };
            local.folded.push(ChangeRow {
                bytes: change.raw_bytes().to_vec(),
                hash,
                device: author_of(here, change.actor_id()).unwrap_or_else(|| self.device()),
                arrived: known.get(&hash).copied(),
            });
        }
        Ok(local)
    }

    /// Writes the tips that a bundle brings, unless what stays on top of it goes further.
    pub(super) fn put_tips(
        &self,
        writes: &mut Writes,
        id: DocumentId,
        (tips, local): (BTreeMap<ActorId, TipRow>, &Local),
    ) -> Result<(), ReplicaFault> {
        let on_top: BTreeSet<ChangeHash> = local.rows().map(|row| row.hash).collect();
        for (actor, tip) in tips {
            let key = tables::document_actor(id, actor);
            let here: Option<TipRow> = self.store.get_cbor(Table::Tips, &key)?;
            if here.is_none_or(|here| !on_top.contains(&here.hash)) {
                writes.put_cbor(Table::Tips, key, &tip);
            }
        }
        Ok(())
    }
}
