//! Parties: the people and organisations a case is about.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::facet::{Contest, FacetView};
use super::reader::{Reader, boolean, text};
use super::record::{Record, read_records, redaction};
use super::side::{OriginRef, Slot};
use crate::case::facet::party::{PartyKey, PartyNature, WITHDRAWN};
use crate::case::{PartId, Shelf};
use crate::value::Scalar;

/// The parties of a case, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parties(pub BTreeMap<PartId, PartyView>);

/// A party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartyView {
    /// The id of a role of the template, or a word.
    pub role: Slot<String>,
    /// What is known of it, by key; nothing but the role once it is redacted.
    pub said: BTreeMap<PartyKey, Slot<String>>,
    /// Whether it was withdrawn.
    pub withdrawn: Slot<bool>,
    /// Why its words are no longer shown.
    pub redacted: Option<String>,
    /// Place in the order of creation; ties go by id.
    pub position: u64,
    /// Who added it.
    pub created: OriginRef,
}

impl Parties {
    /// The parties in the order of their creation.
    #[must_use]
    pub fn in_order(&self) -> Vec<(PartId, &PartyView)> {
        let mut parties: Vec<_> = self.0.iter().map(|(id, one)| (*id, one)).collect();
        parties.sort_by_key(|(id, one)| (one.position, *id));
        parties
    }
}

impl PartyView {
    /// What it says under a key; nothing once it is redacted.
    #[must_use]
    pub fn word(&self, key: PartyKey) -> &str {
        match self.said.get(&key) {
            Some(slot) => slot.value(),
            None if key == PartyKey::Role => self.role.value(),
            None => "",
        }
    }

    /// Person or organisation; `None` once it is redacted.
    #[must_use]
    pub fn nature(&self) -> Option<PartyNature> {
        PartyNature::from_word(self.word(PartyKey::Nature))
    }
}

impl FacetView for Parties {
    const SHELVES: &'static [Shelf] = &[Shelf::Parties];

    fn read(reader: &mut Reader<'_>) -> Self {
        let mut parties = BTreeMap::new();
        for mut record in read_records(reader, Shelf::Parties) {
            let id = record.key.parse().ok();
            parties.extend(id.zip(read_party(reader, &mut record)));
        }
        Self(parties)
    }

    fn visit(&mut self, visit: &mut dyn FnMut(&mut OriginRef)) {
        for party in self.0.values_mut() {
            visit(&mut party.created);
            party.role.visit(visit);
            party.withdrawn.visit(visit);
            party.said.values_mut().for_each(|slot| slot.visit(visit));
        }
    }

    fn contests(&self, tell: &mut dyn FnMut(Contest)) {
        for (id, party) in &self.0 {
            let name = party.word(PartyKey::Name);
            let mut contest = |key: &str, slot: &Slot<String>| {
                let place = (Shelf::Parties, id.to_string(), key);
                let label = format!("{key} of party {name:?}");
                let contest = Contest::of(place, label, slot, |word| Scalar::text(word));
                contest.into_iter().for_each(&mut *tell);
            };
            contest(PartyKey::Role.word(), &party.role);
            for (key, slot) in &party.said {
                contest(key.word(), slot);
            }
            let place = (Shelf::Parties, id.to_string(), WITHDRAWN);
            let label = format!("withdrawal of party {name:?}");
            let withdrawn = |yes: &bool| Scalar::Bool(*yes);
            Contest::of(place, label, &party.withdrawn, withdrawn)
                .into_iter()
                .for_each(&mut *tell);
        }
    }
}

fn read_party(reader: &mut Reader<'_>, record: &mut Record) -> Option<PartyView> {
    let redacted = redaction(reader, Shelf::Parties, &record.key);
    let role = record.slot(reader, PartyKey::Role.word(), text)?;
    let mut said = BTreeMap::new();
    for key in PartyKey::ALL {
        if key != PartyKey::Role && redacted.is_none() {
            let slot = record.slot(reader, key.word(), text);
            said.extend(slot.map(|slot| (key, slot)));
        }
    }
    Some(PartyView {
        role,
        said,
        withdrawn: record.slot(reader, WITHDRAWN, boolean)?,
        redacted,
        position: record.position,
        created: record.created,
    })
}
