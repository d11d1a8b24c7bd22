//! The history digest: what both ends of a bundle compute for themselves and compare.
//!
//! SHA-256(tag ‖ per change in log order: change hash ‖ position ‖ received time ‖ audience),
//! numbers big-endian. Every item has 49 bytes, so the list has one reading.

use sha2::{Digest, Sha256};

use super::arrivals::Arrival;
use crate::digest::Tag;
use crate::ids::ChangeHash;

/// To whom the relay hands the content of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// To everybody on the document.
    Everyone,
    /// To its author and to members who may adopt: it was held on arrival, and no adoption with a
    /// position below the bundle's released it.
    Adopters,
}

impl Audience {
    /// The number inside the digest.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Everyone => 0,
            Self::Adopters => 1,
        }
    }
}

/// One change and its place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Landed {
    /// The change.
    pub hash: ChangeHash,
    /// Where and when it arrived.
    pub arrival: Arrival,
    /// Who may have it, as things stood at the position that the history reaches to.
    pub audience: Audience,
}

/// A history digest in the making: one change after the other, in log order.
#[derive(Debug, Clone)]
pub struct HistoryDigest {
    hasher: Sha256,
    next: u64,
}

impl Default for HistoryDigest {
    fn default() -> Self {
        Self::new()
    }
}

impl HistoryDigest {
    /// The digest of no changes.
    #[must_use]
    pub fn new() -> Self {
        Self {
            hasher: Sha256::new().chain_update(Tag::History.as_bytes()),
            next: 0,
        }
    }

    /// Adds the next change in log order.
    ///
    /// # Panics
    /// When the position is not above all earlier ones, which is a mistake of the caller.
    pub fn push(&mut self, landed: &Landed) {
        let Landed {
            hash,
            arrival,
            audience,
        } = landed;
        assert!(
            arrival.seq >= self.next,
            "changes are pushed in log order, each once"
        );
        self.next = arrival.seq.saturating_add(1);
        self.hasher.update(hash.as_bytes());
        self.hasher.update(arrival.seq.to_be_bytes());
        self.hasher.update(arrival.received_ms.to_be_bytes());
        self.hasher.update([audience.number()]);
    }

    /// The digest of everything pushed.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.hasher.finalize().into()
    }
}

/// The history digest of changes that come in log order, as the relay's index has them.
///
/// # Panics
/// When positions do not rise, which is a mistake of the caller.
#[must_use]
pub fn history_digest<'a>(changes: impl IntoIterator<Item = &'a Landed>) -> [u8; 32] {
    let mut digest = HistoryDigest::new();
    for landed in changes {
        digest.push(landed);
    }
    digest.finish()
}
