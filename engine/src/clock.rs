//! Time as people reckon it: business calendars, deadlines, what repeats.
//!
//! ```text
//! Calendar ──▶ WorkingTime ──add / measure / before──▶ moments
//! CaseClock, StageClock + journey ──run──▶ ClockView ──now──▶ on track, at risk, breached, paused
//! ```
//! Pure: no clock is read, and zones come from the database that is built in, so that a phone
//! without one and a server derive the same. Moments are milliseconds since 1970 in UTC.

mod deadline;
mod due;
mod repeat;
mod run;
mod running;
#[cfg(test)]
mod tests;
mod words;
mod working_time;

pub use deadline::{add, before};
pub use due::{Due, DueError};
pub use repeat::{Repeat, RepeatError};
pub use run::{Phase, Rule, Run, runs};
pub use running::{ClockView, SlaState};
pub use words::{day_words, length_words, remaining_words};
pub use working_time::WorkingTime;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The earliest moment that is reckoned with: the beginning of 1900. A claim before it counts as it.
pub const EARLIEST_MS: i64 = -2_208_988_800_000;
/// The latest moment that is reckoned with: the end of 2999. What lies beyond counts as it.
pub const LATEST_MS: i64 = 32_503_679_999_000;

/// A time zone by its IANA name, from the database that is built in.
#[must_use]
pub fn find_zone(name: &str) -> Option<TimeZone> {
    // A POSIX string or a path is none: the name stands in templates and is shown.
    let named = name.len() <= 64 && !name.starts_with(['.', '/', '<', ':']);
    named.then(|| TimeZoneDatabase::bundled().get(name).ok())?
}

/// A moment that can be reckoned with, however wild the claim.
pub(crate) fn within(ms: i64) -> i64 {
    ms.clamp(EARLIEST_MS, LATEST_MS)
}

/// The same as a timestamp.
pub(crate) fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(within(ms)).expect("the years 1900 to 2999 are timestamps")
}
