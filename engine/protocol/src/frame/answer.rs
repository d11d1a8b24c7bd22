//! What became of a pushed item, per change, from closed lists. Sent after the fsync.

use minicbor::{Decode, Encode};

use crate::ids::ChangeHash;

/// Where a change came to stand. The same again for a change that the log already had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Placed {
    /// Position in the log.
    #[n(0)]
    pub seq: u64,
    /// Server's clock, ms.
    #[n(1)]
    pub received_ms: u64,
    /// It stands in the log but waits for an adoption.
    #[n(2)]
    pub held: bool,
    /// Number among the document's entries; 0 for a roster entry.
    #[n(3)]
    pub document_seq: u64,
}

/// The answer to one item of a push.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Answer {
    /// Logged: one place per change of a run, one for an entry.
    #[n(0)]
    Placed(#[n(0)] Vec<Placed>),
    /// The log lacks changes that this run builds on: send those first.
    #[n(1)]
    Missing(#[n(0)] Vec<ChangeHash>),
    /// A roster or access entry does not follow the head, which has moved to this version: read
    /// on, rebase, sign again.
    #[n(2)]
    Stale(#[n(0)] u64),
    /// Will never be logged as it is.
    #[n(3)]
    Refused(#[n(0)] RefusedBecause, #[n(1)] String),
    /// The other item of the same atomic group failed; nothing was wrong with this one.
    #[n(4)]
    Skipped,
}

/// Why an item is refused. The numbers are on the wire.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    serde::Serialize,
    serde::Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RefusedBecause {
    /// The bytes fail the gate (DESIGN §5, layer 1).
    #[n(0)]
    Gate,
    /// The place does not fit the actor's chain (layer 2).
    #[n(1)]
    Position,
    /// The signature does not hold.
    #[n(2)]
    Signature,
    /// The document has no access record.
    #[n(3)]
    UnknownDocument,
    /// The roster or access version it cites does not exist here, or is older than that of a
    /// change it builds on.
    #[n(4)]
    Citation,
    /// The author had no right to this at the versions it cites.
    #[n(5)]
    Denied,
    /// The device already signed another change for this place: an equivocation, now recorded.
    #[n(6)]
    Equivocation,
    /// The actor was closed after an equivocation.
    #[n(7)]
    ActorClosed,
    /// An entry breaks a rule of the roster or of access records.
    #[n(8)]
    Entry,
    /// A limit is exceeded.
    #[n(9)]
    TooMuch,
    /// The device pushing is neither the author nor healing the log.
    #[n(10)]
    NotYours,
    /// The document was purged: nothing is taken for it any more.
    #[n(11)]
    Purged,
}
