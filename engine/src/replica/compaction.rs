//! Snapshots: folding the changes since the last one into a saved document.
//!
//! A document opens fast when most of it is saved, and an action is fast when nothing is saved on
//! its way; so a document is compacted between actions, when its loose changes outweigh their
//! share. What arrived when is folded into the document's history in the same transaction.

use automerge::{Automerge, SaveOptions};
use casework_protocol::ids::DocumentId;

use super::history::{History, arrivals, stored_order};
use super::rows::DocumentRow;
use super::store::Writes;
use super::tables::{self, Table};
use super::{Replica, ReplicaFault};

/// Loose bytes a document may have, whatever its size: some forty changes.
const LOOSE_FLOOR_BYTES: u64 = 10 * 1024;

/// Whether a document has enough loose changes to be worth a snapshot: an eighth of what the
/// snapshot would take raw (a saved change takes about an eighth of its raw bytes). With a quarter,
/// opening a case of 10,000 changes took 1.23 times a bare load; a snapshot of it costs some 25 µs
/// for each change it folds in.
pub(super) fn is_due(row: &DocumentRow) -> bool {
    row.loose_bytes > LOOSE_FLOOR_BYTES + row.snapshot_bytes
}

/// The saved form: without orphans, columns deflated.
pub(super) fn save(automerge: &Automerge) -> Vec<u8> {
    automerge.save_with_options(SaveOptions {
        deflate: true,
        retain_orphans: false,
    })
}

impl Replica {
    /// Writes a snapshot of every given document that has one due. Answers how many it wrote.
    ///
    /// # Errors
    /// [`ReplicaFault`] when a document cannot be opened or the store fails.
    pub fn compact(
        &mut self,
        documents: impl IntoIterator<Item = DocumentId>,
    ) -> Result<usize, ReplicaFault> {
        let mut written = 0;
        for id in documents {
            let document = match self.document(id) {
                Ok(document) => document,
                Err(ReplicaFault::Document(_)) => continue,
                Err(fault) => return Err(fault),
            };
            if is_due(&document.row) {
                self.write_snapshot(id)?;
                written += 1;
            }
        }
        Ok(written)
    }

    fn write_snapshot(&mut self, id: DocumentId) -> Result<(), ReplicaFault> {
        let Some(mut document) = self.documents.take(id) else {
            return Ok(());
        };
        let known = arrivals(&self.store, id, &document.automerge)?;
        let saved = save(&document.automerge);
        let order = stored_order(&document.automerge);
        let history = History(order.iter().map(|hash| known.get(hash).copied()).collect());
        let mut writes = Writes::default();
        let key = tables::document(id);
        self.delete_all(&mut writes, Table::Changes, id)?;
        self.delete_all(&mut writes, Table::Late, id)?;
        document.row.loose_bytes = 0;
        document.row.snapshot_bytes = saved.len() as u64;
        writes.put_cbor(Table::Documents, key.clone(), &document.row);
        writes.put_cbor(Table::Histories, key.clone(), &history);
        writes.put(Table::Snapshots, key, saved);
        self.commit(writes)?;
        self.documents.put(id, document);
        Ok(())
    }

    /// Deletes all rows of one document from a table.
    pub(super) fn delete_all(
        &self,
        writes: &mut Writes,
        table: Table,
        id: DocumentId,
    ) -> Result<(), ReplicaFault> {
        self.store.scan(table, id.as_bytes(), |key, _| {
            writes.delete(table, key.to_vec());
            Ok(true)
        })?;
        Ok(())
    }
}
