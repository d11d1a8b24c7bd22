//! Where a case is kept, what is flagged about it, what it is linked to, and its reopenings.

use std::collections::BTreeMap;

use casework_protocol::ids::DocumentId;
use serde::{Deserialize, Serialize};

use super::facet::{Contest, ContestSide, FacetView};
use super::reader::{Reader, closing};
use super::record::read_entries;
use super::side::{OriginRef, Slot};
use crate::case::action::Closing;
use crate::case::facet::keeping::{ARCHIVED, KeepingAction, LEGAL_HOLD, PURGE, TRASHED};
use crate::case::facet::link::{Relation, split_link_key};
use crate::case::{CaseAction, PartId, Place, Shelf};
use crate::value::Scalar;

/// Milliseconds of a day, for purges.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Where a case is kept and what is flagged about it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keeping {
    /// The marks that were ever set, by name.
    pub marks: BTreeMap<String, Slot<Scalar>>,
    /// Its flags, with who raised each and why.
    pub flags: BTreeMap<String, OriginRef>,
}

/// The other cases that this one names, with who linked them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links(pub BTreeMap<(Relation, DocumentId), OriginRef>);

/// The reopenings of a case, by the acts that reopened it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopenings(pub BTreeMap<PartId, ReopeningView>);

/// One reopening: who, when and why stand in its origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReopeningView {
    /// The closing that it took back.
    pub closing: Closing,
    /// Who reopened it.
    pub by: OriginRef,
}

impl Keeping {
    /// Whether it is archived.
    #[must_use]
    pub fn is_archived(&self) -> bool {
        self.is_set(ARCHIVED)
    }

    /// Whether it is in the trash.
    #[must_use]
    pub fn is_trashed(&self) -> bool {
        self.is_set(TRASHED)
    }

    /// Whether a legal hold stands: one that is contested stands.
    #[must_use]
    pub fn is_on_legal_hold(&self) -> bool {
        let sides = self.marks.get(LEGAL_HOLD).into_iter().flat_map(Slot::sides);
        sides
            .into_iter()
            .any(|side| side.value == Scalar::Bool(true))
    }

    /// The mark with this name, if it is set, with who set it.
    #[must_use]
    pub fn set_by(&self, mark: &str) -> Option<OriginRef> {
        let slot = self.marks.get(mark)?;
        (!matches!(slot.value(), Scalar::Bool(false) | Scalar::Null)).then(|| slot.shown().by)
    }

    /// When the purge that was requested would come due, milliseconds UTC by the requester's
    /// clock, given that clock; whoever purges goes by the time of receipt.
    #[must_use]
    pub fn purge_due_ms(&self, requested_ms: impl Fn(OriginRef) -> i64) -> Option<i64> {
        let slot = self.marks.get(PURGE)?;
        match slot.value() {
            Scalar::Int(days) => {
                let waiting = days.saturating_mul(DAY_MS);
                Some(requested_ms(slot.shown().by).saturating_add(waiting))
            }
            Scalar::Null | Scalar::Bool(_) | Scalar::Text(_) => None,
        }
    }

    fn is_set(&self, mark: &str) -> bool {
        let slot = self.marks.get(mark);
        slot.is_some_and(|slot| *slot.value() == Scalar::Bool(true))
    }
}

impl FacetView for Keeping {
    const SHELVES: &'static [Shelf] = &[Shelf::Marks, Shelf::Flags];

    fn read(reader: &mut Reader<'_>) -> Self {
        let flags = read_entries(reader, Shelf::Flags, Some);
        Self {
            marks: read_entries(reader, Shelf::Marks, Some),
            flags: by_newest(flags).collect(),
        }
    }

    fn visit(&mut self, visit: &mut dyn FnMut(&mut OriginRef)) {
        self.marks.values_mut().for_each(|slot| slot.visit(visit));
        self.flags.values_mut().for_each(visit);
    }

    fn contests(&self, tell: &mut dyn FnMut(Contest)) {
        for (mark, slot) in &self.marks {
            if slot.is_contested() {
                let side = |side: &super::side::Side<Scalar>| ContestSide {
                    value: side.value.clone(),
                    words: None,
                    by: side.by,
                    settled_by: settling(mark, &side.value),
                };
                tell(Contest {
                    place: Place::Record(Shelf::Marks, mark.clone()),
                    label: mark.clone(),
                    sides: slot.sides().map(side).collect(),
                });
            }
        }
    }
}

/// What settles a mark that takes a right of its own: setting or lifting it once more.
fn settling(mark: &str, value: &Scalar) -> Option<CaseAction> {
    let action = match (mark, value) {
        (LEGAL_HOLD, Scalar::Bool(true)) => KeepingAction::SetLegalHold,
        (LEGAL_HOLD, _) => KeepingAction::LiftLegalHold,
        (PURGE, Scalar::Int(days)) => KeepingAction::RequestPurge {
            days: u32::try_from(*days).ok()?,
        },
        (PURGE, _) => KeepingAction::CancelPurge,
        (_, _) => return None,
    };
    Some(action.into())
}

impl FacetView for Links {
    const SHELVES: &'static [Shelf] = &[Shelf::Links];

    fn read(reader: &mut Reader<'_>) -> Self {
        let links = by_newest(read_entries(reader, Shelf::Links, Some));
        Self(
            links
                .filter_map(|(key, by)| Some((split_link_key(&key)?, by)))
                .collect(),
        )
    }

    fn visit(&mut self, visit: &mut dyn FnMut(&mut OriginRef)) {
        self.0.values_mut().for_each(visit);
    }

    /// A set merges; nobody has to choose.
    fn contests(&self, _tell: &mut dyn FnMut(Contest)) {}
}

impl FacetView for Reopenings {
    const SHELVES: &'static [Shelf] = &[Shelf::Reopenings];

    fn read(reader: &mut Reader<'_>) -> Self {
        let found = read_entries(reader, Shelf::Reopenings, closing);
        let view = |(key, slot): (String, Slot<Option<Closing>>)| {
            let by = slot.shown().by;
            let closing = slot.value().clone()?;
            Some((key.parse().ok()?, ReopeningView { closing, by }))
        };
        Self(found.into_iter().filter_map(view).collect())
    }

    fn visit(&mut self, visit: &mut dyn FnMut(&mut OriginRef)) {
        for reopening in self.0.values_mut() {
            visit(&mut reopening.by);
        }
    }

    /// Each stands by itself.
    fn contests(&self, _tell: &mut dyn FnMut(Contest)) {}
}

fn by_newest(entries: BTreeMap<String, Slot<Scalar>>) -> impl Iterator<Item = (String, OriginRef)> {
    entries
        .into_iter()
        .map(|(key, slot)| (key, slot.shown().by))
}
