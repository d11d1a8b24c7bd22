//! The server's key hands over: devices of any age go on, and whoever stole the old key gets nowhere
//! with those that have moved.

use casework_engine::sync::SyncFault;
use casework_protocol::ids::ServerId;
use casework_protocol::keys::SecretKey;
use casework_sync_server::log::memory::MemoryLog;
use casework_sync_server::relay::check::check_workspace;
use casework_sync_server::relay::{Identity, OnLoss, RelayConfig};
use casework_tests::stage::{Stage, Who};

use crate::scene::{label, with_case};

fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

fn pinned(stage: &mut Stage, who: Who) -> ServerId {
    let row = stage.replica(who).server().unwrap();
    row.and_then(|row| row.key).expect("a server is pinned")
}

/// Everybody has moved, sees the same, and everything that they and the server hold is proved.
fn assert_moved_and_whole(stage: &mut Stage, people: &[Who]) {
    let now = stage.server_identity().server();
    for who in people {
        assert_eq!(pinned(stage, *who), now, "{who:?}");
        stage.crash(*who);
        assert!(stage.replica(*who).verify(&mut |_, _| {}).unwrap().holds());
        assert_eq!(stage.replica(*who).unsent().unwrap(), 0);
    }
    let log = stage.server_log();
    let servers = stage.server_identity().servers();
    let checked = check_workspace(log.as_ref(), &servers, stage.workspace(), &mut |_| {});
    assert_eq!(checked.unwrap().faults, Vec::<String>::new());
}

#[test]
fn devices_that_pinned_any_earlier_key_go_on_with_their_unsent_work() {
    let (mut stage, ana, rui, case) = with_case(71);
    let mia = stage.join("mia", "operator");
    let first = pinned(&mut stage, mia);
    // Mia is away for a month, in which the key is rotated twice.
    stage.cut(mia);
    stage.act(mia, case, label("from the field"));
    stage.rotate_server_key(key(0xb1));
    stage.heal_one(ana);
    stage.heal_one(rui);
    stage.act(rui, case, label("under the second key"));
    stage.settle();
    assert_eq!(pinned(&mut stage, rui), key(0xb1).server());
    assert_eq!(pinned(&mut stage, mia), first);
    stage.pass_days(30);
    stage.rotate_server_key(key(0xb2));
    stage.act(ana, case, label("under the third key"));
    stage.heal();
    stage.settle();
    stage.assert_converged(case);
    assert_eq!(stage.view(mia, case).labels.len(), 3);
    assert_moved_and_whole(&mut stage, &[ana, rui, mia]);
}

#[test]
fn an_invite_that_was_made_before_the_rotation_lets_in_after_it() {
    let (mut stage, ana, _, case) = with_case(72);
    let first = stage.server_identity().server();
    stage.rotate_server_key(key(0xb1));
    stage.heal();
    // The link names the key that the inviter knew.
    let eva = stage.join_pinned("eva", first);
    stage.settle();
    stage.assert_converged(case);
    assert_moved_and_whole(&mut stage, &[ana, eva]);
}

#[test]
fn whoever_has_the_old_key_gets_nowhere_with_devices_that_have_moved() {
    let (mut stage, ana, rui, case) = with_case(73);
    let old = stage.server_identity().clone();
    stage.rotate_server_key(key(0xb1));
    stage.heal();
    stage.settle();
    let moved = key(0xb1).server();
    // As the server it was, with a word of its own, and with the real word and one of its own.
    let branched = old.hand_over(key(0xee), stage.now_ms());
    let mut both = stage.server_identity().line().to_vec();
    both.extend_from_slice(branched.line());
    for thief in [
        old.clone(),
        branched.clone(),
        Identity::new(key(0xee), both),
    ] {
        let found = thief.server();
        stage.reach_thief(rui, thief);
        stage.heal_one(rui);
        stage.connect();
        while stage.deliver_one() {}
        let fault = stage.take_fault(rui);
        let refused = matches!(
            fault,
            Some(SyncFault::WrongServer { expected, found: shown }) if expected == moved && shown == found
        );
        assert!(refused, "{fault:?}");
        assert_eq!(pinned(&mut stage, rui), moved);
    }
    stage.rejoin(rui);
    stage.act(ana, case, label("all is well"));
    stage.heal();
    stage.settle();
    stage.assert_converged(case);
}

/// What a rotation does not give (decision 0013): a device that has not moved yet follows whoever has
/// the old key. What it is shown there convicts the thief's server when it meets the others again.
#[test]
fn a_thief_of_the_old_key_may_lead_a_device_away_that_has_not_moved_and_never_back_unnoticed() {
    let (mut stage, ana, rui, case) = with_case(74);
    let old = stage.server_identity().clone();
    stage.cut(rui);
    let thief = old.hand_over(key(0xee), stage.now_ms());
    stage.reach_thief(rui, thief);
    stage.rotate_server_key(key(0xb1));
    stage.heal_one(ana);
    stage.act(ana, case, label("under the real key"));
    stage.settle();
    stage.heal_one(rui);
    stage.act(rui, case, label("told to the thief"));
    stage.settle();
    assert_eq!(pinned(&mut stage, rui), key(0xee).server());
    // Back at the real server.
    stage.rejoin(rui);
    stage.heal_one(rui);
    stage.connect();
    while stage.deliver_one() {}
    let fault = stage.take_fault(rui).expect("it is refused");
    assert!(fault.accuses_server(), "{fault:?}");
    // Nothing that it holds is gone, and its owner brings it back by pinning the real server by hand.
    assert!(stage.view(rui, case).labels.contains("told to the thief"));
}

#[test]
fn a_log_from_before_the_rotation_is_brought_back_under_the_new_key() {
    let (mut stage, ana, rui, case) = with_case(75);
    let backup = stage.back_up_server();
    stage.act(rui, case, label("after the backup"));
    stage.settle();
    stage.rotate_server_key(key(0xb1));
    stage.heal_one(ana);
    stage.act(ana, case, label("under the new key"));
    stage.settle();
    let size = stage.log_size();
    // `restore` keeps the newer key (sync-server, rotation tests). Rui knows only the old one.
    stage.restore_server(backup);
    stage.heal();
    stage.settle();
    assert!(stage.log_size() >= size);
    stage.assert_converged(case);
    assert_eq!(stage.view(rui, case).labels.len(), 2);
    assert_moved_and_whole(&mut stage, &[ana, rui]);
}

#[test]
fn an_emptied_server_is_filled_again_by_heads_of_the_key_before() {
    let (mut stage, ana, rui, case) = with_case(76);
    stage.act(rui, case, label("kept"));
    stage.settle();
    stage.rotate_server_key(key(0xb1));
    stage.restore_server(MemoryLog::new());
    assert!(stage.server_log().workspaces().unwrap().is_empty());
    // Both show heads that the old key signed.
    stage.heal();
    stage.settle();
    stage.assert_converged(case);
    assert!(stage.view(ana, case).labels.contains("kept"));
    assert_moved_and_whole(&mut stage, &[ana, rui]);
}

#[test]
fn a_workspace_that_was_given_up_before_the_rotation_begins_again_after_it() {
    let (mut stage, ana, rui, case) = with_case(78);
    stage.act(rui, case, label("held by ordinary devices"));
    stage.settle();
    stage.cut(ana);
    let config = RelayConfig {
        on_loss: OnLoss::NewEpochAfterMs(60_000),
        ..RelayConfig::default()
    };
    stage.restore_server_as(MemoryLog::new(), config);
    // Rui shows what was there, and waits; then it is given up, and the key is rotated.
    stage.heal_one(rui);
    stage.connect();
    while stage.deliver_one() {}
    assert!(
        stage
            .relay()
            .open_epoch(stage.now_ms(), stage.workspace())
            .unwrap()
    );
    stage.rotate_server_key(key(0xb1));
    stage.heal();
    stage.settle();
    stage.assert_converged(case);
    assert!(
        stage
            .view(rui, case)
            .labels
            .contains("held by ordinary devices")
    );
    assert_moved_and_whole(&mut stage, &[ana, rui]);
}

#[test]
fn a_crash_at_any_sync_of_the_move_leaves_a_device_that_goes_on() {
    for syncs in 0..12 {
        let (mut stage, ana, rui, case) = with_case(77);
        stage.act(ana, case, label("before"));
        stage.settle();
        stage.rotate_server_key(key(0xb1));
        stage.freeze(rui, syncs);
        stage.heal_one(rui);
        stage.connect();
        while stage.deliver_one() {}
        stage.crash(rui);
        // Whichever key it has pinned, it has the head that it trusted, so nobody shows it a fork.
        let head = casework_engine::sync::Holdings::head(stage.replica(rui));
        assert!(head.is_some(), "after {syncs} syncs");
        stage.heal();
        stage.settle();
        stage.assert_converged(case);
        assert_moved_and_whole(&mut stage, &[ana, rui]);
    }
}
