//! Who listens, and how syncing stands.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use casework_engine::replica::Notice;

use super::mailbox::Mailbox;
use super::{Changed, Observation, Observer};
use crate::error::Error;
use crate::progress::SyncState;

/// Gathers what is to be told.
#[derive(Debug)]
pub(crate) struct Hub {
    desk: Mutex<Desk>,
    /// Rung whenever the state of syncing changes.
    turned: Condvar,
}

#[derive(Debug)]
struct Desk {
    mailboxes: BTreeMap<u64, Arc<Mailbox>>,
    next: u64,
    state: SyncState,
    closed: bool,
}

impl Hub {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            desk: Mutex::new(Desk {
                mailboxes: BTreeMap::new(),
                next: 0,
                state: SyncState::Off,
                closed: false,
            }),
            turned: Condvar::new(),
        })
    }

    /// Attaches an observer. What was told before is no news to it.
    pub(crate) fn attach(
        self: &Arc<Self>,
        observer: Arc<dyn Observer>,
    ) -> Result<Observation, Error> {
        let mailbox = Mailbox::of(observer)?;
        let mut desk = self.lock();
        let number = desk.next;
        desk.next += 1;
        desk.mailboxes.insert(number, mailbox.clone());
        if desk.closed {
            mailbox.close();
        }
        Ok(Observation {
            hub: Arc::downgrade(self),
            number,
            mailbox,
        })
    }

    pub(super) fn remove(&self, number: u64) {
        let gone = self.lock().mailboxes.remove(&number);
        drop(gone);
    }

    pub(crate) fn changed(&self, changed: &Changed) {
        if !changed.is_empty() {
            self.to_all(|mailbox| mailbox.changed(changed));
        }
    }

    pub(crate) fn notices(&self, notices: &[Notice]) {
        if !notices.is_empty() {
            self.to_all(|mailbox| mailbox.notices(notices));
        }
    }

    pub(crate) fn set_state(&self, state: SyncState) {
        let mut desk = self.lock();
        if desk.state != state {
            let told = desk.mailboxes.values();
            told.for_each(|mailbox| mailbox.state(&state));
            desk.state = state;
            self.turned.notify_all();
        }
    }

    pub(crate) fn state(&self) -> SyncState {
        self.lock().state.clone()
    }

    /// Tells everybody that nothing comes any more.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.to_all(|mailbox| mailbox.close());
    }

    /// Wakes whoever waits for a turn.
    pub(crate) fn turn(&self) {
        self.turned.notify_all();
    }

    /// The state of syncing when it has changed, or after this long.
    pub(crate) fn wait_for_turn(&self, at_most: Duration) -> SyncState {
        let desk = self.lock();
        let waited = self.turned.wait_timeout(desk, at_most);
        waited
            .unwrap_or_else(PoisonError::into_inner)
            .0
            .state
            .clone()
    }

    /// Waits until the observers have heard of what changed before this call, or for this long.
    pub(crate) fn wait_until_told(&self, at_most: Duration) {
        let end = Instant::now() + at_most;
        let mailboxes: Vec<_> = self.lock().mailboxes.values().cloned().collect();
        for mailbox in mailboxes {
            mailbox.wait_until_told(end);
        }
    }

    /// A mailbox never waits for the app's code, so the lock may be held.
    fn to_all(&self, put: impl Fn(&Mailbox)) {
        let desk = self.lock();
        desk.mailboxes.values().for_each(|mailbox| put(mailbox));
    }

    /// The desk holds plain data only, so a panic elsewhere cannot have left it half changed.
    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
