//! Reads records out of a document: every object under a key, merged.
//!
//! Two devices may make the same record (its id derives from what caused it). What an object was
//! made with counts only where nobody wrote anything since: a task that is done in one of two
//! objects is not contested by the other one's first "open".

use std::collections::BTreeMap;

use automerge::{ObjId, ROOT, ReadDoc};

use super::reader::{Found, Reader, counter_of, scalar_of};
use super::side::{OriginRef, Slot};
use crate::case::{Shelf, schema};
use crate::value::Scalar;

/// The values of one record, by name, in ascending order of their operations.
pub(super) type Values = BTreeMap<String, Vec<Found<Scalar>>>;

/// One record as it lies in the document.
pub(super) struct Record {
    /// Its key on the shelf.
    pub(super) key: String,
    /// Its values; taken out one by one.
    pub(super) values: Values,
    /// Place in the order of creation (the operation's counter); ties go by key.
    pub(super) position: u64,
    /// Who made it.
    pub(super) created: OriginRef,
}

/// Every record of a shelf, by key.
pub(super) fn read_records(reader: &mut Reader<'_>, shelf: Shelf) -> Vec<Record> {
    let Some(map) = reader.object(&ROOT, shelf.map()) else {
        return Vec::new();
    };
    let keys: Vec<String> = reader.doc.keys(&map).collect();
    let records = keys.into_iter().filter_map(|key| {
        let objects = reader.objects(&map, &key);
        let first = objects.first()?;
        Some(Record {
            key,
            position: counter_of(first),
            created: reader.origin_of_op(first)?,
            values: merge_objects(reader, &objects),
        })
    });
    records.collect()
}

/// Every entry of a shelf that holds values, by key.
pub(super) fn read_entries<T: PartialEq>(
    reader: &mut Reader<'_>,
    shelf: Shelf,
    read: fn(Scalar) -> Option<T>,
) -> BTreeMap<String, Slot<T>> {
    match reader.object(&ROOT, shelf.map()) {
        Some(map) => reader.slots(&map, read).into_iter().collect(),
        None => BTreeMap::new(),
    }
}

/// Why the words of a record are no longer shown, if so.
pub(super) fn redaction(reader: &Reader<'_>, shelf: Shelf, key: &str) -> Option<String> {
    let map = reader.object(&ROOT, schema::REDACTED)?;
    let mark = format!("{}/{key}", shelf.name());
    let found = reader.scalars(&map, &mark).pop()?;
    super::reader::text(found.value)
}

/// Everything the objects hold, in ascending order of the operations.
pub(super) fn merge_objects(reader: &Reader<'_>, objects: &[ObjId]) -> Values {
    let mut written = Values::new();
    let mut initial = Values::new();
    for object in objects {
        let creation = reader.doc.hash_for_opid(object);
        for item in reader.doc.map_range(object, ..) {
            let found = if item.conflict {
                reader.scalars(object, &item.key)
            } else {
                let value = scalar_of(&item.value);
                value
                    .map(|value| Found {
                        value,
                        op: item.id(),
                    })
                    .into_iter()
                    .collect()
            };
            for value in found {
                let alone = objects.len() == 1;
                let first = !alone && reader.doc.hash_for_opid(&value.op) == creation;
                let values = if first { &mut initial } else { &mut written };
                let name = item.key.to_string();
                values.entry(name).or_default().push(value);
            }
        }
    }
    for (key, values) in initial {
        written.entry(key).or_insert(values);
    }
    for values in written.values_mut() {
        values.sort_by(|a, b| a.op.cmp(&b.op));
    }
    written
}

impl Record {
    /// One of its values as a place with sides; `None` if nothing there can be read as `T`.
    pub(super) fn slot<T: PartialEq>(
        &mut self,
        reader: &mut Reader<'_>,
        name: &str,
        read: fn(Scalar) -> Option<T>,
    ) -> Option<Slot<T>> {
        reader.slot_of(self.values.remove(name)?, read)
    }

    /// The shown one of its values, for what never changes.
    pub(super) fn value(&mut self, name: &str) -> Option<Scalar> {
        Some(self.values.remove(name)?.pop()?.value)
    }

    /// The same as text.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        super::reader::text(self.value(name)?)
    }
}
