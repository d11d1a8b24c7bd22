//! The personal document: what one member keeps for themself on all their devices.
//!
//! Which items of the inbox are read, and the quiet rules. Every device founds its own and reads
//! them all; marks bear the time of the person's own clock, and of two the later one counts. Written
//! and received like a case: one action, one change, the plan compared with the operations.
//! Invariant: it names items by id only, never what they are about.

mod reading;

use std::collections::BTreeMap;

use automerge::{Automerge, Change, ChangeHash as Hash};
use serde::{Deserialize, Serialize};

pub use self::reading::Personal;
use crate::case::batch::Batch;
use crate::case::bounds::check_line;
use crate::case::message::Message;
use crate::case::ops::{Deed, Key, Op};
use crate::case::past::{Object, Past};
use crate::case::shape::{self, ShapeError, Shaped};
use crate::case::step::{Plan, Step, Target};
use crate::case::write::{self, Stamp, WriteError};
use crate::case::{ActError, ActionKind, PartId, reader};
use crate::value::Scalar;

/// Root scalar: always [`PERSONAL_KIND`].
const KIND: &str = "kind";
/// Root scalar: always [`PERSONAL_VERSION`].
const VERSION: &str = "v";
/// Root scalar: everything received up to then is read, milliseconds since 1970.
const UNTIL: &str = "until";
/// Maps: item id → when it was marked, below zero when marked unread. Sixteen of them, by the
/// first digit of the id, so that merging into one stays cheap.
const READ: [&str; 16] = [
    "read/0", "read/1", "read/2", "read/3", "read/4", "read/5", "read/6", "read/7", "read/8",
    "read/9", "read/a", "read/b", "read/c", "read/d", "read/e", "read/f",
];
/// Map: what is quiet → since when, a space, how.
const QUIET: &str = "quiet";
const PERSONAL_KIND: &str = "personal";
const PERSONAL_VERSION: i64 = 1;

/// Most items that one action marks: a screenful many times over, and well within one change.
pub const MAX_MARKS: usize = 500;
/// Longest name of a quiet rule and longest value, in bytes.
const MAX_QUIET_BYTES: usize = 200;

/// Something done to a personal document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PersonalAction {
    /// Opens it: its first change.
    Open,
    /// Marks items: read at that time, unread at that time (below zero), or forgotten.
    Mark {
        /// By item.
        marks: BTreeMap<PartId, Option<i64>>,
    },
    /// Marks everything that was received up to then as read.
    ReadUntil {
        /// Milliseconds since 1970 by the server's clock.
        received_ms: i64,
    },
    /// Sets a quiet rule, or ends it with an empty value.
    Quiet {
        /// What, one line.
        what: String,
        /// Since when, milliseconds since 1970 by the person's clock.
        since_ms: i64,
        /// How, one line, or nothing.
        value: String,
    },
}

/// An action that was found good, ready to be written into the document it was judged against.
#[derive(Debug, Clone)]
pub struct CheckedPersonal {
    action: PersonalAction,
    plan: Plan,
}

/// Judges an action against the personal document it is to be written into.
///
/// # Errors
/// [`ActError`]: what failed and the way out.
pub fn check_personal(
    past: &Past<'_>,
    action: PersonalAction,
) -> Result<CheckedPersonal, ActError> {
    let plan = plan(past, &action)?;
    if plan.has_effect(past) {
        Ok(CheckedPersonal { action, plan })
    } else {
        Err(ActError::InboxUnchanged)
    }
}

/// Writes a checked action into the document it was checked against, under the document's actor.
///
/// # Errors
/// [`WriteError`]; the document is unchanged then.
pub fn write_personal(
    doc: &mut Automerge,
    checked: &CheckedPersonal,
    stamp: &Stamp,
) -> Result<Hash, WriteError> {
    let message = Message {
        citation: stamp.citation,
        revision: None,
        action: checked.action.kind(),
        on: checked.action.target(),
        why: None,
        rule: None,
        zone_min: stamp.zone_min,
        imported: None,
        redo_of: None,
        cause: None,
        undo_of: None,
    };
    write::commit(doc, &checked.plan, &message, stamp.time_ms)
}

/// Gate layer 3 for a received change of a personal document.
///
/// # Errors
/// [`ShapeError`]; [`ShapeError::is_waiting`] tells what may become good later.
pub fn shape_personal(batch: &Batch<'_>, change: Change) -> Result<Shaped, ShapeError> {
    let (message, ops, expanded) = shape::open(&change)?;
    let action = message.action;
    if !action.is_of_personal() {
        return Err(ShapeError::OtherDocument { action });
    }
    let standing = batch.standing(change.deps())?;
    let past = Past::in_batch(batch, standing.clone());
    let other = || ShapeError::OtherAction {
        action,
        on: message.on.clone(),
    };
    let done = read_action(&message, &ops).ok_or_else(other)?;
    if done.target() != message.on {
        return Err(other());
    }
    let plan = plan(&past, &done)?;
    reader::compare(&past, &plan, (action, &ops))?;
    shape::check_canonical(&change, expanded)?;
    Ok(Shaped::of_personal(change, message, done, (ops, standing)))
}

/// The action of a change that a personal document holds: what the drawer keeps. `None` for what no
/// such action writes.
#[must_use]
pub fn action_of(change: &Change) -> Option<PersonalAction> {
    let (message, ops, _) = shape::open(change).ok()?;
    read_action(&message, &ops)
}

impl PersonalAction {
    /// What kind of action it is.
    #[must_use]
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::Open => ActionKind::PersonalOpen,
            Self::Mark { .. } => ActionKind::InboxMark,
            Self::ReadUntil { .. } => ActionKind::InboxReadUntil,
            Self::Quiet { .. } => ActionKind::InboxQuiet,
        }
    }

    fn target(&self) -> Option<String> {
        match self {
            Self::Open | Self::Mark { .. } | Self::ReadUntil { .. } => None,
            Self::Quiet { what, .. } => Some(what.clone()),
        }
    }
}

fn plan(past: &Past<'_>, action: &PersonalAction) -> Result<Plan, ActError> {
    let opened = !past.seen(Object::Root, KIND).is_empty();
    let mut plan = Plan::default();
    match action {
        PersonalAction::Open if opened => return Err(ActError::AlreadyOpened),
        PersonalAction::Open => plan_opening(&mut plan),
        PersonalAction::Mark { .. }
        | PersonalAction::ReadUntil { .. }
        | PersonalAction::Quiet { .. }
            if !opened =>
        {
            return Err(ActError::NotOpened);
        }
        PersonalAction::Mark { marks } => plan_marks(&mut plan, past, marks)?,
        PersonalAction::ReadUntil { received_ms } => {
            plan.steps
                .push(put(Object::Root, UNTIL, Scalar::Int(*received_ms)));
        }
        PersonalAction::Quiet {
            what,
            since_ms,
            value,
        } => {
            check_line("quiet rule", what, MAX_QUIET_BYTES)?;
            let value = format!("{since_ms} {value}");
            check_line("quiet rule", &value, MAX_QUIET_BYTES)?;
            let map = newest(past, QUIET)?;
            plan.steps.push(put(map, what, Scalar::Text(value)));
        }
    }
    Ok(plan)
}

fn plan_opening(plan: &mut Plan) {
    let kind = Scalar::text(PERSONAL_KIND);
    plan.steps.push(put(Object::Root, KIND, kind));
    let version = Scalar::Int(PERSONAL_VERSION);
    plan.steps.push(put(Object::Root, VERSION, version));
    let maps = READ.into_iter().chain([QUIET]);
    plan.steps.extend(maps.map(|name| Step::MakeMap {
        object: Target::There(Object::Root),
        key: name.to_owned(),
    }));
}

fn plan_marks(
    plan: &mut Plan,
    past: &Past<'_>,
    marks: &BTreeMap<PartId, Option<i64>>,
) -> Result<(), ActError> {
    let (count, max) = (marks.len(), MAX_MARKS);
    if count > max {
        let what = "items";
        return Err(ActError::TooMany { what, count, max });
    }
    for (item, mark) in marks {
        let map = newest(past, READ[item.bucket()])?;
        let key = item.to_string();
        match mark {
            Some(at) => plan.steps.push(put(map, &key, Scalar::Int(*at))),
            None => plan.steps.push(Step::Remove {
                object: Target::There(map),
                key,
            }),
        }
    }
    Ok(())
}

fn put(object: Object, key: &str, value: Scalar) -> Step {
    Step::Put {
        object: Target::There(object),
        key: key.to_owned(),
        value,
    }
}

/// A device that lost its copy opens its document anew; then there are two maps under one name, and
/// all of them are read.
fn newest(past: &Past<'_>, name: &str) -> Result<Object, ActError> {
    let mut maps = past.maps(Object::Root, name);
    maps.pop().ok_or(ActError::NotOpened)
}

/// The action of a received change; `None` when the operations cannot be those of the action named.
fn read_action(message: &Message, ops: &[Op]) -> Option<PersonalAction> {
    if message.action == ActionKind::PersonalOpen {
        return Some(PersonalAction::Open);
    }
    let values = ops.iter().map(|op| match (&op.key, &op.deed) {
        (Key::Map(key), Deed::Put(value)) => Some((key.as_str(), Some(value))),
        (Key::Map(key), Deed::Delete) => Some((key.as_str(), None)),
        (_, _) => None,
    });
    let values: Vec<(&str, Option<&Scalar>)> = values.collect::<Option<_>>()?;
    if message.action == ActionKind::InboxMark {
        let mut marks = BTreeMap::new();
        for (key, value) in values {
            let at = match value {
                Some(value) => Some(integer(value)?),
                None => None,
            };
            marks.insert(key.parse().ok()?, at);
        }
        return Some(PersonalAction::Mark { marks });
    }
    let (_, value) = values.last()?;
    let value = (*value)?;
    if message.action == ActionKind::InboxReadUntil {
        let received_ms = integer(value)?;
        return Some(PersonalAction::ReadUntil { received_ms });
    }
    let (since, how) = value.as_text()?.split_once(' ')?;
    Some(PersonalAction::Quiet {
        what: message.on.clone()?,
        since_ms: since.parse().ok()?,
        value: how.to_owned(),
    })
}

fn integer(value: &Scalar) -> Option<i64> {
    match value {
        Scalar::Int(value) => Some(*value),
        Scalar::Null | Scalar::Bool(_) | Scalar::Text(_) => None,
    }
}

impl CheckedPersonal {
    /// The action.
    #[must_use]
    pub const fn action(&self) -> &PersonalAction {
        &self.action
    }
}

#[cfg(test)]
mod tests;
