//! Public forms: asking for information in a case, taking what was sent, reviewing it.
//!
//! What somebody sent is never lost to a rule: a value that the case does not take now stays with
//! the submission, unmapped. Only where there would be no case at all is it refused.

mod taking;

use std::collections::BTreeMap;

use casework_engine::case::facet::form::{FormAction, InformationRequest, ReviewState};
use casework_engine::case::facet::hold::HoldAction;
use casework_engine::case::{CaseAction, PartId};
use casework_engine::replica::Acted;
use casework_engine::template::{Form, Revision};
use casework_engine::view::CaseView;
use casework_protocol::ids::DocumentId;
use serde::Serialize;

use self::taking::{end_of_hold, take_answer, take_intake};
use super::templates::{revision, templates};
use super::{Workspace, cases};
use crate::error::Error;
use crate::moment;
use crate::receipt::LinkToken;

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// For how many days a request can be answered, unless the form or whoever asks says otherwise.
const REQUEST_DAYS: u32 = 30;
/// Longest reason of the hold that a request starts, in characters.
const MAX_WHY_CHARACTERS: usize = 120;

/// A form that a template offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormOffer {
    /// The template.
    pub template: DocumentId,
    /// Its key.
    pub key: String,
    /// The form.
    pub form: Form,
}

/// How a request for information is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestTerms {
    /// The form by id or title.
    pub form: String,
    /// For how many days it can be answered; `None` as the form says.
    pub days: Option<u32>,
    /// Whether the first answer uses it up; `None` as the form says.
    pub single_use: Option<bool>,
    /// What is said to the person.
    pub note: String,
}

/// A request that was made. The token is nowhere else: whoever loses it makes another request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestMade {
    /// The request.
    pub request: PartId,
    /// The secret part of its link.
    pub token: LinkToken,
    /// When it ends, in milliseconds since 1970.
    pub expires_ms: Option<i64>,
}

/// Where something that was sent goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentTo {
    /// Into a new case of this template.
    Intake(DocumentId),
    /// Into a case that asked.
    Request {
        /// The case.
        case: DocumentId,
        /// The request.
        request: PartId,
    },
}

/// Something that was sent by a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentForm {
    /// The id of the submission: sending the same twice is refused the second time.
    pub id: PartId,
    /// Where it goes.
    pub to: SentTo,
    /// The id of the form.
    pub form: String,
    /// The hash of its link's token.
    pub link: String,
    /// The title of an opened case.
    pub title: String,
    /// The answers by input, as they were given.
    pub answers: BTreeMap<String, Vec<String>>,
    /// Field → value in the words of people.
    pub values: BTreeMap<String, String>,
    /// Names of documents the person has.
    pub documents: Vec<String>,
    /// The text that was agreed to.
    pub consent: Option<String>,
    /// The hash of the receipt.
    pub receipt: String,
    /// The language in which the form was read.
    pub language: String,
    /// When it was given, in milliseconds since 1970.
    pub given_ms: i64,
}

/// A submission in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubmissionRow {
    /// The case it is in.
    pub case: DocumentId,
    /// The number of that case.
    pub number: String,
    /// The title of that case.
    pub title: String,
    /// The submission.
    pub submission: PartId,
    /// The id of the form.
    pub form: String,
    /// When it was given, in milliseconds since 1970.
    pub given_ms: i64,
    /// What was made of it.
    pub review: ReviewState,
    /// What was added later.
    pub additions: usize,
}

/// Forms.
///
/// Errors of all that follow: as of acting on cases.
impl Workspace {
    /// Every form that a template offers, by template and order.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store fails.
    pub fn forms(&self) -> Result<Vec<FormOffer>, Error> {
        let offers = |template: super::templates::TemplateView| {
            let forms = template.package.forms.into_iter();
            let (document, key) = (template.document, template.package.key);
            forms.map(move |form| FormOffer {
                template: document,
                key: key.clone(),
                form,
            })
        };
        let templates = self.read(templates)?;
        Ok(templates.into_iter().flat_map(offers).collect())
    }

    /// Finds a form of a template by its id or its title.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is none; the text lists those there are.
    pub fn find_form(&self, template: DocumentId, text: &str) -> Result<Form, Error> {
        self.read(|replica| Ok(find_form(&*revision(replica, template)?, text)?.clone()))
    }

    /// Asks for information in a case. What comes back is the only copy of the link's secret.
    ///
    /// # Errors
    /// See above.
    pub fn request_information(
        &self,
        case: DocumentId,
        terms: &RequestTerms,
    ) -> Result<RequestMade, Error> {
        let (now, id) = (moment::now()?, moment::part()?);
        let token = LinkToken::new(moment::dice()?);
        let expires_ms = self.write_to([case], |replica| {
            let template = replica.case(case)?.template;
            let revision = revision(replica, template)?;
            let form = find_form(&revision, &terms.form)?;
            let days = terms.days.or(form.valid_days).unwrap_or(REQUEST_DAYS);
            let expires_ms = Some(now.now_ms.cast_signed() + i64::from(days) * DAY_MS);
            let request = InformationRequest {
                id,
                form: form.id.clone(),
                token: token.hash(),
                expires_ms,
                single_use: terms.single_use.unwrap_or(form.single_use),
                note: terms.note.clone(),
            };
            let why = format!("answer to {:?}", form.title);
            let hold = form.holds.then(|| HoldAction::Start {
                id,
                why: why.chars().take(MAX_WHY_CHARACTERS).collect(),
                until: None,
            });
            let request = CaseAction::from(FormAction::Request(request));
            let actions = [Some(request), hold.map(CaseAction::from)];
            let actions: Vec<CaseAction> = actions.into_iter().flatten().collect();
            cases::act_all(replica, case, (actions, (None, false)), &now)?;
            Ok(expires_ms)
        })?;
        Ok(RequestMade {
            request: id,
            token,
            expires_ms,
        })
    }

    /// Ends the link of a request before its time, and the hold that waited for it.
    ///
    /// # Errors
    /// See above.
    pub fn revoke_request(
        &self,
        case: DocumentId,
        request: PartId,
        reason: Option<&str>,
    ) -> Result<Vec<Acted>, Error> {
        let now = moment::now()?;
        self.write_to([case], |replica| {
            let mut actions = vec![CaseAction::from(FormAction::Revoke { request })];
            actions.extend(end_of_hold(&replica.case(case)?, request));
            cases::act_all(replica, case, (actions, (reason, false)), &now)
        })
    }

    /// Takes what was sent, in one commit: opens the case, or sets what the request's case takes,
    /// and keeps the answers as they were given.
    ///
    /// # Errors
    /// See above; also when this submission is there already.
    pub fn take_form(&self, sent: &SentForm) -> Result<DocumentId, Error> {
        let now = moment::now()?;
        let case = self.write(|replica| match sent.to {
            SentTo::Intake(template) => take_intake(replica, template, sent, &now),
            SentTo::Request { case, request } => take_answer(replica, (case, request), sent, &now),
        })?;
        self.write_to([case], |_| Ok(()))?;
        Ok(case)
    }

    /// Adds what somebody with the receipt wrote. The id is the page's: twice is refused.
    ///
    /// # Errors
    /// See above.
    pub fn add_to_submission(
        &self,
        (case, submission): (DocumentId, PartId),
        id: PartId,
        text: &str,
        given_ms: i64,
    ) -> Result<Acted, Error> {
        let text = text.to_owned();
        let action = FormAction::Add {
            id,
            submission,
            text,
            given_ms,
        };
        self.act(case, action.into(), None, false)
    }

    /// Says what is made of a submission; the note goes to the timeline.
    ///
    /// # Errors
    /// See above.
    pub fn review_submission(
        &self,
        (case, submission): (DocumentId, PartId),
        state: ReviewState,
        note: Option<&str>,
    ) -> Result<Acted, Error> {
        let action = FormAction::Review { submission, state };
        self.act(case, action.into(), note, false)
    }

    /// Every submission on this device, newest first; or only those that nobody has looked at.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store fails.
    pub fn submissions(&self, only_new: bool) -> Result<Vec<SubmissionRow>, Error> {
        let mut rows = Vec::new();
        for card in self.cards()? {
            if card.submissions == 0 || (only_new && card.submissions_new == 0) {
                continue;
            }
            let view = self.case(card.document)?;
            rows.extend(rows_of(&view));
        }
        if only_new {
            rows.retain(|row| row.review == ReviewState::New);
        }
        rows.sort_by_key(|row| (core::cmp::Reverse(row.given_ms), row.submission));
        Ok(rows)
    }
}

fn rows_of(view: &CaseView) -> Vec<SubmissionRow> {
    let submissions = view.facets.forms.submissions.iter();
    submissions
        .map(|(id, submission)| SubmissionRow {
            case: view.document,
            number: view.number.clone(),
            title: view.title.value().clone(),
            submission: *id,
            form: submission.form.clone(),
            given_ms: submission.given_ms,
            review: *submission.review.value(),
            additions: submission.additions.len(),
        })
        .collect()
}

fn find_form<'r>(revision: &'r Revision, text: &str) -> Result<&'r Form, Error> {
    let forms = &revision.package().forms;
    let wanted = text.trim().to_lowercase();
    let by_id = forms.iter().find(|form| form.id == wanted);
    let by_title = || {
        forms
            .iter()
            .find(|form| form.title.to_lowercase() == wanted)
    };
    by_id.or_else(by_title).ok_or_else(|| {
        let known: Vec<&str> = forms.iter().map(|form| form.id.as_str()).collect();
        let known = if known.is_empty() {
            "it offers none".to_owned()
        } else {
            format!("there is {}", known.join(", "))
        };
        let name = &revision.package().name;
        Error::Invalid(format!("{name} has no form {text:?}; {known}"))
    })
}
