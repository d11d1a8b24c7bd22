//! How the workspace and its syncing stand.

use casework::{ErrorKind, Phase};

use crate::error::CaseworkError;
use crate::text::{count, write_some};
use crate::workspace::Workspace;

/// How the workspace on this device stands.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct WorkspaceStatus {
    /// Cases here.
    pub cases: u32,
    /// Templates here.
    pub templates: u32,
    /// Changes and entries that wait to be sent.
    pub unsent: u32,
    /// Own work in the drawer: it could not stand.
    pub drawer: u32,
    /// Changes that the server holds until somebody adopts them.
    pub held: u32,
    /// Changes that wait for something this device does not have yet.
    pub waiting: u32,
    /// Changes that were set aside for good.
    pub quarantined: u32,
    /// Documents that were.
    pub quarantined_documents: u32,
    /// Documents whose history came as a whole and is not judged yet.
    pub unchecked: u32,
    /// The server's address, if one is set.
    pub server: Option<String>,
    /// How many entries the server's log had when it was last seen.
    pub log_size: Option<u64>,
    /// The head of that log as people compare it.
    pub head_code: Option<String>,
}

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum SyncPhase {
    /// Both sides prove who they are.
    Greeting,
    /// An invite is redeemed.
    Joining,
    /// The server takes the workspace over.
    Founding,
    /// A server that lost something takes it back.
    Restoring,
    /// Everything comes for the first time.
    FirstSync,
    /// What is new comes.
    CatchingUp,
    /// In step: what happens is taken as it happens.
    Live,
    /// Saying goodbye.
    Parting,
    /// Over.
    Ended,
}

/// How far a sync has come. Counts are of this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct SyncProgress {
    /// What it is doing.
    pub phase: SyncPhase,
    /// What the server announced, roughly: the length of a progress bar.
    pub expected: u64,
    /// What has come of it.
    pub received: u64,
    /// Own changes and entries that are on the server.
    pub pushed: u64,
    /// Those that wait to be sent.
    pub unsent: u32,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// The server's clock minus this device's, in milliseconds; nothing before the greeting.
    pub clock_skew_ms: Option<i64>,
}

/// What to do about something that ended syncing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Remedy {
    /// Change the request: the text says how.
    Invalid,
    /// Ask for the right.
    Denied,
    /// Try again later.
    Unavailable,
    /// Verify, restore, ask whoever runs the server.
    Corrupt,
    /// Report it.
    Internal,
}

/// How syncing stands.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum SyncState {
    /// Nobody syncs.
    Off,
    /// Looking for the server.
    Connecting,
    /// Reading, or sending, what the other side lacks.
    Working {
        /// How far.
        progress: SyncProgress,
    },
    /// Everything is on the server and everything of the server is here.
    InStep {
        /// How it came there.
        progress: SyncProgress,
    },
    /// Everything was in step; network or battery are spared until the next connection, which comes
    /// by itself, or sooner when there is work to send.
    Resting {
        /// Until then, in milliseconds.
        next_in_ms: u64,
        /// Changes and entries that wait to be sent.
        unsent: u32,
    },
    /// The app asked for quiet. Work goes on offline.
    Paused,
    /// No server; work goes on offline. The next attempt comes by itself.
    Offline {
        /// Why.
        reason: String,
        /// Until the next attempt, in milliseconds.
        retry_in_ms: u64,
    },
    /// Syncing rests: trying again by itself makes no sense. [`Workspace::connect`],
    /// [`Workspace::retry_now`] and [`Workspace::set_server`] try again. Unsent work stays here,
    /// readable.
    Stopped {
        /// What to do about it.
        remedy: Remedy,
        /// Why.
        reason: String,
    },
}

/// Something that happened behind the person's back.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Notice {
    /// What kind of thing.
    pub kind: NoticeKind,
    /// The case or template it is about.
    pub document_id: Option<String>,
    /// The change it is about.
    pub change_id: Option<String>,
    /// In words, for a log; empty when the kind says everything.
    pub text: String,
    /// How much unsent work was rescued into the drawer.
    #[uniffi(default = 0)]
    pub rescued: u32,
}

/// What kind of thing a notice tells. More may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum NoticeKind {
    /// The server holds a change of this device until somebody adopts it.
    OwnWorkHeld,
    /// A change of this device could not stand; it lies in the drawer.
    OwnWorkRefused,
    /// Something this device said about people or access could not stand.
    EntryRefused,
    /// A change of somebody was set aside for good.
    Quarantined,
    /// A whole document was.
    DocumentQuarantined,
    /// The server left something out.
    Gap,
    /// The server did what no honest server does.
    ServerFault,
    /// A device signed two different things in one place.
    Equivocation,
    /// A case was purged.
    Purged,
    /// A case is no longer for this device.
    Evicted,
    /// Something that this version has no word for.
    Unknown,
}

#[uniffi::export]
impl Workspace {
    /// How the workspace on this device stands.
    ///
    /// # Errors
    /// `Closed`; `Unavailable` when the store fails.
    pub fn status(&self) -> Result<WorkspaceStatus, CaseworkError> {
        Ok(self.sdk()?.status()?.into())
    }

    /// How syncing stands.
    ///
    /// # Errors
    /// `Closed`.
    pub fn sync_state(&self) -> Result<SyncState, CaseworkError> {
        Ok(self.sdk()?.sync_state().into())
    }

    /// What happened behind the person's back since the last call, the newest thousand: for apps
    /// without an observer. What a sync reported is among it.
    ///
    /// # Errors
    /// `Closed`; `Internal` after a defect in another thread.
    pub fn take_notices(&self) -> Result<Vec<Notice>, CaseworkError> {
        let notices = self.sdk()?.take_notices()?;
        Ok(notices.into_iter().map(Notice::from).collect())
    }
}

impl From<casework::Status> for WorkspaceStatus {
    fn from(status: casework::Status) -> Self {
        Self {
            cases: count(status.cases),
            templates: count(status.templates),
            unsent: count(status.unsent),
            drawer: count(status.drawer),
            held: count(status.held),
            waiting: count(status.waiting),
            quarantined: count(status.quarantined),
            quarantined_documents: count(status.quarantined_documents),
            unchecked: count(status.unchecked),
            server: status.server.map(|row| row.address),
            log_size: status.log_size,
            head_code: status.head_code,
        }
    }
}

impl From<Phase> for SyncPhase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Greeting => Self::Greeting,
            Phase::Joining => Self::Joining,
            Phase::Founding => Self::Founding,
            Phase::Restoring => Self::Restoring,
            Phase::FirstSync => Self::FirstSync,
            Phase::CatchingUp => Self::CatchingUp,
            Phase::Live => Self::Live,
            Phase::Parting => Self::Parting,
            Phase::Ended => Self::Ended,
        }
    }
}

impl From<casework::Progress> for SyncProgress {
    fn from(progress: casework::Progress) -> Self {
        Self {
            phase: progress.phase.into(),
            expected: progress.expected,
            received: progress.received,
            pushed: progress.pushed,
            unsent: count(progress.unsent),
            bytes_in: progress.bytes_in,
            bytes_out: progress.bytes_out,
            clock_skew_ms: progress.clock_skew_ms,
        }
    }
}

impl From<ErrorKind> for Remedy {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Invalid => Self::Invalid,
            ErrorKind::Denied => Self::Denied,
            ErrorKind::Unavailable => Self::Unavailable,
            ErrorKind::Corrupt => Self::Corrupt,
            ErrorKind::Internal => Self::Internal,
        }
    }
}

impl From<casework::SyncState> for SyncState {
    fn from(state: casework::SyncState) -> Self {
        use casework::SyncState as Known;
        match state {
            Known::Off => Self::Off,
            Known::Connecting => Self::Connecting,
            Known::Working(progress) => Self::Working {
                progress: progress.into(),
            },
            Known::InStep(progress) => Self::InStep {
                progress: progress.into(),
            },
            Known::Resting { next_in_ms, unsent } => Self::Resting {
                next_in_ms,
                unsent: count(unsent),
            },
            Known::Paused => Self::Paused,
            Known::Offline {
                reason,
                retry_in_ms,
            } => Self::Offline {
                reason,
                retry_in_ms,
            },
            Known::Stopped { kind, reason } => Self::Stopped {
                remedy: kind.into(),
                reason,
            },
        }
    }
}

impl From<casework::Notice> for Notice {
    fn from(notice: casework::Notice) -> Self {
        use casework::Notice as Known;
        let words = notice_words(&notice);
        let (kind, document, change, rescued) = match notice {
            Known::OwnWorkHeld { document, change } => {
                (NoticeKind::OwnWorkHeld, Some(document), Some(change), 0)
            }
            Known::OwnWorkRefused {
                document, change, ..
            } => (NoticeKind::OwnWorkRefused, Some(document), Some(change), 0),
            Known::Quarantined {
                document, change, ..
            } => (NoticeKind::Quarantined, Some(document), Some(change), 0),
            Known::DocumentQuarantined { document, .. } => {
                (NoticeKind::DocumentQuarantined, Some(document), None, 0)
            }
            Known::EntryRefused { .. } => (NoticeKind::EntryRefused, None, None, 0),
            Known::Gap { document, .. } => (NoticeKind::Gap, Some(document), None, 0),
            Known::Equivocation { document, .. } => {
                (NoticeKind::Equivocation, Some(document), None, 0)
            }
            Known::Purged { document, rescued } => {
                (NoticeKind::Purged, Some(document), None, rescued)
            }
            Known::Evicted { document, rescued } => {
                (NoticeKind::Evicted, Some(document), None, rescued)
            }
            Known::ServerFault { .. } => (NoticeKind::ServerFault, None, None, 0),
            _ => (NoticeKind::Unknown, None, None, 0),
        };
        Self {
            kind,
            document_id: write_some(document),
            change_id: write_some(change),
            text: words,
            rescued: count(rescued),
        }
    }
}

fn notice_words(notice: &casework::Notice) -> String {
    use casework::Notice as Known;
    match notice {
        Known::OwnWorkRefused { why, .. }
        | Known::Quarantined { why, .. }
        | Known::DocumentQuarantined { why, .. } => why.clone(),
        Known::EntryRefused { what, why } => format!("{what}: {why}"),
        Known::Gap { from, to, .. } => format!("entries {from} to {to} did not come"),
        Known::ServerFault { what } => what.clone(),
        Known::Equivocation { device, .. } => format!("device {device}"),
        Known::OwnWorkHeld { .. } | Known::Purged { .. } | Known::Evicted { .. } | _ => {
            String::new()
        }
    }
}
