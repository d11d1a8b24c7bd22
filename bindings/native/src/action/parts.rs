//! Actions on tasks and people, and what goes into an approval.

use casework::approval::{Answer, Mode, Question, Seat, Vote};
use casework::case::facet::approval::ApprovalAction;
use casework::case::facet::approval::request::Request;
use casework::case::facet::attention::AttentionAction;
use casework::case::facet::recurrence::RecurrenceAction;
use casework::case::{CaseAction, PartId};
use casework::ids::MemberId;

use super::Action;
use super::ready::{Fresh, Ready};
use crate::error::CaseworkError;
use crate::given::{ApprovalAnswer, ApprovalMode};
use crate::text::{read, read_some};

/// Whoever acts: the engine fills in who that is.
pub(super) const ME: MemberId = MemberId::new([0; 16]);

impl Action {
    /// Tasks and their checklists.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what is left goes to the next function"
    )]
    pub(super) fn tasks(self, fresh: Fresh<'_>) -> Result<Result<Ready, Self>, CaseworkError> {
        let action = match self {
            Self::CreateTask {
                title,
                assignee,
                due,
                checklist,
            } => {
                let id = fresh()?;
                let items: Result<Vec<_>, CaseworkError> = checklist
                    .into_iter()
                    .map(|text| Ok((fresh()?, text)))
                    .collect();
                let action = CaseAction::CreateTask {
                    id,
                    title,
                    assignee: read_some(assignee.as_deref())?,
                    due,
                    checklist: items?,
                };
                return Ok(Ok((action, Some(id))));
            }
            Self::AddItem { task, text } => {
                let item = fresh()?;
                let task = read(&task)?;
                let action = CaseAction::AddItem { task, item, text };
                return Ok(Ok((action, Some(item))));
            }
            Self::AssignTask { task, assignee } => CaseAction::AssignTask {
                task: read(&task)?,
                assignee: read_some(assignee.as_deref())?,
            },
            Self::RescheduleTask { task, due } => CaseAction::RescheduleTask {
                task: read(&task)?,
                due,
            },
            Self::FinishTask { task } => CaseAction::FinishTask { task: read(&task)? },
            Self::CancelTask { task } => CaseAction::CancelTask { task: read(&task)? },
            Self::ReopenTask { task } => CaseAction::ReopenTask { task: read(&task)? },
            Self::CheckItem { task, item, done } => CaseAction::CheckItem {
                task: read(&task)?,
                item: read(&item)?,
                done,
            },
            Self::RepeatTask { task, every } => RecurrenceAction::Repeat {
                task: read(&task)?,
                repeat: every,
            }
            .into(),
            left => return Ok(Err(left)),
        };
        Ok(Ok((action, None)))
    }

    /// Who works on it, and what it is marked with.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what is left goes to the next function"
    )]
    pub(super) fn people(self) -> Result<Result<CaseAction, Self>, CaseworkError> {
        Ok(Ok(match self {
            Self::Assign { member } => CaseAction::Assign {
                member: read(&member)?,
            },
            Self::Unassign { member } => CaseAction::Unassign {
                member: read(&member)?,
            },
            Self::SetOwner { member } => CaseAction::SetOwner {
                member: read_some(member.as_deref())?,
            },
            Self::Watch { member } => AttentionAction::Watch {
                member: read(&member)?,
            }
            .into(),
            Self::Unwatch { member } => AttentionAction::Unwatch {
                member: read(&member)?,
            }
            .into(),
            Self::AddLabel { label } => CaseAction::AddLabel { label },
            Self::RemoveLabel { label } => CaseAction::RemoveLabel { label },
            Self::SetPriority { priority } => CaseAction::SetPriority { priority },
            Self::SetSeverity { severity } => AttentionAction::SetSeverity { severity }.into(),
            Self::SetDue { due } => CaseAction::SetDue { due },
            left => return Ok(Err(left)),
        }))
    }
}

/// A seat: a member's id, `role:KEY` or `team:KEY`.
pub(super) fn seat(text: &str) -> Result<Seat, CaseworkError> {
    match text.split_once(':') {
        Some(("role", key)) => Ok(Seat::Role(key.trim().to_owned())),
        Some(("team", key)) => Ok(Seat::Team(key.trim().to_owned())),
        Some(("member", id)) => Ok(Seat::Member(read(id)?)),
        Some(_) | None => Ok(Seat::Member(read(text)?)),
    }
}

type Made = (ApprovalAction, Option<PartId>);

/// A request for an approval of the template.
pub(super) fn approval(kind: &str, matter: &str, fresh: Fresh<'_>) -> Result<Made, CaseworkError> {
    let id = fresh()?;
    let request = Request {
        matter: read(matter)?,
        ..Request::of_kind(id, kind, ME)
    };
    Ok((ApprovalAction::Request(request), Some(id)))
}

/// A request for an approval that the template does not know.
pub(super) fn asked(
    (label, from, matter): (String, &[String], &str),
    (mode, not_by_maker): (ApprovalMode, bool),
    fresh: Fresh<'_>,
) -> Result<Made, CaseworkError> {
    let id = fresh()?;
    let (mode, count) = match mode {
        ApprovalMode::Anyone => (Mode::Any, 0),
        ApprovalMode::Everyone => (Mode::All, 0),
        ApprovalMode::Majority => (Mode::Majority, 0),
        ApprovalMode::AtLeast { count } => (Mode::Count, count),
    };
    let seats: Result<_, _> = from.iter().map(|whom| seat(whom)).collect();
    let request = Request {
        kind: None,
        label,
        matter: read(matter)?,
        question: Question {
            mode,
            count,
            seats: seats?,
            maker_checker: not_by_maker,
            ..Question::default()
        },
        ..Request::of_kind(id, "", ME)
    };
    Ok((ApprovalAction::Request(request), Some(id)))
}

/// An answer to a request.
pub(super) fn vote(
    approval: &str,
    answer: ApprovalAnswer,
    note: String,
    fresh: Fresh<'_>,
) -> Result<Made, CaseworkError> {
    let id = fresh()?;
    let vote = Vote {
        id,
        member: ME,
        answer: match answer {
            ApprovalAnswer::Approve => Answer::Approve,
            ApprovalAnswer::Reject => Answer::Reject,
            ApprovalAnswer::SendBack => Answer::Return,
        },
        seats: [].into(),
        note,
    };
    let approval = read(approval)?;
    Ok((ApprovalAction::Vote { approval, vote }, Some(id)))
}
