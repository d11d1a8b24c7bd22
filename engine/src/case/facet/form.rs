//! Forms: what people outside are asked, what they sent, and what was made of it.
//!
//! A request asks for information in a case through a link, of which only the hash is kept. A
//! submission keeps the answers exactly as they were given; the values they led to are set by
//! actions of their own. It is never edited: it is reviewed, and the person who has the receipt
//! adds to it. Who the person is is nowhere unless an answer says so.

mod records;

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::rights::Verb;
use serde::{Deserialize, Serialize};

use self::records::{
    check_form, check_link, check_time, plan_request, plan_submission, read_request,
    read_submission,
};
use super::{Facet, Kinds};
use crate::case::action::Act;
use crate::case::bounds;
use crate::case::kind::kinds;
use crate::case::ops::Op;
use crate::case::part::PartId;
use crate::case::past::Past;
use crate::case::place::Place;
use crate::case::record::{Shelf, part_ids, read_text};
use crate::case::refusal::ActError;
use crate::case::slots::record_objects;
use crate::case::step::Plan;
use crate::case::values::{first_put, integer, put_at, text};
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

/// What the name of an input that asks for a field begins with; the field's id follows, and behind a
/// `.` the part of the value it asks for.
pub const FIELD_INPUT: &str = "f.";

/// The field that an input asks for, if it asks for one.
#[must_use]
pub fn field_of_input(input: &str) -> Option<&str> {
    let rest = input.strip_prefix(FIELD_INPUT)?;
    Some(rest.split('.').next().unwrap_or(rest))
}

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

    /// What was sent is taken although a rule closed its case over one of the answers, a moment ago
    /// in the same commit. Whether the link still asks is looked at before.
    fn while_closed(&self) -> bool {
        !matches!(self, Self::Request(_))
    }

    fn in_trash(&self) -> bool {
        match self {
            Self::Revoke { .. } | Self::Review { .. } | Self::Add { .. } => true,
            Self::Request(_) | Self::Submit(_) => false,
        }
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
