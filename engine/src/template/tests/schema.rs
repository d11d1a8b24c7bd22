//! The JSON Schema of packages: made from the types, checked in, and true of every shipped package.

use std::borrow::Cow;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema, schema_for};
use serde_json::Value;

use super::*;
use crate::clock::Repeat;
use crate::template::approval::Approver;
use crate::template::automation::Person;
use crate::template::span::Span;
use crate::template::{DateOf, TimeOfDay};
use crate::value::Scalar;

/// Types that are written as one text, with an example.
macro_rules! texts {
    ($($Type:ty, $name:literal, $about:literal;)+) => {
        $(impl JsonSchema for $Type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "description": $about })
            }
        })+
    };
}

texts! {
    Subject, "Subject", "What is asked about: field/ID, stage, label, decision/TYPE…";
    Approver, "Approver", "Who is asked: owner, field:ID, or a member, role or team.";
    Person, "Person", "owner, actor, assignees, watchers, member/ID, role/KEY, team/KEY, field/ID.";
    Span, "Span", "A length of time: 4 hours, 8 weeks, 3 business days.";
    Repeat, "Repeat", "What repeats: every mon, every 2 weeks, every month on day 31.";
    DateOf, "DateOf", "due, or field/ID of a date or date-time.";
    TimeOfDay, "TimeOfDay", "Hours and minutes: 09:00.";
    Warning, "Warning", "So long before it is due (4 hours), or a share of the time (75%).";
    OpenHours, "OpenHours", "Hours of one day: 09:00-17:30.";
    Holiday, "Holiday", "A day (2026-06-10), a day of every year (12-25), or a range of them.";
}

impl JsonSchema for Scalar {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Scalar".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "boolean", "integer", "null"] })
    }
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/template.schema.json")
}

fn schema() -> Value {
    let mut schema = schema_for!(Package).to_value();
    schema["title"] = "A Casework template".into();
    schema
}

#[test]
fn the_checked_in_schema_is_the_one_of_the_types() {
    let text = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    if std::env::var_os("CASEWORK_WRITE_SCHEMA").is_some() {
        std::fs::write(path(), &text).unwrap();
    }
    let known = std::fs::read_to_string(path()).unwrap();
    assert!(
        known == text,
        "docs/template.schema.json is out of date; write it again with CASEWORK_WRITE_SCHEMA=1"
    );
}

#[test]
fn every_shipped_package_keeps_the_schema_and_a_misspelt_one_does_not() {
    let schema = schema();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../desk/templates");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let source = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let value: Value = toml::from_str(&source).unwrap();
        let mut problems = Vec::new();
        check(&schema, &schema, &value, "", &mut problems);
        assert!(problems.is_empty(), "{problems:#?}");
        seen += 1;
        for (from, to) in [
            ("category = ", "categry = "),
            ("category = \"", "category = \"x"),
            ("[[stages]]", "[[stage]]"),
        ] {
            let wrong: Value = toml::from_str(&source.replacen(from, to, 1)).unwrap();
            let mut problems = Vec::new();
            check(&schema, &schema, &wrong, "", &mut problems);
            assert!(!problems.is_empty(), "{to}");
        }
    }
    assert!(seen >= 3);
}

/// The part of JSON Schema that the generator uses.
fn check(root: &Value, schema: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
    if let Some(Value::String(pointer)) = schema.get("$ref") {
        let target = root.pointer(pointer.trim_start_matches('#')).unwrap();
        check(root, target, value, at, problems);
    }
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !kinds.is_empty() && !kinds.contains(&kind_of(value)) {
        problems.push(format!("{at}: {} is none of {kinds:?}", kind_of(value)));
    }
    if let Some(constant) = schema.get("const")
        && constant != value
    {
        problems.push(format!("{at}: {value} is not {constant}"));
    }
    if let Some(Value::Array(known)) = schema.get("enum")
        && !known.contains(value)
    {
        problems.push(format!("{at}: {value} is none of {known:?}"));
    }
    for choice in ["oneOf", "anyOf"] {
        let Some(Value::Array(choices)) = schema.get(choice) else {
            continue;
        };
        let fits = |choice: &&Value| {
            let mut inside = Vec::new();
            check(root, choice, value, at, &mut inside);
            inside.is_empty()
        };
        if !choices.iter().any(|choice| fits(&choice)) {
            problems.push(format!("{at}: {value} fits nothing of {choice}"));
        }
    }
    if let (Some(items), Value::Array(list)) = (schema.get("items"), value) {
        for (index, item) in list.iter().enumerate() {
            check(root, items, item, &format!("{at}/{index}"), problems);
        }
    }
    if let Value::Object(table) = value {
        check_table(root, schema, table, at, problems);
    }
}

fn check_table(
    root: &Value,
    schema: &Value,
    table: &serde_json::Map<String, Value>,
    at: &str,
    problems: &mut Vec<String>,
) {
    let required = schema.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if !table.contains_key(name) {
            problems.push(format!("{at}: {name} is missing"));
        }
    }
    let properties = schema.get("properties");
    for (name, value) in table {
        let at = format!("{at}/{name}");
        let known = properties.and_then(|properties| properties.get(name));
        match (known, schema.get("additionalProperties")) {
            (Some(property), _) => check(root, property, value, &at, problems),
            (None, Some(Value::Bool(false))) => problems.push(format!("{at} is not known")),
            (None, Some(more)) if more.is_object() => check(root, more, value, &at, problems),
            (None, _) => {}
        }
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
