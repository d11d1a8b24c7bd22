//! The faults of one field: settings that mean nothing for its type, bounds and patterns that
//! cannot be used, options that cannot be told apart, a default that the field itself refuses.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use rust_decimal::Decimal;

use super::check::{Bound, Today, compile};
use super::fault::{Fault, Faults};
use super::field::Field;
use super::limits::{MAX_COLUMNS, MAX_CURRENCIES, MAX_OPTIONS, MAX_PROSE_BYTES};
use super::publish::{limit, name, prose, slug, unique};
use crate::value::text::{cut, is_prose};
use crate::value::{FieldType, Scalar, is_currency};

/// Adds the faults of one field.
pub(super) fn find(field: &Field, at: &str, faults: &mut Faults) {
    let before = faults.count();
    slug(at, &field.id, faults);
    name(at, &field.label, "the label", faults);
    prose(at, &field.help, "the help", faults);
    let policy = field.policy();
    if !policy.suits(field.kind) {
        faults.add(
            format!("{at}.conflict"),
            Fault::BadPolicy {
                policy,
                kind: field.kind,
            },
        );
    }
    if !field.formula.is_empty() {
        applies("formula", &[FieldType::Formula], (field, at), faults);
        if field.formula.len() > MAX_PROSE_BYTES || !is_prose(&field.formula) {
            faults.add(
                at,
                Fault::BadText {
                    what: "the formula",
                    max: MAX_PROSE_BYTES,
                },
            );
        }
    }
    check_options(field, at, faults);
    check_columns(field, at, faults);
    check_constraints(field, &format!("{at}.constraints"), faults);
    // A default is only worth judging by a field that is itself in order.
    if faults.count() == before {
        check_default(field, at, faults);
    }
}

fn check_options(field: &Field, at: &str, faults: &mut Faults) {
    let at = format!("{at}.options");
    if !field.kind.has_options() {
        if !field.options.is_empty() {
            faults.add(
                at,
                Fault::DoesNotApply {
                    setting: "options",
                    kind: field.kind,
                },
            );
        }
        return;
    }
    limit(&at, ("options", field.options.len(), MAX_OPTIONS), faults);
    if field.options.len() > MAX_OPTIONS {
        return;
    }
    if field.options.iter().all(|option| option.disabled) {
        faults.add(&at, Fault::NoOptions { kind: field.kind });
    }
    unique(field.options.iter().map(|option| &option.id), &at, faults);
    let ids: BTreeSet<&str> = field
        .options
        .iter()
        .map(|option| option.id.as_str())
        .collect();
    let mut labels = BTreeSet::new();
    for option in &field.options {
        slug(&at, &option.id, faults);
        name(&at, &option.label, "a label", faults);
        if option.label.contains(';') {
            faults.add(
                &at,
                Fault::SemicolonInLabel {
                    label: cut(&option.label),
                },
            );
        }
        let label = option.label.trim();
        let is_other_id = label != option.id && ids.contains(label);
        if is_other_id || !labels.insert(label.to_lowercase()) {
            faults.add(&at, Fault::AmbiguousLabel { label: cut(label) });
        }
    }
}

fn check_columns(field: &Field, at: &str, faults: &mut Faults) {
    let at = format!("{at}.columns");
    if field.kind != FieldType::Table {
        if !field.columns.is_empty() {
            faults.add(
                at,
                Fault::DoesNotApply {
                    setting: "columns",
                    kind: field.kind,
                },
            );
        }
        return;
    }
    if field.columns.is_empty() {
        faults.add(&at, Fault::NoColumns);
    }
    limit(&at, ("columns", field.columns.len(), MAX_COLUMNS), faults);
    unique(field.columns.iter().map(|column| &column.id), &at, faults);
    for (index, column) in field.columns.iter().take(MAX_COLUMNS).enumerate() {
        let at = format!("{at}[{index}] {:?}", cut(&column.id));
        for what in strange_in_a_column(column) {
            faults.add(&at, Fault::BadColumn { what });
        }
        // Not deeper: a table in a table was just refused.
        if column.kind != FieldType::Table {
            find(column, &at, faults);
        }
    }
}

/// What a cell cannot have: types that merge or nest, and settings of the field as a whole.
fn strange_in_a_column(column: &Field) -> Vec<String> {
    let nests = matches!(
        column.kind,
        FieldType::Table | FieldType::Counter | FieldType::MultiSelect
    );
    let mut strange = Vec::new();
    if nests || !column.kind.accepts_values() {
        strange.push(format!("the type {}", column.kind));
    }
    for (has, what) in [
        (column.default.is_some(), "a default"),
        (column.conflict.is_some(), "a conflict policy"),
        (column.card, "card"),
        (column.searchable, "searchable"),
        (column.sensitive, "sensitive"),
        (column.disabled, "disabled"),
        (!column.rules.is_empty(), "rules"),
    ] {
        if has {
            strange.push(what.to_owned());
        }
    }
    strange
}

fn check_constraints(field: &Field, at: &str, faults: &mut Faults) {
    use FieldType::{Counter, Date, DateTime, Email, LongText, Money, Number, Phone, Text, Url};
    let ordered = &[Number, Money, Date, DateTime, Counter][..];
    let asked = &field.constraints;
    for (given, setting, kinds) in [
        (asked.min.is_some(), "min", ordered),
        (asked.max.is_some(), "max", ordered),
        (asked.not_future, "not_future", &[Date, DateTime]),
        (
            asked.max_length.is_some(),
            "max_length",
            &[Text, LongText, Phone, Email, Url],
        ),
        (
            asked.pattern.is_some(),
            "pattern",
            &[Text, Phone, Email, Url],
        ),
        (!asked.currencies.is_empty(), "currencies", &[Money]),
    ] {
        if given {
            applies(setting, kinds, (field, at), faults);
        }
    }
    check_pattern(field, at, faults);
    limit(
        at,
        ("currencies", asked.currencies.len(), MAX_CURRENCIES),
        faults,
    );
    for currency in asked
        .currencies
        .iter()
        .filter(|currency| !is_currency(currency))
    {
        faults.add(
            at,
            Fault::BadCurrency {
                currency: cut(currency),
            },
        );
    }
    check_range(field, at, faults);
}

fn check_pattern(field: &Field, at: &str, faults: &mut Faults) {
    let asked = &field.constraints;
    if let Some(pattern) = &asked.pattern
        && let Err(problem) = compile(pattern)
    {
        faults.add(
            format!("{at}.pattern"),
            Fault::BadPattern {
                pattern: cut(pattern),
                problem,
            },
        );
    }
    if let Some(message) = &asked.message {
        name(&format!("{at}.message"), message, "the message", faults);
        if asked.pattern.is_none() {
            let kind = field.kind;
            faults.add(
                at,
                Fault::DoesNotApply {
                    setting: "message (without a pattern)",
                    kind,
                },
            );
        }
    }
}

fn check_range(field: &Field, at: &str, faults: &mut Faults) {
    match field.kind {
        FieldType::Number | FieldType::Money => {
            range::<Decimal>(field, (at, "a number such as 0 or \"2.5\""), faults);
        }
        FieldType::Counter => range::<i64>(field, (at, "a whole number"), faults),
        FieldType::Date => range::<Date>(field, (at, "a date such as \"2026-03-01\""), faults),
        FieldType::DateTime => {
            range::<Timestamp>(
                field,
                (at, "a moment such as \"2026-03-01T09:30:00+01:00\""),
                faults,
            );
        }
        FieldType::Text
        | FieldType::LongText
        | FieldType::Checkbox
        | FieldType::SingleSelect
        | FieldType::MultiSelect
        | FieldType::Member
        | FieldType::Party
        | FieldType::CaseLink
        | FieldType::Phone
        | FieldType::Email
        | FieldType::Url
        | FieldType::Location
        | FieldType::File
        | FieldType::Signature
        | FieldType::Table
        | FieldType::Formula => {}
    }
}

/// `(place, what a bound looks like)`.
fn range<T: Bound>(field: &Field, (at, expected): (&str, &'static str), faults: &mut Faults) {
    let mut read = |setting, bound: &Option<Scalar>| {
        let bound = bound.as_ref()?;
        let value = T::read(bound);
        if value.is_none() {
            let (value, kind) = (cut(&bound.to_string()), field.kind);
            faults.add(
                format!("{at}.{setting}"),
                Fault::BadBound {
                    setting,
                    value,
                    kind,
                    expected,
                },
            );
        }
        value
    };
    let asked = &field.constraints;
    let (least, most) = (read("min", &asked.min), read("max", &asked.max));
    if let (Some(least), Some(most)) = (least, most)
        && least > most
    {
        let text = |bound: &Option<Scalar>| bound.as_ref().map(ToString::to_string);
        let (min, max) = (text(&asked.min), text(&asked.max));
        let range = Fault::EmptyRange {
            min: min.unwrap_or_default(),
            max: max.unwrap_or_default(),
        };
        faults.add(at, range);
    }
}

/// A default must be a value that the field takes. The last day there is stands for today, because
/// a default is given again on every day to come.
fn check_default(field: &Field, at: &str, faults: &mut Faults) {
    let last_day = Today {
        now: Timestamp::MAX,
        date: Date::MAX,
        offset: Offset::UTC,
    };
    let verdict = match field.default_value() {
        Ok(None) => Ok(()),
        Ok(Some(value)) => field.check(&value, &last_day),
        Err(problem) => Err(problem),
    };
    if let Err(problem) = verdict {
        faults.add(format!("{at}.default"), Fault::BadDefault { problem });
    }
}

/// `(field, place)`: a setting that only some types have.
fn applies(
    setting: &'static str,
    kinds: &[FieldType],
    (field, at): (&Field, &str),
    faults: &mut Faults,
) {
    if !kinds.contains(&field.kind) {
        faults.add(
            at,
            Fault::DoesNotApply {
                setting,
                kind: field.kind,
            },
        );
    }
}
