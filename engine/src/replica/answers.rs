//! What the server answered to a push: places, holds, refusals.
//!
//! A row leaves the outbox only here. What is placed is judged once more at its place, when the
//! roster up to there is known (a replica holds its own work exactly as every other one does).

use std::collections::BTreeMap;

use casework_protocol::access::entry::AccessBody;
use casework_protocol::entry::SignedEntry;
use casework_protocol::frame::{Answer, Placed, PushItem, RefusedBecause, Start};
use casework_protocol::ids::{ChangeHash, DocumentId};
use casework_protocol::roster::entry::RosterBody;

use super::admission::{Standing, judge_rights};
use super::asked::needed_by;
use super::comparing::Excluded;
use super::outbox::NOBODYS;
use super::rows::{Arrived, Aside, ChangeRow, OutboxRow, Outgoing};
use super::store::{Writes, decode_row};
use super::tables::{self, Table};
use super::writing::DocumentStep;
use super::{Replica, ReplicaFault};
use crate::case::Message;
use crate::sync::Parcel;

impl Replica {
    /// Takes the answers to parcels, in the order in which they were pushed.
    ///
    /// # Errors
    /// [`ReplicaFault`]: the store failed; the rows stay in the outbox and are pushed again.
    pub fn answered(&mut self, answers: Vec<(Parcel, Answer)>) -> Result<(), ReplicaFault> {
        let mut writes = Writes::default();
        let mut excluded = Excluded::new();
        for (parcel, answer) in answers {
            if let Answer::Placed(places) = &answer {
                self.keep_pushed(&mut writes, &parcel.item, places);
            }
            self.given_back(&mut writes, &parcel, &answer, &mut excluded)?;
            match (parcel.item, answer) {
                (_, Answer::Stale(_) | Answer::Skipped) => {}
                (PushItem::Run(run), Answer::Missing(_)) => {
                    self.compare_later(&mut writes, run.document());
                }
                (_, Answer::Missing(_)) => {}
                (PushItem::Run(run), Answer::Placed(places)) => {
                    self.place_drawn(&mut writes, (&run, &parcel.rows), &places)?;
                    self.place_changes(&mut writes, &parcel.rows, &places, &mut excluded)?;
                }
                (PushItem::Run(run), Answer::Refused(RefusedBecause::UnknownDocument, _))
                    if self.is_to_be_known(&mut writes, run.document()) => {}
                (PushItem::Run(_), Answer::Refused(because, why)) => {
                    self.refuse_changes(&parcel.rows, (because, &why), &mut excluded)?;
                }
                (PushItem::Roster(entry), Answer::Placed(places)) => {
                    self.place_roster(&mut writes, &parcel.rows, entry, &places)?;
                }
                (PushItem::Access { document, entry }, Answer::Placed(places)) => {
                    self.place_access(&mut writes, &parcel.rows, (document, entry), &places)?;
                }
                (PushItem::Roster(_) | PushItem::Access { .. }, Answer::Refused(_, why)) => {
                    self.refuse_entry(&mut writes, &parcel.rows, &why)?;
                }
            }
        }
        let mut steps = Vec::new();
        for (id, excluded) in excluded {
            let mut step = match self.take_document(id) {
                Ok(step) => step,
                // Set aside as a whole; its rows wait in the outbox until it can be read.
                Err(ReplicaFault::Document(_)) => {
                    self.refused_unread.insert(id);
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            self.exclude(&mut writes, &mut step, &excluded)?;
            steps.push(step);
        }
        self.settle_steps(writes, steps)
    }

    fn place_changes(
        &mut self,
        writes: &mut Writes,
        rows: &[u64],
        places: &[Placed],
        excluded: &mut Excluded,
    ) -> Result<(), ReplicaFault> {
        for (number, placed) in rows.iter().zip(places) {
            let key = tables::number(*number);
            let Some(row) = self.store.get_cbor::<OutboxRow>(Table::Outbox, &key)? else {
                continue;
            };
            let Outgoing::Change { hash, place, .. } = &row.what else {
                continue;
            };
            let arrived = Arrived {
                seq: placed.seq,
                received_ms: placed.received_ms,
            };
            self.set_arrived(writes, row.document, (*hash, *place), arrived)?;
            // A publish of one's own got its place: read it again when it is asked for.
            self.published.remove(&row.document);
            // Only what is in the log can be in a bundle.
            self.grew(row.document);
            self.count_own(writes, row.document, placed)?;
            if placed.held {
                excluded
                    .entry(row.document)
                    .or_default()
                    .insert(*hash, Aside::Held);
            } else {
                let judge = tables::unjudged(placed.seq, row.document, *hash);
                writes.put_cbor(Table::Unjudged, judge, &row);
                writes.delete(Table::Outbox, key);
            }
        }
        Ok(())
    }

    /// Remembers when an own change arrived.
    pub(super) fn set_arrived(
        &self,
        writes: &mut Writes,
        id: DocumentId,
        (hash, place): (ChangeHash, u64),
        arrived: Arrived,
    ) -> Result<(), ReplicaFault> {
        let key = tables::document_number(id, place);
        let row: Option<ChangeRow> = self.store.get_cbor(Table::Changes, &key)?;
        match row.filter(|row| row.hash == hash) {
            Some(row) => {
                let row = ChangeRow {
                    arrived: Some(arrived),
                    ..row
                };
                writes.put_cbor(Table::Changes, key, &row);
            }
            None => writes.put_cbor(Table::Late, tables::document_change(id, hash), &arrived),
        }
        Ok(())
    }

    fn refuse_changes(
        &self,
        rows: &[u64],
        (because, why): (RefusedBecause, &str),
        excluded: &mut Excluded,
    ) -> Result<(), ReplicaFault> {
        for number in rows {
            let key = tables::number(*number);
            let Some(row) = self.store.get_cbor::<OutboxRow>(Table::Outbox, &key)? else {
                continue;
            };
            if let Outgoing::Change { hash, .. } = row.what {
                let why = Aside::Quarantined(format!("refused by the server ({because:?}): {why}"));
                excluded.entry(row.document).or_default().insert(hash, why);
            }
        }
        Ok(())
    }

    fn refuse_entry(
        &mut self,
        writes: &mut Writes,
        rows: &[u64],
        why: &str,
    ) -> Result<(), ReplicaFault> {
        for number in rows {
            let key = tables::number(*number);
            if let Some(row) = self.store.get_cbor::<OutboxRow>(Table::Outbox, &key)? {
                let why = format!("refused by the server: {why}");
                self.keep_entry(writes, &row, &why);
            }
            writes.delete(Table::Outbox, key);
        }
        Ok(())
    }

    fn place_roster(
        &mut self,
        writes: &mut Writes,
        rows: &[u64],
        entry: SignedEntry,
        places: &[Placed],
    ) -> Result<(), ReplicaFault> {
        for number in rows {
            writes.delete(Table::Outbox, tables::number(*number));
        }
        let Some(placed) = places.first() else {
            return Ok(());
        };
        let version = {
            let verified = entry
                .clone()
                .verify::<RosterBody>()
                .map_err(super::authority::untrusted)?;
            verified.head().version
        };
        self.note_placed(writes, (NOBODYS, &entry), placed);
        // What lies between our head and this entry arrives with the log, and so does the entry.
        if self.roster()?.head().version() + 1 < version {
            return Ok(());
        }
        let arrived = Arrived {
            seq: placed.seq,
            received_ms: placed.received_ms,
        };
        self.take_roster(writes, entry, arrived, &mut BTreeMap::new())
    }

    fn place_access(
        &mut self,
        writes: &mut Writes,
        rows: &[u64],
        (id, entry): (DocumentId, SignedEntry),
        places: &[Placed],
    ) -> Result<(), ReplicaFault> {
        for number in rows {
            writes.delete(Table::Outbox, tables::number(*number));
        }
        let Some(placed) = places.first() else {
            return Ok(());
        };
        let version = {
            let verified = entry
                .clone()
                .verify::<AccessBody>()
                .map_err(super::authority::untrusted)?;
            verified.head().version
        };
        self.count_own(writes, id, placed)?;
        self.note_placed(writes, (id, &entry), placed);
        if self.record(id)?.head().version() + 1 < version {
            return Ok(());
        }
        let arrived = Arrived {
            seq: placed.seq,
            received_ms: placed.received_ms,
        };
        self.take_access(writes, id, entry.verify(), arrived)
    }

    /// Judges own placed work at its place, now that everything before `start` is known.
    pub(super) fn judge_own(
        &mut self,
        writes: &mut Writes,
        start: &Start,
        steps: &mut Vec<DocumentStep>,
    ) -> Result<(), ReplicaFault> {
        let Start::At(cursor) = start else {
            return Ok(());
        };
        let (mut due, mut missing) = (Vec::new(), Vec::new());
        self.store.scan(Table::Unjudged, &[], |key, value| {
            let Some((seq, id, hash)) = tables::split_unjudged(key) else {
                return Ok(true);
            };
            if seq >= cursor.seq {
                return Ok(false);
            }
            if self.is_missing((seq, id, hash)) {
                missing.push((seq, id, hash));
                return Ok(true);
            }
            let row: OutboxRow = decode_row(Table::Unjudged, value)?;
            let arrived = Arrived {
                seq,
                received_ms: row.made_ms,
            };
            if let Outgoing::Change {
                act, cites, under, ..
            } = row.what
            {
                due.push((key.to_vec(), id, (hash, arrived), (act, cites, under)));
            } else {
                writes.delete(Table::Unjudged, key.to_vec());
            }
            Ok(true)
        })?;
        for placed in missing {
            self.not_come(writes, placed)?;
        }
        for (key, id, (hash, arrived), (act, cites, under)) in due {
            let newer = self.newer_rules_may_speak(id, under.as_deref(), arrived)?;
            if !newer
                && self.is_undisputed(id, cites, arrived)?
                && !self.roles_may_hold(id, arrived)?
            {
                writes.delete(Table::Unjudged, key);
                continue;
            }
            let open = steps.iter().position(|step| step.id == id);
            let mut step = match open {
                Some(place) => steps.remove(place),
                None => match self.take_document(id) {
                    Ok(step) => step,
                    Err(ReplicaFault::Document(_)) => continue,
                    Err(fault) => return Err(fault),
                },
            };
            if let Some(why) = self.judge_placed(&step, (hash, arrived), &act)? {
                self.exclude(writes, &mut step, &BTreeMap::from([(hash, why)]))?;
            } else if newer {
                self.judge_placed_rules(&mut step, (hash, arrived));
            }
            writes.delete(Table::Unjudged, key);
            if open.is_some() {
                steps.push(step);
            } else {
                self.keep_step(step, steps);
            }
        }
        Ok(())
    }

    /// Whether what an own change cites was still in force where it arrived: it was allowed when it
    /// was made, so there is nothing left to judge and its document need not be opened.
    fn is_undisputed(
        &mut self,
        id: DocumentId,
        cites: (u64, u64),
        arrived: Arrived,
    ) -> Result<bool, ReplicaFault> {
        let access = match self.record(id) {
            Ok(record) => record.version_at(arrived.seq),
            Err(ReplicaFault::Document(_)) => return Ok(false),
            Err(fault) => return Err(fault),
        };
        Ok(cites == (self.roster()?.version_at(arrived.seq), access))
    }

    /// A step that changed nothing only goes back into memory.
    fn keep_step(&mut self, step: DocumentStep, steps: &mut Vec<DocumentStep>) {
        if step.is_idle() {
            self.documents.put(step.id, step.document);
        } else {
            steps.push(step);
        }
    }

    fn judge_placed(
        &mut self,
        step: &DocumentStep,
        (hash, arrived): (ChangeHash, Arrived),
        act: &str,
    ) -> Result<Option<Aside>, ReplicaFault> {
        self.record(step.id)?;
        if let Some(template) = step.document.row.template.filter(|id| *id != step.id) {
            self.read_published(template)?;
        }
        let automerge = &step.document.automerge;
        let known = automerge.get_change_meta_by_hash(&automerge::ChangeHash(*hash.as_bytes()));
        let Some(meta) = known else { return Ok(None) };
        let Some(message) = meta
            .message
            .as_deref()
            .and_then(|text| Message::read(text).ok())
        else {
            return Ok(None);
        };
        if let Some(why) = self.waits_for_revision(&message) {
            return Ok(Some(why));
        }
        let standing = Standing {
            hash,
            device: self.device(),
            arrived: Some(arrived),
            held: false,
        };
        let past = crate::case::Past::at(automerge, &meta.deps);
        let needed = needed_by(act, &past, &message);
        let template = step.document.row.template.filter(|id| *id != step.id);
        let by = self.judged_by(template, &message, standing.arrived);
        let authority = (self.roster()?, &self.records[&step.id]);
        let verdict = judge_rights(authority, standing, &message.citation, (&needed, &by));
        Ok(verdict.err())
    }
}
