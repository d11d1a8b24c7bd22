//! The log on disk, in one redb file: one transaction and one fsync per group of batches.
//!
//! A payload is stored once, under its first position; everything else is small fixed rows.
//! Invariant: what `append` returned is on disk; what it did not return is there whole or not.

mod append;
mod backup;
mod compact;
pub(crate) mod dump;
mod usage;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{PoisonError, RwLock};

use casework_protocol::ids::{ActorId, ChangeHash, DocumentId, WorkspaceId};
use casework_protocol::log::NodeHash;
use redb::{Builder, Database, ReadTransaction, ReadableDatabase, ReadableTable, StorageBackend};

pub use compact::Dropped;
pub use usage::Usage;

use super::tables::{
    ABOUT, AUTHORITY, BUNDLES, CHANGES, DOCUMENTS, DocumentValue, HELD, LAYOUT, NOBODY, NODES,
    Numbered, PIECES, POSITIONS, RECORDS, TIPS, WORKSPACES, change_key, corrupt, decode,
    decode_change, decode_record, decode_tip, decode_workspace, document_key, document_of,
    node_index_of, node_key, piece_key, place_key, place_of, positions_in, positions_key, tip_key,
};
use super::{Batch, BundleRow, DocumentRow, HeldRow, Known, Log, LogError, Record, WorkspaceRow};

/// Pages kept in memory. Enough for the hot end of every table; more is the page cache's business.
const CACHE_BYTES: usize = 256 * 1024 * 1024;

/// The log of many workspaces in one file.
#[derive(Debug)]
pub struct RedbLog {
    database: Database,
    numbers: RwLock<BTreeMap<WorkspaceId, u32>>,
}

impl RedbLog {
    /// Opens the file, or makes it. One process at a time: the file is locked.
    ///
    /// # Errors
    /// [`LogError`] when the file is locked, damaged or of another layout.
    pub fn open(path: &Path) -> Result<Self, LogError> {
        Self::prepare(
            Builder::new()
                .set_cache_size(CACHE_BYTES)
                .create(path)
                .map_err(storage)?,
        )
    }

    /// Opens whatever behaves like a file; crash tests freeze it at each sync.
    ///
    /// # Errors
    /// As [`RedbLog::open`].
    pub fn open_backend(backend: impl StorageBackend) -> Result<Self, LogError> {
        Self::prepare(
            Builder::new()
                .create_with_backend(backend)
                .map_err(storage)?,
        )
    }

    /// As [`RedbLog::open_backend`], with no page kept in memory: every look reads.
    ///
    /// # Errors
    /// As [`RedbLog::open`].
    #[cfg(test)]
    pub(crate) fn open_uncached(backend: impl StorageBackend) -> Result<Self, LogError> {
        Self::prepare(
            Builder::new()
                .set_cache_size(0)
                .create_with_backend(backend)
                .map_err(storage)?,
        )
    }

    fn prepare(database: Database) -> Result<Self, LogError> {
        let write = database.begin_write().map_err(storage)?;
        let mut numbers = Numbered::new();
        {
            let mut about = write.open_table(ABOUT).map_err(storage)?;
            let found = about
                .get("layout")
                .map_err(storage)?
                .map(|layout| layout.value());
            match found {
                Some(LAYOUT) => {}
                Some(found) => {
                    return Err(LogError::Layout {
                        found,
                        expected: LAYOUT,
                    });
                }
                None => {
                    about.insert("layout", LAYOUT).map_err(storage)?;
                }
            }
            let workspaces = write.open_table(WORKSPACES).map_err(storage)?;
            for row in workspaces.iter().map_err(storage)? {
                let (id, value) = row.map_err(storage)?;
                numbers.push((
                    WorkspaceId::new(id.value()),
                    decode_workspace(value.value())?.0,
                ));
            }
            write.open_table(RECORDS).map_err(storage)?;
            write.open_table(CHANGES).map_err(storage)?;
            write.open_table(TIPS).map_err(storage)?;
            write.open_table(DOCUMENTS).map_err(storage)?;
            write.open_table(POSITIONS).map_err(storage)?;
            write.open_table(NODES).map_err(storage)?;
            write.open_table(AUTHORITY).map_err(storage)?;
            write.open_table(HELD).map_err(storage)?;
            write.open_table(BUNDLES).map_err(storage)?;
            write.open_table(PIECES).map_err(storage)?;
        }
        write.commit().map_err(storage)?;
        Ok(Self {
            database,
            numbers: RwLock::new(numbers.into_iter().collect()),
        })
    }

    fn number(&self, workspace: WorkspaceId) -> u32 {
        let numbers = self.numbers.read().unwrap_or_else(PoisonError::into_inner);
        numbers.get(&workspace).copied().unwrap_or(NOBODY)
    }

    fn begin(&self) -> Result<ReadTransaction, LogError> {
        self.database.begin_read().map_err(storage)
    }
}

impl Log for RedbLog {
    fn append(&self, batches: &[Batch]) -> Result<(), LogError> {
        let new = append::append(&self.database, batches)?;
        if !new.is_empty() {
            self.numbers
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(new);
        }
        Ok(())
    }

    fn workspaces(&self) -> Result<Vec<WorkspaceId>, LogError> {
        let numbers = self.numbers.read().unwrap_or_else(PoisonError::into_inner);
        Ok(numbers.keys().copied().collect())
    }

    fn workspace(&self, workspace: WorkspaceId) -> Result<Option<WorkspaceRow>, LogError> {
        let table = self.begin()?.open_table(WORKSPACES).map_err(storage)?;
        let found = table.get(*workspace.as_bytes()).map_err(storage)?;
        found
            .map(|value| decode_workspace(value.value()).map(|(_, row)| row))
            .transpose()
    }

    fn documents(
        &self,
        workspace: WorkspaceId,
    ) -> Result<Vec<(DocumentId, DocumentRow)>, LogError> {
        let number = self.number(workspace);
        let table = self.begin()?.open_table(DOCUMENTS).map_err(storage)?;
        let (first, last) = (DocumentId::new([0; 16]), DocumentId::new([0xff; 16]));
        let range = document_key(number, &first)..=document_key(number, &last);
        let mut documents = Vec::new();
        for row in table.range(range).map_err(storage)? {
            let (key, value) = row.map_err(storage)?;
            let value: DocumentValue = decode("documents", value.value())?;
            documents.push((document_of(&key.value()), value.row));
        }
        Ok(documents)
    }

    fn authority(&self, workspace: WorkspaceId) -> Result<Vec<(u64, DocumentId)>, LogError> {
        let number = self.number(workspace);
        let table = self.begin()?.open_table(AUTHORITY).map_err(storage)?;
        let range = place_key(number, 0)..=place_key(number, u64::MAX);
        let mut entries = Vec::new();
        for row in table.range(range).map_err(storage)? {
            let (key, document) = row.map_err(storage)?;
            entries.push((place_of(&key.value()), DocumentId::new(document.value())));
        }
        Ok(entries)
    }

    fn held(&self, workspace: WorkspaceId) -> Result<Vec<HeldRow>, LogError> {
        let number = self.number(workspace);
        let table = self.begin()?.open_table(HELD).map_err(storage)?;
        let range = place_key(number, 0)..=place_key(number, u64::MAX);
        let mut rows = Vec::new();
        for row in table.range(range).map_err(storage)? {
            rows.push(decode("held", row.map_err(storage)?.1.value())?);
        }
        Ok(rows)
    }

    fn read(
        &self,
        workspace: WorkspaceId,
        from: u64,
        budget: usize,
    ) -> Result<Vec<Record>, LogError> {
        let number = self.number(workspace);
        let table = self.begin()?.open_table(RECORDS).map_err(storage)?;
        let mut records: Vec<Record> = Vec::new();
        let before = place_key(number, 0)..place_key(number, from);
        if let Some(row) = table.range(before).map_err(storage)?.next_back() {
            let (key, value) = row.map_err(storage)?;
            let record = decode_record(place_of(&key.value()), value.value())?;
            records.extend((record.end() > from).then_some(record));
        }
        let mut bytes = records
            .iter()
            .map(|record| record.item.len())
            .sum::<usize>();
        if bytes >= budget && !records.is_empty() {
            return Ok(records);
        }
        for row in table
            .range(place_key(number, from)..=place_key(number, u64::MAX))
            .map_err(storage)?
        {
            let (key, value) = row.map_err(storage)?;
            let record = decode_record(place_of(&key.value()), value.value())?;
            bytes += record.item.len();
            records.push(record);
            if bytes >= budget {
                break;
            }
        }
        Ok(records)
    }

    fn records(&self, workspace: WorkspaceId, seqs: &[u64]) -> Result<Vec<Record>, LogError> {
        let number = self.number(workspace);
        let table = self.begin()?.open_table(RECORDS).map_err(storage)?;
        let mut records = Vec::with_capacity(seqs.len());
        for seq in seqs {
            if let Some(value) = table.get(place_key(number, *seq)).map_err(storage)? {
                records.push(decode_record(*seq, value.value())?);
            }
        }
        Ok(records)
    }

    fn positions(
        &self,
        workspace: WorkspaceId,
        document: DocumentId,
        from: u64,
        most: usize,
    ) -> Result<Vec<u64>, LogError> {
        let number = self.number(workspace);
        let read = self.begin()?;
        let table = read.open_table(POSITIONS).map_err(storage)?;
        let key = |first| positions_key(number, &document, first);
        let covering = table
            .range(key(0)..=key(from))
            .map_err(storage)?
            .next_back()
            .transpose()
            .map_err(storage)?
            .map_or(key(from), |(key, _)| key.value());
        let mut found = Vec::new();
        for row in table.range(covering..=key(u64::MAX)).map_err(storage)? {
            let (_, list) = row.map_err(storage)?;
            found.extend(positions_in(list.value()).filter(|seq| *seq >= from));
            if found.len() >= most {
                found.truncate(most);
                return Ok(found);
            }
        }
        let table = read.open_table(DOCUMENTS).map_err(storage)?;
        if let Some(value) = table
            .get(document_key(number, &document))
            .map_err(storage)?
        {
            let value: DocumentValue = decode("documents", value.value())?;
            found.extend(positions_in(&value.tail).filter(|seq| *seq >= from));
        }
        found.truncate(most);
        Ok(found)
    }

    fn lookup(
        &self,
        workspace: WorkspaceId,
        changes: &[ChangeHash],
        actors: &[ActorId],
    ) -> Result<Known, LogError> {
        let number = self.number(workspace);
        let read = self.begin()?;
        let mut known = Known::default();
        if !changes.is_empty() {
            let table = read.open_table(CHANGES).map_err(storage)?;
            for hash in changes {
                let row = table.get(change_key(number, hash)).map_err(storage)?;
                known
                    .changes
                    .push(row.map(|row| decode_change(&row.value())));
            }
        }
        if !actors.is_empty() {
            let table = read.open_table(TIPS).map_err(storage)?;
            for actor in actors {
                let row = table.get(tip_key(number, actor)).map_err(storage)?;
                known.tips.push(row.map(|row| decode_tip(&row.value())));
            }
        }
        Ok(known)
    }

    fn node(&self, workspace: WorkspaceId, level: u8, index: u64) -> Result<NodeHash, LogError> {
        let number = self.number(workspace);
        let table = self.begin()?.open_table(NODES).map_err(storage)?;
        let range = node_key(number, level, 0)..=node_key(number, level, index);
        let row = table
            .range(range)
            .map_err(storage)?
            .next_back()
            .transpose()
            .map_err(storage)?;
        row.and_then(|(key, list)| {
            let place = usize::try_from(index - node_index_of(&key.value())).ok()?;
            list.value()
                .as_chunks::<32>()
                .0
                .get(place)
                .copied()
                .map(NodeHash::new)
        })
        .ok_or_else(|| corrupt("nodes", &format!("node {level}/{index} is not there")))
    }

    fn bundle(
        &self,
        workspace: WorkspaceId,
        document: DocumentId,
    ) -> Result<Option<BundleRow>, LogError> {
        let number = self.number(workspace);
        let table = self.begin()?.open_table(BUNDLES).map_err(storage)?;
        let row = table
            .get(document_key(number, &document))
            .map_err(storage)?;
        row.map(|row| decode("bundles", row.value())).transpose()
    }

    fn piece(
        &self,
        workspace: WorkspaceId,
        document: DocumentId,
        upto: u64,
        index: u32,
    ) -> Result<Option<Vec<u8>>, LogError> {
        let number = self.number(workspace);
        let table = self.begin()?.open_table(PIECES).map_err(storage)?;
        let row = table
            .get(piece_key(number, &document, upto, index))
            .map_err(storage)?;
        Ok(row.map(|row| row.value().to_vec()))
    }

    fn put_bundle(
        &self,
        workspace: WorkspaceId,
        document: DocumentId,
        upto: u64,
        pieces: &[&[u8]],
    ) -> Result<(), LogError> {
        let number = self.number(workspace);
        if number == NOBODY {
            return Ok(());
        }
        append::put_bundle(&self.database, (number, document), upto, pieces)
    }
}

/// Any error of the storage as one of the log.
fn storage(error: impl Into<redb::Error>) -> LogError {
    LogError::Storage(Box::new(error.into()))
}

/// A file that cannot be used, as one of the log.
fn io(error: std::io::Error) -> LogError {
    storage(redb::StorageError::Io(error))
}

#[cfg(test)]
mod tests;
