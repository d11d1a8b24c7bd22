//! One workspace on the relay: its authority in memory, its log behind, its batch in the making.
//!
//! Invariant: memory runs ahead of the log by the batch in the making only; followers read below
//! [`Workspace::size`], which is durable. When an append fails, memory is thrown away and loaded
//! again.

mod load;
mod purge;

use std::collections::BTreeMap;
use std::sync::Arc;

use casework_protocol::access::AccessRecord;
use casework_protocol::authority::Received;
use casework_protocol::digest::{Tag, digest};
use casework_protocol::gate::CheckedChange;
use casework_protocol::ids::{ChangeHash, DocumentId, EpochId, WorkspaceId};
use casework_protocol::log::{
    ConsistencyProof, Frontier, InclusionProof, LogHead, NodeHash, Nodes, ProveError, SignedHead,
    prove_consistency, prove_inclusion, root_at, sign_head,
};
use casework_protocol::roster::Roster;
use casework_protocol::roster::entry::RosterEntry;

use super::held::HeldWork;
use super::identity::Identity;
use super::pending::Pending;
use super::recent::Recent;
use crate::log::{Batch, DocumentRow, EpochEnd, Log, LogError, Record, Recovery, WorkspaceRow};

/// Why a workspace cannot be loaded or worked on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkspaceError {
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log has an entry that its own rules refuse. The file was damaged or written by a newer
    /// version; restore a backup.
    #[error("entry {seq} of workspace {workspace} cannot be taken: {problem}")]
    Entry {
        /// The workspace.
        workspace: WorkspaceId,
        /// The position.
        seq: u64,
        /// What is wrong.
        problem: String,
    },
}

/// A document as the relay knows it.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) access: AccessRecord,
    pub(super) row: DocumentRow,
    /// Positions of its entries that are no changes.
    pub(super) marks: Vec<u64>,
    /// The position that its newest bundle reaches to.
    pub(super) bundle: Option<u64>,
}

pub(super) use load::decode_item;

/// One workspace.
#[derive(Debug)]
pub struct Workspace {
    pub(super) id: WorkspaceId,
    pub(super) log: Arc<dyn Log>,
    pub(super) key: Arc<Identity>,
    pub(super) roster: Roster,
    pub(super) documents: BTreeMap<DocumentId, Document>,
    pub(super) held: HeldWork,
    pub(super) row: WorkspaceRow,
    pub(super) pending: Pending,
    pub(super) recent: Recent,
}

impl Workspace {
    /// A workspace that begins now, before its genesis is logged.
    pub(super) fn found(
        (log, key): (Arc<dyn Log>, Arc<Identity>),
        genesis: &RosterEntry,
        (epoch, ended): (EpochId, Vec<EpochEnd>),
        received_ms: u64,
    ) -> Result<Self, String> {
        let id = WorkspaceId::new(*genesis.hash().as_bytes());
        let received = Received {
            seq: 0,
            ms: received_ms,
        };
        let roster = Roster::found(genesis.clone(), received).map_err(|error| error.to_string())?;
        let frontier = Frontier::new();
        let head = LogHead {
            workspace: id,
            epoch,
            size: 0,
            root: frontier.root(),
            time_ms: received_ms,
        };
        let row = WorkspaceRow {
            epoch,
            ended,
            received_ms,
            head: sign_head(key.as_ref(), head),
            recovery: None,
            frontier,
        };
        let mut this = Self::empty(id, (log, key), roster, row);
        this.pending.received_ms = received_ms;
        this.place_roster(genesis);
        Ok(this)
    }

    fn empty(
        id: WorkspaceId,
        (log, key): (Arc<dyn Log>, Arc<Identity>),
        roster: Roster,
        row: WorkspaceRow,
    ) -> Self {
        Self {
            id,
            log,
            key,
            roster,
            documents: BTreeMap::new(),
            held: HeldWork::default(),
            pending: Pending::after(&row.frontier, row.received_ms),
            recent: Recent::new(row.frontier.size(), BTreeMap::new()),
            row,
        }
    }

    /// The workspace's id.
    #[must_use]
    pub fn id(&self) -> WorkspaceId {
        self.id
    }

    /// The roster, with entries of the batch in the making.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// How many entries are durable.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.row.frontier.size()
    }

    /// The newest signed head.
    #[must_use]
    pub fn head(&self) -> &SignedHead {
        &self.row.head
    }

    /// The present epoch.
    #[must_use]
    pub fn epoch(&self) -> EpochId {
        self.row.epoch
    }

    /// Size of the log when an earlier epoch ended.
    #[must_use]
    pub fn ended(&self, epoch: EpochId) -> Option<u64> {
        self.row
            .ended
            .iter()
            .rev()
            .find(|end| end.epoch == epoch)
            .map(|end| end.size)
    }

    /// The recovery that goes on, if one does.
    #[must_use]
    pub fn recovery(&self) -> Option<&Recovery> {
        self.row.recovery.as_ref()
    }

    /// How many documents it has.
    #[must_use]
    pub fn document_count(&self) -> usize {
        self.documents.len()
    }

    /// The access record of a document, with entries of the batch in the making.
    #[must_use]
    pub fn access(&self, document: DocumentId) -> Option<&AccessRecord> {
        self.documents
            .get(&document)
            .map(|document| &document.access)
    }

    /// The changes of a document that no other known change builds on.
    #[must_use]
    pub fn heads(&self, document: DocumentId) -> Option<&[ChangeHash]> {
        self.documents
            .get(&document)
            .map(|document| document.row.heads.as_slice())
    }

    /// The root of the first `size` entries.
    ///
    /// # Errors
    /// The log's.
    pub fn root_at(&self, size: u64) -> Result<NodeHash, LogError> {
        if size == self.size() {
            Ok(self.row.frontier.root())
        } else {
            root_at(self, size)
        }
    }

    /// Proof that the log of `old` entries is the beginning of the present one.
    ///
    /// # Errors
    /// The log's; [`LogError::Corrupt`] also when `old` is larger than the log.
    pub fn prove_growth(&self, old: u64, new: u64) -> Result<ConsistencyProof, LogError> {
        prove_consistency(self, old, new).map_err(unprovable)
    }

    /// Proof that a position stands under the newest head.
    ///
    /// # Errors
    /// The log's; [`LogError::Corrupt`] also when the log is not that long.
    pub fn prove_inclusion(&self, seq: u64) -> Result<InclusionProof, LogError> {
        prove_inclusion(self, seq, self.size()).map_err(unprovable)
    }

    /// The id of an epoch that begins now on this server. Derived, so that no dice are needed:
    /// server, workspace, time and size never all meet twice.
    pub(super) fn epoch_at(
        key: &Identity,
        workspace: WorkspaceId,
        size: u64,
        now_ms: u64,
    ) -> EpochId {
        let server = key.server();
        let parts: [&[u8]; 5] = [
            b"epoch",
            server.as_bytes(),
            workspace.as_bytes(),
            &size.to_be_bytes(),
            &now_ms.to_be_bytes(),
        ];
        let hash = digest(Tag::Derive, &parts);
        let mut id = [0; EpochId::LEN];
        id.copy_from_slice(&hash[..EpochId::LEN]);
        EpochId::new(id)
    }

    /// Ends the present epoch: what was lost is given up as a beginning, and comes in anew.
    pub(super) fn open_epoch(&mut self, now_ms: u64) {
        let size = self.pending.next_seq();
        let epoch = Self::epoch_at(&self.key, self.id, size, now_ms);
        self.row.ended.push(EpochEnd {
            epoch: self.row.epoch,
            size,
        });
        self.row.epoch = epoch;
        self.row.recovery = None;
        self.pending.row_changed = true;
    }

    /// Whether the workspace is being founded again after its server lost it whole: so far the log
    /// has nothing but the roster.
    pub(super) fn is_refounded(&self) -> bool {
        let lost = self.row.ended.last().is_some_and(|end| end.size == 0);
        lost && self.pending.next_seq() == self.roster.head().version()
    }

    /// Sets the received time of what is admitted next: never earlier than the last.
    pub(super) fn receive(&mut self, now_ms: u64) -> u64 {
        self.pending.received_ms = self.pending.received_ms.max(now_ms);
        self.pending.received_ms
    }

    /// Closes the batch in the making, if there is anything in it.
    ///
    /// # Errors
    /// The log's, when what a purge takes away cannot be read: then the batch is lost, and memory
    /// must be loaded again.
    pub(super) fn take_batch(&mut self, now_ms: u64) -> Result<Option<Batch>, LogError> {
        if self.pending.is_empty() {
            return Ok(None);
        }
        let purged = self.strip_purged()?;
        let fresh = Pending::after(&self.pending.frontier, self.pending.received_ms);
        let done = std::mem::replace(&mut self.pending, fresh);
        let head = LogHead {
            workspace: self.id,
            epoch: self.row.epoch,
            size: done.frontier.size(),
            root: done.frontier.root(),
            time_ms: now_ms.max(done.received_ms),
        };
        let row = WorkspaceRow {
            received_ms: done.received_ms,
            frontier: done.frontier,
            head: sign_head(self.key.as_ref(), head),
            ..self.row.clone()
        };
        let rows = done
            .touched
            .iter()
            .filter_map(|id| Some((*id, self.documents.get(id)?)));
        Ok(Some(Batch {
            workspace: self.id,
            first: done.first,
            documents: rows
                .map(|(id, document)| (id, document.row.clone()))
                .collect(),
            records: done.records,
            changes: done.changes.into_iter().collect(),
            tips: done.tips,
            held: done.held,
            nodes: done.nodes,
            purged,
            row,
        }))
    }

    /// The batch is durable: followers may see it.
    pub(super) fn publish(&mut self, batch: Batch) {
        if !batch.purged.is_empty() {
            self.recent.forget();
        }
        self.recent.add(&self.row, &batch);
        let recovery = self.row.recovery.take();
        self.row = batch.row;
        self.row.recovery = recovery.filter(|recovery| !self.has_reached(recovery));
    }

    /// Records from the one that covers `from`, out of memory where they are recent.
    pub(super) fn read(&self, from: u64, budget: usize) -> Result<Vec<Record>, LogError> {
        match self.recent.read(from, budget) {
            Some(records) => Ok(records),
            None => self.log.read(self.id, from, budget),
        }
    }
}

impl Document {
    pub(super) fn new(access: AccessRecord, genesis: u64) -> Self {
        Self {
            access,
            row: DocumentRow::default(),
            marks: vec![genesis],
            bundle: None,
        }
    }

    /// Whether its content is gone for good.
    pub(super) fn is_purged(&self) -> bool {
        self.access.head().purged().is_some()
    }

    /// Takes changes that stand from this position on; the number of the first among the
    /// document's entries.
    pub(super) fn grow(&mut self, seq: u64, news: &[CheckedChange]) -> u64 {
        let (row, count) = (&mut self.row, news.len() as u64);
        let first = row.count;
        row.count += count;
        row.last = seq + count.saturating_sub(1);
        for header in news.iter().map(|change| change.header()) {
            row.heads
                .retain(|head| header.deps.binary_search(head).is_err());
            row.heads.push(header.hash);
        }
        row.heads.sort_unstable();
        first
    }
}

impl Nodes for Workspace {
    type Error = LogError;

    fn node(&self, level: u8, index: u64) -> Result<NodeHash, LogError> {
        self.log.node(self.id, level, index)
    }
}

fn unprovable(error: ProveError<LogError>) -> LogError {
    let problem = error.to_string();
    if let ProveError::Nodes(error) = error {
        return error;
    }
    LogError::Corrupt {
        table: "nodes",
        problem,
    }
}
