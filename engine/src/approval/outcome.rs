//! What the votes on an approval come to.
//!
//! | mode | approved | rejected |
//! |---|---|---|
//! | any | one seat approves | one rejects |
//! | all | every seat approves | one rejects |
//! | count | so many members approve | one rejects |
//! | majority | more than half of the seats approve | that cannot happen any more |
//!
//! Of votes that did not know of each other the stricter one decides: reject, return, withdrawal,
//! approve. Votes cast after the decision are late and never come here.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::ids::MemberId;
use serde::{Deserialize, Serialize};

use super::seat::Seat;

/// How many of those asked must agree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Any one of them.
    #[default]
    Any,
    /// Every one of them.
    All,
    /// A number of different members.
    Count,
    /// More than half of them.
    Majority,
}

/// What a vote says. The order is by strictness: of two votes of one member that did not know of
/// each other the greater one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Yes.
    Approve,
    /// Not like this: back to whoever made it.
    Return,
    /// No.
    Reject,
}

/// What is asked, of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// How many must agree.
    pub mode: Mode,
    /// With [`Mode::Count`] how many members; else nothing.
    pub count: u16,
    /// Those asked; with [`Mode::Majority`] members only.
    pub seats: BTreeSet<Seat>,
    /// Those asked besides, later: every one of them must approve too.
    pub added: BTreeSet<Seat>,
    /// Members whose votes do not count, because they made what is to be approved.
    pub makers: BTreeSet<MemberId>,
}

/// One counted vote.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ballot {
    /// What it says.
    pub answer: Answer,
    /// The seats it is cast from.
    pub seats: BTreeSet<Seat>,
}

/// What it came to. The order is by strictness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Given.
    Approved,
    /// Not decided yet.
    Pending,
    /// No longer asked for.
    Withdrawn,
    /// Sent back.
    Returned,
    /// Refused.
    Rejected,
}

/// What a kind of approval has come to on a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// As its newest requests came out; of several made at once the strictest.
    Is(Outcome),
    /// Approved, but at today's values others would be asked.
    Outdated,
}

/// An outcome and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// What it came to.
    pub outcome: Outcome,
    /// Approvals that count.
    pub have: usize,
    /// How many there must be.
    pub need: usize,
    /// The seats that can still bring it on; nothing once it is decided.
    pub open: BTreeSet<Seat>,
}

/// Counts. `ballots` are the newest votes of each member, several where they did not know of each
/// other.
#[must_use]
pub fn tally(ask: &Ask, ballots: &BTreeMap<MemberId, BTreeSet<Ballot>>, withdrawn: bool) -> Tally {
    let counted: Vec<(MemberId, Ballot)> = ballots
        .iter()
        .filter(|(member, _)| !ask.makers.contains(member))
        .filter_map(|(member, votes)| Some((*member, join(votes)?)))
        .collect();
    let votes = |answer| counted.iter().filter(move |(_, b)| b.answer == answer);
    let seats = |answer| -> BTreeSet<&Seat> { votes(answer).flat_map(|(_, b)| &b.seats).collect() };
    let (yes, no) = (seats(Answer::Approve), seats(Answer::Reject));
    let filled = |wanted: &BTreeSet<Seat>| wanted.iter().filter(|s| yes.contains(s)).count();
    let base = |ballot: &Ballot| ballot.seats.iter().any(|seat| ask.seats.contains(seat));
    let agreeing = votes(Answer::Approve).filter(|(_, b)| base(b)).count();
    let (have, need) = match ask.mode {
        Mode::Any => (agreeing.min(1), 1),
        Mode::All => (filled(&ask.seats), ask.seats.len()),
        Mode::Count => (agreeing.min(usize::from(ask.count)), usize::from(ask.count)),
        Mode::Majority => (filled(&ask.seats), ask.seats.len() / 2 + 1),
    };
    let (have, need) = (have + filled(&ask.added), need + ask.added.len());
    let enough = match ask.mode {
        // One rejection too many and more than half can no longer agree.
        Mode::Majority => {
            let against = ask.seats.iter().filter(|seat| no.contains(seat)).count();
            let besides = ask.added.iter().any(|seat| no.contains(seat));
            besides || ask.seats.len() - against <= ask.seats.len() / 2
        }
        Mode::Any | Mode::All | Mode::Count => !no.is_empty(),
    };
    let added = filled(&ask.added) == ask.added.len();
    let outcome = if enough {
        Outcome::Rejected
    } else if votes(Answer::Return).next().is_some() {
        Outcome::Returned
    } else if withdrawn {
        Outcome::Withdrawn
    } else if added && have >= need {
        Outcome::Approved
    } else {
        Outcome::Pending
    };
    let open = match outcome {
        Outcome::Pending => open_seats(ask, &yes, have - filled(&ask.added)),
        Outcome::Approved | Outcome::Withdrawn | Outcome::Returned | Outcome::Rejected => {
            BTreeSet::new()
        }
    };
    Tally {
        outcome,
        have,
        need,
        open,
    }
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 5] = [
        Self::Approved,
        Self::Pending,
        Self::Withdrawn,
        Self::Returned,
        Self::Rejected,
    ];

    /// Whether votes can no longer change it.
    #[must_use]
    pub const fn is_decided(self) -> bool {
        !matches!(self, Self::Pending)
    }

    /// The word in commands, conditions and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Pending => "pending",
            Self::Withdrawn => "withdrawn",
            Self::Returned => "returned",
            Self::Rejected => "rejected",
        }
    }
}

impl Standing {
    /// The word in conditions, commands and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Is(outcome) => outcome.name(),
            Self::Outdated => "outdated",
        }
    }

    /// Every word that a condition can compare with.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let outcomes = Outcome::ALL.into_iter().map(Outcome::name);
        outcomes.chain([Self::Outdated.name()])
    }
}

impl Answer {
    /// The word in commands and on the timeline.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Return => "return",
            Self::Reject => "reject",
        }
    }
}

/// One ballot out of several of one member: the strictest answer, from all the seats it was given
/// from.
fn join(votes: &BTreeSet<Ballot>) -> Option<Ballot> {
    let answer = votes.iter().map(|vote| vote.answer).max()?;
    let same = votes.iter().filter(|vote| vote.answer == answer);
    let seats = same.flat_map(|vote| vote.seats.iter().cloned()).collect();
    Some(Ballot { answer, seats })
}

fn open_seats(ask: &Ask, yes: &BTreeSet<&Seat>, have: usize) -> BTreeSet<Seat> {
    let need = match ask.mode {
        Mode::Any => 1,
        Mode::All => ask.seats.len(),
        Mode::Count => usize::from(ask.count),
        Mode::Majority => ask.seats.len() / 2 + 1,
    };
    // One role may hold several of the members that must agree: its seat stays open.
    let shared = matches!(ask.mode, Mode::Count);
    let base = ask
        .seats
        .iter()
        .filter(|seat| have < need && (shared || !yes.contains(seat)));
    let added = ask.added.iter().filter(|seat| !yes.contains(seat));
    base.chain(added).cloned().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seat(n: u8) -> Seat {
        if n.is_multiple_of(2) {
            Seat::Member(MemberId::new([n; 16]))
        } else {
            Seat::Role(format!("role-{n}"))
        }
    }

    fn ask(mode: Mode, count: u16, seats: &[u8]) -> Ask {
        Ask {
            mode,
            count,
            seats: seats.iter().copied().map(seat).collect(),
            added: BTreeSet::new(),
            makers: BTreeSet::new(),
        }
    }

    type Vote = (u8, Answer, Vec<u8>);

    fn ballots(votes: &[Vote]) -> BTreeMap<MemberId, BTreeSet<Ballot>> {
        let mut cast: BTreeMap<MemberId, BTreeSet<Ballot>> = BTreeMap::new();
        for (who, answer, seats) in votes {
            let seats = seats.iter().copied().map(seat).collect();
            let ballot = Ballot {
                answer: *answer,
                seats,
            };
            let member = MemberId::new([*who; 16]);
            cast.entry(member).or_default().insert(ballot);
        }
        cast
    }

    fn outcome(ask: &Ask, votes: &[Vote]) -> Outcome {
        tally(ask, &ballots(votes), false).outcome
    }

    use Answer::{Approve, Reject, Return};

    #[test]
    fn one_vote_decides_where_any_may_and_a_rejection_beside_it_wins() {
        let asked = ask(Mode::Any, 0, &[2, 4]);
        assert_eq!(outcome(&asked, &[]), Outcome::Pending);
        assert_eq!(outcome(&asked, &[(2, Approve, vec![2])]), Outcome::Approved);
        let both = [(2, Approve, vec![2]), (4, Reject, vec![4])];
        assert_eq!(outcome(&asked, &both), Outcome::Rejected);
        let sent_back = [(2, Approve, vec![2]), (4, Return, vec![4])];
        assert_eq!(outcome(&asked, &sent_back), Outcome::Returned);
    }

    #[test]
    fn all_need_every_seat_and_one_person_may_fill_two() {
        let asked = ask(Mode::All, 0, &[1, 3]);
        let half = [(7, Approve, vec![1])];
        let tally = tally(&asked, &ballots(&half), false);
        assert_eq!(tally.outcome, Outcome::Pending);
        assert_eq!((tally.have, tally.need), (1, 2));
        assert_eq!(tally.open, BTreeSet::from([seat(3)]));
        assert_eq!(
            outcome(&asked, &[(7, Approve, vec![1, 3])]),
            Outcome::Approved
        );
    }

    #[test]
    fn a_count_needs_different_members_and_not_seats() {
        let asked = ask(Mode::Count, 2, &[1]);
        assert_eq!(outcome(&asked, &[(7, Approve, vec![1])]), Outcome::Pending);
        let two = [(7, Approve, vec![1]), (8, Approve, vec![1])];
        assert_eq!(outcome(&asked, &two), Outcome::Approved);
    }

    #[test]
    fn a_majority_is_decided_as_soon_as_it_cannot_turn() {
        let asked = ask(Mode::Majority, 0, &[2, 4, 6, 8]);
        let vote = |who: u8, answer| (who, answer, vec![who]);
        let two = [vote(2, Approve), vote(4, Approve)];
        assert_eq!(outcome(&asked, &two), Outcome::Pending);
        let three = [vote(2, Approve), vote(4, Approve), vote(6, Approve)];
        assert_eq!(outcome(&asked, &three), Outcome::Approved);
        let tied = [vote(2, Reject), vote(4, Reject)];
        assert_eq!(outcome(&asked, &tied), Outcome::Rejected);
        assert_eq!(outcome(&asked, &[vote(2, Reject)]), Outcome::Pending);
    }

    #[test]
    fn an_added_approver_must_approve_too_and_a_maker_never_counts() {
        let mut asked = ask(Mode::Any, 0, &[2]);
        asked.added = BTreeSet::from([seat(4)]);
        assert_eq!(outcome(&asked, &[(2, Approve, vec![2])]), Outcome::Pending);
        let both = [(2, Approve, vec![2]), (4, Approve, vec![4])];
        assert_eq!(outcome(&asked, &both), Outcome::Approved);
        asked.makers = BTreeSet::from([MemberId::new([2; 16])]);
        assert_eq!(outcome(&asked, &both), Outcome::Pending);
    }

    #[test]
    fn a_withdrawal_goes_before_an_approval_beside_it_and_not_before_a_rejection() {
        let asked = ask(Mode::Any, 0, &[2, 4]);
        let cast = ballots(&[(2, Approve, vec![2])]);
        assert_eq!(tally(&asked, &cast, true).outcome, Outcome::Withdrawn);
        let cast = ballots(&[(2, Reject, vec![2])]);
        assert_eq!(tally(&asked, &cast, true).outcome, Outcome::Rejected);
    }

    /// The same by brute force, member by member and seat by seat.
    fn naive(asked: &Ask, votes: &[Vote], withdrawn: bool) -> Outcome {
        let said = |who: u8, answer: Answer| {
            let mine = votes.iter().filter(|vote| vote.0 == who);
            let strictest = mine.map(|vote| vote.1).max();
            !asked.makers.contains(&MemberId::new([who; 16])) && strictest == Some(answer)
        };
        let has = |answer: Answer, wanted: &Seat| {
            votes.iter().any(|(who, given, seats)| {
                *given == answer && said(*who, answer) && seats.iter().any(|s| seat(*s) == *wanted)
            })
        };
        let members = |answer: Answer| (0..=255u8).filter(|who| said(*who, answer)).count();
        let by_seat = |answer| asked.seats.iter().filter(|s| has(answer, s)).count();
        let rejected = match asked.mode {
            Mode::Majority => {
                2 * (asked.seats.len() - by_seat(Reject)) <= asked.seats.len()
                    || asked.added.iter().any(|s| has(Reject, s))
            }
            Mode::Any | Mode::All | Mode::Count => members(Reject) > 0,
        };
        let yes = (0..=255u8).filter(|who| {
            said(*who, Approve)
                && asked.seats.iter().any(|s| {
                    votes.iter().any(|v| {
                        v.0 == *who && v.1 == Approve && v.2.iter().any(|n| seat(*n) == *s)
                    })
                })
        });
        let agreed = match asked.mode {
            Mode::Any => yes.count() > 0,
            Mode::All => by_seat(Approve) == asked.seats.len(),
            Mode::Count => yes.count() >= usize::from(asked.count),
            Mode::Majority => 2 * by_seat(Approve) > asked.seats.len(),
        };
        if rejected {
            Outcome::Rejected
        } else if members(Return) > 0 {
            Outcome::Returned
        } else if withdrawn {
            Outcome::Withdrawn
        } else if agreed && asked.added.iter().all(|s| has(Approve, s)) {
            Outcome::Approved
        } else {
            Outcome::Pending
        }
    }

    fn votes() -> impl Strategy<Value = Vec<Vote>> {
        let answer = prop_oneof![3 => Just(Approve), 1 => Just(Return), 1 => Just(Reject)];
        // Seats from 0 to 5 are asked, 6 and 7 are added: a vote names at least one of them.
        let vote = (0u8..6, answer, prop::collection::vec(0u8..8, 1..3));
        prop::collection::vec(vote, 0..8)
    }

    proptest! {
        #[test]
        fn the_tally_is_what_counting_by_hand_gives(
            mode in prop_oneof![Just(Mode::Any), Just(Mode::All), Just(Mode::Count), Just(Mode::Majority)],
            count in 1u16..4,
            asked in 1u8..7,
            added in any::<bool>(),
            maker in prop::option::of(0u8..6),
            withdrawn in any::<bool>(),
            votes in votes(),
        ) {
            let mut question = ask(mode, count, &(0..asked).collect::<Vec<_>>());
            if added {
                question.added = BTreeSet::from([seat(7)]);
            }
            question.makers = maker.map(|n| MemberId::new([n; 16])).into_iter().collect();
            let tally = tally(&question, &ballots(&votes), withdrawn);
            prop_assert_eq!(tally.outcome, naive(&question, &votes, withdrawn));
            prop_assert_eq!(tally.outcome == Outcome::Pending, !tally.open.is_empty());
            if tally.outcome == Outcome::Approved {
                prop_assert!(tally.have >= tally.need);
            }
        }
    }
}
