//! What a workspace takes by one link, and no more.

use std::collections::BTreeMap;

use casework::case::PartId;
use casework::template::{Form, FormKind, Question};
use casework::{Founding, NewCaseRequest, RequestTerms, Workspace};

use super::super::limits::MAX_ANSWERS;
use super::super::office::{Office as _, OfficeFault, Sent};
use super::super::rooms::Rooms;
use super::{NOW, package};

#[test]
fn a_request_that_many_answer_takes_so_many_answers_and_then_its_link_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let founding = Founding {
        workspace_name: "City".into(),
        member_name: "Ana".into(),
        device_name: "Laptop".into(),
    };
    let workspace = Workspace::found(folder.path(), &founding).unwrap();
    let mut package = package();
    let mut more = Form::new("more", FormKind::Request, "Who saw it?");
    more.questions = vec![Question {
        id: "name".into(),
        label: "Your name".into(),
        help: String::new(),
        required: true,
        short: true,
    }];
    package.forms.push(more);
    let template = workspace.import_template(package).unwrap().document();
    let request = NewCaseRequest::new(template, "Broken lamp");
    let case = workspace.open_case(&request).unwrap().document;
    let terms = RequestTerms {
        form: "more".into(),
        days: None,
        single_use: Some(false),
        note: String::new(),
    };
    let made = workspace.request_information(case, &terms).unwrap();
    let rooms = Rooms::open(&workspace).unwrap();
    let link = made.token.hash();
    let offer = || rooms.offer(&link, NOW).unwrap();
    let answer = |n: u32| Sent {
        offer: offer().expect("the link still leads somewhere"),
        id: PartId::new(u64::from(n + 1).to_be_bytes()),
        answers: BTreeMap::from([("q.name".to_owned(), vec![format!("Witness {n}")])]),
        values: BTreeMap::new(),
        title: String::new(),
        documents: Vec::new(),
        consent: None,
        receipt: format!("{n:064x}"),
        language: "en".into(),
        given_ms: NOW.cast_signed(),
    };
    let late = answer(MAX_ANSWERS);
    for n in 0..MAX_ANSWERS {
        rooms.take(answer(n)).unwrap();
    }
    assert!(offer().is_none());
    assert!(matches!(rooms.take(late), Err(OfficeFault::Gone)));
    assert_eq!(rooms.used(&link), MAX_ANSWERS as usize);
}
