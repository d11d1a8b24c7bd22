//! Approvals as people see them: what was asked of whom, the votes, and what they came to.
//!
//! Late votes are shown and marked; they never count. The outcome is worked out from the votes
//! alone ([`crate::approval`]), so replicas with the same changes see the same.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::ids::MemberId;
use serde::{Deserialize, Serialize};

use super::facet::{Contest, FacetView};
use super::reader::Reader;
use super::record::{Record, read_records};
use super::side::OriginRef;
use crate::approval::{Answer, Outcome, Poll, Question, Seat, Vote};
use crate::case::facet::approval::reading::{is_outdated, read_passed};
use crate::case::facet::approval::request::{Matter, basis_text, read_basis};
use crate::case::facet::approval::{
    ADD, AFTER, BASIS, HOLDER, KIND, LABEL, LATE, MAKER, MATTER, QUESTION, VOTE, WITHDRAWN,
};
use crate::case::{PartId, Shelf};
use crate::template::Revision;
use crate::value::Scalar;

/// The approvals of a case, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approvals(pub BTreeMap<PartId, ApprovalView>);

/// An approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalView {
    /// What is asked for.
    pub label: String,
    /// The id of the kind of approval in the template.
    pub kind: Option<String>,
    /// What is to be approved.
    pub matter: Matter,
    /// For whom it was asked; several after concurrent requests under one id.
    pub makers: BTreeSet<MemberId>,
    /// What was asked; several after concurrent requests under one id, all of which count.
    pub questions: Vec<Question>,
    /// The field values that decided who was asked, as compact JSON.
    pub basis: String,
    /// Who was asked besides, later; each of them is needed.
    pub added: BTreeSet<Seat>,
    /// Seats that were passed on, and to whom.
    pub holders: BTreeMap<Seat, BTreeSet<MemberId>>,
    /// What it came to.
    pub outcome: Outcome,
    /// Approvals that count, and how many there must be.
    pub progress: (u32, u32),
    /// The seats that can still bring it on; nothing once it is decided.
    pub open: BTreeSet<Seat>,
    /// The votes, in the order of the document.
    pub votes: Vec<VoteView>,
    /// Who withdrew it.
    pub withdrawn: Option<OriginRef>,
    /// The earlier requests of its kind that it takes the place of.
    pub after: BTreeSet<PartId>,
    /// Whether no later request takes its place.
    pub current: bool,
    /// Place in the order of creation; ties go by id.
    pub position: u64,
    /// Who asked.
    pub by: OriginRef,
}

/// A vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteView {
    /// Whose.
    pub member: MemberId,
    /// What it says.
    pub answer: Answer,
    /// The seats it was cast from.
    pub seats: BTreeSet<Seat>,
    /// Why, or under which conditions.
    pub note: String,
    /// Cast by somebody who had seen the decision: kept, without effect.
    pub late: bool,
    /// Who voted, and when.
    pub by: OriginRef,
}

impl Approvals {
    /// The approvals in the order of their creation.
    #[must_use]
    pub fn in_order(&self) -> Vec<(PartId, &ApprovalView)> {
        let mut all: Vec<_> = self.0.iter().map(|(id, one)| (*id, one)).collect();
        all.sort_by_key(|(id, one)| (one.position, *id));
        all
    }

    /// Those that wait for votes.
    pub fn pending(&self) -> impl Iterator<Item = (PartId, &ApprovalView)> {
        self.0
            .iter()
            .filter(|(_, one)| one.outcome == Outcome::Pending)
            .map(|(id, one)| (*id, one))
    }

    /// What a kind of approval came to: its newest requests; of several the strictest.
    #[must_use]
    pub fn standing(&self, kind: &str) -> Option<Outcome> {
        let current = self.0.values();
        let current = current.filter(|one| one.current && one.kind.as_deref() == Some(kind));
        current.map(|one| one.outcome).max()
    }
}

impl Approvals {
    /// Takes away the value of a field that was redacted.
    pub(super) fn hide(&mut self, field: &str) {
        for one in self.0.values_mut() {
            let Some(mut basis) = read_basis(&one.basis) else {
                continue;
            };
            if basis.remove(field).is_some() {
                one.basis = basis_text(&basis);
            }
        }
    }
}

impl ApprovalView {
    /// Whom it waits for: the open seats, and in the place of those passed on their new holders.
    #[must_use]
    pub fn waits_for(&self) -> BTreeSet<Seat> {
        let mut whom = BTreeSet::new();
        for seat in &self.open {
            match self.holders.get(seat) {
                Some(holders) => whom.extend(holders.iter().copied().map(Seat::Member)),
                None => {
                    whom.insert(seat.clone());
                }
            }
        }
        whom
    }

    /// Whether this member made what is to be approved and so may not vote, as far as the request
    /// says.
    #[must_use]
    pub fn bars(&self, member: MemberId) -> bool {
        self.makers.contains(&member) && self.questions.iter().any(|q| q.maker_checker)
    }

    /// Whether this member has a vote that counts.
    #[must_use]
    pub fn has_vote_of(&self, member: MemberId) -> bool {
        let mut votes = self.votes.iter();
        votes.any(|vote| !vote.late && vote.member == member)
    }

    /// Whether it was approved at values at which others were asked than would be today. `today`
    /// answers a field's value.
    #[must_use]
    pub fn is_outdated(&self, revision: &Revision, today: impl Fn(&str) -> Option<Scalar>) -> bool {
        let Some(kind) = self.kind.as_deref().filter(|_| self.current) else {
            return false;
        };
        self.outcome == Outcome::Approved && is_outdated(revision, kind, Some(&self.basis), today)
    }
}

impl FacetView for Approvals {
    const SHELVES: &'static [Shelf] = &[Shelf::Approvals];

    fn read(reader: &mut Reader<'_>) -> Self {
        let records = read_records(reader, Shelf::Approvals);
        let read = |record| read_approval(reader, record);
        let mut all: BTreeMap<PartId, ApprovalView> =
            records.into_iter().filter_map(read).collect();
        let replaced: BTreeSet<PartId> = all.values().flat_map(|one| one.after.clone()).collect();
        for (id, one) in &mut all {
            one.current = !replaced.contains(id);
        }
        Self(all)
    }

    fn visit(&mut self, visit: &mut dyn FnMut(&mut OriginRef)) {
        for one in self.0.values_mut() {
            visit(&mut one.by);
            one.withdrawn.iter_mut().for_each(&mut *visit);
            one.votes.iter_mut().for_each(|vote| visit(&mut vote.by));
        }
    }

    /// Votes at once are counted, not contested.
    fn contests(&self, _tell: &mut dyn FnMut(Contest)) {}
}

fn read_approval(reader: &mut Reader<'_>, mut record: Record) -> Option<(PartId, ApprovalView)> {
    let id = record.key.parse().ok()?;
    let label = record.text(LABEL)?;
    let kind = record.value(KIND)?.as_text().map(str::to_owned);
    let matter = record.text(MATTER)?.parse().ok()?;
    let basis = record.text(BASIS)?;
    let after = record.text(AFTER)?;
    let mut poll = Poll {
        questions: texts(&mut record, QUESTION, Question::read),
        makers: texts(&mut record, MAKER, |text| text.parse().ok())
            .into_iter()
            .collect(),
        ..Poll::default()
    };
    let withdrawn = record.slot(reader, WITHDRAWN, |value| {
        (value == Scalar::Bool(true)).then_some(())
    });
    poll.withdrawn = withdrawn.is_some();
    let mut votes = Vec::new();
    for (name, found) in std::mem::take(&mut record.values) {
        let Some((what, rest)) = name.split_once('/') else {
            continue;
        };
        match what {
            ADD => poll.added.extend(rest.parse::<Seat>()),
            HOLDER => {
                let to = found.iter().filter_map(|found| read_passed(&found.value));
                if let Ok(seat) = rest.parse::<Seat>() {
                    poll.holders.insert(seat, to.map(|(to, _)| to).collect());
                }
            }
            VOTE | LATE => {
                for found in found {
                    let Some(vote) = found.value.as_text().and_then(Vote::read) else {
                        continue;
                    };
                    let by = reader.origin_of_op(&found.op)?;
                    votes.push(vote_view(&vote, what == LATE, by));
                    if what == VOTE {
                        poll.votes.entry(vote.member).or_default().insert(vote);
                    }
                }
            }
            _ => {}
        }
    }
    // Two objects under one key hold the same vote twice.
    votes.dedup();
    let tally = poll.tally();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let view = ApprovalView {
        label,
        kind,
        matter,
        makers: poll.makers,
        questions: poll.questions,
        basis,
        added: poll.added,
        holders: poll.holders,
        outcome: tally.outcome,
        progress: (count(tally.have), count(tally.need)),
        open: tally.open,
        votes,
        withdrawn: withdrawn.map(|slot| slot.shown().by),
        after: after.split(' ').filter_map(|id| id.parse().ok()).collect(),
        current: true,
        position: record.position,
        by: record.created,
    };
    Some((id, view))
}

fn vote_view(vote: &Vote, late: bool, by: OriginRef) -> VoteView {
    VoteView {
        member: vote.member,
        answer: vote.answer,
        seats: vote.seats.clone(),
        note: vote.note.clone(),
        late,
        by,
    }
}

/// Everything that stands at a name and can be read, in the order of the document.
fn texts<T>(record: &mut Record, name: &str, read: fn(&str) -> Option<T>) -> Vec<T> {
    let found = record.values.remove(name).unwrap_or_default();
    found
        .iter()
        .filter_map(|found| read(found.value.as_text()?))
        .collect()
}
