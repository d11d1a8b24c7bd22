//! Reads what was done about an approval back from the operations that record it, and says where in
//! the case it stands.

use super::reading::read_passed;
use super::request::Request;
use super::{ADD, ApprovalAction, ApprovalKind, HOLDER, LABEL, LATE, VOTE, WITHDRAWN};
use crate::approval::{Seat, Vote};
use crate::case::facet::Kinds;
use crate::case::ops::Op;
use crate::case::part::PartId;
use crate::case::place::Place;
use crate::case::record::Shelf;
use crate::case::values::first_put;

impl Kinds for ApprovalKind {
    type Action = ApprovalAction;

    fn read(self, on: Option<&str>, ops: &[Op]) -> Option<ApprovalAction> {
        let on = on?;
        let approval = || on.split('/').next()?.parse::<PartId>().ok();
        let seat = || on.split_once('/')?.1.parse::<Seat>().ok();
        let (key, value) = first_put(ops)?;
        let vote = || Vote::read(value.as_text()?);
        Some(match self {
            Self::Request => ApprovalAction::Request(Request::read(approval()?, ops)?),
            Self::Vote => ApprovalAction::Vote {
                approval: approval()?,
                vote: vote().filter(|vote| key == format!("{VOTE}/{}", vote.member))?,
            },
            Self::LateVote => ApprovalAction::LateVote {
                approval: approval()?,
                vote: vote().filter(|vote| key == format!("{LATE}/{}", vote.id))?,
            },
            Self::Reassign => {
                let (to, by) = read_passed(value)?;
                ApprovalAction::Reassign {
                    approval: approval()?,
                    seat: seat()?,
                    by,
                    to,
                }
            }
            Self::AddApprover => ApprovalAction::AddApprover {
                approval: approval()?,
                seat: seat()?,
            },
            Self::Withdraw => ApprovalAction::Withdraw {
                approval: approval()?,
            },
        })
    }

    fn place(self, on: Option<&str>) -> Option<Place> {
        let approval = on?.split('/').next()?;
        Some(Place::Record(Shelf::Approvals, approval.to_owned()))
    }

    fn shown(self, on: Option<&str>) -> Option<Place> {
        let (approval, part) = match on?.split_once('/') {
            Some((approval, part)) => (approval, part),
            None => (on?, ""),
        };
        let part = match self {
            Self::Request => LABEL.to_owned(),
            Self::Vote => format!("{VOTE}/{part}"),
            Self::LateVote => format!("{LATE}/{part}"),
            Self::Reassign => format!("{HOLDER}/{part}"),
            Self::AddApprover => format!("{ADD}/{part}"),
            Self::Withdraw => WITHDRAWN.to_owned(),
        };
        Some(Place::RecordPart(
            Shelf::Approvals,
            approval.to_owned(),
            part,
        ))
    }
}
