//! What is offered, a case or a part of it: where the offer stands, and who may answer it.
//!
//! Handovers and referrals share it, under one scheme of keys.

use casework_protocol::access::entry::AccessBody;
use casework_protocol::ids::MemberId;
use serde::{Deserialize, Serialize};

use super::{ACCEPTED, DECLINED, TO, WITHDRAWN};
use crate::approval::Seat;
use crate::case::facet::Seen;
use crate::case::facet::referral::COMPLETED;
use crate::case::part::PartId;
use crate::case::past::Past;
use crate::case::record::{Shelf, read_value};
use crate::case::refusal::{ActError, AgreementError};
use crate::case::slots::record_objects;

/// Where an offer stands: to take a case over, or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OfferState {
    /// Nobody answered yet.
    Offered,
    /// It was taken back.
    Withdrawn,
    /// It was declined.
    Declined,
    /// It was accepted, whatever else was said beside that.
    Accepted,
    /// What was accepted was done.
    Completed,
}

/// Where anything that is offered stands as this past sees it: one scheme of keys.
pub(in crate::case::facet) fn state_of(
    past: &Past<'_>,
    shelf: Shelf,
    offer: PartId,
) -> Result<OfferState, ActError> {
    let key = offer.to_string();
    record_objects(past, shelf, &key)?;
    let said = |name| read_value(past, (shelf, &key), name).is_some();
    Ok(OfferState::of(said))
}

impl OfferState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Offered,
        Self::Withdrawn,
        Self::Declined,
        Self::Accepted,
        Self::Completed,
    ];

    /// The state of an offer at which these things were said. The later one in the list wins over
    /// those said beside it.
    pub(crate) fn of(said: impl Fn(&'static str) -> bool) -> Self {
        if said(COMPLETED) {
            Self::Completed
        } else if said(ACCEPTED) {
            Self::Accepted
        } else if said(DECLINED) {
            Self::Declined
        } else if said(WITHDRAWN) {
            Self::Withdrawn
        } else {
            Self::Offered
        }
    }

    /// The word in commands and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Withdrawn => "withdrawn",
            Self::Declined => "declined",
            Self::Accepted => "accepted",
            Self::Completed => "completed",
        }
    }
}

/// To whom something is offered; nothing if that is outside the workspace.
pub(in crate::case::facet) fn addressee(
    past: &Past<'_>,
    (shelf, id): (Shelf, PartId),
) -> Option<Seat> {
    read_value(past, (shelf, &id.to_string()), TO)?
        .as_text()?
        .parse()
        .ok()
}

/// Only an offer that nobody answered as its author saw it can be answered or withdrawn.
pub(in crate::case::facet) fn check_open(
    past: &Past<'_>,
    (shelf, id): (Shelf, PartId),
) -> Result<(), ActError> {
    let state = state_of(past, shelf, id)?;
    if state == OfferState::Offered {
        return Ok(());
    }
    Err(ActError::Agreement(AgreementError::Over {
        what: shelf.name(),
        id,
        state: state.name(),
    }))
}

/// The same, answered by this member. Who belongs to a team is for the roster to say.
pub(in crate::case::facet) fn check_answer(
    past: &Past<'_>,
    (shelf, id): (Shelf, PartId),
    member: MemberId,
) -> Result<(), ActError> {
    check_open(past, (shelf, id))?;
    match addressee(past, (shelf, id)) {
        Some(Seat::Member(named)) if named != member => {
            Err(ActError::Agreement(AgreementError::NotAsked {
                what: shelf.name(),
                id,
            }))
        }
        Some(_) | None => Ok(()),
    }
}

/// The seat whose holders alone may answer, where only the roster knows them.
pub(in crate::case::facet) fn to_roster(past: &Past<'_>, offer: (Shelf, PartId)) -> Vec<Seat> {
    let seat = addressee(past, offer).filter(|seat| seat.member().is_none());
    seat.into_iter().collect()
}

/// Asked before acting: the asking member must be addressed.
pub(in crate::case::facet) fn check_addressed(
    seen: &Seen<'_>,
    offer: (Shelf, PartId),
) -> Result<(), ActError> {
    let Some(seat) = addressee(seen.past, offer) else {
        return Ok(());
    };
    if (seen.asker.holders)(&seat).contains(&seen.asker.me) {
        return Ok(());
    }
    Err(ActError::Agreement(AgreementError::NotAsked {
        what: offer.0.name(),
        id: offer.1,
    }))
}

/// A team that is to answer must be able to see the case.
pub(in crate::case::facet) fn team_access(to: &Seat) -> Option<AccessBody> {
    match to {
        Seat::Team(_) => Some(AccessBody::Change {
            add: vec![to.principal()],
            remove: Vec::new(),
            restricted: None,
            legal_hold: None,
        }),
        Seat::Member(_) | Seat::Role(_) => None,
    }
}
