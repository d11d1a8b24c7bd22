//! Holds: a case waits for something, and its clocks with it.
//!
//! A case is on hold while any of its holds stands, so two at once add up to one pause. How long it
//! was on hold is told by the claimed times of starts and ends.

use casework_protocol::rights::Verb;
use serde::{Deserialize, Serialize};

use super::{Facet, Kinds};
use crate::case::action::Act;
use crate::case::bounds::{self, MAX_TITLE_BYTES};
use crate::case::contents::text_scalar;
use crate::case::kind::kinds;
use crate::case::ops::Op;
use crate::case::part::PartId;
use crate::case::past::Past;
use crate::case::place::Place;
use crate::case::record::{Shelf, part_ids, read_value};
use crate::case::refusal::{ActError, AgreementError};
use crate::case::step::Plan;
use crate::case::values::{optional, put_at, text};
use crate::value::Scalar;

/// Hold: what the case waits for, one line.
pub const WHY: &str = "why";
/// Hold: until when probably, `YYYY-MM-DD`, or null. It ends when somebody ends it.
pub const UNTIL: &str = "until";
/// Hold: true once it was ended.
pub const ENDED: &str = "ended";

kinds! {
    /// What kind of action on a hold a change is.
    enum HoldKind {
        /// Puts the case on hold.
        Start = "hold.start",
        /// Ends a hold.
        End = "hold.end",
    }
}

/// One thing done about a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldAction {
    /// Puts the case on hold.
    Start {
        /// The new hold.
        id: PartId,
        /// What the case waits for, one line.
        why: String,
        /// Until when probably, `YYYY-MM-DD`.
        #[serde(default)]
        until: Option<String>,
    },
    /// Ends a hold.
    End {
        /// The hold.
        hold: PartId,
    },
}

/// The holds that stand, as this past sees them.
#[must_use]
pub fn standing_holds(past: &Past<'_>) -> Vec<PartId> {
    let ended = |id: &PartId| {
        let key = id.to_string();
        read_value(past, (Shelf::Holds, &key), ENDED).is_some()
    };
    let mut holds = part_ids(past, Shelf::Holds);
    holds.retain(|id| !ended(id));
    holds
}

impl HoldAction {
    /// What kind of action it is.
    #[must_use]
    pub const fn kind(&self) -> HoldKind {
        match self {
            Self::Start { .. } => HoldKind::Start,
            Self::End { .. } => HoldKind::End,
        }
    }
}

impl Facet for HoldAction {
    fn target(&self) -> Option<String> {
        Some(match self {
            Self::Start { id, .. } => id.to_string(),
            Self::End { hold } => hold.to_string(),
        })
    }

    fn verb(&self, _past: &Past<'_>) -> Verb {
        // Whoever may move the case on may let it wait.
        Verb::Move
    }

    fn plan(&self, plan: &mut Plan, past: &Past<'_>, _act: &Act) -> Result<(), ActError> {
        match self {
            Self::Start { id, why, until } => {
                bounds::check_line("reason of the hold", why, MAX_TITLE_BYTES)?;
                if let Some(until) = until {
                    bounds::check_date("end of the hold", until)?;
                }
                let values = [
                    (WHY, Scalar::text(why)),
                    (UNTIL, text_scalar(until.as_deref())),
                ];
                plan.make_record(past, (Shelf::Holds, &id.to_string()), values)
            }
            Self::End { hold } => {
                let key = hold.to_string();
                let record = (Shelf::Holds, key.as_str());
                if read_value(past, record, ENDED).is_some() {
                    return Err(ActError::Agreement(AgreementError::Over {
                        what: "hold",
                        id: *hold,
                        state: "ended",
                    }));
                }
                plan.put_record(past, record, ENDED, Scalar::Bool(true))
            }
        }
    }

    /// A hold that is left standing at the end is ended whenever somebody sees it.
    fn while_closed(&self) -> bool {
        matches!(self, Self::End { .. })
    }
}

impl Kinds for HoldKind {
    type Action = HoldAction;

    fn read(self, on: Option<&str>, ops: &[Op]) -> Option<HoldAction> {
        let id: PartId = on?.parse().ok()?;
        Some(match self {
            Self::Start => HoldAction::Start {
                id,
                why: text(put_at(ops, WHY)?)?,
                until: optional(put_at(ops, UNTIL)?)?,
            },
            Self::End => HoldAction::End { hold: id },
        })
    }

    fn place(self, on: Option<&str>) -> Option<Place> {
        Some(Place::Record(Shelf::Holds, on?.to_owned()))
    }

    fn shown(self, on: Option<&str>) -> Option<Place> {
        let part = match self {
            Self::Start => WHY,
            Self::End => ENDED,
        };
        let part = part.to_owned();
        Some(Place::RecordPart(Shelf::Holds, on?.to_owned(), part))
    }
}
