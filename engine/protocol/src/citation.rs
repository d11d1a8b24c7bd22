//! What every change cites, in the first keys of its commit message, in one fixed encoding.
//!
//! `{"w":"12:9f3c…","a":"3:77ab…",` — roster version and access version its author saw, each with
//! the first eight bytes of that entry's hash. The relay reads these two and nothing else.

use crate::ids::EntryHash;

/// A version of a hash chain as a change cites it: number and the first 8 bytes of the entry hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CitedVersion {
    /// 1 or more.
    pub version: u64,
    /// First eight bytes of the entry's hash.
    pub mark: [u8; 8],
}

impl CitedVersion {
    /// Cites the entry with this version and hash.
    #[must_use]
    pub fn of(version: u64, hash: &EntryHash) -> Self {
        let mut mark = [0; 8];
        mark.copy_from_slice(&hash.as_bytes()[..8]);
        Self { version, mark }
    }

    /// Whether the entry with this hash is the one cited.
    #[must_use]
    pub fn names(&self, hash: &EntryHash) -> bool {
        hash.as_bytes().starts_with(&self.mark)
    }
}

impl core::fmt::Display for CitedVersion {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "{}:{}",
            self.version,
            data_encoding::HEXLOWER.encode(&self.mark)
        )
    }
}

/// What a change cites for the relay: the roster and the access record of its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Citation {
    /// The newest *sequenced* roster version the author knew.
    pub roster: CitedVersion,
    /// The newest access version the author knew: sequenced, or the record's own genesis.
    pub access: CitedVersion,
}

/// A message that does not begin with a citation in the fixed encoding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the message does not begin with a citation: {start:?}")]
pub struct CitationError {
    /// The first 80 characters of the message.
    pub start: String,
}

impl Citation {
    /// The beginning of a message: an open JSON object up to and including the comma.
    #[must_use]
    pub fn to_prefix(&self) -> String {
        format!("{{\"w\":\"{}\",\"a\":\"{}\",", self.roster, self.access)
    }

    /// Reads the citation at the beginning of a message.
    ///
    /// # Errors
    /// [`CitationError`] unless the message begins exactly as [`Citation::to_prefix`] writes it.
    pub fn read(message: &str) -> Result<Self, CitationError> {
        let parse = || {
            let rest = message.strip_prefix("{\"w\":\"")?;
            let (roster, rest) = rest.split_once("\",\"a\":\"")?;
            let (access, _) = rest.split_once("\",")?;
            Some(Self {
                roster: parse_version(roster)?,
                access: parse_version(access)?,
            })
        };
        parse().ok_or_else(|| CitationError {
            start: message.chars().take(80).collect(),
        })
    }
}

fn parse_version(text: &str) -> Option<CitedVersion> {
    let (number, mark) = text.split_once(':')?;
    let plain = !number.is_empty()
        && number.len() <= 19
        && !number.starts_with('0')
        && number.bytes().all(|b| b.is_ascii_digit());
    let mark = data_encoding::HEXLOWER.decode(mark.as_bytes()).ok()?;
    let version = plain.then(|| number.parse().ok()).flatten()?;
    Some(CitedVersion {
        version,
        mark: mark.try_into().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn citation() -> Citation {
        Citation {
            roster: CitedVersion {
                version: 12,
                mark: [0x9f; 8],
            },
            access: CitedVersion {
                version: 3,
                mark: [7; 8],
            },
        }
    }

    #[test]
    fn a_citation_reads_back_and_ignores_what_follows() {
        let message = format!("{}\"v\":1,\"do\":\"stage.move\"}}", citation().to_prefix());
        assert_eq!(Citation::read(&message), Ok(citation()));
    }

    #[test]
    fn another_spelling_of_the_same_numbers_is_refused() {
        for bad in [
            "{\"w\":\"012:9f9f9f9f9f9f9f9f\",\"a\":\"3:0707070707070707\",",
            "{\"w\":\"12:9F9F9F9F9F9F9F9F\",\"a\":\"3:0707070707070707\",",
            "{ \"w\":\"12:9f9f9f9f9f9f9f9f\",\"a\":\"3:0707070707070707\",",
            "{\"a\":\"3:0707070707070707\",\"w\":\"12:9f9f9f9f9f9f9f9f\",",
            "{\"w\":\"12:9f\",\"a\":\"3:0707070707070707\",",
            "",
        ] {
            assert!(Citation::read(bad).is_err(), "{bad}");
        }
    }
}
