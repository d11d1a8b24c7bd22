//! `casework case task …`.

use casework::case::{CaseAction, PartId};
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
            let (assignee, title, due) = (member(assignee)?, title.clone(), due.clone());
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
                due: date.clone(),
            },
            "Task rescheduled",
        ),
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

/// The case a command names, and the task if there is one already.
fn named(command: &TaskCommand) -> (&str, Option<&str>) {
    match command {
        TaskCommand::Add { case, .. } => (case, None),
        TaskCommand::Assign { case, task, .. }
        | TaskCommand::Due { case, task, .. }
        | TaskCommand::Done { case, task }
        | TaskCommand::Cancel { case, task, .. }
        | TaskCommand::Reopen { case, task }
        | TaskCommand::Check { case, task, .. } => (case, Some(task)),
    }
}
