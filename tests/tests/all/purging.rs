//! Purging a case, played: what waits, what stops it, what it takes away everywhere, and whose
//! offline work is rescued from it. Servers and devices from before the purge bring nothing back.

use casework_engine::case::Act;
use casework_engine::case::facet::keeping::KeepingAction;
use casework_engine::case::facet::link::{LinkAction, Relation};
use casework_engine::replica::{
    DocumentFault, Notice, OwnAct, PurgeRefusal, PurgeState, ReplicaFault,
};
use casework_protocol::frame::{Logged, ServerFrame};
use casework_protocol::ids::DocumentId;
use casework_protocol::rights::{Grant, Scope, Verb};
use casework_protocol::roster::entry::RosterBody;
use casework_sync_server::relay::check::check_workspace;
use casework_tests::sim::purges;
use casework_tests::stage::{Stage, Who};

use crate::scene::{assert_recovers, label};

fn keep(stage: &mut Stage, who: Who, case: DocumentId, action: KeepingAction) {
    let needs = !matches!(action, KeepingAction::CancelPurge);
    let act = Act {
        reason: needs.then(|| "the retention schedule says so".to_owned()),
        ..Act::new(stage.part(), action.into())
    };
    let moment = stage.moment();
    stage.replica(who).act(case, act, &moment).unwrap();
}

fn request(stage: &mut Stage, who: Who, case: DocumentId) {
    keep(stage, who, case, KeepingAction::RequestPurge { days: 30 });
}

fn carry_out(stage: &mut Stage, who: Who, case: DocumentId) -> Result<(), ReplicaFault> {
    let moment = stage.moment();
    stage.replica(who).purge(case, &moment)
}

fn state(stage: &mut Stage, who: Who, case: DocumentId) -> Option<PurgeState> {
    let now_ms = stage.moment().now_ms;
    let purge = stage.replica(who).purge_of(case, now_ms).unwrap();
    purge.map(|purge| purge.state)
}

/// Ana owns, rui and mia operate; a request of ana's has waited its days.
fn due(seed: u64) -> (Stage, [Who; 3], DocumentId) {
    let mut stage = Stage::new(seed);
    let who = stage.devices(["ana", "rui", "mia"]);
    let case = stage.open(who[0], "Broken street lamp");
    stage.act(who[0], case, label("in the street"));
    stage.settle();
    request(&mut stage, who[0], case);
    stage.settle();
    stage.pass_days(31);
    stage.settle();
    (stage, who, case)
}

fn assert_gone(stage: &mut Stage, who: Who, case: DocumentId) {
    let replica = stage.replica(who);
    let gone = replica.case(case).unwrap_err();
    assert!(
        matches!(gone, ReplicaFault::Document(DocumentFault::Purged(id)) if id == case),
        "{gone}"
    );
    assert!(replica.comments(case).unwrap().is_empty());
    assert!(!replica.cases().unwrap().contains(&case));
    assert!(
        replica
            .cards()
            .unwrap()
            .iter()
            .all(|card| card.document != case)
    );
    let found = replica.verify(&mut |_, _| {}).unwrap();
    assert!(found.holds(), "{found:?}");
    let done = state(stage, who, case);
    assert!(matches!(done, Some(PurgeState::Done { .. })), "{done:?}");
}

fn assert_server_sound(stage: &Stage) {
    let log = stage.back_up_server();
    let relay = stage.relay();
    for id in relay.workspaces() {
        let checked = check_workspace(&log, &[relay.server()], id, &mut |_| {}).unwrap();
        assert_eq!(checked.faults, Vec::<String>::new());
    }
}

#[test]
fn a_purge_waits_its_days_and_takes_the_case_away_everywhere() {
    let mut stage = Stage::new(401);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    let case = stage.open(ana, "Broken street lamp");
    let other = stage.open(ana, "Broken bench");
    stage.settle();
    let link = LinkAction::Add {
        relation: Relation::Relates,
        case,
    };
    stage.act(rui, other, link.into());
    let nothing = carry_out(&mut stage, ana, case).unwrap_err();
    assert!(matches!(
        nothing,
        ReplicaFault::Purge(PurgeRefusal::NotRequested)
    ));
    request(&mut stage, ana, case);
    stage.settle();
    let early = carry_out(&mut stage, ana, case).unwrap_err();
    assert!(
        matches!(early, ReplicaFault::Purge(PurgeRefusal::Waits { .. })),
        "{early}"
    );
    stage.pass_days(29);
    assert!(matches!(
        state(&mut stage, rui, case),
        Some(PurgeState::Waiting { .. })
    ));
    assert!(carry_out(&mut stage, ana, case).is_err());
    stage.pass_days(2);
    let denied = carry_out(&mut stage, rui, case).unwrap_err();
    assert!(matches!(denied, ReplicaFault::Denied(_)), "{denied}");
    carry_out(&mut stage, ana, case).unwrap();
    assert!(matches!(
        state(&mut stage, ana, case),
        Some(PurgeState::Sent { .. })
    ));
    let twice = carry_out(&mut stage, ana, case).unwrap_err();
    assert!(matches!(twice, ReplicaFault::Purge(PurgeRefusal::Sent)));
    stage.settle();
    for who in [ana, rui] {
        assert_gone(&mut stage, who, case);
        let told = stage.notices(who);
        let purged = Notice::Purged {
            document: case,
            rescued: 0,
        };
        assert!(told.contains(&purged), "{told:?}");
        let links = stage.replica(who).links(other).unwrap();
        assert!(links.iter().any(|link| link.case == case && link.purged));
        stage.assert_converged(other);
    }
    assert_server_sound(&stage);
    let again = carry_out(&mut stage, ana, case).unwrap_err();
    assert!(matches!(
        again,
        ReplicaFault::Document(DocumentFault::Purged(_))
    ));
}

#[test]
fn offline_work_on_a_purged_case_goes_to_its_authors_drawer_and_nothing_else_of_theirs_is_lost() {
    let (mut stage, [ana, rui, mia], case) = due(402);
    let other = stage.open(rui, "Broken bench");
    stage.settle();
    stage.cut(rui);
    stage.act(rui, case, label("offline"));
    stage.act(rui, other, label("kept"));
    keep(&mut stage, rui, case, KeepingAction::Archive);
    carry_out(&mut stage, ana, case).unwrap();
    stage.settle();
    stage.heal();
    stage.settle();
    for who in [ana, rui, mia] {
        assert_gone(&mut stage, who, case);
        assert!(stage.view(who, other).labels.contains("kept"));
    }
    let drawer = stage.replica(rui).drawer().unwrap();
    assert_eq!(drawer.len(), 2, "{drawer:?}");
    for drawn in &drawer {
        assert!(drawn.reason.contains("purged"), "{}", drawn.reason);
        assert!(matches!(drawn.act, Some(OwnAct::Case(_))));
    }
    let number = drawer[0].number;
    let moment = stage.moment();
    let redone = stage.replica(rui).redo(number, None, &moment).unwrap_err();
    assert!(matches!(
        redone,
        ReplicaFault::Document(DocumentFault::Purged(_))
    ));
    assert_eq!(stage.replica(rui).unsent().unwrap(), 0);
}

#[test]
fn a_legal_hold_that_arrives_first_stops_a_purge_and_one_that_comes_after_goes_to_the_drawer() {
    let (mut stage, [ana, rui, mia], case) = due(403);
    let manages = RosterBody::ChangeMember {
        member: stage.member(rui),
        name: None,
        add_roles: vec!["manager".to_owned()],
        remove_roles: Vec::new(),
        active: None,
    };
    stage.authorise(ana, manages);
    stage.settle();
    // Ana, offline, knows nothing of the hold and carries the purge out.
    stage.cut(ana);
    keep(&mut stage, rui, case, KeepingAction::SetLegalHold);
    stage.settle();
    carry_out(&mut stage, ana, case).unwrap();
    stage.heal();
    stage.settle();
    for who in [ana, rui, mia] {
        assert!(stage.view(who, case).facets.keeping.is_on_legal_hold());
        assert!(matches!(
            state(&mut stage, who, case),
            Some(PurgeState::OnHold { .. })
        ));
    }
    let drawer = stage.replica(ana).drawer().unwrap();
    assert_eq!(drawer.len(), 1, "{drawer:?}");
    assert!(
        drawer[0].reason.contains("legal hold"),
        "{}",
        drawer[0].reason
    );
    let held = carry_out(&mut stage, ana, case).unwrap_err();
    assert!(matches!(held, ReplicaFault::Purge(PurgeRefusal::OnHold)));
    keep(&mut stage, rui, case, KeepingAction::LiftLegalHold);
    stage.settle();
    // Rui, offline, holds it again, and the purge is faster.
    stage.cut(rui);
    keep(&mut stage, rui, case, KeepingAction::SetLegalHold);
    carry_out(&mut stage, ana, case).unwrap();
    stage.settle();
    stage.heal();
    stage.settle();
    for who in [ana, rui, mia] {
        assert_gone(&mut stage, who, case);
    }
    let drawer = stage.replica(rui).drawer().unwrap();
    assert!(!drawer.is_empty());
    assert!(
        drawer.iter().all(|drawn| drawn.reason.contains("purged")),
        "{drawer:?}"
    );
}

#[test]
fn a_purge_that_was_cancelled_in_time_does_not_run_and_one_cancelled_too_late_did() {
    let (mut stage, [ana, rui, mia], case) = due(404);
    let body = RosterBody::ChangeMember {
        member: stage.member(mia),
        name: None,
        add_roles: vec!["owner".to_owned()],
        remove_roles: Vec::new(),
        active: None,
    };
    stage.authorise(ana, body);
    stage.settle();
    stage.cut(ana);
    keep(&mut stage, mia, case, KeepingAction::CancelPurge);
    stage.settle();
    carry_out(&mut stage, ana, case).unwrap();
    stage.heal();
    stage.settle();
    for who in [ana, rui, mia] {
        assert!(stage.view(who, case).labels.contains("in the street"));
        assert_eq!(state(&mut stage, who, case), None);
    }
    assert_eq!(stage.replica(ana).drawer().unwrap().len(), 1);
    request(&mut stage, ana, case);
    stage.settle();
    stage.pass_days(31);
    stage.cut(mia);
    keep(&mut stage, mia, case, KeepingAction::CancelPurge);
    carry_out(&mut stage, ana, case).unwrap();
    stage.settle();
    stage.heal();
    stage.settle();
    for who in [ana, rui, mia] {
        assert_gone(&mut stage, who, case);
    }
    let drawer = stage.replica(mia).drawer().unwrap();
    assert!(
        drawer.iter().any(|drawn| drawn.reason.contains("purged")),
        "{drawer:?}"
    );
}

#[test]
fn request_and_cancellation_that_met_wait_for_a_settlement() {
    let (mut stage, [ana, rui, mia], case) = due(405);
    let body = RosterBody::ChangeMember {
        member: stage.member(mia),
        name: None,
        add_roles: vec!["owner".to_owned()],
        remove_roles: Vec::new(),
        active: None,
    };
    stage.authorise(ana, body);
    stage.settle();
    stage.cut_all();
    keep(&mut stage, mia, case, KeepingAction::CancelPurge);
    keep(
        &mut stage,
        ana,
        case,
        KeepingAction::RequestPurge { days: 7 },
    );
    stage.heal_one(mia);
    stage.settle();
    stage.heal();
    stage.settle();
    stage.pass_days(8);
    for who in [ana, rui, mia] {
        let met = state(&mut stage, who, case);
        assert!(matches!(met, Some(PurgeState::Contested { .. })), "{met:?}");
    }
    let refused = carry_out(&mut stage, ana, case).unwrap_err();
    assert!(matches!(
        refused,
        ReplicaFault::Purge(PurgeRefusal::Contested)
    ));
    // Whoever may erase says it once more; nobody else settles it.
    keep(&mut stage, ana, case, KeepingAction::CancelPurge);
    stage.settle();
    for who in [ana, rui, mia] {
        assert_eq!(state(&mut stage, who, case), None);
    }
}

#[test]
fn a_device_restored_from_before_the_purge_drops_the_case_and_its_new_work_is_rescued() {
    let (mut stage, [ana, rui, _], case) = due(406);
    let backup = stage.back_up_device(rui);
    carry_out(&mut stage, ana, case).unwrap();
    stage.settle();
    assert_gone(&mut stage, rui, case);
    stage.cut(rui);
    stage.restore_device(rui, &backup);
    assert!(stage.view(rui, case).labels.contains("in the street"));
    stage.act(rui, case, label("after the restore"));
    stage.heal();
    stage.settle();
    assert_gone(&mut stage, rui, case);
    assert_eq!(stage.replica(rui).drawer().unwrap().len(), 1);
    assert_server_sound(&stage);
}

#[test]
fn a_server_restored_from_before_the_purge_gets_the_purge_back_and_not_the_case() {
    let (mut stage, [ana, rui, mia], case) = due(407);
    let backup = stage.back_up_server();
    carry_out(&mut stage, ana, case).unwrap();
    stage.settle();
    let size = stage.log_size();
    stage.restore_server(backup);
    stage.heal();
    stage.settle();
    assert!(
        stage.log_size() >= size,
        "ana keeps the log and gives it back"
    );
    for who in [ana, rui, mia] {
        assert_gone(&mut stage, who, case);
    }
    assert_server_sound(&stage);
}

#[test]
fn an_emptied_server_is_healed_with_leaves_where_the_content_was_purged() {
    let (mut stage, [ana, rui, mia], case) = due(408);
    let other = stage.open(rui, "Broken bench");
    carry_out(&mut stage, ana, case).unwrap();
    stage.settle();
    let size = stage.log_size();
    stage.restore_server(Default::default());
    stage.heal();
    stage.settle();
    assert_eq!(stage.log_size(), size);
    assert_server_sound(&stage);
    for who in [ana, rui, mia] {
        assert_gone(&mut stage, who, case);
        stage.act(who, other, label("afterwards"));
    }
    stage.settle();
    stage.assert_converged(other);
}

#[test]
fn a_newcomer_learns_of_the_purge_and_gets_no_content() {
    let (mut stage, [ana, ..], case) = due(409);
    carry_out(&mut stage, ana, case).unwrap();
    stage.settle();
    let tom = stage.join("tom", "operator");
    stage.settle();
    assert_gone(&mut stage, tom, case);
}

#[test]
fn content_of_a_purged_case_that_a_server_hands_out_again_is_not_taken() {
    let (mut stage, [ana, rui, _], case) = due(410);
    let kept = std::rc::Rc::new(std::cell::RefCell::new(Vec::<Logged>::new()));
    let seen = kept.clone();
    stage.tamper_down(rui, move |frame| {
        if let ServerFrame::Entries { items, .. } = &frame {
            seen.borrow_mut().extend(items.iter().cloned());
        }
        vec![frame]
    });
    stage.act(ana, case, label("to be shown again"));
    stage.settle();
    let shown = kept.borrow().clone();
    assert!(shown.iter().any(|item| item.document() == Some(case)));
    stage.clear_wire(rui);
    carry_out(&mut stage, ana, case).unwrap();
    stage.settle();
    assert_gone(&mut stage, rui, case);
    stage.notices(rui);
    // With the next entries the old ones come once more.
    let other = stage.open(ana, "Broken bench");
    stage.tamper_down(rui, move |frame| {
        vec![match frame {
            ServerFrame::Entries { mut items, upto } => {
                for (item, with) in shown.iter().zip(&mut items) {
                    *with = item.clone();
                }
                ServerFrame::Entries { items, upto }
            }
            other => other,
        }]
    });
    stage.settle();
    assert_gone(&mut stage, rui, case);
    assert_recovers(&mut stage, rui, other);
    assert_gone(&mut stage, rui, case);
}

#[test]
fn content_that_a_server_keeps_back_as_if_it_were_purged_is_told() {
    let mut stage = Stage::new(411);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    let case = stage.open(ana, "Broken street lamp");
    stage.settle();
    stage.tamper_down(rui, |frame| {
        vec![match frame {
            ServerFrame::Entries { items, upto } => {
                let bare = |item: Logged| item.bare().unwrap_or(item);
                let items = items.into_iter().map(bare).collect();
                ServerFrame::Entries { items, upto }
            }
            other => other,
        }]
    });
    stage.act(ana, case, label("kept back"));
    stage.settle();
    let told = stage.notices(rui);
    let blamed = |notice: &Notice| matches!(notice, Notice::ServerFault { what } if what.contains("kept back"));
    assert!(told.iter().any(blamed), "{told:?}");
    assert!(!stage.replica(rui).verify(&mut |_, _| {}).unwrap().holds());
}

#[test]
fn the_agent_carries_out_what_is_due_if_a_role_of_it_may_erase() {
    let (mut stage, [ana, rui, _], case) = due(412);
    let agent = stage.join("agent", "agent");
    stage.settle();
    let moment = stage.moment();
    assert_eq!(stage.replica(agent).agent_turn(&moment).unwrap().purged, 0);
    let erase = RosterBody::DefineRole {
        role: "eraser".to_owned(),
        name: "Eraser".to_owned(),
        grants: vec![Grant {
            verb: Verb::Erase,
            scope: Scope::All,
        }],
    };
    stage.authorise(ana, erase);
    stage.settle();
    let body = RosterBody::ChangeMember {
        member: stage.member(agent),
        name: None,
        add_roles: vec!["eraser".to_owned()],
        remove_roles: Vec::new(),
        active: None,
    };
    stage.authorise(ana, body);
    stage.settle();
    let moment = stage.moment();
    assert_eq!(stage.replica(agent).agent_turn(&moment).unwrap().purged, 1);
    let moment = stage.moment();
    assert_eq!(stage.replica(agent).agent_turn(&moment).unwrap().purged, 0);
    stage.settle();
    for who in [ana, rui, agent] {
        assert_gone(&mut stage, who, case);
    }
}

#[test]
fn a_power_cut_at_any_sync_of_a_purge_leaves_the_whole_case_or_none_of_it() {
    let (mut before, mut after) = (0, 0);
    for cut_at in 1..40 {
        let (mut stage, [ana, rui, _], case) = due(413);
        stage.cut(rui);
        stage.act(rui, case, label("offline"));
        carry_out(&mut stage, ana, case).unwrap();
        stage.settle();
        stage.freeze(rui, cut_at);
        stage.heal_one(rui);
        for _ in 0..400 {
            stage.connect();
            if !stage.deliver_one() {
                break;
            }
        }
        stage.cut(rui);
        stage.crash(rui);
        let found = stage.replica(rui).verify(&mut |_, _| {}).unwrap();
        assert!(found.holds(), "cut at {cut_at}: {found:?}");
        let drawn = stage.replica(rui).drawer().unwrap().len();
        if stage.replica(rui).case(case).is_ok() {
            before += 1;
        } else {
            assert_gone(&mut stage, rui, case);
            assert_eq!(drawn, 1, "cut at {cut_at}: the work is in the drawer");
            after += 1;
        }
        stage.heal();
        stage.settle();
        assert_gone(&mut stage, rui, case);
        assert_eq!(stage.replica(rui).drawer().unwrap().len(), 1);
    }
    assert!(before > 0 && after > 0, "{before} before, {after} after");
}

#[test]
fn random_histories_of_purges_leave_a_case_gone_everywhere_or_nowhere_and_lose_nothing() {
    (0..120).for_each(|seed| {
        let _ = purges::run(seed);
    });
    assert_eq!(purges::run(4242), purges::run(4242));
}
