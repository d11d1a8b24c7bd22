//! Which rules a change broke and landed all the same: those of the revision that it cites, and
//! those that stand only in the newest revision published before it arrived.
//!
//! A function of the change, its causal past, the roster that it cites and its place in the log, so
//! that every replica marks the same changes. Keeps nothing out: late work is flagged, never
//! dropped. What a rule of the template did is judged by its own revision alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use automerge::Automerge;
use casework_protocol::ids::{ChangeHash, DeviceId, DocumentId};

use super::asked::day_of;
use super::document::{change_of, guarded};
use super::rows::{Arrived, BreachRow};
use super::store::{StoreError, Writes, decode_row};
use super::tables::{self, Table};
use super::writing::DocumentStep;
use super::{Replica, ReplicaFault};
use crate::case::condition::Facts;
use crate::case::{
    Act, Batch, Message, Past, RevisionMark, Shaped, ShapedAct, act_in, breaches, broken_anew,
};
use crate::template::{Revision, is_ancestor};
use crate::view::{Breach, Breaches, NewerRule};

/// Who made a change, when by its own clock, and where it came to stand in the log.
#[derive(Clone, Copy)]
pub(super) struct Made<'a> {
    pub(super) message: &'a Message,
    pub(super) device: DeviceId,
    pub(super) time_ms: i64,
    pub(super) arrived: Option<Arrived>,
}

impl Replica {
    /// What a received change breaks; an act that cannot even be judged counts as one that does.
    pub(super) fn breach_of(
        &self,
        template: Option<DocumentId>,
        (batch, shaped): (&Batch<'_>, &Shaped),
        (device, arrived): (DeviceId, Option<Arrived>),
    ) -> Breach {
        let ShapedAct::Case(act) = shaped.act() else {
            return Breach::default();
        };
        let Ok(past) = batch.past_of(shaped.change().deps()) else {
            return Breach::default();
        };
        let made = Made {
            message: shaped.message(),
            device,
            time_ms: shaped.change().timestamp(),
            arrived,
        };
        guarded(|| self.breach(template, (&past, act), made)).unwrap_or_else(|_| Breach {
            rules: vec!["it could not be judged".to_owned()],
            newer: None,
        })
    }

    fn breach(
        &self,
        template: Option<DocumentId>,
        (past, act): (&Past<'_>, &Act),
        made: Made<'_>,
    ) -> Breach {
        let message = made.message;
        let Some(cited) = message.revision.and_then(|mark| self.marked_revision(mark)) else {
            return Breach::default();
        };
        let Some(today) = day_of(made.time_ms, message.zone_min) else {
            return Breach {
                rules: vec!["its time is beyond the calendar".to_owned()],
                newer: None,
            };
        };
        let roles = self.roles_cited(message, made.device);
        let facts = Facts::new(past, &cited, today).by(&roles);
        let newer = self.superseding(template, &cited, made).and_then(|newest| {
            let rules = broken_anew(&facts, &newest, act);
            let revision = newest.id();
            (!rules.is_empty()).then_some(NewerRule { revision, rules })
        });
        Breach {
            rules: breaches(&facts, act),
            newer,
        }
    }

    /// The roles that the author had in the roster that a change cites.
    fn roles_cited(&self, message: &Message, device: DeviceId) -> BTreeSet<String> {
        let roles = || {
            let roster = self.roster.as_ref()?;
            let version = roster.cited(message.citation.roster).ok()?;
            let state = roster.at(version)?;
            let member = state.member(state.member_of(device)?)?;
            Some(member.roles.clone())
        };
        roles().unwrap_or_default()
    }

    /// The newest revision published before a change arrived, if it took the place of the one that
    /// the change cites.
    fn superseding(
        &self,
        template: Option<DocumentId>,
        cited: &Revision,
        made: Made<'_>,
    ) -> Option<Arc<Revision>> {
        if made.message.cause.is_some() {
            return None;
        }
        let newest = self.newest_before(template?, made.arrived)?;
        let find = |id| self.revisions.get(&id).cloned();
        let later = is_ancestor(cited.id(), newest.id(), &find).unwrap_or(false);
        later.then_some(newest)
    }

    /// Whether an own change that got this place has to be looked at for rules that were published
    /// meanwhile: its document need not be opened where none was.
    pub(super) fn newer_rules_may_speak(
        &mut self,
        id: DocumentId,
        under: Option<&str>,
        arrived: Arrived,
    ) -> Result<bool, ReplicaFault> {
        let Ok(record) = self.record(id) else {
            return Ok(true);
        };
        let template = record.head().template();
        if template == id {
            return Ok(false);
        }
        self.read_published(template)?;
        let Some(newest) = self.newest_before(template, Some(arrived)) else {
            return Ok(false);
        };
        let mark: Option<RevisionMark> = under.and_then(|text| text.parse().ok());
        Ok(mark.is_none_or(|mark| !mark.names(&newest.id())))
    }

    /// Notes what an own change broke that got its place.
    pub(super) fn judge_placed_rules(
        &self,
        step: &mut DocumentStep,
        (hash, arrived): (ChangeHash, Arrived),
    ) {
        let breach = self.placed_breach(step, (hash, arrived));
        if let Some(breach) = breach.filter(|breach| !breach.is_empty()) {
            step.breached(hash, breach);
        }
    }

    fn placed_breach(
        &self,
        step: &DocumentStep,
        (hash, arrived): (ChangeHash, Arrived),
    ) -> Option<Breach> {
        let automerge = &step.document.automerge;
        let change = change_of(automerge, hash)?;
        let message = Message::read(change.message()?).ok()?;
        // As every other replica reads it: without the text of an edit of prose.
        let act = act_in(&message, &change)?;
        let past = Past::at(automerge, change.deps());
        let made = Made {
            message: &message,
            device: self.device(),
            time_ms: change.timestamp(),
            arrived: Some(arrived),
        };
        let template = step.document.row.template;
        guarded(|| self.breach(template, (&past, &act), made)).ok()
    }

    /// What is known to have broken a rule in a document, of the changes that it holds.
    pub(super) fn stored_breaches(
        &self,
        id: DocumentId,
        automerge: &Automerge,
    ) -> Result<Breaches, StoreError> {
        let mut found = Breaches::new();
        self.store
            .scan(Table::Breaches, id.as_bytes(), |key, value| {
                let hash = tables::change_of(key);
                let held = |hash: &ChangeHash| {
                    let hash = automerge::ChangeHash(*hash.as_bytes());
                    automerge.get_change_meta_by_hash(&hash).is_some()
                };
                if let Some(hash) = hash.filter(held) {
                    let row: BreachRow = decode_row(Table::Breaches, value)?;
                    found.insert(hash, row.into());
                }
                Ok(true)
            })?;
        Ok(found)
    }

    /// Makes the marks of a document those that judging its whole history gave: what a bundle
    /// brings was judged by nobody here.
    pub(super) fn mark_anew(
        &mut self,
        id: DocumentId,
        breaches: &Breaches,
    ) -> Result<(), ReplicaFault> {
        let step = self.take_document(id)?;
        let known = self.stored_breaches(id, &step.document.automerge)?;
        self.documents.put(id, step.document);
        if known == *breaches {
            return Ok(());
        }
        let mut writes = Writes::default();
        self.delete_all(&mut writes, Table::Breaches, id)?;
        for (change, breach) in breaches {
            put_breach(&mut writes, (id, *change), breach);
        }
        self.commit(writes)?;
        let mut step = self.take_document(id)?;
        step.reread();
        self.settle_steps(Writes::default(), vec![step])
    }

    /// Has every case of a template judged anew that is here already: a publish became known which
    /// stands in the log before what they hold.
    pub(super) fn judge_cases_again(
        &mut self,
        writes: &mut Writes,
        template: DocumentId,
    ) -> Result<(), ReplicaFault> {
        for case in self.cases_of(template)? {
            let row = self.row_in(writes, case)?;
            let holds = row.is_some_and(|row| row.next_place > 0 || row.snapshot_bytes > 0);
            if case != template && holds {
                writes.put(Table::Unchecked, tables::document(case), Vec::new());
            }
        }
        Ok(())
    }
}

/// Writes down what a change broke.
pub(super) fn put_breach(
    writes: &mut Writes,
    (id, change): (DocumentId, ChangeHash),
    breach: &Breach,
) {
    let row = BreachRow::from(breach.clone());
    writes.put_cbor(Table::Breaches, tables::document_change(id, change), &row);
}

impl From<Breach> for BreachRow {
    fn from(breach: Breach) -> Self {
        let newer = breach.newer;
        Self {
            rules: breach.rules,
            newer: newer.as_ref().map(|newer| newer.revision),
            newer_rules: newer.map(|newer| newer.rules).unwrap_or_default(),
        }
    }
}

impl From<BreachRow> for Breach {
    fn from(row: BreachRow) -> Self {
        let rules = row.newer_rules;
        Self {
            rules: row.rules,
            newer: row.newer.map(|revision| NewerRule { revision, rules }),
        }
    }
}
