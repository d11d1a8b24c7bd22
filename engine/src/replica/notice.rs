//! What a person should be told of what happened behind their back.
//!
//! Notices are collected in memory until they are taken; what they speak of is stored.

use casework_protocol::ids::{ChangeHash, DeviceId, DocumentId};
use serde::{Deserialize, Serialize};

/// Something that happened and that a person should be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "notice")]
#[non_exhaustive]
pub enum Notice {
    /// Own work is held until somebody adopts it; it is readable in the drawer.
    OwnWorkHeld {
        /// Where.
        document: DocumentId,
        /// The change.
        change: ChangeHash,
    },
    /// Own work was refused; it is in the drawer, to be done again.
    OwnWorkRefused {
        /// Where.
        document: DocumentId,
        /// The change.
        change: ChangeHash,
        /// Why.
        why: String,
    },
    /// A received change is set aside for good.
    Quarantined {
        /// Where.
        document: DocumentId,
        /// The change.
        change: ChangeHash,
        /// Whose.
        device: DeviceId,
        /// Why.
        why: String,
    },
    /// A whole document is set aside.
    DocumentQuarantined {
        /// Which.
        document: DocumentId,
        /// Why.
        why: String,
    },
    /// A roster or access entry made here no longer holds; it is in the drawer, to be said again.
    EntryRefused {
        /// What it says, for instance `team.change night`.
        what: String,
        /// Why.
        why: String,
    },
    /// The log of a document has a gap: the server withholds entries, or lost them.
    Gap {
        /// Which.
        document: DocumentId,
        /// The first number that is missing.
        from: u64,
        /// The number that came instead.
        to: u64,
    },
    /// The server handed on something that no honest server would; it was not taken.
    ServerFault {
        /// What.
        what: String,
    },
    /// A device signed two changes for one place. The first one logged stays.
    Equivocation {
        /// Where.
        document: DocumentId,
        /// The device.
        device: DeviceId,
    },
    /// A case was purged: its content is gone for good, here and everywhere; unsent work on it is
    /// in the drawer.
    Purged {
        /// Which.
        document: DocumentId,
        /// How many unsent actions were rescued.
        rescued: usize,
    },
    /// A document stopped being visible and was forgotten; unsent work on it is in the drawer.
    Evicted {
        /// Which.
        document: DocumentId,
        /// How many unsent actions were rescued.
        rescued: usize,
    },
}
