//! The timeline of a case: who did what, when they say and when the server had it, before → after.
//!
//! ✓ stands before an author whose signature was verified; every entry a replica holds has one.

use casework::case::{ActionKind, Closing, Place, TaskKey};
use casework::template::Revision;
use casework::value::Scalar;
use casework::view::{CaseView, Skew, TimelineEntry};

use super::Screen;
use super::deeds;
use super::glossary::{Glossary, Names};
use super::ink::Tone;
use super::page::Page;
use super::words::{cut, here, plain, there};

/// Longest value in a sentence, in columns.
const MAX_VALUE: usize = 60;
/// Columns of the claimed time and the gap after it.
const TIME_COLUMNS: usize = 18;

/// What a timeline is told with.
#[derive(Debug, Clone, Copy)]
pub struct Teller<'a> {
    /// The words.
    pub glossary: Glossary<'a>,
    /// The case, for titles of its parts.
    pub view: &'a CaseView,
}

impl<'a> Teller<'a> {
    /// A teller of one case.
    #[must_use]
    pub fn new(view: &'a CaseView, revision: Option<&'a Revision>, names: &'a Names) -> Self {
        Self {
            glossary: Glossary { revision, names },
            view,
        }
    }

    /// The lines of a timeline.
    #[must_use]
    pub fn lines(&self, entries: &[TimelineEntry], screen: Screen) -> Vec<String> {
        let mut page = Page::new(screen);
        for entry in entries {
            self.entry(entry, &mut page);
        }
        page.finish()
    }

    fn entry(&self, entry: &TimelineEntry, page: &mut Page) {
        let names = self.glossary.names;
        let claimed = there(entry.claimed_ms, entry.zone_min);
        let author = match entry.member {
            Some(member) => {
                format!("{} {}", page.tone(Tone::Good, "✓"), names.member(member))
            }
            None => page.tone(Tone::Bad, "author unknown here"),
        };
        let deed = self.deed(entry);
        let time = page.tone(Tone::Quiet, &claimed);
        page.flow(0, TIME_COLUMNS, &format!("{time}  {author}  {deed}"));
        let indent = " ".repeat(TIME_COLUMNS);
        if let Some(claim) = &entry.imported {
            let who = names.member(claim.who);
            let line = format!("imported: {who}, {}", there(claim.at_ms, claim.zone_min));
            page.line(format!("{indent}{}", page.tone(Tone::Warning, &line)));
        }
        if let Some(reason) = &entry.reason {
            page.text(TIME_COLUMNS, &format!("“{}”", plain(reason)));
        }
        let aside = self.aside(entry);
        page.flow(TIME_COLUMNS, 0, &page.tone(Tone::Quiet, &aside));
    }

    /// What stands under an entry: device, receipt, marks.
    fn aside(&self, entry: &TimelineEntry) -> String {
        let mut asides = Vec::new();
        if let Some(device) = entry.device {
            asides.push(self.glossary.names.device(device));
        }
        asides.push(match entry.arrival {
            Some(arrival) => format!("received {} as #{}", here(arrival.received_ms), arrival.seq),
            None => "not on the server yet".to_owned(),
        });
        if let Some(rule) = &entry.overrides {
            asides.push(format!("overrode: {}", plain(rule)));
        }
        for rule in &entry.breach.rules {
            asides.push(format!("broke a rule: {}", plain(rule)));
        }
        if let Some(newer) = &entry.breach.newer {
            let rules: Vec<String> = newer.rules.iter().map(|rule| plain(rule)).collect();
            let (revision, rules) = (newer.revision.short(), rules.join("; "));
            asides.push(format!(
                "breaks a newer rule (revision {revision}): {rules}"
            ));
        }
        if let Some(cause) = &entry.cause {
            let because = entry.trigger.as_deref().unwrap_or("its time came");
            asides.push(format!(
                "by rule {}, because: {}",
                plain(&cause.rule),
                plain(because)
            ));
        }
        if entry.redo_of.is_some() {
            asides.push("done again from the drawer".to_owned());
        }
        if let Some(undone) = entry.undo_of {
            asides.push(format!("takes back {}", undone.short()));
        }
        if entry.parallel {
            asides.push("parallel edit".to_owned());
        }
        match entry.skew {
            Some(Skew::AheadOfReceipt(ms)) => {
                asides.push(format!("clock {} min ahead", ms / 60_000));
            }
            Some(Skew::BehindWhatItKnew(ms)) => {
                asides.push(format!("clock {} min behind what it knew", ms / 60_000));
            }
            None => {}
        }
        asides.push(entry.change.short());
        asides.join(" · ")
    }

    /// What was done, in a sentence.
    #[must_use]
    pub fn deed(&self, entry: &TimelineEntry) -> String {
        let Some(action) = entry.action else {
            return "did something this version cannot read".to_owned();
        };
        if entry.redacted {
            return format!("{action}: redacted");
        }
        match action {
            ActionKind::CaseOpen => format!("opened {}", quoted(&entry.after)),
            ActionKind::TitleSet => format!("title {}", change(entry, &bare)),
            ActionKind::StageMove => {
                format!(
                    "stage {}",
                    change(entry, &|value| self.glossary.stage(&value.to_string()))
                )
            }
            ActionKind::FieldSet
            | ActionKind::FieldClear
            | ActionKind::OptionAdd
            | ActionKind::OptionRemove
            | ActionKind::CounterAdd
            | ActionKind::TextEdit => self.field_deed(action, entry),
            ActionKind::CommentAdd | ActionKind::CommentEdit | ActionKind::CommentRedact => {
                comment_deed(action, entry)
            }
            ActionKind::TaskCreate
            | ActionKind::TaskAssign
            | ActionKind::TaskReschedule
            | ActionKind::TaskDone
            | ActionKind::TaskCancel
            | ActionKind::TaskReopen
            | ActionKind::ItemAdd
            | ActionKind::ItemCheck => self.task_deed(action, entry),
            ActionKind::AssigneeAdd => format!("assigned {}", self.target_member(entry)),
            ActionKind::AssigneeRemove => format!("took {} off", self.target_member(entry)),
            ActionKind::OwnerSet => {
                format!("owner {}", change(entry, &|value| self.member(value)))
            }
            ActionKind::LabelAdd => format!("label + {}", target(entry)),
            ActionKind::LabelRemove => format!("label − {}", target(entry)),
            ActionKind::PrioritySet => format!("priority {}", change(entry, &bare)),
            ActionKind::DueSet => format!("due {}", change(entry, &bare)),
            ActionKind::DecisionRecord => self.decision_deed(entry),
            ActionKind::CaseClose => format!("closed: {}", target(entry)),
            ActionKind::CaseReopen => "reopened".to_owned(),
            ActionKind::ValueSettle => self.settle_deed(entry),
            ActionKind::Facet(kind) => deeds::deed(self, kind, entry),
            ActionKind::TemplateOpen
            | ActionKind::TemplatePublish
            | ActionKind::DraftStart
            | ActionKind::DraftEdit
            | ActionKind::DraftDiscard
            | ActionKind::DraftPublish
            | ActionKind::PersonalOpen
            | ActionKind::InboxMark
            | ActionKind::InboxReadUntil
            | ActionKind::InboxQuiet => action.to_string(),
        }
    }

    fn field_deed(&self, action: ActionKind, entry: &TimelineEntry) -> String {
        let target = target(entry);
        let (field, option) = target.split_once('/').unwrap_or((&target, ""));
        let label = self.glossary.label(field);
        let words = |value: &Scalar| self.glossary.value(field, value);
        let option = || self.glossary.value(field, &Scalar::text(option));
        if action == ActionKind::FieldClear {
            format!("{label}: cleared, was {}", first(&entry.before, &words))
        } else if action == ActionKind::OptionAdd {
            format!("{label} + {}", option())
        } else if action == ActionKind::OptionRemove {
            format!("{label} − {}", option())
        } else if action == ActionKind::TextEdit {
            format!("{label}: text edited, now {}", quoted(&entry.after))
        } else {
            format!("{label} {}", change(entry, &words))
        }
    }

    fn task_deed(&self, action: ActionKind, entry: &TimelineEntry) -> String {
        let subject = entry
            .subject
            .as_deref()
            .map(|subject| format!("“{}”", plain(subject)));
        let subject = subject.unwrap_or_else(|| quoted(&entry.after));
        let ends = [
            (ActionKind::TaskCreate, "added"),
            (ActionKind::TaskDone, "done"),
            (ActionKind::TaskCancel, "cancelled"),
            (ActionKind::TaskReopen, "reopened"),
        ];
        if let Some((_, end)) = ends.iter().find(|(kind, _)| *kind == action) {
            format!("task {subject} {end}")
        } else if action == ActionKind::TaskAssign {
            format!(
                "task {subject} for {}",
                change(entry, &|value| self.member(value))
            )
        } else if action == ActionKind::TaskReschedule {
            format!("task {subject} due {}", change(entry, &bare))
        } else if action == ActionKind::ItemAdd {
            format!("checklist + {}", quoted(&entry.after))
        } else if entry.after.first() == Some(&Scalar::Bool(false)) {
            format!("checklist {subject} unchecked")
        } else {
            format!("checklist {subject} checked")
        }
    }

    fn decision_deed(&self, entry: &TimelineEntry) -> String {
        let question = entry.subject.as_deref().unwrap_or_default();
        let outcome = |value: &Scalar| self.glossary.outcome(question, &value.to_string());
        format!(
            "decided {}: {}",
            self.glossary.question(question),
            first(&entry.after, &outcome)
        )
    }

    fn settle_deed(&self, entry: &TimelineEntry) -> String {
        let Ok(place) = target(entry).parse::<Place>() else {
            return "settled".to_owned();
        };
        let words = |value: &Scalar| self.value_at(&place, value);
        let name = self.glossary.place(&place, self.view);
        let sides: Vec<String> = entry.before.iter().map(&words).map(shorten).collect();
        format!(
            "settled {name} on {} (was {})",
            first(&entry.after, &words),
            sides.join(" / ")
        )
    }

    /// The words for a value at a place.
    #[must_use]
    pub fn value_at(&self, place: &Place, value: &Scalar) -> String {
        if let Place::Field(id) = place {
            self.glossary.value(id, value)
        } else if *place == Place::Stage {
            self.glossary.stage(&value.to_string())
        } else if matches!(place, Place::Owner | Place::TaskPart(_, TaskKey::Assignee)) {
            self.member(value)
        } else if *place == Place::Closed {
            let closing = value.as_text().and_then(Closing::read);
            closing.map_or_else(
                || "open".to_owned(),
                |closing| self.glossary.closing(&closing),
            )
        } else {
            bare(value)
        }
    }

    pub(super) fn member(&self, value: &Scalar) -> String {
        match value.as_text().map(str::parse) {
            Some(Ok(member)) => self.glossary.names.member(member),
            Some(Err(_)) | None => "nobody".to_owned(),
        }
    }

    pub(super) fn target_member(&self, entry: &TimelineEntry) -> String {
        self.member(&Scalar::text(target(entry)))
    }
}

fn comment_deed(action: ActionKind, entry: &TimelineEntry) -> String {
    if action == ActionKind::CommentAdd {
        format!("commented {}", quoted(&entry.after))
    } else if action == ActionKind::CommentEdit {
        format!("edited a comment to {}", quoted(&entry.after))
    } else {
        "redacted a comment".to_owned()
    }
}

/// "before → after"; contested values found there are all named.
pub(super) fn change(entry: &TimelineEntry, words: &dyn Fn(&Scalar) -> String) -> String {
    let before: Vec<String> = entry
        .before
        .iter()
        .filter(|value| !value.is_null())
        .map(words)
        .map(shorten)
        .collect();
    let after = match entry.after.first() {
        Some(value) if !value.is_null() => shorten(words(value)),
        Some(_) | None => "none".to_owned(),
    };
    if before.is_empty() {
        format!("→ {after}")
    } else {
        format!("{} → {after}", before.join(" / "))
    }
}

fn first(values: &[Scalar], words: &dyn Fn(&Scalar) -> String) -> String {
    values
        .first()
        .map(words)
        .map_or_else(|| "nothing".to_owned(), shorten)
}

pub(super) fn quoted(values: &[Scalar]) -> String {
    format!("“{}”", first(values, &bare))
}

pub(super) fn bare(value: &Scalar) -> String {
    if value.is_null() {
        "none".to_owned()
    } else {
        plain(&value.to_string())
    }
}

fn shorten(text: impl AsRef<str>) -> String {
    cut(text.as_ref(), MAX_VALUE)
}

pub(super) fn target(entry: &TimelineEntry) -> String {
    plain(entry.target.as_deref().unwrap_or_default())
}
