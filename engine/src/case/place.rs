//! The addressable parts of a case: what can be touched, contested or settled.
//!
//! A place has a text form (`stage`, `field/iban`, `task/9f…/status`), which is what a settlement
//! names in its message. [`touched_by`] tells from a message alone which places a change touches.

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::facet::FacetKind;
use super::facet::recurrence::{RecurrenceKind, next_id};
use super::kind::ActionKind;
use super::message::Message;
use super::part::PartId;
use super::record::Shelf;
use super::schema;

/// A part of a case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// All of it: what opening a case touches.
    Case,
    /// The title.
    Title,
    /// The stage.
    Stage,
    /// The owner.
    Owner,
    /// The priority.
    Priority,
    /// The severity.
    Severity,
    /// The due date.
    Due,
    /// Whether it is closed, and how.
    Closed,
    /// A field with one value.
    Field(String),
    /// A field with a set of options.
    Set(String),
    /// A counter.
    Counter(String),
    /// A field whose prose is edited together.
    Text(String),
    /// The labels.
    Labels,
    /// The assignees.
    Assignees,
    /// The watchers.
    Watchers,
    /// A whole task.
    Task(PartId),
    /// One value of a task.
    TaskPart(PartId, TaskKey),
    /// A comment.
    Comment(PartId),
    /// A decision.
    Decision(PartId),
    /// A question with all its decisions.
    Question(String),
    /// The overrides.
    Overrides,
    /// The number.
    Number,
    /// A record of a facet, or an entry of a set; its key has no `/`.
    Record(Shelf, String),
    /// One value of a record, by its key there.
    RecordPart(Shelf, String, String),
}

/// One value of a task; its text is its key in the task's map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskKey {
    /// The title.
    Title,
    /// The assignee.
    Assignee,
    /// The due date.
    Due,
    /// The status.
    Status,
    /// The text of a checklist item.
    ItemText(PartId),
    /// Whether an item is checked.
    ItemDone(PartId),
    /// How it repeats.
    Repeat,
}

/// A text that names no place of a case. Cure: copy the place as the case shows it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} names no place of a case; places look like stage, field/ID or task/ID/status")]
pub struct PlaceError {
    /// The first 80 characters of the text.
    pub text: String,
}

/// The places that a change touches, from its message alone. A place may be touched without being
/// different afterwards. Messages of templates touch no place of a case.
#[must_use]
pub fn touched_by(message: &Message) -> BTreeSet<Place> {
    let mut places: BTreeSet<Place> = touched(message.action, message.on.as_deref())
        .into_iter()
        .collect();
    if let ActionKind::Facet(kind) = message.action {
        places.extend(kind.also());
    }
    if message.rule.is_some() {
        places.insert(Place::Overrides);
    }
    if message.action == ActionKind::Facet(FacetKind::Recurrence(RecurrenceKind::Recur)) {
        let task = message.on.as_deref().and_then(|on| on.parse().ok());
        places.extend(task.map(|task| Place::Task(next_id(task))));
    }
    places
}

pub(super) fn touched(action: ActionKind, on: Option<&str>) -> Option<Place> {
    let name = || on.map(str::to_owned);
    let part = || on?.parse::<PartId>().ok();
    let before_slash = || Some(on?.split_once('/')?.0);
    match action {
        ActionKind::CaseOpen => Some(Place::Case),
        ActionKind::TitleSet => Some(Place::Title),
        ActionKind::StageMove => Some(Place::Stage),
        ActionKind::FieldSet | ActionKind::FieldClear => name().map(Place::Field),
        ActionKind::OptionAdd | ActionKind::OptionRemove => {
            Some(Place::Set(before_slash()?.to_owned()))
        }
        ActionKind::CounterAdd => name().map(Place::Counter),
        ActionKind::TextEdit => name().map(Place::Text),
        ActionKind::CommentAdd | ActionKind::CommentEdit | ActionKind::CommentRedact => {
            part().map(Place::Comment)
        }
        ActionKind::TaskCreate
        | ActionKind::TaskAssign
        | ActionKind::TaskReschedule
        | ActionKind::TaskDone
        | ActionKind::TaskCancel
        | ActionKind::TaskReopen => part().map(Place::Task),
        ActionKind::ItemAdd | ActionKind::ItemCheck => {
            before_slash()?.parse().ok().map(Place::Task)
        }
        ActionKind::AssigneeAdd | ActionKind::AssigneeRemove => Some(Place::Assignees),
        ActionKind::OwnerSet => Some(Place::Owner),
        ActionKind::LabelAdd | ActionKind::LabelRemove => Some(Place::Labels),
        ActionKind::PrioritySet => Some(Place::Priority),
        ActionKind::DueSet => Some(Place::Due),
        ActionKind::DecisionRecord => part().map(Place::Decision),
        ActionKind::CaseClose | ActionKind::CaseReopen => Some(Place::Closed),
        ActionKind::ValueSettle => on?.parse().ok(),
        ActionKind::Facet(kind) => kind.place(on),
        ActionKind::TemplateOpen
        | ActionKind::TemplatePublish
        | ActionKind::DraftStart
        | ActionKind::DraftEdit
        | ActionKind::DraftDiscard
        | ActionKind::DraftPublish
        | ActionKind::PersonalOpen
        | ActionKind::InboxMark
        | ActionKind::InboxReadUntil
        | ActionKind::InboxQuiet => None,
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Case => f.write_str("case"),
            Self::Title => f.write_str("title"),
            Self::Stage => f.write_str("stage"),
            Self::Owner => f.write_str("owner"),
            Self::Priority => f.write_str("priority"),
            Self::Severity => f.write_str("severity"),
            Self::Due => f.write_str("due"),
            Self::Closed => f.write_str("closed"),
            Self::Field(id) => write!(f, "field/{id}"),
            Self::Set(id) => write!(f, "set/{id}"),
            Self::Counter(id) => write!(f, "counter/{id}"),
            Self::Text(id) => write!(f, "text/{id}"),
            Self::Labels => f.write_str("labels"),
            Self::Assignees => f.write_str("assignees"),
            Self::Watchers => f.write_str("watchers"),
            Self::Task(id) => write!(f, "task/{id}"),
            Self::TaskPart(id, key) => write!(f, "task/{id}/{key}"),
            Self::Comment(id) => write!(f, "comment/{id}"),
            Self::Decision(id) => write!(f, "decision/{id}"),
            Self::Question(question) => write!(f, "question/{question}"),
            Self::Overrides => f.write_str("overrides"),
            Self::Number => f.write_str("number"),
            Self::Record(shelf, key) => write!(f, "{}/{key}", shelf.name()),
            Self::RecordPart(shelf, key, part) => write!(f, "{}/{key}/{part}", shelf.name()),
        }
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let place = match text.split_once('/') {
            None => read_single(text),
            Some((kind, rest)) => read_pair(kind, rest),
        };
        place.ok_or_else(|| PlaceError {
            text: text.chars().take(80).collect(),
        })
    }
}

fn read_single(text: &str) -> Option<Place> {
    Some(match text {
        "case" => Place::Case,
        "title" => Place::Title,
        "stage" => Place::Stage,
        "owner" => Place::Owner,
        "priority" => Place::Priority,
        "severity" => Place::Severity,
        "due" => Place::Due,
        "closed" => Place::Closed,
        "labels" => Place::Labels,
        "assignees" => Place::Assignees,
        "watchers" => Place::Watchers,
        "overrides" => Place::Overrides,
        "number" => Place::Number,
        _ => return None,
    })
}

fn read_record(shelf: Shelf, rest: &str) -> Option<Place> {
    let (key, part) = match rest.split_once('/') {
        None => (rest, None),
        Some((key, part)) => (key, Some(part.to_owned())),
    };
    if key.is_empty() || part.as_deref() == Some("") {
        return None;
    }
    Some(match part {
        None => Place::Record(shelf, key.to_owned()),
        Some(part) => Place::RecordPart(shelf, key.to_owned(), part),
    })
}

fn read_pair(kind: &str, rest: &str) -> Option<Place> {
    let name = || Some(rest.to_owned()).filter(|name| !name.is_empty());
    match kind {
        "field" => name().map(Place::Field),
        "set" => name().map(Place::Set),
        "counter" => name().map(Place::Counter),
        "text" => name().map(Place::Text),
        "comment" => rest.parse().ok().map(Place::Comment),
        "decision" => rest.parse().ok().map(Place::Decision),
        "question" => name().map(Place::Question),
        "task" => match rest.split_once('/') {
            None => rest.parse().ok().map(Place::Task),
            Some((id, key)) => Some(Place::TaskPart(id.parse().ok()?, key.parse().ok()?)),
        },
        _ => read_record(Shelf::from_name(kind)?, rest),
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for TaskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Title => f.write_str(schema::TASK_TITLE),
            Self::Assignee => f.write_str(schema::TASK_ASSIGNEE),
            Self::Due => f.write_str(schema::TASK_DUE),
            Self::Status => f.write_str(schema::TASK_STATUS),
            Self::ItemText(item) => write!(f, "i/{item}/text"),
            Self::ItemDone(item) => write!(f, "i/{item}/done"),
            Self::Repeat => f.write_str(schema::TASK_REPEAT),
        }
    }
}

impl FromStr for TaskKey {
    type Err = PlaceError;

    fn from_str(key: &str) -> Result<Self, PlaceError> {
        let item = || {
            let (item, part) = key.strip_prefix("i/")?.split_once('/')?;
            let item = item.parse().ok()?;
            match part {
                "text" => Some(Self::ItemText(item)),
                "done" => Some(Self::ItemDone(item)),
                _ => None,
            }
        };
        match key {
            schema::TASK_TITLE => Ok(Self::Title),
            schema::TASK_ASSIGNEE => Ok(Self::Assignee),
            schema::TASK_DUE => Ok(Self::Due),
            schema::TASK_STATUS => Ok(Self::Status),
            schema::TASK_REPEAT => Ok(Self::Repeat),
            _ => item().ok_or_else(|| PlaceError {
                text: key.chars().take(80).collect(),
            }),
        }
    }
}

impl Serialize for TaskKey {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TaskKey {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_reads_back_from_its_text() {
        let id = PartId::new([0xc0; 8]);
        let places = [
            Place::Case,
            Place::Title,
            Place::Stage,
            Place::Owner,
            Place::Priority,
            Place::Severity,
            Place::Due,
            Place::Closed,
            Place::Field("iban".into()),
            Place::Set("skills".into()),
            Place::Counter("visits".into()),
            Place::Text("notes".into()),
            Place::Labels,
            Place::Assignees,
            Place::Watchers,
            Place::Task(id),
            Place::TaskPart(id, TaskKey::Status),
            Place::TaskPart(id, TaskKey::Repeat),
            Place::TaskPart(id, TaskKey::ItemDone(PartId::new([1; 8]))),
            Place::Comment(id),
            Place::Decision(id),
            Place::Question("grant it? / refuse it?".into()),
            Place::Overrides,
            Place::Number,
            Place::Record(Shelf::Documents, id.to_string()),
            Place::RecordPart(Shelf::Versions, id.to_string(), "status".into()),
        ];
        for place in places {
            assert_eq!(place.to_string().parse(), Ok(place.clone()));
            let json = serde_json::to_string(&place).unwrap();
            assert_eq!(serde_json::from_str::<Place>(&json).unwrap(), place);
        }
    }

    #[test]
    fn a_text_that_names_nothing_is_refused() {
        for text in [
            "",
            "fields",
            "field/",
            "task/12",
            "task/c0c0c0c0c0c0c0c0/i/1/text",
            "document/",
            "document//name",
            "document/c0/",
        ] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
