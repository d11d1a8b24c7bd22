//! Importing cases with their history, and templates.

use casework::case::Imported;
use casework::{
    CaseImport, Error, MemberKind, NewCaseRequest, Step, StepAction, TemplateImport, Workspace,
};

use crate::stage::{Device, Server, assert_converged, complaint, settle};

fn step(action: StepAction, imported: Imported) -> Step {
    Step {
        action,
        imported: Some(imported),
        reason: None,
        override_rule: false,
    }
}

fn case(workspace: &Workspace, n: usize, by: Imported) -> CaseImport {
    let template = workspace.find_template("CO").unwrap();
    let request = NewCaseRequest {
        number: Some(format!("OLD-{n}")),
        imported: Some(by),
        ..NewCaseRequest::new(template, format!("Old case {n}")).with("Visits", "1")
    };
    let steps = vec![
        step(StepAction::Set("phone".into(), "112".into()), by),
        step(StepAction::Set("phone".into(), "112".into()), by),
        step(StepAction::Set("topics".into(), "Noise".into()), by),
        step(StepAction::Move("Review".into()), by),
        step(StepAction::Set("topics".into(), "noise; smell".into()), by),
        step(StepAction::Comment("handled".into()), by),
    ];
    CaseImport { request, steps }
}

#[test]
fn imported_cases_keep_who_and_when_as_claims_and_reach_others() {
    let server = Server::start();
    let ana = Device::founder("Ana");
    ana.workspace.import_template(complaint()).unwrap();
    let (old, _) = ana
        .workspace
        .add_member("Old hand", MemberKind::Imported, &[])
        .unwrap();
    let by = Imported {
        who: old,
        at_ms: 1_000_000_000_000,
        zone_min: 120,
    };
    let cases: Vec<CaseImport> = (0..20).map(|n| case(&ana.workspace, n, by)).collect();
    let opened = ana.workspace.import_cases(&cases).unwrap();
    assert_eq!(opened.len(), 20);

    let timeline = ana.workspace.timeline(opened[3], 0, 100).unwrap();
    // Open, count, phone once, a topic, move, the other topic, comment.
    assert_eq!(timeline.len(), 7);
    assert!(timeline.iter().all(|entry| entry.imported == Some(by)));
    ana.workspace.set_server(&server.url(), None).unwrap();
    ana.sync();
    let rui = ana.invite("Rui", "operator");
    settle(&[&ana, &rui]);
    assert_eq!(rui.workspace.find_case("OLD-3").unwrap(), opened[3]);
    assert_converged(opened[3], &[&ana, &rui]);
}

#[test]
fn an_import_that_fails_in_the_last_case_imports_nothing() {
    let ana = Device::founder("Ana");
    ana.workspace.import_template(complaint()).unwrap();
    let (old, _) = ana
        .workspace
        .add_member("Old hand", MemberKind::Imported, &[])
        .unwrap();
    let by = Imported {
        who: old,
        at_ms: 1_000_000_000_000,
        zone_min: 120,
    };
    let mut cases: Vec<CaseImport> = (0..3).map(|n| case(&ana.workspace, n, by)).collect();
    cases[2]
        .steps
        .push(step(StepAction::Move("review".into()), by));
    let error = ana.workspace.import_cases(&cases).unwrap_err();
    assert!(
        matches!(&error, Error::Invalid(text) if text.contains("OLD-2")),
        "{error}"
    );
    assert_eq!(ana.workspace.cards().unwrap().len(), 0);
    assert_eq!(ana.workspace.status().unwrap().cases, 0);
    cases[2].steps.pop();
    assert_eq!(ana.workspace.import_cases(&cases).unwrap().len(), 3);
    let ana = ana.restart();
    assert_eq!(ana.workspace.cards().unwrap().len(), 3);
    let verification = ana.workspace.verify(&mut |_, _| {}).unwrap();
    assert!(verification.holds(), "{:?}", verification.findings);
}

#[test]
fn a_template_is_opened_once_and_published_again_when_it_changes() {
    let ana = Device::founder("Ana");
    let opened = ana.workspace.import_template(complaint()).unwrap();
    assert!(matches!(opened, TemplateImport::Opened { .. }));
    let again = ana.workspace.import_template(complaint()).unwrap();
    assert!(matches!(again, TemplateImport::Unchanged { .. }));
    let mut changed = complaint();
    changed.name = "Complaints".into();
    let published = ana.workspace.import_template(changed.clone()).unwrap();
    assert!(matches!(published, TemplateImport::Published { .. }));
    assert_eq!(published.document(), opened.document());
    assert_eq!(
        ana.workspace.export_template(opened.document()).unwrap(),
        changed
    );
    assert_eq!(ana.workspace.templates().unwrap().len(), 1);
    let mut faulty = complaint();
    faulty.stages.clear();
    assert!(matches!(
        ana.workspace.import_template(faulty),
        Err(Error::Invalid(_))
    ));
}
