//! Reviews of overrides: somebody else looks at what was done although a rule asked.
//!
//! A review lies beside its override, under one key: a later one takes the place of those that its
//! author saw, and of two at once both are kept, the stricter being shown. Whoever made the
//! override does not review it, on whatever device; every replica keeps that.

use casework_protocol::ids::ActorId;
use casework_protocol::rights::Verb;
use serde::{Deserialize, Serialize};

use super::{Facet, Kinds};
use crate::case::action::Act;
use crate::case::bounds;
use crate::case::kind::kinds;
use crate::case::ops::Op;
use crate::case::part::PartId;
use crate::case::past::Past;
use crate::case::place::Place;
use crate::case::refusal::ActError;
use crate::case::schema;
use crate::case::slots::container;
use crate::case::step::Plan;
use crate::case::values::{first_put, text};
use crate::value::Scalar;

/// What stands after the id of an override in the key of its review.
const SUFFIX: &str = "/review";

kinds! {
    /// What kind of action on the review of an override a change is.
    enum ReviewKind {
        /// Reviews an override.
        Review = "override.review",
    }
}

/// One thing done to the review of an override.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewAction {
    /// Says what is to become of an override.
    Review {
        /// The override.
        of: PartId,
        /// What was found.
        review: Review,
    },
}

/// What a review says: one atomic value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// What was found.
    pub verdict: ReviewVerdict,
    /// What there is to say; a follow-up says what is to be done.
    pub note: String,
}

/// What a review of an override found, the stricter last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewVerdict {
    /// It was in order.
    Accepted,
    /// Something is still to be done about it.
    FollowUp,
}

impl ReviewVerdict {
    /// What people read.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::FollowUp => "to be followed up",
        }
    }
}

impl Review {
    /// The atomic value as it lies in the document.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts always serialise")
    }

    /// Reads the atomic value; `None` unless it is exactly what [`Review::to_json`] writes.
    #[must_use]
    pub fn read(json: &str) -> Option<Self> {
        serde_json::from_str::<Self>(json)
            .ok()
            .filter(|review| review.to_json() == json)
    }
}

/// The key under which the review of an override lies.
#[must_use]
pub fn review_key(of: PartId) -> String {
    format!("{of}{SUFFIX}")
}

impl ReviewAction {
    /// What kind of action it is.
    #[must_use]
    pub const fn kind(&self) -> ReviewKind {
        match self {
            Self::Review { .. } => ReviewKind::Review,
        }
    }
}

impl Facet for ReviewAction {
    fn target(&self) -> Option<String> {
        let Self::Review { of, .. } = self;
        Some(of.to_string())
    }

    fn verb(&self, _past: &Past<'_>) -> Verb {
        Verb::Override
    }

    fn plan(&self, plan: &mut Plan, past: &Past<'_>, _act: &Act) -> Result<(), ActError> {
        let Self::Review { of, review } = self;
        let overrides = container(past, schema::OVERRIDES)?;
        if past.seen(overrides, &of.to_string()).is_empty() {
            let (what, id) = ("override", *of);
            return Err(ActError::UnknownPart { what, id });
        }
        if review.verdict == ReviewVerdict::FollowUp && review.note.trim().is_empty() {
            return Err(ActError::Blank {
                what: "note on what is to be followed up",
            });
        }
        bounds::check_prose("note", &review.note)?;
        plan.put(overrides, &review_key(*of), Scalar::Text(review.to_json()))
    }

    fn barred(&self, past: &Past<'_>) -> Vec<ActorId> {
        let Self::Review { of, .. } = self;
        let Ok(overrides) = container(past, schema::OVERRIDES) else {
            return Vec::new();
        };
        let seen = past.seen(overrides, &of.to_string());
        seen.into_iter().map(|seen| seen.id.actor).collect()
    }

    fn while_closed(&self) -> bool {
        true
    }
}

impl Kinds for ReviewKind {
    type Action = ReviewAction;

    fn read(self, on: Option<&str>, ops: &[Op]) -> Option<ReviewAction> {
        let of = on?.parse().ok()?;
        let review = Review::read(&text(first_put(ops)?.1)?)?;
        Some(match self {
            Self::Review => ReviewAction::Review { of, review },
        })
    }

    fn place(self, _on: Option<&str>) -> Option<Place> {
        Some(Place::Overrides)
    }
}
