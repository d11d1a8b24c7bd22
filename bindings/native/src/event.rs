//! Telling the app what changed: one kind of observer, one method, events in a list that can grow.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use casework::{Changed, Ending, Observation, Observer};

use crate::CaseworkError;
use crate::status::{Notice, SyncState};
use crate::text::write_all;
use crate::workspace::Workspace;

/// What an observer is told. More kinds may come: leave out what you do not know.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Event {
    /// Something may look different now: read it again.
    Changed {
        /// What.
        changes: Changes,
    },
    /// Syncing stands differently. States in between may be left out.
    Sync {
        /// How.
        state: SyncState,
    },
    /// Something happened behind the person's back.
    Noticed {
        /// What, oldest first.
        notices: Vec<Notice>,
    },
    /// The workspace was shut down: nothing comes after this.
    Closed,
}

/// What may look different now.
#[derive(Debug, Clone, Default, PartialEq, Eq, uniffi::Record)]
pub struct Changes {
    /// Ids of cases and templates.
    pub documents: Vec<String>,
    /// Members, devices, roles, teams or invites.
    #[uniffi(default = false)]
    pub people: bool,
    /// The inbox.
    #[uniffi(default = false)]
    pub inbox: bool,
    /// Anything at all: read everything again.
    #[uniffi(default = false)]
    pub everything: bool,
    /// Ids of cases at which others came, went, or do something else.
    #[uniffi(default = [])]
    pub presence: Vec<String>,
}

/// What an observer throws; it stays attached all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ObserverError {
    /// The code of the observer failed.
    #[error("{reason}")]
    Failed {
        /// In words.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for ObserverError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed {
            reason: error.reason,
        }
    }
}

/// Whoever wants to be told.
///
/// Each has a thread of its own: calls come gathered, one at a time, never on the main thread and
/// never while the workspace is locked, so an observer may call back into it. A slow one delays
/// nobody else.
#[uniffi::export(foreign)]
pub trait WorkspaceObserver: Send + Sync {
    /// Something happened.
    ///
    /// # Errors
    /// Whatever the app's code throws: it is counted ([`Subscription::failures`]) and changes
    /// nothing for the workspace or for other observers.
    fn on_event(&self, event: Event) -> Result<(), ObserverError>;
}

/// Keeps an observer attached. It is detached when this is stopped or freed; a call that has begun
/// by then ends, no new one begins.
#[derive(uniffi::Object)]
pub struct Subscription {
    observation: Mutex<Option<Observation>>,
    ending: Ending,
    ear: Arc<Ear>,
}

/// The app's observer as the SDK wants one.
struct Ear {
    observer: Arc<dyn WorkspaceObserver>,
    failures: AtomicU32,
    last: Mutex<Option<String>>,
}

#[uniffi::export]
impl Subscription {
    /// Detaches the observer. Doing it twice does nothing.
    pub fn stop(&self) {
        let observation = self
            .observation
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // Outside of the lock: the app's code may end with it.
        drop(observation);
    }

    /// Detaches the observer, and answers when a call that had begun is over. Called by the observer
    /// itself, it does not wait.
    pub fn finish(&self) {
        self.stop();
        self.ending.wait();
    }

    /// How many calls of the observer have thrown.
    pub fn failures(&self) -> u32 {
        self.ear.failures.load(Ordering::Acquire)
    }

    /// What the last of them said.
    pub fn last_failure(&self) -> Option<String> {
        let last = self.ear.last.lock();
        last.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[uniffi::export]
impl Workspace {
    /// Attaches an observer until the answer is stopped or freed.
    ///
    /// # Errors
    /// `Closed` after [`Workspace::shutdown`].
    pub fn observe(
        &self,
        observer: Arc<dyn WorkspaceObserver>,
    ) -> Result<Arc<Subscription>, CaseworkError> {
        let ear = Arc::new(Ear {
            observer,
            failures: AtomicU32::new(0),
            last: Mutex::new(None),
        });
        let observation = self.sdk()?.observe(ear.clone())?;
        Ok(Arc::new(Subscription {
            ending: observation.ending(),
            observation: Mutex::new(Some(observation)),
            ear,
        }))
    }
}

impl Ear {
    fn tell(&self, event: Event) {
        if let Err(error) = self.observer.on_event(event) {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            *last = Some(error.to_string());
            self.failures.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Observer for Ear {
    fn changed(&self, changed: &Changed) {
        self.tell(Event::Changed {
            changes: Changes {
                documents: write_all(&changed.documents),
                people: changed.people,
                inbox: changed.inbox,
                everything: changed.everything,
                presence: write_all(&changed.presence),
            },
        });
    }

    fn status(&self, state: &casework::SyncState) {
        self.tell(Event::Sync {
            state: state.clone().into(),
        });
    }

    fn closed(&self) {
        self.tell(Event::Closed);
    }

    fn notices(&self, notices: &[casework::Notice]) {
        self.tell(Event::Noticed {
            notices: notices.iter().cloned().map(Notice::from).collect(),
        });
    }
}
