//! Forms and tasks that repeat.

use casework_engine::case::CaseAction;
use casework_engine::case::facet::form::{FormAction, InformationRequest, ReviewState, Submission};
use casework_engine::case::facet::recurrence::RecurrenceAction;
use casework_engine::template::FormKind;

use super::Draw;

/// How many kinds are told apart.
pub(super) const KINDS: usize = 9;

/// One thing done with forms, or about how a task repeats.
pub(super) fn draw(draw: &Draw<'_>, kind: usize) -> Option<CaseAction> {
    if kind < 2 {
        return repeat(draw);
    }
    let forms = &draw.view.facets.forms;
    let request = draw.one(forms.requests.keys().copied());
    let submission = draw.one(forms.submissions.keys().copied());
    let action = match (kind, request, submission) {
        (2 | 3, _, _) | (4 | 5, None, _) => FormAction::Request(InformationRequest {
            id: draw.ids[0],
            form: form(draw)?,
            token: draw.hash(),
            expires_ms: None,
            single_use: false,
            note: draw.word.clone(),
        }),
        (4 | 5, Some(_), _) => FormAction::Submit(Submission {
            form: form(draw)?,
            request,
            ..sent(draw)
        }),
        (6, _, Some(submission)) => FormAction::Add {
            id: draw.ids[0],
            submission,
            text: draw.word.clone(),
            given_ms: draw.now_ms,
        },
        (7, _, Some(submission)) => FormAction::Review {
            submission,
            state: [
                ReviewState::Accepted,
                ReviewState::Rejected,
                ReviewState::Spam,
            ][draw.at % 3],
        },
        (8, Some(request), _) if draw.at.is_multiple_of(3) => FormAction::Revoke { request },
        (_, _, _) => return None,
    };
    Some(action.into())
}

/// What somebody sent by a form of the template that opens cases.
#[must_use]
pub(super) fn sent(draw: &Draw<'_>) -> Submission {
    Submission {
        id: draw.ids[0],
        form: String::new(),
        request: None,
        link: draw.hash(),
        answers: [("q.else".to_owned(), vec![draw.word.clone()])].into(),
        mapped: [].into(),
        documents: Vec::new(),
        consent: None,
        receipt: draw.hash(),
        anonymous: false,
        language: "en".to_owned(),
        given_ms: draw.now_ms,
    }
}

fn form(draw: &Draw<'_>) -> Option<String> {
    let forms = draw.revision.package().forms.iter();
    let asked = forms.filter(|form| form.kind == FormKind::Request);
    draw.one(asked).map(|form| form.id.clone())
}

fn repeat(draw: &Draw<'_>) -> Option<CaseAction> {
    let task = draw.one(draw.view.tasks.keys().copied())?;
    let repeat = ["every week", "every 2 days, 3 times"].get(draw.at % 3);
    let repeat = repeat.map(|words| (*words).to_owned());
    Some(RecurrenceAction::Repeat { task, repeat }.into())
}
