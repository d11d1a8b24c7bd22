//! Why a value is refused, in words for the person who gave it.

use super::kind::FieldType;

/// A value that no field of its type can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The text is not a value of the type. Write it as the message says.
    #[error("{value:?} is not valid here; expected {}", kind.expectation())]
    Malformed {
        /// The type that was expected.
        kind: FieldType,
        /// The text that was given, cut to 80 characters.
        value: String,
    },
    /// A received or stored scalar is not the one canonical form of a value. The device that wrote
    /// it is not this software, or not honest.
    #[error("{value:?} is not the canonical form of a {kind} value")]
    NotCanonical {
        /// The type that was expected.
        kind: FieldType,
        /// The scalar as text, cut to 80 characters.
        value: String,
    },
    /// Nothing was given. To empty a field, clear it.
    #[error("nothing was given; to empty the field, clear it")]
    Blank,
    /// The text is longer than any value may be. Attach it as a document instead.
    #[error("the value has {bytes} bytes and at most {max} are stored")]
    TooLong {
        /// Its length in bytes of UTF-8.
        bytes: usize,
        /// The most a value may have.
        max: usize,
    },
    /// Files and signatures are carried by attachments.
    #[error("a {kind} needs an attachment, which this version cannot carry")]
    NeedsAttachment {
        /// `file` or `signature`.
        kind: FieldType,
    },
    /// A formula is computed from other fields. Change those.
    #[error("a formula is computed and cannot be set")]
    ReadOnly,
}

/// A value that one field refuses. The text names the field by its label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// It is not a value of the field's type. Write it as the message says.
    #[error("{field}: {problem}")]
    Value {
        /// The field's label.
        field: String,
        /// What is wrong.
        #[source]
        problem: ValueError,
    },
    /// A value of another type was given. Give one of the field's type.
    #[error("{field}: a {given} was given and the field holds a {expected}")]
    OtherType {
        /// The field's label.
        field: String,
        /// The type of the value.
        given: FieldType,
        /// The type of the field.
        expected: FieldType,
    },
    /// The field has no such option. Choose one of those named.
    #[error("{field}: {value:?} is not an option; choose from {known}")]
    UnknownOption {
        /// The field's label.
        field: String,
        /// What was given.
        value: String,
        /// The options that can be chosen, by label.
        known: String,
    },
    /// The option is kept for old cases only. Choose another.
    #[error("{field}: the option {value:?} is no longer offered; choose from {known}")]
    DisabledOption {
        /// The field's label.
        field: String,
        /// The option's label.
        value: String,
        /// The options that can be chosen, by label.
        known: String,
    },
    /// The value lies outside the field's bounds. Give one inside.
    #[error("{field}: {value} is {side} the allowed {bound}")]
    OutOfBounds {
        /// The field's label.
        field: String,
        /// The value as people read it.
        value: String,
        /// `below` or `above`.
        side: &'static str,
        /// The bound as the template writes it.
        bound: String,
    },
    /// The text does not have the form that the template asks for. The message is the template's.
    #[error("{field}: {value:?} is refused: {message}")]
    PatternMismatch {
        /// The field's label.
        field: String,
        /// What was given, cut to 80 characters.
        value: String,
        /// The template's message, or the pattern itself.
        message: String,
    },
    /// The field takes no date after today. Check the year.
    #[error("{field}: {value} lies in the future")]
    InFuture {
        /// The field's label.
        field: String,
        /// The value as people read it.
        value: String,
    },
    /// The text has more characters than the field takes. Shorten it.
    #[error("{field}: the text has {chars} characters and the field takes at most {max}")]
    TooManyChars {
        /// The field's label.
        field: String,
        /// Its length in characters.
        chars: usize,
        /// The field's limit.
        max: usize,
    },
    /// The field takes other currencies. Convert the amount.
    #[error("{field}: amounts in {given} are not taken here; use {known}")]
    OtherCurrency {
        /// The field's label.
        field: String,
        /// The currency of the value.
        given: String,
        /// The currencies that are taken.
        known: String,
    },
    /// The relation is not one that people can choose. Choose one of those named.
    #[error("{field}: {given:?} is not a relation; use one of {known}")]
    UnknownRelation {
        /// The field's label.
        field: String,
        /// The relation of the value.
        given: String,
        /// The relations that can be chosen.
        known: String,
    },
    /// The table has no such column. Use one of those named.
    #[error("{field}: row {row:?} fills {column:?}, which is not a column; use {known}")]
    UnknownColumn {
        /// The field's label.
        field: String,
        /// The row's id.
        row: String,
        /// The column that is not there.
        column: String,
        /// The columns there are.
        known: String,
    },
    /// A cell is refused by its column.
    #[error("{field}, row {row:?}: {problem}")]
    Cell {
        /// The field's label.
        field: String,
        /// The row's id.
        row: String,
        /// What is wrong; it names the column.
        #[source]
        problem: Box<Self>,
    },
    /// The template itself is wrong. Cannot happen with a published revision; publish it to see
    /// what to mend.
    #[error("{field}: the template's {constraint} {value:?} cannot be used")]
    BrokenConstraint {
        /// The field's label.
        field: String,
        /// Which constraint.
        constraint: &'static str,
        /// Its value.
        value: String,
    },
}
