//! The merge contract of DOMAIN §4 for where a case is kept and for clocks: the trash, holds by
//! law, reopening, and devices whose clocks disagree.

use casework_engine::case::facet::keeping::KeepingAction;
use casework_engine::case::{ActError, CaseAction, Closing};
use casework_engine::replica::ReplicaFault;
use casework_engine::view::{Badge, TimelineEntry, TimelinePage};

use crate::scene::{
    apart, assert_badges, close, comment, contested, part, set, to, together, with_case,
};

const HOUR_MS: i64 = 3_600_000;

#[test]
fn edits_beside_the_trash_land_and_the_case_stays_there_flagged_on_both_devices() {
    let (mut stage, ana, rui, case) = apart(81);
    stage.act(ana, case, KeepingAction::Trash.into());
    let said = comment(&mut stage, "it is dark again");
    stage.act(rui, case, set("phone", "111"));
    stage.act(rui, case, said);
    let view = together(&mut stage, case);
    assert!(view.facets.keeping.is_trashed() && view.fields["phone"].is_filled());
    assert_eq!((view.flags.activity_in_trash, view.comments()), (2, 1));
    let badges = [Badge::ActivityInTrash, Badge::Trash];
    assert_badges(&mut stage, &[ana, rui], case, &badges);
    // In knowledge of the trash nothing is worked on; whoever takes it out clears the flag.
    let refused = stage.try_act(rui, case, set("phone", "222"));
    let refused = refused.unwrap_err();
    assert!(
        matches!(&refused, ReplicaFault::Act(ActError::Trashed { .. })),
        "{refused}"
    );
    stage.act(ana, case, KeepingAction::Restore.into());
    together(&mut stage, case);
    assert_badges(&mut stage, &[ana, rui], case, &[]);
}

#[test]
fn a_case_put_into_the_trash_and_archived_apart_is_both() {
    let (mut stage, ana, rui, case) = apart(82);
    stage.act(ana, case, KeepingAction::Trash.into());
    stage.act(rui, case, KeepingAction::Archive.into());
    let view = together(&mut stage, case);
    assert!(view.facets.keeping.is_trashed() && view.facets.keeping.is_archived());
    assert!(view.flags.contested.is_empty());
}

#[test]
fn a_legal_hold_lifted_beside_another_word_on_it_is_kept_while_it_is_contested() {
    let (mut stage, ana, _, case) = with_case(83);
    let mia = stage.join("mia", "owner");
    stage.act(ana, case, KeepingAction::SetLegalHold.into());
    together(&mut stage, case);
    part(&mut stage, &[ana, mia]);
    stage.act(ana, case, KeepingAction::LiftLegalHold.into());
    stage.act(mia, case, KeepingAction::LiftLegalHold.into());
    stage.act(mia, case, KeepingAction::SetLegalHold.into());
    let view = together(&mut stage, case);
    assert!(view.facets.keeping.is_on_legal_hold());
}

#[test]
fn two_closings_apart_with_one_code_are_one_and_with_two_codes_are_contested() {
    let (mut stage, ana, rui, case) = apart(84);
    stage.act(ana, case, close());
    stage.act(rui, case, close());
    let view = together(&mut stage, case);
    assert!(view.is_closed() && view.flags.is_clear());
    stage.act(ana, case, CaseAction::Reopen);
    together(&mut stage, case);
    part(&mut stage, &[ana, rui]);
    let code = "duplicate".to_owned();
    let notes = String::new();
    stage.act(ana, case, close());
    stage.act(rui, case, CaseAction::Close(Closing { code, notes }));
    let view = together(&mut stage, case);
    assert_eq!(
        (contested(&view), view.is_closed()),
        (vec!["closed".to_owned()], true)
    );
    assert_eq!(view.flags.activity_after_close, 0);
    assert_badges(&mut stage, &[ana, rui], case, &[Badge::Contested]);
}

#[test]
fn reopening_apart_is_logged_twice_and_the_case_is_open() {
    let (mut stage, ana, rui, case) = with_case(87);
    stage.act(ana, case, close());
    together(&mut stage, case);
    part(&mut stage, &[ana, rui]);
    stage.act(ana, case, CaseAction::Reopen);
    stage.act(rui, case, CaseAction::Reopen);
    let view = together(&mut stage, case);
    assert!(!view.is_closed() && view.flags.is_clear());
    assert_eq!(view.facets.reopenings.0.len(), 2);
}

#[test]
fn order_never_depends_on_clocks_alone_and_skewed_claims_are_marked_with_the_time_of_receipt() {
    let (mut stage, ana, rui, case) = with_case(85);
    // Rui's clock is a day ahead; Ana, who saw his move, moves on by a clock far behind his.
    stage.set_clock_off(rui, 24 * HOUR_MS);
    stage.act(rui, case, to("answer"));
    together(&mut stage, case);
    stage.act(ana, case, to("done"));
    let view = together(&mut stage, case);
    assert_eq!(view.stage.value(), "done");
    assert!(!view.stage.is_contested());
    for who in [ana, rui] {
        let page = TimelinePage { skip: 0, take: 2 };
        let timeline = stage.replica(who).timeline(case, page).unwrap();
        let [later, earlier] = &timeline[..] else {
            panic!("{timeline:?}");
        };
        assert!(later.claimed_ms < earlier.claimed_ms && earlier.skew.is_some());
        let received = |entry: &TimelineEntry| entry.arrival.unwrap();
        assert!(received(later).received_ms >= received(earlier).received_ms);
    }
}

#[test]
fn of_two_values_written_apart_every_replica_shows_the_same_one_whatever_the_clocks_say() {
    for (seed, off_ms) in [(86, 24 * HOUR_MS), (86, -24 * HOUR_MS)] {
        let (mut stage, ana, rui, case) = apart(seed);
        stage.set_clock_off(rui, off_ms);
        stage.act(ana, case, set("place", "Main Street"));
        // Rui writes one thing more before: by Lamport order his is the later one.
        stage.act(rui, case, set("phone", "111"));
        stage.act(rui, case, set("place", "Side Street"));
        let view = together(&mut stage, case);
        let shown = view.fields["place"].value.as_ref().unwrap().value();
        assert_eq!(
            shown.as_text(),
            Some("Side Street"),
            "clock off by {off_ms}"
        );
    }
}
