//! The one place of the SDK that asks the clock, knows the zone and rolls dice.
//!
//! Everything below takes these as arguments, so the engine stays a function of what it is told.

use std::sync::atomic::{AtomicI64, Ordering};

use casework_engine::case::PartId;
use casework_engine::moment::Moment;
use casework_engine::template::Today;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use crate::error::Error;

/// The variable that says to [`heed_clock_ahead`] by how many seconds a program's clock is ahead of
/// this machine's: for drills and tests of what only time brings.
pub const CLOCK_AHEAD: &str = "CASEWORK_CLOCK_AHEAD_SECS";

/// By how many seconds this program's clock is ahead.
static AHEAD: AtomicI64 = AtomicI64::new(0);

/// Puts the clock of this program ahead by what [`CLOCK_AHEAD`] says, if it says a number. For the
/// beginning of a program for operators and tests; an app never calls it, so nothing in its
/// environment moves its clock.
pub fn heed_clock_ahead() {
    let said = std::env::var(CLOCK_AHEAD).ok();
    AHEAD.store(seconds(said.as_deref()), Ordering::Relaxed);
}

/// Fresh random bytes from the operating system.
pub(crate) fn dice<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::Unavailable(format!(
            "the operating system gives no random bytes: {error}"
        ))
    })?;
    Ok(bytes)
}

/// Now, here, with a seed of its own.
pub(crate) fn now() -> Result<Moment, Error> {
    let now = timestamp();
    Ok(Moment {
        // A clock before 1970 counts as 1970.
        now_ms: u64::try_from(now.as_millisecond()).unwrap_or_default(),
        zone_min: zone_min(now),
        seed: dice()?,
    })
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    u64::try_from(timestamp().as_millisecond()).unwrap_or_default()
}

/// Now, by the clock that everything here goes by: this machine's, or ahead of it
/// ([`heed_clock_ahead`]).
#[must_use]
pub fn timestamp() -> Timestamp {
    ahead_by(Timestamp::now(), AHEAD.load(Ordering::Relaxed))
}

/// Today, at so many minutes from UTC; an offset that is none counts as UTC.
#[must_use]
pub fn today_at_offset(minutes: i16) -> Today {
    let offset = Offset::from_seconds(i32::from(minutes) * 60).unwrap_or(Offset::UTC);
    Today::at(timestamp(), offset)
}

/// A variable that says no number of seconds says nothing.
fn seconds(said: Option<&str>) -> i64 {
    let said = said.and_then(|said| said.parse().ok());
    said.unwrap_or_default()
}

fn ahead_by(now: Timestamp, seconds: i64) -> Timestamp {
    let ahead = SignedDuration::from_secs(seconds);
    now.checked_add(ahead).unwrap_or(now)
}

/// A fresh id for a part of a case.
pub(crate) fn part() -> Result<PartId, Error> {
    dice().map(PartId::new)
}

/// The device's offset from UTC, in minutes east.
fn zone_min(now: Timestamp) -> i16 {
    let seconds = TimeZone::system().to_offset(now).seconds();
    i16::try_from(seconds / 60).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_moments_never_share_a_seed() {
        let (one, two) = (now().unwrap(), now().unwrap());
        assert_ne!(one.seed, two.seed);
        assert!(one.now_ms <= two.now_ms);
        assert!(
            one.now_ms > 1_600_000_000_000,
            "the clock stands at {}",
            one.now_ms
        );
    }

    #[test]
    fn a_clock_is_as_far_ahead_as_is_said_and_words_that_are_no_number_move_nothing() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(ahead_by(now, seconds(Some("86400"))).as_second(), 86_400);
        assert_eq!(ahead_by(now, seconds(Some("-60"))).as_second(), -60);
        for nothing in [
            None,
            Some(""),
            Some("tomorrow"),
            Some("9223372036854775807"),
        ] {
            assert_eq!(ahead_by(now, seconds(nothing)), now, "{nothing:?}");
        }
    }

    #[test]
    fn parts_get_different_ids() {
        assert_ne!(part().unwrap(), part().unwrap());
    }
}
