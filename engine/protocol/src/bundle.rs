//! Bundles: one document's whole history up to a position of the log, in one compact piece.
//!
//! A device that has everything makes it, the relay countersigns without reading content, a device
//! that lacks the document checks it. Loading the document is the receiver's business, and the
//! gate's: nothing here looks into [`Bundle::save`].
//! Invariant: the maker can neither omit, backdate, smuggle nor hide, because [`ProvedBundle`] is made
//! only from the same history digest that the relay computed over its own index.
//!
//! [`Bundle`] → [`countersign`] → [`Countersigned`] → [`VouchedBundle`] → [`ProvedBundle`]

mod arrivals;
mod countersigned;
mod history;
mod proved;

pub use arrivals::Arrival;
pub use countersigned::{BundleClaim, Countersigned, VouchedBundle, countersign};
pub use history::{Audience, HistoryDigest, Landed, history_digest};
pub use proved::{ProvedAside, ProvedBundle};

#[cfg(test)]
mod tests;

use minicbor::{Decode, Encode};

use crate::ids::{ChangeHash, DeviceId, DocumentId, EpochId, ServerId, WorkspaceId};
use crate::keys::{KeyError, Signature};
use crate::limits::MAX_BUNDLE_BYTES;
use crate::seal::{SealError, SignedRun};

/// Why a bundle is not made, not countersigned or not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// Longer than [`MAX_BUNDLE_BYTES`]. Send the document as entries instead.
    #[error("bundle of {0} bytes is longer than {MAX_BUNDLE_BYTES}")]
    TooLong(usize),
    /// Not the CBOR that this version knows. Update, or refuse the sender.
    #[error("bundle cannot be decoded: {0}")]
    Malformed(String),
    /// The relay's own index gives another history: the maker omitted, backdated, smuggled or hid
    /// something, or made the bundle for another position. Refuse it and ask somebody else.
    #[error("the bundle of document {document} up to {upto} does not have the logged history")]
    OtherHistory {
        /// The document.
        document: DocumentId,
        /// The position that the bundle claims to reach.
        upto: u64,
    },
    /// Countersigned by another server than the one whose head is trusted. Do not use it.
    #[error("the bundle is countersigned by server {found} and not by {expected}")]
    OtherServer {
        /// The server of the trusted head.
        expected: ServerId,
        /// The server that countersigned.
        found: ServerId,
    },
    /// It is about another workspace, epoch or document than was asked for. Do not use it.
    #[error("the bundle is about document {document} of workspace {workspace}, epoch {epoch}")]
    OtherPlace {
        /// The workspace it names.
        workspace: WorkspaceId,
        /// The epoch it names.
        epoch: EpochId,
        /// The document it names.
        document: DocumentId,
    },
    /// It claims to reach beyond the trusted head. Ask for the newer head first.
    #[error("the bundle reaches to {upto} and the trusted log only to {size}")]
    Beyond {
        /// The position that the bundle claims to reach.
        upto: u64,
        /// The size of the trusted log.
        size: u64,
    },
    /// The countersignature does not hold. Do not use it.
    #[error("countersignature: {0}")]
    Countersignature(KeyError),
    /// There is not exactly one arrival per change. The maker is broken or hostile.
    #[error("{arrivals} arrivals for {changes} changes")]
    Count {
        /// Arrivals in the bundle.
        arrivals: usize,
        /// Changes in the document and aside.
        changes: usize,
    },
    /// A position outside what the bundle covers, or given twice. The maker is broken or hostile.
    #[error("position {seq} is given twice or is not below {upto}")]
    Position {
        /// The position.
        seq: u64,
        /// The position that the bundle claims to reach.
        upto: u64,
    },
    /// A leaf signature over a change that is not in the document. The maker is broken or hostile.
    #[error("a signature over change {0}, which is not in the document")]
    UnknownTip(ChangeHash),
    /// A leaf signature does not hold. The maker is broken or hostile.
    #[error("signature over change {tip}: {error}")]
    Tip {
        /// The change.
        tip: ChangeHash,
        /// What is wrong.
        error: KeyError,
    },
    /// A run set aside does not pass the gate, or its signature does not hold. The maker is broken
    /// or hostile.
    #[error("run {index} set aside: {error}")]
    Aside {
        /// Its place, from 0.
        index: usize,
        /// What is wrong.
        error: SealError,
    },
    /// A run set aside belongs to another document. The maker is broken or hostile.
    #[error("run {index} set aside is of document {document}")]
    AsideElsewhere {
        /// Its place, from 0.
        index: usize,
        /// The document it names.
        document: DocumentId,
    },
}

/// Exactly the changes of one document that stand in the log below a position.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Bundle {
    /// The workspace.
    #[n(0)]
    pub workspace: WorkspaceId,
    /// The life of the workspace on its server: positions mean nothing in another one.
    #[n(1)]
    pub epoch: EpochId,
    /// The document.
    #[n(2)]
    pub document: DocumentId,
    /// The position it reaches to: all changes of this document with a smaller one are in it.
    #[n(3)]
    pub upto: u64,
    /// [`history_digest`] over all of them.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub digest: [u8; 32],
    /// The Automerge document that holds the admitted ones, saved without orphans.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub save: Vec<u8>,
    /// The others, in any order.
    #[n(6)]
    pub aside: Vec<Aside>,
    /// The signatures that vouch for everything in the document.
    #[n(7)]
    pub leaves: Vec<LeafSignature>,
    /// One per change: those of the document in the order in which it stores them, then those
    /// aside. Delta-coded in one byte string on the wire.
    #[cbor(n(8), with = "arrivals")]
    pub arrivals: Vec<Arrival>,
}

/// Changes that are not in the document.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Aside {
    /// Not admitted by the maker's replica, as its author signed it.
    #[n(0)]
    Run(#[n(0)] SignedRun),
    /// Held by the relay below [`Bundle::upto`], so that a bundle, which is the same for everybody,
    /// must not carry their content. Whoever may have it gets it from the relay.
    #[n(1)]
    Withheld {
        /// Who wrote them, as the maker says.
        #[n(0)]
        device: DeviceId,
        /// The changes.
        #[n(1)]
        changes: Vec<ChangeHash>,
    },
}

/// A device's signature over a change that no signed change of the same device builds on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct LeafSignature {
    /// The device that signed.
    #[n(0)]
    pub device: DeviceId,
    /// The change.
    #[n(1)]
    pub tip: ChangeHash,
    /// The signature, as [`sign_change`](crate::seal::sign_change) makes it.
    #[n(2)]
    pub signature: Signature,
}

impl Bundle {
    /// The bytes to offer to the relay.
    ///
    /// # Errors
    /// [`BundleError::TooLong`] when nobody would take them.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BundleError> {
        let bytes = minicbor::to_vec(self).expect("memory takes every byte");
        within_limit(&bytes)?;
        Ok(bytes)
    }

    /// Reads a bundle. Nothing about it is true yet; memory stays within a fixed multiple of the
    /// input.
    ///
    /// # Errors
    /// [`BundleError::TooLong`] or [`BundleError::Malformed`].
    fn from_bytes(bytes: &[u8]) -> Result<Self, BundleError> {
        within_limit(bytes)?;
        let mut decoder = minicbor::Decoder::new(bytes);
        let bundle: Self = decoder.decode().map_err(malformed)?;
        if decoder.position() != bytes.len() {
            return Err(BundleError::Malformed("bytes after the bundle".to_owned()));
        }
        Ok(bundle)
    }
}

fn within_limit(bytes: &[u8]) -> Result<(), BundleError> {
    (bytes.len() <= MAX_BUNDLE_BYTES)
        .then_some(())
        .ok_or(BundleError::TooLong(bytes.len()))
}

fn malformed(error: minicbor::decode::Error) -> BundleError {
    BundleError::Malformed(error.to_string())
}
