//! Cards: what boards and lists show of a case; the list with its filters and pages.

use std::collections::HashMap;
use std::sync::Arc;

use casework::ids::{DocumentId, MemberId};
use casework::template::Revision;
use casework::view::{self, CardValue};
use casework::{Names, view::Filter};

use crate::board::Sorting;
use crate::error::CaseworkError;
use crate::text::{count, read, read_all, read_some, write_all};
use crate::vocabulary::{Badge, Category, Kept, SlaState};
use crate::workspace::Workspace;

/// A member, with the name to show.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Person {
    /// The member's id.
    pub id: String,
    /// The member's name, or the beginning of the id of one nobody knows.
    pub name: String,
}

/// What boards and lists show of a case.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Card {
    /// The case's id.
    pub case_id: String,
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
    /// What standing there means; nothing for a stage that the template does not know.
    pub category: Option<Category>,
    /// Its owner.
    pub owner: Option<Person>,
    /// Its assignees.
    pub assignees: Vec<Person>,
    /// Its labels.
    pub labels: Vec<String>,
    /// Its priority.
    pub priority: Option<String>,
    /// Its severity.
    pub severity: Option<String>,
    /// When it is due: a day `YYYY-MM-DD`, or a moment such as `2026-03-01T17:00:00+01:00`.
    pub due: Option<String>,
    /// What people should see at a glance.
    pub badges: Vec<Badge>,
    /// The fields that the template shows on cards.
    pub fields: Vec<CardField>,
    /// Tasks that are done.
    pub tasks_done: u32,
    /// Tasks there are, cancelled ones left out.
    pub tasks: u32,
    /// Comments.
    pub comments: u32,
    /// When it was opened.
    pub opened_ms: i64,
    /// When it entered its stage.
    pub entered_ms: i64,
    /// When it changed last.
    pub changed_ms: i64,
    /// The resolution it was closed with.
    pub closed: Option<String>,
    /// Where it is kept.
    pub kept: Kept,
    /// How its most urgent clock stands.
    pub clock: Option<SlaState>,
    /// When that clock is over.
    pub clock_due_ms: Option<i64>,
    /// The deadlines of its open tasks, the earliest first, at most twenty.
    #[uniffi(default = [])]
    pub task_dues: Vec<TaskDue>,
    /// The names of its flags.
    #[uniffi(default = [])]
    pub flags: Vec<String>,
}

/// The deadline of an open task.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TaskDue {
    /// The task's id.
    pub task_id: String,
    /// What is to be done.
    pub title: String,
    /// By whom.
    pub assignee: Option<Person>,
    /// By when: a day `YYYY-MM-DD`, or a moment such as `2026-03-01T17:00:00+01:00`.
    pub due: String,
}

/// A field on a card.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CardField {
    /// The field's id.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// Its value as people read it.
    pub words: String,
    /// Hidden on cards, for it is sensitive: the words are empty.
    #[uniffi(default = false)]
    pub masked: bool,
}

/// Which cases to show. The default shows all that are in use.
#[derive(Debug, Clone, Default, PartialEq, Eq, uniffi::Record)]
pub struct CaseFilter {
    /// Of these members, as owner or assignee (ids).
    #[uniffi(default = None)]
    pub people: Option<Vec<String>>,
    /// Of nobody.
    #[uniffi(default = false)]
    pub unassigned: bool,
    /// With all of these labels.
    #[uniffi(default = [])]
    pub labels: Vec<String>,
    /// With these words in number, title or the fields on the card.
    #[uniffi(default = "")]
    pub text: String,
    /// In stages of these categories.
    #[uniffi(default = None)]
    pub categories: Option<Vec<Category>>,
    /// With all of these badges.
    #[uniffi(default = [])]
    pub badges: Vec<Badge>,
    /// Overdue now, by this offset from UTC in minutes.
    #[uniffi(default = None)]
    pub overdue_at_offset: Option<i16>,
    /// With a clock that stands so now.
    #[uniffi(default = [])]
    pub clocks: Vec<SlaState>,
    /// Not finished.
    #[uniffi(default = false)]
    pub unfinished: bool,
    /// Kept in these places; nothing means what is in use.
    #[uniffi(default = None)]
    pub kept: Option<Vec<Kept>>,
}

/// A part of a list. Ask for the next by adding `take` to `skip`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct Page {
    /// How many to leave out.
    #[uniffi(default = 0)]
    pub skip: u32,
    /// How many at most.
    #[uniffi(default = 50)]
    pub take: u32,
}

/// A page of cards.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CardPage {
    /// How many the whole list has.
    pub total: u32,
    /// Those of the page.
    pub cards: Vec<Card>,
}

#[uniffi::export]
impl Workspace {
    /// A page of the list of cases, of one template or of all.
    ///
    /// # Errors
    /// `Invalid` for an id that is none; `Unavailable` when the store fails; `Closed`.
    #[uniffi::method(default(template_id = None))]
    pub fn list_cases(
        &self,
        filter: CaseFilter,
        sorting: Sorting,
        page: Page,
        template_id: Option<String>,
    ) -> Result<CardPage, CaseworkError> {
        let sdk = self.sdk()?;
        let template = read_some(template_id.as_deref())?;
        let found = sdk.list(template, &filter.read()?, sorting.into(), page.span())?;
        Ok(CardPage {
            total: count(found.total),
            cards: cards(&sdk, found.cards)?,
        })
    }

    /// What a list shows of one case: to draw its row again after a change.
    ///
    /// # Errors
    /// `Invalid` for a case that is not here; `Unavailable` when the store fails; `Closed`.
    pub fn card(&self, case_id: &str) -> Result<Card, CaseworkError> {
        let sdk = self.sdk()?;
        let found = cards(&sdk, [sdk.card(read(case_id)?)?])?;
        let none = || CaseworkError::Invalid(format!("the case {case_id} is not here"));
        found.into_iter().next().ok_or_else(none)
    }

    /// The cards of every case on this device, in no order. For a few hundred; else page.
    ///
    /// # Errors
    /// `Unavailable` when the store fails; `Closed`.
    pub fn cards(&self) -> Result<Vec<Card>, CaseworkError> {
        let sdk = self.sdk()?;
        cards(&sdk, sdk.cards()?)
    }
}

impl Page {
    pub(crate) fn span(self) -> (usize, usize) {
        (self.skip as usize, self.take as usize)
    }
}

impl CaseFilter {
    pub(crate) fn read(self) -> Result<Filter, CaseworkError> {
        let people = self
            .people
            .as_deref()
            .map(read_all::<MemberId, _>)
            .transpose()?;
        let states: std::collections::BTreeSet<SlaState> = self.clocks.into_iter().collect();
        let now = casework::timestamp();
        Ok(Filter {
            people,
            unassigned: self.unassigned,
            labels: self.labels.into_iter().collect(),
            text: self.text,
            categories: self.categories.map(|all| all.into_iter().collect()),
            badges: self.badges.into_iter().collect(),
            overdue_on: self.overdue_at_offset.map(casework::today_at_offset),
            sla: (!states.is_empty()).then(|| (states, now.as_millisecond())),
            unfinished: self.unfinished,
            kept: self.kept.map(|all| all.into_iter().collect()),
        })
    }
}

/// A member with a name.
pub(crate) fn person(member: MemberId, names: &Names) -> Person {
    Person {
        id: member.hex(),
        name: names.member(member),
    }
}

/// Several.
pub(crate) fn people<'m>(
    members: impl IntoIterator<Item = &'m MemberId>,
    names: &Names,
) -> Vec<Person> {
    members
        .into_iter()
        .map(|member| person(*member, names))
        .collect()
}

/// Cards of the engine, for the app.
pub(crate) fn cards(
    sdk: &casework::Workspace,
    cards: impl IntoIterator<Item = view::Card>,
) -> Result<Vec<Card>, CaseworkError> {
    let (now, names) = (casework::timestamp().as_millisecond(), sdk.names()?);
    let mut templates: HashMap<DocumentId, Option<Arc<Revision>>> = HashMap::new();
    let one = |one: view::Card| {
        let known = templates.entry(one.template);
        let revision = known.or_insert_with(|| sdk.revision(one.template).ok());
        card(one, (revision.as_deref(), &names), now)
    };
    Ok(cards.into_iter().map(one).collect())
}

fn card(card: view::Card, (revision, names): (Option<&Revision>, &Names), now: i64) -> Card {
    let stage = revision.and_then(|revision| revision.stage(&card.stage));
    let (clock, clock_due_ms) = (card.sla(now), card.first_clock().map(|clock| clock.due_ms));
    Card {
        case_id: card.document.hex(),
        stage_name: stage.map_or_else(|| card.stage.clone(), |stage| stage.name.clone()),
        template_id: card.template.hex(),
        category: card.category,
        owner: card.owner.map(|member| person(member, names)),
        assignees: people(&card.assignees, names),
        labels: write_all(&card.labels),
        badges: card.badges.iter().collect(),
        tasks_done: card.tasks.0,
        tasks: card.tasks.1,
        comments: count(usize::try_from(card.comments).unwrap_or(usize::MAX)),
        opened_ms: card.opened_ms,
        entered_ms: card.entered_ms,
        changed_ms: card.changed_ms,
        kept: card.kept,
        clock,
        clock_due_ms,
        task_dues: card
            .task_dues
            .into_iter()
            .map(|one| task_due(one, names))
            .collect(),
        flags: write_all(card.flags),
        fields: card
            .fields
            .into_iter()
            .map(|one| field(one, names))
            .collect(),
        number: card.number,
        title: card.title,
        stage: card.stage,
        priority: card.priority,
        severity: card.severity,
        due: card.due,
        closed: card.closed,
    }
}

fn task_due(one: view::TaskDue, names: &Names) -> TaskDue {
    TaskDue {
        task_id: one.task.hex(),
        title: one.title,
        assignee: one.assignee.map(|member| person(member, names)),
        due: one.due,
    }
}

fn field(field: view::CardField, names: &Names) -> CardField {
    let masked = matches!(field.value, CardValue::Masked);
    let words = match field.value {
        CardValue::Words(words) => words,
        CardValue::Member(member) => names.member(member),
        CardValue::Masked => String::new(),
    };
    CardField {
        id: field.id,
        label: field.label,
        words,
        masked,
    }
}
