//! Filling in a form while others work on the same case, and asking before doing.

use casework::case::{CaseAction, Closing};
use casework::ids::DocumentId;
use casework::rights::Verb;
use casework::template::Package;
use casework::{Error, FieldEdit, NewCaseRequest, Outcome, edit_words};

use crate::stage::{Device, Server, settle};

const PACKAGE: &str = r#"{"key":"VIS","name":"Visit","stages":[
    {"id":"open","name":"Open","category":"active","required_to_leave":["site"],"documents":["photo"]},
    {"id":"checked","name":"Checked","category":"active"},
    {"id":"done","name":"Done","category":"done"}],
    "transitions":[{"from":"open","to":"checked","label":"Send to checking"},
        {"from":"checked","to":"done"}],
    "document_types":[{"id":"photo","label":"Photo"}],
    "fields":[{"id":"site","label":"Site","type":"text"},
    {"id":"report","label":"Report","type":"long-text","conflict":"text"},
    {"id":"count","label":"Count","type":"counter"},
    {"id":"found","label":"Found","type":"multi-select","options":[
        {"id":"cracks","label":"Cracks, wide"},{"id":"rust","label":"Rust"},
        {"id":"leak","label":"Leak"}]},
    {"id":"on","label":"Visited on","type":"date"}]}"#;

struct Visit {
    _server: Server,
    ana: Device,
    rui: Device,
    case: DocumentId,
}

impl Visit {
    fn begin() -> Self {
        let server = Server::start();
        let ana = Device::host("Ana", &server);
        let package: Package = serde_json::from_str(PACKAGE).unwrap();
        let template = ana.workspace.import_template(package).unwrap();
        let request = NewCaseRequest::new(template.document(), "Bridge 7");
        let case = ana.workspace.open_case(&request).unwrap().document;
        let rui = ana.invite("Rui", "operator");
        settle(&[&ana, &rui]);
        Self {
            _server: server,
            ana,
            rui,
            case,
        }
    }

    /// What a form shows for a field.
    fn shown(&self, on: &Device, field: &str) -> String {
        let view = on.workspace.case(self.case).unwrap();
        let revision = on.workspace.revision(view.template).unwrap();
        edit_words(&view, &revision, revision.field(field).unwrap())
    }

    /// Fills in a form whose fields showed what they say there now, and others since.
    fn fill(&self, on: &Device, fields: &[(&str, &str, &str)]) -> Result<usize, Error> {
        let edit = |(field, shown, words): &(&str, &str, &str)| FieldEdit {
            field: (*field).to_owned(),
            words: (*words).to_owned(),
            shown: Some((*shown).to_owned()),
        };
        let edits: Vec<FieldEdit> = fields.iter().map(edit).collect();
        let done = on.workspace.set_fields(self.case, &edits, None, false)?;
        Ok(done.len())
    }
}

#[test]
fn a_form_is_one_commit_and_what_was_left_alone_is_not_written() {
    let visit = Visit::begin();
    let (ana, rui) = (&visit.ana, &visit.rui);
    let form = [
        ("site", "", "Bridge 7, north"),
        ("report", "", "All well.\nMostly."),
        ("count", "", "3"),
        ("found", "", "Cracks, wide; Rust"),
        ("Visited on", "", "2026-11-30"),
    ];
    assert_eq!(visit.fill(ana, &form).unwrap(), 6, "two options");
    let shown: Vec<String> = ["site", "report", "count", "found", "on"]
        .map(|field| visit.shown(ana, field))
        .to_vec();
    let expected = [
        "Bridge 7, north",
        "All well.\nMostly.",
        "",
        "Cracks, wide; Rust",
        "2026-11-30",
    ];
    assert_eq!(shown, expected);

    // Sent again as it stands there it says nothing new, also on the counter.
    settle(&[ana, rui]);
    let again: Vec<FieldEdit> = ["site", "report", "count", "found", "on"]
        .into_iter()
        .zip(&shown)
        .map(|(field, words)| FieldEdit {
            field: field.to_owned(),
            words: words.clone(),
            shown: None,
        })
        .collect();
    let unchanged = rui.workspace.set_fields(visit.case, &again, None, false);
    assert!(
        matches!(unchanged, Err(Error::Unchanged(_))),
        "{unchanged:?}"
    );

    // As a form of another system has its lines: the same, and the rest of the form is written.
    let lines = ("report", "All well.\nMostly.", "All well.\r\nMostly.");
    assert_eq!(
        visit
            .fill(ana, &[lines, ("site", "Bridge 7, north", "North")])
            .unwrap(),
        1
    );
    assert_eq!(visit.shown(ana, "site"), "North");

    // One label with a comma in it: words that are read back as it, too.
    assert_eq!(
        visit
            .fill(ana, &[("found", "Cracks, wide; Rust", "Cracks, wide")])
            .unwrap(),
        1
    );
    let alone = visit.shown(ana, "found");
    assert_eq!(visit.fill(ana, &[("found", &alone, "")]).unwrap(), 1);
    assert_eq!(visit.shown(ana, "found"), "");
}

#[test]
fn a_form_writes_over_nothing_that_came_while_it_was_open() {
    let visit = Visit::begin();
    let (ana, rui) = (&visit.ana, &visit.rui);
    visit.fill(ana, &[("report", "", "First.")]).unwrap();
    settle(&[ana, rui]);
    // Rui's form is open; meanwhile Ana writes on.
    visit
        .fill(
            ana,
            &[
                ("report", "First.", "First.\nAna saw rust."),
                ("site", "", "North"),
            ],
        )
        .unwrap();
    settle(&[ana, rui]);

    let refused = visit.fill(
        rui,
        &[("report", "First.", "Second."), ("on", "", "2026-11-30")],
    );
    let Err(Error::Changed(text)) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        text.contains("Report") && text.contains("Ana saw rust"),
        "{text}"
    );
    assert_eq!(visit.shown(rui, "on"), "", "all of it, or nothing");
    // What the person did not touch does not matter.
    let form = [
        ("report", "First.", "First."),
        ("site", "", ""),
        ("on", "", "2026-11-30"),
    ];
    assert_eq!(visit.fill(rui, &form).unwrap(), 1);
    assert_eq!(visit.shown(rui, "site"), "North");
}

#[test]
fn of_a_set_only_the_difference_that_a_person_made_counts() {
    let visit = Visit::begin();
    let (ana, rui) = (&visit.ana, &visit.rui);
    visit.fill(ana, &[("found", "", "Rust")]).unwrap();
    settle(&[ana, rui]);
    visit.fill(ana, &[("found", "Rust", "Rust; Leak")]).unwrap();
    settle(&[ana, rui]);
    // The form showed rust alone; the person found cracks and no rust.
    visit
        .fill(rui, &[("found", "Rust", "Cracks, wide")])
        .unwrap();
    assert_eq!(visit.shown(rui, "found"), "Cracks, wide; Leak");
}

#[test]
fn where_a_case_can_go_is_told_with_what_stands_in_the_way() {
    let visit = Visit::begin();
    let (rui, case) = (&visit.rui.workspace, visit.case);
    let before = rui.case(case).unwrap();
    let moves = rui.moves(case).unwrap();
    let told: Vec<_> = moves
        .iter()
        .map(|one| {
            (
                one.stage.as_str(),
                one.label.as_deref(),
                one.verdict.outcome,
            )
        })
        .collect();
    // What is missing asks; nothing here blocks.
    let asks = Outcome::Asks;
    assert_eq!(told[0], ("checked", Some("Send to checking"), asks));
    assert_eq!((told[1].0, told[1].1), ("done", None));
    let verdict = &moves[0].verdict;
    assert_eq!(verdict.missing_fields, ["site"]);
    assert_eq!(verdict.missing_documents, ["photo"]);
    assert!(verdict.text.contains("Site"), "{}", verdict.text);
    assert_eq!(rui.case(case).unwrap(), before, "nothing was done");
    let to = "checked".to_owned();
    let through = (Some("The photo is on its way"), true);
    let verdict = rui.judge(case, CaseAction::Move { to }, through.0, through.1);
    assert_eq!(verdict.unwrap().outcome, Outcome::Possible);

    let close = CaseAction::Close(Closing {
        code: "resolved".to_owned(),
        notes: String::new(),
    });
    let verdict = rui.judge(case, close, None, false).unwrap();
    assert_ne!(verdict.outcome, Outcome::Possible);
    let title = |title: &str| CaseAction::SetTitle {
        title: title.to_owned(),
    };
    let outcome = |action| rui.judge(case, action, None, false).unwrap().outcome;
    assert_eq!(outcome(title("Bridge 7")), Outcome::Unchanged);
    assert_eq!(outcome(title("Bridge 8")), Outcome::Possible);
    let redact = CaseAction::RedactComment {
        id: rui.fresh_part().unwrap(),
    };
    assert_ne!(outcome(redact), Outcome::Possible);
    assert_eq!(rui.case(case).unwrap(), before);
}

#[test]
fn what_one_may_do_on_a_case_is_asked_in_one_call() {
    let visit = Visit::begin();
    let of = |device: &Device| device.workspace.rights_on(visit.case).unwrap();
    assert!(of(&visit.ana).contains(&Verb::ManageMembers));
    let mine = of(&visit.rui);
    assert!(mine.contains(&Verb::Move) && !mine.contains(&Verb::ManageMembers));
    let eve = visit.ana.invite("Eve", "viewer");
    assert_eq!(of(&eve).into_iter().collect::<Vec<_>>(), [Verb::View]);
    let denied = CaseAction::SetTitle {
        title: "Eve's".to_owned(),
    };
    let verdict = eve
        .workspace
        .judge(visit.case, denied, None, false)
        .unwrap();
    assert_eq!(verdict.outcome, Outcome::Denied);
}
