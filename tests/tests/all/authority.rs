//! Rights that change while people work offline: held work, adoption, restriction, eviction; and
//! servers that lose their log.

use automerge::Automerge;
use casework_engine::case::{Act, CaseAction};
use casework_engine::replica::{Notice, Reach};
use casework_protocol::access::entry::{AccessBody, Principal};
use casework_protocol::frame::{PushItem, ServerFrame};
use casework_protocol::ids::DocumentId;
use casework_protocol::roster::entry::RosterBody;
use casework_tests::stage::{Stage, Who};

use crate::scene::{label, restrict};

#[test]
fn offline_work_of_a_revoked_device_is_held_kept_in_its_drawer_and_lands_when_adopted() {
    let mut stage = Stage::new(21);
    let [ana, rui, mia] = stage.devices(["ana", "rui", "mia"]);
    let case = stage.open(ana, "Broken street lamp");
    stage.settle();
    stage.cut(mia);
    stage.act(mia, case, label("offline"));
    stage.act(mia, case, label("urgent"));
    stage.revoke(ana, mia);
    stage.settle();
    stage.heal();
    stage.settle();
    assert!(stage.view(rui, case).labels.is_empty());
    let drawer = stage.replica(mia).drawer().unwrap();
    assert_eq!(drawer.len(), 2);
    assert!(drawer.iter().all(|drawn| drawn.held && drawn.act.is_some()));
    assert_eq!(stage.replica(ana).held().unwrap().len(), 2);
    let moment = stage.moment();
    stage
        .replica(ana)
        .adopt(case, "it was honest work", &moment)
        .unwrap();
    stage.settle();
    for who in [ana, rui] {
        assert_eq!(stage.view(who, case).labels.len(), 2);
        assert!(stage.replica(who).verify(&mut |_, _| {}).unwrap().holds());
    }
    assert!(stage.replica(ana).held().unwrap().is_empty());
}

#[test]
fn a_demoted_member_gains_nothing_by_citing_an_old_roster() {
    let mut stage = Stage::new(22);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    let case = stage.open(ana, "Broken street lamp");
    stage.settle();
    stage.cut(rui);
    stage.act(rui, case, label("late"));
    stage.change_roles(ana, rui, &["viewer"], &["operator"]);
    stage.settle();
    stage.heal();
    stage.settle();
    for who in [ana, rui] {
        assert!(
            stage.view(who, case).labels.is_empty(),
            "the label is held on every replica"
        );
    }
    assert_eq!(stage.replica(ana).held().unwrap().len(), 1);
    assert_eq!(stage.replica(rui).drawer().unwrap().len(), 1);
    // Adopted, it stands, and its author has nothing left to do.
    let moment = stage.moment();
    let replica = stage.replica(ana);
    replica.adopt(case, "it is true", &moment).unwrap();
    stage.settle();
    assert!(stage.view(rui, case).labels.contains("late"));
    assert!(stage.replica(rui).drawer().unwrap().is_empty());
}

/// A device that loses sight of a case puts its unsent work into the drawer; what the server had
/// got by then is held there, and its author is told so.
#[test]
fn work_on_its_way_while_its_author_loses_sight_is_held_and_lands_when_adopted() {
    let mut stage = Stage::new(24);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    let case = stage.open(ana, "Broken street lamp");
    stage.settle();
    stage.cut(rui);
    stage.act(rui, case, label("late"));
    stage.change_roles(ana, rui, &[], &["operator"]);
    stage.settle();
    stage.heal();
    stage.settle();
    assert!(stage.replica(rui).case(case).is_err());
    let drawer = stage.replica(rui).drawer().unwrap();
    assert!(drawer.len() == 1 && drawer[0].held, "{drawer:?}");
    let change = drawer[0].change.unwrap();
    let reach = stage.replica(rui).reach(case, change).unwrap();
    assert_eq!(reach, Reach::Held);
    assert_eq!(stage.replica(ana).held().unwrap().len(), 1);
    let moment = stage.moment();
    let replica = stage.replica(ana);
    replica.adopt(case, "it is true", &moment).unwrap();
    stage.settle();
    assert!(stage.view(ana, case).labels.contains("late"));
    stage.change_roles(ana, rui, &["operator"], &[]);
    stage.settle();
    assert!(stage.view(rui, case).labels.contains("late"));
    assert!(stage.replica(rui).drawer().unwrap().is_empty());
    for who in [ana, rui] {
        let reach = stage.replica(who).reach(case, change).unwrap();
        assert!(matches!(reach, Reach::OnServer(_)), "{reach:?}");
    }
}

/// Somebody who built on work before it was held hands that in at the same moment as the author
/// learns of it: one step takes the one in and the other out.
#[test]
fn work_that_builds_on_what_turns_out_to_be_held_goes_with_it_and_the_case_stays_whole() {
    let mut stage = Stage::new(31);
    let [ana, rui, mia] = stage.devices(["ana", "rui", "mia"]);
    let case = stage.open(ana, "Broken street lamp");
    for text in ["lamp", "street", "night"] {
        stage.act(ana, case, label(text));
    }
    stage.settle();
    let citation = stage.citation(case);
    stage.cut(rui);
    stage.act(rui, case, label("late"));
    stage.change_roles(ana, rui, &["viewer"], &["operator"]);
    stage.settle();
    // What the server says about others does not reach Rui yet.
    stage.tamper_down(rui, |frame| match frame {
        ServerFrame::Welcome(_) | ServerFrame::Resumed { .. } | ServerFrame::Answers { .. } => {
            vec![frame]
        }
        _ => Vec::new(),
    });
    stage.heal_one(rui);
    stage.connect();
    while stage.deliver_one() {}
    let mut forger = stage.forger(mia, case);
    let bytes = stage.replica(rui).export(case).unwrap();
    let mut theirs = Automerge::load(&bytes).unwrap();
    forger.automerge.merge(&mut theirs).unwrap();
    forger.stamp.citation = citation;
    let id = stage.part();
    forger.act(Act::new(id, label("with it")));
    stage.hand_in(mia, vec![PushItem::Run(forger.run())]);
    stage.cut(rui);
    stage.clear_wire(rui);
    stage.heal();
    stage.settle();
    for who in [ana, rui, mia] {
        let labels = stage.view(who, case).labels;
        assert_eq!(labels.len(), 3, "{labels:?}");
        stage.crash(who);
        assert!(stage.replica(who).verify(&mut |_, _| {}).unwrap().holds());
    }
    stage.assert_converged(case);
}

#[test]
fn an_unrelated_change_of_the_roster_holds_nobodys_work() {
    let mut stage = Stage::new(23);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    let case = stage.open(ana, "Broken street lamp");
    stage.settle();
    stage.cut(rui);
    stage.act(rui, case, label("late"));
    let team = RosterBody::ChangeTeam {
        team: "night".to_owned(),
        name: Some("Night shift".to_owned()),
        add: vec![stage.member(ana)],
        remove: Vec::new(),
    };
    stage.authorise(ana, team);
    stage.settle();
    stage.heal();
    stage.settle();
    assert!(stage.view(ana, case).labels.contains("late"));
    assert!(stage.replica(rui).drawer().unwrap().is_empty());
}

#[test]
fn a_case_that_is_restricted_leaves_the_others_after_their_unsent_work_was_rescued() {
    let mut stage = Stage::new(24);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    let case = stage.open(ana, "A sensitive case");
    stage.settle();
    stage.cut(rui);
    stage.act(rui, case, label("mine"));
    restrict(&mut stage, ana, case);
    stage.settle();
    stage.heal();
    stage.settle();
    assert!(
        stage.replica(rui).case(case).is_err(),
        "the case is gone from this device"
    );
    assert_eq!(stage.replica(rui).drawer().unwrap().len(), 1);
    assert!(
        stage
            .notices(rui)
            .iter()
            .any(|notice| matches!(notice, Notice::Evicted { .. }))
    );
    let back = AccessBody::Change {
        add: vec![Principal::Member(stage.member(rui))],
        remove: Vec::new(),
        restricted: None,
        legal_hold: None,
    };
    let moment = stage.moment();
    stage
        .replica(ana)
        .change_access(case, back, &moment)
        .unwrap();
    stage.settle();
    assert!(
        stage.replica(rui).case(case).is_ok(),
        "becoming visible brings the whole case"
    );
    stage.assert_converged(case);
}

#[test]
fn a_case_that_was_widened_before_it_was_restricted_is_given_up_all_the_same() {
    let mut stage = Stage::new(27);
    let [ana, rui, eve] = stage.devices(["ana", "rui", "eve"]);
    let case = stage.open(ana, "A sensitive case");
    stage.settle();
    stage.cut(rui);
    // The first of these entries is nothing to rui any more, but without it the second proves nothing.
    let widen = put_on(&mut stage, eve);
    change_access(&mut stage, ana, case, widen);
    stage.act(ana, case, label("between"));
    restrict(&mut stage, ana, case);
    stage.settle();
    stage.heal();
    stage.settle();
    assert!(stage.replica(rui).case(case).is_err());
    assert_accuses_nobody(&mut stage, rui);
    stage.crash(rui);
    assert!(stage.replica(rui).case(case).is_err());
}

#[test]
fn a_case_that_came_and_went_while_a_device_was_away_accuses_nobody() {
    let mut stage = Stage::new(28);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    let case = stage.open(ana, "A sensitive case");
    restrict(&mut stage, ana, case);
    stage.settle();
    stage.cut(rui);
    stage.notices(rui);
    let on = put_on(&mut stage, rui);
    change_access(&mut stage, ana, case, on);
    stage.act(ana, case, label("between"));
    stage.settle();
    let off = AccessBody::Change {
        add: Vec::new(),
        remove: vec![Principal::Member(stage.member(rui))],
        restricted: None,
        legal_hold: None,
    };
    change_access(&mut stage, ana, case, off);
    stage.settle();
    stage.heal();
    stage.settle();
    assert!(stage.replica(rui).case(case).is_err());
    assert_accuses_nobody(&mut stage, rui);
}

fn put_on(stage: &mut Stage, who: Who) -> AccessBody {
    AccessBody::Change {
        add: vec![Principal::Member(stage.member(who))],
        remove: Vec::new(),
        restricted: None,
        legal_hold: None,
    }
}

fn change_access(stage: &mut Stage, by: Who, case: DocumentId, body: AccessBody) {
    let moment = stage.moment();
    let changed = stage.replica(by).change_access(case, body, &moment);
    changed.expect("who opened a case may say who is on it");
}

fn assert_accuses_nobody(stage: &mut Stage, who: Who) {
    let notices = stage.notices(who);
    let accuses = |notice: &&Notice| matches!(notice, Notice::ServerFault { .. });
    let told: Vec<&Notice> = notices.iter().filter(accuses).collect();
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn a_server_restored_from_an_older_backup_gets_everything_back() {
    let mut stage = Stage::new(25);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    let case = stage.open(ana, "Broken street lamp");
    stage.settle();
    let backup = stage.back_up_server();
    stage.act(rui, case, label("after the backup"));
    stage.act(
        ana,
        case,
        CaseAction::Move {
            to: "answer".to_owned(),
        },
    );
    stage.settle();
    stage.restore_server(backup);
    stage.settle();
    stage.act(rui, case, label("after the restore"));
    stage.settle();
    let mia = stage.join("mia", "operator");
    assert_eq!(stage.view(mia, case).labels.len(), 2);
    assert_eq!(stage.view(mia, case).stage.value(), "answer");
    stage.assert_converged(case);
}

#[test]
fn what_ordinary_devices_hold_comes_back_in_a_new_epoch_when_nobody_kept_the_log() {
    let mut stage = Stage::new(28);
    let [ana, rui, mia, teo] = stage.devices(["ana", "rui", "mia", "teo"]);
    let case = stage.open(rui, "Broken street lamp");
    stage.settle();
    let backup = stage.back_up_server();
    // The keeper of the log has nothing of this, and the two build on each other's work.
    stage.cut(ana);
    stage.cut(teo);
    for n in 0..3 {
        for who in [rui, mia] {
            stage.act(who, case, label(&format!("{n} of {who:?}")));
            stage.settle();
        }
    }
    stage.restore_server(backup);
    stage.open_epoch();
    stage.heal_one(teo);
    stage.settle();
    assert_eq!(stage.view(teo, case).labels.len(), 6);
    stage.heal();
    stage.settle();
    stage.assert_converged(case);
}

#[test]
fn a_server_that_came_back_empty_gets_everything_back() {
    // In whatever order its members come to it while that goes on.
    for seed in 26..66 {
        comes_back_empty(seed);
    }
}

fn comes_back_empty(seed: u64) {
    let mut stage = Stage::new(seed);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    let case = stage.open(ana, "Broken street lamp");
    stage.act(ana, case, label("before"));
    stage.settle();
    stage.restore_server(casework_sync_server::log::memory::MemoryLog::new());
    stage.settle();
    stage.act(rui, case, label("after"));
    stage.settle();
    let mia = stage.join("mia", "operator");
    assert_eq!(stage.view(mia, case).labels.len(), 2);
    stage.assert_converged(case);
}

#[test]
fn a_device_restored_from_a_backup_goes_on_without_equivocating() {
    let mut stage = Stage::new(27);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    let case = stage.open(ana, "Broken street lamp");
    stage.settle();
    let backup = stage.back_up_device(rui);
    stage.act(rui, case, label("sent, then forgotten by the device"));
    stage.settle();
    stage.restore_device(rui, &backup);
    stage.act(rui, case, label("after the restore"));
    stage.settle();
    stage.assert_converged(case);
    assert_eq!(stage.view(ana, case).labels.len(), 2);
    let equivocation = |notice: &Notice| matches!(notice, Notice::Equivocation { .. });
    assert!(!stage.notices(ana).iter().any(equivocation));
}
