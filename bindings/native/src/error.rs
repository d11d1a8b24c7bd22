//! What an app is told when something does not work: one flat list, by what to do about it.
//!
//! The text is for the person at the screen: what happened, and the way out.

use casework::Error;

/// What went wrong, by remedy. Nothing was done when a call ends so, unless its own documentation
/// says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi(flat_error)]
#[non_exhaustive]
pub enum CaseworkError {
    /// The request makes no sense here: change it. The text says how.
    #[error("{0}")]
    Invalid(String),
    /// It is so already: nothing was written, and nothing needs to be done. What a double tap or a
    /// save without a change meets.
    #[error("{0}")]
    Unchanged(String),
    /// A reason is wanted: a rule of the template asks before this, or it never goes without one.
    /// Do what the text says, or do it again with a reason and `override_rule`.
    #[error("{0}")]
    Asks(String),
    /// It says something else by now than the person saw: read it again. Only what says what it
    /// showed meets it.
    #[error("{0}")]
    Changed(String),
    /// A right is missing: ask somebody who has it, or who can give it.
    #[error("{0}")]
    Denied(String),
    /// Something cannot be reached now: try again later. Nothing is lost meanwhile.
    #[error("{0}")]
    Unavailable(String),
    /// Another process has the workspace open: end it, or let it do the work.
    #[error("{0}")]
    InUse(String),
    /// Stored or received data does not hold: verify, restore a backup, or ask whoever runs the
    /// server.
    #[error("{0}")]
    Corrupt(String),
    /// This object was shut down: open the workspace again.
    #[error("{0}")]
    Closed(String),
    /// A defect, of this library or of the app's own key store: report it with the text.
    #[error("{0}")]
    Internal(String),
}

impl From<Error> for CaseworkError {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(text) => Self::Invalid(text),
            Error::Unchanged(text) => Self::Unchanged(text),
            Error::Asks(text) => Self::Asks(text),
            Error::Changed(text) => Self::Changed(text),
            Error::Denied(text) => Self::Denied(text),
            Error::Unavailable(text) => Self::Unavailable(text),
            Error::InUse(text) => Self::InUse(text),
            Error::Corrupt(text) => Self::Corrupt(text),
            Error::Internal(text) => Self::Internal(text),
            unknown => Self::Internal(unknown.to_string()),
        }
    }
}

impl CaseworkError {
    pub(crate) fn closed() -> Self {
        Self::Closed("this workspace was shut down; open it again".to_owned())
    }

    pub(crate) fn invalid(what: impl core::fmt::Display) -> Self {
        Self::Invalid(what.to_string())
    }
}
