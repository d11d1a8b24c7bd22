//! Forms: asking people outside for information, and looking at what they sent. Showing forms to
//! them is the work of the machine beside the server, not of a phone.

use casework::RequestTerms;

use crate::acting::{Acted, all_told, told};
use crate::error::CaseworkError;
use crate::text::{count, json, read};
use crate::vocabulary::ReviewState;
use crate::workspace::Workspace;

/// A form that a template offers.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FormOffer {
    /// The template's id.
    pub template_id: String,
    /// The template's key.
    pub template_key: String,
    /// The form's id in the template.
    pub form: String,
    /// Its title.
    pub title: String,
    /// The whole form, as JSON by the schema of templates.
    pub json: String,
}

/// What a request for information asks.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NewRequest {
    /// The form's id in the case's template.
    pub form: String,
    /// Valid for so many days; nothing means as long as the form says.
    #[uniffi(default = None)]
    pub days: Option<u32>,
    /// It can be answered once; nothing means as the form says.
    #[uniffi(default = None)]
    pub single_use: Option<bool>,
    /// What it asks for, in words for whoever gets it.
    #[uniffi(default = "")]
    pub note: String,
}

/// A request that was made.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct RequestMade {
    /// Its id.
    pub id: String,
    /// The secret end of the link: `ADDRESS/f/TOKEN` on whichever machine shows forms.
    pub token: String,
    /// Its end.
    pub expires_ms: Option<i64>,
}

/// Without the secret end of the link.
impl core::fmt::Debug for RequestMade {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("RequestMade")
            .field("id", &self.id)
            .field("expires_ms", &self.expires_ms)
            .finish_non_exhaustive()
    }
}

/// What somebody sent, in a list.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SubmissionRow {
    /// The case.
    pub case_id: String,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// The submission.
    pub submission_id: String,
    /// The form's id.
    pub form: String,
    /// When it was sent.
    pub given_ms: i64,
    /// How it stands.
    pub review: ReviewState,
    /// How much was added later.
    pub additions: u32,
}

#[uniffi::export]
impl Workspace {
    /// The forms that templates offer.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    pub fn forms(&self) -> Result<Vec<FormOffer>, CaseworkError> {
        let offer = |one: casework::FormOffer| {
            Ok(FormOffer {
                template_id: one.template.to_string(),
                template_key: one.key,
                json: json(&one.form)?,
                form: one.form.id,
                title: one.form.title,
            })
        };
        self.sdk()?.forms()?.into_iter().map(offer).collect()
    }

    /// Asks somebody outside for information about a case.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    pub fn request_information(
        &self,
        case_id: &str,
        new: NewRequest,
    ) -> Result<RequestMade, CaseworkError> {
        let terms = RequestTerms {
            form: new.form,
            days: new.days,
            single_use: new.single_use,
            note: new.note,
        };
        let made = self.sdk()?.request_information(read(case_id)?, &terms)?;
        Ok(RequestMade {
            id: made.request.to_string(),
            token: made.token.to_string(),
            expires_ms: made.expires_ms,
        })
    }

    /// Takes a request back: its link answers nothing any more.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    #[uniffi::method(default(reason = None))]
    pub fn revoke_request(
        &self,
        case_id: &str,
        request_id: &str,
        reason: Option<String>,
    ) -> Result<Vec<Acted>, CaseworkError> {
        let (case, request) = (read(case_id)?, read(request_id)?);
        Ok(all_told(self.sdk()?.revoke_request(
            case,
            request,
            reason.as_deref(),
        )?))
    }

    /// Says how what was sent stands, with a note for whoever sent it.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    #[uniffi::method(default(note = None))]
    pub fn review_submission(
        &self,
        case_id: &str,
        submission_id: &str,
        state: ReviewState,
        note: Option<String>,
    ) -> Result<Acted, CaseworkError> {
        let place = (read(case_id)?, read(submission_id)?);
        let acted = self
            .sdk()?
            .review_submission(place, state, note.as_deref())?;
        Ok(told(acted, None))
    }

    /// What people sent, newest first; only what nobody looked at, or all.
    ///
    /// # Errors
    /// `Invalid` for what is not here; `Denied` without the right; `Unavailable` when the store
    /// fails; `Closed`.
    #[uniffi::method(default(only_new = true))]
    pub fn submissions(&self, only_new: bool) -> Result<Vec<SubmissionRow>, CaseworkError> {
        let row = |row: casework::SubmissionRow| SubmissionRow {
            case_id: row.case.to_string(),
            number: row.number,
            title: row.title,
            submission_id: row.submission.to_string(),
            form: row.form,
            given_ms: row.given_ms,
            review: row.review,
            additions: count(row.additions),
        };
        Ok(self
            .sdk()?
            .submissions(only_new)?
            .into_iter()
            .map(row)
            .collect())
    }
}
