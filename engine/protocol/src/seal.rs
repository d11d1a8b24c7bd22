//! Runs of changes under one signature: `SignedRun` → [`CheckedRun`] → [`VerifiedRun`].
//!
//! A change's hash covers its dependencies and an honest change names its own predecessor among
//! them, so one signature over the newest change of a run vouches for the whole run (DESIGN §4).
//! A [`SignedRun`] shows nothing of its changes before the gate and the signature have passed.

use minicbor::{Decode, Encode};

use crate::digest::Tag;
use crate::gate::{CheckedChange, GateError, Origin, check_change, chunk_hash};
use crate::ids::{ActorId, ChangeHash, DeviceId, DocumentId, WorkspaceId};
use crate::keys::{Claim, KeyError, Signature, Signer, message, verify_batch};
use crate::limits::{MAX_RUN_BYTES, MAX_RUN_CHANGES};

/// Consecutive changes of one actor as they travel: nothing is proved yet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SignedRun {
    #[n(0)]
    document: DocumentId,
    #[n(1)]
    device: DeviceId,
    #[n(2)]
    changes: Vec<minicbor::bytes::ByteVec>,
    #[n(3)]
    signature: Signature,
}

/// A run whose bytes passed the gate and form a chain. The signature is still open.
#[derive(Debug, Clone)]
pub struct CheckedRun {
    origin: Origin,
    changes: Vec<CheckedChange>,
    signature: Signature,
}

/// A run that its author's device really signed.
#[derive(Debug, Clone)]
pub struct VerifiedRun {
    origin: Origin,
    changes: Vec<CheckedChange>,
    signature: Signature,
}

/// Why a run is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// A run without changes, or with more than the limits allow. The sender is broken.
    #[error("run of {changes} changes and {bytes} bytes is empty or too long")]
    Size {
        /// How many changes.
        changes: usize,
        /// How many bytes they have together.
        bytes: usize,
    },
    /// A change fails the gate; its place in the run is named.
    #[error("change {index} of the run: {error}")]
    Gate {
        /// Place in the run, from 0.
        index: usize,
        /// What the gate says.
        error: GateError,
    },
    /// The changes are not consecutive ones of one actor, each naming its predecessor.
    #[error("change {index} of the run does not follow the one before it")]
    NotAChain {
        /// Place in the run, from 0.
        index: usize,
    },
    /// The signature does not hold.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl SignedRun {
    /// Puts a run together from parts that were signed before (by [`sign_change`]).
    #[must_use]
    pub fn from_parts(
        document: DocumentId,
        device: DeviceId,
        changes: Vec<Vec<u8>>,
        signature: Signature,
    ) -> Self {
        let changes = changes.into_iter().map(Into::into).collect();
        Self {
            document,
            device,
            changes,
            signature,
        }
    }

    /// The document it claims to belong to.
    #[must_use]
    pub fn document(&self) -> DocumentId {
        self.document
    }

    /// The device it claims to come from.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// How many changes it claims to have.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether it has no changes, which the gate refuses.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Bytes of its changes together.
    #[must_use]
    pub fn changes_len(&self) -> usize {
        self.changes.iter().map(|change| change.len()).sum()
    }

    /// The hashes that its changes have, with their bytes, unchecked: for leaves of a log that is
    /// itself proved. `None` if a change is no chunk at all.
    #[must_use]
    pub fn claimed_hashes(&self) -> Option<Vec<(ChangeHash, &[u8])>> {
        self.changes
            .iter()
            .map(|bytes| Some((chunk_hash(bytes)?, bytes.as_slice())))
            .collect()
    }

    /// Passes every change through the gate and checks that they form one chain.
    ///
    /// # Errors
    /// [`SealError`] naming the first change that fails.
    pub fn check(self, workspace: WorkspaceId) -> Result<CheckedRun, SealError> {
        let bytes = self.changes_len();
        if self.is_empty() || self.len() > MAX_RUN_CHANGES || bytes > MAX_RUN_BYTES {
            return Err(SealError::Size {
                changes: self.len(),
                bytes,
            });
        }
        let origin = Origin {
            workspace,
            document: self.document,
            device: self.device,
        };
        let mut changes: Vec<CheckedChange> = Vec::with_capacity(self.changes.len());
        for (index, bytes) in self.changes.into_iter().enumerate() {
            let change = check_change(&origin, bytes.into())
                .map_err(|error| SealError::Gate { index, error })?;
            if changes.last().is_some_and(|last| !follows(last, &change)) {
                return Err(SealError::NotAChain { index });
            }
            changes.push(change);
        }
        Ok(CheckedRun {
            origin,
            changes,
            signature: self.signature,
        })
    }
}

/// Whether `next` is the same actor's next change and builds on `last` directly.
fn follows(last: &CheckedChange, next: &CheckedChange) -> bool {
    let (last, next) = (last.header(), next.header());
    next.actor == last.actor
        && Some(next.seq) == last.seq.checked_add(1)
        && next.start_op > last.max_op()
        && next.deps.contains(&last.hash)
}

impl CheckedRun {
    /// What its signature must cover.
    fn claim(&self) -> Claim {
        Claim {
            key: self.origin.device,
            message: signed_message(&self.origin, self.last().header().hash),
            signature: self.signature,
        }
    }

    fn last(&self) -> &CheckedChange {
        self.changes
            .last()
            .expect("a checked run has at least one change")
    }

    /// Checks this run's signature alone.
    ///
    /// # Errors
    /// [`KeyError`] when it does not hold.
    pub fn verify(self) -> Result<VerifiedRun, KeyError> {
        verify_batch(&[self.claim()]).remove(0)?;
        Ok(self.into_verified())
    }

    /// Checks the signatures of many runs together: cheaper, and with the same answer for each.
    #[must_use]
    pub fn verify_all(runs: Vec<Self>) -> Vec<Result<VerifiedRun, KeyError>> {
        let claims: Vec<Claim> = runs.iter().map(Self::claim).collect();
        verify_batch(&claims)
            .into_iter()
            .zip(runs)
            .map(|(result, run)| result.map(|()| run.into_verified()))
            .collect()
    }

    fn into_verified(self) -> VerifiedRun {
        VerifiedRun {
            origin: self.origin,
            changes: self.changes,
            signature: self.signature,
        }
    }
}

impl VerifiedRun {
    /// Where it belongs and who signed it.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Its changes, in order; at least one.
    #[must_use]
    pub fn changes(&self) -> &[CheckedChange] {
        &self.changes
    }

    /// The actor of all its changes.
    #[must_use]
    pub fn actor(&self) -> ActorId {
        self.changes[0].header().actor
    }

    /// The newest change, which the signature covers.
    #[must_use]
    pub fn tip(&self) -> ChangeHash {
        self.changes[self.changes.len() - 1].header().hash
    }

    /// The signature over the newest change.
    #[must_use]
    pub fn signature(&self) -> Signature {
        self.signature
    }

    /// The run as it travels.
    #[must_use]
    pub fn to_signed(&self) -> SignedRun {
        SignedRun {
            document: self.origin.document,
            device: self.origin.device,
            changes: self
                .changes
                .iter()
                .map(|change| change.bytes().to_vec().into())
                .collect(),
            signature: self.signature,
        }
    }
}

fn signed_message(origin: &Origin, hash: ChangeHash) -> Vec<u8> {
    message(
        Tag::Change,
        &[
            origin.workspace.as_bytes(),
            origin.document.as_bytes(),
            hash.as_bytes(),
        ],
    )
}

/// Signs a change of this device: tag ‖ workspace ‖ document ‖ change hash.
#[must_use]
pub fn sign_change(
    key: &dyn Signer,
    workspace: WorkspaceId,
    document: DocumentId,
    hash: ChangeHash,
) -> Signature {
    key.sign(
        Tag::Change,
        &[workspace.as_bytes(), document.as_bytes(), hash.as_bytes()],
    )
}

/// The claim that a signature over one change hash makes; leaf signatures of bundles are checked
/// with it, many at once, by [`verify_batch`].
#[must_use]
pub fn change_claim(origin: &Origin, hash: ChangeHash, signature: Signature) -> Claim {
    Claim {
        key: origin.device,
        message: signed_message(origin, hash),
        signature,
    }
}
