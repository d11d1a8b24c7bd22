//! What a row of the outbox needs besides itself before it can be sent.
//!
//! Invariant: a row whose document cannot be read now keeps its place; one whose change is nowhere
//! any more says so, and what was done in it goes to the drawer.

use casework_protocol::ids::{ChangeHash, DocumentId};

use super::super::document::change_of;
use super::super::rows::{ChangeRow, OutboxRow, Outgoing};
use super::super::tables::{self, Table};
use super::super::{DocumentFault, Replica, ReplicaFault};

/// What a row needs besides itself.
pub(super) enum Filling {
    /// Nothing, or something that is in memory.
    Nothing,
    /// The bytes of its change.
    Change(Vec<u8>),
    /// Its change is nowhere any more, and why.
    Gone(String),
    /// Its document cannot be read now; the row waits until it can, or until it is given up.
    Later,
}

impl Replica {
    /// What a row needs besides itself: the bytes of its change, or its access record in memory.
    pub(super) fn fill(&mut self, row: &OutboxRow) -> Result<Filling, ReplicaFault> {
        match &row.what {
            Outgoing::Change { hash, place, .. } => self.change_bytes(row.document, *hash, *place),
            Outgoing::Access { .. } => match self.record(row.document) {
                Ok(_) | Err(ReplicaFault::Document(_)) => Ok(Filling::Nothing),
                Err(fault) => Err(fault),
            },
            Outgoing::Genesis | Outgoing::Roster { .. } => Ok(Filling::Nothing),
        }
    }

    /// The bytes of a change: from its row, or out of the document once a snapshot took it in.
    fn change_bytes(
        &mut self,
        id: DocumentId,
        hash: ChangeHash,
        place: u64,
    ) -> Result<Filling, ReplicaFault> {
        if self.refused_unread.contains(&id) {
            match self.document(id) {
                Err(ReplicaFault::Document(fault)) => return Ok(Filling::without(&fault)),
                Err(fault) => return Err(fault),
                Ok(_) => self.refused_unread.remove(&id),
            };
        }
        let key = tables::document_number(id, place);
        let row: Option<ChangeRow> = self.store.get_cbor(Table::Changes, &key)?;
        if let Some(row) = row.filter(|row| row.hash == hash) {
            return Ok(Filling::Change(row.bytes));
        }
        let document = match self.document(id) {
            Ok(document) => document,
            Err(ReplicaFault::Document(fault)) => return Ok(Filling::without(&fault)),
            Err(fault) => return Err(fault),
        };
        let change = change_of(&document.automerge, hash);
        let gone = || Filling::Gone(format!("document {id} does not hold it here any more"));
        Ok(change.map_or_else(gone, |change| Filling::Change(change.raw_bytes().to_vec())))
    }
}

impl Filling {
    /// For a change whose document cannot be opened.
    fn without(fault: &DocumentFault) -> Self {
        match fault {
            DocumentFault::Unknown(_) | DocumentFault::Purged(_) => Self::Gone(fault.to_string()),
            DocumentFault::Quarantined { .. } | DocumentFault::Store(_) => Self::Later,
        }
    }
}
