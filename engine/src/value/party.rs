//! A person or organisation involved in a case, and a link to another case.
//!
//! Neither says anything about access: a party is not a member and a link opens no door.

use core::fmt;

use casework_protocol::ids::DocumentId;
use casework_protocol::limits::MAX_NAME_BYTES;
use serde::{Deserialize, Serialize};

use super::text::{is_one_line, is_slug};

/// The relations people can choose. Others, from newer versions, are shown as they are.
pub const RELATIONS: [&str; 6] = [
    "parent",
    "child",
    "duplicate-of",
    "blocks",
    "blocked-by",
    "relates",
];

/// An involved person or organisation. Each part is one line of at most
/// [`MAX_NAME_BYTES`] bytes without a semicolon, because people write
/// `name; role; contact`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Party {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    role: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    contact: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredParty {
    name: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    contact: String,
}

impl Party {
    /// A party; role and contact may be empty. `None` when a part breaks the bounds above.
    #[must_use]
    pub fn new(name: &str, role: &str, contact: &str) -> Option<Self> {
        let [name, role, contact] = [name, role, contact].map(str::trim);
        let fits = |part: &str| {
            part.is_empty()
                || (is_one_line(part) && part.len() <= MAX_NAME_BYTES && !part.contains(';'))
        };
        (!name.is_empty() && fits(name) && fits(role) && fits(contact)).then(|| Self {
            name: name.to_owned(),
            role: role.to_owned(),
            contact: contact.to_owned(),
        })
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The role in the case (complainant, witness, counterparty…), or nothing.
    #[must_use]
    pub fn role(&self) -> &str {
        &self.role
    }

    /// How to reach them, or nothing.
    #[must_use]
    pub fn contact(&self) -> &str {
        &self.contact
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(';');
        let (name, role, contact) = (parts.next()?, parts.next(), parts.next());
        if parts.next().is_some() {
            return None;
        }
        Self::new(name, role.unwrap_or_default(), contact.unwrap_or_default())
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("three texts are always JSON")
    }

    pub(super) fn from_json(json: &str) -> Option<Self> {
        let stored: StoredParty = serde_json::from_str(json).ok()?;
        Self::new(&stored.name, &stored.role, &stored.contact)
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.role.is_empty() || !self.contact.is_empty() {
            write!(f, "; {}", self.role)?;
        }
        if !self.contact.is_empty() {
            write!(f, "; {}", self.contact)?;
        }
        Ok(())
    }
}

/// Another case and how this one relates to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseLink {
    document: DocumentId,
    relation: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredLink {
    document: DocumentId,
    relation: String,
}

impl CaseLink {
    /// A link; `None` unless the relation is shaped like an id (`duplicate-of`).
    #[must_use]
    pub fn new(document: DocumentId, relation: &str) -> Option<Self> {
        is_slug(relation).then(|| Self {
            document,
            relation: relation.to_owned(),
        })
    }

    /// The other case.
    #[must_use]
    pub const fn document(&self) -> DocumentId {
        self.document
    }

    /// One of [`RELATIONS`], or what a newer version wrote.
    #[must_use]
    pub fn relation(&self) -> &str {
        &self.relation
    }

    /// Reads `relation id`, or an id alone, which relates.
    pub(super) fn read(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            [id] => Self::new(id.parse().ok()?, "relates"),
            [relation, id] => Self::new(id.parse().ok()?, relation),
            _ => None,
        }
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("an id and a text are always JSON")
    }

    pub(super) fn from_json(json: &str) -> Option<Self> {
        let stored: StoredLink = serde_json::from_str(json).ok()?;
        Self::new(stored.document, &stored.relation)
    }
}

impl fmt::Display for CaseLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.relation, self.document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_is_written_with_semicolons_and_may_lack_role_and_contact() {
        let full = Party::read("Ana Prata (Lda); complainant ;ana@example.org").unwrap();
        assert_eq!(
            full.to_string(),
            "Ana Prata (Lda); complainant; ana@example.org"
        );
        assert_eq!(Party::read("Ana").unwrap().to_json(), r#"{"name":"Ana"}"#);
        assert_eq!(Party::read("Ana;;x").unwrap().to_string(), "Ana; ; x");
        for text in ["", ";witness", "a;b;c;d", "a\nb"] {
            assert_eq!(Party::read(text), None, "{text}");
        }
        assert_eq!(Party::read(&"a".repeat(MAX_NAME_BYTES + 1)), None);
    }

    #[test]
    fn a_case_link_without_a_relation_relates() {
        let id = "00112233445566778899aabbccddeeff";
        assert_eq!(
            CaseLink::read(id).unwrap().to_string(),
            format!("relates {id}")
        );
        assert_eq!(
            CaseLink::read(&format!("blocks {id}")).unwrap().relation(),
            "blocks"
        );
        for text in [
            "",
            "blocks",
            "blocks 0011",
            &format!("a b {id}"),
            &format!("Blocks {id}"),
        ] {
            assert_eq!(CaseLink::read(text), None, "{text}");
        }
    }

    #[test]
    fn every_known_relation_is_shaped_like_an_id() {
        assert!(RELATIONS.into_iter().all(is_slug));
    }
}
