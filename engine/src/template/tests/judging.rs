//! One value against one field: what a person is refused, and what received work may hold.

use jiff::Timestamp;
use jiff::tz::offset;

use super::*;
use crate::value::tests::field_of;
use crate::value::{FieldValue, Scalar};

/// Half past eleven at night in Lisbon on the first of March, already the second in Helsinki.
fn today() -> Today {
    Today::at(
        "2026-03-01T23:30:00Z".parse::<Timestamp>().unwrap(),
        offset(0),
    )
}

fn judge(field: &Field, words: &str) -> Result<(), String> {
    let value = FieldValue::parse(field, words).map_err(|error| error.to_string())?;
    assert!(
        field.fits(&value.to_scalar()),
        "constraints keep no received work out"
    );
    field
        .check(&value, &today())
        .map_err(|error| error.to_string())
}

#[track_caller]
fn assert_refused(field: &Field, words: &str, expected: &str) {
    assert_eq!(judge(field, words), Err(format!("The field: {expected}")));
}

fn bounded(kind: FieldType, min: Scalar, max: Scalar) -> Field {
    let mut field = field_of(kind);
    (field.constraints.min, field.constraints.max) = (Some(min), Some(max));
    field
}

#[test]
fn bounds_are_inclusive() {
    let number = bounded(FieldType::Number, Scalar::Int(0), Scalar::text("2.5"));
    for inside in ["0", "-0.0", "2.50", "1"] {
        assert_eq!(judge(&number, inside), Ok(()));
    }
    assert_refused(&number, "-0.01", "-0.01 is below the allowed 0");
    assert_refused(&number, "2.51", "2.51 is above the allowed 2.5");
    let counter = bounded(FieldType::Counter, Scalar::Int(-1), Scalar::Int(5));
    assert_eq!(judge(&counter, "-1"), Ok(()));
    assert_refused(&counter, "6", "6 is above the allowed 5");
    let date = bounded(
        FieldType::Date,
        Scalar::text("2026-01-01"),
        Scalar::text("2026-12-31"),
    );
    assert_eq!(judge(&date, "2026-12-31"), Ok(()));
    assert_refused(
        &date,
        "2027-01-01",
        "2027-01-01 is above the allowed 2026-12-31",
    );
}

#[test]
fn amounts_are_bounded_in_the_currencies_the_field_takes() {
    let mut money = bounded(FieldType::Money, Scalar::Int(0), Scalar::Int(100));
    money.constraints.currencies = vec!["EUR".into()];
    assert_eq!(
        judge(&money, "100"),
        Ok(()),
        "the only currency need not be written"
    );
    assert_refused(&money, "100.01", "100.01 EUR is above the allowed 100");
    assert_refused(
        &money,
        "1 USD",
        "amounts in USD are not taken here; use EUR",
    );
}

#[test]
fn moments_are_compared_as_instants() {
    let min = Scalar::text("2026-03-01T12:00:00+02:00");
    let field = bounded(
        FieldType::DateTime,
        min,
        Scalar::text("2026-03-01T10:00:00+00:00"),
    );
    assert_eq!(judge(&field, "2026-03-01 11:00 +01:00"), Ok(()));
    assert!(judge(&field, "2026-03-01 11:01 +01:00").is_err());
}

#[test]
fn tomorrow_is_the_future_where_the_person_stands() {
    let mut date = field_of(FieldType::Date);
    date.constraints.not_future = true;
    assert_eq!(judge(&date, "2026-03-01"), Ok(()));
    assert_refused(&date, "2026-03-02", "2026-03-02 lies in the future");
    let tomorrow = FieldValue::parse(&date, "2026-03-02").unwrap();
    let helsinki = Today::at(today().now, offset(2));
    assert_eq!(date.check(&tomorrow, &helsinki), Ok(()));
    let mut moment = field_of(FieldType::DateTime);
    moment.constraints.not_future = true;
    assert_eq!(
        judge(&moment, "2026-03-02T01:30:00+02:00"),
        Ok(()),
        "it is now"
    );
    assert!(judge(&moment, "2026-03-01T23:30:01Z").is_err());
}

#[test]
fn a_pattern_must_match_the_whole_text_and_explains_itself() {
    let mut text = field_of(FieldType::Text);
    text.constraints.pattern = Some("[0-9]{4}|x".into());
    assert_eq!(judge(&text, "1234"), Ok(()));
    assert_eq!(judge(&text, "x"), Ok(()));
    assert_refused(
        &text,
        "12345",
        "\"12345\" is refused: it must match [0-9]{4}|x",
    );
    text.constraints.message = Some("four digits".into());
    assert_refused(&text, "a1234", "\"a1234\" is refused: four digits");
    text.constraints.pattern = Some(".*".into());
    assert!(judge(&text, &"a".repeat(limits::MAX_MATCHED_BYTES + 1)).is_err());
}

#[test]
fn a_useful_pattern_fits_into_the_limits() {
    for pattern in [
        r"[\w.-]{1,20}",
        r"\p{Lu}\p{L}{2,19}",
        r"(?i)[a-z]{2}\d{2}( ?[a-z0-9]{4}){3,7}",
    ] {
        assert!(check::compile(pattern).is_ok(), "{pattern}");
    }
}

#[test]
fn a_pattern_that_would_explode_elsewhere_takes_linear_time() {
    let mut text = field_of(FieldType::Text);
    text.constraints.pattern = Some("(a+)+(a*)*b".into());
    assert!(judge(&text, &"a".repeat(limits::MAX_MATCHED_BYTES)).is_err());
}

#[test]
fn the_length_is_counted_in_characters() {
    let mut text = field_of(FieldType::Text);
    text.constraints.max_length = Some(3);
    assert_eq!(judge(&text, "ção"), Ok(()));
    assert_refused(
        &text,
        "ções",
        "the text has 4 characters and the field takes at most 3",
    );
}

#[test]
fn a_disabled_option_is_refused_and_what_has_it_keeps_it() {
    let mut select = field_of(FieldType::SingleSelect);
    select.options[1].disabled = true;
    let expected = "the option \"Later\" is no longer offered; choose from Yes, at once, Não";
    assert_refused(&select, "later", expected);
    assert!(select.fits(&Scalar::text("b")));
    assert!(select.fits(&Scalar::text("of-a-newer-revision")));
    let foreign = FieldValue::SingleSelect("gone".into());
    assert!(select.check(&foreign, &today()).is_err());
    let foreign = FieldValue::MultiSelect(["a".to_owned(), "gone".to_owned()].into());
    assert!(
        field_of(FieldType::MultiSelect)
            .check(&foreign, &today())
            .is_err()
    );
}

#[test]
fn a_relation_that_people_cannot_choose_is_refused_but_lands() {
    let link = field_of(FieldType::CaseLink);
    let id = "00112233445566778899aabbccddeeff";
    assert_eq!(judge(&link, &format!("duplicate-of {id}")), Ok(()));
    assert!(
        judge(&link, &format!("invented {id}"))
            .unwrap_err()
            .contains("is not a relation")
    );
}

#[test]
fn cells_are_judged_by_their_columns() {
    let mut table = field_of(FieldType::Table);
    table.columns[1].constraints.max = Some(Scalar::Int(3));
    assert_eq!(
        judge(&table, r#"[{"id":"r","cells":{"number":3}}]"#),
        Ok(())
    );
    let refused = judge(&table, r#"[{"id":"r","cells":{"number":4}}]"#);
    assert_eq!(
        refused,
        Err("The field, row \"r\": Number: 4 is above the allowed 3".into())
    );
    let fits = |json: &str| table.fits(&Scalar::text(json));
    assert!(fits(r#"[{"id":"r","cells":{"number":"4"}}]"#));
    assert!(
        !fits(r#"[{"id":"r","cells":{"number":4}}]"#),
        "a number is stored as text"
    );
    assert!(
        !fits(r#"[{"id":"r","cells":{"colour":"red"}}]"#),
        "no such column"
    );
}

#[test]
fn a_value_of_another_type_is_refused() {
    let text = FieldValue::Text("5".into());
    let number = field_of(FieldType::Number);
    assert_eq!(
        number.check(&text, &today()).unwrap_err().to_string(),
        "The field: a text was given and the field holds a number"
    );
    assert!(!number.fits(&Scalar::Int(5)) && number.fits(&Scalar::text("5")));
}

#[test]
fn what_others_would_refuse_is_refused_before_it_is_sent() {
    let text = field_of(FieldType::Text);
    for broken in ["", "a\nb", "\u{1b}[2J"] {
        assert!(
            text.check(&FieldValue::Text(broken.into()), &today())
                .is_err()
        );
    }
    let empty = FieldValue::MultiSelect(std::collections::BTreeSet::new());
    assert!(
        field_of(FieldType::MultiSelect)
            .check(&empty, &today())
            .is_err()
    );
}

#[test]
fn a_cleared_field_fits_every_type_that_holds_values_but_a_counter() {
    for kind in FieldType::ALL {
        let clears = kind.accepts_values() && kind != FieldType::Counter;
        assert_eq!(field_of(kind).fits(&Scalar::Null), clears, "{kind}");
    }
}

#[test]
fn a_broken_constraint_of_an_unpublished_field_is_an_error_and_not_a_panic() {
    let mut number = field_of(FieldType::Number);
    number.constraints.min = Some(Scalar::text("many"));
    assert!(
        judge(&number, "1")
            .unwrap_err()
            .contains("the template's min \"many\"")
    );
    let mut text = field_of(FieldType::Text);
    text.constraints.pattern = Some("(".into());
    assert!(
        judge(&text, "a")
            .unwrap_err()
            .contains("the template's pattern")
    );
}
