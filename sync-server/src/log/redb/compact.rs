//! The log in a file that is as small as what is in it.
//!
//! Rows are copied into a new file, so freed pages, and what lay in them, stay behind; the old file is
//! there until the new one is whole and on disk. Only copies of what the log has anyway are dropped:
//! bundles that no device takes any more. Entries never are
//! (`docs/decisions/0014-no-payload-is-dropped-behind-a-bundle.md`).

use std::collections::BTreeMap;
use std::path::Path;

use casework_protocol::bundle::Countersigned;
use casework_protocol::ids::WorkspaceId;
use redb::{Builder, ReadableTable as _};

use super::super::tables::{BUNDLES, PIECES, decode, piece_key};
use super::super::{BundleRow, Log as _, LogError};
use super::{RedbLog, io, storage};

/// What was dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Bundles of an epoch that is over.
    pub bundles: u64,
    /// Pieces that belong to no bundle.
    pub pieces: u64,
}

impl RedbLog {
    /// Drops bundles that no device takes any more: those of an epoch that is over, and pieces that
    /// belong to none.
    ///
    /// # Errors
    /// The storage's.
    pub fn drop_stale_bundles(&self) -> Result<Dropped, LogError> {
        let mut stale = BTreeMap::new();
        for workspace in self.workspaces()? {
            stale.extend(self.stale_bundles(workspace)?);
        }
        let mut dropped = Dropped {
            bundles: stale.len() as u64,
            pieces: 0,
        };
        let write = self.database.begin_write().map_err(storage)?;
        {
            let mut bundles = write.open_table(BUNDLES).map_err(storage)?;
            for key in stale.keys() {
                bundles.remove(key).map_err(storage)?;
            }
            let mut kept = BTreeMap::new();
            for row in bundles.iter().map_err(storage)? {
                let (key, value) = row.map_err(storage)?;
                let row: BundleRow = decode("bundles", value.value())?;
                kept.insert(key.value(), row);
            }
            let mut pieces = write.open_table(PIECES).map_err(storage)?;
            let of_none = |key: [u8; 32]| {
                let row = key.first_chunk::<20>().and_then(|bundle| kept.get(bundle));
                !row.is_some_and(|row| is_of(&key, row))
            };
            pieces
                .retain(|key, _| {
                    let goes = of_none(key);
                    dropped.pieces += u64::from(goes);
                    !goes
                })
                .map_err(storage)?;
        }
        write.commit().map_err(storage)?;
        Ok(dropped)
    }

    /// The bundles of this workspace that are of an epoch before.
    fn stale_bundles(&self, id: WorkspaceId) -> Result<Vec<([u8; 20], u64)>, LogError> {
        let Some(row) = self.workspace(id)? else {
            return Ok(Vec::new());
        };
        let (number, mut stale) = (self.number(id), Vec::new());
        for (document, _) in self.documents(id)? {
            let Some(bundle) = self.bundle(id, document)? else {
                continue;
            };
            let mut bytes = Vec::new();
            for index in 0..bundle.pieces {
                let piece = self.piece(id, document, bundle.upto, index)?;
                bytes.extend(piece.unwrap_or_default());
            }
            let claim = Countersigned::from_bytes(&bytes).and_then(|bundle| bundle.claim());
            if claim.is_ok_and(|claim| claim.epoch != row.epoch) {
                let key = super::document_key(number, &document);
                stale.push((key, bundle.upto));
            }
        }
        Ok(stale)
    }

    /// Puts a file with the same rows and nothing else in the place of this one, which is at `path`.
    /// `step` hears the rows copied.
    ///
    /// # Errors
    /// The storage's; the file is as it was then.
    pub fn compact(self, path: &Path, step: &mut dyn FnMut(u64)) -> Result<(), LogError> {
        let fresh = path.with_extension("compact");
        let copied = self.copy_compact(path, &fresh, step);
        if copied.is_err() {
            // The copy is of no use, and takes the room that was missing.
            let _ = std::fs::remove_file(fresh.with_extension("part"));
            let _ = std::fs::remove_file(&fresh);
        }
        copied
    }

    fn copy_compact(
        &self,
        path: &Path,
        fresh: &Path,
        step: &mut dyn FnMut(u64),
    ) -> Result<(), LogError> {
        if fresh.exists() {
            std::fs::remove_file(fresh).map_err(io)?;
        }
        self.back_up(fresh, step)?;
        let mut copy = Builder::new().create(fresh).map_err(storage)?;
        copy.compact().map_err(storage)?;
        drop(copy);
        std::fs::rename(fresh, path).map_err(io)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(io)
    }
}

/// Whether a piece is one of this bundle.
fn is_of(key: &[u8; 32], row: &BundleRow) -> bool {
    let (mut number, mut id) = ([0; 4], [0; 16]);
    number.copy_from_slice(&key[..4]);
    id.copy_from_slice(&key[4..20]);
    let document = casework_protocol::ids::DocumentId::new(id);
    let number = u32::from_be_bytes(number);
    (0..row.pieces).any(|index| piece_key(number, &document, row.upto, index) == *key)
}
