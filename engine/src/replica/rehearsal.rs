//! Looking at rules: what would happen, why a rule does not act, and what rules did so far.
//!
//! A dry run is the real thing without its commit, so it cannot tell anything else than what would
//! happen. Histories are read from the messages of changes; nothing is kept beside them.

use casework_protocol::ids::{ChangeHash, DocumentId, MemberId};
use serde::Serialize;

use super::asked::day_of;
use super::authority::untrusted;
use super::automating::Ran;
use super::document::author_of;
use super::{DocumentFault, Replica, ReplicaFault};
use crate::automation::{Event, Fired, Scene, Timer, effects, rules_for};
use crate::case::condition::{Facts, holds, passes};
use crate::case::facet::automation::{AutomationAction, AutomationKind};
use crate::case::facet::{FacetAction, FacetKind};
use crate::case::{Act, ActionKind, CaseAction, Cause, Message, PartId, Past, stage_of};
use crate::moment::Moment;
use crate::template::{Automation, Revision};

/// Most entries of one history.
pub const MAX_HISTORY: usize = 1_000;

/// Why a rule would act on a case now, or would not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleReport {
    /// The automation's id.
    pub rule: String,
    /// What people call it.
    pub name: String,
    /// What it waits for, in words.
    pub trigger: String,
    /// Whether it is switched off.
    pub disabled: bool,
    /// The condition: groups that must all hold, each by one of its tests.
    pub condition: Vec<Vec<TestReport>>,
    /// Whether the condition holds on the case as it is.
    pub holds: bool,
    /// When it fires by itself, if it waits for time: the earliest first.
    pub fires: Vec<Timer>,
    /// What it would do if its trigger came now; what it could not do with the reason.
    pub would: Vec<Would>,
}

/// A test of a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestReport {
    /// What it asks, in words.
    pub asks: String,
    /// Whether it holds.
    pub holds: bool,
}

/// One thing that a rule would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Would {
    /// What, in words: an action and its target.
    pub action: String,
    /// Why it could not; `None` if it could.
    pub problem: Option<String>,
}

/// One thing that a rule did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PastRun {
    /// The case.
    pub document: DocumentId,
    /// The change.
    pub change: ChangeHash,
    /// The rule, its trigger and its depth.
    pub cause: Cause,
    /// What it did: an action and its target.
    pub action: String,
    /// Whether it is the mark of a failure or of a stop.
    pub trouble: bool,
    /// On whose device.
    pub member: Option<MemberId>,
    /// When, by that device's clock, milliseconds UTC.
    pub claimed_ms: i64,
}

impl Replica {
    /// What the rules would do about an act. Nothing is done.
    ///
    /// # Errors
    /// [`ReplicaFault`] as for the act itself.
    pub fn rehearse(
        &mut self,
        id: DocumentId,
        act: Act,
        moment: &Moment,
    ) -> Result<Vec<Ran>, ReplicaFault> {
        let mut batch = self.batch();
        // The batch is dropped: the next use of the case reads what the disk says.
        batch.act(id, act, moment).map(|acted| acted.effects)
    }

    /// Why each rule of the case's template would act now, or would not.
    ///
    /// # Errors
    /// [`ReplicaFault::Document`] when the case is not here.
    pub fn explain_rules(
        &mut self,
        id: DocumentId,
        moment: &Moment,
    ) -> Result<Vec<RuleReport>, ReplicaFault> {
        let actor = self.member();
        let timers = self.timers(id, moment)?;
        let template = self.document(id)?.row.template;
        let template = template.ok_or(DocumentFault::Unknown(id))?;
        let revision = self
            .current_revision(template)
            .ok_or(ReplicaFault::Unpublished(template))?;
        let automerge = self.document(id)?.automerge.clone();
        let past = Past::now(&automerge);
        let today = day_of(moment.now_ms.cast_signed(), moment.zone_min)
            .ok_or_else(|| untrusted("the clock is beyond the calendar"))?;
        let roster = self.roster()?.head();
        let facts = Facts {
            past: &past,
            revision: &revision,
            today,
            actor: actor
                .and_then(|actor| roster.member(actor))
                .map(|member| &member.roles),
            ahead: None,
        };
        let scene = Scene {
            past: &past,
            revision: &revision,
            roster,
            today,
            actor,
        };
        let entered = Event::Entered(stage_of(&past).unwrap_or_default());
        let of_stage = rules_for(&revision, &entered)
            .into_iter()
            .filter(|rule| revision_lacks(&revision, &rule.id));
        let listed = revision.package().automations.iter().cloned();
        let rules: Vec<Automation> = of_stage
            .map(std::borrow::Cow::into_owned)
            .chain(listed)
            .collect();
        Ok(rules
            .iter()
            .map(|rule| report(rule, (&facts, &scene), &timers))
            .collect())
    }

    /// What rules did: of one rule or all, on one case or all that are here; newest first, at most
    /// [`MAX_HISTORY`].
    ///
    /// # Errors
    /// [`ReplicaFault::Document`] when the case is not here.
    pub fn rule_history(
        &mut self,
        rule: Option<&str>,
        case: Option<DocumentId>,
    ) -> Result<Vec<PastRun>, ReplicaFault> {
        let cases = match case {
            Some(case) => vec![case],
            None => self.cases()?,
        };
        let mut found = Vec::new();
        for id in cases {
            match self.rule_runs_on(id, rule) {
                Ok(runs) => found.extend(runs),
                // One case that cannot be read keeps no other one from being told.
                Err(ReplicaFault::Document(DocumentFault::Quarantined { .. }))
                    if case.is_none() => {}
                Err(fault) => return Err(fault),
            }
        }
        found.sort_by_key(|run| (core::cmp::Reverse(run.claimed_ms), run.change));
        found.truncate(MAX_HISTORY);
        Ok(found)
    }

    fn rule_runs_on(
        &mut self,
        id: DocumentId,
        rule: Option<&str>,
    ) -> Result<Vec<PastRun>, ReplicaFault> {
        self.document(id)?;
        let roster = self.roster()?.head();
        let Some(open) = self.documents.peek(id) else {
            return Ok(Vec::new());
        };
        let automerge = &open.automerge;
        let mut found = Vec::new();
        for meta in automerge.get_changes_meta(&[]) {
            let text = meta.message.as_deref().unwrap_or_default();
            // Most changes are people's: they are not read.
            if !text.contains("\"by\":{") {
                continue;
            }
            let Ok(message) = Message::read(text) else {
                continue;
            };
            let Some(cause) = message.cause else { continue };
            if rule.is_some_and(|rule| rule != cause.rule) {
                continue;
            }
            let device = author_of(automerge, &meta.actor);
            found.push(PastRun {
                document: id,
                change: ChangeHash::new(meta.hash.0),
                cause,
                action: words(message.action, message.on.as_deref()),
                trouble: is_trouble(message.action),
                member: device
                    .and_then(|device| roster.device(device))
                    .map(|d| d.member),
                claimed_ms: meta.timestamp,
            });
        }
        Ok(found)
    }
}

fn revision_lacks(revision: &Revision, rule: &str) -> bool {
    let listed = &revision.package().automations;
    !listed.iter().any(|known| known.id == rule)
}

fn report(
    rule: &Automation,
    (facts, scene): (&Facts<'_>, &Scene<'_>),
    timers: &[Timer],
) -> RuleReport {
    let test = |test| TestReport {
        asks: format!("{test}"),
        holds: passes(test, facts),
    };
    let groups = rule.when.all.iter();
    let fired = Fired {
        event: Event::Opened,
        key: PartId::new([0; 8]),
    };
    let made = effects(rule, &fired, (ChangeHash::new([0; 32]), 1), scene);
    let would = made.into_iter().map(|effect| match effect.action {
        Ok(action) => Would {
            action: doing(&action),
            problem: None,
        },
        Err(problem) => Would {
            action: format!("step {}", effect.cause.step + 1),
            problem: Some(problem),
        },
    });
    RuleReport {
        rule: rule.id.clone(),
        name: rule.name.clone(),
        trigger: rule.trigger.words(),
        disabled: rule.disabled,
        condition: groups
            .map(|group| group.iter().map(test).collect())
            .collect(),
        holds: holds(&rule.when, facts),
        fires: timers
            .iter()
            .filter(|timer| timer.rule == rule.id)
            .cloned()
            .collect(),
        would: would.collect(),
    }
}

/// What an action of a rule does, in words: its kind, and what it says or what it is done to.
#[must_use]
pub fn doing(action: &CaseAction) -> String {
    let said = if let CaseAction::CreateTask { title: text, .. }
    | CaseAction::Comment { body: text, .. }
    | CaseAction::Facet(FacetAction::Automation(AutomationAction::Notify {
        text,
        ..
    })) = action
    {
        Some(format!("“{text}”"))
    } else if let CaseAction::Facet(FacetAction::Automation(AutomationAction::Request {
        what,
        ..
    })) = action
    {
        Some(format!("{} {}", what.kind.name(), what.name))
    } else if let CaseAction::SetField { field, value } = action {
        Some(format!("{field} = {value}"))
    } else if let CaseAction::Count { field, by } = action {
        Some(format!("{field} + {by}"))
    } else if let CaseAction::SetPriority { priority: text } | CaseAction::SetDue { due: text } =
        action
    {
        text.clone()
    } else {
        action.target()
    };
    words(action.kind(), said.as_deref())
}

fn words(action: ActionKind, on: Option<&str>) -> String {
    match on {
        Some(on) => format!("{action} {on}"),
        None => action.to_string(),
    }
}

fn is_trouble(action: ActionKind) -> bool {
    matches!(
        action,
        ActionKind::Facet(FacetKind::Automation(
            AutomationKind::Fail | AutomationKind::Stop
        ))
    )
}
