//! Reads approvals of a case as an author saw them: polls, their makers, and where a kind of approval
//! stands.

use std::collections::BTreeSet;

use casework_protocol::ids::{ActorId, MemberId};

use super::request::Matter;
use super::{ADD, AFTER, BASIS, HOLDER, KIND, MAKER, MATTER, QUESTION, VOTE, WITHDRAWN};
use crate::approval::{Outcome, Poll, Question, Seat, Standing, Vote};
use crate::case::part::PartId;
use crate::case::past::{Object, Past};
use crate::case::record::{Shelf, makers, part_ids, read_text};
use crate::case::refusal::ActError;
use crate::case::schema;
use crate::case::slots::{container, record_objects};
use crate::template::Revision;
use crate::value::Scalar;

/// The poll of an approval.
///
/// # Errors
/// [`ActError::NoRecord`] if there is none.
pub fn read_poll(past: &Past<'_>, approval: PartId) -> Result<Poll, ActError> {
    let mut poll = Poll::default();
    for object in record_objects(past, Shelf::Approvals, &approval.to_string())? {
        let texts = |name: &str| {
            let sides = past.sides(object, name).into_iter();
            sides.filter_map(|side| side.as_text().map(str::to_owned))
        };
        poll.questions
            .extend(texts(QUESTION).filter_map(|text| Question::read(&text)));
        poll.makers
            .extend(texts(MAKER).filter_map(|text| text.parse::<MemberId>().ok()));
        poll.withdrawn |= past.sides(object, WITHDRAWN).contains(&Scalar::Bool(true));
        for key in keys(past, object, ADD) {
            poll.added.extend(after_slash(&key).parse::<Seat>());
        }
        for key in keys(past, object, HOLDER) {
            if let Ok(seat) = after_slash(&key).parse::<Seat>() {
                let held = past.sides(object, &key);
                let to = held.iter().filter_map(read_passed).map(|(to, _)| to);
                poll.holders.entry(seat).or_default().extend(to);
            }
        }
        for key in keys(past, object, VOTE) {
            for vote in texts(&key).filter_map(|text| Vote::read(&text)) {
                poll.votes.entry(vote.member).or_default().insert(vote);
            }
        }
    }
    Ok(poll)
}

/// What a seat's being passed on is stored as.
pub(super) fn passed(to: MemberId, by: MemberId) -> Scalar {
    Scalar::Text(format!("{to} {by}"))
}

/// To whom a seat was passed on, and by whom.
#[must_use]
pub fn read_passed(value: &Scalar) -> Option<(MemberId, MemberId)> {
    let (to, by) = value.as_text()?.split_once(' ')?;
    Some((to.parse().ok()?, by.parse().ok()?))
}

/// The requests of a kind that no later one takes the place of.
#[must_use]
pub fn current_requests(past: &Past<'_>, kind: &str) -> BTreeSet<PartId> {
    let (mut current, mut replaced) = (BTreeSet::new(), BTreeSet::new());
    for id in part_ids(past, Shelf::Approvals) {
        let key = id.to_string();
        let record = (Shelf::Approvals, key.as_str());
        if read_text(past, record, KIND).as_deref() == Some(kind) {
            current.insert(id);
            let after = read_text(past, record, AFTER).unwrap_or_default();
            replaced.extend(after.split(' ').filter_map(|id| id.parse::<PartId>().ok()));
        }
    }
    current.difference(&replaced).copied().collect()
}

/// Where a kind of approval stands; `None` if it was never asked for.
#[must_use]
pub fn standing(past: &Past<'_>, revision: &Revision, kind: &str) -> Option<Standing> {
    let current = current_requests(past, kind);
    let outcome = |id: &PartId| read_poll(past, *id).map(|poll| poll.tally().outcome);
    let outcome = current.iter().filter_map(|id| outcome(id).ok()).max()?;
    let outdated = |id: &PartId| {
        let basis = read_text(past, (Shelf::Approvals, &id.to_string()), BASIS);
        is_outdated(revision, kind, basis.as_deref(), |field| {
            field_value(past, field)
        })
    };
    if outcome == Outcome::Approved && current.iter().any(outdated) {
        return Some(Standing::Outdated);
    }
    Some(Standing::Is(outcome))
}

/// Whether others would be asked at today's values than at those the request was made with. A
/// template that was changed since asks the same of both.
pub(crate) fn is_outdated(
    revision: &Revision,
    kind: &str,
    basis: Option<&str>,
    today: impl Fn(&str) -> Option<Scalar>,
) -> bool {
    let Some(kind) = revision.approval_type(kind) else {
        return false;
    };
    let then = super::request::read_basis(basis.unwrap_or_default()).unwrap_or_default();
    let tier = |value: &dyn Fn(&str) -> Option<Scalar>| {
        let tier = kind.tier(revision.fields(), value);
        tier.map(|tier| tier.position).ok()
    };
    tier(&|field| then.get(field).cloned()) != tier(&today)
}

/// The actors whose members made what is to be approved, where they may not approve it: whoever
/// asked, whoever wrote the matter, and whoever wrote one of the fields the question names.
#[must_use]
pub fn makers_of(past: &Past<'_>, approval: PartId) -> Vec<ActorId> {
    let Ok(poll) = read_poll(past, approval) else {
        return Vec::new();
    };
    let guarded = poll.questions.iter().filter(|q| q.maker_checker);
    let fields: BTreeSet<&String> = guarded.clone().flat_map(|q| &q.made_by).collect();
    if guarded.count() == 0 {
        return Vec::new();
    }
    let key = approval.to_string();
    let record = (Shelf::Approvals, key.as_str());
    let mut actors: Vec<ActorId> = made(past, record);
    match read_text(past, record, MATTER).and_then(|text| text.parse().ok()) {
        Some(Matter::Version(id)) => actors.extend(made(past, (Shelf::Versions, &id.to_string()))),
        Some(Matter::Decision(id)) => actors.extend(deciders(past, id)),
        Some(Matter::Case) | None => {}
    }
    for field in fields {
        actors.extend(writers_of_field(past, field));
    }
    actors
}

/// The actors that wrote what a field holds.
pub(crate) fn writers_of_field(past: &Past<'_>, field: &str) -> Vec<ActorId> {
    let mut actors = Vec::new();
    if let Ok(fields) = container(past, schema::FIELDS) {
        actors.extend(past.seen(fields, field).iter().map(|seen| seen.id.actor));
    }
    for map in [schema::SETS, schema::COUNTS] {
        let Ok(map) = container(past, map) else {
            continue;
        };
        for key in past.keys(map, format!("{field}/")..format!("{field}0")) {
            actors.extend(past.seen(map, &key).iter().map(|seen| seen.id.actor));
        }
    }
    if let Ok(texts) = container(past, schema::TEXTS) {
        let elements = past.texts(texts, field).into_iter();
        let written = elements.flat_map(|text| past.elements(text));
        actors.extend(written.map(|op| op.actor).collect::<BTreeSet<_>>());
    }
    actors
}

/// The shown value of a field with one value, or the sum of a counter.
pub(super) fn field_value(past: &Past<'_>, field: &str) -> Option<Scalar> {
    let fields = container(past, schema::FIELDS).ok()?;
    if let Some(value) = past.scalar(fields, field) {
        return Some(value);
    }
    let counts = container(past, schema::COUNTS).ok()?;
    let keys = past.keys(counts, format!("{field}/")..format!("{field}0"));
    let steps = keys.iter().filter_map(|key| past.scalar(counts, key));
    let step = |value| match value {
        Scalar::Int(step) => Some(i128::from(step)),
        Scalar::Null | Scalar::Bool(_) | Scalar::Text(_) => None,
    };
    let steps: Vec<i128> = steps.filter_map(step).collect();
    let sum = i64::try_from(steps.iter().sum::<i128>()).unwrap_or(i64::MAX);
    (!steps.is_empty()).then_some(Scalar::Int(sum))
}

fn made(past: &Past<'_>, record: (Shelf, &str)) -> Vec<ActorId> {
    makers(past, record)
        .into_iter()
        .map(|op| op.actor)
        .collect()
}

fn deciders(past: &Past<'_>, decision: PartId) -> Vec<ActorId> {
    let Ok(decisions) = container(past, schema::DECISIONS) else {
        return Vec::new();
    };
    let seen = past.seen(decisions, &decision.to_string());
    seen.iter().map(|seen| seen.id.actor).collect()
}

fn keys(past: &Past<'_>, object: Object, kind: &str) -> BTreeSet<String> {
    // '0' follows '/'.
    past.keys(object, format!("{kind}/")..format!("{kind}0"))
}

fn after_slash(key: &str) -> &str {
    key.split_once('/').map_or("", |(_, rest)| rest)
}
