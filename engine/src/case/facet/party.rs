//! Parties: the people and organisations a case is about, each with a role.
//!
//! A party is a record with one value per key, so that two people may complete it at once. It is
//! never deleted but withdrawn, and its words can be redacted. Being a party opens no door.

use core::fmt;
use core::str::FromStr;

use casework_protocol::rights::Verb;
use serde::{Deserialize, Serialize};

use super::{Facet, Kinds};
use crate::case::action::{Act, CaseAction};
use crate::case::bounds::{self, MAX_LABEL_BYTES, MAX_QUESTION_BYTES, MAX_TITLE_BYTES};
use crate::case::conform::list;
use crate::case::kind::kinds;
use crate::case::ops::Op;
use crate::case::part::PartId;
use crate::case::past::Past;
use crate::case::place::Place;
use crate::case::record::Shelf;
use crate::case::refusal::ActError;
use crate::case::step::Plan;
use crate::case::undo::{Undoing, facets as undo};
use crate::case::values::{first_put, put_at, text};
use crate::template::{Revision, Today};
use crate::value::Scalar;

/// Party: whether it was withdrawn. Its other keys are those of [`PartyKey`].
pub const WITHDRAWN: &str = "withdrawn";

kinds! {
    /// What kind of action on a party a change is.
    enum PartyKind {
        /// Adds a party.
        Add = "party.add",
        /// Changes one thing about it.
        Change = "party.change",
        /// Withdraws it.
        Withdraw = "party.withdraw",
        /// Brings it back.
        Reinstate = "party.reinstate",
    }
}

/// One thing done to a party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartyAction {
    /// Adds a party.
    Add {
        /// The new party.
        id: PartId,
        /// What is known of it.
        party: PartyMark,
    },
    /// Changes one thing about it.
    Change {
        /// The party.
        party: PartId,
        /// What.
        key: PartyKey,
        /// What it says now; only contacts may say nothing.
        value: String,
    },
    /// Withdraws it; it stays, marked.
    Withdraw {
        /// The party.
        party: PartId,
    },
    /// Brings a withdrawn one back.
    Reinstate {
        /// The party.
        party: PartId,
    },
}

/// What is known of a party.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartyMark {
    /// The id of a role of the template, or a word: complainant, witness…
    pub role: String,
    /// Its name, one line.
    pub name: String,
    /// Person or organisation.
    #[serde(default)]
    pub nature: PartyNature,
    /// An e-mail address, one line, or nothing.
    #[serde(default)]
    pub email: String,
    /// A telephone number, one line, or nothing.
    #[serde(default)]
    pub phone: String,
    /// A postal address, or nothing.
    #[serde(default)]
    pub address: String,
    /// What else there is to say, or nothing.
    #[serde(default)]
    pub note: String,
}

/// What a party is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartyNature {
    /// A person.
    #[default]
    Person,
    /// An organisation.
    Organisation,
}

/// One thing about a party; its word is the key in the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartyKey {
    /// [`PartyMark::role`].
    Role,
    /// [`PartyMark::name`].
    Name,
    /// [`PartyMark::nature`], by its word.
    Nature,
    /// [`PartyMark::email`].
    Email,
    /// [`PartyMark::phone`].
    Phone,
    /// [`PartyMark::address`].
    Address,
    /// [`PartyMark::note`].
    Note,
}

/// A word that says nothing about a party. Cure: one of those named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{word:?} is nothing of a party; there are role, name, nature, email, phone, address, note"
)]
pub struct PartyKeyError {
    /// The first 80 characters.
    pub word: String,
}

impl PartyAction {
    /// What kind of action it is.
    #[must_use]
    pub const fn kind(&self) -> PartyKind {
        match self {
            Self::Add { .. } => PartyKind::Add,
            Self::Change { .. } => PartyKind::Change,
            Self::Withdraw { .. } => PartyKind::Withdraw,
            Self::Reinstate { .. } => PartyKind::Reinstate,
        }
    }

    const fn party(&self) -> PartId {
        match self {
            Self::Add { id, .. } => *id,
            Self::Change { party, .. } | Self::Withdraw { party } | Self::Reinstate { party } => {
                *party
            }
        }
    }
}

impl Facet for PartyAction {
    fn target(&self) -> Option<String> {
        let id = self.party();
        Some(match self {
            Self::Change { key, .. } => format!("{id}/{key}"),
            Self::Add { .. } | Self::Withdraw { .. } | Self::Reinstate { .. } => id.to_string(),
        })
    }

    fn verb(&self, _past: &Past<'_>) -> Verb {
        Verb::Edit
    }

    fn plan(&self, plan: &mut Plan, past: &Past<'_>, _act: &Act) -> Result<(), ActError> {
        let id = self.party().to_string();
        let record = (Shelf::Parties, id.as_str());
        match self {
            Self::Add { party, .. } => {
                let said = PartyKey::ALL.map(|key| (key, party.said(key)));
                for (key, value) in &said {
                    check_value(*key, value)?;
                }
                let values = said.map(|(key, value)| (key.word(), Scalar::Text(value)));
                let withdrawn = [(WITHDRAWN, Scalar::Bool(false))];
                plan.make_record(past, record, values.into_iter().chain(withdrawn))
            }
            Self::Change { key, value, .. } => {
                check_value(*key, value)?;
                plan.put_record(past, record, key.word(), Scalar::text(value))
            }
            Self::Withdraw { .. } => plan.put_record(past, record, WITHDRAWN, Scalar::Bool(true)),
            Self::Reinstate { .. } => plan.put_record(past, record, WITHDRAWN, Scalar::Bool(false)),
        }
    }

    fn check(&self, _: &Past<'_>, revision: &Revision, _: &Today) -> Result<(), ActError> {
        let role = match self {
            Self::Add { party, .. } => &party.role,
            Self::Change {
                key: PartyKey::Role,
                value,
                ..
            } => value,
            Self::Change { .. } | Self::Withdraw { .. } | Self::Reinstate { .. } => return Ok(()),
        };
        let known = &revision.package().party_roles;
        if known.is_empty() || known.iter().any(|known| known.id == *role) {
            return Ok(());
        }
        Err(ActError::NotOffered {
            what: "role of a party",
            word: role.chars().take(80).collect(),
            known: list(known.iter().map(|role| role.id.as_str())),
        })
    }

    fn opposite(&self, undoing: &Undoing<'_>) -> Result<CaseAction, ActError> {
        undo::party(undoing, self)
    }
}

impl Kinds for PartyKind {
    type Action = PartyAction;

    fn read(self, on: Option<&str>, ops: &[Op]) -> Option<PartyAction> {
        let party = || on?.parse().ok();
        Some(match self {
            Self::Add => PartyAction::Add {
                id: party()?,
                party: read_mark(ops)?,
            },
            Self::Change => {
                let (party, key) = on?.split_once('/')?;
                PartyAction::Change {
                    party: party.parse().ok()?,
                    key: key.parse().ok()?,
                    value: text(first_put(ops)?.1)?,
                }
            }
            Self::Withdraw => PartyAction::Withdraw { party: party()? },
            Self::Reinstate => PartyAction::Reinstate { party: party()? },
        })
    }

    fn place(self, on: Option<&str>) -> Option<Place> {
        let key = on?.split('/').next()?.to_owned();
        Some(Place::Record(Shelf::Parties, key))
    }

    fn shown(self, on: Option<&str>) -> Option<Place> {
        let (id, key) = on?.split_once('/').unwrap_or((on?, ""));
        let key = match self {
            Self::Add => PartyKey::Name.word(),
            Self::Change => key,
            Self::Withdraw | Self::Reinstate => WITHDRAWN,
        };
        Some(Place::RecordPart(
            Shelf::Parties,
            id.to_owned(),
            key.to_owned(),
        ))
    }
}

impl PartyMark {
    /// What it says under a key.
    #[must_use]
    pub fn said(&self, key: PartyKey) -> String {
        match key {
            PartyKey::Role => self.role.clone(),
            PartyKey::Name => self.name.clone(),
            PartyKey::Nature => self.nature.word().to_owned(),
            PartyKey::Email => self.email.clone(),
            PartyKey::Phone => self.phone.clone(),
            PartyKey::Address => self.address.clone(),
            PartyKey::Note => self.note.clone(),
        }
    }
}

impl PartyNature {
    /// The word in documents and commands.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Organisation => "organisation",
        }
    }

    /// Reads the word; `None` for any other.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Person, Self::Organisation]
            .into_iter()
            .find(|nature| nature.word() == word)
    }
}

impl PartyKey {
    /// Every key, in the order in which a party is written.
    pub const ALL: [Self; 7] = [
        Self::Role,
        Self::Name,
        Self::Nature,
        Self::Email,
        Self::Phone,
        Self::Address,
        Self::Note,
    ];

    /// The word in documents and commands.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Name => "name",
            Self::Nature => "nature",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Address => "address",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for PartyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for PartyKey {
    type Err = PartyKeyError;

    fn from_str(word: &str) -> Result<Self, PartyKeyError> {
        let found = Self::ALL.into_iter().find(|key| key.word() == word);
        found.ok_or_else(|| PartyKeyError {
            word: word.chars().take(80).collect(),
        })
    }
}

fn check_value(key: PartyKey, value: &str) -> Result<(), ActError> {
    let line = |what, max| {
        if value.is_empty() {
            Ok(())
        } else {
            bounds::check_line(what, value, max)
        }
    };
    match key {
        PartyKey::Role => bounds::check_line("role of the party", value, MAX_LABEL_BYTES),
        PartyKey::Name => bounds::check_line("name of the party", value, MAX_TITLE_BYTES),
        PartyKey::Nature => match PartyNature::from_word(value) {
            Some(_) => Ok(()),
            None => Err(ActError::WrongValue {
                what: "nature of the party".to_owned(),
                problem: "it is a person or an organisation",
            }),
        },
        PartyKey::Email => line("e-mail address", MAX_LABEL_BYTES),
        PartyKey::Phone => line("telephone number", MAX_LABEL_BYTES),
        PartyKey::Address => check_short_prose("address", value),
        PartyKey::Note => check_short_prose("note", value),
    }
}

fn check_short_prose(what: &'static str, value: &str) -> Result<(), ActError> {
    let (bytes, max) = (value.len(), MAX_QUESTION_BYTES);
    if bytes > max {
        return Err(ActError::TooLong { what, bytes, max });
    }
    bounds::check_prose(what, value)
}

fn read_mark(ops: &[Op]) -> Option<PartyMark> {
    let said = |key: PartyKey| text(put_at(ops, key.word())?);
    Some(PartyMark {
        role: said(PartyKey::Role)?,
        name: said(PartyKey::Name)?,
        nature: PartyNature::from_word(&said(PartyKey::Nature)?)?,
        email: said(PartyKey::Email)?,
        phone: said(PartyKey::Phone)?,
        address: said(PartyKey::Address)?,
        note: said(PartyKey::Note)?,
    })
}
