//! Rules and listed moves: what a template says before something is done, and how strongly.
//!
//! Everything is public and may be wrong until the package is published.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::condition_faults;
use super::fault::{Fault, Faults};
use super::limits::MAX_RULES;
use super::package::Package;
use super::publish::{limit, prose};

/// A listed move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// The stage left, or `*` for any. A listed pair goes before `*`.
    pub from: String,
    /// The stage entered.
    pub to: String,
    /// What the button says, or nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// What is said before the move. None: the move is free.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
}

/// What a template says before something is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// How strongly.
    pub severity: Severity,
    /// The sentence people read.
    pub message: String,
    /// When it speaks; absent = always.
    #[serde(default, skip_serializing_if = "Condition::is_empty")]
    pub when: Condition,
}

/// How strongly a rule speaks, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Says so and goes on.
    Warn,
    /// Goes on with a reason, recorded as an override.
    Ask,
    /// Refuses.
    Block,
}

/// What happens on a move that is not listed. Rules guide, they do not lock: the default asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Unlisted {
    /// Nothing.
    Free,
    /// Warns.
    Warn,
    /// Asks for a reason.
    #[default]
    Ask,
    /// Refuses.
    Block,
}

impl Rule {
    /// A rule that always speaks.
    #[must_use]
    pub fn new(severity: Severity, message: impl Into<String>) -> Self {
        Self {
            severity,
            message: message.into(),
            when: Condition::default(),
        }
    }

    /// The same, speaking only when the condition holds.
    #[must_use]
    pub fn when(self, when: Condition) -> Self {
        Self { when, ..self }
    }
}

impl Unlisted {
    /// The severity of an unlisted move; `None` when it is free.
    #[must_use]
    pub const fn severity(self) -> Option<Severity> {
        match self {
            Self::Free => None,
            Self::Warn => Some(Severity::Warn),
            Self::Ask => Some(Severity::Ask),
            Self::Block => Some(Severity::Block),
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warn => "warn",
            Self::Ask => "ask",
            Self::Block => "block",
        })
    }
}

/// Adds the faults of a list of rules.
pub(super) fn find_faults(package: &Package, rules: &[Rule], at: &str, faults: &mut Faults) {
    limit(at, ("rules", rules.len(), MAX_RULES), faults);
    for (index, rule) in rules.iter().take(MAX_RULES).enumerate() {
        if rule.message.is_empty() {
            faults.add(
                at,
                Fault::Empty {
                    what: "a rule's message",
                },
            );
        }
        prose(at, &rule.message, "a rule's message", faults);
        let at = format!("{at}.rules[{index}].when");
        condition_faults::find(package, &rule.when, &at, faults);
    }
}
