//! What a span comes to: the moment that lies a span after or before another one.
//!
//! Days are counted as the law counts them (Regulation 1182/71 of the EEC, article 3): the day of
//! the event is not one of them, and the time ends with the last hour of the last day. For business
//! days that is when the calendar closes.

use jiff::ToSpan;
use jiff::civil::Date;

use super::working_time::WorkingTime;
use super::{LATEST_MS, timestamp, within};
use crate::template::{Span, SpanUnit};

const MINUTE_MS: i64 = 60_000;

/// The moment a span after another one, in a calendar.
#[must_use]
pub fn add(time: &WorkingTime, from_ms: i64, span: Span) -> i64 {
    let from_ms = within(from_ms);
    let amount = i64::from(span.amount());
    match span.unit() {
        SpanUnit::Minutes => within(from_ms + amount * MINUTE_MS),
        SpanUnit::Hours => within(from_ms + amount * 60 * MINUTE_MS),
        SpanUnit::BusinessMinutes => time.after(from_ms, amount * MINUTE_MS),
        SpanUnit::BusinessHours => time.after(from_ms, amount * 60 * MINUTE_MS),
        SpanUnit::BusinessDays => end_of_business_day(time, from_ms, span.amount()),
        SpanUnit::Days | SpanUnit::Weeks | SpanUnit::Months => {
            let last = later_date(time.date_at(from_ms), span);
            last.and_then(|last| end_of_day(time, last))
                .unwrap_or(LATEST_MS)
        }
    }
}

/// The moment a span before another one, in a calendar: days at the same time of day, business
/// days no later than the calendar closes.
#[must_use]
pub fn before(time: &WorkingTime, until_ms: i64, span: Span) -> i64 {
    let until_ms = within(until_ms);
    let amount = i64::from(span.amount());
    match span.unit() {
        SpanUnit::Minutes => within(until_ms - amount * MINUTE_MS),
        SpanUnit::Hours => within(until_ms - amount * 60 * MINUTE_MS),
        SpanUnit::BusinessMinutes => time.until(until_ms, amount * MINUTE_MS),
        SpanUnit::BusinessHours => time.until(until_ms, amount * 60 * MINUTE_MS),
        SpanUnit::BusinessDays => earlier_business_day(time, until_ms, span.amount()),
        SpanUnit::Days | SpanUnit::Weeks | SpanUnit::Months => {
            let back = match span.unit() {
                SpanUnit::Weeks => jiff::Span::new().try_weeks(amount),
                SpanUnit::Months => jiff::Span::new().try_months(amount),
                SpanUnit::Days
                | SpanUnit::Minutes
                | SpanUnit::Hours
                | SpanUnit::BusinessMinutes
                | SpanUnit::BusinessHours
                | SpanUnit::BusinessDays => jiff::Span::new().try_days(amount),
            };
            let at = timestamp(until_ms).to_zoned(time.zone().clone());
            back.and_then(|back| at.checked_sub(back)).map_or_else(
                |_| within(i64::MIN),
                |at| within(at.timestamp().as_millisecond()),
            )
        }
    }
}

/// The date of the last day that a span of days, from a date on, comes to. `None` beyond the
/// calendar.
fn later_date(date: Date, span: Span) -> Option<Date> {
    let amount = i64::from(span.amount());
    let ahead = match span.unit() {
        SpanUnit::Months => jiff::Span::new().try_months(amount).ok()?,
        SpanUnit::Weeks => jiff::Span::new().try_weeks(amount).ok()?,
        SpanUnit::Days
        | SpanUnit::Minutes
        | SpanUnit::Hours
        | SpanUnit::BusinessMinutes
        | SpanUnit::BusinessHours
        | SpanUnit::BusinessDays => jiff::Span::new().try_days(amount).ok()?,
    };
    date.checked_add(ahead).ok()
}

/// The moment at which a day ends in the zone of a calendar.
pub(super) fn end_of_day(time: &WorkingTime, date: Date) -> Option<i64> {
    let next = date.checked_add(1.day()).ok()?;
    let start = next.to_zoned(time.zone().clone()).ok()?;
    Some(within(start.timestamp().as_millisecond()))
}

fn end_of_business_day(time: &WorkingTime, from_ms: i64, days: u32) -> i64 {
    // Bounded as walking through the openings is: a calendar may be closed for years.
    const MAX_DAYS: u32 = 40_000;
    let mut date = time.date_at(from_ms);
    let mut left = days;
    for _ in 0..MAX_DAYS {
        let Ok(next) = date.tomorrow() else {
            return LATEST_MS;
        };
        date = next;
        left -= u32::from(time.is_business_day(date));
        if left == 0 {
            let end = || end_of_day(time, date).unwrap_or(LATEST_MS);
            return time.closing(date).unwrap_or_else(end);
        }
    }
    LATEST_MS
}

fn earlier_business_day(time: &WorkingTime, until_ms: i64, days: u32) -> i64 {
    const MAX_DAYS: u32 = 40_000;
    // The last moment of the day that ends then, not the first one of the next.
    let local = time.zone().to_datetime(timestamp(until_ms - 1));
    let mut date = local.date();
    let mut left = days;
    for _ in 0..MAX_DAYS {
        let Ok(earlier) = date.yesterday() else {
            break;
        };
        date = earlier;
        left -= u32::from(time.is_business_day(date));
        if left == 0 {
            let same = date.to_datetime(local.time()).to_zoned(time.zone().clone());
            let same = same.map_or(until_ms, |at| at.timestamp().as_millisecond() + 1);
            return within(time.closing(date).map_or(same, |close| close.min(same)));
        }
    }
    within(i64::MIN)
}
