//! Claims of the design that no other scenario proves, each played end to end; and the check that
//! every proof that `docs/claims.md` names exists.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use casework_engine::case::CaseAction;
use casework_engine::replica::{Notice, Redone, ReplicaFault};
use casework_protocol::frame::{Logged, LoggedRun, ServerFrame};
use casework_protocol::rights::{Grant, Scope, Verb};
use casework_protocol::roster::entry::RosterBody;
use casework_sync_server::log::memory::MemoryLog;
use casework_sync_server::relay::{OnLoss, RelayConfig};
use casework_tests::stage::{Stage, Who};

use crate::scene::{label, restrict};

#[test]
fn every_proof_that_the_list_of_claims_names_exists() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let list = fs::read_to_string(root.join("docs/claims.md")).unwrap();
    let mut named = 0;
    for (number, line) in (1..).zip(list.lines()) {
        for proof in line.split('`').skip(1).step_by(2) {
            let Some((file, test)) = proof.split_once("::") else {
                continue;
            };
            let text = fs::read_to_string(root.join(file))
                .unwrap_or_else(|error| panic!("docs/claims.md:{number}: {file}: {error}"));
            let defined = text.contains(&format!("fn {test}("));
            assert!(defined, "docs/claims.md:{number}: {file} has no {test}");
            named += 1;
        }
    }
    assert!(named > 100, "the list names its proofs as `file::test`");
}

/// Everything for this device but signs of life is kept back while the switch is on.
fn hold_back(stage: &mut Stage, who: Who) -> Rc<Cell<bool>> {
    let held = Rc::new(Cell::new(false));
    let switch = held.clone();
    let mut queue = VecDeque::new();
    stage.tamper_down(who, move |frame| {
        if matches!(frame, ServerFrame::Pong(_)) {
            return vec![frame];
        }
        queue.push_back(frame);
        if switch.get() {
            Vec::new()
        } else {
            queue.drain(..).collect()
        }
    });
    held
}

fn deliver(stage: &mut Stage, messages: usize) {
    for _ in 0..messages {
        stage.deliver_one();
    }
}

#[test]
fn what_a_device_pushes_after_it_was_revoked_in_the_middle_of_a_session_is_held() {
    let mut stage = Stage::new(302);
    let [ana, rui, mia] = stage.devices(["ana", "rui", "mia"]);
    let case = stage.open(ana, "Broken street lamp");
    stage.settle();
    let held = hold_back(&mut stage, mia);
    held.set(true);
    stage.revoke(ana, mia);
    deliver(&mut stage, 100);
    // Mia's session stands and she does not know.
    assert!(stage.replica(mia).member().is_some());
    stage.act(mia, case, label("too late"));
    deliver(&mut stage, 100);
    assert_eq!(
        stage.replica(mia).unsent().unwrap(),
        1,
        "the answer is on its way"
    );
    held.set(false);
    stage.settle();
    stage.heal();
    stage.settle();
    assert_eq!(stage.replica(ana).held().unwrap().len(), 1);
    assert!(stage.view(rui, case).labels.is_empty());
    assert!(stage.replica(mia).drawer().unwrap()[0].held);
    assert!(stage.replica(mia).member().is_none(), "and now she knows");
}

#[test]
fn a_device_revoked_in_the_middle_of_a_session_is_sent_no_more_content() {
    let mut stage = Stage::new(303);
    let [ana, _, mia] = stage.devices(["ana", "rui", "mia"]);
    let case = stage.open(ana, "Broken street lamp");
    stage.settle();
    let told = stage.listen(mia);
    stage.revoke(ana, mia);
    stage.settle();
    stage.act(ana, case, label("not for mia"));
    stage.settle();
    let content = |frame: &ServerFrame| match frame {
        ServerFrame::Entries { items, .. } => items
            .iter()
            .any(|item| !matches!(item, Logged::Roster { .. })),
        ServerFrame::Piece { .. } => true,
        _ => false,
    };
    assert!(!told.borrow().iter().any(content));
    // What was there stays readable, and nothing can be added.
    assert!(stage.view(mia, case).labels.is_empty());
    let refused = stage.try_act(mia, case, label("mine"));
    assert!(matches!(refused, Err(ReplicaFault::NotEnrolled)));
}

#[test]
fn unsent_work_on_a_case_that_was_taken_away_stays_readable_and_can_be_exported() {
    let mut stage = Stage::new(304);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    let case = stage.open(ana, "A sensitive case");
    stage.settle();
    stage.cut(rui);
    stage.act(rui, case, label("what rui saw there"));
    restrict(&mut stage, ana, case);
    stage.settle();
    stage.heal();
    stage.settle();
    assert!(stage.replica(rui).case(case).is_err());
    let drawer = stage.replica(rui).drawer().unwrap();
    assert_eq!(drawer.len(), 1);
    let exported = serde_json::to_string(&drawer).unwrap();
    assert!(exported.contains("what rui saw there"), "{exported}");
    // And again after a restart.
    stage.crash(rui);
    assert_eq!(stage.replica(rui).drawer().unwrap().len(), 1);
}

#[test]
fn an_eviction_that_the_log_explains_is_obeyed_and_told() {
    let mut stage = Stage::new(305);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    let case = stage.open(ana, "A sensitive case");
    stage.settle();
    restrict(&mut stage, ana, case);
    stage.settle();
    assert!(stage.replica(rui).case(case).is_err());
    let evicted = Notice::Evicted {
        document: case,
        rescued: 0,
    };
    assert!(stage.notices(rui).contains(&evicted));
}

#[test]
fn a_server_that_swaps_positions_is_found_by_whoever_keeps_the_whole_log() {
    let mut stage = Stage::new(306);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    let case = stage.open(ana, "Broken street lamp");
    stage.settle();
    // Ana keeps the log. The server tells her that rui's work arrived a day earlier.
    stage.tamper_down(ana, |frame| {
        let backdate = |item| match item {
            Logged::Run(logged) => Logged::Run(LoggedRun {
                received_ms: logged.received_ms - 86_400_000,
                ..logged
            }),
            other => other,
        };
        vec![match frame {
            ServerFrame::Entries { items, upto } => ServerFrame::Entries {
                items: items.into_iter().map(backdate).collect(),
                upto,
            },
            other => other,
        }]
    });
    assert!(stage.replica(ana).verify(&mut |_, _| {}).unwrap().holds());
    stage.act(rui, case, label("backdated by the server"));
    stage.settle();
    let found = stage.replica(ana).verify(&mut |_, _| {}).unwrap();
    assert_eq!(found.findings.len(), 1, "{found:?}");
    assert!(
        found.findings[0]
            .what
            .contains("another log than the one it signed")
    );
}

#[test]
fn a_signature_is_superseded_only_by_work_that_stands() {
    let mut stage = Stage::new(307);
    let [ana, rui, mia] = stage.devices(["ana", "rui", "mia"]);
    let case = stage.open(ana, "Broken street lamp");
    stage.settle();
    stage.act(rui, case, label("taken"));
    stage.settle();
    stage.cut(rui);
    // One run: a comment, which rui may still write afterwards, and a move, which not.
    let id = stage.part();
    let comment = CaseAction::Comment {
        id,
        body: "still allowed".to_owned(),
        external: false,
        reply_to: None,
    };
    stage.act(rui, case, comment);
    let to = "answer".to_owned();
    stage.act(rui, case, CaseAction::Move { to });
    let all = |verb| Grant {
        verb,
        scope: Scope::All,
    };
    let talker = RosterBody::DefineRole {
        role: "talker".to_owned(),
        name: "Talker".to_owned(),
        grants: vec![all(Verb::View), all(Verb::Comment)],
    };
    stage.authorise(ana, talker);
    stage.settle();
    stage.change_roles(ana, rui, &["talker"], &["operator"]);
    stage.settle();
    stage.heal();
    stage.settle();
    for who in [ana, rui, mia] {
        assert_eq!(stage.replica(who).comments(case).unwrap().len(), 1);
        assert_eq!(stage.view(who, case).stage.value(), "intake");
        let found = stage.replica(who).verify(&mut |_, _| {}).unwrap();
        assert!(found.holds(), "{found:?}");
    }
    assert_eq!(stage.replica(rui).drawer().unwrap().len(), 1);
    stage.assert_converged(case);
}

#[test]
fn a_pending_entry_grants_and_takes_nothing_here_either() {
    let mut stage = Stage::new(308);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    stage.cut(ana);
    stage.revoke(ana, rui);
    let device = stage.device(rui);
    let stands = |stage: &mut Stage| {
        let roster = stage.replica(ana).roster().unwrap();
        roster.head().member_of(device).is_some()
    };
    assert!(stands(&mut stage));
    stage.heal();
    stage.settle();
    assert!(!stands(&mut stage));
}

#[test]
fn what_lies_in_the_drawer_is_done_again_as_a_new_change_that_names_the_original() {
    let mut stage = Stage::new(309);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    let case = stage.open(ana, "Broken street lamp");
    stage.settle();
    stage.cut(rui);
    let first = stage.act(rui, case, label("again"));
    let roles = |add: &str, remove: &str, member| RosterBody::ChangeMember {
        member,
        name: None,
        add_roles: vec![add.to_owned()],
        remove_roles: vec![remove.to_owned()],
        active: None,
    };
    let member = stage.member(rui);
    stage.authorise(ana, roles("viewer", "operator", member));
    stage.settle();
    stage.heal();
    stage.settle();
    stage.authorise(ana, roles("operator", "viewer", member));
    stage.settle();
    let drawn = stage.replica(rui).drawer().unwrap();
    assert_eq!(drawn[0].change, Some(first));
    let moment = stage.moment();
    let redone = stage
        .replica(rui)
        .redo(drawn[0].number, None, &moment)
        .unwrap();
    let Redone::Acted(redone) = redone else {
        panic!("{redone:?}");
    };
    stage.settle();
    assert_ne!(redone.change, first);
    assert!(stage.replica(rui).drawer().unwrap().is_empty());
    assert!(stage.view(ana, case).labels.contains("again"));
    stage.assert_converged(case);
}

#[test]
fn an_emptied_server_that_nobody_can_refill_opens_an_epoch_and_nothing_held_anywhere_is_lost() {
    let mut stage = Stage::new(301);
    let [ana, rui, mia] = stage.devices(["ana", "rui", "mia"]);
    let case = stage.open(ana, "Broken street lamp");
    stage.act(ana, case, label("before"));
    stage.settle();
    // The only device that keeps the whole log never comes back.
    stage.cut(ana);
    let config = RelayConfig {
        on_loss: OnLoss::NewEpochAfterMs(60_000),
        ..RelayConfig::default()
    };
    stage.restore_server_as(MemoryLog::new(), config);
    stage.settle();
    stage.act(rui, case, label("after"));
    stage.settle();
    let seen = stage.view(mia, case);
    assert!(seen.labels.contains("after") && seen.labels.contains("before"));
    assert_eq!(seen, stage.view(rui, case));
}
