//! Laws that every field value obeys, and the strategies that make values of every type.

use casework_protocol::ids::{DocumentId, MemberId};
use casework_protocol::limits::MAX_TEXT_BYTES;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::template::{Choice, Field};

/// A field of a type, with three options and three columns where the type has them.
pub(crate) fn field_of(kind: FieldType) -> Field {
    let mut field = Field::new("f", "The field", kind);
    if kind.has_options() {
        field.options = vec![
            Choice::new("a", "Yes, at once"),
            Choice::new("b", "Later"),
            Choice::new("c", "Não"),
        ];
    }
    if kind == FieldType::Table {
        field.columns = vec![
            Field::new("text", "Text", FieldType::Text),
            Field::new("number", "Number", FieldType::Number),
            Field::new("checkbox", "Done", FieldType::Checkbox),
        ];
    }
    field
}

/// A value of any type that holds values, fit for [`field_of`] its type.
pub(crate) fn any_value() -> impl Strategy<Value = FieldValue> {
    prop_oneof![any_plain(), any_compound()]
}

fn any_plain() -> impl Strategy<Value = FieldValue> {
    prop_oneof![
        one_line().prop_map(FieldValue::Text),
        "\\PC{0,20}[a-z]\n\t?\\PC{0,20}".prop_map(FieldValue::LongText),
        decimal().prop_map(FieldValue::Number),
        date().prop_map(FieldValue::Date),
        moment().prop_map(FieldValue::DateTime),
        any::<bool>().prop_map(FieldValue::Checkbox),
        option().prop_map(FieldValue::SingleSelect),
        any::<[u8; 16]>().prop_map(|id| FieldValue::Member(MemberId::new(id))),
        "\\+?[0-9]{3,15}".prop_map(|n| FieldValue::Phone(Phone::new(&n).unwrap())),
        "[a-zA-Z0-9.+]{1,20}@[a-zA-Z]{1,9}(\\.[a-z]{2,5}){0,2}"
            .prop_map(|e| FieldValue::Email(Email::new(&e).unwrap())),
        "(http|HTTPS)://[a-zA-Z.]{1,12}(:[0-9]{2})?(/[a-zA-Zéß%=]{0,9}){0,2}(\\?a=b)?"
            .prop_map(|u| FieldValue::Url(WebAddress::new(&u).unwrap())),
        any::<i64>().prop_map(FieldValue::Counter),
    ]
}

fn any_compound() -> impl Strategy<Value = FieldValue> {
    let part = || "[^;\\pC\\pZ]{1,12}( [^;\\pC\\pZ]{1,6})?";
    let maybe = move || prop_oneof![Just(String::new()), part()];
    let relation = proptest::sample::select(RELATIONS.to_vec());
    prop_oneof![
        (decimal(), "[A-Za-z]{3}")
            .prop_map(|(amount, code)| FieldValue::Money(Money::new(amount, &code).unwrap())),
        proptest::collection::btree_set(option(), 1..4).prop_map(FieldValue::MultiSelect),
        (part(), maybe(), maybe())
            .prop_map(|(n, r, c)| FieldValue::Party(Party::new(&n, &r, &c).unwrap())),
        (any::<[u8; 16]>(), relation).prop_map(|(id, r)| FieldValue::CaseLink(
            CaseLink::new(DocumentId::new(id), r).unwrap()
        )),
        (
            -900_000_000..=900_000_000i64,
            -1_800_000_000..=1_800_000_000i64,
            any::<Option<u16>>()
        )
            .prop_map(|(lat, lon, accuracy)| {
                let accuracy = accuracy.map(|metres| Decimal::new(metres.into(), 1));
                let (lat, lon) = (Decimal::new(lat, 7), Decimal::new(lon, 7));
                FieldValue::Location(Location::new(lat, lon, accuracy).unwrap())
            }),
        table().prop_map(FieldValue::Table),
    ]
}

fn one_line() -> impl Strategy<Value = String> {
    "\\PC{0,30}[a-z]\\PC{0,30}"
}

fn decimal() -> impl Strategy<Value = Decimal> {
    (any::<i64>(), 0..=18u32).prop_map(|(digits, scale)| Decimal::new(digits, scale))
}

fn date() -> impl Strategy<Value = Date> {
    (1..=9999i16, 1..=12i8, 1..=28i8).prop_map(|(y, m, d)| Date::new(y, m, d).unwrap())
}

fn moment() -> impl Strategy<Value = Moment> {
    (
        -62_000_000_000..=253_000_000_000i64,
        0..1_000_000_000i32,
        -1439..=1439i32,
    )
        .prop_map(|(seconds, nanos, minutes)| {
            let nanos = if nanos % 2 == 0 { 0 } else { nanos };
            let offset = Offset::from_seconds(minutes * 60).unwrap();
            Moment::new(Timestamp::new(seconds, nanos).unwrap(), offset).unwrap()
        })
}

fn option() -> impl Strategy<Value = String> {
    proptest::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned)
}

fn table() -> impl Strategy<Value = Table> {
    let row = (
        proptest::option::of(one_line()),
        proptest::option::of(decimal()),
        any::<Option<bool>>(),
    );
    proptest::collection::btree_map("[a-z0-9]{1,4}", row, 1..5).prop_map(|rows| {
        let cell = |id: &str, value: Option<FieldValue>| {
            value.map(|value| (id.to_owned(), value.to_scalar()))
        };
        let rows = rows.into_iter().rev().map(|(id, (text, number, done))| {
            let cells = [
                cell("text", text.map(FieldValue::Text)),
                cell("number", number.map(FieldValue::Number)),
                cell("checkbox", done.map(FieldValue::Checkbox)),
            ];
            Row {
                id,
                cells: cells.into_iter().flatten().collect(),
            }
        });
        Table::new(rows.collect()).unwrap()
    })
}

proptest! {
    #[test]
    fn every_value_reads_back_from_its_scalar(value in any_value()) {
        let scalar = value.to_scalar();
        prop_assert_eq!(FieldValue::from_scalar(value.kind(), &scalar), Ok(value));
    }

    #[test]
    fn every_value_reads_back_from_the_words_people_see(value in any_value()) {
        let field = field_of(value.kind());
        prop_assert_eq!(FieldValue::parse(&field, &value.words(&field)), Ok(value));
    }

    #[test]
    fn every_value_made_from_words_is_canonical(kind in 0..FieldType::ALL.len(), words in "\\PC{0,40}") {
        let field = field_of(FieldType::ALL[kind]);
        if let Ok(value) = FieldValue::parse(&field, &words) {
            prop_assert!(field.fits(&value.to_scalar()), "{:?}", value);
        }
    }

    #[test]
    fn values_are_equal_exactly_when_their_scalars_are(a in any_value(), b in any_value()) {
        prop_assert_eq!(a == b, a.to_scalar() == b.to_scalar() && a.kind() == b.kind());
    }

    #[test]
    fn equal_numbers_and_amounts_have_equal_scalars(digits in any::<i32>(), scale in 0..9u32, zeros in 0..9u32) {
        let short = Decimal::new(digits.into(), scale);
        let mut long = short;
        long.rescale(scale + zeros);
        prop_assert_eq!(FieldValue::Number(short).to_scalar(), FieldValue::Number(long).to_scalar());
        let money = |amount, code| FieldValue::Money(Money::new(amount, code).unwrap());
        prop_assert_eq!(money(short, "EUR"), money(long, "eur"));
        prop_assert_eq!(money(short, "EUR").to_scalar(), money(long, "eur").to_scalar());
    }

    #[test]
    fn no_scalar_makes_reading_fall(kind in 0..FieldType::ALL.len(), text in ".{0,60}") {
        let kind = FieldType::ALL[kind];
        let scalar = Scalar::Text(text);
        if let Ok(value) = FieldValue::from_scalar(kind, &scalar) {
            prop_assert_eq!(value.to_scalar(), scalar);
        }
    }

    #[test]
    fn a_changed_byte_of_a_scalar_is_refused_or_is_another_value(
        value in any_value(), at in any::<proptest::sample::Index>(), byte in 0x20..0x7fu8,
    ) {
        let Scalar::Text(text) = value.to_scalar() else { return Ok(()) };
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let Ok(text) = String::from_utf8(bytes) else { return Ok(()) };
        let scalar = Scalar::Text(text);
        if let Ok(read) = FieldValue::from_scalar(value.kind(), &scalar) {
            prop_assert_eq!(read == value, scalar == value.to_scalar());
        }
    }

    #[test]
    fn every_value_is_json_for_programs(value in any_value()) {
        prop_assert!(!value.to_json().is_null());
    }
}

#[test]
fn the_canonical_scalars_stay_as_they_are() {
    let golden = [
        (FieldType::Text, "Olá", "Olá"),
        (FieldType::Number, "0012.500", "12.5"),
        (
            FieldType::Money,
            "12.50 eur",
            r#"{"amount":"12.5","currency":"EUR"}"#,
        ),
        (FieldType::Date, "2026-03-01", "2026-03-01"),
        (
            FieldType::DateTime,
            "2026-03-01 09:30 +01:00",
            "2026-03-01T09:30:00+01:00",
        ),
        (FieldType::SingleSelect, "later", "b"),
        (FieldType::MultiSelect, "não, b", r#"["b","c"]"#),
        (FieldType::MultiSelect, "yes, at once", r#"["a"]"#),
        (
            FieldType::MultiSelect,
            "Later; yes, at once",
            r#"["a","b"]"#,
        ),
        (
            FieldType::Party,
            "Ana; witness",
            r#"{"name":"Ana","role":"witness"}"#,
        ),
        (FieldType::Phone, "+351 912 345 678", "+351912345678"),
        (FieldType::Email, "Ana@Example.ORG", "Ana@example.org"),
        (
            FieldType::Url,
            "HTTP://Example.org/A",
            "http://example.org/A",
        ),
        (
            FieldType::Location,
            "38.72230, -9.1393 ±12.0",
            r#"{"lat":"38.7223","lon":"-9.1393","accuracy":"12"}"#,
        ),
        (
            FieldType::CaseLink,
            "blocks 00112233445566778899AABBCCDDEEFF",
            r#"{"document":"00112233445566778899aabbccddeeff","relation":"blocks"}"#,
        ),
        (
            FieldType::Table,
            r#"[ {"cells": {"number": "2.50", "checkbox": "yes", "text": null}, "id": "r1"} ]"#,
            r#"[{"id":"r1","cells":{"checkbox":true,"number":"2.5"}}]"#,
        ),
    ];
    for (kind, words, scalar) in golden {
        let value = FieldValue::parse(&field_of(kind), words).unwrap();
        assert_eq!(value.to_scalar(), Scalar::text(scalar), "{kind}");
    }
    let counter = FieldValue::parse(&field_of(FieldType::Counter), "+3").unwrap();
    assert_eq!(counter.to_scalar(), Scalar::Int(3));
    let checkbox = FieldValue::parse(&field_of(FieldType::Checkbox), "No").unwrap();
    assert_eq!(checkbox.to_scalar(), Scalar::Bool(false));
}

#[test]
fn other_forms_of_a_scalar_are_refused() {
    let long = "a".repeat(MAX_TEXT_BYTES + 1);
    let foreign = [
        (FieldType::Text, Scalar::text("")),
        (FieldType::Text, Scalar::text("a\nb")),
        (FieldType::Text, Scalar::text("\u{1b}[2J")),
        (FieldType::Text, Scalar::text(long)),
        (FieldType::Text, Scalar::Int(1)),
        (FieldType::LongText, Scalar::text("a\r\nb")),
        (FieldType::Number, Scalar::text("12.50")),
        (FieldType::Number, Scalar::text("+1")),
        (FieldType::Number, Scalar::text("-0")),
        (FieldType::Number, Scalar::Int(1)),
        (
            FieldType::Money,
            Scalar::text(r#"{"amount":"12.50","currency":"EUR"}"#),
        ),
        (
            FieldType::Money,
            Scalar::text(r#"{"amount":"12.5","currency":"eur"}"#),
        ),
        (
            FieldType::Money,
            Scalar::text(r#"{"currency":"EUR","amount":"12.5"}"#),
        ),
        (
            FieldType::Money,
            Scalar::text(r#"{"amount":"1","currency":"EUR","x":1}"#),
        ),
        (
            FieldType::Money,
            Scalar::text(r#"{"amount": "12.5","currency":"EUR"}"#),
        ),
        (FieldType::Date, Scalar::text("2026-3-1")),
        (FieldType::DateTime, Scalar::text("2026-03-01T09:30:00Z")),
        (FieldType::DateTime, Scalar::text("2026-03-01T09:30+01:00")),
        (FieldType::Checkbox, Scalar::text("true")),
        (FieldType::SingleSelect, Scalar::text("Yes")),
        (FieldType::MultiSelect, Scalar::text("[]")),
        (FieldType::MultiSelect, Scalar::text(r#"["b","a"]"#)),
        (FieldType::MultiSelect, Scalar::text(r#"["a","a"]"#)),
        (
            FieldType::Party,
            Scalar::text(r#"{"name":"Ana","role":""}"#),
        ),
        (FieldType::Party, Scalar::text(r#"{"name":" Ana"}"#)),
        (
            FieldType::Location,
            Scalar::text(r#"{"lat":"91","lon":"0"}"#),
        ),
        (FieldType::Counter, Scalar::text("3")),
        (FieldType::Counter, Scalar::Bool(true)),
        (FieldType::Table, Scalar::text(r#"[{"id":"a","cells":{}}]"#)),
        (
            FieldType::Table,
            Scalar::text(r#"[{"id":"a","cells":{"x":1,"x":1}}]"#),
        ),
    ];
    for (kind, scalar) in foreign {
        assert!(
            FieldValue::from_scalar(kind, &scalar).is_err(),
            "{kind} {scalar:?}"
        );
    }
}

#[test]
fn types_that_hold_no_values_say_why() {
    for kind in [FieldType::File, FieldType::Signature] {
        let error = FieldValue::parse(&field_of(kind), "x").unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("The field: a {kind} needs an attachment, which this version cannot carry")
        );
        assert!(FieldValue::from_scalar(kind, &Scalar::text("x")).is_err());
    }
    let error = FieldValue::parse(&field_of(FieldType::Formula), "x").unwrap_err();
    assert_eq!(
        error.to_string(),
        "The field: a formula is computed and cannot be set"
    );
}

#[test]
fn a_refusal_names_the_field_the_value_and_the_expectation() {
    for (kind, words, expected) in [
        (
            FieldType::Money,
            "12,50",
            "The field: \"12,50\" is not valid here; \
             expected an amount with its currency such as 12.50 EUR",
        ),
        (
            FieldType::SingleSelect,
            "maybe",
            "The field: \"maybe\" is not an option; choose from Yes, at once, Later, Não",
        ),
        (
            FieldType::Date,
            "  ",
            "The field: nothing was given; to empty the field, clear it",
        ),
        (
            FieldType::Table,
            r#"[{"id":"r1","cells":{"number":"x"}}]"#,
            "The field, row \"r1\": Number: \"x\" is not valid here; \
             expected a number such as 1234.5, without thousands separators",
        ),
        (
            FieldType::Table,
            r#"[{"id":"r1","cells":{"colour":"x"}}]"#,
            "The field: row \"r1\" fills \"colour\", which is not a column; \
             use text, number, checkbox",
        ),
    ] {
        assert_eq!(
            FieldValue::parse(&field_of(kind), words)
                .unwrap_err()
                .to_string(),
            expected
        );
    }
}

#[test]
fn a_long_value_is_cut_in_the_message_and_refused_before_it_is_parsed() {
    let error = FieldValue::parse(&field_of(FieldType::Number), &"x".repeat(1000)).unwrap_err();
    assert!(error.to_string().len() < 250, "{error}");
    let huge = "1".repeat(MAX_TEXT_BYTES + 1);
    for kind in FieldType::ALL {
        assert!(FieldValue::parse(&field_of(kind), &huge).is_err());
        assert!(FieldValue::from_scalar(kind, &Scalar::text(huge.as_str())).is_err());
    }
}

#[test]
fn only_commas_select_nothing() {
    assert!(FieldValue::parse(&field_of(FieldType::MultiSelect), " , ,").is_err());
}
