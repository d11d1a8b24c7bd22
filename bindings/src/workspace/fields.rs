//! From what people write for a field to the actions that bring it about.
//!
//! A field with one value is set, a multi select gains and loses options, a counter is counted,
//! prose is edited. Which of them is the template's business ([`ConflictPolicy`]).

use std::collections::BTreeSet;

use casework_engine::case::{CaseAction, FieldEntry};
use casework_engine::replica::Replica;
use casework_engine::template::{Field, Revision};
use casework_engine::value::{ConflictPolicy, FieldType, FieldValue};

use super::finding::{find_case, find_field, find_member};
use crate::error::Error;

/// What a person wants a field to hold.
pub(super) enum Wish {
    /// One value.
    Value(FieldValue),
    /// Exactly these options.
    Options(BTreeSet<String>),
    /// So much more.
    Count(i64),
    /// This prose.
    Prose(String),
}

/// Finds a field by id or label.
pub(super) fn field<'r>(revision: &'r Revision, text: &str) -> Result<&'r Field, Error> {
    let id = find_field(revision, text)?;
    revision
        .field(&id)
        .ok_or_else(|| Error::Invalid(format!("the template has no field {id:?}")))
}

/// Reads what a person wrote for a field. Members and cases may be named as people name them.
pub(super) fn wish(replica: &Replica, field: &Field, words: &str) -> Result<Wish, Error> {
    let value = if field.kind == FieldType::Member {
        FieldValue::Member(find_member(replica, words)?)
    } else if field.kind == FieldType::CaseLink {
        FieldValue::parse(field, &with_case_id(replica, words)?).map_err(Error::invalid)?
    } else {
        FieldValue::parse(field, words).map_err(Error::invalid)?
    };
    Ok(match (field.policy(), value) {
        (ConflictPolicy::Set, FieldValue::MultiSelect(options)) => Wish::Options(options),
        (ConflictPolicy::Counter, FieldValue::Counter(by)) => Wish::Count(by),
        (ConflictPolicy::Text, FieldValue::Text(text) | FieldValue::LongText(text)) => {
            Wish::Prose(text)
        }
        (_, value) => Wish::Value(value),
    })
}

/// `blocks HR-~K7Q2` with the document's id in place of the number.
fn with_case_id(replica: &Replica, words: &str) -> Result<String, Error> {
    match words.trim().split_once(char::is_whitespace) {
        Some((relation, case)) => Ok(format!("{relation} {}", find_case(replica, case)?)),
        None => Ok(words.to_owned()),
    }
}

impl Wish {
    /// The actions that bring it about, given the options that are chosen now.
    pub(super) fn actions(self, field: &Field, chosen: &BTreeSet<String>) -> Vec<CaseAction> {
        let id = || field.id.clone();
        match self {
            Self::Value(value) => {
                vec![CaseAction::SetField {
                    field: id(),
                    value: value.to_scalar(),
                }]
            }
            Self::Options(wanted) => {
                let added = wanted
                    .difference(chosen)
                    .map(|option| CaseAction::AddOption {
                        field: id(),
                        option: option.clone(),
                    });
                let removed = chosen
                    .difference(&wanted)
                    .map(|option| CaseAction::RemoveOption {
                        field: id(),
                        option: option.clone(),
                    });
                added.chain(removed).collect()
            }
            Self::Count(by) => vec![CaseAction::Count { field: id(), by }],
            Self::Prose(text) => vec![CaseAction::EditText { field: id(), text }],
        }
    }

    /// What a case is opened with: an entry, or an action to follow, for counters and prose begin
    /// empty.
    pub(super) fn at_opening(self, field: &Field) -> Result<FieldEntry, Vec<CaseAction>> {
        match self {
            Self::Value(value) => Ok(FieldEntry::Value(value.to_scalar())),
            Self::Options(options) => Ok(FieldEntry::Options(options)),
            other @ (Self::Count(_) | Self::Prose(_)) => {
                Err(other.actions(field, &BTreeSet::new()))
            }
        }
    }
}

/// The actions that empty a field.
pub(super) fn emptying(field: &Field, chosen: &BTreeSet<String>) -> Result<Vec<CaseAction>, Error> {
    let id = || field.id.clone();
    Ok(match field.policy() {
        ConflictPolicy::Contested | ConflictPolicy::Latest => {
            vec![CaseAction::ClearField { field: id() }]
        }
        ConflictPolicy::Set => Wish::Options(BTreeSet::new()).actions(field, chosen),
        ConflictPolicy::Text => vec![CaseAction::EditText {
            field: id(),
            text: String::new(),
        }],
        ConflictPolicy::Counter => {
            return Err(Error::Invalid(format!(
                "{} is a counter and cannot be emptied; count back instead",
                field.label
            )));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use casework_engine::template::Choice;

    fn select() -> Field {
        let options = ["a", "b", "c"]
            .map(|id| Choice::new(id, id.to_uppercase()))
            .to_vec();
        Field {
            options,
            ..Field::new("f", "Field", FieldType::MultiSelect)
        }
    }

    #[test]
    fn a_set_gains_and_loses_only_what_differs() {
        let now = ["a".into(), "b".into()].into();
        let wish = Wish::Options(["b".into(), "c".into()].into());
        assert_eq!(
            wish.actions(&select(), &now),
            [
                CaseAction::AddOption {
                    field: "f".into(),
                    option: "c".into()
                },
                CaseAction::RemoveOption {
                    field: "f".into(),
                    option: "a".into()
                },
            ]
        );
    }

    #[test]
    fn counters_and_prose_are_not_part_of_an_opening_but_follow_it() {
        let counter = Field::new("n", "Visits", FieldType::Counter);
        let follow = Wish::Count(3).at_opening(&counter).unwrap_err();
        assert_eq!(
            follow,
            [CaseAction::Count {
                field: "n".into(),
                by: 3
            }]
        );
        assert!(
            Wish::Options(["a".into()].into())
                .at_opening(&select())
                .is_ok()
        );
    }

    #[test]
    fn a_counter_is_never_emptied() {
        let counter = Field::new("n", "Visits", FieldType::Counter);
        assert!(matches!(
            emptying(&counter, &BTreeSet::new()),
            Err(Error::Invalid(_))
        ));
        assert_eq!(emptying(&select(), &BTreeSet::new()).unwrap(), []);
    }
}
