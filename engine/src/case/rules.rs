//! What the rules of a template say about an act: listed moves, required fields, where cases begin.
//!
//! Only says it; whether it refuses, asks or warns is up to whoever acts (`judge.rs`).

use super::action::CaseAction;
use super::conform::list;
use super::contents::Opening;
use super::filled::is_filled;
use super::occasion;
use super::past::Past;
use crate::template::{Field, Movement, Revision, Severity};
use crate::value::ConflictPolicy;

/// What a rule of the template says about an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    pub(super) rule: String,
}

/// Everything the template says about an act on the case as it is.
pub(super) fn findings(past: &Past<'_>, revision: &Revision, action: &CaseAction) -> Vec<Finding> {
    if let CaseAction::Move { to } = action {
        move_findings(past, revision, to)
    } else if let CaseAction::Open(opening) = action {
        opening_findings(revision, opening)
    } else if let CaseAction::Close(_) = action {
        let stage = occasion::stage_of(past).unwrap_or_default();
        let missing = revision.missing_required(&stage, |id| is_filled(past, revision, id));
        missing_finding(&missing, "closing here")
            .into_iter()
            .collect()
    } else {
        Vec::new()
    }
}

fn move_findings(past: &Past<'_>, revision: &Revision, to: &str) -> Vec<Finding> {
    let from = occasion::stage_of(past).unwrap_or_default();
    if from == to {
        return Vec::new();
    }
    let mut found = Vec::new();
    if let Movement::Ruled { severity, message } = revision.transition(&from, to) {
        found.push(Finding {
            severity,
            rule: message,
        });
    }
    let missing = revision.missing_for_move(&from, to, |id| is_filled(past, revision, id));
    let name = revision.stage(to).map_or(to, |stage| stage.name.as_str());
    found.extend(missing_finding(&missing, name));
    found
}

fn opening_findings(revision: &Revision, opening: &Opening) -> Vec<Finding> {
    let mut found = Vec::new();
    let first = revision.first_stage();
    if first.id != opening.stage {
        let rule = format!("cases begin in {}", first.name);
        found.push(Finding {
            severity: Severity::Warn,
            rule,
        });
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

fn missing_finding(missing: &[&Field], what: &str) -> Option<Finding> {
    if missing.is_empty() {
        return None;
    }
    let fields = list(missing.iter().map(|field| field.label.as_str()));
    Some(Finding {
        severity: Severity::Ask,
        rule: format!("{what} requires {fields}"),
    })
}
