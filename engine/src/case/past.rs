//! A document as one change saw it: what was visible at a key in the change's causal past.
//!
//! Reads from the merged document, or from the document at some heads with the changes of a
//! [`Batch`] on top that are not merged yet. Writes nothing. Invariant: two replicas that hold the
//! same causal past read the same, whatever else they hold.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use automerge::{Automerge, ChangeHash as Hash, ObjId, ObjType, ROOT, ReadDoc, ScalarValue, Value};
use casework_protocol::ids::ActorId;

use super::batch::{Batch, Standing};
use super::message::Message;
use crate::value::Scalar;

/// The id of an operation. Its order is the document's own: by counter, then by actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpRef {
    /// The Lamport counter.
    pub counter: u64,
    /// Who made it.
    pub actor: ActorId,
}

/// An object of a document: the root map, or one that an operation made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object {
    /// The root map.
    Root,
    /// The map or text that this operation made.
    Made(OpRef),
}

/// What stands at a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// A value.
    Scalar(Scalar),
    /// A map.
    Map,
    /// A text.
    Text,
    /// Something that no action writes.
    Foreign,
}

/// One of the things that stand at a key; several do after concurrent writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The operation that put it there.
    pub id: OpRef,
    /// What it is.
    pub held: Held,
}

/// A document at one point of its history.
#[derive(Clone)]
pub struct Past<'a> {
    doc: &'a Automerge,
    at: At<'a>,
}

#[derive(Clone)]
enum At<'a> {
    /// The whole merged document.
    Now,
    /// The merged document at these heads.
    Heads(Vec<Hash>),
    /// The merged document at these heads, and of the batch what this standing covers.
    Batch(Vec<Hash>, &'a Batch<'a>, Standing),
}

impl<'a> Past<'a> {
    /// The document as it is now: what a change made here would see.
    #[must_use]
    pub const fn now(doc: &'a Automerge) -> Self {
        Self { doc, at: At::Now }
    }

    /// The document as it was at these heads, all of which it must hold.
    #[must_use]
    pub fn at(doc: &'a Automerge, heads: &[Hash]) -> Self {
        Self {
            doc,
            at: At::Heads(heads.to_vec()),
        }
    }

    pub(crate) fn in_batch(batch: &'a Batch<'a>, standing: Standing) -> Self {
        let heads = standing.heads();
        Self {
            doc: batch.document(),
            at: At::Batch(heads, batch, standing),
        }
    }

    /// Everything that stands at a key, by ascending operation: the last one is shown. Nothing for
    /// an object that is not there.
    #[must_use]
    pub fn seen(&self, object: Object, key: &str) -> Vec<Seen> {
        let id = object.to_exid();
        let found = match &self.at {
            At::Now => self.doc.get_all(&id, key),
            At::Heads(heads) | At::Batch(heads, _, _) => self.doc.get_all_at(&id, key, heads),
        };
        let mut seen: Vec<Seen> = found
            .unwrap_or_default()
            .iter()
            .filter_map(|(value, id)| {
                Some(Seen {
                    id: OpRef::of(id)?,
                    held: Held::of(value),
                })
            })
            .collect();
        if let At::Batch(_, batch, standing) = &self.at {
            batch.overlay(standing, object, key, &mut seen);
        }
        seen
    }

    /// The shown value at a key.
    #[must_use]
    pub fn scalar(&self, object: Object, key: &str) -> Option<Scalar> {
        match self.seen(object, key).pop()?.held {
            Held::Scalar(value) => Some(value),
            Held::Map | Held::Text | Held::Foreign => None,
        }
    }

    /// The different values at a key, in the order of [`Scalar`]: two or more are contested.
    #[must_use]
    pub fn sides(&self, object: Object, key: &str) -> BTreeSet<Scalar> {
        let scalar = |seen: Seen| match seen.held {
            Held::Scalar(value) => Some(value),
            Held::Map | Held::Text | Held::Foreign => None,
        };
        self.seen(object, key)
            .into_iter()
            .filter_map(scalar)
            .collect()
    }

    /// The maps at a key, by ascending operation.
    #[must_use]
    pub fn maps(&self, object: Object, key: &str) -> Vec<Object> {
        self.objects(object, key, &Held::Map)
    }

    /// The texts at a key, by ascending operation.
    #[must_use]
    pub fn texts(&self, object: Object, key: &str) -> Vec<Object> {
        self.objects(object, key, &Held::Text)
    }

    fn objects(&self, object: Object, key: &str, kind: &Held) -> Vec<Object> {
        let seen = self.seen(object, key).into_iter();
        seen.filter(|seen| seen.held == *kind)
            .map(|seen| Object::Made(seen.id))
            .collect()
    }

    /// The keys of a map within a range, with at least one thing standing at each.
    #[must_use]
    pub fn keys(&self, object: Object, range: Range<String>) -> BTreeSet<String> {
        let id = object.to_exid();
        let items = match &self.at {
            At::Now => self.doc.map_range(&id, range.clone()),
            At::Heads(heads) | At::Batch(heads, _, _) => {
                self.doc.map_range_at(&id, range.clone(), heads)
            }
        };
        let mut keys: BTreeSet<String> = items.map(|item| item.key.to_string()).collect();
        if let At::Batch(_, batch, _) = &self.at {
            keys.extend(batch.keys(object, &range));
            keys.retain(|key| !self.seen(object, key).is_empty());
        }
        keys
    }

    /// The characters of a text, by the operations that inserted them.
    pub(crate) fn elements(&self, text: Object) -> HashSet<OpRef> {
        let id = text.to_exid();
        let items = match &self.at {
            At::Now => self.doc.list_range(&id, ..),
            At::Heads(heads) => self.doc.list_range_at(&id, .., heads),
            At::Batch(_, batch, standing) => return batch.elements(standing, text),
        };
        items.filter_map(|item| OpRef::of(&item.id())).collect()
    }

    /// Whether a character of a text was there.
    pub(super) fn holds(&self, text: Object, element: OpRef) -> bool {
        match &self.at {
            At::Batch(_, batch, standing) => batch.holds(standing, text, element),
            At::Now | At::Heads(_) => self.elements(text).contains(&element),
        }
    }

    /// When an operation was made, by its author's clock or, if it was imported, in the place it
    /// came from: milliseconds since 1970. `None` for an operation that is not there.
    #[must_use]
    pub fn claimed_ms(&self, op: OpRef) -> Option<i64> {
        if let At::Batch(_, batch, _) = &self.at
            && let Some(change) = batch.change_of(op)
        {
            let message = change.message().and_then(|text| Message::read(text).ok());
            let imported = message.and_then(|message| message.imported);
            return Some(imported.map_or(change.timestamp(), |claim| claim.at_ms));
        }
        let hash = self.doc.hash_for_opid(&Object::Made(op).to_exid())?;
        let meta = self.doc.get_change_meta_by_hash(&hash)?;
        let message = meta
            .message
            .as_deref()
            .and_then(|text| Message::read(text).ok());
        let imported = message.and_then(|message| message.imported);
        Some(imported.map_or(meta.timestamp, |claim| claim.at_ms))
    }

    /// The prose of a text. Changes of a batch that are not merged are not in it.
    #[must_use]
    pub fn prose(&self, text: Object) -> String {
        let id = text.to_exid();
        match &self.at {
            At::Now => self.doc.text(&id),
            At::Heads(heads) | At::Batch(heads, _, _) => self.doc.text_at(&id, heads),
        }
        .unwrap_or_default()
    }
}

impl OpRef {
    /// The operation with this id in the document library; `None` for the root and for actors of
    /// another length, which the gate lets nobody use.
    #[must_use]
    pub fn of(id: &ObjId) -> Option<Self> {
        match id {
            ObjId::Root => None,
            ObjId::Id(counter, actor, _) => Self::from_parts(*counter, actor),
        }
    }

    pub(super) fn from_parts(counter: u64, actor: &automerge::ActorId) -> Option<Self> {
        Some(Self {
            counter,
            actor: ActorId::from_slice(actor.to_bytes())?,
        })
    }
}

impl Object {
    /// The same object in the document library.
    #[must_use]
    pub fn to_exid(self) -> ObjId {
        match self {
            Self::Root => ROOT,
            Self::Made(OpRef { counter, actor }) => {
                ObjId::Id(counter, automerge::ActorId::from(&actor.as_bytes()[..]), 0)
            }
        }
    }
}

impl Held {
    fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Object(ObjType::Map) => Self::Map,
            Value::Object(ObjType::Text) => Self::Text,
            Value::Object(ObjType::List | ObjType::Table) => Self::Foreign,
            Value::Scalar(scalar) => Self::of_scalar(scalar),
        }
    }

    pub(super) fn of_scalar(scalar: &ScalarValue) -> Self {
        Self::Scalar(match scalar {
            ScalarValue::Null => Scalar::Null,
            ScalarValue::Boolean(value) => Scalar::Bool(*value),
            ScalarValue::Int(value) => Scalar::Int(*value),
            ScalarValue::Str(text) => Scalar::Text(text.to_string()),
            ScalarValue::Bytes(_)
            | ScalarValue::Uint(_)
            | ScalarValue::F64(_)
            | ScalarValue::Counter(_)
            | ScalarValue::Timestamp(_)
            | ScalarValue::Unknown { .. } => return Self::Foreign,
        })
    }
}

/// A value as the document library stores it.
pub(super) fn to_stored(value: &Scalar) -> ScalarValue {
    match value {
        Scalar::Null => ScalarValue::Null,
        Scalar::Bool(value) => ScalarValue::Boolean(*value),
        Scalar::Int(value) => ScalarValue::Int(*value),
        Scalar::Text(text) => ScalarValue::Str(text.as_str().into()),
    }
}
