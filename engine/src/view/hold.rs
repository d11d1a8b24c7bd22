//! Holds as people see them, and how long a case was on hold.
//!
//! Spans are counted by the claimed times of starts and ends, and where they overlap once. A clock
//! that ran backwards makes a span of no length, never a negative one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::facet::{Contest, FacetView};
use super::reader::Reader;
use super::record::{Record, read_records};
use super::side::{OriginRef, Origins};
use crate::case::facet::hold::{ENDED, UNTIL, WHY};
use crate::case::{PartId, Shelf};
use crate::value::Scalar;

/// The holds of a case, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holds(pub BTreeMap<PartId, HoldView>);

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldView {
    /// What the case waits for.
    pub why: String,
    /// Until when probably, `YYYY-MM-DD`.
    pub until: Option<String>,
    /// Who ended it; `None` while it stands.
    pub ended: Option<OriginRef>,
    /// Place in the order of creation; ties go by id.
    pub position: u64,
    /// Who started it.
    pub by: OriginRef,
}

impl Holds {
    /// The holds in the order of their creation.
    #[must_use]
    pub fn in_order(&self) -> Vec<(PartId, &HoldView)> {
        let mut all: Vec<_> = self.0.iter().map(|(id, one)| (*id, one)).collect();
        all.sort_by_key(|(id, one)| (one.position, *id));
        all
    }

    /// Those that stand.
    pub fn standing(&self) -> impl Iterator<Item = (PartId, &HoldView)> {
        let all = self.0.iter().map(|(id, one)| (*id, one));
        all.filter(|(_, one)| one.ended.is_none())
    }

    /// Whether the case is on hold.
    #[must_use]
    pub fn is_on_hold(&self) -> bool {
        self.standing().next().is_some()
    }

    /// When the case was on hold: spans from and to in milliseconds UTC, apart from each other and
    /// ascending; the last one has no end while the case is on hold.
    #[must_use]
    pub fn spans(&self, origins: &Origins) -> Vec<(i64, Option<i64>)> {
        let time = |by: OriginRef| origins.get(by).claimed_ms;
        let span = |hold: &HoldView| {
            let from = time(hold.by);
            (from, hold.ended.map(|by| time(by).max(from)))
        };
        let mut all: Vec<(i64, Option<i64>)> = self.0.values().map(span).collect();
        all.sort_unstable();
        let mut spans: Vec<(i64, Option<i64>)> = Vec::new();
        for (from, to) in all {
            match spans.last_mut() {
                Some((_, None)) => break,
                Some((_, Some(end))) if from <= *end => {
                    // Whichever ends later; without an end is latest.
                    let later = to.map(|to| to.max(*end));
                    if let Some(last) = spans.last_mut() {
                        last.1 = later;
                    }
                }
                Some(_) | None => spans.push((from, to)),
            }
        }
        spans
    }

    /// How long the case was on hold until now, in milliseconds.
    #[must_use]
    pub fn total_ms(&self, origins: &Origins, now_ms: i64) -> i64 {
        let length = |(from, to): (i64, Option<i64>)| {
            let to = to.unwrap_or_else(|| now_ms.max(from));
            to.saturating_sub(from)
        };
        let spans = self.spans(origins).into_iter().map(length);
        spans.fold(0, i64::saturating_add)
    }
}

impl FacetView for Holds {
    const SHELVES: &'static [Shelf] = &[Shelf::Holds];

    fn read(reader: &mut Reader<'_>) -> Self {
        let records = read_records(reader, Shelf::Holds);
        let read = |mut record: Record| {
            let id = record.key.parse().ok()?;
            let ended = record.slot(reader, ENDED, |value| {
                (value == Scalar::Bool(true)).then_some(())
            });
            let view = HoldView {
                why: record.text(WHY)?,
                until: record.value(UNTIL)?.as_text().map(str::to_owned),
                ended: ended.map(|slot| slot.shown().by),
                position: record.position,
                by: record.created,
            };
            Some((id, view))
        };
        Self(records.into_iter().filter_map(read).collect())
    }

    fn visit(&mut self, visit: &mut dyn FnMut(&mut OriginRef)) {
        for one in self.0.values_mut() {
            visit(&mut one.by);
            one.ended.iter_mut().for_each(&mut *visit);
        }
    }

    /// Holds add up; nothing about them is contested.
    fn contests(&self, _tell: &mut dyn FnMut(Contest)) {}
}

#[cfg(test)]
mod tests {
    use casework_protocol::ids::ChangeHash;

    use super::*;
    use crate::view::Origin;

    /// Holds from these spans of seconds.
    fn holds(spans: &[(i64, Option<i64>)]) -> (Holds, Origins) {
        let mut origins = Origins::default();
        let mut at = |seconds: i64| {
            let byte = u8::try_from(origins.len()).unwrap();
            origins.push(Origin {
                change: ChangeHash::new([byte; 32]),
                device: None,
                member: None,
                claimed_ms: seconds * 1_000,
                zone_min: 0,
                reason: None,
                imported: None,
            })
        };
        let mut all = BTreeMap::new();
        for (n, (from, to)) in (0u8..).zip(spans) {
            let hold = HoldView {
                why: "waiting".into(),
                until: None,
                ended: to.map(&mut at),
                position: n.into(),
                by: at(*from),
            };
            all.insert(PartId::new([n; 8]), hold);
        }
        (Holds(all), origins)
    }

    #[test]
    fn holds_that_overlap_are_one_pause() {
        let (all, origins) = holds(&[
            (10, Some(20)),
            (15, Some(40)),
            (50, Some(55)),
            (40, Some(41)),
        ]);
        assert_eq!(
            all.spans(&origins),
            [(10_000, Some(41_000)), (50_000, Some(55_000))]
        );
        assert_eq!(all.total_ms(&origins, 100_000), 36_000);
        assert!(!all.is_on_hold());
    }

    #[test]
    fn a_standing_hold_counts_until_now_and_swallows_what_lies_in_it() {
        let (all, origins) = holds(&[(10, None), (15, Some(20)), (5, Some(12))]);
        assert_eq!(all.spans(&origins), [(5_000, None)]);
        assert_eq!(all.total_ms(&origins, 30_000), 25_000);
        assert!(all.is_on_hold());
    }

    #[test]
    fn a_clock_that_ran_backwards_makes_no_negative_time() {
        let (all, origins) = holds(&[(30, Some(10))]);
        assert_eq!(all.total_ms(&origins, 0), 0);
        let (all, origins) = holds(&[(30, None)]);
        assert_eq!(all.total_ms(&origins, 0), 0);
    }
}
