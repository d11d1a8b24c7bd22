//! What the server says of its log as a whole, held against what it said before.
//!
//! Invariant: a head is trusted only if the server signed it and proved that its log goes on from
//! the head trusted before, or if this device has seen none.

use casework_protocol::frame::{Continuity, Start};
use casework_protocol::ids::{EpochId, ServerId, WorkspaceId};
use casework_protocol::log::{ConsistencyProof, HeadRelation, SignedHead, VerifiedHead, relate};

use super::fault::{ForkEvidence, SyncFault};

/// What a resumed session goes on with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// Read on under this head.
    GoOn(VerifiedHead),
    /// The server lost entries from this position on; the head shown to it stays the trusted one.
    Behind { common: u64 },
    /// The server has other entries in place of known ones; only a new epoch helps.
    Diverged {
        trusted: String,
        offered: String,
        evidence: Box<ForkEvidence>,
    },
    /// A new epoch under this head forked at this position.
    NewEpoch { head: VerifiedHead, common: u64 },
}

/// Judges the answer to a resume that showed `shown`.
pub(super) fn judge_continuity<F>(
    shown: Option<&VerifiedHead>,
    offered: VerifiedHead,
    continuity: Continuity,
) -> Result<Judged, SyncFault<F>> {
    match (shown, continuity) {
        (None, Continuity::First) => Ok(Judged::GoOn(offered)),
        (Some(_), Continuity::First) => Err(SyncFault::Continuity("it says that none was shown")),
        (None, _) => Err(SyncFault::Continuity("none was shown")),
        (Some(trusted), Continuity::Extends(proof)) => {
            judge_growth(trusted, offered, Some(&proof)).map(Judged::GoOn)
        }
        (Some(trusted), Continuity::Behind { common, recovering }) => {
            same_epoch(trusted.head().epoch, offered.head().epoch)?;
            let (known, now) = (trusted.head().size, offered.head().size);
            if common > known.min(now) {
                return Err(SyncFault::Continuity(
                    "it names a common part that is too long",
                ));
            }
            if known == now && trusted.head().root == offered.head().root {
                return Err(SyncFault::Continuity("it lost nothing"));
            }
            if recovering {
                return Ok(Judged::Behind { common });
            }
            Ok(Judged::Diverged {
                trusted: trusted.head().short_code(),
                offered: offered.head().short_code(),
                evidence: Box::new(ForkEvidence {
                    size: known,
                    trusted: trusted.signed().clone(),
                    offered: offered.signed().clone(),
                    proof: None,
                }),
            })
        }
        (Some(trusted), Continuity::NewEpoch { from, common }) => {
            same_epoch(trusted.head().epoch, from)?;
            if offered.head().epoch == from {
                return Err(SyncFault::Continuity("its new epoch is the old one"));
            }
            if common > trusted.head().size.min(offered.head().size) {
                return Err(SyncFault::Continuity(
                    "it names a common part that is too long",
                ));
            }
            Ok(Judged::NewEpoch {
                head: offered,
                common,
            })
        }
    }
}

/// Judges a head by the proof that its log goes on from the trusted one.
pub(super) fn judge_growth<F>(
    trusted: &VerifiedHead,
    offered: VerifiedHead,
    proof: Option<&ConsistencyProof>,
) -> Result<VerifiedHead, SyncFault<F>> {
    let (known, now) = (trusted.head(), offered.head());
    match relate(trusted, &offered, proof).map_err(SyncFault::Unproved)? {
        HeadRelation::Same | HeadRelation::Newer => Ok(offered),
        HeadRelation::Older | HeadRelation::Shorter => Err(SyncFault::WentBack {
            known: known.size,
            offered: now.size,
        }),
        HeadRelation::OtherEpoch => Err(SyncFault::OtherEpoch {
            known: known.epoch,
            offered: now.epoch,
        }),
        HeadRelation::Fork { size, .. } => Err(SyncFault::ForkedLog {
            trusted: known.short_code(),
            offered: now.short_code(),
            evidence: Box::new(ForkEvidence {
                size,
                trusted: trusted.signed().clone(),
                offered: offered.signed().clone(),
                proof: proof.cloned(),
            }),
        }),
    }
}

/// Checks that a start lies in the log under this head.
pub(super) fn check_start<F>(start: Start, head: &VerifiedHead) -> Result<(), SyncFault<F>> {
    let (epoch, reached) = match start {
        Start::Nothing => return Ok(()),
        Start::Partway { epoch, target, .. } => (epoch, target),
        Start::At(cursor) => (cursor.epoch, cursor.seq),
    };
    same_epoch(epoch, head.head().epoch)?;
    let offered = head.head().size;
    (reached <= offered)
        .then_some(())
        .ok_or(SyncFault::WentBack {
            known: reached,
            offered,
        })
}

/// Reads a head from the wire or the store.
pub(super) fn verify<F>(
    head: SignedHead,
    server: ServerId,
    workspace: WorkspaceId,
) -> Result<VerifiedHead, SyncFault<F>> {
    head.verify(server, workspace).map_err(SyncFault::Head)
}

fn same_epoch<F>(known: EpochId, offered: EpochId) -> Result<(), SyncFault<F>> {
    (known == offered)
        .then_some(())
        .ok_or(SyncFault::OtherEpoch { known, offered })
}
