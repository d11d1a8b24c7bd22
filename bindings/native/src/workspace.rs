//! The workspace as an object: creating, opening, joining, and shutting down.
//!
//! Invariant: no call holds a lock of this object while it works, so calls never wait for each
//! other here, and a callback may call back.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use casework::{Founding, KeyFile, Newcomer, Watch};

use crate::error::CaseworkError;
use crate::event::ObserverError;
use crate::key_store::{AppKeys, KeyStore};
use crate::status::SyncProgress;
use crate::text::{read, write_some};

/// A workspace on this device: every call works without a network, and what it did is durable when
/// it returns. Safe to use from any number of threads.
///
/// Shut it down, or free it, to let another process open the folder.
#[derive(uniffi::Object)]
pub struct Workspace {
    open: Mutex<Option<casework::Workspace>>,
    /// What keeps it in step, while it does.
    watch: Mutex<Option<Watch>>,
}

/// How a new workspace and its first member are called.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NewWorkspace {
    /// The workspace, one line.
    pub name: String,
    /// The first member, who owns it.
    pub member_name: String,
    /// This device.
    pub device_name: String,
}

/// How a newcomer wants to be called.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct JoinAs {
    /// The member; not used for another device of somebody who is a member already.
    #[uniffi(default = "")]
    pub member_name: String,
    /// This device.
    pub device_name: String,
}

/// How this device stands, by everything that has arrived here. More may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Enrolment {
    /// Not enrolled yet: its join is not over. Syncing goes on with it.
    Joining,
    /// Enrolled.
    Enrolled,
    /// Its member is suspended, and may be let in again.
    Suspended,
    /// Revoked, for good: what is here can be read, and taken away ([`Workspace::erase`]).
    Revoked,
}

/// Which workspace this is, and who this device is in it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct WorkspaceInfo {
    /// The workspace's id.
    pub workspace_id: String,
    /// Its name; empty until the people have arrived.
    pub name: String,
    /// This device's id.
    pub device_id: String,
    /// The name of this device; empty until it is enrolled.
    pub device_name: String,
    /// Whose device it is; nothing while it is not enrolled, or may not work (`standing`).
    pub member_id: Option<String>,
    /// The member's name; empty likewise.
    pub member_name: String,
    /// Whether it belongs to somebody who may work.
    pub standing: Enrolment,
    /// The server's address, if one is set.
    pub server: Option<String>,
    /// The folder.
    pub folder: String,
}

/// Hears how far a join has come. Called on the thread that joins. What it throws changes nothing.
#[uniffi::export(foreign)]
pub trait JoinListener: Send + Sync {
    /// It has come so far.
    ///
    /// # Errors
    /// Whatever the app's code throws: the join goes on.
    fn on_progress(&self, progress: SyncProgress) -> Result<(), ObserverError>;
}

#[uniffi::export]
impl Workspace {
    /// Founds a workspace in a folder, without a network. The key lies in a file there with mode
    /// 0600, or in the app's own store.
    ///
    /// # Errors
    /// `Invalid` when the folder holds a workspace already or a name is none, `Unavailable` when
    /// the folder or the key store cannot be written.
    #[uniffi::constructor(default(key_store = None))]
    pub fn create(
        folder: String,
        new: NewWorkspace,
        key_store: Option<Arc<dyn KeyStore>>,
    ) -> Result<Arc<Self>, CaseworkError> {
        let founding = Founding {
            workspace_name: new.name,
            member_name: new.member_name,
            device_name: new.device_name,
        };
        let keys = keys(&folder, key_store);
        let sdk = casework::Workspace::found_with(Path::new(&folder), &founding, keys.as_ref())?;
        Ok(Self::around(sdk))
    }

    /// Opens the workspace in a folder.
    ///
    /// # Errors
    /// `Invalid` when there is none, `InUse` when another process has it open, `Corrupt` when its
    /// key is missing or does not fit.
    #[uniffi::constructor(default(key_store = None))]
    pub fn open(
        folder: String,
        key_store: Option<Arc<dyn KeyStore>>,
    ) -> Result<Arc<Self>, CaseworkError> {
        let keys = keys(&folder, key_store);
        let sdk = casework::Workspace::open_with(Path::new(&folder), keys.as_ref())?;
        Ok(Self::around(sdk))
    }

    /// Joins a workspace by the text of an invite: a link, or what a QR code of one says. An
    /// invite for another device of a member makes this its second device.
    ///
    /// Waits for the network; interrupted, the same call goes on where it was.
    ///
    /// # Errors
    /// `Denied` when the invite is expired, used up or cancelled; `Unavailable` when there is no
    /// server; `Corrupt` when it is not the server of the invite; `Invalid` for a text that is no
    /// invite, or a folder with another workspace.
    #[uniffi::constructor(default(key_store = None, listener = None))]
    pub fn join(
        folder: String,
        invite: &str,
        who: JoinAs,
        key_store: Option<Arc<dyn KeyStore>>,
        listener: Option<Arc<dyn JoinListener>>,
    ) -> Result<Arc<Self>, CaseworkError> {
        let link = read(invite)?;
        let newcomer = Newcomer {
            member_name: who.member_name,
            device_name: who.device_name,
        };
        let keys = keys(&folder, key_store);
        let hear = &mut |progress: &casework::Progress| {
            if let Some(listener) = &listener {
                // A progress bar that fails is no reason to stay outside.
                let _ = listener.on_progress((*progress).into());
            }
        };
        let folder = Path::new(&folder);
        let sdk = casework::Workspace::join_with(folder, &link, &newcomer, keys.as_ref(), hear)?;
        Ok(Self::around(sdk))
    }

    /// Closes the workspace: ends the connection and every sync that is under way, tells the
    /// observers [`crate::Event::Closed`], and lets the folder be opened again as soon as calls that
    /// are under way have ended. Every later call answers `Closed`. Doing it twice does nothing.
    pub fn shutdown(&self) {
        // Under the lock of the watch, so that no connection begins beside this.
        let mut watch = self.lock_watch();
        let open = self.lock().take();
        if let Some(open) = &open {
            open.end();
        }
        drop(watch.take());
        drop(watch);
        drop(open);
    }

    /// Takes everything of the workspace out of its folder, for good, and shuts it down: for who
    /// leaves, or gives the phone away. What was synced stays on the server and with the others. A key
    /// in the app's own store is the app's to delete, afterwards.
    ///
    /// # Errors
    /// `Invalid` while something was not sent or lies in the drawer, unless that may be lost; `Unavailable` when a file
    /// cannot be deleted: the same again goes on; `Closed`.
    #[uniffi::method(default(even_unsent = false))]
    pub fn erase(&self, even_unsent: bool) -> Result<(), CaseworkError> {
        self.sdk()?.erase(even_unsent)?;
        self.shutdown();
        Ok(())
    }

    /// Whether it was shut down.
    pub fn is_shut_down(&self) -> bool {
        self.lock().is_none()
    }

    /// Which workspace this is, and who this device is in it.
    ///
    /// # Errors
    /// `Closed`; `Unavailable` when the store fails.
    pub fn info(&self) -> Result<WorkspaceInfo, CaseworkError> {
        let info = self.sdk()?.info()?;
        Ok(WorkspaceInfo {
            workspace_id: info.workspace.to_string(),
            name: info.name,
            device_id: info.device.to_string(),
            device_name: info.device_name,
            member_id: write_some(info.member),
            member_name: info.member_name,
            standing: match info.standing {
                casework::Enrolment::Joining => Enrolment::Joining,
                casework::Enrolment::Enrolled => Enrolment::Enrolled,
                casework::Enrolment::Suspended => Enrolment::Suspended,
                casework::Enrolment::Revoked => Enrolment::Revoked,
            },
            server: info.server.map(|row| row.address),
            folder: info.folder.to_string_lossy().into_owned(),
        })
    }

    /// Bounds the memory that open documents may take together, in bytes (an estimate). Reading
    /// opens none; acting on a case, and merging into it, does.
    ///
    /// # Errors
    /// `Closed`.
    pub fn set_document_memory(&self, bytes: u64) -> Result<(), CaseworkError> {
        Ok(self.sdk()?.set_document_memory(bytes)?)
    }
}

/// Whether a folder holds a workspace.
#[uniffi::export]
#[must_use]
pub fn is_workspace(folder: &str) -> bool {
    casework::Workspace::is_in(Path::new(folder))
}

/// Trusts a certificate authority for the server of the workspace in this folder, instead of those
/// of the system. `pem` is its certificate. Before a join the folder need not exist.
///
/// # Errors
/// `Invalid` for a text without a certificate, `Unavailable` when it cannot be stored.
#[uniffi::export]
pub fn trust_authority(folder: &str, pem: &str) -> Result<(), CaseworkError> {
    let folder = Path::new(folder);
    Ok(casework::Workspace::trust_authority(
        folder,
        pem.as_bytes(),
    )?)
}

impl Workspace {
    fn around(sdk: casework::Workspace) -> Arc<Self> {
        Arc::new(Self {
            open: Mutex::new(Some(sdk)),
            watch: Mutex::new(None),
        })
    }

    /// The workspace of the Rust SDK, for one call: no lock is held while it works. Programs in Rust
    /// that use both have it too.
    ///
    /// # Errors
    /// `Closed` after [`Workspace::shutdown`].
    pub fn sdk(&self) -> Result<casework::Workspace, CaseworkError> {
        self.lock().clone().ok_or_else(CaseworkError::closed)
    }

    pub(crate) fn lock_watch(&self) -> MutexGuard<'_, Option<Watch>> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A panic elsewhere cannot have left an option half changed.
    fn lock(&self) -> MutexGuard<'_, Option<casework::Workspace>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl core::fmt::Debug for Workspace {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.lock().fmt(f)
    }
}

fn keys(folder: &str, app: Option<Arc<dyn KeyStore>>) -> Box<dyn casework::KeyStore> {
    match app {
        Some(app) => Box::new(AppKeys(app)),
        None => Box::new(KeyFile::in_folder(Path::new(folder))),
    }
}
