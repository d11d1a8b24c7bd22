//! XML as the reader of logs sees it: elements that open and close, with the few texts they carry.
//!
//! Namespace prefixes are ignored, entities other than XML's own five never resolved, document
//! types refused. Invariant: depth, tag length and number of XML attributes are bounded.

use std::io::Read;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::attribute::Declared;
use super::fault::Fault;
use super::intake::{Intake, too_large};
use super::limits::Limits;
use super::notes::{NoteKind, Notes};

/// What kind of element it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    /// The root.
    Log,
    /// A case.
    Trace,
    /// An event of a case.
    Event,
    /// An extension of the standard that the log uses.
    Extension,
    /// Attributes that every trace or event is said to have.
    Global,
    /// A way to name events.
    Classifier,
    /// The items of a list.
    Values,
    /// An attribute.
    Attribute(Declared),
    /// Anything else.
    Unknown,
}

/// The start of an element with its texts, resolved and cleaned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    /// What it is.
    pub(crate) tag: Tag,
    /// Its name, for messages.
    pub(crate) name: String,
    /// Its XML attributes by local name, the first of each.
    pub(crate) texts: Vec<(String, String)>,
}

/// One step through the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// An element starts.
    Open(Element),
    /// The innermost element ends.
    Close,
    /// The file ends, with every element closed.
    End,
}

/// Walks through the elements of a file.
pub(crate) struct Markup<R: Read> {
    xml: Reader<Intake<R>>,
    token: Vec<u8>,
    depth: usize,
    close_empty: bool,
    limits: Limits,
    /// What was adjusted so far.
    pub(crate) notes: Notes,
}

impl Element {
    /// The text of an XML attribute, taken out.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let (_, value) = self.texts.iter_mut().find(|(key, _)| key == name)?;
        Some(std::mem::take(value))
    }
}

impl<R: Read> Markup<R> {
    /// Starts reading.
    pub(crate) fn open(reader: R, limits: Limits) -> Result<Self, Fault> {
        let mut xml = Reader::from_reader(Intake::open(reader, limits.clone())?);
        xml.config_mut().allow_dangling_amp = true;
        let (token, notes) = (Vec::new(), Notes::default());
        Ok(Self {
            xml,
            token,
            depth: 0,
            close_empty: false,
            limits,
            notes,
        })
    }

    /// The next step.
    pub(crate) fn step(&mut self) -> Result<Step, Fault> {
        if std::mem::take(&mut self.close_empty) {
            self.depth -= 1;
            return Ok(Step::Close);
        }
        loop {
            self.xml.get_mut().start_token();
            self.token.clear();
            let event = match self.xml.read_event_into(&mut self.token) {
                Ok(event) => event,
                Err(error) => return Err(xml_fault(error, self.xml.get_mut())),
            };
            let (start, empty) = match event {
                Event::Start(start) => (start, false),
                Event::Empty(start) => (start, true),
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Step::Close);
                }
                Event::Eof if self.depth > 0 => return Err(Fault::Truncated),
                Event::Eof => return Ok(Step::End),
                Event::DocType(_) => return Err(Fault::Doctype),
                Event::Text(text) => {
                    if !text.trim_ascii().is_empty() {
                        self.notes.add_example(NoteKind::StrayText, text.trim());
                    }
                    continue;
                }
                Event::CData(_) | Event::GeneralRef(_) => {
                    self.notes.add(NoteKind::StrayText);
                    continue;
                }
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
            };
            self.depth += 1;
            too_large(
                self.depth as u64,
                self.limits.depth as u64,
                "the nesting of elements",
            )?;
            self.close_empty = empty;
            return Ok(Step::Open(element(&start, &self.limits, &mut self.notes)?));
        }
    }

    /// Leaves out the element that was just opened, with all it holds.
    pub(crate) fn skip(&mut self, element: &Element) -> Result<(), Fault> {
        self.notes
            .add_example(NoteKind::UnknownElement, &element.name);
        let outside = self.depth - 1;
        while self.depth > outside {
            self.step()?;
        }
        Ok(())
    }

    /// Reads on after the root was closed, so that the checksum of the file is checked.
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        let intake = self.xml.get_mut();
        let trailing = intake.drain()?;
        let repaired = intake.repaired();
        self.notes
            .add_many(NoteKind::TrailingContent, trailing, None);
        self.notes.add_many(NoteKind::InvalidUtf8, repaired, None);
        Ok(())
    }

    /// Position in the text, in bytes.
    pub(crate) fn position(&self) -> u64 {
        self.xml.get_ref().consumed()
    }

    /// Bytes of the file read so far, as stored.
    pub(crate) fn stored_bytes(&self) -> u64 {
        self.xml.get_ref().stored_bytes()
    }
}

fn xml_fault<R: Read>(error: quick_xml::Error, intake: &mut Intake<R>) -> Fault {
    use quick_xml::Error;
    match error {
        Error::Io(io) => match intake.take_fault() {
            Some(fault) => fault,
            None => Fault::Io(std::io::Error::new(io.kind(), io.to_string())),
        },
        Error::Syntax(_) if intake.ended() => Fault::Truncated,
        Error::Syntax(_)
        | Error::IllFormed(_)
        | Error::InvalidAttr(_)
        | Error::Encoding(_)
        | Error::Escape(_)
        | Error::Namespace(_) => Fault::Malformed(error.to_string()),
    }
}

fn element(start: &BytesStart<'_>, limits: &Limits, notes: &mut Notes) -> Result<Element, Fault> {
    let name = start.local_name().into_inner().to_owned();
    let mut texts: Vec<(String, String)> = Vec::new();
    // The library's own check for duplicates compares every pair; the number is bounded here.
    for read in start.attributes().with_checks(false) {
        let read = read.map_err(|error| Fault::Malformed(error.to_string()))?;
        let count = texts.len() as u64 + 1;
        too_large(
            count,
            limits.xml_attributes as u64,
            "the number of XML attributes",
        )?;
        if read.key.as_namespace_binding().is_some() {
            continue;
        }
        let key = read.key.local_name().into_inner();
        let limit = if key == "key" {
            limits.key_bytes
        } else {
            limits.value_bytes
        };
        let what = if key == "key" {
            "the key in bytes"
        } else {
            "the value in bytes"
        };
        too_large(read.value.len() as u64, limit as u64, what)?;
        texts.push((key.to_owned(), resolve(&read.value, notes)));
    }
    Ok(Element {
        tag: tag(&name),
        name,
        texts,
    })
}

fn tag(name: &str) -> Tag {
    match name {
        "log" => Tag::Log,
        "trace" => Tag::Trace,
        "event" => Tag::Event,
        "extension" => Tag::Extension,
        "global" => Tag::Global,
        "classifier" => Tag::Classifier,
        "values" => Tag::Values,
        "string" => Tag::Attribute(Declared::Text),
        "date" => Tag::Attribute(Declared::Date),
        "int" => Tag::Attribute(Declared::Int),
        "float" => Tag::Attribute(Declared::Float),
        "boolean" => Tag::Attribute(Declared::Bool),
        "id" => Tag::Attribute(Declared::Id),
        "list" => Tag::Attribute(Declared::List),
        "container" => Tag::Attribute(Declared::Container),
        _ => Tag::Unknown,
    }
}

/// Longest reference, as in `&#x10FFFF;`, without its ampersand.
const REFERENCE_BYTES: usize = 10;

/// Resolves XML's five entities and character references, turns line ends into spaces as XML
/// asks, and replaces control characters, which could play tricks on a terminal.
fn resolve(raw: &str, notes: &mut Notes) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        push_clean(&rest[..at], true, &mut out, notes);
        rest = &rest[at + 1..];
        let window = &rest.as_bytes()[..rest.len().min(REFERENCE_BYTES)];
        let end = window.iter().position(|byte| *byte == b';');
        match end.and_then(|end| Some((end, referenced(&rest[..end])?))) {
            Some((end, character)) => {
                push_clean(character.encode_utf8(&mut [0; 4]), false, &mut out, notes);
                rest = &rest[end + 1..];
            }
            None => {
                notes.add_example(NoteKind::LooseAmpersand, raw);
                out.push('&');
            }
        }
    }
    push_clean(rest, true, &mut out, notes);
    out
}

fn referenced(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let digits = name.strip_prefix('#')?;
            let (digits, radix) = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => (hex, 16),
                None => (digits, 10),
            };
            let plain = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
            char::from_u32(u32::from_str_radix(digits, radix).ok().filter(|_| plain)?)
        }
    }
}

/// `literal` text has its line ends and tabs turned into spaces; referenced ones stay.
fn push_clean(text: &str, literal: bool, out: &mut String, notes: &mut Notes) {
    if !text.chars().any(char::is_control) {
        out.push_str(text);
        return;
    }
    let text = if literal {
        text.replace("\r\n", " ")
    } else {
        text.to_owned()
    };
    for character in text.chars() {
        match character {
            '\t' | '\n' | '\r' if literal => out.push(' '),
            '\t' | '\n' => out.push(character),
            '\r' => out.push('\n'),
            control if control.is_control() => {
                notes.add(NoteKind::ControlCharacter);
                out.push('\u{fffd}');
            }
            plain => out.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn resolved(raw: &str) -> (String, Vec<NoteKind>) {
        let mut notes = Notes::default();
        let text = resolve(raw, &mut notes);
        (text, notes.list().iter().map(|note| note.kind).collect())
    }

    fn walk(xml: &str, limits: Limits) -> Result<usize, Fault> {
        let mut markup = Markup::open(xml.as_bytes(), limits)?;
        let mut opened = 0;
        loop {
            match markup.step()? {
                Step::Open(_) => opened += 1,
                Step::Close => {}
                Step::End => return Ok(opened),
            }
        }
    }

    #[test]
    fn references_are_resolved_once() {
        assert_eq!(
            resolved("a &lt;b&gt; &amp;lt; &#233; &#xE9;").0,
            "a <b> &lt; é é"
        );
        assert_eq!(resolved("&quot;&apos;").0, "\"'");
        assert_eq!(resolved("a\r\nb\tc&#10;d").0, "a b c\nd");
    }

    #[test]
    fn a_loose_ampersand_is_kept_and_noted() {
        for raw in [
            "R&D",
            "a & b",
            "&unknown;",
            "&#xFFFFFFFF;",
            "&#xD800;",
            "&",
            "&;",
            "&#+65;",
        ] {
            assert_eq!(
                resolved(raw),
                (raw.to_owned(), vec![NoteKind::LooseAmpersand]),
                "{raw}"
            );
        }
        assert_eq!(resolved("R&D &amp; é&é").0, "R&D & é&é");
    }

    #[test]
    fn control_characters_are_replaced() {
        let (text, notes) = resolved("a\u{1b}[31mb&#27;c\u{9b}d");
        assert_eq!(text, "a\u{fffd}[31mb\u{fffd}c\u{fffd}d");
        assert_eq!(notes, [NoteKind::ControlCharacter]);
    }

    #[test]
    fn prefixes_are_ignored_and_namespaces_are_no_texts() {
        let xml = "<x:log xmlns:x='u' xmlns='v' x:version='1'/>";
        let mut markup = Markup::open(xml.as_bytes(), Limits::default()).unwrap();
        let Step::Open(element) = markup.step().unwrap() else {
            panic!("no element")
        };
        assert_eq!(element.tag, Tag::Log);
        assert_eq!(element.texts, [("version".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn document_types_are_refused() {
        let laughs = "<!DOCTYPE log [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><log x='&b;'/>";
        assert!(matches!(
            walk(laughs, Limits::default()),
            Err(Fault::Doctype)
        ));
        assert!(matches!(
            walk("<!doctype html><html/>", Limits::default()),
            Err(Fault::Doctype)
        ));
    }

    #[test]
    fn depth_attributes_and_values_are_bounded() {
        let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
        assert!(matches!(
            walk(&deep, Limits::default()),
            Err(Fault::TooLarge { limit: 32, .. })
        ));
        let wide = format!(
            "<a {}/>",
            (0..65).map(|n| format!("a{n}='' ")).collect::<String>()
        );
        assert!(matches!(
            walk(&wide, Limits::default()),
            Err(Fault::TooLarge { limit: 64, .. })
        ));
        let long = format!("<a value='{}'/>", "x".repeat(200_000));
        assert!(matches!(
            walk(&long, Limits::default()),
            Err(Fault::TooLarge { .. })
        ));
        let key = format!("<a key='{}'/>", "x".repeat(17_000));
        assert!(matches!(
            walk(&key, Limits::default()),
            Err(Fault::TooLarge { limit: 16_384, .. })
        ));
        let endless = format!("<a>{}", "<!-- ".repeat(1_000_000));
        assert!(matches!(
            walk(&endless, Limits::default()),
            Err(Fault::TooLarge { .. })
        ));
    }

    #[test]
    fn an_early_end_is_told_from_a_mistake() {
        for xml in [
            "<log>",
            "<log",
            "<log><a",
            "<log><a b='",
            "<log><!-- ",
            "<log></lo",
            "<log><",
        ] {
            assert!(
                matches!(walk(xml, Limits::default()), Err(Fault::Truncated)),
                "{xml}"
            );
        }
        for xml in [
            "<log></lag>",
            "</log>",
            "<log a=b/>",
            "<log a/>",
            "<log><!x></log>",
        ] {
            assert!(
                matches!(walk(xml, Limits::default()), Err(Fault::Malformed(_))),
                "{xml}"
            );
        }
    }

    proptest! {
        #[test]
        fn resolving_never_panics_and_never_grows_past_three_times(raw in "[&#;x0-9a-f\\PC]{0,60}") {
            prop_assert!(resolved(&raw).0.len() <= raw.len() * 3);
        }

        #[test]
        fn walking_any_text_ends(xml in "[<>/!?='\" a-z&;\\[\\]-]{0,80}") {
            let _ = walk(&xml, Limits::default());
        }
    }
}
