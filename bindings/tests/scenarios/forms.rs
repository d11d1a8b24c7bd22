//! What a form opens: what the template presets, and for whom.

use std::collections::BTreeMap;

use casework::template::{Form, FormKind, Package, Question};
use casework::{SentForm, SentTo};

use crate::stage::{Device, Server, complaint, settle};

/// The complaint with a form that whoever sees something wrong fills in.
fn offering(change: impl FnOnce(&mut Form)) -> Package {
    let mut package = complaint();
    let mut form = Form::new("report", FormKind::Intake, "Report a breach");
    form.questions = vec![Question {
        id: "what".into(),
        label: "What happened?".into(),
        help: String::new(),
        required: true,
        short: false,
    }];
    change(&mut form);
    package.forms = vec![form];
    package
}

fn sent(device: &Device, id: u64) -> SentForm {
    let part = format!("{id:016x}");
    SentForm {
        id: part.parse().unwrap(),
        to: SentTo::Intake(device.workspace.find_template("CO").unwrap()),
        form: "report".into(),
        link: "ab".repeat(32),
        title: "Report a breach".into(),
        answers: BTreeMap::from([("what".into(), vec!["A bribe".into()])]),
        values: BTreeMap::new(),
        documents: Vec::new(),
        consent: None,
        receipt: "cd".repeat(32),
        language: "en".into(),
        given_ms: 1_700_000_000_000,
    }
}

#[test]
fn what_a_form_presets_is_set_in_the_case_that_it_opens_and_is_no_answer_of_the_sender() {
    let ana = Device::founder("Ana");
    let package = offering(|form| {
        form.preset = BTreeMap::from([
            ("phone".to_owned(), "by the site".to_owned()),
            ("topics".to_owned(), "noise".to_owned()),
        ]);
    });
    ana.workspace.import_template(package).unwrap();
    let case = ana.workspace.take_form(&sent(&ana, 1)).unwrap();
    let view = ana.workspace.case(case).unwrap();
    let phone = view.fields["phone"].value.as_ref().unwrap().value();
    assert_eq!(phone.as_text(), Some("by the site"));
    assert!(view.fields["topics"].options.contains("noise"));
    let submission = view.facets.forms.submissions.values().next().unwrap();
    assert!(submission.mapped.is_empty(), "{:?}", submission.mapped);
}

#[test]
fn a_restricted_intake_opens_a_case_for_those_named_only() {
    let server = Server::start();
    let ana = Device::founder("Ana");
    let package = offering(|form| {
        form.restricted_to = vec!["role:manager".parse().unwrap()];
    });
    ana.workspace.import_template(package).unwrap();
    ana.workspace.set_server(&server.url(), None).unwrap();
    ana.sync();
    let desk = ana.invite("Desk", "intake");
    let mia = ana.invite("Mia", "manager");
    let rui = ana.invite("Rui", "operator");
    let case = desk.workspace.take_form(&sent(&desk, 1)).unwrap();
    settle(&[&desk, &ana, &mia, &rui]);
    assert_eq!(
        mia.workspace.case(case).unwrap().title.value(),
        "Report a breach"
    );
    assert!(mia.workspace.access(case).unwrap().restricted);
    assert!(
        desk.workspace.case(case).is_ok(),
        "whoever takes forms keeps it"
    );
    for other in [&ana, &rui] {
        assert!(other.workspace.case(case).is_err());
    }
}
