//! Inclusion and consistency proofs: made from stored nodes, checked from nothing but hashes.
//!
//! A proof binds roots and positions, not sizes: a root may belong to several sizes of the same
//! shape. Sizes are bound by the signed head; see [`VerifiedHead`](super::VerifiedHead) for the
//! checks to use on untrusted proofs. Algorithms: RFC 9162 §2.1.3 and §2.1.4.

use minicbor::{Decode, Encode};

use super::leaf::{NodeHash, path};
use super::tree::{Nodes, range_root};
use crate::ids::WorkspaceId;

/// Why a proof does not prove what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The position is not in a log of this size. The sender is broken or hostile.
    #[error("position {seq} is not in a log of {size} entries")]
    OutOfRange {
        /// The position that the proof names.
        seq: u64,
        /// The size that the proof names.
        size: u64,
    },
    /// The older log is larger than the newer one. The sender is broken or hostile.
    #[error("a log of {old_size} entries cannot have grown into one of {new_size}")]
    Shrinks {
        /// Size that should be the smaller one.
        old_size: u64,
        /// Size that should be the larger one.
        new_size: u64,
    },
    /// More or fewer hashes than the sizes call for. The sender is broken or hostile.
    #[error("{nodes} hashes are too many or too few for a log of {size} entries")]
    WrongLength {
        /// How many hashes were given.
        nodes: usize,
        /// Size of the (newer) log.
        size: u64,
    },
    /// The hashes do not lead to the root of the log of this size. Trust neither; ask again, and
    /// treat the server as forked when it keeps failing.
    #[error("the proof leads to {found} and not to {expected}, the root at {size} entries")]
    OtherRoot {
        /// Size at which the roots differ.
        size: u64,
        /// The root that was to be proved.
        expected: NodeHash,
        /// The root that the proof leads to.
        found: NodeHash,
    },
    /// The proof is about other sizes than the heads. Ask for one that fits.
    #[error("the proof is about a log of {found} entries and not of {expected}")]
    OtherSize {
        /// Size in the verified head.
        expected: u64,
        /// Size in the proof.
        found: u64,
    },
    /// The proof is about another position than the leaf says. The sender is broken or hostile.
    #[error("the proof is about position {found} and the leaf stands at {expected}")]
    OtherPosition {
        /// Position in the leaf.
        expected: u64,
        /// Position in the proof.
        found: u64,
    },
    /// The log grew and no consistency proof came along. Ask for it.
    #[error("no proof that the log of {old_size} entries grew into the one of {new_size}")]
    Missing {
        /// Size of the trusted head.
        old_size: u64,
        /// Size of the offered head.
        new_size: u64,
    },
    /// The two heads are of different workspaces and cannot be compared. The caller mixed them up.
    #[error("a head of workspace {found} cannot be compared with one of {expected}")]
    OtherWorkspace {
        /// Workspace of the trusted head.
        expected: WorkspaceId,
        /// Workspace of the offered head.
        found: WorkspaceId,
    },
}

/// Why a proof cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError<E> {
    /// Asked for something that such a log cannot have. Refuse the request.
    #[error(transparent)]
    Impossible(ProofError),
    /// The store failed, or lacks a node it should have.
    #[error("cannot read a node of the log: {0}")]
    Nodes(#[source] E),
}

/// The hashes beside the way from one leaf up to the root, lowest first.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct InclusionProof {
    /// Position of the leaf, from 0.
    #[n(0)]
    pub seq: u64,
    /// Size of the log in which it is proved.
    #[n(1)]
    pub size: u64,
    /// The hashes; one byte string on the wire.
    #[cbor(n(2), with = "path")]
    pub path: Vec<NodeHash>,
}

/// The hashes that show an older log to be the beginning of a newer one.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ConsistencyProof {
    /// Size of the older log.
    #[n(0)]
    pub old_size: u64,
    /// Size of the newer log.
    #[n(1)]
    pub new_size: u64,
    /// The hashes; one byte string on the wire. Empty when there is nothing to prove: sizes equal,
    /// or the older log empty.
    #[cbor(n(2), with = "path")]
    pub path: Vec<NodeHash>,
}

/// The two roots that the hashes of a consistency proof lead to.
pub(super) struct Recomputed {
    pub(super) old: NodeHash,
    pub(super) new: NodeHash,
}

/// Proves that the leaf at `seq` is in the log of `size` entries. Reads O(log size) nodes.
///
/// # Errors
/// [`ProveError::Impossible`] unless `seq < size`; [`ProveError::Nodes`] from the store.
pub fn prove_inclusion<N: Nodes>(
    nodes: &N,
    seq: u64,
    size: u64,
) -> Result<InclusionProof, ProveError<N::Error>> {
    if seq >= size {
        return Err(ProveError::Impossible(ProofError::OutOfRange { seq, size }));
    }
    let (mut start, mut end, mut path) = (0, size, Vec::new());
    while end - start > 1 {
        let middle = start + left_width(end - start);
        path.push(if seq < middle {
            let right = read(nodes, middle, end)?;
            end = middle;
            right
        } else {
            let left = read(nodes, start, middle)?;
            start = middle;
            left
        });
    }
    path.reverse();
    Ok(InclusionProof { seq, size, path })
}

/// Proves that the log of `old_size` entries is the beginning of the one of `new_size`. Reads
/// O(log size) nodes.
///
/// # Errors
/// [`ProveError::Impossible`] if it would have shrunk; [`ProveError::Nodes`] from the store.
pub fn prove_consistency<N: Nodes>(
    nodes: &N,
    old_size: u64,
    new_size: u64,
) -> Result<ConsistencyProof, ProveError<N::Error>> {
    if old_size > new_size {
        return Err(ProveError::Impossible(ProofError::Shrinks {
            old_size,
            new_size,
        }));
    }
    let mut path = Vec::new();
    if old_size == 0 || old_size == new_size {
        return Ok(ConsistencyProof {
            old_size,
            new_size,
            path,
        });
    }
    let (mut start, mut end) = (0, new_size);
    while end != old_size {
        let middle = start + left_width(end - start);
        path.push(if old_size <= middle {
            let right = read(nodes, middle, end)?;
            end = middle;
            right
        } else {
            let left = read(nodes, start, middle)?;
            start = middle;
            left
        });
    }
    // A whole left subtree is the old root itself, which the verifier has.
    if start > 0 {
        path.push(read(nodes, start, end)?);
    }
    path.reverse();
    Ok(ConsistencyProof {
        old_size,
        new_size,
        path,
    })
}

impl InclusionProof {
    /// Checks that the leaf stands at [`Self::seq`] under this root, if the root is one of
    /// [`Self::size`] entries.
    ///
    /// # Errors
    /// [`ProofError`] naming what does not fit.
    pub fn verify(&self, leaf: &NodeHash, root: &NodeHash) -> Result<(), ProofError> {
        let Self { seq, size, path } = self;
        if seq >= size {
            return Err(ProofError::OutOfRange {
                seq: *seq,
                size: *size,
            });
        }
        let wrong_length = ProofError::WrongLength {
            nodes: path.len(),
            size: *size,
        };
        let mut climb = Climb {
            here: *seq,
            last: size - 1,
        };
        let mut found = *leaf;
        for node in path {
            found = match climb.step().ok_or_else(|| wrong_length.clone())? {
                Side::Left => NodeHash::above(node, &found),
                Side::Right => NodeHash::above(&found, node),
            };
        }
        if climb.last != 0 {
            return Err(wrong_length);
        }
        expect_root(*size, root, found)
    }
}

impl ConsistencyProof {
    /// Checks that the log under `old_root` is the beginning of the one under `new_root`, if the
    /// roots are of [`Self::old_size`] and [`Self::new_size`] entries.
    ///
    /// # Errors
    /// [`ProofError`] naming what does not fit.
    pub fn verify(&self, old_root: &NodeHash, new_root: &NodeHash) -> Result<(), ProofError> {
        let found = self.recompute(old_root, new_root)?;
        expect_root(self.new_size, new_root, found.new)?;
        expect_root(self.old_size, old_root, found.old)
    }

    /// The roots that the hashes lead to. If the new one is right, then the old one is the root
    /// that the newer log really had at the old size, whatever the caller believed it to be.
    pub(super) fn recompute(
        &self,
        old_root: &NodeHash,
        new_root: &NodeHash,
    ) -> Result<Recomputed, ProofError> {
        let Self {
            old_size,
            new_size,
            path,
        } = self;
        let wrong_length = ProofError::WrongLength {
            nodes: path.len(),
            size: *new_size,
        };
        if old_size > new_size {
            return Err(ProofError::Shrinks {
                old_size: *old_size,
                new_size: *new_size,
            });
        }
        if *old_size == 0 || old_size == new_size {
            let same = old_size == new_size;
            let old = if same {
                *new_root
            } else {
                NodeHash::empty_root()
            };
            return path
                .is_empty()
                .then_some(Recomputed {
                    old,
                    new: *new_root,
                })
                .ok_or(wrong_length);
        }
        let (first, rest) = if old_size.is_power_of_two() {
            (old_root, path.as_slice())
        } else {
            path.split_first().ok_or_else(|| wrong_length.clone())?
        };
        let mut climb = Climb {
            here: old_size - 1,
            last: new_size - 1,
        };
        climb.skip_whole_subtree();
        let mut found = Recomputed {
            old: *first,
            new: *first,
        };
        for node in rest {
            match climb.step().ok_or_else(|| wrong_length.clone())? {
                Side::Left => {
                    found.old = NodeHash::above(node, &found.old);
                    found.new = NodeHash::above(node, &found.new);
                }
                Side::Right => found.new = NodeHash::above(&found.new, node),
            }
        }
        (climb.last == 0).then_some(found).ok_or(wrong_length)
    }
}

/// On which side of the way up the next hash of a proof stands.
enum Side {
    Left,
    Right,
}

/// The way from a node up to the root: its index, and that of the last node, at one level.
struct Climb {
    here: u64,
    last: u64,
}

impl Climb {
    /// Climbs to the next level at which this node has a sibling; `None` at the root.
    fn step(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        let side = if self.here & 1 == 1 {
            Side::Left
        } else if self.here == self.last {
            // The last node of a ragged edge is its own parent until it has a left sibling.
            let levels = self.here.trailing_zeros();
            self.here >>= levels;
            self.last >>= levels;
            Side::Left
        } else {
            Side::Right
        };
        self.here >>= 1;
        self.last >>= 1;
        Some(side)
    }

    /// Climbs from the last leaf of the old log to the top of the perfect subtree it closes.
    fn skip_whole_subtree(&mut self) {
        let levels = self.here.trailing_ones();
        self.here >>= levels;
        self.last >>= levels;
    }
}

/// The leaves in the left subtree of a tree of `width` ≥ 2: the largest power of two below it.
const fn left_width(width: u64) -> u64 {
    1 << (width - 1).ilog2()
}

fn read<N: Nodes>(nodes: &N, start: u64, end: u64) -> Result<NodeHash, ProveError<N::Error>> {
    range_root(nodes, start, end).map_err(ProveError::Nodes)
}

pub(super) fn expect_root(
    size: u64,
    expected: &NodeHash,
    found: NodeHash,
) -> Result<(), ProofError> {
    let wrong = ProofError::OtherRoot {
        size,
        expected: *expected,
        found,
    };
    (found == *expected).then_some(()).ok_or(wrong)
}
