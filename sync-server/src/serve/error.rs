//! Why a server cannot start, or its folder not be used. No other fault of a running server is here.

use std::path::PathBuf;

use crate::log::LogError;
use crate::relay::WorkspaceError;

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The log cannot be opened; another server may have it.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log cannot be loaded.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A file or the address cannot be used. Check path, rights and port.
    #[error("cannot use {what}: {source}")]
    Io {
        /// What was to be used.
        what: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The key file does not hold 32 bytes in hexadecimal. Restore it from a backup: devices have
    /// pinned its public half.
    #[error("the key file {0} does not hold a key")]
    Key(PathBuf),
    /// A rotation of the key was begun and not ended. Run `casework-server rotate-key` again: it goes
    /// on where it stood.
    #[error("the rotation of the key in {0} was begun and not ended")]
    Rotating(PathBuf),
    /// A certificate or its key cannot be used: not PEM, not for each other, or not there.
    #[error("cannot use {what} for TLS: {why}")]
    Certificate {
        /// The file.
        what: String,
        /// Why not.
        why: String,
    },
    /// The operating system gives no random numbers.
    #[error("no random numbers: {0}")]
    Random(String),
}
