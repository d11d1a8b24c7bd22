//! Where cases go whose stage, field or option is no longer in a template.
//!
//! Nothing is rewritten: a case keeps what its changes say, and every view, board and condition
//! shows it in the mapped place. A mapping names what is there now, never another mapping, so a
//! later revision that takes the target away carries both to a new one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fault::{Fault, Faults};
use super::limits::{MAX_FIELDS, MAX_MAPPINGS, MAX_STAGES};
use super::package::Package;
use super::publish::{limit, slug};
use super::revision::Revision;
use crate::value::text::cut;

/// What became of stages, fields and options that earlier revisions had.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Mappings {
    /// Stage that was → stage that is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stage: BTreeMap<String, String>,
    /// Field that was → field of the same type that is, or `""` when its values are only kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub field: BTreeMap<String, String>,
    /// Field and option that was (`"kind/noise"`) → option of that field that is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub option: BTreeMap<String, String>,
}

/// Something that a revision takes away without saying where its cases go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error(
    "the {kind} {id:?} is gone and cases may have it; keep it with disabled = true, or say where \
     they go: mappings.{kind}.{id:?} = \"…\""
)]
pub struct Unmapped {
    /// `stage`, `field` or `option`.
    pub kind: &'static str,
    /// What it was called; of an option, with its field: `kind/noise`.
    pub id: String,
}

impl Mappings {
    /// Whether nothing is mapped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stage.is_empty() && self.field.is_empty() && self.option.is_empty()
    }
}

/// What `next` takes away from `before` without a mapping, in the order of the template.
#[must_use]
pub fn unmapped(before: &Revision, next: &Package) -> Vec<Unmapped> {
    let mut found = Vec::new();
    let mut miss = |kind, id: &str| {
        found.push(Unmapped {
            kind,
            id: id.to_owned(),
        });
    };
    let maps = &next.mappings;
    let was = &before.package().mappings;
    let stages = before.stages().iter().map(|stage| &stage.id);
    for id in stages.chain(was.stage.keys()) {
        let there = next.stages.iter().any(|stage| stage.id == *id);
        if !there && !maps.stage.contains_key(id) {
            miss("stage", id);
        }
    }
    let fields = before.fields().iter().map(|field| &field.id);
    for id in fields.chain(was.field.keys()) {
        let there = next.fields.iter().any(|field| field.id == *id);
        if !there && !maps.field.contains_key(id) {
            miss("field", id);
        }
    }
    for field in before.fields() {
        let Some(same) = next.fields.iter().find(|same| same.id == field.id) else {
            continue;
        };
        for option in &field.options {
            let there = same.options.iter().any(|known| known.id == option.id);
            let key = option_key(&field.id, &option.id);
            if !there && !maps.option.contains_key(&key) {
                miss("option", &key);
            }
        }
    }
    for key in was
        .option
        .keys()
        .filter(|key| !maps.option.contains_key(*key))
    {
        let Some((id, option)) = key.split_once('/') else {
            continue;
        };
        let field = next.fields.iter().find(|field| field.id == id);
        let there = |field: &super::Field| field.options.iter().any(|known| known.id == option);
        if field.is_some_and(|field| !there(field)) {
            miss("option", key);
        }
    }
    found
}

/// The key of an option in [`Mappings::option`].
pub(super) fn option_key(field: &str, option: &str) -> String {
    format!("{field}/{option}")
}

/// Adds the faults of the mappings: from something that is still there, or to nothing.
pub(super) fn find_faults(package: &Package, faults: &mut Faults) {
    let maps = &package.mappings;
    for (what, count, max) in [
        ("mapped stages", maps.stage.len(), MAX_STAGES + MAX_MAPPINGS),
        ("mapped fields", maps.field.len(), MAX_FIELDS + MAX_MAPPINGS),
        ("mapped options", maps.option.len(), MAX_MAPPINGS),
    ] {
        limit("mappings", (what, count, max), faults);
    }
    for (old, new) in &maps.stage {
        let at = format!("mappings.stage.{:?}", cut(old));
        let known = |id: &str| package.stages.iter().any(|stage| stage.id == id);
        slug(&at, old, faults);
        if known(old) {
            faults.add(&at, Fault::MapsWhatIs { id: cut(old) });
        }
        if !known(new) {
            faults.add(&at, Fault::UnknownStage { id: cut(new) });
        }
    }
    for (old, new) in &maps.field {
        let at = format!("mappings.field.{:?}", cut(old));
        let known = |id: &str| package.fields.iter().any(|field| field.id == id);
        slug(&at, old, faults);
        if known(old) {
            faults.add(&at, Fault::MapsWhatIs { id: cut(old) });
        }
        if !new.is_empty() && !known(new) {
            faults.add(&at, Fault::UnknownField { id: cut(new) });
        }
    }
    for (key, new) in &maps.option {
        let at = format!("mappings.option.{:?}", cut(key));
        let (id, old) = key.split_once('/').unwrap_or((key, ""));
        slug(&at, old, faults);
        let Some(field) = package.fields.iter().find(|field| field.id == id) else {
            // Its field may be gone too; then nobody asks.
            continue;
        };
        let known = |id: &str| field.options.iter().any(|option| option.id == id);
        if known(old) {
            faults.add(&at, Fault::MapsWhatIs { id: cut(old) });
        }
        if !known(new) {
            faults.add(
                &at,
                Fault::UnknownOption {
                    id: cut(new),
                    field: cut(id),
                },
            );
        }
    }
}
