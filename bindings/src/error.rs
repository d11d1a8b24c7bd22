//! What an app is told when something does not work: a few kinds, each with one remedy.
//!
//! The text of an error says what happened and what to do, in words for the person at the screen.
//! Which room of the engine it came from is not the app's business and is not kept.

use casework_engine::case::ActError;
use casework_engine::replica::{DocumentFault, ReplicaFault, StoreError};
use casework_protocol::access::AccessError;
use casework_protocol::roster::RosterError;

/// What went wrong, by remedy. Nothing was done when a call answers an error, unless its own
/// documentation says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request does not make sense here: change it. The text says how.
    #[error("{0}")]
    Invalid(String),
    /// It is so already: nothing was written, and nothing needs to be done.
    #[error("{0}")]
    Unchanged(String),
    /// A reason is wanted: a rule of the template asks before this, or the action never goes
    /// without one. Do what the text says, or do it again overriding the rule, with a reason.
    #[error("{0}")]
    Asks(String),
    /// It says something else by now than the person saw: read it again.
    #[error("{0}")]
    Changed(String),
    /// A right is missing: ask somebody who has it, or who can give it.
    #[error("{0}")]
    Denied(String),
    /// Something is not reachable now: try again later. Nothing is lost meanwhile.
    #[error("{0}")]
    Unavailable(String),
    /// Another process has the replica open: end it, or ask it to do the work.
    #[error("{0}")]
    InUse(String),
    /// Stored or received data does not hold: run a verification, restore a backup, or ask whoever
    /// runs the server.
    #[error("{0}")]
    Corrupt(String),
    /// A defect of this program: report it.
    #[error("{0}")]
    Internal(String),
}

/// The five remedies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// Change the request.
    Invalid,
    /// Ask for the right.
    Denied,
    /// Try again later.
    Unavailable,
    /// Verify, restore, ask the operator.
    Corrupt,
    /// Report it.
    Internal,
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) | Self::Unchanged(_) | Self::Asks(_) | Self::Changed(_) => {
                ErrorKind::Invalid
            }
            Self::Denied(_) => ErrorKind::Denied,
            Self::Unavailable(_) | Self::InUse(_) => ErrorKind::Unavailable,
            Self::Corrupt(_) => ErrorKind::Corrupt,
            Self::Internal(_) => ErrorKind::Internal,
        }
    }

    /// Whether another process owns the replica: ask that one.
    #[must_use]
    pub const fn is_in_use(&self) -> bool {
        matches!(self, Self::InUse(_))
    }

    /// As one of several things that were asked together: that it is so already is no comfort, for
    /// the others were not done.
    pub(crate) fn among(self, several: bool) -> Self {
        if let (Self::Unchanged(text), true) = (&self, several) {
            return Self::Invalid(text.clone());
        }
        self
    }

    pub(crate) fn invalid(what: impl core::fmt::Display) -> Self {
        Self::Invalid(what.to_string())
    }

    /// A file that could not be read or written.
    pub(crate) fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::Unavailable(format!("{}: {error}", path.display()))
    }
}

impl ErrorKind {
    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Denied => "denied",
            Self::Unavailable => "unavailable",
            Self::Corrupt => "corrupt",
            Self::Internal => "internal",
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let text = error.to_string();
        match error {
            StoreError::InUse => Self::InUse(format!("{text}; end that, or let it do the work")),
            StoreError::Row { .. } => {
                Self::Corrupt(format!("{text}; run a verification, or restore a backup"))
            }
            StoreError::Database(_) | _ => Self::Unavailable(text),
        }
    }
}

impl From<DocumentFault> for Error {
    fn from(fault: DocumentFault) -> Self {
        let text = fault.to_string();
        match fault {
            DocumentFault::Unknown(_) | DocumentFault::Purged(_) => Self::Invalid(text),
            DocumentFault::Store(error) => error.into(),
            DocumentFault::Quarantined { .. } | _ => Self::Corrupt(text),
        }
    }
}

impl From<RosterError> for Error {
    fn from(error: RosterError) -> Self {
        let text = error.to_string();
        let denied = matches!(
            error,
            RosterError::Inactive(_)
                | RosterError::Lacks { .. }
                | RosterError::Escalation { .. }
                | RosterError::OwnerOnly(_)
                | RosterError::InviterLacks { .. }
                | RosterError::InviteExpired { .. }
                | RosterError::InviteSpent(_)
                | RosterError::InviteCancelled(_)
        );
        if denied {
            Self::Denied(text)
        } else {
            Self::Invalid(text)
        }
    }
}

impl From<AccessError> for Error {
    fn from(error: AccessError) -> Self {
        let text = error.to_string();
        let denied = matches!(error, AccessError::Inactive(_) | AccessError::Lacks { .. });
        if denied {
            Self::Denied(text)
        } else {
            Self::Invalid(text)
        }
    }
}

impl From<ReplicaFault> for Error {
    fn from(fault: ReplicaFault) -> Self {
        let text = fault.to_string();
        match fault {
            ReplicaFault::Store(error) => error.into(),
            ReplicaFault::Document(fault) => fault.into(),
            ReplicaFault::Roster(error) => error.into(),
            ReplicaFault::Access(error) => error.into(),
            ReplicaFault::Template(faults) => Self::Invalid(every_fault(&faults)),
            ReplicaFault::Denied(_) | ReplicaFault::NotEnrolled => Self::Denied(text),
            ReplicaFault::Untrusted(_) | ReplicaFault::OtherDevice(_) => Self::Corrupt(text),
            ReplicaFault::UnknownRevision(_) => {
                Self::Unavailable(format!("{text}; sync, or update this program"))
            }
            ReplicaFault::Act(
                ActError::Unchanged { .. } | ActError::DraftUnchanged | ActError::InboxUnchanged,
            ) => Self::Unchanged(text),
            ReplicaFault::Act(ActError::Asked { .. } | ActError::NeedsReason { .. }) => {
                Self::Asks(text)
            }
            ReplicaFault::Act(_)
            | ReplicaFault::Exists
            | ReplicaFault::Absent
            | ReplicaFault::Unpublished(_)
            | ReplicaFault::Draft(_)
            | ReplicaFault::Unsettled(_)
            | ReplicaFault::NothingToMerge(_)
            | ReplicaFault::Unmapped { .. }
            | ReplicaFault::UnknownMember(_)
            | ReplicaFault::NotInDrawer(_)
            | _ => Self::Invalid(text),
        }
    }
}

/// All faults of a template, one a line.
pub(crate) fn every_fault(faults: &[casework_engine::template::TemplateFault]) -> String {
    let lines: Vec<String> = faults.iter().map(|fault| format!("- {fault}")).collect();
    let faults = if faults.len() == 1 { "fault" } else { "faults" };
    format!(
        "the template has {} {faults}:\n{}",
        lines.len(),
        lines.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_that_is_in_use_is_unavailable_and_says_so() {
        let error = Error::from(ReplicaFault::from(StoreError::InUse));
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.is_in_use());
        assert!(!Error::Unavailable(String::new()).is_in_use());
    }

    #[test]
    fn every_kind_has_the_name_it_has_in_json() {
        for kind in [
            ErrorKind::Invalid,
            ErrorKind::Denied,
            ErrorKind::Unavailable,
            ErrorKind::Corrupt,
            ErrorKind::Internal,
        ] {
            assert_eq!(kind.name(), kind.name().to_lowercase());
        }
    }
}
