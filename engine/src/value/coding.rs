//! Field values to scalars and strictly back.
//!
//! Booleans and counters are stored as themselves; everything else is one text. A compound value is
//! a compact JSON object with its keys in a fixed order and its decimals as texts. Reading accepts
//! only what writing would have produced, so equal values always have equal bytes.

use std::collections::BTreeSet;

use casework_protocol::limits::MAX_TEXT_BYTES;

use super::contact::{Email, Phone, WebAddress};
use super::decimal::{decimal_text, read_decimal};
use super::moment::{Moment, read_date};
use super::text::{cut, is_one_line, is_prose, is_slug};
use super::{CaseLink, FieldType, FieldValue, Location, Money, Party, Scalar, Table, ValueError};

impl FieldValue {
    /// The canonical scalar of this value.
    #[must_use]
    pub fn to_scalar(&self) -> Scalar {
        Scalar::Text(match self {
            Self::Checkbox(value) => return Scalar::Bool(*value),
            Self::Counter(delta) => return Scalar::Int(*delta),
            Self::Text(text) | Self::LongText(text) | Self::SingleSelect(text) => text.clone(),
            Self::Number(value) => decimal_text(*value),
            Self::Money(money) => money.to_json(),
            Self::Date(date) => date.to_string(),
            Self::DateTime(moment) => moment.to_string(),
            Self::MultiSelect(options) => {
                serde_json::to_string(options).expect("a list of texts is always JSON")
            }
            Self::Member(member) => member.to_string(),
            Self::Party(party) => party.to_json(),
            Self::CaseLink(link) => link.to_json(),
            Self::Phone(phone) => phone.to_string(),
            Self::Email(email) => email.to_string(),
            Self::Url(address) => address.to_string(),
            Self::Location(location) => location.to_json(),
            Self::Table(table) => table.to_json(),
        })
    }

    /// Reads a scalar that was stored or received for a field of this type.
    ///
    /// # Errors
    /// [`ValueError::NotCanonical`] for everything that [`Self::to_scalar`] does not produce,
    /// [`ValueError::TooLong`] before anything is parsed, and the refusals of types that hold no
    /// values. A cleared field ([`Scalar::Null`]) has no value and is refused as well.
    pub fn from_scalar(kind: FieldType, scalar: &Scalar) -> Result<Self, ValueError> {
        refuse_valueless(kind)?;
        let refusal = || ValueError::NotCanonical {
            kind,
            value: cut(&scalar.to_string()),
        };
        let value = match scalar {
            Scalar::Null => None,
            Scalar::Bool(value) => (kind == FieldType::Checkbox).then_some(Self::Checkbox(*value)),
            Scalar::Int(delta) => (kind == FieldType::Counter).then_some(Self::Counter(*delta)),
            Scalar::Text(text) if text.len() > MAX_TEXT_BYTES => {
                return Err(ValueError::TooLong {
                    bytes: text.len(),
                    max: MAX_TEXT_BYTES,
                });
            }
            Scalar::Text(text) => from_text(kind, text),
        };
        value
            .filter(|value| value.to_scalar() == *scalar)
            .ok_or_else(refusal)
    }

    /// The value as JSON for programs: compound values as objects, decimals as texts.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self.to_scalar() {
            Scalar::Null => serde_json::Value::Null,
            Scalar::Bool(value) => value.into(),
            Scalar::Int(delta) => delta.into(),
            Scalar::Text(text) if self.is_compound() => {
                serde_json::from_str(&text).expect("a compound value is stored as JSON")
            }
            Scalar::Text(text) => text.into(),
        }
    }

    const fn is_compound(&self) -> bool {
        matches!(
            self,
            Self::Money(_)
                | Self::MultiSelect(_)
                | Self::Party(_)
                | Self::CaseLink(_)
                | Self::Location(_)
                | Self::Table(_)
        )
    }
}

/// Refuses the types that hold no values.
pub(super) fn refuse_valueless(kind: FieldType) -> Result<(), ValueError> {
    if kind == FieldType::Formula {
        Err(ValueError::ReadOnly)
    } else if kind.accepts_values() {
        Ok(())
    } else {
        Err(ValueError::NeedsAttachment { kind })
    }
}

fn from_text(kind: FieldType, text: &str) -> Option<FieldValue> {
    match kind {
        FieldType::Text => is_one_line(text).then(|| FieldValue::Text(text.to_owned())),
        FieldType::LongText => is_prose(text).then(|| FieldValue::LongText(text.to_owned())),
        FieldType::Number => read_decimal(text).map(FieldValue::Number),
        FieldType::Money => Money::from_json(text).map(FieldValue::Money),
        FieldType::Date => read_date(text).map(FieldValue::Date),
        FieldType::DateTime => Moment::read(text).map(FieldValue::DateTime),
        FieldType::SingleSelect => is_slug(text).then(|| FieldValue::SingleSelect(text.to_owned())),
        FieldType::MultiSelect => {
            let options: BTreeSet<String> = serde_json::from_str(text).ok()?;
            (!options.is_empty() && options.iter().all(|option| is_slug(option)))
                .then_some(FieldValue::MultiSelect(options))
        }
        FieldType::Member => text.parse().ok().map(FieldValue::Member),
        FieldType::Party => Party::from_json(text).map(FieldValue::Party),
        FieldType::CaseLink => CaseLink::from_json(text).map(FieldValue::CaseLink),
        FieldType::Phone => Phone::new(text).map(FieldValue::Phone),
        FieldType::Email => Email::new(text).map(FieldValue::Email),
        FieldType::Url => WebAddress::new(text).map(FieldValue::Url),
        FieldType::Location => Location::from_json(text).map(FieldValue::Location),
        FieldType::Table => Table::from_json(text).map(FieldValue::Table),
        FieldType::Checkbox
        | FieldType::Counter
        | FieldType::File
        | FieldType::Signature
        | FieldType::Formula => None,
    }
}
