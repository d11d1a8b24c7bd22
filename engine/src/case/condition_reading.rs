//! Reads out of a case what a condition asks about, one subject after the other.
//!
//! A subject whose records are not in the case answers nothing. What an action that is only about
//! to be done would write stands in the place of what is there.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::action::{CaseAction, Closing, FieldEntry};
use super::condition::{Answer, Facts};
use super::facet::approval::reading::standing;
use super::facet::document;
use super::facet::hold::standing_holds;
use super::facet::party::{self, PartyKey};
use super::filled::is_filled;
use super::judge::current_decisions;
use super::occasion;
use super::part::PartId;
use super::past::{Held, Object, Past};
use super::record::{Shelf, part_ids, read_text, read_value};
use super::schema;
use super::slots::{container, task_objects};
use crate::template::condition_faults::Nature;
use crate::template::day::Point;
use crate::template::{Field, Subject};
use crate::value::moment::read_date;
use crate::value::{ConflictPolicy, FieldValue, Scalar};

/// What the case answers about a subject.
pub(super) fn answer(subject: &Subject, facts: &Facts<'_>) -> Answer {
    match subject {
        Subject::Field(id) => facts
            .revision
            .field(id)
            .map_or(Answer::Nothing, |field| of_field(field, facts)),
        Subject::Stage => text(stage(facts)),
        Subject::Category => {
            let stage = stage(facts).unwrap_or_default();
            let stage = facts.revision.stage(&stage);
            text(stage.map(|stage| stage.category.name().to_owned()))
        }
        Subject::Label => set(facts, schema::LABELS),
        Subject::Watchers => set(facts, schema::WATCHERS),
        Subject::Assignees => match facts.opening() {
            Some(opening) => members(opening.assignees.iter().map(ToString::to_string).collect()),
            None => set(facts, schema::ASSIGNEES),
        },
        Subject::Owner => match facts.opening() {
            Some(opening) => text(opening.owner.map(|member| member.to_string())),
            None => root(facts, schema::OWNER),
        },
        Subject::Title => match facts.opening() {
            Some(opening) => text(Some(opening.title.clone())),
            None => root(facts, schema::TITLE),
        },
        Subject::Number => match facts.opening() {
            Some(opening) => text(Some(opening.number.clone())),
            None => root(facts, schema::NUMBER),
        },
        Subject::Priority => root(facts, schema::PRIORITY),
        Subject::Severity => root(facts, schema::SEVERITY),
        Subject::Due => {
            let due = facts.past.scalar(Object::Root, schema::DUE);
            time(
                due.as_ref()
                    .and_then(Scalar::as_text)
                    .and_then(read_date)
                    .map(Point::Day),
            )
        }
        Subject::Opened => written(facts, schema::KIND),
        Subject::Entered => written(facts, schema::STAGE),
        Subject::Resolution => text(closing(facts.past).map(|closing| closing.code)),
        Subject::Closed => Answer::Truth(occasion::is_closed(facts.past)),
        Subject::OpenTasks => Answer::Number(Decimal::from(open_tasks(facts.past))),
        Subject::Decision(question) => decision(facts.past, question),
        Subject::Actor => facts
            .actor
            .map_or(Answer::Nothing, |roles| members(roles.clone())),
        Subject::OnHold => Answer::Truth(!standing_holds(facts.past).is_empty()),
        Subject::Approval(kind) => {
            let standing = standing(facts.past, facts.revision, kind);
            text(standing.map(|standing| standing.name().to_owned()))
        }
        Subject::Document(kind) => members(document_statuses(facts.past, kind)),
        Subject::Party(role) => members(party_names(facts.past, role)),
        Subject::Channel => Answer::Nothing,
    }
}

fn of_field(field: &Field, facts: &Facts<'_>) -> Answer {
    let nature = facts.nature(&Subject::Field(field.id.clone()));
    if let Some(answer) = about_to_be(field, facts, nature) {
        return answer;
    }
    if nature == Nature::Presence {
        return presence(is_filled(facts.past, facts.revision, &field.id));
    }
    // A value that was given to a field which is mapped to this one counts while this has none.
    let answer = core::iter::once(field.id.as_str())
        .chain(facts.revision.formerly(&field.id))
        .map(|id| as_written(id, field, facts))
        .find(|answer| *answer != Answer::Nothing);
    mapped(answer.unwrap_or(Answer::Nothing), field, facts)
}

/// Options that are no longer there, as the ones they are mapped to.
fn mapped(answer: Answer, field: &Field, facts: &Facts<'_>) -> Answer {
    let now = |option: &String| facts.revision.chosen(&field.id, option).to_owned();
    match answer {
        Answer::Text(option) if field.kind.has_options() => Answer::Text(now(&option)),
        Answer::Set(options) => Answer::Set(options.iter().map(now).collect()),
        Answer::Nothing
        | Answer::Something
        | Answer::Text(_)
        | Answer::Number(_)
        | Answer::Money(_)
        | Answer::Time(_)
        | Answer::Truth(_) => answer,
    }
}

/// What lies in the case under this id, read as a value of the field.
fn as_written(id: &str, field: &Field, facts: &Facts<'_>) -> Answer {
    match field.policy() {
        ConflictPolicy::Contested | ConflictPolicy::Latest => {
            let fields = container(facts.past, schema::FIELDS);
            let value = fields.ok().and_then(|map| facts.past.scalar(map, id));
            value.map_or(Answer::Nothing, |value| of_value(field, &value))
        }
        ConflictPolicy::Set => {
            let keys = keys_of(facts.past, schema::SETS, id);
            let options = keys.iter().filter_map(|key| schema::split_option_key(key));
            members(options.map(|(_, option)| option.to_owned()).collect())
        }
        ConflictPolicy::Counter => counted(facts.past, id),
        ConflictPolicy::Text => presence(is_filled(facts.past, facts.revision, id)),
    }
}

/// What the action that is about to be done would make of a field.
fn about_to_be(field: &Field, facts: &Facts<'_>, nature: Nature) -> Option<Answer> {
    let shown = |value: &Scalar| {
        if nature == Nature::Presence {
            presence(!value.is_null())
        } else {
            of_value(field, value)
        }
    };
    if let Some(opening) = facts.opening() {
        return Some(match opening.fields.get(&field.id) {
            None => Answer::Nothing,
            Some(FieldEntry::Value(value)) => shown(value),
            Some(FieldEntry::Options(options)) => members(options.clone()),
        });
    }
    let action = facts.ahead?;
    if let CaseAction::SetField { field: id, value } = action
        && *id == field.id
    {
        return Some(shown(value));
    }
    let cleared = matches!(action, CaseAction::ClearField { field: id } if *id == field.id);
    cleared.then_some(Answer::Nothing)
}

fn of_value(field: &Field, value: &Scalar) -> Answer {
    if value.is_null() {
        return Answer::Nothing;
    }
    match FieldValue::from_scalar(field.kind, value) {
        Ok(FieldValue::Number(number)) => Answer::Number(number),
        Ok(FieldValue::Counter(number)) => Answer::Number(number.into()),
        Ok(FieldValue::Money(money)) => Answer::Money(money),
        Ok(FieldValue::Date(date)) => Answer::Time(Point::Day(date)),
        Ok(FieldValue::DateTime(moment)) => Answer::Time(Point::At(moment.at())),
        Ok(FieldValue::Checkbox(truth)) => Answer::Truth(truth),
        Ok(FieldValue::MultiSelect(options)) => Answer::Set(options),
        Ok(
            FieldValue::Text(_)
            | FieldValue::LongText(_)
            | FieldValue::SingleSelect(_)
            | FieldValue::Member(_)
            | FieldValue::Phone(_)
            | FieldValue::Email(_)
            | FieldValue::Url(_),
        ) => text(value.as_text().map(str::to_owned)),
        Ok(
            FieldValue::Party(_)
            | FieldValue::CaseLink(_)
            | FieldValue::Location(_)
            | FieldValue::Table(_),
        )
        | Err(_) => Answer::Something,
    }
}

fn counted(past: &Past<'_>, field: &str) -> Answer {
    let Ok(counts) = container(past, schema::COUNTS) else {
        return Answer::Nothing;
    };
    let keys = keys_of(past, schema::COUNTS, field);
    if keys.is_empty() {
        return Answer::Nothing;
    }
    let steps = keys
        .iter()
        .filter_map(|key| match past.scalar(counts, key)? {
            Scalar::Int(step) => Some(Decimal::from(step)),
            Scalar::Null | Scalar::Bool(_) | Scalar::Text(_) => None,
        });
    Answer::Number(steps.sum())
}

/// The keys of one field in a map whose keys begin with the field.
fn keys_of(past: &Past<'_>, map: &str, field: &str) -> Vec<String> {
    let Ok(object) = container(past, map) else {
        return Vec::new();
    };
    // '0' is the character after '/'.
    let keys = past.keys(object, format!("{field}/")..format!("{field}0"));
    keys.into_iter().collect()
}

fn stage(facts: &Facts<'_>) -> Option<String> {
    let stage = match facts.opening() {
        Some(opening) => opening.stage.clone(),
        None => occasion::stage_of(facts.past)?,
    };
    Some(facts.revision.placed(&stage).to_owned())
}

fn root(facts: &Facts<'_>, key: &str) -> Answer {
    let value = facts.past.scalar(Object::Root, key);
    text(value.as_ref().and_then(Scalar::as_text).map(str::to_owned))
}

fn set(facts: &Facts<'_>, map: &str) -> Answer {
    let Ok(object) = container(facts.past, map) else {
        return Answer::Nothing;
    };
    members(
        facts
            .past
            .keys(object, String::new().."\u{10ffff}".to_owned()),
    )
}

/// The moment at which what stands at a key of the root was written, by its author's clock.
fn written(facts: &Facts<'_>, key: &str) -> Answer {
    if facts.opening().is_some() {
        return Answer::Time(Point::At(facts.today.now));
    }
    let newest = facts.past.seen(Object::Root, key).pop();
    let at = newest.and_then(|seen| facts.past.claimed_ms(seen.id));
    time(
        at.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
            .map(Point::At),
    )
}

fn closing(past: &Past<'_>) -> Option<Closing> {
    Closing::read(past.scalar(Object::Root, schema::CLOSED)?.as_text()?)
}

fn open_tasks(past: &Past<'_>) -> usize {
    let Ok(tasks) = container(past, schema::TASKS) else {
        return 0;
    };
    let keys = past.keys(tasks, String::new().."g".to_owned());
    let is_open = |key: &&String| {
        let objects = key.parse().map(|id| task_objects(past, id));
        let seen = objects.into_iter().flatten().flatten();
        let seen = seen.flat_map(|object| past.seen(object, schema::TASK_STATUS));
        let newest = seen.max_by_key(|seen| seen.id);
        newest.is_some_and(|seen| seen.held == Held::Scalar(Scalar::text(schema::TASK_OPEN)))
    };
    keys.iter().filter(is_open).count()
}

/// The outcome of the decision that holds. While several contest a question, it has none.
fn decision(past: &Past<'_>, question: &str) -> Answer {
    let Ok(decisions) = container(past, schema::DECISIONS) else {
        return Answer::Nothing;
    };
    let current = current_decisions(past, question);
    let outcomes = current
        .iter()
        .flat_map(|id| past.maps(decisions, &id.to_string()));
    let outcomes: BTreeSet<String> = outcomes
        .filter_map(|object| past.scalar(object, schema::DECISION_OUTCOME))
        .filter_map(|outcome| outcome.as_text().map(str::to_owned))
        .collect();
    match outcomes.len() {
        0 => Answer::Nothing,
        1 => text(outcomes.into_iter().next()),
        _ => Answer::Something,
    }
}

fn text(text: Option<String>) -> Answer {
    match text {
        Some(text) if !text.is_empty() => Answer::Text(text),
        Some(_) | None => Answer::Nothing,
    }
}

fn time(point: Option<Point>) -> Answer {
    point.map_or(Answer::Nothing, Answer::Time)
}

fn members(set: BTreeSet<String>) -> Answer {
    if set.is_empty() {
        Answer::Nothing
    } else {
        Answer::Set(set)
    }
}

const fn presence(there: bool) -> Answer {
    if there {
        Answer::Something
    } else {
        Answer::Nothing
    }
}

/// The statuses of the newest versions of all documents of a type that were not withdrawn.
pub(super) fn document_statuses(past: &Past<'_>, kind: &str) -> BTreeSet<String> {
    let status = |id: PartId| read_text(past, (Shelf::Versions, &id.to_string()), document::STATUS);
    let wanted = |id: &PartId| {
        let key = id.to_string();
        let record = (Shelf::Documents, key.as_str());
        read_text(past, record, document::TYPE).as_deref() == Some(kind)
            && read_value(past, record, document::WITHDRAWN) == Some(Scalar::Bool(false))
    };
    let documents = part_ids(past, Shelf::Documents).into_iter().filter(wanted);
    let newest = documents.flat_map(|id| document::newest_versions(past, id));
    newest.filter_map(status).collect()
}

/// The names of the parties with a role that were not withdrawn.
fn party_names(past: &Past<'_>, role: &str) -> BTreeSet<String> {
    let name = |id: PartId| {
        let key = id.to_string();
        let record = (Shelf::Parties, key.as_str());
        let here = read_text(past, record, PartyKey::Role.word()).as_deref() == Some(role)
            && read_value(past, record, party::WITHDRAWN) == Some(Scalar::Bool(false));
        read_text(past, record, PartyKey::Name.word()).filter(|_| here)
    };
    part_ids(past, Shelf::Parties)
        .into_iter()
        .filter_map(name)
        .collect()
}
