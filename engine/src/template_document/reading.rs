//! Reads the act on a template back from the operations of a received change.

use std::sync::Arc;

use casework_protocol::ids::RevisionId;

use super::draft::{self, DraftAction};
use super::{CURRENT, TemplateAct, TemplateAction, revision};
use crate::case::message::Message;
use crate::case::ops::{Deed, Key, Op};
use crate::case::past::Past;
use crate::case::shape::ShapeError;
use crate::case::{ActionKind, PartId};
use crate::template::Revision;
use crate::value::Scalar;

/// The act of a received change. A revision that was published before is read from the past.
pub(super) fn read_act(
    past: &Past<'_>,
    message: &Message,
    ops: &[Op],
) -> Result<Option<TemplateAct>, ShapeError> {
    let on = message.on.as_deref().unwrap_or_default();
    let act = |action| TemplateAct {
        action,
        reason: message.why.clone(),
        redo_of: message.redo_of,
    };
    let part = || on.parse::<PartId>().ok();
    let action = if message.action == ActionKind::DraftStart {
        part().and_then(|id| draft::read_start(id, ops))
    } else if message.action == ActionKind::DraftEdit {
        part().map(|id| draft::read_edit(id, ops))
    } else if message.action == ActionKind::DraftDiscard {
        part().map(|id| DraftAction::Discard { id })
    } else {
        return Ok(read_publish(past, message, ops)?.map(act));
    };
    Ok(action.map(TemplateAction::Draft).map(act))
}

/// The revision of a received publish, by the id that it names or, of a draft, makes current.
fn read_publish(
    past: &Past<'_>,
    message: &Message,
    ops: &[Op],
) -> Result<Option<TemplateAction>, ShapeError> {
    let on = message.on.as_deref().unwrap_or_default();
    let named: Option<RevisionId> = if message.action == ActionKind::DraftPublish {
        ops.iter().find_map(|op| match (&op.key, &op.deed) {
            (Key::Map(key), Deed::Put(Scalar::Text(id))) if key == CURRENT => id.parse().ok(),
            (_, _) => None,
        })
    } else {
        on.parse().ok()
    };
    let Some(id) = named else {
        return Ok(None);
    };
    let carried = ops.iter().rev().find_map(|op| match (&op.key, &op.deed) {
        (Key::Map(key), Deed::Put(Scalar::Text(text))) if *key == id.to_string() => Some(text),
        (_, _) => None,
    });
    let read = match carried {
        Some(package) => Some(Revision::decode(package.as_bytes())),
        None => revision(past, id),
    };
    let revision = match read {
        Some(Ok(revision)) => Arc::new(revision),
        Some(Err(error)) => return Err(ShapeError::Revision(error)),
        None => return Ok(None),
    };
    Ok(if message.action == ActionKind::TemplateOpen {
        Some(TemplateAction::Open(revision))
    } else if message.action == ActionKind::DraftPublish {
        let draft = on.parse().ok();
        draft.map(|draft| TemplateAction::PublishDraft { draft, revision })
    } else {
        Some(TemplateAction::Publish(revision))
    })
}
