//! The Merkle log of a workspace: one total order of everything, that a server cannot rewrite
//! unnoticed.
//!
//! Tree hashing as in RFC 9162 §2 (leaf = SHA-256(0x00 ‖ leaf), node = SHA-256(0x01 ‖ l ‖ r)).
//! Pure: nodes are read through [`Nodes`], nothing is stored, no clock is asked.
//! Invariant: only [`SignedHead::verify`] makes a [`VerifiedHead`], and only a verified head makes
//! a [`ProvedLeaf`].
//!
//! leaf → [`Frontier`] → root → [`LogHead`] → [`SignedHead`] → [`VerifiedHead`] → [`relate`]

mod head;
mod leaf;
mod proof;
mod relation;
mod tree;

pub use head::{CODE_CHARS, HeadError, LogHead, SignedHead, VerifiedHead, sign_head};
pub use leaf::{EntryKind, Leaf, NodeHash, ProvedLeaf};
pub use proof::{
    ConsistencyProof, InclusionProof, ProofError, ProveError, prove_consistency, prove_inclusion,
};
pub use relation::{HeadRelation, relate};
pub use tree::{Frontier, Nodes, range_root, root_at};

#[cfg(test)]
mod tests;
