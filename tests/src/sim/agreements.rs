//! Drawing approvals, transfers and holds: what a person who sees this case could do about them.

use casework_engine::approval::{Answer, Seat, Vote};
use casework_engine::case::facet::approval::ApprovalAction;
use casework_engine::case::facet::approval::request::Request;
use casework_engine::case::facet::handover::TransferAction;
use casework_engine::case::facet::hold::HoldAction;
use casework_engine::case::{CaseAction, PartId};
use casework_engine::view::CaseView;
use casework_protocol::ids::MemberId;

/// What is drawn from: a fresh id, somebody, and numbers.
pub(super) struct Draw {
    pub(super) id: PartId,
    pub(super) someone: MemberId,
    pub(super) pick: usize,
    pub(super) at: usize,
}

/// One action about what people agree on; `None` where there is nothing to act on.
pub(super) fn draw(view: &CaseView, draw: &Draw) -> Option<CaseAction> {
    let Draw {
        id,
        someone: member,
        pick,
        at,
    } = *draw;
    let facets = &view.facets;
    let approvals: Vec<PartId> = facets.approvals.0.keys().copied().collect();
    let transfers: Vec<PartId> = facets.transfers.0.keys().copied().collect();
    let holds: Vec<PartId> = facets.holds.0.keys().copied().collect();
    let one = |all: &[PartId]| all.get(at % all.len().max(1)).copied();
    Some(match pick {
        0 => ApprovalAction::Request(Request::of_kind(id, "repair", member)).into(),
        1..=4 => {
            let answer = [Answer::Approve, Answer::Reject, Answer::Return][pick % 3];
            let vote = Vote {
                id,
                member,
                answer,
                seats: [].into(),
                note: String::new(),
            };
            let approval = one(&approvals)?;
            ApprovalAction::Vote { approval, vote }.into()
        }
        5 => ApprovalAction::Withdraw {
            approval: one(&approvals)?,
        }
        .into(),
        6 => {
            let (to, note) = (Seat::Member(member), String::new());
            TransferAction::Offer { id, to, note }.into()
        }
        7 | 8 => {
            let transfer = one(&transfers)?;
            TransferAction::Accept { transfer, member }.into()
        }
        9 => {
            let transfer = one(&transfers)?;
            TransferAction::Decline { transfer, member }.into()
        }
        10 => TransferAction::Withdraw {
            transfer: one(&transfers)?,
        }
        .into(),
        11 => {
            let (why, until) = ("parts".to_owned(), None);
            HoldAction::Start { id, why, until }.into()
        }
        _ => HoldAction::End { hold: one(&holds)? }.into(),
    })
}
