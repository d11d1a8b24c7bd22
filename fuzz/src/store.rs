//! Where inputs lie: the kept corpus, kept regressions, and what a run found.
//!
//! Invariant: nothing is written but in [`keep_failure`] and [`replace_corpus`].

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use casework_protocol::digest::sha256;

/// The folder of this package.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The inputs that are kept for a target: its corpus and its regressions, by name.
///
/// # Errors
/// The file system's; a folder that is not there holds nothing.
pub fn kept(target: &str) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut found = corpus(target)?;
    found.extend(shelf("regressions", target)?);
    Ok(found)
}

/// The corpus of a target, by name.
///
/// # Errors
/// As [`kept`].
pub fn corpus(target: &str) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    shelf("corpus", target)
}

fn shelf(shelf: &str, target: &str) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut found = Vec::new();
    let folder = root().join(shelf).join(target);
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            found.push((path.clone(), fs::read(path)?));
        }
    }
    found.sort();
    Ok(found)
}

/// Writes an input that broke a promise where it can be run again; returns the file.
///
/// # Errors
/// The file system's.
pub fn keep_failure(target: &str, input: &[u8]) -> io::Result<PathBuf> {
    let folder = root().join("artifacts").join(target);
    fs::create_dir_all(&folder)?;
    write_named(&folder, input)
}

/// Replaces the corpus of a target.
///
/// # Errors
/// The file system's.
pub fn replace_corpus(target: &str, inputs: &[Vec<u8>]) -> io::Result<()> {
    let folder = root().join("corpus").join(target);
    if folder.is_dir() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for input in inputs {
        write_named(&folder, input)?;
    }
    Ok(())
}

/// An input is named by the beginning of its hash, as libFuzzer does.
fn write_named(folder: &Path, input: &[u8]) -> io::Result<PathBuf> {
    let hash = sha256(&[input]);
    let name: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let path = folder.join(name);
    fs::write(&path, input)?;
    Ok(path)
}
