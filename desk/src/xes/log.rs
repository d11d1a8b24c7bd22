//! What a log holds, as it stands in the file: its head, its traces, their events.
//!
//! Plain data; `read` makes it.

use super::attribute::Attributes;

/// One event of a trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceEvent {
    /// Its attributes.
    pub attributes: Attributes,
}

/// One trace: a case with its events, whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// Position in the file, from 1.
    pub position: u64,
    /// Its attributes.
    pub attributes: Attributes,
    /// Its events in the order of the file.
    pub events: Vec<TraceEvent>,
    /// Attributes in the file, of the trace and its events, nested ones and duplicates included.
    pub attributes_read: u64,
}

/// An extension of the standard that the log says it uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its name, as in "Concept".
    pub name: String,
    /// The prefix of its keys, as in `concept`.
    pub prefix: String,
    /// Where it is defined. Never fetched.
    pub uri: String,
}

/// What a global or classifier is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Traces.
    Trace,
    /// Events.
    Event,
}

/// A way to name events (or traces) by some of their attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassifierHead {
    /// Its name, as in "Activity classifier".
    pub name: String,
    /// What it names.
    pub scope: Scope,
    /// Its keys, unsplit: a list separated by spaces, where single quotes hold keys with spaces.
    pub keys: String,
}

/// The head of a log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogHead {
    /// Extensions in the order of the file.
    pub extensions: Vec<Extension>,
    /// Attributes that every trace is said to have, with their defaults.
    pub trace_globals: Attributes,
    /// Attributes that every event is said to have, with their defaults.
    pub event_globals: Attributes,
    /// Classifiers in the order of the file.
    pub classifiers: Vec<ClassifierHead>,
    /// Attributes of the log itself.
    pub attributes: Attributes,
}
