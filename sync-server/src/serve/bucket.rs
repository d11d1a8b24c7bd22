//! How much of something came lately, against how much may in a second.
//!
//! Pure: time is an argument. Invariant: in any stretch of time no more is let through than the
//! burst and the rate together.

/// How many seconds' worth may come at once: after an outage everybody comes.
pub(super) const BURST_SECS: u64 = 20;

/// What is not forgiven yet, in thousandths of one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bucket {
    level: u64,
    at_ms: u64,
}

impl Bucket {
    /// Nothing is left of what came.
    pub(super) fn is_forgiven(&self, now_ms: u64, per_sec: u64) -> bool {
        self.level(now_ms, per_sec) == 0
    }

    /// Milliseconds until one more has room.
    pub(super) fn wait_ms(&self, now_ms: u64, per_sec: u64) -> u64 {
        let room = per_sec.saturating_mul(BURST_SECS).saturating_mul(1_000);
        let wanted = self.level(now_ms, per_sec).saturating_add(1_000);
        wanted.saturating_sub(room).div_ceil(per_sec.max(1))
    }

    /// One more came.
    pub(super) fn add(&mut self, now_ms: u64, per_sec: u64) {
        self.level = self.level(now_ms, per_sec).saturating_add(1_000);
        self.at_ms = now_ms.max(self.at_ms);
    }

    /// A clock that went back forgives nothing.
    fn level(&self, now_ms: u64, per_sec: u64) -> u64 {
        let forgiven = now_ms.saturating_sub(self.at_ms).saturating_mul(per_sec);
        self.level.saturating_sub(forgiven)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_the_rate() {
        let mut bucket = Bucket::default();
        let mut let_through = 0;
        for now_ms in 0..10_000 {
            while bucket.wait_ms(now_ms, 50) == 0 {
                bucket.add(now_ms, 50);
                let_through += 1;
            }
        }
        assert_eq!(let_through, 50 * BURST_SECS + 50 * 10 - 1);
    }

    #[test]
    fn a_clock_that_goes_back_forgives_nothing_and_blocks_nobody_for_ever() {
        let mut bucket = Bucket::default();
        for _ in 0..20 {
            bucket.add(1_000_000, 1);
        }
        assert_eq!(bucket.wait_ms(5, 1), 1_000);
        assert_eq!(bucket.wait_ms(1_001_000, 1), 0);
    }
}
