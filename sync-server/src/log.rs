//! The log of every workspace on one server, behind one trait: what is appended and what is asked.
//!
//! It stores and finds; it judges nothing. Two implementations pass one conformance suite: in
//! memory, and redb on disk.
//! Invariant: a batch is appended whole and durably or not at all, and only at the end; of what
//! stands, only the items of purged documents are replaced.
//!
//! ```text
//! relay ──Batch──▶ append ──▶ records · hash index · actor tips · documents · nodes · signed head
//! followers ◀── read, positions, record          proofs ◀── node          start-up ◀── the rest
//! ```

#[doc(hidden)]
pub mod conformance;
pub mod memory;
pub mod redb;
mod tables;

use std::collections::BTreeMap;

use casework_protocol::ids::{ActorId, ChangeHash, DeviceId, DocumentId, EpochId, WorkspaceId};
use casework_protocol::log::{EntryKind, Frontier, NodeHash, SignedHead};
use minicbor::{Decode, Encode};

/// Why the log cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The storage failed (disk full, device gone, file locked by another process). Nothing of the
    /// batch is in the log; look at the machine, then start the server again.
    #[error("log storage failed: {0}")]
    Storage(#[source] Box<::redb::Error>),
    /// A row that this version wrote otherwise. The file was damaged or is of a newer version;
    /// restore a backup, or let devices heal an empty server.
    #[error("row of table {table} cannot be read: {problem}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// What is wrong with the row.
        problem: String,
    },
    /// A batch that does not begin at the end of the log. The writer is broken; nothing was
    /// written.
    #[error("batch for position {found} where the log of {workspace} ends at {expected}")]
    NotAtEnd {
        /// The workspace.
        workspace: WorkspaceId,
        /// Size of the log.
        expected: u64,
        /// First position of the batch.
        found: u64,
    },
    /// The file was written by a version with another layout. Use that version.
    #[error("the log file has layout {found} and this version reads {expected}")]
    Layout {
        /// Layout of the file.
        found: u64,
        /// Layout that this version knows.
        expected: u64,
    },
}

/// One item of the log: a run, an entry or an equivocation, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Position of its first entry.
    pub seq: u64,
    /// Number of its first entry among the document's (the roster's) entries.
    pub document_seq: u64,
    /// Milliseconds since 1970 by the server's clock.
    pub received_ms: u64,
    /// What it is.
    pub kind: EntryKind,
    /// It was held when it arrived.
    pub held: bool,
    /// The document; all zero for a roster entry.
    pub document: DocumentId,
    /// The hash of each entry, one per position: change hashes, or one entry hash.
    pub hashes: Vec<[u8; 32]>,
    /// The encoded [`casework_protocol::frame::Logged`], standing as at arrival.
    pub item: Vec<u8>,
}

impl Record {
    /// The position after its last entry.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.seq + self.hashes.len() as u64
    }
}

/// What the hash index keeps of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeRow {
    /// Its document.
    pub document: DocumentId,
    /// Its actor.
    pub actor: ActorId,
    /// Its number among the actor's changes.
    pub seq: u32,
    /// The counter of its last operation.
    pub max_op: u32,
    /// Its position in the log.
    pub at: u64,
    /// The roster version it cites.
    pub roster: u64,
    /// The access version it cites.
    pub access: u64,
}

/// The newest change of an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TipRow {
    /// Hash of the change.
    pub hash: ChangeHash,
    /// The same as in the hash index.
    pub change: ChangeRow,
    /// Closed after an equivocation: takes no more changes.
    pub closed: bool,
}

/// What is kept of one document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct DocumentRow {
    /// How many entries it has.
    #[n(0)]
    pub count: u64,
    /// Position of its last entry.
    #[n(1)]
    pub last: u64,
    /// Changes that no other known change depends on, ascending.
    #[n(2)]
    pub heads: Vec<ChangeHash>,
}

/// The end of an earlier life of the workspace on its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct EpochEnd {
    /// The epoch that ended.
    #[n(0)]
    pub epoch: EpochId,
    /// Size of the log when it ended; the next epoch has these entries too.
    #[n(1)]
    pub size: u64,
}

/// What is kept of a workspace as a whole, replaced with every batch.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct WorkspaceRow {
    /// The present epoch.
    #[n(0)]
    pub epoch: EpochId,
    /// Earlier epochs, oldest first.
    #[n(1)]
    pub ended: Vec<EpochEnd>,
    /// Received time of the last entry; the next one is not earlier.
    #[n(2)]
    pub received_ms: u64,
    /// Right edge of the tree.
    #[n(3)]
    pub frontier: Frontier,
    /// The newest signed head.
    #[n(4)]
    pub head: SignedHead,
    /// While recovering: the longest head of this server's key that a device has shown, and when
    /// the first one was shown.
    #[n(5)]
    pub recovery: Option<Recovery>,
}

/// A log that is shorter than the server itself has said.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Recovery {
    /// The longest head shown.
    #[n(0)]
    pub target: SignedHead,
    /// When recovering began, ms.
    #[n(1)]
    pub since_ms: u64,
}

/// One change of a held run.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct HeldChange {
    /// The change.
    #[n(0)]
    pub hash: ChangeHash,
    /// Those of its direct dependencies that are held themselves, outside the run.
    #[n(1)]
    pub needs: Vec<ChangeHash>,
}

/// A run that was held on arrival.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct HeldRow {
    /// Position of its first change.
    #[n(0)]
    pub seq: u64,
    /// Its document.
    #[n(1)]
    pub document: DocumentId,
    /// Its author.
    #[n(2)]
    pub device: DeviceId,
    /// Its changes.
    #[n(3)]
    pub changes: Vec<HeldChange>,
    /// Position of the adoption that released it.
    #[n(4)]
    pub adopted: Option<u64>,
}

/// The newest bundle of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BundleRow {
    /// It covers the document's entries before this position.
    #[n(0)]
    pub upto: u64,
    /// Length of all pieces.
    #[n(1)]
    pub bytes: u64,
    /// Number of pieces.
    #[n(2)]
    pub pieces: u32,
}

/// What one commit adds to one workspace.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The workspace; created when the log has none.
    pub workspace: WorkspaceId,
    /// The size of the log before.
    pub first: u64,
    /// The items, without a gap from `first`; none when only the row below changes.
    pub records: Vec<Record>,
    /// Their rows for the hash index.
    pub changes: Vec<(ChangeHash, ChangeRow)>,
    /// Actors whose tip moved or was closed.
    pub tips: BTreeMap<ActorId, TipRow>,
    /// Documents that got entries.
    pub documents: BTreeMap<DocumentId, DocumentRow>,
    /// Held runs, new or released now.
    pub held: Vec<HeldRow>,
    /// Tree nodes that were completed: level, index, hash; each level ascending.
    pub nodes: Vec<(u8, u64, NodeHash)>,
    /// Documents that are purged with this batch, each with the records before `first` that
    /// replace those at the same positions; its bundle and its held runs go.
    pub purged: BTreeMap<DocumentId, Vec<Record>>,
    /// The workspace afterwards.
    pub row: WorkspaceRow,
}

/// What a lookup found, one place per question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The changes asked for.
    pub changes: Vec<Option<ChangeRow>>,
    /// The actors asked for.
    pub tips: Vec<Option<TipRow>>,
}

/// The storage of one server. Readers see every batch that was appended before they asked.
pub trait Log: core::fmt::Debug + Send + Sync + 'static {
    /// Appends the batches, all or none; they are durable when this returns.
    ///
    /// # Errors
    /// [`LogError::NotAtEnd`] for a batch that does not begin at the end; else the storage's.
    fn append(&self, batches: &[Batch]) -> Result<(), LogError>;

    /// Every workspace there is, ascending.
    ///
    /// # Errors
    /// The storage's.
    fn workspaces(&self) -> Result<Vec<WorkspaceId>, LogError>;

    /// One workspace as a whole; `None` if it is not here.
    ///
    /// # Errors
    /// The storage's.
    fn workspace(&self, workspace: WorkspaceId) -> Result<Option<WorkspaceRow>, LogError>;

    /// Every document of a workspace, ascending.
    ///
    /// # Errors
    /// The storage's.
    fn documents(&self, workspace: WorkspaceId)
    -> Result<Vec<(DocumentId, DocumentRow)>, LogError>;

    /// The positions of everything that is no change (roster and access entries, equivocations)
    /// with its document, in log order: what is replayed at start-up.
    ///
    /// # Errors
    /// The storage's.
    fn authority(&self, workspace: WorkspaceId) -> Result<Vec<(u64, DocumentId)>, LogError>;

    /// Every run that was held on arrival, in log order.
    ///
    /// # Errors
    /// The storage's.
    fn held(&self, workspace: WorkspaceId) -> Result<Vec<HeldRow>, LogError>;

    /// The items from the one that covers position `from`, until their bytes reach the budget or
    /// the log ends; at least one if there is one.
    ///
    /// # Errors
    /// The storage's.
    fn read(
        &self,
        workspace: WorkspaceId,
        from: u64,
        budget: usize,
    ) -> Result<Vec<Record>, LogError>;

    /// The items at these positions (each the first of its item), in the order asked; those that
    /// are not there are left out.
    ///
    /// # Errors
    /// The storage's.
    fn records(&self, workspace: WorkspaceId, seqs: &[u64]) -> Result<Vec<Record>, LogError>;

    /// The first positions of a document's items, ascending from `from`, at most `most`.
    ///
    /// # Errors
    /// The storage's.
    fn positions(
        &self,
        workspace: WorkspaceId,
        document: DocumentId,
        from: u64,
        most: usize,
    ) -> Result<Vec<u64>, LogError>;

    /// Looks up changes by hash and tips by actor.
    ///
    /// # Errors
    /// The storage's.
    fn lookup(
        &self,
        workspace: WorkspaceId,
        changes: &[ChangeHash],
        actors: &[ActorId],
    ) -> Result<Known, LogError>;

    /// One node of the tree that was appended.
    ///
    /// # Errors
    /// [`LogError::Corrupt`] if it is not there; else the storage's.
    fn node(&self, workspace: WorkspaceId, level: u8, index: u64) -> Result<NodeHash, LogError>;

    /// The newest bundle of a document.
    ///
    /// # Errors
    /// The storage's.
    fn bundle(
        &self,
        workspace: WorkspaceId,
        document: DocumentId,
    ) -> Result<Option<BundleRow>, LogError>;

    /// One piece of the bundle up to `upto`; `None` when that bundle was replaced.
    ///
    /// # Errors
    /// The storage's.
    fn piece(
        &self,
        workspace: WorkspaceId,
        document: DocumentId,
        upto: u64,
        index: u32,
    ) -> Result<Option<Vec<u8>>, LogError>;

    /// Stores a bundle instead of the one before.
    ///
    /// # Errors
    /// The storage's.
    fn put_bundle(
        &self,
        workspace: WorkspaceId,
        document: DocumentId,
        upto: u64,
        pieces: &[&[u8]],
    ) -> Result<(), LogError>;
}
