//! Ids of the parts of a case: comments, tasks, checklist items, decisions, and of actions.
//!
//! An id is eight bytes, written as sixteen lower-case hexadecimal digits. It is derived from the
//! seed of one moment, never drawn here, and is unique within its case only.

use core::fmt;
use core::str::FromStr;

use casework_protocol::digest::{Tag, digest};
use casework_protocol::ids::hex;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The id of a part of one case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartId([u8; 8]);

/// A text that is not the id of a part.
///
/// Cause: a mistyped or shortened id. Cure: copy all sixteen digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not the id of a part: it must be 16 lower-case hexadecimal digits")]
pub struct PartIdError {
    /// The first 80 characters of the text.
    pub text: String,
}

impl PartId {
    /// Wraps eight bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The `n`-th id of the moment that this seed belongs to. Seeds must not repeat.
    #[must_use]
    pub fn derive(seed: &[u8; 32], n: u32) -> Self {
        let hash = digest(Tag::Derive, &[seed, b"part", &n.to_be_bytes()]);
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hash[..8]);
        Self(bytes)
    }

    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }

    /// The sixteen digits, quicker than by [`fmt::Display`]: a case for an app has hundreds of ids.
    #[must_use]
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    /// The first digit, `0` to `15`: which of the sixteen maps of comments it belongs to.
    #[must_use]
    pub const fn bucket(&self) -> usize {
        (self.0[0] >> 4) as usize
    }
}

impl fmt::Display for PartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 16];
        f.write_str(data_encoding::HEXLOWER.encode_mut_str(&self.0, &mut text))
    }
}

impl fmt::Debug for PartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartId({self})")
    }
}

impl FromStr for PartId {
    type Err = PartIdError;

    fn from_str(text: &str) -> Result<Self, PartIdError> {
        let mut bytes = [0; 8];
        let sized = text.len() == 16;
        match sized.then(|| data_encoding::HEXLOWER.decode_mut(text.as_bytes(), &mut bytes)) {
            Some(Ok(_)) => Ok(Self(bytes)),
            Some(Err(_)) | None => Err(PartIdError {
                text: text.chars().take(80).collect(),
            }),
        }
    }
}

impl Serialize for PartId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() {
            s.collect_str(self)
        } else {
            self.0.serialize(s)
        }
    }
}

impl<'de> Deserialize<'de> for PartId {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if d.is_human_readable() {
            String::deserialize(d)?
                .parse()
                .map_err(serde::de::Error::custom)
        } else {
            <[u8; 8]>::deserialize(d).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_id_reads_back_from_text_json_and_binary() {
        let id = PartId::derive(&[3; 32], 1);
        assert_eq!(id.to_string().parse::<PartId>(), Ok(id));
        assert_eq!(id.hex(), id.to_string());
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<PartId>(&json).unwrap(), id);
        let bytes = postcard::to_allocvec(&id).unwrap();
        assert_eq!(postcard::from_bytes::<PartId>(&bytes).unwrap(), id);
        assert_eq!(format!("{:x}", id.bucket()), id.to_string()[..1]);
    }

    #[test]
    fn upper_case_and_other_lengths_are_refused() {
        for text in [
            "",
            "0123",
            "ABCDEF0123456789",
            "0123456789abcdeg",
            "0123456789abcdef0",
        ] {
            assert!(text.parse::<PartId>().is_err(), "{text}");
        }
    }
}
