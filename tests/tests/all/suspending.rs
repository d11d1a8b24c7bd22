//! Somebody is suspended for a time, and what they may see changes meanwhile.

use casework_engine::replica::Notice;
use casework_protocol::ids::MemberId;
use casework_protocol::roster::entry::RosterBody;
use casework_tests::stage::{Stage, Who};

use crate::scene::restrict;

/// Lets a member in, or keeps them out.
fn let_in(stage: &mut Stage, by: Who, member: MemberId, active: bool) {
    let body = RosterBody::ChangeMember {
        member,
        name: None,
        add_roles: Vec::new(),
        remove_roles: Vec::new(),
        active: Some(active),
    };
    stage.authorise(by, body);
}

/// Suspends Rui while his device is away, lets something happen, and lets him in again. With every
/// other seed his device comes by while he is out, and hears of the roster only.
fn suspended_while(seed: u64, meanwhile: impl FnOnce(&mut Stage, Who)) -> (Stage, Who) {
    let mut stage = Stage::new(seed);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    stage.open(ana, "Broken lamp");
    stage.settle();
    let member = stage.member(rui);
    stage.notices(rui);
    stage.cut(rui);
    let_in(&mut stage, ana, member, false);
    stage.settle();
    meanwhile(&mut stage, ana);
    stage.settle();
    if seed.is_multiple_of(2) {
        stage.sync_one(rui);
    }
    let_in(&mut stage, ana, member, true);
    stage.settle();
    stage.heal();
    stage.settle();
    let blamed: Vec<Notice> = stage
        .notices(rui)
        .into_iter()
        .filter(|notice| matches!(notice, Notice::ServerFault { .. }))
        .collect();
    assert!(blamed.is_empty(), "seed {seed}: {blamed:?}");
    (stage, rui)
}

#[test]
fn who_is_let_in_again_gives_up_what_was_restricted_meanwhile_and_blames_no_server() {
    for seed in 0..4 {
        let (mut stage, rui) = suspended_while(seed, |stage, ana| {
            let case = stage.replica(ana).cases().unwrap()[0];
            restrict(stage, ana, case);
        });
        assert!(
            stage.replica(rui).cases().unwrap().is_empty(),
            "seed {seed}"
        );
    }
}

#[test]
fn who_is_let_in_again_keeps_what_they_may_still_see_and_hears_what_was_done() {
    for seed in 0..4 {
        let (mut stage, rui) = suspended_while(seed, |stage, ana| {
            stage.open(ana, "Dark street");
        });
        let cases = stage.replica(rui).cases().unwrap();
        assert_eq!(cases.len(), 2, "seed {seed}");
        cases
            .into_iter()
            .for_each(|case| stage.assert_converged(case));
    }
}
