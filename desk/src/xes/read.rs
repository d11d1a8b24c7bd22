//! Reads a log one trace at a time, with the head of the log before them.
//!
//! It does not interpret what it reads; `plan` does. Invariant: a trace is handed out only after
//! its end was read, so there is never half a case, and only one trace is held in memory.

use std::io::Read;

use super::attribute::{Attribute, Attributes, Declared, Value};
use super::fault::{Fault, XesError};
use super::intake::too_large;
use super::limits::Limits;
use super::log::{ClassifierHead, Extension, LogHead, Scope, Trace, TraceEvent};
use super::markup::{Element, Markup, Step, Tag};
use super::notes::{Note, NoteKind, Notes};

/// The traces of a log, one at a time. After an error there is nothing more.
pub struct Traces<R: Read> {
    markup: Markup<R>,
    limits: Limits,
    head: LogHead,
    log_attributes: Vec<Attribute>,
    state: State,
    traces: u64,
    events: u64,
    /// Attributes that may still be read in the present trace, or in the head.
    budget: usize,
    /// Where in the text the present trace began, or 0 in the head.
    piece_start: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// A trace was opened; its content comes next.
    InTrace,
    /// Between the children of the log.
    InLog,
    Over,
}

/// Where an attribute stands: an item of a list needs no key, and keys may repeat there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Element,
    List,
}

impl<R: Read> Traces<R> {
    /// Reads the head of a log, up to its first trace. Plain XML and gzip are told apart by
    /// their first bytes.
    ///
    /// # Errors
    /// [`XesError::Stopped`] when the head cannot be read.
    pub fn open(reader: R, limits: Limits) -> Result<Self, XesError> {
        let stopped = |fault| XesError::Stopped {
            traces: 0,
            events: 0,
            at: 0,
            fault,
        };
        let mut traces = Self {
            markup: Markup::open(reader, limits.clone()).map_err(stopped)?,
            budget: limits.trace_attributes,
            piece_start: 0,
            limits,
            head: LogHead::default(),
            log_attributes: Vec::new(),
            state: State::InLog,
            traces: 0,
            events: 0,
        };
        match traces.read_root().and_then(|()| traces.read_to_trace()) {
            Ok(()) => Ok(traces),
            Err(fault) => Err(traces.stopped(fault)),
        }
    }

    /// The head of the log: what stands before the first trace.
    pub fn head(&self) -> &LogHead {
        &self.head
    }

    /// Traces handed out so far.
    pub fn traces_read(&self) -> u64 {
        self.traces
    }

    /// Events in them.
    pub fn events_read(&self) -> u64 {
        self.events
    }

    /// Bytes of the file read so far, as stored.
    pub fn stored_bytes(&self) -> u64 {
        self.markup.stored_bytes()
    }

    /// What was adjusted so far.
    pub fn notes(&self) -> Vec<Note> {
        self.markup.notes.list()
    }

    pub(crate) fn kept_notes(&self) -> &Notes {
        &self.markup.notes
    }

    fn stopped(&mut self, fault: Fault) -> XesError {
        self.state = State::Over;
        let at = self.markup.position();
        XesError::Stopped {
            traces: self.traces,
            events: self.events,
            at,
            fault,
        }
    }

    /// The next step, if the present trace or head is not yet too long.
    fn step(&mut self) -> Result<Step, Fault> {
        let bytes = self.markup.position() - self.piece_start;
        too_large(
            bytes,
            self.limits.trace_bytes,
            "one case or the head in bytes of XML",
        )?;
        self.markup.step()
    }

    fn read_root(&mut self) -> Result<(), Fault> {
        match self.step()? {
            Step::Open(element) if element.tag == Tag::Log => Ok(()),
            Step::Open(element) => Err(Fault::NotXes(element.name)),
            Step::Close => Err(Fault::Malformed(
                "an element ends before any began".to_owned(),
            )),
            Step::End => Err(Fault::NotXes(String::new())),
        }
    }

    /// Reads children of the log up to the start of a trace or the end of the log.
    fn read_to_trace(&mut self) -> Result<(), Fault> {
        let found = loop {
            if self.traces > 0 {
                self.piece_start = self.markup.position();
            }
            match self.step()? {
                Step::Open(element) if element.tag == Tag::Trace => break State::InTrace,
                // Only traces may follow a trace; a head without end would fill the memory.
                Step::Open(element) if self.traces > 0 => self.markup.skip(&element)?,
                Step::Open(element) => self.read_head_item(element)?,
                Step::Close | Step::End => {
                    self.markup.finish()?;
                    break State::Over;
                }
            }
        };
        if self.traces == 0 {
            let read = std::mem::take(&mut self.log_attributes);
            self.head.attributes = Attributes::from_read(read, &mut self.markup.notes);
        }
        self.state = found;
        Ok(())
    }

    fn read_head_item(&mut self, mut element: Element) -> Result<(), Fault> {
        let items = self.head.extensions.len() + self.head.classifiers.len();
        too_large(
            items as u64,
            self.limits.header_items as u64,
            "the items of the log's head",
        )?;
        let tag = element.tag;
        let mut text = |name| element.take(name).unwrap_or_default();
        match tag {
            Tag::Extension => {
                let (name, prefix, uri) = (text("name"), text("prefix"), text("uri"));
                self.head.extensions.push(Extension { name, prefix, uri });
                self.read_children(Inside::Element).map(|_| ())
            }
            Tag::Classifier => {
                let (name, keys) = (text("name"), text("keys"));
                let scope = if text("scope") == "trace" {
                    Scope::Trace
                } else {
                    Scope::Event
                };
                self.head
                    .classifiers
                    .push(ClassifierHead { name, scope, keys });
                self.read_children(Inside::Element).map(|_| ())
            }
            Tag::Global => {
                let scope = text("scope");
                let globals = self.read_attributes()?;
                match scope.as_str() {
                    "trace" => self.head.trace_globals = globals,
                    _ => self.head.event_globals = globals,
                }
                Ok(())
            }
            Tag::Attribute(declared) => {
                let read = self.read_attribute(declared, element, Inside::Element)?;
                self.log_attributes.extend(read);
                Ok(())
            }
            Tag::Log | Tag::Trace | Tag::Event | Tag::Values | Tag::Unknown => {
                self.markup.skip(&element)
            }
        }
    }

    fn read_trace(&mut self) -> Result<Trace, Fault> {
        too_large(self.traces + 1, self.limits.traces, "the number of cases")?;
        self.budget = self.limits.trace_attributes;
        let mut trace = Trace {
            position: self.traces + 1,
            ..Trace::default()
        };
        self.piece_start = self.markup.position();
        let mut read = Vec::new();
        loop {
            match self.step()? {
                Step::Open(element) => match element.tag {
                    Tag::Event => {
                        let limit = self.limits.trace_events as u64;
                        let count = trace.events.len() as u64 + 1;
                        too_large(count, limit, "the number of events in one case")?;
                        trace.events.push(TraceEvent {
                            attributes: self.read_attributes()?,
                        });
                    }
                    Tag::Attribute(declared) => {
                        read.extend(self.read_attribute(declared, element, Inside::Element)?);
                    }
                    Tag::Log
                    | Tag::Trace
                    | Tag::Extension
                    | Tag::Global
                    | Tag::Classifier
                    | Tag::Values
                    | Tag::Unknown => self.markup.skip(&element)?,
                },
                Step::Close => break,
                Step::End => return Err(Fault::Truncated),
            }
        }
        trace.attributes = Attributes::from_read(read, &mut self.markup.notes);
        trace.attributes_read = (self.limits.trace_attributes - self.budget) as u64;
        Ok(trace)
    }

    /// Reads the attributes in the element just opened, up to its end.
    fn read_attributes(&mut self) -> Result<Attributes, Fault> {
        let (nested, _) = self.read_children(Inside::Element)?;
        Ok(Attributes::from_read(nested, &mut self.markup.notes))
    }

    /// Reads the attribute just opened with all nested in it. `None` if it has no key and is no
    /// item of a list.
    fn read_attribute(
        &mut self,
        declared: Declared,
        mut element: Element,
        inside: Inside,
    ) -> Result<Option<Attribute>, Fault> {
        let limit = self.limits.trace_attributes as u64;
        let too_many = Fault::TooLarge {
            what: "the number of attributes in one case",
            limit,
        };
        self.budget = self.budget.checked_sub(1).ok_or(too_many)?;
        let key = element.take("key").unwrap_or_default();
        let raw = element.take("value").unwrap_or_default();
        let list = declared == Declared::List;
        let content = if list { Inside::List } else { Inside::Element };
        let (nested, items) = self.read_children(content)?;
        if key.is_empty() && inside == Inside::Element {
            self.markup.notes.add_example(NoteKind::NoKey, &raw);
            return Ok(None);
        }
        let mut value = Value::read(declared, raw, &mut self.markup.notes);
        if let Value::List(into) = &mut value {
            *into = items;
        }
        let nested = Attributes::from_read(nested, &mut self.markup.notes);
        Ok(Some(Attribute { key, value, nested }))
    }

    /// Reads the attributes up to the end of the element just opened: (nested, items of a list).
    /// The items of a list stand in `values`, or directly in it.
    fn read_children(&mut self, inside: Inside) -> Result<(Vec<Attribute>, Vec<Attribute>), Fault> {
        let (mut nested, mut items) = (Vec::new(), Vec::new());
        loop {
            match self.step()? {
                Step::Open(element) => match element.tag {
                    Tag::Attribute(declared) => {
                        let read = self.read_attribute(declared, element, inside)?;
                        match inside {
                            Inside::Element => nested.extend(read),
                            Inside::List => items.extend(read),
                        }
                    }
                    Tag::Values if inside == Inside::List => {
                        items.extend(self.read_children(Inside::List)?.1);
                    }
                    Tag::Log
                    | Tag::Trace
                    | Tag::Event
                    | Tag::Extension
                    | Tag::Global
                    | Tag::Classifier
                    | Tag::Values
                    | Tag::Unknown => self.markup.skip(&element)?,
                },
                Step::Close => return Ok((nested, items)),
                Step::End => return Err(Fault::Truncated),
            }
        }
    }
}

impl<R: Read> Iterator for Traces<R> {
    type Item = Result<Trace, XesError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.state {
            State::Over => return None,
            State::InTrace => {}
            State::InLog => {
                if let Err(fault) = self.read_to_trace() {
                    return Some(Err(self.stopped(fault)));
                }
                if self.state == State::Over {
                    return None;
                }
            }
        }
        match self.read_trace() {
            Ok(trace) => {
                self.state = State::InLog;
                self.traces += 1;
                self.events += trace.events.len() as u64;
                Some(Ok(trace))
            }
            Err(fault) => Some(Err(self.stopped(fault))),
        }
    }
}
