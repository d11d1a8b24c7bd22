//! Drafts of templates, for editors. What a draft holds at a place is a piece of a package, so it
//! crosses as JSON (docs/template.schema.json); everything around it as records.

use std::collections::{BTreeMap, HashMap};

use casework::template::{self, Package};
use serde_json::Value;

use crate::error::CaseworkError;
use crate::text::{count, from_json, json, read, write_all};
use crate::workspace::Workspace;

/// A draft.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Draft {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The revisions it takes the place of; the first is the one it changes.
    pub bases: Vec<String>,
    /// Given up: it is only read any more.
    pub discarded: bool,
    /// The revision it was published as.
    pub published: Option<String>,
    /// What it changes: place → JSON, `null` for a part that is taken away.
    pub edits: HashMap<String, String>,
    /// What the revisions that it merges say differently and nobody has settled.
    pub conflicts: Vec<DraftConflict>,
    /// Places that two people changed differently at once.
    pub contested: Vec<String>,
}

/// A place at which revisions that were published at the same time say different things.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DraftConflict {
    /// The place: `fields/iban/label`.
    pub path: String,
    /// What stands in the draft (JSON); nothing when it is gone.
    pub taken: Option<String>,
    /// What the other revision says (JSON).
    pub left: Option<String>,
    /// What it was before both (JSON).
    pub base: Option<String>,
}

/// A draft with what it would publish.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DraftView {
    /// What was written.
    pub draft: Draft,
    /// The package that it says (JSON).
    pub package: String,
    /// Places that lead nowhere: somebody else took away what they change.
    pub astray: Vec<String>,
    /// What differs from the revision that is used.
    pub differences: Vec<Difference>,
    /// What keeps it from being published, in words.
    pub faults: Vec<String>,
}

/// A part that differs.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Difference {
    /// The place.
    pub path: String,
    /// What it does to open cases.
    pub weight: Weight,
    /// What it was (JSON); nothing when it is new.
    pub before: Option<String>,
    /// What it is (JSON); nothing when it is gone.
    pub after: Option<String>,
}

/// What a difference does to open cases. More may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Weight {
    /// Names, texts, colours and orders that people only see.
    Cosmetic,
    /// Something more to choose from or to fill.
    Additive,
    /// What is asked, allowed or done is another thing now.
    Changing,
    /// A stage, field or option is gone: cases need a place to go.
    Destructive,
    /// A field has another type or policy, which is never published.
    Forbidden,
}

/// A draft that merges revisions, and what a person has to decide in it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct MergedDraft {
    /// The draft's id.
    pub draft_id: String,
    /// What the revisions say differently.
    pub conflicts: Vec<DraftConflict>,
}

/// What publishing would mean for the cases on this device.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Impact {
    /// Open cases of the template.
    pub open: u32,
    /// Closed ones.
    pub closed: u32,
    /// The open cases for which something changes, by number.
    pub affected: Vec<AffectedCase>,
    /// What is taken away without saying where its cases go; anything here keeps the package from
    /// being published.
    pub unmapped: Vec<Unmapped>,
}

/// A case for which something changes.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AffectedCase {
    /// The case.
    pub case_id: String,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// What changes, in words.
    pub effects: Vec<String>,
}

/// Something that is taken away without saying where its cases go.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Unmapped {
    /// `stage`, `field` or `option`.
    pub kind: String,
    /// What it was called; of an option, with its field: `kind/noise`.
    pub id: String,
    /// How many open cases have it.
    pub cases: u32,
}

#[uniffi::export]
impl Workspace {
    /// The drafts of a template.
    ///
    /// # Errors
    /// `Invalid` for what is not here or is no package; `Denied` without the right to edit
    /// templates; `Unavailable` when the store fails; `Closed`.
    pub fn drafts(&self, template_id: &str) -> Result<Vec<Draft>, CaseworkError> {
        let drafts = self.sdk()?.drafts(read(template_id)?)?;
        Ok(drafts.into_iter().map(draft).collect())
    }

    /// One draft with its package, its differences and its faults.
    ///
    /// # Errors
    /// `Invalid` for what is not here or is no package; `Denied` without the right to edit
    /// templates; `Unavailable` when the store fails; `Closed`.
    pub fn draft(&self, template_id: &str, draft_id: &str) -> Result<DraftView, CaseworkError> {
        let view = self.sdk()?.draft(read(template_id)?, read(draft_id)?)?;
        Ok(DraftView {
            draft: draft(view.draft),
            package: json(&view.package)?,
            astray: view.astray,
            differences: view.differences.into_iter().map(difference).collect(),
            faults: view.faults,
        })
    }

    /// Starts a draft, from the revision that is used or from a package (JSON). Answers its id.
    ///
    /// # Errors
    /// `Invalid` for what is not here or is no package; `Denied` without the right to edit
    /// templates; `Unavailable` when the store fails; `Closed`.
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
    /// `Invalid` for what is not here or is no package; `Denied` without the right to edit
    /// templates; `Unavailable` when the store fails; `Closed`.
    pub fn edit_draft(
        &self,
        template_id: &str,
        draft_id: &str,
        edits: &str,
    ) -> Result<(), CaseworkError> {
        let edits: BTreeMap<String, Option<Value>> = from_json("edit", edits)?;
        Ok(self
            .sdk()?
            .edit_draft(read(template_id)?, read(draft_id)?, edits)?)
    }

    /// Makes a draft say what a package (JSON) says.
    ///
    /// # Errors
    /// `Invalid` for what is not here or is no package; `Denied` without the right to edit
    /// templates; `Unavailable` when the store fails; `Closed`.
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
    /// `Invalid` for what is not here or is no package; `Denied` without the right to edit
    /// templates; `Unavailable` when the store fails; `Closed`.
    pub fn discard_draft(&self, template_id: &str, draft_id: &str) -> Result<(), CaseworkError> {
        Ok(self
            .sdk()?
            .discard_draft(read(template_id)?, read(draft_id)?)?)
    }

    /// Publishes a draft. Answers the revision.
    ///
    /// # Errors
    /// `Invalid` for what is not here or is no package; `Denied` without the right to edit
    /// templates; `Unavailable` when the store fails; `Closed`.
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

    /// Merges revisions that were published at the same time into a draft.
    ///
    /// # Errors
    /// `Invalid` for what is not here or is no package; `Denied` without the right to edit
    /// templates; `Unavailable` when the store fails; `Closed`.
    pub fn merge_revisions(&self, template_id: &str) -> Result<MergedDraft, CaseworkError> {
        let (draft, conflicts) = self.sdk()?.merge_revisions(read(template_id)?)?;
        Ok(MergedDraft {
            draft_id: draft.to_string(),
            conflicts: conflicts.into_iter().map(conflict).collect(),
        })
    }

    /// What publishing a package (JSON) would mean for the cases there are.
    ///
    /// # Errors
    /// `Invalid` for what is not here or is no package; `Denied` without the right to edit
    /// templates; `Unavailable` when the store fails; `Closed`.
    pub fn impact(&self, template_id: &str, package: &str) -> Result<Impact, CaseworkError> {
        let package: Package = from_json("template package", package)?;
        let found = self.sdk()?.impact(read(template_id)?, &package)?;
        let affected = |case: casework::Affected| AffectedCase {
            case_id: case.document.to_string(),
            number: case.number,
            title: case.title,
            effects: write_all(case.effects),
        };
        Ok(Impact {
            open: count(found.open),
            closed: count(found.closed),
            affected: found.affected.into_iter().map(affected).collect(),
            unmapped: found.unmapped.into_iter().map(unmapped).collect(),
        })
    }

    /// The revisions that were published, oldest first, as packages (JSON).
    ///
    /// # Errors
    /// `Invalid` for what is not here or is no package; `Denied` without the right to edit
    /// templates; `Unavailable` when the store fails; `Closed`.
    pub fn published_revisions(&self, template_id: &str) -> Result<Vec<String>, CaseworkError> {
        let revisions = self.sdk()?.published_revisions(read(template_id)?)?;
        revisions
            .iter()
            .map(|revision| json(revision.package()))
            .collect()
    }
}

fn draft(draft: casework::Draft) -> Draft {
    use casework::DraftStatus::{Discarded, Open, Published};
    let (discarded, published) = match draft.status {
        Open => (false, None),
        Discarded => (true, None),
        Published(revision) => (false, Some(revision.to_string())),
    };
    let edits = draft.edits.into_iter();
    Draft {
        id: draft.id.to_string(),
        name: draft.name,
        bases: write_all(draft.bases),
        discarded,
        published,
        edits: edits.map(|(at, value)| (at, value.to_string())).collect(),
        conflicts: draft.conflicts.into_iter().map(conflict).collect(),
        contested: draft.contested.into_iter().collect(),
    }
}

fn conflict(conflict: template::Conflict) -> DraftConflict {
    DraftConflict {
        path: conflict.path,
        taken: written(conflict.taken),
        left: written(conflict.left),
        base: written(conflict.base),
    }
}

fn difference(difference: template::Difference) -> Difference {
    Difference {
        path: difference.path,
        weight: match difference.weight {
            template::Weight::Cosmetic => Weight::Cosmetic,
            template::Weight::Additive => Weight::Additive,
            template::Weight::Changing => Weight::Changing,
            template::Weight::Destructive => Weight::Destructive,
            template::Weight::Forbidden => Weight::Forbidden,
        },
        before: written(difference.before),
        after: written(difference.after),
    }
}

fn unmapped((what, cases): (template::Unmapped, usize)) -> Unmapped {
    Unmapped {
        kind: what.kind.to_owned(),
        id: what.id,
        cases: count(cases),
    }
}

fn written(value: Option<Value>) -> Option<String> {
    value.map(|value| value.to_string())
}
