//! The one table of what each action writes: which keys of which maps get which values.
//!
//! ```text
//! action + what it saw ──plan──▶ steps ──write──▶ operations     (here)
//!                                steps ══shape══ operations      (received)
//! ```
//! A plan decides structure only: rules, constraints and rights are judged elsewhere. Invariant:
//! the plan is a function of the action and of the causal past, nothing else.

use super::action::{Act, CaseAction};
use super::bounds;
use super::contents::{Override, member_scalar, text_scalar};
use super::kind::ActionKind;
use super::opening;
use super::part::PartId;
use super::parts::{
    check_free, plan_comment, plan_count, plan_decision, plan_item, plan_prose, plan_reopening,
    plan_settlement, plan_task,
};
use super::past::{Object, Past};
use super::place::{Place, TaskKey};
use super::refusal::ActError;
use super::schema::{self, CommentKey};
use super::slots::{bucket, comment_keys, container};
use super::step::{Plan, Step, Target};
use crate::value::Scalar;

/// Plans an action. `rule` is the rule that it overrides.
///
/// # Errors
/// The structural variants of [`ActError`]: something it names is not there, an id is taken, a
/// value is not well-formed.
pub(crate) fn plan(past: &Past<'_>, act: &Act, rule: Option<&str>) -> Result<Plan, ActError> {
    if let Some(reason) = &act.reason {
        bounds::check_reason(reason)?;
    }
    let mut plan = Plan::default();
    if let CaseAction::Open(opening) = &act.action {
        opening::plan(&mut plan, past, opening)?;
    } else {
        if past.seen(Object::Root, schema::KIND).is_empty() {
            return Err(ActError::NotOpened);
        }
        plan_action(&mut plan, past, act)?;
    }
    if let Some(rule) = rule {
        plan_override(&mut plan, past, act, rule)?;
    }
    Ok(plan)
}

#[expect(
    clippy::too_many_lines,
    reason = "one arm per action: this is the table"
)]
fn plan_action(plan: &mut Plan, past: &Past<'_>, act: &Act) -> Result<(), ActError> {
    match &act.action {
        CaseAction::Open(_) => Err(ActError::AlreadyOpened),
        CaseAction::SetTitle { title } => {
            bounds::check_line("title", title, bounds::MAX_TITLE_BYTES)?;
            plan.put_root(schema::TITLE, Scalar::text(title))
        }
        CaseAction::Move { to } => {
            bounds::check_slug("stage", to)?;
            plan.put_root(schema::STAGE, Scalar::text(to))
        }
        CaseAction::SetField { field, value } => {
            bounds::check_slug("field", field)?;
            check_field_value(field, value)?;
            plan.put(container(past, schema::FIELDS)?, field, value.clone())
        }
        CaseAction::ClearField { field } => {
            bounds::check_slug("field", field)?;
            plan.put(container(past, schema::FIELDS)?, field, Scalar::Null)
        }
        CaseAction::AddOption { field, option } => {
            let key = option_key(field, option)?;
            plan.put(container(past, schema::SETS)?, &key, Scalar::Bool(true))
        }
        CaseAction::RemoveOption { field, option } => {
            let key = option_key(field, option)?;
            let taken = schema::taken_option_key(&key);
            plan.remove(past, schema::SETS, key, Place::Set(field.clone()))?;
            plan_taken(plan, past, act.id, &taken)
        }
        CaseAction::Count { field, by } => plan_count(plan, past, act.id, (field, *by)),
        CaseAction::EditText { field, text } => plan_prose(plan, past, field, text),
        CaseAction::Comment {
            id,
            body,
            external,
            reply_to,
        } => {
            let key = CommentKey {
                id: *id,
                external: *external,
                reply_to: *reply_to,
            };
            plan_comment(plan, past, key, body)
        }
        CaseAction::EditComment { id, body } => {
            bounds::check_body("comment", body)?;
            let key = comment_keys(past, *id)?[0];
            plan.put(bucket(past, *id)?, &key.to_string(), Scalar::text(body))
        }
        CaseAction::RedactComment { id } => {
            let reason = act.reason.as_ref();
            let reason = reason.ok_or(ActError::NeedsReason {
                action: act.action.kind(),
            })?;
            comment_keys(past, *id)?;
            let key = schema::redacted_comment_key(*id);
            plan.put(
                container(past, schema::REDACTED)?,
                &key,
                Scalar::text(reason),
            )
        }
        CaseAction::CreateTask {
            id,
            title,
            assignee,
            due,
            checklist,
        } => {
            let values = [
                (TaskKey::Title, Scalar::text(title)),
                (TaskKey::Assignee, member_scalar(*assignee)),
                (TaskKey::Due, text_scalar(due.as_deref())),
                (TaskKey::Status, Scalar::text(schema::TASK_OPEN)),
            ];
            bounds::check_line("task's title", title, bounds::MAX_TITLE_BYTES)?;
            check_due(due.as_deref())?;
            plan_task(plan, past, *id, (values, checklist))
        }
        CaseAction::AddItem { task, item, text } => plan_item(plan, past, *task, (*item, text)),
        CaseAction::AssignTask { task, assignee } => {
            plan.put_task(past, *task, TaskKey::Assignee, member_scalar(*assignee))
        }
        CaseAction::RescheduleTask { task, due } => {
            check_due(due.as_deref())?;
            plan.put_task(past, *task, TaskKey::Due, text_scalar(due.as_deref()))
        }
        CaseAction::FinishTask { task } => plan.put_task(
            past,
            *task,
            TaskKey::Status,
            Scalar::text(schema::TASK_DONE),
        ),
        CaseAction::CancelTask { task } => plan.put_task(
            past,
            *task,
            TaskKey::Status,
            Scalar::text(schema::TASK_CANCELLED),
        ),
        CaseAction::ReopenTask { task } => plan.put_task(
            past,
            *task,
            TaskKey::Status,
            Scalar::text(schema::TASK_OPEN),
        ),
        CaseAction::CheckItem { task, item, done } => {
            plan.put_task(past, *task, TaskKey::ItemDone(*item), Scalar::Bool(*done))
        }
        CaseAction::Assign { member } => {
            let assignees = container(past, schema::ASSIGNEES)?;
            plan.put(assignees, &member.to_string(), Scalar::Bool(true))
        }
        CaseAction::Unassign { member } => plan.remove(
            past,
            schema::ASSIGNEES,
            member.to_string(),
            Place::Assignees,
        ),
        CaseAction::SetOwner { member } => plan.put_root(schema::OWNER, member_scalar(*member)),
        CaseAction::AddLabel { label } => {
            bounds::check_line("label", label, bounds::MAX_LABEL_BYTES)?;
            plan.put(container(past, schema::LABELS)?, label, Scalar::Bool(true))
        }
        CaseAction::RemoveLabel { label } => {
            plan.remove(past, schema::LABELS, label.clone(), Place::Labels)?;
            plan_taken(plan, past, act.id, &schema::taken_label_key(label))
        }
        CaseAction::SetPriority { priority } => {
            if let Some(priority) = priority {
                bounds::check_line("priority", priority, bounds::MAX_LABEL_BYTES)?;
            }
            plan.put_root(schema::PRIORITY, text_scalar(priority.as_deref()))
        }
        CaseAction::SetDue { due } => {
            check_due(due.as_deref())?;
            plan.put_root(schema::DUE, text_scalar(due.as_deref()))
        }
        CaseAction::Decide(decision) => plan_decision(plan, past, decision),
        CaseAction::Close(closing) => {
            bounds::check_line("resolution", &closing.code, bounds::MAX_LABEL_BYTES)?;
            bounds::check_prose("notes", &closing.notes)?;
            plan.put_root(schema::CLOSED, Scalar::Text(closing.to_json()))
        }
        CaseAction::Reopen => plan_reopening(plan, past, act.id),
        CaseAction::Settle { place, value } => plan_settlement(plan, past, place, value),
        CaseAction::Facet(action) => action.facet().plan(plan, past, act),
    }
}

/// Notes which action took a label or an option away: the next time it is put on is another time.
fn plan_taken(plan: &mut Plan, past: &Past<'_>, by: PartId, key: &str) -> Result<(), ActError> {
    let taken = container(past, schema::TAKEN)?;
    plan.put(taken, key, Scalar::Text(by.to_string()))
}

/// What any field's value must be, whatever its type.
pub(super) fn check_field_value(field: &str, value: &Scalar) -> Result<(), ActError> {
    match value {
        Scalar::Null => Err(ActError::WrongValue {
            what: format!("field {field:?}"),
            problem: "no value is given; clear the field instead",
        }),
        Scalar::Text(text) => bounds::check_prose("value", text),
        Scalar::Bool(_) | Scalar::Int(_) => Ok(()),
    }
}

/// The key of an option, both ids being well-formed.
pub(super) fn option_key(field: &str, option: &str) -> Result<String, ActError> {
    bounds::check_slug("field", field)?;
    bounds::check_slug("option", option)?;
    Ok(schema::option_key(field, option))
}

fn check_due(due: Option<&str>) -> Result<(), ActError> {
    due.map_or(Ok(()), |due| bounds::check_due("due date", due))
}

fn plan_override(plan: &mut Plan, past: &Past<'_>, act: &Act, rule: &str) -> Result<(), ActError> {
    let action = act.action.kind();
    let why = act.reason.clone().ok_or(ActError::NeedsReason { action })?;
    let entry = Override {
        rule: rule.to_owned(),
        why,
    };
    let key = act.id.to_string();
    let map = if action == ActionKind::CaseOpen {
        Target::New(opening::made_map(schema::OVERRIDES))
    } else {
        let overrides = container(past, schema::OVERRIDES)?;
        check_free(past, overrides, &key, ("override", act.id))?;
        Target::There(overrides)
    };
    // An opening makes the map first; everywhere else the override stands before what it is for, so
    // that an edit of prose can be last.
    let place = if action == ActionKind::CaseOpen {
        plan.steps.len()
    } else {
        0
    };
    let step = Step::Put {
        object: map,
        key,
        value: Scalar::Text(entry.to_json()),
    };
    plan.steps.insert(place, step);
    Ok(())
}
