//! The runs of a clock: from the journey of a case to when it started, stood still and ended.
//!
//! ```text
//! Before ──begins──▶ going ⇄ standing still ──▶ ended ──begins again──▶ a new run, or the same one
//! ```
//! A function of the phases and of what the template says. Reckoning with calendars comes after
//! (`running.rs`).

use casework_protocol::ids::ChangeHash;

use crate::template::{CaseClock, Reentry, Span, StageClock, Warning};

/// From one moment on a case was like this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase<'a> {
    /// Since when, milliseconds UTC. Never before the phase before it.
    pub at_ms: i64,
    /// The change that brought it.
    pub by: ChangeHash,
    /// Where the case stood.
    pub stage: &'a str,
    /// Whether it was closed, or in a stage in which cases have ended.
    pub finished: bool,
    /// Whether it was on hold.
    pub held: bool,
}

/// Which clock it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule<'a> {
    /// That of a stage, by the stage's id and name.
    Stage {
        /// The stage.
        stage: &'a str,
        /// What people call it.
        name: &'a str,
        /// What the template says.
        clock: &'a StageClock,
    },
    /// One over the whole case.
    Case(&'a CaseClock),
}

/// One stretch of time that a clock measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The change that started it: with the clock it names the run for good.
    pub since: ChangeHash,
    /// When it started.
    pub started_ms: i64,
    /// When it stood still and when it went on, in order.
    pub pauses: Vec<(i64, i64)>,
    /// Since when it stands still.
    pub paused_ms: Option<i64>,
    /// When it ended.
    pub ended_ms: Option<i64>,
}

/// What a phase does to a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Motion {
    Goes,
    Stands,
    Stops,
    /// Stops for good.
    Reaches,
}

/// Every run of a clock, the newest last.
#[must_use]
pub fn runs(rule: Rule<'_>, phases: &[Phase<'_>]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut reached = false;
    for phase in phases {
        let motion = rule.motion(phase);
        match runs.last_mut().filter(|run| run.ended_ms.is_none()) {
            Some(run) => {
                run.move_on(motion, phase.at_ms);
                reached |= motion == Motion::Reaches;
            }
            None if matches!(motion, Motion::Goes | Motion::Stands) && rule.begins(phase) => {
                let restarts = !reached || rule.restarts_after_reaching();
                match runs.last_mut() {
                    Some(run) if rule.reentry() == Reentry::Continues && !reached => {
                        run.resume(motion, phase.at_ms);
                    }
                    Some(_) if !restarts => {}
                    Some(_) | None => {
                        reached = false;
                        runs.push(Run::start(motion, phase));
                    }
                }
            }
            None => {}
        }
    }
    runs
}

impl Rule<'_> {
    /// The name of the clock in filters, triggers and cards.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Stage { stage, .. } => format!("stage/{stage}"),
            Self::Case(clock) => format!("case/{}", clock.id),
        }
    }

    /// What people call it.
    #[must_use]
    pub const fn name(&self) -> &str {
        match self {
            Self::Stage { name, .. } => name,
            Self::Case(clock) => clock.name.as_str(),
        }
    }

    /// How long it may take.
    #[must_use]
    pub const fn target(&self) -> Span {
        match self {
            Self::Stage { clock, .. } => clock.target,
            Self::Case(clock) => clock.target,
        }
    }

    /// When it warns.
    #[must_use]
    pub const fn warning(&self) -> Option<Warning> {
        match self {
            Self::Stage { clock, .. } => clock.warn,
            Self::Case(clock) => clock.warn,
        }
    }

    /// The calendar it names, or nothing.
    #[must_use]
    pub const fn calendar(&self) -> &str {
        match self {
            Self::Stage { clock, .. } => clock.calendar.as_str(),
            Self::Case(clock) => clock.calendar.as_str(),
        }
    }

    fn motion(&self, phase: &Phase<'_>) -> Motion {
        let among = |stages: &[String]| stages.iter().any(|stage| stage == phase.stage);
        match self {
            _ if phase.finished => Motion::Stops,
            Self::Stage { stage, clock, .. } if phase.stage != *stage => {
                if among(&clock.pauses_in) {
                    Motion::Stands
                } else {
                    Motion::Stops
                }
            }
            Self::Case(clock) if among(&clock.until) => Motion::Reaches,
            Self::Case(clock) if among(&clock.pauses_in) => Motion::Stands,
            Self::Stage { .. } | Self::Case(_) if phase.held => Motion::Stands,
            Self::Stage { .. } | Self::Case(_) => Motion::Goes,
        }
    }

    /// Whether a clock that does not go starts here.
    fn begins(&self, phase: &Phase<'_>) -> bool {
        match self {
            Self::Stage { stage, .. } => phase.stage == *stage,
            Self::Case(clock) => {
                clock.from.is_empty() || clock.from.iter().any(|stage| stage == phase.stage)
            }
        }
    }

    const fn reentry(&self) -> Reentry {
        match self {
            Self::Stage { clock, .. } => clock.reentry,
            Self::Case(clock) => clock.reentry,
        }
    }

    /// Reaching its end is for good, unless a stage that starts it is entered anew and it resets.
    fn restarts_after_reaching(&self) -> bool {
        match self {
            Self::Stage { .. } => true,
            Self::Case(clock) => clock.reentry == Reentry::Resets && !clock.from.is_empty(),
        }
    }
}

impl Run {
    fn start(motion: Motion, phase: &Phase<'_>) -> Self {
        Self {
            since: phase.by,
            started_ms: phase.at_ms,
            pauses: Vec::new(),
            paused_ms: (motion == Motion::Stands).then_some(phase.at_ms),
            ended_ms: None,
        }
    }

    fn move_on(&mut self, motion: Motion, at_ms: i64) {
        match motion {
            Motion::Stands => {
                self.paused_ms.get_or_insert(at_ms);
            }
            Motion::Goes => self.end_pause(at_ms),
            Motion::Stops | Motion::Reaches => {
                self.end_pause(at_ms);
                self.ended_ms = Some(at_ms);
            }
        }
    }

    /// Goes on after its end: the time between was a pause.
    fn resume(&mut self, motion: Motion, at_ms: i64) {
        self.paused_ms = self.ended_ms.take();
        if motion == Motion::Goes {
            self.end_pause(at_ms);
        }
    }

    fn end_pause(&mut self, at_ms: i64) {
        if let Some(since) = self.paused_ms.take() {
            self.pauses.push((since, at_ms));
        }
    }
}
