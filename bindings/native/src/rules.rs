//! What the rules of templates do, would do and did, for people who write templates. Actions and
//! conditions come in words, as the command line prints them; nothing here does anything.

use casework::RanOutcome;

use crate::acting::act;
use crate::action::Action;
use crate::error::CaseworkError;
use crate::listing::{Person, person};
use crate::text::{read, read_some};
use crate::workspace::Workspace;

/// One thing that a rule would do about an action.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RuleRun {
    /// The rule's id.
    pub rule: String,
    /// What people call it.
    pub name: String,
    /// 1 for what the action itself triggers, one more for each rule in between.
    pub depth: u32,
    /// What it would do: an action and its target; nothing when it comes to none.
    pub action: Option<String>,
    /// What would come of it.
    pub outcome: RunOutcome,
    /// Why not, when it would fail or be stopped.
    pub reason: Option<String>,
}

/// What comes of one effect of a rule. More may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum RunOutcome {
    /// Done.
    Done,
    /// Nothing to do: it is so already.
    Idle,
    /// Not done.
    Failed,
    /// Not done, because the rules go round in circles.
    Stopped,
}

/// Why a rule would act on a case now, or would not.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RuleReport {
    /// The rule's id.
    pub rule: String,
    /// What people call it.
    pub name: String,
    /// What it waits for, in words.
    pub trigger: String,
    /// Switched off.
    pub disabled: bool,
    /// The condition: groups that must all hold.
    pub condition: Vec<ConditionGroup>,
    /// Whether the condition holds on the case as it is.
    pub holds: bool,
    /// When it fires by itself, if it waits for time: the earliest first.
    pub fires: Vec<RuleTimer>,
    /// What it would do if its trigger came now.
    pub would: Vec<RuleStep>,
}

/// A part of a condition, which holds by any of its tests.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConditionGroup {
    /// The tests.
    pub tests: Vec<ConditionTest>,
}

/// A test of a condition.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConditionTest {
    /// What it asks, in words.
    pub asks: String,
    /// Whether it holds.
    pub holds: bool,
}

/// One thing that a rule would do if its trigger came now.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RuleStep {
    /// An action and its target.
    pub action: String,
    /// Why it could not; nothing if it could.
    pub problem: Option<String>,
}

/// When a rule that waits for time fires.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RuleTimer {
    /// The rule's id.
    pub rule: String,
    /// What for: an overdue task, a clock, a date, in words.
    pub tick: String,
    /// When.
    pub at_ms: i64,
}

/// One thing that a rule did.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PastRun {
    /// The case.
    pub case_id: String,
    /// The change.
    pub change_id: String,
    /// The rule's id, or `stage/ID` for the tasks of a stage.
    pub rule: String,
    /// The change that triggered it; nothing when time did.
    pub triggered_by: Option<String>,
    /// 1 for what a person or time triggered, one more for each rule in between.
    pub depth: u32,
    /// What it did: an action and its target.
    pub action: String,
    /// It is the mark of a failure or of a stop.
    pub trouble: bool,
    /// On whose device.
    pub by: Option<Person>,
    /// When, by that device's clock.
    pub at_ms: i64,
}

#[uniffi::export]
impl Workspace {
    /// What the rules would do about an action on a case. Nothing is done.
    ///
    /// # Errors
    /// As for the action itself.
    pub fn rehearse(&self, case_id: &str, action: Action) -> Result<Vec<RuleRun>, CaseworkError> {
        let sdk = self.sdk()?;
        let act = act(&sdk, action)?;
        let ran = sdk.rehearse(read(case_id)?, act.action)?;
        Ok(ran.into_iter().map(run).collect())
    }

    /// Why each rule would act on a case now, or would not.
    ///
    /// # Errors
    /// `Invalid` for what is not here or makes no sense; `Unavailable` when the store fails;
    /// `Closed`.
    pub fn explain_rules(&self, case_id: &str) -> Result<Vec<RuleReport>, CaseworkError> {
        let reports = self.sdk()?.explain_rules(read(case_id)?)?;
        Ok(reports.into_iter().map(report).collect())
    }

    /// When the rules of a case that wait for time fire, the earliest first.
    ///
    /// # Errors
    /// `Invalid` for what is not here or makes no sense; `Unavailable` when the store fails;
    /// `Closed`.
    pub fn timers(&self, case_id: &str) -> Result<Vec<RuleTimer>, CaseworkError> {
        let timers = self.sdk()?.timers(read(case_id)?)?;
        Ok(timers.into_iter().map(timer).collect())
    }

    /// What rules did, newest first: of one rule or all, on one case or all.
    ///
    /// # Errors
    /// `Invalid` for what is not here or makes no sense; `Unavailable` when the store fails;
    /// `Closed`.
    #[uniffi::method(default(rule = None, case_id = None))]
    pub fn rule_history(
        &self,
        rule: Option<String>,
        case_id: Option<String>,
    ) -> Result<Vec<PastRun>, CaseworkError> {
        let sdk = self.sdk()?;
        let case = read_some(case_id.as_deref())?;
        let (runs, names) = (sdk.rule_history(rule.as_deref(), case)?, sdk.names()?);
        let past = |run: casework::PastRun| PastRun {
            case_id: run.document.to_string(),
            change_id: run.change.to_string(),
            rule: run.cause.rule,
            triggered_by: run.cause.of.map(|change| change.to_string()),
            depth: run.cause.depth.into(),
            action: run.action,
            trouble: run.trouble,
            by: run.member.map(|member| person(member, &names)),
            at_ms: run.claimed_ms,
        };
        Ok(runs.into_iter().map(past).collect())
    }
}

fn run(ran: casework::Ran) -> RuleRun {
    let action = ran.action_words();
    let (outcome, reason) = match ran.outcome {
        RanOutcome::Done => (RunOutcome::Done, None),
        RanOutcome::Idle => (RunOutcome::Idle, None),
        RanOutcome::Failed(why) => (RunOutcome::Failed, Some(why)),
        RanOutcome::Stopped(why) => (RunOutcome::Stopped, Some(why)),
    };
    RuleRun {
        rule: ran.rule,
        name: ran.name,
        depth: ran.depth.into(),
        action,
        outcome,
        reason,
    }
}

fn report(report: casework::RuleReport) -> RuleReport {
    let test = |test: casework::TestReport| ConditionTest {
        asks: test.asks,
        holds: test.holds,
    };
    let group = |tests: Vec<casework::TestReport>| ConditionGroup {
        tests: tests.into_iter().map(test).collect(),
    };
    let step = |step: casework::Would| RuleStep {
        action: step.action,
        problem: step.problem,
    };
    RuleReport {
        rule: report.rule,
        name: report.name,
        trigger: report.trigger,
        disabled: report.disabled,
        condition: report.condition.into_iter().map(group).collect(),
        holds: report.holds,
        fires: report.fires.into_iter().map(timer).collect(),
        would: report.would.into_iter().map(step).collect(),
    }
}

fn timer(timer: casework::Timer) -> RuleTimer {
    RuleTimer {
        rule: timer.rule,
        tick: timer.tick.to_string(),
        at_ms: timer.at_ms,
    }
}
