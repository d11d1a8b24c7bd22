//! The attributes of logs, traces and events: typed values, lists, containers, nested to a bound.
//!
//! It knows nothing about XML; the reader hands it raw texts. A text that does not fit its
//! declared type is kept as text and noted, never dropped.

use super::moment::Moment;
use super::notes::{NoteKind, Notes};

/// The value of one attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Any text; also what did not fit its declared type.
    Text(String),
    /// A point in time.
    Date(Moment),
    /// A whole number.
    Int(i64),
    /// A number, finite or not.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// An identifier, mostly a UUID.
    Id(String),
    /// An ordered list; keys may repeat or be empty.
    List(Vec<Attribute>),
    /// Nothing of its own: it only holds nested attributes.
    Container,
}

/// One attribute with its nested attributes.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// The key, as in `concept:name`. Only items of a list may have an empty one.
    pub key: String,
    /// The value.
    pub value: Value,
    /// Attributes of this attribute.
    pub nested: Attributes,
}

/// The attributes of one element, in the order of the file, each key once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes(Vec<Attribute>);

/// How a value was declared, before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declared {
    /// `string`
    Text,
    /// `date`
    Date,
    /// `int`
    Int,
    /// `float`
    Float,
    /// `boolean`
    Bool,
    /// `id`
    Id,
    /// `list`
    List,
    /// `container`
    Container,
}

impl Attributes {
    /// Keeps the last attribute of each key, at the place of the key's first one.
    pub(crate) fn from_read(mut read: Vec<Attribute>, notes: &mut Notes) -> Self {
        let mut order: Vec<usize> = (0..read.len()).collect();
        order.sort_by(|a, b| read[*a].key.cmp(&read[*b].key).then(a.cmp(b)));
        let same_key = |a: &usize, b: &usize| read[*a].key == read[*b].key;
        let repeated: Vec<Vec<usize>> = order
            .chunk_by(same_key)
            .filter(|same| same.len() > 1)
            .map(<[usize]>::to_vec)
            .collect();
        if repeated.is_empty() {
            return Self(read);
        }
        let mut dropped = vec![false; read.len()];
        for same in &repeated {
            notes.add_many(
                NoteKind::DuplicateKey,
                same.len() as u64 - 1,
                Some(&read[same[0]].key),
            );
            read.swap(same[0], same[same.len() - 1]);
            same[1..].iter().for_each(|at| dropped[*at] = true);
        }
        let mut at = 0;
        read.retain(|_| {
            at += 1;
            !dropped[at - 1]
        });
        Self(read)
    }

    /// The attribute with this key.
    pub fn get(&self, key: &str) -> Option<&Attribute> {
        self.0.iter().find(|attribute| attribute.key == key)
    }

    /// All attributes in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Attribute> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a key as text, without surrounding spaces; `None` if missing or empty.
    pub fn text(&self, key: &str) -> Option<String> {
        let text = self.get(key)?.value.text();
        let trimmed = text.trim();
        (!trimmed.is_empty()).then(|| trimmed.to_owned())
    }

    /// Visits every attribute that has a value of its own with its path: its own key, or the
    /// keys that lead to it joined by " / ". A list is one value.
    pub fn each_value<'a>(&'a self, visit: &mut dyn FnMut(&str, &'a Value)) {
        for attribute in &self.0 {
            attribute.visit_values(&attribute.key, visit);
        }
    }
}

impl Attribute {
    fn visit_values<'a>(&'a self, path: &str, visit: &mut dyn FnMut(&str, &'a Value)) {
        if self.value != Value::Container {
            visit(path, &self.value);
        }
        for nested in &self.nested.0 {
            nested.visit_values(&format!("{path} / {}", nested.key), visit);
        }
    }

    fn write_text(&self, out: &mut String) {
        if !self.key.is_empty() {
            out.push_str(&self.key);
            out.push_str(": ");
        }
        self.value.write_text(out);
        if !self.nested.is_empty() {
            out.push_str(" (");
            write_joined(&self.nested.0, out);
            out.push(')');
        }
    }
}

impl Value {
    /// Reads a raw text by its declared type. Lists and containers have no text of their own.
    pub(crate) fn read(declared: Declared, raw: String, notes: &mut Notes) -> Self {
        match declared {
            Declared::Text => Self::Text(raw),
            Declared::Id => Self::Id(raw),
            Declared::List => Self::List(Vec::new()),
            Declared::Container => Self::Container,
            Declared::Date => Self::read_date(raw, notes),
            Declared::Int => match raw.trim().parse() {
                Ok(number) => Self::Int(number),
                Err(_) => Self::unfit(raw, notes),
            },
            Declared::Float => match read_float(raw.trim()) {
                Some(number) => Self::Float(number),
                None => Self::unfit(raw, notes),
            },
            Declared::Bool => match raw.trim() {
                "true" | "True" | "TRUE" | "1" => Self::Bool(true),
                "false" | "False" | "FALSE" | "0" => Self::Bool(false),
                _ => Self::unfit(raw, notes),
            },
        }
    }

    /// The value as text for people; a list as "key: value, key: value".
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.write_text(&mut out);
        out
    }

    /// Whether there is nothing to show.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) | Self::Id(text) => text.trim().is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Container => true,
            Self::Date(_) | Self::Int(_) | Self::Float(_) | Self::Bool(_) => false,
        }
    }

    fn read_date(raw: String, notes: &mut Notes) -> Self {
        match Moment::read(&raw) {
            Some(read) => {
                if read.no_offset {
                    notes.add_example(NoteKind::NoOffset, &raw);
                }
                if read.finer {
                    notes.add_example(NoteKind::FinerThanMillisecond, &raw);
                }
                Self::Date(read.moment)
            }
            None if raw.trim().is_empty() => Self::Text(raw),
            None => {
                notes.add_example(NoteKind::InvalidDate, &raw);
                Self::Text(raw)
            }
        }
    }

    fn unfit(raw: String, notes: &mut Notes) -> Self {
        if !raw.trim().is_empty() {
            notes.add_example(NoteKind::InvalidValue, &raw);
        }
        Self::Text(raw)
    }

    fn write_text(&self, out: &mut String) {
        match self {
            Self::Text(text) | Self::Id(text) => out.push_str(text),
            Self::Date(moment) => out.push_str(&moment.to_string()),
            Self::Int(number) => out.push_str(&number.to_string()),
            Self::Float(number) => out.push_str(&number.to_string()),
            Self::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
            Self::List(items) => write_joined(items, out),
            Self::Container => {}
        }
    }
}

/// XML Schema writes infinity as `INF`; the rest is what Rust reads.
fn read_float(text: &str) -> Option<f64> {
    match text {
        "INF" | "+INF" => Some(f64::INFINITY),
        "-INF" => Some(f64::NEG_INFINITY),
        _ => text.parse().ok(),
    }
}

fn write_joined(items: &[Attribute], out: &mut String) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        item.write_text(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(key: &str, value: Value) -> Attribute {
        Attribute {
            key: key.to_owned(),
            value,
            nested: Attributes::default(),
        }
    }

    fn read(declared: Declared, raw: &str) -> (Value, Vec<NoteKind>) {
        let mut notes = Notes::default();
        let value = Value::read(declared, raw.to_owned(), &mut notes);
        (value, notes.list().iter().map(|note| note.kind).collect())
    }

    #[test]
    fn every_declared_type_is_read() {
        assert_eq!(read(Declared::Int, " -42 "), (Value::Int(-42), vec![]));
        assert_eq!(
            read(Declared::Float, "2.3832541524E7"),
            (Value::Float(23_832_541.524), vec![])
        );
        assert_eq!(
            read(Declared::Float, "-INF"),
            (Value::Float(f64::NEG_INFINITY), vec![])
        );
        assert_eq!(read(Declared::Bool, "True"), (Value::Bool(true), vec![]));
        assert_eq!(read(Declared::Bool, "0"), (Value::Bool(false), vec![]));
        assert_eq!(
            read(Declared::Id, "a-b"),
            (Value::Id("a-b".to_owned()), vec![])
        );
        assert!(matches!(
            read(Declared::Date, "2012-10-09T14:50:17Z").0,
            Value::Date(_)
        ));
    }

    #[test]
    fn a_value_that_does_not_fit_stays_text_and_is_noted() {
        for (declared, raw, note) in [
            (Declared::Int, "9223372036854775808", NoteKind::InvalidValue),
            (Declared::Int, "1.5", NoteKind::InvalidValue),
            (Declared::Float, "1,5", NoteKind::InvalidValue),
            (Declared::Bool, "perhaps", NoteKind::InvalidValue),
            (Declared::Date, "10/09/2012", NoteKind::InvalidDate),
        ] {
            assert_eq!(
                read(declared, raw),
                (Value::Text(raw.to_owned()), vec![note])
            );
        }
        assert_eq!(
            read(Declared::Date, ""),
            (Value::Text(String::new()), vec![])
        );
    }

    #[test]
    fn the_last_of_duplicate_keys_counts_at_the_first_ones_place() {
        let mut notes = Notes::default();
        let read = vec![
            attribute("a", Value::Int(1)),
            attribute("b", Value::Int(2)),
            attribute("a", Value::Int(3)),
            attribute("a", Value::Int(4)),
        ];
        let kept = Attributes::from_read(read, &mut notes);
        let seen: Vec<_> = kept
            .iter()
            .map(|a| (a.key.as_str(), a.value.clone()))
            .collect();
        assert_eq!(seen, [("a", Value::Int(4)), ("b", Value::Int(2))]);
        assert_eq!(notes.list()[0].count, 2);
    }

    #[test]
    fn nested_values_have_paths_and_lists_are_one_value() {
        let mut driver = attribute("driver", Value::Text("d2".to_owned()));
        driver
            .nested
            .0
            .push(attribute("amount", Value::Float(21.4)));
        let mut total = attribute("cost", Value::Container);
        total.nested.0.push(attribute("total", Value::Int(7)));
        total.nested.0.push(attribute(
            "drivers",
            Value::List(vec![driver.clone(), driver]),
        ));
        let attributes = Attributes(vec![total]);
        let mut seen = Vec::new();
        attributes.each_value(&mut |path, value| seen.push((path.to_owned(), value.text())));
        assert_eq!(
            seen,
            [
                ("cost / total".to_owned(), "7".to_owned()),
                (
                    "cost / drivers".to_owned(),
                    "driver: d2 (amount: 21.4), driver: d2 (amount: 21.4)".to_owned()
                ),
            ]
        );
    }
}
