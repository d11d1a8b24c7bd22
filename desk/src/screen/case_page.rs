//! The page of a case: header, what to look at, fields, tasks, decisions, comments.

mod comments;
mod flags;
mod overrides;

pub use self::overrides::said;

use casework::case::PartId;
use casework::template::{Field, Revision, Today};
use casework::view::{CaseView, CommentView, TaskStatus, TaskView};
use casework::{AccessView, ContestedPlace, Presence};

use super::Screen;
use super::agreements;
use super::clocks;
use super::contest;
use super::form_page;
use super::ink::{Depth, Tone};
use super::page::{INDENT, Page};
use super::part_page::PartPage;
use super::presence;
use super::words::{count, here, origin, plain, width};
use casework::Names;
use casework::telling::Glossary;

/// Digits of a task's or comment's id that are shown and can be typed.
const ID_DIGITS: usize = 4;
/// Widest column of field labels.
const MAX_LABEL: usize = 28;
/// Columns of a task's mark and id, under which its title goes on.
const TASK_HANG: usize = 9;
/// What is shown in place of a required value.
const MISSING: &str = "missing, required here";

/// Everything a page is made of.
#[derive(Debug, Clone, Copy)]
pub struct CasePage<'a> {
    /// The case.
    pub view: &'a CaseView,
    /// Its template's revision, if it is here.
    pub revision: Option<&'a Revision>,
    /// What people call the template.
    pub template: &'a str,
    /// Its comments.
    pub comments: &'a [CommentView],
    /// What is contested.
    pub contested: &'a [ContestedPlace],
    /// People and devices.
    pub names: &'a Names,
    /// Changes of this case that wait for an adoption.
    pub held: usize,
    /// Whether some of its work is not on the server yet.
    pub unsynced: bool,
    /// Documents, parties, links, and where it is kept.
    pub parts: PartPage<'a>,
    /// Who is on it and who sees it.
    pub access: Option<&'a AccessView>,
    /// Who else has it open.
    pub here: &'a Presence,
    /// The moment, and the day where the reader is.
    pub today: &'a Today,
}

impl CasePage<'_> {
    /// The lines of the page.
    #[must_use]
    pub fn lines(&self, screen: Screen) -> Vec<String> {
        let mut page = Page::new(screen);
        self.header(&mut page);
        self.parts.marks(&mut page);
        self.flags(&mut page);
        contest::show(&self.view.number, self.contested, &mut page);
        if let Some(revision) = self.revision {
            clocks::show(self.view, revision, self.today, &mut page);
        }
        self.fields(&mut page);
        self.tasks(&mut page);
        self.decisions(&mut page);
        self.parts.sections(&mut page);
        agreements::approvals(self.view, self.revision, self.names, &mut page);
        agreements::handovers(self.view, self.names, &mut page);
        let now_ms = self.today.now.as_millisecond();
        agreements::holds(self.view, now_ms, self.names, &mut page);
        self.overrides(&mut page);
        form_page::section(&self.view.facets.forms, &mut page);
        self.comments(&mut page);
        page.finish()
    }

    fn glossary(&self) -> Glossary<'_> {
        Glossary {
            revision: self.revision,
            names: self.names,
        }
    }

    fn header(&self, page: &mut Page) {
        let (view, glossary) = (self.view, self.glossary());
        let number = page.tone(Tone::Strong, &plain(&view.number));
        let stage = view.stage.value();
        let name = format!(" {} ", glossary.stage(stage));
        let stage = match page.screen.depth {
            Depth::None => format!("[{}]", name.trim()),
            depth @ (Depth::Palette | Depth::True) => depth.on(glossary.colour(stage), &name),
        };
        page.spread(&format!("{number}  {}", plain(view.title.value())), &stage);
        let opened = view.origins.get(view.opened);
        let about = [
            format!("opened {}", origin(self.names, opened)),
            format!("changed {}", here(view.changed_ms)),
            count(view.changes, "change"),
            format!("id {}", view.document.short()),
            plain(self.template),
        ];
        page.toned(Tone::Quiet, &about.join(" · "));
        let mut who = vec![format!(
            "owner {}",
            self.names.or_nobody(*view.owner.value())
        )];
        if !view.assignees.is_empty() {
            who.push(format!(
                "assigned {}",
                self.names.several(view.assignees.iter().copied())
            ));
        }
        if let Some(priority) = view.priority.value() {
            who.push(format!("priority {}", plain(priority)));
        }
        if let Some(severity) = view.severity.value() {
            who.push(format!("severity {}", plain(severity)));
        }
        if !view.watchers.is_empty() {
            let watchers = self.names.several(view.watchers.iter().copied());
            who.push(format!("watched by {watchers}"));
        }
        if let Some(due) = view.due.value() {
            who.push(clocks::due_words(due, !view.is_closed(), self.today, page));
        }
        if !view.labels.is_empty() {
            let labels: Vec<String> = view.labels.iter().map(|label| plain(label)).collect();
            who.push(format!("labels {}", labels.join(", ")));
        }
        page.flow(0, INDENT, &who.join(" · "));
        if let Some(others) = presence::line(self.here, self.names) {
            let line = page.tone(Tone::Strong, &format!("open now: {others}"));
            page.flow(0, INDENT, &line);
        }
        if let Some(access) = self.access.filter(|access| access.restricted) {
            let named = super::access::several(&access.principals, self.names);
            let line = format!("restricted to {named}");
            page.line(page.tone(Tone::Warning, &line));
        }
        if let Some(closing) = view.closed.value() {
            let by = origin(self.names, view.origins.get(view.closed.shown().by));
            let line = format!("closed: {} · {by}", glossary.closing(closing));
            page.line(page.tone(Tone::Good, &line));
        }
    }

    /// The fields that are filled, and those that the stage requires and that are not.
    fn fields(&self, page: &mut Page) {
        let Some(revision) = self.revision else {
            page.heading("Fields", "the template's revision has not arrived");
            return;
        };
        let required = revision
            .stage(self.view.stage.value())
            .map(|stage| &stage.required[..]);
        let is_required =
            |field: &Field| required.is_some_and(|required| required.contains(&field.id));
        let shown: Vec<(&Field, String, Option<Tone>)> = revision
            .fields()
            .iter()
            .filter_map(|field| {
                let words = self.field_words(field);
                match words {
                    Some((words, tone)) => Some((field, words, tone)),
                    None if is_required(field) => {
                        Some((field, MISSING.to_owned(), Some(Tone::Bad)))
                    }
                    None => None,
                }
            })
            .collect();
        let empty = revision.fields().len() - shown.len();
        page.heading(
            "Fields",
            &format!("* required in this stage · {empty} more are empty"),
        );
        let label = |field: &Field| {
            format!(
                "{}{}",
                plain(&field.label),
                if is_required(field) { " *" } else { "" }
            )
        };
        let columns = shown.iter().map(|(field, _, _)| width(&label(field))).max();
        let columns = columns.unwrap_or_default().min(MAX_LABEL);
        for (field, words, tone) in &shown {
            page.pair(&label(field), columns, words, *tone);
        }
    }

    fn field_words(&self, field: &Field) -> Option<(String, Option<Tone>)> {
        let revision = self.revision?;
        let held = self.view.held(revision, &field.id)?;
        if let Some(reason) = &held.redacted {
            return Some((format!("redacted: {}", plain(reason)), Some(Tone::Quiet)));
        }
        let content = self.view.content(revision, field);
        let contested = held.is_contested(field.policy());
        if content.is_none() && !contested {
            return None;
        }
        let words = content.map_or_else(
            || "empty".to_owned(),
            |content| self.glossary().content(field, &content),
        );
        if contested {
            return Some((format!("{words}  (contested)"), Some(Tone::Bad)));
        }
        Some((words, None))
    }

    fn tasks(&self, page: &mut Page) {
        let tasks = self.view.tasks_in_order();
        if tasks.is_empty() {
            return;
        }
        let done = tasks
            .iter()
            .filter(|(_, task)| *task.status.value() == TaskStatus::Done);
        page.heading(
            "Tasks",
            &format!("{} of {} done", done.count(), tasks.len()),
        );
        for (id, task) in tasks {
            self.task(id, task, page);
        }
    }

    fn task(&self, id: PartId, task: &TaskView, page: &mut Page) {
        let (mark, tone) = match task.status.value() {
            TaskStatus::Open => ("[ ]", None),
            TaskStatus::Done => ("[x]", Some(Tone::Good)),
            TaskStatus::Cancelled => ("[-]", Some(Tone::Quiet)),
        };
        let mut about = Vec::new();
        if let Some(member) = task.assignee.value() {
            about.push(self.names.member(*member));
        }
        if let Some(due) = task.due.value() {
            let open = *task.status.value() == TaskStatus::Open;
            about.push(clocks::due_words(due, open, self.today, page));
        }
        if let Some(repeat) = task.repeats() {
            about.push(plain(repeat));
        }
        if task.is_contested() {
            about.push(page.tone(Tone::Bad, "contested"));
        }
        let title = plain(task.title.value());
        let title = tone.map_or(title.clone(), |tone| page.tone(tone, &title));
        let id = page.tone(Tone::Quiet, &short(id));
        let indent = " ".repeat(INDENT);
        let line = format!("{mark} {id} {title}  {}", about.join(" · "));
        page.flow(INDENT, TASK_HANG, line.trim_end());
        for item in &task.items {
            let mark = if *item.done.value() { "[x]" } else { "[ ]" };
            let id = page.tone(Tone::Quiet, &short(item.id));
            page.line(format!(
                "{indent}    {mark} {id} {}",
                plain(item.text.value())
            ));
        }
    }

    fn decisions(&self, page: &mut Page) {
        if self.view.decisions.is_empty() {
            return;
        }
        page.heading("Decisions", "");
        let mut decisions: Vec<_> = self.view.decisions.iter().collect();
        decisions.sort_by_key(|(id, decision)| (decision.position, **id));
        for (_, decision) in decisions {
            let glossary = self.glossary();
            let question = glossary.question(&decision.question);
            let outcome = glossary.outcome(&decision.question, &decision.outcome);
            let by = origin(self.names, self.view.origins.get(decision.by));
            let line = format!("{question}  {}", page.tone(Tone::Strong, &outcome));
            let standing = if decision.current {
                ""
            } else {
                " (superseded)"
            };
            let by = page.tone(Tone::Quiet, &format!("{by}{standing}"));
            page.line(format!("{}{line}  {by}", " ".repeat(INDENT)));
            for text in [&decision.rationale, &decision.conditions] {
                if !text.is_empty() {
                    page.text(INDENT + 2, text);
                }
            }
        }
    }
}

/// The beginning of an id: enough to type.
#[must_use]
pub fn short(id: PartId) -> String {
    id.to_string().chars().take(ID_DIGITS).collect()
}
