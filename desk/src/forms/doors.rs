//! How many may be inside at once: in all, and from one address.
//!
//! Pure counting. Whoever finds no place is told so and may come again; nobody who is inside is
//! sent out for somebody else. A place is given back when it is dropped.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::language::choose;
use super::page::plain;
use super::visit::{Caller, Reply};
use super::words::{TAGS, words};

/// After how many seconds a place may be free again.
const RETRY_SECS: u32 = 30;

/// Counts who is inside.
#[derive(Debug)]
pub(super) struct Doors {
    most: usize,
    most_each: usize,
    inside: Mutex<BTreeMap<Caller, usize>>,
}

/// A place inside.
#[derive(Debug)]
pub(super) struct Place {
    doors: Arc<Doors>,
    caller: Caller,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// All places are taken.
    All,
    /// This address has as many as it may.
    Yours,
}

impl Doors {
    /// With this many places, and this many for one address.
    pub(super) fn new(most: usize, most_each: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            most_each,
            inside: Mutex::default(),
        })
    }

    /// A place for this address.
    pub(super) fn enter(self: &Arc<Self>, caller: Caller) -> Result<Place, NoPlace> {
        let mut inside = self.inside();
        let of_caller = inside.get(&caller).copied().unwrap_or_default();
        if of_caller >= self.most_each {
            return Err(NoPlace::Yours);
        }
        // Every address here has one place at least, so this sums up what is bounded already.
        if inside.values().sum::<usize>() >= self.most {
            return Err(NoPlace::All);
        }
        inside.insert(caller, of_caller + 1);
        drop(inside);
        let doors = Arc::clone(self);
        Ok(Place { doors, caller })
    }

    fn inside(&self) -> MutexGuard<'_, BTreeMap<Caller, usize>> {
        // A count is one step: whatever ended another thread left it whole.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl NoPlace {
    /// What is said to whoever finds no place.
    pub(super) fn reply(self, accept_language: &str) -> Reply {
        let ui = words(choose(&TAGS, None, accept_language));
        let (status, text) = match self {
            Self::Yours => (429, ui.wait),
            Self::All => (503, ui.unavailable),
        };
        let mut reply = Reply::page(status, ui.tag, plain(ui, ui.wait_title, text));
        reply.retry_secs = Some(RETRY_SECS);
        reply
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.doors.inside();
        if let Some(count) = inside.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                inside.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: Caller = Caller([1; 8]);
    const RUI: Caller = Caller([2; 8]);

    #[test]
    fn one_address_never_takes_the_places_of_the_others() {
        let doors = Doors::new(3, 2);
        let mine: Vec<Place> = (0..2).map(|_| doors.enter(ANA).unwrap()).collect();
        assert_eq!(doors.enter(ANA).unwrap_err(), NoPlace::Yours);
        let other = doors.enter(RUI).unwrap();
        assert_eq!(doors.enter(RUI).unwrap_err(), NoPlace::All);
        drop(other);
        let other = doors.enter(RUI).unwrap();
        drop(mine);
        assert!(doors.enter(ANA).is_ok(), "a place that is left is free");
        drop(other);
        assert!(doors.inside().is_empty(), "nothing is kept of who was here");
    }
}
