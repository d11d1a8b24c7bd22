//! A poll: everything that was asked and answered in one approval.
//!
//! Two devices may make the same request at once (its id derives from what caused it) and see other
//! values; then there are two questions, and the approval is given only if it is given by both.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::ids::MemberId;
use serde::{Deserialize, Serialize};

use super::outcome::{Answer, Ask, Ballot, Mode, Tally, tally};
use super::seat::Seat;
use crate::case::PartId;

/// What is asked: one atomic value of a request, as compact JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// How many must agree.
    #[serde(default)]
    pub mode: Mode,
    /// With [`Mode::Count`] how many members.
    #[serde(default)]
    pub count: u16,
    /// Who is asked.
    pub seats: BTreeSet<Seat>,
    /// With [`Mode::Majority`] the members who held those seats when it was asked: each has one
    /// vote. Filled in by the engine.
    #[serde(default)]
    pub voters: BTreeSet<MemberId>,
    /// Whoever made it cannot approve it.
    #[serde(default)]
    pub maker_checker: bool,
    /// Fields whose authors are makers.
    #[serde(default)]
    pub made_by: Vec<String>,
    /// A rejection or return must say why.
    #[serde(default)]
    pub note_required: bool,
}

/// A vote: one atomic value, as compact JSON.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    /// Its id.
    pub id: PartId,
    /// Whose it is.
    pub member: MemberId,
    /// What it says.
    pub answer: Answer,
    /// The seats it is cast from; at least one.
    pub seats: BTreeSet<Seat>,
    /// Why, or under which conditions.
    #[serde(default)]
    pub note: String,
}

/// One approval with all that was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Poll {
    /// What is asked; several after concurrent requests under one id.
    pub questions: Vec<Question>,
    /// For whom it is asked.
    pub makers: BTreeSet<MemberId>,
    /// Those asked besides, later.
    pub added: BTreeSet<Seat>,
    /// Seats that were passed on, and to whom; to several when that was done at once.
    pub holders: BTreeMap<Seat, BTreeSet<MemberId>>,
    /// The newest votes of each member, several where they did not know of each other.
    pub votes: BTreeMap<MemberId, BTreeSet<Vote>>,
    /// No longer asked for.
    pub withdrawn: bool,
}

/// Whether a member may vote from a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    /// Yes: by name.
    Yes,
    /// No.
    No,
    /// Whoever holds the seat in the roster.
    IfHeld,
}

impl Question {
    /// The value as it lies in the document.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("seats and numbers always serialise")
    }

    /// Reads it; `None` unless it is exactly what [`Self::to_json`] writes.
    #[must_use]
    pub fn read(json: &str) -> Option<Self> {
        let question = serde_json::from_str::<Self>(json).ok()?;
        (question.to_json() == json).then_some(question)
    }

    /// The seats that vote: with a majority one for each voter.
    #[must_use]
    pub fn voting_seats(&self) -> BTreeSet<Seat> {
        match self.mode {
            Mode::Majority => self.voters.iter().copied().map(Seat::Member).collect(),
            Mode::Any | Mode::All | Mode::Count => self.seats.clone(),
        }
    }
}

impl Vote {
    /// The value as it lies in the document.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("seats and texts always serialise")
    }

    /// Reads it; `None` unless it is exactly what [`Self::to_json`] writes.
    #[must_use]
    pub fn read(json: &str) -> Option<Self> {
        let vote = serde_json::from_str::<Self>(json).ok()?;
        (vote.to_json() == json).then_some(vote)
    }
}

impl Poll {
    /// Counts: of several questions the one that is furthest from being approved.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let makers = if self.questions.iter().any(|q| q.maker_checker) {
            self.makers.clone()
        } else {
            BTreeSet::new()
        };
        let ballots: BTreeMap<MemberId, BTreeSet<Ballot>> = self
            .votes
            .iter()
            .map(|(member, votes)| (*member, votes.iter().map(ballot).collect()))
            .collect();
        let count = |question: &Question| {
            let ask = Ask {
                mode: question.mode,
                count: question.count,
                seats: question.voting_seats(),
                added: self.added.clone(),
                makers: makers.clone(),
            };
            tally(&ask, &ballots, self.withdrawn)
        };
        let tallies = self.questions.iter().map(count);
        // A request that cannot be read asks nobody, and nobody can approve it.
        tallies
            .max_by_key(|tally| tally.outcome)
            .unwrap_or_else(|| tally(&nothing(), &BTreeMap::new(), self.withdrawn))
    }

    /// Every seat that may vote.
    #[must_use]
    pub fn seats(&self) -> BTreeSet<Seat> {
        let asked = self.questions.iter().flat_map(Question::voting_seats);
        asked.chain(self.added.iter().cloned()).collect()
    }

    /// Whether a member may vote from a seat, as far as the case alone says.
    #[must_use]
    pub fn may(&self, seat: &Seat, member: MemberId) -> May {
        if !self.seats().contains(seat) {
            return May::No;
        }
        if let Some(holders) = self.holders.get(seat) {
            return if holders.contains(&member) {
                May::Yes
            } else {
                May::No
            };
        }
        match seat {
            Seat::Member(named) if *named == member => May::Yes,
            Seat::Member(_) => May::No,
            Seat::Role(_) | Seat::Team(_) => May::IfHeld,
        }
    }

    /// Whether this member made what is to be approved and so may not vote.
    #[must_use]
    pub fn is_maker(&self, member: MemberId) -> bool {
        self.makers.contains(&member) && self.questions.iter().any(|q| q.maker_checker)
    }
}

impl Answer {
    /// Every answer.
    pub const ALL: [Self; 3] = [Self::Approve, Self::Return, Self::Reject];
}

fn ballot(vote: &Vote) -> Ballot {
    Ballot {
        answer: vote.answer,
        seats: vote.seats.clone(),
    }
}

/// A question that nobody can answer.
fn nothing() -> Ask {
    Ask {
        mode: Mode::All,
        count: 0,
        seats: BTreeSet::from([Seat::Team(String::new())]),
        added: BTreeSet::new(),
        makers: BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::Outcome;

    fn boss() -> Seat {
        Seat::Role("boss".into())
    }

    fn vote(who: u8, answer: Answer) -> Vote {
        Vote {
            id: PartId::new([who; 8]),
            member: MemberId::new([who; 16]),
            answer,
            seats: BTreeSet::from([boss()]),
            note: String::new(),
        }
    }

    fn question(mode: Mode, count: u16) -> Question {
        Question {
            mode,
            count,
            seats: BTreeSet::from([boss()]),
            ..Question::default()
        }
    }

    #[test]
    fn questions_and_votes_read_back_from_their_one_text() {
        let mut full = question(Mode::Majority, 0);
        full.voters = BTreeSet::from([MemberId::new([1; 16])]);
        (full.maker_checker, full.note_required) = (true, true);
        full.made_by = vec!["amount".into()];
        for question in [question(Mode::Count, 2), full] {
            assert_eq!(Question::read(&question.to_json()), Some(question));
        }
        let vote = vote(1, Answer::Return);
        assert_eq!(Vote::read(&vote.to_json()), Some(vote.clone()));
        assert_eq!(Vote::read(&format!("{} ", vote.to_json())), None);
    }

    #[test]
    fn of_two_questions_under_one_id_both_must_be_answered() {
        let mut poll = Poll {
            questions: vec![question(Mode::Any, 0), question(Mode::Count, 2)],
            ..Poll::default()
        };
        let mut approve = |who| {
            let vote = vote(who, Answer::Approve);
            poll.votes.entry(vote.member).or_default().insert(vote);
            poll.tally().outcome
        };
        assert_eq!(approve(1), Outcome::Pending);
        assert_eq!(approve(2), Outcome::Approved);
    }

    #[test]
    fn a_seat_that_was_passed_on_is_only_its_new_holders() {
        let [ana, rui] = [1, 2].map(|n| MemberId::new([n; 16]));
        let mut poll = Poll {
            questions: vec![question(Mode::Any, 0)],
            ..Poll::default()
        };
        assert_eq!(poll.may(&boss(), ana), May::IfHeld);
        assert_eq!(poll.may(&Seat::Member(ana), ana), May::No);
        poll.holders.insert(boss(), BTreeSet::from([rui]));
        assert_eq!(poll.may(&boss(), ana), May::No);
        assert_eq!(poll.may(&boss(), rui), May::Yes);
    }

    #[test]
    fn a_request_that_nobody_can_read_is_never_approved() {
        assert_eq!(Poll::default().tally().outcome, Outcome::Pending);
    }
}
