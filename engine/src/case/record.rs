//! Records: the things of a case that facets keep, each a map of named values on a shelf.
//!
//! A shelf is a map in the root of the case: key → record, or key → value for sets. Keys have no
//! `/` and are mostly [`PartId`]s. What two devices may make under one key is read by merging every
//! object there ([`read_value`]). Invariant: values of records are contested, settled, shown in the
//! timeline and refreshed by this scheme alone; a facet only names its shelves and keys.

use super::part::PartId;
use super::past::{Object, OpRef, Past, Seen};
use super::schema;
use super::slots::{container, record_objects};
use crate::value::Scalar;

macro_rules! shelves {
    ($($(#[doc = $doc:literal])+ $name:ident = $place:literal in $map:path, called $title:literal,)+) => {
        /// Where a facet keeps its records.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize,
            serde::Deserialize,
        )]
        #[serde(rename_all = "kebab-case")]
        pub enum Shelf { $($(#[doc = $doc])+ $name,)+ }

        impl Shelf {
            /// Every shelf.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// What one of its records is called, in places: `document/9f…`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $place,)+ }
            }

            /// The name of its map in the root of the case.
            #[must_use]
            pub const fn map(self) -> &'static str {
                match self { $(Self::$name => $map,)+ }
            }

            /// The value that people call a record by; empty if there is none.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// The shelf whose records are called this.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($place => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

shelves! {
    /// Documents.
    Documents = "document" in schema::DOCUMENTS, called "name",
    /// Versions of documents.
    Versions = "version" in schema::VERSIONS, called "file",
    /// Approvals.
    Approvals = "approval" in schema::APPROVALS, called "label",
    /// Offers to take the case over.
    Transfers = "transfer" in schema::TRANSFERS, called "to",
    /// Parts of the case referred to others.
    Referrals = "referral" in schema::REFERRALS, called "service",
    /// Pauses.
    Holds = "hold" in schema::HOLDS, called "why",
    /// What rules left for people and for the agent.
    Runs = "run" in schema::RUNS, called "text",
    /// What agents took on.
    Claims = "claim" in schema::CLAIMS, called "of",
    /// Who looked at the case.
    Reads = "read" in schema::READS, called "",
    /// Parties.
    Parties = "party" in schema::PARTIES, called "name",
    /// Links to other cases, as a set.
    Links = "link" in schema::LINKS, called "",
    /// Where the case is kept, one value each.
    Marks = "mark" in schema::MARKS, called "",
    /// Flags, as a set.
    Flags = "flag" in schema::FLAGS, called "",
    /// The log of reopenings.
    Reopenings = "reopening" in schema::REOPENINGS, called "",
    /// Requests for information.
    FormRequests = "form-request" in schema::FORM_REQUESTS, called "form",
    /// What people outside sent.
    Submissions = "submission" in schema::SUBMISSIONS, called "form",
    /// What they added to it later.
    Additions = "addition" in schema::ADDITIONS, called "",
}

/// The keys of a shelf whose records have part ids, ascending.
#[must_use]
pub fn part_ids(past: &Past<'_>, shelf: Shelf) -> Vec<PartId> {
    let Ok(map) = container(past, shelf.map()) else {
        return Vec::new();
    };
    // 'g' is the letter after the last hexadecimal digit.
    let keys = past.keys(map, String::new().."g".to_owned());
    keys.iter().filter_map(|key| key.parse().ok()).collect()
}

/// Every key of a shelf, ascending.
#[must_use]
pub fn keys(past: &Past<'_>, shelf: Shelf) -> Vec<String> {
    let Ok(map) = container(past, shelf.map()) else {
        return Vec::new();
    };
    let every = String::new()..char::MAX.to_string();
    past.keys(map, every).into_iter().collect()
}

/// The shown value of a record, of whichever object was written last; `None` without the record or
/// the value. What an object was made with counts only where nobody wrote anything since, and that
/// is the older operation.
#[must_use]
pub fn read_value(past: &Past<'_>, (shelf, key): (Shelf, &str), name: &str) -> Option<Scalar> {
    let objects = record_objects(past, shelf, key).ok()?;
    let newest = objects
        .into_iter()
        .flat_map(|object| past.seen(object, name))
        .max_by_key(|seen| seen.id)?;
    scalar(newest)
}

/// The same as text.
#[must_use]
pub fn read_text(past: &Past<'_>, record: (Shelf, &str), name: &str) -> Option<String> {
    read_value(past, record, name)?.as_text().map(str::to_owned)
}

/// What stands at a key of a shelf that holds values.
#[must_use]
pub fn read_entry(past: &Past<'_>, (shelf, key): (Shelf, &str)) -> Option<Scalar> {
    past.scalar(container(past, shelf.map()).ok()?, key)
}

/// The operations that made a record: their actors made it.
#[must_use]
pub fn makers(past: &Past<'_>, (shelf, key): (Shelf, &str)) -> Vec<OpRef> {
    let objects = record_objects(past, shelf, key).unwrap_or_default();
    let made = |object| match object {
        Object::Root => None,
        Object::Made(op) => Some(op),
    };
    objects.into_iter().filter_map(made).collect()
}

fn scalar(seen: Seen) -> Option<Scalar> {
    use super::past::Held;
    match seen.held {
        Held::Scalar(value) => Some(value),
        Held::Map | Held::Text | Held::Foreign => None,
    }
}
