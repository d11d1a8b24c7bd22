//! Values as operations carry them, read back into what actions hold.
//!
//! `None` means that no action writes this; the change is then none of ours.

use casework_protocol::ids::MemberId;

use super::ops::{Deed, Key, Op};
use crate::value::Scalar;

/// Every put into a map: its key and its value.
pub(super) fn puts(ops: &[Op]) -> impl Iterator<Item = (&str, &Scalar)> {
    ops.iter().filter_map(|op| match (&op.key, &op.deed) {
        (Key::Map(key), Deed::Put(value)) => Some((key.as_str(), value)),
        (_, _) => None,
    })
}

/// The keys at which maps are made.
pub(super) fn makes(ops: &[Op]) -> impl Iterator<Item = &str> {
    ops.iter().filter_map(|op| match (&op.key, &op.deed) {
        (Key::Map(key), Deed::MakeMap) => Some(key.as_str()),
        (_, _) => None,
    })
}

/// The value put at this key, wherever that is first.
pub(super) fn put_at<'o>(ops: &'o [Op], wanted: &str) -> Option<&'o Scalar> {
    puts(ops)
        .find(|(key, _)| *key == wanted)
        .map(|(_, value)| value)
}

pub(super) fn first_put(ops: &[Op]) -> Option<(&str, &Scalar)> {
    puts(ops).next()
}

pub(super) fn text(value: &Scalar) -> Option<String> {
    value.as_text().map(str::to_owned)
}

pub(super) fn optional(value: &Scalar) -> Option<Option<String>> {
    match value {
        Scalar::Null => Some(None),
        Scalar::Text(text) => Some(Some(text.clone())),
        Scalar::Bool(_) | Scalar::Int(_) => None,
    }
}

pub(super) fn read_member(value: &Scalar) -> Option<Option<MemberId>> {
    match optional(value)? {
        Some(member) => member.parse().ok().map(Some),
        None => Some(None),
    }
}

pub(super) fn integer(value: &Scalar) -> Option<i64> {
    match value {
        Scalar::Int(value) => Some(*value),
        Scalar::Null | Scalar::Bool(_) | Scalar::Text(_) => None,
    }
}

pub(super) fn boolean(value: &Scalar) -> Option<bool> {
    match value {
        Scalar::Bool(value) => Some(*value),
        Scalar::Null | Scalar::Int(_) | Scalar::Text(_) => None,
    }
}
