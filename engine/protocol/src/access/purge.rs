//! Purging a document: requested, waited for, carried out, and then nothing more.
//!
//! When a purge is due is decided by the times at which the log *received* the request and the
//! purge, so everybody decides alike and nobody's clock matters. Who may say it is the fold's
//! business. Invariant: a purged record has no request and takes no entry.

use crate::access::entry::{AccessBody, AccessEntry, DocumentKind};
use crate::access::error::AccessError;
use crate::access::state::AccessState;
use crate::ids::DeviceId;
use crate::limits::{MAX_PURGE_DAYS, MIN_PURGE_DAYS};

/// Milliseconds of a day.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A request to purge a document that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurgeRequest {
    /// The device that signed it.
    pub by: DeviceId,
    /// When the log received it, milliseconds since 1970 by the server's clock.
    pub received_ms: u64,
    /// When it was made by its author's own word.
    pub claimed_ms: u64,
    /// How many days it waits from when it was received.
    pub days: u32,
}

/// That a document was purged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purged {
    /// The device that signed the purge.
    pub by: DeviceId,
    /// When the log received it, milliseconds since 1970 by the server's clock.
    pub received_ms: u64,
}

impl PurgeRequest {
    /// From when on a purge holds, by the time at which the log receives it.
    #[must_use]
    pub fn due_ms(&self) -> u64 {
        self.received_ms.saturating_add(self.wait_ms())
    }

    /// How long it waits, in milliseconds.
    #[must_use]
    pub fn wait_ms(&self) -> u64 {
        u64::from(self.days) * DAY_MS
    }
}

/// The record after an entry about a purge, but for its version and head.
pub(super) fn next(
    state: &AccessState,
    entry: &AccessEntry,
    received_ms: u64,
) -> Result<AccessState, AccessError> {
    if state.kind != DocumentKind::Case {
        return Err(AccessError::Unpurgeable);
    }
    let head = entry.head();
    let mut next = state.clone();
    match entry.body() {
        AccessBody::RequestPurge { days } => {
            if !(MIN_PURGE_DAYS..=MAX_PURGE_DAYS).contains(days) {
                return Err(AccessError::PurgeDays(*days));
            }
            next.purge = Some(PurgeRequest {
                by: head.author,
                received_ms,
                claimed_ms: head.claimed_ms,
                days: *days,
            });
        }
        AccessBody::CancelPurge => {
            next.purge.take().ok_or(AccessError::NoEffect)?;
        }
        AccessBody::Purge => {
            let request = next.purge.take().ok_or(AccessError::NoPurgeRequest)?;
            if state.legal_hold {
                return Err(AccessError::LegalHold);
            }
            let due_ms = request.due_ms();
            if received_ms < due_ms {
                let at_ms = received_ms;
                return Err(AccessError::PurgeNotDue { due_ms, at_ms });
            }
            next.purged = Some(Purged {
                by: head.author,
                received_ms,
            });
        }
        AccessBody::Genesis { .. } | AccessBody::Change { .. } => {}
    }
    Ok(next)
}
