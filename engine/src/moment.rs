//! One moment: the time and the randomness of one step, given by whoever calls.
//!
//! The engine never asks a clock and never rolls dice; every id and nonce of a step derives from
//! the moment's seed, so a whole history replays from the moments it was made with.

use casework_protocol::actor::ActorNonce;
use casework_protocol::digest::{Tag, digest};
use casework_protocol::ids::{DocumentId, MemberId};

/// When something happens, and fresh randomness for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since 1970 by the device's clock. A claim to everybody else.
    pub now_ms: u64,
    /// The device's offset from UTC, in minutes east.
    pub zone_min: i16,
    /// Thirty-two random bytes, used for one moment only.
    pub seed: [u8; 32],
}

impl core::fmt::Debug for Moment {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Moment")
            .field("now_ms", &self.now_ms)
            .finish_non_exhaustive()
    }
}

impl Moment {
    /// Thirty-two bytes for one purpose: the same moment and purpose give the same bytes.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        digest(Tag::Derive, &[&self.seed, purpose.as_bytes()])
    }

    /// A moment of its own for the n-th part of a step that has several.
    #[must_use]
    pub fn part(&self, n: u64) -> Self {
        Self {
            seed: self.derive(&format!("part {n}")),
            ..*self
        }
    }

    /// Sixteen random hexadecimal digits: the id of a comment, task or decision.
    #[must_use]
    pub fn item_id(&self, purpose: &str) -> String {
        data_encoding::HEXLOWER.encode(&self.derive(purpose)[..8])
    }

    /// A fresh member id.
    #[must_use]
    pub fn member_id(&self) -> MemberId {
        MemberId::new(self.nonce("member"))
    }

    /// Sixteen random bytes.
    #[must_use]
    pub fn nonce(&self, purpose: &str) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.derive(purpose)[..16]);
        bytes
    }

    /// The fresh half of the actor under which this opening of the replica writes a document.
    #[must_use]
    pub fn actor_nonce(&self, document: DocumentId) -> ActorNonce {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.derive(&format!("actor {document}"))[..8]);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_different_bytes_for_different_purposes_and_the_same_for_one() {
        let moment = Moment {
            now_ms: 0,
            zone_min: 0,
            seed: [1; 32],
        };
        assert_eq!(moment.item_id("task"), moment.item_id("task"));
        assert_ne!(moment.item_id("task"), moment.item_id("comment"));
        assert_ne!(
            moment.part(0).item_id("task"),
            moment.part(1).item_id("task")
        );
    }
}
