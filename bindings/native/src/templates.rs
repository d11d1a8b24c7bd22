//! Templates: what a form, a board and a chooser need of them. The whole of one is a package, as
//! JSON by docs/template.schema.json.

use casework::template::Package;
use casework::{TemplateImport, TemplateView};

use crate::error::CaseworkError;
use crate::template_parts::{
    DecisionType, Field, OfferedChoice, Stage, StageMove, decision, field, moves, stage,
};
use crate::text::{from_json, json, read};
use crate::workspace::Workspace;

/// A template.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Template {
    /// Its id.
    pub id: String,
    /// The revision that new work uses.
    pub revision: String,
    /// Other revisions were published at the same time: publishing again settles it.
    pub contested: bool,
    /// Its key: the beginning of case numbers.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// `#rrggbb`.
    pub colour: String,
    /// The name of an icon.
    pub icon: String,
    /// Its stages, in order.
    pub stages: Vec<Stage>,
    /// The moves between stages that it offers.
    pub moves: Vec<StageMove>,
    /// Its fields, in order.
    pub fields: Vec<Field>,
    /// The questions that are decided.
    pub decisions: Vec<DecisionType>,
    /// What a case can be closed with.
    pub resolutions: Vec<OfferedChoice>,
    /// Types of documents.
    pub document_types: Vec<OfferedChoice>,
    /// What parties can be to a case.
    pub party_roles: Vec<OfferedChoice>,
    /// Approvals that can be asked for.
    pub approvals: Vec<OfferedChoice>,
}

/// What an import of a template did.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ImportedTemplate {
    /// The template's id.
    pub id: String,
    /// Its revision now.
    pub revision: String,
    /// What happened.
    pub did: TemplateChange,
}

/// What happened to a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum TemplateChange {
    /// It is new.
    Opened,
    /// It has a new revision.
    Published,
    /// It says what it said before.
    Unchanged,
}

#[uniffi::export]
impl Workspace {
    /// The templates on this device, by name.
    ///
    /// # Errors
    /// `Invalid` for what is not here or is no package; `Denied` without the right to edit
    /// templates; `Unavailable` when the store fails; `Closed`.
    pub fn templates(&self) -> Result<Vec<Template>, CaseworkError> {
        let templates = self.sdk()?.templates()?;
        Ok(templates.into_iter().map(template).collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// `Invalid` for what is not here or is no package; `Denied` without the right to edit
    /// templates; `Unavailable` when the store fails; `Closed`.
    pub fn template(&self, template_id: &str) -> Result<Template, CaseworkError> {
        Ok(template(self.sdk()?.template(read(template_id)?)?))
    }

    /// Takes a package (JSON) as a template, or as the next revision of the one with its key.
    ///
    /// # Errors
    /// `Invalid` for what is not here or is no package; `Denied` without the right to edit
    /// templates; `Unavailable` when the store fails; `Closed`.
    pub fn import_template(&self, package: &str) -> Result<ImportedTemplate, CaseworkError> {
        let package: Package = from_json("template package", package)?;
        let imported = self.sdk()?.import_template(package)?;
        Ok(ImportedTemplate {
            id: imported.document().to_string(),
            revision: imported.revision().to_string(),
            did: match imported {
                TemplateImport::Opened { .. } => TemplateChange::Opened,
                TemplateImport::Published { .. } => TemplateChange::Published,
                TemplateImport::Unchanged { .. } => TemplateChange::Unchanged,
            },
        })
    }

    /// The package of a template (JSON).
    ///
    /// # Errors
    /// `Invalid` for what is not here or is no package; `Denied` without the right to edit
    /// templates; `Unavailable` when the store fails; `Closed`.
    pub fn export_template(&self, template_id: &str) -> Result<String, CaseworkError> {
        json(&self.sdk()?.export_template(read(template_id)?)?)
    }
}

fn template(view: TemplateView) -> Template {
    let package = view.package;
    let named = |id: String, label: String| OfferedChoice {
        id,
        label,
        disabled: false,
    };
    Template {
        id: view.document.to_string(),
        revision: view.revision.to_string(),
        contested: !view.contested.is_empty(),
        stages: package.stages.iter().map(stage).collect(),
        moves: moves(&package),
        fields: package.fields.iter().map(field).collect(),
        decisions: package.decision_types.into_iter().map(decision).collect(),
        resolutions: package
            .resolutions
            .into_iter()
            .map(|o| named(o.id, o.label))
            .collect(),
        document_types: package
            .document_types
            .into_iter()
            .map(|o| named(o.id, o.label))
            .collect(),
        party_roles: package
            .party_roles
            .into_iter()
            .map(|o| named(o.id, o.label))
            .collect(),
        approvals: package
            .approvals
            .into_iter()
            .map(|o| named(o.id, o.label))
            .collect(),
        key: package.key,
        name: package.name,
        description: package.description,
        colour: package.colour,
        icon: package.icon,
    }
}
