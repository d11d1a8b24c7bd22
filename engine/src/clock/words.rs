//! Deadlines in words: `due in 2 business days, Tue 4 Mar 17:00`.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::running::{ClockView, SlaState};
use super::timestamp;
use super::working_time::WorkingTime;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How a clock stands now, in words; moments are said as a clock on the wall of `zone` shows them.
#[must_use]
pub fn remaining_words(
    clock: &ClockView,
    now_ms: i64,
    time: &WorkingTime,
    zone: &TimeZone,
) -> String {
    let business = clock.target.unit().is_business();
    let length = |from, until| length_words(time, (from, until), business);
    let due = clock.due_ms;
    let on = day_words(zone, due, now_ms);
    match (clock.state(now_ms), clock.ended_ms, clock.paused_ms) {
        (SlaState::Met, Some(ended), _) => format!("met with {} to spare", length(ended, due)),
        (SlaState::Breached, Some(ended), _) => format!("missed by {}", length(due, ended)),
        (SlaState::Paused, _, Some(since)) => {
            let left = length(since, due);
            format!(
                "paused since {}, {left} left",
                day_words(zone, since, now_ms)
            )
        }
        (SlaState::Breached, None, _) => format!("overdue by {}, since {on}", length(due, now_ms)),
        (_, _, _) => format!("due in {}, {on}", length(now_ms, due)),
    }
}

/// The length of a stretch of time in the largest unit that fits: days as the calendar shows them,
/// else hours or minutes. Of business time only what is open counts.
#[must_use]
pub fn length_words(time: &WorkingTime, (from_ms, until_ms): (i64, i64), business: bool) -> String {
    let of = if business { "business " } else { "" };
    let (passed, days) = if business {
        (
            time.measure(from_ms, until_ms),
            business_days(time, from_ms, until_ms),
        )
    } else {
        let passed = until_ms.saturating_sub(from_ms).max(0);
        (passed, passed / DAY_MS)
    };
    let (count, unit) = match (days, passed) {
        (days, _) if days > 0 => (days, "day"),
        (_, passed) if passed >= HOUR_MS => (passed / HOUR_MS, "hour"),
        (_, passed) if passed >= MINUTE_MS => (passed / MINUTE_MS, "minute"),
        (_, _) => return "less than a minute".to_owned(),
    };
    format!("{count} {of}{unit}{}", if count == 1 { "" } else { "s" })
}

/// A moment as a calendar and a clock on the wall show it: `Tue 4 Mar 17:00`. The end of a day is
/// called so, and the year is said when it is another one than now.
#[must_use]
pub fn day_words(zone: &TimeZone, ms: i64, now_ms: i64) -> String {
    let at = zone.to_datetime(timestamp(ms));
    let midnight = at.time() == jiff::civil::Time::midnight();
    let date = if midnight {
        at.date().yesterday().unwrap_or(at.date())
    } else {
        at.date()
    };
    let format = if date.year() == zone.to_datetime(timestamp(now_ms)).year() {
        "%a %-d %b"
    } else {
        "%a %-d %b %Y"
    };
    let day = date.strftime(format);
    if midnight {
        format!("end of {day}")
    } else {
        format!("{day} {}", at.strftime("%H:%M"))
    }
}

/// How many business days lie after the day of one moment, up to the day of another.
fn business_days(time: &WorkingTime, from_ms: i64, until_ms: i64) -> i64 {
    // Enough to say "hundreds of days"; words need no more.
    const MOST: i64 = 1_000;
    if until_ms <= from_ms {
        return 0;
    }
    let (from, until): (Date, Date) = (time.date_at(from_ms), time.date_at(until_ms - 1));
    let (mut date, mut count) = (from, 0);
    while date < until && count < MOST {
        let Ok(next) = date.tomorrow() else { break };
        date = next;
        count += i64::from(time.is_business_day(date));
    }
    count
}
