//! Reads tasks out of a document.
//!
//! Two devices may create the same task (its id derives from what caused it), so a task is read by
//! merging every object under its key (`record.rs`).

use std::collections::BTreeMap;

use automerge::{ObjId, ROOT, ReadDoc};

use super::case::{ItemView, TaskStatus, TaskView};
use super::reader::{Found, Reader, boolean, counter_of, member_or_null, text, text_or_null};
use super::record::merge_objects;
use super::side::Slot;
use crate::case::{PartId, TaskKey, schema};
use crate::value::Scalar;

/// Every task of the case.
pub(super) fn read_tasks(reader: &mut Reader<'_>) -> BTreeMap<PartId, TaskView> {
    let Some(tasks) = reader.object(&ROOT, schema::TASKS) else {
        return BTreeMap::new();
    };
    let ids: Vec<PartId> = reader
        .doc
        .keys(&tasks)
        .filter_map(|id| id.parse().ok())
        .collect();
    ids.into_iter()
        .filter_map(|id| Some((id, read_task(reader, &tasks, id)?)))
        .collect()
}

/// One task; `None` if there is none of this id, or nothing that can be read as one.
pub(super) fn read_task(reader: &mut Reader<'_>, tasks: &ObjId, id: PartId) -> Option<TaskView> {
    let objects = reader.objects(tasks, &id.to_string());
    let first = objects.first()?;
    let created = reader.origin_of_op(first)?;
    let mut values: Values = merge_objects(reader, &objects)
        .into_iter()
        .filter_map(|(key, values)| Some((key.parse().ok()?, values)))
        .collect();
    Some(TaskView {
        title: take(reader, &mut values, TaskKey::Title, text)?,
        assignee: take(reader, &mut values, TaskKey::Assignee, member_or_null)?,
        due: take(reader, &mut values, TaskKey::Due, text_or_null)?,
        status: take(reader, &mut values, TaskKey::Status, status)?,
        items: read_items(reader, values),
        position: counter_of(first),
        created,
    })
}

type Values = BTreeMap<TaskKey, Vec<Found<Scalar>>>;

fn take<T: PartialEq>(
    reader: &mut Reader<'_>,
    values: &mut Values,
    key: TaskKey,
    read: fn(Scalar) -> Option<T>,
) -> Option<Slot<T>> {
    reader.slot_of(values.remove(&key)?, read)
}

fn read_items(reader: &mut Reader<'_>, mut values: Values) -> Vec<ItemView> {
    let ids: Vec<PartId> = values
        .keys()
        .filter_map(|key| match key {
            TaskKey::ItemText(id) => Some(*id),
            TaskKey::Title
            | TaskKey::Assignee
            | TaskKey::Due
            | TaskKey::Status
            | TaskKey::ItemDone(_) => None,
        })
        .collect();
    let mut items: Vec<ItemView> = ids
        .into_iter()
        .filter_map(|id| {
            let position = counter_of(&values.get(&TaskKey::ItemText(id))?.first()?.op);
            Some(ItemView {
                id,
                text: take(reader, &mut values, TaskKey::ItemText(id), text)?,
                done: take(reader, &mut values, TaskKey::ItemDone(id), boolean)?,
                position,
            })
        })
        .collect();
    items.sort_by_key(|item| (item.position, item.id));
    items
}

fn status(value: Scalar) -> Option<TaskStatus> {
    TaskStatus::from_name(value.as_text()?)
}
