//! The events of a trace in the order of their time, and what each says of who, where and when.

use super::attribute::{Attributes, Value};
use super::limits::MAX_NAME_BYTES;
use super::log::{Trace, TraceEvent};
use super::moment::Moment;
use super::notes::{NoteKind, Notes};
use super::slug::cut;

pub(crate) const TIMESTAMP: &str = "time:timestamp";
pub(crate) const RESOURCE: &str = "org:resource";
pub(crate) const GROUP: &str = "org:group";

/// An event at its place in time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timed<'a> {
    /// The event.
    pub(crate) event: &'a TraceEvent,
    /// Its claimed time.
    pub(crate) at: Option<Moment>,
}

/// The events by claimed time; equal times keep the order of the file, and an event without a
/// time stays behind the one it follows in the file. Notes what was missing or moved.
pub(crate) fn in_time_order<'a>(trace: &'a Trace, notes: &mut Notes) -> Vec<Timed<'a>> {
    let mut events = Vec::with_capacity(trace.events.len());
    let (mut last, mut ordered) = (i64::MIN, true);
    for event in &trace.events {
        let at = moment(&event.attributes);
        if at.is_none() {
            notes.add(NoteKind::NoTimestamp);
        }
        let key = at.map_or(last, Moment::at_ms);
        ordered &= key >= last;
        last = key;
        events.push((key, Timed { event, at }));
    }
    if !ordered {
        notes.add(NoteKind::OutOfOrder);
        events.sort_by_key(|(key, _)| *key);
    }
    events.into_iter().map(|(_, timed)| timed).collect()
}

/// The person an event names.
pub(crate) fn person(event: &Attributes, notes: &mut Notes) -> Option<String> {
    Some(short_name(&event.text(RESOURCE)?, notes))
}

/// The group an event names.
pub(crate) fn group(event: &Attributes, notes: &mut Notes) -> Option<String> {
    Some(short_name(&event.text(GROUP)?, notes))
}

/// Whether an attribute of an event is already told by its time, person or group.
pub(crate) fn is_told(key: &str, value: &Value) -> bool {
    match key {
        TIMESTAMP => as_moment(value).is_some(),
        RESOURCE | GROUP => true,
        _ => false,
    }
}

/// A name, cut to the length that the roster allows.
pub(crate) fn short_name(name: &str, notes: &mut Notes) -> String {
    if name.len() > MAX_NAME_BYTES {
        notes.add_example(NoteKind::LongName, name);
    }
    cut(name, MAX_NAME_BYTES).trim_end().to_owned()
}

fn moment(event: &Attributes) -> Option<Moment> {
    as_moment(&event.get(TIMESTAMP)?.value)
}

/// Some logs declare their times as strings.
fn as_moment(value: &Value) -> Option<Moment> {
    match value {
        Value::Date(moment) => Some(*moment),
        Value::Text(text) => Moment::read(text).map(|read| read.moment),
        Value::Int(_)
        | Value::Float(_)
        | Value::Bool(_)
        | Value::Id(_)
        | Value::List(_)
        | Value::Container => None,
    }
}
