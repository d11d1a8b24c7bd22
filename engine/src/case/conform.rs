//! Whether an action fits the template's revision it is judged by: stages and fields exist, values
//! are of their field's type and are written the way the field's policy asks.
//!
//! This much is structure and keeps received work out too. Options, constraints and rules are not
//! asked here: they guide whoever is about to act (`judge.rs`).

use super::action::{CaseAction, FieldEntry, Opening};
use super::plan::check_field_value;
use super::refusal::ActError;
use crate::template::{Field, Revision};
use crate::value::{ConflictPolicy, FieldError, FieldValue, Scalar};

/// Checks an action against a revision.
///
/// # Errors
/// An unknown stage or field, a value of another type, or an action that the field's policy does
/// not use.
pub fn conform(revision: &Revision, action: &CaseAction) -> Result<(), ActError> {
    match action {
        CaseAction::Open(opening) => conform_opening(revision, opening),
        CaseAction::Move { to } => stage_exists(revision, to),
        CaseAction::SetField { field, value } => {
            check_field_value(field, value)?;
            conform_value(one_value(find_field(revision, field)?)?, value)
        }
        CaseAction::ClearField { field } => {
            let field = one_value(find_field(revision, field)?)?;
            if field.kind.accepts_values() {
                Ok(())
            } else {
                Err(wrong_kind(field))
            }
        }
        CaseAction::AddOption { field, .. } | CaseAction::RemoveOption { field, .. } => {
            of_policy(find_field(revision, field)?, ConflictPolicy::Set)
        }
        CaseAction::Count { field, .. } => {
            of_policy(find_field(revision, field)?, ConflictPolicy::Counter)
        }
        CaseAction::EditText { field, .. } => {
            of_policy(find_field(revision, field)?, ConflictPolicy::Text)
        }
        CaseAction::Facet(action) => action.facet().conform(revision),
        CaseAction::SetTitle { .. }
        | CaseAction::Comment { .. }
        | CaseAction::EditComment { .. }
        | CaseAction::RedactComment { .. }
        | CaseAction::CreateTask { .. }
        | CaseAction::AssignTask { .. }
        | CaseAction::RescheduleTask { .. }
        | CaseAction::FinishTask { .. }
        | CaseAction::CancelTask { .. }
        | CaseAction::ReopenTask { .. }
        | CaseAction::AddItem { .. }
        | CaseAction::CheckItem { .. }
        | CaseAction::Assign { .. }
        | CaseAction::Unassign { .. }
        | CaseAction::SetOwner { .. }
        | CaseAction::AddLabel { .. }
        | CaseAction::RemoveLabel { .. }
        | CaseAction::SetPriority { .. }
        | CaseAction::SetDue { .. }
        | CaseAction::Decide(_)
        | CaseAction::Close(_)
        | CaseAction::Reopen
        | CaseAction::Settle { .. } => Ok(()),
    }
}

/// The field with this id.
///
/// # Errors
/// [`ActError::UnknownField`] names the fields there are.
pub(super) fn find_field<'r>(revision: &'r Revision, id: &str) -> Result<&'r Field, ActError> {
    revision.field(id).ok_or_else(|| ActError::UnknownField {
        field: id.chars().take(80).collect(),
        known: list(revision.fields().iter().map(|field| field.id.as_str())),
    })
}

/// Names for a message, at most forty.
pub(super) fn list<'t>(names: impl Iterator<Item = &'t str>) -> String {
    let names: Vec<&str> = names.take(41).collect();
    match names.len() {
        0 => "none".to_owned(),
        1..=40 => names.join(", "),
        _ => format!("{}, …", names[..40].join(", ")),
    }
}

fn stage_exists(revision: &Revision, id: &str) -> Result<(), ActError> {
    if revision.stage(id).is_some() {
        return Ok(());
    }
    Err(ActError::UnknownStage {
        stage: id.chars().take(80).collect(),
        known: list(revision.stages().iter().map(|stage| stage.id.as_str())),
    })
}

fn conform_opening(revision: &Revision, opening: &Opening) -> Result<(), ActError> {
    stage_exists(revision, &opening.stage)?;
    for (id, entry) in &opening.fields {
        let field = find_field(revision, id)?;
        match entry {
            FieldEntry::Value(value) => conform_value(one_value(field)?, value)?,
            FieldEntry::Options(_) => of_policy(field, ConflictPolicy::Set)?,
        }
    }
    Ok(())
}

fn conform_value(field: &Field, value: &Scalar) -> Result<(), ActError> {
    if field.fits(value) {
        return Ok(());
    }
    match FieldValue::from_scalar(field.kind, value) {
        Err(problem) => Err(FieldError::Value {
            field: field.label.clone(),
            problem,
        }
        .into()),
        Ok(_) => Err(wrong_kind(field)),
    }
}

/// A field that holds one value which concurrent values contest.
fn one_value(field: &Field) -> Result<&Field, ActError> {
    match field.policy() {
        ConflictPolicy::Contested | ConflictPolicy::Latest => Ok(field),
        ConflictPolicy::Counter | ConflictPolicy::Set | ConflictPolicy::Text => {
            Err(wrong_kind(field))
        }
    }
}

fn of_policy(field: &Field, policy: ConflictPolicy) -> Result<(), ActError> {
    if field.policy() == policy {
        Ok(())
    } else {
        Err(wrong_kind(field))
    }
}

fn wrong_kind(field: &Field) -> ActError {
    ActError::WrongKind {
        field: field.id.clone(),
        kind: format!("{} ({})", field.kind, field.policy()),
        cure: match field.policy() {
            ConflictPolicy::Contested | ConflictPolicy::Latest => "set or clear its value",
            ConflictPolicy::Counter => "add to it",
            ConflictPolicy::Set => "add and remove its options",
            ConflictPolicy::Text => "edit its text",
        },
    }
}
