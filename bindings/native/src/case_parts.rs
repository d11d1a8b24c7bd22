//! The records of a case: approvals, documents, parties, offers, holds, forms.

use casework::case::PartId;
use casework::view;

use crate::acting::{ApprovalAnswer, ConsentRecord, FileMark};
use crate::case::{Origin, Reading};
use crate::listing::{Person, person};
use crate::text::{write_all, write_some};
use crate::vocabulary::{PartyKey, PartyNature, ReviewState, VersionStatus};

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

pub(crate) fn parts(reading: &Reading<'_>) -> Parts {
    let facets = &reading.view.facets;
    let overrides = reading.view.overrides.iter().map(|(id, one)| OverrideView {
        id: id.to_string(),
        rule: one.rule.clone(),
        why: one.why.clone(),
        reviewed: one.verdict().is_some(),
        by: reading.origin(one.by),
    });
    Parts {
        approvals: all(facets.approvals.in_order(), |id, one| approval(id, one, reading)),
        documents: all(facets.documents.in_order(), |id, one| document(id, one, reading)),
        parties: all(facets.parties.in_order(), party),
        transfers: all(facets.transfers.in_order(), |id, one| transfer(id, one, reading)),
        referrals: all(facets.referrals.in_order(), |id, one| referral(id, one, reading)),
        holds: all(facets.holds.in_order(), |id, one| hold(id, one, reading)),
        submissions: all(facets.forms.in_order(), submission),
        requests: all(facets.forms.requests_in_order(), request),
        overrides: overrides.collect(),
        flags: facets.keeping.flags.keys().cloned().collect(),
    }
}

fn all<'v, V, T>(
    parts: Vec<(PartId, &'v V)>,
    read: impl Fn(PartId, &'v V) -> T,
) -> Vec<T> {
    parts.into_iter().map(|(id, one)| read(id, one)).collect()
}

fn approval(id: PartId, one: &view::ApprovalView, reading: &Reading<'_>) -> ApprovalView {
    use casework::approval::{Answer, Outcome};
    let vote = |vote: &view::VoteView| VoteView {
        member: person(vote.member, reading.names),
        answer: match vote.answer {
            Answer::Approve => ApprovalAnswer::Approve,
            Answer::Reject => ApprovalAnswer::Reject,
            Answer::Return => ApprovalAnswer::SendBack,
        },
        note: vote.note.clone(),
        late: vote.late,
    };
    ApprovalView {
        id: id.to_string(),
        label: one.label.clone(),
        kind: one.kind.clone(),
        matter: one.matter.to_string(),
        outcome: match one.outcome {
            Outcome::Pending => ApprovalOutcome::Pending,
            Outcome::Approved => ApprovalOutcome::Approved,
            Outcome::Returned => ApprovalOutcome::SentBack,
            Outcome::Rejected => ApprovalOutcome::Rejected,
            Outcome::Withdrawn => ApprovalOutcome::Withdrawn,
        },
        given: one.progress.0,
        wanted: one.progress.1,
        waits_for: write_all(one.waits_for()),
        votes: one.votes.iter().map(vote).collect(),
        current: one.current,
        by: reading.origin(one.by),
    }
}

fn document(id: PartId, one: &view::DocumentView, reading: &Reading<'_>) -> DocumentView {
    let version = |(id, version): (PartId, &view::VersionView)| VersionView {
        id: id.to_string(),
        label: version.label.clone(),
        file: version.file.clone().into(),
        status: *version.status.value(),
        current: one.current.contains(&id),
        by: reading.origin(version.created),
    };
    DocumentView {
        id: id.to_string(),
        name: one.name.value().clone(),
        kind: one.kind.clone(),
        withdrawn: *one.withdrawn.value(),
        redacted: one.redacted.clone(),
        versions: one.in_order().into_iter().map(version).collect(),
        parallel: one.is_parallel(),
    }
}

fn party(id: PartId, one: &view::PartyView) -> PartyView {
    let word = |key| one.word(key).to_owned();
    PartyView {
        id: id.to_string(),
        role: one.role.value().clone(),
        name: word(PartyKey::Name),
        nature: one.nature(),
        email: word(PartyKey::Email),
        phone: word(PartyKey::Phone),
        address: word(PartyKey::Address),
        note: word(PartyKey::Note),
        withdrawn: *one.withdrawn.value(),
        redacted: one.redacted.clone(),
    }
}

fn state(state: casework::case::facet::handover::OfferState) -> OfferState {
    use casework::case::facet::handover::OfferState as Known;
    match state {
        Known::Offered => OfferState::Offered,
        Known::Withdrawn => OfferState::Withdrawn,
        Known::Declined => OfferState::Declined,
        Known::Accepted => OfferState::Accepted,
        Known::Completed => OfferState::Completed,
    }
}

fn transfer(id: PartId, one: &view::TransferView, reading: &Reading<'_>) -> TransferView {
    TransferView {
        id: id.to_string(),
        to: one.to.to_string(),
        note: one.note.clone(),
        state: state(one.state),
        by: reading.origin(one.by),
    }
}

fn referral(id: PartId, one: &view::ReferralView, reading: &Reading<'_>) -> ReferralView {
    ReferralView {
        id: id.to_string(),
        service: one.service.clone(),
        to: write_some(one.to.as_ref()),
        party: one.party.clone(),
        note: one.note.clone(),
        consent: ConsentRecord {
            given: one.consent.given,
            by: one.consent.by.clone(),
            how: one.consent.how.clone(),
            on: one.consent.on.clone(),
        },
        state: state(one.state),
        outcome: one.outcome.as_ref().map(|outcome| outcome.value().clone()),
        by: reading.origin(one.by),
    }
}

fn hold(id: PartId, one: &view::HoldView, reading: &Reading<'_>) -> HoldView {
    HoldView {
        id: id.to_string(),
        why: one.why.clone(),
        until: one.until.clone(),
        ended: one.ended.map(|by| reading.origin(by)),
        by: reading.origin(one.by),
    }
}

fn submission(id: PartId, one: &view::SubmissionView) -> SubmissionView {
    SubmissionView {
        id: id.to_string(),
        form: one.form.clone(),
        request: write_some(one.request),
        answers: one.answers.clone().into_iter().collect(),
        anonymous: one.anonymous,
        language: one.language.clone(),
        given_ms: one.given_ms,
        review: *one.review.value(),
        additions: one.additions.iter().map(|addition| addition.text.clone()).collect(),
    }
}

fn request(id: PartId, one: &view::RequestView) -> InformationRequest {
    InformationRequest {
        id: id.to_string(),
        form: one.form.clone(),
        expires_ms: one.expires_ms,
        single_use: one.single_use,
        note: one.note.clone(),
        revoked: *one.revoked.value(),
        answers: one.answers,
    }
}
