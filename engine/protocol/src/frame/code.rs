//! The closed list of errors that end or refuse something on a connection.

use minicbor::{Decode, Encode};

/// Why the server ends a connection or cannot serve a request. The numbers are on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
#[non_exhaustive]
pub enum ErrorCode {
    /// Not a frame, or one this state does not allow. A defect or an attack; do not retry.
    #[n(0)]
    Malformed,
    /// No common protocol version. Update.
    #[n(1)]
    Version,
    /// The server does not have this workspace. A founder pushes the roster to create it.
    #[n(2)]
    UnknownWorkspace,
    /// The device is not enrolled, or its invite does not hold.
    #[n(3)]
    NotEnrolled,
    /// The device or its member lost access. Unsent work stays readable on the device.
    #[n(4)]
    Revoked,
    /// A signature of the handshake does not hold.
    #[n(5)]
    BadProof,
    /// More than this connection may do now; wait and come again.
    #[n(6)]
    Busy,
    /// Longer or more than a limit allows.
    #[n(7)]
    TooMuch,
    /// The server is stopping; come again soon.
    #[n(8)]
    Stopping,
    /// The server failed; what was not acknowledged must be sent again.
    #[n(9)]
    Internal,
    /// What was asked for is not there or not for this device.
    #[n(10)]
    NotFound,
    /// The server is taking back lost entries and accepts no new authority meanwhile.
    #[n(11)]
    Recovering,
}

impl ErrorCode {
    /// Whether a client may try the same again later by itself.
    #[must_use]
    pub fn is_passing(self) -> bool {
        matches!(
            self,
            Self::Busy | Self::Stopping | Self::Internal | Self::Recovering
        )
    }
}

impl core::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Malformed => "malformed",
            Self::Version => "version",
            Self::UnknownWorkspace => "unknown-workspace",
            Self::NotEnrolled => "not-enrolled",
            Self::Revoked => "revoked",
            Self::BadProof => "bad-proof",
            Self::Busy => "busy",
            Self::TooMuch => "too-much",
            Self::Stopping => "stopping",
            Self::Internal => "internal",
            Self::NotFound => "not-found",
            Self::Recovering => "recovering",
        })
    }
}
