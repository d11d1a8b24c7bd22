//! What happened behind the person's back, kept until somebody asks.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use casework_engine::replica::Notice;

/// Most notices that are kept; older ones are dropped, for they are stored in what they speak of.
const MAX_KEPT: usize = 1_000;

/// The newest notices.
#[derive(Debug, Default)]
pub(crate) struct Notices(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    list: VecDeque<Notice>,
    /// The number of the first in the list: how many were dropped.
    first: usize,
    /// The first that nobody has taken.
    untaken: usize,
}

impl Notices {
    pub(crate) fn add(&self, notices: &[Notice]) {
        let mut kept = self.lock();
        kept.list.extend(notices.iter().cloned());
        let excess = kept.list.len().saturating_sub(MAX_KEPT);
        kept.list.drain(..excess);
        kept.first += excess;
    }

    /// Where the next one will lie.
    pub(crate) fn mark(&self) -> usize {
        let kept = self.lock();
        kept.first + kept.list.len()
    }

    /// Those since a mark.
    pub(crate) fn since(&self, mark: usize) -> Vec<Notice> {
        self.lock().since(mark)
    }

    /// Those that nobody has taken.
    pub(crate) fn take(&self) -> Vec<Notice> {
        let mut kept = self.lock();
        let taken = kept.since(kept.untaken);
        kept.untaken = kept.first + kept.list.len();
        taken
    }

    /// Plain data: a panic elsewhere cannot have left it half changed.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn since(&self, mark: usize) -> Vec<Notice> {
        let skipped = mark.saturating_sub(self.first);
        self.list.iter().skip(skipped).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(n: usize) -> Notice {
        Notice::ServerFault {
            what: n.to_string(),
        }
    }

    #[test]
    fn each_is_taken_once_and_a_flood_keeps_the_newest() {
        let notices = Notices::default();
        notices.add(&[notice(1)]);
        let mark = notices.mark();
        notices.add(&[notice(2)]);
        assert_eq!(notices.since(mark), [notice(2)]);
        assert_eq!(notices.take(), [notice(1), notice(2)]);
        assert_eq!(notices.take(), []);
        for n in 0..=MAX_KEPT {
            notices.add(&[notice(n)]);
        }
        let taken = notices.take();
        assert_eq!((taken.len(), &taken[0]), (MAX_KEPT, &notice(1)));
    }
}
