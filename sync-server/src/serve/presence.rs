//! Rings for presence: a task that wakes the connections that hear, and nothing of its own.
//!
//! It decides nothing: who is told what is the relay's business. Invariant: while nobody is present
//! it sleeps, and a flood wakes it a few times a second at most.

use std::sync::Arc;

use casework_protocol::ids::WorkspaceId;
use tokio::sync::{Notify, watch};
use tokio::time::{Duration, sleep};

use super::Clock;
use super::writer::Growth;
use crate::relay::Relay;

/// Between two looks, however often something happens.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Between two looks while somebody is present and nothing happens: what is not repeated ends.
const LOOK_AT_LEAST: Duration = Duration::from_secs(1);

/// What connections ring and listen to.
#[derive(Debug, Default)]
pub(super) struct Bells {
    stirred: Notify,
    rings: Growth,
}

impl Bells {
    /// Somebody came, said something, or left.
    pub(super) fn stir(&self) {
        self.stirred.notify_one();
    }

    /// Hears when there is something to tell.
    pub(super) fn subscribe(&self, workspace: WorkspaceId) -> watch::Receiver<u64> {
        self.rings.subscribe(workspace)
    }
}

/// Rings until the server stops.
pub(super) async fn serve(
    relay: Arc<Relay>,
    bells: Arc<Bells>,
    clock: Clock,
    mut stopping: watch::Receiver<bool>,
) {
    loop {
        let somebody = relay.has_presence();
        tokio::select! {
            () = bells.stirred.notified() => {}
            () = sleep(LOOK_AT_LEAST), if somebody => {}
            _ = stopping.changed() => return,
        }
        let now = clock.now_ms();
        let rung = relay.ring(now);
        bells
            .rings
            .tell(rung.into_iter().map(|id| (id, now)).collect());
        tokio::select! {
            () = sleep(LOOK_EVERY) => {}
            _ = stopping.changed() => return,
        }
    }
}
