//! What a sync tells while it goes on and when it is over.

use std::time::Duration;

use casework_engine::replica::{Notice, Status};
use casework_engine::sync::Phase;
use serde::{Serialize, Serializer};

use crate::error::ErrorKind;

/// How far a sync has come. Counts are of this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// What it is doing.
    pub phase: Phase,
    /// Log entries and bundles that the server announced, roughly: the length of a progress bar.
    pub expected: u64,
    /// Log entries and bundles received.
    pub received: u64,
    /// Changes and entries that the server has logged for this device.
    pub pushed: u64,
    /// Things that still wait to be pushed.
    pub unsent: usize,
    /// Bytes of frames received.
    pub bytes_in: u64,
    /// Bytes of frames sent.
    pub bytes_out: u64,
    /// Server's clock minus this device's, in milliseconds; `None` before the greeting.
    pub clock_skew_ms: Option<i64>,
}

/// What a sync did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SyncReport {
    /// Everything is in step; else the time was over, or something cannot be sent for now (the
    /// server lacks what it builds on, say) and is tried again with the next connection.
    pub in_step: bool,
    /// Changes and entries that the server has logged for this device.
    pub pushed: u64,
    /// Log entries and bundles received, those of this device included.
    pub received: u64,
    /// Bytes of frames received.
    pub bytes_in: u64,
    /// Bytes of frames sent.
    pub bytes_out: u64,
    /// How long it took.
    #[serde(rename = "duration_ms", serialize_with = "millis")]
    pub duration: Duration,
    /// Own changes that the server holds until somebody adopts them.
    pub held: usize,
    /// Own changes and entries that could not stand; the changes lie in the drawer.
    pub refused: usize,
    /// Server's clock minus this device's, in milliseconds.
    pub clock_skew_ms: Option<i64>,
    /// Everything that happened behind the person's back.
    pub notices: Vec<Notice>,
    /// How the replica stands now.
    pub status: Status,
}

/// How syncing stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum SyncState {
    /// Nobody syncs.
    Off,
    /// Looking for the server.
    Connecting,
    /// Reading, or sending, what the other side lacks.
    Working(Progress),
    /// Everything is on the server and everything of the server is here.
    InStep(Progress),
    /// Everything was in step; network or battery are spared until the next connection, which comes
    /// by itself, or sooner when there is work to send.
    Resting {
        /// Until then, in milliseconds.
        next_in_ms: u64,
        /// Things that wait to be pushed.
        unsent: usize,
    },
    /// The app asked for quiet: no connection until it says otherwise. Work goes on offline.
    Paused,
    /// No server; work goes on offline. The next attempt comes by itself.
    Offline {
        /// Why.
        reason: String,
        /// Until the next attempt, in milliseconds.
        retry_in_ms: u64,
    },
    /// Syncing rests: trying again by itself makes no sense, until somebody sets another server or
    /// asks for an attempt. Unsent work stays here, readable.
    Stopped {
        /// What to do about it.
        kind: ErrorKind,
        /// Why.
        reason: String,
    },
}

impl Progress {
    /// What came since an earlier look at the same connection; all of it when this is another one.
    pub(crate) fn since(self, before: Self) -> Self {
        let same = self.bytes_in >= before.bytes_in && self.bytes_out >= before.bytes_out;
        if !same {
            return self;
        }
        Self {
            received: self.received.saturating_sub(before.received),
            pushed: self.pushed.saturating_sub(before.pushed),
            bytes_in: self.bytes_in - before.bytes_in,
            bytes_out: self.bytes_out - before.bytes_out,
            ..self
        }
    }
}

impl SyncState {
    /// How far the connection has come, while there is one.
    pub(crate) const fn progress(&self) -> Option<Progress> {
        match self {
            Self::Working(progress) | Self::InStep(progress) => Some(*progress),
            Self::Off
            | Self::Connecting
            | Self::Resting { .. }
            | Self::Paused
            | Self::Offline { .. }
            | Self::Stopped { .. } => None,
        }
    }
}

impl SyncReport {
    /// Counts what went wrong with own work.
    pub(crate) fn count(notices: &[Notice]) -> (usize, usize) {
        let held = notices
            .iter()
            .filter(|notice| matches!(notice, Notice::OwnWorkHeld { .. }));
        let refused = notices.iter().filter(|notice| {
            matches!(
                notice,
                Notice::OwnWorkRefused { .. } | Notice::EntryRefused { .. }
            )
        });
        (held.count(), refused.count())
    }
}

fn millis<S: Serializer>(duration: &Duration, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
