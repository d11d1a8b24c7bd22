//! Conflicts: what several people wrote without knowing of each other, with every side.

use casework::Choice;
use casework::case::Place;

use crate::error::CaseworkError;
use crate::listing::Person;
use crate::text::{Value, read};
use crate::workspace::Workspace;

/// A place with several values.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Conflict {
    /// Where: what [`Workspace::settle`] takes.
    pub place: String,
    /// What people call it.
    pub label: String,
    /// The field, where it is one: to mark it in a form.
    pub field_id: Option<String>,
    /// The task, where it is a part of one.
    pub task_id: Option<String>,
    /// The values: the one shown now first, the others in an order that is the same on every
    /// device.
    pub sides: Vec<ConflictSide>,
}

/// One of the values.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConflictSide {
    /// The value as it is stored.
    pub value: Value,
    /// As people read it.
    pub words: String,
    /// Who wrote it.
    pub by: Option<Person>,
    /// When, by the clock of who did.
    pub at_ms: i64,
    /// That clock's offset from UTC, in minutes.
    pub zone_min: i16,
    /// Why.
    pub reason: Option<String>,
    /// The change that wrote it.
    pub change_id: String,
}

/// What a place is settled on.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Settlement {
    /// A side, counted from 0 as [`Workspace::conflicts`] lists them.
    Side {
        /// Which.
        index: u32,
    },
    /// The side that this change wrote ([`ConflictSide::change_id`]): also when another side came
    /// between the look and the tap.
    OfChange {
        /// The change.
        change_id: String,
    },
    /// The side with this value.
    OfValue {
        /// The value.
        value: Value,
    },
}

#[uniffi::export]
impl Workspace {
    /// The contested places of a case, with every side.
    ///
    /// # Errors
    /// `Invalid` for a case that is not here; `Corrupt` for a quarantined one; `Closed`.
    pub fn conflicts(&self, case_id: &str) -> Result<Vec<Conflict>, CaseworkError> {
        let contested = self.sdk()?.contested(read(case_id)?)?;
        let conflict = |place: casework::ContestedPlace| Conflict {
            field_id: field_of(&place.place),
            task_id: task_of(&place.place),
            place: place.place.to_string(),
            label: place.label,
            sides: place.sides.into_iter().map(side).collect(),
        };
        Ok(contested.into_iter().map(conflict).collect())
    }
}

fn field_of(place: &Place) -> Option<String> {
    if let Place::Field(id) = place {
        Some(id.clone())
    } else {
        None
    }
}

fn task_of(place: &Place) -> Option<String> {
    if let Place::TaskPart(id, _) = place {
        Some(id.hex())
    } else {
        None
    }
}

fn side(side: casework::SideView) -> ConflictSide {
    let name = side.member_name;
    ConflictSide {
        value: side.value.into(),
        words: side.words,
        by: side.member.map(|member| Person {
            id: member.to_string(),
            name,
        }),
        at_ms: side.claimed_ms,
        zone_min: side.zone_min,
        reason: side.reason,
        change_id: side.change.to_string(),
    }
}

impl Settlement {
    pub(crate) fn read(self) -> Result<Choice, CaseworkError> {
        Ok(match self {
            Self::Side { index } => Choice::Side(index as usize),
            Self::OfChange { change_id } => Choice::Change(read(&change_id)?),
            Self::OfValue { value } => Choice::Value(value.into()),
        })
    }
}
