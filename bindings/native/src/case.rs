//! A case as a page shows it: every place with its value and its author. Read from the stored
//! view: no document is opened.

mod fields;

use casework::Names;
use casework::case::PartId;
use casework::template::Revision;
use casework::view;

use crate::case_parts::{self, Parts};
use crate::error::CaseworkError;
use crate::listing::{Person, people, person};
use crate::template_parts::{FieldKind, FieldPolicy};
use crate::text::{Value, count, json, read, write_all, write_some};
use crate::vocabulary::{Badge, Kept, TaskStatus};
use crate::workspace::Workspace;

/// Who wrote something, and when.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Origin {
    /// Who, proved by the signature.
    pub by: Option<Person>,
    /// When, by the clock of who did.
    pub at_ms: i64,
    /// That clock's offset from UTC, in minutes.
    pub zone_min: i16,
    /// Why.
    pub reason: Option<String>,
    /// The change that wrote it.
    pub change_id: String,
}

/// A case. Parts come in the order of their creation.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CaseView {
    /// Its id.
    pub id: String,
    /// Its template's id.
    pub template_id: String,
    /// Its number, as people say it.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Its stage's id.
    pub stage: String,
    /// What people call the stage.
    pub stage_name: String,
    /// Its owner.
    pub owner: Option<Person>,
    /// Its assignees.
    pub assignees: Vec<Person>,
    /// Members who are told of what happens to it.
    pub watchers: Vec<Person>,
    /// Its labels.
    pub labels: Vec<String>,
    /// Its priority.
    pub priority: Option<String>,
    /// Its severity.
    pub severity: Option<String>,
    /// When it is due: a day `YYYY-MM-DD`, or a moment such as `2026-03-01T17:00:00+01:00`.
    pub due: Option<String>,
    /// The resolution it was closed with.
    pub closed: Option<String>,
    /// Notes on that.
    pub closing_notes: String,
    /// Who closed it, and when.
    #[uniffi(default = None)]
    pub closed_by: Option<Origin>,
    /// When it entered its stage.
    #[uniffi(default = 0)]
    pub entered_ms: i64,
    /// Its fields in the order of the template, empty ones included; those that the template does
    /// not know last.
    pub fields: Vec<FieldView>,
    /// Its tasks.
    pub tasks: Vec<TaskView>,
    /// Its decisions.
    pub decisions: Vec<DecisionView>,
    /// Approvals, documents, parties, offers, holds and forms.
    pub parts: Parts,
    /// The contested places; [`Workspace::conflicts`] has their sides.
    pub contested: Vec<String>,
    /// Labels of the fields that the stage requires and that are empty.
    pub requirements_unmet: Vec<String>,
    /// What people should see at a glance; `Unsynced` and `Held` stand on cards only.
    pub badges: Vec<Badge>,
    /// Where it is kept.
    pub kept: Kept,
    /// Comments.
    pub comments: u32,
    /// Who opened it, and when.
    pub opened: Origin,
    /// Who changed it last, and when.
    pub last: Origin,
}

/// A field of a case.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FieldView {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// What it holds; nothing for a field that the template does not know.
    pub kind: Option<FieldKind>,
    /// Its value as people read it; empty when it has none.
    pub words: String,
    /// What a form shows: words that, given back ([`Workspace::set_fields`]), leave it as it is.
    /// Empty for an empty field and for a counter.
    #[uniffi(default = "")]
    pub edit_words: String,
    /// What can be done with it in the stage where the case stands.
    #[uniffi(default = None)]
    pub policy: Option<FieldPolicy>,
    /// Its value as it is stored; nothing for sets, counters and prose.
    pub value: Value,
    /// The chosen options of a multi select (ids).
    #[uniffi(default = [])]
    pub options: Vec<String>,
    /// The sum of a counter.
    #[uniffi(default = None)]
    pub count: Option<i64>,
    /// Several people wrote different values.
    #[uniffi(default = false)]
    pub contested: bool,
    /// Why it is hidden.
    #[uniffi(default = None)]
    pub redacted: Option<String>,
    /// Who wrote it, and when; nothing for sets, counters, prose and empty fields.
    #[uniffi(default = None)]
    pub by: Option<Origin>,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TaskView {
    /// Its id.
    pub id: String,
    /// What is to be done.
    pub title: String,
    /// By whom.
    pub assignee: Option<Person>,
    /// By when: a day `YYYY-MM-DD`, or a moment such as `2026-03-01T17:00:00+01:00`.
    pub due: Option<String>,
    /// How it stands.
    pub status: TaskStatus,
    /// When it comes again.
    pub repeats: Option<String>,
    /// Its checklist.
    pub items: Vec<TaskItem>,
    /// Several people wrote different things about it.
    pub contested: bool,
    /// Who finished or cancelled it, and when; nothing while it is open.
    #[uniffi(default = None)]
    pub ended_by: Option<Origin>,
}

/// An item of a checklist.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TaskItem {
    /// Its id.
    pub id: String,
    /// What it says.
    pub text: String,
    /// Checked or not.
    pub done: bool,
    /// Who checked it, and when.
    #[uniffi(default = None)]
    pub done_by: Option<Origin>,
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DecisionView {
    /// Its id.
    pub id: String,
    /// The question's id in the template.
    pub question: String,
    /// The outcome's id.
    pub outcome: String,
    /// Why.
    pub rationale: String,
    /// On what conditions.
    pub conditions: String,
    /// Not replaced by another.
    pub current: bool,
    /// Who decided, and when.
    pub by: Origin,
}

#[uniffi::export]
impl Workspace {
    /// A case.
    ///
    /// # Errors
    /// `Invalid` for a case that is not here; `Corrupt` for a quarantined one; `Unavailable` when
    /// the store fails; `Closed`.
    pub fn case_view(&self, case_id: &str) -> Result<CaseView, CaseworkError> {
        let (sdk, id) = (self.sdk()?, read(case_id)?);
        let template = sdk.look_at(id, |view| view.template)?;
        let (revision, names) = (sdk.revision(template).ok(), sdk.names()?);
        let seen = sdk.look_at(id, |view| {
            case(&Reading {
                view,
                revision: revision.as_deref(),
                names: &names,
                badges: view::Badges::of(view),
            })
        });
        Ok(seen?)
    }

    /// A case with everything that is known of it, as JSON: as the command line prints it. For
    /// what the records do not carry (the run of automations, readings, the way through stages).
    ///
    /// # Errors
    /// `Invalid` for a case that is not here; `Corrupt` for a quarantined one; `Unavailable` when
    /// the store fails; `Closed`.
    pub fn case_json(&self, case_id: &str) -> Result<String, CaseworkError> {
        json(&self.sdk()?.case(read(case_id)?)?)
    }
}

/// A case that is being read.
pub(crate) struct Reading<'a> {
    pub(crate) view: &'a view::CaseView,
    pub(crate) revision: Option<&'a Revision>,
    pub(crate) names: &'a Names,
    pub(crate) badges: view::Badges,
}

impl Reading<'_> {
    pub(crate) fn origin(&self, by: view::OriginRef) -> Origin {
        origin(self.view.origins.get(by), self.names)
    }
}

fn case(reading: &Reading<'_>) -> CaseView {
    let Reading { view, names, .. } = reading;
    let stage = view.stage.value().clone();
    let known = reading.revision.and_then(|revision| revision.stage(&stage));
    let closing = view.closed.value().as_ref();
    let label = |id: &String| fields::field_label(reading.revision, id);
    CaseView {
        id: view.document.hex(),
        template_id: view.template.hex(),
        number: view.number.clone(),
        title: view.title.value().clone(),
        stage_name: known.map_or_else(|| stage.clone(), |stage| stage.name.clone()),
        stage,
        owner: view.owner.value().map(|member| person(member, names)),
        assignees: people(&view.assignees, names),
        watchers: people(&view.watchers, names),
        labels: write_all(&view.labels),
        priority: view.priority.value().clone(),
        severity: view.severity.value().clone(),
        due: view.due.value().clone(),
        closed: closing.map(|closing| closing.code.clone()),
        closing_notes: closing
            .map(|closing| closing.notes.clone())
            .unwrap_or_default(),
        closed_by: closing.map(|_| reading.origin(view.closed.shown().by)),
        entered_ms: view.stage_entered_ms(),
        fields: fields::fields(reading),
        tasks: view
            .tasks_in_order()
            .into_iter()
            .map(|(id, one)| task(reading, id, one))
            .collect(),
        decisions: decisions(reading),
        parts: case_parts::parts(reading),
        contested: write_all(&view.flags.contested),
        requirements_unmet: view.flags.requirements_unmet.iter().map(label).collect(),
        badges: reading.badges.iter().collect(),
        kept: Kept::of(view),
        comments: count(usize::try_from(view.comments()).unwrap_or(usize::MAX)),
        opened: reading.origin(view.opened),
        last: reading.origin(view.last),
    }
}

fn task(reading: &Reading<'_>, id: PartId, task: &view::TaskView) -> TaskView {
    let names = reading.names;
    let item = |item: &view::ItemView| TaskItem {
        id: item.id.hex(),
        text: item.text.value().clone(),
        done: *item.done.value(),
        done_by: item
            .done
            .value()
            .then(|| reading.origin(item.done.shown().by)),
    };
    let is_open = *task.status.value() == TaskStatus::Open;
    TaskView {
        id: id.hex(),
        title: task.title.value().clone(),
        assignee: task.assignee.value().map(|member| person(member, names)),
        due: task.due.value().clone(),
        status: *task.status.value(),
        repeats: write_some(task.repeats()),
        items: task.items.iter().map(item).collect(),
        contested: task.is_contested(),
        ended_by: (!is_open).then(|| reading.origin(task.status.shown().by)),
    }
}

fn decisions(reading: &Reading<'_>) -> Vec<DecisionView> {
    let mut all: Vec<_> = reading.view.decisions.iter().collect();
    all.sort_by_key(|(id, one)| (one.position, **id));
    let decision = |(id, one): (&PartId, &view::DecisionView)| DecisionView {
        id: id.hex(),
        question: one.question.clone(),
        outcome: one.outcome.clone(),
        rationale: one.rationale.clone(),
        conditions: one.conditions.clone(),
        current: one.current,
        by: reading.origin(one.by),
    };
    all.into_iter().map(decision).collect()
}

/// Who wrote something, and when.
pub(crate) fn origin(origin: &view::Origin, names: &Names) -> Origin {
    Origin {
        by: origin.member.map(|member| person(member, names)),
        at_ms: origin.claimed_ms,
        zone_min: origin.zone_min,
        reason: origin.reason.clone(),
        change_id: origin.change.hex(),
    }
}
