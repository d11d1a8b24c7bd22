//! The relay's word under a bundle, and its check against a trusted head.
//!
//! The relay reads the claim (place, position, digest) and nothing else of a bundle.
//! Invariant: only [`Countersigned::verify`] makes a [`VouchedBundle`].

use minicbor::{Decode, Encode};

use super::{Aside, Bundle, BundleError, malformed, within_limit};
use crate::digest::Tag;
use crate::ids::{DeviceId, DocumentId, EpochId, ServerId, WorkspaceId};
use crate::keys::{Signature, Signer, verify};
use crate::limits::MAX_BUNDLE_BYTES;
use crate::log::VerifiedHead;

/// The part of a bundle that the relay vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BundleClaim {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The life of the workspace on its server.
    pub epoch: EpochId,
    /// The document.
    pub document: DocumentId,
    /// The position it reaches to.
    pub upto: u64,
    /// The history digest.
    pub digest: [u8; 32],
}

/// A bundle with the relay's signature, as it travels: nothing of it is readable yet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Countersigned {
    #[cbor(n(0), with = "minicbor::bytes")]
    bundle: Vec<u8>,
    #[n(1)]
    server: ServerId,
    #[n(2)]
    signature: Signature,
}

/// A bundle whose *claimed* digest is the relay's own. Its parts are readable so that the document
/// can pass the gate and be loaded; whether they have that digest shows in [`Self::prove`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VouchedBundle(pub(super) Bundle);

/// Countersigns the bytes of a bundle if they claim the history that the relay's index has:
/// `place` is the relay's own view (its digest from [`history_digest`](super::history_digest)
/// over the changes of this document below that position).
///
/// # Errors
/// [`BundleError`] when the bytes cannot be read or claim anything else.
pub fn countersign(
    key: &dyn Signer,
    bundle: Vec<u8>,
    place: &BundleClaim,
) -> Result<Countersigned, BundleError> {
    let claim = BundleClaim::read(&bundle)?;
    if (claim.workspace, claim.epoch, claim.document)
        != (place.workspace, place.epoch, place.document)
    {
        return Err(claim.other_place());
    }
    if claim != *place {
        let (document, upto) = (claim.document, claim.upto);
        return Err(BundleError::OtherHistory { document, upto });
    }
    let server = ServerId::new(*key.device().as_bytes());
    let signature = key.sign(Tag::Bundle, &[&claim.to_bytes()]);
    Ok(Countersigned {
        bundle,
        server,
        signature,
    })
}

impl BundleClaim {
    /// Length of the signed layout in bytes.
    pub const LEN: usize = 104;

    /// Reads what the bytes of a bundle claim, without reading content.
    ///
    /// # Errors
    /// [`BundleError::TooLong`] or [`BundleError::Malformed`].
    pub fn read(bundle: &[u8]) -> Result<Self, BundleError> {
        within_limit(bundle)?;
        let mut d = minicbor::Decoder::new(bundle);
        let mut read = || {
            d.array()?;
            Ok(Self {
                workspace: d.decode()?,
                epoch: d.decode()?,
                document: d.decode()?,
                upto: d.decode()?,
                digest: minicbor::bytes::decode(&mut d, &mut ())?,
            })
        };
        read().map_err(malformed)
    }

    /// The bytes that are signed: workspace ‖ epoch ‖ document ‖ position ‖ digest, big-endian.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..32].copy_from_slice(self.workspace.as_bytes());
        bytes[32..48].copy_from_slice(self.epoch.as_bytes());
        bytes[48..64].copy_from_slice(self.document.as_bytes());
        bytes[64..72].copy_from_slice(&self.upto.to_be_bytes());
        bytes[72..].copy_from_slice(&self.digest);
        bytes
    }

    fn other_place(&self) -> BundleError {
        let Self {
            workspace,
            epoch,
            document,
            ..
        } = *self;
        BundleError::OtherPlace {
            workspace,
            epoch,
            document,
        }
    }
}

impl Countersigned {
    /// Longest wire form in bytes.
    pub const MAX_LEN: usize = MAX_BUNDLE_BYTES + 128;

    /// The bytes to send, in pieces.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("memory takes every byte")
    }

    /// Reads the wire form; nothing is checked yet but its shape.
    ///
    /// # Errors
    /// [`BundleError::TooLong`] or [`BundleError::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > Self::MAX_LEN {
            return Err(BundleError::TooLong(bytes.len()));
        }
        let mut decoder = minicbor::Decoder::new(bytes);
        let countersigned = decoder.decode().map_err(malformed)?;
        if decoder.position() != bytes.len() {
            return Err(BundleError::Malformed(
                "bytes after the countersignature".to_owned(),
            ));
        }
        Ok(countersigned)
    }

    /// What the bundle claims to be; nobody vouches for it yet.
    ///
    /// # Errors
    /// As [`BundleClaim::read`].
    pub fn claim(&self) -> Result<BundleClaim, BundleError> {
        BundleClaim::read(&self.bundle)
    }

    /// The server that is said to vouch for it.
    #[must_use]
    pub fn server(&self) -> ServerId {
        self.server
    }

    /// The same bundle under the key that took over from the one that vouched for it.
    ///
    /// # Errors
    /// [`BundleError`] when the key named does not vouch for it.
    pub fn hand_over(self, from: ServerId, to: &dyn Signer) -> Result<Self, BundleError> {
        if self.server != from {
            let (expected, found) = (from, self.server);
            return Err(BundleError::OtherServer { expected, found });
        }
        let claim = self.claim()?.to_bytes();
        let key = DeviceId::new(*from.as_bytes());
        verify(key, Tag::Bundle, &[&claim], &self.signature)
            .map_err(BundleError::Countersignature)?;
        Ok(Self {
            bundle: self.bundle,
            server: ServerId::new(*to.device().as_bytes()),
            signature: to.sign(Tag::Bundle, &[&claim]),
        })
    }

    /// Checks that the server of a trusted head countersigned a bundle of this document in this
    /// workspace and epoch, and that it does not reach beyond the head.
    ///
    /// # Errors
    /// [`BundleError`] naming what does not fit.
    pub fn verify(
        self,
        head: &VerifiedHead,
        document: DocumentId,
    ) -> Result<VouchedBundle, BundleError> {
        let claim = BundleClaim::read(&self.bundle)?;
        let (server, head) = (head.server(), head.head());
        if self.server != server {
            return Err(BundleError::OtherServer {
                expected: server,
                found: self.server,
            });
        }
        if (claim.workspace, claim.epoch, claim.document) != (head.workspace, head.epoch, document)
        {
            return Err(claim.other_place());
        }
        if claim.upto > head.size {
            return Err(BundleError::Beyond {
                upto: claim.upto,
                size: head.size,
            });
        }
        let key = DeviceId::new(*server.as_bytes());
        verify(key, Tag::Bundle, &[&claim.to_bytes()], &self.signature)
            .map_err(BundleError::Countersignature)?;
        Ok(VouchedBundle(Bundle::from_bytes(&self.bundle)?))
    }
}

impl VouchedBundle {
    /// The document it is about.
    #[must_use]
    pub fn document(&self) -> DocumentId {
        self.0.document
    }

    /// The position it reaches to.
    #[must_use]
    pub fn upto(&self) -> u64 {
        self.0.upto
    }

    /// The saved document, for the gate and then the loader; unproved.
    #[must_use]
    pub fn save(&self) -> &[u8] {
        &self.0.save
    }

    /// What is set aside, unproved.
    #[must_use]
    pub fn aside(&self) -> &[Aside] {
        &self.0.aside
    }
}
