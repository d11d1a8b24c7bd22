//! Founding and joining: one at a time in a folder.
//!
//! Both make a key and a store and take them away again when nothing comes of it. Somebody else who
//! began in the same folder meanwhile would lose both, so whoever begins holds a lock from before the
//! first file to the end.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::error::Error;

/// The file that is locked. It stays, empty: a lock on a file that is taken away locks nothing.
const LOCK_FILE: &str = "beginning.lock";

/// The right to begin in a folder, until it is dropped or the process ends.
#[derive(Debug)]
pub(super) struct Beginning {
    _locked: File,
}

impl Beginning {
    /// Takes it.
    ///
    /// # Errors
    /// [`Error::InUse`] while another call or process begins there; [`Error::Unavailable`] when the
    /// folder cannot be written.
    pub(super) fn in_folder(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(LOCK_FILE);
        let mut options = File::options();
        let options = options.write(true).create(true).truncate(false);
        let file = options
            .open(&path)
            .map_err(|error| Error::file(&path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _locked: file }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse(format!(
                "a workspace is being made or joined in {}; wait for that to end",
                folder.display()
            ))),
            Err(TryLockError::Error(error)) => Err(Error::file(&path, &error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_begins_in_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = Beginning::in_folder(folder.path()).unwrap();
        let second = Beginning::in_folder(folder.path());
        assert!(second.unwrap_err().is_in_use());
        drop(first);
        Beginning::in_folder(folder.path()).unwrap();
    }
}
