//! Fills the placeholders of a rule's text with what the case says right after the trigger.
//!
//! What is empty or redacted leaves nothing; a text that grows too long is cut by whoever writes it.

use super::effect::Scene;
use crate::case::{Object, schema, stage_of};
use crate::template::{Piece, Placeholder, pieces};
use crate::value::{ConflictPolicy, FieldType, FieldValue, Scalar};

/// The text with everything filled in.
pub(super) fn fill(scene: &Scene<'_>, text: &str) -> String {
    // A published rule holds no other text; an unreadable one is left as it stands.
    let Ok(parts) = pieces(text) else {
        return text.to_owned();
    };
    parts
        .into_iter()
        .map(|part| match part {
            Piece::Text(text) => text,
            Piece::Of(placeholder) => said(scene, &placeholder).unwrap_or_default(),
        })
        .collect()
}

/// The same as one line: line ends become spaces.
pub(super) fn fill_line(scene: &Scene<'_>, text: &str) -> String {
    let text = fill(scene, text);
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    line.trim().to_owned()
}

fn said(scene: &Scene<'_>, placeholder: &Placeholder) -> Option<String> {
    let root = |key: &str| match scene.past.scalar(Object::Root, key)? {
        Scalar::Text(text) => Some(text),
        Scalar::Null | Scalar::Bool(_) | Scalar::Int(_) => None,
    };
    let name = |member: &str| {
        let member = member.parse().ok()?;
        Some(scene.roster.member(member)?.name.clone())
    };
    match placeholder {
        Placeholder::Number => root(schema::NUMBER),
        Placeholder::Title => root(schema::TITLE),
        Placeholder::Stage => {
            let id = stage_of(scene.past)?;
            Some(
                scene
                    .revision
                    .stage(&id)
                    .map_or(id, |stage| stage.name.clone()),
            )
        }
        Placeholder::Owner => name(&root(schema::OWNER)?),
        Placeholder::Actor => name(&scene.actor?.to_string()),
        Placeholder::Template => Some(scene.revision.package().name.clone()),
        Placeholder::Today => Some(scene.today.date.to_string()),
        Placeholder::Field(id) => field(scene, id).map(|(kind, words)| {
            if kind == FieldType::Member {
                name(&words).unwrap_or(words)
            } else {
                words
            }
        }),
    }
}

fn field(scene: &Scene<'_>, id: &str) -> Option<(FieldType, String)> {
    let field = scene.revision.field(id)?;
    let map = |name| scene.past.maps(Object::Root, name).first().copied();
    let hidden = schema::redacted_field_key(id);
    if map(schema::REDACTED).is_some_and(|map| scene.past.scalar(map, &hidden).is_some()) {
        return None;
    }
    let range = || format!("{id}/")..format!("{id}0");
    let words = match field.policy() {
        ConflictPolicy::Contested | ConflictPolicy::Latest => {
            let value = scene.past.scalar(map(schema::FIELDS)?, id)?;
            FieldValue::from_scalar(field.kind, &value)
                .ok()?
                .words(field)
        }
        ConflictPolicy::Set => {
            let keys = scene.past.keys(map(schema::SETS)?, range());
            let label = |key: &String| {
                let (_, option) = schema::split_option_key(key)?;
                let known = field.options.iter().find(|known| known.id == option);
                Some(known.map_or_else(|| option.to_owned(), |known| known.label.clone()))
            };
            let labels: Vec<String> = keys.iter().filter_map(label).collect();
            labels.join(", ")
        }
        ConflictPolicy::Counter => {
            let counts = map(schema::COUNTS)?;
            let keys = scene.past.keys(counts, range());
            let steps = keys
                .iter()
                .filter_map(|key| match scene.past.scalar(counts, key)? {
                    Scalar::Int(step) => Some(step),
                    Scalar::Null | Scalar::Bool(_) | Scalar::Text(_) => None,
                });
            steps.fold(0_i64, i64::saturating_add).to_string()
        }
        // Refused when the template is published.
        ConflictPolicy::Text => return None,
    };
    Some((field.kind, words))
}
