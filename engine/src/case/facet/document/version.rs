//! The versions of a document: what a new one records, which ones are the newest, which one was
//! chosen among parallel ones.

use std::collections::BTreeSet;

use super::file::{FileMark, VersionStatus, check_file};
use super::{BYTES, DOCUMENT, FILE, MEDIA, PARENTS, SHA256, STATUS};
use crate::case::bounds::MAX_LISTED;
use crate::case::part::PartId;
use crate::case::past::Past;
use crate::case::record::{Shelf, part_ids, read_text};
use crate::case::refusal::ActError;
use crate::case::step::Plan;
use crate::value::Scalar;

/// The versions of a document that no other one builds on, as this past sees them: one, or several
/// while they are parallel.
#[must_use]
pub fn newest_versions(past: &Past<'_>, document: PartId) -> BTreeSet<PartId> {
    let document = document.to_string();
    let (mut all, mut below) = (BTreeSet::new(), BTreeSet::new());
    for id in part_ids(past, Shelf::Versions) {
        let key = id.to_string();
        let record = (Shelf::Versions, key.as_str());
        if read_text(past, record, DOCUMENT).as_deref() == Some(&document) {
            all.insert(id);
            below.extend(read_ids(
                &read_text(past, record, PARENTS).unwrap_or_default(),
            ));
        }
    }
    all.difference(&below).copied().collect()
}

/// The version that was chosen, and those it was chosen over, from the value at [`CHOSEN`](super::CHOSEN).
#[must_use]
pub fn read_choice(value: &Scalar) -> Option<(PartId, BTreeSet<PartId>)> {
    let mut ids = value.as_text()?.split(' ');
    let chosen = ids.next()?.parse().ok()?;
    Some((
        chosen,
        ids.map(|id| id.parse().ok()).collect::<Option<_>>()?,
    ))
}

pub(super) fn plan_version(
    plan: &mut Plan,
    past: &Past<'_>,
    (document, id): (PartId, PartId),
    (parents, file): (&BTreeSet<PartId>, &FileMark),
) -> Result<(), ActError> {
    check_file(file)?;
    let parents: Vec<String> = parents.iter().map(PartId::to_string).collect();
    let values = [
        (DOCUMENT, Scalar::Text(document.to_string())),
        (PARENTS, Scalar::Text(parents.join(" "))),
        (FILE, Scalar::text(&file.name)),
        (SHA256, Scalar::text(&file.sha256)),
        (BYTES, Scalar::Int(file.bytes.cast_signed())),
        (MEDIA, Scalar::text(&file.media)),
        (STATUS, Scalar::text(VersionStatus::Draft.name())),
    ];
    plan.make_record(past, (Shelf::Versions, &id.to_string()), values)
}

/// These versions must belong to this document.
pub(super) fn check_siblings(
    past: &Past<'_>,
    document: PartId,
    versions: &BTreeSet<PartId>,
) -> Result<(), ActError> {
    let (count, max) = (versions.len(), MAX_LISTED);
    if count > max {
        let what = "versions";
        return Err(ActError::TooMany { what, count, max });
    }
    let owner = document.to_string();
    for id in versions {
        let key = id.to_string();
        if read_text(past, (Shelf::Versions, &key), DOCUMENT).as_deref() != Some(&owner) {
            return Err(ActError::UnknownPart {
                what: "version of that document",
                id: *id,
            });
        }
    }
    Ok(())
}

pub(super) fn read_ids(text: &str) -> impl Iterator<Item = PartId> {
    text.split(' ').filter_map(|id| id.parse().ok())
}
