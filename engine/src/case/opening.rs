//! The change that opens a case: every scalar of the root, every map, and the first values.
//!
//! All maps of a case are made here and never again, or two devices would make two and one of them
//! would disappear.

use std::collections::BTreeMap;

use casework_protocol::ids::{DocumentId, MemberId};

use super::bounds;
use super::contents::{FieldEntry, Opening, member_scalar};
use super::ops::{Deed, Key, Op};
use super::past::{Object, Past};
use super::plan::{check_field_value, option_key};
use super::refusal::ActError;
use super::schema;
use super::step::{Plan, Step, Target};
use crate::value::Scalar;

/// Which of the objects that an opening makes is the map with this name of [`schema::MAPS`].
pub(super) fn made_map(name: &str) -> usize {
    schema::MAPS
        .iter()
        .position(|map| *map == name)
        .expect("the caller names one of the maps")
}

/// Adds the steps of an opening.
pub(super) fn plan(plan: &mut Plan, past: &Past<'_>, opening: &Opening) -> Result<(), ActError> {
    if schema::ROOT_SCALARS
        .iter()
        .any(|key| !past.seen(Object::Root, key).is_empty())
    {
        return Err(ActError::AlreadyOpened);
    }
    check(opening)?;
    let root = Target::There(Object::Root);
    for (key, value) in schema::ROOT_SCALARS.iter().zip(scalars(opening)) {
        plan.steps.push(Step::Put {
            object: root,
            key: (*key).to_owned(),
            value,
        });
    }
    for map in schema::MAPS {
        plan.steps.push(Step::MakeMap {
            object: root,
            key: map.to_owned(),
        });
    }
    let comments = Target::New(made_map(schema::COMMENTS));
    for bucket in schema::BUCKETS {
        plan.steps.push(Step::MakeMap {
            object: comments,
            key: bucket.to_owned(),
        });
    }
    for (field, entry) in &opening.fields {
        match entry {
            FieldEntry::Value(value) => {
                plan.put_new(made_map(schema::FIELDS), field, value.clone());
            }
            FieldEntry::Options(options) => {
                for option in options {
                    let key = option_key(field, option)?;
                    plan.put_new(made_map(schema::SETS), &key, Scalar::Bool(true));
                }
            }
        }
    }
    for member in &opening.assignees {
        plan.put_new(
            made_map(schema::ASSIGNEES),
            &member.to_string(),
            Scalar::Bool(true),
        );
    }
    Ok(())
}

/// Reads an opening back from its operations. Says nothing about operations that no opening has:
/// planning the result again shows them.
pub(super) fn read(ops: &[Op]) -> Option<Opening> {
    let root = |key: &str| {
        let op = ops
            .iter()
            .find(|op| op.object == Object::Root && op.key == Key::Map(key.into()));
        match &op?.deed {
            Deed::Put(value) => Some(value.clone()),
            Deed::MakeMap | Deed::MakeText | Deed::Delete | Deed::Foreign => None,
        }
    };
    let text = |key: &str| match root(key)? {
        Scalar::Text(text) => Some(text),
        Scalar::Null | Scalar::Bool(_) | Scalar::Int(_) => None,
    };
    let mut opening = Opening {
        template: text(schema::TEMPLATE)?.parse::<DocumentId>().ok()?,
        title: text(schema::TITLE)?,
        number: text(schema::NUMBER)?,
        stage: text(schema::STAGE)?,
        fields: [].into(),
        owner: match root(schema::OWNER)? {
            Scalar::Text(member) => Some(member.parse().ok()?),
            Scalar::Null | Scalar::Bool(_) | Scalar::Int(_) => None,
        },
        assignees: [].into(),
    };
    for (map, key, value) in entries(ops) {
        match map {
            schema::FIELDS => {
                opening
                    .fields
                    .insert(key.to_owned(), FieldEntry::Value(value.clone()));
            }
            schema::SETS => {
                let (field, option) = schema::split_option_key(key)?;
                let entry = opening.fields.entry(field.to_owned());
                match entry.or_insert_with(|| FieldEntry::Options([].into())) {
                    FieldEntry::Options(options) => options.insert(option.to_owned()),
                    FieldEntry::Value(_) => return None,
                };
            }
            schema::ASSIGNEES => {
                opening.assignees.insert(key.parse::<MemberId>().ok()?);
            }
            _ => {}
        }
    }
    Some(opening)
}

/// What is put into the maps of the root: name of the map, key, value.
fn entries(ops: &[Op]) -> impl Iterator<Item = (&str, &str, &Scalar)> {
    let made = |op: &Op| (op.object == Object::Root).then_some(Object::Made(op.id));
    let maps: BTreeMap<Object, &str> = ops
        .iter()
        .filter_map(|op| match &op.key {
            Key::Map(name) => Some((made(op)?, name.as_str())),
            Key::Head | Key::Element(_) => None,
        })
        .collect();
    ops.iter().filter_map(move |op| match (&op.key, &op.deed) {
        (Key::Map(key), Deed::Put(value)) => {
            Some((maps.get(&op.object).copied()?, key.as_str(), value))
        }
        (_, _) => None,
    })
}

fn scalars(opening: &Opening) -> [Scalar; schema::ROOT_SCALARS.len()] {
    [
        Scalar::text(schema::CASE_KIND),
        Scalar::Int(schema::CASE_VERSION),
        Scalar::Text(opening.template.to_string()),
        Scalar::text(&opening.number),
        Scalar::text(&opening.title),
        Scalar::text(&opening.stage),
        member_scalar(opening.owner),
        Scalar::Null,
        Scalar::Null,
        Scalar::Null,
        Scalar::Null,
    ]
}

fn check(opening: &Opening) -> Result<(), ActError> {
    bounds::check_line("title", &opening.title, bounds::MAX_TITLE_BYTES)?;
    bounds::check_line("number", &opening.number, bounds::MAX_NUMBER_BYTES)?;
    bounds::check_slug("stage", &opening.stage)?;
    let (count, max) = (opening.assignees.len(), bounds::MAX_LISTED);
    if count > max {
        return Err(ActError::TooMany {
            what: "assignees",
            count,
            max,
        });
    }
    for (field, entry) in &opening.fields {
        bounds::check_slug("field", field)?;
        match entry {
            FieldEntry::Value(value) => check_field_value(field, value)?,
            FieldEntry::Options(options) if options.is_empty() => {
                return Err(ActError::WrongValue {
                    what: format!("field {field:?}"),
                    problem: "no option is given; leave the field out",
                });
            }
            FieldEntry::Options(_) => {}
        }
    }
    Ok(())
}
