//! The parts of a template that forms, boards and choosers need.

use casework::template::{Choice, Package};
use casework::value::FieldType;

use crate::text::{write_all, write_some};
use crate::vocabulary::Category;

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

/// A move that a template offers. Rules may ask or stop when it is made.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct StageMove {
    /// The stage that is left (id); nothing for a move from anywhere.
    pub from_stage: Option<String>,
    /// The stage that is entered (id).
    pub to_stage: String,
    /// What the button says; the name of the stage where the template says nothing.
    pub label: String,
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

/// What can be done with a field while a case stands in a stage. More may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum FieldPolicy {
    /// It can be filled in.
    Editable,
    /// It must be filled in to stand here.
    Required,
    /// It is shown and not changed.
    ReadOnly,
    /// It is not shown.
    Hidden,
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
    /// The columns of a table.
    #[uniffi(default = [])]
    pub columns: Vec<TableColumn>,
    /// What a value must satisfy beyond its kind.
    pub bounds: FieldBounds,
    /// Only for those who may see sensitive things; masked on cards.
    pub sensitive: bool,
    /// Shown on cards.
    pub on_card: bool,
    /// No longer used.
    pub disabled: bool,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TableColumn {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// What it holds.
    pub kind: FieldKind,
    /// Its options, if it has some.
    pub options: Vec<OfferedChoice>,
    /// What a value must satisfy beyond its kind.
    pub bounds: FieldBounds,
}

/// What a value must satisfy when it is given. Work that came and breaks it stands all the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, uniffi::Record)]
pub struct FieldBounds {
    /// The smallest number, amount, date, moment or step, itself included, in its canonical text.
    #[uniffi(default = None)]
    pub min: Option<String>,
    /// The largest.
    #[uniffi(default = None)]
    pub max: Option<String>,
    /// A regular expression that the whole text matches.
    #[uniffi(default = None)]
    pub pattern: Option<String>,
    /// What people read when it does not.
    #[uniffi(default = None)]
    pub message: Option<String>,
    /// No date after today, no moment after now.
    #[uniffi(default = false)]
    pub not_future: bool,
    /// Most characters of a text.
    #[uniffi(default = None)]
    pub max_length: Option<u32>,
    /// The currencies that an amount may have; none means any.
    #[uniffi(default = [])]
    pub currencies: Vec<String>,
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

pub(crate) fn stage(stage: &casework::template::Stage) -> Stage {
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

pub(crate) fn moves(package: &Package) -> Vec<StageMove> {
    let name = |id: &String| {
        let known = package.stages.iter().find(|stage| stage.id == *id);
        known.map_or_else(|| id.clone(), |stage| stage.name.clone())
    };
    let one = |offered: &casework::template::Transition| StageMove {
        from_stage: (offered.from != "*").then(|| offered.from.clone()),
        to_stage: offered.to.clone(),
        label: if offered.label.is_empty() {
            name(&offered.to)
        } else {
            offered.label.clone()
        },
    };
    package.transitions.iter().map(one).collect()
}

fn options(field: &casework::template::Field) -> Vec<OfferedChoice> {
    let option = |choice: &Choice| OfferedChoice {
        id: choice.id.clone(),
        label: choice.label.clone(),
        disabled: choice.disabled,
    };
    field.options.iter().map(option).collect()
}

fn bounds(field: &casework::template::Field) -> FieldBounds {
    let said = &field.constraints;
    FieldBounds {
        min: write_some(said.min.as_ref()),
        max: write_some(said.max.as_ref()),
        pattern: said.pattern.clone(),
        message: said.message.clone(),
        not_future: said.not_future,
        max_length: said.max_length,
        currencies: said.currencies.clone(),
    }
}

fn column(column: &casework::template::Field) -> TableColumn {
    TableColumn {
        id: column.id.clone(),
        label: column.label.clone(),
        kind: column.kind.into(),
        options: options(column),
        bounds: bounds(column),
    }
}

pub(crate) fn field(field: &casework::template::Field) -> Field {
    Field {
        id: field.id.clone(),
        label: field.label.clone(),
        help: field.help.clone(),
        kind: field.kind.into(),
        options: options(field),
        columns: field.columns.iter().map(column).collect(),
        bounds: bounds(field),
        sensitive: field.sensitive,
        on_card: field.card,
        disabled: field.disabled,
    }
}

pub(crate) fn decision(kind: casework::template::DecisionType) -> DecisionType {
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

impl From<casework::template::FieldPolicy> for FieldPolicy {
    fn from(policy: casework::template::FieldPolicy) -> Self {
        match policy {
            casework::template::FieldPolicy::Required => Self::Required,
            casework::template::FieldPolicy::Visible => Self::Editable,
            casework::template::FieldPolicy::ReadOnly => Self::ReadOnly,
            casework::template::FieldPolicy::Hidden => Self::Hidden,
        }
    }
}
