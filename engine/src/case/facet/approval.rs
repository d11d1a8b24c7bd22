//! Approvals on a case: requests, votes, and what changes who is asked.
//!
//! A request fixes what is asked at the values the case then has. A vote lies under its member, so
//! a member's later vote takes the earlier one's place and two at once both stay. Whoever votes
//! having seen the decision casts a *late* vote, which lies apart and decides nothing. Passing a
//! seat on, adding an approver and withdrawing end with the decision too. All of it is judged from
//! the case as its author saw it, on every replica.

mod ballot;
pub mod reading;
mod recorded;
pub mod request;

use std::collections::BTreeSet;

use casework_protocol::ids::{ActorId, MemberId};
use casework_protocol::rights::Verb;
use serde::{Deserialize, Serialize};

use self::ballot::{check_seat, check_vote, not_asked, put, seats_held, undecided};
use self::reading::{makers_of, passed, read_poll};
use self::request::Request;
use super::{Facet, Seen};
use crate::approval::{Answer, May, Outcome, Seat, Vote};
use crate::case::action::Act;
use crate::case::kind::kinds;
use crate::case::occasion::OnlyBy;
use crate::case::part::PartId;
use crate::case::past::Past;
use crate::case::place::Place;
use crate::case::record::Shelf;
use crate::case::refusal::{ActError, AgreementError};
use crate::case::step::Plan;
use crate::template::{Revision, Today};
use crate::value::Scalar;

/// Approval: what is asked for, one line.
pub const LABEL: &str = "label";
/// Approval: the id of the kind of approval in the template, or null.
pub const KIND: &str = "kind";
/// Approval: what is to be approved, a [`request::Matter`].
pub const MATTER: &str = "matter";
/// Approval: for whom it is asked, a member id.
pub const MAKER: &str = "maker";
/// Approval: the compact JSON of [`crate::approval::Question`].
pub const QUESTION: &str = "question";
/// Approval: compact JSON of the field values that decided who is asked.
pub const BASIS: &str = "basis";
/// Approval: ids of the requests of its kind that it takes the place of, separated by one space.
pub const AFTER: &str = "after";
/// Approval: true once it was withdrawn.
pub const WITHDRAWN: &str = "withdrawn";
/// Approval: beginning of the keys of counted votes: `vote/<member>`.
pub const VOTE: &str = "vote";
/// Approval: beginning of the keys of late votes: `late/<vote>`.
pub const LATE: &str = "late";
/// Approval: beginning of the keys of seats that were added: `add/<seat>`.
pub const ADD: &str = "add";
/// Approval: beginning of the keys of seats that were passed on: `holder/<seat>`.
pub const HOLDER: &str = "holder";

kinds! {
    /// What kind of action on an approval a change is.
    enum ApprovalKind {
        /// Asks for an approval.
        Request = "approval.request",
        /// Votes.
        Vote = "approval.vote",
        /// Votes after the decision.
        LateVote = "approval.late-vote",
        /// Passes a seat on.
        Reassign = "approval.reassign",
        /// Asks somebody besides.
        AddApprover = "approval.add-approver",
        /// No longer asks.
        Withdraw = "approval.withdraw",
    }
}

/// One thing done about an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalAction {
    /// Asks for an approval.
    Request(Request),
    /// Votes. Becomes a late vote when it is decided already.
    Vote {
        /// The approval.
        approval: PartId,
        /// The vote; its member and its seats may be left to the engine.
        vote: Vote,
    },
    /// Votes after the decision: kept, marked late, without effect.
    LateVote {
        /// The approval.
        approval: PartId,
        /// The vote.
        vote: Vote,
    },
    /// Passes a seat on to a member, who alone may then vote from it.
    Reassign {
        /// The approval.
        approval: PartId,
        /// The seat.
        seat: Seat,
        /// Who held it and passes it on.
        by: MemberId,
        /// To whom.
        to: MemberId,
    },
    /// Asks somebody besides; that approval is needed too.
    AddApprover {
        /// The approval.
        approval: PartId,
        /// Whom.
        seat: Seat,
    },
    /// No longer asks.
    Withdraw {
        /// The approval.
        approval: PartId,
    },
}

impl ApprovalAction {
    /// What kind of action it is.
    #[must_use]
    pub const fn kind(&self) -> ApprovalKind {
        match self {
            Self::Request(_) => ApprovalKind::Request,
            Self::Vote { .. } => ApprovalKind::Vote,
            Self::LateVote { .. } => ApprovalKind::LateVote,
            Self::Reassign { .. } => ApprovalKind::Reassign,
            Self::AddApprover { .. } => ApprovalKind::AddApprover,
            Self::Withdraw { .. } => ApprovalKind::Withdraw,
        }
    }
}

impl Facet for ApprovalAction {
    fn target(&self) -> Option<String> {
        Some(match self {
            Self::Request(request) => request.id.to_string(),
            Self::Vote { approval, vote } => format!("{approval}/{}", vote.member),
            Self::LateVote { approval, vote } => format!("{approval}/{}", vote.id),
            Self::Reassign { approval, seat, .. } | Self::AddApprover { approval, seat } => {
                format!("{approval}/{seat}")
            }
            Self::Withdraw { approval } => approval.to_string(),
        })
    }

    fn verb(&self, _past: &Past<'_>) -> Verb {
        match self {
            Self::Request(_) | Self::AddApprover { .. } | Self::Withdraw { .. } => Verb::Edit,
            Self::Vote { .. } | Self::LateVote { .. } | Self::Reassign { .. } => Verb::Approve,
        }
    }

    fn plan(&self, plan: &mut Plan, past: &Past<'_>, _act: &Act) -> Result<(), ActError> {
        match self {
            Self::Request(request) => request.plan(plan, past),
            Self::Vote { approval, vote } => {
                let poll = undecided(past, *approval)?;
                check_vote(&poll, *approval, vote)?;
                let key = format!("{VOTE}/{}", vote.member);
                put(plan, past, *approval, (&key, Scalar::Text(vote.to_json())))
            }
            Self::LateVote { approval, vote } => {
                let poll = read_poll(past, *approval)?;
                if !poll.tally().outcome.is_decided() {
                    return Err(ActError::Agreement(AgreementError::NotDecided {
                        id: *approval,
                    }));
                }
                check_vote(&poll, *approval, vote)?;
                let key = format!("{LATE}/{}", vote.id);
                put(plan, past, *approval, (&key, Scalar::Text(vote.to_json())))
            }
            Self::Reassign {
                approval,
                seat,
                by,
                to,
            } => {
                let poll = undecided(past, *approval)?;
                check_seat(&poll, *approval, seat, *by)?;
                if poll.is_maker(*to) {
                    return Err(ActError::Agreement(AgreementError::OwnWork));
                }
                let key = format!("{HOLDER}/{seat}");
                put(plan, past, *approval, (&key, passed(*to, *by)))
            }
            Self::AddApprover { approval, seat } => {
                let poll = undecided(past, *approval)?;
                if poll.seats().contains(seat) {
                    let place = Place::Record(Shelf::Approvals, approval.to_string());
                    return Err(ActError::Unchanged { place });
                }
                let key = format!("{ADD}/{seat}");
                put(plan, past, *approval, (&key, Scalar::Bool(true)))
            }
            Self::Withdraw { approval } => {
                undecided(past, *approval)?;
                put(plan, past, *approval, (WITHDRAWN, Scalar::Bool(true)))
            }
        }
    }

    fn only_by(&self, _past: &Past<'_>) -> OnlyBy {
        match self {
            Self::Request(request) => OnlyBy::Member(request.maker),
            Self::Vote { vote, .. } | Self::LateVote { vote, .. } => OnlyBy::Member(vote.member),
            Self::Reassign { by, .. } => OnlyBy::Member(*by),
            Self::AddApprover { .. } | Self::Withdraw { .. } => OnlyBy::Anyone,
        }
    }

    fn fits(&self, past: &Past<'_>, revision: &Revision) -> Result<(), ActError> {
        match self {
            Self::Request(request) => request.fits(past, revision),
            Self::Vote { .. }
            | Self::LateVote { .. }
            | Self::Reassign { .. }
            | Self::AddApprover { .. }
            | Self::Withdraw { .. } => Ok(()),
        }
    }

    fn barred(&self, past: &Past<'_>) -> Vec<ActorId> {
        match self {
            Self::Vote { approval, .. } | Self::LateVote { approval, .. } => {
                makers_of(past, *approval)
            }
            Self::Request(_)
            | Self::Reassign { .. }
            | Self::AddApprover { .. }
            | Self::Withdraw { .. } => Vec::new(),
        }
    }

    fn seats(&self, past: &Past<'_>) -> Vec<Seat> {
        let (approval, seats, member) = match self {
            Self::Vote { approval, vote } | Self::LateVote { approval, vote } => {
                (*approval, vote.seats.clone(), vote.member)
            }
            Self::Reassign {
                approval, seat, by, ..
            } => (*approval, BTreeSet::from([seat.clone()]), *by),
            Self::Request(_) | Self::AddApprover { .. } | Self::Withdraw { .. } => {
                return Vec::new();
            }
        };
        let Ok(poll) = read_poll(past, approval) else {
            return Vec::new();
        };
        let held = |seat: &Seat| poll.may(seat, member) == May::IfHeld;
        seats.into_iter().filter(held).collect()
    }

    fn electorate(&self) -> Option<(&BTreeSet<Seat>, &BTreeSet<MemberId>)> {
        match self {
            Self::Request(request) => request.electorate(),
            Self::Vote { .. }
            | Self::LateVote { .. }
            | Self::Reassign { .. }
            | Self::AddApprover { .. }
            | Self::Withdraw { .. } => None,
        }
    }

    fn check(&self, past: &Past<'_>, _: &Revision, _: &Today) -> Result<(), ActError> {
        match self {
            Self::Request(request) => request.check(past),
            Self::Vote { approval, vote } => {
                let poll = read_poll(past, *approval)?;
                let asked = poll.questions.iter().any(|q| q.note_required);
                if asked && vote.answer != Answer::Approve && vote.note.trim().is_empty() {
                    return Err(ActError::Agreement(AgreementError::NeedsNote {
                        answer: vote.answer.name(),
                    }));
                }
                Ok(())
            }
            Self::LateVote { .. }
            | Self::Reassign { .. }
            | Self::AddApprover { .. }
            | Self::Withdraw { .. } => Ok(()),
        }
    }

    fn complete(&mut self, seen: &Seen<'_>) -> Result<(), ActError> {
        match self {
            Self::Request(request) => return request.complete(seen),
            Self::Vote { approval, vote } | Self::LateVote { approval, vote } => {
                vote.member = seen.asker.me;
                let poll = read_poll(seen.past, *approval)?;
                let held = seats_held(&poll, seen);
                if vote.seats.is_empty() {
                    vote.seats.clone_from(&held);
                }
                if vote.seats.is_empty() || !vote.seats.is_subset(&held) {
                    return Err(not_asked(*approval));
                }
                let (approval, vote) = (*approval, vote.clone());
                *self = if poll.tally().outcome.is_decided() {
                    Self::LateVote { approval, vote }
                } else {
                    Self::Vote { approval, vote }
                };
            }
            Self::Reassign {
                approval, seat, by, ..
            } => {
                *by = seen.asker.me;
                let poll = read_poll(seen.past, *approval)?;
                if !seats_held(&poll, seen).contains(seat) {
                    return Err(not_asked(*approval));
                }
            }
            Self::AddApprover { seat, .. } => request::check_held(seat, seen)?,
            Self::Withdraw { .. } => {}
        }
        Ok(())
    }

    fn warnings(&self, past: &Past<'_>) -> Vec<String> {
        let Self::LateVote { approval, .. } = self else {
            return Vec::new();
        };
        let outcome = read_poll(past, *approval).map_or(Outcome::Pending, |p| p.tally().outcome);
        let outcome = outcome.name();
        vec![format!(
            "the approval is {outcome} already; this vote is kept, marked late, and changes nothing"
        )]
    }

    fn people(&self) -> Vec<MemberId> {
        match self {
            Self::Request(request) => request.people(),
            Self::Reassign { to, .. } => vec![*to],
            Self::AddApprover { seat, .. } => seat.member().into_iter().collect(),
            Self::Vote { .. } | Self::LateVote { .. } | Self::Withdraw { .. } => Vec::new(),
        }
    }
}
