//! What a device says.

use minicbor::{Decode, Encode};

use super::handshake::{Hello, Prove};
use super::logged::Logged;
use super::presence::Announced;
use crate::access::entry::AccessBody;
use crate::entry::SignedEntry;
use crate::ids::{ChangeHash, DocumentId, EpochId};
use crate::log::{ConsistencyProof, InclusionProof, SignedHead, VerifiedHead};
use crate::seal::SignedRun;

/// Which of the visible documents a device wants to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub enum Scope {
    /// Everything visible to the member.
    #[default]
    #[n(0)]
    All,
    /// Templates, and cases whose access record names the member.
    #[n(1)]
    Mine,
    /// Templates, and cases whose record names a team of the member or somebody in it.
    #[n(2)]
    Team,
    /// Templates, and cases of these templates.
    #[n(3)]
    Templates(#[n(0)] Vec<DocumentId>),
    /// Templates, and these documents.
    #[n(4)]
    Listed(#[n(0)] Vec<DocumentId>),
}

/// How far a device has caught up: the head up to which it has everything visible in its scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Cursor {
    /// The epoch.
    #[n(0)]
    pub epoch: EpochId,
    /// Every entry before this position was handed over or is not for this device.
    #[n(1)]
    pub seq: u64,
}

/// Where a device goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Start {
    /// It has nothing yet.
    #[n(0)]
    Nothing,
    /// Its first sync was interrupted. Documents come in descending order of their last position
    /// below `target`; every document whose last position is `below` or more has arrived.
    #[n(1)]
    Partway {
        /// The epoch.
        #[n(0)]
        epoch: EpochId,
        /// Size of the log when the first sync began.
        #[n(1)]
        target: u64,
        /// See above.
        #[n(2)]
        below: u64,
    },
    /// It has caught up to here once.
    #[n(2)]
    At(#[n(0)] Cursor),
}

/// One thing to be logged.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum PushItem {
    /// Content changes.
    #[n(0)]
    Run(#[n(0)] SignedRun),
    /// A roster entry.
    #[n(1)]
    Roster(#[n(0)] SignedEntry),
    /// An access entry; a genesis creates its document.
    #[n(2)]
    Access {
        /// The document.
        #[n(0)]
        document: DocumentId,
        /// The entry.
        #[n(1)]
        entry: SignedEntry,
    },
}

/// A frame from a device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ClientFrame {
    /// Opens the handshake.
    #[n(0)]
    Hello(#[n(0)] Hello),
    /// Completes the handshake.
    #[n(1)]
    Prove(#[n(0)] Prove),
    /// Asks for everything in scope after its start, and then for what comes.
    #[n(2)]
    Resume {
        /// Where to begin.
        #[n(0)]
        start: Start,
        /// The newest head the device has seen; the server proves that its log extends it.
        #[n(1)]
        head: Option<SignedHead>,
        /// What to send.
        #[n(2)]
        scope: Scope,
        /// Bytes of items the server may send before the next [`ClientFrame::Credit`]: the whole
        /// length of every `Entries`, `Piece`, `Document` and `Evict` message counts, and the one
        /// that exhausts the credit may overdraw it.
        #[n(3)]
        credit: u64,
    },
    /// Grants more bytes.
    #[n(3)]
    Credit(#[n(0)] u64),
    /// Things to be logged, in causal order. Answered by one `Answers` with the same number.
    #[n(4)]
    Push {
        /// Chosen by the device, echoed.
        #[n(0)]
        number: u64,
        /// The items. An access entry and the run that follows it for the same document succeed
        /// or fail together.
        #[n(1)]
        items: Vec<PushItem>,
    },
    /// Asks for one document from its beginning, whatever the scope: its access entries, a bundle
    /// if there is one, then entries, and a `Document` frame when that was all. Answered by the
    /// error `not-found` when the document is not for this device.
    #[n(5)]
    Fetch {
        /// The document.
        #[n(0)]
        document: DocumentId,
        /// `false` after a bundle that did not hold: entries only.
        #[n(1)]
        bundle: bool,
    },
    /// Asks for a proof that a position stands under the newest head.
    #[n(6)]
    ProveInclusion(#[n(0)] u64),
    /// Offers a bundle in pieces; the last one completes it.
    #[n(7)]
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
        /// The bytes.
        #[cbor(n(3), with = "minicbor::bytes")]
        bytes: Vec<u8>,
    },
    /// Healing: per document, the heads the device has. The server answers what it lacks.
    #[n(8)]
    Heads(#[n(0)] Vec<DocumentHeads>),
    /// Healing: entries that the server lost, in log order and without a gap from the server's own
    /// size on, under a head that the server itself signed.
    #[n(9)]
    Restore {
        /// The head under which the items stand.
        #[n(0)]
        head: SignedHead,
        /// The items, in order.
        #[n(1)]
        items: Vec<Logged>,
        /// Proof that the log as it stands after these items is a beginning of the head's; `None`
        /// when the items reach the head.
        #[n(2)]
        proof: Option<ConsistencyProof>,
        /// For every document of which leaves only come back, that it was purged.
        #[n(3)]
        purges: Option<Vec<ProvedPurge>>,
    },
    /// Keeps the connection open; answered by `Pong` with the same number.
    #[n(10)]
    Ping(#[n(0)] u64),
    /// What this device has open, all of it, at most
    /// [`MAX_ANNOUNCED_DOCUMENTS`](crate::limits::MAX_ANNOUNCED_DOCUMENTS): instead of what it said
    /// before, and until [`PRESENCE_LASTS_MS`](crate::limits::PRESENCE_LASTS_MS) have passed or the
    /// connection ends. Not answered; what the device may not see is passed over.
    #[n(11)]
    Presence {
        /// Where it is, and what it does there.
        #[n(0)]
        here: Vec<Announced>,
        /// Whether it wants to be told of others.
        #[n(1)]
        hears: bool,
    },
}

/// A purge that stood under the head of a [`ClientFrame::Restore`]: it says that leaves are all
/// there can be of its document, before the entry itself comes back at its place.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ProvedPurge {
    /// The purge, a [`Logged::Access`].
    #[n(0)]
    pub item: Logged,
    /// That it stands under the head.
    #[n(1)]
    pub proof: InclusionProof,
}

impl ProvedPurge {
    /// The document that was purged by the word of this head.
    ///
    /// # Errors
    /// What is wrong with the proof, in words.
    pub fn verify(&self, head: &VerifiedHead) -> Result<DocumentId, String> {
        let Logged::Access {
            document, entry, ..
        } = &self.item
        else {
            return Err("it is no access entry".to_owned());
        };
        let entry = entry.clone().verify::<AccessBody>();
        let entry = entry.map_err(|error| error.to_string())?;
        if (entry.body(), entry.head().document) != (&AccessBody::Purge, *document) {
            return Err(format!("the entry does not purge document {document}"));
        }
        let leaf = self
            .item
            .leaves()
            .and_then(|leaves| leaves.first().copied());
        let leaf = leaf.ok_or("the entry has no leaf")?;
        let proved = head.prove_leaf(leaf, &self.proof);
        proved.map(|_| *document).map_err(|error| error.to_string())
    }
}

/// The heads of one document.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DocumentHeads {
    /// The document.
    #[n(0)]
    pub document: DocumentId,
    /// Number of access entries known.
    #[n(1)]
    pub access: u64,
    /// Changes that no other known change depends on.
    #[n(2)]
    pub heads: Vec<ChangeHash>,
}
