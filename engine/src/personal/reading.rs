//! What personal documents say together, read whole: they are small.

use std::collections::BTreeMap;

use automerge::Automerge;
use serde::{Deserialize, Serialize};

use super::{QUIET, READ, UNTIL};
use crate::case::PartId;
use crate::case::past::{Held, Object, Past};
use crate::value::Scalar;

/// First byte of a stored reading. One of another version is read anew from its document.
const STORED_VERSION: u8 = 1;

/// What a member keeps for themself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personal {
    /// Everything received up to then is read, unless it was marked unread.
    until: i64,
    /// When items were marked, below zero when marked unread.
    marks: BTreeMap<PartId, i64>,
    /// Quiet rules: since when, and how; nothing for one that ended.
    quiet: BTreeMap<String, (i64, String)>,
}

impl Personal {
    /// Reads a document.
    #[must_use]
    pub fn read(doc: &Automerge) -> Self {
        let past = Past::now(doc);
        let mut read = Self::default();
        for (_, value) in entries(&past, Object::Root, &[UNTIL.to_owned()]) {
            if let Scalar::Int(until) = value {
                read.until = read.until.max(until);
            }
        }
        for name in READ {
            for map in past.maps(Object::Root, name) {
                for (key, value) in all(&past, map) {
                    if let (Ok(item), Scalar::Int(at)) = (key.parse(), value) {
                        read.mark(item, at);
                    }
                }
            }
        }
        for map in past.maps(Object::Root, QUIET) {
            for (key, value) in all(&past, map) {
                let rule = value.as_text().and_then(|text| text.split_once(' '));
                let Some((since, how)) = rule else { continue };
                if let Ok(since) = since.parse() {
                    read.hush(key, since, how);
                }
            }
        }
        read
    }

    /// Takes in what another document of the same member says; the later of two words counts.
    pub fn join(&mut self, other: Self) {
        self.until = self.until.max(other.until);
        for (item, at) in other.marks {
            self.mark(item, at);
        }
        for (what, (since, how)) in other.quiet {
            self.hush(what, since, &how);
        }
    }

    /// Whether an item that was received then is read; nothing for one that only time made.
    #[must_use]
    pub fn is_read(&self, item: PartId, received_ms: Option<i64>) -> bool {
        match self.marks.get(&item) {
            Some(at) => *at > 0,
            None => received_ms.is_some_and(|received| received <= self.until),
        }
    }

    /// Whether an item was marked by itself.
    #[must_use]
    pub fn has_mark(&self, item: PartId) -> bool {
        self.marks.contains_key(&item)
    }

    /// Whether everything received up to then is read.
    #[must_use]
    pub fn is_read_until(&self, received_ms: i64) -> bool {
        received_ms <= self.until
    }

    /// The items whose marks are older than that.
    pub fn marked_before(&self, ms: i64) -> impl Iterator<Item = PartId> + '_ {
        let before = move |at: &i64| i128::from(at.unsigned_abs()) < i128::from(ms);
        let marks = self.marks.iter().filter(move |(_, at)| before(at));
        marks.map(|(item, _)| *item)
    }

    /// The quiet rules that stand, by what they are about.
    pub fn quiet(&self) -> impl Iterator<Item = (&str, &str)> {
        let rules = self.quiet.iter().filter(|(_, (_, how))| !how.is_empty());
        rules.map(|(what, (_, how))| (what.as_str(), how.as_str()))
    }

    /// A time for the next mark: now, and later than every other one of the same thing, so that it
    /// counts whatever the clocks of the person's devices say.
    #[must_use]
    pub fn next_mark(&self, item: PartId, now_ms: i64) -> i64 {
        let last = self.marks.get(&item).map_or(0, |at| at.saturating_abs());
        now_ms.max(last.saturating_add(1)).max(1)
    }

    /// The same for a quiet rule.
    #[must_use]
    pub fn next_quiet(&self, what: &str, now_ms: i64) -> i64 {
        let last = self.quiet.get(what).map_or(0, |(since, _)| *since);
        now_ms.max(last.saturating_add(1))
    }

    /// Of two marks the later counts; of two at once, *read*.
    fn mark(&mut self, item: PartId, at: i64) {
        let known = self.marks.entry(item).or_insert(at);
        if (at.unsigned_abs(), at) > (known.unsigned_abs(), *known) {
            *known = at;
        }
    }

    #[cfg(test)]
    pub(crate) fn hush_for_tests(&mut self, what: &str, how: &str) {
        self.hush(what.to_owned(), 1, how);
    }

    fn hush(&mut self, what: String, since: i64, how: &str) {
        let known = self.quiet.entry(what).or_insert((since, how.to_owned()));
        if (since, how) > (known.0, known.1.as_str()) {
            *known = (since, how.to_owned());
        }
    }

    /// The bytes to store: a version and the reading.
    #[must_use]
    pub fn to_stored(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![STORED_VERSION])
            .expect("a reading has no sequence of unknown length")
    }

    /// Reads what [`Self::to_stored`] wrote; `None` for another version or damaged bytes.
    #[must_use]
    pub fn from_stored(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first() {
            Some((&STORED_VERSION, body)) => postcard::from_bytes(body).ok(),
            Some(_) | None => None,
        }
    }
}

fn all(past: &Past<'_>, map: Object) -> Vec<(String, Scalar)> {
    let keys: Vec<String> = past
        .keys(map, String::new().."\u{10ffff}".to_owned())
        .into_iter()
        .collect();
    entries(past, map, &keys)
}

/// Every value at these keys, rivals included.
fn entries(past: &Past<'_>, object: Object, keys: &[String]) -> Vec<(String, Scalar)> {
    let mut found = Vec::new();
    for key in keys {
        for seen in past.seen(object, key) {
            if let Held::Scalar(value) = seen.held {
                found.push((key.clone(), value));
            }
        }
    }
    found
}
