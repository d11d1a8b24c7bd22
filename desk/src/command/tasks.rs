//! `casework case task …`.

use casework::case::facet::recurrence::RecurrenceAction;
use casework::case::{CaseAction, PartId};
use casework::clock::{Due, Repeat};
use casework::ids::DocumentId;

use super::Desk;
use super::cases::act;
use crate::cli::{TaskCommand, Why};
use crate::fault::Fault;
use crate::request::Response;

pub(super) fn carry_out(desk: &Desk<'_>, command: &TaskCommand) -> Result<Response, Fault> {
    let workspace = desk.workspace;
    let (case, task) = named(command);
    let id = desk.case(case)?;
    let task = match task {
        Some(text) => workspace
            .find_task(id, text)
            .map_err(|error| Fault::from(error).or_try(format!("casework case show {case}")))?,
        None => workspace.fresh_part()?,
    };
    let (action, done) = planned(desk, command, (id, task))?;
    let mut why = Why::default();
    if let TaskCommand::Cancel { reason, .. } = command {
        why.reason.clone_from(reason);
    }
    let mut response = act(desk, id, action, &why, done)?;
    if let Some(json) = response.json.as_object_mut() {
        json.insert("task".to_owned(), task.to_string().into());
    }
    Ok(response)
}

/// The action of a command, and how it is told.
fn planned(
    desk: &Desk<'_>,
    command: &TaskCommand,
    (case, task): (DocumentId, PartId),
) -> Result<(CaseAction, &'static str), Fault> {
    let workspace = desk.workspace;
    let member =
        |named: &Option<String>| named.as_ref().map(|member| desk.member(member)).transpose();
    Ok(match command {
        TaskCommand::Add {
            title,
            assignee,
            due,
            items,
            ..
        } => {
            let mut checklist = Vec::with_capacity(items.len());
            for item in items {
                checklist.push((workspace.fresh_part()?, item.clone()));
            }
            let (assignee, title, due) =
                (member(assignee)?, title.clone(), read_due(due.as_deref())?);
            let id = task;
            (
                CaseAction::CreateTask {
                    id,
                    title,
                    assignee,
                    due,
                    checklist,
                },
                "New task",
            )
        }
        TaskCommand::Assign { member: named, .. } => (
            CaseAction::AssignTask {
                task,
                assignee: member(named)?,
            },
            "Task assigned",
        ),
        TaskCommand::Due { date, .. } => (
            CaseAction::RescheduleTask {
                task,
                due: read_due(date.as_deref())?,
            },
            "Task rescheduled",
        ),
        TaskCommand::Repeat { repeat, .. } => {
            let repeat = match repeat {
                Some(words) => Some(read_repeat(words)?),
                None => None,
            };
            let action = RecurrenceAction::Repeat { task, repeat };
            (action.into(), "Repetition set")
        }
        TaskCommand::Done { .. } => (CaseAction::FinishTask { task }, "Task done"),
        TaskCommand::Cancel { .. } => (CaseAction::CancelTask { task }, "Task cancelled"),
        TaskCommand::Reopen { .. } => (CaseAction::ReopenTask { task }, "Task reopened"),
        TaskCommand::Check { item, off, .. } => {
            let item = workspace.find_item(case, task, item)?;
            let done = if *off { "Unchecked" } else { "Checked" };
            (
                CaseAction::CheckItem {
                    task,
                    item,
                    done: !off,
                },
                done,
            )
        }
    })
}

fn read_repeat(text: &str) -> Result<String, Fault> {
    let repeat = text.parse::<Repeat>();
    let repeat = repeat.map_err(|error| Fault::invalid(error.to_string()))?;
    Ok(repeat.to_string())
}

/// What people write as a due date, in its canonical text.
pub(super) fn read_due(text: Option<&str>) -> Result<Option<String>, Fault> {
    let invalid = |error: casework::clock::DueError| Fault::invalid(error.to_string());
    let due = text.map(|text| text.parse::<Due>().map_err(invalid));
    Ok(due.transpose()?.map(|due| due.to_string()))
}

/// The case a command names, and the task if there is one already.
fn named(command: &TaskCommand) -> (&str, Option<&str>) {
    match command {
        TaskCommand::Add { case, .. } => (case, None),
        TaskCommand::Assign { case, task, .. }
        | TaskCommand::Due { case, task, .. }
        | TaskCommand::Repeat { case, task, .. }
        | TaskCommand::Done { case, task }
        | TaskCommand::Cancel { case, task, .. }
        | TaskCommand::Reopen { case, task }
        | TaskCommand::Check { case, task, .. } => (case, Some(task)),
    }
}
