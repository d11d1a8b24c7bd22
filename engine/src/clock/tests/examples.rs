//! Deadlines that people can check on a calendar.

use super::{at, calendar, lisbon, local};
use crate::clock::{WorkingTime, add, before, day_words, length_words};
use crate::template::{Day, Span};

fn after(time: &WorkingTime, from: &str, span: &str) -> String {
    let span: Span = span.parse().unwrap();
    local(time, add(time, at(time, from), span))
}

#[test]
fn business_days_end_when_the_calendar_closes_and_do_not_count_the_first() {
    let time = lisbon(&["2026-06-10", "easter-2"]);
    for (from, span, due) in [
        ("2026-03-02 10:00", "1 business day", "Tue 2026-03-03 18:00"),
        ("2026-03-06 17:59", "1 business day", "Mon 2026-03-09 18:00"),
        ("2026-03-07 12:00", "1 business day", "Mon 2026-03-09 18:00"),
        // Good Friday is the 3rd of April.
        ("2026-04-02 09:00", "1 business day", "Mon 2026-04-06 18:00"),
        (
            "2026-06-09 09:00",
            "2 business days",
            "Fri 2026-06-12 18:00",
        ),
    ] {
        assert_eq!(after(&time, from, span), due, "{span} from {from}");
    }
}

#[test]
fn business_hours_pass_only_while_the_calendar_is_open() {
    let time = lisbon(&[]);
    for (from, span, due) in [
        (
            "2026-03-02 10:00",
            "4 business hours",
            "Mon 2026-03-02 15:00",
        ),
        (
            "2026-03-02 10:00",
            "7 business hours",
            "Mon 2026-03-02 18:00",
        ),
        (
            "2026-03-06 17:00",
            "2 business hours",
            "Mon 2026-03-09 10:00",
        ),
        (
            "2026-03-07 12:00",
            "8 business hours",
            "Mon 2026-03-09 18:00",
        ),
        (
            "2026-03-02 10:00",
            "90 business minutes",
            "Mon 2026-03-02 11:30",
        ),
    ] {
        assert_eq!(after(&time, from, span), due, "{span} from {from}");
    }
}

#[test]
fn days_weeks_and_months_end_with_their_last_day_and_hours_pass_as_they_do() {
    let time = lisbon(&[]);
    for (from, span, due) in [
        ("2026-03-02 10:00", "7 days", "Tue 2026-03-10 00:00"),
        ("2026-03-02 10:00", "2 weeks", "Tue 2026-03-17 00:00"),
        ("2026-01-31 10:00", "1 month", "Sun 2026-03-01 00:00"),
        ("2024-01-31 10:00", "1 month", "Fri 2024-03-01 00:00"),
        // The night to the 29th of March has one hour less, that to the 25th of October one more.
        ("2026-03-28 12:00", "24 hours", "Sun 2026-03-29 13:00"),
        ("2026-03-28 12:00", "1 day", "Mon 2026-03-30 00:00"),
        ("2026-10-24 12:00", "24 hours", "Sun 2026-10-25 11:00"),
    ] {
        assert_eq!(after(&time, from, span), due, "{span} from {from}");
    }
}

#[test]
fn an_hour_that_is_skipped_is_not_worked_and_one_that_is_repeated_is_worked_twice() {
    let hours: &[(&[Day], &[&str])] = &[(&[Day::Sun], &["00:30-03:30"])];
    let time = WorkingTime::of(&calendar("Europe/Lisbon", hours, &[])).unwrap();
    let open = |date: &str| {
        time.measure(
            at(&time, &format!("{date} 00:00")),
            at(&time, &format!("{date} 12:00")),
        ) / 60_000
    };
    assert_eq!(open("2026-03-22"), 180);
    assert_eq!(open("2026-03-29"), 120);
    assert_eq!(open("2026-10-25"), 240);
}

#[test]
fn a_warning_of_business_time_counts_back_over_the_weekend() {
    let time = lisbon(&[]);
    let span = |text: &str| text.parse::<Span>().unwrap();
    let monday = at(&time, "2026-03-09 18:00");
    let back = |text| local(&time, before(&time, monday, span(text)));
    assert_eq!(back("1 business day"), "Fri 2026-03-06 18:00");
    assert_eq!(back("12 business hours"), "Fri 2026-03-06 14:00");
    assert_eq!(back("2 days"), "Sat 2026-03-07 18:00");
    assert_eq!(back("1 month"), "Mon 2026-02-09 18:00");
    let midnight = at(&time, "2026-03-10 00:00");
    let back = local(&time, before(&time, midnight, span("1 business day")));
    assert_eq!(back, "Fri 2026-03-06 18:00");
}

#[test]
fn lengths_and_days_are_said_as_people_say_them() {
    let time = lisbon(&[]);
    let now = at(&time, "2026-03-02 10:00");
    let words = |until: &str, business| length_words(&time, (now, at(&time, until)), business);
    assert_eq!(words("2026-03-04 18:00", true), "2 business days");
    assert_eq!(words("2026-03-02 15:00", true), "4 business hours");
    assert_eq!(words("2026-03-02 10:01", true), "1 business minute");
    assert_eq!(words("2026-03-04 18:00", false), "2 days");
    assert_eq!(words("2026-03-02 10:00", false), "less than a minute");
    assert_eq!(
        day_words(time.zone(), at(&time, "2026-03-04 17:00"), now),
        "Wed 4 Mar 17:00"
    );
    assert_eq!(
        day_words(time.zone(), at(&time, "2026-03-05 00:00"), now),
        "end of Wed 4 Mar"
    );
    assert_eq!(
        day_words(time.zone(), at(&time, "2027-01-05 09:30"), now),
        "Tue 5 Jan 2027 09:30"
    );
}
