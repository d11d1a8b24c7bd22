//! Every row of the log as bytes, for a copy that goes through a pipe, and back.
//!
//! Invariant: rows that do not fit their table are refused before the store sees them; what was
//! loaded is a log only after [`Loading::finish`].

use std::path::Path;

use casework_protocol::ids::WorkspaceId;
use redb::{Builder, Database, Key, ReadTransaction, ReadableTable as _, TableDefinition, Value};

use super::super::LogError;
use super::super::tables::{
    ABOUT, AUTHORITY, BUNDLES, CHANGES, DOCUMENTS, HELD, LAYOUT, NODES, PIECES, POSITIONS, RECORDS,
    TIPS, WORKSPACES, corrupt, decode_workspace,
};
use super::{RedbLog, io, storage};

/// Rows of one commit while loading.
const STEP_ROWS: usize = 50_000;
/// Bytes of one commit while loading.
const STEP_BYTES: usize = 32 * 1024 * 1024;

/// Takes one row: table, key, value.
pub(crate) type RowSink<'a> = dyn FnMut(u8, &[u8], &[u8]) -> std::io::Result<()> + 'a;

/// What was dumped.
#[derive(Debug, Default)]
pub(crate) struct Dumped {
    pub(crate) rows: u64,
    /// Every workspace with the length of its log.
    pub(crate) workspaces: Vec<(WorkspaceId, u64)>,
}

/// Does the same with every table that is copied. Numbers are part of the format: none is used
/// twice, and [`ABOUT`] is not among them, because it says that a file is whole.
macro_rules! tables {
    ($each:ident) => {
        $each!(
            1 RECORDS, 2 CHANGES, 3 TIPS, 4 DOCUMENTS, 5 POSITIONS, 6 NODES, 7 AUTHORITY, 8 HELD,
            9 BUNDLES, 10 PIECES, 11 WORKSPACES
        )
    };
}

impl RedbLog {
    /// The layout that a dump has.
    pub(crate) const DUMPED_LAYOUT: u64 = LAYOUT;

    /// Hands every row out as it is at one moment, while others go on reading and writing.
    ///
    /// # Errors
    /// [`LogError::Storage`] when the log cannot be read, or the sink takes no more.
    pub(crate) fn dump(&self, sink: &mut RowSink<'_>) -> Result<Dumped, LogError> {
        let read = self.begin()?;
        let mut done = Dumped::default();
        macro_rules! each {
            ($($number:literal $table:ident),*) => {
                $(done.rows += dump_table(&read, ($number, $table), sink)?;)*
            };
        }
        tables!(each);
        let table = read.open_table(WORKSPACES).map_err(storage)?;
        for row in table.iter().map_err(storage)? {
            let (id, value) = row.map_err(storage)?;
            let size = decode_workspace(value.value())?.1.frontier.size();
            done.workspaces.push((WorkspaceId::new(id.value()), size));
        }
        Ok(done)
    }
}

fn dump_table<K: Key + 'static, V: Value + 'static>(
    read: &ReadTransaction,
    (number, table): (u8, TableDefinition<'_, K, V>),
    sink: &mut RowSink<'_>,
) -> Result<u64, LogError> {
    let mut rows = 0;
    let table = read.open_table(table).map_err(storage)?;
    for row in table.iter().map_err(storage)? {
        let (key, value) = row.map_err(storage)?;
        let (key, value) = (key.value(), value.value());
        let (key, value) = (K::as_bytes(&key), V::as_bytes(&value));
        sink(number, key.as_ref(), value.as_ref()).map_err(io)?;
        rows += 1;
    }
    Ok(rows)
}

/// A log that is being loaded.
pub(crate) struct Loading {
    into: Database,
    table: u8,
    waiting: Vec<(Vec<u8>, Vec<u8>)>,
    bytes: usize,
}

impl Loading {
    /// Begins a new file.
    pub(crate) fn begin(path: &Path) -> Result<Self, LogError> {
        Ok(Self {
            into: Builder::new().create(path).map_err(storage)?,
            table: 0,
            waiting: Vec::new(),
            bytes: 0,
        })
    }

    /// Takes one row.
    pub(crate) fn put(&mut self, table: u8, key: Vec<u8>, value: Vec<u8>) -> Result<(), LogError> {
        let full = self.waiting.len() >= STEP_ROWS || self.bytes >= STEP_BYTES;
        if table != self.table || full {
            self.flush()?;
            self.table = table;
        }
        self.bytes += key.len() + value.len();
        self.waiting.push((key, value));
        Ok(())
    }

    /// Everything has come: from now on the file is a log.
    pub(crate) fn finish(mut self) -> Result<(), LogError> {
        self.flush()?;
        let write = self.into.begin_write().map_err(storage)?;
        {
            let mut about = write.open_table(ABOUT).map_err(storage)?;
            about.insert("layout", LAYOUT).map_err(storage)?;
        }
        write.commit().map_err(storage)
    }

    fn flush(&mut self) -> Result<(), LogError> {
        let rows = core::mem::take(&mut self.waiting);
        self.bytes = 0;
        if rows.is_empty() {
            return Ok(());
        }
        macro_rules! each {
            ($($number:literal $table:ident),*) => {
                match self.table {
                    $($number => fill(&self.into, $table, &rows),)*
                    other => Err(corrupt("backup", &format!("there is no table {other}"))),
                }
            };
        }
        tables!(each)
    }
}

fn fill<K: Key + 'static, V: Value + 'static>(
    into: &Database,
    table: TableDefinition<'_, K, V>,
    rows: &[(Vec<u8>, Vec<u8>)],
) -> Result<(), LogError> {
    let fits = |bytes: &[u8], width: Option<usize>| width.is_none_or(|width| width == bytes.len());
    let write = into.begin_write().map_err(storage)?;
    {
        let mut target = write.open_table(table).map_err(storage)?;
        for (key, value) in rows {
            if !fits(key, K::fixed_width()) || !fits(value, V::fixed_width()) {
                return Err(corrupt("backup", "a row of another width than its table"));
            }
            target
                .insert(K::from_bytes(key), V::from_bytes(value))
                .map_err(storage)?;
        }
    }
    write.commit().map_err(storage)
}
