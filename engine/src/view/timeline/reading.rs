//! What a change found and what it left, read from the history.
//!
//! Every action has one thing it is about; that thing is read as its author saw it and as the
//! author left it, whatever happened beside it. Decoding operations is never needed.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, ChangeHash as Hash, ReadDoc};

use crate::case::facet::document;
use crate::case::facet::review::review_key;
use crate::case::past::{Held, Object, Past};
use crate::case::record::{part_ids, read_text};
use crate::case::schema::{self, CommentKey};
use crate::case::{ActionKind, FacetKind, Message, PartId, Place, Shelf, TaskKey};
use crate::value::Scalar;
use crate::view::field::{clamp, step_of};

/// The one thing that an action is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Matter {
    /// A scalar of the root.
    Root(&'static str),
    /// A key of a map.
    Entry(&'static str, String),
    /// A value of a task.
    Task(PartId, TaskKey),
    /// The sum of a counter.
    Sum(String),
    /// The prose of a field.
    Prose(String),
    /// The body of a comment.
    Comment(PartId),
    /// The outcome of a decision.
    Decision(PartId),
    /// A value of a record.
    Record(Shelf, String, String),
    /// Nothing that has a value.
    Nothing,
}

/// What was found and left.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub(super) before: Vec<Scalar>,
    pub(super) after: Vec<Scalar>,
    pub(super) subject: Option<String>,
}

/// The history of a document, with the containers that its opening made and nothing replaces.
pub(super) struct History<'a> {
    doc: &'a Automerge,
    maps: BTreeMap<&'static str, Object>,
    buckets: Vec<Object>,
}

/// A history as one change saw it.
struct Moment<'a> {
    history: &'a History<'a>,
    heads: &'a [Hash],
    past: Past<'a>,
}

impl<'a> History<'a> {
    pub(super) fn of(doc: &'a Automerge) -> Self {
        let now = Past::now(doc);
        let maps: BTreeMap<_, _> = schema::MAPS
            .into_iter()
            .filter_map(|name| Some((name, now.maps(Object::Root, name).pop()?)))
            .collect();
        let comments = maps.get(schema::COMMENTS);
        let bucket = |name| now.maps(*comments?, name).pop();
        let buckets = schema::BUCKETS.into_iter().map_while(bucket).collect();
        Self { doc, maps, buckets }
    }

    /// Reads what a change found and left.
    pub(super) fn difference(&self, matter: &Matter, deps: &[Hash], hash: Hash) -> Difference {
        let left = [hash];
        let left = self.at(&left);
        Difference {
            // Without dependencies there was nothing to find: no heads would mean everything.
            before: if deps.is_empty() {
                Vec::new()
            } else {
                matter.read(&self.at(deps))
            },
            after: matter.read(&left),
            subject: matter.subject(&left),
        }
    }

    /// What triggered the rule that a message names: an action and its target.
    pub(super) fn trigger(&self, message: &Message) -> Option<String> {
        let of = message.cause.as_ref()?.of?;
        let meta = self.doc.get_change_meta_by_hash(&Hash(*of.as_bytes()))?;
        let trigger = Message::read(meta.message.as_deref()?).ok()?;
        let action = trigger.action.name();
        Some(match trigger.on {
            Some(target) => format!("{action} {target}"),
            None => action.to_owned(),
        })
    }

    /// The keys under which something is redacted today.
    pub(super) fn redacted(&self) -> BTreeSet<String> {
        let redacted = self
            .maps
            .get(schema::REDACTED)
            .map(|map| self.doc.keys(map.to_exid()));
        let mut redacted: BTreeSet<String> = redacted.into_iter().flatten().collect();
        let now = Past::now(self.doc);
        for version in part_ids(&now, Shelf::Versions) {
            let key = version.to_string();
            let owner = read_text(&now, (Shelf::Versions, &key), document::DOCUMENT);
            let of = |shelf: Shelf, key: &str| format!("{}/{key}", shelf.name());
            if owner.is_some_and(|owner| redacted.contains(&of(Shelf::Documents, &owner))) {
                redacted.insert(of(Shelf::Versions, &key));
            }
        }
        redacted
    }

    /// Whether the words of a record are redacted today.
    fn is_redacted(&self, shelf: Shelf, key: &str) -> bool {
        let mark = format!("{}/{key}", shelf.name());
        let map = self.maps.get(schema::REDACTED);
        map.is_some_and(|map| !Past::now(self.doc).seen(*map, &mark).is_empty())
    }

    fn at(&'a self, heads: &'a [Hash]) -> Moment<'a> {
        Moment {
            history: self,
            heads,
            past: Past::at(self.doc, heads),
        }
    }
}

impl Matter {
    /// What an action is about, from its message.
    pub(super) fn of(message: &Message) -> Self {
        Self::find(message).unwrap_or(Self::Nothing)
    }

    fn find(message: &Message) -> Option<Self> {
        let on = message.on.as_deref();
        let task = |key| Some(Self::Task(on?.parse().ok()?, key));
        let item = |key: fn(PartId) -> TaskKey| {
            let (task, item) = on?.split_once('/')?;
            Some(Self::Task(task.parse().ok()?, key(item.parse().ok()?)))
        };
        let entry = |map| Some(Self::Entry(map, on?.to_owned()));
        match message.action {
            ActionKind::CaseOpen | ActionKind::TitleSet => Some(Self::Root(schema::TITLE)),
            ActionKind::StageMove => Some(Self::Root(schema::STAGE)),
            ActionKind::FieldSet | ActionKind::FieldClear => entry(schema::FIELDS),
            ActionKind::OptionAdd | ActionKind::OptionRemove => entry(schema::SETS),
            ActionKind::CounterAdd => Some(Self::Sum(on?.to_owned())),
            ActionKind::TextEdit => Some(Self::Prose(on?.to_owned())),
            ActionKind::CommentAdd | ActionKind::CommentEdit => {
                Some(Self::Comment(on?.parse().ok()?))
            }
            ActionKind::CommentRedact
            | ActionKind::TemplateOpen
            | ActionKind::TemplatePublish
            | ActionKind::DraftStart
            | ActionKind::DraftEdit
            | ActionKind::DraftDiscard
            | ActionKind::DraftPublish
            | ActionKind::PersonalOpen
            | ActionKind::InboxMark
            | ActionKind::InboxReadUntil
            | ActionKind::InboxQuiet => None,
            ActionKind::TaskCreate => task(TaskKey::Title),
            ActionKind::TaskAssign => task(TaskKey::Assignee),
            ActionKind::TaskReschedule => task(TaskKey::Due),
            ActionKind::TaskDone | ActionKind::TaskCancel | ActionKind::TaskReopen => {
                task(TaskKey::Status)
            }
            ActionKind::ItemAdd => item(TaskKey::ItemText),
            ActionKind::ItemCheck => item(TaskKey::ItemDone),
            ActionKind::AssigneeAdd | ActionKind::AssigneeRemove => entry(schema::ASSIGNEES),
            ActionKind::OwnerSet => Some(Self::Root(schema::OWNER)),
            ActionKind::LabelAdd | ActionKind::LabelRemove => entry(schema::LABELS),
            ActionKind::PrioritySet => Some(Self::Root(schema::PRIORITY)),
            ActionKind::DueSet => Some(Self::Root(schema::DUE)),
            ActionKind::DecisionRecord => Some(Self::Decision(on?.parse().ok()?)),
            ActionKind::CaseClose | ActionKind::CaseReopen => Some(Self::Root(schema::CLOSED)),
            ActionKind::ValueSettle => Self::of_place(on?.parse().ok()?),
            ActionKind::Facet(kind) => Self::of_facet(kind, on),
        }
    }

    /// A set is shown by the entry that was added or removed.
    fn of_facet(kind: FacetKind, on: Option<&str>) -> Option<Self> {
        let place = kind.shown(on)?;
        if place == Place::Watchers {
            return Some(Self::Entry(schema::WATCHERS, on?.to_owned()));
        }
        if place == Place::Overrides {
            let of: PartId = on?.parse().ok()?;
            return Some(Self::Entry(schema::OVERRIDES, review_key(of)));
        }
        Self::of_place(place)
    }

    pub(super) fn of_place(place: Place) -> Option<Self> {
        Some(match place {
            Place::Title => Self::Root(schema::TITLE),
            Place::Number => Self::Root(schema::NUMBER),
            Place::Stage => Self::Root(schema::STAGE),
            Place::Owner => Self::Root(schema::OWNER),
            Place::Priority => Self::Root(schema::PRIORITY),
            Place::Severity => Self::Root(schema::SEVERITY),
            Place::Due => Self::Root(schema::DUE),
            Place::Closed => Self::Root(schema::CLOSED),
            Place::Field(id) => Self::Entry(schema::FIELDS, id),
            Place::Counter(id) => Self::Sum(id),
            Place::Text(id) => Self::Prose(id),
            Place::TaskPart(id, key) => Self::Task(id, key),
            Place::Comment(id) => Self::Comment(id),
            Place::Decision(id) => Self::Decision(id),
            Place::Record(shelf, key) => Self::Entry(shelf.map(), key),
            Place::RecordPart(shelf, key, part) => Self::Record(shelf, key, part),
            Place::Case
            | Place::Set(_)
            | Place::Labels
            | Place::Assignees
            | Place::Watchers
            | Place::Task(_)
            | Place::Question(_)
            | Place::Overrides => return None,
        })
    }

    /// The key under which its values are redacted, if they can be.
    pub(super) fn redaction_key(&self) -> Option<String> {
        match self {
            Self::Comment(id) => Some(schema::redacted_comment_key(*id)),
            Self::Entry(schema::FIELDS, id) | Self::Sum(id) | Self::Prose(id) => {
                Some(schema::redacted_field_key(id))
            }
            Self::Entry(schema::SETS, key) => {
                schema::split_option_key(key).map(|(field, _)| schema::redacted_field_key(field))
            }
            Self::Root(_)
            | Self::Entry(_, _)
            | Self::Task(_, _)
            | Self::Decision(_)
            | Self::Nothing => None,
            Self::Record(shelf, key, part) => {
                // What a party is, and how a document stands, may be seen.
                let bare = ["role", "withdrawn", "chosen", "status"].contains(&part.as_str());
                (!bare).then(|| format!("{}/{key}", shelf.name()))
            }
        }
    }

    /// Its different values, the one shown first.
    fn read(&self, then: &Moment<'_>) -> Vec<Scalar> {
        match self {
            Self::Root(key) => then.values(Object::Root, key),
            Self::Entry(map, key) => then
                .map(map)
                .map(|map| then.values(map, key))
                .unwrap_or_default(),
            Self::Task(id, key) => then.task_values(*id, *key),
            Self::Sum(field) => then.sum(field).into_iter().collect(),
            Self::Prose(field) => then.prose(field).into_iter().collect(),
            Self::Comment(id) => then.bodies(*id),
            Self::Decision(id) => then.decision(*id, schema::DECISION_OUTCOME),
            Self::Record(shelf, key, part) => then.record_values((*shelf, key), part),
            Self::Nothing => Vec::new(),
        }
    }

    /// What people call the thing: a task's title, a decision's question.
    fn subject(&self, then: &Moment<'_>) -> Option<String> {
        let first = |values: Vec<Scalar>| values.first().map(ToString::to_string);
        match self {
            Self::Task(_, TaskKey::Title) => None,
            Self::Task(id, TaskKey::ItemDone(item)) => {
                first(then.task_values(*id, TaskKey::ItemText(*item)))
            }
            Self::Task(id, _) => first(then.task_values(*id, TaskKey::Title)),
            Self::Decision(id) => first(then.decision(*id, schema::DECISION_QUESTION)),
            Self::Record(shelf, _, part) if part == shelf.title() => None,
            Self::Record(shelf, key, _) if then.history.is_redacted(*shelf, key) => None,
            Self::Record(shelf, key, _) => first(then.record_values((*shelf, key), shelf.title())),
            Self::Root(_)
            | Self::Entry(_, _)
            | Self::Sum(_)
            | Self::Prose(_)
            | Self::Comment(_)
            | Self::Nothing => None,
        }
    }
}

impl Moment<'_> {
    fn map(&self, name: &str) -> Option<Object> {
        self.history.maps.get(name).copied()
    }

    /// The different values at a key, by descending operation.
    fn values(&self, object: Object, key: &str) -> Vec<Scalar> {
        let mut values: Vec<Scalar> = Vec::new();
        for seen in self.past.seen(object, key).into_iter().rev() {
            if let Held::Scalar(value) = seen.held
                && !values.contains(&value)
            {
                values.push(value);
            }
        }
        values
    }

    fn task_values(&self, id: PartId, key: TaskKey) -> Vec<Scalar> {
        self.merged_values((schema::TASKS, &id.to_string()), &key.to_string())
    }

    fn record_values(&self, (shelf, key): (Shelf, &str), part: &str) -> Vec<Scalar> {
        self.merged_values((shelf.map(), key), part)
    }

    /// The different values in every object under a key, the newest object first.
    fn merged_values(&self, (map, record): (&str, &str), key: &str) -> Vec<Scalar> {
        let Some(map) = self.map(map) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for object in self.past.maps(map, record).into_iter().rev() {
            for value in self.values(object, key) {
                if !found.contains(&value) {
                    found.push(value);
                }
            }
        }
        found
    }

    fn decision(&self, id: PartId, key: &str) -> Vec<Scalar> {
        let decisions = self.map(schema::DECISIONS);
        let object = decisions.and_then(|map| self.past.maps(map, &id.to_string()).pop());
        object
            .map(|object| self.values(object, key))
            .unwrap_or_default()
    }

    /// All steps in one pass: a counter may have thousands.
    fn sum(&self, field: &str) -> Option<Scalar> {
        let counts = self.map(schema::COUNTS)?.to_exid();
        let keys = format!("{field}/")..format!("{field}0");
        let items = self.history.doc.map_range_at(&counts, keys, self.heads);
        let sum: i128 = items
            .filter_map(|item| step_of(&item.value))
            .map(i128::from)
            .sum();
        Some(Scalar::Int(clamp(sum)))
    }

    fn prose(&self, field: &str) -> Option<Scalar> {
        let texts = self.past.texts(self.map(schema::TEXTS)?, field);
        let text: String = texts
            .into_iter()
            .map(|text| self.past.prose(text))
            .collect();
        Some(Scalar::Text(text))
    }

    fn bodies(&self, id: PartId) -> Vec<Scalar> {
        let Some(bucket) = self.history.buckets.get(id.bucket()) else {
            return Vec::new();
        };
        self.past
            .keys(*bucket, format!("{id}/")..format!("{id}0"))
            .into_iter()
            .filter(|key| key.parse::<CommentKey>().is_ok())
            .flat_map(|key| self.values(*bucket, &key))
            .collect()
    }
}
