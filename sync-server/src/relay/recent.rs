//! The newest commits in memory: records for whoever is a little behind, and frames that are
//! encoded once for everybody who sees all of them.
//!
//! Bounded by bytes; whoever is further behind reads the log. Invariant: the commits follow each
//! other without a gap up to the size of the log.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use casework_protocol::frame::{ServerFrame, encode};
use casework_protocol::ids::DocumentId;
use casework_protocol::limits::ENTRIES_FRAME_BYTES;
use casework_protocol::log::{EntryKind, NodeHash, Nodes, prove_consistency};

use super::entries::entries_frame;
use crate::log::{Batch, LogError, Record, WorkspaceRow};

/// Item bytes that are kept in memory per workspace.
const RECENT_BYTES: usize = 1024 * 1024;

/// One commit.
#[derive(Debug)]
struct Commit {
    first: u64,
    end: u64,
    bytes: usize,
    records: Vec<Record>,
    frames: Vec<SharedFrame>,
    caught_up: Option<Arc<[u8]>>,
}

/// An encoded frame of changes that nobody withholds.
#[derive(Debug, Clone)]
pub(super) struct SharedFrame {
    pub(super) from: u64,
    pub(super) end: u64,
    pub(super) documents: BTreeSet<DocumentId>,
    pub(super) bytes: Arc<[u8]>,
}

/// The newest commits of a workspace.
#[derive(Debug)]
pub(super) struct Recent {
    commits: VecDeque<Commit>,
    bytes: usize,
    end: u64,
    /// The peaks of the tree, from which the next proof of growth is made without a read.
    edge: BTreeMap<(u8, u64), NodeHash>,
}

impl Recent {
    /// Nothing is recent yet in a log of this size with these peaks.
    pub(super) fn new(size: u64, edge: BTreeMap<(u8, u64), NodeHash>) -> Self {
        Self {
            commits: VecDeque::new(),
            bytes: 0,
            end: size,
            edge,
        }
    }

    /// Bytes of items in memory.
    pub(super) fn held_bytes(&self) -> usize {
        self.bytes
    }

    /// The places of the peaks of a tree of this size.
    pub(super) fn peaks(size: u64) -> impl Iterator<Item = (u8, u64)> {
        (0..64_u8)
            .filter(move |level| size >> level & 1 == 1)
            .map(move |level| {
                // The bit is set, so the index is even and the subtree is a left one.
                (level, (size >> level) - 1)
            })
    }

    /// Takes a batch that became durable; `before` is the workspace's row until now.
    pub(super) fn add(&mut self, before: &WorkspaceRow, batch: &Batch) {
        let caught_up = self.prove(before, batch);
        if batch.records.is_empty() {
            return;
        }
        let bytes = batch.records.iter().map(|record| record.item.len()).sum();
        let end = batch.row.frontier.size();
        self.commits.push_back(Commit {
            first: batch.first,
            end,
            bytes,
            records: batch.records.clone(),
            frames: share(&batch.records),
            caught_up,
        });
        self.bytes += bytes;
        self.end = end;
        while self.bytes > RECENT_BYTES && self.commits.len() > 1 {
            let gone = self.commits.pop_front();
            self.bytes -= gone.map_or(0, |commit| commit.bytes);
        }
    }

    /// Forgets every commit: something in them was purged. Whoever is behind reads the log.
    pub(super) fn forget(&mut self) {
        self.commits.clear();
        self.bytes = 0;
    }

    /// The frame of changes that begins at this position, if it is shared.
    pub(super) fn frame(&self, from: u64) -> Option<&SharedFrame> {
        let frames = &self.commit(from)?.frames;
        let at = frames
            .binary_search_by_key(&from, |frame| frame.from)
            .ok()?;
        frames.get(at)
    }

    /// The encoded [`ServerFrame::CaughtUp`] that leads from this size to the newest head.
    pub(super) fn caught_up(&self, from: u64) -> Option<Arc<[u8]>> {
        let last = self.commits.back().filter(|commit| commit.first == from)?;
        last.caught_up.clone()
    }

    /// Records from the one that covers `from`; `None` when that is too long ago.
    pub(super) fn read(&self, from: u64, budget: usize) -> Option<Vec<Record>> {
        if from >= self.end {
            return Some(Vec::new());
        }
        let at = self.commit_index(from)?;
        let mut records: Vec<Record> = Vec::new();
        let mut bytes = 0;
        let all = self
            .commits
            .iter()
            .skip(at)
            .flat_map(|commit| &commit.records);
        for record in all.filter(|record| record.end() > from) {
            bytes += record.item.len();
            records.push(record.clone());
            if bytes >= budget {
                break;
            }
        }
        Some(records)
    }

    fn commit(&self, from: u64) -> Option<&Commit> {
        self.commits.get(self.commit_index(from)?)
    }

    fn commit_index(&self, from: u64) -> Option<usize> {
        let after = self.commits.partition_point(|commit| commit.first <= from);
        let at = after.checked_sub(1)?;
        self.commits
            .get(at)
            .filter(|commit| from < commit.end)
            .map(|_| at)
    }

    /// Proves once for all live followers that the log grew from one head to the next.
    fn prove(&mut self, before: &WorkspaceRow, batch: &Batch) -> Option<Arc<[u8]>> {
        let (old, new) = (before.frontier.size(), batch.row.frontier.size());
        self.edge.extend(
            batch
                .nodes
                .iter()
                .map(|(level, index, hash)| ((*level, *index), *hash)),
        );
        let proof = prove_consistency(&Edge(&self.edge), old, new).ok();
        // Only the peaks of the tree can be asked for next time.
        let peaks: BTreeSet<(u8, u64)> = Self::peaks(new).collect();
        self.edge.retain(|place, _| peaks.contains(place));
        let frame = ServerFrame::CaughtUp {
            head: batch.row.head.clone(),
            proof: Some(proof?),
        };
        Some(encode(&frame).into())
    }
}

struct Edge<'a>(&'a BTreeMap<(u8, u64), NodeHash>);

impl Nodes for Edge<'_> {
    type Error = LogError;

    fn node(&self, level: u8, index: u64) -> Result<NodeHash, LogError> {
        let problem = "not at the edge".to_owned();
        let found = self.0.get(&(level, index)).copied();
        found.ok_or(LogError::Corrupt {
            table: "edge",
            problem,
        })
    }
}

/// Encodes stretches of plain changes into frames.
fn share(records: &[Record]) -> Vec<SharedFrame> {
    let mut frames = Vec::new();
    let mut rest = records;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |record: &&Record| {
            let before = bytes;
            bytes += record.item.len();
            is_plain(record) && (before == 0 || bytes <= ENTRIES_FRAME_BYTES)
        };
        let count = rest.iter().take_while(fits).count();
        let (stretch, after) = rest.split_at(count);
        if let (Some(first), Some(last)) = (stretch.first(), stretch.last()) {
            let items: Vec<&[u8]> = stretch
                .iter()
                .map(|record| record.item.as_slice())
                .collect();
            frames.push(SharedFrame {
                from: first.seq,
                end: last.end(),
                documents: stretch.iter().map(|record| record.document).collect(),
                bytes: entries_frame(&items, last.end()).into(),
            });
            rest = after;
        } else {
            rest = rest.split_first().map_or(&[], |(_, after)| after);
        }
    }
    frames
}

fn is_plain(record: &Record) -> bool {
    record.kind == EntryKind::Change && !record.held
}
