//! Documents with their versions: which number each has, and which one counts.
//!
//! The number of a version is one more than the highest it builds on; versions of one number are
//! parallel and have letters (3a, 3b) in the order of their creation. The current version is the
//! one that nothing builds on; of several the chosen one, and while none is chosen over all the
//! others the document is contested.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::facet::{Contest, ContestSide, FacetView};
use super::reader::{Reader, boolean, text, text_or_null};
use super::record::{Record, read_records, redaction};
use super::side::{OriginRef, Slot};
use crate::case::facet::document::{
    self as keys, DocumentAction, FileMark, VersionStatus, read_choice,
};
use crate::case::{CaseAction, PartId, Place, Shelf};
use crate::value::Scalar;

/// The documents of a case, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Documents(pub BTreeMap<PartId, DocumentView>);

/// A document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentView {
    /// What people call it; nothing once it is redacted.
    pub name: Slot<String>,
    /// The id of a document type of the template, or a word.
    pub kind: String,
    /// Why its name and those of its files are no longer shown.
    pub redacted: Option<String>,
    /// Whether it was withdrawn.
    pub withdrawn: Slot<bool>,
    /// The version chosen among parallel ones and those it was chosen over, as it is written.
    pub chosen: Slot<Option<String>>,
    /// Its versions, by id.
    pub versions: BTreeMap<PartId, VersionView>,
    /// The version that counts: one, or several while that is contested.
    pub current: BTreeSet<PartId>,
    /// Place in the order of creation; ties go by id.
    pub position: u64,
    /// Who added it.
    pub created: OriginRef,
}

/// A version of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionView {
    /// How people name it: `3`, or `3a` beside `3b`.
    pub label: String,
    /// Its number, from 1.
    pub number: u32,
    /// The versions it builds on.
    pub parents: BTreeSet<PartId>,
    /// The file.
    pub file: FileMark,
    /// Where it stands.
    pub status: Slot<VersionStatus>,
    /// Place in the order of creation; ties go by id.
    pub position: u64,
    /// Who added it.
    pub created: OriginRef,
}

impl Documents {
    /// The documents in the order of their creation.
    #[must_use]
    pub fn in_order(&self) -> Vec<(PartId, &DocumentView)> {
        let mut documents: Vec<_> = self.0.iter().map(|(id, one)| (*id, one)).collect();
        documents.sort_by_key(|(id, one)| (one.position, *id));
        documents
    }
}

impl DocumentView {
    /// Whether it is not known which of its versions counts.
    #[must_use]
    pub fn is_parallel(&self) -> bool {
        self.current.len() > 1
    }

    /// The version that counts, if that is known.
    #[must_use]
    pub fn current_version(&self) -> Option<(PartId, &VersionView)> {
        let mut current = self.current.iter();
        let only = current.next().filter(|_| self.current.len() == 1)?;
        self.versions.get(only).map(|version| (*only, version))
    }

    /// The contest between parallel versions: each side is settled by choosing it.
    fn parallel(&self, id: PartId) -> Option<Contest> {
        let side = |version: &PartId| {
            let view = self.versions.get(version)?;
            Some(ContestSide {
                value: Scalar::Text(version.to_string()),
                words: Some(format!("version {} ({})", view.label, view.file.name)),
                by: view.created,
                settled_by: Some(CaseAction::from(DocumentAction::Choose {
                    document: id,
                    version: *version,
                    over: BTreeSet::new(),
                })),
            })
        };
        self.is_parallel().then(|| Contest {
            place: Place::RecordPart(Shelf::Documents, id.to_string(), keys::CHOSEN.to_owned()),
            label: format!("version of document {:?}", self.name.value()),
            sides: self.current.iter().filter_map(side).collect(),
        })
    }

    /// The versions in the order of their numbers and creation.
    #[must_use]
    pub fn in_order(&self) -> Vec<(PartId, &VersionView)> {
        let mut versions: Vec<_> = self.versions.iter().map(|(id, one)| (*id, one)).collect();
        versions.sort_by_key(|(id, one)| (one.number, one.position, *id));
        versions
    }
}

impl FacetView for Documents {
    const SHELVES: &'static [Shelf] = &[Shelf::Documents, Shelf::Versions];

    fn read(reader: &mut Reader<'_>) -> Self {
        let mut documents: BTreeMap<PartId, DocumentView> = BTreeMap::new();
        for mut record in read_records(reader, Shelf::Documents) {
            let id = record.key.parse().ok();
            let view = read_document(reader, &mut record);
            documents.extend(id.zip(view));
        }
        for mut record in read_records(reader, Shelf::Versions) {
            let owner = record.text(keys::DOCUMENT).and_then(|id| id.parse().ok());
            let owner = owner.and_then(|id: PartId| documents.get_mut(&id));
            let (Some(owner), Ok(id)) = (owner, record.key.parse()) else {
                continue;
            };
            let mut version = read_version(reader, &mut record);
            if let (Some(version), true) = (&mut version, owner.redacted.is_some()) {
                version.file.name.clear();
            }
            owner.versions.extend(version.map(|version| (id, version)));
        }
        for document in documents.values_mut() {
            number(&mut document.versions);
            document.current = current(document);
        }
        Self(documents)
    }

    fn visit(&mut self, visit: &mut dyn FnMut(&mut OriginRef)) {
        for document in self.0.values_mut() {
            visit(&mut document.created);
            document.name.visit(visit);
            document.withdrawn.visit(visit);
            document.chosen.visit(visit);
            for version in document.versions.values_mut() {
                visit(&mut version.created);
                version.status.visit(visit);
            }
        }
    }

    fn contests(&self, tell: &mut dyn FnMut(Contest)) {
        for (id, document) in &self.0 {
            let name = document.name.value();
            let at = |part| (Shelf::Documents, id.to_string(), part);
            let contest = |part, what: &str| (at(part), format!("{what} of document {name:?}"));
            let (place, label) = contest(keys::NAME, "name");
            Contest::of(place, label, &document.name, |name| Scalar::text(name)).map(&mut *tell);
            let (place, label) = contest(keys::WITHDRAWN, "withdrawal");
            let withdrawn = |yes: &bool| Scalar::Bool(*yes);
            Contest::of(place, label, &document.withdrawn, withdrawn).map(&mut *tell);
            document.parallel(*id).map(&mut *tell);
            for (version, view) in &document.versions {
                let place = (Shelf::Versions, version.to_string(), keys::STATUS);
                let label = format!("status of {name:?}, version {}", view.label);
                let status = |status: &VersionStatus| Scalar::text(status.name());
                Contest::of(place, label, &view.status, status).map(&mut *tell);
            }
        }
    }
}

fn read_document(reader: &mut Reader<'_>, record: &mut Record) -> Option<DocumentView> {
    let redacted = redaction(reader, Shelf::Documents, &record.key);
    let name = if redacted.is_some() { hidden } else { text };
    Some(DocumentView {
        name: record.slot(reader, keys::NAME, name)?,
        redacted,
        kind: record.text(keys::TYPE)?,
        withdrawn: record.slot(reader, keys::WITHDRAWN, boolean)?,
        chosen: record.slot(reader, keys::CHOSEN, text_or_null)?,
        versions: BTreeMap::new(),
        current: BTreeSet::new(),
        position: record.position,
        created: record.created,
    })
}

/// A name that is not shown: all of them are the same nothing, so none contests another.
fn hidden(_: Scalar) -> Option<String> {
    Some(String::new())
}

fn read_version(reader: &mut Reader<'_>, record: &mut Record) -> Option<VersionView> {
    let parents = record.text(keys::PARENTS)?;
    let bytes = match record.value(keys::BYTES)? {
        Scalar::Int(bytes) => u64::try_from(bytes).ok()?,
        Scalar::Null | Scalar::Bool(_) | Scalar::Text(_) => return None,
    };
    Some(VersionView {
        label: String::new(),
        number: 0,
        parents: parents
            .split(' ')
            .filter_map(|id| id.parse().ok())
            .collect(),
        file: FileMark {
            name: record.text(keys::FILE)?,
            sha256: record.text(keys::SHA256)?,
            bytes,
            media: record.text(keys::MEDIA)?,
        },
        status: record.slot(reader, keys::STATUS, |value| {
            VersionStatus::from_name(value.as_text()?)
        })?,
        position: record.position,
        created: record.created,
    })
}

/// Gives every version its number and its letter. A version comes after those it builds on, so one
/// walk in the order of creation is enough, and a hostile circle ends there too.
fn number(versions: &mut BTreeMap<PartId, VersionView>) {
    let mut order: Vec<PartId> = versions.keys().copied().collect();
    order.sort_by_key(|id| (versions[id].position, *id));
    let mut numbered: BTreeMap<u32, Vec<PartId>> = BTreeMap::new();
    let mut numbers: BTreeMap<PartId, u32> = BTreeMap::new();
    for id in order {
        let below = versions[&id].parents.iter();
        let below = below.filter_map(|parent| numbers.get(parent)).max();
        let number = below.copied().unwrap_or_default() + 1;
        numbers.insert(id, number);
        numbered.entry(number).or_default().push(id);
    }
    for (number, ids) in numbered {
        let alone = ids.len() == 1;
        for (place, id) in ids.into_iter().enumerate() {
            let Some(version) = versions.get_mut(&id) else {
                continue;
            };
            version.number = number;
            version.label = if alone {
                number.to_string()
            } else {
                format!("{number}{}", letters(place))
            };
        }
    }
}

/// a, b, … z, aa, ab, …
fn letters(place: usize) -> String {
    let letter = char::from(b'a' + (place % 26) as u8);
    match place / 26 {
        0 => letter.to_string(),
        more => format!("{}{letter}", letters(more - 1)),
    }
}

fn current(document: &DocumentView) -> BTreeSet<PartId> {
    let versions = &document.versions;
    let below: BTreeSet<PartId> = versions
        .values()
        .flat_map(|version| version.parents.iter().copied())
        .collect();
    let newest: BTreeSet<PartId> = versions
        .keys()
        .filter(|id| !below.contains(id))
        .copied()
        .collect();
    // A choice holds against those it was made over. A version that came beside it is parallel
    // again, and so are the choices of two people who did not know of each other.
    let mut set_aside = BTreeSet::new();
    let mut chosen = BTreeSet::new();
    for side in document.chosen.sides() {
        let value = side.value.as_ref().map(Scalar::text);
        if let Some((version, over)) = value.as_ref().and_then(read_choice)
            && newest.contains(&version)
        {
            chosen.insert(version);
            set_aside.extend(over);
        }
    }
    newest
        .into_iter()
        .filter(|id| chosen.contains(id) || !set_aside.contains(id))
        .collect()
}
