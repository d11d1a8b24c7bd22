//! A device that was revoked while it was away, and went on working.

use casework::Error;
use casework::case::CaseAction;

use crate::stage::{Device, Server, assert_converged, settle};

#[test]
fn work_of_a_device_revoked_while_offline_is_held_and_adopted() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let case = ana.open_case("Barking dog");
    let mia = ana.invite("Mia", "operator");
    let rui = ana.invite("Rui", "operator");

    // Mia goes on while Ana revokes her device.
    mia.workspace
        .set_field(case, "phone", "112", Some("she called"))
        .unwrap();
    mia.workspace
        .comment(case, "Visited at noon.", false)
        .unwrap();
    let device = mia.workspace.info().unwrap().device;
    ana.workspace
        .revoke_device(device, "phone was stolen")
        .unwrap();
    ana.sync();

    let late = mia.workspace.sync(&mut |_| {});
    match &late {
        Ok(report) => assert!(report.held > 0, "{report:?}"),
        Err(error) => assert!(matches!(error, Error::Denied(_)), "{error}"),
    }
    assert!(mia.workspace.case(case).is_ok() || !mia.workspace.drawer().unwrap().is_empty());

    ana.sync();
    let held = ana.workspace.held().unwrap();
    assert_eq!(held.len(), 2, "{held:?}");
    assert!(ana.workspace.cards().unwrap()[0].badges.held);
    assert_eq!(ana.workspace.comments(case).unwrap().len(), 0);

    let (adopted, _) = ana.workspace.adopt(case, "it was really Mia").unwrap();
    assert_eq!(adopted, 2);
    settle(&[&ana, &rui]);
    assert_converged(case, &[&ana, &rui]);
    assert_eq!(rui.workspace.comments(case).unwrap().len(), 1);
    assert_eq!(ana.workspace.held().unwrap().len(), 0);
    let verification = rui.workspace.verify(&mut |_, _| {}).unwrap();
    assert!(verification.holds(), "{:?}", verification.findings);
}

#[test]
fn a_revoked_device_reads_on_and_writes_no_more() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let mia = ana.invite("Mia", "operator");
    let case = mia.open_case("Barking dog");
    settle(&[&mia, &ana]);
    ana.workspace
        .revoke_device(mia.workspace.info().unwrap().device, "left")
        .unwrap();
    ana.sync();
    let _ = mia.workspace.sync(&mut |_| {});
    let to_review = CaseAction::Move {
        to: "review".into(),
    };
    let error = mia.workspace.act(case, to_review, None, false);
    assert!(error.is_err(), "{error:?}");
}

#[test]
fn work_that_a_demotion_does_not_touch_lands() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let case = ana.open_case("Barking dog");
    let mia = ana.invite("Mia", "manager");
    ana.sync();
    mia.workspace
        .comment(case, "Still an operator's right.", false)
        .unwrap();
    let member = mia.workspace.find_member("me").unwrap();
    let demoted = casework::MemberChange {
        add_roles: vec!["operator".into()],
        remove_roles: vec!["manager".into()],
        ..casework::MemberChange::default()
    };
    ana.workspace.change_member(member, demoted).unwrap();
    ana.sync();
    let report = mia.sync();
    assert_eq!((report.held, report.refused), (0, 0), "{report:?}");
    settle(&[&ana, &mia]);
    assert_converged(case, &[&ana, &mia]);
    assert_eq!(ana.workspace.comments(case).unwrap().len(), 1);
}
