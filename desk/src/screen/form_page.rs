//! What came in by forms, on the page of a case and on a page of its own.

use casework::case::PartId;
use casework::case::facet::form::ReviewState;
use casework::template::{Form, FormWords, Revision};
use casework::view::{CaseView, Forms, SubmissionView};

use super::Screen;
use super::ink::Tone;
use super::page::{INDENT, Page};
use super::words::{counted, here, plain};

/// Digits of an id that are shown and can be typed.
const ID_DIGITS: usize = 8;

/// The section of a case's page: requests and submissions, a line each.
pub(super) fn section(forms: &Forms, page: &mut Page) {
    if forms.is_empty() {
        return;
    }
    page.heading("Forms", "");
    for (id, request) in forms.requests_in_order() {
        let until = request
            .expires_ms
            .map_or_else(String::new, |at| format!(", until {}", here(at)));
        let answers = counted(u64::from(request.answers), "answer", "answers");
        page.line(format!(
            "{INDENT}asked by {}  {}{until}, {answers}  {}",
            plain(&request.form),
            // Whether its time is over is told by the time.
            request.state(i64::MIN).name(),
            short(id),
        ));
    }
    for (id, submission) in forms.in_order() {
        let review = submission.review.value();
        let tone = match review {
            ReviewState::New | ReviewState::NeedsAnswer => Tone::Warning,
            ReviewState::Accepted | ReviewState::Rejected | ReviewState::Spam => Tone::Quiet,
        };
        let review = page.tone(tone, review.name());
        let added = match submission.additions.len() {
            0 => String::new(),
            n => format!(", {} added", counted(n as u64, "message", "messages")),
        };
        page.line(format!(
            "{INDENT}{} sent {}{added}  {review}  {}",
            plain(&submission.form),
            here(submission.given_ms),
            short(id),
        ));
    }
}

/// One submission with every answer as it was given.
#[must_use]
pub fn submission(
    view: &CaseView,
    (id, given): (PartId, &SubmissionView),
    revision: Option<&Revision>,
    screen: Screen,
) -> Vec<String> {
    let mut page = Page::new(screen);
    let form = revision.and_then(|revision| revision.form(&given.form));
    let title = form.map_or(given.form.as_str(), |form| form.title.as_str());
    page.line(page.tone(Tone::Strong, &plain(title)));
    page.line(format!(
        "{INDENT}{} {}  submission {}  {}",
        plain(&view.number),
        plain(view.title.value()),
        short(id),
        given.review.value(),
    ));
    let promise = if given.anonymous { ", anonymous" } else { "" };
    let agreed = if given.consent.is_some() {
        ", agreed"
    } else {
        ""
    };
    page.line(format!(
        "{INDENT}given {} in {}{promise}{agreed}",
        here(given.given_ms),
        plain(&given.language)
    ));
    for (input, answers) in &given.answers {
        let label = form.map_or_else(|| input.clone(), |form| label_of(form, revision, input));
        let unmapped = input
            .strip_prefix("f.")
            .map(|rest| rest.split('.').next().unwrap_or(rest))
            .is_some_and(|field| !given.mapped.contains(field));
        let note = if unmapped {
            "  (not set in the case)"
        } else {
            ""
        };
        page.line(format!(
            "{INDENT}{}{note}",
            page.tone(Tone::Strong, &plain(&label))
        ));
        for line in answers.iter().flat_map(|answer| answer.lines()) {
            page.line(format!("{INDENT}{INDENT}{}", plain(line)));
        }
    }
    for name in &given.documents {
        page.line(format!("{INDENT}has the document {}", plain(name)));
    }
    for addition in &given.additions {
        page.line(format!("{INDENT}added {}", here(addition.given_ms)));
        for line in addition.text.lines() {
            page.line(format!("{INDENT}{INDENT}{}", plain(line)));
        }
    }
    page.finish()
}

/// What the form called an input, in its own language.
fn label_of(form: &Form, revision: Option<&Revision>, input: &str) -> String {
    let texts: FormWords<'_> = form.words(&form.language);
    if let Some(id) = input.strip_prefix("q.") {
        let question = form.questions.iter().find(|question| question.id == id);
        return question.map_or_else(|| id.to_owned(), |one| texts.question_label(one).to_owned());
    }
    let rest = input.strip_prefix("f.").unwrap_or(input);
    let (id, part) = rest.split_once('.').unwrap_or((rest, ""));
    let asked = form.fields.iter().find(|asked| asked.field == id);
    let field = revision.and_then(|revision| revision.field(id));
    let label = asked.zip(field).map_or_else(
        || id.to_owned(),
        |(asked, field)| texts.field_label(asked, field).to_owned(),
    );
    if part.is_empty() {
        label
    } else {
        format!("{label} ({part})")
    }
}

fn short(id: PartId) -> String {
    id.to_string()[..ID_DIGITS].to_owned()
}
