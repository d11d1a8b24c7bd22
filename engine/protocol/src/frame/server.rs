//! What a server says.

use minicbor::{Decode, Encode};

use super::answer::Answer;
use super::client::DocumentHeads;
use super::code::ErrorCode;
use super::handshake::Welcome;
use super::logged::Logged;
use super::presence::Present;
use crate::ids::{DocumentId, EpochId};
use crate::log::{ConsistencyProof, InclusionProof, SignedHead};

/// How the server's log relates to the head a device showed on resuming.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Continuity {
    /// The device showed no head.
    #[n(0)]
    First,
    /// The server's log extends the device's head; here is the proof.
    #[n(1)]
    Extends(#[n(0)] ConsistencyProof),
    /// The device's head, which this server signed, is not in its log: the server was restored or
    /// emptied. It accepts nothing new meanwhile.
    #[n(2)]
    Behind {
        /// Size of the server's log, which is a beginning of the device's as far as the server can
        /// tell; the device compares the root of the head with its own.
        #[n(0)]
        common: u64,
        /// The server takes back what is missing from `common` on, by `Restore`. False when the
        /// logs differ below the device's head: then only a new epoch helps.
        #[n(1)]
        recovering: bool,
    },
    /// A new epoch that forked from the device's log at this position.
    #[n(3)]
    NewEpoch {
        /// The epoch that ended.
        #[n(0)]
        from: EpochId,
        /// Entries before this position are the same in both epochs.
        #[n(1)]
        common: u64,
    },
}

/// A frame from a server.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ServerFrame {
    /// Answers the hello.
    #[n(0)]
    Welcome(#[n(0)] Welcome),
    /// Answers a resume; items follow.
    #[n(1)]
    Resumed {
        /// The newest head.
        #[n(0)]
        head: SignedHead,
        /// How it relates to the device's.
        #[n(1)]
        continuity: Continuity,
        /// Roughly how many log entries and bundles will follow, for a progress bar.
        #[n(2)]
        entries: u64,
        /// Bundles among what follows.
        #[n(3)]
        bundles: u64,
    },
    /// Items in log order.
    #[n(2)]
    Entries {
        /// The items.
        #[n(0)]
        items: Vec<Logged>,
        /// Everything for this device before this position has now been sent. 0 while a first sync
        /// sends documents one by one; from its target on when that is over.
        #[n(1)]
        upto: u64,
    },
    /// A piece of a bundle; several documents never interleave.
    #[n(3)]
    Piece {
        /// The document.
        #[n(0)]
        document: DocumentId,
        /// Number of this piece, from 0.
        #[n(1)]
        index: u32,
        /// No more pieces follow.
        #[n(2)]
        last: bool,
        /// The bytes of a countersigned bundle.
        #[cbor(n(3), with = "minicbor::bytes")]
        bytes: Vec<u8>,
    },
    /// First sync: this document is complete up to `target`; see [`super::client::Start`]. Also
    /// ends the answer to a fetch, where `target` is the position up to which the log was read, and
    /// is all of it when the document stopped being visible meanwhile.
    #[n(13)]
    Document {
        /// The document.
        #[n(0)]
        document: DocumentId,
        /// Its last position below the target: the `below` of a later `Partway`.
        #[n(1)]
        below: u64,
        /// The target of this first sync.
        #[n(2)]
        target: u64,
    },
    /// A document stopped being visible: rescue unsent work, then forget it.
    #[n(4)]
    Evict(#[n(0)] DocumentId),
    /// The device has everything up to this head. Sent after catching up and, at most once per
    /// group of live entries, when the log grows.
    #[n(5)]
    CaughtUp {
        /// The head.
        #[n(0)]
        head: SignedHead,
        /// Proof from the head sent before; `None` when nothing was added.
        #[n(1)]
        proof: Option<ConsistencyProof>,
    },
    /// Answers a push.
    #[n(6)]
    Answers {
        /// The number of the push.
        #[n(0)]
        number: u64,
        /// One per item, in order.
        #[n(1)]
        answers: Vec<Answer>,
    },
    /// Answers a request for a proof.
    #[n(7)]
    Inclusion(#[n(0)] InclusionProof),
    /// Healing: what the server has of the documents asked about.
    #[n(8)]
    Heads(#[n(0)] Vec<DocumentHeads>),
    /// Healing: how far the log reaches after a restore.
    #[n(9)]
    Restored(#[n(0)] u64),
    /// A bundle was taken, or why not.
    #[n(10)]
    Kept {
        /// The document.
        #[n(0)]
        document: DocumentId,
        /// `None` when it was taken.
        #[n(1)]
        refused: Option<ErrorCode>,
    },
    /// Answers a ping.
    #[n(11)]
    Pong(#[n(0)] u64),
    /// Something failed; fatal unless it answers a single request.
    #[n(12)]
    Error {
        /// What.
        #[n(0)]
        code: ErrorCode,
        /// For people and logs.
        #[n(1)]
        detail: String,
        /// Milliseconds after which a retry makes sense.
        #[n(2)]
        retry_after_ms: Option<u64>,
    },
    /// Who is at a document, all of them, in place of what was said before. The server's word: it
    /// uses no credit, stands in no log and is proved by nothing.
    #[n(14)]
    Presence {
        /// The document.
        #[n(0)]
        document: DocumentId,
        /// At most [`MAX_PRESENT_DEVICES`](crate::limits::MAX_PRESENT_DEVICES); the reader itself may
        /// be among them.
        #[n(1)]
        present: Vec<Present>,
        /// How many more there are.
        #[n(2)]
        more: u32,
    },
}
