//! What was set aside for good, and the ways back: try again from what is on the disk, or fetch the
//! document anew from the server.
//!
//! A verdict on bytes does not change by itself; the program that gave it, or the disk, does.
//! Invariant: own unsent work of a document that is given up goes to the drawer first.

use std::collections::BTreeSet;

use casework_protocol::access::entry::DocumentKind;
use casework_protocol::ids::{ChangeHash, DeviceId, DocumentId};
use serde::Serialize;

use super::rows::{Aside, AsideRow, DocumentRow};
use super::store::{Writes, decode_row};
use super::tables::{self, Table, meta};
use super::{DocumentFault, Replica, ReplicaFault};

/// Something that was set aside for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quarantined {
    /// The document.
    pub document: DocumentId,
    /// Case or template.
    pub kind: Option<DocumentKind>,
    /// The change; `None` for the whole document.
    pub change: Option<ChangeHash>,
    /// The device that signed the change.
    pub device: Option<DeviceId>,
    /// Why.
    pub why: String,
}

/// What came of trying again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retried {
    /// Whether the document can be opened now.
    pub opened: bool,
    /// How many of its changes were set aside before.
    pub before: usize,
    /// How many are set aside now.
    pub after: usize,
    /// Why the document still cannot be opened.
    pub why: Option<String>,
}

impl Replica {
    /// Everything that is set aside for good, whole documents first.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`].
    pub fn quarantined(&self) -> Result<Vec<Quarantined>, ReplicaFault> {
        let mut found = Vec::new();
        let mut kinds = std::collections::BTreeMap::new();
        self.store.scan(Table::Documents, &[], |key, value| {
            let row: DocumentRow = decode_row(Table::Documents, value)?;
            let Some(document) = tables::document_of(key) else {
                return Ok(true);
            };
            kinds.insert(document, row.kind);
            found.extend(row.quarantined.map(|why| Quarantined {
                document,
                kind: Some(row.kind),
                change: None,
                device: None,
                why,
            }));
            Ok(true)
        })?;
        self.store.scan(Table::Aside, &[], |key, value| {
            let row: AsideRow = decode_row(Table::Aside, value)?;
            if let (Aside::Quarantined(why), Some(document)) = (row.why, tables::document_of(key)) {
                found.push(Quarantined {
                    document,
                    kind: kinds.get(&document).copied(),
                    change: tables::change_of(key),
                    device: Some(row.device),
                    why,
                });
            }
            Ok(true)
        })?;
        Ok(found)
    }

    /// Tries again: opens a quarantined document from what is on the disk, and judges its changes
    /// that were set aside once more, as this version of the program does.
    ///
    /// # Errors
    /// [`ReplicaFault::Document`] when the document is not here at all; the store failed.
    pub fn retry_quarantined(&mut self, id: DocumentId) -> Result<Retried, ReplicaFault> {
        let before = self.changes_set_aside(id)?;
        let key = tables::document(id);
        let row: DocumentRow = self
            .store
            .get_cbor(Table::Documents, &key)?
            .ok_or(DocumentFault::Unknown(id))?;
        if row.quarantined.is_some() {
            // The marker of the opening stands meanwhile: an abort quarantines it again.
            let mut writes = Writes::default();
            let row = DocumentRow {
                quarantined: None,
                ..row
            };
            writes.put_cbor(Table::Documents, key, &row);
            self.commit(writes)?;
        }
        match self.judge_set_aside(id) {
            Ok(()) => Ok(Retried {
                opened: true,
                before: before.len(),
                after: self.changes_set_aside(id)?.len(),
                why: None,
            }),
            Err(ReplicaFault::Document(DocumentFault::Quarantined { why, .. })) => {
                self.quarantine_document(id, &why)?;
                Ok(Retried {
                    opened: false,
                    before: before.len(),
                    after: before.len(),
                    why: Some(why),
                })
            }
            Err(fault) => Err(fault),
        }
    }

    /// Gives up this device's copy of a quarantined document and asks for it anew at the next
    /// sync. Unsent work goes to the drawer. Answers how many things were rescued.
    ///
    /// # Errors
    /// [`ReplicaFault::Document`] when the document is not here; [`ReplicaFault::NotQuarantined`]
    /// when nothing is wrong with it.
    pub fn fetch_quarantined(&mut self, id: DocumentId) -> Result<usize, ReplicaFault> {
        let row: Option<DocumentRow> = self
            .store
            .get_cbor(Table::Documents, &tables::document(id))?;
        let row = row.ok_or(DocumentFault::Unknown(id))?;
        if row.quarantined.is_none() && self.changes_set_aside(id)?.is_empty() {
            return Err(ReplicaFault::NotQuarantined(id));
        }
        let mut wanted = self.wanted_again()?;
        wanted.insert(id);
        let mut writes = Writes::default();
        let list: Vec<DocumentId> = wanted.into_iter().collect();
        writes.put_cbor(Table::Meta, meta::WANTED.to_vec(), &list);
        self.commit(writes)?;
        let rescued = self.give_up(id, "this device's copy of the case could not be read")?;
        self.gaps.insert(id);
        Ok(rescued)
    }

    /// Documents that were given up and have not come back: the next session asks for them.
    pub(super) fn wanted_again(&self) -> Result<BTreeSet<DocumentId>, ReplicaFault> {
        let list: Vec<DocumentId> = self
            .store
            .get_cbor(Table::Meta, meta::WANTED)?
            .unwrap_or_default();
        let mut wanted = BTreeSet::new();
        for id in list.into_iter().filter(|id| !self.is_purged(*id)) {
            if self
                .store
                .get(Table::Documents, &tables::document(id))?
                .is_none()
            {
                wanted.insert(id);
            }
        }
        Ok(wanted)
    }

    fn changes_set_aside(&self, id: DocumentId) -> Result<Vec<Vec<u8>>, ReplicaFault> {
        let mut found = Vec::new();
        self.store.scan(Table::Aside, id.as_bytes(), |key, value| {
            if matches!(
                decode_row::<AsideRow>(Table::Aside, value)?.why,
                Aside::Quarantined(_)
            ) {
                found.push(key.to_vec());
            }
            Ok(true)
        })?;
        Ok(found)
    }

    /// Judges everything of a document that lies aside, quarantined changes too.
    fn judge_set_aside(&mut self, id: DocumentId) -> Result<(), ReplicaFault> {
        let step = self.take_document(id)?;
        let mut arriving = Vec::new();
        let mut writes = Writes::default();
        for key in self.changes_set_aside(id)? {
            let row: Option<AsideRow> = self.store.get_cbor(Table::Aside, &key)?;
            // Bytes that do not even pass the first gate stay where they are.
            arriving.extend(row.and_then(|row| self.unpack(id, row)));
        }
        let mut step = self.admit(&mut writes, step, arriving)?;
        step.reread();
        self.settle_whole(writes, vec![step])
    }
}
