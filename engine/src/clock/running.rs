//! A run reckoned in its calendar: when it is due, when it warns, and how it stands at any moment.
//!
//! A pause moves what is due by the time that it lasted: open time where the clock counts business
//! time, time as it passes where it does not. Invariant: the state is a function of the clock as
//! it is stored and of now, so that lists and boards compute it without loading anything.

use casework_protocol::ids::ChangeHash;
use serde::{Deserialize, Serialize};

use super::deadline::{add, before};
use super::run::{Rule, Run};
use super::within;
use super::working_time::WorkingTime;
use crate::template::{Span, Warning};

/// How a clock stands, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlaState {
    /// What was due has not been done in time.
    Breached,
    /// It is getting late.
    AtRisk,
    /// There is time.
    OnTrack,
    /// The clock stands still.
    Paused,
    /// It was done in time.
    Met,
}

/// One clock of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockView {
    /// `stage/ID` or `case/ID`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// How long it may take.
    pub target: Span,
    /// The id of the calendar it goes by; empty = the first one of the template, if any.
    pub calendar: String,
    /// The change that started it.
    pub since: ChangeHash,
    /// When it started.
    pub started_ms: i64,
    /// When it begins to warn.
    pub warn_ms: Option<i64>,
    /// When it is due.
    pub due_ms: i64,
    /// Since when it stands still.
    pub paused_ms: Option<i64>,
    /// When it ended.
    pub ended_ms: Option<i64>,
}

impl ClockView {
    /// Reckons a run.
    #[must_use]
    pub fn of(rule: Rule<'_>, run: &Run, time: &WorkingTime) -> Self {
        let target = rule.target();
        let business = target.unit().is_business();
        let first = add(time, run.started_ms, target);
        let mut due = first;
        for (from, until) in &run.pauses {
            // A pause after it was due changes nothing: it is late already.
            if *from < due {
                due = if business {
                    time.after(due, time.measure(*from, *until))
                } else {
                    within(due.saturating_add(until.saturating_sub(*from)))
                };
            }
        }
        let warn = rule.warning().map(|warning| match warning {
            Warning::Before(span) => before(time, due, span),
            Warning::Share(percent) => {
                let left = i64::from(100 - percent);
                if business {
                    time.until(due, time.measure(run.started_ms, first) / 100 * left)
                } else {
                    within(due - (first - within(run.started_ms)) / 100 * left)
                }
            }
        });
        Self {
            id: rule.id(),
            name: rule.name().to_owned(),
            target,
            calendar: rule.calendar().to_owned(),
            since: run.since,
            started_ms: run.started_ms,
            warn_ms: warn.map(|warn| warn.max(run.started_ms)),
            due_ms: due,
            paused_ms: run.paused_ms,
            ended_ms: run.ended_ms,
        }
    }

    /// How it stands at a moment.
    #[must_use]
    pub fn state(&self, now_ms: i64) -> SlaState {
        // A clock that ended or stands still is as it was then.
        let at = self.ended_ms.or(self.paused_ms).unwrap_or(now_ms);
        if at >= self.due_ms && self.ended_ms != Some(self.due_ms) {
            SlaState::Breached
        } else if self.ended_ms.is_some() {
            SlaState::Met
        } else if self.paused_ms.is_some() {
            SlaState::Paused
        } else if self.warn_ms.is_some_and(|warn| at >= warn) {
            SlaState::AtRisk
        } else {
            SlaState::OnTrack
        }
    }

    /// Whether it ended, or stands still, or goes.
    #[must_use]
    pub const fn is_going(&self) -> bool {
        self.ended_ms.is_none() && self.paused_ms.is_none()
    }

    /// The next moment after now at which its state changes by itself.
    #[must_use]
    pub fn next_change(&self, now_ms: i64) -> Option<i64> {
        let ahead = |at: &i64| *at > now_ms;
        self.is_going().then(|| {
            let warn = self.warn_ms.filter(ahead);
            warn.into_iter()
                .chain(Some(self.due_ms).filter(ahead))
                .min()
        })?
    }
}

impl SlaState {
    /// Every state, the worst first.
    pub const ALL: [Self; 5] = [
        Self::Breached,
        Self::AtRisk,
        Self::OnTrack,
        Self::Paused,
        Self::Met,
    ];

    /// The name used in filters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Breached => "breached",
            Self::AtRisk => "at-risk",
            Self::OnTrack => "on-track",
            Self::Paused => "paused",
            Self::Met => "met",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Breached => "breached",
            Self::AtRisk => "at risk",
            Self::OnTrack => "on track",
            Self::Paused => "paused",
            Self::Met => "met",
        }
    }

    /// Reads a name, or the label.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == name || state.label() == name)
    }
}
