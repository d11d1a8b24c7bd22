//! What repeats, by examples.

use jiff::civil::{Date, date};

use super::lisbon;
use crate::clock::{Due, Repeat, WorkingTime};

fn next(repeat: &str, due: &str, finished: Date, time: Option<&WorkingTime>) -> Option<String> {
    let repeat: Repeat = repeat.parse().unwrap();
    let due: Due = due.parse().unwrap();
    repeat
        .next(due, finished, time)
        .map(|(due, _)| due.to_string())
}

#[test]
fn the_next_date_follows_the_last_one_and_leaves_out_what_is_past() {
    let early = date(2026, 3, 1);
    for (repeat, due, finished, expected) in [
        ("every day", "2026-03-02", early, "2026-03-03"),
        ("every day", "2026-03-02", date(2026, 3, 9), "2026-03-09"),
        ("every 3 days", "2026-03-02", date(2026, 3, 6), "2026-03-08"),
        ("every week", "2026-03-02", early, "2026-03-09"),
        (
            "every 2 weeks",
            "2026-03-02",
            date(2026, 3, 20),
            "2026-03-30",
        ),
        ("every mon, thu", "2026-03-02", early, "2026-03-05"),
        (
            "every mon and thu",
            "2026-03-05",
            date(2026, 3, 9),
            "2026-03-09",
        ),
        ("every month", "2026-01-31", early, "2026-03-31"),
        ("every month on day 31", "2026-02-28", early, "2026-03-31"),
        (
            "every 3 months",
            "2026-03-02",
            date(2027, 1, 5),
            "2027-03-02",
        ),
        ("every year", "2024-02-29", early, "2027-02-28"),
        ("every business day", "2026-03-06", early, "2026-03-09"),
        ("every 2 business days", "2026-03-06", early, "2026-03-10"),
    ] {
        let found = next(repeat, due, finished, None);
        assert_eq!(found.as_deref(), Some(expected), "{repeat} after {due}");
    }
}

#[test]
fn a_moment_keeps_its_time_of_day_when_clocks_change() {
    let time = lisbon(&[]);
    let early = date(2026, 3, 1);
    let due = "2026-03-26T17:00:00+00:00";
    assert_eq!(
        next("every week", due, early, Some(&time)).as_deref(),
        Some("2026-04-02T17:00:00+01:00")
    );
    assert_eq!(
        next("every week", due, early, None).as_deref(),
        Some("2026-04-02T17:00:00+00:00")
    );
}

#[test]
fn business_days_are_those_of_the_calendar() {
    let time = lisbon(&["2026-03-09"]);
    let found = next(
        "every business day",
        "2026-03-06",
        date(2026, 3, 1),
        Some(&time),
    );
    assert_eq!(found.as_deref(), Some("2026-03-10"));
}

#[test]
fn a_series_ends_with_its_day_or_its_number() {
    let early = date(2026, 3, 1);
    assert_eq!(
        next("every week until 2026-03-08", "2026-03-02", early, None),
        None
    );
    assert_eq!(next("every week, 1 times", "2026-03-02", early, None), None);
    let repeat: Repeat = "every week, 3 times".parse().unwrap();
    let due: Due = "2026-03-02".parse().unwrap();
    let (_, rest) = repeat.next(due, early, None).unwrap();
    assert_eq!(rest.to_string(), "every week, 2 times");
    let last: Due = "9999-12-30".parse().unwrap();
    assert!(repeat.next(last, early, None).is_none());
}

#[test]
fn a_repetition_has_one_text_however_it_was_written() {
    for (written, text) in [
        ("daily", "every day"),
        ("Every Monday", "every mon"),
        ("every thu mon", "every mon, thu"),
        ("every 1 weeks", "every week"),
        ("every 2 years", "every 24 months"),
        (
            "every month on day 31 until 2027-01-01, 5 times",
            "every month on day 31 until 2027-01-01, 5 times",
        ),
        ("every working day 3 times", "every business day, 3 times"),
    ] {
        let repeat: Repeat = written.parse().unwrap();
        assert_eq!(repeat.to_string(), text);
        assert_eq!(text.parse(), Ok(repeat));
    }
    for text in [
        "",
        "every",
        "every 0 days",
        "every 1001 days",
        "every month on day 32",
        "every day on day 3",
        "every fortnight",
        "every day until tomorrow",
        "every day é5 times",
        "every mon, xyz",
    ] {
        assert!(text.parse::<Repeat>().is_err(), "{text}");
    }
}
