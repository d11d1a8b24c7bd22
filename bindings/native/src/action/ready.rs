//! An action as the engine takes it.

use casework::case::facet::approval::ApprovalAction;
use casework::case::{CaseAction, Closing, Decision, PartId};

use super::{Action, parts};
use crate::error::CaseworkError;
use crate::text::{read, read_all, read_some};

/// An action as the engine takes it, and the part that it makes.
pub type Ready = (CaseAction, Option<PartId>);

/// Where ids of new parts come from.
pub type Fresh<'a> = &'a mut dyn FnMut() -> Result<PartId, CaseworkError>;

impl Action {
    /// The action as the engine takes it; ids of new parts come from `fresh`.
    ///
    /// # Errors
    /// `Invalid` for an id that is none, and what `fresh` answers.
    pub fn ready(self, fresh: Fresh<'_>) -> Result<Ready, CaseworkError> {
        let left = match self.fields(fresh)? {
            Ok(ready) => return Ok(ready),
            Err(left) => left,
        };
        let left = match left.tasks(fresh)? {
            Ok(ready) => return Ok(ready),
            Err(left) => left,
        };
        let left = match left.people()? {
            Ok(action) => return Ok((action, None)),
            Err(left) => left,
        };
        let left = match left.approvals(fresh)? {
            Ok(ready) => return Ok(ready),
            Err(left) => left,
        };
        left.records(fresh)
    }

    /// Title, stage, fields, comments, decisions.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what is left goes to the next function"
    )]
    fn fields(self, fresh: Fresh<'_>) -> Result<Result<Ready, Self>, CaseworkError> {
        let action = match self {
            Self::SetTitle { title } => CaseAction::SetTitle { title },
            Self::MoveTo { stage } => CaseAction::Move { to: stage },
            Self::SetField { field, value } => CaseAction::SetField {
                field,
                value: value.into(),
            },
            Self::ClearField { field } => CaseAction::ClearField { field },
            Self::AddOption { field, option } => CaseAction::AddOption { field, option },
            Self::RemoveOption { field, option } => CaseAction::RemoveOption { field, option },
            Self::Count { field, by } => CaseAction::Count { field, by },
            Self::EditProse { field, text } => CaseAction::EditText { field, text },
            Self::Comment {
                body,
                external,
                reply_to,
            } => {
                let (id, reply_to) = (fresh()?, read_some(reply_to.as_deref())?);
                let action = CaseAction::Comment {
                    id,
                    body,
                    external,
                    reply_to,
                };
                return Ok(Ok((action, Some(id))));
            }
            Self::EditComment { comment, body } => CaseAction::EditComment {
                id: read(&comment)?,
                body,
            },
            Self::RedactComment { comment } => CaseAction::RedactComment {
                id: read(&comment)?,
            },
            Self::Decide {
                question,
                outcome,
                rationale,
                conditions,
                supersedes,
            } => {
                let id = fresh()?;
                let decision = Decision {
                    id,
                    question,
                    outcome,
                    rationale,
                    conditions,
                    supersedes: read_all::<PartId, _>(&supersedes)?,
                };
                return Ok(Ok((CaseAction::Decide(decision), Some(id))));
            }
            Self::Close { resolution, notes } => CaseAction::Close(Closing {
                code: resolution,
                notes,
            }),
            Self::Reopen => CaseAction::Reopen,
            Self::Settle { place, value } => CaseAction::Settle {
                place: read(&place)?,
                value: value.into(),
            },
            left => return Ok(Err(left)),
        };
        Ok(Ok((action, None)))
    }

    /// Approvals.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what is left goes to the next function"
    )]
    fn approvals(self, fresh: Fresh<'_>) -> Result<Result<Ready, Self>, CaseworkError> {
        let (action, made) = match self {
            Self::RequestApproval { kind, matter } => parts::approval(&kind, &matter, fresh)?,
            Self::AskApproval {
                label,
                from,
                mode,
                matter,
                not_by_maker,
            } => parts::asked((label, &from, &matter), (mode, not_by_maker), fresh)?,
            Self::Vote {
                approval,
                answer,
                note,
            } => parts::vote(&approval, answer, note, fresh)?,
            Self::PassApproval { approval, seat, to } => (
                ApprovalAction::Reassign {
                    approval: read(&approval)?,
                    seat: parts::seat(&seat)?,
                    by: parts::ME,
                    to: read(&to)?,
                },
                None,
            ),
            Self::AddApprover { approval, seat } => (
                ApprovalAction::AddApprover {
                    approval: read(&approval)?,
                    seat: parts::seat(&seat)?,
                },
                None,
            ),
            Self::WithdrawApproval { approval } => (
                ApprovalAction::Withdraw {
                    approval: read(&approval)?,
                },
                None,
            ),
            left => return Ok(Err(left)),
        };
        Ok(Ok((action.into(), made)))
    }
}
