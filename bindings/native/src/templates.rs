//! Templates: what a form, a board and a chooser need of them. The whole of one is a package, as
//! JSON by docs/template.schema.json.

use casework::template::{Choice, Package};
use casework::value::FieldType;
use casework::{TemplateImport, TemplateView};

use crate::error::CaseworkError;
use crate::text::{from_json, json, read, write_all};
use crate::vocabulary::Category;
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

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Stage {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// `#rrggbb`.
    pub colour: String,
    /// What standing here means.
    pub category: Category,
    /// Ids of the fields that it requires.
    pub required: Vec<String>,
    /// Ids of the fields that it requires before a case leaves onward.
    pub required_to_leave: Vec<String>,
    /// What to know when a case enters.
    pub entry_note: String,
    /// No longer used.
    pub disabled: bool,
}

/// What a field holds. More may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum FieldKind {
    /// One line.
    Text,
    /// Several lines that several people edit together.
    LongText,
    /// A decimal number.
    Number,
    /// An amount with its currency.
    Money,
    /// A date.
    Date,
    /// A date with a time.
    DateTime,
    /// Yes or no.
    Checkbox,
    /// One of its options.
    SingleSelect,
    /// Any of its options.
    MultiSelect,
    /// A member.
    Member,
    /// A person or an organisation.
    Party,
    /// Another case.
    CaseLink,
    /// A telephone number.
    Phone,
    /// An address for electronic mail.
    Email,
    /// A web address.
    Url,
    /// A place on earth.
    Location,
    /// A file.
    File,
    /// A signature.
    Signature,
    /// A number that is counted up and down.
    Counter,
    /// Rows of columns.
    Table,
    /// Computed from others.
    Formula,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Field {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// What to know when filling it in.
    pub help: String,
    /// What it holds.
    pub kind: FieldKind,
    /// Its options, if it has some.
    pub options: Vec<OfferedChoice>,
    /// Only for those who may see sensitive things; masked on cards.
    pub sensitive: bool,
    /// Shown on cards.
    pub on_card: bool,
    /// No longer used.
    pub disabled: bool,
}

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct OfferedChoice {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// No longer offered.
    #[uniffi(default = false)]
    pub disabled: bool,
}

/// A question that is decided.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DecisionType {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// The answers.
    pub outcomes: Vec<OfferedChoice>,
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

/// Errors of all that follow: `Invalid` for what is not here or is no package; `Denied` without
/// the right to edit templates; `Unavailable` when the store fails; `Closed`.
#[uniffi::export]
impl Workspace {
    /// The templates on this device, by name.
    ///
    /// # Errors
    /// See above.
    pub fn templates(&self) -> Result<Vec<Template>, CaseworkError> {
        let templates = self.sdk()?.templates()?;
        Ok(templates.into_iter().map(template).collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// See above.
    pub fn template(&self, template_id: &str) -> Result<Template, CaseworkError> {
        Ok(template(self.sdk()?.template(read(template_id)?)?))
    }

    /// Takes a package (JSON) as a template, or as the next revision of the one with its key.
    ///
    /// # Errors
    /// See above.
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
    /// See above.
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

fn stage(stage: &casework::template::Stage) -> Stage {
    Stage {
        id: stage.id.clone(),
        name: stage.name.clone(),
        colour: stage.colour().to_owned(),
        category: stage.category,
        required: write_all(&stage.required),
        required_to_leave: write_all(&stage.required_to_leave),
        entry_note: stage.entry_note.clone(),
        disabled: stage.disabled,
    }
}

fn field(field: &casework::template::Field) -> Field {
    let option = |choice: &Choice| OfferedChoice {
        id: choice.id.clone(),
        label: choice.label.clone(),
        disabled: choice.disabled,
    };
    Field {
        id: field.id.clone(),
        label: field.label.clone(),
        help: field.help.clone(),
        kind: field.kind.into(),
        options: field.options.iter().map(option).collect(),
        sensitive: field.sensitive,
        on_card: field.card,
        disabled: field.disabled,
    }
}

fn decision(kind: casework::template::DecisionType) -> DecisionType {
    let outcome = |outcome: casework::template::Outcome| OfferedChoice {
        id: outcome.id,
        label: outcome.label,
        disabled: false,
    };
    DecisionType {
        id: kind.id,
        label: kind.label,
        outcomes: kind.outcomes.into_iter().map(outcome).collect(),
    }
}

impl From<FieldType> for FieldKind {
    fn from(kind: FieldType) -> Self {
        match kind {
            FieldType::Text => Self::Text,
            FieldType::LongText => Self::LongText,
            FieldType::Number => Self::Number,
            FieldType::Money => Self::Money,
            FieldType::Date => Self::Date,
            FieldType::DateTime => Self::DateTime,
            FieldType::Checkbox => Self::Checkbox,
            FieldType::SingleSelect => Self::SingleSelect,
            FieldType::MultiSelect => Self::MultiSelect,
            FieldType::Member => Self::Member,
            FieldType::Party => Self::Party,
            FieldType::CaseLink => Self::CaseLink,
            FieldType::Phone => Self::Phone,
            FieldType::Email => Self::Email,
            FieldType::Url => Self::Url,
            FieldType::Location => Self::Location,
            FieldType::File => Self::File,
            FieldType::Signature => Self::Signature,
            FieldType::Counter => Self::Counter,
            FieldType::Table => Self::Table,
            FieldType::Formula => Self::Formula,
        }
    }
}
