//! The facets of a case as people see them: one field each, read from its own shelves.
//!
//! To add one: its file with a type that is a [`FacetView`], and one line in [`facet_views!`].
//! A facet is read anew as a whole when any of its records is touched. Invariant: what a facet
//! shows is a function of its shelves alone.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::approval::Approvals;
use super::automation::Automations;
use super::document::Documents;
use super::form::Forms;
use super::handover::{Referrals, Transfers};
use super::hold::Holds;
use super::keeping::{Keeping, Links, Reopenings};
use super::party::Parties;
use super::reader::Reader;
use super::reading::Readings;
use super::side::{OriginRef, Slot};
use crate::case::{CaseAction, Place, Shelf};
use crate::value::Scalar;

/// A place of a facet that is contested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contest {
    /// Where.
    pub place: Place,
    /// What people call the place.
    pub label: String,
    /// The values: the one shown first.
    pub sides: Vec<ContestSide>,
}

/// One side of a contest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContestSide {
    /// The value as it is stored.
    pub value: Scalar,
    /// What people call it; `None` for what the value says itself, and for members.
    pub words: Option<String>,
    /// Who wrote it.
    pub by: OriginRef,
    /// What settles on this side, where that is more than writing the value again.
    pub settled_by: Option<CaseAction>,
}

/// One facet as people see it.
pub(super) trait FacetView: Sized {
    /// Where its records lie.
    const SHELVES: &'static [Shelf];

    /// Reads it.
    fn read(reader: &mut Reader<'_>) -> Self;

    /// Visits every reference to an origin, always in the same order.
    fn visit(&mut self, visit: &mut dyn FnMut(&mut OriginRef));

    /// Tells everything that is contested.
    fn contests(&self, tell: &mut dyn FnMut(Contest));
}

macro_rules! facet_views {
    ($($(#[doc = $doc:literal])+ $field:ident: $View:ty,)+) => {
        /// Everything that the facets of a case show.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct Facets { $($(#[doc = $doc])+ pub $field: $View,)+ }

        impl Facets {
            /// Reads every facet.
            pub(super) fn read(reader: &mut Reader<'_>) -> Self {
                Self { $($field: <$View as FacetView>::read(reader),)+ }
            }

            /// Reads the facets anew whose records were touched.
            pub(super) fn refresh(&mut self, reader: &mut Reader<'_>, touched: &BTreeSet<Shelf>) {
                $(
                    if <$View>::SHELVES.iter().any(|shelf| touched.contains(shelf)) {
                        self.$field = <$View as FacetView>::read(reader);
                    }
                )+
            }

            pub(super) fn visit(&mut self, visit: &mut dyn FnMut(&mut OriginRef)) {
                $(self.$field.visit(visit);)+
            }

            /// Everything that is contested.
            #[must_use]
            pub fn contests(&self) -> Vec<Contest> {
                let mut contests = Vec::new();
                $(self.$field.contests(&mut |contest| contests.push(contest));)+
                contests
            }
        }
    };
}

impl Contest {
    /// The contest of one value of a record; `None` unless it is contested.
    pub(super) fn of<T>(
        place: (Shelf, String, &str),
        label: impl Into<String>,
        slot: &Slot<T>,
        scalar: impl Fn(&T) -> Scalar,
    ) -> Option<Self> {
        let (shelf, key, part) = place;
        let side = |side: &super::side::Side<T>| ContestSide {
            value: scalar(&side.value),
            words: None,
            by: side.by,
            settled_by: None,
        };
        slot.is_contested().then(|| Self {
            place: Place::RecordPart(shelf, key, part.to_owned()),
            label: label.into(),
            sides: slot.sides().map(side).collect(),
        })
    }
}

facet_views! {
    /// Its documents with their versions.
    documents: Documents,
    /// What was asked to be approved, with the votes.
    approvals: Approvals,
    /// Offers to take it over.
    transfers: Transfers,
    /// Parts of it that were referred to others.
    referrals: Referrals,
    /// Its pauses.
    holds: Holds,
    /// What rules left: notices, requests to the agent, failures.
    automations: Automations,
    /// Who looked at it.
    readings: Readings,
    /// The people and organisations it is about.
    parties: Parties,
    /// The other cases it names.
    links: Links,
    /// Where it is kept, and its flags.
    keeping: Keeping,
    /// Its reopenings.
    reopenings: Reopenings,
    /// What went through forms.
    forms: Forms,
}
