//! The records of a case: approvals, documents, parties, offers, holds, forms.

mod reading;

use crate::case::Origin;
use crate::given::{ApprovalAnswer, ConsentRecord, FileMark};
use crate::listing::Person;
use crate::vocabulary::{PartyNature, ReviewState, VersionStatus};

pub(crate) use reading::parts;

/// The records of a case, each list in the order of their creation. More lists may come.
#[derive(Debug, Clone, Default, PartialEq, Eq, uniffi::Record)]
pub struct Parts {
    /// Approvals.
    #[uniffi(default = [])]
    pub approvals: Vec<ApprovalView>,
    /// Documents.
    #[uniffi(default = [])]
    pub documents: Vec<DocumentView>,
    /// Parties.
    #[uniffi(default = [])]
    pub parties: Vec<PartyView>,
    /// Transfers to somebody else.
    #[uniffi(default = [])]
    pub transfers: Vec<TransferView>,
    /// Referrals to services.
    #[uniffi(default = [])]
    pub referrals: Vec<ReferralView>,
    /// Holds, ended ones included.
    #[uniffi(default = [])]
    pub holds: Vec<HoldView>,
    /// What people sent by forms.
    #[uniffi(default = [])]
    pub submissions: Vec<SubmissionView>,
    /// Requests for information that went out.
    #[uniffi(default = [])]
    pub requests: Vec<InformationRequest>,
    /// What was done through rules that ask.
    #[uniffi(default = [])]
    pub overrides: Vec<OverrideView>,
    /// Flags.
    #[uniffi(default = [])]
    pub flags: Vec<String>,
}

/// How an approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum ApprovalOutcome {
    /// Waiting.
    Pending,
    /// Given.
    Approved,
    /// Sent back.
    SentBack,
    /// Refused.
    Rejected,
    /// Taken back.
    Withdrawn,
}

/// An approval.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ApprovalView {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// Its id in the template.
    pub kind: Option<String>,
    /// What is to be approved: `case`, `version/ID` or `decision/ID`.
    pub matter: String,
    /// How it stands.
    pub outcome: ApprovalOutcome,
    /// How many agreed.
    pub given: u32,
    /// How many must.
    pub wanted: u32,
    /// Whom it waits for: `member:ID`, `role:KEY`, `team:KEY`.
    pub waits_for: Vec<String>,
    /// The votes.
    pub votes: Vec<VoteView>,
    /// Not replaced by another.
    pub current: bool,
    /// Who asked, and when.
    pub by: Origin,
}

/// A vote.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct VoteView {
    /// Whose.
    pub member: Person,
    /// The answer.
    pub answer: ApprovalAnswer,
    /// A note.
    pub note: String,
    /// It came when the outcome stood already and counts no more.
    pub late: bool,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DocumentView {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its type's id in the template.
    pub kind: String,
    /// Withdrawn.
    pub withdrawn: bool,
    /// Why it is hidden.
    pub redacted: Option<String>,
    /// Its versions.
    pub versions: Vec<VersionView>,
    /// Several versions were written at once and nobody has chosen.
    pub parallel: bool,
}

/// A version of a document.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct VersionView {
    /// Its id.
    pub id: String,
    /// What people call it: `3`, or `3a` beside `3b`.
    pub label: String,
    /// What identifies its bytes.
    pub file: FileMark,
    /// How it stands.
    pub status: VersionStatus,
    /// No other comes after it.
    pub current: bool,
    /// Who added it, and when.
    pub by: Origin,
}

/// A party.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PartyView {
    /// Its id.
    pub id: String,
    /// What it is to the case.
    pub role: String,
    /// Its name.
    pub name: String,
    /// Person or organisation.
    pub nature: Option<PartyNature>,
    /// Its address for electronic mail.
    pub email: String,
    /// Its telephone number.
    pub phone: String,
    /// Its postal address.
    pub address: String,
    /// Anything else.
    pub note: String,
    /// Withdrawn.
    pub withdrawn: bool,
    /// Why it is hidden.
    pub redacted: Option<String>,
}

/// How an offer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum OfferState {
    /// Waiting for an answer.
    Offered,
    /// Taken back.
    Withdrawn,
    /// Declined.
    Declined,
    /// Accepted.
    Accepted,
    /// Done.
    Completed,
}

/// The offer of the case to somebody.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TransferView {
    /// Its id.
    pub id: String,
    /// To whom: `member:ID`, `role:KEY`, `team:KEY`.
    pub to: String,
    /// A note.
    pub note: String,
    /// How it stands.
    pub state: OfferState,
    /// Who offered, and when.
    pub by: Origin,
}

/// A referral to a service.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ReferralView {
    /// Its id.
    pub id: String,
    /// The service.
    pub service: String,
    /// Who is to answer: `member:ID`, `role:KEY`, `team:KEY`.
    pub to: Option<String>,
    /// The party it is about.
    pub party: Option<String>,
    /// A note.
    pub note: String,
    /// That the party agreed.
    pub consent: ConsentRecord,
    /// How it stands.
    pub state: OfferState,
    /// What came of it.
    pub outcome: Option<String>,
    /// Who made it, and when.
    pub by: Origin,
}

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HoldView {
    /// Its id.
    pub id: String,
    /// What the case waits for.
    pub why: String,
    /// Until when, `YYYY-MM-DD`.
    pub until: Option<String>,
    /// Who ended it, and when.
    pub ended: Option<Origin>,
    /// Who began it, and when.
    pub by: Origin,
}

/// What somebody sent by a form.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SubmissionView {
    /// Its id.
    pub id: String,
    /// The form's id in the template.
    pub form: String,
    /// The request it answers.
    pub request: Option<String>,
    /// The answers: question → one or several.
    pub answers: std::collections::HashMap<String, Vec<String>>,
    /// Nobody said who sent it.
    pub anonymous: bool,
    /// The language it was shown in.
    pub language: String,
    /// When it was sent.
    pub given_ms: i64,
    /// How it stands.
    pub review: ReviewState,
    /// What was added later.
    pub additions: Vec<String>,
}

/// A request for information that went out.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct InformationRequest {
    /// Its id.
    pub id: String,
    /// The form's id in the template.
    pub form: String,
    /// Its end.
    pub expires_ms: Option<i64>,
    /// It can be answered once.
    pub single_use: bool,
    /// What it asks for.
    pub note: String,
    /// Taken back.
    pub revoked: bool,
    /// How many answers came.
    pub answers: u32,
}

/// Something done through a rule that asks.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct OverrideView {
    /// Its id.
    pub id: String,
    /// The rule, in words.
    pub rule: String,
    /// Why.
    pub why: String,
    /// Somebody has looked at it.
    pub reviewed: bool,
    /// Who did it, and when.
    pub by: Origin,
}
