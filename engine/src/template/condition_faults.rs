//! The faults of conditions: subjects that are not there, operators that do not suit them, values
//! that they never have.
//!
//! [`Nature`] says what a subject's answer looks like; both the faults here and the answers in
//! `case/condition.rs` go by it.

use super::condition::{Condition, Operator, Subject, Test};
use super::day::Written;
use super::fault::{Fault, Faults};
use super::field::{Field, join};
use super::limits::{MAX_TEST_VALUES, MAX_TESTS};
use super::package::Package;
use super::publish::limit;
use super::stage::Category;
use crate::approval::Standing;
use crate::value::decimal::read_decimal;
use crate::value::text::cut;
use crate::value::{ConflictPolicy, FieldType, FieldValue, Scalar};

/// What the answer to a question looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// One text.
    Text,
    /// A number, an amount or a count.
    Number,
    /// A date or a moment.
    Time,
    /// Yes or no.
    Truth,
    /// Several texts.
    Set,
    /// Only whether it is there.
    Presence,
}

impl Nature {
    /// The nature of a subject; of a field by its type. A field that is not there is a presence.
    pub(crate) fn of(subject: &Subject, field: impl Fn(&str) -> Option<FieldShape>) -> Self {
        match subject {
            Subject::Field(id) => field(id).map_or(Self::Presence, Self::of_field),
            Subject::Stage
            | Subject::Category
            | Subject::Owner
            | Subject::Priority
            | Subject::Severity
            | Subject::Title
            | Subject::Number
            | Subject::Channel
            | Subject::Resolution
            | Subject::Decision(_)
            | Subject::Approval(_) => Self::Text,
            Subject::Label
            | Subject::Assignees
            | Subject::Watchers
            | Subject::Document(_)
            | Subject::Party(_)
            | Subject::Actor => Self::Set,
            Subject::Due | Subject::Opened | Subject::Entered => Self::Time,
            Subject::Closed | Subject::OnHold => Self::Truth,
            Subject::OpenTasks => Self::Number,
        }
    }

    const fn of_field((kind, policy): FieldShape) -> Self {
        // Prose that several people edit is read when it is merged, not while it is judged.
        if matches!(policy, ConflictPolicy::Text) {
            return Self::Presence;
        }
        match kind {
            FieldType::Text
            | FieldType::LongText
            | FieldType::SingleSelect
            | FieldType::Member
            | FieldType::Phone
            | FieldType::Email
            | FieldType::Url => Self::Text,
            FieldType::Number | FieldType::Money | FieldType::Counter => Self::Number,
            FieldType::Date | FieldType::DateTime => Self::Time,
            FieldType::Checkbox => Self::Truth,
            FieldType::MultiSelect => {
                if matches!(policy, ConflictPolicy::Set) {
                    Self::Set
                } else {
                    Self::Presence
                }
            }
            FieldType::Party
            | FieldType::CaseLink
            | FieldType::Location
            | FieldType::File
            | FieldType::Signature
            | FieldType::Table
            | FieldType::Formula => Self::Presence,
        }
    }

    const fn operators(self) -> &'static [Operator] {
        use Operator as O;
        match self {
            Self::Text => &[
                O::Is,
                O::IsNot,
                O::OneOf,
                O::NoneOf,
                O::Has,
                O::HasNot,
                O::Empty,
                O::Filled,
            ],
            Self::Number => &[
                O::Is,
                O::IsNot,
                O::OneOf,
                O::NoneOf,
                O::Above,
                O::Below,
                O::AtLeast,
                O::AtMost,
                O::Empty,
                O::Filled,
            ],
            Self::Time => &[
                O::Is,
                O::IsNot,
                O::Before,
                O::After,
                O::AtLeast,
                O::AtMost,
                O::Empty,
                O::Filled,
            ],
            Self::Truth => &[O::Is, O::IsNot, O::Empty, O::Filled],
            Self::Set => &[O::Has, O::HasNot, O::OneOf, O::NoneOf, O::Empty, O::Filled],
            Self::Presence => &[O::Empty, O::Filled],
        }
    }
}

/// The type and policy of a field.
pub(crate) type FieldShape = (FieldType, ConflictPolicy);

/// Adds the faults of one condition.
pub(super) fn find(package: &Package, condition: &Condition, at: &str, faults: &mut Faults) {
    limit(
        at,
        ("groups of tests", condition.all.len(), MAX_TESTS),
        faults,
    );
    for (index, group) in condition.all.iter().take(MAX_TESTS).enumerate() {
        let at = format!("{at}[{index}]");
        if group.is_empty() {
            faults.add(&at, Fault::EmptyGroup);
        }
        limit(&at, ("tests", group.len(), MAX_TESTS), faults);
        for test in group.iter().take(MAX_TESTS) {
            check_test(package, test, &at, faults);
        }
    }
}

fn check_test(package: &Package, test: &Test, at: &str, faults: &mut Faults) {
    let named = |id: &str| package.fields.iter().find(|field| field.id == id);
    if let Subject::Field(id) = &test.of
        && named(id).is_none()
    {
        faults.add(at, Fault::UnknownField { id: cut(id) });
        return;
    }
    if let Subject::Decision(id) = &test.of
        && !package.decision_types.iter().any(|kind| kind.id == *id)
    {
        faults.add(at, Fault::UnknownDecisionType { id: cut(id) });
        return;
    }
    if let Subject::Approval(id) = &test.of
        && !package.approvals.iter().any(|kind| kind.id == *id)
    {
        faults.add(at, Fault::UnknownApproval { id: cut(id) });
        return;
    }
    let nature = Nature::of(&test.of, |id| {
        named(id).map(|field| (field.kind, field.policy()))
    });
    if !nature.operators().contains(&test.is) {
        let fault = Fault::WrongOperator {
            subject: test.of.to_string(),
            operator: test.is.name(),
            allowed: join(nature.operators().iter().map(|operator| operator.name())),
        };
        faults.add(at, fault);
        return;
    }
    if !check_count(test, at, faults) {
        return;
    }
    for value in test.wanted() {
        if let Some(expected) = expected(package, test, (nature, value)) {
            let fault = Fault::BadTestValue {
                subject: test.of.to_string(),
                value: cut(&value.to_string()),
                expected,
            };
            faults.add(at, fault);
        }
    }
}

/// Whether a test has as many values as its operator takes.
fn check_count(test: &Test, at: &str, faults: &mut Faults) -> bool {
    let (one, several) = (!test.value.is_null(), !test.values.is_empty());
    let (right, takes) = match test.is {
        Operator::Empty | Operator::Filled => (!one && !several, "no value"),
        Operator::OneOf | Operator::NoneOf => (!one && several, "several, as values = [\"…\"]"),
        Operator::Is
        | Operator::IsNot
        | Operator::Has
        | Operator::HasNot
        | Operator::Above
        | Operator::Below
        | Operator::AtLeast
        | Operator::AtMost
        | Operator::Before
        | Operator::After => (one && !several, "one, as value = \"…\""),
    };
    if !right {
        let fault = Fault::BadTestCount {
            subject: test.of.to_string(),
            operator: test.is.name(),
            takes,
        };
        faults.add(at, fault);
    }
    limit(at, ("values", test.values.len(), MAX_TEST_VALUES), faults);
    right && test.values.len() <= MAX_TEST_VALUES
}

/// What would be a value of the subject, if this one is none.
fn expected(package: &Package, test: &Test, (nature, value): (Nature, &Scalar)) -> Option<String> {
    let words = value.to_string();
    let listed = |ids: Vec<&str>| {
        let known = ids.contains(&words.as_str());
        (!known).then(|| join(ids.into_iter()))
    };
    let when = |good: bool, expected: &str| (!good).then(|| expected.to_owned());
    match &test.of {
        Subject::Stage => listed(
            package
                .stages
                .iter()
                .map(|stage| stage.id.as_str())
                .collect(),
        ),
        Subject::Category => listed(Category::ALL.iter().map(|known| known.name()).collect()),
        Subject::Resolution if !package.resolutions.is_empty() => {
            listed(package.resolutions.iter().map(|o| o.id.as_str()).collect())
        }
        Subject::Decision(id) => {
            let kind = package.decision_types.iter().find(|kind| kind.id == *id)?;
            listed(kind.outcomes.iter().map(|o| o.id.as_str()).collect())
        }
        Subject::Approval(_) => listed(Standing::names().collect()),
        Subject::Owner | Subject::Assignees | Subject::Watchers => when(
            words.parse::<casework_protocol::ids::MemberId>().is_ok(),
            "a member id of 32 hexadecimal digits",
        ),
        Subject::Field(id) => {
            let field = package.fields.iter().find(|field| field.id == *id)?;
            expected_of_field(field, test.is, &words)
        }
        Subject::Label
        | Subject::Priority
        | Subject::Severity
        | Subject::Due
        | Subject::Opened
        | Subject::Entered
        | Subject::Title
        | Subject::Number
        | Subject::Channel
        | Subject::Resolution
        | Subject::Closed
        | Subject::OnHold
        | Subject::OpenTasks
        | Subject::Document(_)
        | Subject::Party(_)
        | Subject::Actor => match nature {
            Nature::Time => when(Written::read(&words).is_some(), A_DAY),
            Nature::Truth => when(read_truth(&words).is_some(), "yes or no"),
            Nature::Number => when(read_decimal(&words).is_some(), "a number"),
            Nature::Text | Nature::Set | Nature::Presence => {
                when(!words.trim().is_empty(), "a text that says something")
            }
        },
    }
}

const A_DAY: &str =
    "a date such as 2026-03-01, or a day from the action such as today+5d or now-30d";

fn expected_of_field(field: &Field, operator: Operator, words: &str) -> Option<String> {
    let when = |good: bool, expected: &str| (!good).then(|| expected.to_owned());
    if matches!(field.kind, FieldType::Date | FieldType::DateTime) {
        return when(Written::read(words).is_some(), A_DAY);
    }
    if field.kind.has_options() {
        let known = field.options.iter().any(|option| option.id == words);
        return (!known).then(|| join(field.options.iter().map(|option| option.id.as_str())));
    }
    // Part of a text is no value of the field.
    if matches!(operator, Operator::Has | Operator::HasNot) {
        return when(!words.trim().is_empty(), "a text that says something");
    }
    let read = FieldValue::parse(field, words);
    read.err().map(|_| field.kind.expectation().to_owned())
}

/// Reads yes or no, as templates write it.
pub(crate) fn read_truth(words: &str) -> Option<bool> {
    match words {
        "true" | "yes" => Some(true),
        "false" | "no" => Some(false),
        _ => None,
    }
}
