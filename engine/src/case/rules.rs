//! What the rules of a template say about an act: moves, stages, openings, required and closed
//! fields, required documents.
//!
//! Only says it; whether it refuses, asks or warns is up to whoever acts (`judge.rs`). A case that
//! is opened in a later stage needs what a move there would need; only an import does not.

use super::action::{Act, CaseAction};
use super::condition::{Facts, holds};
use super::conform::list;
use super::contents::{FieldEntry, Opening};
use super::filled::{has_document, is_filled};
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
pub(super) fn findings(facts: &Facts<'_>, act: &Act) -> Vec<Finding> {
    let action = &act.action;
    if let CaseAction::Move { to } = action {
        move_findings(facts, to)
    } else if let CaseAction::Open(opening) = action {
        let begun = if act.imported.is_some() {
            Begun::Elsewhere
        } else {
            Begun::Here
        };
        opening_findings(&facts.after(action), opening, begun)
    } else if let CaseAction::Close(_) = action {
        closing_findings(facts)
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
    let there = |kind: &str| has_document(facts.past, kind);
    found.extend(document_finding(
        revision,
        &revision.missing_documents(&from, to, there),
        name,
    ));
    found
}

/// Who closes a case where it stands leaves the work there: what is asked of whoever moves on is
/// asked of them.
fn closing_findings(facts: &Facts<'_>) -> Vec<Finding> {
    let stage = occasion::stage_of(facts.past).unwrap_or_default();
    let revision = facts.revision;
    let mut found = spoken(facts, revision.said_before_close(&stage));
    let missing = revision.missing_for_close(&stage, |id| is_filled(facts.past, revision, id));
    found.extend(missing_finding(&missing, CLOSING));
    let there = |kind: &str| has_document(facts.past, kind);
    let missing = revision.documents_missing_for_close(&stage, there);
    found.extend(document_finding(revision, &missing, CLOSING));
    found
}

/// What asks for something before a case is closed.
const CLOSING: &str = "closing here";

/// Where a case that is being opened began.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begun {
    Here,
    /// In another system; what was done there is not judged by the rules of opening here.
    Elsewhere,
}

fn opening_findings(facts: &Facts<'_>, opening: &Opening, begun: Begun) -> Vec<Finding> {
    let revision = facts.revision;
    let mut found = Vec::new();
    let (first, Some(stage)) = (revision.first_stage(), revision.stage(&opening.stage)) else {
        return found;
    };
    let later = first.id != stage.id;
    if later {
        let rule = format!("cases begin in {}", first.name);
        found.push(Finding::new(Severity::Warn, rule));
    }
    let said = if later && begun == Begun::Here {
        revision.said_before_move(&first.id, &stage.id)
    } else {
        stage.said_on_entry()
    };
    found.extend(spoken(facts, said));
    for (id, entry) in &opening.fields {
        let Some(field) = revision.field(id) else {
            continue;
        };
        if is_given(field, entry) && (!later || begun == Begun::Here) {
            found.extend(brought_finding(revision, stage, field));
        }
        found.extend(spoken(facts, field.rules.iter().map(Said::of).collect()));
    }
    let filled = |id: &str| opening.fields.contains_key(id);
    let missing = if begun == Begun::Here {
        revision.missing_for_move(&first.id, &stage.id, filled)
    } else {
        revision.missing_required(&stage.id, filled)
    };
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
    if later && begun == Begun::Here {
        let documents = revision.missing_documents(&first.id, &stage.id, |_| false);
        found.extend(document_finding(revision, &documents, &stage.name));
    }
    found
}

/// Whether somebody chose the value; a default is given by the template itself.
fn is_given(field: &Field, entry: &FieldEntry) -> bool {
    match entry {
        FieldEntry::Value(value) => field
            .default_value()
            .ok()
            .flatten()
            .is_none_or(|default| default.to_scalar() != *value),
        FieldEntry::Options(_) => true,
    }
}

/// A field that a case brings into the stage in which it is opened, although neither that stage nor
/// the first one lets anybody edit it. It may have been filled on a way that the case did not go
/// here: then somebody has to say so.
fn brought_finding(revision: &Revision, stage: &Stage, field: &Field) -> Option<Finding> {
    let first = revision.first_stage();
    let closed = closed_finding(revision, stage, field)?;
    if first.policy_of(&field.id).is_editable() {
        return None;
    }
    let before = revision
        .stages()
        .iter()
        .take_while(|other| other.id != stage.id);
    let before: Vec<&Stage> = before.collect();
    let passed = before
        .iter()
        .any(|other| other.policy_of(&field.id).is_editable());
    Some(if passed {
        Finding::new(Severity::Ask, closed.rule)
    } else {
        closed
    })
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

fn document_finding(revision: &Revision, missing: &[&str], what: &str) -> Option<Finding> {
    if missing.is_empty() {
        return None;
    }
    let named = missing.iter().map(|id| {
        let kind = revision.document_type(id);
        kind.map_or_else(|| (*id).to_owned(), |kind| format!("{} ({id})", kind.label))
    });
    let named: Vec<String> = named.collect();
    let noun = if named.len() == 1 {
        "document"
    } else {
        "documents"
    };
    let named = list(named.iter().map(String::as_str));
    let rule = format!("{what} requires the {noun} {named}");
    Some(Finding::new(Severity::Ask, rule))
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
