//! What was adjusted while a log was read: counted per kind, with one example each.
//!
//! A note is no error: the import goes on, and the person who runs it is told. Nothing is ever
//! adjusted without a note.

use std::collections::BTreeMap;
use std::fmt;

/// Longest example kept with a note, in characters.
const EXAMPLE_CHARS: usize = 80;

/// What kind of thing was adjusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum NoteKind {
    /// An event has no readable `time:timestamp`; it keeps its place in the file.
    NoTimestamp,
    /// An event has none of the classifier's attributes; it goes to the stage "Unnamed activity".
    NoActivity,
    /// A trace has no `concept:name`; it is named after its position in the file.
    NoCaseName,
    /// Several traces have the same `concept:name`; the later ones got a number.
    DuplicateCaseName,
    /// A trace has no events.
    NoEvents,
    /// The events of a trace were not in the order of their timestamps and were sorted.
    OutOfOrder,
    /// A date could not be read and is kept as text.
    InvalidDate,
    /// A number or truth value could not be read and is kept as text.
    InvalidValue,
    /// A time without an offset was taken as UTC.
    NoOffset,
    /// A time was finer than a millisecond and was cut to it.
    FinerThanMillisecond,
    /// A key appeared twice in one place; the last one counts.
    DuplicateKey,
    /// An attribute without a key was left out.
    NoKey,
    /// An attribute with an empty value was taken as not there.
    EmptyValue,
    /// An element that XES does not know here was left out.
    UnknownElement,
    /// Text between elements, where XES has none, was left out.
    StrayText,
    /// An ampersand that starts no known reference was kept as it stands.
    LooseAmpersand,
    /// A control character was replaced.
    ControlCharacter,
    /// Bytes that are not UTF-8 were replaced.
    InvalidUtf8,
    /// There is something after the end of the log.
    TrailingContent,
    /// `lifecycle:transition` always has the same value and was left out.
    SingleLifecycle,
    /// More activities than a template has stages; the rarest share one stage.
    ManyActivities,
    /// More attributes than a template has fields; the rarest were left out.
    ManyFields,
    /// More people or groups than a workspace takes; the later ones are not named.
    ManyPeople,
    /// A name was longer than allowed and was cut.
    LongName,
    /// A list was longer than one text value and was cut.
    LongText,
    /// No activity ends cases, so the template got the stage "Closed".
    AddedClosedStage,
}

/// One kind of adjustment, and how often it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What was adjusted.
    pub kind: NoteKind,
    /// How often.
    pub count: u64,
    /// The first one, shortened, where it says more than the kind.
    pub example: Option<String>,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, many) = wording(self.kind);
        write!(
            f,
            "{} {}",
            self.count,
            if self.count == 1 { one } else { many }
        )?;
        match &self.example {
            Some(example) => write!(f, " (first: {example})"),
            None => Ok(()),
        }
    }
}

/// The notes of one reading, counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(BTreeMap<NoteKind, (u64, Option<String>)>);

impl Notes {
    /// Counts one adjustment.
    pub(crate) fn add(&mut self, kind: NoteKind) {
        self.add_many(kind, 1, None);
    }

    /// Counts one adjustment and keeps the first example.
    pub(crate) fn add_example(&mut self, kind: NoteKind, example: &str) {
        self.add_many(kind, 1, Some(example));
    }

    /// Counts `count` adjustments; none if it is zero.
    pub(crate) fn add_many(&mut self, kind: NoteKind, count: u64, example: Option<&str>) {
        if count == 0 {
            return;
        }
        let entry = self.0.entry(kind).or_default();
        entry.0 += count;
        if entry.1.is_none() {
            entry.1 = example.map(|text| text.chars().take(EXAMPLE_CHARS).collect());
        }
    }

    /// Adds another reading's notes.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (kind, (count, example)) in &other.0 {
            self.add_many(*kind, *count, example.as_deref());
        }
    }

    /// The notes as a list, in the order of their kinds.
    pub(crate) fn list(&self) -> Vec<Note> {
        let note = |(kind, (count, example)): (&NoteKind, &(u64, Option<String>))| Note {
            kind: *kind,
            count: *count,
            example: example.clone(),
        };
        self.0.iter().map(note).collect()
    }
}

fn wording(kind: NoteKind) -> (&'static str, &'static str) {
    use NoteKind as K;
    match kind {
        K::NoTimestamp => ("event had no timestamp", "events had no timestamp"),
        K::NoActivity => ("event had no activity name", "events had no activity name"),
        K::NoCaseName => ("case had no name", "cases had no name"),
        K::DuplicateCaseName => ("case name was used again", "case names were used again"),
        K::NoEvents => ("case had no events", "cases had no events"),
        K::OutOfOrder => (
            "case had its events out of order and was sorted",
            "cases had their events out of order and were sorted",
        ),
        K::InvalidDate => (
            "date was not readable and stays text",
            "dates were not readable and stay text",
        ),
        K::InvalidValue => (
            "value did not fit its type and stays text",
            "values did not fit their type, stay text",
        ),
        K::NoOffset => (
            "time had no offset, taken as UTC",
            "times had no offset, taken as UTC",
        ),
        K::FinerThanMillisecond => (
            "time was cut to milliseconds",
            "times were cut to milliseconds",
        ),
        K::DuplicateKey => (
            "key stood twice, the last counts",
            "keys stood twice, the last counts",
        ),
        K::NoKey => (
            "attribute had no key, left out",
            "attributes had no key, left out",
        ),
        K::EmptyValue => (
            "attribute was empty, left out",
            "attributes were empty, left out",
        ),
        K::UnknownElement => ("unknown element left out", "unknown elements left out"),
        K::StrayText => ("stray text left out", "stray texts left out"),
        K::LooseAmpersand => ("loose ampersand kept", "loose ampersands kept"),
        K::ControlCharacter => ("control character replaced", "control characters replaced"),
        K::InvalidUtf8 => (
            "byte was not UTF-8, replaced",
            "bytes were not UTF-8, replaced",
        ),
        K::TrailingContent => (
            "byte after the end of the log",
            "bytes after the end of the log",
        ),
        K::SingleLifecycle => (
            "event with the only lifecycle transition, left out",
            "events with the only lifecycle transition, left out",
        ),
        K::ManyActivities => (
            "rare activity shares a stage",
            "rare activities share a stage",
        ),
        K::ManyFields => ("rare attribute left out", "rare attributes left out"),
        K::ManyPeople => ("person or group not named", "people or groups not named"),
        K::LongName => ("name was cut", "names were cut"),
        K::LongText => ("list was cut", "lists were cut"),
        K::AddedClosedStage => ("stage added: Closed", "stages added"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_count_and_keep_the_first_example() {
        let mut notes = Notes::default();
        notes.add(NoteKind::NoTimestamp);
        notes.add_example(NoteKind::InvalidDate, "soon");
        notes.add_example(NoteKind::InvalidDate, "later");
        notes.add_many(NoteKind::NoKey, 0, None);
        let told: Vec<String> = notes.list().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "1 event had no timestamp",
                "2 dates were not readable and stay text (first: soon)"
            ]
        );
    }
}
