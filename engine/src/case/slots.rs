//! Where things lie in a case: from names, ids and places to maps and keys of the document.

use super::facet::keeping::{LEGAL_HOLD, PURGE};
use super::part::PartId;
use super::past::{Object, Past};
use super::place::Place;
use super::record::Shelf;
use super::refusal::ActError;
use super::schema::{self, CommentKey};

/// The map with this name in the root of the case.
pub(crate) fn container(past: &Past<'_>, name: &str) -> Result<Object, ActError> {
    past.maps(Object::Root, name)
        .first()
        .copied()
        .ok_or(ActError::NotOpened)
}

/// The map that holds the comments with this id's first digit.
pub(crate) fn bucket(past: &Past<'_>, id: PartId) -> Result<Object, ActError> {
    let comments = container(past, schema::COMMENTS)?;
    let name = schema::BUCKETS[id.bucket()];
    past.maps(comments, name)
        .first()
        .copied()
        .ok_or(ActError::NotOpened)
}

/// The keys of a comment, at least one: more only if its author is hostile.
pub(crate) fn comment_keys(past: &Past<'_>, id: PartId) -> Result<Vec<CommentKey>, ActError> {
    let range = format!("{id}/")..format!("{id}0");
    let keys = past.keys(bucket(past, id)?, range);
    let keys: Vec<CommentKey> = keys.iter().filter_map(|key| key.parse().ok()).collect();
    if keys.is_empty() {
        return Err(ActError::UnknownPart {
            what: "comment",
            id,
        });
    }
    Ok(keys)
}

/// Where a value lies that can be settled: the objects that hold it, and its key there.
pub(crate) fn slot(past: &Past<'_>, place: &Place) -> Result<(Vec<Object>, String), ActError> {
    let root = |key: &str| Ok((vec![Object::Root], key.to_owned()));
    match place {
        Place::Title => root(schema::TITLE),
        Place::Stage => root(schema::STAGE),
        Place::Owner => root(schema::OWNER),
        Place::Priority => root(schema::PRIORITY),
        Place::Severity => root(schema::SEVERITY),
        Place::Due => root(schema::DUE),
        Place::Closed => root(schema::CLOSED),
        Place::Field(field) => Ok((vec![container(past, schema::FIELDS)?], field.clone())),
        Place::TaskPart(task, key) => Ok((task_objects(past, *task)?, key.to_string())),
        Place::Record(shelf, key) | Place::RecordPart(shelf, key, _)
            if !is_settleable(*shelf, key) =>
        {
            Err(ActError::NotSettleable {
                place: place.clone(),
            })
        }
        Place::Record(shelf, key) => Ok((vec![container(past, shelf.map())?], key.clone())),
        Place::RecordPart(shelf, key, part) => {
            Ok((record_objects(past, *shelf, key)?, part.clone()))
        }
        Place::Case
        | Place::Set(_)
        | Place::Counter(_)
        | Place::Text(_)
        | Place::Labels
        | Place::Assignees
        | Place::Watchers
        | Place::Task(_)
        | Place::Comment(_)
        | Place::Decision(_)
        | Place::Question(_)
        | Place::Overrides
        | Place::Number => Err(ActError::NotSettleable {
            place: place.clone(),
        }),
    }
}

/// Whether a settlement may choose between the values of a record. Not where the values are their
/// authors' alone (votes, answers, readings, what agents report), and not where choosing takes a
/// right of its own (a legal hold, a purge): there doing it once more settles.
fn is_settleable(shelf: Shelf, key: &str) -> bool {
    match shelf {
        Shelf::Approvals
        | Shelf::Transfers
        | Shelf::Referrals
        | Shelf::Holds
        | Shelf::Runs
        | Shelf::Claims
        | Shelf::Reads => false,
        Shelf::Marks => ![LEGAL_HOLD, PURGE].contains(&key),
        Shelf::Documents
        | Shelf::Versions
        | Shelf::Parties
        | Shelf::Links
        | Shelf::Flags
        | Shelf::Reopenings
        | Shelf::FormRequests
        | Shelf::Submissions
        | Shelf::Additions => true,
    }
}

/// The maps of a task: several when two devices created it at once.
pub(crate) fn task_objects(past: &Past<'_>, task: PartId) -> Result<Vec<Object>, ActError> {
    let maps = past.maps(container(past, schema::TASKS)?, &task.to_string());
    if maps.is_empty() {
        return Err(ActError::UnknownPart {
            what: "task",
            id: task,
        });
    }
    Ok(maps)
}

/// The maps of a record: several when two devices made it at once.
pub(crate) fn record_objects(
    past: &Past<'_>,
    shelf: Shelf,
    key: &str,
) -> Result<Vec<Object>, ActError> {
    let maps = past.maps(container(past, shelf.map())?, key);
    if maps.is_empty() {
        return Err(ActError::NoRecord {
            place: Place::Record(shelf, key.to_owned()),
        });
    }
    Ok(maps)
}
