//! Plans of the actions that make or change the parts of a case: counter steps, prose, comments,
//! tasks, decisions and settlements. See `plan.rs` for the table they belong to.

use std::collections::BTreeSet;

use super::bounds;
use super::contents::Decision;
use super::part::PartId;
use super::past::{Object, Past};
use super::place::{Place, TaskKey};
use super::record::Shelf;
use super::refusal::ActError;
use super::schema::{self, CommentKey};
use super::slots::{bucket, comment_keys, container, record_objects, slot, task_objects};
use super::step::{Plan, Step, Target};
use crate::value::Scalar;

pub(super) fn plan_count(
    plan: &mut Plan,
    past: &Past<'_>,
    action: PartId,
    (field, by): (&str, i64),
) -> Result<(), ActError> {
    bounds::check_slug("field", field)?;
    if by == 0 {
        return Err(ActError::Unchanged {
            place: Place::Counter(field.to_owned()),
        });
    }
    let counts = container(past, schema::COUNTS)?;
    let key = schema::count_key(field, action);
    check_free(past, counts, &key, ("counter step", action))?;
    plan.put(counts, &key, Scalar::Int(by))
}

pub(super) fn plan_prose(
    plan: &mut Plan,
    past: &Past<'_>,
    field: &str,
    text: &str,
) -> Result<(), ActError> {
    bounds::check_slug("field", field)?;
    bounds::check_prose("text", text)?;
    let map = container(past, schema::TEXTS)?;
    let mut texts: Vec<Target> = past
        .texts(map, field)
        .into_iter()
        .map(Target::There)
        .collect();
    if texts.is_empty() {
        plan.steps.push(Step::MakeText {
            object: Target::There(map),
            key: field.to_owned(),
        });
        texts.push(Target::New(0));
    }
    plan.steps.push(Step::Prose {
        texts,
        text: text.to_owned(),
    });
    Ok(())
}

pub(super) fn plan_comment(
    plan: &mut Plan,
    past: &Past<'_>,
    key: CommentKey,
    body: &str,
) -> Result<(), ActError> {
    bounds::check_body("comment", body)?;
    let bucket = bucket(past, key.id)?;
    if let Some(parent) = key.reply_to
        && record_objects(past, Shelf::Submissions, &parent.to_string()).is_err()
    {
        comment_keys(past, parent)?;
    }
    check_free(past, bucket, &key.to_string(), ("comment", key.id))?;
    plan.put(bucket, &key.to_string(), Scalar::text(body))
}

type NewTask<'a> = ([(TaskKey, Scalar); 4], &'a [(PartId, String)]);

pub(super) fn plan_task(
    plan: &mut Plan,
    past: &Past<'_>,
    id: PartId,
    (values, checklist): NewTask<'_>,
) -> Result<(), ActError> {
    let (count, max) = (checklist.len(), bounds::MAX_CHECKLIST_ITEMS);
    if count > max {
        return Err(ActError::TooMany {
            what: "checklist items",
            count,
            max,
        });
    }
    let tasks = container(past, schema::TASKS)?;
    check_free(past, tasks, &id.to_string(), ("task", id))?;
    plan.steps.push(Step::MakeMap {
        object: Target::There(tasks),
        key: id.to_string(),
    });
    for (key, value) in values {
        plan.put_new(0, &key.to_string(), value);
    }
    let mut items = BTreeSet::new();
    for (item, text) in checklist {
        if !items.insert(item) {
            return Err(ActError::Occupied {
                what: "item",
                id: *item,
            });
        }
        bounds::check_line("checklist item", text, bounds::MAX_QUESTION_BYTES)?;
        plan.put_new(0, &TaskKey::ItemText(*item).to_string(), Scalar::text(text));
        plan.put_new(
            0,
            &TaskKey::ItemDone(*item).to_string(),
            Scalar::Bool(false),
        );
    }
    Ok(())
}

pub(super) fn plan_item(
    plan: &mut Plan,
    past: &Past<'_>,
    task: PartId,
    (item, text): (PartId, &str),
) -> Result<(), ActError> {
    bounds::check_line("checklist item", text, bounds::MAX_QUESTION_BYTES)?;
    let (said, done) = (
        TaskKey::ItemText(item).to_string(),
        TaskKey::ItemDone(item).to_string(),
    );
    for object in task_objects(past, task)? {
        check_free(past, object, &said, ("item", item))?;
        plan.put(object, &said, Scalar::text(text))?;
        plan.put(object, &done, Scalar::Bool(false))?;
    }
    Ok(())
}

pub(super) fn plan_decision(
    plan: &mut Plan,
    past: &Past<'_>,
    decision: &Decision,
) -> Result<(), ActError> {
    bounds::check_line("question", &decision.question, bounds::MAX_QUESTION_BYTES)?;
    bounds::check_line("outcome", &decision.outcome, bounds::MAX_LABEL_BYTES)?;
    bounds::check_prose("rationale", &decision.rationale)?;
    bounds::check_prose("conditions", &decision.conditions)?;
    let (count, max) = (decision.supersedes.len(), bounds::MAX_LISTED);
    if count > max {
        return Err(ActError::TooMany {
            what: "superseded decisions",
            count,
            max,
        });
    }
    let decisions = container(past, schema::DECISIONS)?;
    for id in &decision.supersedes {
        if past.seen(decisions, &id.to_string()).is_empty() {
            return Err(ActError::UnknownPart {
                what: "decision",
                id: *id,
            });
        }
    }
    let id = decision.id.to_string();
    check_free(past, decisions, &id, ("decision", decision.id))?;
    let superseded: Vec<String> = decision.supersedes.iter().map(PartId::to_string).collect();
    plan.steps.push(Step::MakeMap {
        object: Target::There(decisions),
        key: id,
    });
    plan.put_new(
        0,
        schema::DECISION_QUESTION,
        Scalar::text(&decision.question),
    );
    plan.put_new(0, schema::DECISION_OUTCOME, Scalar::text(&decision.outcome));
    plan.put_new(
        0,
        schema::DECISION_RATIONALE,
        Scalar::text(&decision.rationale),
    );
    plan.put_new(
        0,
        schema::DECISION_CONDITIONS,
        Scalar::text(&decision.conditions),
    );
    plan.put_new(
        0,
        schema::DECISION_SUPERSEDES,
        Scalar::text(superseded.join(" ")),
    );
    Ok(())
}

/// Opens the case again and writes down which closing that takes back: the one shown, or another
/// side if only that one is closed.
pub(super) fn plan_reopening(
    plan: &mut Plan,
    past: &Past<'_>,
    action: PartId,
) -> Result<(), ActError> {
    let shown = past.scalar(Object::Root, schema::CLOSED).into_iter();
    let others = past.sides(Object::Root, schema::CLOSED).into_iter().rev();
    let closing = shown.chain(others).find(|value| !value.is_null());
    plan.put(Object::Root, schema::CLOSED, Scalar::Null)?;
    let Some(closing) = closing else {
        return Ok(());
    };
    let log = container(past, schema::REOPENINGS)?;
    let key = action.to_string();
    check_free(past, log, &key, ("reopening", action))?;
    plan.put(log, &key, closing)
}

pub(super) fn plan_settlement(
    plan: &mut Plan,
    past: &Past<'_>,
    place: &Place,
    value: &Scalar,
) -> Result<(), ActError> {
    let (objects, key) = slot(past, place)?;
    let sides: BTreeSet<Scalar> = objects
        .iter()
        .flat_map(|object| past.sides(*object, &key))
        .collect();
    if sides.len() < 2 {
        return Err(ActError::NotContested {
            place: place.clone(),
        });
    }
    if !sides.contains(value) {
        let sides: Vec<String> = sides
            .iter()
            .map(|side| format!("{:?}", side.to_string()))
            .collect();
        return Err(ActError::NotASide {
            place: place.clone(),
            value: value.to_string().chars().take(80).collect(),
            sides: sides.join(", ").chars().take(400).collect(),
        });
    }
    objects
        .into_iter()
        .try_for_each(|object| plan.put(object, &key, value.clone()))
}

/// Refuses a key at which something stands.
pub(super) fn check_free(
    past: &Past<'_>,
    map: Object,
    key: &str,
    (what, id): (&'static str, PartId),
) -> Result<(), ActError> {
    if past.seen(map, key).is_empty() {
        Ok(())
    } else {
        Err(ActError::Occupied { what, id })
    }
}
