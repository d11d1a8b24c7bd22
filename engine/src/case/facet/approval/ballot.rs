//! What is asked of an approval before somebody acts on it: whether it is still undecided, and
//! whether the member who votes or passes a seat on is asked at all.

use std::collections::BTreeSet;

use casework_protocol::ids::MemberId;

use super::reading::read_poll;
use crate::approval::{May, Poll, Seat, Vote};
use crate::case::bounds;
use crate::case::facet::Seen;
use crate::case::part::PartId;
use crate::case::past::Past;
use crate::case::record::Shelf;
use crate::case::refusal::{ActError, AgreementError};
use crate::case::step::Plan;
use crate::value::Scalar;

pub(super) fn put(
    plan: &mut Plan,
    past: &Past<'_>,
    approval: PartId,
    (name, value): (&str, Scalar),
) -> Result<(), ActError> {
    let record = (Shelf::Approvals, &*approval.to_string());
    plan.put_record(past, record, name, value)
}

/// The poll of an approval that its author saw undecided.
pub(super) fn undecided(past: &Past<'_>, approval: PartId) -> Result<Poll, ActError> {
    let poll = read_poll(past, approval)?;
    let outcome = poll.tally().outcome;
    if outcome.is_decided() {
        return Err(ActError::Agreement(AgreementError::Over {
            what: "approval",
            id: approval,
            state: outcome.name(),
        }));
    }
    Ok(poll)
}

pub(super) fn check_vote(poll: &Poll, approval: PartId, vote: &Vote) -> Result<(), ActError> {
    if !vote.note.is_empty() {
        bounds::check_prose("note", &vote.note)?;
    }
    if poll.is_maker(vote.member) {
        return Err(ActError::Agreement(AgreementError::OwnWork));
    }
    if vote.seats.is_empty() {
        return Err(not_asked(approval));
    }
    let mut seats = vote.seats.iter();
    seats.try_for_each(|seat| check_seat(poll, approval, seat, vote.member))
}

pub(super) fn check_seat(
    poll: &Poll,
    approval: PartId,
    seat: &Seat,
    member: MemberId,
) -> Result<(), ActError> {
    match poll.may(seat, member) {
        // Who holds a role or a team is for the roster to say: see `seats`.
        May::Yes | May::IfHeld => Ok(()),
        May::No => Err(not_asked(approval)),
    }
}

pub(super) const fn not_asked(approval: PartId) -> ActError {
    ActError::Agreement(AgreementError::NotAsked {
        what: "approval",
        id: approval,
    })
}

/// The seats from which the asking member may vote.
pub(super) fn seats_held(poll: &Poll, seen: &Seen<'_>) -> BTreeSet<Seat> {
    let me = seen.asker.me;
    let mine = |seat: &Seat| match poll.may(seat, me) {
        May::Yes => true,
        May::No => false,
        May::IfHeld => (seen.asker.holders)(seat).contains(&me),
    };
    poll.seats().into_iter().filter(mine).collect()
}
