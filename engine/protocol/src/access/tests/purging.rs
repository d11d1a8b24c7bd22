//! Purging: who asks for it, how long it waits, what stops it, and that nothing follows.

use super::*;
use crate::roster::scene::TICK_MS;

/// How far the scene's clock goes in a day.
pub(super) const DAY_TICKS: u64 = 24 * 60 * 60 * 1000 / TICK_MS;

const REQUEST: AccessBody = AccessBody::RequestPurge { days: 30 };

/// The office, and an eraser who sees what the operators see.
fn archive() -> Scene {
    let mut scene = office();
    let erase = define_role("eraser", &[(Verb::Erase, Scope::All)]);
    scene.say(ANA, erase).unwrap();
    scene.say(ANA, change_roles(ZOE, &["eraser"], &[])).unwrap();
    scene
}

#[test]
fn a_purge_waits_its_days_by_received_times_and_ends_the_record() {
    let mut scene = archive();
    let mut record = scene.open(EVA, &[me(EVA)]);
    let early = refused(&mut scene, &mut record, ZOE, AccessBody::Purge);
    assert_eq!(early, AccessError::NoPurgeRequest);
    scene.set(&mut record, ZOE, REQUEST).unwrap();
    let request = *record.head().purge().unwrap();
    assert_eq!((request.by, request.days), (device(ZOE), 30));
    // Two steps of the log were made since: one for the request, and the purge comes a step early.
    scene.seq += 30 * DAY_TICKS - 2;
    let early = refused(&mut scene, &mut record, ANA, AccessBody::Purge);
    let due_ms = request.due_ms();
    let at_ms = due_ms - TICK_MS;
    assert_eq!(early, AccessError::PurgeNotDue { due_ms, at_ms });
    scene.seq += 1;
    scene.set(&mut record, ANA, AccessBody::Purge).unwrap();
    let head = record.head().clone();
    assert_eq!(head.purge(), None);
    let purged = *head.purged().unwrap();
    assert_eq!((purged.by, purged.received_ms), (device(ANA), due_ms));
    let bodies = [
        AccessBody::Purge,
        AccessBody::CancelPurge,
        REQUEST,
        hold(true),
        change(&[me(TOM)], &[]),
        change(&[], &[me(EVA)]),
        template_body(1),
    ];
    for body in bodies {
        let error = refused(&mut scene, &mut record, ANA, body);
        assert_eq!(error, AccessError::Purged);
    }
}

#[test]
fn a_legal_hold_stops_a_purge_whenever_it_came_and_the_request_waits_on() {
    let mut scene = archive();
    let mut record = scene.open(EVA, &[]);
    scene.set(&mut record, RUI, hold(true)).unwrap();
    scene.set(&mut record, ANA, REQUEST).unwrap();
    scene.seq += 60 * DAY_TICKS;
    let held = refused(&mut scene, &mut record, ANA, AccessBody::Purge);
    assert_eq!(held, AccessError::LegalHold);
    scene.set(&mut record, RUI, hold(false)).unwrap();
    scene.set(&mut record, RUI, hold(true)).unwrap();
    let held = refused(&mut scene, &mut record, ANA, AccessBody::Purge);
    assert_eq!(held, AccessError::LegalHold);
    scene.set(&mut record, RUI, hold(false)).unwrap();
    scene.set(&mut record, ANA, AccessBody::Purge).unwrap();
}

#[test]
fn a_cancelled_purge_is_requested_again_and_waits_again() {
    let mut scene = archive();
    let mut record = scene.open(EVA, &[]);
    let nothing = refused(&mut scene, &mut record, ANA, AccessBody::CancelPurge);
    assert_eq!(nothing, AccessError::NoEffect);
    scene.set(&mut record, ANA, REQUEST).unwrap();
    scene.seq += 31 * DAY_TICKS;
    scene
        .set(&mut record, ZOE, AccessBody::CancelPurge)
        .unwrap();
    let gone = refused(&mut scene, &mut record, ANA, AccessBody::Purge);
    assert_eq!(gone, AccessError::NoPurgeRequest);
    scene.set(&mut record, ANA, REQUEST).unwrap();
    let error = refused(&mut scene, &mut record, ANA, AccessBody::Purge);
    assert!(matches!(error, AccessError::PurgeNotDue { .. }), "{error}");
    // Asking again begins the waiting anew, however short it is to be.
    scene.seq += 29 * DAY_TICKS;
    let sooner = AccessBody::RequestPurge { days: 7 };
    scene.set(&mut record, ZOE, sooner).unwrap();
    scene.seq += 6 * DAY_TICKS;
    let error = refused(&mut scene, &mut record, ANA, AccessBody::Purge);
    assert!(matches!(error, AccessError::PurgeNotDue { .. }), "{error}");
    scene.seq += DAY_TICKS;
    scene.set(&mut record, ANA, AccessBody::Purge).unwrap();
}

#[test]
fn only_who_may_erase_and_sees_the_case_has_a_say() {
    let mut scene = archive();
    let mut record = scene.open(EVA, &[me(EVA)]);
    for by in [RUI, EVA] {
        let lacks = AccessError::Lacks {
            member: member(by),
            verb: Verb::Erase,
        };
        for body in [REQUEST, AccessBody::CancelPurge, AccessBody::Purge] {
            assert_eq!(refused(&mut scene, &mut record, by, body), lacks);
        }
    }
    scene.set(&mut record, RUI, restrict(true)).unwrap();
    let blind = AccessError::Blind(member(ZOE));
    assert_eq!(refused(&mut scene, &mut record, ZOE, REQUEST), blind);
    scene.set(&mut record, RUI, restrict(false)).unwrap();
    scene.set(&mut record, ZOE, REQUEST).unwrap();
    scene.seq += 30 * DAY_TICKS;
    scene.say(ANA, change_roles(ZOE, &[], &["eraser"])).unwrap();
    let lacks = AccessError::Lacks {
        member: member(ZOE),
        verb: Verb::Erase,
    };
    let error = refused(&mut scene, &mut record, ZOE, AccessBody::Purge);
    assert_eq!(error, lacks);
    // What was requested stands although the right is gone: somebody who has it carries it out.
    scene.set(&mut record, ANA, AccessBody::Purge).unwrap();
}

#[test]
fn templates_are_not_purged_and_the_days_have_bounds() {
    let mut scene = archive();
    let mut template = found(&scene, RUI, template_body(1)).unwrap();
    scene.seq += 1;
    for body in [REQUEST, AccessBody::CancelPurge, AccessBody::Purge] {
        let error = refused(&mut scene, &mut template, ANA, body);
        assert_eq!(error, AccessError::Unpurgeable);
    }
    let mut record = scene.open(EVA, &[]);
    for days in [0, 6, 3_661, u32::MAX] {
        let body = AccessBody::RequestPurge { days };
        let error = refused(&mut scene, &mut record, ANA, body);
        assert_eq!(error, AccessError::PurgeDays(days));
    }
    for days in [7, 3_660] {
        let body = AccessBody::RequestPurge { days };
        scene.set(&mut record, ANA, body).unwrap();
    }
}

#[test]
fn a_purge_changes_nobodys_sight() {
    let mut scene = archive();
    let mut record = scene.open(EVA, &[me(TOM)]);
    let before = sees(&scene, &record);
    scene.set(&mut record, ANA, REQUEST).unwrap();
    scene.seq += 30 * DAY_TICKS;
    scene.set(&mut record, ANA, AccessBody::Purge).unwrap();
    assert_eq!(sees(&scene, &record), before);
}
