//! Reads values and their authors out of a document.
//!
//! One reader serves one reading of one document; it looks every change up once. It knows keys and
//! scalars, not what they mean (`read.rs`). Values of a kind that no case holds are passed over:
//! admission keeps them out, and a reader never fails on what somebody else wrote.

use std::collections::BTreeMap;

use automerge::{
    Automerge, ChangeMetadata, ObjId, ROOT, ReadDoc, ScalarValue, ScalarValueRef, Value, ValueRef,
};
use casework_protocol::ids::{ChangeHash, DeviceId, DocumentId, MemberId};

use super::breach::Breaches;
use super::side::{Origin, OriginRef, Origins, Side, Slot};
use crate::case::action::Closing;
use crate::case::message::Message;
use crate::template::Revision;
use crate::value::Scalar;

/// Tells whose device it is, from the roster.
pub type Members<'a> = dyn Fn(DeviceId) -> Option<MemberId> + 'a;

/// What a view is made of besides the document.
#[derive(Clone, Copy)]
pub struct ViewContext<'a> {
    /// The document that is read.
    pub document: DocumentId,
    /// Whose device it is.
    pub members: &'a Members<'a>,
    /// The revision the case is judged by; `None` while it is not known here.
    pub revision: Option<&'a Revision>,
    /// What the admitted changes broke.
    pub breaches: &'a Breaches,
}

/// One reading of one document.
pub(crate) struct Reader<'a> {
    pub(crate) doc: &'a Automerge,
    members: &'a Members<'a>,
    pub(crate) origins: Origins,
    known: BTreeMap<ChangeHash, OriginRef>,
    /// Every change of the document, once many of them are needed.
    history: BTreeMap<automerge::ChangeHash, ChangeMetadata<'a>>,
    /// What stands alone at a key of the root, once most of its keys are needed.
    root: BTreeMap<String, Alone>,
}

/// The only thing at a key.
enum Alone {
    Object(ObjId),
    Scalar(Scalar, ObjId),
    /// A value of a kind that no case holds.
    Foreign,
}

/// A value found at a key.
pub(crate) struct Found<T> {
    pub(crate) value: T,
    pub(crate) op: ObjId,
}

impl<'a> Reader<'a> {
    /// Starts a reading that may refer to these origins already.
    pub(crate) fn new(doc: &'a Automerge, members: &'a Members<'a>, origins: Origins) -> Self {
        let known = origins
            .iter()
            .map(|(by, origin)| (origin.change, by))
            .collect();
        Self {
            doc,
            members,
            origins,
            known,
            history: BTreeMap::new(),
            root: BTreeMap::new(),
        }
    }

    /// Reads the root at once: looking up most of its keys one by one costs more.
    pub(crate) fn load_root(&mut self) {
        let items = self.doc.map_range(ROOT, ..);
        let alone = items.filter(|item| !item.conflict).map(|item| {
            let alone = match (&item.value, scalar_of(&item.value)) {
                (ValueRef::Object(_), _) => Alone::Object(item.id()),
                (ValueRef::Scalar(_), Some(value)) => Alone::Scalar(value, item.id()),
                (ValueRef::Scalar(_), None) => Alone::Foreign,
            };
            (item.key.into_owned(), alone)
        });
        self.root = alone.collect();
    }

    fn alone(&self, map: &ObjId, key: &str) -> Option<&Alone> {
        if *map == ROOT {
            self.root.get(key)
        } else {
            None
        }
    }

    /// Reads the whole history at once: looking up most of its changes one by one costs more.
    pub(crate) fn load_history(&mut self) {
        if self.history.is_empty() {
            let metas = self.doc.get_changes_meta(&[]);
            self.history = metas.into_iter().map(|meta| (meta.hash, meta)).collect();
        }
    }

    /// Every change, if the history was loaded.
    pub(crate) fn history(&self) -> impl Iterator<Item = &ChangeMetadata<'a>> {
        self.history.values()
    }

    /// Asks something of a change of the document.
    pub(crate) fn ask<T>(
        &self,
        hash: &automerge::ChangeHash,
        answer: impl FnOnce(&ChangeMetadata<'a>) -> T,
    ) -> Option<T> {
        match self.history.get(hash) {
            Some(meta) => Some(answer(meta)),
            None => self
                .doc
                .get_change_meta_by_hash(hash)
                .map(|meta| answer(&meta)),
        }
    }

    /// The object at a key; the deterministic one if there are several.
    pub(crate) fn object(&self, map: &ObjId, key: &str) -> Option<ObjId> {
        match self.alone(map, key) {
            Some(Alone::Object(id)) => return Some(id.clone()),
            Some(Alone::Scalar(..) | Alone::Foreign) => return None,
            None => {}
        }
        match self.doc.get(map, key) {
            Ok(Some((Value::Object(_), id))) => Some(id),
            _ => None,
        }
    }

    /// Every object at a key, in the order of their operations.
    pub(crate) fn objects(&self, map: &ObjId, key: &str) -> Vec<ObjId> {
        let all = self.doc.get_all(map, key).unwrap_or_default();
        all.into_iter()
            .filter_map(|(value, id)| matches!(value, Value::Object(_)).then_some(id))
            .collect()
    }

    /// Every value at a key, in ascending order of their operations.
    pub(crate) fn scalars(&self, map: &ObjId, key: &str) -> Vec<Found<Scalar>> {
        match self.alone(map, key) {
            Some(Alone::Scalar(value, op)) => {
                let (value, op) = (value.clone(), op.clone());
                return vec![Found { value, op }];
            }
            Some(Alone::Object(_) | Alone::Foreign) => return Vec::new(),
            None => {}
        }
        let all = self.doc.get_all(map, key).unwrap_or_default();
        all.into_iter()
            .filter_map(|(value, op)| {
                Some(Found {
                    value: scalar_of_value(&value)?,
                    op,
                })
            })
            .collect()
    }

    /// The place at a key; `None` if nothing there can be read as `T`.
    pub(crate) fn slot<T: PartialEq>(
        &mut self,
        map: &ObjId,
        key: &str,
        read: fn(Scalar) -> Option<T>,
    ) -> Option<Slot<T>> {
        let found = self.scalars(map, key);
        self.slot_of(found, read)
    }

    /// A place out of the values found there.
    pub(crate) fn slot_of<T: PartialEq>(
        &mut self,
        found: Vec<Found<Scalar>>,
        read: fn(Scalar) -> Option<T>,
    ) -> Option<Slot<T>> {
        let sides = found
            .into_iter()
            .filter_map(|found| {
                Some(Side {
                    value: read(found.value)?,
                    by: self.origin_of_op(&found.op)?,
                })
            })
            .collect();
        Slot::of(sides, &self.origins)
    }

    /// Every key of a map with its place, in the order of the keys.
    pub(crate) fn slots<T: PartialEq>(
        &mut self,
        map: &ObjId,
        read: fn(Scalar) -> Option<T>,
    ) -> Vec<(String, Slot<T>)> {
        let doc = self.doc;
        let mut slots = Vec::new();
        for item in doc.map_range(map, ..) {
            let slot = if item.conflict {
                self.slot(map, &item.key, read)
            } else {
                scalar_of(&item.value).and_then(|value| {
                    self.slot_of(
                        vec![Found {
                            value,
                            op: item.id(),
                        }],
                        read,
                    )
                })
            };
            slots.extend(slot.map(|slot| (item.key.into_owned(), slot)));
        }
        slots
    }

    /// The change that wrote an operation.
    pub(crate) fn origin_of_op(&mut self, op: &ObjId) -> Option<OriginRef> {
        let hash = self.doc.hash_for_opid(op)?;
        self.origin_of_change(&hash)
    }

    /// The origin of a change of the document.
    pub(crate) fn origin_of_change(&mut self, hash: &automerge::ChangeHash) -> Option<OriginRef> {
        let change = ChangeHash::new(hash.0);
        if let Some(by) = self.known.get(&change) {
            return Some(*by);
        }
        let origin = self.ask(hash, |meta| read_origin(meta, self.members))?;
        let by = self.origins.push(origin);
        self.known.insert(change, by);
        Some(by)
    }
}

/// Who made a change, when and why.
fn read_origin(meta: &ChangeMetadata<'_>, members: &Members<'_>) -> Origin {
    let device = device_of(meta);
    let message = meta
        .message
        .as_deref()
        .and_then(|text| Message::read(text).ok());
    Origin {
        change: ChangeHash::new(meta.hash.0),
        device,
        member: device.and_then(members),
        claimed_ms: meta.timestamp,
        zone_min: message.as_ref().map_or(0, |message| message.zone_min),
        imported: message.as_ref().and_then(|message| message.imported),
        reason: message.and_then(|message| message.why),
    }
}

/// The device that a document names as the author of a change.
pub(crate) fn device_of(meta: &ChangeMetadata<'_>) -> Option<DeviceId> {
    DeviceId::from_slice(meta.author.as_ref()?.as_bytes())
}

/// The counter of an operation; 0 for the root.
pub(crate) const fn counter_of(op: &ObjId) -> u64 {
    match op {
        ObjId::Root => 0,
        ObjId::Id(counter, _, _) => *counter,
    }
}

/// Reads a text.
pub(crate) fn text(value: Scalar) -> Option<String> {
    match value {
        Scalar::Text(text) => Some(text),
        Scalar::Null | Scalar::Bool(_) | Scalar::Int(_) => None,
    }
}

/// Reads a text or nothing.
pub(crate) fn text_or_null(value: Scalar) -> Option<Option<String>> {
    if value.is_null() {
        Some(None)
    } else {
        text(value).map(Some)
    }
}

/// Reads yes or no.
pub(crate) fn boolean(value: Scalar) -> Option<bool> {
    match value {
        Scalar::Bool(value) => Some(value),
        Scalar::Null | Scalar::Int(_) | Scalar::Text(_) => None,
    }
}

/// Reads a member or nothing.
pub(crate) fn member_or_null(value: Scalar) -> Option<Option<MemberId>> {
    if value.is_null() {
        Some(None)
    } else {
        value.as_text()?.parse().ok().map(Some)
    }
}

/// Reads how a case was closed, or that it is open.
pub(crate) fn closing(value: Scalar) -> Option<Option<Closing>> {
    if value.is_null() {
        Some(None)
    } else {
        Closing::read(value.as_text()?).map(Some)
    }
}

/// A scalar of a kind that cases hold.
pub(crate) fn scalar_of(value: &ValueRef<'_>) -> Option<Scalar> {
    match value {
        ValueRef::Object(_) => None,
        ValueRef::Scalar(scalar) => match scalar {
            ScalarValueRef::Null => Some(Scalar::Null),
            ScalarValueRef::Boolean(value) => Some(Scalar::Bool(*value)),
            ScalarValueRef::Int(value) => Some(Scalar::Int(*value)),
            ScalarValueRef::Str(text) => Some(Scalar::text(text.as_ref())),
            ScalarValueRef::Bytes(_)
            | ScalarValueRef::Uint(_)
            | ScalarValueRef::F64(_)
            | ScalarValueRef::Counter(_)
            | ScalarValueRef::Timestamp(_)
            | ScalarValueRef::Unknown { .. } => None,
        },
    }
}

/// The same for a value that a single key gave.
pub(crate) fn scalar_of_value(value: &Value<'_>) -> Option<Scalar> {
    let Value::Scalar(scalar) = value else {
        return None;
    };
    match scalar.as_ref() {
        ScalarValue::Null => Some(Scalar::Null),
        ScalarValue::Boolean(value) => Some(Scalar::Bool(*value)),
        ScalarValue::Int(value) => Some(Scalar::Int(*value)),
        ScalarValue::Str(text) => Some(Scalar::text(text.as_str())),
        ScalarValue::Bytes(_)
        | ScalarValue::Uint(_)
        | ScalarValue::F64(_)
        | ScalarValue::Counter(_)
        | ScalarValue::Timestamp(_)
        | ScalarValue::Unknown { .. } => None,
    }
}
