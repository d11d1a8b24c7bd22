//! How much of the file each workspace takes: counted when somebody asks, not kept.

use casework_protocol::ids::{DocumentId, WorkspaceId};

use super::super::tables::{BUNDLES, RECORDS, decode, document_key, place_key};
use super::super::{BundleRow, LogError};
use super::{RedbLog, storage};

/// What a workspace takes in the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of its items.
    pub items: u64,
    /// Bytes of its bundles.
    pub bundles: u64,
}

impl RedbLog {
    /// Bytes of a workspace's items, and of its bundles. Reads all of them.
    ///
    /// # Errors
    /// The storage's.
    pub fn usage(&self, workspace: WorkspaceId) -> Result<Usage, LogError> {
        let number = self.number(workspace);
        let read = self.begin()?;
        let mut usage = Usage::default();
        let records = read.open_table(RECORDS).map_err(storage)?;
        let range = place_key(number, 0)..=place_key(number, u64::MAX);
        for row in records.range(range).map_err(storage)? {
            usage.items += row.map_err(storage)?.1.value().len() as u64;
        }
        let bundles = read.open_table(BUNDLES).map_err(storage)?;
        let (first, last) = (DocumentId::new([0; 16]), DocumentId::new([0xff; 16]));
        let range = document_key(number, &first)..=document_key(number, &last);
        for row in bundles.range(range).map_err(storage)? {
            let row: BundleRow = decode("bundles", row.map_err(storage)?.1.value())?;
            usage.bundles += row.bytes;
        }
        Ok(usage)
    }
}
