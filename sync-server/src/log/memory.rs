//! The log in memory: for tests and simulation, and the model that the one on disk is held to.
//!
//! Keeps nothing when it is dropped. Invariant: the same answers as the log on disk.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use casework_protocol::ids::{ActorId, ChangeHash, DocumentId, WorkspaceId};
use casework_protocol::log::{EntryKind, NodeHash};

use super::{
    Batch, BundleRow, ChangeRow, DocumentRow, HeldRow, Known, Log, LogError, Record, TipRow,
    WorkspaceRow,
};

/// Logs of many workspaces in memory.
#[derive(Debug, Default)]
pub struct MemoryLog {
    workspaces: RwLock<BTreeMap<WorkspaceId, Stored>>,
}

#[derive(Debug, Clone)]
struct Stored {
    row: WorkspaceRow,
    records: BTreeMap<u64, Record>,
    changes: BTreeMap<ChangeHash, ChangeRow>,
    tips: BTreeMap<ActorId, TipRow>,
    documents: BTreeMap<DocumentId, DocumentRow>,
    positions: BTreeMap<(DocumentId, u64), ()>,
    held: BTreeMap<u64, HeldRow>,
    nodes: BTreeMap<(u8, u64), NodeHash>,
    bundles: BTreeMap<DocumentId, (u64, Vec<Vec<u8>>)>,
}

impl MemoryLog {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A copy of everything as it stands: a backup, to be "restored" in a test.
    #[must_use]
    pub fn backup(&self) -> Self {
        let copy = self
            .reading()
            .iter()
            .map(|(id, stored)| (*id, stored.clone()))
            .collect();
        Self {
            workspaces: RwLock::new(copy),
        }
    }

    /// Puts another record where one stands, as a failing disk might.
    #[cfg(test)]
    pub(crate) fn damage(&self, workspace: WorkspaceId, record: Record) {
        if let Some(stored) = self.writing().get_mut(&workspace) {
            stored.records.insert(record.seq, record);
        }
    }

    fn reading(&self) -> RwLockReadGuard<'_, BTreeMap<WorkspaceId, Stored>> {
        self.workspaces
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self) -> RwLockWriteGuard<'_, BTreeMap<WorkspaceId, Stored>> {
        self.workspaces
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn ask<T: Default>(&self, workspace: WorkspaceId, ask: impl FnOnce(&Stored) -> T) -> T {
        self.reading().get(&workspace).map(ask).unwrap_or_default()
    }
}

impl Stored {
    fn new(row: &WorkspaceRow) -> Self {
        Self {
            row: row.clone(),
            records: BTreeMap::new(),
            changes: BTreeMap::new(),
            tips: BTreeMap::new(),
            documents: BTreeMap::new(),
            positions: BTreeMap::new(),
            held: BTreeMap::new(),
            nodes: BTreeMap::new(),
            bundles: BTreeMap::new(),
        }
    }

    fn take(&mut self, batch: &Batch) {
        for record in &batch.records {
            if record.kind != EntryKind::Roster {
                self.positions.insert((record.document, record.seq), ());
            }
            self.records.insert(record.seq, record.clone());
        }
        self.changes.extend(batch.changes.iter().copied());
        self.tips
            .extend(batch.tips.iter().map(|(actor, tip)| (*actor, *tip)));
        self.documents
            .extend(batch.documents.iter().map(|(id, row)| (*id, row.clone())));
        self.held
            .extend(batch.held.iter().map(|row| (row.seq, row.clone())));
        self.nodes.extend(
            batch
                .nodes
                .iter()
                .map(|(level, index, hash)| ((*level, *index), *hash)),
        );
        for (document, records) in &batch.purged {
            let bare = records.iter().map(|record| (record.seq, record.clone()));
            self.records.extend(bare);
            self.held.retain(|_, row| row.document != *document);
            self.bundles.remove(document);
        }
        self.row = batch.row.clone();
    }
}

impl Log for MemoryLog {
    fn append(&self, batches: &[Batch]) -> Result<(), LogError> {
        let mut workspaces = self.writing();
        for batch in batches {
            let expected = workspaces
                .get(&batch.workspace)
                .map_or(0, |stored| stored.row.frontier.size());
            if expected != batch.first {
                let (workspace, found) = (batch.workspace, batch.first);
                return Err(LogError::NotAtEnd {
                    workspace,
                    expected,
                    found,
                });
            }
        }
        for batch in batches {
            workspaces
                .entry(batch.workspace)
                .or_insert_with(|| Stored::new(&batch.row))
                .take(batch);
        }
        Ok(())
    }

    fn workspaces(&self) -> Result<Vec<WorkspaceId>, LogError> {
        Ok(self.reading().keys().copied().collect())
    }

    fn workspace(&self, workspace: WorkspaceId) -> Result<Option<WorkspaceRow>, LogError> {
        Ok(self.ask(workspace, |stored| Some(stored.row.clone())))
    }

    fn documents(
        &self,
        workspace: WorkspaceId,
    ) -> Result<Vec<(DocumentId, DocumentRow)>, LogError> {
        Ok(self.ask(workspace, |stored| {
            stored
                .documents
                .iter()
                .map(|(id, row)| (*id, row.clone()))
                .collect()
        }))
    }

    fn authority(&self, workspace: WorkspaceId) -> Result<Vec<(u64, DocumentId)>, LogError> {
        Ok(self.ask(workspace, |stored| {
            stored
                .records
                .values()
                .filter(|record| record.kind != EntryKind::Change)
                .map(|record| (record.seq, record.document))
                .collect()
        }))
    }

    fn held(&self, workspace: WorkspaceId) -> Result<Vec<HeldRow>, LogError> {
        Ok(self.ask(workspace, |stored| stored.held.values().cloned().collect()))
    }

    fn read(
        &self,
        workspace: WorkspaceId,
        from: u64,
        budget: usize,
    ) -> Result<Vec<Record>, LogError> {
        Ok(self.ask(workspace, |stored| {
            let covering = stored.records.range(..=from).next_back();
            let start = covering.map_or(
                from,
                |(seq, record)| {
                    if record.end() > from { *seq } else { from }
                },
            );
            let mut records = Vec::new();
            let mut bytes = 0;
            for record in stored.records.range(start..).map(|(_, record)| record) {
                bytes += record.item.len();
                records.push(record.clone());
                if bytes >= budget {
                    break;
                }
            }
            records
        }))
    }

    fn records(&self, workspace: WorkspaceId, seqs: &[u64]) -> Result<Vec<Record>, LogError> {
        Ok(self.ask(workspace, |stored| {
            seqs.iter()
                .filter_map(|seq| stored.records.get(seq).cloned())
                .collect()
        }))
    }

    fn positions(
        &self,
        workspace: WorkspaceId,
        document: DocumentId,
        from: u64,
        most: usize,
    ) -> Result<Vec<u64>, LogError> {
        let range = (
            Bound::Included((document, from)),
            Bound::Included((document, u64::MAX)),
        );
        Ok(self.ask(workspace, |stored| {
            stored
                .positions
                .range(range)
                .map(|((_, seq), ())| *seq)
                .take(most)
                .collect()
        }))
    }

    fn lookup(
        &self,
        workspace: WorkspaceId,
        changes: &[ChangeHash],
        actors: &[ActorId],
    ) -> Result<Known, LogError> {
        let all = self.reading();
        let stored = all.get(&workspace);
        let change = |hash| stored.and_then(|stored| stored.changes.get(hash)).copied();
        let tip = |actor| stored.and_then(|stored| stored.tips.get(actor)).copied();
        Ok(Known {
            changes: changes.iter().map(change).collect(),
            tips: actors.iter().map(tip).collect(),
        })
    }

    fn node(&self, workspace: WorkspaceId, level: u8, index: u64) -> Result<NodeHash, LogError> {
        self.ask(workspace, |stored| {
            stored.nodes.get(&(level, index)).copied()
        })
        .ok_or_else(|| {
            let problem = format!("node {level}/{index} is not there");
            LogError::Corrupt {
                table: "nodes in memory",
                problem,
            }
        })
    }

    fn bundle(
        &self,
        workspace: WorkspaceId,
        document: DocumentId,
    ) -> Result<Option<BundleRow>, LogError> {
        Ok(self.ask(workspace, |stored| {
            stored
                .bundles
                .get(&document)
                .map(|(upto, pieces)| BundleRow {
                    upto: *upto,
                    bytes: pieces.iter().map(|piece| piece.len() as u64).sum(),
                    pieces: u32::try_from(pieces.len()).unwrap_or(u32::MAX),
                })
        }))
    }

    fn piece(
        &self,
        workspace: WorkspaceId,
        document: DocumentId,
        upto: u64,
        index: u32,
    ) -> Result<Option<Vec<u8>>, LogError> {
        Ok(self.ask(workspace, |stored| {
            let (held, pieces) = stored.bundles.get(&document)?;
            (*held == upto)
                .then(|| pieces.get(index as usize).cloned())
                .flatten()
        }))
    }

    fn put_bundle(
        &self,
        workspace: WorkspaceId,
        document: DocumentId,
        upto: u64,
        pieces: &[&[u8]],
    ) -> Result<(), LogError> {
        let pieces = pieces.iter().map(|piece| piece.to_vec()).collect();
        if let Some(stored) = self.writing().get_mut(&workspace) {
            stored.bundles.insert(document, (upto, pieces));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_in_memory_passes_the_conformance_suite() {
        super::super::conformance::check_all(|| Box::new(MemoryLog::new()));
    }
}
