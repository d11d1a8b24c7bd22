//! Presence: who has which document open right now, per workspace, in memory only.
//!
//! Nothing of it is stored, logged or acknowledged, and a server that starts knows nobody. It costs
//! others no more than [`room`] bounds. Whoever drives the relay calls [`Relay::ring`] now and then
//! and lets the sessions of the workspaces that it names tell what is new.
//!
//! ```text
//! Session ─announce─▶ Room ─ring, at most once a second─▶ sessions that hear ─▶ Session::tell
//! ```

mod room;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use casework_protocol::frame::Announced;
use casework_protocol::ids::{DeviceId, WorkspaceId};

use super::workspace::Workspace;
use super::{Relay, reading};
use room::Room;
pub(super) use room::{Ear, Told};

/// The rooms of all workspaces in which somebody is or listens.
#[derive(Debug, Default)]
pub(super) struct Rooms(Mutex<BTreeMap<WorkspaceId, SharedRoom>>);

type SharedRoom = Arc<Mutex<Room>>;

/// The place of one session in the room of its workspace; given up when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    room: SharedRoom,
    number: u64,
    device: DeviceId,
    hears: bool,
}

impl Rooms {
    /// Takes a seat.
    pub(super) fn enter(&self, workspace: WorkspaceId, device: DeviceId) -> Seat {
        let room = Arc::clone(self.rooms().entry(workspace).or_default());
        let number = locked(&room).seat();
        Seat {
            room,
            number,
            device,
            hears: false,
        }
    }

    fn rooms(&self) -> MutexGuard<'_, BTreeMap<WorkspaceId, SharedRoom>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Says what its device has open, all of which it must see.
    pub(super) fn announce(&self, now_ms: u64, here: &[Announced]) {
        locked(&self.room).announce(now_ms, (self.number, self.device), here);
    }

    /// Whether it listens from now on.
    pub(super) fn hear(&mut self, hears: bool) {
        if hears != self.hears {
            self.hears = hears;
            locked(&self.room).count_hearer(hears);
        }
    }

    /// Whether it listens.
    pub(super) fn hears(&self) -> bool {
        self.hears
    }

    /// The next thing that this session was not told yet.
    pub(super) fn next(
        &self,
        told: &mut Told,
        workspace: &Workspace,
        sees: impl Fn(casework_protocol::ids::DocumentId) -> bool,
    ) -> Option<Arc<[u8]>> {
        let device = self.device;
        locked(&self.room).next(told, &Ear { device, workspace }, sees)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut room = locked(&self.room);
        room.leave((self.number, self.device));
        if self.hears {
            room.count_hearer(false);
        }
    }
}

impl Relay {
    /// Lets time pass over presence: what was not repeated ends, whoever lost sight of a document
    /// is not shown there any more. Answers the workspaces whose sessions have something to tell
    /// ([`Session::tell`](super::Session::tell)). To be called a few times a second while
    /// [`Relay::has_presence`]; more often does no harm.
    pub fn ring(&self, now_ms: u64) -> Vec<WorkspaceId> {
        let rooms: Vec<(WorkspaceId, SharedRoom)> = {
            let mut rooms = self.rooms.rooms();
            rooms.retain(|_, room| Arc::strong_count(room) > 1 || !locked(room).is_idle());
            let shared = |(id, room): (&WorkspaceId, &SharedRoom)| (*id, Arc::clone(room));
            rooms.iter().map(shared).collect()
        };
        let rung = rooms.into_iter().filter(|(id, room)| {
            // Nobody is anywhere in a workspace that went away, or that is not whole.
            let Some(shared) = self.workspace(*id) else {
                return locked(room).empty(now_ms);
            };
            let workspace = reading(&shared);
            if workspace.recovery().is_some() {
                return locked(room).empty(now_ms);
            }
            locked(room).ring(now_ms, &workspace)
        });
        rung.map(|(id, _)| id).collect()
    }

    /// Whether [`Relay::ring`] has anything to do now or later by itself.
    #[must_use]
    pub fn has_presence(&self) -> bool {
        let rooms = self.rooms.rooms();
        rooms.values().any(|room| !locked(room).is_idle())
    }

    /// Bytes that the relay keeps in memory beside authority, for checks that this is bounded: recent
    /// commits, bundles that arrive, and presence.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let workspaces = self.workspaces();
        let shared = workspaces.into_iter().filter_map(|id| self.workspace(id));
        let recent: usize = shared
            .map(|shared| reading(&shared).recent.held_bytes())
            .sum();
        let rooms = self.rooms.rooms();
        let rooms: usize = rooms.values().map(|room| locked(room).held_bytes()).sum();
        recent + self.uploads().used() + rooms
    }

    /// How many devices say that they have something open, in all workspaces.
    #[must_use]
    pub fn present_count(&self) -> usize {
        let rooms = self.rooms.rooms();
        rooms.values().map(|room| locked(room).present()).sum()
    }
}

/// Plain data: a panic elsewhere cannot have left it half changed.
fn locked(room: &SharedRoom) -> MutexGuard<'_, Room> {
    room.lock().unwrap_or_else(PoisonError::into_inner)
}
