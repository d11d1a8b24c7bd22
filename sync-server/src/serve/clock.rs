//! The server's clock: the machine's, or set ahead of it for drills.
//!
//! What is bounded in time goes by the monotonic clock; this one is only told to people and written
//! into the log, where received times never go back whatever it does.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The variable that says by how many seconds this server's clock is ahead of the machine's, as
/// devices have it: for drills and tests of what only time brings.
const CLOCK_AHEAD: &str = "CASEWORK_CLOCK_AHEAD_SECS";
/// By how much a clock goes on too fast or too slow before that is told.
const JUMP: Duration = Duration::from_secs(60);

/// Milliseconds since 1970 by this machine's clock, and [`CLOCK_AHEAD`] ahead of it.
pub(super) fn now_ms() -> u64 {
    static AHEAD_SECS: OnceLock<i64> = OnceLock::new();
    let ahead = AHEAD_SECS.get_or_init(|| {
        let said = std::env::var(CLOCK_AHEAD).ok();
        said.and_then(|secs| secs.parse().ok()).unwrap_or_default()
    });
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    });
    now.saturating_add_signed(ahead.saturating_mul(1_000))
}

/// The clock of one server.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    ahead_ms: Arc<AtomicI64>,
    seen: Arc<Mutex<Option<Seen>>>,
}

/// When the clock was looked at last, by itself and by one that never jumps.
#[derive(Debug, Clone, Copy)]
struct Seen {
    now_ms: u64,
    at: Instant,
}

impl Clock {
    /// Sets it so far ahead of the machine's from now on, or behind it: what a jump is in a test.
    pub fn jump_to(&self, ahead_ms: i64) {
        self.ahead_ms.store(ahead_ms, Ordering::SeqCst);
    }

    /// Milliseconds since 1970.
    pub(super) fn now_ms(&self) -> u64 {
        now_ms().saturating_add_signed(self.ahead_ms.load(Ordering::SeqCst))
    }

    /// The same, and by how many milliseconds it jumped since it was looked at last.
    pub(super) fn look(&self) -> (u64, Option<i64>) {
        let seen = Seen {
            now_ms: self.now_ms(),
            at: Instant::now(),
        };
        let mut last = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last.replace(seen);
        (seen.now_ms, before.and_then(|before| jumped(before, seen)))
    }
}

fn jumped(before: Seen, now: Seen) -> Option<i64> {
    let passed = now.at.saturating_duration_since(before.at).as_millis();
    let expected = before.now_ms.saturating_add(u64::try_from(passed).ok()?);
    let off = now.now_ms.wrapping_sub(expected).cast_signed();
    (u128::from(off.unsigned_abs()) > JUMP.as_millis()).then_some(off)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_is_what_the_other_clock_did_not_do() {
        let at = Instant::now();
        let before = Seen {
            now_ms: 1_000_000,
            at,
        };
        let after = |passed: u64, now_ms: u64| Seen {
            now_ms,
            at: at + Duration::from_millis(passed),
        };
        assert_eq!(jumped(before, after(500, 1_000_400)), None);
        // A night without work is no jump.
        assert_eq!(jumped(before, after(40_000_000, 41_000_000)), None);
        assert_eq!(jumped(before, after(0, 61_001_000)), Some(60_001_000));
        assert_eq!(jumped(before, after(1_000, 901_000)), Some(-100_000));
        assert_eq!(jumped(before, after(1_000, 941_001)), None);
    }
}
