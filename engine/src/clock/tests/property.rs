//! Random calendars in zones with odd offsets, around the days on which clocks change.

use proptest::prelude::*;

use super::oracle;
use crate::clock::{EARLIEST_MS, LATEST_MS, WorkingTime, add, before};
use crate::template::{Calendar, Day, OpenHours, Span, SpanUnit};

const MINUTE: i64 = 60_000;

/// Zones, each with a moment near which its clocks change.
const CHANGES: &[(&str, &str)] = &[
    ("Europe/Lisbon", "2026-03-29T01:00:00Z"),
    ("Europe/Lisbon", "2026-10-25T01:00:00Z"),
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    // Half an hour of summer time.
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("America/St_Johns", "2026-03-08T05:30:00Z"),
    ("Asia/Kathmandu", "2026-05-01T00:00:00Z"),
    ("Pacific/Chatham", "2026-04-04T14:00:00Z"),
    // Midnight is skipped.
    ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
    ("Asia/Beirut", "2026-03-28T22:00:00Z"),
    // A whole day is skipped.
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    // Clocks go back for a month.
    ("Africa/Casablanca", "2026-02-15T02:00:00Z"),
];

fn hours() -> impl Strategy<Value = Vec<OpenHours>> {
    proptest::collection::btree_set(0u16..=1440, 0..5).prop_map(|bounds| {
        let bounds: Vec<u16> = bounds.into_iter().collect();
        bounds
            .chunks_exact(2)
            .filter_map(|pair| OpenHours::new(pair[0], pair[1]))
            .collect()
    })
}

fn scenes() -> impl Strategy<Value = (Calendar, i64)> {
    let week = proptest::collection::vec(hours(), 7);
    let holidays = proptest::collection::vec(-3i32..4, 0..3);
    (0..CHANGES.len(), week, holidays, -4000i64..3000).prop_map(
        |(change, week, holidays, minutes)| {
            let (zone, at) = CHANGES[change];
            let at: jiff::Timestamp = at.parse().unwrap();
            let near = at.to_zoned(jiff::tz::TimeZone::UTC).date();
            let calendar = Calendar {
                id: "random".to_owned(),
                name: "Random".to_owned(),
                zone: zone.to_owned(),
                hours: Day::ALL.into_iter().zip(week).collect(),
                holidays: holidays
                    .into_iter()
                    .map(|days| {
                        let date = near.checked_add(jiff::Span::new().days(days)).unwrap();
                        date.to_string().parse().unwrap()
                    })
                    .collect(),
            };
            (calendar, at.as_millisecond() + minutes * MINUTE)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn open_time_is_what_a_clock_on_the_wall_shows_minute_by_minute(
        (calendar, from) in scenes(),
        length in 0i64..6000,
    ) {
        let time = WorkingTime::of(&calendar).unwrap();
        let until = from + length * MINUTE;
        let open = oracle::measure(&calendar, from, until);
        prop_assert_eq!(time.measure(from, until), open * MINUTE);
        prop_assert_eq!(time.is_open(from), oracle::measure(&calendar, from, from + MINUTE) == 1);
    }

    #[test]
    fn business_minutes_end_where_counting_them_one_by_one_ends(
        (calendar, from) in scenes(),
        minutes in 1u64..2500,
    ) {
        let time = WorkingTime::of(&calendar).unwrap();
        let span = Span::new(minutes, SpanUnit::BusinessMinutes).unwrap();
        if let Some(expected) = oracle::after(&calendar, from, minutes as i64) {
            prop_assert_eq!(add(&time, from, span), expected);
            // Going back from there, exactly that much open time lies between.
            let back = before(&time, expected, span);
            prop_assert!(back >= from);
            prop_assert_eq!(oracle::measure(&calendar, back, expected), minutes as i64);
        }
    }

    #[test]
    fn no_span_from_no_moment_leaves_the_calendar(
        (calendar, _) in scenes(),
        from in proptest::num::i64::ANY,
        unit in 0..SpanUnit::ALL.len(),
        share in 1u64..=4,
    ) {
        let time = WorkingTime::of(&calendar).unwrap();
        let unit = SpanUnit::ALL[unit];
        let span = Span::new((u64::from(unit.most()) / share).max(1), unit).unwrap();
        let bounds = EARLIEST_MS..=LATEST_MS;
        prop_assert!(bounds.contains(&add(&time, from, span)));
        prop_assert!(bounds.contains(&before(&time, from, span)));
        prop_assert!(time.measure(from, i64::MAX) >= 0);
    }
}
