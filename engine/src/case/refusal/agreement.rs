//! What approvals, handovers and holds refuse: answers by the wrong person, at the wrong time, or
//! that nobody could give.

use crate::case::part::PartId;

/// An answer, or a request for one, that cannot be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgreementError {
    /// What is asked about or offered was answered already. Cure: look at the case; ask again.
    #[error("the {what} {id} is {state} already")]
    Over {
        /// Approval, transfer, referral or hold.
        what: &'static str,
        /// The id.
        id: PartId,
        /// Where it stands.
        state: &'static str,
    },
    /// What came of it is said before it was accepted. Cure: have it accepted first.
    #[error("the {what} {id} is {state}, not accepted; what came of it is said after that")]
    NotAccepted {
        /// Referral.
        what: &'static str,
        /// The id.
        id: PartId,
        /// Where it stands.
        state: &'static str,
    },
    /// Something of the kind waits for an answer. Cure: wait for it, or withdraw it first.
    #[error("the {what} {id} still waits for an answer; withdraw it first")]
    StillOpen {
        /// Approval or transfer.
        what: &'static str,
        /// The id.
        id: PartId,
    },
    /// Only a vote on a decided approval is late. Cause: not made by this software.
    #[error("the approval {id} is not decided, so no vote on it is late")]
    NotDecided {
        /// The approval.
        id: PartId,
    },
    /// It is asked of others. Cure: ask one of them, or have it passed on.
    #[error("the {what} {id} is not asked of you; the case says of whom")]
    NotAsked {
        /// Approval, transfer or referral.
        what: &'static str,
        /// The id.
        id: PartId,
    },
    /// Whoever made something cannot be the one who agrees to it. Cure: ask somebody else.
    #[error("whoever made it cannot agree to it; ask somebody else")]
    OwnWork,
    /// A rejection or return must say why here. Cure: add a note.
    #[error("a vote to {answer} needs a note that says why")]
    NeedsNote {
        /// What the vote says.
        answer: &'static str,
    },
    /// Nobody is in the role or team that would have to answer. Cure: put somebody in, or ask
    /// somebody else.
    #[error("nobody is {seat}, so nobody could answer")]
    NobodyHolds {
        /// The role, team or member.
        seat: String,
    },
    /// The template has no such kind of approval. Cure: one of those named.
    #[error("the template has no approval {kind:?}; it has {known}")]
    UnknownApproval {
        /// The kind asked for.
        kind: String,
        /// The kinds there are.
        known: String,
    },
    /// Who is asked depends on something that is empty. Cure: fill it in first.
    #[error("who approves depends on {field}; fill it in first")]
    Undecided {
        /// The field, or `owner`.
        field: String,
    },
}
