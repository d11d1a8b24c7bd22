//! A place of a case as people see it: the value shown, its rivals, and who wrote each.
//!
//! A place is contested when it holds two or more *different* values. Origins are interned in one
//! table per view, because the first change of a case alone writes forty fields.
//! Invariant: sides are in an order that depends on the document only (the shown one first, the
//! others by change hash), so every replica with the same changes has equal slots.

use std::collections::BTreeMap;

use casework_protocol::ids::{ChangeHash, DeviceId, MemberId};
use serde::{Deserialize, Serialize};

use crate::case::action::Imported;

/// Who wrote a value, when by their own clock, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The change that wrote it.
    pub change: ChangeHash,
    /// The device that signed the change; `None` only in a document that never passed admission.
    pub device: Option<DeviceId>,
    /// The member whose device it is; `None` while the roster at hand does not know the device.
    pub member: Option<MemberId>,
    /// The author's clock, milliseconds since 1970 in UTC. A claim: it decides nothing alone.
    pub claimed_ms: i64,
    /// The author's offset from UTC, in minutes.
    pub zone_min: i16,
    /// The reason given, if any.
    pub reason: Option<String>,
    /// The original person and time, if the action was imported from another system.
    pub imported: Option<Imported>,
}

/// A reference into the [`Origins`] of the same view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OriginRef(u32);

/// The origins a view refers to, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origins(Vec<Origin>);

/// One value and who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side<T> {
    /// What was written.
    pub value: T,
    /// Who wrote it; see [`Origins::get`].
    pub by: OriginRef,
}

/// A place that holds one value, or several while it is contested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot<T> {
    shown: Side<T>,
    rivals: Vec<Side<T>>,
}

impl<T: PartialEq> Slot<T> {
    /// Makes a slot of the values found at a place, in ascending order of their operations: the
    /// last one is shown. Of equal values the last stands for all. `None` if there are none.
    pub(crate) fn of(found: Vec<Side<T>>, origins: &Origins) -> Option<Self> {
        let mut newest_first = found.into_iter().rev();
        let shown = newest_first.next()?;
        let mut rivals: Vec<Side<T>> = Vec::new();
        for side in newest_first {
            if side.value != shown.value && rivals.iter().all(|rival| rival.value != side.value) {
                rivals.push(side);
            }
        }
        rivals.sort_by_key(|rival| origins.get(rival.by).change);
        Some(Self { shown, rivals })
    }
}

impl<T> Slot<T> {
    /// The value shown: the deterministic winner.
    pub const fn value(&self) -> &T {
        &self.shown.value
    }

    /// The winning side.
    pub const fn shown(&self) -> &Side<T> {
        &self.shown
    }

    /// The other sides, empty unless the place is contested.
    pub fn rivals(&self) -> &[Side<T>] {
        &self.rivals
    }

    /// Every side, the winner first.
    pub fn sides(&self) -> impl Iterator<Item = &Side<T>> {
        std::iter::once(&self.shown).chain(&self.rivals)
    }

    /// Whether two or more different values were written without knowing of each other.
    pub const fn is_contested(&self) -> bool {
        !self.rivals.is_empty()
    }

    /// Visits the origin of every side.
    pub(crate) fn visit(&mut self, visit: &mut dyn FnMut(&mut OriginRef)) {
        visit(&mut self.shown.by);
        self.rivals
            .iter_mut()
            .for_each(|rival| visit(&mut rival.by));
    }
}

impl Origins {
    /// The origin behind a reference of the same view.
    ///
    /// # Panics
    /// If the reference belongs to another view.
    #[must_use]
    pub fn get(&self, by: OriginRef) -> &Origin {
        &self.0[by.0 as usize]
    }

    /// How many different changes the view shows values of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the view shows nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the reference can be one of this view.
    pub(crate) const fn contains(&self, by: OriginRef) -> bool {
        (by.0 as usize) < self.0.len()
    }

    /// Every origin.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (OriginRef, &Origin)> {
        self.0
            .iter()
            .enumerate()
            .map(|(at, origin)| (OriginRef(at as u32), origin))
    }

    /// Adds an origin that is not there yet.
    pub(crate) fn push(&mut self, origin: Origin) -> OriginRef {
        self.0.push(origin);
        OriginRef(self.0.len() as u32 - 1)
    }
}

/// Puts origins into the order of their first use and drops those that are no longer used, so
/// that two views of one state are equal however they were reached.
pub(crate) struct Renumbering<'a> {
    old: &'a Origins,
    new: Origins,
    moved: BTreeMap<OriginRef, OriginRef>,
}

impl<'a> Renumbering<'a> {
    pub(crate) fn of(old: &'a Origins) -> Self {
        Self {
            old,
            new: Origins::default(),
            moved: BTreeMap::new(),
        }
    }

    pub(crate) fn visit(&mut self, by: &mut OriginRef) {
        let (old, new) = (self.old, &mut self.new);
        *by = *self
            .moved
            .entry(*by)
            .or_insert_with(|| new.push(old.get(*by).clone()));
    }

    pub(crate) fn finish(self) -> Origins {
        self.new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(byte: u8) -> Origin {
        Origin {
            change: ChangeHash::new([byte; 32]),
            device: None,
            member: None,
            claimed_ms: 0,
            zone_min: 0,
            reason: None,
            imported: None,
        }
    }

    fn found(values: &[(&'static str, u8)]) -> (Vec<Side<&'static str>>, Origins) {
        let mut origins = Origins::default();
        let sides = values
            .iter()
            .map(|(value, byte)| Side {
                value: *value,
                by: origins.push(origin(*byte)),
            })
            .collect();
        (sides, origins)
    }

    #[test]
    fn the_newest_operation_is_shown_and_the_rivals_follow_by_change_hash() {
        let (sides, origins) = found(&[("c", 1), ("b", 9), ("a", 5), ("shown", 7)]);
        let slot = Slot::of(sides, &origins).unwrap();
        let order: Vec<_> = slot.sides().map(|side| side.value).collect();
        assert_eq!(order, ["shown", "c", "a", "b"]);
        assert!(slot.is_contested());
    }

    #[test]
    fn equal_values_are_one_side_and_no_contest() {
        let (sides, origins) = found(&[("same", 1), ("same", 2)]);
        let slot = Slot::of(sides, &origins).unwrap();
        assert!(!slot.is_contested());
        assert_eq!(
            origins.get(slot.shown().by).change,
            ChangeHash::new([2; 32])
        );
        let (sides, origins) = found(&[("old", 1), ("old", 2), ("new", 3)]);
        let slot = Slot::of(sides, &origins).unwrap();
        assert_eq!(slot.rivals().len(), 1);
    }

    #[test]
    fn an_empty_place_has_no_slot() {
        assert_eq!(Slot::<u8>::of(Vec::new(), &Origins::default()), None);
    }

    #[test]
    fn renumbering_keeps_what_is_used_in_order_of_use() {
        let (_, old) = found(&[("x", 1), ("y", 2), ("z", 3)]);
        let mut refs = [OriginRef(2), OriginRef(0), OriginRef(2)];
        let mut renumbering = Renumbering::of(&old);
        refs.iter_mut().for_each(|by| renumbering.visit(by));
        let new = renumbering.finish();
        assert_eq!(refs, [OriginRef(0), OriginRef(1), OriginRef(0)]);
        assert_eq!(new.get(OriginRef(0)).change, ChangeHash::new([3; 32]));
        assert_eq!(new.len(), 2);
    }
}
