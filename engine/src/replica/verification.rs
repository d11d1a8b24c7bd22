//! Verification: every signature, chain and right of the whole replica, checked again from the
//! bytes on the disk, as if none had ever been checked.
//!
//! Changes nothing except the list of documents whose history came from a bundle and is now
//! judged. What it finds is reported, never repaired silently.

use std::collections::BTreeMap;

use automerge::Change;
use casework_protocol::gate::{Origin, check_change};
use casework_protocol::ids::{ActorId, ChangeHash, DeviceId, DocumentId};
use casework_protocol::keys::verify_batch;
use casework_protocol::seal::change_claim;
use serde::Serialize;

use super::admission::{Incoming, Index, Judging, judge_rights, place};
use super::asked::asking;
use super::document::{actor_of, guarded};
use super::history::arrivals;
use super::rows::{DocumentRow, TipRow};
use super::store::{Writes, decode_row};
use super::tables::{self, Table};
use super::{Replica, ReplicaFault};
use crate::case::{Batch, RevisionMark, shape_case};
use crate::template_document::shape_template;

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where; `None` for the roster.
    pub document: Option<DocumentId>,
    /// The change, if one.
    pub change: Option<ChangeHash>,
    /// What does not hold.
    pub what: String,
}

/// What a verification looked at and found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Roster entries whose signatures and chain were checked.
    pub roster_entries: u64,
    /// Access entries likewise.
    pub access_entries: u64,
    /// Documents opened from their bytes.
    pub documents: u64,
    /// Changes whose bytes, place, shape and rights were checked.
    pub changes: u64,
    /// Signatures checked over changes; each vouches for its actor's whole chain.
    pub signatures: u64,
    /// Changes that are not in the server's log yet.
    pub unsent: u64,
    /// What does not hold.
    pub findings: Vec<Finding>,
}

impl Verification {
    /// Whether everything holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, document: DocumentId, change: Option<ChangeHash>, what: impl ToString) {
        let what = what.to_string();
        self.findings.push(Finding {
            document: Some(document),
            change,
            what,
        });
    }
}

impl Replica {
    /// Checks the whole replica. `progress` hears how many documents of how many are done.
    ///
    /// # Errors
    /// [`ReplicaFault`] when the store fails; what does not hold is in the result.
    pub fn verify(
        &mut self,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Verification, ReplicaFault> {
        let mut found = Verification::default();
        // Every entry is verified and folded again on loading.
        self.reload_authority()?;
        found.roster_entries = self.roster()?.head().version();
        let mut documents = Vec::new();
        self.store.scan(Table::Documents, &[], |key, value| {
            let row: DocumentRow = decode_row(Table::Documents, value)?;
            documents.extend(tables::document_of(key).map(|id| (id, row)));
            Ok(true)
        })?;
        let total = documents.len();
        for (done, (id, row)) in documents.into_iter().enumerate() {
            if let Some(why) = &row.quarantined {
                found.find(id, None, format!("quarantined: {why}"));
            } else {
                self.verify_document(id, &mut found)?;
            }
            progress(done + 1, total);
        }
        Ok(found)
    }

    /// Judges the history of one document that came from a bundle, if there is one left. Answers
    /// what it found, `None` when all are judged.
    ///
    /// # Errors
    /// [`ReplicaFault`] when the store fails.
    pub fn check_next(&mut self) -> Result<Option<Verification>, ReplicaFault> {
        let mut next = None;
        self.store.scan(Table::Unchecked, &[], |key, _| {
            next = tables::document_of(key);
            Ok(false)
        })?;
        let Some(id) = next else { return Ok(None) };
        let mut found = Verification::default();
        self.verify_document(id, &mut found)?;
        Ok(Some(found))
    }

    fn verify_document(
        &mut self,
        id: DocumentId,
        found: &mut Verification,
    ) -> Result<(), ReplicaFault> {
        self.documents.close(id);
        match self.record(id) {
            Ok(record) => found.access_entries += record.head().version(),
            Err(fault) => {
                found.find(id, None, fault);
                return Ok(());
            }
        }
        if let Err(fault) = self.document(id) {
            found.find(id, None, fault);
            return Ok(());
        }
        found.documents += 1;
        let before = found.findings.len();
        self.verify_changes(id, found)?;
        self.verify_signatures(id, found)?;
        if found.findings.len() == before {
            let mut writes = Writes::default();
            writes.delete(Table::Unchecked, tables::document(id));
            self.commit(writes)?;
        }
        Ok(())
    }

    /// Replays the document's changes through the gate from nothing.
    #[expect(
        clippy::too_many_lines,
        reason = "one pass over the history, stage by stage"
    )]
    fn verify_changes(
        &mut self,
        id: DocumentId,
        found: &mut Verification,
    ) -> Result<(), ReplicaFault> {
        let open = self.document(id)?;
        let (kind, changes) = (open.row.kind, open.automerge.get_changes(&[]));
        let arrived = match self.documents.get_mut(id) {
            Some(open) => arrivals(&self.store, id, &open.automerge)?,
            None => BTreeMap::new(),
        };
        let empty = automerge::Automerge::new();
        let judging = Judging {
            store: &self.store,
            document: NOWHERE,
            roster: self.roster()?,
            record: &self.records[&id],
        };
        let revisions = |mark: RevisionMark| self.marked_revision(mark);
        let mut index = Index::new(&judging, &empty);
        let mut batch = Batch::new(&empty);
        let mut devices: BTreeMap<ActorId, DeviceId> = BTreeMap::new();
        for change in changes {
            found.changes += 1;
            let hash = ChangeHash::new(change.hash().0);
            let Some(device) = author(&change, &mut devices) else {
                found.find(id, Some(hash), "its actor names no author");
                continue;
            };
            let origin = Origin {
                workspace: self.workspace(),
                document: id,
                device,
            };
            let checked = match check_change(&origin, change.raw_bytes().to_vec()) {
                Ok(checked) => checked,
                Err(error) => {
                    found.find(id, Some(hash), error);
                    continue;
                }
            };
            let arrived = arrived.get(&hash).copied();
            found.unsent += u64::from(arrived.is_none());
            let incoming = Incoming {
                change: checked,
                device,
                signed: None,
                arrived,
                held: false,
            };
            let judged = place(&index, &BTreeMap::new(), incoming.change.header())
                .map_err(|why| why.to_string())
                .and_then(|positioned| {
                    let shaped = guarded(|| match kind {
                        casework_protocol::access::entry::DocumentKind::Case => {
                            shape_case(&batch, change.clone(), &revisions)
                        }
                        casework_protocol::access::entry::DocumentKind::Template => {
                            shape_template(&batch, change.clone())
                        }
                    })?
                    .map_err(|error| error.to_string())?;
                    positioned
                        .judge(shaped.message())
                        .map_err(|why| why.to_string())?;
                    Ok(shaped)
                });
            let shaped = match judged {
                Ok(shaped) => shaped,
                Err(why) => {
                    found.find(id, Some(hash), why);
                    continue;
                }
            };
            let authority = (judging.roster, judging.record);
            let citation = shaped.message().citation;
            let asked = asking(shaped.needed());
            if let Err(why) = judge_rights(authority, incoming.standing(), &citation, &asked) {
                found.find(id, Some(hash), why);
            }
            index.take(incoming.change.header(), citation);
            batch.take(shaped);
        }
        Ok(())
    }

    /// Checks the signature of every actor's newest signed change, and that nothing is uncovered.
    fn verify_signatures(
        &self,
        id: DocumentId,
        found: &mut Verification,
    ) -> Result<(), ReplicaFault> {
        let mut tips = BTreeMap::new();
        self.store.scan(Table::Tips, id.as_bytes(), |key, value| {
            let actor = ActorId::from_slice(key.get(DocumentId::LEN..).unwrap_or_default());
            let tip: TipRow = decode_row(Table::Tips, value)?;
            tips.extend(actor.map(|actor| (actor, tip)));
            Ok(true)
        })?;
        let signed: Vec<(ChangeHash, casework_protocol::keys::Claim)> = tips
            .values()
            .filter_map(|tip| {
                let (hash, signature) = tip.signed?;
                let origin = Origin {
                    workspace: self.workspace(),
                    document: id,
                    device: tip.device,
                };
                Some((hash, change_claim(&origin, hash, signature)))
            })
            .collect();
        let claims: Vec<_> = signed.iter().map(|(_, claim)| claim.clone()).collect();
        found.signatures += claims.len() as u64;
        for ((hash, _), result) in signed.iter().zip(verify_batch(&claims)) {
            if let Err(error) = result {
                found.find(id, Some(*hash), error);
            }
        }
        if let Some(open) = self.documents.peek(id)
            && let Err(why) = super::bundles::vouched(&open.automerge, &tips)
        {
            found.find(id, None, why);
        }
        Ok(())
    }
}

/// No document has this id, so the index finds no stored tips and judges from nothing.
const NOWHERE: DocumentId = DocumentId::new([0; DocumentId::LEN]);

/// The device behind a change: named by its actor's first change, remembered for the others.
fn author(change: &Change, devices: &mut BTreeMap<ActorId, DeviceId>) -> Option<DeviceId> {
    let actor = actor_of(change.actor_id())?;
    if let Some(author) = change.author() {
        devices.insert(actor, DeviceId::from_slice(author.as_bytes())?);
    }
    devices.get(&actor).copied()
}
