//! The day a rule counts to from the day of its trigger.
//!
//! Whole days only: a task is due on a day. Business time counts Monday to Friday.

use jiff::civil::{Date, Weekday};
use jiff::{Span as Length, ToSpan};

use super::effect::Scene;
use crate::template::{Span, SpanUnit};

/// Hours of a business day, where only whole days count.
const BUSINESS_HOURS: u32 = 8;

/// The last day of a span that begins on the day of the trigger, as `YYYY-MM-DD`.
///
/// # Errors
/// Why there is none, in words.
pub(super) fn due_date(scene: &Scene<'_>, within: Span) -> Result<String, String> {
    let amount = within.amount();
    let today = scene.today.date;
    let days = |days: u32| i64::from(days).days();
    let day = match within.unit() {
        SpanUnit::Minutes => later(today, days(amount.div_ceil(24 * 60))),
        SpanUnit::Hours => later(today, days(amount.div_ceil(24))),
        SpanUnit::Days => later(today, days(amount)),
        SpanUnit::Weeks => later(today, i64::from(amount).weeks()),
        SpanUnit::Months => later(today, i64::from(amount).months()),
        SpanUnit::BusinessMinutes => business_days(today, amount.div_ceil(60 * BUSINESS_HOURS)),
        SpanUnit::BusinessHours => business_days(today, amount.div_ceil(BUSINESS_HOURS)),
        SpanUnit::BusinessDays => business_days(today, amount),
    };
    day.map(|day| day.to_string())
        .ok_or_else(|| format!("{within} from {today} is beyond the calendar"))
}

fn later(day: Date, length: Length) -> Option<Date> {
    day.checked_add(length).ok()
}

fn business_days(mut day: Date, amount: u32) -> Option<Date> {
    let mut left = amount;
    while left > 0 {
        day = day.tomorrow().ok()?;
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            left -= 1;
        }
    }
    Some(day)
}
