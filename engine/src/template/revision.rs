//! A published template: checked, immutable, named by the hash of its canonical bytes.
//!
//! The canonical bytes are the package as compact JSON in the field order of `package.rs`, without
//! what says nothing. Proof type: whoever holds a [`Revision`] holds a package without faults.

mod moves;

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::digest::{Tag, digest};
use casework_protocol::ids::RevisionId;

use super::approval::ApprovalType;
use super::calendar::Calendar;
use super::document_type::DocumentType;
use super::fault::{Fault, TemplateFault};
use super::field::Field;
use super::flow::Flow;
use super::limits::{MAX_PACKAGE_BYTES, MAX_SUPERSEDED};
use super::package::{DecisionType, Outcome, Package};
use super::stage::Stage;
use crate::clock::WorkingTime;

/// An immutable published template.
#[derive(Clone)]
pub struct Revision {
    id: RevisionId,
    package: Package,
    bytes: Vec<u8>,
    stages: BTreeMap<String, usize>,
    fields: BTreeMap<String, usize>,
    flow: Flow,
    /// Option that was → option that is, by field.
    options: BTreeMap<String, BTreeMap<String, String>>,
    calendars: BTreeMap<String, WorkingTime>,
    around_the_clock: WorkingTime,
}

/// Bytes that are not a revision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RevisionError {
    /// More bytes than any package has. Not made by this software.
    #[error("the revision has {bytes} bytes and may have {max}")]
    TooLarge {
        /// How many.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// The bytes cannot be read, perhaps because a newer version wrote them. Update.
    #[error("the revision cannot be read by this version: {problem}")]
    Unreadable {
        /// Where and why.
        problem: String,
    },
    /// The same package would have other bytes here, and so another name. Not made by this
    /// software.
    #[error("the revision {id} is not in its canonical form")]
    NotCanonical {
        /// The name of the bytes.
        id: RevisionId,
    },
    /// The package has faults. Not published by this software.
    #[error("the revision {id} has a fault: {first}")]
    Faulty {
        /// The name of the bytes.
        id: RevisionId,
        /// The first fault.
        #[source]
        first: Box<TemplateFault>,
    },
}

impl Package {
    /// Publishes the package: the only way to a [`Revision`] besides reading a published one.
    ///
    /// # Errors
    /// Every fault of the package, each with its place and what to do.
    pub fn publish(self) -> Result<Revision, Vec<TemplateFault>> {
        let mut faults = self.faults();
        if !faults.is_empty() {
            return Err(faults);
        }
        let bytes = self.canonical_bytes();
        if bytes.len() > MAX_PACKAGE_BYTES {
            let fault = Fault::TooLarge {
                bytes: bytes.len(),
                max: MAX_PACKAGE_BYTES,
            };
            faults.push(TemplateFault {
                at: "package".to_owned(),
                fault,
            });
            return Err(faults);
        }
        Ok(Revision::index(self, bytes))
    }

    fn canonical_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a package holds only what JSON can say")
    }
}

impl Revision {
    /// Reads the canonical bytes of a published revision, whoever sent them.
    ///
    /// # Errors
    /// [`RevisionError`]; an unreadable one may come from a newer version and is worth keeping.
    pub fn decode(bytes: &[u8]) -> Result<Self, RevisionError> {
        if bytes.len() > MAX_PACKAGE_BYTES {
            return Err(RevisionError::TooLarge {
                bytes: bytes.len(),
                max: MAX_PACKAGE_BYTES,
            });
        }
        // As text, like every other JSON: reading bytes would be a second copy of the whole reader.
        let text = core::str::from_utf8(bytes).map_err(|error| RevisionError::Unreadable {
            problem: error.to_string(),
        })?;
        let package: Package =
            serde_json::from_str(text).map_err(|error| RevisionError::Unreadable {
                problem: error.to_string(),
            })?;
        let id = Self::name(bytes);
        if package.canonical_bytes() != bytes {
            return Err(RevisionError::NotCanonical { id });
        }
        package
            .publish()
            .map_err(|faults| match faults.into_iter().next() {
                Some(first) => RevisionError::Faulty {
                    id,
                    first: Box::new(first),
                },
                None => RevisionError::NotCanonical { id },
            })
    }

    /// The name of canonical bytes.
    #[must_use]
    pub fn name(bytes: &[u8]) -> RevisionId {
        RevisionId::new(digest(Tag::Revision, &[bytes]))
    }

    /// The hash of the canonical bytes.
    #[must_use]
    pub const fn id(&self) -> RevisionId {
        self.id
    }

    /// The canonical bytes: JSON, at most [`MAX_PACKAGE_BYTES`].
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What was published.
    #[must_use]
    pub const fn package(&self) -> &Package {
        &self.package
    }

    /// The stages in their order.
    #[must_use]
    pub fn stages(&self) -> &[Stage] {
        &self.package.stages
    }

    /// The fields in their order.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.package.fields
    }

    /// The revisions that this one took the place of; none for a first one.
    #[must_use]
    pub fn supersedes(&self) -> &[RevisionId] {
        &self.package.supersedes
    }

    /// The same package as a revision that takes the place of others.
    #[must_use]
    pub fn superseding(&self, others: impl IntoIterator<Item = RevisionId>) -> Self {
        let mut package = self.package.clone();
        let others: BTreeSet<RevisionId> = others.into_iter().collect();
        package.supersedes = others.into_iter().take(MAX_SUPERSEDED).collect();
        let bytes = package.canonical_bytes();
        Self::index(package, bytes)
    }

    /// Whether it says the same as another one, whatever they take the place of.
    #[must_use]
    pub fn says_as(&self, other: &Self) -> bool {
        self.package.draftable() == other.package.draftable()
    }

    /// The stage in which a case is shown that stands in this one: itself, or where it is mapped.
    #[must_use]
    pub fn placed<'s>(&'s self, stage: &'s str) -> &'s str {
        self.stage(stage).map_or(stage, |stage| stage.id.as_str())
    }

    /// The option that is shown for one that a case has: itself, or where it is mapped.
    #[must_use]
    pub fn chosen<'s>(&'s self, field: &str, option: &'s str) -> &'s str {
        let mapped = self.options.get(field).and_then(|map| map.get(option));
        mapped.map_or(option, String::as_str)
    }

    /// The fields that were, and whose values this field shows while it has none itself.
    pub fn formerly<'s>(&'s self, field: &'s str) -> impl Iterator<Item = &'s str> {
        let maps = self.package.mappings.field.iter();
        maps.filter(move |(_, now)| *now == field)
            .map(|(was, _)| was.as_str())
    }

    /// Whether a field had this id that was mapped to another one.
    #[must_use]
    pub fn was_field(&self, id: &str) -> bool {
        self.package.mappings.field.contains_key(id)
    }

    /// A stage by its id, or by one that is mapped to it.
    #[must_use]
    pub fn stage(&self, id: &str) -> Option<&Stage> {
        self.stages
            .get(id)
            .map(|&index| &self.package.stages[index])
    }

    /// A stage's place in the order, from 0.
    #[must_use]
    pub fn stage_position(&self, id: &str) -> Option<usize> {
        self.stages.get(id).copied()
    }

    /// A field by its id. A field that was is not found by its old one: its values are read where
    /// they are, by [`Self::formerly`].
    #[must_use]
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.fields
            .get(id)
            .map(|&index| &self.package.fields[index])
    }

    /// A decision type by its id.
    #[must_use]
    pub fn decision_type(&self, id: &str) -> Option<&DecisionType> {
        self.package
            .decision_types
            .iter()
            .find(|kind| kind.id == id)
    }

    /// A resolution by its code.
    #[must_use]
    pub fn resolution(&self, id: &str) -> Option<&Outcome> {
        self.package
            .resolutions
            .iter()
            .find(|outcome| outcome.id == id)
    }

    /// A document type by its id.
    #[must_use]
    pub fn document_type(&self, id: &str) -> Option<&DocumentType> {
        let types = &self.package.document_types;
        types.iter().find(|kind| kind.id == id)
    }

    /// A kind of approval by its id.
    #[must_use]
    pub fn approval_type(&self, id: &str) -> Option<&ApprovalType> {
        self.package.approvals.iter().find(|kind| kind.id == id)
    }

    /// Whether any act may set something off: an automation, or the tasks of a stage.
    #[must_use]
    pub fn has_automations(&self) -> bool {
        let stages = &self.package.stages;
        self.package.automations.iter().any(|rule| !rule.disabled)
            || stages.iter().any(|stage| !stage.tasks.is_empty())
    }

    /// Where a new case stands: the first primary intake stage, else the first primary active one,
    /// else the first of either kind.
    #[must_use]
    pub fn first_stage(&self) -> &Stage {
        self.package
            .first_stage()
            .expect("a published package has a start")
    }

    /// The calendar of this id; for an empty or unknown one the template's first, and in a template
    /// without calendars one that never closes, in UTC.
    #[must_use]
    pub fn working_time(&self, id: &str) -> &WorkingTime {
        let known = self.calendars.get(id);
        known
            .or_else(|| self.first_working_time())
            .unwrap_or(&self.around_the_clock)
    }

    /// The template's first calendar, if it has any.
    #[must_use]
    pub fn first_working_time(&self) -> Option<&WorkingTime> {
        self.calendars.get(&self.package.calendars.first()?.id)
    }

    fn index(package: Package, bytes: Vec<u8>) -> Self {
        let index = |ids: Vec<&String>| {
            ids.into_iter()
                .enumerate()
                .map(|(at, id)| (id.clone(), at))
                .collect()
        };
        let mut stages: BTreeMap<String, usize> =
            index(package.stages.iter().map(|stage| &stage.id).collect());
        for (was, now) in &package.mappings.stage {
            if let Some(at) = stages.get(now).copied() {
                stages.entry(was.clone()).or_insert(at);
            }
        }
        let mut options: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for (key, now) in &package.mappings.option {
            if let Some((field, was)) = key.split_once('/') {
                let field = options.entry(field.to_owned()).or_default();
                field.insert(was.to_owned(), now.clone());
            }
        }
        Self {
            id: Self::name(&bytes),
            stages,
            options,
            fields: index(package.fields.iter().map(|field| &field.id).collect()),
            flow: Flow::new(&package),
            calendars: package.calendars.iter().filter_map(ready).collect(),
            around_the_clock: WorkingTime::around_the_clock(),
            package,
            bytes,
        }
    }
}

/// A calendar by its id, ready to be reckoned with.
fn ready(calendar: &Calendar) -> Option<(String, WorkingTime)> {
    Some((calendar.id.clone(), WorkingTime::of(calendar)?))
}

/// Two revisions are equal when their names are.
impl PartialEq for Revision {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Revision {}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Revision({} {:?})", self.id.short(), self.package.name)
    }
}
