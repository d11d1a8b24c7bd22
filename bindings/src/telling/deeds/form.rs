//! What was done with forms, in sentences.

use casework_engine::case::PartId;
use casework_engine::case::facet::form::FormActionKind;
use casework_engine::view::TimelineEntry;

use super::subject;
use crate::telling::{Teller, bare, change, plain, quoted, target};

pub(super) fn deed(teller: &Teller<'_>, kind: FormActionKind, entry: &TimelineEntry) -> String {
    match kind {
        FormActionKind::Request => {
            format!("asked for information by form {}", quoted(&entry.after))
        }
        FormActionKind::Revoke => format!("request by form {} revoked", subject(entry)),
        FormActionKind::Submit => {
            format!("form {} came in{}", quoted(&entry.after), of(teller, entry))
        }
        FormActionKind::Review => {
            format!(
                "submission of form {} {}",
                subject(entry),
                change(entry, &bare)
            )
        }
        FormActionKind::Add => format!(
            "the person who sent the form added {}",
            quoted(&entry.after)
        ),
    }
}

/// What a submission did, where it is still to be seen.
fn of(teller: &Teller<'_>, entry: &TimelineEntry) -> String {
    let Ok(id) = target(entry).parse::<PartId>() else {
        return String::new();
    };
    let found = teller.view.facets.forms.submissions.get(&id);
    let Some(submission) = found.filter(|found| !found.mapped.is_empty()) else {
        return String::new();
    };
    let fields: Vec<&str> = submission.mapped.iter().map(String::as_str).collect();
    format!(", which set {}", plain(&fields.join(", ")))
}
