//! Backups: a folder with a consistent copy of the log, the server's key and what is in it.
//!
//! A backup is itself a data folder, so a server can be started on it. Restoring never overwrites:
//! what was there before is kept beside it. Devices that saw newer entries bring them back by
//! themselves (`docs/protocol.md`, healing).

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use casework_protocol::ids::{ServerId, WorkspaceId};
use serde::{Deserialize, Serialize};

use super::data::DataFolder;
use super::rotation::{RotateError, vouch_anew};
use super::{ServeError, archive, now_ms};
use crate::log::redb::RedbLog;
use crate::log::{Log as _, LogError};

/// The file that makes a folder a whole backup: written last.
const MANIFEST: &str = "backup.json";
/// The version of [`Manifest`].
pub(super) const VERSION: u32 = 1;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this description.
    pub version: u32,
    /// When the copy was finished, ms since 1970 by the server's clock.
    pub made_ms: u64,
    /// The server's public key.
    pub server: ServerId,
    /// Rows of the log file.
    pub rows: u64,
    /// Entries of each workspace.
    pub workspaces: Vec<Kept>,
}

/// One workspace of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// How long its log is.
    pub entries: u64,
}

/// Why a backup cannot be made or put back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The folder has something in it. Name another one.
    #[error("{0} is not empty")]
    NotEmpty(PathBuf),
    /// The folder has no whole backup: no manifest, or one that cannot be read. Take another
    /// backup; an interrupted one has none.
    #[error("{path} is no whole backup: {problem}")]
    Incomplete {
        /// The folder.
        path: PathBuf,
        /// What is missing.
        problem: String,
    },
    /// A stream that was cut or altered, or is no backup. Make another one.
    #[error("the stream is no whole backup: {0}")]
    Stream(String),
    /// The stream cannot be read or written: its other end is gone, or the disk is full.
    #[error("the stream broke: {0}")]
    Pipe(std::io::Error),
    /// The bundles of the backup cannot be vouched for by the key that the folder has now.
    #[error(transparent)]
    Rotate(#[from] RotateError),
    /// Files cannot be used.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The log cannot be read or written.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Copies a data folder whose log is open here to a new folder. `step` hears the rows copied.
///
/// # Errors
/// [`BackupError`]; a folder that was begun has no manifest and can be deleted.
pub fn back_up(
    folder: &DataFolder,
    log: &RedbLog,
    to: &Path,
    step: &mut dyn FnMut(u64),
) -> Result<Manifest, BackupError> {
    empty(to)?;
    let identity = folder.identity()?;
    let target = DataFolder::open(to)?;
    let rows = log.back_up(&target.log_file(), step)?;
    target.put_identity(&identity)?;
    take_certificate(folder, &target)?;
    let copy = target.log()?;
    let mut workspaces = Vec::new();
    for workspace in copy.workspaces()? {
        let entries = copy
            .workspace(workspace)?
            .map_or(0, |row| row.frontier.size());
        workspaces.push(Kept { workspace, entries });
    }
    drop(copy);
    let manifest = Manifest {
        version: VERSION,
        made_ms: now_ms(),
        server: identity.server(),
        rows,
        workspaces,
    };
    let text = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
    target.put(MANIFEST, &text)?;
    Ok(manifest)
}

/// Puts a backup in place of a data folder. What was there is kept in a folder beside it, whose
/// name is answered.
///
/// # Errors
/// [`BackupError`]; the data folder is as it was then.
pub fn restore(from: &Path, data: &Path) -> Result<(Manifest, Option<PathBuf>), BackupError> {
    let manifest = read(from)?;
    let incoming = beside(data, "incoming");
    empty(&incoming)?;
    let source = DataFolder::open(from)?;
    let target = DataFolder::open(&incoming)?;
    copy(&source.log_file(), &target.log_file())?;
    target.put_identity(&source.identity()?)?;
    take_certificate(&source, &target)?;
    let before = put_in_place(&incoming, data)?;
    Ok((manifest, before))
}

/// Puts a backup in place that comes as a stream; see [`archive`]. As [`restore`] otherwise.
///
/// # Errors
/// [`BackupError`]; the data folder is as it was then.
pub fn restore_stream(
    from: &mut dyn Read,
    data: &Path,
) -> Result<(Manifest, Option<PathBuf>), BackupError> {
    let incoming = beside(data, "incoming");
    empty(&incoming)?;
    let unpacked = DataFolder::open(&incoming)
        .map_err(BackupError::from)
        .and_then(|target| archive::unpack(from, &target))
        .and_then(|manifest| Ok((manifest, put_in_place(&incoming, data)?)));
    if unpacked.is_err() {
        // What a broken stream brought is of no use, and would stand in the way of the next.
        let _ = fs::remove_dir_all(&incoming);
    }
    unpacked
}

/// Moves a folder that came whole into the place of a data folder.
fn put_in_place(incoming: &Path, data: &Path) -> Result<Option<PathBuf>, BackupError> {
    let target = DataFolder::open(incoming)?;
    // It must open before anything is moved.
    let log = target.log()?;
    keep_newer_key(&target, &log, data)?;
    drop(log);
    let before = match data.exists() {
        true => {
            let aside = beside(data, &format!("before-{}", now_ms()));
            fs::rename(data, &aside).map_err(|source| io(data, source))?;
            Some(aside)
        }
        false => None,
    };
    fs::rename(incoming, data).map_err(|source| io(incoming, source))?;
    Ok(before)
}

/// The key of the backup may have handed over since: the one that devices know by now stays, and
/// vouches for the bundles of the backup.
fn keep_newer_key(target: &DataFolder, log: &RedbLog, data: &Path) -> Result<(), BackupError> {
    if !data.is_dir() {
        return Ok(());
    }
    // A folder whose key cannot be read is no reason not to restore a backup over it.
    let here = DataFolder::open(data)?.known_identity().ok().flatten();
    let of_backup = target.identity()?.server();
    if let Some(here) = here.filter(|here| here.was(of_backup)) {
        vouch_anew(log, &here)?;
        target.put_identity(&here)?;
    }
    Ok(())
}

/// What a backup says about itself.
///
/// # Errors
/// [`BackupError::Incomplete`].
pub fn read(from: &Path) -> Result<Manifest, BackupError> {
    let incomplete = |problem: String| BackupError::Incomplete {
        path: from.to_owned(),
        problem,
    };
    let text = fs::read(from.join(MANIFEST)).map_err(|error| incomplete(error.to_string()))?;
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| incomplete(error.to_string()))?;
    if manifest.version != VERSION {
        return Err(incomplete(format!(
            "its version is {} and this program reads {VERSION}",
            manifest.version
        )));
    }
    Ok(manifest)
}

/// Invites have pinned the key of a self-signed certificate: it goes where the server goes.
fn take_certificate(from: &DataFolder, to: &DataFolder) -> Result<(), ServeError> {
    from.certificate_key()?
        .map_or(Ok(()), |pem| to.put_certificate_key(&pem))
}

fn copy(from: &Path, to: &Path) -> Result<(), ServeError> {
    fs::copy(from, to)
        .and_then(|_| fs::File::open(to)?.sync_all())
        .map_err(|source| io(from, source))
}

/// A folder of this name beside the data folder.
fn beside(data: &Path, what: &str) -> PathBuf {
    let name = data
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    data.with_file_name(format!(
        "{}.{what}",
        name.unwrap_or_else(|| "data".to_owned())
    ))
}

fn empty(folder: &Path) -> Result<(), BackupError> {
    let occupied = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if occupied {
        return Err(BackupError::NotEmpty(folder.to_owned()));
    }
    Ok(())
}

fn io(path: &Path, source: std::io::Error) -> ServeError {
    ServeError::Io {
        what: path.display().to_string(),
        source,
    }
}
