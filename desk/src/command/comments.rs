//! Saying something on a case, and naming what was said.

use casework::case::{CaseAction, PartId};
use casework::ids::DocumentId;

use super::Desk;
use super::cases::act;
use crate::cli::{CommentArgs, Why};
use crate::fault::Fault;
use crate::request::Response;

/// Writes a comment, or one's own anew.
pub(super) fn write(desk: &Desk<'_>, args: &CommentArgs) -> Result<Response, Fault> {
    let case = desk.case(&args.case)?;
    let body = args.text.clone();
    if let Some(which) = &args.edit {
        let id = comment(desk, case, which)?;
        let action = CaseAction::EditComment { id, body };
        return act(desk, case, action, &Why::default(), "Comment edited");
    }
    let reply_to = args.reply_to.as_ref();
    let reply_to = reply_to.map(|text| answered(desk, case, text));
    let action = CaseAction::Comment {
        id: desk.workspace.fresh_part()?,
        body,
        external: args.external,
        reply_to: reply_to.transpose()?,
    };
    act(desk, case, action, &Why::default(), "Commented")
}

/// A comment by the beginning of its id.
pub(super) fn comment(desk: &Desk<'_>, case: DocumentId, text: &str) -> Result<PartId, Fault> {
    let comments = desk.workspace.comments(case)?;
    let all = comments.iter().map(|comment| comment.id);
    named(text, all, ("comment", "comments"))
}

/// What a comment answers, another one or what was sent by a form, by the beginning of its id.
fn answered(desk: &Desk<'_>, case: DocumentId, text: &str) -> Result<PartId, Fault> {
    let comments = desk.workspace.comments(case)?;
    let view = desk.workspace.case(case)?;
    let sent = view.facets.forms.submissions.keys().copied();
    let all = comments.iter().map(|comment| comment.id).chain(sent);
    named(
        text,
        all,
        ("comment or submission", "comments or submissions"),
    )
}

fn named(
    text: &str,
    all: impl Iterator<Item = PartId>,
    (one, several): (&str, &str),
) -> Result<PartId, Fault> {
    let mut found = all.filter(|id| id.to_string().starts_with(text));
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        (None, _) => Err(Fault::invalid(format!(
            "no {one} of this case begins with {text:?}"
        ))),
        (Some(_), Some(_)) => Err(Fault::invalid(format!(
            "several {several} of this case begin with {text:?}"
        ))),
    }
}
