//! The growing tree: a frontier that appends, and roots computed from stored perfect nodes.
//!
//! Only roots of perfect subtrees are ever stored, each once and for good: node (level, index)
//! covers the leaves `index << level .. (index + 1) << level`. Where they are stored is the
//! caller's business.
//! Invariant: a frontier holds exactly one peak per one-bit of its size, widest first.

use minicbor::decode::Error as DecodeError;
use minicbor::{Decode, Decoder, Encode, Encoder};

use super::leaf::{NodeHash, path};
use crate::limits::MAX_LOG_ENTRIES;

/// Where the roots of perfect subtrees are read from.
pub trait Nodes {
    /// Why a node cannot be read.
    type Error;

    /// The node that covers the leaves `index << level .. (index + 1) << level`; level 0 are the
    /// leaf hashes. Asked only for subtrees that are complete in the tree at hand.
    ///
    /// # Errors
    /// The store's own, also for a node that it should have and has not.
    fn node(&self, level: u8, index: u64) -> Result<NodeHash, Self::Error>;
}

/// The right edge of the tree: all that is needed to append, and the root at any moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<NodeHash>,
}

impl Frontier {
    /// The frontier of the empty log.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            size: 0,
            peaks: Vec::new(),
        }
    }

    /// The frontier of the first `size` leaves, from stored nodes.
    ///
    /// # Errors
    /// Whatever the store answers.
    pub fn load<N: Nodes>(nodes: &N, size: u64) -> Result<Self, N::Error> {
        let mut peaks = Vec::new();
        let mut start = 0;
        for level in (0..64_u8).rev().filter(|level| size >> level & 1 == 1) {
            peaks.push(nodes.node(level, start >> level)?);
            start += 1 << level;
        }
        Ok(Self { size, peaks })
    }

    /// Appends a leaf hash; hands every subtree root that it completes to `emit` as (level, index,
    /// hash), the leaf itself first. One hash per append on average, at most 63.
    ///
    /// # Panics
    /// At [`MAX_LOG_ENTRIES`] leaves, which no log reaches.
    pub fn append(&mut self, leaf: NodeHash, emit: &mut impl FnMut(u8, u64, NodeHash)) {
        assert!(
            self.size < MAX_LOG_ENTRIES,
            "a log of 2^63 entries cannot grow"
        );
        let (mut level, mut index, mut node) = (0, self.size, leaf);
        emit(level, index, node);
        while index & 1 == 1 {
            let left = self.peaks.pop().expect("one peak per one-bit of the size");
            node = NodeHash::above(&left, &node);
            level += 1;
            index >>= 1;
            emit(level, index, node);
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree as it stands.
    #[must_use]
    pub fn root(&self) -> NodeHash {
        let fold = |right: NodeHash, left: &NodeHash| NodeHash::above(left, &right);
        match self.peaks.split_last() {
            None => NodeHash::empty_root(),
            Some((last, wider)) => wider.iter().rev().fold(*last, fold),
        }
    }
}

impl<C> Encode<C> for Frontier {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(2)?.u64(self.size)?;
        path::encode(&self.peaks, e, ctx)
    }
}

impl<'b, C> Decode<'b, C> for Frontier {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, DecodeError> {
        let at = d.position();
        if d.array()? != Some(2) {
            return Err(DecodeError::message("frontier is not an array of two").at(at));
        }
        let size = d.u64()?;
        let peaks = path::decode(d, ctx)?;
        if size > MAX_LOG_ENTRIES || peaks.len() != size.count_ones() as usize {
            return Err(DecodeError::message("frontier whose peaks do not fit its size").at(at));
        }
        Ok(Self { size, peaks })
    }
}

/// The root of the tree over the first `size` leaves.
///
/// # Errors
/// Whatever the store answers.
pub fn root_at<N: Nodes>(nodes: &N, size: u64) -> Result<NodeHash, N::Error> {
    range_root(nodes, 0, size)
}

/// The root over the leaves `start..end`, where `start` is a multiple of the largest power of two
/// that is below the length, as in every subtree of RFC 9162. Reads at most 64 nodes.
///
/// # Errors
/// Whatever the store answers.
pub fn range_root<N: Nodes>(nodes: &N, start: u64, end: u64) -> Result<NodeHash, N::Error> {
    let (mut rest, mut end, mut root) = (end.saturating_sub(start), end, None);
    while rest > 0 {
        let level = rest.trailing_zeros() as u8;
        let width = 1 << level;
        end -= width;
        rest -= width;
        let left = nodes.node(level, end >> level)?;
        root = Some(root.map_or(left, |right| NodeHash::above(&left, &right)));
    }
    Ok(root.unwrap_or_else(NodeHash::empty_root))
}
