//! Reading the records of a case from the engine's view.

use casework::case::PartId;
use casework::view;

use super::{
    ApprovalOutcome, ApprovalView, DocumentView, HoldView, InformationRequest, OfferState,
    OverrideView, Parts, PartyView, ReferralView, SubmissionView, TransferView, VersionView,
    VoteView,
};
use crate::case::Reading;
use crate::given::{ApprovalAnswer, ConsentRecord};
use crate::listing::person;
use crate::text::{write_all, write_some};
use crate::vocabulary::PartyKey;

pub(crate) fn parts(reading: &Reading<'_>) -> Parts {
    let facets = &reading.view.facets;
    let overrides = reading.view.overrides.iter().map(|(id, one)| OverrideView {
        id: id.hex(),
        rule: one.rule.clone(),
        why: one.why.clone(),
        reviewed: one.verdict().is_some(),
        by: reading.origin(one.by),
    });
    Parts {
        approvals: all(facets.approvals.in_order(), |id, one| {
            approval(id, one, reading)
        }),
        documents: all(facets.documents.in_order(), |id, one| {
            document(id, one, reading)
        }),
        parties: all(facets.parties.in_order(), party),
        transfers: all(facets.transfers.in_order(), |id, one| {
            transfer(id, one, reading)
        }),
        referrals: all(facets.referrals.in_order(), |id, one| {
            referral(id, one, reading)
        }),
        holds: all(facets.holds.in_order(), |id, one| hold(id, one, reading)),
        submissions: all(facets.forms.in_order(), submission),
        requests: all(facets.forms.requests_in_order(), request),
        overrides: overrides.collect(),
        flags: facets.keeping.flags.keys().cloned().collect(),
    }
}

fn all<'v, V, T>(parts: Vec<(PartId, &'v V)>, read: impl Fn(PartId, &'v V) -> T) -> Vec<T> {
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
        id: id.hex(),
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
        id: id.hex(),
        label: version.label.clone(),
        file: version.file.clone().into(),
        status: *version.status.value(),
        current: one.current.contains(&id),
        by: reading.origin(version.created),
    };
    DocumentView {
        id: id.hex(),
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
        id: id.hex(),
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
        id: id.hex(),
        to: one.to.to_string(),
        note: one.note.clone(),
        state: state(one.state),
        by: reading.origin(one.by),
    }
}

fn referral(id: PartId, one: &view::ReferralView, reading: &Reading<'_>) -> ReferralView {
    ReferralView {
        id: id.hex(),
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
        id: id.hex(),
        why: one.why.clone(),
        until: one.until.clone(),
        ended: one.ended.map(|by| reading.origin(by)),
        by: reading.origin(one.by),
    }
}

fn submission(id: PartId, one: &view::SubmissionView) -> SubmissionView {
    SubmissionView {
        id: id.hex(),
        form: one.form.clone(),
        request: write_some(one.request),
        answers: one.answers.clone().into_iter().collect(),
        anonymous: one.anonymous,
        language: one.language.clone(),
        given_ms: one.given_ms,
        review: *one.review.value(),
        additions: one
            .additions
            .iter()
            .map(|addition| addition.text.clone())
            .collect(),
    }
}

fn request(id: PartId, one: &view::RequestView) -> InformationRequest {
    InformationRequest {
        id: id.hex(),
        form: one.form.clone(),
        expires_ms: one.expires_ms,
        single_use: one.single_use,
        note: one.note.clone(),
        revoked: *one.revoked.value(),
        answers: one.answers,
    }
}
