//! The change columns of a saved document, walked in step.
//!
//! Does not compute hashes: opening the document does, and compares them with the heads.
//! Invariant: what passes is a list in which every change follows its dependencies and its own
//! predecessor, and claims no more operations than the rows can hold.

use crate::ids::{ActorId, DeviceId};
use crate::limits::{MAX_CHANGE_DEPS, MAX_CHANGE_OPS, MAX_MESSAGE_BYTES, MAX_OP_COUNTER};

use super::GateError;
use super::change::{check_time, parse_author};
use super::columns::{DeltaItems, Runs, ValueItems};
use super::document::Budget;
use super::layout::{Deflate, Layout};
use super::leb::{Reader, within};
use super::scalar::{self, ScalarMeta};

const ACTOR: &str = "change actor";

/// The change columns of a document.
pub(super) const HISTORY_COLUMNS: Layout<9> = Layout {
    known: [
        (0x01, ACTOR),
        (0x03, "change number"),
        (0x13, "change counter"),
        (0x23, "change time"),
        (0x35, "change message"),
        (0x40, "dependency count"),
        (0x43, "dependency"),
        (0x56, "change extra type"),
        (0x57, "change extra"),
    ],
    deflate: Deflate::Allowed,
};

/// What the change columns add up to.
#[derive(Debug)]
pub(super) struct History {
    pub(super) changes: u64,
    /// Operations, those without a row of their own included.
    pub(super) operations: u64,
    /// The largest counter of any operation.
    pub(super) max_op: u64,
    /// Per actor: how many changes, and the device that its first one names.
    pub(super) authors: Vec<(u32, DeviceId)>,
}

/// Checks the change columns of a document with these actors.
pub(super) fn check_history(
    columns: &[&[u8]; 9],
    actors: &[ActorId],
    budget: &mut Budget,
) -> Result<History, GateError> {
    let changes = count_changes(columns[0], budget)?;
    let mut walk = Walk::new(columns, actors.len(), budget);
    for place in 0..changes {
        walk.change(place)?;
    }
    walk.finish(changes, actors)
}

fn count_changes(column: &[u8], budget: &Budget) -> Result<u64, GateError> {
    let mut runs = Runs::<u64>::new(ACTOR, column);
    let mut count = 0u64;
    while let Some(run) = runs.next_run()? {
        count = count.saturating_add(run.count);
        within("changes", count, budget.changes)?;
    }
    Ok(count)
}

/// What was seen of an actor so far.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    changes: u32,
    last: u32,
    author: Option<DeviceId>,
}

struct Walk<'a> {
    actor: ValueItems<'a, u64>,
    number: DeltaItems<'a>,
    counter: DeltaItems<'a>,
    time: DeltaItems<'a>,
    message: ValueItems<'a, &'a str>,
    dep_count: ValueItems<'a, u64>,
    dep: DeltaItems<'a>,
    extra_type: ValueItems<'a, u64>,
    extra: Reader<'a>,
    budget: &'a mut Budget,
    seen: Vec<Seen>,
    /// The last counter of each change so far: four bytes for each of a bounded number.
    max_ops: Vec<u32>,
    /// The dependencies of the change at hand, to find repeated ones.
    deps: Vec<u32>,
    dep_total: u64,
    operations: u64,
    max_op: u32,
}

impl<'a> Walk<'a> {
    fn new(columns: &[&'a [u8]; 9], actors: usize, budget: &'a mut Budget) -> Self {
        let at = |place: usize| (HISTORY_COLUMNS.known[place].1, columns[place]);
        let numbers = |place| ValueItems::<u64>::of(at(place).0, at(place).1);
        let deltas = |place| DeltaItems::of(at(place).0, at(place).1);
        Self {
            actor: numbers(0),
            number: deltas(1),
            counter: deltas(2),
            time: deltas(3),
            message: ValueItems::<&str>::of(at(4).0, at(4).1),
            dep_count: numbers(5),
            dep: deltas(6),
            extra_type: numbers(7),
            extra: Reader::new(columns[8]),
            budget,
            seen: vec![Seen::default(); actors],
            max_ops: Vec::new(),
            deps: Vec::new(),
            dep_total: 0,
            operations: 0,
            max_op: 0,
        }
    }

    fn change(&mut self, place: u64) -> Result<(), GateError> {
        let index = self.actor.value()?;
        let actors = self.seen.len();
        let seen = usize::try_from(index)
            .ok()
            .and_then(|index| self.seen.get(index).copied());
        let mut seen = seen.ok_or(GateError::ActorIndex {
            column: ACTOR,
            index,
            actors,
        })?;
        let number = self.number.value()?;
        if number != i64::from(seen.changes) + 1 {
            return Err(GateError::Range {
                part: "change number",
                value: number,
            });
        }
        let base = self.dependencies(place, &seen)?;
        let max_op = self.counter(base)?;
        check_time(self.time.value()?)?;
        if let Some(message) = self.message.nullable()? {
            let length = message.len() as u64;
            within("message", length, MAX_MESSAGE_BYTES as u64)?;
            self.budget.expand(length)?;
        }
        self.extra(&mut seen)?;
        seen.changes += 1;
        seen.last = place as u32;
        self.seen[index as usize] = seen;
        self.max_ops.push(max_op);
        self.max_op = self.max_op.max(max_op);
        Ok(())
    }

    /// Reads the dependencies: earlier changes, each once, the actor's last one among them.
    /// Returns their largest counter.
    fn dependencies(&mut self, place: u64, seen: &Seen) -> Result<u32, GateError> {
        let count = self.dep_count.value()?;
        within("dependencies", count, MAX_CHANGE_DEPS as u64)?;
        self.dep_total += count;
        within("dependencies", self.dep_total, self.budget.rows)?;
        self.deps.clear();
        let mut base = 0;
        for _ in 0..count {
            let dependency = self.dep.value()?;
            let known = usize::try_from(dependency)
                .ok()
                .and_then(|dep| self.max_ops.get(dep));
            let known = known.ok_or(GateError::Dependency { place, dependency })?;
            base = base.max(*known);
            self.deps.push(dependency as u32);
        }
        if seen.changes > 0 && !self.deps.contains(&seen.last) {
            return Err(GateError::NoPredecessor {
                seq: u64::from(seen.changes) + 1,
            });
        }
        self.deps.sort_unstable();
        match self.deps.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(GateError::Dependency {
                place,
                dependency: i64::from(pair[0]),
            }),
            None => Ok(base),
        }
    }

    /// Reads the counter that the change ends on, given where its dependencies end.
    fn counter(&mut self, base: u32) -> Result<u32, GateError> {
        let counter = self.counter.value()?;
        let out_of_range = GateError::Range {
            part: "change counter",
            value: counter,
        };
        let counter = u32::try_from(counter).map_err(|_| out_of_range.clone())?;
        within("operation counter", u64::from(counter), MAX_OP_COUNTER)?;
        let operations = u64::from(counter.checked_sub(base).ok_or(out_of_range)?);
        within("operations", operations, MAX_CHANGE_OPS)?;
        self.operations += operations;
        Ok(counter)
    }

    fn extra(&mut self, seen: &mut Seen) -> Result<(), GateError> {
        let meta = ScalarMeta::from(self.extra_type.value()?);
        if meta.type_code != scalar::BYTES {
            return Err(meta.misfit());
        }
        let footer = self.extra.take("change extra", meta.length)?;
        if seen.changes == 0 {
            let author = parse_author(footer);
            seen.author = Some(author.ok_or(GateError::AuthorMissing {
                bytes: footer.len(),
            })?);
        } else if !footer.is_empty() {
            return Err(GateError::Extra {
                seq: u64::from(seen.changes) + 1,
                bytes: meta.length,
            });
        }
        Ok(())
    }

    fn finish(mut self, changes: u64, actors: &[ActorId]) -> Result<History, GateError> {
        self.actor.finish()?;
        self.number.finish()?;
        self.counter.finish()?;
        self.time.finish()?;
        self.message.finish()?;
        self.dep_count.finish()?;
        self.dep.finish()?;
        self.extra_type.finish()?;
        if !self.extra.is_empty() {
            return Err(GateError::Trailing {
                part: "change extra",
                bytes: self.extra.left(),
            });
        }
        let authors = self.seen.iter().zip(actors).map(|(seen, actor)| {
            let author = seen.author.ok_or(GateError::IdleActor { actor: *actor })?;
            Ok((seen.changes, author))
        });
        Ok(History {
            changes,
            operations: self.operations,
            max_op: u64::from(self.max_op),
            authors: authors.collect::<Result<_, GateError>>()?,
        })
    }
}
