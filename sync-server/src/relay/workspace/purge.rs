//! Purging a document on the relay: its payloads go, its leaves stay.
//!
//! Whether a document may be purged is its access record's business, and was decided before. All
//! of it happens in the commit of the purge itself. Invariant: the tree over the log is the same
//! before and after.

use std::collections::BTreeMap;

use casework_protocol::frame::{BareEntry, Logged, encode};
use casework_protocol::ids::DocumentId;
use casework_protocol::log::EntryKind;

use super::{Document, Workspace, decode_item};
use crate::log::{LogError, Record};
use crate::relay::pending::Placing;

/// Records read at once while a document is stripped.
const STRIP_STEP: usize = 64;

impl Workspace {
    /// When its last entry was received.
    #[must_use]
    pub fn received_ms(&self) -> u64 {
        self.row.received_ms
    }

    /// How many documents were purged: what is left of them are leaves.
    #[must_use]
    pub fn purged_count(&self) -> usize {
        let purged = |document: &&Document| document.is_purged();
        self.documents.values().filter(purged).count()
    }

    /// The document is purged with the batch in the making.
    pub(in crate::relay) fn purge(&mut self, document: DocumentId) {
        self.pending.purged.insert(document);
        self.pending.held.retain(|row| row.document != document);
        self.held.forget(document);
        if let Some(known) = self.documents.get_mut(&document) {
            known.bundle = None;
        }
    }

    /// Takes the payloads of purged documents out of the batch in the making, and tells what
    /// stands in the log without theirs.
    pub(super) fn strip_purged(&mut self) -> Result<BTreeMap<DocumentId, Vec<Record>>, LogError> {
        let purged = core::mem::take(&mut self.pending.purged);
        let here = |record: &&mut Record| purged.contains(&record.document);
        for record in self.pending.records.iter_mut().filter(here) {
            if let Some(bare) = strip(record)? {
                *record = bare;
            }
        }
        let mut stripped = BTreeMap::new();
        for document in purged {
            let mut records = Vec::new();
            let mut from = 0;
            loop {
                let seqs = self.log.positions(self.id, document, from, STRIP_STEP)?;
                let Some(last) = seqs.last() else { break };
                from = last + 1;
                for record in self.log.records(self.id, &seqs)? {
                    records.extend(strip(&record)?);
                }
            }
            stripped.insert(document, records);
        }
        Ok(stripped)
    }

    /// Puts leaves without content back where they stood, of a document whose purge is proved.
    pub(in crate::relay) fn place_bare(
        &mut self,
        (document, document_seq): (DocumentId, u64),
        kind: EntryKind,
        entries: &[BareEntry],
    ) -> Result<(), String> {
        let (seq, received_ms) = (self.pending.next_seq(), self.pending.received_ms);
        let item = Logged::Purged {
            seq,
            document_seq,
            received_ms,
            document,
            kind,
            entries: entries.to_vec(),
        };
        if item.is_empty() || item.leaves().is_none() {
            return Err(format!("position {seq} has no leaves"));
        }
        let Some(known) = self.documents.get_mut(&document) else {
            return Err(format!("position {seq}: unknown document {document}"));
        };
        known.row.count += item.len();
        known.row.last = seq + item.len() - 1;
        if kind != EntryKind::Change {
            known.marks.push(seq);
        }
        let leaves: Vec<_> = entries
            .iter()
            .map(|entry| (entry.hash, entry.payload))
            .collect();
        self.pending.push(Placing {
            kind,
            held: false,
            document,
            document_seq,
            entries: &leaves,
            item: encode(&item),
        });
        Ok(())
    }
}

/// The record with leaves only; `None` for one without content.
fn strip(record: &Record) -> Result<Option<Record>, LogError> {
    match record.kind {
        EntryKind::Change | EntryKind::Equivocation => {}
        EntryKind::Roster | EntryKind::Access => return Ok(None),
    }
    let corrupt = |problem| LogError::Corrupt {
        table: "records",
        problem,
    };
    let seq = record.seq;
    let bare = decode_item(record).map_err(corrupt)?.bare();
    let bare = bare.ok_or_else(|| corrupt(format!("position {seq} has no leaves")))?;
    Ok(Some(Record {
        held: false,
        item: encode(&bare),
        ..record.clone()
    }))
}
