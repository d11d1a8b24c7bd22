//! Letting received changes into a document: place, shape, rights, then one call that applies all.
//!
//! What lies aside is looked at again in the same order. If the document library fails all the
//! same, the changes are tried one by one on a copy, and only the one that fails is quarantined.

mod again;
mod merging;
mod shaping;

use std::collections::BTreeMap;

use automerge::Change;
use casework_protocol::access::entry::DocumentKind;
use casework_protocol::gate::{Origin, check_change};
use casework_protocol::ids::{ChangeHash, DocumentId};

pub(super) use self::shaping::shape;
use super::admission::{
    Incoming, Index, Judging, judge_authorship, judge_claims, judge_rights, place,
};
use super::asked::asked_by;
use super::automating::judge_cause;
use super::exclusion::put_aside;
use super::lineage::Cited;
use super::rows::{Aside, AsideRow, ChangeRow, TipRow};
use super::store::{Writes, decode_row};
use super::tables::{self, Table};
use super::writing::DocumentStep;
use super::{Notice, Replica, ReplicaFault};
use crate::case::{Batch, Message, RevisionMark};
use crate::view::Breach;

/// A change that was found good.
struct Admitted {
    incoming: Incoming,
    message: Message,
    breach: Breach,
}

/// A document taken out of memory, with everything of it that is to be judged.
pub(super) struct Gathered {
    step: DocumentStep,
    candidates: Vec<Incoming>,
    /// Those of them that lay aside.
    retried: Vec<ChangeHash>,
    /// Why everything aside is there.
    aside: BTreeMap<ChangeHash, Aside>,
    /// What stands here and is held in the log after all.
    pub(super) fallen: BTreeMap<ChangeHash, Aside>,
}

/// The same when it was judged and merged, and nothing is written yet.
pub(super) struct Judged {
    step: DocumentStep,
    sorted: Sorted,
    /// What was found good and could not be merged all the same.
    failed: BTreeMap<ChangeHash, Aside>,
    retried: Vec<ChangeHash>,
    aside: BTreeMap<ChangeHash, Aside>,
    fallen: BTreeMap<ChangeHash, Aside>,
}

/// What came of a batch before it is applied.
#[derive(Default)]
struct Sorted {
    admitted: Vec<Admitted>,
    changes: Vec<Change>,
    known: Vec<Incoming>,
    aside: Vec<(Incoming, Aside)>,
}

impl Replica {
    /// Judges arriving changes of a document together with those that lie aside.
    pub(super) fn admit(
        &mut self,
        writes: &mut Writes,
        step: DocumentStep,
        arriving: Vec<Incoming>,
    ) -> Result<DocumentStep, ReplicaFault> {
        let gathered = self.gather(step, arriving)?;
        let judged = self.judge(gathered)?;
        self.conclude(writes, judged)
    }

    /// Puts together what is to be judged of a document.
    pub(super) fn gather(
        &mut self,
        step: DocumentStep,
        arriving: Vec<Incoming>,
    ) -> Result<Gathered, ReplicaFault> {
        let id = step.id;
        let (mut candidates, aside) = self.candidates(id, &arriving)?;
        let retried: Vec<ChangeHash> = candidates
            .iter()
            .map(|incoming| incoming.change.header().hash)
            .collect();
        candidates.extend(arriving);
        candidates.sort_by_key(|incoming| incoming.arrived);
        if !candidates.is_empty() {
            self.record(id)?;
            let template = step.document.row.template;
            if let Some(template) = template.filter(|template| *template != id) {
                self.read_published(template)?;
            }
        }
        Ok(Gathered {
            step,
            candidates,
            retried,
            aside,
            fallen: BTreeMap::new(),
        })
    }

    /// Judges what was gathered and merges what was found good, in memory. Depends on the document,
    /// on templates and on authority alone, so that many documents are judged abreast.
    pub(super) fn judge(&self, gathered: Gathered) -> Result<Judged, ReplicaFault> {
        let Gathered {
            mut step,
            candidates,
            retried,
            aside,
            fallen,
        } = gathered;
        let mut sorted = if candidates.is_empty() {
            Sorted::default()
        } else {
            self.sort(&Writes::default(), &step, candidates, &aside)?
        };
        let changes = core::mem::take(&mut sorted.changes);
        let failed = self.merge(&mut step, changes)?;
        Ok(Judged {
            step,
            sorted,
            failed,
            retried,
            aside,
            fallen,
        })
    }

    /// Writes what came of it.
    pub(super) fn conclude(
        &mut self,
        writes: &mut Writes,
        judged: Judged,
    ) -> Result<DocumentStep, ReplicaFault> {
        let Judged {
            mut step,
            sorted,
            failed,
            retried,
            aside,
            mut fallen,
        } = judged;
        let id = step.id;
        let displaced = self.displaced(&step, &sorted.aside)?;
        fallen.extend(self.held_after_all(&step, &sorted.known)?);
        self.known_again(writes, (id, &step.document.automerge), &sorted.known)?;
        self.place_published(id, &sorted.known);
        for hash in retried {
            writes.delete(Table::Aside, tables::document_change(id, hash));
        }
        self.take_out_admitted(writes, id, &sorted.admitted)?;
        self.add_admitted(writes, &mut step, (sorted.admitted, &failed));
        let mut left = sorted.aside;
        if !displaced.is_empty() {
            left = self.give_way(writes, &mut step, &displaced, (left, &aside))?;
        }
        if !fallen.is_empty() {
            self.exclude(writes, &mut step, &fallen)?;
        }
        for (incoming, why) in left {
            self.tell_aside(id, &incoming, &why, &aside);
            put_aside(writes, id, incoming, why);
        }
        if step.document.row.kind == DocumentKind::Template {
            self.read_revisions(writes, &step.document.automerge, id)?;
        }
        Ok(step)
    }

    /// Takes displaced changes out, and lets in what they stood in the way of. Answers what is left.
    fn give_way(
        &mut self,
        writes: &mut Writes,
        step: &mut DocumentStep,
        displaced: &BTreeMap<ChangeHash, Aside>,
        (left, aside): (Vec<(Incoming, Aside)>, &BTreeMap<ChangeHash, Aside>),
    ) -> Result<Vec<(Incoming, Aside)>, ReplicaFault> {
        self.exclude(writes, step, displaced)?;
        let again = left.into_iter().map(|(incoming, _)| incoming).collect();
        let mut sorted = self.sort(writes, step, again, aside)?;
        let changes = core::mem::take(&mut sorted.changes);
        let failed = self.merge(step, changes)?;
        self.take_out_admitted(writes, step.id, &sorted.admitted)?;
        self.add_admitted(writes, step, (sorted.admitted, &failed));
        Ok(sorted.aside)
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

    fn add_admitted(
        &mut self,
        writes: &mut Writes,
        step: &mut DocumentStep,
        (admitted, failed): (Vec<Admitted>, &BTreeMap<ChangeHash, Aside>),
    ) {
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
            if device == self.device() && arrived.is_none() {
                // It lay aside and is in no outbox: the server may lack it.
                self.compare_later(writes, step.id);
            }
            let template = (step.id, &step.document.automerge);
            self.note_published(template, (hash, &message), arrived);
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
