//! What an access entry can say: who is on a document, whether it is restricted, legal holds, and
//! that it is to be purged or is purged.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::digest::Tag;
use crate::entry::{Chain, Entry};
use crate::ids::{DocumentId, MemberId};

/// A verified access entry.
pub type AccessEntry = Entry<AccessBody>;

/// What a document is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentKind {
    /// A case; its record names its template.
    #[n(0)]
    Case,
    /// A template; everybody may see it.
    #[n(1)]
    Template,
    /// What one member keeps for themself, on all their devices: which items of their inbox are
    /// read. Each device may found one; nobody else ever sees it.
    #[n(2)]
    Personal,
}

/// Somebody an access record can name.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Principal {
    /// One member.
    #[n(0)]
    Member(#[n(0)] MemberId),
    /// A team, by key.
    #[n(1)]
    Team(#[n(0)] String),
    /// Everybody with a role, by key.
    #[n(2)]
    Role(#[n(0)] String),
}

/// The body of an access entry.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum AccessBody {
    /// Creates a document. Its id is the first 16 bytes of this entry's hash.
    #[n(0)]
    Genesis {
        /// What it is.
        #[n(0)]
        kind: DocumentKind,
        /// The template of a case; `None` for a template.
        #[n(1)]
        template: Option<DocumentId>,
        /// Who is on it from the start (the opener, owner, assignees, teams).
        #[n(2)]
        principals: Vec<Principal>,
        /// Restricted to its principals from the start.
        #[n(3)]
        restricted: bool,
        /// Sixteen random bytes.
        #[cbor(n(4), with = "minicbor::bytes")]
        nonce: Vec<u8>,
    },
    /// Changes the record.
    #[n(1)]
    Change {
        /// Principals to add.
        #[n(0)]
        add: Vec<Principal>,
        /// Principals to remove.
        #[n(1)]
        remove: Vec<Principal>,
        /// Restrict to the principals, or lift that.
        #[n(2)]
        restricted: Option<bool>,
        /// Set or lift a legal hold.
        #[n(3)]
        legal_hold: Option<bool>,
    },
    /// Asks for the content to be purged, so many days after the log has received this; again, in
    /// place of the request before.
    #[n(2)]
    RequestPurge {
        /// How long it waits, in days.
        #[n(0)]
        days: u32,
    },
    /// Takes the request back.
    #[n(3)]
    CancelPurge,
    /// Purges the content, for good: holds only when a request has waited and no legal hold
    /// stands. The record ends here.
    #[n(4)]
    Purge,
}

impl Chain for AccessBody {
    const HASH: Tag = Tag::AccessHash;
    const SIGN: Tag = Tag::AccessSign;
}
