//! Tasks and what repeats, from the deeds and the graph alone.

use std::collections::BTreeSet;

use casework_engine::case::facet::recurrence::{RecurrenceAction, next_id};
use casework_engine::case::{CaseAction, FacetAction, PartId, Place, TaskKey};

use super::Told;
use super::register::{Register, Write, begins, or_nothing, says};

/// Checks every task.
pub(super) fn check(told: &Told<'_>, contested: &mut BTreeSet<Place>) {
    let created: BTreeSet<PartId> = told
        .known
        .iter()
        .filter_map(|k| new_task(k.action()))
        .collect();
    let seen: BTreeSet<PartId> = told.view.tasks.keys().copied().collect();
    told.same("tasks", &seen, &created);
    for (id, task) in &told.view.tasks {
        let at = |key| Place::TaskPart(*id, key);
        let title = Register::new(at(TaskKey::Title), &task.title, Clone::clone);
        told.check_register(&title, contested, |known| title_of(known.action(), *id));
        let status = Register::new(at(TaskKey::Status), &task.status, |status| {
            status.name().to_owned()
        });
        told.check_register(&status, contested, |known| status_of(known.action(), *id));
        let assignee = Register::new(at(TaskKey::Assignee), &task.assignee, or_nothing);
        told.check_register(&assignee, contested, |known| {
            assignee_of(known.action(), *id)
        });
        let due = Register::new(at(TaskKey::Due), &task.due, or_nothing);
        told.check_register(&due, contested, |known| due_of(known.action(), *id));
        let slot = task.repeat.as_ref();
        let repeat = Register::of_option(at(TaskKey::Repeat), slot, or_nothing);
        told.check_register(&repeat, contested, |known| repeat_of(known.action(), *id));
        let items: BTreeSet<PartId> = task.items.iter().map(|item| item.id).collect();
        let added = told.known.iter().filter_map(|k| match k.action() {
            CaseAction::AddItem { task, item, .. } if task == id => Some(vec![*item]),
            CaseAction::CreateTask {
                id: task,
                checklist,
                ..
            } if task == id => Some(checklist.iter().map(|(item, _)| *item).collect()),
            _ => None,
        });
        if !told.known.iter().any(|k| recurs_to(k.action(), *id)) {
            told.same("checklist", &items, &added.flatten().collect());
        }
    }
}

fn new_task(action: &CaseAction) -> Option<PartId> {
    match action {
        CaseAction::CreateTask { id, .. } => Some(*id),
        CaseAction::Facet(FacetAction::Recurrence(RecurrenceAction::Recur { task, .. })) => {
            Some(next_id(*task))
        }
        _ => None,
    }
}

fn recurs_to(action: &CaseAction, id: PartId) -> bool {
    !matches!(action, CaseAction::CreateTask { .. }) && new_task(action) == Some(id)
}

fn title_of(action: &CaseAction, task: PartId) -> Option<Write> {
    match action {
        CaseAction::CreateTask { id, title, .. } if *id == task => begins(title),
        CaseAction::Facet(FacetAction::Recurrence(RecurrenceAction::Recur {
            task: from,
            next,
        })) if next_id(*from) == task => begins(&next.title),
        _ => None,
    }
}

fn status_of(action: &CaseAction, task: PartId) -> Option<Write> {
    match action {
        CaseAction::CreateTask { id, .. } if *id == task => begins("open"),
        CaseAction::FinishTask { task: at } if *at == task => says("done"),
        CaseAction::CancelTask { task: at } if *at == task => says("cancelled"),
        CaseAction::ReopenTask { task: at } if *at == task => says("open"),
        CaseAction::Facet(FacetAction::Recurrence(RecurrenceAction::Recur {
            task: at, ..
        })) => {
            if *at == task {
                says("done")
            } else if next_id(*at) == task {
                begins("open")
            } else {
                None
            }
        }
        _ => None,
    }
}

fn assignee_of(action: &CaseAction, task: PartId) -> Option<Write> {
    match action {
        CaseAction::CreateTask { id, assignee, .. } if *id == task => begins(or_nothing(assignee)),
        CaseAction::AssignTask { task: at, assignee } if *at == task => says(or_nothing(assignee)),
        CaseAction::Facet(FacetAction::Recurrence(RecurrenceAction::Recur {
            task: from,
            next,
        })) if next_id(*from) == task => begins(or_nothing(&next.assignee)),
        _ => None,
    }
}

fn due_of(action: &CaseAction, task: PartId) -> Option<Write> {
    match action {
        CaseAction::CreateTask { id, due, .. } if *id == task => begins(or_nothing(due)),
        CaseAction::RescheduleTask { task: at, due } if *at == task => says(or_nothing(due)),
        CaseAction::Facet(FacetAction::Recurrence(RecurrenceAction::Recur {
            task: from,
            next,
        })) if next_id(*from) == task => begins(&next.due),
        _ => None,
    }
}

fn repeat_of(action: &CaseAction, task: PartId) -> Option<Write> {
    match action {
        CaseAction::Facet(FacetAction::Recurrence(RecurrenceAction::Repeat {
            task: at,
            repeat,
        })) if *at == task => says(or_nothing(repeat)),
        CaseAction::Facet(FacetAction::Recurrence(RecurrenceAction::Recur {
            task: from,
            next,
        })) if next_id(*from) == task => begins(&next.repeat),
        _ => None,
    }
}
