//! What the time of a rule came for: this task, that run of a clock, this date.
//!
//! Written into the mark that the agent leaves (`AutomationAction::Fire`), so the words are part of
//! the format. Invariant: two agents that find one thing due write the same words, and so the same
//! key; what happens again (another due date, another entry into the stage) has other words.

use core::fmt;
use core::str::FromStr;

use casework_protocol::digest::{Tag, digest};
use casework_protocol::ids::{ChangeHash, DocumentId};
use jiff::civil::Date;

use crate::approval::Outcome;
use crate::case::PartId;
use crate::template::{DateOf, Trigger};
use crate::value::moment::read_date;

/// Hexadecimal digits of a change that a tick names.
const CHANGE_DIGITS: usize = 16;

/// What the time of a rule came for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tick {
    /// A task that is overdue, by when it was due.
    Task(PartId, String),
    /// A run of a clock, by the change that started it.
    Clock(String, Mark, Edge),
    /// A date that the case has.
    Date(DateOf, String),
    /// A time without activity, by the last one.
    Idle(Mark),
    /// A day on which something repeats, by the change that began it.
    Schedule(Mark, Date),
    /// What an approval came to.
    Approval(PartId, Outcome),
}

/// What a clock does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edge {
    /// It begins to warn.
    Warning,
    /// It runs out.
    Breach,
}

/// The beginning of a change's hash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark(String);

/// The id of the mark that a rule's time has come, and the key of what follows from it.
#[must_use]
pub fn tick_key(document: DocumentId, rule: &str, tick: &str) -> PartId {
    let text = format!("automation\n{document}\ntime/{rule}/{tick}\n");
    PartId::derive(&digest(Tag::Derive, &[text.as_bytes()]), 0)
}

impl Tick {
    /// Whether this is something that the trigger waits for.
    #[must_use]
    pub fn fits(&self, trigger: &Trigger) -> bool {
        let named =
            |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted == is);
        match (self, trigger) {
            (Self::Task(..), Trigger::TaskOverdue { .. })
            | (Self::Idle(_), Trigger::Idle { .. })
            | (Self::Schedule(..), Trigger::Schedule { .. }) => true,
            (Self::Clock(is, _, Edge::Warning), Trigger::SlaWarning { clock })
            | (Self::Clock(is, _, Edge::Breach), Trigger::SlaBreached { clock }) => {
                named(clock, is)
            }
            (Self::Date(is, _), Trigger::DateReached { date, .. }) => is == date,
            (Self::Approval(_, is), Trigger::ApprovalGiven { outcome, .. }) => {
                comes_out(*outcome, *is)
            }
            (_, _) => false,
        }
    }
}

/// Whether an approval that came out so is one that a rule waits for.
pub(super) fn comes_out(wanted: Option<Outcome>, is: Outcome) -> bool {
    match wanted {
        Some(wanted) => wanted == is,
        None => matches!(
            is,
            Outcome::Approved | Outcome::Returned | Outcome::Rejected
        ),
    }
}

impl Mark {
    /// The mark of a change.
    #[must_use]
    pub fn of(change: ChangeHash) -> Self {
        let mut digits = change.to_string();
        digits.truncate(CHANGE_DIGITS);
        Self(digits)
    }

    fn read(text: &str) -> Option<Self> {
        let digits = text.len() == CHANGE_DIGITS && text.bytes().all(|b| b.is_ascii_hexdigit());
        digits.then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(task, due) => write!(f, "task/{task}@{due}"),
            Self::Clock(clock, Mark(since), Edge::Warning) => {
                write!(f, "warning/{clock}@{since}")
            }
            Self::Clock(clock, Mark(since), Edge::Breach) => write!(f, "breach/{clock}@{since}"),
            Self::Date(date, is) => write!(f, "date/{date}@{is}"),
            Self::Idle(Mark(since)) => write!(f, "idle@{since}"),
            Self::Schedule(Mark(since), date) => write!(f, "schedule/{date}@{since}"),
            Self::Approval(approval, outcome) => {
                write!(f, "approval/{approval}@{}", outcome.name())
            }
        }
    }
}

impl FromStr for Tick {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        read(text).ok_or(())
    }
}

fn read(text: &str) -> Option<Tick> {
    let (what, rest) = text.split_once('@')?;
    let (kind, on) = what.split_once('/').unwrap_or((what, ""));
    Some(match kind {
        "task" => Tick::Task(on.parse().ok()?, rest.to_owned()),
        "warning" => Tick::Clock(on.to_owned(), Mark::read(rest)?, Edge::Warning),
        "breach" => Tick::Clock(on.to_owned(), Mark::read(rest)?, Edge::Breach),
        "date" => Tick::Date(on.parse().ok()?, rest.to_owned()),
        "idle" => Tick::Idle(Mark::read(rest)?),
        "schedule" => Tick::Schedule(Mark::read(rest)?, read_date(on)?),
        "approval" => {
            let named = |outcome: &Outcome| outcome.name() == rest;
            Tick::Approval(on.parse().ok()?, Outcome::ALL.into_iter().find(named)?)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_read_as_it_was_written() {
        let since = Mark::of(ChangeHash::new([7; 32]));
        let part = PartId::new([3; 8]);
        let date = Date::constant(2026, 3, 4);
        for tick in [
            Tick::Task(part, "2026-03-04".into()),
            Tick::Clock("stage/review".into(), since.clone(), Edge::Warning),
            Tick::Clock("case/answer".into(), since.clone(), Edge::Breach),
            Tick::Date(DateOf::Due, "2026-03-04".into()),
            Tick::Date(DateOf::Field("ends".into()), "2026-03-04".into()),
            Tick::Idle(since.clone()),
            Tick::Schedule(since, date),
            Tick::Approval(part, Outcome::Rejected),
        ] {
            assert_eq!(tick.to_string().parse(), Ok(tick));
        }
        for text in ["", "idle", "idle@12", "task/x@y", "approval/0303@maybe"] {
            assert_eq!(text.parse::<Tick>(), Err(()), "{text}");
        }
    }
}
