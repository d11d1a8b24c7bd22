//! Documents as records: a name, a type, and versions that build on each other.
//!
//! A version is a record of its own and never changes but for its status; it names the versions it
//! builds on. Two made from the same parent are parallel, and the current one is contested until
//! one is chosen or a later version builds on both. The bytes of a file are not here, only their
//! hash and size. An approval stays with the version that was approved, because a status is a
//! version's.

mod file;
mod version;

use std::collections::BTreeSet;

use casework_protocol::rights::Verb;
use serde::{Deserialize, Serialize};

use self::file::read_file;
pub use self::file::{FileMark, VersionStatus};
use self::version::{check_siblings, plan_version, read_ids};
pub use self::version::{newest_versions, read_choice};
use super::{Facet, Kinds};
use crate::case::action::{Act, CaseAction};
use crate::case::bounds::{self, MAX_LABEL_BYTES, MAX_TITLE_BYTES};
use crate::case::conform::list;
use crate::case::filled::is_filled;
use crate::case::kind::kinds;
use crate::case::ops::Op;
use crate::case::part::PartId;
use crate::case::past::Past;
use crate::case::place::Place;
use crate::case::record::Shelf;
use crate::case::refusal::ActError;
use crate::case::slots::record_objects;
use crate::case::step::Plan;
use crate::case::undo::{Undoing, facets as undo};
use crate::case::values::{first_put, makes, put_at, text};
use crate::template::{Revision, Today};
use crate::value::Scalar;

/// Document: what people call it.
pub const NAME: &str = "name";
/// Document: the id of a document type of the template, or a word.
pub const TYPE: &str = "type";
/// Document: whether it was withdrawn.
pub const WITHDRAWN: &str = "withdrawn";
/// Document: the version chosen among parallel ones and those it was chosen over, ids separated by
/// one space; null before.
pub const CHOSEN: &str = "chosen";
/// Version: the document it belongs to.
pub const DOCUMENT: &str = "document";
/// Version: ids of the versions it builds on, ascending, separated by one space.
pub const PARENTS: &str = "parents";
/// Version: the name of the file.
pub const FILE: &str = "file";
/// Version: SHA-256 of the file's bytes in lower-case hexadecimal digits.
pub const SHA256: &str = "sha256";
/// Version: how many bytes the file has.
pub const BYTES: &str = "bytes";
/// Version: the media type of the file.
pub const MEDIA: &str = "media";
/// Version: one of [`VersionStatus`].
pub const STATUS: &str = "status";

kinds! {
    /// What kind of action on a document a change is.
    enum DocumentKind {
        /// Adds a document.
        Add = "document.add",
        /// Adds a version.
        AddVersion = "document.version",
        /// Changes the status of a version.
        SetStatus = "document.status",
        /// Chooses among parallel versions.
        Choose = "document.choose",
        /// Gives a document another name.
        Rename = "document.rename",
        /// Withdraws a document.
        Withdraw = "document.withdraw",
        /// Brings a withdrawn document back.
        Reinstate = "document.reinstate",
    }
}

/// One thing done to a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentAction {
    /// Adds a document with its first version.
    Add {
        /// The new document.
        id: PartId,
        /// What people call it, one line.
        name: String,
        /// The id of a document type of the template, or a word.
        kind: String,
        /// Its first version.
        version: PartId,
        /// The file of that version.
        file: FileMark,
    },
    /// Adds a version.
    AddVersion {
        /// The document.
        document: PartId,
        /// The new version.
        id: PartId,
        /// The versions it builds on. Left empty by whoever asks: all newest ones that the author
        /// can see are filled in.
        #[serde(default)]
        parents: BTreeSet<PartId>,
        /// The file.
        file: FileMark,
    },
    /// Changes the status of a version.
    SetStatus {
        /// The version.
        version: PartId,
        /// What it is now.
        status: VersionStatus,
    },
    /// Chooses among parallel versions.
    Choose {
        /// The document.
        document: PartId,
        /// The version that holds.
        version: PartId,
        /// Those it is chosen over. Left empty by whoever asks: all other newest ones that the
        /// author can see are filled in.
        #[serde(default)]
        over: BTreeSet<PartId>,
    },
    /// Gives a document another name.
    Rename {
        /// The document.
        document: PartId,
        /// The new name, one line.
        name: String,
    },
    /// Withdraws a document; it stays, marked.
    Withdraw {
        /// The document.
        document: PartId,
    },
    /// Brings a withdrawn document back.
    Reinstate {
        /// The document.
        document: PartId,
    },
}

impl DocumentAction {
    /// What kind of action it is.
    #[must_use]
    pub const fn kind(&self) -> DocumentKind {
        match self {
            Self::Add { .. } => DocumentKind::Add,
            Self::AddVersion { .. } => DocumentKind::AddVersion,
            Self::SetStatus { .. } => DocumentKind::SetStatus,
            Self::Choose { .. } => DocumentKind::Choose,
            Self::Rename { .. } => DocumentKind::Rename,
            Self::Withdraw { .. } => DocumentKind::Withdraw,
            Self::Reinstate { .. } => DocumentKind::Reinstate,
        }
    }
}

impl Facet for DocumentAction {
    fn target(&self) -> Option<String> {
        Some(match self {
            Self::Add { id, .. } | Self::AddVersion { id, .. } => id.to_string(),
            Self::SetStatus { version, .. } => version.to_string(),
            Self::Choose { document, .. }
            | Self::Rename { document, .. }
            | Self::Withdraw { document }
            | Self::Reinstate { document } => document.to_string(),
        })
    }

    fn verb(&self, _past: &Past<'_>) -> Verb {
        Verb::Document
    }

    fn plan(&self, plan: &mut Plan, past: &Past<'_>, _act: &Act) -> Result<(), ActError> {
        match self {
            Self::Add {
                id,
                name,
                kind,
                version,
                file,
            } => {
                bounds::check_line("document's name", name, MAX_TITLE_BYTES)?;
                bounds::check_line("document type", kind, MAX_LABEL_BYTES)?;
                let values = [
                    (NAME, Scalar::text(name)),
                    (TYPE, Scalar::text(kind)),
                    (WITHDRAWN, Scalar::Bool(false)),
                    (CHOSEN, Scalar::Null),
                ];
                plan.make_record(past, (Shelf::Documents, &id.to_string()), values)?;
                plan_version(plan, past, (*id, *version), (&BTreeSet::new(), file))
            }
            Self::AddVersion {
                document,
                id,
                parents,
                file,
            } => {
                check_document(past, *document)?;
                check_siblings(past, *document, parents)?;
                plan_version(plan, past, (*document, *id), (parents, file))
            }
            Self::SetStatus { version, status } => {
                let record = (Shelf::Versions, &*version.to_string());
                plan.put_record(past, record, STATUS, Scalar::text(status.name()))
            }
            Self::Choose {
                document,
                version,
                over,
            } => {
                check_siblings(past, *document, &[*version].into())?;
                check_siblings(past, *document, over)?;
                let mut value = version.to_string();
                for id in over.iter().filter(|id| *id != version) {
                    value.push(' ');
                    value.push_str(&id.to_string());
                }
                plan_value(plan, past, *document, (CHOSEN, Scalar::Text(value)))
            }
            Self::Rename { document, name } => {
                bounds::check_line("document's name", name, MAX_TITLE_BYTES)?;
                plan_value(plan, past, *document, (NAME, Scalar::text(name)))
            }
            Self::Withdraw { document } => {
                plan_value(plan, past, *document, (WITHDRAWN, Scalar::Bool(true)))
            }
            Self::Reinstate { document } => {
                plan_value(plan, past, *document, (WITHDRAWN, Scalar::Bool(false)))
            }
        }
    }

    fn check(&self, past: &Past<'_>, revision: &Revision, _: &Today) -> Result<(), ActError> {
        if let Self::Add { kind, .. } = self {
            check_type(past, revision, kind)?;
        }
        if let Self::AddVersion { document, .. } = self {
            let key = document.to_string();
            let record = (Shelf::Documents, key.as_str());
            let withdrawn = crate::case::record::read_value(past, record, WITHDRAWN);
            if withdrawn == Some(Scalar::Bool(true)) {
                return Err(ActError::WrongValue {
                    what: format!("document {document}"),
                    problem: "it was withdrawn; reinstate it first",
                });
            }
        }
        Ok(())
    }

    fn fill_in(&mut self, past: &Past<'_>) {
        if let Self::AddVersion {
            document, parents, ..
        } = self
        {
            if parents.is_empty() {
                *parents = newest_versions(past, *document);
            }
        } else if let Self::Choose {
            document,
            version,
            over,
        } = self
            && over.is_empty()
        {
            *over = newest_versions(past, *document);
            over.remove(version);
        }
    }

    fn opposite(&self, undoing: &Undoing<'_>) -> Result<CaseAction, ActError> {
        undo::document(undoing, self)
    }
}

impl Kinds for DocumentKind {
    type Action = DocumentAction;

    fn read(self, on: Option<&str>, ops: &[Op]) -> Option<DocumentAction> {
        let on: PartId = on?.parse().ok()?;
        Some(match self {
            Self::Add => DocumentAction::Add {
                id: on,
                name: text(put_at(ops, NAME)?)?,
                kind: text(put_at(ops, TYPE)?)?,
                version: makes(ops).nth(1)?.parse().ok()?,
                file: read_file(ops)?,
            },
            Self::AddVersion => DocumentAction::AddVersion {
                document: text(put_at(ops, DOCUMENT)?)?.parse().ok()?,
                id: on,
                parents: read_ids(put_at(ops, PARENTS)?.as_text()?).collect(),
                file: read_file(ops)?,
            },
            Self::SetStatus => DocumentAction::SetStatus {
                version: on,
                status: VersionStatus::from_name(first_put(ops)?.1.as_text()?)?,
            },
            Self::Choose => {
                let (version, over) = read_choice(first_put(ops)?.1)?;
                DocumentAction::Choose {
                    document: on,
                    version,
                    over,
                }
            }
            Self::Rename => DocumentAction::Rename {
                document: on,
                name: text(first_put(ops)?.1)?,
            },
            Self::Withdraw => DocumentAction::Withdraw { document: on },
            Self::Reinstate => DocumentAction::Reinstate { document: on },
        })
    }

    fn place(self, on: Option<&str>) -> Option<Place> {
        let shelf = match self {
            Self::AddVersion | Self::SetStatus => Shelf::Versions,
            Self::Add | Self::Choose | Self::Rename | Self::Withdraw | Self::Reinstate => {
                Shelf::Documents
            }
        };
        Some(Place::Record(shelf, on?.to_owned()))
    }

    fn shown(self, on: Option<&str>) -> Option<Place> {
        let (shelf, part) = match self {
            Self::Add | Self::Rename => (Shelf::Documents, NAME),
            Self::Choose => (Shelf::Documents, CHOSEN),
            Self::Withdraw | Self::Reinstate => (Shelf::Documents, WITHDRAWN),
            Self::AddVersion => (Shelf::Versions, FILE),
            Self::SetStatus => (Shelf::Versions, STATUS),
        };
        Some(Place::RecordPart(shelf, on?.to_owned(), part.to_owned()))
    }
}

fn plan_value(
    plan: &mut Plan,
    past: &Past<'_>,
    document: PartId,
    (name, value): (&str, Scalar),
) -> Result<(), ActError> {
    let record = (Shelf::Documents, &*document.to_string());
    plan.put_record(past, record, name, value)
}

fn check_document(past: &Past<'_>, document: PartId) -> Result<(), ActError> {
    record_objects(past, Shelf::Documents, &document.to_string()).map(|_| ())
}

/// The type must be one of the template's, if it names any, and the fields it asks for filled.
fn check_type(past: &Past<'_>, revision: &Revision, kind: &str) -> Result<(), ActError> {
    let known = &revision.package().document_types;
    if known.is_empty() {
        return Ok(());
    }
    let Some(found) = known.iter().find(|known| known.id == kind) else {
        return Err(ActError::NotOffered {
            what: "document type",
            word: kind.chars().take(80).collect(),
            known: list(known.iter().map(|kind| kind.id.as_str())),
        });
    };
    let empty = |field: &&String| !is_filled(past, revision, field);
    let missing: Vec<&str> = found
        .required_fields
        .iter()
        .filter(empty)
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(ActError::FieldsFirst {
        what: found.label.clone(),
        missing: list(missing.into_iter()),
    })
}
