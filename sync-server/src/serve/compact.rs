//! A data folder that takes as little room as what is in it.
//!
//! Nothing that any device needs goes: see `docs/decisions/0014-no-payload-is-dropped-behind-a-bundle.md`.
//! Invariant: whatever interrupts it, the folder opens and has everything.

use super::data::DataFolder;
use crate::log::LogError;
pub use crate::log::redb::Dropped;

/// What a compaction came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    /// Bytes of the log file before.
    pub before: u64,
    /// Bytes of the log file now.
    pub after: u64,
    /// What no device takes any more.
    pub dropped: Dropped,
}

/// Compacts the log of a folder that no server has open. Needs room for a second copy of what is in
/// it meanwhile. `step` hears the rows copied.
///
/// # Errors
/// [`LogError::Storage`] while a server has the folder, and when the disk is full: then the log is as
/// it was.
pub fn compact(folder: &DataFolder, step: &mut dyn FnMut(u64)) -> Result<Compacted, LogError> {
    let log = folder.log()?;
    let file = folder.log_file();
    let length = || std::fs::metadata(&file).map_or(0, |file| file.len());
    let before = length();
    let dropped = log.drop_stale_bundles()?;
    log.compact(&file, step)?;
    let after = length();
    Ok(Compacted {
        before,
        after,
        dropped,
    })
}
