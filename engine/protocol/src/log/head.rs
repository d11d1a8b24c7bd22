//! The server's signed word about the whole log: its size, its root and when.
//!
//! A head is the receipt for everything before it. What it says about an older head is judged in
//! `relation.rs`.
//! Invariant: nobody reads a head from the wire before [`SignedHead::verify`].

use minicbor::{Decode, Encode};

use super::leaf::{Leaf, NodeHash, ProvedLeaf};
use super::proof::{InclusionProof, ProofError};
use crate::digest::{Tag, digest};
use crate::ids::{DeviceId, EpochId, ServerId, WorkspaceId};
use crate::keys::{KeyError, Signature, Signer, verify};
use crate::limits::MAX_LOG_ENTRIES;

/// Characters in [`LogHead::short_code`], hyphens not counted: 120 bits. A dishonest server may
/// try variants of two histories until their codes meet: 2^60 hashes at this length, but only
/// seconds of work at half of it.
pub const CODE_CHARS: usize = 24;

/// Crockford's alphabet: no I, L, O or U, so that nothing is misread or misheard.
const CODE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Why a signed head cannot be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// Another server signed it than the one pinned by the invite. Do not talk to it.
    #[error("the log head names server {found} and not {expected}")]
    OtherServer {
        /// The pinned server.
        expected: ServerId,
        /// The server that the head names.
        found: ServerId,
    },
    /// It is about another workspace. The sender is broken or hostile.
    #[error("the log head is about workspace {found} and not {expected}")]
    OtherWorkspace {
        /// The workspace at hand.
        expected: WorkspaceId,
        /// The workspace that the head names.
        found: WorkspaceId,
    },
    /// No log can have this size and root: an empty one has one root only, and none is longer than
    /// 2^63 entries. The sender is broken or hostile.
    #[error("no log of {size} entries can have the root {root}")]
    Impossible {
        /// The size in the head.
        size: u64,
        /// The root in the head.
        root: NodeHash,
    },
    /// The signature does not hold. The sender is broken or hostile.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// What a server says about its log after a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct LogHead {
    /// The workspace whose log it is.
    #[n(0)]
    pub workspace: WorkspaceId,
    /// The life of the workspace on its server.
    #[n(1)]
    pub epoch: EpochId,
    /// Number of entries.
    #[n(2)]
    pub size: u64,
    /// Root of the tree over them.
    #[n(3)]
    pub root: NodeHash,
    /// When it was signed, in milliseconds since 1970 by the server's clock.
    #[n(4)]
    pub time_ms: u64,
}

/// A head as it travels and is stored: nobody may read it before [`SignedHead::verify`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SignedHead {
    #[n(0)]
    head: LogHead,
    #[n(1)]
    server: ServerId,
    #[n(2)]
    signature: Signature,
}

/// A head that the expected server signed for the expected workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedHead(SignedHead);

/// Signs a head with the server's key.
#[must_use]
pub fn sign_head(key: &dyn Signer, head: LogHead) -> SignedHead {
    let server = ServerId::new(*key.device().as_bytes());
    SignedHead {
        head,
        server,
        signature: key.sign(Tag::Head, &[&head.to_bytes()]),
    }
}

impl LogHead {
    /// Length of the signed layout in bytes.
    pub const LEN: usize = 96;

    /// The bytes that are signed: workspace ‖ epoch ‖ size ‖ root ‖ time, big-endian.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..32].copy_from_slice(self.workspace.as_bytes());
        bytes[32..48].copy_from_slice(self.epoch.as_bytes());
        bytes[48..56].copy_from_slice(&self.size.to_be_bytes());
        bytes[56..88].copy_from_slice(self.root.as_bytes());
        bytes[88..].copy_from_slice(&self.time_ms.to_be_bytes());
        bytes
    }

    /// A code that two people compare, for instance over the telephone: same code, same history.
    /// It leaves the time out, because a server may sign one state of its log twice.
    #[must_use]
    pub fn short_code(&self) -> String {
        let bytes = digest(Tag::Head, &[&self.to_bytes()[..88]]);
        let bits = bytes[..16]
            .iter()
            .fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
        let mut code = String::with_capacity(CODE_CHARS + CODE_CHARS / 4);
        for place in 0..CODE_CHARS {
            if place > 0 && place % 4 == 0 {
                code.push('-');
            }
            let letter = (bits >> (123 - 5 * place)) as usize & 31;
            code.push(char::from(CODE_ALPHABET[letter]));
        }
        code
    }
}

impl SignedHead {
    /// Checks who signed it, for what workspace, and that such a log can exist.
    ///
    /// # Errors
    /// [`HeadError`] naming what does not fit.
    pub fn verify(
        self,
        server: ServerId,
        workspace: WorkspaceId,
    ) -> Result<VerifiedHead, HeadError> {
        let LogHead {
            workspace: found,
            size,
            root,
            ..
        } = self.head;
        if self.server != server {
            return Err(HeadError::OtherServer {
                expected: server,
                found: self.server,
            });
        }
        if found != workspace {
            return Err(HeadError::OtherWorkspace {
                expected: workspace,
                found,
            });
        }
        if size > MAX_LOG_ENTRIES || (size == 0 && root != NodeHash::empty_root()) {
            return Err(HeadError::Impossible { size, root });
        }
        let key = DeviceId::new(*server.as_bytes());
        verify(key, Tag::Head, &[&self.head.to_bytes()], &self.signature)?;
        Ok(VerifiedHead(self))
    }
}

impl VerifiedHead {
    /// What the server said.
    #[must_use]
    pub const fn head(&self) -> &LogHead {
        &self.0.head
    }

    /// The server that said it.
    #[must_use]
    pub const fn server(&self) -> ServerId {
        self.0.server
    }

    /// The signed form, to be stored or handed on in an invite or a dossier.
    #[must_use]
    pub const fn signed(&self) -> &SignedHead {
        &self.0
    }

    /// Checks that the leaf is in the log under this head, at the position that it names itself.
    ///
    /// # Errors
    /// [`ProofError`] naming what does not fit.
    pub fn prove_leaf(&self, leaf: Leaf, proof: &InclusionProof) -> Result<ProvedLeaf, ProofError> {
        let size = self.head().size;
        if proof.size != size {
            return Err(ProofError::OtherSize {
                expected: size,
                found: proof.size,
            });
        }
        if proof.seq != leaf.seq {
            return Err(ProofError::OtherPosition {
                expected: leaf.seq,
                found: proof.seq,
            });
        }
        proof.verify(&leaf.leaf_hash(), &self.head().root)?;
        Ok(ProvedLeaf { leaf, size })
    }
}
