//! A workspace on this device: one owner of the replica in this process, shared by its clones.
//!
//! Holds the lock of the replica, and wakes whoever watches. The lock is never held while
//! observers are called or while the network is waited for. Invariant: what a call did is durable
//! when it returns.

pub(crate) mod access;
pub(crate) mod agency;
pub(crate) mod agreements;
mod automations;
mod beginning;
mod burst;
pub(crate) mod cases;
pub(crate) mod contested;
pub(crate) mod drafts;
mod drawer;
pub(crate) mod editing;
pub(crate) mod export;
mod fields;
mod finding;
pub(crate) mod forms;
pub(crate) mod hints;
mod holdings;
pub(crate) mod imports;
pub(crate) mod inbox;
mod info;
mod inner;
pub(crate) mod invites;
pub(crate) mod joining;
pub(crate) mod judging;
pub(crate) mod leaving;
mod outcome;
pub(crate) mod parts;
pub(crate) mod people;
pub(crate) mod presence;
mod probe;
mod purging;
pub(crate) mod reading;
pub(crate) mod rights;
mod server;
mod session;
mod speaker;
pub(crate) mod templates;
pub(crate) mod watching;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use self::beginning::Beginning;
use crate::error::Error;
use crate::key::{KeyFile, KeyStore};
use crate::moment;
use crate::observer::{Changed, Observation, Observer};
use crate::progress::SyncState;
use casework_engine::moment::Moment;
use casework_engine::replica::{Founding, Notice, Replica, ReplicaFault, Status, Storage};
use casework_protocol::frame::Scope;
use casework_protocol::ids::DocumentId;
use casework_protocol::limits::MAX_LISTED_DOCUMENTS;
pub use info::{Enrolment, Info};
pub(crate) use inner::Inner;

/// A workspace on this device. Clones share it; the replica closes with the last one.
#[derive(Clone)]
pub struct Workspace {
    inner: Arc<Inner>,
}

impl Workspace {
    /// Founds a workspace, offline. This device is its first, its owner the first member.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the folder holds a workspace already or a name is not one;
    /// [`Error::Unavailable`] when the folder cannot be written.
    pub fn found(folder: &Path, founding: &Founding) -> Result<Self, Error> {
        Self::found_with(folder, founding, &KeyFile::in_folder(folder))
    }

    /// The same with the app's own key store.
    ///
    /// # Errors
    /// As [`Workspace::found`], and what the key store answers.
    pub fn found_with(
        folder: &Path,
        founding: &Founding,
        keys: &dyn KeyStore,
    ) -> Result<Self, Error> {
        make_folder(folder)?;
        let _beginning = Beginning::in_folder(folder)?;
        let fresh = !Storage::is_in(folder);
        let storage = Storage::folder(folder)?;
        let key = keys.obtain().inspect_err(|_| {
            if fresh {
                joining::clear(folder);
            }
        })?;
        let made = Replica::found(storage, founding, key, &moment::now()?);
        match made {
            Ok(replica) => Ok(Self::around(folder, replica)),
            Err(ReplicaFault::Exists) => Err(Error::Invalid(format!(
                "{} holds a workspace already; open it, or choose another folder",
                folder.display()
            ))),
            Err(fault) => {
                if fresh {
                    joining::clear(folder);
                }
                Err(fault.into())
            }
        }
    }

    /// Opens the workspace in a folder.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none, [`Error::InUse`] when another process has it open,
    /// [`Error::Corrupt`] when its key is missing or does not fit.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        Self::open_with(folder, &KeyFile::in_folder(folder))
    }

    /// The same with the app's own key store.
    ///
    /// # Errors
    /// As [`Workspace::open`], and what the key store answers.
    pub fn open_with(folder: &Path, keys: &dyn KeyStore) -> Result<Self, Error> {
        if !Storage::is_in(folder) {
            return Err(absent(folder));
        }
        let storage = Storage::folder(folder)?;
        let mut replica = match Replica::open(storage, keys.recall()?) {
            Err(ReplicaFault::Absent) => return Err(absent(folder)),
            opened => opened?,
        };
        joining::resume(folder, &mut replica)?;
        Ok(Self::around(folder, replica))
    }

    /// Whether a folder holds a workspace.
    #[must_use]
    pub fn is_in(folder: &Path) -> bool {
        Storage::is_in(folder)
    }

    fn around(folder: &Path, replica: Replica) -> Self {
        let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        Self {
            inner: Arc::new(Inner::around(folder, replica)),
        }
    }

    /// The folder of the replica.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// How the replica stands: cases, what waits to be sent, drawer, held work, the log head as
    /// people compare it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store fails.
    pub fn status(&self) -> Result<Status, Error> {
        self.read(|replica| Ok(replica.status()?))
    }

    /// How syncing stands.
    #[must_use]
    pub fn sync_state(&self) -> SyncState {
        self.inner.hub.state()
    }

    /// Chooses which of the visible cases the server sends. Cases outside that are here already
    /// stay; what is wanted now and was not before comes with the next sync, and over a connection
    /// of a watch at once.
    ///
    /// # Errors
    /// [`Error::Invalid`] for more than [`MAX_LISTED_DOCUMENTS`] documents or templates;
    /// [`Error::Unavailable`] when the store fails.
    pub fn set_scope(&self, scope: &Scope) -> Result<(), Error> {
        if let Scope::Templates(listed) | Scope::Listed(listed) = scope
            && listed.len() > MAX_LISTED_DOCUMENTS
        {
            return Err(Error::Invalid(format!(
                "a scope lists at most {MAX_LISTED_DOCUMENTS} documents, not {}; choose whole \
                 templates, or a team",
                listed.len()
            )));
        }
        self.write(|replica| Ok(replica.set_scope(scope)?))?;
        self.inner.connect_anew();
        Ok(())
    }

    /// Bounds the memory that open documents may take together, in bytes (an estimate).
    ///
    /// # Errors
    /// [`Error::Internal`] after a defect in another thread.
    pub fn set_document_memory(&self, bytes: u64) -> Result<(), Error> {
        self.read(|replica| {
            replica.set_document_memory(bytes);
            Ok(())
        })
    }

    /// What happened behind the person's back since the last call, the newest thousand: for apps
    /// without an observer. A sync reports its own as well.
    ///
    /// # Errors
    /// [`Error::Internal`] after a defect in another thread.
    pub fn take_notices(&self) -> Result<Vec<Notice>, Error> {
        let fresh = self.read(|replica| Ok(replica.take_notices()))?;
        self.inner.notices.add(&fresh);
        Ok(self.inner.notices.take())
    }

    /// Attaches an observer until the handle is dropped.
    ///
    /// Calls come from a thread of their own, gathered, one at a time, and never while this
    /// workspace is locked: an observer may call back into it. A slow one delays nobody else.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when no thread can be started.
    pub fn observe(&self, observer: Arc<dyn Observer>) -> Result<Observation, Error> {
        self.inner.hub.attach(observer)
    }

    /// Waits until the observers have heard of everything that changed before this call, at most
    /// this long. Not to be called by an observer: it would wait for itself.
    pub fn wait_until_told(&self, at_most: Duration) {
        self.inner.hub.wait_until_told(at_most);
    }

    /// Ends every [`Workspace::sync`] that is under way, also of other clones: each answers
    /// [`Error::Unavailable`] soon, and loses nothing. A watch goes on.
    pub fn cancel_sync(&self) {
        self.inner.cancel.cancel();
    }

    /// Ends what is under way and tells the observers that nothing comes any more. The folder is
    /// free when the last clone is dropped, and the watch with them.
    pub fn end(&self) {
        self.cancel_sync();
        self.inner.hub.close();
    }

    /// Works with the engine's replica directly, for imports and tests. Everybody else waits
    /// meanwhile; observers hear that everything may have changed. See also
    /// [`Workspace::import_cases`].
    ///
    /// # Errors
    /// What `work` answers.
    pub fn with_replica<T>(
        &self,
        work: impl FnOnce(&mut Replica) -> Result<T, ReplicaFault>,
    ) -> Result<T, Error> {
        let done = self.write(|replica| Ok(work(replica)?))?;
        self.inner.tell(Changed::everything());
        Ok(done)
    }

    /// A moment for [`Workspace::with_replica`]: now, here, with a fresh seed. One per act.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the operating system gives no random bytes.
    pub fn moment(&self) -> Result<Moment, Error> {
        moment::now()
    }

    /// Reads, or does what is of no interest to anybody else.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&mut Replica) -> Result<T, Error>,
    ) -> Result<T, Error> {
        work(&mut *self.inner.lock()?)
    }

    /// Does something that is to be pushed.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&mut Replica) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let done = self.read(work)?;
        self.inner.bell.notify_one();
        Ok(done)
    }

    /// Does something to documents, then tells the observers.
    pub(crate) fn write_to<T>(
        &self,
        documents: impl IntoIterator<Item = DocumentId>,
        work: impl FnOnce(&mut Replica) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let done = self.write(work)?;
        let documents: BTreeSet<DocumentId> = documents.into_iter().collect();
        self.inner.tell(Changed {
            documents,
            ..Changed::default()
        });
        Ok(done)
    }

    /// Says something in the roster, then tells the observers.
    pub(crate) fn write_people<T>(
        &self,
        work: impl FnOnce(&mut Replica) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let done = self.write(work)?;
        self.inner.tell(Changed {
            people: true,
            ..Changed::default()
        });
        Ok(done)
    }
}

impl core::fmt::Debug for Workspace {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Workspace")
            .field("folder", &self.inner.folder)
            .finish_non_exhaustive()
    }
}

/// Makes the folder, for its owner only.
fn make_folder(folder: &Path) -> Result<(), Error> {
    if folder.as_os_str().is_empty() {
        return Err(Error::Invalid(
            "no folder is named; name the one that the workspace is to lie in".to_owned(),
        ));
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|error| Error::file(folder, &error))
}

fn absent(folder: &Path) -> Error {
    Error::Invalid(format!(
        "{} holds no workspace; found one there, or join one with an invite link",
        folder.display()
    ))
}
