//! Approvals, transfers, referrals and holds.

use std::collections::BTreeSet;

use casework_engine::approval::{Answer, Question, Seat, Vote};
use casework_engine::case::CaseAction;
use casework_engine::case::facet::approval::ApprovalAction;
use casework_engine::case::facet::approval::request::Request;
use casework_engine::case::facet::handover::TransferAction;
use casework_engine::case::facet::hold::HoldAction;
use casework_engine::case::facet::referral::{Consent, Referral, ReferralAction};

use super::Draw;

/// How many kinds are told apart.
pub(super) const KINDS: usize = 26;

/// One thing that people agree on, or do not.
pub(super) fn draw(draw: &Draw<'_>, kind: usize) -> Option<CaseAction> {
    match kind {
        0..=9 => approval(draw, kind),
        10..=15 => transfer(draw, kind),
        16..=22 => referral(draw, kind),
        _ => hold(draw, kind),
    }
}

fn approval(draw: &Draw<'_>, kind: usize) -> Option<CaseAction> {
    let member = draw.someone;
    if kind < 3 {
        let kinds = &draw.revision.package().approvals;
        let id = draw.ids[0];
        let asked = kinds.get(draw.at % (kinds.len() + 1));
        let request = match asked {
            Some(kind) => Request::of_kind(id, &kind.id, member),
            None => Request {
                kind: None,
                label: draw.word.clone(),
                question: Question {
                    seats: [Seat::Member(member)].into(),
                    ..Question::default()
                },
                ..Request::of_kind(id, "", member)
            },
        };
        return Some(ApprovalAction::Request(request).into());
    }
    let approvals = &draw.view.facets.approvals.0;
    let approval = draw.one(approvals.keys().copied())?;
    let action = match kind {
        3..=6 => {
            let vote = Vote {
                id: draw.ids[0],
                member,
                answer: Answer::ALL[draw.at % Answer::ALL.len()],
                seats: BTreeSet::new(),
                note: draw.word.clone(),
            };
            ApprovalAction::Vote { approval, vote }
        }
        7 => ApprovalAction::Reassign {
            approval,
            seat: approvals[&approval].open.iter().next()?.clone(),
            by: member,
            to: member,
        },
        8 => ApprovalAction::AddApprover {
            approval,
            seat: Seat::Member(member),
        },
        _ => ApprovalAction::Withdraw { approval },
    };
    Some(action.into())
}

fn transfer(draw: &Draw<'_>, kind: usize) -> Option<CaseAction> {
    let member = draw.someone;
    if kind < 12 {
        let (id, to) = (draw.ids[0], Seat::Member(member));
        let note = draw.word.clone();
        return Some(TransferAction::Offer { id, to, note }.into());
    }
    let transfer = draw.one(draw.view.facets.transfers.0.keys().copied())?;
    let action = match kind {
        12 | 13 => TransferAction::Accept { transfer, member },
        14 => TransferAction::Decline { transfer, member },
        _ => TransferAction::Withdraw { transfer },
    };
    Some(action.into())
}

fn referral(draw: &Draw<'_>, kind: usize) -> Option<CaseAction> {
    let member = draw.someone;
    if kind < 18 {
        let inside = draw.at.is_multiple_of(2).then_some(Seat::Member(member));
        let outside = inside.is_none().then(|| "The law centre".to_owned());
        let consent = Consent {
            given: false,
            by: String::new(),
            how: String::new(),
            on: String::new(),
        };
        let referral = Referral {
            id: draw.ids[0],
            service: "Legal advice".to_owned(),
            to: inside,
            party: outside,
            note: draw.word.clone(),
            consent,
        };
        return Some(ReferralAction::Make(referral).into());
    }
    let referral = draw.one(draw.view.facets.referrals.0.keys().copied())?;
    let action = match kind {
        18 | 19 => ReferralAction::Accept { referral, member },
        20 => ReferralAction::Decline { referral, member },
        21 => ReferralAction::Complete {
            referral,
            outcome: draw.word.clone(),
        },
        _ => ReferralAction::Withdraw { referral },
    };
    Some(action.into())
}

fn hold(draw: &Draw<'_>, kind: usize) -> Option<CaseAction> {
    let holds = &draw.view.facets.holds;
    let action = if kind == 23 {
        HoldAction::Start {
            id: draw.ids[0],
            why: draw.word.clone(),
            until: None,
        }
    } else {
        let standing: Vec<_> = holds.standing().map(|(id, _)| id).collect();
        HoldAction::End {
            hold: draw.one(standing)?,
        }
    };
    Some(action.into())
}
