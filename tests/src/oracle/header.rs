//! Stage, title, owner, dates, labels and fields, from the deeds and the graph alone.

use std::collections::BTreeSet;

use casework_engine::case::facet::attention::AttentionAction;
use casework_engine::case::facet::handover::TransferAction;
use casework_engine::case::facet::redaction::RedactionAction;
use casework_engine::case::{CaseAction, FacetAction, Place};

use super::register::{Register, Write, begins, or_nothing, says, words};
use super::{Known, Told};

/// Checks what stands at the head of a case, and its fields.
pub(super) fn check(told: &Told<'_>, contested: &mut BTreeSet<Place>) {
    let view = told.view;
    let plain = |text: &String| text.clone();
    let stage = Register::new(Place::Stage, &view.stage, plain);
    told.check_register(&stage, contested, |known| stage_of(known.action()));
    let title = Register::new(Place::Title, &view.title, plain);
    told.check_register(&title, contested, |known| title_of(known.action()));
    let owner = Register::new(Place::Owner, &view.owner, or_nothing);
    told.check_register(&owner, contested, |known| owner_of(told, known));
    let priority = Register::new(Place::Priority, &view.priority, or_nothing);
    told.check_register(&priority, contested, |known| priority_of(known.action()));
    let severity = Register::new(Place::Severity, &view.severity, or_nothing);
    told.check_register(&severity, contested, |known| severity_of(known.action()));
    let due = Register::new(Place::Due, &view.due, or_nothing);
    told.check_register(&due, contested, |known| due_of(known.action()));
    let closed = Register::new(Place::Closed, &view.closed, |closing| {
        closing
            .as_ref()
            .map_or_else(open, |closing| format!("{closing:?}"))
    });
    told.check_register(&closed, contested, |known| closed_of(known.action()));
    check_fields(told, contested);
    check_sets(told);
}

fn check_fields(told: &Told<'_>, contested: &mut BTreeSet<Place>) {
    for id in ["phone", "place"] {
        let redacted = told.known.iter().any(|k| redacts(k.action(), id));
        let field = told.view.fields.get(id);
        if redacted {
            let hidden =
                field.is_none_or(|field| field.value.is_none() && field.redacted.is_some());
            assert!(hidden, "{}", told.at("a redacted field"));
            continue;
        }
        let slot = field.and_then(|field| field.value.as_ref());
        let register = Register::of_option(Place::Field(id.to_owned()), slot, words);
        // One of them shows the latest and contests nothing.
        let mut nobody = BTreeSet::new();
        let contests = if id == "place" {
            &mut nobody
        } else {
            &mut *contested
        };
        told.check_register(&register, contests, |known| value_of(known.action(), id));
    }
    let mut counts = BTreeSet::new();
    for known in &told.known {
        if let CaseAction::Count { by, .. } = known.action() {
            counts.insert((known.deed.id, *by));
        }
    }
    let visits = told.view.fields.get("visits").and_then(|field| field.count);
    if !told.known.iter().any(|k| redacts(k.action(), "visits")) {
        let sum: i64 = counts.iter().map(|(_, by)| by).sum();
        told.same("visits", &visits.unwrap_or_default(), &sum);
    }
}

fn check_sets(told: &Told<'_>) {
    let labels = told.set(
        |action| match action {
            CaseAction::AddLabel { label } => vec![label.clone()],
            _ => Vec::new(),
        },
        |action| match action {
            CaseAction::RemoveLabel { label } => Some(label.clone()),
            _ => None,
        },
    );
    told.same("labels", &told.view.labels, &labels);
    let assignees = told.set(
        |action| match action {
            CaseAction::Assign { member } => vec![*member],
            CaseAction::Open(opening) => opening.assignees.iter().copied().collect(),
            _ => Vec::new(),
        },
        |action| match action {
            CaseAction::Unassign { member } => Some(*member),
            _ => None,
        },
    );
    told.same("assignees", &told.view.assignees, &assignees);
    let watchers = told.set(
        |action| match action {
            CaseAction::Facet(FacetAction::Attention(AttentionAction::Watch { member })) => {
                vec![*member]
            }
            _ => Vec::new(),
        },
        |action| match action {
            CaseAction::Facet(FacetAction::Attention(AttentionAction::Unwatch { member })) => {
                Some(*member)
            }
            _ => None,
        },
    );
    told.same("watchers", &told.view.watchers, &watchers);
    if told.known.iter().any(|k| redacts(k.action(), "skills")) {
        return;
    }
    let options = told.set(
        |action| match action {
            CaseAction::AddOption { option, .. } => vec![option.clone()],
            _ => Vec::new(),
        },
        |action| match action {
            CaseAction::RemoveOption { option, .. } => Some(option.clone()),
            _ => None,
        },
    );
    let skills = told.view.fields.get("skills");
    let skills = skills.map(|field| field.options.clone());
    told.same("skills", &skills.unwrap_or_default(), &options);
}

fn redacts(action: &CaseAction, id: &str) -> bool {
    match action {
        CaseAction::Facet(FacetAction::Redaction(RedactionAction::Field { field })) => field == id,
        _ => false,
    }
}

fn stage_of(action: &CaseAction) -> Option<Write> {
    match action {
        CaseAction::Open(opening) => begins(&opening.stage),
        CaseAction::Move { to } => says(to),
        _ => None,
    }
}

fn title_of(action: &CaseAction) -> Option<Write> {
    match action {
        CaseAction::Open(opening) => begins(&opening.title),
        CaseAction::SetTitle { title } => says(title),
        _ => None,
    }
}

/// Whoever accepts a transfer owns the case.
fn owner_of(told: &Told<'_>, known: &Known<'_>) -> Option<Write> {
    match known.action() {
        CaseAction::Open(opening) => begins(or_nothing(&opening.owner)),
        CaseAction::SetOwner { member } => says(or_nothing(member)),
        CaseAction::Facet(FacetAction::Transfer(TransferAction::Accept { .. })) => {
            says(told.members[known.deed.who.0])
        }
        _ => None,
    }
}

fn priority_of(action: &CaseAction) -> Option<Write> {
    match action {
        CaseAction::Open(_) => begins("nothing"),
        CaseAction::SetPriority { priority } => says(or_nothing(priority)),
        _ => None,
    }
}

fn severity_of(action: &CaseAction) -> Option<Write> {
    match action {
        CaseAction::Open(_) => begins("nothing"),
        CaseAction::Facet(FacetAction::Attention(AttentionAction::SetSeverity { severity })) => {
            says(or_nothing(severity))
        }
        _ => None,
    }
}

fn due_of(action: &CaseAction) -> Option<Write> {
    match action {
        CaseAction::Open(_) => begins("nothing"),
        CaseAction::SetDue { due } => says(or_nothing(due)),
        _ => None,
    }
}

fn open() -> String {
    "open".to_owned()
}

fn closed_of(action: &CaseAction) -> Option<Write> {
    match action {
        CaseAction::Open(_) => begins("open"),
        CaseAction::Close(closing) => says(format!("{closing:?}")),
        CaseAction::Reopen => says("open"),
        _ => None,
    }
}

fn value_of(action: &CaseAction, wanted: &str) -> Option<Write> {
    match action {
        CaseAction::SetField { field, value } if field == wanted => says(words(value)),
        CaseAction::ClearField { field } if field == wanted => says("nothing"),
        _ => None,
    }
}
