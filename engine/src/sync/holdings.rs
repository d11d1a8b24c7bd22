//! What a sync session needs of the replica it serves, and nothing more.
//!
//! The replica implements it over its store; tests of the session implement it in memory. Every
//! method that changes something is durable when it returns.

use casework_protocol::frame::{
    Answer, Cursor, DocumentHeads, ErrorCode, Logged, ProvedPurge, PushItem, Scope, Start,
};
use casework_protocol::ids::{DocumentId, EpochId, ServerId, WorkspaceId};
use casework_protocol::keys::{SecretKey, Signer};
use casework_protocol::log::{ConsistencyProof, SignedHead, VerifiedHead};

/// One item of a push with the replica's own note of which outbox rows it carries.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// Outbox rows, in order; empty for healing parcels.
    pub rows: Vec<u64>,
    /// What is pushed.
    pub item: PushItem,
}

/// Where the server's log stands to the device's, as far as the device must act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The server lost entries from this position on, and takes them back from who has them.
    Recover {
        /// First position the server lacks.
        from: u64,
    },
    /// A new epoch forked here: positions from here on no longer count, what stood there must
    /// arrive anew.
    Epoch {
        /// The new epoch.
        epoch: EpochId,
        /// Entries before this position are the same.
        common: u64,
    },
}

/// The replica as a sync session sees it.
pub trait Holdings {
    /// Why the replica could not do something: its store failed, or a received item shows that
    /// the server is not to be trusted. Ends the session.
    type Fault: std::error::Error;

    /// The workspace.
    fn workspace(&self) -> WorkspaceId;
    /// The device's key.
    fn signer(&self) -> &dyn Signer;
    /// The key of an invite that this device is about to redeem; `None` once it is enrolled.
    fn invite(&self) -> Option<&SecretKey>;
    /// The pinned server key; `None` lets the first server in and pins it.
    fn pinned(&self) -> Option<ServerId>;
    /// Pins a server's key.
    fn pin(&mut self, server: ServerId) -> Result<(), Self::Fault>;
    /// The pinned server handed over to the one that signed this head, which was proved to go on from
    /// the last: pins that one and remembers the head, both or neither.
    fn succeed(&mut self, head: &VerifiedHead) -> Result<(), Self::Fault>;

    /// Where to begin.
    fn start(&self) -> Start;
    /// The newest head that was proved, whether or not this device has caught up with it.
    fn head(&self) -> Option<SignedHead>;
    /// What the device wants.
    fn scope(&self) -> Scope;

    /// The server proved that its log up to this head goes on from the last one, or is a new
    /// epoch. From now on no older one is believed, even if this device never catches up with it.
    fn saw_head(&mut self, head: &VerifiedHead) -> Result<(), Self::Fault>;
    /// Takes items in the order in which the server sent them, and remembers where to go on: log
    /// order, except that a document which is sent whole comes from its own beginning and that
    /// adopted runs come late.
    fn take_items(
        &mut self,
        items: Vec<Logged>,
        start: Start,
        now_ms: u64,
    ) -> Result<(), Self::Fault>;
    /// Documents of which the items just taken show that something in between did not come; each
    /// is told once. The session fetches them whole, and the place where to go on is not stored
    /// before that.
    fn take_gaps(&mut self) -> Vec<DocumentId>;
    /// Takes a countersigned bundle of one document, to be proved under this head. A bundle that
    /// does not hold is reported as a refusal text (the session then fetches the document's
    /// entries instead), not as a fault.
    fn take_bundle(
        &mut self,
        document: DocumentId,
        bytes: &[u8],
        head: &VerifiedHead,
    ) -> Result<Result<(), String>, Self::Fault>;
    /// First sync: some documents are complete; remembers where to go on. Called once for several.
    fn complete_document(&mut self, start: Start) -> Result<(), Self::Fault>;
    /// Everything up to this head is here.
    fn caught_up(&mut self, head: VerifiedHead, cursor: Cursor) -> Result<(), Self::Fault>;
    /// A document stopped being visible: rescue what was not sent, then forget it.
    fn evict(&mut self, document: DocumentId) -> Result<(), Self::Fault>;

    /// The next things to push, in causal order, at most about `budget` bytes; nothing that is
    /// already on its way (`in_flight` rows).
    fn outgoing(&mut self, in_flight: &[u64], budget: usize) -> Result<Vec<Parcel>, Self::Fault>;
    /// What became of parcels, in the order they were pushed.
    fn answered(&mut self, answers: Vec<(Parcel, Answer)>, now_ms: u64) -> Result<(), Self::Fault>;

    /// The server's log stands differently than before.
    fn turn(&mut self, turn: Turn) -> Result<(), Self::Fault>;
    /// A session goes on under a head of this size, before anything is pushed in it: what was answered
    /// with a place at or beyond it was lost, and what was answered with an earlier one and no head over
    /// it is so when it does not come.
    fn goes_on(&mut self, size: u64) -> Result<(), Self::Fault>;
    /// Roster entries that stand in no log, in order: all of them for a server without the workspace, the
    /// lost ones in a new epoch.
    fn founding(&mut self) -> Result<Vec<Parcel>, Self::Fault>;
    /// Items held verbatim from a position on, without a gap, at most about `budget` bytes, for a
    /// server that lost them; empty when this replica does not keep the whole log.
    fn kept_log(&self, from: u64, budget: usize) -> Result<Vec<Logged>, Self::Fault>;
    /// Proof that the log of `size` entries is the beginning of the one under [`Self::head`], for
    /// a restore that takes several frames; `None` when this replica does not keep the tree.
    fn kept_proof(&self, size: u64) -> Result<Option<ConsistencyProof>, Self::Fault>;
    /// For each purged document among these items, proof under [`Self::head`] that it was purged.
    fn kept_purges(&self, items: &[Logged]) -> Result<Vec<ProvedPurge>, Self::Fault>;
    /// Whether heads are to be compared, or roster entries to be given back.
    fn is_to_compare(&self) -> bool;
    /// Heads of the documents that may have changes the server lacks; none that are being given back.
    fn heads(&self) -> Result<Vec<DocumentHeads>, Self::Fault>;
    /// The server told its heads; answers what it lacks of those documents, in causal order.
    fn lacking(&mut self, theirs: &[DocumentHeads]) -> Result<Vec<Parcel>, Self::Fault>;
    /// A bundle worth uploading, if there is one and this member may keep: document and bytes.
    fn bundle_to_keep(&mut self) -> Result<Option<(DocumentId, Vec<u8>)>, Self::Fault>;
    /// What the server said to an uploaded bundle.
    fn bundle_kept(
        &mut self,
        document: DocumentId,
        refused: Option<ErrorCode>,
    ) -> Result<(), Self::Fault>;
}
