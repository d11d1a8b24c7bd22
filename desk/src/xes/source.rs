//! Where a log comes from: a file or bytes in memory. It is read twice, so it can be opened again.

use std::fs::File;
use std::io::{Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::fault::XesError;

/// A log that can be opened any number of times.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    content: Content,
}

/// How far a reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read so far, as stored.
    pub read_bytes: u64,
    /// Bytes of the whole file as stored; `None` when the system does not tell, as for a pipe.
    pub total_bytes: Option<u64>,
}

#[derive(Clone, Debug)]
enum Content {
    Path(PathBuf),
    Bytes(Arc<[u8]>),
}

impl Source {
    /// A file, plain or gzip. Its name without endings names the template if the log does not.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self {
            name: bare_name(&path),
            content: Content::Path(path),
        }
    }

    /// Bytes in memory, plain or gzip, with a name for the template if the log has none.
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self {
            name: name.into(),
            content: Content::Bytes(bytes.into()),
        }
    }

    /// The name given to it, or the name of the file without its endings.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its size as stored, in bytes, if the system tells.
    pub fn total_bytes(&self) -> Option<u64> {
        match &self.content {
            Content::Path(path) => path
                .metadata()
                .ok()
                .filter(std::fs::Metadata::is_file)
                .map(|file| file.len()),
            Content::Bytes(bytes) => Some(bytes.len() as u64),
        }
    }

    /// Opens it from its start.
    ///
    /// # Errors
    /// [`XesError::Open`] when the file cannot be opened.
    pub fn open(&self) -> Result<Box<dyn Read + Send>, XesError> {
        match &self.content {
            Content::Path(path) => match File::open(path) {
                // A folder can be opened too, and fails at the first byte only.
                Ok(_) if path.is_dir() => Err(XesError::Open {
                    path: path.clone(),
                    error: ErrorKind::IsADirectory.into(),
                }),
                Ok(file) => Ok(Box::new(file)),
                Err(error) => Err(XesError::Open {
                    path: path.clone(),
                    error,
                }),
            },
            Content::Bytes(bytes) => Ok(Box::new(Cursor::new(Arc::clone(bytes)))),
        }
    }
}

fn bare_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut name = name.as_ref();
    for ending in [".gz", ".xml", ".xes"] {
        name = name.strip_suffix(ending).unwrap_or(name);
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_loses_its_endings() {
        assert_eq!(Source::path("/a/receipt.xes.gz").name(), "receipt");
        assert_eq!(Source::path("b.xes").name(), "b");
        assert_eq!(Source::path("c.d.xml").name(), "c.d");
    }

    #[test]
    fn a_missing_file_is_named() {
        let Err(error) = Source::path("/nowhere/at/all.xes").open() else {
            panic!("opened")
        };
        assert!(
            error
                .to_string()
                .starts_with("cannot open /nowhere/at/all.xes: ")
        );
    }
}
