//! What actions are given: answers, marks of files, parties, consents.

use crate::error::CaseworkError;
use crate::vocabulary::PartyNature;

/// An answer to a request for an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum ApprovalAnswer {
    /// Yes.
    Approve,
    /// No.
    Reject,
    /// Not yet: something has to be changed.
    SendBack,
}

/// How many of those who are asked must agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum ApprovalMode {
    /// One.
    Anyone,
    /// All.
    Everyone,
    /// More than half.
    Majority,
    /// So many.
    AtLeast {
        /// How many.
        count: u16,
    },
}

/// What identifies the bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FileMark {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// Its media type.
    pub media: String,
}

/// A party that is written down.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NewParty {
    /// What it is to the case: a role of the template, or any words.
    pub role: String,
    /// Its name.
    pub name: String,
    /// Person or organisation.
    pub nature: PartyNature,
    /// Its address for electronic mail.
    #[uniffi(default = "")]
    pub email: String,
    /// Its telephone number.
    #[uniffi(default = "")]
    pub phone: String,
    /// Its postal address.
    #[uniffi(default = "")]
    pub address: String,
    /// Anything else.
    #[uniffi(default = "")]
    pub note: String,
}

/// That somebody agreed to a referral.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ConsentRecord {
    /// Whether they did.
    pub given: bool,
    /// Who.
    #[uniffi(default = "")]
    pub by: String,
    /// How: in writing, by telephone…
    #[uniffi(default = "")]
    pub how: String,
    /// When, `YYYY-MM-DD`.
    #[uniffi(default = "")]
    pub on: String,
}

/// What identifies the bytes of a local file: name, hash, size and media type. Reads it whole.
///
/// # Errors
/// `Unavailable` when it cannot be read, `Invalid` when it has no name.
#[uniffi::export(default(media = None))]
pub fn file_mark(path: &str, media: Option<String>) -> Result<FileMark, CaseworkError> {
    let path = std::path::Path::new(path);
    Ok(casework::file_mark(path, media.as_deref())?.into())
}

impl From<FileMark> for casework::case::facet::document::FileMark {
    fn from(file: FileMark) -> Self {
        Self {
            name: file.name,
            sha256: file.sha256,
            bytes: file.bytes,
            media: file.media,
        }
    }
}

impl From<casework::case::facet::document::FileMark> for FileMark {
    fn from(file: casework::case::facet::document::FileMark) -> Self {
        Self {
            name: file.name,
            sha256: file.sha256,
            bytes: file.bytes,
            media: file.media,
        }
    }
}

impl From<NewParty> for casework::case::facet::party::PartyMark {
    fn from(party: NewParty) -> Self {
        Self {
            role: party.role,
            name: party.name,
            nature: party.nature,
            email: party.email,
            phone: party.phone,
            address: party.address,
            note: party.note,
        }
    }
}

impl From<ConsentRecord> for casework::case::facet::referral::Consent {
    fn from(consent: ConsentRecord) -> Self {
        Self {
            given: consent.given,
            by: consent.by,
            how: consent.how,
            on: consent.on,
        }
    }
}
