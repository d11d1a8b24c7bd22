//! The replica's store: redb behind three verbs (get, scan, commit).
//!
//! Everything one step changes is gathered in [`Writes`] and committed in one durable transaction,
//! so that a dying battery leaves either all of it or nothing. Knows nothing of cases.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::Path;

use redb::{
    Database, ReadableDatabase, ReadableTable, ReadableTableMetadata as _, StorageBackend,
    TableHandle as _,
};

use super::tables::Table;

/// A failure of the store. What was not committed is not there; what was committed is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk, the file or the database failed. Free space, check permissions, open again.
    #[error("the replica's store failed: {0}")]
    Database(String),
    /// Another process has the replica open. Use that one, or end it.
    #[error("another process has this replica open")]
    InUse,
    /// A row that this version cannot read; `what` names it. Run `casework verify`.
    #[error("a stored row cannot be read: {what}")]
    Row {
        /// Which row.
        what: String,
    },
}

macro_rules! from_redb {
    ($($kind:ty),+) => {$(
        impl From<$kind> for StoreError {
            fn from(error: $kind) -> Self {
                Self::Database(error.to_string())
            }
        }
    )+};
}
from_redb!(
    redb::TransactionError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError,
    redb::Error
);

impl From<redb::DatabaseError> for StoreError {
    fn from(error: redb::DatabaseError) -> Self {
        if matches!(error, redb::DatabaseError::DatabaseAlreadyOpen) {
            Self::InUse
        } else {
            Self::Database(error.to_string())
        }
    }
}

/// Bytes of a key or a value.
pub(crate) type Bytes = Vec<u8>;

/// What one step will change: later writes to a key replace earlier ones.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    rows: BTreeMap<(Table, Bytes), Option<Bytes>>,
}

impl Writes {
    pub(crate) fn put(&mut self, table: Table, key: Bytes, value: Bytes) {
        self.rows.insert((table, key), Some(value));
    }

    pub(crate) fn put_cbor<V: minicbor::Encode<()>>(
        &mut self,
        table: Table,
        key: Bytes,
        value: &V,
    ) {
        let bytes = minicbor::to_vec(value).expect("memory takes every byte");
        self.put(table, key, bytes);
    }

    pub(crate) fn delete(&mut self, table: Table, key: Bytes) {
        self.rows.insert((table, key), None);
    }

    /// Adds what came after these.
    pub(crate) fn append(&mut self, mut later: Self) {
        self.rows.append(&mut later.rows);
    }

    /// Takes a write back, as if it had never been asked for.
    pub(crate) fn retract(&mut self, table: Table, key: &[u8]) {
        self.rows.remove(&(table, key.to_vec()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether anything of a table changes.
    pub(crate) fn touches(&self, table: Table) -> bool {
        let mut rows = self.rows.range((table, Vec::new())..);
        rows.next().is_some_and(|((first, _), _)| *first == table)
    }

    /// The keys of a table that are written or taken out.
    pub(crate) fn keys(&self, table: Table) -> impl Iterator<Item = &[u8]> {
        let rows = self.rows.range((table, Vec::new())..);
        rows.take_while(move |((which, _), _)| *which == table)
            .map(|((_, key), _)| key.as_slice())
    }

    /// Takes back every write of a table for keys like these.
    pub(crate) fn retract_all(&mut self, table: Table, like: impl Fn(&[u8]) -> bool) {
        self.rows
            .retain(|(which, key), _| *which != table || !like(key));
    }

    /// Writes of a table that put something there.
    pub(crate) fn puts(&self, table: Table) -> impl Iterator<Item = (&Bytes, &Bytes)> {
        self.rows
            .iter()
            .filter(move |((which, _), _)| *which == table)
            .filter_map(|((_, key), value)| Some((key, value.as_ref()?)))
    }

    /// What these writes say about a key, before they are committed.
    pub(crate) fn pending(&self, table: Table, key: &[u8]) -> Option<Option<&[u8]>> {
        self.rows.get(&(table, key.to_vec())).map(Option::as_deref)
    }
}

/// An open store.
pub(crate) struct Store {
    database: Database,
}

impl Store {
    /// Opens or creates the file.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        Self::prepare(Database::create(path)?)
    }

    /// Opens a store over another backend: memory, or a disk that fails on purpose.
    pub(crate) fn open_backend(backend: impl StorageBackend) -> Result<Self, StoreError> {
        Self::prepare(Database::builder().create_with_backend(backend)?)
    }

    fn prepare(database: Database) -> Result<Self, StoreError> {
        // A store that has every table is opened without writing to it.
        let there: BTreeSet<String> = database
            .begin_read()?
            .list_tables()?
            .map(|table| table.name().to_owned())
            .collect();
        if Table::ALL
            .iter()
            .all(|table| there.contains(table.definition().name()))
        {
            return Ok(Self { database });
        }
        let transaction = database.begin_write()?;
        for table in Table::ALL {
            transaction.open_table(table.definition())?;
        }
        transaction.commit()?;
        Ok(Self { database })
    }

    pub(crate) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(table.definition())?;
        Ok(table.get(key)?.map(|guard| guard.value().to_vec()))
    }

    /// Reads and decodes a CBOR row.
    pub(crate) fn get_cbor<V>(&self, table: Table, key: &[u8]) -> Result<Option<V>, StoreError>
    where
        V: for<'b> minicbor::Decode<'b, ()>,
    {
        self.get(table, key)?
            .map(|bytes| decode_row(table, &bytes))
            .transpose()
    }

    /// Calls `visit` for every row whose key begins with `prefix`, in key order, until it answers
    /// `false`.
    pub(crate) fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        self.scan_from(table, prefix, prefix, visit)
    }

    /// Like [`Store::scan`], beginning at the first key not below `from`.
    pub(crate) fn scan_from(
        &self,
        table: Table,
        prefix: &[u8],
        from: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(table.definition())?;
        let range = (Bound::Included(from), Bound::Unbounded);
        for row in table.range::<&[u8]>(range)? {
            let (key, value) = row?;
            if !key.value().starts_with(prefix) || !visit(key.value(), value.value())? {
                break;
            }
        }
        Ok(())
    }

    /// The last row of a table.
    pub(crate) fn last_key(&self, table: Table) -> Result<Option<Bytes>, StoreError> {
        let transaction = self.database.begin_read()?;
        let table = transaction.open_table(table.definition())?;
        Ok(table.last()?.map(|(key, _)| key.value().to_vec()))
    }

    /// How many rows a table has; asked of the table, not counted.
    pub(crate) fn count(&self, table: Table) -> Result<usize, StoreError> {
        let transaction = self.database.begin_read()?;
        let rows = transaction.open_table(table.definition())?.len()?;
        Ok(usize::try_from(rows).unwrap_or(usize::MAX))
    }

    pub(crate) fn is_empty(&self, table: Table) -> Result<bool, StoreError> {
        Ok(self.last_key(table)?.is_none())
    }

    /// Commits everything durably, or nothing.
    pub(crate) fn commit(&self, writes: Writes) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        let transaction = self.database.begin_write()?;
        {
            let mut rows = writes.rows.into_iter().peekable();
            while let Some(((table, _), _)) = rows.peek() {
                let which = *table;
                let mut open = transaction.open_table(which.definition())?;
                while let Some(((_, key), value)) = rows.next_if(|((table, _), _)| *table == which)
                {
                    match value {
                        Some(value) => open.insert(key.as_slice(), value.as_slice())?,
                        None => open.remove(key.as_slice())?,
                    };
                }
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

/// Decodes a CBOR row, naming the table when it cannot.
pub(crate) fn decode_row<V>(table: Table, bytes: &[u8]) -> Result<V, StoreError>
where
    V: for<'b> minicbor::Decode<'b, ()>,
{
    minicbor::decode(bytes).map_err(|error| StoreError::Row {
        what: format!("{table:?}: {error}"),
    })
}
