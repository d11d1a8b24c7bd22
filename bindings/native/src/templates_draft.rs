//! Drafts of templates, for editors: what a draft holds crosses as JSON, because it is a tree.

use std::collections::BTreeMap;

use casework::template::Package;

use crate::error::CaseworkError;
use crate::text::{from_json, json, read};
use crate::workspace::Workspace;

/// Errors of all that follow: `Invalid` for what is not here or is no package; `Denied` without
/// the right to edit templates; `Unavailable` when the store fails; `Closed`.
#[uniffi::export]
impl Workspace {
    /// The drafts of a template, as JSON: a list of drafts with id, name, status and edits.
    ///
    /// # Errors
    /// See above.
    pub fn drafts(&self, template_id: &str) -> Result<String, CaseworkError> {
        json(&self.sdk()?.drafts(read(template_id)?)?)
    }

    /// One draft with its package, its differences and its faults, as JSON.
    ///
    /// # Errors
    /// See above.
    pub fn draft(&self, template_id: &str, draft_id: &str) -> Result<String, CaseworkError> {
        json(&self.sdk()?.draft(read(template_id)?, read(draft_id)?)?)
    }

    /// Starts a draft, from the revision that is used or from a package (JSON). Answers its id.
    ///
    /// # Errors
    /// See above.
    #[uniffi::method(default(package = None))]
    pub fn start_draft(
        &self,
        template_id: &str,
        name: &str,
        package: Option<String>,
    ) -> Result<String, CaseworkError> {
        let package: Option<Package> = package
            .map(|package| from_json("template package", &package))
            .transpose()?;
        let draft = self
            .sdk()?
            .start_draft(read(template_id)?, name, package.as_ref())?;
        Ok(draft.to_string())
    }

    /// Edits a draft: a JSON object from places (`fields/iban/label`) to values, or to null for
    /// what is taken out.
    ///
    /// # Errors
    /// See above.
    pub fn edit_draft(
        &self,
        template_id: &str,
        draft_id: &str,
        edits: &str,
    ) -> Result<(), CaseworkError> {
        let edits: BTreeMap<String, Option<serde_json::Value>> = from_json("edit", edits)?;
        Ok(self
            .sdk()?
            .edit_draft(read(template_id)?, read(draft_id)?, edits)?)
    }

    /// Makes a draft say what a package (JSON) says.
    ///
    /// # Errors
    /// See above.
    pub fn import_draft(
        &self,
        template_id: &str,
        draft_id: &str,
        package: &str,
    ) -> Result<(), CaseworkError> {
        let package: Package = from_json("template package", package)?;
        Ok(self
            .sdk()?
            .import_draft(read(template_id)?, read(draft_id)?, &package)?)
    }

    /// Gives a draft up.
    ///
    /// # Errors
    /// See above.
    pub fn discard_draft(&self, template_id: &str, draft_id: &str) -> Result<(), CaseworkError> {
        Ok(self
            .sdk()?
            .discard_draft(read(template_id)?, read(draft_id)?)?)
    }

    /// Publishes a draft. Answers the revision.
    ///
    /// # Errors
    /// See above.
    pub fn publish_draft(
        &self,
        template_id: &str,
        draft_id: &str,
    ) -> Result<String, CaseworkError> {
        Ok(self
            .sdk()?
            .publish_draft(read(template_id)?, read(draft_id)?)?
            .to_string())
    }

    /// Merges revisions that were published at the same time into a draft. Answers, as JSON, the
    /// draft's id and what a person has to decide.
    ///
    /// # Errors
    /// See above.
    pub fn merge_revisions(&self, template_id: &str) -> Result<String, CaseworkError> {
        json(&self.sdk()?.merge_revisions(read(template_id)?)?)
    }

    /// What publishing a package (JSON) would mean for the cases there are, as JSON.
    ///
    /// # Errors
    /// See above.
    pub fn impact(&self, template_id: &str, package: &str) -> Result<String, CaseworkError> {
        let package: Package = from_json("template package", package)?;
        json(&self.sdk()?.impact(read(template_id)?, &package)?)
    }

    /// The revisions that were published, oldest first, as packages (JSON).
    ///
    /// # Errors
    /// See above.
    pub fn published_revisions(&self, template_id: &str) -> Result<Vec<String>, CaseworkError> {
        let revisions = self.sdk()?.published_revisions(read(template_id)?)?;
        revisions
            .iter()
            .map(|revision| json(revision.package()))
            .collect()
    }
}
