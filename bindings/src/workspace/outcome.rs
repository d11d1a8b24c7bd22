//! What the end of a connection means: whom to tell what, and whether to try again.

use std::time::Duration;

use casework_engine::replica::ReplicaFault;
use casework_engine::sync::SyncFault;
use casework_protocol::frame::ErrorCode;

use crate::error::Error;

/// The end of a connection.
#[derive(Debug)]
pub(super) struct Ended {
    /// What the app is told.
    pub(super) error: Error,
    /// Whether to connect again.
    pub(super) again: Again,
}

/// Whether to connect again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// After a while that grows with every failure.
    BackOff,
    /// After at least this long: the server said so.
    After(Duration),
    /// Not by itself: a person has to do something.
    Never,
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        let again = match &error {
            Error::Unavailable(_) | Error::InUse(_) => Again::BackOff,
            Error::Invalid(_)
            | Error::Unchanged(_)
            | Error::Asks(_)
            | Error::Changed(_)
            | Error::Denied(_)
            | Error::Corrupt(_)
            | Error::Internal(_) => Again::Never,
        };
        Self { error, again }
    }
}

/// A connection that did not come about. A certificate that is not believed may be that of a hotel's
/// login page, or a clock that is wrong: on another network, or later, it is another one.
pub(super) fn unreached(error: Error) -> Ended {
    let again = match &error {
        Error::Unavailable(_) | Error::InUse(_) | Error::Corrupt(_) => Again::BackOff,
        Error::Invalid(_)
        | Error::Unchanged(_)
        | Error::Asks(_)
        | Error::Changed(_)
        | Error::Denied(_)
        | Error::Internal(_) => Again::Never,
    };
    Ended { error, again }
}

/// What a fault of a session means.
pub(super) fn ended(fault: SyncFault<ReplicaFault>) -> Ended {
    let text = fault.to_string();
    if fault.accuses_server() {
        let error = Error::Corrupt(format!(
            "{text}; nothing of it was taken: do not use this server, and tell the others"
        ));
        return Ended {
            error,
            again: Again::Never,
        };
    }
    match fault {
        SyncFault::Holdings(fault) => Error::from(fault).into(),
        SyncFault::RetryAfter { after_ms, .. } => {
            let again = Again::After(Duration::from_millis(after_ms));
            Ended {
                error: Error::Unavailable(text),
                again,
            }
        }
        SyncFault::Silent(_) | SyncFault::Ended => Error::Unavailable(text).into(),
        SyncFault::Refused { code, detail } => refused(code, &detail).into(),
        SyncFault::InviteRefused { .. } => {
            Error::Denied(format!("{text}; ask for another invite")).into()
        }
        SyncFault::Version { .. } => {
            Error::Invalid(format!("{text}; update this program, or the server")).into()
        }
        // Everything else is a frame that no honest server of this version sends. A broken line
        // can do that too, so it is worth another attempt.
        SyncFault::Frame(_)
        | SyncFault::WrongServer { .. }
        | SyncFault::BadWelcome(_)
        | SyncFault::Head(_)
        | SyncFault::Unproved(_)
        | SyncFault::ForkedLog { .. }
        | SyncFault::WentBack { .. }
        | SyncFault::OtherEpoch { .. }
        | SyncFault::Continuity(_)
        | SyncFault::OutOfOrder { .. }
        | SyncFault::BeyondHead { .. }
        | SyncFault::OverCredit { .. }
        | SyncFault::Pieces { .. }
        | SyncFault::UnknownPush(_)
        | SyncFault::WrongAnswer { .. }
        | SyncFault::Unasked(_)
        | _ => Ended {
            error: Error::Corrupt(format!("the server is broken or hostile: {text}")),
            again: Again::BackOff,
        },
    }
}

/// What a code of the server means.
fn refused(code: ErrorCode, detail: &str) -> Error {
    match code {
        ErrorCode::NotEnrolled => Error::Denied(format!(
            "the server does not know this device: {detail}; ask for an invite"
        )),
        ErrorCode::Revoked => Error::Denied(
            "this device was revoked, or its member suspended; unsent work stays readable here"
                .to_owned(),
        ),
        ErrorCode::UnknownWorkspace => Error::Invalid(format!(
            "the server does not have this workspace and does not take it: {detail}"
        )),
        ErrorCode::Version => Error::Invalid(format!(
            "no common protocol version: {detail}; update this program"
        )),
        ErrorCode::Busy | ErrorCode::Stopping | ErrorCode::Recovering => {
            Error::Unavailable(format!("the server cannot serve now ({code}): {detail}"))
        }
        ErrorCode::NotFound => {
            Error::Invalid(format!("not there, or not for this device: {detail}"))
        }
        ErrorCode::Internal => Error::Unavailable(format!("the server failed: {detail}")),
        ErrorCode::Malformed | ErrorCode::BadProof | ErrorCode::TooMuch | _ => Error::Internal(
            format!("the server refuses what this program says ({code}): {detail}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use casework_protocol::ids::ServerId;

    #[test]
    fn another_server_is_never_tried_again_by_itself() {
        let fault = SyncFault::WrongServer {
            expected: ServerId::new([1; 32]),
            found: ServerId::new([2; 32]),
        };
        let ended = ended(fault);
        assert_eq!(
            (ended.error.kind(), ended.again),
            (ErrorKind::Corrupt, Again::Never)
        );
    }

    #[test]
    fn a_server_that_asks_for_patience_gets_it() {
        let fault = SyncFault::RetryAfter {
            code: ErrorCode::Busy,
            after_ms: 7_000,
        };
        let ended = ended(fault);
        assert_eq!(ended.again, Again::After(Duration::from_secs(7)));
        assert_eq!(ended.error.kind(), ErrorKind::Unavailable);
    }

    #[test]
    fn a_revoked_device_is_told_that_its_work_stays_readable() {
        let fault = SyncFault::Refused {
            code: ErrorCode::Revoked,
            detail: String::new(),
        };
        let ended = ended(fault);
        assert!(
            ended.error.to_string().contains("stays readable"),
            "{}",
            ended.error
        );
        assert_eq!(
            (ended.error.kind(), ended.again),
            (ErrorKind::Denied, Again::Never)
        );
    }
}
