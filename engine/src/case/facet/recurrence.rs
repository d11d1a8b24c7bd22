//! Tasks that repeat: how, and what finishing one of them begins.
//!
//! The next task is created by the change that finishes this one. Its id derives from this one's,
//! so two devices that finish it at once make one next task. Invariant: a task has at most one next.

use casework_protocol::digest::{Tag, digest};
use casework_protocol::ids::MemberId;
use casework_protocol::rights::Verb;
use serde::{Deserialize, Serialize};

use super::{Facet, FacetAction, Kinds};
use crate::case::action::{Act, CaseAction};
use crate::case::bounds::{self, MAX_CHECKLIST_ITEMS, MAX_QUESTION_BYTES, MAX_TITLE_BYTES};
use crate::case::contents::{member_scalar, text_scalar};
use crate::case::kind::kinds;
use crate::case::ops::Op;
use crate::case::part::PartId;
use crate::case::past::{Object, Past};
use crate::case::place::{Place, TaskKey};
use crate::case::refusal::ActError;
use crate::case::schema;
use crate::case::slots::{container, task_objects};
use crate::case::step::{Plan, Step, Target};
use crate::case::values::{first_put, makes, optional, puts, read_member, text};
use crate::clock::{Due, Repeat};
use crate::template::{Revision, Today};
use crate::value::Scalar;

kinds! {
    /// What kind of action on a task that repeats.
    enum RecurrenceKind {
        /// Sets how a task repeats, or that it does not.
        Repeat = "task.repeat",
        /// Finishes a task and begins the next one.
        Recur = "task.recur",
    }
}

/// One thing done to a task that repeats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecurrenceAction {
    /// Sets how a task repeats, or that it does not.
    Repeat {
        /// The task.
        task: PartId,
        /// How, in the canonical words of a [`Repeat`].
        repeat: Option<String>,
    },
    /// Finishes a task and begins the next one. Made of a plain finishing before acting.
    Recur {
        /// The task.
        task: PartId,
        /// What begins.
        next: NextTask,
    },
}

/// The task that takes the place of a finished one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextTask {
    /// What is to be done, one line.
    pub title: String,
    /// By whom.
    pub assignee: Option<MemberId>,
    /// By when.
    pub due: String,
    /// How it repeats in turn.
    pub repeat: String,
    /// The lines of its checklist.
    pub checklist: Vec<String>,
}

/// The id of the task that follows a task.
#[must_use]
pub fn next_id(task: PartId) -> PartId {
    let hash = digest(Tag::Derive, &[task.as_bytes(), b"next task"]);
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash[..8]);
    PartId::new(bytes)
}

/// The task that an action finishes, whether it repeats or not.
#[must_use]
pub fn finished(action: &CaseAction) -> Option<PartId> {
    if let CaseAction::FinishTask { task } = action {
        Some(*task)
    } else if let CaseAction::Facet(FacetAction::Recurrence(RecurrenceAction::Recur {
        task, ..
    })) = action
    {
        Some(*task)
    } else {
        None
    }
}

/// Finishing a task that repeats begins the next one: the action in its place. `None` where
/// nothing begins: it does not repeat, that was the last, or the next one is there already.
pub(crate) fn recurring(
    past: &Past<'_>,
    revision: &Revision,
    action: &CaseAction,
    today: &Today,
) -> Option<CaseAction> {
    let CaseAction::FinishTask { task } = action else {
        return None;
    };
    let objects = task_objects(past, *task).ok()?;
    let said = |key: TaskKey| {
        let mut found = objects.iter().rev();
        found.find_map(|object| past.scalar(*object, &key.to_string()))
    };
    let words = |key| said(key).and_then(|value| value.as_text().map(str::to_owned));
    let repeat: Repeat = words(TaskKey::Repeat)?.parse().ok()?;
    let due = words(TaskKey::Due).and_then(|due| due.parse().ok());
    let due = due.unwrap_or(Due::Day(today.date));
    let (due, repeat) = repeat.next(due, today.date, revision.first_working_time())?;
    let tasks = container(past, schema::TASKS).ok()?;
    if !past.seen(tasks, &next_id(*task).to_string()).is_empty() {
        return None;
    }
    let next = NextTask {
        title: words(TaskKey::Title)?,
        assignee: words(TaskKey::Assignee).and_then(|id| id.parse().ok()),
        due: due.to_string(),
        repeat: repeat.to_string(),
        checklist: checklist(past, &objects),
    };
    Some(RecurrenceAction::Recur { task: *task, next }.into())
}

/// The texts of a task's items, in the order of their creation.
fn checklist(past: &Past<'_>, objects: &[Object]) -> Vec<String> {
    let mut items = std::collections::BTreeMap::new();
    for object in objects {
        for key in past.keys(*object, "i/".to_owned().."i0".to_owned()) {
            let Ok(TaskKey::ItemText(item)) = key.parse() else {
                continue;
            };
            let seen = past.seen(*object, &key);
            let text = past.scalar(*object, &key);
            let text = text.and_then(|text| text.as_text().map(str::to_owned));
            if let (Some(first), Some(text)) = (seen.first(), text) {
                items.insert(item, (first.id, text));
            }
        }
    }
    let mut items: Vec<_> = items.into_values().collect();
    items.sort();
    items.truncate(MAX_CHECKLIST_ITEMS);
    items.into_iter().map(|(_, text)| text).collect()
}

impl RecurrenceAction {
    /// What kind of action it is.
    #[must_use]
    pub const fn kind(&self) -> RecurrenceKind {
        match self {
            Self::Repeat { .. } => RecurrenceKind::Repeat,
            Self::Recur { .. } => RecurrenceKind::Recur,
        }
    }

    const fn task(&self) -> PartId {
        match self {
            Self::Repeat { task, .. } | Self::Recur { task, .. } => *task,
        }
    }
}

impl Facet for RecurrenceAction {
    fn target(&self) -> Option<String> {
        Some(self.task().to_string())
    }

    fn verb(&self, _past: &Past<'_>) -> Verb {
        Verb::Task
    }

    fn plan(&self, plan: &mut Plan, past: &Past<'_>, _act: &Act) -> Result<(), ActError> {
        match self {
            Self::Repeat { task, repeat } => {
                if let Some(repeat) = repeat {
                    check_repeat(repeat)?;
                }
                let value = text_scalar(repeat.as_deref());
                let key = TaskKey::Repeat.to_string();
                let mut objects = task_objects(past, *task)?.into_iter();
                objects.try_for_each(|object| plan.put(object, &key, value.clone()))
            }
            Self::Recur { task, next } => {
                let done = Scalar::text(schema::TASK_DONE);
                plan.put_task(past, *task, TaskKey::Status, done)?;
                plan_next(plan, past, next_id(*task), next)
            }
        }
    }
}

fn plan_next(
    plan: &mut Plan,
    past: &Past<'_>,
    id: PartId,
    next: &NextTask,
) -> Result<(), ActError> {
    bounds::check_line("task's title", &next.title, MAX_TITLE_BYTES)?;
    bounds::check_due("due date", &next.due)?;
    check_repeat(&next.repeat)?;
    let (count, max) = (next.checklist.len(), MAX_CHECKLIST_ITEMS);
    if count > max {
        let what = "checklist items";
        return Err(ActError::TooMany { what, count, max });
    }
    let tasks = container(past, schema::TASKS)?;
    if !past.seen(tasks, &id.to_string()).is_empty() {
        return Err(ActError::Occupied { what: "task", id });
    }
    plan.steps.push(Step::MakeMap {
        object: Target::There(tasks),
        key: id.to_string(),
    });
    for (key, value) in [
        (TaskKey::Title, Scalar::text(&next.title)),
        (TaskKey::Assignee, member_scalar(next.assignee)),
        (TaskKey::Due, Scalar::text(&next.due)),
        (TaskKey::Status, Scalar::text(schema::TASK_OPEN)),
        (TaskKey::Repeat, Scalar::text(&next.repeat)),
    ] {
        plan.put_new(0, &key.to_string(), value);
    }
    for (n, text) in next.checklist.iter().enumerate() {
        bounds::check_line("checklist item", text, MAX_QUESTION_BYTES)?;
        let item = item_id(id, n);
        plan.put_new(0, &TaskKey::ItemText(item).to_string(), Scalar::text(text));
        let undone = Scalar::Bool(false);
        plan.put_new(0, &TaskKey::ItemDone(item).to_string(), undone);
    }
    Ok(())
}

/// The n-th item of a task that was begun by the one before it.
fn item_id(task: PartId, n: usize) -> PartId {
    let hash = digest(
        Tag::Derive,
        &[task.as_bytes(), b"item", &(n as u64).to_be_bytes()],
    );
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash[..8]);
    PartId::new(bytes)
}

fn check_repeat(text: &str) -> Result<(), ActError> {
    let problem = "write how it repeats, such as every 2 weeks or every mon, thu";
    match text.parse::<Repeat>() {
        Ok(repeat) if repeat.to_string() == text => Ok(()),
        Ok(_) | Err(_) => Err(ActError::WrongValue {
            what: format!("repetition {:?}", text.chars().take(80).collect::<String>()),
            problem,
        }),
    }
}

impl Kinds for RecurrenceKind {
    type Action = RecurrenceAction;

    fn read(self, on: Option<&str>, ops: &[Op]) -> Option<RecurrenceAction> {
        let task = on?.parse().ok()?;
        Some(match self {
            Self::Repeat => RecurrenceAction::Repeat {
                task,
                repeat: optional(first_put(ops)?.1)?,
            },
            Self::Recur => RecurrenceAction::Recur {
                task,
                next: read_next(ops)?,
            },
        })
    }

    fn place(self, on: Option<&str>) -> Option<Place> {
        on?.parse().ok().map(Place::Task)
    }

    fn shown(self, on: Option<&str>) -> Option<Place> {
        let key = match self {
            Self::Repeat => TaskKey::Repeat,
            Self::Recur => TaskKey::Status,
        };
        Some(Place::TaskPart(on?.parse().ok()?, key))
    }
}

fn read_next(ops: &[Op]) -> Option<NextTask> {
    makes(ops).next()?;
    let mut next = NextTask {
        title: String::new(),
        assignee: None,
        due: String::new(),
        repeat: String::new(),
        checklist: Vec::new(),
    };
    for (key, value) in puts(ops) {
        match key.parse::<TaskKey>().ok()? {
            TaskKey::Title => next.title = text(value)?,
            TaskKey::Assignee => next.assignee = read_member(value)?,
            TaskKey::Due => next.due = text(value)?,
            TaskKey::Repeat => next.repeat = text(value)?,
            TaskKey::ItemText(_) => next.checklist.push(text(value)?),
            TaskKey::Status | TaskKey::ItemDone(_) => {}
        }
    }
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finishes_a_task_is_known_whether_it_repeats_or_not() {
        let task = PartId::new([7; 8]);
        let next = NextTask {
            title: "Visit".to_owned(),
            assignee: None,
            due: "2026-03-09".to_owned(),
            repeat: "every week".to_owned(),
            checklist: Vec::new(),
        };
        let plain = CaseAction::FinishTask { task };
        let recurring = RecurrenceAction::Recur { task, next }.into();
        let repeat = RecurrenceAction::Repeat { task, repeat: None }.into();
        assert_eq!(
            [plain, recurring, repeat].map(|action| finished(&action)),
            [Some(task), Some(task), None]
        );
        assert_ne!(next_id(task), task);
        assert_ne!(next_id(next_id(task)), next_id(task));
    }
}
