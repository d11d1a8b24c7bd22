//! A public form: what people outside the workspace are asked, in which words and languages.
//!
//! An *intake* form opens a case, a *request* form asks for information inside one. Everything is
//! public and may be wrong until the package is published. Texts are shown as they are, never as
//! markup; an empty line begins a new paragraph.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::field::{Choice, Field};
use super::revision::Revision;
use crate::approval::Seat;
use crate::value::FieldType;

/// A form that a template offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// Stable id.
    pub id: String,
    /// What a submission does.
    pub kind: FormKind,
    /// The headline.
    pub title: String,
    /// What is said before the questions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub intro: String,
    /// What is said after sending.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub thanks: String,
    /// What must be agreed to before sending; empty when nothing must.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub consent: String,
    /// The language of the texts of this form and of the template (`en`, `pt-BR`).
    #[serde(default = "default_language", skip_serializing_if = "is_default")]
    pub language: String,
    /// The fields that are asked, in their order. What is answered is set in the case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FormField>,
    /// Questions whose answers belong to no field; they are kept with the submission.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
    /// How many documents a person may name. Their bytes do not travel with a form.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attachments: u32,
    /// Nothing is kept that tells who filled it in, and the page says so.
    #[serde(default, skip_serializing_if = "is_false")]
    pub anonymous: bool,
    /// A link can be used once, unless whoever makes it says otherwise.
    #[serde(default, skip_serializing_if = "is_false")]
    pub single_use: bool,
    /// For how many days a link can be used, unless whoever makes it says otherwise. Absent:
    /// intake links until they are revoked, requests for thirty days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_days: Option<u32>,
    /// Intake: the stage of the opened case; empty for the template's first.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stage: String,
    /// Intake: labels of the opened case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Intake: the field of this form whose answer is the title of the opened case; empty for the
    /// form's own title.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title_from: String,
    /// Intake: what is set in the opened case without being asked, in the words a person would
    /// write: `{ channel = "web" }`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub preset: BTreeMap<String, String>,
    /// Intake: who sees the opened case, and nobody else does but whoever opens it (`role:manager`,
    /// `team:legal`, `member:…`); empty for everybody who sees cases of the template.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub restricted_to: Vec<Seat>,
    /// Request: the case waits on hold until the answer comes.
    #[serde(default, skip_serializing_if = "is_false")]
    pub holds: bool,
    /// The same texts in other languages, by language tag.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub languages: BTreeMap<String, FormTexts>,
}

/// What a submission of a form does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FormKind {
    /// Opens a case.
    Intake,
    /// Answers a request inside a case.
    Request,
}

/// A field that a form asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FormField {
    /// The field's id in the template.
    pub field: String,
    /// How the form asks; empty for the field's own label.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// A sentence beside the input; empty for the field's own help.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
    /// Must be answered.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
}

/// A question of a form's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Stable id; differs from the ids of the fields asked.
    pub id: String,
    /// The question.
    pub label: String,
    /// A sentence beside the input.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
    /// Must be answered.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// Answered in one line instead of prose.
    #[serde(default, skip_serializing_if = "is_false")]
    pub short: bool,
}

/// The texts of a form in another language. What is empty or absent is shown in the form's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FormTexts {
    /// The headline.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What is said before the questions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub intro: String,
    /// What is said after sending.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub thanks: String,
    /// What must be agreed to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub consent: String,
    /// Labels by field, question, `field/option` or `field/column`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Helps by field or question.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub help: BTreeMap<String, String>,
}

/// The texts of a form in one language: that language's where it has them, else the form's own.
#[derive(Debug, Clone, Copy)]
pub struct FormWords<'f> {
    form: &'f Form,
    language: &'f str,
    texts: Option<&'f FormTexts>,
}

impl Form {
    /// A form that asks nothing yet.
    #[must_use]
    pub fn new(id: impl Into<String>, kind: FormKind, title: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind,
            title: title.into(),
            intro: String::new(),
            thanks: String::new(),
            consent: String::new(),
            language: default_language(),
            fields: Vec::new(),
            questions: Vec::new(),
            attachments: 0,
            anonymous: false,
            single_use: false,
            valid_days: None,
            stage: String::new(),
            labels: Vec::new(),
            title_from: String::new(),
            preset: BTreeMap::new(),
            restricted_to: Vec::new(),
            holds: false,
            languages: BTreeMap::new(),
        }
    }

    /// The texts in a language of [`Form::tags`]; any other gives the form's own.
    #[must_use]
    pub fn words<'f>(&'f self, language: &str) -> FormWords<'f> {
        let known = self.languages.get_key_value(language);
        FormWords {
            form: self,
            language: known.map_or(&self.language, |(tag, _)| tag),
            texts: known.map(|(_, texts)| texts),
        }
    }

    /// The languages it can be read in, its own first.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        let others = self.languages.keys().map(String::as_str);
        core::iter::once(self.language.as_str()).chain(others)
    }
}

impl<'f> FormWords<'f> {
    /// The language tag of these texts.
    #[must_use]
    pub const fn language(&self) -> &'f str {
        self.language
    }

    /// The headline.
    #[must_use]
    pub fn title(&self) -> &'f str {
        self.say(|texts| &texts.title, &self.form.title)
    }

    /// What is said before the questions, or nothing.
    #[must_use]
    pub fn intro(&self) -> &'f str {
        self.say(|texts| &texts.intro, &self.form.intro)
    }

    /// What is said after sending, or nothing.
    #[must_use]
    pub fn thanks(&self) -> &'f str {
        self.say(|texts| &texts.thanks, &self.form.thanks)
    }

    /// What must be agreed to, or nothing.
    #[must_use]
    pub fn consent(&self) -> &'f str {
        self.say(|texts| &texts.consent, &self.form.consent)
    }

    /// How a field is asked for.
    #[must_use]
    pub fn field_label(&self, asked: &'f FormField, field: &'f Field) -> &'f str {
        let own = first_of(&asked.label, &field.label);
        self.translated(|texts| &texts.labels, &field.id, own)
    }

    /// The sentence beside a field's input, or nothing.
    #[must_use]
    pub fn field_help(&self, asked: &'f FormField, field: &'f Field) -> &'f str {
        let own = first_of(&asked.help, &field.help);
        self.translated(|texts| &texts.help, &field.id, own)
    }

    /// What an option of a field is called.
    #[must_use]
    pub fn option_label(&self, field: &Field, option: &'f Choice) -> &'f str {
        let key = inner_key(&field.id, &option.id);
        self.translated(|texts| &texts.labels, &key, &option.label)
    }

    /// What a column of a table is called.
    #[must_use]
    pub fn column_label(&self, field: &Field, column: &'f Field) -> &'f str {
        let key = inner_key(&field.id, &column.id);
        self.translated(|texts| &texts.labels, &key, &column.label)
    }

    /// A question.
    #[must_use]
    pub fn question_label(&self, question: &'f Question) -> &'f str {
        self.translated(|texts| &texts.labels, &question.id, &question.label)
    }

    /// The sentence beside a question's input, or nothing.
    #[must_use]
    pub fn question_help(&self, question: &'f Question) -> &'f str {
        self.translated(|texts| &texts.help, &question.id, &question.help)
    }

    fn say(&self, part: impl Fn(&'f FormTexts) -> &'f String, own: &'f str) -> &'f str {
        self.texts.map_or(own, |texts| first_of(part(texts), own))
    }

    fn translated(
        &self,
        part: impl Fn(&'f FormTexts) -> &'f BTreeMap<String, String>,
        key: &str,
        own: &'f str,
    ) -> &'f str {
        let texts = self.texts.and_then(|texts| part(texts).get(key));
        texts.map_or(own, |text| first_of(text, own))
    }
}

impl Revision {
    /// A form by its id.
    #[must_use]
    pub fn form(&self, id: &str) -> Option<&Form> {
        self.package().forms.iter().find(|form| form.id == id)
    }
}

impl FormKind {
    /// The name used in templates.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Request => "request",
        }
    }
}

impl core::fmt::Display for FormKind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether people outside the workspace can be asked for a field of this type. Members and other
/// cases are nobody's business there, bytes do not travel with forms, a formula is computed, and a
/// counter has a meaning only for those who know what it counts.
#[must_use]
pub const fn can_be_asked(kind: FieldType) -> bool {
    match kind {
        FieldType::Text
        | FieldType::LongText
        | FieldType::Number
        | FieldType::Money
        | FieldType::Date
        | FieldType::DateTime
        | FieldType::Checkbox
        | FieldType::SingleSelect
        | FieldType::MultiSelect
        | FieldType::Party
        | FieldType::Phone
        | FieldType::Email
        | FieldType::Url
        | FieldType::Location
        | FieldType::Table => true,
        FieldType::Member
        | FieldType::CaseLink
        | FieldType::File
        | FieldType::Signature
        | FieldType::Counter
        | FieldType::Formula => false,
    }
}

/// The key of an option or a column in [`FormTexts::labels`].
pub(super) fn inner_key(field: &str, inner: &str) -> String {
    format!("{field}/{inner}")
}

fn first_of<'t>(first: &'t str, other: &'t str) -> &'t str {
    if first.is_empty() { other } else { first }
}

fn default_language() -> String {
    "en".to_owned()
}

fn is_default(language: &String) -> bool {
    *language == default_language()
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(value: &u32) -> bool {
    *value == 0
}
