//! Why a command was not carried out, and what to try: "error: … / try: …".

use std::io;
use std::path::Path;

use casework::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use crate::xes::XesError;

/// A command that was not carried out. It can go to another process as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct Fault {
    /// By remedy: invalid, denied, unavailable, corrupt or internal.
    pub kind: String,
    /// What happened, in lower case, with the value that failed.
    pub message: String,
    /// What to do, mostly a command to type.
    #[serde(rename = "try", skip_serializing_if = "Option::is_none", default)]
    pub cure: Option<String>,
}

impl Fault {
    /// The request does not make sense: change it.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::of(ErrorKind::Invalid, message)
    }

    /// Something is not reachable now.
    #[must_use]
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::of(ErrorKind::Unavailable, message)
    }

    /// A fault of one kind.
    #[must_use]
    pub fn of(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind: kind.name().to_owned(),
            message: message.into(),
            cure: None,
        }
    }

    /// The same with something to try, unless there is something already.
    #[must_use]
    pub fn or_try(mut self, cure: impl Into<String>) -> Self {
        self.cure.get_or_insert_with(|| cure.into());
        self
    }

    /// A file that could not be read or written.
    #[must_use]
    pub fn file(path: &Path, error: &io::Error) -> Self {
        Self::unavailable(format!("{}: {error}", path.display()))
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let fault = Self::of(error.kind(), error.to_string());
        match error.kind() {
            ErrorKind::Denied => {
                fault.or_try("casework member can me VERB --case CASE    (what is missing, and which roles give it)")
            }
            ErrorKind::Corrupt => fault.or_try("casework verify"),
            ErrorKind::Unavailable => fault.or_try("casework status"),
            ErrorKind::Internal => fault.or_try("the same command again, and report this"),
            ErrorKind::Invalid if fault.message.contains("was purged") => {
                fault.or_try("casework purges")
            }
            ErrorKind::Invalid if fault.message.contains("is not on this device") => {
                fault.or_try("casework list, or casework drawer list for what was not sent of it")
            }
            ErrorKind::Invalid if fault.message.contains("there is no role") => {
                fault.or_try("casework role list")
            }
            // What to change is in the message; how the command is meant, in its help.
            ErrorKind::Invalid => fault,
        }
    }
}

impl From<XesError> for Fault {
    fn from(error: XesError) -> Self {
        let (kind, cure) = match error {
            XesError::Open { .. } => (ErrorKind::Unavailable, "ls -l FILE"),
            XesError::Stopped { .. } => (ErrorKind::Invalid, "get a whole copy of the file"),
            XesError::Empty => (
                ErrorKind::Invalid,
                "head FILE    (whether it is the file you meant)",
            ),
            XesError::UnknownClassifier { .. } => (
                ErrorKind::Invalid,
                "one of those, or the same command without --classifier",
            ),
            XesError::Changed { .. } => (ErrorKind::Invalid, "the same command again"),
        };
        Self::of(kind, error.to_string()).or_try(cure)
    }
}
