//! Documents with their versions, from the deeds and the graph alone.

use std::collections::{BTreeMap, BTreeSet};

use casework_engine::case::facet::document::{CHOSEN, DocumentAction, NAME, STATUS, WITHDRAWN};
use casework_engine::case::facet::redaction::RedactionAction;
use casework_engine::case::{CaseAction, FacetAction, PartId, Place, Shelf};
use casework_engine::view::DocumentView;

use crate::oracle::register::{Register, begins, says};
use crate::oracle::{Known, Told};

/// A version as it was added: its document and those it builds on.
struct Version {
    document: PartId,
    parents: BTreeSet<PartId>,
}

fn paper_of(action: &CaseAction) -> Option<&DocumentAction> {
    match action {
        CaseAction::Facet(FacetAction::Document(action)) => Some(action),
        _ => None,
    }
}

/// Checks every document.
pub(super) fn check(told: &Told<'_>, contested: &mut BTreeSet<Place>) {
    let versions = versions(told);
    let documents = &told.view.facets.documents.0;
    let added: BTreeSet<PartId> = versions.values().map(|version| version.document).collect();
    told.same("documents", &documents.keys().copied().collect(), &added);
    for (id, document) in documents {
        check_document(told, (*id, document), contested);
        let own: BTreeMap<PartId, &BTreeSet<PartId>> = versions
            .iter()
            .filter(|(_, version)| version.document == *id)
            .map(|(version, one)| (*version, &one.parents))
            .collect();
        check_versions(told, (*id, document), &own, contested);
    }
}

/// Every version with its parents: where none are named, all newest ones that its author could see.
fn versions(told: &Told<'_>) -> BTreeMap<PartId, Version> {
    let mut found: BTreeMap<PartId, Version> = BTreeMap::new();
    let mut made = BTreeMap::new();
    for known in &told.known {
        let (document, id, named) = match paper_of(known.action()) {
            Some(DocumentAction::Add { id, version, .. }) => (*id, *version, None),
            Some(DocumentAction::AddVersion {
                document,
                id,
                parents,
                ..
            }) => (*document, *id, Some(parents)),
            _ => continue,
        };
        let parents = match named {
            None => BTreeSet::new(),
            Some(parents) if !parents.is_empty() => parents.clone(),
            Some(_) => {
                let seen = |id: &PartId| known.past.contains(&made[id]);
                let of_it = found
                    .iter()
                    .filter(|(id, one)| one.document == document && seen(id));
                let there: BTreeMap<PartId, &BTreeSet<PartId>> =
                    of_it.map(|(id, one)| (*id, &one.parents)).collect();
                newest(&there)
            }
        };
        made.insert(id, known.hash);
        found.insert(id, Version { document, parents });
    }
    found
}

/// Those that nothing builds on.
fn newest(versions: &BTreeMap<PartId, &BTreeSet<PartId>>) -> BTreeSet<PartId> {
    let below = |id: &PartId| versions.values().any(|parents| parents.contains(id));
    versions.keys().filter(|id| !below(id)).copied().collect()
}

fn check_document(
    told: &Told<'_>,
    (id, document): (PartId, &DocumentView),
    contested: &mut BTreeSet<Place>,
) {
    let at = |part: &str| Place::RecordPart(Shelf::Documents, id.to_string(), part.to_owned());
    let hides = FacetAction::Redaction(RedactionAction::Document { document: id });
    let hidden = told.known.iter().any(|k| k.facet() == Some(&hides));
    told.same(
        "redaction of a document",
        &document.redacted.is_some(),
        &hidden,
    );
    if hidden {
        assert!(
            document.name.value().is_empty(),
            "{}",
            told.at("name of a redacted document")
        );
    } else {
        let name = Register::new(at(NAME), &document.name, Clone::clone);
        told.check_register(&name, contested, |known| match paper_of(known.action())? {
            DocumentAction::Add { id: of, name, .. } if *of == id => begins(name),
            DocumentAction::Rename { document, name } if *document == id => says(name),
            _ => None,
        });
    }
    let withdrawn = Register::new(at(WITHDRAWN), &document.withdrawn, ToString::to_string);
    told.check_register(&withdrawn, contested, |known| {
        match paper_of(known.action())? {
            DocumentAction::Add { id: of, .. } if *of == id => begins(false),
            DocumentAction::Withdraw { document } if *document == id => says(true),
            DocumentAction::Reinstate { document } if *document == id => says(false),
            _ => None,
        }
    });
}

fn check_versions(
    told: &Told<'_>,
    (id, document): (PartId, &DocumentView),
    own: &BTreeMap<PartId, &BTreeSet<PartId>>,
    contested: &mut BTreeSet<Place>,
) {
    let seen: BTreeMap<PartId, &BTreeSet<PartId>> = document
        .versions
        .iter()
        .map(|(version, one)| (*version, &one.parents))
        .collect();
    told.same("versions", &seen, own);
    for (version, one) in &document.versions {
        let place = Place::RecordPart(Shelf::Versions, version.to_string(), STATUS.to_owned());
        let register = Register::new(place, &one.status, |status| status.name().to_owned());
        told.check_register(&register, contested, |known| {
            match paper_of(known.action())? {
                DocumentAction::Add { version: of, .. } if of == version => begins("draft"),
                DocumentAction::AddVersion { id: of, .. } if of == version => begins("draft"),
                DocumentAction::SetStatus {
                    version: of,
                    status,
                } if of == version => says(status.name()),
                _ => None,
            }
        });
        let below = one
            .parents
            .iter()
            .map(|parent| document.versions[parent].number);
        told.same(
            "number of a version",
            &one.number,
            &(below.max().unwrap_or(0) + 1),
        );
    }
    let newest = newest(own);
    let (mut chosen, mut aside) = (BTreeSet::new(), BTreeSet::new());
    for (version, over) in choices(told, id, own) {
        if newest.contains(&version) {
            chosen.insert(version);
            aside.extend(over);
        }
    }
    let stands = |one: &&PartId| chosen.contains(*one) || !aside.contains(*one);
    let current: BTreeSet<PartId> = newest.iter().filter(stands).copied().collect();
    told.same("current version", &document.current, &current);
    if current.len() > 1 {
        let place = Place::RecordPart(Shelf::Documents, id.to_string(), CHOSEN.to_owned());
        contested.insert(place);
    }
}

/// The choices that no later chooser had seen, each with the newest ones it was made over.
fn choices(
    told: &Told<'_>,
    id: PartId,
    own: &BTreeMap<PartId, &BTreeSet<PartId>>,
) -> Vec<(PartId, BTreeSet<PartId>)> {
    let choice = |k: &Known<'_>| match paper_of(k.action()) {
        Some(DocumentAction::Choose {
            document,
            version,
            over,
        }) if *document == id => Some((*version, over.clone())),
        _ => None,
    };
    let made: Vec<&Known<'_>> = told.known.iter().filter(|k| choice(k).is_some()).collect();
    let unseen = |k: &&&Known<'_>| !made.iter().any(|other| other.past.contains(&k.hash));
    let standing = made.iter().filter(unseen);
    let with_over = standing.filter_map(|k| {
        let (version, over) = choice(k)?;
        if !over.is_empty() {
            return Some((version, over));
        }
        let known = told.known.iter().filter(|one| k.past.contains(&one.hash));
        let ids = known.filter_map(|one| match paper_of(one.action())? {
            DocumentAction::Add { version, .. } => Some(*version),
            DocumentAction::AddVersion { id, .. } => Some(*id),
            _ => None,
        });
        let there: BTreeMap<PartId, &BTreeSet<PartId>> =
            ids.filter_map(|id| Some((id, *own.get(&id)?))).collect();
        let mut over = newest(&there);
        over.remove(&version);
        Some((version, over))
    });
    with_over.collect()
}
