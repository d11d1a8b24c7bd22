//! Conditions: what must be so in a case, as data that a person can edit.
//!
//! ```text
//! when = [[A, B], [C]]    (A or B) and C; an absent condition always holds
//! ```
//! A test asks one [`Subject`] of a case with one [`Operator`]. This file only says what can be
//! asked; `condition_faults.rs` says what makes sense, `case/condition.rs` answers.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::value::text::cut;
use crate::value::{Scalar, is_slug};

/// All groups must hold; a group holds when one of its tests does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Condition {
    /// The groups.
    pub all: Vec<Vec<Test>>,
}

/// One question about a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// What is asked about.
    pub of: Subject,
    /// How.
    pub is: Operator,
    /// What it is compared with, in the words a person would write (`"5000 EUR"`, `"today+5d"`,
    /// `true`).
    #[serde(default, skip_serializing_if = "Scalar::is_null")]
    pub value: Scalar,
    /// What it is compared with, for the operators that take several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Scalar>,
}

/// What can be asked about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// `field/ID`: a field, by its type.
    Field(String),
    /// `stage`: the id of the stage the case stands in.
    Stage,
    /// `category`: the category of that stage.
    Category,
    /// `label`: the set of labels.
    Label,
    /// `owner`: the owner's member id.
    Owner,
    /// `assignees`: a set of member ids.
    Assignees,
    /// `watchers`: a set of member ids.
    Watchers,
    /// `priority`: a text.
    Priority,
    /// `severity`: a text.
    Severity,
    /// `due`: the date the case is due.
    Due,
    /// `opened`: the moment the case was opened.
    Opened,
    /// `entered`: the moment it entered its stage.
    Entered,
    /// `title`: a text.
    Title,
    /// `number`: the case number, a text.
    Number,
    /// `channel`: the id of the way it came in.
    Channel,
    /// `resolution`: the code it was closed with.
    Resolution,
    /// `closed`: yes or no.
    Closed,
    /// `on-hold`: yes or no.
    OnHold,
    /// `tasks/open`: how many tasks are open.
    OpenTasks,
    /// `document/TYPE`: the set of statuses of the current documents of a type.
    Document(String),
    /// `decision/TYPE`: the outcome of the current decision of a type.
    Decision(String),
    /// `approval/ID`: where the newest approval of a type stands.
    Approval(String),
    /// `party/ROLE`: the set of names of the parties in a role.
    Party(String),
    /// `actor`: the roles of who acts, as a set, in the roster that the act cites.
    Actor,
}

/// How it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Operator {
    /// Equal; a moment and a date are equal on that day.
    Is,
    /// Not equal, or nothing is there.
    IsNot,
    /// Equal to one of several; of a set: one of them is in it.
    OneOf,
    /// Equal to none of several, or nothing is there; of a set: none is in it.
    NoneOf,
    /// In the set; in the text, whatever the case of letters.
    Has,
    /// Not in the set or text.
    HasNot,
    /// Nothing is there.
    Empty,
    /// Something is there.
    Filled,
    /// Greater.
    Above,
    /// Smaller.
    Below,
    /// Not smaller; of dates: not earlier.
    AtLeast,
    /// Not greater; of dates: not later.
    AtMost,
    /// Earlier.
    Before,
    /// Later.
    After,
}

/// A text that names nothing that can be asked about. Cure: one of those in the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is nothing a condition can ask about; it can ask about field/ID, stage, category, \
     label, owner, assignees, watchers, priority, severity, due, opened, entered, title, number, \
     channel, resolution, closed, on-hold, tasks/open, document/TYPE, decision/TYPE, approval/ID, \
     party/ROLE and actor"
)]
pub struct SubjectError {
    /// The beginning of the text.
    pub text: String,
}

impl Condition {
    /// One test that must hold.
    #[must_use]
    pub fn of(test: Test) -> Self {
        Self {
            all: vec![vec![test]],
        }
    }

    /// Whether it says nothing and so always holds.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Every test in it.
    pub fn tests(&self) -> impl Iterator<Item = &Test> {
        self.all.iter().flatten()
    }

    /// Whether it asks who acts, which is known only before acting.
    #[must_use]
    pub fn asks_actor(&self) -> bool {
        self.tests().any(|test| test.of == Subject::Actor)
    }
}

impl Test {
    /// A test without a value.
    #[must_use]
    pub const fn new(of: Subject, is: Operator) -> Self {
        Self {
            of,
            is,
            value: Scalar::Null,
            values: Vec::new(),
        }
    }

    /// A test with one value.
    #[must_use]
    pub fn with(of: Subject, is: Operator, value: impl Into<String>) -> Self {
        Self {
            value: Scalar::text(value),
            ..Self::new(of, is)
        }
    }

    /// The values it compares with, one or several.
    pub fn wanted(&self) -> impl Iterator<Item = &Scalar> {
        let one = (!self.value.is_null()).then_some(&self.value);
        one.into_iter().chain(&self.values)
    }
}

/// The words of the condition: `label has urgent or stage is review; and field/amount above 5`.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, group) in self.all.iter().enumerate() {
            if index > 0 {
                f.write_str("; and ")?;
            }
            for (index, test) in group.iter().enumerate() {
                if index > 0 {
                    f.write_str(" or ")?;
                }
                test.fmt(f)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.of, self.is.words())?;
        for (index, value) in self.wanted().enumerate() {
            let gap = if index > 0 { ", " } else { " " };
            write!(f, "{gap}{value}")?;
        }
        Ok(())
    }
}

impl Operator {
    /// Every operator.
    pub const ALL: [Self; 14] = [
        Self::Is,
        Self::IsNot,
        Self::OneOf,
        Self::NoneOf,
        Self::Has,
        Self::HasNot,
        Self::Empty,
        Self::Filled,
        Self::Above,
        Self::Below,
        Self::AtLeast,
        Self::AtMost,
        Self::Before,
        Self::After,
    ];

    /// The name used in templates.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::IsNot => "is-not",
            Self::OneOf => "one-of",
            Self::NoneOf => "none-of",
            Self::Has => "has",
            Self::HasNot => "has-not",
            Self::Empty => "empty",
            Self::Filled => "filled",
            Self::Above => "above",
            Self::Below => "below",
            Self::AtLeast => "at-least",
            Self::AtMost => "at-most",
            Self::Before => "before",
            Self::After => "after",
        }
    }

    /// The words people read.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::IsNot => "is not",
            Self::OneOf => "is one of",
            Self::NoneOf => "is none of",
            Self::Has => "has",
            Self::HasNot => "has not",
            Self::Empty => "is empty",
            Self::Filled => "is filled",
            Self::Above => "is above",
            Self::Below => "is below",
            Self::AtLeast => "is at least",
            Self::AtMost => "is at most",
            Self::Before => "is before",
            Self::After => "is after",
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(id) => write!(f, "field/{id}"),
            Self::Stage => f.write_str("stage"),
            Self::Category => f.write_str("category"),
            Self::Label => f.write_str("label"),
            Self::Owner => f.write_str("owner"),
            Self::Assignees => f.write_str("assignees"),
            Self::Watchers => f.write_str("watchers"),
            Self::Priority => f.write_str("priority"),
            Self::Severity => f.write_str("severity"),
            Self::Due => f.write_str("due"),
            Self::Opened => f.write_str("opened"),
            Self::Entered => f.write_str("entered"),
            Self::Title => f.write_str("title"),
            Self::Number => f.write_str("number"),
            Self::Channel => f.write_str("channel"),
            Self::Resolution => f.write_str("resolution"),
            Self::Closed => f.write_str("closed"),
            Self::OnHold => f.write_str("on-hold"),
            Self::OpenTasks => f.write_str("tasks/open"),
            Self::Document(id) => write!(f, "document/{id}"),
            Self::Decision(id) => write!(f, "decision/{id}"),
            Self::Approval(id) => write!(f, "approval/{id}"),
            Self::Party(id) => write!(f, "party/{id}"),
            Self::Actor => f.write_str("actor"),
        }
    }
}

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        let id = |id: &str| is_slug(id).then(|| id.to_owned());
        let subject = match text.split_once('/') {
            Some(("field", rest)) => id(rest).map(Self::Field),
            Some(("tasks", "open")) => Some(Self::OpenTasks),
            Some(("document", rest)) => id(rest).map(Self::Document),
            Some(("decision", rest)) => id(rest).map(Self::Decision),
            Some(("approval", rest)) => id(rest).map(Self::Approval),
            Some(("party", rest)) => id(rest).map(Self::Party),
            Some(_) => None,
            None => of_word(text),
        };
        subject.ok_or_else(|| SubjectError { text: cut(text) })
    }
}

fn of_word(word: &str) -> Option<Subject> {
    Some(match word {
        "stage" => Subject::Stage,
        "category" => Subject::Category,
        "label" => Subject::Label,
        "owner" => Subject::Owner,
        "assignees" => Subject::Assignees,
        "watchers" => Subject::Watchers,
        "priority" => Subject::Priority,
        "severity" => Subject::Severity,
        "due" => Subject::Due,
        "opened" => Subject::Opened,
        "entered" => Subject::Entered,
        "title" => Subject::Title,
        "number" => Subject::Number,
        "channel" => Subject::Channel,
        "resolution" => Subject::Resolution,
        "closed" => Subject::Closed,
        "on-hold" => Subject::OnHold,
        "actor" => Subject::Actor,
        _ => return None,
    })
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
