//! Requests for information and submissions of a case, as people see them.
//!
//! Additions stand with the submission they add to, in the order in which they were given. Whether
//! a link still takes answers is a question about now: [`RequestView::state`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::comment::CommentView;
use super::facet::{Contest, FacetView};
use super::reader::{Reader, text};
use super::record::{Record, read_records};
use super::side::{OriginRef, Slot};
use crate::case::facet::form::{self as keys, ReviewState};
use crate::case::{PartId, Shelf};
use crate::value::Scalar;

/// What went through forms in a case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forms {
    /// Requests for information, by id.
    pub requests: BTreeMap<PartId, RequestView>,
    /// What was sent, by id.
    pub submissions: BTreeMap<PartId, SubmissionView>,
}

/// A request for information.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestView {
    /// The id of the form.
    pub form: String,
    /// The hash of the link's token.
    pub token: String,
    /// When the link ends, in milliseconds since 1970.
    pub expires_ms: Option<i64>,
    /// Whether the first answer uses it up.
    pub single_use: bool,
    /// What is said to the person beside the form.
    pub note: String,
    /// Whether it was revoked.
    pub revoked: Slot<bool>,
    /// How many submissions answer it.
    pub answers: u32,
    /// Place in the order of creation; ties go by id.
    pub position: u64,
    /// Who asked.
    pub created: OriginRef,
}

/// What somebody sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionView {
    /// The id of the form.
    pub form: String,
    /// The request it answers; `None` for the one that opened the case.
    pub request: Option<PartId>,
    /// The hash of the token of the link it came by.
    pub link: String,
    /// The answers by input, as they were given.
    pub answers: BTreeMap<String, Vec<String>>,
    /// The fields that were set from it.
    pub mapped: BTreeSet<String>,
    /// Names of documents that the person has.
    pub documents: Vec<String>,
    /// The hash of the text that was agreed to.
    pub consent: Option<String>,
    /// The hash of the receipt.
    pub receipt: String,
    /// Whether the form promised to keep nothing about the person.
    pub anonymous: bool,
    /// The language in which the form was read.
    pub language: String,
    /// When it was given, in milliseconds since 1970, by the clock of the device that took it.
    pub given_ms: i64,
    /// What was made of it.
    pub review: Slot<ReviewState>,
    /// What was added later.
    pub additions: Vec<AdditionView>,
    /// Place in the order of creation; ties go by id.
    pub position: u64,
    /// Who took it.
    pub created: OriginRef,
}

/// What somebody added to a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdditionView {
    /// Its id.
    pub id: PartId,
    /// What it says.
    pub text: String,
    /// When it was given, in milliseconds since 1970.
    pub given_ms: i64,
    /// Place in the order of creation; ties go by id.
    pub position: u64,
    /// Who took it.
    pub created: OriginRef,
}

/// Whether a link takes answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkState {
    /// It does.
    Open,
    /// It was used, and can be only once.
    Used,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
}

impl Forms {
    /// Submissions that nobody has looked at yet.
    #[must_use]
    pub fn unreviewed(&self) -> usize {
        let new = |one: &&SubmissionView| *one.review.value() == ReviewState::New;
        self.submissions.values().filter(new).count()
    }

    /// Whether anything went through forms here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.submissions.is_empty()
    }

    /// The submissions in the order of their creation.
    #[must_use]
    pub fn in_order(&self) -> Vec<(PartId, &SubmissionView)> {
        let mut all: Vec<_> = self
            .submissions
            .iter()
            .map(|(id, one)| (*id, one))
            .collect();
        all.sort_by_key(|(id, one)| (one.position, *id));
        all
    }

    /// The requests in the order of their creation.
    #[must_use]
    pub fn requests_in_order(&self) -> Vec<(PartId, &RequestView)> {
        let mut all: Vec<_> = self.requests.iter().map(|(id, one)| (*id, one)).collect();
        all.sort_by_key(|(id, one)| (one.position, *id));
        all
    }
}

impl Forms {
    /// The comments that whoever sent a submission may read, of these, which are in their order.
    ///
    /// Those that answer it, and answers to them. Whoever opened the case also reads those that
    /// answer nothing and were written when nobody else had been asked or had sent anything: they
    /// are meant for nobody else who was asked.
    #[must_use]
    pub fn told<'c>(
        &self,
        submission: PartId,
        comments: &'c [CommentView],
    ) -> Vec<&'c CommentView> {
        let Some(sent) = self.submissions.get(&submission) else {
            return Vec::new();
        };
        let others = self.submissions.iter().filter(|(id, _)| **id != submission);
        let others = others.map(|(_, other)| other.position);
        let others = others.chain(self.requests.values().map(|request| request.position));
        // Operations are counted up along causes: whatever an author knew of stands before.
        let first_other = others.min().unwrap_or(u64::MAX);
        let opened = sent.request.is_none();
        let mut addressed = BTreeSet::from([submission]);
        let mut told = Vec::new();
        for comment in comments.iter().filter(|comment| comment.external) {
            let at = comment.order.counter;
            let is_told = match comment.reply_to {
                Some(answered) => addressed.contains(&answered),
                None => {
                    // What a rule wrote at the opening stands before it, in the same commit.
                    let since = sent.position < at || comment.author.claimed_ms >= sent.given_ms;
                    opened && since && at < first_other
                }
            };
            if is_told {
                addressed.insert(comment.id);
                told.extend(comment.redacted.is_none().then_some(comment));
            }
        }
        told
    }

    /// Takes away what submissions answered to a field that was redacted.
    pub(super) fn hide(&mut self, field: &str) {
        for submission in self.submissions.values_mut() {
            submission
                .answers
                .retain(|input, _| keys::field_of_input(input) != Some(field));
        }
    }
}

impl RequestView {
    /// Whether its link takes answers at a moment, in milliseconds since 1970.
    #[must_use]
    pub fn state(&self, now_ms: i64) -> LinkState {
        // Whoever revoked it meant it, even if somebody else did not know.
        if self.revoked.sides().any(|side| side.value) {
            LinkState::Revoked
        } else if self.single_use && self.answers > 0 {
            LinkState::Used
        } else if self.expires_ms.is_some_and(|end| end <= now_ms) {
            LinkState::Expired
        } else {
            LinkState::Open
        }
    }
}

impl LinkState {
    /// What people read.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Used => "used",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl FacetView for Forms {
    const SHELVES: &'static [Shelf] = &[Shelf::FormRequests, Shelf::Submissions, Shelf::Additions];

    fn read(reader: &mut Reader<'_>) -> Self {
        let mut forms = Self::default();
        for mut record in read_records(reader, Shelf::FormRequests) {
            let id = record.key.parse().ok();
            let view = read_request(reader, &mut record);
            forms.requests.extend(id.zip(view));
        }
        for mut record in read_records(reader, Shelf::Submissions) {
            let Ok(id) = record.key.parse() else { continue };
            let Some(view) = read_submission(reader, &mut record) else {
                continue;
            };
            let request = view.request.and_then(|id| forms.requests.get_mut(&id));
            if let Some(request) = request {
                request.answers += 1;
            }
            forms.submissions.insert(id, view);
        }
        for mut record in read_records(reader, Shelf::Additions) {
            let owner = record.text(keys::SUBMISSION).and_then(|id| id.parse().ok());
            let owner = owner.and_then(|id: PartId| forms.submissions.get_mut(&id));
            let (Some(owner), Some(addition)) = (owner, read_addition(&mut record)) else {
                continue;
            };
            owner.additions.push(addition);
        }
        for submission in forms.submissions.values_mut() {
            submission
                .additions
                .sort_by_key(|one| (one.position, one.id));
        }
        forms
    }

    fn visit(&mut self, visit: &mut dyn FnMut(&mut OriginRef)) {
        for request in self.requests.values_mut() {
            visit(&mut request.created);
            request.revoked.visit(visit);
        }
        for submission in self.submissions.values_mut() {
            visit(&mut submission.created);
            submission.review.visit(visit);
            for addition in &mut submission.additions {
                visit(&mut addition.created);
            }
        }
    }

    /// Two revocations agree, so only what was made of a submission can be contested.
    fn contests(&self, tell: &mut dyn FnMut(Contest)) {
        for (id, submission) in &self.submissions {
            let place = (Shelf::Submissions, id.to_string(), keys::REVIEW);
            let label = format!("review of the submission of form {:?}", submission.form);
            let state = |state: &ReviewState| Scalar::text(state.name());
            if let Some(contest) = Contest::of(place, label, &submission.review, state) {
                tell(contest);
            }
        }
    }
}

fn read_request(reader: &mut Reader<'_>, record: &mut Record) -> Option<RequestView> {
    Some(RequestView {
        form: record.text(keys::FORM)?,
        token: record.text(keys::TOKEN)?,
        expires_ms: record.value(keys::EXPIRES).and_then(integer),
        single_use: record.value(keys::SINGLE_USE).and_then(boolean)?,
        note: record.text(keys::NOTE)?,
        revoked: record.slot(reader, keys::REVOKED, boolean)?,
        answers: 0,
        position: record.position,
        created: record.created,
    })
}

fn read_submission(reader: &mut Reader<'_>, record: &mut Record) -> Option<SubmissionView> {
    let mapped = record.text(keys::MAPPED)?;
    Some(SubmissionView {
        form: record.text(keys::FORM)?,
        request: record
            .text(keys::REQUEST)
            .and_then(|request| request.parse().ok()),
        link: record.text(keys::LINK)?,
        answers: serde_json::from_str(&record.text(keys::ANSWERS)?).ok()?,
        mapped: mapped
            .split(' ')
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
            .collect(),
        documents: serde_json::from_str(&record.text(keys::DOCUMENTS)?).ok()?,
        consent: record.text(keys::CONSENT),
        receipt: record.text(keys::RECEIPT)?,
        anonymous: record.value(keys::ANONYMOUS).and_then(boolean)?,
        language: record.text(keys::LANGUAGE)?,
        given_ms: record.value(keys::GIVEN).and_then(integer)?,
        review: record.slot(reader, keys::REVIEW, |value| {
            ReviewState::from_name(&text(value)?)
        })?,
        additions: Vec::new(),
        position: record.position,
        created: record.created,
    })
}

fn read_addition(record: &mut Record) -> Option<AdditionView> {
    Some(AdditionView {
        id: record.key.parse().ok()?,
        text: record.text(keys::TEXT)?,
        given_ms: record.value(keys::GIVEN).and_then(integer)?,
        position: record.position,
        created: record.created,
    })
}

fn integer(value: Scalar) -> Option<i64> {
    match value {
        Scalar::Int(value) => Some(value),
        Scalar::Null | Scalar::Bool(_) | Scalar::Text(_) => None,
    }
}

fn boolean(value: Scalar) -> Option<bool> {
    match value {
        Scalar::Bool(value) => Some(value),
        Scalar::Null | Scalar::Int(_) | Scalar::Text(_) => None,
    }
}
