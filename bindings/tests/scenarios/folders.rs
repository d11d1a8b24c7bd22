//! Folders, keys and processes: one owner at a time, and clear words for everybody else.

use std::process::Command;

use casework::{Enrolment, Error, Founding, KeyFile, MemberChange, Workspace};

use crate::stage::{Device, Server, newcomer};
use crate::watching::ear;

/// Names the folder that another process of this test is to open.
const FOLDER: &str = "CASEWORK_TEST_FOLDER";

#[test]
fn another_process_is_told_that_the_workspace_is_in_use() {
    if let Ok(folder) = std::env::var(FOLDER) {
        // The other process.
        let error = Workspace::open(folder.as_ref()).unwrap_err();
        assert!(error.is_in_use(), "{error}");
        return;
    }
    let ana = Device::founder("Ana");
    let other = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "folders::another_process_is_told_that_the_workspace_is_in_use",
        ])
        .env(FOLDER, ana.folder())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&other.stdout);
    assert!(
        other.status.success() && said.contains("1 passed"),
        "{said}"
    );
    let ana = ana.restart();
    assert_eq!(ana.workspace.info().unwrap().member_name, "Ana");
}

#[test]
fn a_folder_holds_one_workspace() {
    let ana = Device::founder("Ana");
    let founding = Founding {
        workspace_name: "Other".into(),
        member_name: "Eve".into(),
        device_name: "laptop".into(),
    };
    let folder = ana.folder();
    assert!(
        Workspace::found(&folder, &founding)
            .unwrap_err()
            .is_in_use()
    );
    let ana = ana.restart();
    assert_eq!(ana.workspace.info().unwrap().name, "Field office");
    let second = tempfile::tempdir().unwrap();
    assert!(matches!(
        Workspace::open(second.path()),
        Err(Error::Invalid(_))
    ));
    for name in [String::new(), "x".repeat(201), "x".repeat(100_000)] {
        let misnamed = Founding {
            member_name: name,
            ..founding.clone()
        };
        let refused = Workspace::found(second.path(), &misnamed).unwrap_err();
        assert!(matches!(refused, Error::Invalid(_)), "{refused}");
        assert!(refused.to_string().len() < 500);
    }
    let nowhere = Workspace::found(std::path::Path::new(""), &founding);
    assert!(matches!(nowhere, Err(Error::Invalid(_))), "{nowhere:?}");
    Workspace::found(second.path(), &founding).unwrap();
    assert!(matches!(
        Workspace::found(second.path(), &founding),
        Err(Error::Invalid(_))
    ));
}

#[test]
fn a_workspace_without_its_key_is_not_opened_and_not_harmed() {
    let ana = Device::founder("Ana");
    let (folder, key) = (ana.folder(), ana.folder().join(KeyFile::NAME));
    let seed = std::fs::read(&key).unwrap();
    let _kept = ana.close();
    std::fs::write(&key, format!("{}\n", "07".repeat(32))).unwrap();
    assert!(matches!(Workspace::open(&folder), Err(Error::Corrupt(_))));
    std::fs::remove_file(&key).unwrap();
    assert!(matches!(Workspace::open(&folder), Err(Error::Corrupt(_))));
    std::fs::write(&key, &seed).unwrap();
    assert_eq!(
        Workspace::open(&folder)
            .unwrap()
            .info()
            .unwrap()
            .member_name,
        "Ana"
    );
}

#[test]
fn an_address_that_is_none_is_refused_in_words() {
    let ana = Device::founder("Ana");
    let error = ana
        .workspace
        .set_server("https://example.org", None)
        .unwrap_err();
    assert!(
        matches!(&error, Error::Invalid(text) if text.contains("wss://")),
        "{error}"
    );
    let error = ana.workspace.sync(&mut |_| {}).unwrap_err();
    assert!(
        matches!(&error, Error::Invalid(text) if text.contains("no server")),
        "{error}"
    );
}

#[test]
fn who_leaves_takes_everything_along_and_what_was_not_sent_is_asked_for() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let case = ana.open_case("Barking dog");
    let rui = ana.invite("Rui", "operator");
    rui.workspace.comment(case, "not sent", false).unwrap();
    let refused = rui.workspace.erase(false);
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    rui.sync();
    let watch = rui.workspace.watch(ear().0).unwrap();
    rui.workspace.erase(false).unwrap();
    watch.stop();
    let folder = rui.close();
    assert!(!Workspace::is_in(folder.path()));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "the empty lock only: {left:?}");
    ana.sync();
    assert_eq!(ana.workspace.comments(case).unwrap().len(), 1);
    // The folder takes another workspace, with another key.
    let link = ana.link("viewer");
    let eva = Workspace::join(folder.path(), &link, &newcomer("Eva"), &mut |_| {}).unwrap();
    assert_eq!(eva.info().unwrap().standing, Enrolment::Enrolled);

    ana.open_case("Not sent");
    ana.workspace.erase(true).unwrap();
}

#[test]
fn a_device_knows_that_its_member_was_suspended_or_it_was_revoked() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let rui = ana.invite("Rui", "operator");
    let info = || rui.workspace.info().unwrap();
    let me = info().member.unwrap();
    assert_eq!(info().standing, Enrolment::Enrolled);
    let active = |active| MemberChange {
        active: Some(active),
        ..MemberChange::default()
    };
    ana.sync();
    ana.workspace.change_member(me, active(false)).unwrap();
    ana.sync();
    let _ = rui.workspace.sync(&mut |_| {});
    assert_eq!(info().standing, Enrolment::Suspended);
    ana.workspace.change_member(me, active(true)).unwrap();
    ana.sync();
    rui.sync();
    assert_eq!(info().standing, Enrolment::Enrolled);
    ana.workspace.revoke_device(info().device, "lost").unwrap();
    ana.sync();
    let _ = rui.workspace.sync(&mut |_| {});
    assert_eq!(info().standing, Enrolment::Revoked);
}
