//! Revisions of a template: drafts, what they change, what that does to cases, and merging what was
//! published at the same time.

use std::collections::BTreeMap;
use std::sync::Arc;

use casework_engine::case::PartId;
use casework_engine::replica::Impact;
use casework_engine::template::{Conflict, Difference, Package, Revision, differences};
use casework_engine::template_document::draft::{Draft, DraftAction};
use casework_protocol::ids::{DocumentId, RevisionId};
use serde::Serialize;
use serde_json::Value;

use super::Workspace;
use crate::error::Error;
use crate::moment;

/// A draft as people see one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DraftView {
    /// What was written.
    pub draft: Draft,
    /// What it would publish.
    pub package: Package,
    /// Parts of the draft that lead nowhere: somebody else took away what they change.
    pub astray: Vec<String>,
    /// What differs from the revision that is current.
    pub differences: Vec<Difference>,
    /// What keeps it from being published, in words.
    pub faults: Vec<String>,
}

impl Workspace {
    /// The drafts of a template.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the template is not here.
    pub fn drafts(&self, template: DocumentId) -> Result<Vec<Draft>, Error> {
        self.read(|replica| Ok(replica.drafts(template)?))
    }

    /// One draft with what it would publish.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none, or its parts make no template.
    pub fn draft(&self, template: DocumentId, id: PartId) -> Result<DraftView, Error> {
        self.read(|replica| {
            let (draft, drafted) = replica.drafted(template, id)?;
            let current = super::templates::revision(replica, template)?;
            let faults = drafted.package.faults();
            Ok(DraftView {
                draft,
                differences: differences(current.package(), &drafted.package)
                    .map_err(|error| Error::Invalid(error.to_string()))?,
                faults: faults.iter().map(ToString::to_string).collect(),
                package: drafted.package,
                astray: drafted.astray,
            })
        })
    }

    /// Begins a draft of what is current, or of a package that is to take its place.
    ///
    /// # Errors
    /// [`Error::Invalid`] with what is wrong; [`Error::Denied`] without `publish`.
    pub fn start_draft(
        &self,
        template: DocumentId,
        name: &str,
        package: Option<&Package>,
    ) -> Result<PartId, Error> {
        let now = moment::now()?;
        self.write_to([template], |replica| {
            let (id, _) = replica.start_draft(template, (name, package), &now)?;
            Ok(id)
        })
    }

    /// Changes parts of a draft: path → value, null to take the part away, nothing to let it be as
    /// the revision has it. Conflicts at these paths are settled by it.
    ///
    /// # Errors
    /// [`Error::Invalid`] with what is wrong, and of what would leave no template, nothing is
    /// written; [`Error::Denied`] without `publish`.
    pub fn edit_draft(
        &self,
        template: DocumentId,
        id: PartId,
        edits: BTreeMap<String, Option<Value>>,
    ) -> Result<(), Error> {
        let now = moment::now()?;
        let texts = edits.iter();
        let texts = texts
            .map(|(path, value)| (path.clone(), value.as_ref().map(|value| value.to_string())));
        let texts = texts.collect();
        self.write_to([template], |replica| {
            // One that makes no template already is mended part by part.
            if let Ok((mut draft, _)) = replica.drafted(template, id) {
                let base = replica.published_revision(template, draft.bases[0])?;
                for (path, value) in edits {
                    match value {
                        Some(value) => drop(draft.edits.insert(path, value)),
                        None => drop(draft.edits.remove(&path)),
                    }
                }
                let made = draft.apply(&base);
                made.map_err(|error| Error::Invalid(error.to_string()))?;
            }
            let edits = texts;
            replica.write_draft(template, DraftAction::Edit { id, edits }, &now)?;
            Ok(())
        })
    }

    /// Replaces what a draft changes by what leads to a package.
    ///
    /// # Errors
    /// [`Error::Invalid`] with what is wrong; [`Error::Denied`] without `publish`.
    pub fn import_draft(
        &self,
        template: DocumentId,
        id: PartId,
        package: &Package,
    ) -> Result<(), Error> {
        let now = moment::now()?;
        self.write_to([template], |replica| {
            replica.import_draft(template, (id, package), &now)?;
            Ok(())
        })
    }

    /// Gives a draft up. It stays readable.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no longer written; [`Error::Denied`] without `publish`.
    pub fn discard_draft(&self, template: DocumentId, id: PartId) -> Result<(), Error> {
        let now = moment::now()?;
        self.write_to([template], |replica| {
            replica.write_draft(template, DraftAction::Discard { id }, &now)?;
            Ok(())
        })
    }

    /// Publishes what a draft says, in the place of whatever is current.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault, with what is not settled, or with what is taken away
    /// from cases that have it; [`Error::Denied`] without `publish`.
    pub fn publish_draft(&self, template: DocumentId, id: PartId) -> Result<RevisionId, Error> {
        let now = moment::now()?;
        self.write_to([template], |replica| {
            replica.publish_draft(template, id, &now)?;
            Ok(super::templates::revision(replica, template)?.id())
        })
    }

    /// Begins a draft that merges what was published at the same time. Answers the draft and what
    /// the revisions say differently.
    ///
    /// # Errors
    /// [`Error::Invalid`] while one revision is current; [`Error::Denied`] without `publish`.
    pub fn merge_revisions(&self, template: DocumentId) -> Result<(PartId, Vec<Conflict>), Error> {
        let now = moment::now()?;
        self.write_to([template], |replica| {
            let merged = replica.merge_revisions(template, &now)?;
            Ok((merged.draft, merged.conflicts))
        })
    }

    /// What publishing a package would do to the open cases of its template on this device.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault of the package.
    pub fn impact(&self, template: DocumentId, package: &Package) -> Result<Impact, Error> {
        let now = moment::now()?;
        self.read(|replica| Ok(replica.impact(template, package, &now)?))
    }

    /// Every revision that was published of a template, oldest first.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the template is not here.
    pub fn published_revisions(&self, template: DocumentId) -> Result<Vec<Arc<Revision>>, Error> {
        self.read(|replica| Ok(replica.published_revisions(template)?))
    }
}
