//! Syncing: once, for a limited time, or all the time with hints about network and battery.

use std::sync::Arc;
use std::time::Duration;

use casework::{Observer, Scope, Watch};

use crate::error::CaseworkError;
use crate::status::{Notice, WorkspaceStatus};
use crate::text::{count, read, read_all, read_some};
use crate::workspace::Workspace;

/// What a sync did.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SyncReport {
    /// Whether everything is in step, as against: the time was over.
    pub in_step: bool,
    /// Own changes and entries that are on the server now.
    pub pushed: u64,
    /// What came, own work included.
    pub received: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Own changes that the server holds until somebody adopts them.
    pub held: u32,
    /// Own changes and entries that could not stand; the changes lie in the drawer.
    pub refused: u32,
    /// The server's clock minus this device's, in milliseconds.
    pub clock_skew_ms: Option<i64>,
    /// What happened behind the person's back.
    pub notices: Vec<Notice>,
    /// How the workspace stands now.
    pub status: WorkspaceStatus,
}

/// What the app knows of network and battery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, uniffi::Record)]
pub struct SyncHints {
    /// No connection until this is taken back.
    #[uniffi(default = false)]
    pub paused: bool,
    /// Bytes cost money: few, short connections.
    #[uniffi(default = false)]
    pub metered: bool,
    /// Power is short: the same.
    #[uniffi(default = false)]
    pub low_power: bool,
}

/// Which of the cases that this member may see the server sends.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum SyncScope {
    /// All of them.
    All,
    /// These and no others.
    Cases {
        /// Their ids.
        ids: Vec<String>,
    },
    /// Those that name this member.
    Mine,
    /// Those that name a team of this member, or the member.
    MyTeams,
    /// Those of one template.
    OfTemplate {
        /// Its id.
        id: String,
    },
}

#[uniffi::export]
impl Workspace {
    /// Sets the server: `ws://host:port` or `wss://host:port`. Its key is pinned at the first
    /// greeting, or given here.
    ///
    /// # Errors
    /// `Invalid` for an address or key that is none, or another server than the pinned one.
    #[uniffi::method(default(key = None))]
    pub fn set_server(&self, address: &str, key: Option<String>) -> Result<(), CaseworkError> {
        let key = read_some(key.as_deref())?;
        Ok(self.sdk()?.set_server(address, key)?)
    }

    /// Chooses which of the visible cases the server sends. Cases outside that are here already
    /// stay; what is wanted now and was not before comes with the next sync, or at once while
    /// connected.
    ///
    /// # Errors
    /// `Invalid` for an id that is none, and for more than 10,000 cases.
    pub fn set_scope(&self, scope: SyncScope) -> Result<(), CaseworkError> {
        let scope = match scope {
            SyncScope::All => Scope::All,
            SyncScope::Cases { ids } => {
                Scope::Listed(read_all::<casework::ids::DocumentId, _>(&ids)?)
            }
            SyncScope::Mine => Scope::Mine,
            SyncScope::MyTeams => Scope::Team,
            SyncScope::OfTemplate { id } => Scope::Templates(vec![read(&id)?]),
        };
        Ok(self.sdk()?.set_scope(&scope)?)
    }

    /// Syncs once: sends and receives until everything is in step. Blocks: call it off the main
    /// thread. Observers hear how far it has come.
    ///
    /// # Errors
    /// `Unavailable` when there is no server (everything stays here and can be sent later);
    /// `Denied` when the device is not, or no longer, enrolled; `Corrupt` when the server is not
    /// to be trusted; `Invalid` when no server is set.
    pub fn sync(&self) -> Result<SyncReport, CaseworkError> {
        let report = self.sdk()?.sync(&mut |_| {})?;
        Ok(told(report))
    }

    /// Syncs for at most so many seconds, for the short time that a system gives an app in the
    /// background. What was sent by then is safe on the server; what was not waits here.
    ///
    /// # Errors
    /// As [`Workspace::sync`]; `Unavailable` also when the time was over before the server
    /// answered.
    pub fn sync_for(&self, seconds: u32) -> Result<SyncReport, CaseworkError> {
        let at_most = Duration::from_secs(seconds.into());
        Ok(told(self.sdk()?.sync_for(at_most, &mut |_| {})?))
    }

    /// Keeps the workspace in step from now on, on a thread of its own: sends work as it is done,
    /// takes what others do, and connects again by itself. Said twice, the hints hold; what rested
    /// ([`crate::SyncState::Stopped`]) tries again.
    ///
    /// # Errors
    /// `Unavailable` when no thread can be started; `Closed`.
    pub fn connect(&self, hints: SyncHints) -> Result<(), CaseworkError> {
        let mut watch = self.lock_watch();
        let sdk = self.sdk()?;
        if watch.as_ref().is_none_or(Watch::is_over) {
            drop(watch.take());
            *watch = Some(sdk.watch_with(Arc::new(Nobody), hints.into())?);
        }
        if let Some(watch) = watch.as_ref() {
            watch.set_hints(hints.into());
            if matches!(sdk.sync_state(), casework::SyncState::Stopped { .. }) {
                watch.hurry();
            }
        }
        Ok(())
    }

    /// No longer keeps it in step; answers when the connection is closed, within two seconds.
    pub fn disconnect(&self) {
        // Under the lock, so that whoever connects meanwhile does so after it.
        drop(self.lock_watch().take());
    }

    /// Whether it is being kept in step: the app connected it, and syncing has not stopped
    /// ([`crate::SyncState::Stopped`]). It says nothing of the network.
    pub fn is_connected(&self) -> bool {
        let watched = self.lock_watch().is_some();
        let stopped = |sdk: casework::Workspace| {
            matches!(sdk.sync_state(), casework::SyncState::Stopped { .. })
        };
        watched && !self.sdk().is_ok_and(stopped)
    }

    /// Ends every [`Workspace::sync`] and [`Workspace::sync_for`] that is under way: each answers
    /// `Unavailable` soon, and loses nothing. For the moment in which a system takes back the time
    /// it gave.
    pub fn cancel_sync(&self) {
        if let Ok(sdk) = self.sdk() {
            sdk.cancel_sync();
        }
    }

    /// Says what the app knows of network and battery. It holds at once: a pause ends the
    /// connection. Without [`Workspace::connect`] nothing happens.
    pub fn set_hints(&self, hints: SyncHints) {
        if let Some(watch) = self.lock_watch().as_ref() {
            watch.set_hints(hints.into());
        }
    }

    /// Connects now if it is waiting: the app knows that there is a network again.
    pub fn retry_now(&self) {
        if let Some(watch) = self.lock_watch().as_ref() {
            watch.hurry();
        }
    }
}

/// A watch is heard by observers of their own.
struct Nobody;

impl Observer for Nobody {}

impl From<SyncHints> for casework::Hints {
    fn from(hints: SyncHints) -> Self {
        Self {
            paused: hints.paused,
            metered: hints.metered,
            low_power: hints.low_power,
        }
    }
}

fn told(report: casework::SyncReport) -> SyncReport {
    SyncReport {
        in_step: report.in_step,
        pushed: report.pushed,
        received: report.received,
        bytes_in: report.bytes_in,
        bytes_out: report.bytes_out,
        duration_ms: u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
        held: count(report.held),
        refused: count(report.refused),
        clock_skew_ms: report.clock_skew_ms,
        notices: report.notices.into_iter().map(Notice::from).collect(),
        status: report.status.into(),
    }
}
