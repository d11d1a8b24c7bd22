//! The journey of a case: the stages it entered, and when it was closed and taken up again.
//!
//! Followed backwards from what is shown: each step is what its author saw when making the next.
//! A move that lost against a concurrent one was never entered; it stays on the timeline.
//! Invariant: the journey is a function of the document, and what was read of it once stays so.

use automerge::{ChangeHash as Hash, ROOT, ReadDoc};
use serde::{Deserialize, Serialize};

use super::reader::{Reader, closing, text};
use super::side::{Origin, OriginRef, Origins};
use crate::case::schema;
use crate::value::Scalar;

/// Most steps that are kept of each kind, the newest: a case that moved more often is no case.
const MAX_STEPS: usize = 400;

/// Where a case has been.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journey {
    /// The stages it entered, the oldest first.
    pub visits: Vec<Visit>,
    /// When it was closed and reopened, the oldest first. The first one is its opening.
    pub closings: Vec<Turn>,
}

/// One entry into a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// The stage.
    pub stage: String,
    /// Who moved it there.
    pub by: OriginRef,
}

/// A case was closed, or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Whether it is closed from then on.
    pub closed: bool,
    /// Who did it.
    pub by: OriginRef,
}

impl Journey {
    pub(super) fn visit(&mut self, visit: &mut dyn FnMut(&mut OriginRef)) {
        self.visits.iter_mut().for_each(|step| visit(&mut step.by));
        self.closings
            .iter_mut()
            .for_each(|step| visit(&mut step.by));
    }
}

impl Origin {
    /// When it was done: where it was imported from, the time that is claimed there.
    #[must_use]
    pub fn happened_ms(&self) -> i64 {
        self.imported.map_or(self.claimed_ms, |claim| claim.at_ms)
    }
}

/// Reads the stages entered, going on from what is known of them.
pub(super) fn read_visits(reader: &mut Reader<'_>, known: Vec<Visit>) -> Vec<Visit> {
    let read = |value: Scalar, by| text(value).map(|stage| Visit { stage, by });
    follow(reader, schema::STAGE, known, (read, |visit| visit.by))
}

/// Reads when the case was closed and reopened, going on from what is known of it.
pub(super) fn read_closings(reader: &mut Reader<'_>, known: Vec<Turn>) -> Vec<Turn> {
    let read = |value: Scalar, by| {
        let closed = closing(value)?.is_some();
        Some(Turn { closed, by })
    };
    follow(reader, schema::CLOSED, known, (read, |turn| turn.by))
}

type Reading<T> = (fn(Scalar, OriginRef) -> Option<T>, fn(&T) -> OriginRef);

/// Follows a key of the root back from the value shown: to the value that the author of each one
/// saw, until a step that is known already.
fn follow<T: Clone>(
    reader: &mut Reader<'_>,
    key: &str,
    known: Vec<T>,
    (read, by): Reading<T>,
) -> Vec<T> {
    // What was cut off is not known: with fewer new steps than old ones it would be missing.
    let known = if known.len() < MAX_STEPS {
        known
    } else {
        Vec::new()
    };
    let (mut newest_first, mut kept) = (Vec::new(), 0);
    let mut heads: Option<Vec<Hash>> = None;
    while newest_first.len() < MAX_STEPS {
        let Some((value, change)) = shown(reader, key, heads.as_deref()) else {
            break;
        };
        let Some(origin) = reader.origin_of_change(&change) else {
            break;
        };
        if let Some(at) = known.iter().rposition(|step| by(step) == origin) {
            kept = at + 1;
            break;
        }
        newest_first.extend(read(value, origin));
        let Some(deps) = reader.ask(&change, |meta| meta.deps.to_vec()) else {
            break;
        };
        if deps.is_empty() {
            break;
        }
        heads = Some(deps);
    }
    let mut steps = known;
    steps.truncate(kept);
    steps.extend(newest_first.into_iter().rev());
    steps.split_off(steps.len().saturating_sub(MAX_STEPS))
}

/// The value shown at a key, now or at some heads, and the change that wrote it.
fn shown(reader: &Reader<'_>, key: &str, heads: Option<&[Hash]>) -> Option<(Scalar, Hash)> {
    let found = match heads {
        None => reader.doc.get_all(ROOT, key),
        Some(heads) => reader.doc.get_all_at(ROOT, key, heads),
    };
    let (value, op) = found.ok()?.pop()?;
    let value = super::reader::scalar_of_value(&value)?;
    Some((value, reader.doc.hash_for_opid(&op)?))
}

/// The moments of steps in their order. A clock that ran behind the one before it counts as that.
pub(super) fn moments(
    origins: &Origins,
    steps: impl Iterator<Item = OriginRef>,
) -> impl Iterator<Item = i64> {
    steps.scan(i64::MIN, |latest, by| {
        *latest = origins.get(by).happened_ms().max(*latest);
        Some(*latest)
    })
}
