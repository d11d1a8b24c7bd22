//! What each shipped package promises to the people of its field, one by one.

use super::roads::Walk;
use super::shipped::{LIBRARY, Shipped, Step, shipped};
use super::*;
use crate::approval::Mode;
use crate::case::{ActError, CaseAction};
use crate::template::{RuleAction, Trigger};
use crate::value::Scalar;

const BUILT_IN: [&str; 7] = [
    "owner",
    "manager",
    "operator",
    "contributor",
    "viewer",
    "intake",
    "agent",
];
/// Roles that a workspace defines for itself before it asks them for approvals.
const OWN: [&str; 3] = ["director", "supervisor", "lawyer"];

fn primary(name: &str) -> Vec<String> {
    let revision = shipped(name);
    let stages = revision.stages().iter();
    let primary = stages.filter(|stage| stage.standing == Standing::Primary);
    primary.map(|stage| stage.name.clone()).collect()
}

#[test]
fn the_stages_come_in_the_order_of_the_field() {
    for (name, wanted) in [
        ("hiring", "Applied Screening Interview Offer Hired Rejected"),
        (
            "onboarding",
            "Pre-admission Registration IT_and_equipment First_day Training Probation_evaluation \
             Completed",
        ),
        (
            "contract-approval",
            "Request Legal_review Financial_review Negotiation Approval Signature \
             Archive_and_validity Ended Refused",
        ),
        (
            "credit-analysis",
            "Registration Document_verification Credit_analysis Decision Formalisation Disbursed \
             Declined",
        ),
        (
            "complaint",
            "Intake Review_and_response Quality_control Findings Closed",
        ),
        (
            "whistleblower",
            "Receive Assess Investigate Address Conclude",
        ),
        (
            "internal-investigation",
            "New Triage Investigate Resolve Review Closed",
        ),
        ("service-request", "Intake Review Process Decision Closed"),
        (
            "field-inspection",
            "Draft Qualified Assigned Accepted In_progress Complete",
        ),
        (
            "child-protection",
            "Registration Assessment Case_plan Service_provision Closure Closed",
        ),
        (
            "information-request",
            "Intake Fulfil Review Released Refused",
        ),
        (
            "security-incident",
            "Triage Contain Eradicate Recover Lessons Closed",
        ),
    ] {
        let wanted: Vec<String> = wanted
            .split_whitespace()
            .map(|stage| stage.replace('_', " "))
            .collect();
        assert_eq!(primary(name), wanted, "{name}");
    }
}

#[test]
fn every_package_is_complete() {
    for package in LIBRARY.iter().map(Shipped::package) {
        let name = &package.name;
        assert!(package.automations.len() >= 5, "{name} acts by itself");
        assert!(!package.forms.is_empty(), "{name} asks people outside");
        assert!(!package.approvals.is_empty(), "{name} asks for approvals");
        assert!(!package.document_types.is_empty(), "{name} has documents");
        assert!(!package.party_roles.is_empty(), "{name} has parties");
        let tasks: usize = package.stages.iter().map(|stage| stage.tasks.len()).sum();
        assert!(tasks >= 5, "{name} creates tasks");
        let judged = |stage: &Stage| !stage.required.is_empty() || !stage.documents.is_empty();
        assert!(package.stages.iter().filter(|s| judged(s)).count() >= 3);
    }
}

#[test]
fn a_hire_opens_an_onboarding_and_skipping_the_interview_asks() {
    let hiring = shipped("hiring");
    let asks = hiring.transition("applied", "offer").severity();
    assert_eq!(asks, Some(Severity::Ask));
    let opens = hiring.package().automations.iter().any(|rule| {
        let on_hire = Trigger::StageEntered {
            stage: Some("hired".to_owned()),
        };
        let onboarding =
            |action: &RuleAction| matches!(action, RuleAction::OpenCase { template, .. } if template == "ONB");
        rule.trigger == on_hire && rule.actions.iter().any(onboarding)
    });
    assert!(opens);
    assert_eq!(hiring.transition("offer", "interview"), Movement::Free);
    assert!(
        hiring
            .stage("rejected")
            .unwrap()
            .required
            .contains(&"rejection_reason".to_owned())
    );
}

#[test]
fn cases_are_opened_only_of_templates_that_ship_and_roles_are_known() {
    let keys: Vec<String> = LIBRARY
        .iter()
        .map(|shipped| shipped.package().key)
        .collect();
    for package in LIBRARY.iter().map(Shipped::package) {
        for action in package.automations.iter().flat_map(|rule| &rule.actions) {
            if let RuleAction::OpenCase { template, .. } = action {
                assert!(keys.contains(template), "{}: {template}", package.name);
            }
        }
        let stages = package.stages.iter();
        let roles = stages.flat_map(|stage| stage.edit_roles.iter().chain([&stage.owner_role]));
        for role in roles.filter(|role| !role.is_empty()) {
            assert!(
                BUILT_IN.contains(&role.as_str()),
                "{}: {role}",
                package.name
            );
        }
        let text = package.to_json();
        for role in text.split("\"role:").skip(1) {
            let role = role.split('"').next().unwrap();
            let known = BUILT_IN.contains(&role) || OWN.contains(&role);
            assert!(known, "{}: {role}", package.name);
        }
    }
}

#[test]
fn the_value_of_a_contract_decides_who_approves_it() {
    let contract = shipped("contract-approval");
    let kinds = &contract.package().approvals;
    let kind = kinds.iter().find(|kind| kind.id == "contract").unwrap();
    for (value, mode, count, role) in [
        ("49999.99 EUR", Mode::Any, 0, "role:manager"),
        ("50000 EUR", Mode::Any, 0, "role:director"),
        ("499999 EUR", Mode::Any, 0, "role:director"),
        ("500000 EUR", Mode::Count, 2, "role:director"),
    ] {
        let field = contract.field("value").unwrap();
        let scalar = crate::value::FieldValue::parse(field, value)
            .unwrap()
            .to_scalar();
        let tier = kind
            .tier(contract.fields(), |_| Some(scalar.clone()))
            .unwrap();
        assert_eq!((tier.mode, tier.count), (mode, count), "{value}");
        let asked: Vec<String> = tier.approvers.iter().map(ToString::to_string).collect();
        assert_eq!(asked, [role], "{value}");
    }
}

#[test]
fn a_contract_is_not_signed_before_it_is_approved() {
    let mut walk = Walk::to("contract-approval", "approval");
    let refusal = walk.try_move("signature").unwrap_err();
    assert!(matches!(refusal, ActError::Blocked { .. }), "{refusal}");
    walk.step(Step::Approve("contract"));
    walk.move_on("signature");
}

#[test]
fn standard_terms_skip_the_negotiation_and_others_say_why() {
    let mut walk = Walk::to("contract-approval", "financial");
    let refusal = walk.try_move("approval").unwrap_err();
    assert!(matches!(refusal, ActError::Asked { .. }), "{refusal}");
    walk.step(Step::Fill("standard_terms", "yes"));
    walk.move_on("approval");
}

#[test]
fn who_analysed_a_credit_does_not_decide_it() {
    let mut walk = Walk::to("credit-analysis", "decision");
    let refusal = walk.decide_alone("credit", "granted").unwrap_err();
    assert!(refusal.to_string().contains("made"), "{refusal}");
    walk.step(Step::Decide("credit", "granted"));
    walk.move_on("formalisation");
}

#[test]
fn a_regulatory_complaint_passes_quality_control_and_only_such_a_one() {
    let mut walk = Walk::to("complaint", "review");
    let refusal = walk.try_move("quality").unwrap_err();
    assert!(refusal.to_string().contains("regulatory"), "{refusal}");
    walk.step(Step::Fill("regulatory", "yes"));
    let refusal = walk.try_move("findings").unwrap_err();
    assert!(refusal.to_string().contains("quality control"), "{refusal}");
    walk.move_on("quality");
    walk.move_on("findings");
}

#[test]
fn the_first_interview_comes_after_the_check_for_conflicts() {
    let row = r#"[{"id":"r1","cells":{"person":"A witness"}}]"#;
    let mut walk = Walk::to("internal-investigation", "triage");
    let words = Scalar::text(row);
    let field = "interviews".to_owned();
    let refusal = walk
        .try_act(CaseAction::SetField {
            field,
            value: words,
        })
        .unwrap_err();
    assert!(
        refusal.to_string().contains("conflicts of interest"),
        "{refusal}"
    );
    walk.move_on("investigate");
    walk.step(Step::Fill("interviews", row));
    let investigation = shipped("internal-investigation");
    assert_eq!(investigation.move_label("closed", "review"), Some("Appeal"));
}

#[test]
fn a_defect_without_a_photograph_is_asked_about() {
    let mut walk = Walk::to("field-inspection", "in-progress");
    walk.step(Step::Fill("defects", "2"));
    walk.fill_for("complete");
    let refusal = walk.try_move("complete").unwrap_err();
    assert!(refusal.to_string().contains("photograph"), "{refusal}");
}

#[test]
fn a_childs_case_is_closed_only_with_an_approval_and_can_be_reopened() {
    let mut walk = Walk::to("child-protection", "closure");
    walk.fill_for("closed");
    let refusal = walk.try_move("closed").unwrap_err();
    assert!(matches!(refusal, ActError::Blocked { .. }), "{refusal}");
    let child = shipped("child-protection");
    let shortcut = child.transition("assessment", "closed").severity();
    assert_eq!(shortcut, Some(Severity::Block));
    assert_eq!(child.transition("closed", "reopened"), Movement::Free);
    walk.move_on("closed");
    walk.move_on("reopened");
}

#[test]
fn reports_can_be_anonymous_and_reading_them_is_written_down() {
    let report = shipped("whistleblower");
    let forms = &report.package().forms;
    assert!(forms.iter().all(|form| form.anonymous));
    for name in [
        "whistleblower",
        "internal-investigation",
        "child-protection",
    ] {
        assert!(shipped(name).package().log_reads, "{name}");
    }
}

#[test]
fn whoever_waits_for_somebody_outside_stands_in_a_waiting_stage() {
    for (name, stage) in [
        ("complaint", "awaiting-customer"),
        ("credit-analysis", "documents-missing"),
        ("information-request", "clarification"),
        ("internal-investigation", "awaiting-others"),
        ("service-request", "information-requested"),
        ("whistleblower", "awaiting-reporter"),
    ] {
        let revision = shipped(name);
        let waiting = revision.stage(stage).unwrap();
        assert_eq!(waiting.category, Category::Waiting, "{name}");
        assert_eq!(waiting.standing, Standing::Secondary, "{name}");
    }
    let request = shipped("information-request");
    assert_eq!(request.transition("refused", "appeal"), Movement::Free);
    assert_eq!(request.transition("release", "appeal"), Movement::Free);
}

fn clock(name: &str, id: &str) -> CaseClock {
    let clocks = shipped(name).package().sla.clone();
    let found = clocks.into_iter().find(|clock| clock.id == id);
    found.unwrap_or_else(|| panic!("{name} has no clock {id}"))
}

#[test]
fn the_clocks_are_those_of_law_and_custom() {
    for (name, id, target) in [
        ("complaint", "acknowledge", "5 business days"),
        ("complaint", "response", "8 weeks"),
        ("whistleblower", "acknowledge", "7 days"),
        ("whistleblower", "feedback", "3 months"),
        ("information-request", "month", "1 month"),
        ("information-request", "extension", "2 months"),
    ] {
        let clock = clock(name, id);
        assert_eq!(clock.target, target.parse().unwrap(), "{name} {id}");
        assert!(clock.warn.is_some(), "{name} {id}");
    }
    assert_eq!(
        clock("service-request", "decision").pauses_in,
        ["information-requested"]
    );
    assert_eq!(
        clock("information-request", "month").pauses_in,
        ["clarification"]
    );
    let contract = shipped("contract-approval");
    let request = contract.stage("request").unwrap().sla.clone().unwrap();
    assert_eq!(request.target, "1 business day".parse().unwrap());
    assert_eq!(request.reentry, Reentry::Resets);
    for package in LIBRARY.iter().map(Shipped::package) {
        assert!(!package.sla.is_empty(), "{} goes by clocks", package.name);
    }
}
