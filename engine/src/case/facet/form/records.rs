//! The records of forms: what is written of requests and submissions, and how it is read back.

use casework_protocol::limits::{MAX_CLAIMED_TIME_MS, MAX_TEXT_BYTES};
use serde::Serialize;

use super::{
    ANONYMOUS, ANSWERS, CONSENT, DOCUMENTS, EXPIRES, FORM, GIVEN, InformationRequest, LANGUAGE,
    LINK, MAPPED, NOTE, RECEIPT, REQUEST, REVIEW, REVOKED, ReviewState, SINGLE_USE, Submission,
    TOKEN, answers_to,
};
use crate::case::bounds::{self, MAX_LISTED, MAX_TITLE_BYTES};
use crate::case::ops::Op;
use crate::case::part::PartId;
use crate::case::past::Past;
use crate::case::record::{Shelf, read_value};
use crate::case::refusal::ActError;
use crate::case::slots::record_objects;
use crate::case::step::Plan;
use crate::case::values::{boolean, integer, optional, put_at, text};
use crate::template::{FormKind, Revision, Today};
use crate::value::Scalar;

/// Longest language tag, in bytes.
const MAX_TAG_BYTES: usize = 20;

pub(super) fn plan_request(
    plan: &mut Plan,
    past: &Past<'_>,
    request: &InformationRequest,
) -> Result<(), ActError> {
    bounds::check_slug("form", &request.form)?;
    check_hash("link", &request.token)?;
    bounds::check_prose("note", &request.note)?;
    request.expires_ms.map_or(Ok(()), check_time)?;
    let values = [
        (FORM, Scalar::text(&request.form)),
        (TOKEN, Scalar::text(&request.token)),
        (
            EXPIRES,
            request.expires_ms.map_or(Scalar::Null, Scalar::Int),
        ),
        (SINGLE_USE, Scalar::Bool(request.single_use)),
        (NOTE, Scalar::text(&request.note)),
        (REVOKED, Scalar::Bool(false)),
    ];
    plan.make_record(past, (Shelf::FormRequests, &request.id.to_string()), values)
}

pub(super) fn plan_submission(
    plan: &mut Plan,
    past: &Past<'_>,
    submission: &Submission,
) -> Result<(), ActError> {
    check_submission(submission)?;
    if let Some(request) = submission.request {
        record_objects(past, Shelf::FormRequests, &request.to_string())?;
    }
    let mapped: Vec<&str> = submission.mapped.iter().map(String::as_str).collect();
    let or_null = |text: Option<String>| text.map_or(Scalar::Null, Scalar::Text);
    let values = [
        (FORM, Scalar::text(&submission.form)),
        (
            REQUEST,
            or_null(submission.request.map(|id| id.to_string())),
        ),
        (LINK, Scalar::text(&submission.link)),
        (ANSWERS, Scalar::Text(json_of(&submission.answers))),
        (MAPPED, Scalar::Text(mapped.join(" "))),
        (DOCUMENTS, Scalar::Text(json_of(&submission.documents))),
        (CONSENT, or_null(submission.consent.clone())),
        (RECEIPT, Scalar::text(&submission.receipt)),
        (ANONYMOUS, Scalar::Bool(submission.anonymous)),
        (LANGUAGE, Scalar::text(&submission.language)),
        (GIVEN, Scalar::Int(submission.given_ms)),
        (REVIEW, Scalar::text(ReviewState::New.name())),
    ];
    plan.make_record(
        past,
        (Shelf::Submissions, &submission.id.to_string()),
        values,
    )
}

fn check_submission(submission: &Submission) -> Result<(), ActError> {
    bounds::check_slug("form", &submission.form)?;
    check_hash("link", &submission.link)?;
    check_hash("receipt", &submission.receipt)?;
    if let Some(consent) = &submission.consent {
        check_hash("consent", consent)?;
    }
    bounds::check_line("language", &submission.language, MAX_TAG_BYTES)?;
    check_time(submission.given_ms)?;
    for (what, count) in [
        ("fields", submission.mapped.len()),
        ("documents", submission.documents.len()),
    ] {
        let max = MAX_LISTED;
        if count > max {
            return Err(ActError::TooMany { what, count, max });
        }
    }
    for id in &submission.mapped {
        bounds::check_slug("field", id)?;
    }
    for name in &submission.documents {
        bounds::check_line("document's name", name, MAX_TITLE_BYTES)?;
    }
    let (bytes, max) = (json_of(&submission.answers).len(), MAX_TEXT_BYTES);
    if bytes > max {
        return Err(ActError::WrongValue {
            what: format!("answers of {bytes} bytes"),
            problem: "they are longer than a text may be",
        });
    }
    Ok(())
}

/// The template offers this form for this.
pub(super) fn check_form(revision: &Revision, id: &str, kind: FormKind) -> Result<(), ActError> {
    let problem = match (revision.form(id), kind) {
        (None, _) => "the template has no such form; look at casework form list",
        (Some(form), _) if form.kind == kind => return Ok(()),
        (Some(_), FormKind::Request) => "it opens cases; choose a form of the kind request",
        (Some(_), FormKind::Intake) => "it answers requests; choose a form of the kind intake",
    };
    Err(ActError::WrongValue {
        what: format!("form {id:?}"),
        problem,
    })
}

/// The request still takes answers.
pub(super) fn check_link(past: &Past<'_>, request: PartId, today: &Today) -> Result<(), ActError> {
    let key = request.to_string();
    let value = |name| read_value(past, (Shelf::FormRequests, &key), name);
    let refuse = |problem| {
        Err(ActError::WrongValue {
            what: format!("request {request}"),
            problem,
        })
    };
    if value(REVOKED) == Some(Scalar::Bool(true)) {
        return refuse("it was revoked; make another one");
    }
    if let Some(Scalar::Int(end)) = value(EXPIRES)
        && end <= today.now.as_millisecond()
    {
        return refuse("its time is over; make another one");
    }
    if value(SINGLE_USE) == Some(Scalar::Bool(true)) && !answers_to(past, request).is_empty() {
        return refuse("it was answered already; make another one");
    }
    Ok(())
}

fn check_hash(what: &str, hash: &str) -> Result<(), ActError> {
    let digit = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    if hash.len() == 64 && hash.bytes().all(digit) {
        return Ok(());
    }
    Err(ActError::WrongValue {
        what: format!("hash of the {what}"),
        problem: "it must be 64 lower-case hexadecimal digits",
    })
}

pub(super) fn check_time(at_ms: i64) -> Result<(), ActError> {
    if at_ms.unsigned_abs() <= MAX_CLAIMED_TIME_MS {
        return Ok(());
    }
    Err(ActError::WrongValue {
        what: format!("time {at_ms}"),
        problem: "no clock shows that",
    })
}

fn json_of(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts by texts are always JSON")
}

pub(super) fn read_request(id: PartId, ops: &[Op]) -> Option<InformationRequest> {
    Some(InformationRequest {
        id,
        form: text(put_at(ops, FORM)?)?,
        token: text(put_at(ops, TOKEN)?)?,
        expires_ms: match put_at(ops, EXPIRES)? {
            Scalar::Null => None,
            Scalar::Int(end) => Some(*end),
            Scalar::Bool(_) | Scalar::Text(_) => return None,
        },
        single_use: boolean(put_at(ops, SINGLE_USE)?)?,
        note: text(put_at(ops, NOTE)?)?,
    })
}

pub(super) fn read_submission(id: PartId, ops: &[Op]) -> Option<Submission> {
    let said = |name| put_at(ops, name)?.as_text();
    let mapped = said(MAPPED)?.split(' ').filter(|id| !id.is_empty());
    Some(Submission {
        id,
        form: said(FORM)?.to_owned(),
        request: match optional(put_at(ops, REQUEST)?)? {
            Some(id) => Some(id.parse().ok()?),
            None => None,
        },
        link: said(LINK)?.to_owned(),
        answers: serde_json::from_str(said(ANSWERS)?).ok()?,
        mapped: mapped.map(str::to_owned).collect(),
        documents: serde_json::from_str(said(DOCUMENTS)?).ok()?,
        consent: optional(put_at(ops, CONSENT)?)?,
        receipt: said(RECEIPT)?.to_owned(),
        anonymous: boolean(put_at(ops, ANONYMOUS)?)?,
        language: said(LANGUAGE)?.to_owned(),
        given_ms: integer(put_at(ops, GIVEN)?)?,
    })
}
