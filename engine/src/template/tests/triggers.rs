//! What is wrong with a trigger is said where the rule stands, and what is right is published.

use super::*;

/// Everything that triggers can name.
const KNOWN: &str = r#"
[[calendars]]
id = "office"
name = "Office"
zone = "Europe/Lisbon"
hours = { mon = ["09:00-13:00"] }

[[sla]]
id = "whole"
name = "Whole"
target = "30 days"

[[sla]]
id = "first"
name = "First answer"
target = "3 days"
warn = "1 day"

[[document_types]]
id = "letter"
label = "Letter"

[[decision_types]]
id = "verdict"
label = "Verdict"
outcomes = [{ id = "yes", label = "Yes" }, { id = "no", label = "No" }]

[[approvals]]
id = "budget"
label = "Budget"
approvers = ["role:manager"]

[[forms]]
id = "more"
kind = "request"
title = "Tell us more"
questions = [{ id = "else", label = "Anything else?" }]
"#;

/// What a rule does when nothing about it matters.
const ADD: &str = r#"{ do = "add-label", label = "seen" }"#;

fn faults_of(known: &str, trigger: &str, action: &str) -> Vec<String> {
    let rule = format!(
        "[[automations]]\nid = \"watch\"\nname = \"Watch\"\ntrigger = {{ {trigger} }}\nactions = [{action}]\n"
    );
    let source = format!("{}\n{known}\n{rule}", plain().to_toml());
    let package = Package::from_toml(&source).unwrap_or_else(|error| panic!("{trigger}: {error}"));
    package.faults().iter().map(ToString::to_string).collect()
}

#[track_caller]
fn assert_fault(trigger: &str, expected: &str) {
    let faults = faults_of(KNOWN, trigger, ADD);
    assert_eq!(faults.len(), 1, "{trigger}: {faults:#?}");
    assert!(
        faults[0].contains("automations[0] \"watch\"") && faults[0].contains(expected),
        "{trigger}: {faults:#?}"
    );
}

#[test]
fn every_trigger_that_names_what_there_is_is_published() {
    for trigger in [
        r#"on = "case-opened""#,
        r#"on = "stage-entered", stage = "work""#,
        r#"on = "stage-left""#,
        r#"on = "field-changed", field = "name""#,
        r#"on = "label-added", label = "anything""#,
        r#"on = "owner-changed""#,
        r#"on = "task-done", title = "Call""#,
        r#"on = "comment-added", external = true"#,
        r#"on = "decision-recorded", question = "verdict", outcome = "no""#,
        r#"on = "case-closed""#,
        r#"on = "case-reopened""#,
        r#"on = "case-held""#,
        r#"on = "case-resumed""#,
        r#"on = "document-added", document = "letter""#,
        r#"on = "document-status", status = "approved""#,
        r#"on = "form-submitted", form = "more""#,
        r#"on = "form-submitted""#,
        r#"on = "approval-given", approval = "budget", outcome = "approved""#,
        r#"on = "task-overdue", after = "2 business days""#,
        r#"on = "sla-warning", clock = "case/first""#,
        r#"on = "sla-warning""#,
        r#"on = "sla-breached", clock = "case/whole""#,
        r#"on = "date-reached", date = "field/due", before = "3 business days""#,
        r#"on = "date-reached", date = "due""#,
        r#"on = "idle", after = "5 days""#,
        r#"on = "schedule", every = "every mon", at = "09:00", stages = ["work"]"#,
    ] {
        assert_eq!(faults_of(KNOWN, trigger, ADD), [""; 0], "{trigger}");
    }
}

#[test]
fn a_stage_that_is_not_there_is_neither_entered_nor_left_nor_stood_in() {
    for trigger in [
        r#"on = "stage-entered", stage = "review""#,
        r#"on = "stage-left", stage = "review""#,
        r#"on = "schedule", every = "every mon", stages = ["work", "review"]"#,
    ] {
        assert_fault(trigger, "there is no stage \"review\"");
    }
}

#[test]
fn a_field_that_is_not_there_does_not_change() {
    assert_fault(
        r#"on = "field-changed", field = "salary""#,
        "there is no field \"salary\"",
    );
}

#[test]
fn a_question_or_an_outcome_that_nobody_decides_on_is_no_trigger() {
    assert_fault(
        r#"on = "decision-recorded", question = "price""#,
        "\"price\"",
    );
    assert_fault(
        r#"on = "decision-recorded", question = "verdict", outcome = "maybe""#,
        "\"maybe\"",
    );
}

#[test]
fn a_document_type_that_is_not_there_is_neither_added_nor_given_a_status() {
    for trigger in [
        r#"on = "document-added", document = "photo""#,
        r#"on = "document-status", document = "photo", status = "approved""#,
    ] {
        assert_fault(trigger, "there is no document type \"photo\"");
    }
}

#[test]
fn a_form_that_is_not_there_is_not_sent() {
    assert_fault(
        r#"on = "form-submitted", form = "report""#,
        "there is no form \"report\"",
    );
}

#[test]
fn an_approval_that_is_not_there_or_is_still_pending_gives_nothing() {
    assert_fault(
        r#"on = "approval-given", approval = "holiday""#,
        "\"holiday\"",
    );
    assert_fault(
        r#"on = "approval-given", approval = "budget", outcome = "pending""#,
        "a pending approval has not come out",
    );
}

#[test]
fn a_clock_that_is_not_there_neither_warns_nor_runs_out() {
    for trigger in [
        r#"on = "sla-warning", clock = "case/second""#,
        r#"on = "sla-breached", clock = "stage/work""#,
    ] {
        assert_fault(trigger, "there is no clock");
    }
    for trigger in [r#"on = "sla-warning""#, r#"on = "sla-breached""#] {
        let faults = faults_of("", trigger, ADD);
        assert!(
            faults.len() == 1 && faults[0].contains("there is no clock \"any\""),
            "{faults:#?}"
        );
    }
}

#[test]
fn a_clock_without_a_warning_never_warns() {
    assert_fault(
        r#"on = "sla-warning", clock = "case/whole""#,
        "the clock \"case/whole\" never warns",
    );
    let silent = "[[sla]]\nid = \"whole\"\nname = \"Whole\"\ntarget = \"30 days\"\n";
    let faults = faults_of(silent, r#"on = "sla-warning""#, ADD);
    assert!(
        faults.len() == 1 && faults[0].contains("the clock \"any\" never warns"),
        "{faults:#?}"
    );
}

#[test]
fn a_date_is_one_of_a_field_that_holds_dates() {
    assert_fault(
        r#"on = "date-reached", date = "field/name""#,
        "the field \"name\" holds no date",
    );
    assert_fault(
        r#"on = "date-reached", date = "field/salary""#,
        "there is no field \"salary\"",
    );
}

#[test]
fn a_date_is_waited_for_before_or_after_it_and_not_both() {
    assert_fault(
        r#"on = "date-reached", date = "due", before = "3 days", after = "1 day""#,
        "it cannot be both before and after the date",
    );
}

#[test]
fn working_time_needs_a_calendar() {
    for trigger in [
        r#"on = "task-overdue", after = "2 business days""#,
        r#"on = "date-reached", date = "due", before = "3 business days""#,
        r#"on = "date-reached", date = "due", after = "3 business days""#,
        r#"on = "idle", after = "4 business hours""#,
    ] {
        let faults = faults_of("", trigger, ADD);
        assert!(
            faults.len() == 1 && faults[0].contains("calendar"),
            "{trigger}: {faults:#?}"
        );
    }
}

#[test]
fn where_nobody_acts_there_is_no_actor() {
    let timed = r#"on = "idle", after = "5 days""#;
    for action in [
        r#"{ do = "assign", to = "actor" }"#,
        r#"{ do = "set-owner", to = "actor" }"#,
        r#"{ do = "notify", to = ["actor"], text = "Look" }"#,
        r#"{ do = "comment", body = "Said by {actor}" }"#,
        r#"{ do = "create-task", title = "Ask {actor}" }"#,
        r#"{ do = "close", resolution = "done", notes = "By {actor}" }"#,
    ] {
        let faults = faults_of(KNOWN, timed, action);
        assert!(
            faults.len() == 1 && faults[0].contains("there is no actor"),
            "{action}: {faults:#?}"
        );
        let of_an_act = faults_of(KNOWN, r#"on = "case-opened""#, action);
        assert_eq!(of_an_act, [""; 0], "{action}");
    }
}
