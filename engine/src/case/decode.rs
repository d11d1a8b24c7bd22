//! Reads the action back out of a change: its message and the values of its operations.
//!
//! Takes values where an honest change has them and looks at nothing else; whether the operations
//! are those of the action is shown by planning the result again (`shape.rs`). The text of an
//! edit of prose is not in its operations and comes out empty.

use automerge::{Automerge, Change};
use casework_protocol::ids::MemberId;

use super::action::{Act, CaseAction, Closing, Decision};
use super::kind::ActionKind;
use super::message::Message;
use super::opening;
use super::ops::{Key, Op, read_ops};
use super::part::PartId;
use super::past::Past;
use super::place::TaskKey;
use super::schema::{self, CommentKey};
use super::slots::container;
use super::values::{boolean, first_put, integer, optional, puts, read_member, text};

/// The act of a change that the document holds, with the text of an edit of prose as it was then:
/// what the drawer keeps. `None` for changes of templates and for what no action writes. The act's
/// id is zero unless a counter step, a reopening, a removal or an override bears it.
#[must_use]
pub fn act_of(doc: &Automerge, change: &Change) -> Option<Act> {
    let message = Message::read(change.message()?).ok()?;
    let mut act = read_act(&message, &read_ops(change, &change.decode())?)?;
    if let CaseAction::EditText { field, text } = &mut act.action {
        let past = Past::at(doc, &[change.hash()]);
        let texts = past.texts(container(&past, schema::TEXTS).ok()?, field);
        *text = texts.into_iter().map(|object| past.prose(object)).collect();
    }
    Some(act)
}

/// The act of a change without the text of an edit of prose: what an effect is judged by.
pub(crate) fn act_in(message: &Message, change: &Change) -> Option<Act> {
    read_act(message, &read_ops(change, &change.decode())?)
}

/// The act of a change; `None` when the operations cannot be those of the action named. The id is
/// the one that a counter step, a reopening, a removal or an override bears, else zero.
pub(super) fn read_act(message: &Message, ops: &[Op]) -> Option<Act> {
    let (overriding, ops) = split_override(message, ops)?;
    let action = read_action(message, ops)?;
    let id = if let Some(id) = overriding {
        id
    } else if message.action == ActionKind::CounterAdd {
        schema::split_count_key(first_put(ops)?.0)?.1
    } else if message.action == ActionKind::CaseReopen {
        let written = puts(ops).last()?.0.parse();
        written.unwrap_or(PartId::new([0; 8]))
    } else if let ActionKind::LabelRemove | ActionKind::OptionRemove = message.action {
        // A removal says who took it away last.
        puts(ops).last()?.1.as_text()?.parse().ok()?
    } else {
        PartId::new([0; 8])
    };
    Some(Act {
        id,
        action,
        reason: message.why.clone(),
        override_rule: message.rule.is_some(),
        imported: message.imported,
        redo_of: message.redo_of,
        cause: message.cause.clone(),
        undo_of: message.undo_of,
    })
}

/// The id of the override that a change records, and the operations of what it is for.
fn split_override<'o>(message: &Message, ops: &'o [Op]) -> Option<(Option<PartId>, &'o [Op])> {
    if message.rule.is_none() {
        return Some((None, ops));
    }
    let (over, rest) = if message.action == ActionKind::CaseOpen {
        ops.split_last()?
    } else {
        ops.split_first()?
    };
    match &over.key {
        Key::Map(key) => Some((Some(key.parse().ok()?), rest)),
        Key::Head | Key::Element(_) => None,
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one arm per action: this is the table read backwards"
)]
fn read_action(message: &Message, ops: &[Op]) -> Option<CaseAction> {
    let on = message.on.as_deref();
    let part = || on?.parse::<PartId>().ok();
    let member = || on?.parse::<MemberId>().ok();
    let name = || on.map(str::to_owned);
    let pair = || {
        let (first, second) = on?.split_once('/')?;
        Some((first.to_owned(), second.to_owned()))
    };
    let parts = || {
        let (task, item) = on?.split_once('/')?;
        Some((task.parse::<PartId>().ok()?, item.parse::<PartId>().ok()?))
    };
    let value = || Some(first_put(ops)?.1);
    Some(match message.action {
        ActionKind::CaseOpen => CaseAction::Open(opening::read(ops)?),
        ActionKind::TitleSet => CaseAction::SetTitle {
            title: text(value()?)?,
        },
        ActionKind::StageMove => CaseAction::Move { to: name()? },
        ActionKind::FieldSet => CaseAction::SetField {
            field: name()?,
            value: value()?.clone(),
        },
        ActionKind::FieldClear => CaseAction::ClearField { field: name()? },
        ActionKind::OptionAdd => {
            let (field, option) = pair()?;
            CaseAction::AddOption { field, option }
        }
        ActionKind::OptionRemove => {
            let (field, option) = pair()?;
            CaseAction::RemoveOption { field, option }
        }
        ActionKind::CounterAdd => CaseAction::Count {
            field: name()?,
            by: integer(value()?)?,
        },
        ActionKind::TextEdit => CaseAction::EditText {
            field: name()?,
            text: String::new(),
        },
        ActionKind::CommentAdd => {
            let (key, body) = first_put(ops)?;
            let key: CommentKey = key.parse().ok()?;
            let CommentKey {
                id,
                external,
                reply_to,
            } = key;
            CaseAction::Comment {
                id,
                body: text(body)?,
                external,
                reply_to,
            }
        }
        ActionKind::CommentEdit => CaseAction::EditComment {
            id: part()?,
            body: text(value()?)?,
        },
        ActionKind::CommentRedact => CaseAction::RedactComment { id: part()? },
        ActionKind::TaskCreate => read_task(part()?, ops)?,
        ActionKind::TaskAssign => CaseAction::AssignTask {
            task: part()?,
            assignee: read_member(value()?)?,
        },
        ActionKind::TaskReschedule => CaseAction::RescheduleTask {
            task: part()?,
            due: optional(value()?)?,
        },
        ActionKind::TaskDone => CaseAction::FinishTask { task: part()? },
        ActionKind::TaskCancel => CaseAction::CancelTask { task: part()? },
        ActionKind::TaskReopen => CaseAction::ReopenTask { task: part()? },
        ActionKind::ItemAdd => {
            let (task, item) = parts()?;
            CaseAction::AddItem {
                task,
                item,
                text: text(value()?)?,
            }
        }
        ActionKind::ItemCheck => {
            let (task, item) = parts()?;
            CaseAction::CheckItem {
                task,
                item,
                done: boolean(value()?)?,
            }
        }
        ActionKind::AssigneeAdd => CaseAction::Assign { member: member()? },
        ActionKind::AssigneeRemove => CaseAction::Unassign { member: member()? },
        ActionKind::OwnerSet => CaseAction::SetOwner {
            member: match on {
                Some(_) => Some(member()?),
                None => None,
            },
        },
        ActionKind::LabelAdd => CaseAction::AddLabel { label: name()? },
        ActionKind::LabelRemove => CaseAction::RemoveLabel { label: name()? },
        ActionKind::PrioritySet => CaseAction::SetPriority {
            priority: optional(value()?)?,
        },
        ActionKind::DueSet => CaseAction::SetDue {
            due: optional(value()?)?,
        },
        ActionKind::DecisionRecord => CaseAction::Decide(read_decision(part()?, ops)?),
        ActionKind::CaseClose => CaseAction::Close(Closing::read(&text(value()?)?)?),
        ActionKind::CaseReopen => CaseAction::Reopen,
        ActionKind::ValueSettle => CaseAction::Settle {
            place: on?.parse().ok()?,
            value: value()?.clone(),
        },
        ActionKind::Facet(kind) => CaseAction::Facet(kind.read(on, ops)?),
        ActionKind::TemplateOpen
        | ActionKind::TemplatePublish
        | ActionKind::DraftStart
        | ActionKind::DraftEdit
        | ActionKind::DraftDiscard
        | ActionKind::DraftPublish
        | ActionKind::PersonalOpen
        | ActionKind::InboxMark
        | ActionKind::InboxReadUntil
        | ActionKind::InboxQuiet => return None,
    })
}

fn read_task(id: PartId, ops: &[Op]) -> Option<CaseAction> {
    let (mut title, mut assignee, mut due) = (None, None, None);
    let mut checklist = Vec::new();
    for (key, value) in puts(ops) {
        match key.parse::<TaskKey>().ok()? {
            TaskKey::Title => title = Some(text(value)?),
            TaskKey::Assignee => assignee = read_member(value)?,
            TaskKey::Due => due = optional(value)?,
            TaskKey::ItemText(item) => checklist.push((item, text(value)?)),
            TaskKey::Status | TaskKey::ItemDone(_) | TaskKey::Repeat => {}
        }
    }
    Some(CaseAction::CreateTask {
        id,
        title: title?,
        assignee,
        due,
        checklist,
    })
}

fn read_decision(id: PartId, ops: &[Op]) -> Option<Decision> {
    let said = |key: &str| text(puts(ops).find(|(name, _)| *name == key)?.1);
    let superseded = said(schema::DECISION_SUPERSEDES)?;
    let superseded = superseded.split(' ').filter(|id| !id.is_empty());
    Some(Decision {
        id,
        question: said(schema::DECISION_QUESTION)?,
        outcome: said(schema::DECISION_OUTCOME)?,
        rationale: said(schema::DECISION_RATIONALE)?,
        conditions: said(schema::DECISION_CONDITIONS)?,
        supersedes: superseded
            .map(|id| id.parse().ok())
            .collect::<Option<_>>()?,
    })
}
