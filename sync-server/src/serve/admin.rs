//! The operator's way to a running server: a local socket in the data folder, for its owner only.
//!
//! One request is one JSON line; answers are JSON lines, the last one says `done` or `error`. Only
//! the owner of the process can open the socket (mode 0600), so nothing is asked for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};

use super::ServeError;
use super::backup::{Manifest, back_up};
use super::data::DataFolder;
use crate::log::redb::RedbLog;

/// What an operator asks of a running server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdminRequest {
    /// To copy everything to this folder.
    Backup(PathBuf),
}

/// What the server answers, line by line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdminAnswer {
    /// Rows copied so far.
    Step(u64),
    /// The backup is whole.
    Done(Manifest),
    /// Nothing came of it.
    Error(String),
}

/// The folder and its open log.
#[derive(Debug, Clone)]
pub(super) struct Owned {
    pub(super) folder: DataFolder,
    pub(super) log: Arc<RedbLog>,
}

/// Opens the socket. A server that died leaves its socket behind; whoever holds the log may take
/// it away.
pub(super) fn listen(path: &Path) -> Result<UnixListener, ServeError> {
    use std::os::unix::fs::PermissionsExt as _;
    let bound = || {
        if path.exists() {
            std::fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    };
    bound().map_err(|source| ServeError::Io {
        what: path.display().to_string(),
        source,
    })
}

/// Answers requests one after the other until the server stops.
pub(super) async fn serve(
    listener: UnixListener,
    owned: Owned,
    mut stopping: watch::Receiver<bool>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.changed() => return,
        };
        if let Ok((stream, _)) = accepted {
            tokio::spawn(answer(stream, owned.clone()));
        }
    }
}

async fn answer(stream: UnixStream, owned: Owned) {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let Ok(Some(line)) = lines.next_line().await else {
        return;
    };
    let (answers, mut told) = mpsc::channel(16);
    match serde_json::from_str::<AdminRequest>(&line) {
        Ok(AdminRequest::Backup(to)) => {
            tracing::info!("a backup begins");
            tokio::task::spawn_blocking(move || {
                let mut step = |rows| drop(answers.try_send(AdminAnswer::Step(rows)));
                let done = match back_up(&owned.folder, &owned.log, &to, &mut step) {
                    Ok(manifest) => AdminAnswer::Done(manifest),
                    Err(error) => AdminAnswer::Error(error.to_string()),
                };
                tracing::info!(
                    whole = matches!(done, AdminAnswer::Done(_)),
                    "a backup ended"
                );
                let _ = answers.blocking_send(done);
            });
        }
        Err(error) => {
            let _ = answers.send(AdminAnswer::Error(error.to_string())).await;
            drop(answers);
        }
    }
    while let Some(answer) = told.recv().await {
        let mut line = serde_json::to_string(&answer).unwrap_or_default();
        line.push('\n');
        if writer.write_all(line.as_bytes()).await.is_err() {
            return;
        }
    }
}
