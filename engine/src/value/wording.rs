//! Field values from the words people write and back to words.
//!
//! Lenient where nothing can be misunderstood (blanks, case of currencies, an option by its label),
//! strict where it could. What [`FieldValue::words`] shows, [`FieldValue::parse`] reads back.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::limits::MAX_TEXT_BYTES;

use super::coding::refuse_valueless;
use super::contact::{Email, Phone, WebAddress};
use super::decimal::{decimal_text, read_decimal};
use super::moment::{Moment, read_date};
use super::text::{cut, is_one_line, is_prose};
use super::{CaseLink, FieldError, FieldType, FieldValue, Location, Money, Party};
use super::{Row, Scalar, Table, ValueError};
use crate::template::Field;

impl FieldValue {
    /// Reads what a person wrote for a field. The field's constraints are judged separately, by
    /// [`Field::check`].
    ///
    /// # Errors
    /// [`FieldError`] naming the field, the value and what was expected; nothing given is an error
    /// too, because emptying a field is an action of its own.
    pub fn parse(field: &Field, words: &str) -> Result<Self, FieldError> {
        let refuse = |problem| FieldError::Value {
            field: field.label.clone(),
            problem,
        };
        refuse_valueless(field.kind).map_err(refuse)?;
        if words.len() > MAX_TEXT_BYTES {
            return Err(refuse(ValueError::TooLong {
                bytes: words.len(),
                max: MAX_TEXT_BYTES,
            }));
        }
        if words.trim().is_empty() {
            return Err(refuse(ValueError::Blank));
        }
        if field.kind == FieldType::SingleSelect {
            return option(field, words).map(Self::SingleSelect);
        }
        if field.kind == FieldType::MultiSelect {
            return options(field, words).map(Self::MultiSelect);
        }
        if field.kind == FieldType::Table {
            return table(field, words).map(Self::Table);
        }
        let malformed = || ValueError::Malformed {
            kind: field.kind,
            value: cut(words),
        };
        read(field, words).ok_or_else(|| refuse(malformed()))
    }

    /// The value in words for people: options by their labels, amounts as `12.50 EUR`. A member is
    /// its id, because names live in the roster; a table is its JSON.
    #[must_use]
    pub fn words(&self, field: &Field) -> String {
        let label = |id: &String| {
            field
                .options
                .iter()
                .find(|o| o.id == *id)
                .map_or_else(|| id.clone(), |o| o.label.clone())
        };
        match self {
            Self::Text(text) | Self::LongText(text) => text.clone(),
            Self::Number(value) => decimal_text(*value),
            Self::Money(money) => money.to_string(),
            Self::Date(date) => date.to_string(),
            Self::DateTime(moment) => moment.to_string(),
            Self::Checkbox(true) => "yes".to_owned(),
            Self::Checkbox(false) => "no".to_owned(),
            Self::SingleSelect(id) => label(id),
            Self::MultiSelect(ids) => ids.iter().map(label).collect::<Vec<_>>().join("; "),
            Self::Member(member) => member.to_string(),
            Self::Party(party) => party.to_string(),
            Self::CaseLink(link) => link.to_string(),
            Self::Phone(phone) => phone.to_string(),
            Self::Email(email) => email.to_string(),
            Self::Url(address) => address.to_string(),
            Self::Location(location) => location.to_string(),
            Self::Counter(value) => value.to_string(),
            Self::Table(table) => table.to_json(),
        }
    }
}

/// The types that need no options and no columns.
fn read(field: &Field, words: &str) -> Option<FieldValue> {
    let trimmed = words.trim();
    match field.kind {
        FieldType::Text => is_one_line(words).then(|| FieldValue::Text(words.to_owned())),
        FieldType::LongText => {
            let lines = words.replace("\r\n", "\n");
            is_prose(&lines).then_some(FieldValue::LongText(lines))
        }
        FieldType::Number => read_decimal(trimmed).map(FieldValue::Number),
        FieldType::Money => {
            let only = match &field.constraints.currencies[..] {
                [only] => Some(only.as_str()),
                _ => None,
            };
            Money::read(trimmed, only).map(FieldValue::Money)
        }
        FieldType::Date => read_date(trimmed).map(FieldValue::Date),
        FieldType::DateTime => Moment::read(trimmed).map(FieldValue::DateTime),
        FieldType::Checkbox => match trimmed.to_ascii_lowercase().as_str() {
            "yes" | "true" | "on" | "1" => Some(FieldValue::Checkbox(true)),
            "no" | "false" | "off" | "0" => Some(FieldValue::Checkbox(false)),
            _ => None,
        },
        FieldType::Member => trimmed.parse().ok().map(FieldValue::Member),
        FieldType::Party => Party::read(trimmed).map(FieldValue::Party),
        FieldType::CaseLink => CaseLink::read(trimmed).map(FieldValue::CaseLink),
        FieldType::Phone => Phone::new(trimmed).map(FieldValue::Phone),
        FieldType::Email => Email::new(trimmed).map(FieldValue::Email),
        FieldType::Url => WebAddress::new(trimmed).map(FieldValue::Url),
        FieldType::Location => Location::read(trimmed).map(FieldValue::Location),
        FieldType::Counter => trimmed.parse().ok().map(FieldValue::Counter),
        FieldType::SingleSelect
        | FieldType::MultiSelect
        | FieldType::Table
        | FieldType::File
        | FieldType::Signature
        | FieldType::Formula => None,
    }
}

/// An option by its id or, in any case, its label.
fn find_option<'a>(field: &'a Field, words: &str) -> Option<&'a str> {
    let words = words.trim();
    let lower = words.to_lowercase();
    field
        .options
        .iter()
        .find(|option| option.id == words)
        .or_else(|| {
            field
                .options
                .iter()
                .find(|option| option.label.to_lowercase() == lower)
        })
        .map(|option| option.id.as_str())
}

fn option(field: &Field, words: &str) -> Result<String, FieldError> {
    find_option(field, words)
        .map(str::to_owned)
        .ok_or_else(|| FieldError::UnknownOption {
            field: field.label.clone(),
            value: cut(words.trim()),
            known: field.offered_options(),
        })
}

/// Several options: one label as it stands (it may hold a comma), else separated by semicolons,
/// else by commas.
fn options(field: &Field, words: &str) -> Result<BTreeSet<String>, FieldError> {
    if let Some(id) = find_option(field, words) {
        return Ok([id.to_owned()].into());
    }
    let separator = if words.contains(';') { ';' } else { ',' };
    words
        .split(separator)
        .filter(|part| !part.trim().is_empty())
        .map(|part| option(field, part))
        .collect::<Result<BTreeSet<String>, _>>()
        .and_then(|ids| {
            if ids.is_empty() {
                option(field, words).map(|id| [id].into())
            } else {
                Ok(ids)
            }
        })
}

/// Rows as JSON whose cells are written as people write them: `"2.50"` for a number column.
fn table(field: &Field, words: &str) -> Result<Table, FieldError> {
    let malformed = || FieldError::Value {
        field: field.label.clone(),
        problem: ValueError::Malformed {
            kind: FieldType::Table,
            value: cut(words),
        },
    };
    let written: Vec<Row> = serde_json::from_str(words).map_err(|_| malformed())?;
    let mut rows = Vec::with_capacity(written.len());
    for Row { id, cells } in written {
        let mut read = BTreeMap::new();
        for (column, cell) in cells {
            if cell.is_null() {
                continue;
            }
            let scalar = table_cell(field, &id, &column, &cell)?;
            read.insert(column, scalar);
        }
        rows.push(Row { id, cells: read });
    }
    Table::new(rows).ok_or_else(malformed)
}

fn table_cell(field: &Field, row: &str, id: &str, cell: &Scalar) -> Result<Scalar, FieldError> {
    let column = field.column(row, id)?;
    FieldValue::parse(column, &cell.to_string())
        .map(|value| value.to_scalar())
        .map_err(|problem| FieldError::Cell {
            field: field.label.clone(),
            row: row.to_owned(),
            problem: Box::new(problem),
        })
}
