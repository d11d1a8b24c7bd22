//! Run-length readers for the columns of changes and documents; they never materialise a run.
//!
//! Invariant: a column is accepted only in the one spelling the document library writes (a run of
//! two or more equal values is a repeat, neighbours that could be merged are merged). A document
//! is rebuilt into its changes when it is opened; another spelling would hash differently then.

use super::GateError;
use super::leb::Reader;

/// A value that a run-length column holds.
pub(super) trait RunValue<'a>: Copy + PartialEq {
    /// Reads one value.
    fn read(reader: &mut Reader<'a>, column: &'static str) -> Result<Self, GateError>;
}

impl RunValue<'_> for u64 {
    #[inline]
    fn read(reader: &mut Reader<'_>, column: &'static str) -> Result<Self, GateError> {
        reader.unsigned(column)
    }
}

impl RunValue<'_> for i64 {
    #[inline]
    fn read(reader: &mut Reader<'_>, column: &'static str) -> Result<Self, GateError> {
        reader.signed(column)
    }
}

impl<'a> RunValue<'a> for &'a str {
    fn read(reader: &mut Reader<'a>, column: &'static str) -> Result<Self, GateError> {
        let length = reader.unsigned(column)?;
        let bytes = reader.take(column, length)?;
        core::str::from_utf8(bytes).map_err(|_| GateError::Text { part: column })
    }
}

/// `count` times the same value; `None` is a null.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Run<V> {
    pub(super) value: Option<V>,
    /// 1 or more, and as large as the bytes claim.
    pub(super) count: u64,
}

/// What came before in a column.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Before<V> {
    Nothing,
    Nulls,
    Repeat(V),
    Literal(V),
}

/// The runs of one column.
#[derive(Debug, Clone)]
pub(super) struct Runs<'a, V> {
    reader: Reader<'a>,
    column: &'static str,
    literals: u64,
    before: Before<V>,
}

impl<'a, V: RunValue<'a>> Runs<'a, V> {
    pub(super) fn new(column: &'static str, bytes: &'a [u8]) -> Self {
        Self {
            reader: Reader::new(bytes),
            column,
            literals: 0,
            before: Before::Nothing,
        }
    }

    /// The next run; literals come one by one.
    pub(super) fn next_run(&mut self) -> Result<Option<Run<V>>, GateError> {
        if self.literals == 0 {
            if self.reader.is_empty() {
                return Ok(None);
            }
            let header = self.reader.signed(self.column)?;
            match header {
                0 => return self.nulls().map(Some),
                1 => return Err(self.spelling()),
                2.. => return self.repeat(header.unsigned_abs()).map(Some),
                ..0 => self.open_literals(header.unsigned_abs())?,
            }
        }
        self.literals -= 1;
        let value = V::read(&mut self.reader, self.column)?;
        self.differs(value)?;
        self.before = Before::Literal(value);
        Ok(Some(Run {
            value: Some(value),
            count: 1,
        }))
    }

    fn nulls(&mut self) -> Result<Run<V>, GateError> {
        let count = self.reader.unsigned(self.column)?;
        if count == 0 || self.before == Before::Nulls {
            return Err(self.spelling());
        }
        self.before = Before::Nulls;
        Ok(Run { value: None, count })
    }

    fn repeat(&mut self, count: u64) -> Result<Run<V>, GateError> {
        let value = V::read(&mut self.reader, self.column)?;
        self.differs(value)?;
        self.before = Before::Repeat(value);
        Ok(Run {
            value: Some(value),
            count,
        })
    }

    fn open_literals(&mut self, count: u64) -> Result<(), GateError> {
        if matches!(self.before, Before::Literal(_)) {
            return Err(self.spelling());
        }
        self.literals = count;
        Ok(())
    }

    /// Refuses a value that should have been part of what came before.
    fn differs(&self, value: V) -> Result<(), GateError> {
        match self.before {
            Before::Repeat(last) | Before::Literal(last) if last == value => Err(self.spelling()),
            Before::Nothing | Before::Nulls | Before::Repeat(_) | Before::Literal(_) => Ok(()),
        }
    }

    fn spelling(&self) -> GateError {
        GateError::Spelling {
            column: self.column,
        }
    }
}

/// The runs of a column of booleans: counts of false and true in turn, starting with false.
#[derive(Debug, Clone)]
pub(super) struct Booleans<'a> {
    reader: Reader<'a>,
    column: &'static str,
    next: bool,
    started: bool,
}

impl<'a> Booleans<'a> {
    pub(super) fn new(column: &'static str, bytes: &'a [u8]) -> Self {
        Self {
            reader: Reader::new(bytes),
            column,
            next: false,
            started: false,
        }
    }

    /// The next run; only the very first count may be zero, and not if it is the only one.
    pub(super) fn next_run(&mut self) -> Result<Option<Run<bool>>, GateError> {
        loop {
            if self.reader.is_empty() {
                return Ok(None);
            }
            let count = self.reader.unsigned(self.column)?;
            let value = self.next;
            if count == 0 && (self.started || self.reader.is_empty()) {
                return Err(GateError::Spelling {
                    column: self.column,
                });
            }
            self.started = true;
            self.next = !value;
            if count > 0 {
                return Ok(Some(Run {
                    value: Some(value),
                    count,
                }));
            }
        }
    }
}

/// A source of runs, so that values of every kind of column can be taken one by one.
pub(super) trait RunSource {
    type Value: Copy;
    fn column(&self) -> &'static str;
    fn advance(&mut self) -> Result<Option<Run<Self::Value>>, GateError>;
}

impl<'a, V: RunValue<'a>> RunSource for Runs<'a, V> {
    type Value = V;

    fn column(&self) -> &'static str {
        self.column
    }

    #[inline]
    fn advance(&mut self) -> Result<Option<Run<V>>, GateError> {
        self.next_run()
    }
}

impl RunSource for Booleans<'_> {
    type Value = bool;

    fn column(&self) -> &'static str {
        self.column
    }

    #[inline]
    fn advance(&mut self) -> Result<Option<Run<bool>>, GateError> {
        self.next_run()
    }
}

/// Takes the values of a column one by one, to walk several columns in step.
#[derive(Debug, Clone)]
pub(super) struct Items<S: RunSource> {
    source: S,
    value: Option<S::Value>,
    left: u64,
    absent: bool,
    shows: bool,
}

/// Values one by one of a run-length column.
pub(super) type ValueItems<'a, V> = Items<Runs<'a, V>>;
/// Values one by one of a boolean column.
pub(super) type BooleanItems<'a> = Items<Booleans<'a>>;

impl<'a, V: RunValue<'a>> ValueItems<'a, V> {
    pub(super) fn of(column: &'static str, bytes: &'a [u8]) -> Self {
        Self::over(Runs::new(column, bytes), bytes.is_empty())
    }
}

impl<'a> BooleanItems<'a> {
    pub(super) fn of(column: &'static str, bytes: &'a [u8]) -> Self {
        Self::over(Booleans::new(column, bytes), bytes.is_empty())
    }
}

impl<S: RunSource> Items<S> {
    fn over(source: S, absent: bool) -> Self {
        Self {
            source,
            value: None,
            left: 0,
            absent,
            shows: false,
        }
    }

    /// The next value of a column that has no nulls and may not be left out.
    #[inline]
    pub(super) fn value(&mut self) -> Result<S::Value, GateError> {
        if self.left == 0 {
            self.refill()?;
        }
        self.left -= 1;
        self.value.ok_or(GateError::Null {
            column: self.source.column(),
        })
    }

    /// The next value or null; a column that was left out has only nulls.
    #[inline]
    pub(super) fn nullable(&mut self) -> Result<Option<S::Value>, GateError> {
        if self.absent {
            return Ok(None);
        }
        if self.left == 0 {
            self.refill()?;
        }
        self.left -= 1;
        self.shows |= self.value.is_some();
        Ok(self.value)
    }

    /// Refuses a column that has more rows than were taken.
    pub(super) fn finish(&mut self) -> Result<(), GateError> {
        if self.left > 0 || self.source.advance()?.is_some() {
            return Err(GateError::Rows {
                column: self.source.column(),
            });
        }
        Ok(())
    }

    /// Like [`Self::finish`], and refuses a column of nulls only: it must be left out.
    pub(super) fn finish_nullable(&mut self) -> Result<(), GateError> {
        self.finish()?;
        if !self.absent && !self.shows {
            return Err(GateError::Spelling {
                column: self.source.column(),
            });
        }
        Ok(())
    }

    fn refill(&mut self) -> Result<(), GateError> {
        let column = self.source.column();
        let run = self.source.advance()?.ok_or(GateError::Rows { column })?;
        self.value = run.value;
        self.left = run.count;
        Ok(())
    }
}

/// Values one by one of a column of differences; nulls do not move the running value.
#[derive(Debug, Clone)]
pub(super) struct DeltaItems<'a> {
    deltas: ValueItems<'a, i64>,
    running: i64,
}

impl<'a> DeltaItems<'a> {
    pub(super) fn of(column: &'static str, bytes: &'a [u8]) -> Self {
        Self {
            deltas: ValueItems::of(column, bytes),
            running: 0,
        }
    }

    /// The next value of a column without nulls.
    #[inline]
    pub(super) fn value(&mut self) -> Result<i64, GateError> {
        let delta = self.deltas.value()?;
        self.step(delta)
    }

    /// The next value or null.
    #[inline]
    pub(super) fn nullable(&mut self) -> Result<Option<i64>, GateError> {
        match self.deltas.nullable()? {
            Some(delta) => self.step(delta).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn finish(&mut self) -> Result<(), GateError> {
        self.deltas.finish()
    }

    pub(super) fn finish_nullable(&mut self) -> Result<(), GateError> {
        self.deltas.finish_nullable()
    }

    fn step(&mut self, delta: i64) -> Result<i64, GateError> {
        let column = self.deltas.source.column();
        self.running = self
            .running
            .checked_add(delta)
            .ok_or(GateError::DeltaOverflow { column })?;
        Ok(self.running)
    }
}

#[cfg(test)]
mod tests {
    use super::super::forge::{self, Column};
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Result<Vec<Option<u64>>, GateError> {
        let mut runs = Runs::<u64>::new("test", bytes);
        let mut values = Vec::new();
        while let Some(run) = runs.next_run()? {
            values.extend(core::iter::repeat_n(
                run.value,
                run.count.min(1_000) as usize,
            ));
        }
        Ok(values)
    }

    #[test]
    fn runs_that_could_be_merged_or_are_empty_are_refused() {
        let refused = Err(GateError::Spelling { column: "test" });
        for bytes in [
            &[1, 5][..],         // a repeat of one
            &[2, 5, 2, 5],       // two repeats of one value
            &[0, 0],             // no nulls
            &[0, 1, 0, 1],       // two runs of nulls
            &[0x7f, 5, 0x7f, 6], // two literal runs
            &[0x7e, 5, 5],       // equal literals
            &[2, 5, 0x7f, 5],    // a literal that belongs to the repeat
            &[0x7f, 5, 2, 5],    // a repeat that begins with the literal
        ] {
            assert_eq!(read(bytes), refused, "{bytes:?}");
        }
    }

    #[test]
    fn a_literal_run_longer_than_its_bytes_is_refused() {
        assert!(matches!(read(&[0x7e, 5]), Err(GateError::Truncated { .. })));
        let mut least = vec![0x80; 9];
        least.push(0x7f);
        assert!(matches!(read(&least), Err(GateError::Truncated { .. })));
    }

    #[test]
    fn a_boolean_run_of_nothing_is_refused_unless_it_leads() {
        let all = |bytes: &[u8]| {
            let mut runs = Booleans::new("test", bytes);
            let mut found = Vec::new();
            while let Some(run) = runs.next_run()? {
                found.push((run.value, run.count));
            }
            Ok(found)
        };
        assert_eq!(all(&[0, 3, 1]), Ok(vec![(Some(true), 3), (Some(false), 1)]));
        for bytes in [&[0][..], &[1, 0], &[1, 0, 1], &[0, 0, 1]] {
            assert_eq!(
                all(bytes),
                Err(GateError::Spelling { column: "test" }),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn a_delta_that_overflows_is_refused() {
        let mut bytes = Vec::new();
        forge::write_signed(&mut bytes, 2);
        forge::write_signed(&mut bytes, i64::MAX);
        let mut items = DeltaItems::of("test", &bytes);
        assert_eq!(items.value(), Ok(i64::MAX));
        assert_eq!(
            items.value(),
            Err(GateError::DeltaOverflow { column: "test" })
        );
    }

    proptest! {
        #[test]
        fn what_the_writer_writes_reads_back(values in proptest::collection::vec(proptest::option::of(0u64..3), 0..60)) {
            prop_assert_eq!(read(&Column::of(&values)), Ok(values));
        }

        #[test]
        fn an_accepted_column_is_spelled_in_the_only_way(bytes in proptest::collection::vec(prop_oneof![0u8..6, 0x7cu8..0x80], 0..24)) {
            if let Ok(values) = read(&bytes) {
                prop_assert_eq!(Column::of(&values), bytes);
            }
        }
    }
}
