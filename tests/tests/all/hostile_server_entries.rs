//! A hostile server that alters, invents, drops and reorders what it hands over, holds work that is
//! not held and evicts what nobody took away. Each is caught under its own name, and the others go
//! on.

use std::cell::Cell;
use std::rc::Rc;

use casework_engine::case::CaseAction;
use casework_engine::replica::{Notice, ReplicaFault};
use casework_engine::sync::SyncFault;
use casework_protocol::access::entry::AccessBody;
use casework_protocol::frame::{Logged, LoggedRun, ServerFrame, Standing};
use casework_protocol::keys::SecretKey;
use casework_protocol::seal::SignedRun;
use casework_tests::stage::{Stage, Who};

use crate::scene::{assert_recovers, label, with_case};

/// Changes the items of every frame of entries.
fn with_items(
    mut change: impl FnMut(Vec<Logged>) -> Vec<Logged> + 'static,
) -> impl FnMut(ServerFrame) -> Vec<ServerFrame> + 'static {
    move |frame| match frame {
        ServerFrame::Entries { items, upto } => vec![ServerFrame::Entries {
            items: change(items),
            upto,
        }],
        other => vec![other],
    }
}

fn server_faults(stage: &mut Stage, who: Who) -> Vec<String> {
    let notices = stage.notices(who).into_iter();
    notices
        .filter_map(|notice| match notice {
            Notice::ServerFault { what } => Some(what),
            _ => None,
        })
        .collect()
}

#[test]
fn a_server_that_alters_a_change_is_named_and_the_change_is_not_taken() {
    let (mut stage, ana, rui, case) = with_case(201);
    stage.tamper_down(
        rui,
        with_items(|items| items.into_iter().map(altered).collect()),
    );
    stage.act(ana, case, label("lamp"));
    stage.settle();
    let faults = server_faults(&mut stage, rui);
    assert!(
        matches!(&faults[..], [what] if what.contains("checksum")),
        "{faults:?}"
    );
    assert!(!stage.view(rui, case).labels.contains("lamp"));
}

/// The same item with one bit of its content turned.
fn altered(item: Logged) -> Logged {
    let Logged::Run(logged) = item else {
        return item;
    };
    let hashes = logged.run.claimed_hashes().unwrap();
    let mut raw: Vec<Vec<u8>> = hashes.iter().map(|(_, raw)| raw.to_vec()).collect();
    *raw.last_mut().unwrap().last_mut().unwrap() ^= 1;
    let (document, device) = (logged.run.document(), logged.run.device());
    let signature = casework_protocol::seal::sign_change(
        &SecretKey::from_seed(&[3; 32]),
        casework_protocol::ids::WorkspaceId::new([0; 32]),
        document,
        hashes[0].0,
    );
    let run = SignedRun::from_parts(document, device, raw, signature);
    Logged::Run(LoggedRun { run, ..logged })
}

#[test]
fn a_server_that_invents_a_change_is_named_and_the_change_is_not_taken() {
    let (mut stage, ana, rui, case) = with_case(202);
    // The server writes under the key of a device that nobody enrolled, and under ana's name.
    let mut forger = stage.forger(ana, case);
    let id = stage.part();
    let hash = forger.act(casework_engine::case::Act::new(id, label("invented")));
    let honest = forger.run();
    let raw: Vec<Vec<u8>> = honest
        .claimed_hashes()
        .unwrap()
        .into_iter()
        .map(|(_, raw)| raw.to_vec())
        .collect();
    let workspace = stage.replica(ana).workspace();
    let signature = casework_protocol::seal::sign_change(stage.server_key(), workspace, case, hash);
    let invented = SignedRun::from_parts(case, stage.device(ana), raw, signature);
    stage.tamper_down(
        rui,
        with_items(move |items| {
            let put = |item| match item {
                Logged::Run(logged) => Logged::Run(LoggedRun {
                    run: invented.clone(),
                    ..logged
                }),
                other => other,
            };
            items.into_iter().map(put).collect()
        }),
    );
    stage.act(ana, case, label("lamp"));
    stage.settle();
    let faults = server_faults(&mut stage, rui);
    assert!(
        matches!(&faults[..], [what] if what.contains("signature")),
        "{faults:?}"
    );
    assert!(!stage.view(rui, case).labels.contains("invented"));
}

#[test]
fn a_server_that_sends_entries_out_of_order_is_left() {
    let (mut stage, ana, rui, case) = with_case(203);
    // Every second frame of entries overtakes the one before it.
    let mut waiting = None;
    stage.tamper_down(rui, move |frame| match (waiting.take(), frame) {
        (None, frame @ ServerFrame::Entries { .. }) => {
            waiting = Some(frame);
            Vec::new()
        }
        (held, frame) => [Some(frame), held].into_iter().flatten().collect(),
    });
    stage.cut(rui);
    for text in ["one", "two", "three"] {
        stage.act(ana, case, label(text));
        stage.settle();
    }
    stage.heal();
    stage.settle();
    let fault = stage.last_fault(rui);
    assert!(
        matches!(fault, Some(SyncFault::OutOfOrder { .. })),
        "{fault:?}"
    );
    stage.clear_wire(rui);
    stage.heal();
    stage.settle();
    // What the server had said was sent already is missed when somebody builds on it.
    stage.act(ana, case, label("built on it"));
    stage.settle();
    stage.assert_converged(case);
    assert_eq!(stage.view(rui, case).labels.len(), 4, "nothing is missing");
}

#[test]
fn a_dropped_entry_shows_as_a_gap_of_its_document_and_is_fetched() {
    let (mut stage, ana, rui, case) = with_case(204);
    let dropped = Rc::new(Cell::new(false));
    let once = dropped.clone();
    stage.tamper_down(
        rui,
        with_items(move |items| {
            let (runs, mut others): (Vec<_>, Vec<_>) = items
                .into_iter()
                .partition(|item| matches!(item, Logged::Run(_)) && !once.get());
            once.set(once.get() || !runs.is_empty());
            others.extend(runs.into_iter().skip(1));
            others
        }),
    );
    stage.act(ana, case, label("withheld"));
    stage.settle();
    assert!(dropped.get());
    let gap = |notice: &Notice| matches!(notice, Notice::Gap { document, .. } if *document == case);
    // A withheld newest tail shows only when somebody builds on it.
    assert!(!stage.notices(rui).iter().any(gap));
    stage.act(ana, case, label("built on it"));
    stage.settle();
    assert!(stage.notices(rui).iter().any(gap));
    assert_eq!(stage.view(rui, case).labels.len(), 2, "both have come");
    stage.assert_converged(case);
}

#[test]
fn a_server_is_not_blamed_where_an_act_and_what_it_says_of_access_come_together() {
    let (mut stage, ana, rui, case) = with_case(216);
    let version = |stage: &mut Stage| stage.replica(rui).access(case).unwrap().head().version();
    let before = version(&mut stage);
    let owner = Some(stage.member(rui));
    // One act, and the entry of the access record that names him: numbered in this order.
    stage.act(ana, case, CaseAction::SetOwner { member: owner });
    stage.settle();
    assert!(version(&mut stage) > before);
    let gap = |notice: &Notice| matches!(notice, Notice::Gap { .. });
    assert!(!stage.notices(rui).iter().any(gap));
    stage.assert_converged(case);
}

#[test]
fn an_entry_withheld_before_own_work_shows_as_a_gap_and_is_fetched() {
    for seed in 215..255 {
        withheld_before_own_work(seed);
    }
}

fn withheld_before_own_work(seed: u64) {
    let (mut stage, ana, rui, case) = with_case(seed);
    let dropped = Rc::new(Cell::new(false));
    let once = dropped.clone();
    stage.tamper_down(
        rui,
        with_items(move |items| {
            let (runs, others): (Vec<_>, Vec<_>) = items
                .into_iter()
                .partition(|item| matches!(item, Logged::Run(_)) && !once.get());
            once.set(once.get() || !runs.is_empty());
            others
        }),
    );
    stage.act(ana, case, label("withheld"));
    stage.settle();
    assert!(dropped.get());
    // Nobody else builds on it, and own work is not sent back: its place alone tells.
    stage.act(rui, case, label("beside it"));
    stage.settle();
    // It is looked for when a head is stored, which is now and then only.
    let later = stage.now_ms() + 6_000;
    stage.wait_until(later);
    stage.settle();
    let gap = |notice: &Notice| matches!(notice, Notice::Gap { document, .. } if *document == case);
    assert!(stage.notices(rui).iter().any(gap));
    assert_eq!(stage.view(rui, case).labels.len(), 2, "both are there");
    stage.assert_converged(case);
}

#[test]
fn what_builds_on_a_withheld_entry_waits_and_harms_nothing_else() {
    let (mut stage, ana, rui, case) = with_case(214);
    let other = stage.open(ana, "Another lamp");
    stage.settle();
    stage.act(ana, case, label("withheld"));
    let withheld = stage.act(ana, case, label("withheld as well"));
    stage.tamper_down(
        rui,
        with_items(move |items| {
            let shows = |item: &Logged| match item {
                Logged::Run(logged) => {
                    let hashes = logged.run.claimed_hashes().unwrap();
                    hashes.iter().all(|(hash, _)| *hash != withheld)
                }
                _ => true,
            };
            items.into_iter().filter(shows).collect()
        }),
    );
    stage.settle();
    stage.act(ana, case, label("built on it"));
    stage.act(ana, other, label("of no concern"));
    stage.settle();
    assert!(stage.view(rui, case).labels.is_empty());
    assert_eq!(stage.replica(rui).status().unwrap().waiting, 1);
    assert!(stage.view(rui, other).labels.contains("of no concern"));
}

#[test]
fn a_dropped_roster_entry_breaks_the_chain() {
    let (mut stage, ana, rui, case) = with_case(205);
    let dropped = Rc::new(Cell::new(false));
    let once = dropped.clone();
    stage.tamper_down(
        rui,
        with_items(move |items| {
            let (rosters, mut others): (Vec<_>, Vec<_>) = items
                .into_iter()
                .partition(|item| matches!(item, Logged::Roster { .. }) && !once.get());
            once.set(once.get() || !rosters.is_empty());
            others.extend(rosters.into_iter().skip(1));
            others
        }),
    );
    for name in ["night", "day"] {
        let body = casework_protocol::roster::entry::RosterBody::ChangeTeam {
            team: name.to_owned(),
            name: Some(name.to_owned()),
            add: Vec::new(),
            remove: Vec::new(),
        };
        stage.authorise(ana, body);
        stage.settle();
    }
    let fault = stage.last_fault(rui);
    assert!(
        matches!(fault, Some(SyncFault::Holdings(ReplicaFault::Untrusted(_)))),
        "{fault:?}"
    );
    assert_recovers(&mut stage, rui, case);
}

#[test]
fn a_server_that_marks_honest_work_as_held_keeps_it_out_but_cannot_hide_it() {
    let (mut stage, ana, rui, case) = with_case(212);
    stage.tamper_down(
        rui,
        with_items(|items| {
            let hold = |item| match item {
                Logged::Run(logged) => Logged::Run(LoggedRun {
                    standing: Standing::Held,
                    ..logged
                }),
                other => other,
            };
            items.into_iter().map(hold).collect()
        }),
    );
    stage.act(ana, case, label("lamp"));
    stage.settle();
    assert_eq!(stage.replica(rui).held().unwrap().len(), 1);
}

#[test]
fn an_eviction_that_no_entry_of_the_log_explains_is_not_obeyed() {
    let (mut stage, ana, rui, case) = with_case(213);
    stage.tamper_down(rui, move |frame| {
        let evicts = matches!(frame, ServerFrame::CaughtUp { .. });
        let mut frames = vec![frame];
        if evicts {
            frames.insert(0, ServerFrame::Evict(case));
        }
        frames
    });
    stage.act(ana, case, label("lamp"));
    stage.settle();
    assert!(
        stage.replica(rui).case(case).is_ok(),
        "the case is still on the device"
    );
    assert!(!server_faults(&mut stage, rui).is_empty());
    assert_recovers(&mut stage, rui, case);
}

#[test]
fn an_access_entry_that_does_not_follow_is_named_and_the_case_stays_over_a_restart() {
    let (mut stage, ana, rui, case) = with_case(214);
    stage.act(rui, case, label("mine"));
    stage.settle();
    let mut dropped = false;
    stage.tamper_down(
        rui,
        with_items(move |mut items| {
            items.retain(|item| {
                let drops = !dropped && matches!(item, Logged::Access { .. });
                dropped |= drops;
                !drops
            });
            items
        }),
    );
    for legal_hold in [true, false] {
        let body = AccessBody::Change {
            add: Vec::new(),
            remove: Vec::new(),
            restricted: None,
            legal_hold: Some(legal_hold),
        };
        let moment = stage.moment();
        let changed = stage.replica(ana).change_access(case, body, &moment);
        changed.expect("a founder may hold a case");
        stage.settle();
    }
    let faults = server_faults(&mut stage, rui);
    assert!(
        matches!(&faults[..], [what, ..] if what.contains("access entry 3")),
        "{faults:?}"
    );
    stage.crash(rui);
    assert!(stage.view(rui, case).labels.contains("mine"));
    assert_recovers(&mut stage, rui, case);
}
