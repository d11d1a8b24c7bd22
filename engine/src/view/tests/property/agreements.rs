//! Random approvals, transfers, referrals and holds, aimed at what is there.

use super::{Keeper, member};
use crate::approval::{Answer, Question, Seat, Vote};
use crate::case::facet::approval::ApprovalAction;
use crate::case::facet::approval::request::Request;
use crate::case::facet::handover::TransferAction;
use crate::case::facet::hold::HoldAction;
use crate::case::facet::referral::{Consent, Referral, ReferralAction};
use crate::case::{CaseAction, PartId};

/// One of everything that people agree on.
pub(super) fn action(keeper: &mut Keeper, kind: u8, x: u8) -> CaseAction {
    let id = keeper.player.new_id();
    match kind {
        0..=11 => approval(keeper, (kind, x), id),
        12..=18 => transfer(keeper, (kind, x), id),
        19..=27 => referral(keeper, (kind, x), id),
        _ => hold(keeper, (kind, x), id),
    }
}

fn pick(known: impl Iterator<Item = PartId>, x: u8) -> PartId {
    let known: Vec<PartId> = known.collect();
    let found = known.get(usize::from(x) % known.len().max(1));
    found.copied().unwrap_or(PartId::new([0; 8]))
}

fn approval(keeper: &Keeper, (kind, x): (u8, u8), id: PartId) -> CaseAction {
    let approval = pick(keeper.view.facets.approvals.0.keys().copied(), x);
    let boss = || Seat::Role("boss".into());
    let answer = Answer::ALL[usize::from(x % 3)];
    let action = match kind {
        0 | 1 => ApprovalAction::Request(Request {
            kind: None,
            label: "The offer".into(),
            question: Question {
                seats: [boss(), Seat::Role("chair".into())].into(),
                ..Question::default()
            },
            ..Request::of_kind(id, "", member(0))
        }),
        2..=7 => ApprovalAction::Vote {
            approval,
            vote: Vote {
                id,
                member: member(0),
                answer,
                seats: [].into(),
                note: String::new(),
            },
        },
        8 => ApprovalAction::Reassign {
            approval,
            seat: boss(),
            by: member(0),
            to: member(x % 3),
        },
        9 | 10 => ApprovalAction::AddApprover {
            approval,
            seat: Seat::Team("legal".into()),
        },
        _ => ApprovalAction::Withdraw { approval },
    };
    action.into()
}

fn transfer(keeper: &Keeper, (kind, x): (u8, u8), id: PartId) -> CaseAction {
    let transfer = pick(keeper.view.facets.transfers.0.keys().copied(), x);
    let member = member(0);
    let action = match kind {
        12..=14 => TransferAction::Offer {
            id,
            to: Seat::Team("legal".into()),
            note: "call first".into(),
        },
        15 | 16 => TransferAction::Accept { transfer, member },
        17 => TransferAction::Decline { transfer, member },
        _ => TransferAction::Withdraw { transfer },
    };
    action.into()
}

fn referral(keeper: &Keeper, (kind, x): (u8, u8), id: PartId) -> CaseAction {
    let referral = pick(keeper.view.facets.referrals.0.keys().copied(), x);
    let member = member(0);
    let action = match kind {
        19..=21 => ReferralAction::Make(Referral {
            id,
            service: "Legal advice".into(),
            to: None,
            party: Some("The law centre".into()),
            note: String::new(),
            consent: Consent {
                given: false,
                by: String::new(),
                how: String::new(),
                on: String::new(),
            },
        }),
        22 | 23 => ReferralAction::Accept { referral, member },
        24 => ReferralAction::Decline { referral, member },
        25 | 26 => ReferralAction::Complete {
            referral,
            outcome: format!("seen {x} times"),
        },
        _ => ReferralAction::Withdraw { referral },
    };
    action.into()
}

fn hold(keeper: &Keeper, (kind, x): (u8, u8), id: PartId) -> CaseAction {
    let hold = pick(keeper.view.facets.holds.0.keys().copied(), x);
    let action = if kind < 30 {
        HoldAction::Start {
            id,
            why: "spare parts".into(),
            until: None,
        }
    } else {
        HoldAction::End { hold }
    };
    action.into()
}
