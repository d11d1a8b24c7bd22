//! A stage of a template: what standing there means, asks and allows.
//!
//! Everything is public and may be wrong until the package is published (`stage_faults.rs`).

use core::fmt;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::package::is_false;
use super::rule::Rule;
use super::sla::StageClock;
use super::span::Span;

/// A stage that a case can stand in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// Types of the documents that must be there to go on from here to a later stage that is not
    /// cancelled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<String>,
    /// Tasks that are created when a case enters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<TaskTemplate>,
    /// What is said before a case enters, wherever it comes from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entry: Vec<Rule>,
    /// What is said before a case leaves, wherever it goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exit: Vec<Rule>,
    /// What can be done with a field while a case stands here; visible when a field is not named.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub field_policy: BTreeMap<String, FieldPolicy>,
    /// The roles that may work on a case that stands here, by their ids in the roster; none named:
    /// whoever has the right. Owners of the workspace always may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edit_roles: Vec<String>,
    /// No longer entered; cases that stand here go on from here.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disabled: bool,
    /// How long a case may stand here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sla: Option<StageClock>,
}

/// What can be done with a field while a case stands in a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FieldPolicy {
    /// Must be filled to enter and to stand here, as in [`Stage::required`].
    Required,
    /// Shown and edited.
    Visible,
    /// Shown, not edited.
    ReadOnly,
    /// Not shown and not edited. Its value is kept and comes back in other stages.
    Hidden,
}

/// A task that is created when a case enters a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TaskTemplate {
    /// Stable id within the stage; two devices that move a case at once create the task once.
    pub id: String,
    /// What is to be done, one line.
    pub title: String,
    /// The role whose member it is given to, by its id in the roster, or nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub assignee_role: String,
    /// How long after entry it is due (`"3 business days"`), by the template's first calendar, else
    /// Monday to Friday; absent for no deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Span>,
    /// The lines of its checklist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checklist: Vec<String>,
}

/// What standing in a stage means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// A step of the ordinary course.
    #[default]
    Primary,
    /// An exception.
    Secondary,
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
            entry: Vec::new(),
            exit: Vec::new(),
            field_policy: BTreeMap::new(),
            edit_roles: Vec::new(),
            disabled: false,
            sla: None,
        }
    }

    /// What can be done here with a field that is in order otherwise.
    #[must_use]
    pub fn policy_of(&self, field: &str) -> FieldPolicy {
        match self.field_policy.get(field) {
            Some(policy) => *policy,
            None if self.required.iter().any(|id| id == field) => FieldPolicy::Required,
            None => FieldPolicy::Visible,
        }
    }

    /// The fields that must be filled to enter and to stand here: the list, then what the policy
    /// adds to it.
    pub fn required_here(&self) -> impl Iterator<Item = &String> {
        let more = self.field_policy.iter().filter(|(id, policy)| {
            **policy == FieldPolicy::Required && !self.required.contains(*id)
        });
        self.required.iter().chain(more.map(|(id, _)| id))
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

impl TaskTemplate {
    /// A task for whoever takes it, whenever.
    #[must_use]
    pub fn new(id: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            assignee_role: String::new(),
            due: None,
            checklist: Vec::new(),
        }
    }
}

impl FieldPolicy {
    /// The name used in templates.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Visible => "visible",
            Self::ReadOnly => "read-only",
            Self::Hidden => "hidden",
        }
    }

    /// Whether values are taken.
    #[must_use]
    pub const fn is_editable(self) -> bool {
        matches!(self, Self::Required | Self::Visible)
    }
}

impl fmt::Display for FieldPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
