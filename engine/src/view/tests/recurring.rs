//! Tasks that repeat, finished together and apart.

use super::play::{Player, meet, players};
use crate::case::PartId;
use crate::case::action::CaseAction;
use crate::case::facet::recurrence::{RecurrenceAction, next_id};
use crate::view::{CaseView, TaskStatus};

/// A weekly task of two lines, due on Monday the 2nd of March.
fn weekly(player: &mut Player, repeat: &str) -> PartId {
    let (task, _) = player.task("visit", &["ring", "write"]);
    let due = Some("2026-03-02".to_owned());
    player.act(CaseAction::RescheduleTask { task, due });
    let repeat = Some(repeat.to_owned());
    player.act(RecurrenceAction::Repeat { task, repeat }.into());
    task
}

fn dues(view: &CaseView) -> Vec<(TaskStatus, Option<String>)> {
    let tasks = view.tasks_in_order().into_iter();
    tasks
        .map(|(_, task)| (*task.status.value(), task.due.value().clone()))
        .collect()
}

fn due(day: &str) -> Option<String> {
    Some(day.to_owned())
}

#[test]
fn finishing_a_task_that_repeats_begins_the_next_one_in_the_same_change() {
    let [mut ana]: [Player; 1] = players();
    let task = weekly(&mut ana, "every week, 2 times");
    let before = ana.see().changes;
    ana.act(CaseAction::FinishTask { task });
    let view = ana.see();
    assert_eq!(view.changes, before + 1);
    let next = &view.tasks[&next_id(task)];
    assert_eq!(
        dues(&view),
        [
            (TaskStatus::Done, due("2026-03-02")),
            (TaskStatus::Open, due("2026-03-09"))
        ]
    );
    let lines: Vec<_> = next
        .items
        .iter()
        .map(|item| item.text.value().as_str())
        .collect();
    assert_eq!(lines, ["ring", "write"]);
    assert_eq!(next.repeats(), Some("every week, 1 times"));
    // The series has one left, and that is the last.
    ana.act(CaseAction::FinishTask {
        task: next_id(task),
    });
    assert_eq!(ana.see().tasks.len(), 2);
}

#[test]
fn two_devices_that_finish_it_apart_make_one_next_task() {
    let [mut ana, mut rui] = players();
    let task = weekly(&mut ana, "every week");
    meet(&mut [&mut ana, &mut rui]);
    ana.act(CaseAction::FinishTask { task });
    rui.act(CaseAction::FinishTask { task });
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(view.tasks.len(), 2);
    assert!(
        view.flags.contested.is_empty(),
        "{:?}",
        view.flags.contested
    );
    let next = &view.tasks[&next_id(task)];
    assert_eq!(next.items.len(), 2);
    assert_eq!(*next.status.value(), TaskStatus::Open);
    // Work on it from either side is work on the one task.
    ana.act(CaseAction::FinishTask {
        task: next_id(task),
    });
    let view = meet(&mut [&mut ana, &mut rui]);
    assert_eq!(
        dues(&view)
            .iter()
            .filter(|(status, _)| *status == TaskStatus::Done)
            .count(),
        2
    );
}

#[test]
fn a_task_that_was_reopened_and_finished_again_has_one_next() {
    let [mut ana]: [Player; 1] = players();
    let task = weekly(&mut ana, "every week");
    ana.act(CaseAction::FinishTask { task });
    ana.act(CaseAction::ReopenTask { task });
    ana.act(CaseAction::FinishTask { task });
    assert_eq!(ana.see().tasks.len(), 2);
}

#[test]
fn a_task_that_no_longer_repeats_ends_with_its_finishing() {
    let [mut ana]: [Player; 1] = players();
    let task = weekly(&mut ana, "every day");
    ana.act(RecurrenceAction::Repeat { task, repeat: None }.into());
    ana.act(CaseAction::FinishTask { task });
    assert_eq!(ana.see().tasks.len(), 1);
    let words = Some("whenever".to_owned());
    let refused = ana.try_act(
        RecurrenceAction::Repeat {
            task,
            repeat: words,
        }
        .into(),
        None,
    );
    assert!(refused.unwrap_err().to_string().contains("every 2 weeks"));
}
