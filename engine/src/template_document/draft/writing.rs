//! What an action on a draft writes, and the action read back from what a change wrote.

use std::collections::BTreeMap;

use casework_protocol::ids::RevisionId;
use serde_json::Value;

use super::{
    BASES, CONFLICT, DISCARDED, DraftAction, DraftStart, EDIT, Edits, NAME, OPEN, STATUS, object,
    read_bases,
};
use crate::case::ops::{Deed, Key, Op};
use crate::case::past::{Object, Past};
use crate::case::step::{Plan, Step, Target};
use crate::case::{ActError, PartId, bounds};
use crate::template::limits::{MAX_EDITS, MAX_PACKAGE_BYTES, MAX_PATH_BYTES, MAX_SUPERSEDED};
use crate::template_document::{DRAFTS, published};
use crate::value::Scalar;

/// Plans an action on a draft.
pub(in crate::template_document) fn plan(
    past: &Past<'_>,
    action: &DraftAction,
) -> Result<Plan, ActError> {
    let mut steps = Vec::new();
    match action {
        DraftAction::Start(start) => plan_start(&mut steps, past, start)?,
        DraftAction::Edit { id, edits } => {
            let object = open_object(past, *id)?;
            check_edits(edits.iter().map(|(path, text)| (path, text.as_ref())))?;
            for (path, text) in edits {
                let key = format!("{EDIT}{path}");
                match text {
                    Some(text) => steps.push(put(Target::There(object), &key, text)),
                    None if past.seen(object, &key).is_empty() => {}
                    None => steps.push(remove(object, key)),
                }
                let conflict = format!("{CONFLICT}{path}");
                if !past.seen(object, &conflict).is_empty() {
                    steps.push(remove(object, conflict));
                }
            }
        }
        DraftAction::Discard { id } => {
            let object = open_object(past, *id)?;
            steps.push(put(Target::There(object), STATUS, DISCARDED));
        }
    }
    Ok(Plan { steps })
}

/// The step that says a draft was published.
pub(in crate::template_document) fn plan_published(
    past: &Past<'_>,
    id: PartId,
    revision: RevisionId,
) -> Result<Step, ActError> {
    let object = open_object(past, id)?;
    Ok(put(Target::There(object), STATUS, &revision.to_string()))
}

/// Reads the action back from the operations of a change that names this draft.
pub(in crate::template_document) fn read_start(id: PartId, ops: &[Op]) -> Option<DraftAction> {
    let mut start = DraftStart {
        id,
        name: String::new(),
        bases: Vec::new(),
        edits: Edits::new(),
        conflicts: Edits::new(),
    };
    for (key, text) in ops.iter().filter_map(put_of) {
        let text = text?.to_owned();
        if let Some(path) = key.strip_prefix(EDIT) {
            start.edits.insert(path.to_owned(), text);
        } else if let Some(path) = key.strip_prefix(CONFLICT) {
            start.conflicts.insert(path.to_owned(), text);
        } else if key == NAME {
            start.name = text;
        } else if key == BASES {
            start.bases = read_bases(&text)?;
        }
    }
    Some(DraftAction::Start(start))
}

pub(in crate::template_document) fn read_edit(id: PartId, ops: &[Op]) -> DraftAction {
    let mut edits: BTreeMap<String, Option<String>> = BTreeMap::new();
    for op in ops {
        let Key::Map(key) = &op.key else {
            continue;
        };
        let Some(path) = key.strip_prefix(EDIT) else {
            // Settling alone: the edit at the path is let be.
            if let Some(path) = key.strip_prefix(CONFLICT) {
                edits.entry(path.to_owned()).or_default();
            }
            continue;
        };
        let text = put_of(op).and_then(|(_, text)| text.map(str::to_owned));
        let edit = edits.entry(path.to_owned()).or_default();
        if text.is_some() {
            *edit = text;
        }
    }
    DraftAction::Edit { id, edits }
}

fn put_of(op: &Op) -> Option<(&str, Option<&str>)> {
    match (&op.key, &op.deed) {
        (Key::Map(key), Deed::Put(value)) => Some((key.as_str(), value.as_text())),
        (_, _) => None,
    }
}

fn plan_start(steps: &mut Vec<Step>, past: &Past<'_>, start: &DraftStart) -> Result<(), ActError> {
    let map = past.maps(Object::Root, DRAFTS).first().copied();
    let map = map.ok_or(ActError::NotOpened)?;
    let key = start.id.to_string();
    if !past.seen(map, &key).is_empty() {
        return Err(ActError::Occupied {
            what: "draft",
            id: start.id,
        });
    }
    bounds::check_line("draft's name", &start.name, bounds::MAX_LABEL_BYTES)?;
    check_edits(start.edits.iter().map(|(path, text)| (path, Some(text))))?;
    check_edits(
        start
            .conflicts
            .iter()
            .map(|(path, text)| (path, Some(text))),
    )?;
    let (count, max) = (start.bases.len(), MAX_SUPERSEDED);
    if count == 0 || count > max {
        return Err(ActError::TooMany {
            what: "revisions",
            count,
            max,
        });
    }
    let known = published(past);
    if let Some(unknown) = start.bases.iter().find(|base| !known.contains(*base)) {
        return Err(ActError::UnknownRevision { revision: *unknown });
    }
    let bases: Vec<String> = start.bases.iter().map(ToString::to_string).collect();
    let new = Target::New(0);
    steps.push(Step::MakeMap {
        object: Target::There(map),
        key,
    });
    steps.push(put(new, NAME, &start.name));
    steps.push(put(new, BASES, &bases.join(" ")));
    steps.push(put(new, STATUS, OPEN));
    for (path, text) in &start.edits {
        steps.push(put(new, &format!("{EDIT}{path}"), text));
    }
    for (path, text) in &start.conflicts {
        steps.push(put(new, &format!("{CONFLICT}{path}"), text));
    }
    Ok(())
}

fn check_edits<'e>(
    edits: impl Iterator<Item = (&'e String, Option<&'e String>)>,
) -> Result<(), ActError> {
    let (mut count, mut bytes) = (0, 0);
    for (path, text) in edits {
        bounds::check_line("path", path, MAX_PATH_BYTES)?;
        count += 1;
        bytes += text.map_or(0, String::len);
        let json = text.map(|text| serde_json::from_str::<Value>(text));
        if json.is_some_and(|json| json.is_err()) {
            return Err(ActError::WrongValue {
                what: format!("the part {path:?}"),
                problem: "its value is no JSON",
            });
        }
    }
    if count > MAX_EDITS {
        return Err(ActError::TooMany {
            what: "edits",
            count,
            max: MAX_EDITS,
        });
    }
    if bytes > MAX_PACKAGE_BYTES {
        return Err(ActError::TooLong {
            what: "draft",
            bytes,
            max: MAX_PACKAGE_BYTES,
        });
    }
    Ok(())
}

/// The map of a draft that is still written.
fn open_object(past: &Past<'_>, id: PartId) -> Result<Object, ActError> {
    let object = object(past, id)?;
    if past.scalar(object, STATUS) == Some(Scalar::text(OPEN)) {
        Ok(object)
    } else {
        Err(ActError::DraftClosed { id })
    }
}

fn put(object: Target, key: &str, text: &str) -> Step {
    Step::Put {
        object,
        key: key.to_owned(),
        value: Scalar::text(text),
    }
}

fn remove(object: Object, key: String) -> Step {
    Step::Remove {
        object: Target::There(object),
        key,
    }
}
