//! Markers against crash loops: a file per document that is being opened.
//!
//! A crafted document may abort the process in a way nobody can catch. The marker outlives that
//! (it needs no fsync: the page cache survives a process). One found at a start may be that of a
//! program that was ended, or of a battery that died, just then: it is remembered. When the next
//! opening does not end either, the document is quarantined, so no document can put a device into a
//! crash loop (`docs/decisions/0015-a-document-is-set-aside-at-the-second-crash.md`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use casework_protocol::ids::DocumentId;

/// Where markers are written; nowhere for a replica in memory.
#[derive(Debug)]
pub(crate) struct Openings {
    folder: Option<PathBuf>,
}

/// The marker of one document; removed when dropped, which an abort skips.
#[derive(Debug)]
pub(crate) struct Opening {
    file: Option<PathBuf>,
}

/// Beside the marker of a document: its opening did not end once before.
fn remembered(marker: &Path) -> PathBuf {
    marker.with_extension("again")
}

impl Openings {
    /// No markers: for replicas that live in memory.
    pub(crate) fn nowhere() -> Self {
        Self { folder: None }
    }

    /// Markers in a folder beside the store.
    pub(crate) fn in_folder(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self {
            folder: Some(folder),
        })
    }

    /// Marks a document as being opened. A marker that cannot be written does not stop the
    /// opening: a full disk must not make cases unreadable.
    pub(crate) fn begin(&self, id: DocumentId) -> Opening {
        let file = self
            .folder
            .as_ref()
            .map(|folder| folder.join(id.to_string()));
        Opening {
            file: file.filter(|file| fs::write(file, b"").is_ok()),
        }
    }

    /// Documents whose opening did not end two times in a row, and forgets their markers.
    pub(crate) fn take_unfinished(&self) -> io::Result<Vec<DocumentId>> {
        let Some(folder) = &self.folder else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if let Some(id) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            {
                let (marker, again) = (entry.path(), remembered(&entry.path()));
                if again.exists() {
                    found.push(id);
                    fs::remove_file(again)?;
                    fs::remove_file(marker)?;
                } else {
                    fs::rename(marker, again)?;
                }
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            // A marker that stays costs one needless check at the next start, nothing more.
            let _ = fs::remove_file(file);
            let _ = fs::remove_file(remembered(file));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_opening_that_did_not_end_twice_in_a_row_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let openings = Openings::in_folder(folder.path().join("opening")).unwrap();
        let (good, bad) = (DocumentId::new([1; 16]), DocumentId::new([2; 16]));
        let dies = |id| std::mem::forget(openings.begin(id));
        let starts = || openings.take_unfinished().unwrap();
        drop(openings.begin(good));
        dies(bad);
        assert_eq!(starts(), []);
        dies(bad);
        dies(good);
        assert_eq!(starts(), [bad]);
        assert_eq!(starts(), []);
        drop(openings.begin(good));
        dies(good);
        assert_eq!(starts(), [], "it ended in between");
    }
}
