//! One suite that every log passes. Called by the tests of each implementation.
//!
//! It writes batches as the relay does, made from a seed, and holds every answer against a plain
//! list of what was written.

#![allow(
    clippy::unwrap_used,
    reason = "a suite of tests that other crates can call"
)]

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::digest::sha256;
use casework_protocol::ids::{ActorId, ChangeHash, DeviceId, DocumentId, EpochId, WorkspaceId};
use casework_protocol::keys::SecretKey;
use casework_protocol::log::{
    EntryKind, Frontier, LogHead, NodeHash, Nodes, prove_inclusion, root_at, sign_head,
};

use super::{
    Batch, ChangeRow, DocumentRow, HeldChange, HeldRow, Log, LogError, Record, TipRow, WorkspaceRow,
};

/// Makes an empty log.
pub type Make<'a> = &'a dyn Fn() -> Box<dyn Log>;

/// Runs every check on fresh logs.
///
/// # Panics
/// When the log does not conform.
pub fn check_all(make: impl Fn() -> Box<dyn Log>) {
    what_was_appended_is_read_back(&make);
    reading_begins_at_the_item_that_covers_a_position(&make);
    a_batch_that_is_not_at_the_end_changes_nothing(&make);
    workspaces_do_not_see_each_other(&make);
    nodes_make_the_same_root_as_the_frontier(&make);
    the_newest_bundle_replaces_the_one_before(&make);
    a_purge_replaces_the_items_of_its_document_and_nothing_else(&make);
    an_empty_log_answers_with_nothing(&make);
}

/// Writes batches of made-up items and remembers them.
pub struct Scribe {
    workspace: WorkspaceId,
    key: SecretKey,
    dice: u64,
    frontier: Frontier,
    documents: BTreeMap<DocumentId, DocumentRow>,
    /// Everything written.
    pub records: Vec<Record>,
    /// Every change in the hash index.
    pub changes: BTreeMap<ChangeHash, ChangeRow>,
    /// Every actor.
    pub tips: BTreeMap<ActorId, TipRow>,
    /// Every node.
    pub nodes: Vec<(u8, u64, NodeHash)>,
    /// Held runs.
    pub held: BTreeMap<u64, HeldRow>,
}

impl Scribe {
    /// A scribe for the workspace with this number.
    #[must_use]
    pub fn new(workspace: u8) -> Self {
        Self {
            workspace: WorkspaceId::new([workspace; 32]),
            key: SecretKey::from_seed(&[9; 32]),
            dice: u64::from(workspace) + 1,
            frontier: Frontier::new(),
            documents: BTreeMap::new(),
            records: Vec::new(),
            changes: BTreeMap::new(),
            tips: BTreeMap::new(),
            nodes: Vec::new(),
            held: BTreeMap::new(),
        }
    }

    /// The workspace it writes for.
    #[must_use]
    pub fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// Entries written so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    fn roll(&mut self, below: u64) -> u64 {
        self.dice = self
            .dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.dice >> 33) % below
    }

    /// The next batch, with this many items.
    pub fn batch(&mut self, items: usize) -> Batch {
        let first = self.frontier.size();
        let (mut records, mut changes, mut nodes) = (Vec::new(), Vec::new(), Vec::new());
        let (mut tips, mut touched, mut held) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
        for _ in 0..items {
            let record = self.record();
            if record.kind == EntryKind::Change {
                let (rows, tip) = self.index(&record);
                tips.insert(tip.change.actor, tip);
                changes.extend(rows);
            }
            if record.held {
                held.push(self.hold(&record));
            }
            for hash in &record.hashes {
                let leaf = NodeHash::new(*hash);
                self.frontier.append(leaf, &mut |level, index, node| {
                    nodes.push((level, index, node));
                });
            }
            if record.kind != EntryKind::Roster {
                touched.insert(record.document);
            }
            records.push(record);
        }
        self.records.extend(records.iter().cloned());
        self.changes.extend(changes.iter().copied());
        self.tips
            .extend(tips.iter().map(|(actor, tip)| (*actor, *tip)));
        self.nodes.extend(nodes.iter().copied());
        let documents = touched
            .into_iter()
            .map(|id| (id, self.documents[&id].clone()))
            .collect();
        let (workspace, row) = (self.workspace, self.row());
        Batch {
            workspace,
            first,
            records,
            changes,
            tips,
            documents,
            held,
            nodes,
            purged: BTreeMap::new(),
            row,
        }
    }

    /// The next batch, which purges a document: one access entry, and everything of the document
    /// before it without payload.
    pub fn purge(&mut self, document: DocumentId) -> Batch {
        let mut stripped = Vec::new();
        for record in &mut self.records {
            let content = matches!(record.kind, EntryKind::Change | EntryKind::Equivocation);
            if record.document == document && content {
                record.item = vec![0xee; 3];
                record.held = false;
                stripped.push(record.clone());
            }
        }
        self.held.retain(|_, row| row.document != document);
        let mut batch = self.batch(1);
        batch.purged.insert(document, stripped);
        batch
    }

    /// The row of the workspace as it stands.
    #[must_use]
    pub fn row(&self) -> WorkspaceRow {
        let (epoch, size) = (EpochId::new([1; 16]), self.frontier.size());
        let head = LogHead {
            workspace: self.workspace,
            epoch,
            size,
            root: self.frontier.root(),
            time_ms: size,
        };
        WorkspaceRow {
            epoch,
            ended: Vec::new(),
            received_ms: size,
            frontier: self.frontier.clone(),
            head: sign_head(&self.key, head),
            recovery: None,
        }
    }

    fn record(&mut self) -> Record {
        let seq = self.frontier.size();
        let (kind, count) = match self.roll(10) {
            0 => (EntryKind::Roster, 1),
            1 => (EntryKind::Access, 1),
            2 => (EntryKind::Equivocation, 1),
            n => (EntryKind::Change, n - 2),
        };
        let document = match kind {
            EntryKind::Roster => DocumentId::new([0; 16]),
            EntryKind::Change | EntryKind::Access | EntryKind::Equivocation => {
                DocumentId::new([1 + u8::try_from(self.roll(3)).expect("below 3"); 16])
            }
        };
        let row = self.documents.entry(document).or_default();
        let document_seq = row.count;
        row.count += count;
        row.last = seq + count - 1;
        let hashes =
            (0..count).map(|n| sha256(&[self.workspace.as_bytes(), &(seq + n).to_be_bytes()]));
        let hashes: Vec<[u8; 32]> = hashes.collect();
        row.heads = vec![ChangeHash::new(hashes[0])];
        let held = kind == EntryKind::Change && self.roll(5) == 0;
        let item = vec![kind.number(); 20 + self.roll(400) as usize];
        Record {
            seq,
            document_seq,
            received_ms: seq * 10,
            kind,
            held,
            document,
            hashes,
            item,
        }
    }

    fn index(&mut self, record: &Record) -> (Vec<(ChangeHash, ChangeRow)>, TipRow) {
        let mut actor = [record.document.as_bytes()[0]; ActorId::LEN];
        actor[0] = u8::try_from(self.roll(4)).expect("below 4");
        let actor = ActorId::new(actor);
        let last = self.tips.get(&actor).map_or(0, |tip| tip.change.seq);
        let rows: Vec<_> = (1..)
            .zip(&record.hashes)
            .map(|(n, hash)| {
                let row = ChangeRow {
                    document: record.document,
                    actor,
                    seq: last + n,
                    max_op: (last + n) * 3,
                    at: record.seq + u64::from(n) - 1,
                    roster: 4,
                    access: 2,
                };
                (ChangeHash::new(*hash), row)
            })
            .collect();
        let (hash, change) = *rows.last().expect("a run has changes");
        let tip = TipRow {
            hash,
            change,
            closed: last > 20,
        };
        self.tips.insert(actor, tip);
        (rows, tip)
    }

    fn hold(&mut self, record: &Record) -> HeldRow {
        let changes = record.hashes.iter().map(|hash| HeldChange {
            hash: ChangeHash::new(*hash),
            needs: Vec::new(),
        });
        let row = HeldRow {
            seq: record.seq,
            document: record.document,
            device: DeviceId::new([3; 32]),
            changes: changes.collect(),
            adopted: None,
        };
        self.held.insert(record.seq, row.clone());
        row
    }

    /// Checks that the log says exactly what was written.
    ///
    /// # Panics
    /// When it does not.
    pub fn compare(&self, log: &dyn Log) {
        let workspace = self.workspace;
        let read = log.read(workspace, 0, usize::MAX).unwrap();
        assert_eq!(read, self.records);
        assert_eq!(log.workspace(workspace).unwrap(), Some(self.row()));
        let seqs: Vec<u64> = self.records.iter().map(|record| record.seq).collect();
        assert_eq!(log.records(workspace, &seqs).unwrap(), self.records);
        let (hashes, rows): (Vec<_>, Vec<_>) = self
            .changes
            .iter()
            .map(|(hash, row)| (*hash, Some(*row)))
            .unzip();
        let (actors, tips): (Vec<_>, Vec<_>) = self
            .tips
            .iter()
            .map(|(actor, tip)| (*actor, Some(*tip)))
            .unzip();
        let known = log.lookup(workspace, &hashes, &actors).unwrap();
        assert_eq!(known.changes, rows);
        assert_eq!(known.tips, tips);
        for (level, index, node) in &self.nodes {
            assert_eq!(log.node(workspace, *level, *index).unwrap(), *node);
        }
        let held: Vec<HeldRow> = self.held.values().cloned().collect();
        assert_eq!(log.held(workspace).unwrap(), held);
        let authority = self
            .records
            .iter()
            .filter(|record| record.kind != EntryKind::Change);
        let authority: Vec<_> = authority
            .map(|record| (record.seq, record.document))
            .collect();
        assert_eq!(log.authority(workspace).unwrap(), authority);
        self.compare_documents(log);
    }

    fn compare_documents(&self, log: &dyn Log) {
        let documents = self
            .documents
            .iter()
            .filter(|(id, _)| **id != DocumentId::new([0; 16]));
        let documents: Vec<_> = documents.map(|(id, row)| (*id, row.clone())).collect();
        assert_eq!(log.documents(self.workspace).unwrap(), documents);
        for (document, _) in documents {
            let all: Vec<u64> = self
                .records
                .iter()
                .filter(|r| r.document == document && r.kind != EntryKind::Roster)
                .map(|record| record.seq)
                .collect();
            let ask = |from, most| log.positions(self.workspace, document, from, most).unwrap();
            assert_eq!(ask(0, usize::MAX), all);
            assert_eq!(ask(0, 3), all[..3.min(all.len())]);
            for (n, seq) in all.iter().enumerate() {
                assert_eq!(ask(*seq, usize::MAX), all[n..]);
                assert_eq!(
                    ask(*seq + 1, 2),
                    all[n + 1..(n + 3).min(all.len()).max(n + 1)]
                );
            }
        }
    }
}

fn what_was_appended_is_read_back(make: Make<'_>) {
    let (log, mut scribe) = (make(), Scribe::new(1));
    for items in [1, 1, 7, 300, 1, 40] {
        log.append(&[scribe.batch(items)]).unwrap();
        scribe.compare(log.as_ref());
    }
}

fn reading_begins_at_the_item_that_covers_a_position(make: Make<'_>) {
    let (log, mut scribe) = (make(), Scribe::new(1));
    log.append(&[scribe.batch(60)]).unwrap();
    for from in 0..scribe.size() {
        let records = log.read(scribe.workspace, from, 1).unwrap();
        assert_eq!(records.len(), 1);
        assert!(records[0].seq <= from && from < records[0].end());
        let two = records[0].item.len() + 1;
        let records = log.read(scribe.workspace, from, two).unwrap();
        let more = records[0].end() < scribe.size();
        assert_eq!(records.len(), if more { 2 } else { 1 });
    }
    assert_eq!(log.read(scribe.workspace, scribe.size(), 1).unwrap(), []);
}

fn a_batch_that_is_not_at_the_end_changes_nothing(make: Make<'_>) {
    let (log, mut scribe) = (make(), Scribe::new(1));
    log.append(&[scribe.batch(20)]).unwrap();
    let (mut other, late) = (Scribe::new(2), scribe.row());
    let mut gap = other.batch(2);
    gap.workspace = scribe.workspace;
    gap.row = late;
    let mut fine = Scribe::new(3);
    let error = log.append(&[fine.batch(1), gap]).unwrap_err();
    assert!(
        matches!(error, LogError::NotAtEnd { found: 0, .. }),
        "{error}"
    );
    scribe.compare(log.as_ref());
    assert_eq!(log.workspaces().unwrap(), [scribe.workspace]);
}

fn workspaces_do_not_see_each_other(make: Make<'_>) {
    let (log, mut one, mut two) = (make(), Scribe::new(7), Scribe::new(5));
    log.append(&[one.batch(20)]).unwrap();
    log.append(&[two.batch(30), one.batch(5)]).unwrap();
    log.append(&[one.batch(5), two.batch(3)]).unwrap();
    one.compare(log.as_ref());
    two.compare(log.as_ref());
    assert_eq!(log.workspaces().unwrap(), [two.workspace, one.workspace]);
}

struct NodesOf<'a>(&'a dyn Log, WorkspaceId);

impl Nodes for NodesOf<'_> {
    type Error = LogError;

    fn node(&self, level: u8, index: u64) -> Result<NodeHash, LogError> {
        self.0.node(self.1, level, index)
    }
}

fn nodes_make_the_same_root_as_the_frontier(make: Make<'_>) {
    let (log, mut scribe) = (make(), Scribe::new(1));
    for _ in 0..30 {
        log.append(&[scribe.batch(3)]).unwrap();
        let nodes = NodesOf(log.as_ref(), scribe.workspace);
        let root = root_at(&nodes, scribe.size()).unwrap();
        assert_eq!(root, scribe.frontier.root());
        let proof = prove_inclusion(&nodes, scribe.size() / 2, scribe.size()).unwrap();
        let leaf = nodes.node(0, scribe.size() / 2).unwrap();
        proof.verify(&leaf, &root).unwrap();
    }
    assert!(log.node(scribe.workspace, 0, scribe.size()).is_err());
}

fn the_newest_bundle_replaces_the_one_before(make: Make<'_>) {
    let (log, mut scribe) = (make(), Scribe::new(1));
    log.append(&[scribe.batch(9)]).unwrap();
    let (w, document) = (scribe.workspace, DocumentId::new([1; 16]));
    assert_eq!(log.bundle(w, document).unwrap(), None);
    log.put_bundle(w, document, 4, &[b"one", b"two"]).unwrap();
    log.put_bundle(w, document, 6, &[b"three"]).unwrap();
    let row = log.bundle(w, document).unwrap().unwrap();
    assert_eq!((row.upto, row.bytes, row.pieces), (6, 5, 1));
    assert_eq!(
        log.piece(w, document, 6, 0).unwrap().as_deref(),
        Some(b"three".as_slice())
    );
    assert_eq!(log.piece(w, document, 6, 1).unwrap(), None);
    assert_eq!(log.piece(w, document, 4, 0).unwrap(), None);
    assert_eq!(log.bundle(w, DocumentId::new([2; 16])).unwrap(), None);
}

fn a_purge_replaces_the_items_of_its_document_and_nothing_else(make: Make<'_>) {
    let (log, mut scribe, mut other) = (make(), Scribe::new(1), Scribe::new(2));
    log.append(&[scribe.batch(200), other.batch(50)]).unwrap();
    let (w, one, two) = (
        scribe.workspace,
        DocumentId::new([1; 16]),
        DocumentId::new([2; 16]),
    );
    for document in [one, two] {
        log.put_bundle(w, document, 4, &[b"one", b"two"]).unwrap();
    }
    log.put_bundle(other.workspace, one, 4, &[b"one"]).unwrap();
    let held = scribe.held.len();
    log.append(&[scribe.purge(one)]).unwrap();
    assert!(scribe.held.len() < held && !scribe.held.is_empty());
    scribe.compare(log.as_ref());
    other.compare(log.as_ref());
    assert_eq!(log.bundle(w, one).unwrap(), None);
    assert_eq!(log.piece(w, one, 4, 0).unwrap(), None);
    assert!(log.bundle(w, two).unwrap().is_some());
    assert!(log.piece(w, two, 4, 1).unwrap().is_some());
    assert!(log.bundle(other.workspace, one).unwrap().is_some());
    log.append(&[scribe.batch(40)]).unwrap();
    log.append(&[scribe.purge(two)]).unwrap();
    scribe.compare(log.as_ref());
}

fn an_empty_log_answers_with_nothing(make: Make<'_>) {
    let (log, w) = (make(), WorkspaceId::new([1; 32]));
    assert_eq!(log.workspaces().unwrap(), []);
    assert_eq!(log.workspace(w).unwrap(), None);
    assert_eq!(log.read(w, 0, 100).unwrap(), []);
    assert_eq!(log.authority(w).unwrap(), []);
    let known = log.lookup(w, &[ChangeHash::new([1; 32])], &[]).unwrap();
    assert_eq!(known.changes, [None]);
    assert!(log.node(w, 0, 0).is_err());
}
