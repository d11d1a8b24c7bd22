//! What was done to a case although a rule asked, and what somebody else said about it.

use casework::case::facet::review::Review;

use super::{CasePage, short};
use crate::screen::ink::Tone;
use crate::screen::page::{INDENT, Page};
use crate::screen::words::{origin, plain};

impl CasePage<'_> {
    pub(super) fn overrides(&self, page: &mut Page) {
        if self.view.overrides.is_empty() {
            return;
        }
        page.heading("Overrides", "rules that asked and were gone through");
        for (id, exception) in &self.view.overrides {
            let by = origin(self.names, self.view.origins.get(exception.by));
            let line = format!(
                "{} {} — “{}” — {by}",
                short(*id),
                plain(&exception.rule),
                plain(&exception.why)
            );
            page.text(INDENT, &line);
            for side in exception.review.iter().flat_map(|review| review.sides()) {
                let by = origin(self.names, self.view.origins.get(side.by));
                page.text(INDENT + 5, &said(&side.value, &by));
            }
            if exception.review.is_none() {
                let line = page.tone(Tone::Quiet, "not reviewed yet");
                page.line(format!("{}{line}", " ".repeat(INDENT + 5)));
            }
        }
    }
}

/// What a review says, by whom.
#[must_use]
pub fn said(review: &Review, by: &str) -> String {
    let verdict = review.verdict.words();
    match review.note.as_str() {
        "" => format!("{verdict} by {by}"),
        note => format!("{verdict} by {by}: “{}”", plain(note)),
    }
}
