//! Opening a case in a later stage: what a move there would need, no less; only an import brings a
//! case as it stood elsewhere.

use std::sync::Arc;

use super::super::action::Imported;
use super::super::trial::{Desk, member, opening, package, part};
use super::super::*;
use crate::template::{FieldPolicy, Package, Today};
use crate::value::Scalar;
use casework_protocol::rights::Verb;
use jiff::Timestamp;
use jiff::tz::Offset;

/// New → review → appeal → decided; the summary is read-only but in review, the grade is hidden
/// everywhere, and new lists a document.
fn guarded() -> Package {
    let mut package = package();
    let grade = crate::template::Field::new("grade", "Grade", crate::value::FieldType::Text);
    package.fields.push(grade);
    for stage in &mut package.stages {
        let hidden = ("grade".to_owned(), FieldPolicy::Hidden);
        stage.field_policy.extend([hidden]);
        if stage.id != "review" {
            let closed = ("summary".to_owned(), FieldPolicy::ReadOnly);
            stage.field_policy.extend([closed]);
        }
    }
    let kind = crate::template::DocumentType {
        id: "complaint".into(),
        label: "Letter of complaint".into(),
        required_fields: Vec::new(),
    };
    package.document_types.push(kind);
    package.stages[0].documents = vec!["complaint".into()];
    package
}

fn desk() -> Desk {
    let mut desk = Desk::new(1);
    desk.revision = Arc::new(guarded().publish().unwrap());
    desk
}

fn at(stage: &str, fields: &[&str]) -> Act {
    let mut act = opening();
    let CaseAction::Open(opening) = &mut act.action else {
        unreachable!()
    };
    stage.clone_into(&mut opening.stage);
    opening.fields = fields
        .iter()
        .map(|field| {
            let value = FieldEntry::Value(Scalar::text("x"));
            ((*field).to_owned(), value)
        })
        .collect();
    act
}

fn overriding(act: Act) -> Act {
    Act {
        override_rule: true,
        ..act.because("it was handed in at the counter")
    }
}

fn imported(act: Act) -> Act {
    let claim = Imported {
        who: member(2),
        at_ms: 0,
        zone_min: 0,
    };
    Act {
        imported: Some(claim),
        ..act
    }
}

/// What the opening breaks where it is received.
fn broken(desk: &Desk, act: &Act) -> Vec<String> {
    let empty = automerge::Automerge::new();
    let past = Past::now(&empty);
    let today = Today::at(Timestamp::UNIX_EPOCH, Offset::UTC);
    breaches(&Facts::new(&past, &desk.revision, today), act)
}

#[test]
fn opening_in_a_later_stage_asks_what_a_move_there_would_ask() {
    let desk = desk();
    let refusal = desk.check(at("decided", &[])).unwrap_err().to_string();
    for asked in [
        "a review comes first",
        "Decided requires the document Letter of complaint (complaint)",
        "override the rule and give a reason",
    ] {
        assert!(refusal.contains(asked), "{refusal}");
    }
    let checked = desk.check(overriding(at("decided", &[]))).unwrap();
    let rule = checked.rule().unwrap();
    assert!(rule.contains("a review comes first"), "{rule}");
    let verbs: Vec<Verb> = checked.needed().iter().map(|needed| needed.verb).collect();
    assert_eq!(verbs, [Verb::Open, Verb::Override]);
    assert_eq!(checked.warnings(), ["cases begin in New"]);
}

#[test]
fn a_blocked_move_is_not_gone_around_by_opening_there() {
    let refusal = desk().check(overriding(at("appeal", &[]))).unwrap_err();
    assert!(matches!(refusal, ActError::Forbidden { .. }), "{refusal:?}");
    assert!(refusal.to_string().contains("nothing was decided yet"));
}

#[test]
fn a_field_that_only_a_stage_on_the_way_opens_is_brought_with_a_reason() {
    let desk = desk();
    let refusal = desk.check(at("decided", &["summary"])).unwrap_err();
    let refusal = refusal.to_string();
    assert!(
        refusal.contains("Summary is read-only in Decided"),
        "{refusal}"
    );
    assert!(desk.check(overriding(at("decided", &["summary"]))).is_ok());
    // Review itself lets it be edited, and asks for it.
    let refusal = desk.check(at("review", &["summary"])).unwrap_err();
    let refusal = refusal.to_string();
    assert!(!refusal.contains("read-only"), "{refusal}");
}

#[test]
fn a_field_that_no_stage_before_opens_is_not_brought_at_all() {
    for stage in ["new", "review", "decided"] {
        let refusal = desk().check(overriding(at(stage, &["grade"]))).unwrap_err();
        assert!(
            matches!(refusal, ActError::Forbidden { .. }),
            "{stage}: {refusal:?}"
        );
        assert!(refusal.to_string().contains("Grade is hidden in"));
    }
}

#[test]
fn an_import_brings_a_case_as_it_stood_and_needs_the_right_to_override() {
    let checked = desk()
        .check(imported(at("decided", &["summary", "grade"])))
        .unwrap();
    assert_eq!(checked.rule(), None, "it is no override");
    let verbs: Vec<Verb> = checked.needed().iter().map(|needed| needed.verb).collect();
    assert_eq!(verbs, [Verb::Open, Verb::Override]);
}

#[test]
fn a_received_opening_that_breaks_it_lands_with_what_it_broke() {
    let desk = desk();
    let rules = broken(&desk, &at("appeal", &["grade"]));
    assert!(
        rules.contains(&"nothing was decided yet".to_owned()),
        "{rules:?}"
    );
    assert!(
        rules.contains(&"Grade is hidden in Appeal".to_owned()),
        "{rules:?}"
    );
    let ask = broken(&desk, &at("decided", &[]));
    assert!(ask.contains(&"a review comes first".to_owned()), "{ask:?}");
    assert!(broken(&desk, &overriding(at("decided", &[]))).is_empty());
    assert!(broken(&desk, &imported(at("appeal", &["grade"]))).is_empty());
}

#[test]
fn a_case_that_begins_where_cases_begin_is_asked_for_no_document_yet() {
    let mut desk = desk();
    desk.act(at("new", &[]));
    let to_review = || {
        Act::new(
            part(9),
            CaseAction::Move {
                to: "review".into(),
            },
        )
    };
    let refusal = desk.try_act(to_review()).unwrap_err().to_string();
    assert!(
        refusal.contains("Review requires the document Letter of complaint (complaint)"),
        "{refusal}"
    );
    let checked = desk.check(overriding(to_review())).unwrap();
    assert!(checked.rule().unwrap().contains("requires the document"));
}
