//! Whether what an act says is what the template offers: values of fields, options, resolutions
//! and outcomes.
//!
//! Asked before an act is written, and of received work only to mark what it broke (`judge.rs`).

use super::action::CaseAction;
use super::conform::{find_field, list};
use super::contents::{Decision, FieldEntry, Opening};
use super::past::Past;
use super::refusal::ActError;
use crate::template::{DecisionPart, Field, Revision, Today};
use crate::value::{FieldError, FieldType, FieldValue, Scalar};

/// Refuses what the template does not offer.
pub(super) fn check_values(
    past: &Past<'_>,
    revision: &Revision,
    action: &CaseAction,
    today: &Today,
) -> Result<(), ActError> {
    if let CaseAction::Facet(action) = action {
        action.facet().check(past, revision, today)?;
    } else if let CaseAction::SetField { field, value } = action {
        check_value(find_field(revision, field)?, value, today)?;
    } else if let CaseAction::AddOption { field, option } = action {
        check_option(find_field(revision, field)?, option)?;
    } else if let CaseAction::Count { field, by } = action {
        find_field(revision, field)?.check(&FieldValue::Counter(*by), today)?;
    } else if let CaseAction::EditText { field, text } = action
        && !text.is_empty()
    {
        // An empty text empties the field. It is also what a received edit has, whose operations
        // say only what differs: its rules were judged where it was made.
        let field = find_field(revision, field)?;
        let one_line = field.kind == FieldType::Text;
        let text = text.clone();
        let text = if one_line {
            FieldValue::Text(text)
        } else {
            FieldValue::LongText(text)
        };
        field.check(&text, today)?;
    } else if let CaseAction::Open(Opening { fields, .. }) = action {
        for (id, entry) in fields {
            let field = find_field(revision, id)?;
            match entry {
                FieldEntry::Value(value) => check_value(field, value, today)?,
                FieldEntry::Options(options) => {
                    options
                        .iter()
                        .try_for_each(|option| check_option(field, option))?;
                }
            }
        }
    } else if let CaseAction::Close(closing) = action {
        let known = &revision.package().resolutions;
        if !known.is_empty() && revision.resolution(&closing.code).is_none() {
            return Err(ActError::UnknownResolution {
                code: closing.code.clone(),
                known: list(known.iter().map(|outcome| outcome.id.as_str())),
            });
        }
    } else if let CaseAction::Decide(decision) = action {
        check_outcome(revision, decision)?;
    }
    Ok(())
}

fn check_value(field: &Field, value: &Scalar, today: &Today) -> Result<(), ActError> {
    let value =
        FieldValue::from_scalar(field.kind, value).map_err(|problem| FieldError::Value {
            field: field.label.clone(),
            problem,
        })?;
    Ok(field.check(&value, today)?)
}

fn check_option(field: &Field, option: &str) -> Result<(), ActError> {
    let offered = || field.options.iter().filter(|choice| !choice.disabled);
    if offered().any(|choice| choice.id == option) {
        return Ok(());
    }
    Err(ActError::UnknownOption {
        field: field.id.clone(),
        option: option.chars().take(80).collect(),
        known: list(offered().map(|choice| choice.id.as_str())),
    })
}

fn check_outcome(revision: &Revision, decision: &Decision) -> Result<(), ActError> {
    let Some(kind) = revision.decision_type(&decision.question) else {
        return Ok(());
    };
    let said = |part: &DecisionPart| match part {
        DecisionPart::Rationale => (&decision.rationale, "rationale"),
        DecisionPart::Conditions => (&decision.conditions, "conditions"),
    };
    let blank = kind.requires.iter().map(said);
    if let Some((_, part)) = blank.into_iter().find(|(text, _)| text.trim().is_empty()) {
        let question = decision.question.clone();
        return Err(ActError::DecisionLacks { question, part });
    }
    if kind
        .outcomes
        .iter()
        .any(|outcome| outcome.id == decision.outcome)
    {
        return Ok(());
    }
    Err(ActError::UnknownOutcome {
        question: decision.question.clone(),
        outcome: decision.outcome.clone(),
        known: list(kind.outcomes.iter().map(|outcome| outcome.id.as_str())),
    })
}
