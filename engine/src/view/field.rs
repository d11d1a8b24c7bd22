//! One field of a case: what its document holds, and what that means under a template's policy.
//!
//! A document keeps the value, the chosen options, the counter's steps and the merged prose of a
//! field in containers of their own; which of them counts is for the template to say, so a view
//! can be read even while the revision is unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use automerge::{ObjId, ROOT, ReadDoc, ValueRef};
use serde::{Deserialize, Serialize};

use super::case::CaseView;
use super::reader::{Reader, scalar_of, text};
use super::side::Slot;
use crate::case::schema;
use crate::template::{Field, Revision};
use crate::value::{ConflictPolicy, FieldType, FieldValue, Scalar};

/// What the document holds for one field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldView {
    /// The value, with its rivals; null when it was cleared.
    pub value: Option<Slot<Scalar>>,
    /// The options chosen.
    pub options: BTreeSet<String>,
    /// The sum of a counter's steps; `None` if nobody ever counted.
    pub count: Option<i64>,
    /// The merged prose; `None` if nobody ever wrote any.
    pub text: Option<String>,
    /// Why its values are no longer shown.
    pub redacted: Option<String>,
}

impl FieldView {
    /// Whether the document holds nothing for the field.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a requirement is met: there is a value, an option, a step or a letter. A redacted
    /// field was filled.
    #[must_use]
    pub fn is_filled(&self) -> bool {
        self.value
            .as_ref()
            .is_some_and(|slot| !slot.value().is_null())
            || !self.options.is_empty()
            || self.count.is_some()
            || self.text.as_ref().is_some_and(|text| !text.is_empty())
            || self.redacted.is_some()
    }

    /// Whether people have to choose between values. Not so under the policy `latest`, whose loser
    /// stays on the timeline.
    #[must_use]
    pub fn is_contested(&self, policy: ConflictPolicy) -> bool {
        policy == ConflictPolicy::Contested && self.value.as_ref().is_some_and(Slot::is_contested)
    }

    /// The value shown under the field's policy, ready for the words of the template; `None` when
    /// it is empty, redacted or not a value of the field's type.
    #[must_use]
    pub fn content(&self, field: &Field) -> Option<FieldValue> {
        match field.policy() {
            ConflictPolicy::Contested | ConflictPolicy::Latest => {
                FieldValue::from_scalar(field.kind, self.value.as_ref()?.value()).ok()
            }
            ConflictPolicy::Counter => self.count.map(FieldValue::Counter),
            ConflictPolicy::Set => {
                let options = &self.options;
                (!options.is_empty()).then(|| FieldValue::MultiSelect(options.clone()))
            }
            ConflictPolicy::Text => {
                let text = self.text.clone().filter(|text| !text.is_empty())?;
                let one_line = field.kind == FieldType::Text;
                Some(if one_line {
                    FieldValue::Text(text)
                } else {
                    FieldValue::LongText(text)
                })
            }
        }
    }
}

impl CaseView {
    /// What the case holds for a field: under its own id or, while there is nothing, under that of
    /// a field that is mapped to it.
    #[must_use]
    pub fn held(&self, revision: &Revision, field: &str) -> Option<&FieldView> {
        let own = self.fields.get(field);
        if own.is_some_and(|own| own.is_filled() || own.value.is_some()) {
            return own;
        }
        let former = revision.formerly(field);
        former
            .filter_map(|id| self.fields.get(id))
            .find(|former| former.is_filled())
            .or(own)
    }

    /// The value of a field as people see it: mapped fields and options where they are mapped to.
    #[must_use]
    pub fn content(&self, revision: &Revision, field: &Field) -> Option<FieldValue> {
        let value = self.held(revision, &field.id)?.content(field)?;
        let now = |option: &String| revision.chosen(&field.id, option).to_owned();
        Some(if let FieldValue::SingleSelect(option) = &value {
            FieldValue::SingleSelect(now(option))
        } else if let FieldValue::MultiSelect(options) = &value {
            FieldValue::MultiSelect(options.iter().map(now).collect())
        } else {
            value
        })
    }
}

/// Every field of the case that was ever written or redacted.
pub(super) fn read_fields(reader: &mut Reader<'_>) -> BTreeMap<String, FieldView> {
    let mut fields: BTreeMap<String, FieldView> = BTreeMap::new();
    if let Some(map) = reader.object(&ROOT, schema::FIELDS) {
        for (id, slot) in reader.slots(&map, Some) {
            fields.entry(id).or_default().value = Some(slot);
        }
    }
    for (field, option) in read_options(reader, None) {
        fields.entry(field).or_default().options.insert(option);
    }
    for (field, sum) in read_counts(reader, None) {
        fields.entry(field).or_default().count = Some(sum);
    }
    if let Some(map) = reader.object(&ROOT, schema::TEXTS) {
        for id in reader.doc.keys(&map).collect::<Vec<_>>() {
            let prose = read_prose(reader, &map, &id);
            fields.entry(id).or_default().text = prose;
        }
    }
    if let Some(map) = reader.object(&ROOT, schema::REDACTED) {
        let keys = reader.doc.keys(&map);
        let ids = keys.filter_map(|key| schema::split_redacted_field_key(&key).map(str::to_owned));
        for id in ids.collect::<Vec<_>>() {
            redact(reader, &id, fields.entry(id.clone()).or_default());
        }
    }
    fields.retain(|_, field| !field.is_untouched());
    fields
}

/// One field.
pub(super) fn read_field(reader: &mut Reader<'_>, id: &str) -> FieldView {
    let mut field = FieldView::default();
    if let Some(map) = reader.object(&ROOT, schema::FIELDS) {
        field.value = reader.slot(&map, id, Some);
    }
    field.options = read_options(reader, Some(id))
        .into_iter()
        .map(|(_, option)| option)
        .collect();
    field.count = read_counts(reader, Some(id)).remove(id);
    if let Some(map) = reader.object(&ROOT, schema::TEXTS) {
        field.text = read_prose(reader, &map, id);
    }
    redact(reader, id, &mut field);
    field
}

/// The options chosen, of one field or of all.
fn read_options(reader: &Reader<'_>, field: Option<&str>) -> Vec<(String, String)> {
    let Some(map) = reader.object(&ROOT, schema::SETS) else {
        return Vec::new();
    };
    let doc = reader.doc;
    doc.map_range(&map, keys_of(field))
        .filter_map(|item| {
            let (field, option) = schema::split_option_key(&item.key)?;
            Some((field.to_owned(), option.to_owned()))
        })
        .collect()
}

/// The sum of the steps of each counter, of one field or of all. Each step has a key of its own,
/// so there is nothing to merge.
fn read_counts(reader: &Reader<'_>, field: Option<&str>) -> BTreeMap<String, i64> {
    let Some(map) = reader.object(&ROOT, schema::COUNTS) else {
        return BTreeMap::new();
    };
    let mut sums: BTreeMap<String, i128> = BTreeMap::new();
    for item in reader.doc.map_range(&map, keys_of(field)) {
        if let (Some((field, _)), Some(step)) =
            (schema::split_count_key(&item.key), step_of(&item.value))
        {
            match sums.get_mut(field) {
                Some(sum) => *sum += i128::from(step),
                None => drop(sums.insert(field.to_owned(), step.into())),
            }
        }
    }
    sums.into_iter()
        .map(|(field, sum)| (field, clamp(sum)))
        .collect()
}

/// One step of a counter.
pub(super) fn step_of(value: &ValueRef<'_>) -> Option<i64> {
    match scalar_of(value)? {
        Scalar::Int(step) => Some(step),
        Scalar::Null | Scalar::Bool(_) | Scalar::Text(_) => None,
    }
}

/// The prose of every text object under the key, one after the other: two devices that begin a
/// text at the same time begin two.
fn read_prose(reader: &Reader<'_>, map: &ObjId, id: &str) -> Option<String> {
    let objects = reader.objects(map, id);
    let texts: Vec<String> = objects
        .iter()
        .filter_map(|object| reader.doc.text(object).ok())
        .collect();
    (!texts.is_empty()).then(|| texts.concat())
}

/// Takes the values of a redacted field away and leaves the reason.
fn redact(reader: &Reader<'_>, id: &str, field: &mut FieldView) {
    let Some(map) = reader.object(&ROOT, schema::REDACTED) else {
        return;
    };
    let reason = reader.scalars(&map, &schema::redacted_field_key(id)).pop();
    if let Some(reason) = reason.and_then(|found| text(found.value)) {
        *field = FieldView {
            redacted: Some(reason),
            ..FieldView::default()
        };
    }
}

/// The keys `<field>/…` of one field, or every key. `0` follows `/` in ASCII.
fn keys_of(field: Option<&str>) -> (Bound<String>, Bound<String>) {
    match field {
        None => (Bound::Unbounded, Bound::Unbounded),
        Some(field) => (
            Bound::Included(format!("{field}/")),
            Bound::Excluded(format!("{field}0")),
        ),
    }
}

/// The sum as far as an `i64` goes: hostile steps cannot overflow it.
pub(super) fn clamp(sum: i128) -> i64 {
    sum.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}
