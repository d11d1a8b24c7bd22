//! What was done about approvals, in sentences.

use casework_engine::approval::Vote;
use casework_engine::case::facet::approval::ApprovalKind;
use casework_engine::case::facet::approval::reading::read_passed;
use casework_engine::view::TimelineEntry;

use super::subject;
use crate::telling::{Teller, plain, quoted, target};

pub(super) fn deed(teller: &Teller<'_>, kind: ApprovalKind, entry: &TimelineEntry) -> String {
    match kind {
        ApprovalKind::Request => format!("approval {} asked for", quoted(&entry.after)),
        ApprovalKind::Vote => vote(entry, ""),
        ApprovalKind::LateVote => vote(entry, " (late, after the decision)"),
        ApprovalKind::Reassign => {
            let to = entry.after.first().and_then(read_passed);
            let to = to.map_or_else(
                || "somebody".to_owned(),
                |(to, _)| teller.glossary.member(to),
            );
            format!(
                "approval {}: {} passed on to {to}",
                subject(entry),
                of(teller, entry)
            )
        }
        ApprovalKind::AddApprover => {
            format!(
                "approval {}: {} asked besides",
                subject(entry),
                of(teller, entry)
            )
        }
        ApprovalKind::Withdraw => format!("approval {} withdrawn", subject(entry)),
    }
}

fn vote(entry: &TimelineEntry, late: &str) -> String {
    let subject = subject(entry);
    let cast = entry
        .after
        .iter()
        .filter_map(|value| Vote::read(value.as_text()?));
    let Some(vote) = cast.into_iter().next() else {
        return format!("voted on approval {subject}{late}");
    };
    let note = match &vote.note[..] {
        "" => String::new(),
        note => format!(": “{}”", plain(note)),
    };
    format!("voted to {} {subject}{late}{note}", vote.answer.name())
}

/// The seat that a message names behind the approval.
fn of(teller: &Teller<'_>, entry: &TimelineEntry) -> String {
    let target = target(entry);
    let named = target
        .split_once('/')
        .and_then(|(_, text)| text.parse().ok());
    named.map_or_else(|| "a seat".to_owned(), |one| teller.glossary.seat(&one))
}
