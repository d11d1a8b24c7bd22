//! What people read instead of ids: names of stages, fields, options and members, and what was done,
//! in sentences.
//!
//! English, and safe to show wherever it stands: what comes from others is [`plain`].

mod deeds;
mod glossary;

use casework_engine::case::{ActionKind, Closing, Place, TaskKey};
use casework_engine::template::Revision;
use casework_engine::value::Scalar;
use casework_engine::view::{CaseView, TimelineEntry};

pub use glossary::Glossary;

use crate::Names;

/// Longest value in a sentence, in characters.
const MAX_VALUE: usize = 60;

/// A text from anywhere, safe to show on one line: no control characters and none that turn the
/// direction of writing, which could make a line read as something else. Line breaks become blanks.
#[must_use]
pub fn plain(text: &str) -> String {
    if text.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => ' ',
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                '\u{fffd}'
            }
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

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

    fn member(&self, value: &Scalar) -> String {
        match value.as_text().map(str::parse) {
            Some(Ok(member)) => self.glossary.member(member),
            Some(Err(_)) | None => "nobody".to_owned(),
        }
    }

    fn target_member(&self, entry: &TimelineEntry) -> String {
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
fn change(entry: &TimelineEntry, words: &dyn Fn(&Scalar) -> String) -> String {
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

fn quoted(values: &[Scalar]) -> String {
    format!("“{}”", first(values, &bare))
}

fn bare(value: &Scalar) -> String {
    if value.is_null() {
        "none".to_owned()
    } else {
        plain(&value.to_string())
    }
}

fn shorten(text: impl AsRef<str>) -> String {
    let text = text.as_ref();
    if text.chars().nth(MAX_VALUE).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(MAX_VALUE - 1).collect();
    kept + "…"
}

fn target(entry: &TimelineEntry) -> String {
    plain(entry.target.as_deref().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_from_elsewhere_cannot_drive_a_screen() {
        assert_eq!(plain("a\u{1b}[2Jb\u{202e}c\nd"), "a\u{fffd}[2Jb\u{fffd}c d");
    }

    #[test]
    fn a_long_value_is_shortened_in_a_sentence() {
        assert_eq!(shorten("é".repeat(MAX_VALUE)), "é".repeat(MAX_VALUE));
        let long = shorten("é".repeat(MAX_VALUE + 1));
        assert_eq!(long.chars().count(), MAX_VALUE);
        assert!(long.ends_with("é…"), "{long}");
    }
}
