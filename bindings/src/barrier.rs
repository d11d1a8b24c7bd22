//! Asking whoever is connected: is this connection alive, and is everything in step over it?

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

/// Questions, by number, and how far they are answered.
#[derive(Debug, Default)]
pub(crate) struct Barrier {
    asked: AtomicU64,
    reached: AtomicU64,
    /// Whether the last answer found everything in step.
    in_step: AtomicBool,
}

impl Barrier {
    /// Asks: the number of the question.
    pub(crate) fn ask(&self) -> u64 {
        self.asked.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// The newest question, if it is not answered.
    pub(crate) fn open(&self) -> Option<u64> {
        let asked = self.asked.load(Ordering::Acquire);
        (asked > self.reached.load(Ordering::Acquire)).then_some(asked)
    }

    /// Answers all questions up to this one: nothing is left to do, and everything is in step, or
    /// something cannot be sent for now.
    pub(crate) fn reach(&self, number: u64, in_step: bool) {
        self.in_step.store(in_step, Ordering::Release);
        self.reached.fetch_max(number, Ordering::AcqRel);
    }

    /// The answer to this question, once there is one: whether everything is in step.
    pub(crate) fn answer(&self, number: u64) -> Option<bool> {
        let reached = self.reached.load(Ordering::Acquire) >= number;
        reached.then(|| self.in_step.load(Ordering::Acquire))
    }
}

/// Ends syncs that are under way.
#[derive(Debug, Default)]
pub(crate) struct Cancel {
    times: AtomicU64,
    bell: Notify,
}

impl Cancel {
    /// How often it was used: what begins now is ended by a later time only.
    pub(crate) fn times(&self) -> u64 {
        self.times.load(Ordering::Acquire)
    }

    /// Ends everything that is under way.
    pub(crate) fn cancel(&self) {
        self.times.fetch_add(1, Ordering::AcqRel);
        self.bell.notify_waiters();
    }

    /// Returns when it was used again.
    pub(crate) async fn after(&self, times: u64) {
        loop {
            let rung = self.bell.notified();
            tokio::pin!(rung);
            // Listening first: what is cancelled between the look and the wait is heard.
            rung.as_mut().enable();
            if self.times() != times {
                return;
            }
            rung.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_answers_what_was_asked_before_it_and_nothing_later() {
        let barrier = Barrier::default();
        assert_eq!(barrier.open(), None);
        let (first, second) = (barrier.ask(), barrier.ask());
        assert_eq!(barrier.open(), Some(second));
        barrier.reach(second, true);
        assert_eq!((barrier.answer(first), barrier.open()), (Some(true), None));
        assert_eq!(barrier.answer(barrier.ask()), None);
    }

    #[test]
    fn what_was_cancelled_before_it_waited_is_told_so() {
        let cancel = Cancel::default();
        let times = cancel.times();
        cancel.cancel();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(cancel.after(times));
    }
}
