//! Templates: what kinds of cases there are, and publishing them.

use std::collections::BTreeSet;
use std::sync::Arc;

use casework_engine::replica::Replica;
use casework_engine::template::{Package, Revision};
use casework_protocol::ids::{DocumentId, RevisionId};
use serde::Serialize;

use super::Workspace;
use crate::error::{Error, every_fault};
use crate::moment;

/// A template as people see one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TemplateView {
    /// Its document.
    pub document: DocumentId,
    /// The revision that new work uses.
    pub revision: RevisionId,
    /// The other revisions that were published at the same time; publishing again settles it.
    pub contested: BTreeSet<RevisionId>,
    /// Name, key, stages, fields and rules.
    pub package: Package,
}

/// What an import of a template did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "did")]
pub enum TemplateImport {
    /// A new template.
    Opened {
        /// Its document.
        document: DocumentId,
        /// Its revision.
        revision: RevisionId,
    },
    /// A new revision of a template that was there.
    Published {
        /// Its document.
        document: DocumentId,
        /// Its new revision.
        revision: RevisionId,
    },
    /// Nothing: exactly this revision is current already.
    Unchanged {
        /// Its document.
        document: DocumentId,
        /// Its revision.
        revision: RevisionId,
    },
}

impl TemplateImport {
    /// The template's document.
    #[must_use]
    pub const fn document(self) -> DocumentId {
        match self {
            Self::Opened { document, .. }
            | Self::Published { document, .. }
            | Self::Unchanged { document, .. } => document,
        }
    }

    /// The current revision.
    #[must_use]
    pub const fn revision(self) -> RevisionId {
        match self {
            Self::Opened { revision, .. }
            | Self::Published { revision, .. }
            | Self::Unchanged { revision, .. } => revision,
        }
    }
}

impl Workspace {
    /// Every template that has a revision, by name.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store fails.
    pub fn templates(&self) -> Result<Vec<TemplateView>, Error> {
        self.read(templates)
    }

    /// One template.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is not here or has no revision.
    pub fn template(&self, document: DocumentId) -> Result<TemplateView, Error> {
        self.read(|replica| template(replica, document))
    }

    /// The current revision of a template, for whoever checks values or draws boards.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is not here or has no revision.
    pub fn revision(&self, document: DocumentId) -> Result<Arc<Revision>, Error> {
        self.read(|replica| revision(replica, document))
    }

    /// Opens a template from a package, or publishes a new revision of the one with its key.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault of the package; [`Error::Denied`] without `publish`.
    pub fn import_template(&self, package: Package) -> Result<TemplateImport, Error> {
        let published = package
            .publish()
            .map_err(|faults| Error::Invalid(every_fault(&faults)))?;
        let now = moment::now()?;
        let import = self.write(|replica| {
            let key = &published.package().key;
            let known = templates(replica)?
                .into_iter()
                .find(|known| known.package.key == *key);
            let same = |known: &TemplateView| {
                known.contested.is_empty() && known.package == published.package().draftable()
            };
            Ok(match known {
                Some(known) if same(&known) => TemplateImport::Unchanged {
                    document: known.document,
                    revision: known.revision,
                },
                Some(TemplateView { document, .. }) => {
                    replica.publish(document, published, &now)?;
                    let revision = revision(replica, document)?.id();
                    TemplateImport::Published { document, revision }
                }
                None => {
                    let document = replica.open_template(published, &now)?.document;
                    let revision = revision(replica, document)?.id();
                    TemplateImport::Opened { document, revision }
                }
            })
        })?;
        self.write_to([import.document()], |_| Ok(()))?;
        Ok(import)
    }

    /// The package of a template as it is now, ready to be written as TOML or JSON.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is not here or has no revision.
    pub fn export_template(&self, document: DocumentId) -> Result<Package, Error> {
        Ok(self.template(document)?.package)
    }
}

pub(super) fn templates(replica: &mut Replica) -> Result<Vec<TemplateView>, Error> {
    let mut found = Vec::new();
    for document in replica.templates()? {
        if replica.current_revision(document).is_some() {
            found.push(template(replica, document)?);
        }
    }
    found.sort_by(|a, b| (&a.package.name, a.document).cmp(&(&b.package.name, b.document)));
    Ok(found)
}

pub(super) fn template(replica: &mut Replica, document: DocumentId) -> Result<TemplateView, Error> {
    let revision = revision(replica, document)?;
    Ok(TemplateView {
        document,
        revision: revision.id(),
        contested: replica.contested_revisions(document)?,
        package: revision.package().draftable(),
    })
}

pub(super) fn revision(replica: &Replica, document: DocumentId) -> Result<Arc<Revision>, Error> {
    replica.current_revision(document).ok_or_else(|| {
        Error::Invalid(format!(
            "there is no published template {document} on this device"
        ))
    })
}
