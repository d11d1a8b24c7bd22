//! The fields of a case as a page and a form show them.

use casework::Names;
use casework::template::Revision;
use casework::value::{FieldValue as Typed, Scalar};
use casework::view::Slot;

use super::{FieldView, Reading};
use crate::text::{Value, write_all};

pub(super) fn field_label(revision: Option<&Revision>, id: &str) -> String {
    let known = revision.and_then(|revision| revision.field(id));
    known.map_or_else(|| id.to_owned(), |field| field.label.clone())
}

pub(super) fn fields(reading: &Reading<'_>) -> Vec<FieldView> {
    let known: Vec<&str> = reading
        .revision
        .map(|revision| {
            revision
                .fields()
                .iter()
                .map(|field| field.id.as_str())
                .collect()
        })
        .unwrap_or_default();
    let unknown = reading.view.fields.keys().map(String::as_str);
    let unknown = unknown.filter(|id| !known.contains(id));
    known
        .iter()
        .copied()
        .chain(unknown)
        .map(|id| field(reading, id))
        .collect()
}

fn field(reading: &Reading<'_>, id: &str) -> FieldView {
    let known = reading.revision.and_then(|revision| revision.field(id));
    let stage = reading.view.stage.value();
    let stage = reading.revision.and_then(|revision| revision.stage(stage));
    let told = reading.revision.zip(known);
    let mut seen = FieldView {
        id: id.to_owned(),
        label: field_label(reading.revision, id),
        kind: known.map(|field| field.kind.into()),
        words: String::new(),
        edit_words: told
            .map(|(revision, field)| casework::edit_words(reading.view, revision, field))
            .unwrap_or_default(),
        policy: stage.map(|stage| stage.policy_of(id).into()),
        value: Value::Empty,
        options: Vec::new(),
        count: None,
        contested: false,
        redacted: None,
        by: None,
    };
    let Some(held) = reading.view.fields.get(id) else {
        return seen;
    };
    seen.redacted.clone_from(&held.redacted);
    seen.options = write_all(&held.options);
    seen.count = held.count;
    if let Some(slot) = &held.value {
        seen.value = slot.value().clone().into();
        seen.contested = slot.is_contested();
        seen.by = Some(reading.origin(slot.shown().by));
        seen.words = words(known, slot, reading.names);
    } else if let Some(count) = held.count {
        seen.words = count.to_string();
    } else if let Some(text) = &held.text {
        seen.words.clone_from(text);
    } else {
        let label = |id: &String| {
            let known = known.and_then(|field| field.options.iter().find(|one| one.id == *id));
            known.map_or_else(|| id.clone(), |option| option.label.clone())
        };
        seen.words = held
            .options
            .iter()
            .map(label)
            .collect::<Vec<_>>()
            .join("; ");
    }
    seen
}

fn words(known: Option<&casework::template::Field>, slot: &Slot<Scalar>, names: &Names) -> String {
    let value = slot.value();
    if value.is_null() {
        return String::new();
    }
    let Some(field) = known else {
        return value.to_string();
    };
    match Typed::from_scalar(field.kind, value) {
        Ok(Typed::Member(member)) => names.member(member),
        Ok(typed) => typed.words(field),
        Err(_) => value.to_string(),
    }
}
