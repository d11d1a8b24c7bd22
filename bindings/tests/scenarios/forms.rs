//! What a form opens: what the template presets, and for whom.

use std::collections::BTreeMap;

use casework::case::{CaseAction, Closing};
use casework::ids::DocumentId;
use casework::template::{
    Automation, Condition, Form, FormField, FormKind, Package, Question, RuleAction, Trigger,
};
use casework::{RequestTerms, SentForm, SentTo};

use crate::stage::{Device, Server, assert_converged, complaint, settle};

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

/// A rule that closes its case.
fn closing(id: &str, trigger: Trigger) -> Automation {
    Automation {
        id: id.into(),
        name: format!("Closes {id}"),
        trigger,
        when: Condition::default(),
        actions: vec![RuleAction::Close {
            resolution: "none".into(),
            notes: String::new(),
        }],
        disabled: false,
    }
}

fn question_of(field: &str) -> FormField {
    FormField {
        field: field.into(),
        label: String::new(),
        help: String::new(),
        required: false,
    }
}

/// The same answers to a request of this case.
fn answer(device: &Device, case: DocumentId, id: u64) -> SentForm {
    let terms = RequestTerms {
        form: "more".into(),
        ..RequestTerms::default()
    };
    let made = device.workspace.request_information(case, &terms).unwrap();
    let values = [("phone", "none"), ("topics", "noise")];
    SentForm {
        to: SentTo::Request {
            case,
            request: made.request,
        },
        form: "more".into(),
        link: made.token.hash(),
        values: BTreeMap::from(values.map(|(field, words)| (field.into(), words.into()))),
        ..sent(device, id)
    }
}

#[test]
fn a_rule_that_closes_the_case_over_an_answer_does_not_keep_the_answers_from_being_taken() {
    let server = Server::start();
    let ana = Device::founder("Ana");
    let mut package = complaint();
    let mut more = Form::new("more", FormKind::Request, "Tell us more");
    more.fields = ["phone", "topics"].map(question_of).to_vec();
    package.forms = vec![more];
    let field = "phone".to_owned();
    package.automations = vec![closing("no-phone", Trigger::FieldChanged { field })];
    ana.workspace.import_template(package).unwrap();
    ana.workspace.set_server(&server.url(), None).unwrap();
    ana.sync();
    let rui = ana.invite("Rui", "operator");
    let case = ana.open_case("Noise at night");
    let answer = answer(&ana, case, 1);
    ana.workspace.take_form(&answer).unwrap();
    settle(&[&ana, &rui]);
    assert_converged(case, &[&ana, &rui]);
    let view = rui.workspace.case(case).unwrap();
    assert!(view.is_closed());
    let submission = view.facets.forms.submissions.values().next().unwrap();
    assert_eq!(submission.answers["what"], ["A bribe"]);
    assert!(submission.mapped.contains("phone"), "it was set");
    assert!(!submission.mapped.contains("topics"), "too late to be set");
    assert!(view.flags.breaches().is_empty(), "{:?}", view.flags);
    for device in [&ana, &rui] {
        assert!(device.workspace.verify(&mut |_, _| {}).unwrap().holds());
    }
}

#[test]
fn a_case_that_was_closed_before_takes_no_answers() {
    let ana = Device::founder("Ana");
    let mut package = complaint();
    let mut more = Form::new("more", FormKind::Request, "Tell us more");
    more.fields = vec![question_of("phone")];
    package.forms = vec![more];
    ana.workspace.import_template(package).unwrap();
    let case = ana.open_case("Noise at night");
    let answer = answer(&ana, case, 1);
    let closing = Closing {
        code: "none".into(),
        notes: String::new(),
    };
    let close = CaseAction::Close(closing);
    ana.workspace.act(case, close, None, false).unwrap();
    let refused = ana.workspace.take_form(&answer).unwrap_err().to_string();
    assert!(
        refused.contains("is closed and takes no answers"),
        "{refused}"
    );
    let view = ana.workspace.case(case).unwrap();
    assert!(view.facets.forms.submissions.is_empty());
    let phone = view.fields.get("phone");
    assert!(phone.is_none_or(|phone| phone.value.is_none()));
}

#[test]
fn a_rule_that_closes_what_a_form_opens_keeps_the_case_and_what_was_sent() {
    let ana = Device::founder("Ana");
    let mut package = offering(|form| form.labels = vec!["web".into()]);
    package.automations = vec![closing("at-once", Trigger::CaseOpened)];
    ana.workspace.import_template(package).unwrap();
    let case = ana.workspace.take_form(&sent(&ana, 1)).unwrap();
    let view = ana.workspace.case(case).unwrap();
    assert!(view.is_closed());
    assert_eq!(view.facets.forms.submissions.len(), 1);
}
