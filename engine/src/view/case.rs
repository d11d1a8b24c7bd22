//! What people see of a case: every place with its value, its rivals and their authors.
//!
//! A view is stored beside the document (`engine/src/replica`), so that reading a case never loads
//! it. Comments are not inside: they have rows of their own ([`crate::view::CommentView`]).
//! Invariant: equal sets of changes have equal views, however they arrived.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::ids::{DocumentId, MemberId};
use serde::{Deserialize, Serialize};

use super::facet::Facets;
use super::field::FieldView;
use super::flags::Flags;
use super::journey::Journey;
use super::side::{OriginRef, Origins, Renumbering, Slot};
use crate::case::action::Closing;
use crate::case::{PartId, RevisionMark, schema};

/// First byte of a stored view. A view of another version is read anew from its document.
const STORED_VERSION: u8 = 3;

/// A case as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseView {
    /// The document of the case.
    pub document: DocumentId,
    /// The template it was opened from.
    pub template: DocumentId,
    /// The revision it was last acted on under; `None` only in a document that never passed
    /// admission.
    pub revision: Option<RevisionMark>,
    /// Its number, provisional (`HR-~K7Q2`) or final.
    pub number: String,
    /// What people call it.
    pub title: Slot<String>,
    /// Where it stands; the origin of the shown side says since when.
    pub stage: Slot<String>,
    /// Who answers for it.
    pub owner: Slot<Option<MemberId>>,
    /// How soon.
    pub priority: Slot<Option<String>>,
    /// How bad.
    pub severity: Slot<Option<String>>,
    /// When it is due: a day `YYYY-MM-DD`, or a moment.
    pub due: Slot<Option<String>>,
    /// How it was closed; `None` while it is open.
    pub closed: Slot<Option<Closing>>,
    /// Who works on it.
    pub assignees: BTreeSet<MemberId>,
    /// Who is told about it.
    pub watchers: BTreeSet<MemberId>,
    /// Its labels.
    pub labels: BTreeSet<String>,
    /// The fields that were ever written, by field id.
    pub fields: BTreeMap<String, FieldView>,
    /// Its tasks, by task id.
    pub tasks: BTreeMap<PartId, TaskView>,
    /// Its decisions, by decision id.
    pub decisions: BTreeMap<PartId, DecisionView>,
    /// What was done although a rule asked, by action id.
    pub overrides: BTreeMap<PartId, OverrideView>,
    /// Its documents, parties, links…
    pub facets: Facets,
    /// The stages it entered, and when it was closed and reopened.
    pub journey: Journey,
    /// What is to be looked at.
    pub flags: Flags,
    /// Comments in each of the sixteen buckets of the document.
    pub comment_buckets: [u32; 16],
    /// Changes in the document.
    pub changes: u64,
    /// The change that opened the case.
    pub opened: OriginRef,
    /// The newest change in causal order.
    pub last: OriginRef,
    /// The newest change in causal order that a person made: neither a rule nor the agent.
    pub active: OriginRef,
    /// The latest claimed time among the changes nothing was built on yet, milliseconds UTC.
    pub changed_ms: i64,
    /// The changes whose values are shown.
    pub origins: Origins,
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TaskStatus {
    /// To be done.
    Open,
    /// Done.
    Done,
    /// No longer wanted.
    Cancelled,
}

/// A task of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskView {
    /// What is to be done.
    pub title: Slot<String>,
    /// By whom.
    pub assignee: Slot<Option<MemberId>>,
    /// Until when: a day `YYYY-MM-DD`, or a moment.
    pub due: Slot<Option<String>>,
    /// Whether it is done.
    pub status: Slot<TaskStatus>,
    /// How it repeats, in words; `None` while nobody ever said.
    pub repeat: Option<Slot<Option<String>>>,
    /// Its checklist, in the order of creation.
    pub items: Vec<ItemView>,
    /// Place in the order of creation (the operation's counter); ties go by id.
    pub position: u64,
    /// Who created it.
    pub created: OriginRef,
}

/// A line of a checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemView {
    /// Its id.
    pub id: PartId,
    /// What it says.
    pub text: Slot<String>,
    /// Whether it is ticked.
    pub done: Slot<bool>,
    /// Place in the order of creation; ties go by id.
    pub position: u64,
}

/// A decision. It is never edited; a later one may supersede it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionView {
    /// What was to be decided.
    pub question: String,
    /// The answer.
    pub outcome: String,
    /// Why.
    pub rationale: String,
    /// Under which conditions, or nothing.
    pub conditions: String,
    /// The decisions it takes the place of.
    pub supersedes: BTreeSet<PartId>,
    /// Whether no other decision takes its place. Two current ones on a question are contested.
    pub current: bool,
    /// Place in the order of creation (the operation's counter); ties go by id.
    pub position: u64,
    /// Who decided, and when.
    pub by: OriginRef,
}

/// Something done although a rule asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverrideView {
    /// The rule, as it was worded.
    pub rule: String,
    /// Why it was done all the same.
    pub why: String,
    /// Who did it.
    pub by: OriginRef,
}

/// A stored view that cannot be read: another version, or damaged bytes. Read the document again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored view of {bytes} bytes and version {version:?} is not readable")]
pub struct StoredViewError {
    /// How long the stored view is.
    pub bytes: usize,
    /// Its first byte.
    pub version: Option<u8>,
}

impl CaseView {
    /// How many comments the case has, redacted ones included.
    #[must_use]
    pub fn comments(&self) -> u64 {
        self.comment_buckets
            .iter()
            .map(|count| u64::from(*count))
            .sum()
    }

    /// Whether the case is closed.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed.value().is_some()
    }

    /// When it entered its stage, by the clock of the winning mover, milliseconds UTC.
    #[must_use]
    pub fn stage_entered_ms(&self) -> i64 {
        self.origins.get(self.stage.shown().by).claimed_ms
    }

    /// The tasks in the order of their creation.
    #[must_use]
    pub fn tasks_in_order(&self) -> Vec<(PartId, &TaskView)> {
        let mut tasks: Vec<_> = self.tasks.iter().map(|(id, task)| (*id, task)).collect();
        tasks.sort_by_key(|(id, task)| (task.position, *id));
        tasks
    }

    /// The bytes to store: a version and the view.
    #[must_use]
    pub fn to_stored(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![STORED_VERSION])
            .expect("a view has no sequence of unknown length")
    }

    /// Reads what [`Self::to_stored`] wrote.
    ///
    /// # Errors
    /// [`StoredViewError`] for another version or damaged bytes; the cure is to read the document.
    pub fn from_stored(bytes: &[u8]) -> Result<Self, StoredViewError> {
        let refusal = || StoredViewError {
            bytes: bytes.len(),
            version: bytes.first().copied(),
        };
        let (&STORED_VERSION, body) = bytes.split_first().ok_or_else(refusal)? else {
            return Err(refusal());
        };
        let mut view: Self = postcard::from_bytes(body).map_err(|_| refusal())?;
        let mut dangling = false;
        let origins = std::mem::take(&mut view.origins);
        view.visit_origins(&mut |by| dangling |= !origins.contains(*by));
        view.origins = origins;
        if dangling { Err(refusal()) } else { Ok(view) }
    }

    /// Brings the table of origins into its one canonical order.
    pub(crate) fn renumber(&mut self) {
        let old = std::mem::take(&mut self.origins);
        let mut renumbering = Renumbering::of(&old);
        self.visit_origins(&mut |by| renumbering.visit(by));
        self.origins = renumbering.finish();
    }

    /// Visits every reference to an origin, always in the same order.
    fn visit_origins(&mut self, visit: &mut dyn FnMut(&mut OriginRef)) {
        visit(&mut self.opened);
        visit(&mut self.last);
        visit(&mut self.active);
        self.title.visit(visit);
        self.stage.visit(visit);
        self.owner.visit(visit);
        self.priority.visit(visit);
        self.severity.visit(visit);
        self.due.visit(visit);
        self.closed.visit(visit);
        for field in self.fields.values_mut() {
            if let Some(value) = &mut field.value {
                value.visit(visit);
            }
        }
        for task in self.tasks.values_mut() {
            task.visit(visit);
        }
        for decision in self.decisions.values_mut() {
            visit(&mut decision.by);
        }
        for exception in self.overrides.values_mut() {
            visit(&mut exception.by);
        }
        self.facets.visit(visit);
        self.journey.visit(visit);
    }
}

impl TaskView {
    /// Whether any part of it is contested.
    #[must_use]
    pub fn is_contested(&self) -> bool {
        self.title.is_contested()
            || self.assignee.is_contested()
            || self.due.is_contested()
            || self.status.is_contested()
            || self.repeat.as_ref().is_some_and(Slot::is_contested)
            || self
                .items
                .iter()
                .any(|item| item.text.is_contested() || item.done.is_contested())
    }

    /// How it repeats, in words; `None` when it does not.
    #[must_use]
    pub fn repeats(&self) -> Option<&str> {
        self.repeat.as_ref()?.value().as_deref()
    }

    /// Ticked lines and all lines of the checklist.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (
            self.items.iter().filter(|item| *item.done.value()).count(),
            self.items.len(),
        )
    }

    fn visit(&mut self, visit: &mut dyn FnMut(&mut OriginRef)) {
        visit(&mut self.created);
        self.title.visit(visit);
        self.assignee.visit(visit);
        self.due.visit(visit);
        self.status.visit(visit);
        if let Some(repeat) = &mut self.repeat {
            repeat.visit(visit);
        }
        for item in &mut self.items {
            item.text.visit(visit);
            item.done.visit(visit);
        }
    }
}

impl TaskStatus {
    /// The word in documents and commands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => schema::TASK_OPEN,
            Self::Done => schema::TASK_DONE,
            Self::Cancelled => schema::TASK_CANCELLED,
        }
    }

    /// Reads the word; `None` for any other.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Open, Self::Done, Self::Cancelled]
            .into_iter()
            .find(|status| status.name() == name)
    }
}
