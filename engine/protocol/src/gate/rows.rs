//! The operation columns of a saved document, run by run: no run is taken apart.
//!
//! Does not match operations with their objects; opening the document does. Invariant: all columns
//! have the same number of rows, and no number in them reaches beyond the document.

use super::GateError;
use super::columns::{Booleans, Run, RunSource, Runs};
use super::document::Budget;
use super::layout::{Deflate, Layout};
use super::leb::{Reader, within};
use super::scalar::ScalarMeta;

/// The operation columns of a document.
pub(super) const ROW_COLUMNS: Layout<16> = Layout {
    known: [
        (0x01, "object actor"),
        (0x02, "object counter"),
        (0x11, "key actor"),
        (0x13, "key counter"),
        (0x15, "key text"),
        (0x21, "operation actor"),
        (0x23, "operation counter"),
        (0x34, "insert"),
        (0x42, "action"),
        (0x56, "value type"),
        (0x57, "value"),
        (0x80, "successor count"),
        (0x81, "successor actor"),
        (0x83, "successor counter"),
        (0x94, "expand"),
        (0xa5, "mark name"),
    ],
    deflate: Deflate::Allowed,
};

/// What the operation columns add up to.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Operations with a row of their own: all but deletions.
    pub(super) rows: u64,
    pub(super) successors: u64,
    /// Total of the lengths that value types claim.
    values: Option<u64>,
}

/// What a number in the columns may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) actors: usize,
    pub(super) max_op: u64,
}

/// How many rows a column must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// As many as it likes, within the budget.
    First,
    Exactly(u64),
    /// As many, or the column is left out.
    ExactlyOrNone(u64),
}

impl Rows {
    /// Checks one column; columns come in the order of [`ROW_COLUMNS`], but the operation actor
    /// first, because it says how many rows there are.
    pub(super) fn check(
        &mut self,
        place: usize,
        bytes: &[u8],
        bounds: Bounds,
        budget: &mut Budget,
    ) -> Result<(), GateError> {
        let column = Checked {
            name: ROW_COLUMNS.known[place].1,
            bytes,
            limit: budget.rows,
        };
        let (all, some) = (Expect::Exactly(self.rows), Expect::ExactlyOrNone(self.rows));
        match place {
            0 | 2 => column.actors(bounds, Nulls::Allowed, some).map(drop),
            1 => column.counters(bounds, some),
            3 => column.deltas(0, bounds, Nulls::Allowed, some),
            4 | 15 => column.texts(budget, some),
            5 => {
                self.rows = column.actors(bounds, Nulls::Refused, Expect::First)?;
                Ok(())
            }
            6 => column.deltas(1, bounds, Nulls::Refused, all),
            7 => column.booleans(all),
            8 => column.actions(all),
            9 => {
                self.values = Some(column.value_lengths(all)?);
                Ok(())
            }
            11 => {
                self.successors = column.successors(all)?;
                Ok(())
            }
            12 => {
                let expected = Expect::Exactly(self.successors);
                column.actors(bounds, Nulls::Refused, expected).map(drop)
            }
            13 => column.deltas(1, bounds, Nulls::Refused, Expect::Exactly(self.successors)),
            14 => column.booleans(some),
            _ => unreachable!("the value column is checked with its types"),
        }
    }

    /// Checks the value column against the types, run by run.
    pub(super) fn check_values(&self, types: &[u8], values: &[u8]) -> Result<(), GateError> {
        if self.values != Some(values.len() as u64) {
            return Err(GateError::Rows { column: "value" });
        }
        let mut runs = Runs::<u64>::new("value type", types);
        let mut raw = Reader::new(values);
        while let Some(run) = runs.next_run()? {
            let meta = run.value.ok_or(GateError::Null {
                column: "value type",
            })?;
            ScalarMeta::from(meta).check_run(run.count, &mut raw)?;
        }
        Ok(())
    }
}

/// Where the value types and the values stand in [`ROW_COLUMNS`].
pub(super) const VALUE_TYPES: usize = 9;
/// See [`VALUE_TYPES`].
pub(super) const VALUES: usize = 10;
/// The columns in the order in which they are checked.
pub(super) const CHECK_ORDER: [usize; 15] = [5, 0, 1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 15];

/// Whether a column may hold nulls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nulls {
    Allowed,
    Refused,
}

/// One column under examination.
struct Checked<'a> {
    name: &'static str,
    bytes: &'a [u8],
    limit: u64,
}

impl Checked<'_> {
    fn actors(&self, bounds: Bounds, nulls: Nulls, expect: Expect) -> Result<u64, GateError> {
        let (column, actors) = (self.name, bounds.actors);
        self.tally(
            Runs::<u64>::new(column, self.bytes),
            expect,
            |run| match run.value {
                Some(index) if index < actors as u64 => Ok(()),
                Some(index) => Err(GateError::ActorIndex {
                    column,
                    index,
                    actors,
                }),
                None if nulls == Nulls::Allowed => Ok(()),
                None => Err(GateError::Null { column }),
            },
        )
    }

    fn counters(&self, bounds: Bounds, expect: Expect) -> Result<(), GateError> {
        let (column, most) = (self.name, bounds.max_op);
        self.tally(
            Runs::<u64>::new(column, self.bytes),
            expect,
            |run| match run.value {
                None => Ok(()),
                Some(counter) if counter > 0 && counter <= most => Ok(()),
                Some(counter) => {
                    let counter = i64::try_from(counter).unwrap_or(i64::MAX);
                    Err(GateError::Counter {
                        column,
                        counter,
                        most,
                    })
                }
            },
        )
        .map(drop)
    }

    /// A run of differences moves in one direction, so its two ends bound all of it.
    fn deltas(
        &self,
        least: i64,
        bounds: Bounds,
        nulls: Nulls,
        expect: Expect,
    ) -> Result<(), GateError> {
        let (column, most) = (self.name, bounds.max_op);
        let mut running = 0i64;
        self.tally(Runs::<i64>::new(column, self.bytes), expect, |run| {
            let Some(delta) = run.value else {
                let refused = nulls == Nulls::Refused;
                return if refused {
                    Err(GateError::Null { column })
                } else {
                    Ok(())
                };
            };
            let overflow = GateError::DeltaOverflow { column };
            let first = running.checked_add(delta).ok_or(overflow.clone())?;
            let steps = i64::try_from(run.count).map_err(|_| overflow.clone())?;
            let way = delta.checked_mul(steps).ok_or(overflow.clone())?;
            running = running.checked_add(way).ok_or(overflow)?;
            match [first, running]
                .into_iter()
                .find(|end| *end < least || *end > most as i64)
            {
                Some(counter) => Err(GateError::Counter {
                    column,
                    counter,
                    most,
                }),
                None => Ok(()),
            }
        })
        .map(drop)
    }

    fn texts(&self, budget: &mut Budget, expect: Expect) -> Result<(), GateError> {
        self.tally(
            Runs::<&str>::new(self.name, self.bytes),
            expect,
            |run| match run.value {
                Some(text) => budget.expand((text.len() as u64).saturating_mul(run.count)),
                None => Ok(()),
            },
        )
        .map(drop)
    }

    fn booleans(&self, expect: Expect) -> Result<(), GateError> {
        self.tally(Booleans::new(self.name, self.bytes), expect, |_| Ok(()))
            .map(drop)
    }

    fn actions(&self, expect: Expect) -> Result<(), GateError> {
        let column = self.name;
        self.tally(
            Runs::<u64>::new(column, self.bytes),
            expect,
            |run| match run.value {
                // 3 is a deletion, which has no row.
                Some(0..=2 | 4..=7) => Ok(()),
                Some(code) => Err(GateError::Action { code }),
                None => Err(GateError::Null { column }),
            },
        )
        .map(drop)
    }

    fn value_lengths(&self, expect: Expect) -> Result<u64, GateError> {
        let column = self.name;
        let mut total = 0u64;
        self.tally(Runs::<u64>::new(column, self.bytes), expect, |run| {
            let meta = ScalarMeta::from(run.value.ok_or(GateError::Null { column })?);
            total = total.saturating_add(meta.length.saturating_mul(run.count));
            Ok(())
        })?;
        Ok(total)
    }

    fn successors(&self, expect: Expect) -> Result<u64, GateError> {
        let (column, limit) = (self.name, self.limit);
        let mut total = 0u64;
        self.tally(Runs::<u64>::new(column, self.bytes), expect, |run| {
            let count = run.value.ok_or(GateError::Null { column })?;
            total = total.saturating_add(count.saturating_mul(run.count));
            within("successors", total, limit)
        })?;
        Ok(total)
    }

    /// Goes through the runs, holds their total against the limit before each is looked at, and
    /// against what is expected at the end.
    fn tally<S: RunSource>(
        &self,
        mut source: S,
        expect: Expect,
        mut look: impl FnMut(Run<S::Value>) -> Result<(), GateError>,
    ) -> Result<u64, GateError> {
        let mut total = 0u64;
        while let Some(run) = source.advance()? {
            total = total.saturating_add(run.count);
            within(self.name, total, self.limit)?;
            look(run)?;
        }
        let agrees = match expect {
            Expect::First => true,
            Expect::Exactly(rows) => total == rows,
            Expect::ExactlyOrNone(rows) => total == rows || self.bytes.is_empty(),
        };
        if agrees {
            Ok(total)
        } else {
            Err(GateError::Rows { column: self.name })
        }
    }
}
