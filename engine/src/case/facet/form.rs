//! Forms: what people outside are asked, what they sent, and what was made of it.
//!
//! A request asks for information in a case through a link, of which only the hash is kept. A
//! submission keeps the answers exactly as they were given; the values they led to are set by
//! actions of their own. It is never edited: it is reviewed, and the person who has the receipt
//! adds to it. Who the person is is nowhere unless an answer says so.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::limits::{MAX_CLAIMED_TIME_MS, MAX_TEXT_BYTES};
use casework_protocol::rights::Verb;
use serde::{Deserialize, Serialize};

use super::{Facet, Kinds};
use crate::case::action::Act;
use crate::case::bounds::{self, MAX_LISTED, MAX_TITLE_BYTES};
use crate::case::kind::kinds;
use crate::case::ops::Op;
use crate::case::part::PartId;
use crate::case::past::Past;
use crate::case::place::Place;
use crate::case::record::{Shelf, part_ids, read_text, read_value};
use crate::case::refusal::ActError;
use crate::case::slots::record_objects;
use crate::case::step::Plan;
use crate::case::values::{boolean, first_put, integer, put_at, text};
use crate::template::{FormKind, Revision, Today};
use crate::value::Scalar;

/// Request and submission: the id of the form in the template.
pub const FORM: &str = "form";
/// Request: the hash of its link's token.
pub const TOKEN: &str = "token";
/// Request: when the link ends, in milliseconds since 1970, or null.
pub const EXPIRES: &str = "expires";
/// Request: whether the first answer uses the link up.
pub const SINGLE_USE: &str = "single_use";
/// Request: what is said to the person beside the form.
pub const NOTE: &str = "note";
/// Request: whether it was revoked.
pub const REVOKED: &str = "revoked";
/// Submission: the request it answers, or null.
pub const REQUEST: &str = "request";
/// Submission: the hash of the token of the link it came by.
pub const LINK: &str = "link";
/// Submission: the answers as they were given, as compact JSON.
pub const ANSWERS: &str = "answers";
/// Submission: ids of the fields that were set from it, ascending, separated by one space.
pub const MAPPED: &str = "mapped";
/// Submission: names of documents the person has, as compact JSON.
pub const DOCUMENTS: &str = "documents";
/// Submission: the hash of the text that was agreed to, or null.
pub const CONSENT: &str = "consent";
/// Submission: the hash of the receipt.
pub const RECEIPT: &str = "receipt";
/// Submission: whether the form promised to keep nothing about the person.
pub const ANONYMOUS: &str = "anonymous";
/// Submission: the language in which the form was read.
pub const LANGUAGE: &str = "language";
/// Submission and addition: when it was given, in milliseconds since 1970.
pub const GIVEN: &str = "given";
/// Submission: one of [`ReviewState`].
pub const REVIEW: &str = "review";
/// Addition: the submission it adds to.
pub const SUBMISSION: &str = "submission";
/// Addition: what it says.
pub const TEXT: &str = "text";

/// Longest language tag, in bytes.
const MAX_TAG_BYTES: usize = 20;

kinds! {
    /// What kind of action on forms a change is.
    enum FormActionKind {
        /// Asks for information through a link.
        Request = "form.request",
        /// Ends a link before its time.
        Revoke = "form.revoke",
        /// Takes what somebody sent.
        Submit = "form.submit",
        /// Says what is made of a submission.
        Review = "form.review",
        /// Adds to a submission.
        Add = "form.add",
    }
}

/// One thing done with forms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FormAction {
    /// Asks for information through a link.
    Request(InformationRequest),
    /// Ends a link before its time.
    Revoke {
        /// The request.
        request: PartId,
    },
    /// Takes what somebody sent.
    Submit(Submission),
    /// Says what is made of a submission; the note is the act's reason.
    Review {
        /// The submission.
        submission: PartId,
        /// What is made of it.
        state: ReviewState,
    },
    /// Adds to a submission.
    Add {
        /// The new addition.
        id: PartId,
        /// The submission.
        submission: PartId,
        /// What it says.
        text: String,
        /// When it was given, in milliseconds since 1970.
        given_ms: i64,
    },
}

/// A request for information.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InformationRequest {
    /// The new request.
    pub id: PartId,
    /// The id of a form of the kind *request*.
    pub form: String,
    /// The hash of the link's token: 64 lower-case hexadecimal digits.
    pub token: String,
    /// When the link ends, in milliseconds since 1970.
    pub expires_ms: Option<i64>,
    /// Whether the first answer uses it up.
    pub single_use: bool,
    /// What is said to the person beside the form; may be empty.
    pub note: String,
}

/// What somebody sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// The new submission. Derived from the page that was filled in, so that sending twice is
    /// sending once.
    pub id: PartId,
    /// The id of the form.
    pub form: String,
    /// The request it answers; `None` for one that opened the case.
    pub request: Option<PartId>,
    /// The hash of the token of the link it came by.
    pub link: String,
    /// The answers by input, as they were given.
    pub answers: BTreeMap<String, Vec<String>>,
    /// The fields that were set from it.
    pub mapped: BTreeSet<String>,
    /// Names of documents that the person has.
    pub documents: Vec<String>,
    /// SHA-256 of the text that was agreed to, in the language it was read in.
    pub consent: Option<String>,
    /// The hash of the receipt.
    pub receipt: String,
    /// Whether the form promised to keep nothing about the person.
    pub anonymous: bool,
    /// The language in which the form was read.
    pub language: String,
    /// When it was given, in milliseconds since 1970.
    pub given_ms: i64,
}

/// What is made of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewState {
    /// Nobody has looked at it.
    New,
    /// It is what it says and is worked with.
    Accepted,
    /// It is not worked with.
    Rejected,
    /// It was not meant seriously.
    Spam,
    /// Something has to be asked first.
    NeedsAnswer,
}

/// The submissions of a case that came by a request, as this past sees them.
#[must_use]
pub fn answers_to(past: &Past<'_>, request: PartId) -> Vec<PartId> {
    let wanted = request.to_string();
    let mut ids = part_ids(past, Shelf::Submissions);
    ids.retain(|id| {
        let key = id.to_string();
        read_text(past, (Shelf::Submissions, &key), REQUEST).as_deref() == Some(&wanted)
    });
    ids
}

impl FormAction {
    /// What kind of action it is.
    #[must_use]
    pub const fn kind(&self) -> FormActionKind {
        match self {
            Self::Request(_) => FormActionKind::Request,
            Self::Revoke { .. } => FormActionKind::Revoke,
            Self::Submit(_) => FormActionKind::Submit,
            Self::Review { .. } => FormActionKind::Review,
            Self::Add { .. } => FormActionKind::Add,
        }
    }
}

impl Facet for FormAction {
    fn target(&self) -> Option<String> {
        let id = match self {
            Self::Request(request) => request.id,
            Self::Revoke { request } => *request,
            Self::Submit(submission) => submission.id,
            Self::Review { submission, .. } => *submission,
            Self::Add { id, .. } => *id,
        };
        Some(id.to_string())
    }

    /// A link speaks to people outside; what comes back edits the case.
    fn verb(&self, _past: &Past<'_>) -> Verb {
        match self {
            Self::Request(_) | Self::Revoke { .. } => Verb::CommentExternal,
            Self::Submit(_) | Self::Review { .. } => Verb::Edit,
            Self::Add { .. } => Verb::Comment,
        }
    }

    fn plan(&self, plan: &mut Plan, past: &Past<'_>, _act: &Act) -> Result<(), ActError> {
        match self {
            Self::Request(request) => plan_request(plan, past, request),
            Self::Revoke { request } => {
                let record = (Shelf::FormRequests, &*request.to_string());
                plan.put_record(past, record, REVOKED, Scalar::Bool(true))
            }
            Self::Submit(submission) => plan_submission(plan, past, submission),
            Self::Review { submission, state } => {
                let record = (Shelf::Submissions, &*submission.to_string());
                plan.put_record(past, record, REVIEW, Scalar::text(state.name()))
            }
            Self::Add {
                id,
                submission,
                text,
                given_ms,
            } => {
                record_objects(past, Shelf::Submissions, &submission.to_string())?;
                bounds::check_body("addition", text)?;
                check_time(*given_ms)?;
                let values = [
                    (SUBMISSION, Scalar::Text(submission.to_string())),
                    (TEXT, Scalar::text(text)),
                    (GIVEN, Scalar::Int(*given_ms)),
                ];
                plan.make_record(past, (Shelf::Additions, &id.to_string()), values)
            }
        }
    }

    fn check(&self, past: &Past<'_>, revision: &Revision, today: &Today) -> Result<(), ActError> {
        match self {
            Self::Request(request) => check_form(revision, &request.form, FormKind::Request),
            Self::Submit(submission) => match submission.request {
                None => check_form(revision, &submission.form, FormKind::Intake),
                Some(request) => {
                    check_form(revision, &submission.form, FormKind::Request)?;
                    check_link(past, request, today)
                }
            },
            Self::Revoke { .. } | Self::Review { .. } | Self::Add { .. } => Ok(()),
        }
    }

    fn while_closed(&self) -> bool {
        match self {
            Self::Revoke { .. } | Self::Review { .. } | Self::Add { .. } => true,
            Self::Request(_) | Self::Submit(_) => false,
        }
    }

    fn in_trash(&self) -> bool {
        self.while_closed()
    }
}

impl Kinds for FormActionKind {
    type Action = FormAction;

    fn read(self, on: Option<&str>, ops: &[Op]) -> Option<FormAction> {
        let on: PartId = on?.parse().ok()?;
        Some(match self {
            Self::Request => FormAction::Request(read_request(on, ops)?),
            Self::Revoke => FormAction::Revoke { request: on },
            Self::Submit => FormAction::Submit(read_submission(on, ops)?),
            Self::Review => FormAction::Review {
                submission: on,
                state: ReviewState::from_name(first_put(ops)?.1.as_text()?)?,
            },
            Self::Add => FormAction::Add {
                id: on,
                submission: put_at(ops, SUBMISSION)?.as_text()?.parse().ok()?,
                text: text(put_at(ops, TEXT)?)?,
                given_ms: integer(put_at(ops, GIVEN)?)?,
            },
        })
    }

    fn place(self, on: Option<&str>) -> Option<Place> {
        Some(Place::Record(self.shelf(), on?.to_owned()))
    }

    fn shown(self, on: Option<&str>) -> Option<Place> {
        let part = match self {
            Self::Request | Self::Submit => FORM,
            Self::Revoke => REVOKED,
            Self::Review => REVIEW,
            Self::Add => TEXT,
        };
        Some(Place::RecordPart(
            self.shelf(),
            on?.to_owned(),
            part.to_owned(),
        ))
    }
}

impl FormActionKind {
    const fn shelf(self) -> Shelf {
        match self {
            Self::Request | Self::Revoke => Shelf::FormRequests,
            Self::Submit | Self::Review => Shelf::Submissions,
            Self::Add => Shelf::Additions,
        }
    }
}

impl ReviewState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::New,
        Self::Accepted,
        Self::Rejected,
        Self::Spam,
        Self::NeedsAnswer,
    ];

    /// The word in documents and commands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Spam => "spam",
            Self::NeedsAnswer => "needs-answer",
        }
    }

    /// Reads the word; `None` for any other.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl fmt::Display for ReviewState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn plan_request(
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

fn plan_submission(
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
fn check_form(revision: &Revision, id: &str, kind: FormKind) -> Result<(), ActError> {
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
fn check_link(past: &Past<'_>, request: PartId, today: &Today) -> Result<(), ActError> {
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

fn check_time(at_ms: i64) -> Result<(), ActError> {
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

/// Reads a value that may be null.
fn if_said<T>(value: &Scalar, read: impl Fn(&Scalar) -> Option<T>) -> Option<Option<T>> {
    if value.is_null() {
        return Some(None);
    }
    read(value).map(Some)
}

fn read_request(id: PartId, ops: &[Op]) -> Option<InformationRequest> {
    Some(InformationRequest {
        id,
        form: text(put_at(ops, FORM)?)?,
        token: text(put_at(ops, TOKEN)?)?,
        expires_ms: if_said(put_at(ops, EXPIRES)?, integer)?,
        single_use: boolean(put_at(ops, SINGLE_USE)?)?,
        note: text(put_at(ops, NOTE)?)?,
    })
}

fn read_submission(id: PartId, ops: &[Op]) -> Option<Submission> {
    let said = |name| put_at(ops, name)?.as_text();
    let mapped = said(MAPPED)?.split(' ').filter(|id| !id.is_empty());
    Some(Submission {
        id,
        form: said(FORM)?.to_owned(),
        request: if_said(put_at(ops, REQUEST)?, |id| id.as_text()?.parse().ok())?,
        link: said(LINK)?.to_owned(),
        answers: serde_json::from_str(said(ANSWERS)?).ok()?,
        mapped: mapped.map(str::to_owned).collect(),
        documents: serde_json::from_str(said(DOCUMENTS)?).ok()?,
        consent: if_said(put_at(ops, CONSENT)?, text)?,
        receipt: said(RECEIPT)?.to_owned(),
        anonymous: boolean(put_at(ops, ANONYMOUS)?)?,
        language: said(LANGUAGE)?.to_owned(),
        given_ms: integer(put_at(ops, GIVEN)?)?,
    })
}
