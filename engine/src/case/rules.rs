//! What the rules of a template say about an act: moves, stages, required and closed fields.
//!
//! Only says it; whether it refuses, asks or warns is up to whoever acts (`judge.rs`).

use super::action::CaseAction;
use super::condition::{Facts, holds};
use super::conform::list;
use super::contents::{FieldEntry, Opening};
use super::filled::is_filled;
use super::occasion;
use crate::template::{Field, FieldPolicy, Revision, Said, Severity, Stage};
use crate::value::ConflictPolicy;

/// What a rule of the template says about an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    pub(super) rule: String,
    /// Where the act would be possible, if the rule forbids it here.
    pub(super) open: Option<String>,
}

/// Everything the template says about an act on the case as it is.
pub(super) fn findings(facts: &Facts<'_>, action: &CaseAction) -> Vec<Finding> {
    if let CaseAction::Move { to } = action {
        move_findings(facts, to)
    } else if let CaseAction::Open(opening) = action {
        opening_findings(&facts.after(action), opening)
    } else if let CaseAction::Close(_) = action {
        let stage = occasion::stage_of(facts.past).unwrap_or_default();
        let missing = facts
            .revision
            .missing_required(&stage, |id| is_filled(facts.past, facts.revision, id));
        missing_finding(&missing, "closing here")
            .into_iter()
            .collect()
    } else if let Some(field) = occasion::field_of(action) {
        field_findings(&facts.after(action), &field, action)
    } else {
        Vec::new()
    }
}

/// The stages that nothing blocks from where the case stands, in their order.
pub(super) fn open_stages<'r>(facts: &Facts<'r>) -> Vec<&'r str> {
    let from = occasion::stage_of(facts.past).unwrap_or_default();
    let open = |stage: &&Stage| {
        let mut said = facts
            .revision
            .said_before_move(&from, &stage.id)
            .into_iter();
        let blocks = |said: Said<'_>| said.severity == Severity::Block && holds(&said.when, facts);
        stage.id != facts.revision.placed(&from) && !said.any(blocks)
    };
    let stages = facts.revision.stages().iter().filter(open);
    stages.map(|stage| stage.id.as_str()).collect()
}

fn move_findings(facts: &Facts<'_>, to: &str) -> Vec<Finding> {
    let from = occasion::stage_of(facts.past).unwrap_or_default();
    let revision = facts.revision;
    if revision.placed(&from) == revision.placed(to) {
        return Vec::new();
    }
    let mut found = spoken(facts, revision.said_before_move(&from, to));
    let missing = revision.missing_for_move(&from, to, |id| is_filled(facts.past, revision, id));
    let name = revision.stage(to).map_or(to, |stage| stage.name.as_str());
    found.extend(missing_finding(&missing, name));
    found
}

fn opening_findings(facts: &Facts<'_>, opening: &Opening) -> Vec<Finding> {
    let revision = facts.revision;
    let mut found = Vec::new();
    let first = revision.first_stage();
    if first.id != opening.stage {
        found.push(Finding::new(
            Severity::Warn,
            format!("cases begin in {}", first.name),
        ));
    }
    if let Some(stage) = revision.stage(&opening.stage) {
        found.extend(spoken(facts, stage.said_on_entry()));
        for (id, entry) in &opening.fields {
            let Some(field) = revision.field(id) else {
                continue;
            };
            // A default is given by the template itself.
            let given = match entry {
                FieldEntry::Value(value) => field
                    .default_value()
                    .ok()
                    .flatten()
                    .is_none_or(|default| default.to_scalar() != *value),
                FieldEntry::Options(_) => true,
            };
            // A case that begins in the middle brings what the stages before have gathered.
            if given && first.id == opening.stage {
                found.extend(closed_finding(revision, stage, field));
            }
            found.extend(spoken(facts, field.rules.iter().map(Said::of).collect()));
        }
    }
    let filled = |id: &str| opening.fields.contains_key(id);
    let missing = revision.missing_required(&opening.stage, filled);
    // Counters and prose begin empty, so an opening cannot be asked for them.
    let missing: Vec<&Field> = missing
        .into_iter()
        .filter(|field| {
            !matches!(
                field.policy(),
                ConflictPolicy::Counter | ConflictPolicy::Text
            )
        })
        .collect();
    found.extend(missing_finding(&missing, "opening"));
    found
}

fn field_findings(facts: &Facts<'_>, field: &str, action: &CaseAction) -> Vec<Finding> {
    let from = occasion::stage_of(facts.past).unwrap_or_default();
    let (Some(stage), Some(field)) = (facts.revision.stage(&from), facts.revision.field(field))
    else {
        return Vec::new();
    };
    let mut found: Vec<Finding> = closed_finding(facts.revision, stage, field)
        .into_iter()
        .collect();
    let emptied = matches!(action, CaseAction::ClearField { .. });
    if emptied && stage.policy_of(&field.id) == FieldPolicy::Required {
        let rule = format!("{} requires {}", stage.name, field.label);
        found.push(Finding::new(Severity::Ask, rule));
    }
    if field.disabled && !emptied && !matches!(action, CaseAction::RemoveOption { .. }) {
        let rule = format!("{} is disabled and takes no more values", field.label);
        found.push(Finding::new(Severity::Block, rule));
    }
    found.extend(spoken(facts, field.rules.iter().map(Said::of).collect()));
    found
}

/// What is said by those of the rules whose condition holds.
fn spoken(facts: &Facts<'_>, said: Vec<Said<'_>>) -> Vec<Finding> {
    said.into_iter()
        .filter(|said| holds(&said.when, facts))
        .map(|said| Finding::new(said.severity, said.message.into_owned()))
        .collect()
}

/// A field that the stage does not let anybody edit, with the stages that do.
fn closed_finding(revision: &Revision, stage: &Stage, field: &Field) -> Option<Finding> {
    let policy = stage.policy_of(&field.id);
    if policy.is_editable() {
        return None;
    }
    let open = revision.stages().iter();
    let open = open.filter(|stage| stage.policy_of(&field.id).is_editable());
    Some(Finding {
        severity: Severity::Block,
        rule: format!("{} is {policy} in {}", field.label, stage.name),
        open: Some(list(open.map(|stage| stage.name.as_str()))),
    })
}

fn missing_finding(missing: &[&Field], what: &str) -> Option<Finding> {
    if missing.is_empty() {
        return None;
    }
    let fields = list(missing.iter().map(|field| field.label.as_str()));
    Some(Finding::new(
        Severity::Ask,
        format!("{what} requires {fields}"),
    ))
}

impl Finding {
    const fn new(severity: Severity, rule: String) -> Self {
        Self {
            severity,
            rule,
            open: None,
        }
    }
}
