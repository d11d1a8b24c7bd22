//! A disk that failed while it was read: remembered, so that whoever drives the relay ends it.
//!
//! What is damaged in a row costs who asked for it; a device that fails costs everybody, and the store
//! takes nothing more before it is opened again.

use std::sync::{Mutex, PoisonError};

use casework_protocol::frame::ErrorCode;

use super::{Relay, Reply, failure};
use crate::log::LogError;

/// What the disk said first.
#[derive(Debug, Default)]
pub(super) struct Trouble(Mutex<Option<String>>);

impl Relay {
    /// Why the disk under the log can be used no more, if that is so.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let said = &self.trouble.0;
        said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes notice of what the log said.
    pub fn note(&self, error: &LogError) {
        if is_of_the_disk(error) {
            let mut said = self
                .trouble
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            said.get_or_insert_with(|| error.to_string());
        }
    }

    pub(super) fn failed(&self, error: &LogError) -> Reply {
        self.note(error);
        failure(ErrorCode::Internal, error.to_string())
    }
}

/// Whether the device under the store failed, so that nothing more is to be had of it before the log is
/// opened again.
fn is_of_the_disk(error: &LogError) -> bool {
    match error {
        LogError::Storage(error) => {
            matches!(**error, redb::Error::Io(_) | redb::Error::PreviousIo)
        }
        LogError::Corrupt { .. } | LogError::NotAtEnd { .. } | LogError::Layout { .. } => false,
    }
}
