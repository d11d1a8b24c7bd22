//! What the clones of a workspace share: the replica behind its lock, and what wakes whom.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use casework_engine::replica::Replica;
use tokio::sync::Notify;

use super::presence::PresenceDesk;
use super::speaker::Speaker;
use crate::barrier::{Barrier, Cancel};
use crate::error::Error;
use crate::line::Line;
use crate::notices::Notices;
use crate::observer::Hub;

/// How long a connection at work lets others have the replica before it goes on.
const GIVE_WAY_AT_MOST: Duration = Duration::from_millis(20);

/// What the clones share.
pub(crate) struct Inner {
    pub(super) folder: PathBuf,
    pub(super) replica: Mutex<Replica>,
    /// Rung when there is something new to push.
    pub(super) bell: Notify,
    pub(super) hub: Arc<Hub>,
    /// Says how syncing stands.
    pub(super) speaker: Speaker,
    /// Held by whoever talks to the server: one at a time.
    pub(super) line: Line,
    /// Asks whoever holds the line whether everything is in step over it.
    pub(super) barrier: Barrier,
    /// Ends calls that sync.
    pub(super) cancel: Cancel,
    /// Rung when the server was reached, or is another one: ends the wait of a watch.
    pub(super) reachable: Notify,
    /// Counts what a connection says once, at its beginning, and would have to say anew.
    greetings: AtomicU64,
    /// Calls that wait for the replica.
    waiting: AtomicUsize,
    /// What happened behind the person's back.
    pub(super) notices: Notices,
    /// Whether a watch is on.
    pub(super) watched: AtomicBool,
    /// The turn of the inbox that observers were told of.
    pub(super) inbox_told: AtomicU64,
    /// Who is where, as long as it is so.
    pub(super) presence: PresenceDesk,
}

impl Inner {
    pub(super) fn around(folder: PathBuf, replica: Replica) -> Self {
        let hub = Hub::new();
        Self {
            folder,
            replica: Mutex::new(replica),
            bell: Notify::new(),
            speaker: Speaker::of(hub.clone()),
            hub,
            line: Line::default(),
            barrier: Barrier::default(),
            cancel: Cancel::default(),
            reachable: Notify::new(),
            greetings: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            notices: Notices::default(),
            watched: AtomicBool::new(false),
            inbox_told: AtomicU64::new(0),
            presence: PresenceDesk::default(),
        }
    }

    /// The replica. A panic in another call may have left it half changed in memory; the disk is
    /// whole, so opening again is safe and going on is not.
    pub(crate) fn lock(&self) -> Result<MutexGuard<'_, Replica>, Error> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let locked = self.replica.lock();
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        locked.map_err(|_| {
            Error::Internal(
                "a defect ended an earlier call; what was saved is safe: close the workspace and \
                 open it again, and report this"
                    .to_owned(),
            )
        })
    }

    /// What a connection says at its beginning has changed: one that is on is made anew.
    pub(super) fn connect_anew(&self) {
        self.greetings.fetch_add(1, Ordering::AcqRel);
        self.bell.notify_one();
    }

    /// How often that has changed.
    pub(super) fn greetings(&self) -> u64 {
        self.greetings.load(Ordering::Acquire)
    }

    /// Lets calls go first that wait for the replica, for a moment: the lock itself knows no turns.
    pub(crate) fn give_way(&self) {
        let begun = Instant::now();
        while self.waiting.load(Ordering::Acquire) > 0 && begun.elapsed() < GIVE_WAY_AT_MOST {
            thread::yield_now();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.hub.close();
    }
}
