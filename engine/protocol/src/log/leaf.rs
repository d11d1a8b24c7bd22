//! One entry's leaf and the two hash functions of the tree.
//!
//! The leaf says what was logged, where and when it arrived; it does not hold the payload.
//! Invariant: the layout is fixed and total, so one leaf has exactly one byte form.

use core::fmt;

use minicbor::decode::Error as DecodeError;

use crate::digest::sha256;
use crate::ids::DocumentId;

/// What kind of entry a leaf stands for. The numbers are part of the wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EntryKind {
    /// A change of a document.
    Change = 1,
    /// An entry of the roster.
    Roster = 2,
    /// An entry of a document's access record.
    Access = 3,
    /// The proof that a device signed two changes for one place.
    Equivocation = 4,
}

impl EntryKind {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Change => 1,
            Self::Roster => 2,
            Self::Access => 3,
            Self::Equivocation => 4,
        }
    }

    /// The kind with this number; `None` for one that this version does not know.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Change),
            2 => Some(Self::Roster),
            3 => Some(Self::Access),
            4 => Some(Self::Equivocation),
            _ => None,
        }
    }
}

impl<C> minicbor::Encode<C> for EntryKind {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u8(self.number())?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for EntryKind {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let at = d.position();
        Self::from_number(d.u8()?)
            .ok_or_else(|| DecodeError::message("unknown kind of log entry").at(at))
    }
}

/// What the log says about one entry. On the wire a byte string of [`Leaf::LEN`] bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Leaf {
    /// Position in the log, from 0.
    pub seq: u64,
    /// When the server received the entry, in milliseconds since 1970 by its clock.
    pub received_ms: u64,
    /// What was logged.
    pub kind: EntryKind,
    /// The document; all zero for a roster entry.
    pub document: DocumentId,
    /// Position among the entries of this document (of the roster for a roster entry), from 0. A
    /// gap shows that an entry was withheld.
    pub document_seq: u64,
    /// The change hash, or the entry hash.
    pub hash: [u8; 32],
    /// Digest under [`Tag::Payload`](crate::digest::Tag::Payload) of what exactly was logged; which
    /// bytes those are is the business of the frames.
    pub payload: [u8; 32],
}

impl Leaf {
    /// Length of the fixed layout in bytes.
    pub const LEN: usize = 105;

    /// seq ‖ received time ‖ kind ‖ document ‖ document-seq ‖ hash ‖ payload, big-endian.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..8].copy_from_slice(&self.seq.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.received_ms.to_be_bytes());
        bytes[16] = self.kind.number();
        bytes[17..33].copy_from_slice(self.document.as_bytes());
        bytes[33..41].copy_from_slice(&self.document_seq.to_be_bytes());
        bytes[41..73].copy_from_slice(&self.hash);
        bytes[73..].copy_from_slice(&self.payload);
        bytes
    }

    /// Reads the fixed layout; `None` unless there are exactly [`Self::LEN`] bytes of a known kind.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let (seq, rest) = bytes.split_first_chunk::<8>()?;
        let (received_ms, rest) = rest.split_first_chunk::<8>()?;
        let (kind, rest) = rest.split_first()?;
        let (document, rest) = rest.split_first_chunk::<16>()?;
        let (document_seq, rest) = rest.split_first_chunk::<8>()?;
        let (hash, payload) = rest.split_first_chunk::<32>()?;
        Some(Self {
            seq: u64::from_be_bytes(*seq),
            received_ms: u64::from_be_bytes(*received_ms),
            kind: EntryKind::from_number(*kind)?,
            document: DocumentId::new(*document),
            document_seq: u64::from_be_bytes(*document_seq),
            hash: *hash,
            payload: payload.try_into().ok()?,
        })
    }

    /// The hash of this leaf in the tree: SHA-256(0x00 ‖ bytes).
    #[must_use]
    pub fn leaf_hash(&self) -> NodeHash {
        NodeHash(sha256(&[&[0], &self.to_bytes()]))
    }
}

impl<C> minicbor::Encode<C> for Leaf {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.to_bytes())?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for Leaf {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let at = d.position();
        Self::from_slice(d.bytes()?)
            .ok_or_else(|| DecodeError::message("log leaf of another length or kind").at(at))
    }
}

/// A leaf that was proved to be in the log under a verified head; only
/// [`VerifiedHead::prove_leaf`](super::VerifiedHead::prove_leaf) makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProvedLeaf {
    pub(super) leaf: Leaf,
    pub(super) size: u64,
}

impl ProvedLeaf {
    /// The leaf.
    #[must_use]
    pub const fn leaf(&self) -> &Leaf {
        &self.leaf
    }

    /// Size of the log under whose head it was proved.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }
}

/// The hash of a node of the tree, of a leaf, or of the whole tree (its root).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeHash([u8; 32]);

impl NodeHash {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// Wraps bytes that are already known to be such a hash.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads a hash; `None` unless there are exactly 32 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }

    /// The root of the empty tree: SHA-256 of nothing.
    #[must_use]
    pub fn empty_root() -> Self {
        Self(sha256(&[]))
    }

    /// The node above two others: SHA-256(0x01 ‖ left ‖ right).
    #[must_use]
    pub fn above(left: &Self, right: &Self) -> Self {
        Self(sha256(&[&[1], &left.0, &right.0]))
    }

    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for NodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for NodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "NodeHash({})",
            data_encoding::HEXLOWER.encode(&self.0[..4])
        )
    }
}

impl<C> minicbor::Encode<C> for NodeHash {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for NodeHash {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let at = d.position();
        Self::from_slice(d.bytes()?)
            .ok_or_else(|| DecodeError::message("tree hash of another length").at(at))
    }
}

/// A list of hashes as one byte string on the wire, at most [`MAX_PROOF_NODES`] of them.
///
/// [`MAX_PROOF_NODES`]: crate::limits::MAX_PROOF_NODES
pub(super) mod path {
    use minicbor::decode::Error as DecodeError;
    use minicbor::{Decoder, Encoder};

    use super::NodeHash;
    use crate::limits::MAX_PROOF_NODES;

    pub(in super::super) fn encode<C, W: minicbor::encode::Write>(
        path: &[NodeHash],
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        let bytes: Vec<u8> = path.iter().flat_map(|node| *node.as_bytes()).collect();
        e.bytes(&bytes)?.ok()
    }

    pub(in super::super) fn decode<C>(
        d: &mut Decoder<'_>,
        _: &mut C,
    ) -> Result<Vec<NodeHash>, DecodeError> {
        let at = d.position();
        let (nodes, rest) = d.bytes()?.as_chunks::<{ NodeHash::LEN }>();
        if !rest.is_empty() || nodes.len() > MAX_PROOF_NODES {
            return Err(DecodeError::message("list of tree hashes of a wrong length").at(at));
        }
        Ok(nodes.iter().copied().map(NodeHash::new).collect())
    }
}
