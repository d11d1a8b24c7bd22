//! Access entries among what is packed: signed onto the record as it will be when those before them
//! have arrived, whether these are packed with them or on their way already.
//!
//! Otherwise whoever takes back what they just said would say nothing new, and it would be dropped.

use std::collections::BTreeSet;

use casework_protocol::access::AccessError;
use casework_protocol::access::draft::AccessDraft;
use casework_protocol::authority::Received;
use casework_protocol::entry::SignedEntry;
use casework_protocol::frame::PushItem;
use casework_protocol::ids::DocumentId;

use super::{Filled, Packing};
use crate::replica::authority::untrusted;
use crate::replica::rows::{OutboxRow, Outgoing};
use crate::replica::tables::{self, Table};
use crate::replica::{Replica, ReplicaFault};

impl Replica {
    /// Access entries that are on their way, in order, of the documents of which another one is
    /// about to be packed.
    pub(super) fn access_on_the_way(
        &self,
        in_flight: &[u64],
        filled: &[Filled],
    ) -> Result<Vec<(u64, OutboxRow)>, ReplicaFault> {
        let is_access = |row: &OutboxRow| matches!(row.what, Outgoing::Access { .. });
        let packed = filled.iter().filter(|(_, row, _)| is_access(row));
        let documents: BTreeSet<DocumentId> = packed.map(|(_, row, _)| row.document).collect();
        if documents.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for number in in_flight.iter().copied().collect::<BTreeSet<u64>>() {
            let row: Option<OutboxRow> = self
                .store
                .get_cbor(Table::Outbox, &tables::number(number))?;
            let row = row.filter(|row| is_access(row) && documents.contains(&row.document));
            found.extend(row.map(|row| (number, row)));
        }
        Ok(found)
    }
}

impl Packing<'_> {
    pub(super) fn add_access(
        &mut self,
        number: u64,
        document: DocumentId,
        draft: &AccessDraft,
    ) -> Result<(), ReplicaFault> {
        match self.say(document, draft)? {
            Some(Ok(entry)) => self.add_entry(number, PushItem::Access { document, entry }),
            Some(Err(AccessError::NoEffect)) => self.dropped.push((number, None)),
            Some(Err(error)) => self.dropped.push((number, Some(error.to_string()))),
            // Loaded before packing; a record that is not here was evicted meanwhile.
            None => {
                let why = format!("document {document} is no longer here");
                self.dropped.push((number, Some(why)));
            }
        }
        Ok(())
    }

    /// What is on its way counts for what is said after it: without it that might say nothing new.
    pub(super) fn suppose(&mut self, row: &OutboxRow) -> Result<(), ReplicaFault> {
        if let Outgoing::Access { body } = &row.what {
            let draft = AccessDraft {
                body: body.clone(),
                claimed_ms: row.made_ms,
            };
            self.say(row.document, &draft)?;
        }
        Ok(())
    }

    /// Signs an access entry onto what the record has come to by then; `None` when the record is
    /// not here.
    fn say(
        &mut self,
        id: DocumentId,
        draft: &AccessDraft,
    ) -> Result<Option<Result<SignedEntry, AccessError>>, ReplicaFault> {
        let key = self.replica.identity.key.clone();
        let known = self.records.iter().position(|(known, _)| *known == id);
        let place = match known {
            Some(place) => place,
            None => {
                let Some(record) = self.replica.records.get(&id) else {
                    return Ok(None);
                };
                self.records.push((id, record.clone()));
                self.records.len() - 1
            }
        };
        let record = &mut self.records[place].1;
        let received = Received::unsequenced(draft.claimed_ms);
        let said = draft.rebase(record, &self.roster, received, key.as_ref());
        if let Ok(entry) = &said {
            let verified = entry.clone().verify().map_err(untrusted)?;
            record.apply(verified, received, &self.roster)?;
        }
        Ok(Some(said))
    }
}
