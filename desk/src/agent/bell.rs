//! What wakes the agent: something changed, somebody came, or the process is to end.
//!
//! Invariant: a ring between two waits is not lost.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use casework::{Changed, Notice, Observer, SyncState};

use crate::forms::Rooms;

/// Rung by whoever has something for the agent.
#[derive(Debug, Default)]
pub(super) struct Bell {
    state: Mutex<Rung>,
    rung: Condvar,
}

#[derive(Debug, Default, Clone, Copy)]
struct Rung {
    woken: bool,
    over: bool,
}

impl Bell {
    /// Wakes the agent.
    pub(super) fn ring(&self) {
        self.change(|state| state.woken = true);
    }

    /// Wakes it for the last time.
    pub(super) fn end(&self) {
        self.change(|state| state.over = true);
    }

    /// Waits for a ring, or so long. Answers whether to go on.
    pub(super) fn wait(&self, at_most: Duration) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let asleep = |state: &mut Rung| !state.woken && !state.over;
        let waited = self.rung.wait_timeout_while(state, at_most, asleep);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.woken = false;
        !state.over
    }

    fn change(&self, change: impl FnOnce(&mut Rung)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        drop(state);
        self.rung.notify_all();
    }
}

/// Rings when the workspace changes or a sync comes to its end, and keeps the pages of the forms.
pub(super) struct Ringer {
    pub(super) bell: Arc<Bell>,
    pub(super) rooms: Option<Arc<Rooms>>,
}

impl Observer for Ringer {
    fn changed(&self, changed: &Changed) {
        if let Some(rooms) = &self.rooms {
            rooms.changed(changed);
        }
        self.bell.ring();
    }

    fn status(&self, state: &SyncState) {
        // Claims hold once the server has them.
        if !matches!(state, SyncState::Working(_) | SyncState::Connecting) {
            self.bell.ring();
        }
    }

    fn notices(&self, _: &[Notice]) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    #[test]
    fn a_ring_before_the_wait_is_heard_and_only_once() {
        let bell = Bell::default();
        bell.ring();
        bell.ring();
        assert!(bell.wait(LONG));
        assert!(bell.wait(Duration::ZERO), "nobody rang: the time is over");
        bell.end();
        assert!(!bell.wait(LONG));
    }
}
