//! What sets an automation off: an act of somebody, or what only the agent can watch.
//!
//! Acts set rules off on the device that acts, offline too. Time, and an approval that the votes of
//! several devices decide together, are watched by the agent (`crate::automation::timed`). Nothing
//! here runs anything.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::span::Span;
use crate::approval::Outcome;
use crate::case::facet::document::VersionStatus;
use crate::clock::Repeat;
use crate::value::text::cut;

/// What sets a rule off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "on", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Trigger {
    /// A case is opened.
    CaseOpened,
    /// A case enters a stage, also by being opened in it.
    StageEntered {
        /// Which; any if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stage: Option<String>,
    },
    /// A case leaves a stage.
    StageLeft {
        /// Which; any if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stage: Option<String>,
    },
    /// A field is given another value, or none. Not when the case is opened with it.
    FieldChanged {
        /// Which.
        field: String,
    },
    /// A label is put on.
    LabelAdded {
        /// Which; any if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
    },
    /// Somebody becomes the owner.
    OwnerChanged,
    /// A task is done.
    TaskDone {
        /// The task's title, word for word; any if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
    },
    /// A comment is written.
    CommentAdded {
        /// Only those for people outside the team, or only the others; both if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        external: Option<bool>,
    },
    /// A decision is recorded.
    DecisionRecorded {
        /// On which question; any if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        question: Option<String>,
        /// With which outcome; any if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outcome: Option<String>,
    },
    /// The case is closed.
    CaseClosed,
    /// The case is opened again.
    CaseReopened,
    /// The case is put on hold.
    CaseHeld,
    /// A hold of the case is ended.
    CaseResumed,
    /// A document or another version of one is put into the case.
    DocumentAdded {
        /// The id of a document type; any if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        document: Option<String>,
    },
    /// A version of a document is given a status.
    DocumentStatus {
        /// The id of a document type; any if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        document: Option<String>,
        /// Which status; any if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<VersionStatus>,
    },
    /// Somebody outside sent a form.
    FormSubmitted {
        /// The form's id; any if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        form: Option<String>,
    },
    /// An approval came out. The votes of several devices decide it together, so the agent looks.
    ApprovalGiven {
        /// The id of an approval of the template; any if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approval: Option<String>,
        /// How; approved, rejected or returned if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outcome: Option<Outcome>,
    },
    /// A task is still open when its time is over.
    TaskOverdue {
        /// The task's title, word for word; any if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// How long over; at once if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Span>,
    },
    /// A clock begins to warn.
    SlaWarning {
        /// `stage/ID` or `case/ID`; any if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clock: Option<String>,
    },
    /// A clock runs out.
    SlaBreached {
        /// `stage/ID` or `case/ID`; any if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clock: Option<String>,
    },
    /// A date begins, or lies so far ahead or behind.
    DateReached {
        /// `due`, or `field/ID` of a date or date-time.
        date: DateOf,
        /// How long before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Span>,
        /// How long after.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Span>,
    },
    /// Nobody did anything with the case for so long. What rules and the agent did does not count.
    Idle {
        /// How long.
        after: Span,
    },
    /// Again and again while the case stands in a stage.
    Schedule {
        /// How it repeats: `every mon`, `every 2 weeks`.
        every: Repeat,
        /// The time of day `09:00` in the template's first calendar; its beginning if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<TimeOfDay>,
        /// In which stages; in every stage that is not final if none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        stages: Vec<String>,
    },
}

/// A date that a case has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DateOf {
    /// `due`: the day it is due.
    Due,
    /// `field/ID`: a field of type date or date-time.
    Field(String),
}

/// A time of day in hours and minutes, `09:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay {
    hour: i8,
    minute: i8,
}

/// A text that is no date of a case or no time of day. Cure: in the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TriggerError {
    /// Another shape than a date of a case.
    #[error("{text:?} is no date of a case; write due or field/ID")]
    Date {
        /// The first 80 characters.
        text: String,
    },
    /// Another shape than a time of day.
    #[error("{text:?} is no time of day; write hours and minutes, such as 09:00")]
    Time {
        /// The first 80 characters.
        text: String,
    },
}

impl Trigger {
    /// Whether no act of one person sets it off, but time or what several did together: such rules
    /// run on the agent.
    #[must_use]
    pub const fn is_timed(&self) -> bool {
        match self {
            Self::ApprovalGiven { .. }
            | Self::TaskOverdue { .. }
            | Self::SlaWarning { .. }
            | Self::SlaBreached { .. }
            | Self::DateReached { .. }
            | Self::Idle { .. }
            | Self::Schedule { .. } => true,
            Self::CaseOpened
            | Self::StageEntered { .. }
            | Self::StageLeft { .. }
            | Self::FieldChanged { .. }
            | Self::LabelAdded { .. }
            | Self::OwnerChanged
            | Self::TaskDone { .. }
            | Self::CommentAdded { .. }
            | Self::DecisionRecorded { .. }
            | Self::CaseClosed
            | Self::CaseReopened
            | Self::CaseHeld
            | Self::CaseResumed
            | Self::DocumentAdded { .. }
            | Self::DocumentStatus { .. }
            | Self::FormSubmitted { .. } => false,
        }
    }

    /// What it waits for, as people say it.
    #[must_use]
    pub fn words(&self) -> String {
        let of = |what: &str, which: &Option<String>| match which {
            Some(which) => format!("{what} {which}"),
            None => what.to_owned(),
        };
        match self {
            Self::CaseOpened => "the case is opened".to_owned(),
            Self::StageEntered { stage } => of("the case enters", stage),
            Self::StageLeft { stage } => of("the case leaves", stage),
            Self::FieldChanged { field } => format!("{field} changes"),
            Self::LabelAdded { label } => of("a label is put on:", label),
            Self::OwnerChanged => "the owner changes".to_owned(),
            Self::TaskDone { title } => of("a task is done:", title),
            Self::CommentAdded { external: None } => "a comment is written".to_owned(),
            Self::CommentAdded {
                external: Some(true),
            } => "an external comment is written".to_owned(),
            Self::CommentAdded {
                external: Some(false),
            } => "an internal comment is written".to_owned(),
            Self::DecisionRecorded { question, outcome } => match outcome {
                Some(outcome) => {
                    format!("{} as {outcome}", of("a decision is recorded on", question))
                }
                None => of("a decision is recorded on", question),
            },
            Self::CaseClosed => "the case is closed".to_owned(),
            Self::CaseReopened => "the case is reopened".to_owned(),
            Self::CaseHeld => "the case is put on hold".to_owned(),
            Self::CaseResumed => "a hold is ended".to_owned(),
            Self::DocumentAdded { document } => of("a document is added:", document),
            Self::DocumentStatus { document, status } => {
                let of = of("a document's status changes:", document);
                status.map_or_else(|| of.clone(), |status| format!("{of} to {}", status.name()))
            }
            Self::FormSubmitted { form } => of("a form is sent:", form),
            Self::ApprovalGiven { approval, outcome } => {
                let how = outcome.map_or("given, refused or returned", Outcome::name);
                format!("{} is {how}", of("approval", approval))
            }
            Self::TaskOverdue { title, after } => {
                let late = after.map_or_else(|| "overdue".to_owned(), |s| format!("{s} overdue"));
                of(&format!("a task is {late}:"), title)
            }
            Self::SlaWarning { clock } => of("a clock begins to warn:", clock),
            Self::SlaBreached { clock } => of("a clock runs out:", clock),
            Self::DateReached {
                date,
                before,
                after,
            } => match (before, after) {
                (Some(span), _) => format!("it is {span} before {date}"),
                (None, Some(span)) => format!("it is {span} after {date}"),
                (None, None) => format!("{date} is reached"),
            },
            Self::Idle { after } => format!("nobody did anything for {after}"),
            Self::Schedule { every, at, stages } => {
                let at = at.map_or_else(String::new, |at| format!(" at {at}"));
                if stages.is_empty() {
                    format!("it is time: {every}{at}")
                } else {
                    format!("it is time: {every}{at} in {}", stages.join(", "))
                }
            }
        }
    }
}

impl TimeOfDay {
    /// The same for the calendar.
    #[must_use]
    pub const fn to_time(self) -> jiff::civil::Time {
        jiff::civil::time(self.hour, self.minute, 0, 0)
    }
}

impl fmt::Display for DateOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Due => f.write_str("due"),
            Self::Field(id) => write!(f, "field/{id}"),
        }
    }
}

impl FromStr for DateOf {
    type Err = TriggerError;

    fn from_str(text: &str) -> Result<Self, TriggerError> {
        match text.split_once('/') {
            None if text == "due" => Ok(Self::Due),
            Some(("field", id)) if !id.is_empty() => Ok(Self::Field(id.to_owned())),
            None | Some(_) => Err(TriggerError::Date { text: cut(text) }),
        }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

impl FromStr for TimeOfDay {
    type Err = TriggerError;

    fn from_str(text: &str) -> Result<Self, TriggerError> {
        let part = |text: &str, end: i8| {
            let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
            let number: i8 = text.parse().ok().filter(|_| digits)?;
            (number < end).then_some(number)
        };
        let read = || {
            let (hour, minute) = text.trim().split_once(':')?;
            let (hour, minute) = (part(hour, 24)?, part(minute, 60)?);
            Some(Self { hour, minute })
        };
        read().ok_or_else(|| TriggerError::Time { text: cut(text) })
    }
}

macro_rules! as_text {
    ($($Type:ty),+) => {
        $(impl Serialize for $Type {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $Type {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?
                    .parse()
                    .map_err(serde::de::Error::custom)
            }
        })+
    };
}

as_text!(DateOf, TimeOfDay);
