//! Taking back what one did: the action that makes a place say again what it said before.
//!
//! Nothing is removed from the history. An action is taken back only while what it left is what
//! stands there; once somebody built on it, or wrote beside it, taking it back would take that back
//! too, and is refused. What has no opposite (a comment, a decision, a redaction) says what to do
//! instead.

pub(crate) mod facets;

use std::collections::BTreeSet;

use automerge::{Automerge, Change, ChangeHash as Hash, ReadDoc};
use casework_protocol::ids::{ActorId, ChangeHash, MemberId};

use super::action::{CaseAction, Closing};
use super::decode::act_of;
use super::kind::ActionKind;
use super::message::Message;
use super::past::{Object, Past};
use super::place::{Place, TaskKey};
use super::refusal::ActError;
use super::schema;
use super::slots::{container, slot};
use crate::value::Scalar;

/// What a member did last that is not taken back, and the action that takes it back. `is_mine`
/// tells whether an actor is a device of that member.
///
/// # Errors
/// [`ActError::NothingToUndo`], [`ActError::NotUndoable`].
pub fn undo_last(
    doc: &Automerge,
    is_mine: &dyn Fn(ActorId) -> bool,
) -> Result<(ChangeHash, CaseAction), ActError> {
    let mut undone: BTreeSet<ChangeHash> = BTreeSet::new();
    let metas = doc.get_changes_meta(&[]);
    let mut own = Vec::new();
    for meta in &metas {
        let mine = ActorId::from_slice(meta.actor.to_bytes()).is_some_and(is_mine);
        let message = meta.message.as_deref().map(Message::read);
        if let (true, Some(Ok(message))) = (mine, message) {
            match message.undo_of {
                Some(hash) => drop(undone.insert(hash)),
                // What a rule did is taken back with what set it off, or by a person's own act.
                None if message.cause.is_some() => {}
                None => own.push((meta.start_op, meta.hash)),
            }
        }
    }
    let open = |(_, hash): &(u64, Hash)| !undone.contains(&ChangeHash::new(hash.0));
    let newest = own.into_iter().filter(open).max();
    let (_, hash) = newest.ok_or(ActError::NothingToUndo)?;
    let change = doc
        .get_change_by_hash(&hash)
        .ok_or(ActError::NothingToUndo)?;
    Ok((ChangeHash::new(hash.0), opposite(doc, &change, is_mine)?))
}

/// The action that takes a change back.
///
/// # Errors
/// [`ActError::NotUndoable`] says why there is none.
pub fn opposite(
    doc: &Automerge,
    change: &Change,
    is_mine: &dyn Fn(ActorId) -> bool,
) -> Result<CaseAction, ActError> {
    let act = act_of(doc, change).ok_or(ActError::NothingToUndo)?;
    let undoing = Undoing {
        change,
        action: act.action.kind(),
        is_mine,
        before: Past::at(doc, change.deps()),
        left: Past::at(doc, &[change.hash()]),
        now: Past::now(doc),
    };
    undoing.find(act.action)
}

/// A change that is to be taken back, with the case before it and now.
pub(crate) struct Undoing<'a> {
    change: &'a Change,
    action: ActionKind,
    is_mine: &'a dyn Fn(ActorId) -> bool,
    before: Past<'a>,
    left: Past<'a>,
    pub(crate) now: Past<'a>,
}

pub(crate) const BUILT_ON: &str = "somebody has changed it since; set it to what it should say";
pub(crate) const NO_OPPOSITE: &str = "it stays in the record; say what holds now by a new action";

impl Undoing<'_> {
    #[expect(
        clippy::too_many_lines,
        reason = "one arm per action: this is the table of opposites"
    )]
    fn find(&self, action: CaseAction) -> Result<CaseAction, ActError> {
        match action {
            CaseAction::SetTitle { .. } => {
                let title = self.words(&Place::Title)?;
                let title = title.ok_or_else(|| self.refuse(NO_OPPOSITE))?;
                Ok(CaseAction::SetTitle { title })
            }
            CaseAction::Move { .. } => {
                let to = self.words(&Place::Stage)?;
                let to = to.ok_or_else(|| self.refuse(NO_OPPOSITE))?;
                Ok(CaseAction::Move { to })
            }
            CaseAction::SetField { field, .. } | CaseAction::ClearField { field } => {
                let value = self.value(&Place::Field(field.clone()))?;
                Ok(match value {
                    Some(value) => CaseAction::SetField { field, value },
                    None => CaseAction::ClearField { field },
                })
            }
            CaseAction::SetOwner { .. } => Ok(CaseAction::SetOwner {
                member: self.member(&Place::Owner)?,
            }),
            CaseAction::SetPriority { .. } => Ok(CaseAction::SetPriority {
                priority: self.words(&Place::Priority)?,
            }),
            CaseAction::SetDue { .. } => Ok(CaseAction::SetDue {
                due: self.words(&Place::Due)?,
            }),
            CaseAction::Count { field, by } => Ok(CaseAction::Count { field, by: -by }),
            CaseAction::AddOption { field, option } => {
                self.check_added(schema::SETS, &schema::option_key(&field, &option))?;
                Ok(CaseAction::RemoveOption { field, option })
            }
            CaseAction::RemoveOption { field, option } => {
                self.check_removed(schema::SETS, &schema::option_key(&field, &option))?;
                Ok(CaseAction::AddOption { field, option })
            }
            CaseAction::AddLabel { label } => {
                self.check_added(schema::LABELS, &label)?;
                Ok(CaseAction::RemoveLabel { label })
            }
            CaseAction::RemoveLabel { label } => {
                self.check_removed(schema::LABELS, &label)?;
                Ok(CaseAction::AddLabel { label })
            }
            CaseAction::Assign { member } => {
                self.check_added(schema::ASSIGNEES, &member.to_string())?;
                Ok(CaseAction::Unassign { member })
            }
            CaseAction::Unassign { member } => {
                self.check_removed(schema::ASSIGNEES, &member.to_string())?;
                Ok(CaseAction::Assign { member })
            }
            CaseAction::Close(_) => {
                self.value(&Place::Closed)?;
                Ok(CaseAction::Reopen)
            }
            CaseAction::Reopen => {
                let closing = self.words(&Place::Closed)?;
                let closing = closing.and_then(|text| Closing::read(&text));
                let closing = closing.ok_or_else(|| self.refuse(NO_OPPOSITE))?;
                Ok(CaseAction::Close(closing))
            }
            CaseAction::EditText { field, text } => self.prose(field, &text),
            CaseAction::CreateTask { .. }
            | CaseAction::AssignTask { .. }
            | CaseAction::RescheduleTask { .. }
            | CaseAction::FinishTask { .. }
            | CaseAction::CancelTask { .. }
            | CaseAction::ReopenTask { .. }
            | CaseAction::CheckItem { .. } => self.task(action),
            CaseAction::Facet(action) => action.facet().opposite(self),
            CaseAction::Open(_) => Err(self.refuse("put the case into the trash instead")),
            CaseAction::Comment { .. } | CaseAction::EditComment { .. } => {
                Err(self.refuse("edit the comment, or have it redacted"))
            }
            CaseAction::Settle { .. } => {
                Err(self.refuse("set the value that should hold, or settle anew"))
            }
            CaseAction::AddItem { .. }
            | CaseAction::Decide(_)
            | CaseAction::RedactComment { .. } => Err(self.refuse(NO_OPPOSITE)),
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only actions on tasks come here"
    )]
    fn task(&self, action: CaseAction) -> Result<CaseAction, ActError> {
        match action {
            CaseAction::CreateTask { id: task, .. } => {
                let opened = self.now_at(&Place::TaskPart(task, TaskKey::Status))?;
                if opened != [Scalar::text(schema::TASK_OPEN)].into() {
                    return Err(self.refuse(BUILT_ON));
                }
                Ok(CaseAction::CancelTask { task })
            }
            CaseAction::AssignTask { task, .. } => Ok(CaseAction::AssignTask {
                task,
                assignee: self.member(&Place::TaskPart(task, TaskKey::Assignee))?,
            }),
            CaseAction::RescheduleTask { task, .. } => Ok(CaseAction::RescheduleTask {
                task,
                due: self.words(&Place::TaskPart(task, TaskKey::Due))?,
            }),
            CaseAction::CheckItem { task, item, done } => {
                self.value(&Place::TaskPart(task, TaskKey::ItemDone(item)))?;
                Ok(CaseAction::CheckItem {
                    task,
                    item,
                    done: !done,
                })
            }
            CaseAction::FinishTask { task }
            | CaseAction::CancelTask { task }
            | CaseAction::ReopenTask { task } => {
                let status = self.words(&Place::TaskPart(task, TaskKey::Status))?;
                match status.as_deref() {
                    Some(schema::TASK_OPEN) => Ok(CaseAction::ReopenTask { task }),
                    Some(schema::TASK_DONE) => Ok(CaseAction::FinishTask { task }),
                    Some(schema::TASK_CANCELLED) => Ok(CaseAction::CancelTask { task }),
                    Some(_) | None => Err(self.refuse(NO_OPPOSITE)),
                }
            }
            other => Err(ActError::NotUndoable {
                action: other.kind(),
                problem: NO_OPPOSITE,
            }),
        }
    }

    fn prose(&self, field: String, left: &str) -> Result<CaseAction, ActError> {
        let read = |past: &Past<'_>| -> String {
            let map = container(past, schema::TEXTS);
            let texts = map.map(|map| past.texts(map, &field)).unwrap_or_default();
            texts.into_iter().map(|text| past.prose(text)).collect()
        };
        if read(&self.now) != left {
            return Err(self.refuse(BUILT_ON));
        }
        let text = read(&self.before);
        Ok(CaseAction::EditText { field, text })
    }

    /// What stood at a place before, nothing for null, provided that what the change left is all
    /// that stands there now.
    pub(crate) fn value(&self, place: &Place) -> Result<Option<Scalar>, ActError> {
        let (objects, key) = slot(&self.now, place)?;
        for object in objects {
            if !self.stands(object, &key) {
                return Err(self.refuse(BUILT_ON));
            }
        }
        if self.change.deps().is_empty() {
            return Ok(None);
        }
        let before = slot(&self.before, place).ok();
        let shown = before.and_then(|(objects, key)| {
            let seen = objects.into_iter().rev();
            seen.filter_map(|object| self.before.scalar(object, &key))
                .next()
        });
        Ok(shown.filter(|value| !value.is_null()))
    }

    pub(crate) fn words(&self, place: &Place) -> Result<Option<String>, ActError> {
        let value = self.value(place)?;
        Ok(value.and_then(|value| value.as_text().map(str::to_owned)))
    }

    pub(crate) fn member(&self, place: &Place) -> Result<Option<MemberId>, ActError> {
        Ok(self.words(place)?.and_then(|text| text.parse().ok()))
    }

    /// The different values at a place now.
    pub(crate) fn now_at(&self, place: &Place) -> Result<BTreeSet<Scalar>, ActError> {
        let (objects, key) = slot(&self.now, place)?;
        let sides = objects
            .into_iter()
            .flat_map(|object| self.now.sides(object, &key));
        Ok(sides.collect())
    }

    /// What was added must be there still, and be what this change added.
    pub(crate) fn check_added(&self, map: &str, key: &str) -> Result<(), ActError> {
        if self.stands(container(&self.now, map)?, key) {
            Ok(())
        } else {
            Err(self.refuse(BUILT_ON))
        }
    }

    /// What was removed must be gone still.
    pub(crate) fn check_removed(&self, map: &str, key: &str) -> Result<(), ActError> {
        if self.now.seen(container(&self.now, map)?, key).is_empty() {
            Ok(())
        } else {
            Err(self.refuse(BUILT_ON))
        }
    }

    pub(crate) fn check_entry(&self, place: &Place, added: bool) -> Result<(), ActError> {
        let Place::Record(shelf, key) = place else {
            return Err(self.refuse(NO_OPPOSITE));
        };
        if added {
            self.check_added(shelf.map(), key)
        } else {
            self.check_removed(shelf.map(), key)
        }
    }

    /// The one place that the change touched.
    pub(crate) fn place(&self) -> Result<Place, ActError> {
        let message = self.change.message().map(Message::read);
        let on = match message {
            Some(Ok(message)) => message.on,
            Some(Err(_)) | None => None,
        };
        super::place::touched(self.action, on.as_deref()).ok_or_else(|| self.refuse(NO_OPPOSITE))
    }

    /// Whether what the change left stands there now, written by the same member: by the change
    /// itself, or by taking back what the member did after it.
    fn stands(&self, object: Object, key: &str) -> bool {
        let seen = self.now.seen(object, key);
        let own = seen.iter().all(|seen| (self.is_mine)(seen.id.actor));
        let left = self.left.sides(object, key);
        !seen.is_empty() && own && self.now.sides(object, key) == left
    }

    pub(crate) fn refuse(&self, problem: &'static str) -> ActError {
        ActError::NotUndoable {
            action: self.action,
            problem,
        }
    }
}
