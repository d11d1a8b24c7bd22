//! Forgetting a case whose access record says that it was purged, and what a purge left of it.
//!
//! One transaction: content, views, links and kept payloads go, unsent work moves to the drawer, a
//! tombstone stays. Invariant: a tombstone is never taken away, and nothing comes back for its
//! document.

use std::collections::BTreeSet;

use casework_protocol::access::AccessState;
use casework_protocol::frame::Logged;
use casework_protocol::ids::DocumentId;

use super::rows::{Arrived, PurgeRow};
use super::store::{Writes, decode_row};
use super::tables::{self, Table};
use super::{Notice, Replica, ReplicaFault};

impl Replica {
    /// Reads which documents were purged.
    pub(super) fn load_purged(&mut self) -> Result<(), ReplicaFault> {
        let mut purged = BTreeSet::new();
        self.store.scan(Table::Purges, &[], |key, value| {
            if let PurgeRow::Purged { .. } = decode_row(Table::Purges, value)? {
                purged.extend(tables::document_of(key));
            }
            Ok(true)
        })?;
        self.purged = purged;
        Ok(())
    }

    /// What a new state of an access record means for purging its document.
    pub(super) fn follow_purge(
        &mut self,
        writes: &mut Writes,
        head: &AccessState,
        arrived: Arrived,
    ) -> Result<(), ReplicaFault> {
        let key = tables::document(head.document());
        if let Some(purged) = head.purged() {
            self.forget_purged(writes, head.document())?;
            let row = PurgeRow::Purged {
                arrived,
                by: purged.by,
                template: head.template(),
            };
            writes.put_cbor(Table::Purges, key, &row);
        } else if head.purge().is_some() {
            writes.put_cbor(Table::Purges, key, &PurgeRow::Requested);
        } else if self.store.get(Table::Purges, &key)?.is_some()
            || writes.pending(Table::Purges, &key).is_some()
        {
            writes.delete(Table::Purges, key);
        }
        Ok(())
    }

    /// Forgets everything of a purged document but its access record, after unsent work on it was
    /// moved to the drawer.
    fn forget_purged(&mut self, writes: &mut Writes, id: DocumentId) -> Result<(), ReplicaFault> {
        let rescued = self.rescue_unsent(writes, id, "the case was purged")?;
        self.forget_items(writes, id)?;
        let begins = |key: &[u8]| tables::document_of(key) == Some(id);
        for table in Table::OF_A_DOCUMENT {
            if table != Table::Access {
                writes.retract_all(table, begins);
                self.delete_all(writes, table, id)?;
            }
        }
        self.forget_unjudged(writes, id)?;
        let linked = |key: &[u8]| begins(key) || tables::second_document(key) == Some(id);
        writes.retract_all(Table::Links, linked);
        self.store.scan(Table::Links, &[], |key, _| {
            if linked(key) {
                writes.delete(Table::Links, key.to_vec());
            }
            Ok(true)
        })?;
        self.strip_kept(writes, id)?;
        self.documents.close(id);
        self.actors.remove(&id);
        self.ahead.remove(&id);
        self.gaps.remove(&id);
        self.emptied.remove(&id);
        self.comparing.forget(id);
        self.purged.insert(id);
        let document = id;
        self.notices.push(Notice::Purged { document, rescued });
        Ok(())
    }

    /// Takes the payloads of a document out of the log that is kept here; its leaves stay.
    fn strip_kept(&self, writes: &mut Writes, id: DocumentId) -> Result<(), ReplicaFault> {
        let mut bare = Vec::new();
        let mut strip = |key: &[u8], value: &[u8]| {
            let item: Logged = decode_row(Table::Log, value)?;
            if item.document() == Some(id) {
                bare.extend(item.bare().map(|bare| (key.to_vec(), bare)));
            }
            Ok::<_, super::StoreError>(true)
        };
        self.store.scan(Table::Log, &[], &mut strip)?;
        for (key, value) in writes.puts(Table::Log) {
            strip(key, value)?;
        }
        for (key, item) in bare {
            writes.put_cbor(Table::Log, key, &item);
        }
        Ok(())
    }

    /// Notes entries of a document that came without their content. Only a purge takes it away, so
    /// one must follow.
    pub(super) fn note_bare(
        &mut self,
        writes: &mut Writes,
        item: &Logged,
    ) -> Result<(), ReplicaFault> {
        let Logged::Purged { seq, document, .. } = *item else {
            return Ok(());
        };
        let Some(mut row) = self.row_in(writes, document)? else {
            return Ok(());
        };
        self.emptied.insert(document);
        row.bare = Some(row.bare.map_or(seq, |first| first.min(seq)));
        self.put_row(writes, document, row);
        Ok(())
    }

    /// Everything was sent: content that is gone was purged, or the server keeps it back.
    pub(super) fn find_emptied(&mut self) {
        for id in core::mem::take(&mut self.emptied) {
            self.blame(format!(
                "content of document {id} is kept back, although nobody purged it"
            ));
        }
    }
}
