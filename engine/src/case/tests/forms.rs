//! Requests and submissions: when a link takes answers, what is kept, what is refused.

use std::collections::BTreeMap;

use casework_protocol::ids::DocumentId;

use crate::case::facet::form::{FormAction, InformationRequest, ReviewState, Submission};
use crate::case::facet::redaction::RedactionAction;
use crate::case::past::Past;
use crate::case::record::{Shelf, read_value};
use crate::case::trial::facets::{kept_hash, submission};
use crate::case::trial::{Desk, part, set_summary};
use crate::case::{Act, ActError, CaseAction, Closing};
use crate::value::Scalar;
use crate::view::{ViewContext, read};

fn request() -> InformationRequest {
    InformationRequest {
        id: part(1),
        form: "more".into(),
        token: kept_hash('a'),
        expires_ms: None,
        single_use: true,
        note: String::new(),
    }
}

fn asked(change: impl FnOnce(&mut InformationRequest)) -> Desk {
    let mut ana = Desk::open(1);
    let mut request = request();
    change(&mut request);
    ana.does(10, FormAction::Request(request).into());
    ana
}

fn answer(n: u64) -> CaseAction {
    FormAction::Submit(submission(part(n), Some(part(1)))).into()
}

fn refusal(desk: &mut Desk, action: impl Into<CaseAction>) -> String {
    let act = Act::new(part(999), action.into()).because("because");
    desk.try_act(act).unwrap_err().to_string()
}

#[test]
fn a_single_use_request_is_answered_once() {
    let mut ana = asked(|_| {});
    ana.does(11, answer(2));
    let error = refusal(&mut ana, answer(3));
    assert!(error.contains("was answered already"), "{error}");
    let mut rui = asked(|request| request.single_use = false);
    rui.does(11, answer(2));
    rui.does(12, answer(3));
}

#[test]
fn a_revoked_or_expired_request_takes_no_answers() {
    let mut ana = asked(|_| {});
    ana.does(11, FormAction::Revoke { request: part(1) }.into());
    let error = refusal(&mut ana, answer(2));
    assert!(error.contains("was revoked"), "{error}");
    let mut rui = asked(|request| request.expires_ms = Some(0));
    let error = refusal(&mut rui, answer(2));
    assert!(error.contains("its time is over"), "{error}");
}

#[test]
fn a_page_that_is_sent_twice_is_one_submission() {
    let mut ana = asked(|request| request.single_use = false);
    ana.does(11, answer(2));
    let again = Act::new(part(12), answer(2));
    let error = ana.try_act(again).unwrap_err();
    assert!(matches!(error, ActError::RecordExists { .. }), "{error}");
}

#[test]
fn what_two_devices_took_from_one_page_is_one_submission() {
    let mut ana = asked(|request| request.single_use = false);
    let mut rui = ana.copy_to(2);
    ana.does(11, answer(2));
    rui.does(12, answer(2));
    let state = ReviewState::Accepted;
    ana.merge(&rui);
    ana.does(
        13,
        FormAction::Review {
            submission: part(2),
            state,
        }
        .into(),
    );
    let past = Past::now(&ana.doc);
    let key = part(2).to_string();
    let review = read_value(&past, (Shelf::Submissions, &key), "review");
    assert_eq!(review, Some(Scalar::text("accepted")));
}

#[test]
fn a_form_must_be_offered_for_what_it_is_used() {
    let mut ana = Desk::open(1);
    let unknown = InformationRequest {
        form: "ghost".into(),
        ..request()
    };
    let error = refusal(&mut ana, FormAction::Request(unknown));
    assert!(error.contains("no such form"), "{error}");
    let error = refusal(&mut ana, FormAction::Submit(submission(part(2), None)));
    assert!(error.contains("answers requests"), "{error}");
    let error = refusal(&mut ana, answer(2));
    assert!(error.contains("form-request"), "no request: {error}");
}

/// Whether a link of a closed case asks anybody is looked at where answers are taken; by then a rule
/// may have closed the case over one of them.
#[test]
fn a_closed_case_asks_for_nothing_and_takes_what_was_sent_already() {
    let mut ana = asked(|request| request.single_use = false);
    ana.does(11, answer(2));
    let closing = Closing {
        code: "solved".into(),
        notes: String::new(),
    };
    let act = Act {
        override_rule: true,
        ..Act::new(part(12), CaseAction::Close(closing)).because("over")
    };
    ana.act(act);
    let add = FormAction::Add {
        id: part(4),
        submission: part(2),
        text: "One thing more".into(),
        given_ms: 0,
    };
    ana.does(13, add.into());
    ana.does(14, answer(5));
    let another = InformationRequest {
        id: part(6),
        ..request()
    };
    let error = refusal(&mut ana, FormAction::Request(another));
    assert!(error.contains("closed"), "{error}");
}

#[test]
fn a_case_in_the_trash_takes_no_submissions() {
    use crate::case::facet::keeping::KeepingAction;
    let mut ana = asked(|request| request.single_use = false);
    ana.act(Act::new(part(12), KeepingAction::Trash.into()).because("a mistake"));
    let error = refusal(&mut ana, answer(5));
    assert!(error.contains("trash"), "{error}");
}

#[test]
fn what_no_page_sends_is_refused() {
    let mut ana = asked(|request| request.single_use = false);
    let mut refused = |change: &dyn Fn(&mut Submission)| {
        let mut sent = submission(part(2), Some(part(1)));
        change(&mut sent);
        refusal(&mut ana, FormAction::Submit(sent))
    };
    for change in [
        &(|s: &mut Submission| s.receipt = "abc".into()) as &dyn Fn(&mut Submission),
        &|s| s.link = "A".repeat(64),
        &|s| s.consent = Some(String::new()),
        &|s| s.given_ms = i64::MAX,
        &|s| s.form = "../x".into(),
        &|s| s.language = "\u{1b}[2J".into(),
        &|s| s.documents = vec!["\n".into()],
        &|s| s.documents = vec!["x".into(); 501],
        &|s| {
            s.answers.insert("f.long".into(), vec!["x".repeat(200_000)]);
        },
    ] {
        assert!(!refused(change).is_empty());
    }
}

#[test]
fn an_answer_goes_with_the_field_that_it_set_when_that_is_redacted() {
    let mut ana = asked(|_| {});
    ana.does(11, set_summary("Maria saw it"));
    let mut sent = submission(part(2), Some(part(1)));
    sent.answers = [("f.summary".to_owned(), vec!["Maria saw it".to_owned()])].into();
    ana.does(12, FormAction::Submit(sent).into());
    let hide = RedactionAction::Field {
        field: "summary".into(),
    };
    let act = Act::new(part(13), hide.into()).because("asked to be forgotten");
    ana.act(act);
    let context = ViewContext {
        document: DocumentId::new([7; 16]),
        members: &|_| None,
        revision: Some(&ana.revision),
        breaches: &BTreeMap::new(),
    };
    let view = format!("{:?}", read(&ana.doc, &context).unwrap());
    assert!(!view.contains("Maria"), "{view}");
}
