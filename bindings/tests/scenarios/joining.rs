//! Founding, inviting, joining; and everything that can go wrong on the way.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use casework::case::CaseAction;
use casework::keys::Signer;
use casework::{
    Error, Founding, InviteFor, InviteLink, KeyFile, KeyStore, MemberChange, MemberKind,
    NewCaseRequest, Workspace,
};

use crate::stage::{Device, Server, assert_converged, newcomer, settle};

#[test]
fn a_newcomer_joins_by_a_link_and_both_work_on_one_case() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let case = ana.open_case("Barking dog");
    let rui = ana.invite("Rui", "operator");

    let info = rui.workspace.info().unwrap();
    assert_eq!(
        (info.name.as_str(), info.member_name.as_str()),
        ("Field office", "Rui")
    );
    assert_eq!(rui.workspace.find_case("barking dog").unwrap(), case);
    assert_converged(case, &[&ana, &rui]);

    rui.workspace
        .set_field(case, "Phone", "+351 912 345 678", None)
        .unwrap();
    ana.workspace
        .comment(case, "I called the neighbours.", false)
        .unwrap();
    settle(&[&ana, &rui]);
    assert_converged(case, &[&ana, &rui]);
    assert_eq!(ana.workspace.comments(case).unwrap().len(), 1);
    let status = rui.workspace.status().unwrap();
    assert_eq!((status.cases, status.unsent), (1, 0));
    assert_eq!(status.head_code, ana.workspace.status().unwrap().head_code);
}

#[test]
fn a_second_device_of_one_member_joins_the_same_way() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let me = ana.workspace.info().unwrap().member.unwrap();
    let gives = InviteFor::Device { member: me };
    let link = ana
        .workspace
        .invite(gives, Duration::from_secs(60), 1)
        .unwrap();
    ana.sync();
    let phone = Device::join(&link, "ignored");
    assert_eq!(phone.workspace.info().unwrap().member, Some(me));
    let member = phone.workspace.member(me).unwrap();
    assert_eq!((member.name.as_str(), member.devices.len()), ("Ana", 2));
}

#[test]
fn an_invite_is_good_for_as_many_as_it_says_and_no_more() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let link = ana.link("viewer");
    let _rui = Device::join(&link, "Rui");
    let folder = tempfile::tempdir().unwrap();
    let error = Workspace::join(folder.path(), &link, &newcomer("Eve"), &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::Denied(_)), "{error}");
    assert!(
        !Workspace::is_in(folder.path()),
        "a join that cannot succeed leaves no replica"
    );
}

#[test]
fn a_link_to_another_server_is_not_trusted() {
    let (server, other) = (Server::start(), Server::start());
    let ana = Device::host("Ana", &server);
    let link = ana.link("viewer").at_address(&other.url()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = Workspace::join(folder.path(), &link, &newcomer("Rui"), &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::Corrupt(_)), "{error}");
}

#[test]
fn a_join_without_a_server_goes_on_when_there_is_one() {
    let mut server = Server::start();
    let ana = Device::host("Ana", &server);
    let link = ana.link("operator");
    let text: InviteLink = link.to_string().parse().unwrap();
    server.stop();
    let folder = tempfile::tempdir().unwrap();
    let error = Workspace::join(folder.path(), &text, &newcomer("Rui"), &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    server.start_again();
    let rui = Workspace::join(folder.path(), &text, &newcomer("Rui"), &mut |_| {}).unwrap();
    assert_eq!(rui.info().unwrap().member_name, "Rui");
    assert!(
        !folder.path().join("joining.json").exists(),
        "the secret of the link is forgotten"
    );
}

#[test]
fn a_join_that_was_cut_off_after_the_enrolment_goes_on_with_the_same_call() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let (case, link) = (ana.open_case("Barking dog"), ana.link("operator"));
    ana.sync();
    let folder = Device::join(&link, "Rui").close();
    // As a process leaves it that ends between the enrolment and the end of the first sync.
    let pending = serde_json::json!({
        "link": link.to_string(),
        "newcomer": newcomer("Rui"),
    });
    let file = folder.path().join("joining.json");
    std::fs::write(&file, pending.to_string()).unwrap();
    let rui = Workspace::join(folder.path(), &link, &newcomer("Rui"), &mut |_| {}).unwrap();
    assert_eq!(rui.info().unwrap().member_name, "Rui");
    assert_eq!(rui.find_case("barking dog").unwrap(), case);
    assert!(!file.exists());
    drop(rui);
    let again = Workspace::join(folder.path(), &link, &newcomer("Rui"), &mut |_| {});
    assert!(
        matches!(again, Err(Error::Invalid(_))),
        "it is over: {again:?}"
    );
}

/// A key store that waits until it is told to go on.
struct Slow {
    keys: KeyFile,
    begun: Sender<()>,
    go_on: Mutex<Receiver<()>>,
}

impl KeyStore for Slow {
    fn obtain(&self) -> Result<Arc<dyn Signer>, Error> {
        self.begun.send(()).unwrap();
        self.go_on.lock().unwrap().recv().unwrap();
        self.keys.obtain()
    }

    fn recall(&self) -> Result<Arc<dyn Signer>, Error> {
        self.keys.recall()
    }
}

#[test]
fn a_second_join_into_the_folder_of_a_first_takes_nothing_from_it() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let link = ana.link("operator");
    let folder = tempfile::tempdir().unwrap();
    let ((begin, begun), (go, go_on)) = (channel(), channel());
    let slow = Slow {
        keys: KeyFile::in_folder(folder.path()),
        begun: begin,
        go_on: Mutex::new(go_on),
    };
    let (path, who) = (folder.path(), newcomer("Rui"));
    let (rui, case) = std::thread::scope(|scope| {
        let first = scope.spawn(|| Workspace::join_with(path, &link, &who, &slow, &mut |_| {}));
        begun.recv().unwrap();
        // A double tap; and somebody who would rather make a workspace of their own.
        let second = Workspace::join(path, &link, &who, &mut |_| {});
        assert!(matches!(second, Err(Error::InUse(_))), "{second:?}");
        let founding = Founding {
            workspace_name: "Another".into(),
            member_name: "Rui".into(),
            device_name: "phone".into(),
        };
        let third = Workspace::found(path, &founding);
        assert!(matches!(third, Err(Error::InUse(_))), "{third:?}");
        go.send(()).unwrap();
        let rui = first.join().unwrap().unwrap();
        let template = rui.find_template("CO").unwrap();
        let case = rui
            .open_case(&NewCaseRequest::new(template, "Offline"))
            .unwrap();
        (rui, case.document)
    });
    drop(rui);
    let again = Workspace::open(path).unwrap();
    assert_eq!(again.find_case("offline").unwrap(), case);
}

#[test]
fn a_folder_in_which_a_join_came_to_nothing_takes_another_invite() {
    let (first, second) = (Server::start(), Server::start());
    let (ana, eva) = (Device::host("Ana", &first), Device::host("Eva", &second));
    // The link leads to a server that is not the workspace's.
    let astray = ana.link("operator").at_address(&second.url()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let join = |link| Workspace::join(folder.path(), link, &newcomer("Rui"), &mut |_| {});
    assert!(matches!(join(&astray), Err(Error::Corrupt(_))));
    let rui = join(&eva.link("operator")).unwrap();
    assert_eq!(
        rui.info().unwrap().workspace,
        eva.workspace.info().unwrap().workspace
    );
}

#[test]
fn the_folder_of_a_suspended_device_is_not_cleared_for_another_workspace() {
    let (first, second) = (Server::start(), Server::start());
    let (ana, eva) = (Device::host("Ana", &first), Device::host("Eva", &second));
    let rui = ana.invite("Rui", "operator");
    let case = rui.open_case("Not sent");
    ana.sync();
    let me = rui.workspace.info().unwrap().member.unwrap();
    let suspend = MemberChange {
        active: Some(false),
        ..MemberChange::default()
    };
    ana.workspace.change_member(me, suspend).unwrap();
    ana.sync();
    let _ = rui.workspace.sync(&mut |_| {});
    assert_eq!(rui.workspace.info().unwrap().member, None);
    let folder = rui.close();
    let link = eva.link("operator");
    let joined = Workspace::join(folder.path(), &link, &newcomer("Rui"), &mut |_| {});
    assert!(matches!(joined, Err(Error::Invalid(_))), "{joined:?}");
    // What was not sent lies in the drawer, as it did.
    let rui = Workspace::open(folder.path()).unwrap();
    let drawer = rui.drawer().unwrap();
    assert!(drawer.iter().any(|one| one.document == case), "{drawer:?}");
}

#[test]
fn an_invite_needs_a_server_that_was_met() {
    let ana = Device::founder("Ana");
    let gives = || InviteFor::Member {
        roles: vec!["operator".into()],
    };
    let invite = || ana.workspace.invite(gives(), Duration::from_secs(60), 1);
    assert!(matches!(invite(), Err(Error::Unavailable(_))));
    ana.workspace.set_server("ws://127.0.0.1:9", None).unwrap();
    assert!(matches!(invite(), Err(Error::Unavailable(_))));
}

#[test]
fn what_a_role_does_not_grant_is_denied_in_words() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let case = ana.open_case("Barking dog");
    let eve = ana.invite("Eve", "viewer");
    let close = CaseAction::Move {
        to: "closed".into(),
    };
    let error = eve.workspace.act(case, close, None, false).unwrap_err();
    assert!(
        matches!(&error, Error::Denied(text) if text.contains("Eve")),
        "{error}"
    );
    let error = eve
        .workspace
        .add_member("X", MemberKind::Service, &[])
        .unwrap_err();
    assert!(matches!(error, Error::Denied(_)), "{error}");
    assert!(matches!(eve.workspace.export(case), Err(Error::Denied(_))));
}
