//! A card: the little of a case that boards and lists show, stored for every case.
//!
//! Sensitive fields are masked. What only the replica knows (held, unsent, waiting) it
//! adds when cards are read. Invariant: a stored card is a function of the view and the revision.

use std::collections::BTreeSet;

use casework_protocol::ids::{DocumentId, MemberId};
use serde::{Deserialize, Serialize};

use super::badges::Badges;
use super::case::{CaseView, TaskStatus};
use crate::approval::Seat;
use crate::case::PartId;
use crate::clock::{ClockView, Due, SlaState};
use crate::template::{Category, Field, Revision};
use crate::value::FieldValue;

/// First byte of a stored card. A card of another version is made anew from its view.
const STORED_VERSION: u8 = 2;
/// What is shown in place of a sensitive value.
const MASK: &str = "•••";
/// Most deadlines of tasks on a card, the earliest.
const MAX_TASK_DUES: usize = 20;
/// Longest field text on a card, in characters.
const MAX_FIELD_CHARACTERS: usize = 120;

/// What boards and lists show of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The document of the case.
    pub document: DocumentId,
    /// The template it was opened from.
    pub template: DocumentId,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// The id of its stage.
    pub stage: String,
    /// What the stage means; `None` while the revision is unknown or lacks the stage.
    pub category: Option<Category>,
    /// Who answers for it.
    pub owner: Option<MemberId>,
    /// Who works on it.
    pub assignees: BTreeSet<MemberId>,
    /// Its labels.
    pub labels: BTreeSet<String>,
    /// How soon.
    pub priority: Option<String>,
    /// When it is due: a day `YYYY-MM-DD`, or a moment.
    pub due: Option<String>,
    /// What to look at.
    pub badges: Badges,
    /// The fields that the template wants on cards, in its order.
    pub fields: Vec<CardField>,
    /// Tasks done and tasks that are not cancelled.
    pub tasks: (u32, u32),
    /// How many comments.
    pub comments: u64,
    /// When it was opened, by its opener's clock, milliseconds UTC.
    pub opened_ms: i64,
    /// When it entered its stage, by the winning mover's clock.
    pub entered_ms: i64,
    /// The latest claimed time of its newest changes.
    pub changed_ms: i64,
    /// The resolution code, once closed.
    pub closed: Option<String>,
    /// How bad.
    pub severity: Option<String>,
    /// Where it is kept.
    pub kept: Kept,
    /// The names of its flags.
    pub flags: BTreeSet<String>,
    /// When it was closed, by the closer's clock.
    pub closed_ms: Option<i64>,
    /// Its clocks; how they stand depends on now.
    pub clocks: Vec<ClockView>,
    /// How many clocks ended late in stages it has left.
    pub missed: u32,
    /// The deadlines of its open tasks, the earliest first, at most twenty.
    pub task_dues: Vec<TaskDue>,
    /// What people outside sent.
    pub submissions: u32,
    /// Those of them that nobody has looked at yet.
    pub submissions_new: u32,
    /// Requests for information, answered or not.
    pub form_requests: u32,
    /// Whom an approval, a transfer or a referral waits for.
    pub waits_for: BTreeSet<Seat>,
}

/// The deadline of an open task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDue {
    /// The task.
    pub task: PartId,
    /// What is to be done.
    pub title: String,
    /// By whom.
    pub assignee: Option<MemberId>,
    /// A day `YYYY-MM-DD`, or a moment.
    pub due: String,
}

/// Where a case is kept.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// On boards and lists.
    #[default]
    InUse,
    /// In the archive.
    Archived,
    /// In the trash, archived or not.
    Trash,
}

/// A field on a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardField {
    /// The field's id.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// Its value.
    pub value: CardValue,
}

/// The value of a field on a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CardValue {
    /// In words, cut to 120 characters.
    Words(String),
    /// A member, whose name the roster knows.
    Member(MemberId),
    /// Not for lists.
    Masked,
}

/// A stored card that cannot be read: another version, or damaged bytes. Make it anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored card of {bytes} bytes and version {version:?} is not readable")]
pub struct StoredCardError {
    /// How long the stored card is.
    pub bytes: usize,
    /// Its first byte.
    pub version: Option<u8>,
}

impl Card {
    /// Makes the card of a case, without the badges that only the replica knows.
    #[must_use]
    pub fn of(view: &CaseView, revision: Option<&Revision>) -> Self {
        let stage = view.stage.value();
        let clocks = revision
            .map(|revision| view.clocks(revision))
            .unwrap_or_default();
        let shown = revision
            .map_or(&[][..], Revision::fields)
            .iter()
            .filter(|field| field.card);
        Self {
            document: view.document,
            template: view.template,
            number: view.number.clone(),
            title: view.title.value().clone(),
            category: revision
                .and_then(|r| r.stage(stage))
                .map(|stage| stage.category),
            stage: revision
                .map_or(stage.as_str(), |r| r.placed(stage))
                .to_owned(),
            owner: *view.owner.value(),
            assignees: view.assignees.clone(),
            labels: view.labels.clone(),
            priority: view.priority.value().clone(),
            due: view.due.value().clone(),
            badges: Badges::of(view),
            fields: shown
                .filter_map(|field| card_field(view, revision?, field))
                .collect(),
            tasks: count_tasks(view),
            comments: view.comments(),
            opened_ms: view.origins.get(view.opened).claimed_ms,
            entered_ms: view.stage_entered_ms(),
            changed_ms: view.changed_ms,
            closed: view
                .closed
                .value()
                .as_ref()
                .map(|closing| closing.code.clone()),
            severity: view.severity.value().clone(),
            kept: Kept::of(view),
            flags: view.facets.keeping.flags.keys().cloned().collect(),
            closed_ms: view.closed_ms(),
            clocks: clocks.current,
            missed: clocks.missed,
            task_dues: task_dues(view),
            submissions: number(view.facets.forms.submissions.len()),
            submissions_new: number(view.facets.forms.unreviewed()),
            form_requests: number(view.facets.forms.requests.len()),
            waits_for: waits_for(view),
        }
    }

    /// How its clocks stand at a moment: the worst of them. `None` without clocks.
    #[must_use]
    pub fn sla(&self, now_ms: i64) -> Option<SlaState> {
        self.clocks.iter().map(|clock| clock.state(now_ms)).min()
    }

    /// The clock that is due first among those that have not ended, the breached ones before all.
    #[must_use]
    pub fn first_clock(&self) -> Option<&ClockView> {
        let going = self.clocks.iter().filter(|clock| clock.ended_ms.is_none());
        going.min_by_key(|clock| (clock.paused_ms.is_some(), clock.due_ms))
    }

    /// The next moment after now at which a clock changes by itself: when to look again.
    #[must_use]
    pub fn next_clock_change(&self, now_ms: i64) -> Option<i64> {
        let changes = self
            .clocks
            .iter()
            .filter_map(|clock| clock.next_change(now_ms));
        changes.min()
    }

    /// Whether the case is at its end: closed, or in a stage that is.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.closed.is_some() || self.category.is_some_and(Category::is_final)
    }

    /// The bytes to store: a version and the card.
    #[must_use]
    pub fn to_stored(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![STORED_VERSION])
            .expect("a card has no sequence of unknown length")
    }

    /// Reads what [`Self::to_stored`] wrote.
    ///
    /// # Errors
    /// [`StoredCardError`] for another version or damaged bytes; the cure is to make it anew.
    pub fn from_stored(bytes: &[u8]) -> Result<Self, StoredCardError> {
        match bytes.split_first() {
            Some((&STORED_VERSION, body)) => postcard::from_bytes(body).ok(),
            Some(_) | None => None,
        }
        .ok_or_else(|| StoredCardError {
            bytes: bytes.len(),
            version: bytes.first().copied(),
        })
    }
}

impl Kept {
    /// Where the case is kept.
    #[must_use]
    pub fn of(view: &CaseView) -> Self {
        let keeping = &view.facets.keeping;
        if keeping.is_trashed() {
            Self::Trash
        } else if keeping.is_archived() {
            Self::Archived
        } else {
            Self::InUse
        }
    }
}

impl CardValue {
    /// The words that can be searched and shown.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Words(words) => words.clone(),
            Self::Member(member) => member.to_string(),
            Self::Masked => MASK.to_owned(),
        }
    }
}

fn card_field(view: &CaseView, revision: &Revision, field: &Field) -> Option<CardField> {
    let value = view.content(revision, field)?;
    let value = if field.sensitive {
        CardValue::Masked
    } else if let FieldValue::Member(member) = value {
        CardValue::Member(member)
    } else {
        CardValue::Words(
            value
                .words(field)
                .chars()
                .take(MAX_FIELD_CHARACTERS)
                .collect(),
        )
    };
    Some(CardField {
        id: field.id.clone(),
        label: field.label.clone(),
        value,
    })
}

/// The deadlines of open tasks, the earliest first; of one deadline, in the order of creation.
fn task_dues(view: &CaseView) -> Vec<TaskDue> {
    let open = |status: &TaskStatus| *status == TaskStatus::Open;
    let tasks = view.tasks_in_order().into_iter();
    let mut dues: Vec<(Due, TaskDue)> = tasks
        .filter(|(_, task)| open(task.status.value()))
        .filter_map(|(id, task)| {
            let due = task.due.value().clone()?;
            let shown = TaskDue {
                task: id,
                title: task.title.value().clone(),
                assignee: *task.assignee.value(),
                due,
            };
            Some((shown.due.parse().ok()?, shown))
        })
        .collect();
    dues.sort_by_key(|(due, _)| *due);
    dues.truncate(MAX_TASK_DUES);
    dues.into_iter().map(|(_, due)| due).collect()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn waits_for(view: &CaseView) -> BTreeSet<Seat> {
    let facets = &view.facets;
    let approvals = facets.approvals.pending();
    let mut whom: BTreeSet<Seat> = approvals.flat_map(|(_, one)| one.waits_for()).collect();
    whom.extend(facets.transfers.open().map(|(_, one)| one.to.clone()));
    whom.extend(
        facets
            .referrals
            .open()
            .filter_map(|(_, one)| one.to.clone()),
    );
    whom
}

fn count_tasks(view: &CaseView) -> (u32, u32) {
    let mut counts = (0, 0);
    for task in view.tasks.values() {
        match task.status.value() {
            TaskStatus::Done => counts = (counts.0 + 1, counts.1 + 1),
            TaskStatus::Open => counts.1 += 1,
            TaskStatus::Cancelled => {}
        }
    }
    counts
}
