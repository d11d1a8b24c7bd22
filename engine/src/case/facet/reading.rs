//! Who looked at a case, where its template asks for that to be written down.
//!
//! One value per member: the day of the last reading; the timeline has them all. A second reading on
//! the same day changes nothing and is refused as such, so there is at most one per person, case and
//! day; a person with two devices apart may leave two. Only the reader's own device can say it.

use casework_protocol::ids::MemberId;
use casework_protocol::rights::Verb;
use serde::{Deserialize, Serialize};

use super::{Facet, Kinds};
use crate::case::action::Act;
use crate::case::bounds;
use crate::case::kind::kinds;
use crate::case::occasion::OnlyBy;
use crate::case::ops::Op;
use crate::case::past::Past;
use crate::case::place::Place;
use crate::case::record::Shelf;
use crate::case::refusal::ActError;
use crate::case::step::Plan;
use crate::case::values::{first_put, text};
use crate::value::Scalar;

kinds! {
    /// What kind of looking at a case.
    enum ReadingKind {
        /// Looks at it.
        Read = "case.read",
    }
}

/// Looking at a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadingAction {
    /// Looks at it.
    Read {
        /// Who: the author.
        member: MemberId,
        /// The author's day, `YYYY-MM-DD`.
        day: String,
    },
}

impl ReadingAction {
    /// What kind of action it is.
    #[must_use]
    pub const fn kind(&self) -> ReadingKind {
        match self {
            Self::Read { .. } => ReadingKind::Read,
        }
    }
}

impl Facet for ReadingAction {
    fn target(&self) -> Option<String> {
        let Self::Read { member, .. } = self;
        Some(member.to_string())
    }

    fn verb(&self, _past: &Past<'_>) -> Verb {
        Verb::View
    }

    fn plan(&self, plan: &mut Plan, past: &Past<'_>, _act: &Act) -> Result<(), ActError> {
        let Self::Read { member, day } = self;
        bounds::check_date("day of the reading", day)?;
        let entry = (Shelf::Reads, member.to_string());
        plan.put_entry(past, (entry.0, &entry.1), Scalar::Text(day.clone()))
    }

    fn only_by(&self, _past: &Past<'_>) -> OnlyBy {
        let Self::Read { member, .. } = self;
        OnlyBy::Member(*member)
    }

    fn while_closed(&self) -> bool {
        true
    }
}

impl Kinds for ReadingKind {
    type Action = ReadingAction;

    fn read(self, on: Option<&str>, ops: &[Op]) -> Option<ReadingAction> {
        match self {
            Self::Read => Some(ReadingAction::Read {
                member: on?.parse().ok()?,
                day: text(first_put(ops)?.1)?,
            }),
        }
    }

    fn place(self, on: Option<&str>) -> Option<Place> {
        match self {
            Self::Read => Some(Place::Record(Shelf::Reads, on?.to_owned())),
        }
    }
}
