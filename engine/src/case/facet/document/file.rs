//! The file of a version, by its hash and size, and where the version stands.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::{BYTES, FILE, MEDIA, SHA256};
use crate::case::bounds::{self, MAX_TITLE_BYTES};
use crate::case::ops::Op;
use crate::case::refusal::ActError;
use crate::case::values::{integer, put_at, text};

/// Longest media type, in bytes (RFC 6838 §4.2: two names of at most 127 and a slash).
const MAX_MEDIA_BYTES: usize = 255;

/// What identifies the bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileMark {
    /// The name of the file, one line.
    pub name: String,
    /// SHA-256 of its bytes in lower-case hexadecimal digits.
    pub sha256: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// Its media type, such as `application/pdf`.
    pub media: String,
}

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum VersionStatus {
    /// Being written.
    Draft,
    /// Given to somebody to look at.
    InReview,
    /// Approved.
    Approved,
    /// Signed.
    Signed,
    /// No longer the one that counts.
    Superseded,
}

impl VersionStatus {
    /// Every status, in the order of a document's life.
    pub const ALL: [Self; 5] = [
        Self::Draft,
        Self::InReview,
        Self::Approved,
        Self::Signed,
        Self::Superseded,
    ];

    /// The word in documents and commands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InReview => "in-review",
            Self::Approved => "approved",
            Self::Signed => "signed",
            Self::Superseded => "superseded",
        }
    }

    /// Reads the word; `None` for any other.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl fmt::Display for VersionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

pub(super) fn check_file(file: &FileMark) -> Result<(), ActError> {
    bounds::check_line("file's name", &file.name, MAX_TITLE_BYTES)?;
    bounds::check_line("media type", &file.media, MAX_MEDIA_BYTES)?;
    let digits = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    if file.sha256.len() != 64 || !file.sha256.bytes().all(digits) {
        return Err(ActError::WrongValue {
            what: "SHA-256".to_owned(),
            problem: "it must be 64 lower-case hexadecimal digits",
        });
    }
    if i64::try_from(file.bytes).is_err() {
        return Err(ActError::WrongValue {
            what: "size".to_owned(),
            problem: "no file has that many bytes",
        });
    }
    Ok(())
}

pub(super) fn read_file(ops: &[Op]) -> Option<FileMark> {
    Some(FileMark {
        name: text(put_at(ops, FILE)?)?,
        sha256: text(put_at(ops, SHA256)?)?,
        bytes: u64::try_from(integer(put_at(ops, BYTES)?)?).ok()?,
        media: text(put_at(ops, MEDIA)?)?,
    })
}
