//! What is said of syncing: by the watch, and over it by a call that syncs meanwhile.
//!
//! A burst has the last word while it is on. Then what the watch has to say holds again, as it is by
//! then, not as it was when the burst began.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::observer::Hub;
use crate::progress::SyncState;

/// Says how syncing stands.
#[derive(Debug)]
pub(crate) struct Speaker {
    hub: Arc<Hub>,
    said: Mutex<Said>,
}

#[derive(Debug)]
struct Said {
    /// By the watch, or that there is none.
    by_watch: SyncState,
    bursting: bool,
}

impl Speaker {
    pub(super) fn of(hub: Arc<Hub>) -> Self {
        let said = Said {
            by_watch: SyncState::Off,
            bursting: false,
        };
        Self {
            hub,
            said: Mutex::new(said),
        }
    }

    /// The watch, between its connections.
    pub(super) fn watch_says(&self, state: SyncState) {
        let mut said = self.lock();
        said.by_watch = state.clone();
        if !said.bursting {
            self.hub.set_state(state);
        }
    }

    /// Whoever has the connection.
    pub(super) fn connection_says(&self, state: SyncState) {
        let mut said = self.lock();
        if !said.bursting {
            said.by_watch = state.clone();
        }
        self.hub.set_state(state);
    }

    /// A call that syncs has taken the line.
    pub(super) fn burst_begins(&self) {
        self.lock().bursting = true;
        self.hub.set_state(SyncState::Connecting);
    }

    /// It has given it back.
    pub(super) fn burst_ends(&self) {
        let mut said = self.lock();
        said.bursting = false;
        self.hub.set_state(said.by_watch.clone());
    }

    /// Plain data: a panic elsewhere cannot have left it half changed.
    fn lock(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_burst_holds_what_the_watch_said_meanwhile() {
        let hub = Hub::new();
        let speaker = Speaker::of(hub.clone());
        let offline = SyncState::Offline {
            reason: "no network".to_owned(),
            retry_in_ms: 500,
        };
        speaker.watch_says(offline);
        speaker.burst_begins();
        speaker.watch_says(SyncState::Paused);
        assert_eq!(hub.state(), SyncState::Connecting);
        speaker.burst_ends();
        assert_eq!(hub.state(), SyncState::Paused);
    }

    #[test]
    fn a_burst_without_a_watch_ends_in_nothing_being_on() {
        let hub = Hub::new();
        let speaker = Speaker::of(hub.clone());
        speaker.burst_begins();
        speaker.connection_says(SyncState::Connecting);
        speaker.burst_ends();
        assert_eq!(hub.state(), SyncState::Off);
        speaker.connection_says(SyncState::Connecting);
        speaker.burst_begins();
        speaker.burst_ends();
        assert_eq!(
            hub.state(),
            SyncState::Connecting,
            "that was the watch's own"
        );
    }
}
