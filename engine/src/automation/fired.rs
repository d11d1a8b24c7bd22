//! What an act triggers, and the key by which two devices know one trigger.
//!
//! Invariant: the key of what a person did is a function of the document, the event and the values
//! that the act replaced; that of an effect, of its cause. So two concurrent moves into one stage
//! are one trigger, and a later entry into the same stage is another one.

use casework_protocol::digest::{Tag, digest};
use casework_protocol::ids::{ChangeHash, DocumentId};

use super::tick::Tick;
use crate::case::facet::FacetAction;
use crate::case::facet::automation::AutomationAction;
use crate::case::facet::document::{self, DocumentAction, VersionStatus};
use crate::case::facet::form::FormAction;
use crate::case::facet::handover::TransferAction;
use crate::case::facet::hold::HoldAction;
use crate::case::facet::recurrence::finished;
use crate::case::record::{Shelf, read_text};
use crate::case::slots::{record_objects, task_objects};
use crate::case::{Act, CaseAction, Object, PartId, Past, Place, schema, stage_of};
use crate::template::{Automation, Trigger};
use crate::value::Scalar;

/// Something that happened to a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It was opened.
    Opened,
    /// It entered a stage.
    Entered(String),
    /// It left a stage.
    Left(String),
    /// A field changed.
    Changed(String),
    /// A label was put on.
    Labelled(String),
    /// It has another owner.
    Owned,
    /// A task with this title was done.
    TaskDone(PartId, String),
    /// A comment was written.
    Commented(PartId, bool),
    /// A decision was recorded: its id, the question and the outcome.
    Decided(PartId, String, String),
    /// It was closed.
    Closed,
    /// It was opened again.
    Reopened,
    /// It was put on hold.
    Held(PartId),
    /// A hold was ended.
    Resumed(PartId),
    /// A version of a document of this type was added.
    DocumentAdded(PartId, String),
    /// A version of a document of this type has another status.
    DocumentStatus(PartId, String, VersionStatus),
    /// Somebody outside sent this form.
    Submitted(PartId, String),
    /// The agent said that the time of this rule has come, and what for.
    Time(String, String),
}

/// An event with the key of the trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    /// What happened.
    pub event: Event,
    /// Equal wherever the same thing happened concurrently.
    pub key: PartId,
}

/// What an act triggers. `of` is its change, `before` the case as its author saw it.
#[must_use]
pub fn fired(document: DocumentId, (act, of): (&Act, ChangeHash), before: &Past<'_>) -> Vec<Fired> {
    let Some((events, replaced)) = happened((act, of), before) else {
        return Vec::new();
    };
    events
        .into_iter()
        .map(|event| Fired {
            key: key(document, act, &event, &replaced),
            event,
        })
        .collect()
}

/// The events of an act, and what it replaced: the operations it took the place of, or what names
/// the act itself where each one is a trigger of its own.
#[expect(clippy::too_many_lines, reason = "one arm per event")]
fn happened((act, of): (&Act, ChangeHash), before: &Past<'_>) -> Option<(Vec<Event>, String)> {
    let root = |key: &str| seen(before, Object::Root, key);
    let entry = |map: &str, key: &str| match before.maps(Object::Root, map).first() {
        Some(map) => seen(before, *map, key),
        None => String::new(),
    };
    let changed = |field: &String| vec![Event::Changed(field.clone())];
    let action = &act.action;
    if let CaseAction::Open(opening) = action {
        let events = vec![Event::Opened, Event::Entered(opening.stage.clone())];
        Some((events, String::new()))
    } else if let CaseAction::Move { to }
    | CaseAction::Settle {
        place: Place::Stage,
        value: Scalar::Text(to),
    } = action
    {
        let from = stage_of(before).unwrap_or_default();
        let events = vec![Event::Left(from.clone()), Event::Entered(to.clone())];
        (from != *to).then(|| (events, root(schema::STAGE)))
    } else if let CaseAction::SetField { field, .. }
    | CaseAction::ClearField { field }
    | CaseAction::Settle {
        place: Place::Field(field),
        ..
    } = action
    {
        Some((changed(field), entry(schema::FIELDS, field)))
    } else if let CaseAction::AddOption { field, option }
    | CaseAction::RemoveOption { field, option } = action
    {
        let key = schema::option_key(field, option);
        let taken = taken(before, &schema::taken_option_key(&key));
        let here = entry(schema::SETS, &key);
        Some((changed(field), format!("{key}\n{here}\n{taken}")))
    } else if let CaseAction::Count { field, .. } = action {
        Some((changed(field), act.id.to_string()))
    } else if let CaseAction::EditText { field, .. } = action {
        // Prose is merged: every edit is a trigger of its own.
        Some((changed(field), of.to_string()))
    } else if let CaseAction::AddLabel { label } = action {
        let taken = taken(before, &schema::taken_label_key(label));
        let here = entry(schema::LABELS, label);
        let labelled = vec![Event::Labelled(label.clone())];
        Some((labelled, format!("{here}\n{taken}")))
    } else if let CaseAction::SetOwner { .. }
    | CaseAction::Settle {
        place: Place::Owner,
        ..
    }
    | CaseAction::Facet(FacetAction::Transfer(TransferAction::Accept { .. })) = action
    {
        Some((vec![Event::Owned], root(schema::OWNER)))
    } else if let Some(task) = finished(action) {
        let objects = task_objects(before, task).unwrap_or_default();
        let title = |object: &Object| match before.scalar(*object, schema::TASK_TITLE)? {
            Scalar::Text(title) => Some(title),
            Scalar::Null | Scalar::Bool(_) | Scalar::Int(_) => None,
        };
        let title = objects.iter().rev().find_map(title).unwrap_or_default();
        let event = Event::TaskDone(task, title);
        Some((vec![event], statuses(before, &objects)))
    } else if let CaseAction::Comment { id, external, .. } = action {
        Some((vec![Event::Commented(*id, *external)], String::new()))
    } else if let CaseAction::Decide(decision) = action {
        let (asked, said) = (decision.question.clone(), decision.outcome.clone());
        Some((
            vec![Event::Decided(decision.id, asked, said)],
            String::new(),
        ))
    } else if let CaseAction::Close(_) = action {
        Some((vec![Event::Closed], root(schema::CLOSED)))
    } else if let CaseAction::Reopen = action {
        Some((vec![Event::Reopened], root(schema::CLOSED)))
    } else if let CaseAction::Facet(action) = action {
        let (event, replaced) = of_facet(action, before)?;
        Some((vec![event], replaced))
    } else {
        None
    }
}

/// The event of what is done to a record, and what it replaced.
fn of_facet(action: &FacetAction, before: &Past<'_>) -> Option<(Event, String)> {
    let kind_of = |document: &str| read_text(before, (Shelf::Documents, document), document::TYPE);
    let event = if let FacetAction::Hold(action) = action {
        match action {
            HoldAction::Start { id, .. } => Event::Held(*id),
            HoldAction::End { hold } => Event::Resumed(*hold),
        }
    } else if let FacetAction::Form(FormAction::Submit(submission)) = action {
        Event::Submitted(submission.id, submission.form.clone())
    } else if let FacetAction::Automation(AutomationAction::Fire { rule, of, .. }) = action {
        Event::Time(rule.clone(), of.clone())
    } else if let FacetAction::Document(DocumentAction::Add { version, kind, .. }) = action {
        Event::DocumentAdded(*version, kind.clone())
    } else if let FacetAction::Document(DocumentAction::AddVersion { document, id, .. }) = action {
        Event::DocumentAdded(*id, kind_of(&document.to_string())?)
    } else if let FacetAction::Document(DocumentAction::SetStatus { version, status }) = action {
        let key = version.to_string();
        let document = read_text(before, (Shelf::Versions, &key), document::DOCUMENT)?;
        let objects = record_objects(before, Shelf::Versions, &key).unwrap_or_default();
        let replaced = objects.iter().map(|o| seen(before, *o, document::STATUS));
        let event = Event::DocumentStatus(*version, kind_of(&document)?, *status);
        return Some((event, replaced.collect()));
    } else {
        return None;
    };
    Some((event, String::new()))
}

/// The actions that took a label or an option away last. By their ids, not their operations: what a
/// rule takes away on two devices is one removal.
fn taken(before: &Past<'_>, key: &str) -> String {
    let map = before.maps(Object::Root, schema::TAKEN).first().copied();
    let sides = map.map(|map| before.sides(map, key)).unwrap_or_default();
    let ids = sides.iter().filter_map(Scalar::as_text);
    ids.collect::<Vec<_>>().join("\n")
}

/// The status of a task in each of its objects.
fn statuses(before: &Past<'_>, objects: &[Object]) -> String {
    let status = |object: &Object| seen(before, *object, schema::TASK_STATUS);
    objects.iter().map(status).collect()
}

fn key(document: DocumentId, act: &Act, event: &Event, replaced: &str) -> PartId {
    let of = match &act.cause {
        // What it replaced may lie in changes that differ from device to device.
        Some(cause) => format!("{}\n{}\n{}", cause.rule, cause.key, cause.step),
        None => replaced.to_owned(),
    };
    let text = format!("automation\n{document}\n{}\n{of}", event.name());
    PartId::derive(&digest(Tag::Derive, &[text.as_bytes()]), 0)
}

fn seen(past: &Past<'_>, object: Object, key: &str) -> String {
    past.seen(object, key)
        .iter()
        .map(|seen| format!("{}@{}\n", seen.id.counter, seen.id.actor))
        .collect()
}

impl Event {
    /// What somebody outside sent, if that is what happened.
    #[must_use]
    pub const fn submission(&self) -> Option<PartId> {
        if let Self::Submitted(id, _) = self {
            Some(*id)
        } else {
            None
        }
    }

    /// Whether a rule waits for this.
    #[must_use]
    pub fn sets_off(&self, rule: &Automation) -> bool {
        let trigger = &rule.trigger;
        let fits =
            |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted == is);
        match (self, trigger) {
            (Self::Opened, Trigger::CaseOpened)
            | (Self::Owned, Trigger::OwnerChanged)
            | (Self::Closed, Trigger::CaseClosed)
            | (Self::Reopened, Trigger::CaseReopened) => true,
            (Self::Entered(is), Trigger::StageEntered { stage })
            | (Self::Left(is), Trigger::StageLeft { stage }) => fits(stage, is),
            (Self::Changed(is), Trigger::FieldChanged { field }) => is == field,
            (Self::Labelled(is), Trigger::LabelAdded { label }) => fits(label, is),
            (Self::TaskDone(_, is), Trigger::TaskDone { title }) => fits(title, is),
            (Self::Commented(_, is), Trigger::CommentAdded { external }) => {
                external.is_none_or(|external| external == *is)
            }
            (Self::Decided(_, asked, said), Trigger::DecisionRecorded { question, outcome }) => {
                fits(question, asked) && fits(outcome, said)
            }
            (Self::Held(_), Trigger::CaseHeld) | (Self::Resumed(_), Trigger::CaseResumed) => true,
            (Self::DocumentAdded(_, is), Trigger::DocumentAdded { document }) => fits(document, is),
            (Self::DocumentStatus(_, is, now), Trigger::DocumentStatus { document, status }) => {
                fits(document, is) && status.is_none_or(|status| status == *now)
            }
            (Self::Submitted(_, is), Trigger::FormSubmitted { form }) => fits(form, is),
            (Self::Time(named, what), trigger) => {
                let tick = what.parse::<Tick>();
                *named == rule.id && tick.is_ok_and(|tick| tick.fits(trigger))
            }
            (_, _) => false,
        }
    }

    /// What happened and to what, for the key; part of the format.
    fn name(&self) -> String {
        match self {
            Self::Opened => "case-opened".to_owned(),
            Self::Entered(stage) => format!("stage-entered/{stage}"),
            Self::Left(stage) => format!("stage-left/{stage}"),
            Self::Changed(field) => format!("field-changed/{field}"),
            Self::Labelled(label) => format!("label-added/{label}"),
            Self::Owned => "owner-changed".to_owned(),
            Self::TaskDone(task, _) => format!("task-done/{task}"),
            Self::Commented(id, _) => format!("comment-added/{id}"),
            Self::Decided(id, _, _) => format!("decision-recorded/{id}"),
            Self::Closed => "case-closed".to_owned(),
            Self::Reopened => "case-reopened".to_owned(),
            Self::Held(hold) => format!("case-held/{hold}"),
            Self::Resumed(hold) => format!("case-resumed/{hold}"),
            Self::DocumentAdded(version, _) => format!("document-added/{version}"),
            Self::DocumentStatus(version, _, status) => {
                format!("document-status/{version}/{}", status.name())
            }
            Self::Submitted(id, _) => format!("form-submitted/{id}"),
            Self::Time(rule, what) => format!("time/{rule}/{what}"),
        }
    }
}
