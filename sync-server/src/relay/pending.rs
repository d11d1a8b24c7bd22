//! The batch in the making: what was admitted since the last commit.
//!
//! Invariant: positions, tree and rows grow together, one entry at a time.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::ids::{ActorId, ChangeHash, DocumentId};
use casework_protocol::log::{EntryKind, Frontier, Leaf, NodeHash};

use crate::log::{ChangeRow, HeldRow, Record, TipRow};

/// What one commit will add.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) first: u64,
    pub(super) frontier: Frontier,
    pub(super) records: Vec<Record>,
    pub(super) changes: BTreeMap<ChangeHash, ChangeRow>,
    pub(super) tips: BTreeMap<ActorId, TipRow>,
    pub(super) touched: BTreeSet<DocumentId>,
    pub(super) held: Vec<HeldRow>,
    /// Documents that are purged with this commit.
    pub(super) purged: BTreeSet<DocumentId>,
    pub(super) nodes: Vec<(u8, u64, NodeHash)>,
    pub(super) received_ms: u64,
    /// The workspace's row changed without an entry (an epoch, a recovery).
    pub(super) row_changed: bool,
}

/// Where an item goes and what its leaves say.
pub(super) struct Placing<'a> {
    pub(super) kind: EntryKind,
    pub(super) held: bool,
    pub(super) document: DocumentId,
    pub(super) document_seq: u64,
    /// Per entry its hash and its payload hash.
    pub(super) entries: &'a [([u8; 32], [u8; 32])],
    pub(super) item: Vec<u8>,
}

impl Pending {
    pub(super) fn after(frontier: &Frontier, received_ms: u64) -> Self {
        Self {
            first: frontier.size(),
            frontier: frontier.clone(),
            records: Vec::new(),
            changes: BTreeMap::new(),
            tips: BTreeMap::new(),
            touched: BTreeSet::new(),
            held: Vec::new(),
            purged: BTreeSet::new(),
            nodes: Vec::new(),
            received_ms,
            row_changed: false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.held.is_empty() && !self.row_changed
    }

    /// The position that the next entry gets.
    pub(super) fn next_seq(&self) -> u64 {
        self.frontier.size()
    }

    /// Appends an item.
    pub(super) fn push(&mut self, placing: Placing<'_>) {
        let Placing {
            kind,
            held,
            document,
            document_seq,
            entries,
            item,
        } = placing;
        let (seq, received_ms) = (self.next_seq(), self.received_ms);
        for (n, (hash, payload)) in (0..).zip(entries) {
            let leaf = Leaf {
                seq: seq + n,
                received_ms,
                kind,
                document,
                document_seq: document_seq + n,
                hash: *hash,
                payload: *payload,
            };
            let nodes = &mut self.nodes;
            self.frontier
                .append(leaf.leaf_hash(), &mut |level, index, node| {
                    nodes.push((level, index, node));
                });
        }
        if kind != EntryKind::Roster {
            self.touched.insert(document);
        }
        let hashes = entries.iter().map(|(hash, _)| *hash).collect();
        self.records.push(Record {
            seq,
            document_seq,
            received_ms,
            kind,
            held,
            document,
            hashes,
            item,
        });
    }
}
