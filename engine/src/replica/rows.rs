//! The values of the replica's tables, in CBOR with numbered fields.
//!
//! A field may be added with a new number; none is ever renumbered. `Card`, `CaseView` and
//! `CommentView` live with the views; they can be rebuilt and are stored by `views`.

use casework_protocol::access::entry::{AccessBody, DocumentKind};
use casework_protocol::entry::SignedEntry;
use casework_protocol::ids::{ChangeHash, DeviceId, DocumentId, RevisionId, ServerId};
use casework_protocol::keys::Signature;
use casework_protocol::roster::entry::RosterBody;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// Where and when a change or entry came to stand in the log.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(array)]
pub struct Arrived {
    /// Position in the log.
    #[n(0)]
    pub seq: u64,
    /// Milliseconds since 1970 by the server's clock.
    #[n(1)]
    pub received_ms: u64,
}

/// A roster or access entry with its place; `None` while the server does not have it.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Sequenced {
    #[n(0)]
    pub(crate) entry: SignedEntry,
    #[n(1)]
    pub(crate) arrived: Option<Arrived>,
}

/// What the replica knows of a document besides its content.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct DocumentRow {
    #[n(0)]
    pub(crate) kind: DocumentKind,
    #[n(1)]
    pub(crate) template: Option<DocumentId>,
    /// The place of the next change since the snapshot.
    #[n(2)]
    pub(crate) next_place: u64,
    /// Bytes of changes since the snapshot.
    #[n(3)]
    pub(crate) loose_bytes: u64,
    /// Bytes of the snapshot.
    #[n(4)]
    pub(crate) snapshot_bytes: u64,
    /// The number of the document's next log entry; `None` right after a bundle.
    #[n(5)]
    pub(crate) document_seq: Option<u64>,
    /// Own entries placed further on than what has been read, to tell a gap from an echo.
    #[n(7)]
    pub(crate) ahead: Vec<u64>,
    /// Why the whole document is quarantined.
    #[n(6)]
    pub(crate) quarantined: Option<String>,
    /// Position of the first entry that came without its content: what a purge leaves, and so to
    /// be followed by one.
    #[n(8)]
    pub(crate) bare: Option<u64>,
}

/// A change since the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct ChangeRow {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) bytes: Vec<u8>,
    #[n(1)]
    pub(crate) hash: ChangeHash,
    #[n(2)]
    pub(crate) device: DeviceId,
    #[n(3)]
    pub(crate) arrived: Option<Arrived>,
}

/// The newest change of an actor, with the signature that vouches for its whole chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct TipRow {
    #[n(0)]
    pub(crate) device: DeviceId,
    #[n(1)]
    pub(crate) seq: u32,
    #[n(2)]
    pub(crate) hash: ChangeHash,
    #[n(3)]
    pub(crate) max_op: u32,
    /// The newest signed change of the actor and its signature.
    #[n(4)]
    pub(crate) signed: Option<(ChangeHash, Signature)>,
}

/// Why a received change is not in its document.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "why", content = "detail")]
#[non_exhaustive]
pub enum Aside {
    /// Its author lost the right to it on the way; waits for an adoption.
    #[n(0)]
    Held,
    /// The relay holds it and does not hand its content to this device.
    #[n(1)]
    Withheld,
    /// Cannot be judged yet: something it names is not here.
    #[n(2)]
    Waiting(#[n(0)] String),
    /// Breaks the form, the chain or a right: never admitted.
    #[n(3)]
    Quarantined(#[n(0)] String),
    /// Builds on a change that is itself not admitted.
    #[n(4)]
    Dependent(#[n(0)] ChangeHash),
}

/// A received change that is not in its document.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct AsideRow {
    #[n(0)]
    pub(crate) why: Aside,
    #[n(1)]
    pub(crate) device: DeviceId,
    /// Empty for a withheld change.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(crate) bytes: Vec<u8>,
    /// The signature and the change it stands over (this one or a later one of its run).
    #[n(3)]
    pub(crate) signed: Option<(ChangeHash, Signature)>,
    #[n(4)]
    pub(crate) arrived: Option<Arrived>,
}

/// What a change broke and landed all the same.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct BreachRow {
    /// Rules of the revision that it cites, in words.
    #[n(0)]
    pub(crate) rules: Vec<String>,
    /// The newer revision whose rules it breaks.
    #[n(1)]
    pub(crate) newer: Option<RevisionId>,
    /// Those rules, in words.
    #[n(2)]
    pub(crate) newer_rules: Vec<String>,
}

/// Something to be pushed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct OutboxRow {
    #[n(0)]
    pub(crate) document: DocumentId,
    #[n(1)]
    pub(crate) what: Outgoing,
    /// Milliseconds since 1970 when it was made.
    #[n(2)]
    pub(crate) made_ms: u64,
}

/// The document of an [`OutboxRow`], read without the rest: an act may have kilobytes.
#[derive(Debug, Decode)]
#[cbor(array)]
pub(crate) struct OutboxDocument {
    #[n(0)]
    pub(crate) document: DocumentId,
}

/// What an outbox row pushes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Outgoing {
    /// A change, with the act it came from (JSON), for the drawer.
    #[n(0)]
    Change {
        #[n(0)]
        hash: ChangeHash,
        #[n(1)]
        act: String,
        /// Its place in the changes table, until a snapshot takes it in.
        #[n(2)]
        place: u64,
        /// This device's signature over it.
        #[n(3)]
        signature: Signature,
        /// The roster and the access version that it cites, in force when it was made.
        #[n(4)]
        cites: (u64, u64),
        /// The mark of the template revision that it cites.
        #[n(5)]
        under: Option<String>,
    },
    /// The genesis of the document's access record; signed when it was made, in the access table.
    #[n(1)]
    Genesis,
    /// A change of the access record; signed onto the head of the day when it is pushed.
    #[n(2)]
    Access {
        #[n(0)]
        body: AccessBody,
    },
    /// A roster entry; likewise.
    #[n(3)]
    Roster {
        #[n(0)]
        body: RosterBody,
    },
}

/// Own work that could not stand, kept as what the person wanted to do.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct DrawerRow {
    #[n(0)]
    pub(crate) document: DocumentId,
    /// The change that could not stand; a roster or access entry made none.
    #[n(1)]
    pub(crate) hash: Option<ChangeHash>,
    /// The act as JSON.
    #[n(2)]
    pub(crate) act: String,
    #[n(3)]
    pub(crate) reason: String,
    #[n(4)]
    pub(crate) made_ms: u64,
    /// Held work may still come back by adoption.
    #[n(5)]
    pub(crate) held: bool,
}

/// What the access record of a document says about purging it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) enum PurgeRow {
    /// A request stands; it is in the record.
    #[n(0)]
    Requested,
    /// It was carried out, and the document is gone for good.
    #[n(1)]
    Purged {
        #[n(0)]
        arrived: Arrived,
        #[n(1)]
        by: DeviceId,
        #[n(2)]
        template: DocumentId,
    },
}

/// The server of this workspace.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(array)]
pub struct ServerRow {
    /// `ws://host:port`.
    #[n(0)]
    pub address: String,
    /// Its pinned key; `None` until the first connection of a founder pins it.
    #[n(1)]
    pub key: Option<ServerId>,
}
