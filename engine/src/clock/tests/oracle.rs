//! A calendar read minute by minute: slow, and too simple to be wrong.

use jiff::tz::TimeZoneDatabase;

use crate::template::{Calendar, Day, Holiday};

const MINUTE: i64 = 60_000;

/// Whether the wall clock shows an open hour at a minute.
fn is_open(calendar: &Calendar, ms: i64) -> bool {
    let zone = TimeZoneDatabase::bundled().get(&calendar.zone).unwrap();
    let local = jiff::Timestamp::from_millisecond(ms)
        .unwrap()
        .to_zoned(zone);
    let date = local.date();
    let closed = calendar.holidays.iter().any(|holiday| match holiday {
        Holiday::On(day) => *day == date,
        Holiday::Yearly { month, day } => (date.month(), date.day()) == (*month, *day),
        Holiday::Between(first, last) => *first <= date && date <= *last,
        Holiday::Easter(_) => unreachable!("not among the generated"),
    });
    let minute = local.hour() as u16 * 60 + local.minute() as u16;
    !closed
        && calendar
            .hours_of(Day::of(date))
            .iter()
            .any(|open| open.from_min() <= minute && minute < open.until_min())
}

/// Open minutes of a stretch, both ends on whole minutes.
pub(super) fn measure(calendar: &Calendar, from: i64, until: i64) -> i64 {
    let mut open = 0;
    let mut at = from;
    while at < until {
        open += i64::from(is_open(calendar, at));
        at += MINUTE;
    }
    open
}

/// The moment at which so many open minutes have passed, looked for over a month.
pub(super) fn after(calendar: &Calendar, from: i64, minutes: i64) -> Option<i64> {
    let mut left = minutes;
    let mut at = from;
    while left > 0 {
        left -= i64::from(is_open(calendar, at));
        at += MINUTE;
        if at > from + 31 * 24 * 60 * MINUTE {
            return None;
        }
    }
    Some(at)
}
