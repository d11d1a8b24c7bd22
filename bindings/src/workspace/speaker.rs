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

    /// A call that syncs has taken the line, and has the word until this is dropped.
    pub(super) fn burst(&self) -> Bursting<'_> {
        self.lock().bursting = true;
        self.hub.set_state(SyncState::Connecting);
        Bursting(self)
    }

    /// Plain data: a panic elsewhere cannot have left it half changed.
    fn lock(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends with the call, however that ends: the app's own code may panic in it.
#[must_use]
pub(super) struct Bursting<'a>(&'a Speaker);

impl Drop for Bursting<'_> {
    fn drop(&mut self) {
        let mut said = self.0.lock();
        said.bursting = false;
        self.0.hub.set_state(said.by_watch.clone());
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
        let burst = speaker.burst();
        speaker.watch_says(SyncState::Paused);
        assert_eq!(hub.state(), SyncState::Connecting);
        drop(burst);
        assert_eq!(hub.state(), SyncState::Paused);
    }

    #[test]
    fn a_burst_without_a_watch_ends_in_nothing_being_on() {
        let hub = Hub::new();
        let speaker = Speaker::of(hub.clone());
        let burst = speaker.burst();
        speaker.connection_says(SyncState::Connecting);
        drop(burst);
        assert_eq!(hub.state(), SyncState::Off);
        speaker.connection_says(SyncState::Connecting);
        drop(speaker.burst());
        assert_eq!(
            hub.state(),
            SyncState::Connecting,
            "that was the watch's own"
        );
    }
}
