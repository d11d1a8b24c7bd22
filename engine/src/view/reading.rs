//! Who looked at a case last on which day, where its template asks for that.

use std::collections::BTreeMap;

use casework_protocol::ids::MemberId;
use serde::{Deserialize, Serialize};

use super::facet::{Contest, FacetView};
use super::reader::Reader;
use super::side::OriginRef;
use crate::case::Shelf;
use crate::case::schema;

/// Member → the day they last looked at the case, `YYYY-MM-DD`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readings(pub BTreeMap<MemberId, String>);

impl FacetView for Readings {
    const SHELVES: &'static [Shelf] = &[Shelf::Reads];

    fn read(reader: &mut Reader<'_>) -> Self {
        let Some(map) = reader.object(&automerge::ROOT, schema::READS) else {
            return Self::default();
        };
        let mut readings = BTreeMap::new();
        let members: Vec<String> = automerge::ReadDoc::keys(reader.doc, &map).collect();
        for key in members {
            // Two devices of one member that were apart: the later day holds, and nothing to settle.
            let days = reader.scalars(&map, &key).into_iter();
            let last = days
                .filter_map(|found| super::reader::text(found.value))
                .max();
            if let (Ok(member), Some(day)) = (key.parse(), last) {
                readings.insert(member, day);
            }
        }
        Self(readings)
    }

    fn visit(&mut self, _visit: &mut dyn FnMut(&mut OriginRef)) {}

    fn contests(&self, _tell: &mut dyn FnMut(Contest)) {}
}
