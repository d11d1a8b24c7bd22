//! The value of one field: typed for the program, a canonical scalar for the document, words for
//! people.
//!
//! ```text
//! words ──parse──▶ FieldValue ──to_scalar──▶ Scalar ──(document)──▶ from_scalar ──▶ FieldValue
//! ```
//! Invariant: equal values have equal scalars, and a scalar that is not the canonical form of a
//! value is refused. Constraints of templates are not judged here (`template/check.rs`).

pub(crate) mod decimal;
pub(crate) mod moment;
pub(crate) mod text;

mod coding;
mod contact;
mod kind;
mod money;
mod party;
mod place;
mod refusal;
mod scalar;
mod table;
#[cfg(test)]
pub(crate) mod tests;
mod wording;

use std::collections::BTreeSet;

use casework_protocol::ids::MemberId;
use jiff::civil::Date;
use rust_decimal::Decimal;

pub use contact::{Email, Phone, WebAddress};
pub use kind::{ConflictPolicy, FieldType};
pub use moment::Moment;
pub use money::{Money, is_currency};
pub use party::{CaseLink, Party, RELATIONS};
pub use place::Location;
pub use refusal::{FieldError, ValueError};
pub use scalar::Scalar;
pub use table::{MAX_TABLE_ROWS, Row, Table};
pub use text::{MAX_SLUG_BYTES, is_slug};

/// The value of one field. There is none for file, signature and formula fields, and none for an
/// empty field: clearing stores [`Scalar::Null`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// One line without control characters, at most `MAX_TEXT_BYTES`.
    Text(String),
    /// Lines separated by `\n`, at most `MAX_TEXT_BYTES`.
    LongText(String),
    /// An exact decimal.
    Number(Decimal),
    /// An amount in one currency.
    Money(Money),
    /// A date, years 1 to 9999.
    Date(Date),
    /// A moment with its offset.
    DateTime(Moment),
    /// Yes or no.
    Checkbox(bool),
    /// The id of an option.
    SingleSelect(String),
    /// The ids of options; never empty.
    MultiSelect(BTreeSet<String>),
    /// A member of the workspace.
    Member(MemberId),
    /// An involved person or organisation.
    Party(Party),
    /// Another case.
    CaseLink(CaseLink),
    /// A telephone number.
    Phone(Phone),
    /// An e-mail address.
    Email(Email),
    /// A web address.
    Url(WebAddress),
    /// A point on the earth.
    Location(Location),
    /// What one action adds (in a change) or the sum of it all (in a view).
    Counter(i64),
    /// Rows of a repeating group.
    Table(Table),
}

impl FieldValue {
    /// The type of field that holds such a value.
    #[must_use]
    pub const fn kind(&self) -> FieldType {
        match self {
            Self::Text(_) => FieldType::Text,
            Self::LongText(_) => FieldType::LongText,
            Self::Number(_) => FieldType::Number,
            Self::Money(_) => FieldType::Money,
            Self::Date(_) => FieldType::Date,
            Self::DateTime(_) => FieldType::DateTime,
            Self::Checkbox(_) => FieldType::Checkbox,
            Self::SingleSelect(_) => FieldType::SingleSelect,
            Self::MultiSelect(_) => FieldType::MultiSelect,
            Self::Member(_) => FieldType::Member,
            Self::Party(_) => FieldType::Party,
            Self::CaseLink(_) => FieldType::CaseLink,
            Self::Phone(_) => FieldType::Phone,
            Self::Email(_) => FieldType::Email,
            Self::Url(_) => FieldType::Url,
            Self::Location(_) => FieldType::Location,
            Self::Counter(_) => FieldType::Counter,
            Self::Table(_) => FieldType::Table,
        }
    }
}
