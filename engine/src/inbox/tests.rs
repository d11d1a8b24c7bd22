//! Names behind an `@`, quiet hours and what time makes worth telling. Who is told of what others do
//! is played (`tests/tests/all/inbox.rs`).

use std::collections::BTreeSet;

use casework_protocol::ids::{DocumentId, MemberId};

use super::due::{Asking, concerns, items};
use super::quiet::Hours;
use super::*;
use crate::case::PartId;
use crate::view::{Badges, Card, Kept, TaskDue};

const ME: MemberId = MemberId::new([1; 16]);
const OTHER: MemberId = MemberId::new([2; 16]);
const DAY: i64 = 24 * 60 * 60 * 1000;

fn card() -> Card {
    Card {
        document: DocumentId::new([9; 16]),
        template: DocumentId::new([8; 16]),
        number: "CO-1".into(),
        title: "Broken lamp".into(),
        stage: "intake".into(),
        category: None,
        owner: Some(ME),
        assignees: BTreeSet::new(),
        labels: BTreeSet::new(),
        priority: None,
        due: Some("2026-03-04".into()),
        badges: Badges::default(),
        fields: Vec::new(),
        tasks: (0, 1),
        comments: 0,
        opened_ms: 0,
        entered_ms: 0,
        changed_ms: 0,
        closed: None,
        severity: None,
        kept: Kept::InUse,
        flags: BTreeSet::new(),
        closed_ms: None,
        clocks: Vec::new(),
        missed: 0,
        task_dues: vec![TaskDue {
            task: PartId::new([3; 8]),
            title: "Climb up".into(),
            assignee: Some(OTHER),
            due: "2026-03-01".into(),
        }],
        submissions: 0,
        submissions_new: 0,
        form_requests: 0,
        waits_for: BTreeSet::new(),
    }
}

fn at(me: MemberId, moment: &str, zone_min: i16) -> Asking {
    let now: jiff::Timestamp = moment.parse().unwrap();
    Asking {
        me,
        now_ms: now.as_millisecond(),
        zone_min,
    }
}

#[test]
fn a_day_is_overdue_when_it_is_over_where_the_member_is() {
    let card = card();
    let late = "2026-03-04T23:30:00Z";
    assert!(items(&card, &at(ME, late, 0)).is_empty());
    let found = items(&card, &at(ME, late, 60));
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].kind, &found[0].detail[0][..]),
        (ItemKind::Overdue, "2026-03-04")
    );
    assert!(found[0].is_standing());
}

#[test]
fn a_task_is_overdue_for_its_assignee_and_another_date_is_another_item() {
    let mut card = card();
    assert!(concerns(&card, OTHER) && concerns(&card, ME));
    let asking = at(OTHER, "2026-03-03T12:00:00Z", 0);
    let first = items(&card, &asking);
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].detail, ["2026-03-01", "Climb up"]);
    card.task_dues[0].due = "2026-03-02".into();
    assert_ne!(items(&card, &asking)[0].id, first[0].id);
    card.closed = Some("solved".into());
    assert!(items(&card, &asking).is_empty() && !concerns(&card, OTHER));
}

#[test]
fn quiet_hours_go_over_midnight_in_their_own_zone() {
    let hours: Hours = "22:00-07:00 Europe/Lisbon".parse().unwrap();
    let quiet = |text: &str| {
        let mut personal = crate::personal::Personal::default();
        personal.hush_for_tests(Hours::name(), &hours.to_string());
        let now: jiff::Timestamp = text.parse().unwrap();
        quiet::Quiet::of(&personal).is_quiet_at(now.as_millisecond())
    };
    // Winter: Lisbon is on UTC. Summer: an hour ahead.
    assert!(quiet("2026-01-10T22:00:00Z") && quiet("2026-01-11T06:59:00Z"));
    assert!(!quiet("2026-01-11T07:00:00Z") && !quiet("2026-01-10T21:59:00Z"));
    assert!(quiet("2026-07-10T21:00:00Z") && !quiet("2026-07-11T06:00:00Z"));
    for bad in [
        "22-07 Europe/Lisbon",
        "22:00-25:00 Europe/Lisbon",
        "22:00-07:00 Nowhere",
        "",
    ] {
        assert!(bad.parse::<Hours>().is_err(), "{bad}");
    }
}

#[test]
fn every_kind_has_a_word_of_its_own_that_reads_back() {
    let words: BTreeSet<&str> = ItemKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(words.len(), ItemKind::ALL.len());
    for kind in ItemKind::ALL {
        assert_eq!(ItemKind::from_name(kind.name()), Some(kind));
    }
}

#[test]
fn what_is_kept_goes_back_ninety_days() {
    assert_eq!(horizon(100 * DAY), 10 * DAY);
    assert_eq!(horizon(i64::MIN), i64::MIN);
}

#[test]
fn an_item_reads_back_from_what_was_stored_and_another_version_does_not() {
    let item = items(&card(), &at(ME, "2026-03-06T12:00:00Z", 0)).remove(0);
    let mut stored = item.to_stored();
    assert_eq!(Item::from_stored(&stored), Some(item));
    stored[0] = 99;
    assert_eq!(Item::from_stored(&stored), None);
}
