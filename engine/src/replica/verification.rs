//! Verification: every signature, chain and right of the whole replica, checked again from the
//! bytes on the disk, as if none had ever been checked.
//!
//! What it finds is reported, never repaired silently; only what a bundle brought in and no log
//! would have let in is taken out again, and told.

mod purges;

use std::collections::BTreeMap;

use automerge::Change;
use casework_protocol::gate::{Origin, check_change};
use casework_protocol::ids::{ActorId, ChangeHash, DeviceId, DocumentId};
use casework_protocol::keys::verify_batch;
use casework_protocol::seal::change_claim;
use serde::Serialize;

use super::admission::{
    Incoming, Index, Judging, judge_authorship, judge_claims, judge_rights, place,
};
use super::admit::shape;
use super::asked::asked_by;
use super::automating::judge_cause;
use super::document::{actor_of, author_of, change_of, guarded};
use super::history::arrivals;
use super::lineage::Cited;
use super::rows::{Aside, DocumentRow, TipRow};
use super::store::{Writes, decode_row};
use super::tables::{self, Table};
use super::{Notice, Replica, ReplicaFault};
use crate::case::{Batch, RevisionMark};
use crate::view::Breaches;

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where; `None` for the roster and for the log as a whole.
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
    /// The changes among it, and where they belong instead.
    #[serde(skip)]
    astray: BTreeMap<ChangeHash, Aside>,
    /// What the changes broke of the document that was looked at last.
    #[serde(skip)]
    breaches: Breaches,
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

    /// A change that stands in its document and should not.
    fn stray(&mut self, document: DocumentId, change: ChangeHash, why: Aside) {
        self.find(document, Some(change), &why);
        self.astray.insert(change, why);
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
        self.verify_purges(&documents, &mut found)?;
        let total = documents.len();
        for (done, (id, row)) in documents.into_iter().enumerate() {
            if let Some(why) = &row.quarantined {
                found.find(id, None, format!("quarantined: {why}"));
            } else {
                self.verify_document(id, &mut found)?;
            }
            progress(done + 1, total);
        }
        if self.kept_as_signed()? == Some(false) {
            let what = "the server handed over another log than the one it signed".to_owned();
            found.findings.push(Finding {
                document: None,
                change: None,
                what,
            });
        }
        Ok(found)
    }

    /// Judges the history of the next document after this one that came from a bundle. Answers
    /// which and what it found, `None` at the end of the round. What waits for a revision or an
    /// entry stays to be judged in a later round and keeps no other one waiting.
    ///
    /// # Errors
    /// [`ReplicaFault`] when the store fails.
    pub fn check_next(
        &mut self,
        after: Option<DocumentId>,
    ) -> Result<Option<(DocumentId, Verification)>, ReplicaFault> {
        let mut next = None;
        self.store.scan(Table::Unchecked, &[], |key, _| {
            next = tables::document_of(key).filter(|id| Some(*id) > after);
            Ok(next.is_none())
        })?;
        let Some(id) = next else { return Ok(None) };
        let mut found = Verification::default();
        self.verify_document(id, &mut found)?;
        if self.documents.peek(id).is_some() {
            self.mark_anew(id, &core::mem::take(&mut found.breaches))?;
        }
        // What waits for a revision or an entry is judged again when that has arrived.
        let final_word = |why: &Aside| matches!(why, Aside::Quarantined(_) | Aside::Held);
        let mut astray = found.astray.clone();
        astray.retain(|_, why| final_word(why));
        if !astray.is_empty() {
            self.expel(id, &astray)?;
        }
        Ok(Some((id, found)))
    }

    /// Takes out of a document what came in with a bundle and would not have been admitted: the
    /// maker of a bundle decides nothing.
    fn expel(
        &mut self,
        id: DocumentId,
        astray: &BTreeMap<ChangeHash, Aside>,
    ) -> Result<(), ReplicaFault> {
        let mut writes = Writes::default();
        let mut step = self.take_document(id)?;
        for (change, why) in astray {
            let Aside::Quarantined(why) = why else {
                continue;
            };
            let automerge = &step.document.automerge;
            let actor = change_of(automerge, *change).map(|change| change.actor_id().clone());
            let device = actor.and_then(|actor| author_of(automerge, &actor));
            self.notices.push(Notice::Quarantined {
                document: id,
                change: *change,
                device: device.unwrap_or_else(|| self.device()),
                why: why.clone(),
            });
        }
        self.exclude(&mut writes, &mut step, astray)?;
        writes.delete(Table::Unchecked, tables::document(id));
        self.settle_steps(writes, vec![step])
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
        found.breaches.clear();
        let template = self.document(id)?.row.template.filter(|known| *known != id);
        if let Some(template) = template {
            self.read_published(template)?;
        }
        let open = self.document(id)?;
        let kind = open.row.kind;
        let changes = match guarded(|| open.automerge.get_changes(&[])) {
            Ok(changes) => changes,
            Err(why) => {
                self.documents.close(id);
                found.find(id, None, why);
                return Ok(());
            }
        };
        let arrived = match self.documents.get_mut(id) {
            Some(open) => arrivals(&self.store, id, &open.automerge)?,
            None => BTreeMap::new(),
        };
        let empty = automerge::Automerge::new();
        let nothing = Writes::default();
        let judging = Judging {
            pending: &nothing,
            store: &self.store,
            document: NOWHERE,
            roster: self.roster()?,
            record: &self.records[&id],
        };
        let revisions = |mark: RevisionMark| self.marked_revision(mark);
        let mut index = Index::new(&judging, &empty);
        let mut batch = Batch::new(&empty);
        let mut cited = Cited::new(&empty, &self.revisions);
        let mut devices: BTreeMap<ActorId, DeviceId> = BTreeMap::new();
        for change in changes {
            found.changes += 1;
            let hash = ChangeHash::new(change.hash().0);
            let Some(device) = author(&change, &mut devices) else {
                let why = "its actor names no author".to_owned();
                found.stray(id, hash, Aside::Quarantined(why));
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
                    found.stray(id, hash, Aside::Quarantined(error.to_string()));
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
            let header = incoming.change.header();
            let judged = place(&index, &found.astray, header).and_then(|positioned| {
                let shaped = shape(&batch, &incoming, kind, &revisions)?;
                positioned.judge(shaped.message())?;
                cited.judge(shaped.change().deps(), shaped.message())?;
                let authority = (judging.roster, judging.record);
                let (standing, message) = (incoming.standing(), shaped.message());
                let by = self.judged_by(template, message, standing.arrived);
                judge_rights(
                    authority,
                    standing,
                    &message.citation,
                    (asked_by(&shaped), &by),
                )?;
                judge_authorship(&index, &batch, &shaped, device)?;
                judge_claims(&index, &shaped, device)?;
                judge_cause(&index, (&batch, &revisions), (id, &shaped, device))?;
                Ok(shaped)
            });
            let shaped = match judged {
                Ok(shaped) => shaped,
                Err(why) => {
                    found.stray(id, hash, why);
                    continue;
                }
            };
            let breach = self.breach_of(template, (&batch, &shaped), (device, arrived));
            if !breach.is_empty() {
                found.breaches.insert(hash, breach);
            }
            let citation = shaped.message().citation;
            cited.take(hash, shaped.change().deps(), shaped.message());
            index.take(incoming.change.header(), citation, device);
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
        for ((device, hash), signature) in self.signed_aside(id)? {
            let covered = tips.values_mut();
            for tip in covered.filter(|tip| (tip.device, tip.hash) == (device, hash)) {
                tip.signed = Some((hash, signature));
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
