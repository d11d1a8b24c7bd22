//! A template as people write it: identity, stages, fields, transitions, decision types.
//!
//! Everything is public and may be wrong until [`Package::publish`] has looked at it. The order of
//! the struct fields is the order of the canonical bytes and never changes; new keys are added at
//! the end and skipped when they say nothing.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::approval::ApprovalType;
use super::field::Field;

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
    /// The kinds of approval that can be asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<ApprovalType>,
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

/// A stage that a case can stand in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Stable id; never reused and never renamed.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// `#rrggbb` in lower case; absent for the category's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<String>,
    /// What standing here means for counting and clocks.
    pub category: Category,
    /// On the main road or beside it.
    #[serde(default, skip_serializing_if = "Standing::is_primary")]
    pub standing: Standing,
    /// The role that owns cases here, by its id in the roster, or nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner_role: String,
    /// Fields that must be filled to enter and to stand here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<String>,
    /// Fields that must be filled to go on from here to a later stage that is not cancelled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_to_leave: Vec<String>,
    /// What must be true on entry, in words; shown, not judged.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub entry_note: String,
    /// Names of documents that belong here; shown, not judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<String>,
    /// Titles of tasks that belong here; shown, not created.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
}

/// What standing in a stage means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Arrived, nobody works on it yet.
    Intake,
    /// Being worked on.
    Active,
    /// Somebody else has to act.
    Waiting,
    /// Finished.
    Done,
    /// Ended without a result.
    Cancelled,
}

/// Whether a stage lies on the main road.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// A step of the ordinary course.
    #[default]
    Primary,
    /// An exception.
    Secondary,
}

/// A listed move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// What a template says about a move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// How strongly.
    pub severity: Severity,
    /// The sentence people read.
    pub message: String,
}

/// How strongly a rule speaks, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    /// What must be said beside the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<DecisionPart>,
    /// Whoever made it cannot decide it: who brought the case into its stage, and who wrote one of
    /// the fields below.
    #[serde(default, skip_serializing_if = "is_false")]
    pub maker_checker: bool,
    /// Fields whose authors are makers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made_by: Vec<String>,
}

/// What a kind of decision can require beside the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecisionPart {
    /// Why.
    Rationale,
    /// Under which conditions.
    Conditions,
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
            approvals: Vec::new(),
        }
    }
}

impl DecisionType {
    /// A kind of decision that requires nothing besides its answer.
    #[must_use]
    pub fn new(id: impl Into<String>, label: impl Into<String>, outcomes: Vec<Outcome>) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            outcomes,
            requires: Vec::new(),
            maker_checker: false,
            made_by: Vec::new(),
        }
    }
}

impl Stage {
    /// A primary stage without requirements.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>, category: Category) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            colour: None,
            category,
            standing: Standing::Primary,
            owner_role: String::new(),
            required: Vec::new(),
            required_to_leave: Vec::new(),
            entry_note: String::new(),
            documents: Vec::new(),
            tasks: Vec::new(),
        }
    }

    /// Its colour, or its category's.
    #[must_use]
    pub fn colour(&self) -> &str {
        self.colour
            .as_deref()
            .unwrap_or_else(|| self.category.colour())
    }
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 5] = [
        Self::Intake,
        Self::Active,
        Self::Waiting,
        Self::Done,
        Self::Cancelled,
    ];

    /// True when a case that stands here is closed.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled)
    }

    /// The colour of stages that have none of their own.
    #[must_use]
    pub const fn colour(self) -> &'static str {
        match self {
            Self::Intake => "#6366f1",
            Self::Active => "#2563eb",
            Self::Waiting => "#d97706",
            Self::Done => "#16a34a",
            Self::Cancelled => "#6b7280",
        }
    }

    /// The name used in templates.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Active => "active",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Standing {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn is_primary(&self) -> bool {
        *self == Self::Primary
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

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
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

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

fn default_colour() -> String {
    "#475569".to_owned()
}
