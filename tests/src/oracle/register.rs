//! A place that holds one value: the values that no other writer of the place had seen stand.
//!
//! What a thing began with stands only until somebody says something of it: where two devices began
//! one thing apart, what was said of either holds against the other beginning.

use std::collections::BTreeSet;
use std::fmt::Debug;

use casework_engine::case::{CaseAction, Place};
use casework_engine::value::Scalar;
use casework_engine::view::Slot;

use super::{Known, Told};

/// What an action writes to a place.
pub(super) enum Write {
    /// What the thing begins with.
    Begins(String),
    /// What is said of it afterwards.
    Says(String),
}

/// A place with what is shown there.
pub(super) struct Register {
    /// What it is called when it is settled or contested.
    pub(super) place: Place,
    /// The values shown.
    pub(super) seen: BTreeSet<String>,
}

impl Register {
    pub(super) fn new<T>(place: Place, slot: &Slot<T>, words: impl Fn(&T) -> String) -> Self {
        let seen = slot.sides().map(|side| words(&side.value)).collect();
        Self { place, seen }
    }

    pub(super) fn of_option<T>(
        place: Place,
        slot: Option<&Slot<T>>,
        words: impl Fn(&T) -> String,
    ) -> Self {
        match slot {
            Some(slot) => Self::new(place, slot, words),
            None => Self {
                place,
                seen: BTreeSet::new(),
            },
        }
    }
}

/// A value in words.
pub(super) fn words(value: &Scalar) -> String {
    match value {
        Scalar::Null => "nothing".to_owned(),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Int(value) => value.to_string(),
        Scalar::Text(value) => value.clone(),
    }
}

/// Something or nothing in words.
pub(super) fn or_nothing<T: ToString>(value: &Option<T>) -> String {
    value
        .as_ref()
        .map_or_else(|| "nothing".to_owned(), T::to_string)
}

pub(super) fn says(value: impl ToString) -> Option<Write> {
    Some(Write::Says(value.to_string()))
}

pub(super) fn begins(value: impl ToString) -> Option<Write> {
    Some(Write::Begins(value.to_string()))
}

impl Told<'_> {
    /// The values written that no other writer of the same place had seen.
    pub(super) fn visible(
        &self,
        place: &Place,
        written: impl Fn(&Known<'_>) -> Option<Write>,
    ) -> BTreeSet<String> {
        let settled = |known: &Known<'_>| match known.action() {
            CaseAction::Settle { place: at, value } if at == place => {
                Some(Write::Says(words(value)))
            }
            _ => written(known),
        };
        let writes = self.known.iter();
        let writes = writes.filter_map(|k| Some((k, settled(k)?)));
        let writers: Vec<(&Known<'_>, Write)> = writes.collect();
        let stands = |write: &Known<'_>| {
            let mut others = writers.iter();
            !others.any(|(other, _)| other.past.contains(&write.hash))
        };
        let standing = writers.iter().filter(|(write, _)| stands(write));
        let (mut begun, mut said) = (BTreeSet::new(), BTreeSet::new());
        for (_, value) in standing {
            match value {
                Write::Begins(value) => begun.insert(value.clone()),
                Write::Says(value) => said.insert(value.clone()),
            };
        }
        if said.is_empty() { begun } else { said }
    }

    /// Holds what is shown at a place against what was written there; notes whether it is
    /// contested.
    pub(super) fn check_register(
        &self,
        register: &Register,
        contested: &mut BTreeSet<Place>,
        written: impl Fn(&Known<'_>) -> Option<Write>,
    ) {
        let expected = self.visible(&register.place, written);
        let place = &register.place;
        self.same(&place.to_string(), &register.seen, &expected);
        if expected.len() > 1 {
            contested.insert(place.clone());
        }
    }

    /// What is shown is what should be.
    pub(super) fn same<T: PartialEq + Debug>(&self, what: &str, seen: &T, expected: &T) {
        assert_eq!(seen, expected, "{}", self.at(what));
    }
}
