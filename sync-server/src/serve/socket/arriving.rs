//! The memory that messages may take which are not whole yet, of all connections together.
//!
//! Whoever sends little is not counted: what a connection keeps up to [`FREE_BYTES`] is its own.
//! Invariant: what was counted is given back when the message is whole or the connection is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a connection may keep without being counted: more than most messages have.
const FREE_BYTES: usize = 16 * 1024;
/// What is counted at once, so that not every read of a long message does it.
const STEP_BYTES: usize = 64 * 1024;

/// The memory of all.
#[derive(Debug)]
pub struct Arriving {
    used: AtomicUsize,
    most: usize,
}

/// What one connection takes of it.
#[derive(Debug)]
pub(super) struct Share {
    of: Arc<Arriving>,
    counted: usize,
}

impl Arriving {
    /// Memory for so many bytes.
    #[must_use]
    pub fn up_to(most: usize) -> Arc<Self> {
        Arc::new(Self {
            used: AtomicUsize::new(0),
            most,
        })
    }
}

impl Share {
    pub(super) fn of(arriving: &Arc<Arriving>) -> Self {
        Self {
            of: Arc::clone(arriving),
            counted: 0,
        }
    }

    /// Nothing of it, of the same memory.
    pub(super) fn anew(&self) -> Self {
        Self::of(&self.of)
    }

    /// So many bytes are kept now; false when there is no room for them.
    pub(super) fn hold(&mut self, kept: usize) -> bool {
        let wanted = kept.saturating_sub(FREE_BYTES);
        let wanted = wanted.div_ceil(STEP_BYTES) * STEP_BYTES;
        if wanted > self.counted {
            let (more, most) = (wanted - self.counted, self.of.most);
            let taken = self
                .of
                .used
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| {
                    used.checked_add(more).filter(|used| *used <= most)
                });
            if taken.is_err() {
                return false;
            }
        } else {
            let less = self.counted - wanted;
            self.of.used.fetch_sub(less, Ordering::AcqRel);
        }
        self.counted = wanted;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.of.used.fetch_sub(self.counted, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_messages_are_free_and_long_ones_share_one_memory_and_give_it_back() {
        let arriving = Arriving::up_to(2 * STEP_BYTES);
        let mut shares: Vec<Share> = (0..3).map(|_| Share::of(&arriving)).collect();
        assert!(shares.iter_mut().all(|share| share.hold(FREE_BYTES)));
        assert!(shares[0].hold(FREE_BYTES + 1) && shares[1].hold(FREE_BYTES + STEP_BYTES));
        assert!(
            !shares[2].hold(FREE_BYTES + 1),
            "there is no room for a third"
        );
        assert!(shares[2].hold(FREE_BYTES), "what is short still comes");
        assert!(shares[0].hold(0));
        assert!(shares[2].hold(FREE_BYTES + 1));
        drop(shares);
        assert_eq!(arriving.used.load(Ordering::Acquire), 0);
    }
}
