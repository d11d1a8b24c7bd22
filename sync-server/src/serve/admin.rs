//! The operator's way to a running server: a local socket in the data folder, for its owner only.
//!
//! One request is one JSON line; answers are JSON lines, the last one says `done` or `error`. Only
//! the owner of the process can open the socket (mode 0600), so nothing is asked for.

use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};

use super::backup::{BackupError, Manifest, back_up};
use super::data::DataFolder;
use super::overview::{Overview, overview};
use super::{ServeError, archive};
use crate::log::redb::RedbLog;
use crate::relay::Relay;

/// Longest request.
const MAX_REQUEST_BYTES: u64 = 64 * 1024;
/// How long a stream waits for a reader that does not read: until then no freed page of the log is
/// used again.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often whoever waits for a reader looks whether the server stops.
const LOOK: Duration = Duration::from_millis(500);

/// What an operator asks of a running server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdminRequest {
    /// To copy everything to this folder.
    Backup(PathBuf),
    /// To hand everything out as a stream: no lines come, but the bytes of an
    /// [`archive`](super::archive).
    Stream,
    /// To tell its workspaces.
    Workspaces,
}

/// What the server answers, line by line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdminAnswer {
    /// Rows copied so far.
    Step(u64),
    /// The backup is whole.
    Done(Manifest),
    /// The workspaces.
    Workspaces(Vec<Overview>),
    /// Nothing came of it.
    Error(String),
}

/// The folder, its open log, and who works on it.
#[derive(Debug, Clone)]
pub(super) struct Owned {
    pub(super) folder: DataFolder,
    pub(super) log: Arc<RedbLog>,
    pub(super) relay: Arc<Relay>,
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

/// Answers requests until the server stops.
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
            tokio::spawn(answer(stream, owned.clone(), stopping.clone()));
        }
    }
}

async fn answer(mut stream: UnixStream, owned: Owned, stopping: watch::Receiver<bool>) {
    let mut line = String::new();
    let mut reader = BufReader::new((&mut stream).take(MAX_REQUEST_BYTES));
    if reader.read_line(&mut line).await.is_err() {
        return;
    }
    match serde_json::from_str::<AdminRequest>(&line) {
        Ok(AdminRequest::Stream) => {
            if let Ok(stream) = stream.into_std() {
                let streamed = tokio::task::spawn_blocking(move || {
                    stream_out(&owned, stream, stopping);
                });
                let _ = streamed.await;
            }
        }
        Ok(asked) => tell(stream, move |answers| work(&owned, asked, answers)).await,
        Err(error) => {
            let error = AdminAnswer::Error(error.to_string());
            tell(stream, move |answers| drop(answers.blocking_send(error))).await;
        }
    }
}

/// Does what takes its time on a thread of its own, and tells what it says.
async fn tell(
    mut stream: UnixStream,
    work: impl FnOnce(&mpsc::Sender<AdminAnswer>) + Send + 'static,
) {
    let (answers, mut told) = mpsc::channel(16);
    tokio::task::spawn_blocking(move || work(&answers));
    while let Some(answer) = told.recv().await {
        let mut line = serde_json::to_string(&answer).unwrap_or_default();
        line.push('\n');
        if stream.write_all(line.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn work(owned: &Owned, asked: AdminRequest, answers: &mpsc::Sender<AdminAnswer>) {
    let answer = match asked {
        AdminRequest::Backup(to) => {
            tracing::info!("a backup begins");
            let mut step = |rows| drop(answers.try_send(AdminAnswer::Step(rows)));
            let done = back_up(&owned.folder, &owned.log, &to, &mut step);
            tracing::info!(whole = done.is_ok(), "a backup ended");
            done.map(AdminAnswer::Done)
                .map_err(|error| error.to_string())
        }
        AdminRequest::Workspaces => overview(&owned.relay, &owned.log)
            .map(AdminAnswer::Workspaces)
            .map_err(|error| error.to_string()),
        AdminRequest::Stream => Err("a stream has no lines".to_owned()),
    };
    let _ = answers.blocking_send(answer.unwrap_or_else(AdminAnswer::Error));
}

fn stream_out(
    owned: &Owned,
    stream: std::os::unix::net::UnixStream,
    stopping: watch::Receiver<bool>,
) {
    tracing::info!("a backup begins");
    let ready = stream
        .set_nonblocking(false)
        .and_then(|()| stream.set_write_timeout(Some(LOOK)));
    let written = ready.map_err(BackupError::Pipe).and_then(|()| {
        let mut out = BufWriter::with_capacity(64 * 1024, Patient { stream, stopping });
        archive::write(&owned.folder, &owned.log, &mut out, &mut |_| {})
    });
    let problem = written.as_ref().err().map(ToString::to_string);
    tracing::info!(whole = written.is_ok(), problem, "a backup ended");
}

/// Waits for a slow reader, but not for ever, and not when the server stops.
struct Patient {
    stream: std::os::unix::net::UnixStream,
    stopping: watch::Receiver<bool>,
}

impl Write for Patient {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let waits = |error: &std::io::Error| {
            matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
        };
        let mut looks = 0;
        if *self.stopping.borrow() {
            return Err(std::io::Error::other("the server stops"));
        }
        loop {
            match self.stream.write(bytes) {
                Err(error) if waits(&error) => {
                    looks += 1;
                    if *self.stopping.borrow() || LOOK * looks >= PATIENCE {
                        return Err(error);
                    }
                }
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}
