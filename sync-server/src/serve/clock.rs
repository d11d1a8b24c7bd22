//! The server's clock: the machine's, or set ahead of it for drills.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

/// The variable that says by how many seconds this server's clock is ahead of the machine's, as
/// devices have it: for drills and tests of what only time brings.
const CLOCK_AHEAD: &str = "CASEWORK_CLOCK_AHEAD_SECS";

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
