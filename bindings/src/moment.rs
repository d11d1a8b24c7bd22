//! The one place of the SDK that asks the clock, knows the zone and rolls dice.
//!
//! Everything below takes these as arguments, so the engine stays a function of what it is told.

use casework_engine::case::PartId;
use casework_engine::moment::Moment;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::error::Error;

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
    let now = Timestamp::now();
    Ok(Moment {
        // A clock before 1970 counts as 1970.
        now_ms: u64::try_from(now.as_millisecond()).unwrap_or_default(),
        zone_min: zone_min(now),
        seed: dice()?,
    })
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default()
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
    fn parts_get_different_ids() {
        assert_ne!(part().unwrap(), part().unwrap());
    }
}
