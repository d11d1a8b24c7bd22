//! What is wrong with a form of a package. The rules are in `form_faults.rs`.

use crate::template::form::FormKind;
use crate::value::FieldType;

/// The kinds of faults that only a form has. Each text ends in what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormFault {
    /// A form without fields and questions. Add some.
    #[error("the form asks nothing; add fields or questions")]
    EmptyForm,
    /// A form asks for what people outside cannot or should not give. Leave it out.
    #[error("the {kind} field {id:?} cannot be asked of the public; leave it out of the form")]
    NotForThePublic {
        /// The field's id.
        id: String,
        /// Its type.
        kind: FieldType,
    },
    /// An anonymous form insists on what tells who somebody is. Do not require it.
    #[error("an anonymous form cannot require the {kind} field {id:?}; make it optional")]
    NamesAPerson {
        /// The field's id.
        id: String,
        /// Its type.
        kind: FieldType,
    },
    /// A setting belongs to the other kind of form. Remove it.
    #[error("{setting} means nothing for a form of the kind {kind}; remove it")]
    NotOfThisForm {
        /// Which.
        setting: &'static str,
        /// The form's kind.
        kind: FormKind,
    },
    /// The field that gives the title is not asked, or gives no text. Name one that does.
    #[error("the title cannot come from {id:?}; name a text field that the form asks")]
    NoTitle {
        /// The field's id.
        id: String,
    },
    /// The form would open cases that are closed already. Choose another stage.
    #[error("a form cannot open a case in the final stage {stage:?}; choose an earlier one")]
    OpensClosed {
        /// The stage.
        stage: String,
    },
    /// The stage requires what the form does not ask, so no submission could ever open a case.
    #[error("stage {stage:?} requires {field:?}; ask it in the form as required")]
    FormCannotOpen {
        /// The required field.
        field: String,
        /// The stage in which the form opens cases.
        stage: String,
    },
    /// A translation of something that the form does not have. Correct the key.
    #[error("the form has no {key:?} to translate; correct the key or remove it")]
    NothingToTranslate {
        /// The key.
        key: String,
    },
    /// A language tag has another shape. Use the usual one.
    #[error("{tag:?} is not a language; write it as en, pt or pt-BR")]
    BadLanguage {
        /// The tag.
        tag: String,
    },
    /// Links would be good for no time, or for too long. Choose another number.
    #[error("links cannot be good for {days} days; choose 1 to {max}")]
    BadDays {
        /// The days.
        days: u32,
        /// The limit.
        max: u32,
    },
}
