//! Purges, read naively from a case's access record: the log's order and times decide, nothing else.

use casework_protocol::access::entry::{AccessBody, AccessEntry};
use casework_protocol::authority::Received;
use casework_protocol::ids::DocumentId;

const DAY_MS: u64 = 86_400_000;

/// Whether the record ends with a purge.
///
/// # Panics
/// When that purge ran before its days were over, without a request or under a legal hold, or when
/// the record goes on after it; names the seed.
pub fn is_gone<'e>(
    seed: u64,
    case: DocumentId,
    entries: impl Iterator<Item = (&'e AccessEntry, Received)>,
) -> bool {
    let (mut hold, mut due_ms) = (false, None);
    let mut gone = false;
    for (entry, received) in entries {
        assert!(!gone, "seed {seed}: {case} goes on after its purge");
        match entry.body() {
            AccessBody::Change { legal_hold, .. } => hold = legal_hold.unwrap_or(hold),
            AccessBody::RequestPurge { days } => {
                due_ms = Some(received.ms + u64::from(*days) * DAY_MS);
            }
            AccessBody::CancelPurge => due_ms = None,
            AccessBody::Purge => {
                gone = true;
                assert!(!hold, "seed {seed}: {case} was purged under a hold");
                let waited = due_ms.is_some_and(|due_ms| due_ms <= received.ms);
                assert!(waited, "seed {seed}: {case} was purged early");
            }
            AccessBody::Genesis { .. } => {}
        }
    }
    gone
}
