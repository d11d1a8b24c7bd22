//! A value as one scalar of a document: null, a boolean, an integer or a text.
//!
//! This is the only shape in which field values are stored, hashed and compared. It knows nothing
//! of field types. In readable formats (JSON, TOML) a scalar is the bare value; in binary ones it
//! carries its kind.

use core::fmt;
use std::borrow::Cow;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One scalar. The order (null, booleans, integers, texts by their bytes) is the same everywhere,
/// so it may decide which of two contested values is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scalar {
    /// A cleared field.
    #[default]
    Null,
    /// A checkbox.
    Bool(bool),
    /// A counter's delta.
    Int(i64),
    /// Everything else, in its canonical text.
    Text(String),
}

impl Scalar {
    /// Wraps a text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// True for a cleared field.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Int(_) => None,
        }
    }

    /// What kind of scalar this is, for messages.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Text(_) => "a text",
        }
    }
}

/// The bare value; nothing for null.
impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// The form for binary formats that do not describe themselves.
#[derive(Serialize, Deserialize)]
enum Tagged<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Text(Cow<'a, str>),
}

impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return match self {
                Self::Null => Tagged::Null,
                Self::Bool(value) => Tagged::Bool(*value),
                Self::Int(value) => Tagged::Int(*value),
                Self::Text(text) => Tagged::Text(Cow::Borrowed(text)),
            }
            .serialize(serializer);
        }
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(BareScalar);
        }
        Ok(match Tagged::deserialize(deserializer)? {
            Tagged::Null => Self::Null,
            Tagged::Bool(value) => Self::Bool(value),
            Tagged::Int(value) => Self::Int(value),
            Tagged::Text(text) => Self::Text(text.into_owned()),
        })
    }
}

struct BareScalar;

impl Visitor<'_> for BareScalar {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a whole number or true/false (write a decimal in quotes, as \"2.5\")")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Int(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Scalar, E> {
        i64::try_from(value)
            .map(Scalar::Int)
            .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(value), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::text(text))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Scalar, E> {
        Ok(Scalar::Text(text))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> [Scalar; 5] {
        [
            Scalar::Null,
            Scalar::Bool(true),
            Scalar::Int(-7),
            Scalar::text(""),
            Scalar::text("7"),
        ]
    }

    #[test]
    fn a_scalar_is_the_bare_value_in_json_and_reads_back() {
        let json = serde_json::to_string(&samples()).unwrap();
        assert_eq!(json, r#"[null,true,-7,"","7"]"#);
        assert_eq!(
            serde_json::from_str::<[Scalar; 5]>(&json).unwrap(),
            samples()
        );
    }

    #[test]
    fn a_scalar_reads_back_from_a_binary_format_that_does_not_describe_itself() {
        let bytes = postcard::to_allocvec(&samples()).unwrap();
        assert_eq!(
            postcard::from_bytes::<[Scalar; 5]>(&bytes).unwrap(),
            samples()
        );
    }

    #[test]
    fn a_fraction_is_refused_with_the_cure() {
        let error = serde_json::from_str::<Scalar>("2.5")
            .unwrap_err()
            .to_string();
        assert!(error.contains("write a decimal in quotes"), "{error}");
        assert!(serde_json::from_str::<Scalar>("9223372036854775808").is_err());
    }
}
