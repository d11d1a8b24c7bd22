//! What crosses as text: ids, seats, values; and JSON for what is a document of its own.

use core::fmt::Display;
use core::str::FromStr;

use casework::value::Scalar;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::CaseworkError;

/// A value as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Value {
    /// Nothing: an empty field.
    Empty,
    /// A checkbox.
    Flag {
        /// Ticked or not.
        on: bool,
    },
    /// A whole number: what a counter is moved by.
    Whole {
        /// The number.
        number: i64,
    },
    /// Everything else, in its canonical text: dates `YYYY-MM-DD`, decimals with a point, the id
    /// of an option or a member.
    Words {
        /// The text.
        text: String,
    },
}

impl From<Scalar> for Value {
    fn from(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Null => Self::Empty,
            Scalar::Bool(on) => Self::Flag { on },
            Scalar::Int(number) => Self::Whole { number },
            Scalar::Text(text) => Self::Words { text },
        }
    }
}

impl From<Value> for Scalar {
    fn from(value: Value) -> Self {
        match value {
            Value::Empty => Self::Null,
            Value::Flag { on } => Self::Bool(on),
            Value::Whole { number } => Self::Int(number),
            Value::Words { text } => Self::Text(text),
        }
    }
}

/// Reads an id, or anything else that has one text.
pub(crate) fn read<T>(text: &str) -> Result<T, CaseworkError>
where
    T: FromStr,
    T::Err: Display,
{
    text.trim().parse().map_err(CaseworkError::invalid)
}

/// Reads several.
pub(crate) fn read_all<T, C>(texts: &[String]) -> Result<C, CaseworkError>
where
    T: FromStr,
    T::Err: Display,
    C: FromIterator<T>,
{
    texts.iter().map(|text| read(text)).collect()
}

/// Reads one, if there is one.
pub(crate) fn read_some<T>(text: Option<&str>) -> Result<Option<T>, CaseworkError>
where
    T: FromStr,
    T::Err: Display,
{
    text.map(read).transpose()
}

/// Writes several.
pub(crate) fn write_all<T: Display>(all: impl IntoIterator<Item = T>) -> Vec<String> {
    all.into_iter().map(|one| one.to_string()).collect()
}

/// Writes one, if there is one.
pub(crate) fn write_some<T: Display>(one: Option<T>) -> Option<String> {
    one.map(|one| one.to_string())
}

/// Writes JSON, as the command line does with `--json`.
pub(crate) fn json(what: &impl Serialize) -> Result<String, CaseworkError> {
    serde_json::to_string(what).map_err(|error| CaseworkError::Internal(error.to_string()))
}

/// Reads JSON.
pub(crate) fn from_json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, CaseworkError> {
    serde_json::from_str(text)
        .map_err(|error| CaseworkError::Invalid(format!("this is no {what}: {error}")))
}

/// A count that fits.
pub(crate) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
