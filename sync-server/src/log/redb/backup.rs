//! A consistent copy of the whole log file, made beside its users.
//!
//! One read transaction sees one moment; the copy is written to its own file, in steps that bound
//! memory, and bears its name only when it is whole and on disk.

use std::path::Path;

use redb::{Builder, Database, Key, ReadTransaction, ReadableTable, TableDefinition, Value};

use super::super::LogError;
use super::super::tables::{
    ABOUT, AUTHORITY, BUNDLES, CHANGES, DOCUMENTS, HELD, NODES, PIECES, POSITIONS, RECORDS, TIPS,
    WORKSPACES,
};
use super::{RedbLog, io, storage};

/// Rows of one commit of the copy: some tens of megabytes at most.
const STEP_ROWS: u64 = 50_000;

impl RedbLog {
    /// Copies everything that is in the log now to a new file, while others go on reading and
    /// writing. `step` hears the number of rows copied. Answers how many there are.
    ///
    /// # Errors
    /// [`LogError::Storage`]: the file exists, the disk is full, the source cannot be read. What
    /// was written bears the name with `.part` and can be deleted.
    pub fn back_up(&self, to: &Path, step: &mut dyn FnMut(u64)) -> Result<u64, LogError> {
        let read = self.begin()?;
        let part = to.with_extension("part");
        if part.exists() {
            std::fs::remove_file(&part).map_err(io)?;
        }
        let copy = Copy {
            read,
            into: Builder::new().create(&part).map_err(storage)?,
        };
        let mut rows = 0;
        let mut told = |more: u64| {
            rows += more;
            step(rows);
        };
        copy.table(RECORDS, &mut told)?;
        copy.table(CHANGES, &mut told)?;
        copy.table(TIPS, &mut told)?;
        copy.table(DOCUMENTS, &mut told)?;
        copy.table(POSITIONS, &mut told)?;
        copy.table(NODES, &mut told)?;
        copy.table(AUTHORITY, &mut told)?;
        copy.table(HELD, &mut told)?;
        copy.table(BUNDLES, &mut told)?;
        copy.table(PIECES, &mut told)?;
        copy.table(WORKSPACES, &mut told)?;
        // Last: without it the file is no log.
        copy.table(ABOUT, &mut told)?;
        drop(copy);
        std::fs::rename(&part, to).map_err(io)?;
        Ok(rows)
    }
}

struct Copy {
    read: ReadTransaction,
    into: Database,
}

impl Copy {
    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'_, K, V>,
        told: &mut dyn FnMut(u64),
    ) -> Result<(), LogError> {
        let source = self.read.open_table(table).map_err(storage)?;
        let mut rows = source.iter().map_err(storage)?.peekable();
        loop {
            let write = self.into.begin_write().map_err(storage)?;
            let mut count = 0;
            {
                let mut target = write.open_table(table).map_err(storage)?;
                for row in rows
                    .by_ref()
                    .take(usize::try_from(STEP_ROWS).unwrap_or(usize::MAX))
                {
                    let (key, value) = row.map_err(storage)?;
                    target.insert(key.value(), value.value()).map_err(storage)?;
                    count += 1;
                }
            }
            write.commit().map_err(storage)?;
            told(count);
            if rows.peek().is_none() {
                return Ok(());
            }
        }
    }
}
