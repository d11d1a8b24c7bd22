//! Judges one value against one field.
//!
//! Two judges: [`Field::check`] is for the person about to act and knows every constraint;
//! [`Field::fits`] is for received work and knows only the type, because a constraint guides and
//! does not keep work out. Neither reads a clock: the day is an argument.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use regex::{Regex, RegexBuilder};
use rust_decimal::Decimal;

use super::field::{Field, join};
use super::limits::{
    MAX_MATCHED_BYTES, MAX_PATTERN_BYTES, MAX_PATTERN_NESTING, MAX_PATTERN_PROGRAM_BYTES,
};
use crate::value::decimal::read_decimal;
use crate::value::moment::read_date;
use crate::value::text::cut;
use crate::value::{FieldError, FieldType, FieldValue, Moment, Money, RELATIONS, Scalar, Table};

/// The moment of an action and the day it is where the person stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Today {
    /// The moment.
    pub now: Timestamp,
    /// The local day.
    pub date: Date,
    /// Where the person stands, from UTC.
    pub offset: Offset,
}

impl Today {
    /// The day of a moment at an offset from UTC.
    #[must_use]
    pub fn at(now: Timestamp, offset: Offset) -> Self {
        Self {
            now,
            date: offset.to_datetime(now).date(),
            offset,
        }
    }
}

impl Field {
    /// Judges a value that a person is about to give, with every constraint of the field.
    ///
    /// # Errors
    /// The first [`FieldError`] found; each names the field, the value and what to do.
    pub fn check(&self, value: &FieldValue, today: &Today) -> Result<(), FieldError> {
        if value.kind() != self.kind {
            let field = self.label.clone();
            return Err(FieldError::OtherType {
                field,
                given: value.kind(),
                expected: self.kind,
            });
        }
        FieldValue::from_scalar(self.kind, &value.to_scalar()).map_err(|problem| {
            FieldError::Value {
                field: self.label.clone(),
                problem,
            }
        })?;
        match value {
            FieldValue::Text(text) | FieldValue::LongText(text) => self.check_text(text),
            FieldValue::Phone(phone) => self.check_text(phone.as_str()),
            FieldValue::Email(email) => self.check_text(email.as_str()),
            FieldValue::Url(address) => self.check_text(address.as_str()),
            FieldValue::Number(number) => self.check_bounds(number, value),
            FieldValue::Money(money) => self.check_money(money, value),
            FieldValue::Counter(delta) => self.check_bounds(delta, value),
            FieldValue::Date(date) => {
                self.check_past(*date > today.date, value)?;
                self.check_bounds(date, value)
            }
            FieldValue::DateTime(moment) => {
                self.check_past(moment.at() > today.now, value)?;
                self.check_bounds(&moment.at(), value)
            }
            FieldValue::SingleSelect(id) => self.check_option(id),
            FieldValue::MultiSelect(ids) => ids.iter().try_for_each(|id| self.check_option(id)),
            FieldValue::CaseLink(link) => self.check_relation(link.relation()),
            FieldValue::Table(table) => self.check_table(table, today),
            FieldValue::Checkbox(_)
            | FieldValue::Member(_)
            | FieldValue::Party(_)
            | FieldValue::Location(_) => Ok(()),
        }
    }

    /// Whether a received scalar is of the field's type: canonical, and for a table with known
    /// columns of the right types. Null (a cleared field) fits every type that can hold a value but
    /// a counter, whose deltas only add up. Options and constraints are not asked for.
    #[must_use]
    pub fn fits(&self, scalar: &Scalar) -> bool {
        if scalar.is_null() {
            return self.kind.accepts_values() && self.kind != FieldType::Counter;
        }
        match FieldValue::from_scalar(self.kind, scalar) {
            Ok(FieldValue::Table(table)) => table.rows().iter().all(|row| {
                row.cells.iter().all(|(id, cell)| {
                    self.columns
                        .iter()
                        .any(|column| column.id == *id && column.fits(cell))
                })
            }),
            Ok(_) => true,
            Err(_) => false,
        }
    }

    fn check_text(&self, text: &str) -> Result<(), FieldError> {
        let chars = text.chars().count();
        if let Some(max) = self.constraints.max_length.map(|max| max as usize)
            && chars > max
        {
            return Err(FieldError::TooManyChars {
                field: self.label.clone(),
                chars,
                max,
            });
        }
        let Some(pattern) = &self.constraints.pattern else {
            return Ok(());
        };
        let regex = compile(pattern).map_err(|_| self.broken("pattern", pattern))?;
        if text.len() <= MAX_MATCHED_BYTES && regex.is_match(text) {
            return Ok(());
        }
        let asked = || format!("it must match {pattern}");
        Err(FieldError::PatternMismatch {
            field: self.label.clone(),
            value: cut(text),
            message: self.constraints.message.clone().unwrap_or_else(asked),
        })
    }

    fn check_money(&self, money: &Money, value: &FieldValue) -> Result<(), FieldError> {
        let known = &self.constraints.currencies;
        if !known.is_empty() && !known.iter().any(|currency| currency == money.currency()) {
            return Err(FieldError::OtherCurrency {
                field: self.label.clone(),
                given: money.currency().to_owned(),
                known: join(known.iter().map(String::as_str)),
            });
        }
        self.check_bounds(&money.amount(), value)
    }

    fn check_past(&self, in_future: bool, value: &FieldValue) -> Result<(), FieldError> {
        if in_future && self.constraints.not_future {
            let field = self.label.clone();
            return Err(FieldError::InFuture {
                field,
                value: value.words(self),
            });
        }
        Ok(())
    }

    fn check_bounds<T: Bound>(&self, given: &T, value: &FieldValue) -> Result<(), FieldError> {
        let outside = |side, bound: &Scalar| FieldError::OutOfBounds {
            field: self.label.clone(),
            value: value.words(self),
            side,
            bound: bound.to_string(),
        };
        if let Some(min) = &self.constraints.min {
            let least = T::read(min).ok_or_else(|| self.broken("min", &min.to_string()))?;
            if *given < least {
                return Err(outside("below", min));
            }
        }
        if let Some(max) = &self.constraints.max {
            let most = T::read(max).ok_or_else(|| self.broken("max", &max.to_string()))?;
            if *given > most {
                return Err(outside("above", max));
            }
        }
        Ok(())
    }

    fn check_option(&self, id: &str) -> Result<(), FieldError> {
        let (field, known) = (self.label.clone(), self.offered_options());
        match self.options.iter().find(|option| option.id == id) {
            None => Err(FieldError::UnknownOption {
                field,
                value: cut(id),
                known,
            }),
            Some(option) if option.disabled => Err(FieldError::DisabledOption {
                field,
                value: option.label.clone(),
                known,
            }),
            Some(_) => Ok(()),
        }
    }

    fn check_relation(&self, relation: &str) -> Result<(), FieldError> {
        if RELATIONS.contains(&relation) {
            return Ok(());
        }
        Err(FieldError::UnknownRelation {
            field: self.label.clone(),
            given: relation.to_owned(),
            known: join(RELATIONS.into_iter()),
        })
    }

    fn check_table(&self, table: &Table, today: &Today) -> Result<(), FieldError> {
        for row in table.rows() {
            for (id, cell) in &row.cells {
                let column = self.column(&row.id, id)?;
                FieldValue::from_scalar(column.kind, cell)
                    .map_err(|problem| FieldError::Value {
                        field: column.label.clone(),
                        problem,
                    })
                    .and_then(|value| column.check(&value, today))
                    .map_err(|problem| FieldError::Cell {
                        field: self.label.clone(),
                        row: row.id.clone(),
                        problem: Box::new(problem),
                    })?;
            }
        }
        Ok(())
    }

    fn broken(&self, constraint: &'static str, value: &str) -> FieldError {
        FieldError::BrokenConstraint {
            field: self.label.clone(),
            constraint,
            value: cut(value),
        }
    }
}

/// What a `min` or `max` is compared with.
pub(super) trait Bound: PartialOrd + Sized {
    /// Reads the bound as a template writes it.
    fn read(bound: &Scalar) -> Option<Self>;
}

impl Bound for Decimal {
    fn read(bound: &Scalar) -> Option<Self> {
        match bound {
            Scalar::Int(value) => Some((*value).into()),
            Scalar::Text(text) => read_decimal(text),
            Scalar::Null | Scalar::Bool(_) => None,
        }
    }
}

impl Bound for i64 {
    fn read(bound: &Scalar) -> Option<Self> {
        match bound {
            Scalar::Int(value) => Some(*value),
            Scalar::Null | Scalar::Bool(_) | Scalar::Text(_) => None,
        }
    }
}

impl Bound for Date {
    fn read(bound: &Scalar) -> Option<Self> {
        read_date(bound.as_text()?)
    }
}

impl Bound for Timestamp {
    fn read(bound: &Scalar) -> Option<Self> {
        Moment::read(bound.as_text()?).map(|moment| moment.at())
    }
}

/// Compiles a pattern so that it must match the whole text, within the limits.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(format!(
            "it has {} bytes and may have {MAX_PATTERN_BYTES}",
            pattern.len()
        ));
    }
    let build = |pattern: &str| {
        RegexBuilder::new(pattern)
            .size_limit(MAX_PATTERN_PROGRAM_BYTES)
            .dfa_size_limit(MAX_PATTERN_PROGRAM_BYTES)
            .nest_limit(MAX_PATTERN_NESTING)
            .build()
            .map_err(|error| error.to_string())
    };
    // Alone first: `a)|(b` is no pattern, though it would be one between the parentheses below.
    build(pattern)?;
    build(&format!("^(?:{pattern})$"))
}
