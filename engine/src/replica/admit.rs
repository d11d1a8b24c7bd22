//! Letting received changes into a document: place, shape, rights, then one call that applies all.
//!
//! What lies aside is looked at again in the same order. If the document library fails all the
//! same, the changes are tried one by one on a copy, and only the one that fails is quarantined.

mod again;
mod merging;

use std::collections::BTreeMap;
use std::sync::Arc;

use automerge::{Automerge, Change};
use casework_protocol::access::entry::DocumentKind;
use casework_protocol::gate::{Origin, check_change};
use casework_protocol::ids::{ChangeHash, DocumentId};

use self::merging::apply_one_by_one;
use super::admission::{
    Incoming, Index, Judging, judge_authorship, judge_claims, judge_rights, place,
};
use super::asked::asked_by;
use super::automating::judge_cause;
use super::document::guarded;
use super::exclusion::put_aside;
use super::lineage::Cited;
use super::rows::{Aside, AsideRow, ChangeRow, TipRow};
use super::store::{Writes, decode_row};
use super::tables::{self, Table};
use super::writing::DocumentStep;
use super::{Notice, Replica, ReplicaFault};
use crate::case::{Batch, Message, RevisionMark, ShapeError, Shaped, shape_case};
use crate::personal::shape_personal;
use crate::template::Revision;
use crate::template_document::shape_template;
use crate::view::Breach;

/// A change that was found good.
struct Admitted {
    incoming: Incoming,
    message: Message,
    breach: Breach,
}

/// What came of a batch before it is applied.
#[derive(Default)]
struct Sorted {
    admitted: Vec<Admitted>,
    changes: Vec<Change>,
    known: Vec<Incoming>,
    aside: Vec<(Incoming, Aside)>,
}

impl Sorted {
    /// Everything again, in log order.
    fn all(self) -> Vec<Incoming> {
        let admitted = self.admitted.into_iter().map(|admitted| admitted.incoming);
        let aside = self.aside.into_iter().map(|(incoming, _)| incoming);
        let mut all: Vec<_> = admitted.chain(aside).chain(self.known).collect();
        all.sort_by_key(|incoming| incoming.arrived);
        all
    }
}

impl Replica {
    /// Judges arriving changes of a document together with those that lie aside.
    pub(super) fn admit(
        &mut self,
        writes: &mut Writes,
        step: &mut DocumentStep,
        arriving: Vec<Incoming>,
    ) -> Result<(), ReplicaFault> {
        let id = step.id;
        let (mut candidates, known_aside) = self.candidates(id, &arriving)?;
        let retried: Vec<ChangeHash> = candidates
            .iter()
            .map(|incoming| incoming.change.header().hash)
            .collect();
        candidates.extend(arriving);
        candidates.sort_by_key(|incoming| incoming.arrived);
        if candidates.is_empty() {
            return Ok(());
        }
        self.record(id)?;
        if let Some(template) = step
            .document
            .row
            .template
            .filter(|template| *template != id)
        {
            self.read_published(template)?;
        }
        let mut sorted = self.sort(writes, step, candidates, &known_aside)?;
        let displaced = self.displaced(step, &sorted.aside)?;
        if !displaced.is_empty() {
            self.exclude(writes, step, &displaced)?;
            sorted = self.sort(writes, step, sorted.all(), &known_aside)?;
        }
        let fallen = self.held_after_all(step, &sorted.known)?;
        self.known_again(writes, (id, &step.document.automerge), &sorted.known)?;
        self.place_published(id, &sorted.known);
        for hash in retried {
            writes.delete(Table::Aside, tables::document_change(id, hash));
        }
        for (incoming, why) in sorted.aside {
            self.tell_aside(id, &incoming, &why, &known_aside);
            put_aside(writes, id, incoming, why);
        }
        self.apply_admitted(writes, step, (sorted.admitted, sorted.changes))?;
        if !fallen.is_empty() {
            self.exclude(writes, step, &fallen)?;
        }
        Ok(())
    }

    /// What lies aside and may be judged anew, and why everything aside is there.
    fn candidates(
        &self,
        id: DocumentId,
        arriving: &[Incoming],
    ) -> Result<(Vec<Incoming>, BTreeMap<ChangeHash, Aside>), ReplicaFault> {
        let mut again = Vec::new();
        let mut reasons = BTreeMap::new();
        self.store.scan(Table::Aside, id.as_bytes(), |key, value| {
            let Some(hash) = tables::change_of(key) else {
                return Ok(true);
            };
            let row: AsideRow = decode_row(Table::Aside, value)?;
            reasons.insert(hash, row.why.clone());
            again.push((hash, row));
            Ok(true)
        })?;
        let replaced = |hash: &ChangeHash| arriving.iter().any(|i| i.change.header().hash == *hash);
        let candidates = again
            .into_iter()
            .filter(|(hash, row)| {
                let final_word = matches!(row.why, Aside::Quarantined(_) | Aside::Withheld);
                !final_word && !replaced(hash)
            })
            .filter_map(|(_, row)| self.unpack(id, row))
            .collect();
        Ok((candidates, reasons))
    }

    /// A stored change that lies aside as it arrived; its signature was checked then.
    pub(super) fn unpack(&self, id: DocumentId, row: AsideRow) -> Option<Incoming> {
        let origin = Origin {
            workspace: self.workspace(),
            document: id,
            device: row.device,
        };
        let change = check_change(&origin, row.bytes).ok()?;
        let held = row.why == Aside::Held;
        let AsideRow {
            device,
            signed,
            arrived,
            ..
        } = row;
        Some(Incoming {
            change,
            device,
            signed,
            arrived,
            held,
        })
    }

    fn sort(
        &self,
        writes: &Writes,
        step: &DocumentStep,
        candidates: Vec<Incoming>,
        aside: &BTreeMap<ChangeHash, Aside>,
    ) -> Result<Sorted, ReplicaFault> {
        let automerge = &step.document.automerge;
        let judging = Judging {
            store: &self.store,
            pending: writes,
            document: step.id,
            roster: self.roster()?,
            record: &self.records[&step.id],
        };
        let revisions = |mark: RevisionMark| self.marked_revision(mark);
        let template = step.document.row.template;
        let mut aside = aside.clone();
        let mut index = Index::new(&judging, automerge);
        let mut batch = Batch::new(automerge);
        let mut cited = Cited::new(automerge, &self.revisions);
        let mut sorted = Sorted::default();
        for incoming in candidates {
            let header = incoming.change.header();
            let hash = header.hash;
            aside.remove(&hash);
            if index.holds(hash) {
                sorted.known.push(incoming);
                continue;
            }
            let judged = place(&index, &aside, header).and_then(|positioned| {
                let shaped = shape(&batch, &incoming, step.document.row.kind, &revisions)?;
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
                judge_authorship(&index, &batch, &shaped, incoming.device)?;
                judge_claims(&index, &shaped, incoming.device)?;
                judge_cause(
                    &index,
                    (&batch, &revisions),
                    (step.id, &shaped, incoming.device),
                )?;
                Ok(shaped)
            });
            match judged {
                Ok(shaped) => {
                    let message = shaped.message().clone();
                    cited.take(hash, shaped.change().deps(), &message);
                    let by = (incoming.device, incoming.arrived);
                    let breach = self.breach_of(template, (&batch, &shaped), by);
                    index.take(header, message.citation, incoming.device);
                    batch.take(shaped);
                    sorted.admitted.push(Admitted {
                        incoming,
                        message,
                        breach,
                    });
                }
                Err(why) => {
                    aside.insert(hash, why.clone());
                    sorted.aside.push((incoming, why));
                }
            }
        }
        sorted.changes = batch.into_changes();
        Ok(sorted)
    }

    fn apply_admitted(
        &mut self,
        writes: &mut Writes,
        step: &mut DocumentStep,
        (admitted, changes): (Vec<Admitted>, Vec<Change>),
    ) -> Result<(), ReplicaFault> {
        if admitted.is_empty() {
            return Ok(());
        }
        let automerge = &mut step.document.automerge;
        let applied = guarded(|| automerge.apply_changes(changes.clone()))
            .and_then(|applied| applied.map_err(|error| error.to_string()));
        let failed = match applied {
            Ok(()) => BTreeMap::new(),
            Err(_) => {
                // What is on the disk is the document before this batch.
                let before = match super::document::load(&self.store, step.id) {
                    Ok(document) => document.automerge,
                    Err(super::DocumentFault::Unknown(_)) => Automerge::new(),
                    Err(fault) => return Err(fault.into()),
                };
                let (rebuilt, failed) = apply_one_by_one(before, changes);
                *automerge = rebuilt;
                step.reread();
                failed
            }
        };
        for Admitted {
            incoming,
            message,
            breach,
        } in admitted
        {
            let hash = incoming.change.header().hash;
            if let Some(why) = failed.get(&hash) {
                put_aside(writes, step.id, incoming, why.clone());
                continue;
            }
            if !breach.is_empty() {
                step.breached(hash, breach);
            }
            writes.delete(Table::Aside, tables::document_change(step.id, hash));
            let header = incoming.change.header();
            let (device, arrived) = (incoming.device, incoming.arrived);
            self.note_published(step.id, (hash, &message), arrived);
            let tip = TipRow {
                device,
                seq: header.seq,
                hash,
                max_op: header.max_op(),
                signed: incoming.signed.filter(|(signed, _)| *signed == hash),
            };
            let actor = header.actor;
            let row = ChangeRow {
                bytes: incoming.change.into_bytes(),
                hash,
                device,
                arrived,
            };
            step.add(row, &message, (actor, tip));
        }
        Ok(())
    }

    fn tell_aside(
        &mut self,
        id: DocumentId,
        incoming: &Incoming,
        why: &Aside,
        before: &BTreeMap<ChangeHash, Aside>,
    ) {
        let change = incoming.change.header().hash;
        if let (Aside::Quarantined(why), None) = (why, before.get(&change)) {
            let (document, device, why) = (id, incoming.device, why.clone());
            self.notices.push(Notice::Quarantined {
                document,
                change,
                device,
                why,
            });
        }
    }
}

/// Checks that the operations are exactly those of the action that the message names.
pub(super) fn shape(
    batch: &Batch<'_>,
    incoming: &Incoming,
    kind: DocumentKind,
    revisions: &dyn Fn(RevisionMark) -> Option<Arc<Revision>>,
) -> Result<Shaped, Aside> {
    let change = Change::from_bytes(incoming.change.bytes().to_vec())
        .map_err(|error| Aside::Quarantined(error.to_string()))?;
    let shaped = guarded(|| match kind {
        DocumentKind::Case => shape_case(batch, change, revisions),
        DocumentKind::Template => shape_template(batch, change),
        DocumentKind::Personal => shape_personal(batch, change),
    });
    match shaped {
        Ok(Ok(shaped)) => Ok(shaped),
        Ok(Err(error)) => Err(misshapen(&error)),
        Err(panic) => Err(Aside::Quarantined(panic)),
    }
}

fn misshapen(error: &ShapeError) -> Aside {
    if error.is_waiting() {
        Aside::Waiting(error.to_string())
    } else {
        Aside::Quarantined(error.to_string())
    }
}
