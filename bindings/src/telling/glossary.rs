//! Words for what a case stores as ids: stages, fields, options, people, places.
//!
//! Made of a template's revision and the roster; an id that neither knows is shown as it is.

use casework_engine::approval::Seat;
use casework_engine::case::{Closing, PartId, Place, TaskKey};
use casework_engine::template::{Category, Field, Revision, Stage};
use casework_engine::value::{FieldValue, Scalar};
use casework_engine::view::CaseView;
use casework_protocol::ids::MemberId;

use super::{deeds, plain};
use crate::Names;

/// Words for one template's cases.
#[derive(Debug, Clone, Copy)]
pub struct Glossary<'a> {
    /// The revision, if it is here.
    pub revision: Option<&'a Revision>,
    /// The people.
    pub names: &'a Names,
}

impl<'a> Glossary<'a> {
    /// A stage's name.
    #[must_use]
    pub fn stage(&self, id: &str) -> String {
        let stage = self.revision.and_then(|revision| revision.stage(id));
        plain(stage.map_or(id, |stage| &stage.name))
    }

    /// A stage's colour.
    #[must_use]
    pub fn colour(&self, id: &str) -> &'a str {
        let stage = self.revision.and_then(|revision| revision.stage(id));
        stage.map_or(Category::Cancelled.colour(), Stage::colour)
    }

    /// A field's label.
    #[must_use]
    pub fn label(&self, id: &str) -> String {
        plain(self.field(id).map_or(id, |field| &field.label))
    }

    /// The label of a document type.
    #[must_use]
    pub fn document_type(&self, id: &str) -> String {
        let known = self.revision.and_then(|r| r.document_type(id));
        plain(known.map_or(id, |kind| &kind.label))
    }

    /// The value of a field as people read it.
    #[must_use]
    pub fn value(&self, field: &str, value: &Scalar) -> String {
        let Some(field) = self.field(field) else {
            return plain(&value.to_string());
        };
        if value.is_null() {
            return "empty".to_owned();
        }
        match FieldValue::from_scalar(field.kind, value) {
            Ok(value) => self.content(field, &value),
            Err(_) => plain(&value.to_string()),
        }
    }

    /// A typed value as people read it.
    #[must_use]
    pub fn content(&self, field: &Field, value: &FieldValue) -> String {
        if let FieldValue::Member(member) = value {
            self.member(*member)
        } else if let FieldValue::Table(table) = value {
            match table.rows().len() {
                1 => "1 row".to_owned(),
                rows => format!("{rows} rows"),
            }
        } else {
            value.words(field)
        }
    }

    /// The resolution of a closed case.
    #[must_use]
    pub fn closing(&self, closing: &Closing) -> String {
        let known = self
            .revision
            .and_then(|revision| revision.resolution(&closing.code));
        let label = plain(known.map_or(&closing.code, |outcome| &outcome.label));
        if closing.notes.is_empty() {
            label
        } else {
            format!("{label}: {}", plain(&closing.notes))
        }
    }

    /// A question that is decided.
    #[must_use]
    pub fn question(&self, question: &str) -> String {
        let kind = self
            .revision
            .and_then(|revision| revision.decision_type(question));
        plain(kind.map_or(question, |kind| &kind.label))
    }

    /// An answer to a question.
    #[must_use]
    pub fn outcome(&self, question: &str, outcome: &str) -> String {
        let kind = self
            .revision
            .and_then(|revision| revision.decision_type(question));
        let known = kind.and_then(|kind| kind.outcomes.iter().find(|known| known.id == outcome));
        plain(known.map_or(outcome, |known| &known.label))
    }

    /// What people call a place of a case.
    #[must_use]
    pub fn place(&self, place: &Place, view: &CaseView) -> String {
        match place {
            Place::Case => "Case".to_owned(),
            Place::Title => "Title".to_owned(),
            Place::Stage => "Stage".to_owned(),
            Place::Owner => "Owner".to_owned(),
            Place::Priority => "Priority".to_owned(),
            Place::Severity => "Severity".to_owned(),
            Place::Due => "Due date".to_owned(),
            Place::Closed => "Resolution".to_owned(),
            Place::Labels => "Labels".to_owned(),
            Place::Assignees => "Assignees".to_owned(),
            Place::Watchers => "Watchers".to_owned(),
            Place::Overrides => "Overrides".to_owned(),
            Place::Number => "Number".to_owned(),
            Place::Field(id) | Place::Set(id) | Place::Counter(id) | Place::Text(id) => {
                self.label(id)
            }
            Place::Task(id) => task_title(view, *id),
            Place::TaskPart(id, key) => {
                let part = match key {
                    TaskKey::Title => "title",
                    TaskKey::Assignee => "assignee",
                    TaskKey::Due => "due date",
                    TaskKey::Status => "status",
                    TaskKey::Repeat => "repetition",
                    TaskKey::ItemText(_) => "checklist, text",
                    TaskKey::ItemDone(_) => "checklist",
                };
                format!("Task “{}”: {part}", task_title(view, *id))
            }
            Place::Comment(_) => "Comment".to_owned(),
            Place::Decision(_) => "Decision".to_owned(),
            Place::Question(question) => format!("Decision: {}", self.question(question)),
            Place::Record(_, _) | Place::RecordPart(_, _, _) => deeds::place(place, view),
        }
    }

    /// A member's name.
    #[must_use]
    pub fn member(&self, member: MemberId) -> String {
        plain(&self.names.member(member))
    }

    /// Whom a seat means: a name, or `role director`.
    #[must_use]
    pub fn seat(&self, seat: &Seat) -> String {
        match seat {
            Seat::Member(member) => self.member(*member),
            Seat::Role(key) => format!("role {}", plain(key)),
            Seat::Team(key) => format!("team {}", plain(key)),
        }
    }

    fn field(&self, id: &str) -> Option<&'a Field> {
        self.revision?.field(id)
    }
}

fn task_title(view: &CaseView, id: PartId) -> String {
    view.tasks
        .get(&id)
        .map_or_else(|| id.to_string(), |task| plain(task.title.value()))
}
