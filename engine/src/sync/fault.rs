//! Why a session ended, sorted by what to do about it. Nothing that was not acknowledged is lost
//! by any of these: it stays in the outbox for the next session.

use casework_protocol::frame::{ErrorCode, FrameError, RefusedBecause};
use casework_protocol::ids::{DocumentId, EpochId, ServerId};
use casework_protocol::keys::KeyError;
use casework_protocol::log::{ConsistencyProof, HeadError, ProofError, SignedHead};

/// Two heads that one server signed and that cannot both be true: keep them, they convict it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkEvidence {
    /// A size of the log at which the two histories differ.
    pub size: u64,
    /// The head this device trusted.
    pub trusted: SignedHead,
    /// The head that was offered.
    pub offered: SignedHead,
    /// The proof that came along and shows that the offered log never had the trusted root.
    pub proof: Option<ConsistencyProof>,
}

/// The end of a session. `F` is the replica's own fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyncFault<F> {
    /// The replica failed, or found that a received item cannot be of an honest server.
    #[error(transparent)]
    Holdings(F),
    /// A message that is no frame. The server is broken or hostile, or of another version.
    #[error(transparent)]
    Frame(FrameError),
    /// Another server than the one pinned by the invite. Do not go on; if the server was really
    /// replaced, its owner sends a new invite.
    #[error("this is server {found}, and the workspace is pinned to {expected}")]
    WrongServer {
        /// The pinned key.
        expected: ServerId,
        /// The key that was proved.
        found: ServerId,
    },
    /// The server does not hold the key it names, repeats what it said to somebody else, or sees
    /// another TLS connection than this device: somebody ends it in between, be it a proxy.
    #[error(
        "the server does not prove its key on this connection, so something stands in between: {0}"
    )]
    BadWelcome(KeyError),
    /// No common version of the protocol. Update this program, or the server.
    #[error("the server speaks version {offered} of the protocol")]
    Version {
        /// What the server offered.
        offered: u16,
    },
    /// A log head that the server did not sign, or of another workspace. The server is hostile.
    #[error("log head: {0}")]
    Head(HeadError),
    /// The server does not prove that its log goes on from the last head. It may try again; if it
    /// never can, compare head codes with somebody else.
    #[error("the log is not proved to go on from the last head: {0}")]
    Unproved(ProofError),
    /// The server signed two different histories. Stop using it; show the evidence to the others.
    #[error("the server shows two histories: {trusted} was trusted and now it says {offered}")]
    ForkedLog {
        /// Short code of the trusted head.
        trusted: String,
        /// Short code of the offered head.
        offered: String,
        /// The proof of it.
        evidence: Box<ForkEvidence>,
    },
    /// The server admits that its log has other entries in place of some that it once showed: it
    /// was restored and went on, or it shows two histories. Compare head codes with somebody else;
    /// only a new epoch, which its operator opens, helps.
    #[error("the server shows another history: {trusted} was trusted and now it says {offered}")]
    Diverged {
        /// Short code of the trusted head.
        trusted: String,
        /// Short code of the offered head.
        offered: String,
        /// Both heads.
        evidence: Box<ForkEvidence>,
    },
    /// The log became shorter and the server does not admit that it lost something.
    #[error("the log had {known} entries and now has {offered}")]
    WentBack {
        /// Entries known to have been there.
        known: u64,
        /// Entries now.
        offered: u64,
    },
    /// Another epoch than this device is in, and the server does not announce it.
    #[error("the log is of epoch {offered} and not of {known}")]
    OtherEpoch {
        /// The epoch this device is in.
        known: EpochId,
        /// The epoch of the head.
        offered: EpochId,
    },
    /// What the server says of the device's head contradicts the head that was shown.
    #[error("the server's answer to the head it was shown makes no sense: {0}")]
    Continuity(&'static str),
    /// Items in another order or of other positions than was announced.
    #[error("item at position {seq} where {expected}")]
    OutOfOrder {
        /// The item's position.
        seq: u64,
        /// What should have come.
        expected: &'static str,
    },
    /// The server says that everything up to a position was sent and shows a head that does not
    /// reach there: it hides the newest part of its log, or made items up.
    #[error("items up to position {upto} under a head of {size} entries")]
    BeyondHead {
        /// The position.
        upto: u64,
        /// Entries under the head.
        size: u64,
    },
    /// More bytes than the device allowed. The server is broken or hostile.
    #[error("a message of {bytes} bytes came without credit for it")]
    OverCredit {
        /// Length of the message.
        bytes: usize,
    },
    /// Pieces of a bundle that do not fit together, or too many of them.
    #[error("bundle of document {document}: {problem}")]
    Pieces {
        /// The document.
        document: DocumentId,
        /// What is wrong.
        problem: &'static str,
    },
    /// An answer to a push that was never made. The server is broken or hostile.
    #[error("an answer to push {0}, which was never made")]
    UnknownPush(u64),
    /// An answer that does not fit what was pushed. The server is broken or hostile.
    #[error("the answer to push {number} does not fit it: {problem}")]
    WrongAnswer {
        /// The push.
        number: u64,
        /// What is wrong.
        problem: &'static str,
    },
    /// A frame that nothing asked for, or that has no place in this phase.
    #[error("a frame out of place: {0}")]
    Unasked(&'static str),
    /// The server will not serve this device; the code says why and its documentation what to do.
    #[error("the server refuses: {code}: {detail}")]
    Refused {
        /// The code.
        code: ErrorCode,
        /// The server's words.
        detail: String,
    },
    /// The invite does not hold (any more). Ask for another one.
    #[error("the invite was refused: {detail}")]
    InviteRefused {
        /// The code.
        because: RefusedBecause,
        /// The server's words.
        detail: String,
    },
    /// The server cannot serve now. Connect again after this time.
    #[error("the server is not ready ({code}): again in {after_ms} ms")]
    RetryAfter {
        /// Why.
        code: ErrorCode,
        /// Milliseconds to wait.
        after_ms: u64,
    },
    /// Nothing was heard for this many milliseconds, or a push was not answered. Connect again.
    #[error("the server has been silent for {0} ms")]
    Silent(u64),
    /// The session ended before; open a new one.
    #[error("the session has ended")]
    Ended,
}

impl<F> SyncFault<F> {
    /// Whether connecting again later, by itself, makes sense.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::RetryAfter { .. } | Self::Diverged { .. } | Self::Silent(_) | Self::Ended
        )
    }

    /// Whether the server showed that it is not to be trusted: a person must be told.
    #[must_use]
    pub fn accuses_server(&self) -> bool {
        matches!(
            self,
            Self::WrongServer { .. }
                | Self::BadWelcome(_)
                | Self::Head(_)
                | Self::Unproved(_)
                | Self::ForkedLog { .. }
                | Self::Diverged { .. }
                | Self::WentBack { .. }
                | Self::OtherEpoch { .. }
                | Self::BeyondHead { .. }
        )
    }
}
