//! Telling the app what changed: gathered, from a thread of its own, never under a lock.
//!
//! Every observer has a mailbox and a thread. Many changes between two calls become one call; a slow
//! observer delays nobody, and one that never comes back loses only its own news.

mod hub;
mod mailbox;

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use casework_engine::replica::Notice;
use casework_protocol::ids::DocumentId;
use serde::Serialize;

use crate::progress::SyncState;

pub(crate) use hub::Hub;
use mailbox::Mailbox;

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

    /// The workspace is closed: this is the last call.
    fn closed(&self) {}
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
    mailbox: Arc<Mailbox>,
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

impl Observation {
    /// Detaches the observer, and returns when a call that had begun is over. Called by the observer
    /// itself, it does not wait: that call is its own.
    pub fn finish(self) {
        let ending = self.ending();
        drop(self);
        ending.wait();
    }

    /// What waits for the end of a call after the observer was detached.
    #[must_use]
    pub fn ending(&self) -> Ending {
        Ending(self.mailbox.clone())
    }
}

/// The end of a call of an observer that was detached.
#[derive(Debug, Clone)]
pub struct Ending(Arc<Mailbox>);

impl Ending {
    /// Returns when no call is under way, at once if the caller is that call.
    pub fn wait(&self) {
        self.0.wait_for_call();
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        self.mailbox.detach();
        if let Some(hub) = self.hub.upgrade() {
            hub.remove(self.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread;
    use std::time::Duration;

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

    fn attach(hub: &Arc<Hub>, observer: Arc<dyn Observer>) -> Observation {
        hub.attach(observer).expect("a thread")
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
        let first = attach(&hub, one);
        let _second = attach(&hub, two);
        hub.changed(&of(1));
        assert_eq!(heard_by_one.recv().unwrap(), of(1));
        assert_eq!(heard_by_two.recv().unwrap(), of(1));
        drop(first);
        hub.changed(&of(2));
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
        let _observation = attach(&hub, slow.clone());
        for byte in 0..100 {
            hub.changed(&of(byte));
            hub.wait_until_told(Duration::from_secs(60));
            assert_eq!(slow.0.lock().unwrap().last(), Some(&of(byte)));
        }
    }

    #[test]
    fn the_thread_of_an_observer_ends_with_it() {
        let hub = Hub::new();
        for byte in 0..3 {
            let (ear, heard) = ear();
            let observation = attach(&hub, ear);
            hub.changed(&of(byte));
            assert_eq!(heard.recv().unwrap(), of(byte));
            let gone = Arc::downgrade(&observation.mailbox);
            drop(observation);
            // The thread holds its mailbox until it has seen that it is over.
            while gone.strong_count() > 0 {
                thread::yield_now();
            }
        }
    }

    #[test]
    fn one_that_never_comes_back_keeps_nothing_from_the_others() {
        struct Stuck(Mutex<Receiver<()>>);
        impl Observer for Stuck {
            fn changed(&self, _: &Changed) {
                let _ = self.0.lock().unwrap().recv();
            }
        }
        let hub = Hub::new();
        let (release, stuck) = channel();
        let _stuck = attach(&hub, Arc::new(Stuck(Mutex::new(stuck))));
        let (good, heard) = ear();
        let _good = attach(&hub, good);
        for byte in 0..3 {
            hub.changed(&of(byte));
            assert_eq!(heard.recv().unwrap(), of(byte));
        }
        drop(release);
    }

    #[test]
    fn whoever_finishes_finds_the_call_over_and_may_do_so_within_it() {
        struct Slow(Mutex<Sender<()>>, Mutex<bool>);
        impl Observer for Slow {
            fn changed(&self, _: &Changed) {
                let _ = self.0.lock().unwrap().send(());
                (0..200).for_each(|_| thread::yield_now());
                *self.1.lock().unwrap() = true;
            }
        }
        let hub = Hub::new();
        let (sender, begun) = channel();
        let slow = Arc::new(Slow(Mutex::new(sender), Mutex::new(false)));
        let observation = attach(&hub, slow.clone());
        hub.changed(&of(1));
        begun.recv().unwrap();
        observation.finish();
        assert!(*slow.1.lock().unwrap());

        struct Quitter(Mutex<Option<Observation>>, Mutex<Sender<()>>);
        impl Observer for Quitter {
            fn changed(&self, _: &Changed) {
                let mine = self.0.lock().unwrap().take();
                mine.into_iter().for_each(Observation::finish);
                let _ = self.1.lock().unwrap().send(());
            }
        }
        let (sender, done) = channel();
        let quitter = Arc::new(Quitter(Mutex::new(None), Mutex::new(sender)));
        *quitter.0.lock().unwrap() = Some(attach(&hub, quitter.clone()));
        hub.changed(&of(2));
        done.recv().unwrap();
    }

    #[test]
    fn the_last_word_is_that_the_workspace_is_closed_and_it_comes_once() {
        struct Last(Mutex<Sender<&'static str>>);
        impl Observer for Last {
            fn changed(&self, _: &Changed) {
                let _ = self.0.lock().unwrap().send("changed");
            }
            fn closed(&self) {
                let _ = self.0.lock().unwrap().send("closed");
            }
        }
        let hub = Hub::new();
        let (sender, heard) = channel();
        let _observation = attach(&hub, Arc::new(Last(Mutex::new(sender))));
        hub.changed(&of(1));
        hub.close();
        hub.close();
        hub.changed(&of(2));
        assert_eq!(heard.recv(), Ok("changed"));
        assert_eq!(heard.recv(), Ok("closed"));
        let (sender, late) = channel();
        let _late = attach(&hub, Arc::new(Last(Mutex::new(sender))));
        assert_eq!(late.recv(), Ok("closed"));
        assert!(heard.try_recv().is_err());
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
        let bad = attach(&hub, Arc::new(Bad));
        let (good, heard) = ear();
        let _good = attach(&hub, good);
        for byte in 0..2 {
            hub.changed(&of(byte));
            assert_eq!(heard.recv().unwrap(), of(byte));
        }
        while !bad.mailbox.is_detached() {
            thread::yield_now();
        }
    }

    #[test]
    fn an_observer_may_attach_and_detach_others_while_it_is_called() {
        struct Meddler(Weak<Hub>, Mutex<Sender<()>>);
        impl Observer for Meddler {
            fn changed(&self, _: &Changed) {
                if let Some(hub) = self.0.upgrade() {
                    drop(attach(&hub, ear().0));
                }
                let _ = self.1.lock().unwrap().send(());
            }
        }
        let hub = Hub::new();
        let (sender, done) = channel();
        let _observation = attach(
            &hub,
            Arc::new(Meddler(Arc::downgrade(&hub), Mutex::new(sender))),
        );
        hub.changed(&of(1));
        done.recv().unwrap();
    }
}
