//! Whether a field of a case is filled, wherever its policy keeps the value, and whether a document
//! of a type is there.

use super::condition_reading::document_statuses;
use super::past::{Object, Past};
use super::schema;
use super::slots;
use crate::template::Revision;
use crate::value::ConflictPolicy;

/// Whether the field says anything, or one that was mapped to it: a value that is not null, an
/// option, a step, a character. An unknown field says nothing.
#[must_use]
pub fn is_filled(past: &Past<'_>, revision: &Revision, field: &str) -> bool {
    let Some(policy) = revision.field(field).map(crate::template::Field::policy) else {
        return false;
    };
    core::iter::once(field)
        .chain(revision.formerly(field))
        .any(|id| says_anything(past, policy, id))
}

/// Whether the case has a document of this type that was not withdrawn.
#[must_use]
pub fn has_document(past: &Past<'_>, kind: &str) -> bool {
    !document_statuses(past, kind).is_empty()
}

fn says_anything(past: &Past<'_>, policy: ConflictPolicy, field: &str) -> bool {
    let map = |name: &str| slots::container(past, name);
    let any = |object: Object| {
        // '0' is the character after '/': the range holds exactly the keys of this field.
        !past
            .keys(object, format!("{field}/")..format!("{field}0"))
            .is_empty()
    };
    match policy {
        ConflictPolicy::Contested | ConflictPolicy::Latest => {
            map(schema::FIELDS).is_ok_and(|fields| {
                past.scalar(fields, field)
                    .is_some_and(|value| !value.is_null())
            })
        }
        ConflictPolicy::Set => map(schema::SETS).is_ok_and(any),
        ConflictPolicy::Counter => map(schema::COUNTS).is_ok_and(any),
        ConflictPolicy::Text => map(schema::TEXTS).is_ok_and(|texts| {
            past.texts(texts, field)
                .into_iter()
                .any(|text| !past.elements(text).is_empty())
        }),
    }
}
