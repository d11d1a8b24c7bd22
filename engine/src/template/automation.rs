//! Automations: what happens by itself when something happens to a case.
//!
//! A rule has a trigger, a condition and actions, all data. What a case does about it is decided in
//! `engine/src/automation`; here is what a rule may say. Nothing here runs anything.

use core::fmt;
use core::str::FromStr;

use casework_protocol::ids::MemberId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::condition::Condition;
use super::package::is_false;
use super::span::Span;
use super::trigger::Trigger;

/// A rule that acts by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Automation {
    /// Stable id; the timeline names it, and what it makes bears it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What sets it off.
    pub trigger: Trigger,
    /// What must hold right after the trigger; absent = always.
    #[serde(default, skip_serializing_if = "Condition::is_empty")]
    pub when: Condition,
    /// What it does, in this order.
    pub actions: Vec<RuleAction>,
    /// Kept, but does nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disabled: bool,
}

/// One thing a rule does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RuleAction {
    /// Moves the case.
    Move {
        /// The stage entered.
        to: String,
    },
    /// Gives a field a value.
    SetField {
        /// The field.
        field: String,
        /// The value as a person would write it; may hold placeholders.
        value: String,
    },
    /// Takes a field's value away.
    ClearField {
        /// The field.
        field: String,
    },
    /// Chooses an option of a multi select.
    AddOption {
        /// The field.
        field: String,
        /// The option's id.
        option: String,
    },
    /// Takes an option of a multi select away.
    RemoveOption {
        /// The field.
        field: String,
        /// The option's id.
        option: String,
    },
    /// Adds to a counter.
    Count {
        /// The field.
        field: String,
        /// What is added; not zero.
        by: i64,
    },
    /// Assigns somebody.
    Assign {
        /// Whom: one person.
        to: Person,
    },
    /// Takes somebody off the case.
    Unassign {
        /// Whom: one person.
        from: Person,
    },
    /// Gives the case to an owner.
    SetOwner {
        /// Whom: one person.
        to: Person,
    },
    /// Puts a label on.
    AddLabel {
        /// The label.
        label: String,
    },
    /// Takes a label off.
    RemoveLabel {
        /// The label.
        label: String,
    },
    /// Sets the priority, or clears it.
    SetPriority {
        /// The priority.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        priority: Option<String>,
    },
    /// Sets the due date, counted from the day of the trigger.
    SetDue {
        /// How far ahead.
        within: Span,
    },
    /// Creates a task.
    CreateTask(TaskDraft),
    /// Creates several.
    CreateTasks {
        /// The tasks, in this order.
        tasks: Vec<TaskDraft>,
    },
    /// Writes a comment.
    Comment {
        /// What it says; may hold placeholders.
        body: String,
        /// For people outside the team.
        #[serde(default, skip_serializing_if = "is_false")]
        external: bool,
    },
    /// Tells people; it reaches their inbox.
    Notify {
        /// Whom.
        to: Vec<Person>,
        /// What it says; may hold placeholders.
        text: String,
    },
    /// Closes the case.
    Close {
        /// The resolution's code.
        resolution: String,
        /// What there is to say; may hold placeholders.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        notes: String,
    },
    /// Puts the case on hold.
    Hold {
        /// What it waits for; may hold placeholders.
        why: String,
    },
    /// Opens another case; the agent does it, once.
    OpenCase {
        /// The key of its template.
        template: String,
        /// Its title; may hold placeholders.
        title: String,
    },
    /// Calls a web address that the agent knows by this name; the agent does it, once.
    Webhook {
        /// The name of the hook in the agent's configuration.
        hook: String,
        /// Fields whose values are sent along; none = only what happened.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        fields: Vec<String>,
    },
    /// Runs a program that the agent knows by this name; the agent does it, once.
    Command {
        /// The name of the program in the agent's configuration.
        command: String,
        /// Fields whose values are handed over.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        fields: Vec<String>,
    },
}

/// A task that a rule creates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TaskDraft {
    /// What is to be done; may hold placeholders.
    pub title: String,
    /// By whom: one person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<Person>,
    /// Until when, counted from the day of the trigger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Span>,
    /// Its checklist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checklist: Vec<String>,
}

/// Somebody, as a rule names them: `owner`, `actor`, `assignees`, `watchers`, `member/ID`,
/// `role/KEY`, `team/KEY`, `field/ID`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Person {
    /// The owner of the case, if it has one.
    Owner,
    /// Whoever did what triggered the rule.
    Actor,
    /// Everybody assigned.
    Assignees,
    /// Everybody who watches.
    Watchers,
    /// A member.
    Member(MemberId),
    /// Everybody with a role.
    Role(String),
    /// Everybody in a team.
    Team(String),
    /// Whoever a field of type member names.
    Field(String),
}

/// A text that names nobody. Cure: one of the forms it lists.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} names nobody; write owner, actor, assignees, watchers, member/ID, role/KEY, team/KEY or field/ID"
)]
pub struct PersonError {
    /// The first 80 characters of the text.
    pub text: String,
}

impl Person {
    /// Whether it can only be one person, whom work can be given to.
    #[must_use]
    pub const fn is_one(&self) -> bool {
        match self {
            Self::Owner | Self::Actor | Self::Member(_) | Self::Field(_) => true,
            Self::Assignees | Self::Watchers | Self::Role(_) | Self::Team(_) => false,
        }
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner => f.write_str("owner"),
            Self::Actor => f.write_str("actor"),
            Self::Assignees => f.write_str("assignees"),
            Self::Watchers => f.write_str("watchers"),
            Self::Member(id) => write!(f, "member/{id}"),
            Self::Role(key) => write!(f, "role/{key}"),
            Self::Team(key) => write!(f, "team/{key}"),
            Self::Field(id) => write!(f, "field/{id}"),
        }
    }
}

impl FromStr for Person {
    type Err = PersonError;

    fn from_str(text: &str) -> Result<Self, PersonError> {
        let fault = || PersonError {
            text: text.chars().take(80).collect(),
        };
        match text.split_once('/') {
            None => match text {
                "owner" => Ok(Self::Owner),
                "actor" => Ok(Self::Actor),
                "assignees" => Ok(Self::Assignees),
                "watchers" => Ok(Self::Watchers),
                _ => Err(fault()),
            },
            Some((_, "")) => Err(fault()),
            Some(("member", id)) => id.parse().map(Self::Member).map_err(|_| fault()),
            Some(("role", key)) => Ok(Self::Role(key.to_owned())),
            Some(("team", key)) => Ok(Self::Team(key.to_owned())),
            Some(("field", id)) => Ok(Self::Field(id.to_owned())),
            Some((_, _)) => Err(fault()),
        }
    }
}

impl Serialize for Person {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Person {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
