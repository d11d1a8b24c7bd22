//! What an act claims about its author and about who else is who, checked on every replica: that the
//! author did not make what is judged, and that a vote is everybody's who has one.
//!
//! Structure like the shape of a change: a claim that is wrong keeps received work out.

use std::collections::BTreeSet;

use casework_protocol::ids::{ActorId, MemberId};

use super::action::CaseAction;
use super::facet::approval::reading::writers_of_field;
use super::past::{Object, Past};
use super::refusal::ActError;
use super::schema;
use crate::approval::Seat;
use crate::template::Revision;

/// What a received act claims that only the roster can tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// The actors whose members may not have done it.
    pub barred: Vec<ActorId>,
    /// Seats, and exactly the active members who hold them at the version the change cites.
    pub electorate: Option<(BTreeSet<Seat>, BTreeSet<MemberId>)>,
}

impl Claims {
    /// The claims of an act on the case as its author saw it.
    pub(super) fn of(past: &Past<'_>, revision: &Revision, action: &CaseAction) -> Self {
        let electorate = if let CaseAction::Facet(action) = action {
            action.facet().electorate()
        } else {
            None
        };
        Self {
            barred: barred(past, revision, action),
            electorate: electorate.map(|(seats, voters)| (seats.clone(), voters.clone())),
        }
    }
}

/// The actors whose members made what this act judges.
pub(super) fn barred(past: &Past<'_>, revision: &Revision, action: &CaseAction) -> Vec<ActorId> {
    if let CaseAction::Facet(action) = action {
        return action.facet().barred(past);
    }
    let CaseAction::Decide(decision) = action else {
        return Vec::new();
    };
    let kind = revision.decision_type(&decision.question);
    let Some(kind) = kind.filter(|kind| kind.maker_checker) else {
        return Vec::new();
    };
    let entered = past.seen(Object::Root, schema::STAGE);
    let mut makers: Vec<ActorId> = entered.iter().map(|seen| seen.id.actor).collect();
    for field in &kind.made_by {
        makers.extend(writers_of_field(past, field));
    }
    makers
}

/// Structure that depends on the revision and on the case as it was seen.
pub(super) fn fits(
    past: &Past<'_>,
    revision: &Revision,
    action: &CaseAction,
) -> Result<(), ActError> {
    if let CaseAction::Facet(action) = action {
        action.facet().fits(past, revision)
    } else {
        Ok(())
    }
}
