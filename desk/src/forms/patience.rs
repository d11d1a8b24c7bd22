//! How often somebody may do something: one bucket of tries for each address and each link.
//!
//! A bucket refills evenly. Lives in memory only, under a hash that means nothing after a restart.

use std::collections::BTreeMap;

use super::limits::MAX_WATCHED;

const MINUTE_MS: u64 = 60_000;

/// Counts tries.
#[derive(Debug, Default)]
pub(super) struct Patience {
    buckets: BTreeMap<(Deed, [u8; 8]), Bucket>,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deed {
    /// An address opens a page.
    Look,
    /// An address sends a form.
    Send,
    /// A form is sent by a link.
    SendByLink,
    /// An address tries a link or a receipt that leads nowhere.
    Miss,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// Tries left, in thousandths.
    left: u64,
    seen_ms: u64,
}

impl Patience {
    /// Takes one try if there is one left; else says after how many seconds there will be.
    pub(super) fn take(
        &mut self,
        (deed, who): (Deed, [u8; 8]),
        per_minute: u32,
        now_ms: u64,
    ) -> Result<(), u32> {
        let left = self.left((deed, who), per_minute, now_ms);
        if left < 1_000 {
            return Err(wait_secs(left, per_minute));
        }
        self.make_room(now_ms);
        let bucket = Bucket {
            left: left - 1_000,
            seen_ms: now_ms,
        };
        self.buckets.insert((deed, who), bucket);
        Ok(())
    }

    /// Whether there is a try left, without taking it.
    pub(super) fn has(
        &self,
        (deed, who): (Deed, [u8; 8]),
        per_minute: u32,
        now_ms: u64,
    ) -> Result<(), u32> {
        let left = self.left((deed, who), per_minute, now_ms);
        if left < 1_000 {
            return Err(wait_secs(left, per_minute));
        }
        Ok(())
    }

    fn left(&self, key: (Deed, [u8; 8]), per_minute: u32, now_ms: u64) -> u64 {
        let full = u64::from(per_minute) * 1_000;
        self.buckets.get(&key).map_or(full, |bucket| {
            let passed = now_ms.saturating_sub(bucket.seen_ms).min(MINUTE_MS);
            (bucket.left + passed * full / MINUTE_MS).min(full)
        })
    }

    /// After a minute every bucket is full again, which is what having none means.
    fn make_room(&mut self, now_ms: u64) {
        if self.buckets.len() < MAX_WATCHED {
            return;
        }
        self.buckets
            .retain(|_, bucket| now_ms.saturating_sub(bucket.seen_ms) < MINUTE_MS);
        if self.buckets.len() >= MAX_WATCHED {
            // Too many at once: forgetting everybody is kinder than refusing everybody.
            self.buckets.clear();
        }
    }
}

fn wait_secs(left: u64, per_minute: u32) -> u32 {
    let missing = 1_000_u64.saturating_sub(left);
    let ms = missing * MINUTE_MS / (u64::from(per_minute).max(1) * 1_000);
    u32::try_from(ms / 1_000 + 1).unwrap_or(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: (Deed, [u8; 8]) = (Deed::Send, [1; 8]);
    const RUI: (Deed, [u8; 8]) = (Deed::Send, [2; 8]);

    #[test]
    fn tries_run_out_for_one_and_come_back_evenly() {
        let mut patience = Patience::default();
        for _ in 0..10 {
            assert_eq!(patience.take(ANA, 10, 0), Ok(()));
        }
        assert_eq!(patience.take(ANA, 10, 0), Err(7));
        assert_eq!(patience.take(RUI, 10, 0), Ok(()));
        assert_eq!(patience.take((Deed::Look, ANA.1), 10, 0), Ok(()));
        assert_eq!(patience.take(ANA, 10, 6_000), Ok(()));
        assert!(patience.has(ANA, 10, 6_000).is_err());
        assert_eq!(patience.has(ANA, 10, 12_000), Ok(()));
    }

    #[test]
    fn a_clock_that_goes_back_gives_no_tries() {
        let mut patience = Patience::default();
        for _ in 0..10 {
            assert_eq!(patience.take(ANA, 10, 100_000), Ok(()));
        }
        assert!(patience.take(ANA, 10, 0).is_err());
    }

    #[test]
    fn the_crowd_is_bounded() {
        let mut patience = Patience::default();
        for n in 0..MAX_WATCHED as u64 + 10 {
            assert_eq!(patience.take((Deed::Look, n.to_be_bytes()), 10, n), Ok(()));
        }
        assert!(patience.buckets.len() <= MAX_WATCHED);
    }
}
