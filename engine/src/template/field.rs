//! A field of a template: its type, its constraints and how it is shown.
//!
//! Everything is public and may be wrong until the package is published.

use serde::{Deserialize, Serialize};

use super::package::is_false;
use super::rule::Rule;
use crate::value::{ConflictPolicy, FieldError, FieldType, FieldValue, Scalar};

/// A typed field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Stable id; never reused and never renamed.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// A sentence shown beside the input.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
    /// The type; it can never change.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// The value of a newly opened case, in the words a person would write (`"12.50 EUR"`, `true`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Scalar>,
    /// What happens to concurrent values; absent for the type's own policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<ConflictPolicy>,
    /// Masked in lists and exports.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sensitive: bool,
    /// Found by the search.
    #[serde(default, skip_serializing_if = "is_false")]
    pub searchable: bool,
    /// Shown on the card.
    #[serde(default, skip_serializing_if = "is_false")]
    pub card: bool,
    /// What a formula computes from. Kept as written; nothing evaluates it yet.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub formula: String,
    /// What a value must satisfy beyond its type.
    #[serde(default, skip_serializing_if = "Constraints::is_empty")]
    pub constraints: Constraints,
    /// The options of a select, in the order of the list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
    /// The columns of a table: fields of a simple type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<Self>,
    /// No longer filled; cases that have a value keep and show it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disabled: bool,
    /// What is said before a value is given, with the new value in place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
}

/// What a value must satisfy beyond its type, when it is given. Received work that breaks a
/// constraint lands all the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Constraints {
    /// Smallest number, amount, date, moment or counter step, inclusive (`0`, `"2.5"`,
    /// `"2026-01-01"`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Scalar>,
    /// Largest one, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Scalar>,
    /// A regular expression that the whole text must match (syntax of the crate `regex`: linear
    /// time, so no look-around and no back-references).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// What people read when the pattern does not match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Refuses dates after today and moments after now.
    #[serde(default, skip_serializing_if = "is_false")]
    pub not_future: bool,
    /// Most characters of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// The currencies an amount may have; none listed = any. A single one need not be written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub currencies: Vec<String>,
}

/// An option of a select.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Stable id; this is what is stored.
    pub id: String,
    /// What people choose. Without semicolons, which separate several choices.
    pub label: String,
    /// No longer offered; cases that have it keep it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disabled: bool,
}

impl Choice {
    /// An option that is offered.
    #[must_use]
    pub fn new(id: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            disabled: false,
        }
    }
}

impl Constraints {
    /// True when nothing is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Field {
    /// A field without constraints, options or a default.
    #[must_use]
    pub fn new(id: impl Into<String>, label: impl Into<String>, kind: FieldType) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            help: String::new(),
            kind,
            default: None,
            conflict: None,
            sensitive: false,
            searchable: false,
            card: false,
            formula: String::new(),
            constraints: Constraints::default(),
            options: Vec::new(),
            columns: Vec::new(),
            disabled: false,
            rules: Vec::new(),
        }
    }

    /// What happens to concurrent values of this field.
    #[must_use]
    pub fn policy(&self) -> ConflictPolicy {
        self.conflict
            .unwrap_or_else(|| ConflictPolicy::default_for(self.kind))
    }

    /// The value of a newly opened case, if the template gives one.
    ///
    /// # Errors
    /// [`FieldError`] when the default is not a value of the field; never for a published field.
    pub fn default_value(&self) -> Result<Option<FieldValue>, FieldError> {
        match &self.default {
            None | Some(Scalar::Null) => Ok(None),
            Some(words) => FieldValue::parse(self, &words.to_string()).map(Some),
        }
    }

    /// The labels that can be chosen, for messages.
    pub(crate) fn offered_options(&self) -> String {
        let offered = self.options.iter().filter(|option| !option.disabled);
        join(offered.map(|option| option.label.as_str()))
    }

    /// A column by its id, or the refusal of a cell of `row` that names no column.
    pub(crate) fn column(&self, row: &str, id: &str) -> Result<&Self, FieldError> {
        self.columns
            .iter()
            .find(|column| column.id == id)
            .ok_or_else(|| FieldError::UnknownColumn {
                field: self.label.clone(),
                row: crate::value::text::cut(row),
                column: crate::value::text::cut(id),
                known: join(self.columns.iter().map(|column| column.id.as_str())),
            })
    }
}

/// Words for a message: at most a dozen of them, then how many more there are.
pub(super) fn join<'a>(words: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let words: Vec<&str> = words.collect();
    let shown = words[..words.len().min(SHOWN)].join(", ");
    match words.len().checked_sub(SHOWN) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}
