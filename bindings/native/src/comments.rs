//! The comments of a case.

use crate::case::{Origin, origin};
use crate::error::CaseworkError;
use crate::text::{read, write_some};
use crate::workspace::Workspace;

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Comment {
    /// Its id.
    pub id: String,
    /// What it says; empty when it is hidden.
    pub body: String,
    /// Written for people outside the team.
    pub external: bool,
    /// The comment that it answers.
    pub reply_to: Option<String>,
    /// Who wrote it, and when.
    pub author: Origin,
    /// Who rewrote it last, and when.
    pub edited: Option<Origin>,
    /// What was written over it at the same time and is not shown.
    pub parallel: Vec<String>,
    /// Why it is hidden.
    pub redacted: Option<String>,
}

#[uniffi::export]
impl Workspace {
    /// The comments of a case, in order.
    ///
    /// # Errors
    /// `Invalid` for a case that is not here; `Corrupt` for a quarantined one; `Closed`.
    pub fn comments(&self, case_id: &str) -> Result<Vec<Comment>, CaseworkError> {
        let sdk = self.sdk()?;
        let (comments, names) = (sdk.comments(read(case_id)?)?, sdk.names()?);
        let comment = |one: casework::view::CommentView| Comment {
            id: one.id.to_string(),
            author: origin(&one.author, &names),
            edited: one.edited.as_ref().map(|edited| origin(edited, &names)),
            body: one.body,
            external: one.external,
            reply_to: write_some(one.reply_to),
            parallel: one.parallel.into_iter().map(|other| other.body).collect(),
            redacted: one.redacted,
        };
        Ok(comments.into_iter().map(comment).collect())
    }
}
