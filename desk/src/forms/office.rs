//! What the pages ask of the workspace: which form a link shows, what was sent, how it stands.
//!
//! Implemented by [`super::Rooms`] on the SDK, and by a small one in the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use casework::case::PartId;
use casework::ids::DocumentId;
use casework::template::{Form, Revision};

/// What a link leads to.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The template as it is now.
    pub revision: Arc<Revision>,
    /// The id of the form.
    pub form: String,
    /// The hash of the link's token.
    pub link: String,
    /// Where answers go.
    pub target: Target,
    /// What is said to the person beside the form; may be empty.
    pub note: String,
}

/// Where answers go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
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

/// A filled-in form that was found good.
#[derive(Debug, Clone)]
pub struct Sent {
    /// What its link led to.
    pub offer: Offer,
    /// The id of the submission, derived from the page.
    pub id: PartId,
    /// The answers by input, as they were given.
    pub answers: BTreeMap<String, Vec<String>>,
    /// Field → value in words, as [`casework::Workspace::set_field`] takes them.
    pub values: BTreeMap<String, String>,
    /// The title for an opened case.
    pub title: String,
    /// Names of documents that the person has.
    pub documents: Vec<String>,
    /// The text that was agreed to.
    pub consent: Option<String>,
    /// The hash of the receipt.
    pub receipt: String,
    /// The language in which the form was read.
    pub language: String,
    /// Milliseconds since 1970.
    pub given_ms: i64,
}

/// A submission that is here already.
#[derive(Debug, Clone)]
pub struct Taken {
    /// The template as it is now.
    pub revision: Arc<Revision>,
    /// The id of the form.
    pub form: String,
    /// The hash of the token of the link it came by.
    pub link: String,
}

/// What the person with the receipt may see: nothing else of the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// How it stands.
    pub stand: Stand,
    /// When it was sent, in milliseconds since 1970.
    pub given_ms: i64,
    /// What was written for people outside, oldest first: time and text.
    pub comments: Vec<(i64, String)>,
    /// What the person added, oldest first: time and text.
    pub additions: Vec<(i64, String)>,
}

/// How a submission stands, as far as its sender may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// It is here.
    Received,
    /// Somebody works on it.
    InWork,
    /// Something was asked back.
    NeedsAnswer,
    /// The case is closed.
    Closed,
}

/// Why the workspace did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfficeFault {
    /// The link does not take answers any more.
    #[error("the link takes no answers any more")]
    Gone,
    /// The template refuses what was sent: a rule, a right, a state that the form cannot know.
    #[error("the workspace does not take this: {0}")]
    Refused(String),
    /// The store failed; worth trying again.
    #[error("the workspace cannot be reached: {0}")]
    Unavailable(String),
}

/// The workspace behind the pages.
pub trait Office: Send + Sync {
    /// What a link leads to; `None` if it was never made, or is revoked, expired or used up.
    ///
    /// # Errors
    /// [`OfficeFault::Unavailable`].
    fn offer(&self, link: &str, now_ms: u64) -> Result<Option<Offer>, OfficeFault>;

    /// A submission that is here already.
    ///
    /// # Errors
    /// [`OfficeFault::Unavailable`].
    fn taken(&self, submission: PartId) -> Result<Option<Taken>, OfficeFault>;

    /// Takes what was sent: durable and signed when it returns. Twice is once.
    ///
    /// # Errors
    /// Any [`OfficeFault`]; nothing was done then.
    fn take(&self, sent: Sent) -> Result<(), OfficeFault>;

    /// What the person with this receipt may see.
    ///
    /// # Errors
    /// [`OfficeFault::Unavailable`].
    fn follow(&self, receipt: &str) -> Result<Option<Followed>, OfficeFault>;

    /// Adds to the submission with this receipt; false when there is none. Twice is once.
    ///
    /// # Errors
    /// [`OfficeFault`]; nothing was done then.
    fn add(&self, receipt: &str, id: PartId, text: &str, now_ms: u64) -> Result<bool, OfficeFault>;
}

impl Offer {
    /// The form; `None` when the template lost it meanwhile.
    #[must_use]
    pub fn form(&self) -> Option<&Form> {
        self.revision.form(&self.form)
    }

    /// The fields it asks for, which is what may be set from it.
    #[must_use]
    pub fn asked(&self) -> BTreeSet<&str> {
        let form = self.form().into_iter();
        form.flat_map(|form| form.fields.iter().map(|one| one.field.as_str()))
            .collect()
    }
}
