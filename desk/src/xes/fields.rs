//! From the attributes of a log to the fields of a template: which type fits every value.
//!
//! Invariant: a value that was counted can be turned into a value of its field's type.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::attribute::Value;
use super::limits::{
    MAX_FIELD_KEY_BYTES, MAX_FIELD_KEYS, MAX_FIELDS, MAX_OPTION_BYTES, MAX_SELECT_OPTIONS,
    MAX_VALUE_BYTES,
};
use super::notes::{NoteKind, Notes};
use super::plan::{FieldIndex, FieldKind, FieldPlan, Level, OptionPlan, PlannedValue};
use super::slug::{Slugs, cut, label};

/// Most digits of a number field.
const MAX_DIGITS: usize = 28;
/// Most bytes that labels and options of all fields may take, because a template is one change.
const MAX_TEMPLATE_TEXT_BYTES: usize = 48 * 1024;
/// What one field or option takes beside its texts, in bytes.
const ITEM_BYTES: usize = 60;

/// The figures of all attributes of one level.
#[derive(Debug, Default)]
pub(crate) struct KeyFigures {
    by_key: BTreeMap<String, ValueFigures>,
    /// Values under keys that are too long or came too late to be counted.
    overflow: u64,
}

#[derive(Debug, Default)]
struct ValueFigures {
    first_seen: usize,
    count: u64,
    types: Types,
    /// Distinct texts as long as they can be options.
    texts: BTreeMap<String, u64>,
    too_many_texts: bool,
}

/// What the values of one key are, as far as was seen.
#[derive(Debug, Default)]
struct Types {
    numbers: u64,
    bools: u64,
    dates: u64,
    midnights: u64,
    texts: u64,
}

impl KeyFigures {
    /// Counts one value.
    pub(crate) fn count(&mut self, key: &str, value: &Value) {
        if !self.by_key.contains_key(key) {
            if self.by_key.len() >= MAX_FIELD_KEYS || key.len() > MAX_FIELD_KEY_BYTES {
                self.overflow += 1;
                return;
            }
            let first_seen = self.by_key.len();
            let figures = ValueFigures {
                first_seen,
                ..ValueFigures::default()
            };
            self.by_key.insert(key.to_owned(), figures);
        }
        if let Some(figures) = self.by_key.get_mut(key) {
            figures.count(value);
        }
    }

    /// How often a key has a value, if it always has the same text.
    pub(crate) fn single_text(&self, key: &str) -> Option<(&str, u64)> {
        let figures = self.by_key.get(key)?;
        let single = figures.texts.len() == 1 && !figures.too_many_texts;
        let all_text = figures.types.texts == figures.count;
        let (text, _) = figures
            .texts
            .first_key_value()
            .filter(|_| single && all_text)?;
        Some((text, figures.count))
    }

    /// Leaves a key out.
    pub(crate) fn remove(&mut self, key: &str) {
        self.by_key.remove(key);
    }
}

impl ValueFigures {
    fn count(&mut self, value: &Value) {
        self.count += 1;
        match value {
            Value::Bool(_) => self.types.bools += 1,
            Value::Date(moment) => {
                self.types.dates += 1;
                self.types.midnights += u64::from(moment.is_midnight());
            }
            Value::Int(_) | Value::Float(_) => {
                self.types.numbers += u64::from(decimal(value).is_some());
            }
            Value::Text(text) | Value::Id(text) => {
                self.types.texts += 1;
                self.count_text(text.trim());
            }
            // A list has no type that fits but text, and is no option.
            Value::List(_) | Value::Container => self.too_many_texts = true,
        }
    }

    fn count_text(&mut self, text: &str) {
        if self.too_many_texts {
            return;
        }
        if let Some(count) = self.texts.get_mut(text) {
            *count += 1;
        } else if self.texts.len() < MAX_SELECT_OPTIONS && is_option(text) {
            self.texts.insert(text.to_owned(), 1);
        } else {
            self.too_many_texts = true;
            self.texts.clear();
        }
    }

    /// The type that fits every value; text fits all.
    fn kind(&self) -> FieldKind {
        let all = |count: u64| count == self.count;
        let repeated = self.texts.len() as u64 * 2 <= self.count;
        if all(self.types.numbers) {
            FieldKind::Number
        } else if all(self.types.bools) {
            FieldKind::Checkbox
        } else if all(self.types.midnights) {
            FieldKind::Date
        } else if all(self.types.dates) {
            FieldKind::DateTime
        } else if all(self.types.texts) && !self.too_many_texts && repeated {
            let mut slugs = Slugs::default();
            let option = |text: &String| OptionPlan {
                id: slugs.make(text, "option"),
                label: text.clone(),
            };
            FieldKind::SingleSelect {
                options: self.texts.keys().map(option).collect(),
            }
        } else {
            FieldKind::Text
        }
    }
}

impl FieldKind {
    /// A value of the log as a value of this type; `None` if it does not fit.
    pub(crate) fn planned(&self, value: &Value, notes: &mut Notes) -> Option<PlannedValue> {
        match (self, value) {
            (Self::Text, value) => Some(PlannedValue::Text(short_text(value, notes))),
            (Self::Number, value) => decimal(value).map(PlannedValue::Number),
            (Self::Checkbox, Value::Bool(truth)) => Some(PlannedValue::Checkbox(*truth)),
            (Self::Date, Value::Date(moment)) if moment.is_midnight() => {
                Some(PlannedValue::Date(moment.date()))
            }
            (Self::DateTime, Value::Date(moment)) => Some(PlannedValue::DateTime(*moment)),
            (Self::SingleSelect { options }, Value::Text(text) | Value::Id(text)) => {
                let option = options.iter().find(|option| option.label == text.trim())?;
                Some(PlannedValue::Choice(option.id.clone()))
            }
            (
                Self::Checkbox | Self::Date | Self::DateTime | Self::SingleSelect { .. },
                Value::Text(_)
                | Value::Date(_)
                | Value::Int(_)
                | Value::Float(_)
                | Value::Bool(_)
                | Value::Id(_)
                | Value::List(_)
                | Value::Container,
            ) => None,
        }
    }
}

/// Derives the fields: those of traces first, each level in the order of first appearance, with
/// the index of each level.
pub(crate) fn derive(
    traces: &KeyFigures,
    events: &KeyFigures,
    notes: &mut Notes,
) -> (Vec<FieldPlan>, FieldIndex, FieldIndex) {
    let level = |figures: &KeyFigures| FieldIndex {
        fields: BTreeMap::new(),
        incomplete: figures.overflow > 0,
    };
    let (mut of_traces, mut of_events) = (level(traces), level(events));
    let mut fields = Vec::new();
    let mut slugs = Slugs::default();
    for ((level, key), kind) in kept(traces, events, notes) {
        let index = match level {
            Level::Trace => &mut of_traces,
            Level::Event => &mut of_events,
        };
        index.fields.insert(key.to_owned(), fields.len());
        fields.push(FieldPlan {
            id: slugs.make(key, "field"),
            label: label(key),
            kind,
            source: key.to_owned(),
            level,
        });
    }
    of_traces.incomplete |= of_traces.fields.len() < traces.by_key.len();
    of_events.incomplete |= of_events.fields.len() < events.by_key.len();
    (fields, of_traces, of_events)
}

type Kept<'a> = Vec<((Level, &'a str), FieldKind)>;

/// The keys used most, within the bounds of a template, in the order of fields.
fn kept<'a>(traces: &'a KeyFigures, events: &'a KeyFigures, notes: &mut Notes) -> Kept<'a> {
    let level = |level, figures: &'a KeyFigures| {
        figures
            .by_key
            .iter()
            .map(move |(key, figures)| (level, key.as_str(), figures))
    };
    let mut all: Vec<_> = level(Level::Trace, traces)
        .chain(level(Level::Event, events))
        .collect();
    all.sort_by_key(|(level, _, figures)| (Reverse(figures.count), *level, figures.first_seen));
    let mut room = MAX_TEMPLATE_TEXT_BYTES;
    let mut kept = Vec::new();
    for (level, key, figures) in all {
        let mut kind = figures.kind();
        let base = ITEM_BYTES + 3 * key.len();
        if base + options_bytes(&kind) > room {
            kind = FieldKind::Text;
        }
        let bytes = base + options_bytes(&kind);
        if kept.len() >= MAX_FIELDS || bytes > room {
            notes.add_many(NoteKind::ManyFields, 1, Some(key));
            continue;
        }
        room -= bytes;
        kept.push(((level, figures.first_seen), (key, kind)));
    }
    notes.add_many(
        NoteKind::ManyFields,
        traces.overflow + events.overflow,
        None,
    );
    kept.sort_by_key(|(place, _)| *place);
    kept.into_iter()
        .map(|((level, _), (key, kind))| ((level, key), kind))
        .collect()
}

fn options_bytes(kind: &FieldKind) -> usize {
    match kind {
        FieldKind::SingleSelect { options } => options
            .iter()
            .map(|option| ITEM_BYTES + option.id.len() + option.label.len())
            .sum(),
        FieldKind::Text
        | FieldKind::Number
        | FieldKind::Checkbox
        | FieldKind::Date
        | FieldKind::DateTime => 0,
    }
}

/// A semicolon separates several choices where people type them.
fn is_option(text: &str) -> bool {
    text.len() <= MAX_OPTION_BYTES && !text.contains([';', '\n'])
}

/// A number in plain decimal digits, if it has no more than [`MAX_DIGITS`] of them.
fn decimal(value: &Value) -> Option<String> {
    let text = match value {
        Value::Int(number) => number.to_string(),
        // Without this bound a number could print hundreds of digits.
        Value::Float(number) if number.abs() < 1e28 => (number + 0.0).to_string(),
        Value::Float(_)
        | Value::Text(_)
        | Value::Date(_)
        | Value::Bool(_)
        | Value::Id(_)
        | Value::List(_)
        | Value::Container => return None,
    };
    (text.bytes().filter(u8::is_ascii_digit).count() <= MAX_DIGITS).then_some(text)
}

/// A value as the text of one field. Only a list can be longer than one text may be.
fn short_text(value: &Value, notes: &mut Notes) -> String {
    let text = value.text();
    let text = text.trim();
    if text.len() <= MAX_VALUE_BYTES {
        return text.to_owned();
    }
    notes.add_example(NoteKind::LongText, text);
    cut(text, MAX_VALUE_BYTES).to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::moment::Moment;
    use super::*;

    fn kind(values: &[Value]) -> FieldKind {
        let mut figures = KeyFigures::default();
        values.iter().for_each(|value| figures.count("k", value));
        let (fields, _, _) = derive(&figures, &KeyFigures::default(), &mut Notes::default());
        for value in values {
            assert!(
                fields[0]
                    .kind
                    .planned(value, &mut Notes::default())
                    .is_some(),
                "{value:?}"
            );
        }
        fields[0].kind.clone()
    }

    fn texts(texts: &[&str]) -> Vec<Value> {
        texts
            .iter()
            .map(|text| Value::Text((*text).to_owned()))
            .collect()
    }

    fn date(text: &str) -> Value {
        Value::Date(Moment::read(text).unwrap().moment)
    }

    #[test]
    fn the_narrowest_type_that_fits_every_value_is_taken() {
        assert_eq!(kind(&[Value::Int(1), Value::Float(2.5)]), FieldKind::Number);
        assert_eq!(kind(&[Value::Bool(true)]), FieldKind::Checkbox);
        assert_eq!(
            kind(&[date("2012-10-09"), date("2012-10-10T00:00:00+02:00")]),
            FieldKind::Date
        );
        assert_eq!(
            kind(&[date("2012-10-09"), date("2012-10-10T00:01:00Z")]),
            FieldKind::DateTime
        );
        assert_eq!(kind(&[Value::Int(1), Value::Bool(true)]), FieldKind::Text);
        assert_eq!(
            kind(&[date("2012-10-09"), Value::Text("soon".to_owned())]),
            FieldKind::Text
        );
        assert_eq!(kind(&[Value::List(Vec::new())]), FieldKind::Text);
        assert_eq!(
            kind(&[Value::Float(f64::NAN), Value::Int(1)]),
            FieldKind::Text
        );
        assert_eq!(kind(&[Value::Float(1e300)]), FieldKind::Text);
        assert_eq!(kind(&[Value::Float(1e-300)]), FieldKind::Text);
    }

    #[test]
    fn few_repeated_texts_are_a_select_and_others_text() {
        let repeated = ["b", "a", "b ", "A", "a", "A"];
        let FieldKind::SingleSelect { options } = kind(&texts(&repeated)) else {
            panic!("no select")
        };
        let ids: Vec<&str> = options.iter().map(|option| option.id.as_str()).collect();
        assert_eq!(ids, ["a", "a-2", "b"]);
        assert_eq!(kind(&texts(&["b", "a", "b", "A"])), FieldKind::Text);
    }

    #[test]
    fn thirteen_values_long_ones_and_lists_of_choices_are_text() {
        let many: Vec<String> = (0..26).map(|n| format!("v{}", n % 13)).collect();
        assert_eq!(
            kind(&texts(&many.iter().map(String::as_str).collect::<Vec<_>>())),
            FieldKind::Text
        );
        let long = "x".repeat(200);
        assert_eq!(kind(&texts(&[&long, &long])), FieldKind::Text);
        assert_eq!(kind(&texts(&["a;b", "a;b"])), FieldKind::Text);
    }

    #[test]
    fn numbers_are_plain_digits() {
        let shown = |value| FieldKind::Number.planned(&value, &mut Notes::default());
        for (value, expected) in [
            (Value::Float(2.383_254_152_4E7), "23832541.524"),
            (Value::Float(-0.0), "0"),
            (Value::Float(-1.5), "-1.5"),
            (Value::Int(i64::MIN), "-9223372036854775808"),
            (Value::Float(1e15), "1000000000000000"),
        ] {
            assert_eq!(
                shown(value),
                Some(PlannedValue::Number(expected.to_owned()))
            );
        }
    }

    #[test]
    fn fields_of_both_levels_have_their_own_ids() {
        let (mut traces, mut events) = (KeyFigures::default(), KeyFigures::default());
        traces.count("cost", &Value::Int(1));
        traces.count("amount", &Value::Int(1));
        events.count("cost", &Value::Int(2));
        let (fields, of_traces, of_events) = derive(&traces, &events, &mut Notes::default());
        let ids: Vec<&str> = fields.iter().map(|field| field.id.as_str()).collect();
        assert_eq!(ids, ["cost", "amount", "cost-2"]);
        assert_eq!((of_traces.fields["cost"], of_events.fields["cost"]), (0, 2));
        assert!(!of_events.incomplete);
    }

    #[test]
    fn the_attributes_used_least_are_left_out_beyond_the_bound() {
        let mut traces = KeyFigures::default();
        for n in 0..MAX_FIELD_KEYS + 1 {
            traces.count(&format!("k{n}"), &Value::Int(1));
        }
        traces.count("k1999", &Value::Int(1));
        traces.count(&"k".repeat(600), &Value::Int(1));
        let mut notes = Notes::default();
        let (fields, index, _) = derive(&traces, &KeyFigures::default(), &mut notes);
        assert_eq!(fields.len(), MAX_FIELDS);
        assert!(fields.iter().any(|field| field.source == "k1999"));
        assert!(index.incomplete);
        assert_eq!(notes.list()[0].kind, NoteKind::ManyFields);
    }
}
