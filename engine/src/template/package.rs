//! A template as people write it: identity and its sections, each with a file of its own.
//!
//! Everything is public and may be wrong until [`Package::publish`] has looked at it. The order of
//! the struct fields is the order of the canonical bytes and never changes; new keys are added at
//! the end and skipped when they say nothing.

use serde::{Deserialize, Serialize};

use super::field::Field;
use super::rule::{Transition, Unlisted};
use super::stage::Stage;

/// A template before it is published. Its order of stages, fields and options is the order people
/// see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Prefix of case numbers: two to six capital letters.
    pub key: String,
    /// What people call this kind of case.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Name of an icon, or nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub icon: String,
    /// `#rrggbb` in lower case.
    #[serde(default = "default_colour")]
    pub colour: String,
    /// Who it belongs to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub department: String,
    /// Whether cases may be opened.
    #[serde(default)]
    pub status: Status,
    /// What happens on a move that `transitions` does not list, when it lists any.
    #[serde(default)]
    pub unlisted: Unlisted,
    /// The stages in their order.
    #[serde(default)]
    pub stages: Vec<Stage>,
    /// The fields in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// The listed moves. None listed: every move is free.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transitions: Vec<Transition>,
    /// The kinds of decision that are recorded on such a case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decision_types: Vec<DecisionType>,
    /// The codes a case can be closed with. None listed: any code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolutions: Vec<Outcome>,
    /// Whether reading a case is written down on its timeline, as an action like any other.
    #[serde(default, skip_serializing_if = "is_false")]
    pub log_reads: bool,
}

/// Whether cases of a template may be opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Being written; no cases.
    Draft,
    /// In use.
    #[default]
    Open,
    /// No new cases; late offline work still lands.
    Closing,
    /// No longer in use.
    Closed,
}

/// A kind of decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionType {
    /// Stable id.
    pub id: String,
    /// The question.
    pub label: String,
    /// The answers; at least one.
    pub outcomes: Vec<Outcome>,
}

/// An answer to a decision, or a code that a case is closed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Stable id.
    pub id: String,
    /// What people choose.
    pub label: String,
}

impl Package {
    /// A package without stages, fields or rules.
    #[must_use]
    pub fn new(key: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            name: name.into(),
            description: String::new(),
            icon: String::new(),
            colour: default_colour(),
            department: String::new(),
            status: Status::default(),
            unlisted: Unlisted::default(),
            stages: Vec::new(),
            fields: Vec::new(),
            transitions: Vec::new(),
            decision_types: Vec::new(),
            resolutions: Vec::new(),
            log_reads: false,
        }
    }
}

fn default_colour() -> String {
    "#475569".to_owned()
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(super) fn is_false(value: &bool) -> bool {
    !*value
}
