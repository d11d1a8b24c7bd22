//! New epochs: what an operator opens when a server that was put back cannot become what it was.

use casework_engine::case::CaseAction;
use casework_engine::sync::Holdings;
use casework_protocol::ids::DocumentId;
use casework_protocol::roster::entry::RosterBody;
use casework_tests::stage::{Stage, Who};

use crate::scene::label;

/// Somebody loses the right to write.
fn demote(stage: &mut Stage, by: Who, who: Who) {
    stage.change_roles(by, who, &["viewer"], &["operator"]);
}

/// Whether somebody is an operator, by the roster of a device.
fn is_operator(stage: &mut Stage, by: Who, who: Who) -> bool {
    let member = stage.member(who);
    let roster = stage.replica(by).roster().unwrap().head().clone();
    roster
        .member(member)
        .is_some_and(|member| member.roles.contains("operator"))
}

/// Everybody forgets that they were stopped, and an operator opens a new epoch.
fn new_epoch(stage: &mut Stage, all: &[Who]) {
    for who in all {
        let _ = stage.take_fault(*who);
    }
    stage.open_epoch();
    stage.heal();
    stage.settle();
}

fn begin(seed: u64) -> (Stage, [Who; 3], DocumentId) {
    let mut stage = Stage::new(seed);
    let all = stage.devices(["ana", "rui", "mia"]);
    let case = stage.open(all[0], "Broken street lamp");
    stage.settle();
    (stage, all, case)
}

#[test]
fn a_change_of_roles_that_a_server_lost_is_given_back_in_a_new_epoch() {
    let (mut stage, all, case) = begin(61);
    let [ana, rui, mia] = all;
    let backup = stage.back_up_server();
    demote(&mut stage, ana, rui);
    stage.act(mia, case, label("after it"));
    stage.settle();
    assert!(!is_operator(&mut stage, mia, rui));
    stage.restore_server(backup);
    new_epoch(&mut stage, &all);
    for who in all {
        assert!(!is_operator(&mut stage, who, rui), "{who:?}");
        assert!(stage.last_fault(who).is_none(), "{who:?}");
    }
    stage.act(ana, case, label("later"));
    stage.settle();
    stage.assert_converged(case);
    assert_eq!(stage.view(ana, case).labels.len(), 2);
}

#[test]
fn a_change_of_roles_is_made_again_where_the_roster_went_on_beside_it() {
    let (mut stage, all, case) = begin(62);
    let [ana, rui, mia] = all;
    stage.change_roles(ana, mia, &["owner"], &[]);
    stage.settle();
    stage.cut(mia);
    let backup = stage.back_up_server();
    demote(&mut stage, ana, rui);
    stage.settle();
    stage.cut(ana);
    stage.cut(rui);
    stage.restore_server(backup);
    // Somebody who knows nothing of it connects, and the roster goes on.
    stage.heal_one(mia);
    let body = RosterBody::ChangeMember {
        member: stage.member(mia),
        name: Some("Mia Moreira".to_owned()),
        add_roles: Vec::new(),
        remove_roles: Vec::new(),
        active: None,
    };
    stage.authorise(mia, body);
    stage.act(mia, case, label("beside"));
    stage.settle();
    stage.heal();
    stage.settle();
    new_epoch(&mut stage, &all);
    for who in all {
        assert!(!is_operator(&mut stage, who, rui), "{who:?}");
        let member = stage.member(mia);
        let roster = stage.replica(who).roster().unwrap().head().clone();
        assert_eq!(roster.member(member).unwrap().name, "Mia Moreira");
    }
    stage.act(mia, case, label("later"));
    stage.settle();
    stage.assert_converged(case);
    assert_eq!(stage.view(ana, case).labels.len(), 2);
}

#[test]
fn what_was_answered_and_lost_before_a_head_came_is_given_back() {
    let (mut stage, all, case) = begin(63);
    let [ana, rui, mia] = all;
    stage.cut(ana);
    stage.cut(mia);
    let backup = stage.back_up_server();
    let change = stage.act(rui, case, label("answered"));
    // Until the answer is here, and not the head over it.
    while stage.replica(rui).unsent().unwrap() > 0 {
        assert!(stage.deliver_one(), "the answer never came");
    }
    assert!(stage.is_logged(case, change));
    stage.restore_server(backup);
    assert!(!stage.is_logged(case, change));
    // The log goes on beside it, so that its length tells nothing.
    stage.heal_one(mia);
    stage.cut(rui);
    stage.act(mia, case, label("beside"));
    stage.act(mia, case, label("and more"));
    stage.settle();
    stage.heal();
    stage.settle();
    assert!(stage.is_logged(case, change));
    stage.assert_converged(case);
    assert_eq!(stage.view(ana, case).labels.len(), 3);
    for who in all {
        assert!(stage.last_fault(who).is_none(), "{who:?}");
        assert!(stage.replica(who).verify(&mut |_, _| {}).unwrap().holds());
    }
}

#[test]
fn a_device_that_dies_after_entering_an_epoch_still_gives_back_what_it_has() {
    let (mut stage, all, case) = begin(64);
    let [ana, rui, mia] = all;
    let backup = stage.back_up_server();
    stage.cut(ana);
    stage.cut(mia);
    let change = stage.act(rui, case, label("only here"));
    stage.settle();
    stage.restore_server(backup);
    stage.open_epoch();
    let before = stage.replica(rui).head().unwrap();
    stage.heal_one(rui);
    stage.connect();
    while stage.replica(rui).head() == Some(before.clone()) {
        assert!(stage.deliver_one(), "it never entered the epoch");
    }
    stage.crash(rui);
    assert!(!stage.is_logged(case, change));
    stage.heal();
    stage.settle();
    assert!(stage.is_logged(case, change));
    stage.assert_converged(case);
}

#[test]
fn an_access_entry_by_somebody_who_joined_after_the_case_was_opened_stands_in_a_new_epoch() {
    let (mut stage, [ana, rui, mia], case) = begin(65);
    let lena = stage.join("lena", "operator");
    let all = [ana, rui, mia, lena];
    let member = stage.member(mia);
    stage.act(lena, case, CaseAction::Assign { member });
    stage.settle();
    let backup = stage.back_up_server();
    stage.act(rui, case, label("after it"));
    stage.settle();
    stage.restore_server(backup);
    new_epoch(&mut stage, &all);
    stage.act(ana, case, label("later"));
    stage.settle();
    for who in all {
        assert!(stage.last_fault(who).is_none(), "{who:?}");
        assert_eq!(stage.view(who, case).labels.len(), 2);
        let record = stage.replica(who).access(case).unwrap();
        assert_eq!(record.head().version(), 2);
    }
    stage.assert_converged(case);
}
