//! Domain-separated SHA-256 and the list of every tag that is ever hashed or signed.
//!
//! A tag ends in a zero byte and no tag is a prefix of another, so bytes made for one purpose can
//! never be taken for another (checked by a test).

use sha2::{Digest, Sha256};

/// What a hash or a signature is for. The bytes are part of the wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// The derived half of an actor id.
    Actor,
    /// A device's signature over the newest change of a run.
    Change,
    /// The hash of a roster entry.
    RosterHash,
    /// A device's signature over a roster entry.
    RosterSign,
    /// The hash of an access entry.
    AccessHash,
    /// A device's signature over an access entry.
    AccessSign,
    /// An invite key's signature over the device that redeems it.
    Redeem,
    /// The server's signature over a log head.
    Head,
    /// The payload hash inside a log leaf.
    Payload,
    /// The history digest of a bundle.
    History,
    /// The server's countersignature under a bundle.
    Bundle,
    /// The device's half of the handshake.
    HelloDevice,
    /// The server's half of the handshake.
    HelloServer,
    /// A template revision.
    Revision,
    /// Ids and nonces that a device derives from the seed of one moment.
    Derive,
    /// What is kept of the links, pages and receipts of public forms.
    Form,
    /// A server's key that hands over to a new one, and the new one that agrees.
    Succession,
}

impl Tag {
    /// Every tag, for the test that they are distinct.
    pub const ALL: [Self; 17] = [
        Self::Actor,
        Self::Change,
        Self::RosterHash,
        Self::RosterSign,
        Self::AccessHash,
        Self::AccessSign,
        Self::Redeem,
        Self::Head,
        Self::Payload,
        Self::History,
        Self::Bundle,
        Self::HelloDevice,
        Self::HelloServer,
        Self::Revision,
        Self::Derive,
        Self::Form,
        Self::Succession,
    ];

    /// The bytes that are hashed or signed before everything else.
    #[must_use]
    pub const fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Actor => b"casework/1/actor\0",
            Self::Change => b"casework/1/change\0",
            Self::RosterHash => b"casework/1/roster-hash\0",
            Self::RosterSign => b"casework/1/roster-sign\0",
            Self::AccessHash => b"casework/1/access-hash\0",
            Self::AccessSign => b"casework/1/access-sign\0",
            Self::Redeem => b"casework/1/redeem\0",
            Self::Head => b"casework/1/head\0",
            Self::Payload => b"casework/1/payload\0",
            Self::History => b"casework/1/history\0",
            Self::Bundle => b"casework/1/bundle\0",
            Self::HelloDevice => b"casework/1/hello-device\0",
            Self::HelloServer => b"casework/1/hello-server\0",
            Self::Revision => b"casework/1/revision\0",
            Self::Derive => b"casework/1/derive\0",
            Self::Form => b"casework/1/form\0",
            Self::Succession => b"casework/1/succession\0",
        }
    }
}

/// SHA-256 over the tag and then the parts, in order. Parts of variable length must be the last
/// one or carry their own length; every caller in this crate passes fixed-size parts before it.
#[must_use]
pub fn digest(tag: Tag, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(tag.as_bytes());
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Plain SHA-256, for formats that define their own separation (Automerge chunks, Merkle nodes).
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tag_is_a_prefix_of_another() {
        for (i, a) in Tag::ALL.iter().enumerate() {
            for (j, b) in Tag::ALL.iter().enumerate() {
                assert!(
                    i == j || !a.as_bytes().starts_with(b.as_bytes()),
                    "{a:?} {b:?}"
                );
            }
        }
    }
}
