//! Telling the app what changed: gathered, from a thread of its own, never under a lock.
//!
//! Many changes between two calls become one call. A slow observer delays the others' calls and
//! nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use casework_engine::replica::Notice;
use casework_protocol::ids::DocumentId;
use serde::Serialize;

use crate::progress::SyncState;

/// Most notices that wait for a slow observer; older ones are dropped, for they are stored in what
/// they speak of.
const MAX_WAITING_NOTICES: usize = 1_000;

/// What the app wants to hear of. Every method does nothing unless it is written. An observer that
/// panics is detached.
pub trait Observer: Send + Sync {
    /// Documents, or the people of the workspace, may look different now. Read them again.
    fn changed(&self, changed: &Changed) {
        let _ = changed;
    }

    /// How syncing stands now. States in between may be left out.
    fn status(&self, state: &SyncState) {
        let _ = state;
    }

    /// Something happened behind the person's back.
    fn notices(&self, notices: &[Notice]) {
        let _ = notices;
    }
}

/// What may look different now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Cases and templates.
    pub documents: BTreeSet<DocumentId>,
    /// Members, devices, roles, teams or invites.
    pub people: bool,
    /// Anything at all: read everything again.
    pub everything: bool,
    /// The inbox: new items, other read marks, other quiet rules. What only time makes is not
    /// told: look when it is shown.
    pub inbox: bool,
    /// Cases at which others came, went, or do something else.
    pub presence: BTreeSet<DocumentId>,
}

/// Keeps an observer attached until it is dropped. A call that has begun ends first or goes on for
/// a moment; no new one begins.
#[derive(Debug)]
pub struct Observation {
    hub: Weak<Hub>,
    number: u64,
}

impl Changed {
    /// Anything may have changed.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            everything: true,
            people: true,
            inbox: true,
            ..Self::default()
        }
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.documents.extend(other.documents);
        self.people |= other.people;
        self.everything |= other.everything;
        self.inbox |= other.inbox;
        self.presence.extend(other.presence);
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        if let Some(hub) = self.hub.upgrade() {
            hub.lock().observers.remove(&self.number);
            hub.bell.notify_all();
        }
    }
}

/// Gathers what is to be told, and tells it.
#[derive(Debug)]
pub(crate) struct Hub {
    desk: Mutex<Desk>,
    bell: Condvar,
    /// Rung whenever the state of syncing changes.
    turned: Condvar,
    /// Rung whenever a round of calls is over.
    told: Condvar,
}

struct Desk {
    observers: BTreeMap<u64, Arc<dyn Observer>>,
    next: u64,
    telling: bool,
    /// A round of calls is going on.
    calling: bool,
    changed: Changed,
    notices: Vec<Notice>,
    state: SyncState,
    state_told: bool,
}

impl core::fmt::Debug for Desk {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Desk")
            .field("observers", &self.observers.len())
            .finish_non_exhaustive()
    }
}

/// One round of calls.
struct Round {
    observers: BTreeMap<u64, Arc<dyn Observer>>,
    changed: Changed,
    notices: Vec<Notice>,
    state: Option<SyncState>,
}

impl Round {
    fn call(&self, observer: &dyn Observer) {
        if !self.changed.is_empty() {
            observer.changed(&self.changed);
        }
        if let Some(state) = &self.state {
            observer.status(state);
        }
        if !self.notices.is_empty() {
            observer.notices(&self.notices);
        }
    }
}

impl Hub {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            desk: Mutex::new(Desk {
                observers: BTreeMap::new(),
                next: 0,
                telling: false,
                calling: false,
                changed: Changed::default(),
                notices: Vec::new(),
                state: SyncState::Off,
                state_told: true,
            }),
            bell: Condvar::new(),
            turned: Condvar::new(),
            told: Condvar::new(),
        })
    }

    /// Attaches an observer; the first one starts the thread.
    pub(crate) fn attach(self: &Arc<Self>, observer: Arc<dyn Observer>) -> Observation {
        let mut desk = self.lock();
        let number = desk.next;
        desk.next += 1;
        desk.observers.insert(number, observer);
        if !desk.telling {
            desk.telling = true;
            // What nobody listened to is old news.
            desk.changed = Changed::default();
            desk.notices.clear();
            desk.state_told = true;
            let hub = self.clone();
            thread::spawn(move || hub.tell());
        }
        Observation {
            hub: Arc::downgrade(self),
            number,
        }
    }

    pub(crate) fn changed(&self, changed: Changed) {
        if changed.is_empty() {
            return;
        }
        let mut desk = self.lock();
        if desk.telling {
            desk.changed.join(changed);
            self.bell.notify_all();
        }
    }

    pub(crate) fn notices(&self, notices: &[Notice]) {
        if notices.is_empty() {
            return;
        }
        let mut desk = self.lock();
        if desk.telling {
            desk.notices.extend_from_slice(notices);
            let excess = desk.notices.len().saturating_sub(MAX_WAITING_NOTICES);
            desk.notices.drain(..excess);
            self.bell.notify_all();
        }
    }

    pub(crate) fn set_state(&self, state: SyncState) {
        let mut desk = self.lock();
        if desk.state != state {
            desk.state = state;
            desk.state_told = false;
            self.bell.notify_all();
            self.turned.notify_all();
        }
    }

    pub(crate) fn state(&self) -> SyncState {
        self.lock().state.clone()
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
        let pending = |desk: &mut Desk| desk.telling && (desk.calling || !desk.changed.is_empty());
        let _ = self.told.wait_timeout_while(self.lock(), at_most, pending);
    }

    /// The desk holds plain data only, so a panic elsewhere cannot have left it half changed.
    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the observers until the last one is detached.
    fn tell(&self) {
        while let Some(round) = self.next_round() {
            for (number, observer) in &round.observers {
                // A panic in the app's code was reported where it happened; the others go on.
                let told = catch_unwind(AssertUnwindSafe(|| round.call(observer.as_ref())));
                if told.is_err() {
                    self.lock().observers.remove(number);
                }
            }
        }
    }

    /// Waits for something to tell; `None` when nobody listens any more.
    fn next_round(&self) -> Option<Round> {
        let mut desk = self.lock();
        desk.calling = false;
        self.told.notify_all();
        loop {
            if desk.observers.is_empty() {
                desk.telling = false;
                self.told.notify_all();
                return None;
            }
            if !desk.changed.is_empty() || !desk.notices.is_empty() || !desk.state_told {
                let state = (!desk.state_told).then(|| desk.state.clone());
                desk.state_told = true;
                desk.calling = true;
                return Some(Round {
                    observers: desk.observers.clone(),
                    changed: core::mem::take(&mut desk.changed),
                    notices: core::mem::take(&mut desk.notices),
                    state,
                });
            }
            desk = self.bell.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    struct Ear(Mutex<Sender<Changed>>);

    impl Observer for Ear {
        fn changed(&self, changed: &Changed) {
            let _ = self.0.lock().unwrap().send(changed.clone());
        }
    }

    fn ear() -> (Arc<Ear>, Receiver<Changed>) {
        let (sender, receiver) = channel();
        (Arc::new(Ear(Mutex::new(sender))), receiver)
    }

    fn of(byte: u8) -> Changed {
        Changed {
            documents: [DocumentId::new([byte; 16])].into(),
            ..Changed::default()
        }
    }

    #[test]
    fn changes_reach_every_observer_and_none_after_it_is_detached() {
        let hub = Hub::new();
        let ((one, heard_by_one), (two, heard_by_two)) = (ear(), ear());
        let first = hub.attach(one);
        let _second = hub.attach(two);
        hub.changed(of(1));
        assert_eq!(heard_by_one.recv().unwrap(), of(1));
        assert_eq!(heard_by_two.recv().unwrap(), of(1));
        drop(first);
        hub.changed(of(2));
        assert_eq!(heard_by_two.recv().unwrap(), of(2));
        assert!(heard_by_one.try_recv().is_err());
    }

    #[test]
    fn whoever_waits_until_everything_was_told_finds_that_it_was() {
        struct Slow(Mutex<Vec<Changed>>);
        impl Observer for Slow {
            fn changed(&self, changed: &Changed) {
                (0..50).for_each(|_| thread::yield_now());
                self.0.lock().unwrap().push(changed.clone());
            }
        }
        let (hub, slow) = (Hub::new(), Arc::new(Slow(Mutex::default())));
        hub.wait_until_told(Duration::from_secs(60));
        let _observation = hub.attach(slow.clone());
        for byte in 0..100 {
            hub.changed(of(byte));
            hub.wait_until_told(Duration::from_secs(60));
            assert_eq!(slow.0.lock().unwrap().last(), Some(&of(byte)));
        }
    }

    #[test]
    fn the_thread_ends_with_the_last_observer_and_starts_again_with_the_next() {
        let hub = Hub::new();
        for byte in 0..3 {
            let (ear, heard) = ear();
            let _observation = hub.attach(ear);
            hub.changed(of(byte));
            assert_eq!(heard.recv().unwrap(), of(byte));
        }
        let gone = Arc::downgrade(&hub);
        drop(hub);
        // The thread holds the hub until it has seen that nobody is left.
        while gone.strong_count() > 0 {
            thread::yield_now();
        }
    }

    #[test]
    fn an_observer_that_panics_is_detached_and_the_others_go_on() {
        struct Bad;
        impl Observer for Bad {
            fn changed(&self, _: &Changed) {
                panic!("on purpose");
            }
        }
        let hub = Hub::new();
        let _bad = hub.attach(Arc::new(Bad));
        let (good, heard) = ear();
        let _good = hub.attach(good);
        for byte in 0..2 {
            hub.changed(of(byte));
            assert_eq!(heard.recv().unwrap(), of(byte));
        }
        assert_eq!(hub.lock().observers.len(), 1);
    }

    #[test]
    fn an_observer_may_attach_and_detach_others_while_it_is_called() {
        struct Meddler(Weak<Hub>, Mutex<Sender<()>>);
        impl Observer for Meddler {
            fn changed(&self, _: &Changed) {
                if let Some(hub) = self.0.upgrade() {
                    drop(hub.attach(ear().0));
                }
                let _ = self.1.lock().unwrap().send(());
            }
        }
        let hub = Hub::new();
        let (sender, done) = channel();
        let _observation = hub.attach(Arc::new(Meddler(Arc::downgrade(&hub), Mutex::new(sender))));
        hub.changed(of(1));
        done.recv().unwrap();
    }
}
