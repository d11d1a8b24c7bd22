//! Answers the conditions of templates from a case as an author saw it.
//!
//! Pure: the case at one point of its history, the revision, the moment and, before acting, who
//! acts and what is about to be done. Every replica with the same causal past answers the same.
//! What is not there is never `is`, always `is-not`; a contested value is the one shown.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::action::{CaseAction, Opening};
use super::condition_reading as reading;
use super::past::Past;
use crate::template::condition_faults::{Nature, read_truth};
use crate::template::day::{Point, Written};
use crate::template::{Condition, Operator, Revision, Subject, Test, Today};
use crate::value::decimal::read_decimal;
use crate::value::{FieldValue, Money, Scalar};

/// All that a condition can be answered from.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The case as it was seen.
    pub past: &'a Past<'a>,
    /// The revision it is judged by.
    pub revision: &'a Revision,
    /// The moment of the action.
    pub today: Today,
    /// The roles of who acts, by the roster that the act cites; `None` where nobody does, and then
    /// no test of `actor` holds.
    pub actor: Option<&'a BTreeSet<String>>,
    /// What is about to be done: its values stand in the place of those of the past.
    pub ahead: Option<&'a CaseAction>,
}

/// What a subject answers.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// Nothing is there.
    Nothing,
    /// Something that can only be seen to be there.
    Something,
    Text(String),
    Number(Decimal),
    Money(Money),
    Time(Point),
    Truth(bool),
    Set(BTreeSet<String>),
}

/// Whether a condition holds: all its groups, each by one of its tests. An empty one always does.
#[must_use]
pub fn holds(condition: &Condition, facts: &Facts<'_>) -> bool {
    let any = |group: &Vec<Test>| group.iter().any(|test| passes(test, facts));
    condition.all.iter().all(any)
}

/// Whether one test holds.
#[must_use]
pub fn passes(test: &Test, facts: &Facts<'_>) -> bool {
    // Where nobody acts, neither the test nor its opposite holds.
    if test.of == Subject::Actor && facts.actor.is_none() {
        return false;
    }
    let answer = reading::answer(&test.of, facts);
    let mut wanted = test.wanted();
    match test.is {
        Operator::Empty => answer == Answer::Nothing,
        Operator::Filled => answer != Answer::Nothing,
        Operator::Is => wanted.any(|value| is(&answer, value, facts, test)),
        Operator::IsNot => !wanted.any(|value| is(&answer, value, facts, test)),
        Operator::OneOf => wanted.any(|value| is_or_has(&answer, value, facts, test)),
        Operator::NoneOf => !wanted.any(|value| is_or_has(&answer, value, facts, test)),
        Operator::Has => wanted.any(|value| has(&answer, value)),
        Operator::HasNot => !wanted.any(|value| has(&answer, value)),
        Operator::Above => wanted.any(|value| order(&answer, value, facts, test).is_gt()),
        Operator::Below => wanted.any(|value| order(&answer, value, facts, test).is_lt()),
        Operator::AtLeast => wanted.any(|value| order(&answer, value, facts, test).is_ge()),
        Operator::AtMost => wanted.any(|value| order(&answer, value, facts, test).is_le()),
        Operator::Before => wanted.any(|value| order(&answer, value, facts, test).is_lt()),
        Operator::After => wanted.any(|value| order(&answer, value, facts, test).is_gt()),
    }
}

impl<'a> Facts<'a> {
    /// A case as it was seen at a moment.
    #[must_use]
    pub const fn new(past: &'a Past<'a>, revision: &'a Revision, today: Today) -> Self {
        Self {
            past,
            revision,
            today,
            actor: None,
            ahead: None,
        }
    }

    /// The same with the roles of who acts.
    #[must_use]
    pub const fn by(self, roles: &'a BTreeSet<String>) -> Self {
        Self {
            actor: Some(roles),
            ..self
        }
    }

    /// The same with an action as if it were done.
    #[must_use]
    pub const fn after(self, action: &'a CaseAction) -> Self {
        Self {
            ahead: Some(action),
            ..self
        }
    }

    /// The opening that is about to be done, if it is one.
    pub(super) const fn opening(&self) -> Option<&'a Opening> {
        if let Some(CaseAction::Open(opening)) = self.ahead {
            Some(opening)
        } else {
            None
        }
    }

    pub(super) fn nature(&self, subject: &Subject) -> Nature {
        Nature::of(subject, |id| {
            let field = self.revision.field(id)?;
            Some((field.kind, field.policy()))
        })
    }
}

/// How two values stand to each other; never for what cannot be compared.
#[derive(Clone, Copy)]
struct Order(Option<core::cmp::Ordering>);

impl Order {
    fn is_gt(self) -> bool {
        self.0.is_some_and(core::cmp::Ordering::is_gt)
    }

    fn is_lt(self) -> bool {
        self.0.is_some_and(core::cmp::Ordering::is_lt)
    }

    fn is_ge(self) -> bool {
        self.0.is_some_and(core::cmp::Ordering::is_ge)
    }

    fn is_le(self) -> bool {
        self.0.is_some_and(core::cmp::Ordering::is_le)
    }
}

fn is(answer: &Answer, value: &Scalar, facts: &Facts<'_>, test: &Test) -> bool {
    let words = value.to_string();
    match answer {
        Answer::Text(text) => *text == words || reads_as(test, facts, &words) == Some(text.clone()),
        Answer::Truth(truth) => read_truth(&words) == Some(*truth),
        Answer::Number(_) | Answer::Money(_) => {
            order(answer, value, facts, test).0 == Some(core::cmp::Ordering::Equal)
        }
        Answer::Time(point) => {
            resolve(&words, facts).is_some_and(|other| point.is(other, &facts.today))
        }
        Answer::Nothing | Answer::Something | Answer::Set(_) => false,
    }
}

fn is_or_has(answer: &Answer, value: &Scalar, facts: &Facts<'_>, test: &Test) -> bool {
    match answer {
        Answer::Set(_) => has(answer, value),
        Answer::Nothing
        | Answer::Something
        | Answer::Text(_)
        | Answer::Number(_)
        | Answer::Money(_)
        | Answer::Time(_)
        | Answer::Truth(_) => is(answer, value, facts, test),
    }
}

fn has(answer: &Answer, value: &Scalar) -> bool {
    let words = value.to_string();
    match answer {
        Answer::Set(set) => set.contains(&words),
        Answer::Text(text) => text.to_lowercase().contains(&words.to_lowercase()),
        Answer::Nothing
        | Answer::Something
        | Answer::Number(_)
        | Answer::Money(_)
        | Answer::Time(_)
        | Answer::Truth(_) => false,
    }
}

fn order(answer: &Answer, value: &Scalar, facts: &Facts<'_>, test: &Test) -> Order {
    let words = value.to_string();
    Order(match answer {
        Answer::Number(number) => read_decimal(&words).map(|other| number.cmp(&other)),
        // Amounts of two currencies are neither equal nor in any order.
        Answer::Money(money) => money_of(test, facts, &words)
            .filter(|other| other.currency() == money.currency())
            .map(|other| money.amount().cmp(&other.amount())),
        Answer::Time(point) => resolve(&words, facts).map(|other| {
            if point.is_before(other, &facts.today) {
                core::cmp::Ordering::Less
            } else if other.is_before(*point, &facts.today) {
                core::cmp::Ordering::Greater
            } else {
                core::cmp::Ordering::Equal
            }
        }),
        Answer::Nothing
        | Answer::Something
        | Answer::Text(_)
        | Answer::Truth(_)
        | Answer::Set(_) => None,
    })
}

fn resolve(words: &str, facts: &Facts<'_>) -> Option<Point> {
    Written::read(words)?.resolve(&facts.today)
}

/// The words as the field of the test would store them: `+351 912…` for a telephone number.
fn reads_as(test: &Test, facts: &Facts<'_>, words: &str) -> Option<String> {
    let Subject::Field(id) = &test.of else {
        return None;
    };
    let value = FieldValue::parse(facts.revision.field(id)?, words).ok()?;
    value.to_scalar().as_text().map(str::to_owned)
}

fn money_of(test: &Test, facts: &Facts<'_>, words: &str) -> Option<Money> {
    let Subject::Field(id) = &test.of else {
        return None;
    };
    let read = FieldValue::parse(facts.revision.field(id)?, words);
    if let Ok(FieldValue::Money(money)) = read {
        Some(money)
    } else {
        None
    }
}
