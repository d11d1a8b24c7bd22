//! Work without a network, and coming back.

use casework::Error;
use casework::case::CaseAction;
use casework::view::{Filter, Sorting};

use crate::stage::{Device, Server, assert_converged, settle};

#[test]
fn work_done_without_a_server_survives_a_restart_and_is_sent_when_there_is_one() {
    let mut server = Server::start();
    let ana = Device::host("Ana", &server);
    let rui = ana.invite("Rui", "operator");
    server.stop();

    let case = rui.open_case("Broken street light");
    rui.workspace.set_field(case, "phone", "112", None).unwrap();
    let error = rui.workspace.sync(&mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    let rui = rui.restart();
    assert!(rui.workspace.status().unwrap().unsent > 0);
    assert!(rui.workspace.cards().unwrap()[0].badges.unsynced);

    server.start_again();
    let report = rui.sync();
    assert!(report.pushed > 0 && report.bytes_out > 0, "{report:?}");
    assert_eq!(report.status.unsent, 0);
    settle(&[&ana, &rui]);
    assert_converged(case, &[&ana, &rui]);
    assert!(!rui.workspace.cards().unwrap()[0].badges.unsynced);
}

#[test]
fn a_sync_with_nothing_new_is_small_whatever_there_is() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    for n in 0..30 {
        ana.open_case(&format!("Case {n}"));
    }
    ana.sync();
    let report = ana.sync();
    assert_eq!((report.pushed, report.received), (0, 0), "{report:?}");
    assert!(report.bytes_in + report.bytes_out <= 1_024, "{report:?}");
}

#[test]
fn many_cases_come_to_a_newcomer_whole() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let mut cases = Vec::new();
    for n in 0..40 {
        let case = ana.open_case(&format!("Case {n}"));
        let comment = format!("comment on {n}");
        ana.workspace.comment(case, &comment, false).unwrap();
        cases.push(case);
    }
    ana.sync();
    let rui = ana.invite("Rui", "operator");
    let template = rui.workspace.find_template("complaint").unwrap();
    let board = rui
        .workspace
        .board(template, &Filter::default(), Sorting::Number)
        .unwrap();
    assert_eq!(board.columns[0].cards.len(), 40);
    for case in cases {
        assert_converged(case, &[&ana, &rui]);
    }
    let verification = rui.workspace.verify(&mut |_, _| {}).unwrap();
    assert!(verification.holds(), "{:?}", verification.findings);
    assert!(verification.documents >= 41);
}

#[test]
fn the_timeline_names_the_verified_author_and_the_receipt() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let case = ana.open_case("Barking dog");
    let rui = ana.invite("Rui", "operator");
    let to_review = CaseAction::Move {
        to: "review".into(),
    };
    rui.workspace
        .act(case, to_review, Some("serious"), false)
        .unwrap();
    let before = rui.workspace.timeline(case, 0, 1).unwrap();
    assert_eq!(before[0].arrival, None);
    settle(&[&rui, &ana]);
    let names = ana.workspace.names().unwrap();
    let timeline = ana.workspace.timeline(case, 0, 10).unwrap();
    assert_eq!(timeline.len(), 2);
    assert_eq!(names.member(timeline[0].member.unwrap()), "Rui");
    assert_eq!(timeline[0].reason.as_deref(), Some("serious"));
    assert!(timeline[0].arrival.is_some() && timeline[1].arrival.is_some());
}

#[test]
fn an_export_opens_without_this_program() {
    let ana = Device::founder("Ana");
    ana.workspace
        .import_template(crate::stage::complaint())
        .unwrap();
    let case = ana.open_case("Barking dog");
    ana.workspace.set_field(case, "phone", "112", None).unwrap();
    let export = ana.workspace.export(case).unwrap();
    assert_eq!(export.automerge[..4], [0x85, 0x6f, 0x4a, 0x83]);
    let json: serde_json::Value = serde_json::from_str(&export.json).unwrap();
    assert_eq!(json["fields"]["phone"], "112");
    assert_eq!(json["timeline"].as_array().unwrap().len(), 2);
    assert!(export.name.starts_with("CO-"));
}
