//! Who else has a case open, and saying so of oneself: only while a watch is on, and nowhere stored.
//!
//! Without a connection everything here is quietly nothing: what is said waits for the next one,
//! and nobody is shown. Presence is the server's word. It is shown only of members who see the case
//! by the records on this device, and ends by this device's clock.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use casework_engine::sync::Session;
use casework_engine::sync::presence::{Announcement, Heard, Witness};
use casework_protocol::frame::Activity;
use casework_protocol::ids::DocumentId;
use serde::Serialize;

use super::{Inner, Workspace};
use crate::error::Error;
use crate::moment;
use crate::observer::Changed;

/// Signs of writing that come closer together are one.
const SIGN_EVERY_MS: u64 = 1_000;

/// Whether a watch asks who is present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hearing {
    /// It does: for whoever shows cases to a person.
    #[default]
    Everybody,
    /// It does not: for agents and other programs that show nothing. It costs no traffic.
    Nobody,
}

/// Who else is at a case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Presence {
    /// Others, and oneself on another device, in the order of their ids.
    pub present: Vec<Witness>,
    /// How many more devices there are.
    pub more: u32,
}

/// What is said and was heard, outside of connections.
#[derive(Debug)]
pub(crate) struct PresenceDesk(Mutex<Sheet>);

#[derive(Debug)]
struct Sheet {
    announcement: Announcement,
    /// When a sign of writing was passed on, and where.
    signed: Option<(DocumentId, u64)>,
    heard: Heard,
}

/// Forgets at the end of a connection what was heard over it.
pub(super) struct Listening<'a>(pub(super) &'a Inner);

/// Presence.
impl Workspace {
    /// Says that a case is open here, or is being written in, until [`Workspace::leave`]. Writing
    /// ends by itself after five seconds: say it again with every few keystrokes, as often as is
    /// convenient. At most eight cases are open at once; the one touched longest ago closes.
    pub fn announce(&self, case: DocumentId, activity: Activity) {
        let now_ms = moment::now_ms();
        let mut sheet = self.inner.presence.sheet();
        if activity == Activity::Open {
            sheet.signed = None;
        } else if !sheet.is_sign(case, now_ms) {
            return;
        }
        sheet.announcement.enter(case, activity, now_ms);
        drop(sheet);
        self.inner.bell.notify_one();
    }

    /// Says that a case is looked at for so long, as when it is printed once. Programs that show
    /// nothing ([`Hearing::Nobody`]) do not say it.
    pub fn glance(&self, case: DocumentId, lasting: Duration) {
        let lasting_ms = u64::try_from(lasting.as_millis()).unwrap_or(u64::MAX);
        let until_ms = moment::now_ms().saturating_add(lasting_ms);
        let mut sheet = self.inner.presence.sheet();
        if sheet.announcement.hears() {
            sheet.announcement.glance(case, until_ms);
        }
        drop(sheet);
        self.inner.bell.notify_one();
    }

    /// Says that a case is closed here.
    pub fn leave(&self, case: DocumentId) {
        let mut sheet = self.inner.presence.sheet();
        sheet.signed = None;
        sheet.announcement.leave(case);
        drop(sheet);
        self.inner.bell.notify_one();
    }

    /// Whether to be told who is present, from now on.
    pub fn hear_presence(&self, hearing: Hearing) {
        let mut sheet = self.inner.presence.sheet();
        sheet.announcement.hear(hearing == Hearing::Everybody);
        drop(sheet);
        self.inner.bell.notify_one();
    }

    /// Who else is at a case, by what was heard last. Nobody without a watch and a connection.
    ///
    /// # Errors
    /// [`Error::Internal`] after a defect in another thread.
    pub fn presence_of(&self, case: DocumentId) -> Result<Presence, Error> {
        let heard = self.inner.presence.sheet().heard.clone();
        self.read(|replica| {
            let (own, now_ms) = (replica.device(), moment::now_ms());
            // What is not here, or not yet, is nobody's business.
            let Ok(access) = replica.access(case).map(|record| record.head().clone()) else {
                return Ok(Presence::default());
            };
            let Ok(roster) = replica.roster() else {
                return Ok(Presence::default());
            };
            let present = heard.at((case, now_ms), own, roster.head(), &access);
            let more = heard.more_at(case, now_ms);
            let more = if present.is_empty() { 0 } else { more };
            Ok(Presence { present, more })
        })
    }

    /// The cases at which somebody else is.
    ///
    /// # Errors
    /// [`Error::Internal`] after a defect in another thread.
    pub fn presence(&self) -> Result<BTreeMap<DocumentId, Presence>, Error> {
        let heard = self.inner.presence.sheet().heard.clone();
        let mut found = BTreeMap::new();
        for case in heard.documents() {
            let presence = self.presence_of(case)?;
            if !presence.present.is_empty() {
                found.insert(case, presence);
            }
        }
        Ok(found)
    }
}

impl Default for PresenceDesk {
    fn default() -> Self {
        let mut announcement = Announcement::default();
        announcement.hear(true);
        Self(Mutex::new(Sheet {
            announcement,
            signed: None,
            heard: Heard::default(),
        }))
    }
}

impl PresenceDesk {
    /// Plain data: a panic elsewhere cannot have left it half changed.
    fn sheet(&self) -> MutexGuard<'_, Sheet> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a session what is to be said.
    pub(super) fn brief(&self, session: &mut Session) {
        session.announce(self.sheet().announcement.clone());
    }

    /// Takes over what a session heard; what may look different now.
    pub(super) fn note(&self, session: &mut Session) -> Changed {
        let presence = session.take_presence_news();
        if !presence.is_empty() {
            self.sheet().heard = session.heard().clone();
        }
        Changed {
            presence,
            ..Changed::default()
        }
    }
}

impl Sheet {
    /// Whether a sign of writing is worth passing on.
    fn is_sign(&mut self, case: DocumentId, now_ms: u64) -> bool {
        let fresh =
            |(of, at_ms): (DocumentId, u64)| of == case && now_ms.abs_diff(at_ms) < SIGN_EVERY_MS;
        if self.signed.is_some_and(fresh) {
            return false;
        }
        self.signed = Some((case, now_ms));
        true
    }
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        let heard = core::mem::take(&mut self.0.presence.sheet().heard);
        self.0.tell(Changed {
            presence: heard.documents().collect(),
            ..Changed::default()
        });
    }
}
