//! The pages for whoever comes back with a receipt: how it stands, and something to add.
//!
//! The number travels in bodies only, never in an address that a browser remembers.

use casework::receipt::Receipt;
use jiff::Timestamp;
use jiff::tz::Offset;
use maud::{Markup, html};

use super::answers::TICKET;
use super::office::{Followed, Stand};
use super::page::{Page, paragraphs};
use super::words::{TAGS, Words};

/// The input with the receipt number.
pub(super) const RECEIPT: &str = "receipt";
/// The input with what is added.
pub(super) const ADDITION: &str = "addition";

/// What a page of receipts is made of.
pub(super) struct Desk<'d> {
    pub(super) ui: &'static Words,
    /// Where the pages lie: nothing, or the path before `/r`.
    pub(super) base: &'d str,
    pub(super) ticket: &'d str,
    /// Offset from UTC, in minutes east, in which times are shown.
    pub(super) zone_min: i16,
}

impl Desk<'_> {
    /// Asks for the number.
    pub(super) fn ask(&self, typed: &str, problem: Option<&str>) -> String {
        let ui = self.ui;
        let class = if problem.is_some() {
            "ask wrong"
        } else {
            "ask"
        };
        let described = if problem.is_some() {
            "receipt-help receipt-error"
        } else {
            "receipt-help"
        };
        let body = html! {
            h1 { (ui.receipt_title) }
            @if let Some(problem) = problem {
                (self.summary(RECEIPT, ui.receipt_label, problem))
            }
            form method="post" novalidate accept-charset="utf-8"
                action={ (self.base) "/r?lang=" (ui.tag) } {
                input type="hidden" name=(TICKET) value=(self.ticket);
                div class=(class) {
                    label for=(RECEIPT) { (ui.receipt_label) }
                    span class="help" id="receipt-help" { (ui.receipt_help) }
                    @if let Some(problem) = problem {
                        span class="error" id="receipt-error" {
                            (ui.error_prefix) " " (problem)
                        }
                    }
                    input type="text" name=(RECEIPT) id=(RECEIPT) value=(typed) required
                        autocomplete="off" autocapitalize="characters" spellcheck="false"
                        aria-invalid=[problem.map(|_| "true")] aria-describedby=(described);
                }
                button type="submit" { (ui.look) }
            }
        };
        self.page(problem.is_some(), ui.receipt_title, &TAGS, body)
    }

    /// Shows how it stands.
    pub(super) fn show(
        &self,
        receipt: &Receipt,
        followed: &Followed,
        typed: &str,
        said: Option<Said<'_>>,
    ) -> String {
        let ui = self.ui;
        let stand = match followed.stand {
            Stand::Received => ui.received,
            Stand::InWork => ui.in_work,
            Stand::NeedsAnswer => ui.needs_answer,
            Stand::Closed => ui.closed,
        };
        let problem = said.and_then(Said::problem);
        let described = match problem {
            Some(_) => "addition-help addition-error",
            None => "addition-help",
        };
        let body = html! {
            h1 { (ui.stand) }
            @match said {
                Some(Said::Done(text)) => p class="box" role="status" { (text) },
                Some(Said::Problem(text)) => (self.summary(ADDITION, ui.add_title, text)),
                None => {}
            }
            p class="box" { strong { (stand) } }
            p { (ui.sent_on) " " (self.time(followed.given_ms)) }
            (self.list(ui.our_messages, &followed.comments))
            (self.list(ui.you_added, &followed.additions))
            h2 { label for=(ADDITION) { (ui.add_title) } }
            form method="post" novalidate accept-charset="utf-8"
                action={ (self.base) "/r/add?lang=" (ui.tag) } {
                input type="hidden" name=(TICKET) value=(self.ticket);
                input type="hidden" name=(RECEIPT) value=(receipt);
                div class=(if problem.is_some() { "ask wrong" } else { "ask" }) {
                    span class="help" id="addition-help" { (ui.add_help) }
                    @if let Some(problem) = problem {
                        span class="error" id="addition-error" {
                            (ui.error_prefix) " " (problem)
                        }
                    }
                    textarea name=(ADDITION) id=(ADDITION) rows="6" required
                        aria-invalid=[problem.map(|_| "true")]
                        aria-describedby=(described) { "\n" (typed) }
                }
                button type="submit" { (ui.add) }
            }
        };
        self.page(problem.is_some(), ui.stand, &[], body)
    }

    /// What is wrong, where reading begins, leading to its input.
    fn summary(&self, input: &str, label: &str, problem: &str) -> Markup {
        html! {
            div class="problems" role="alert" aria-labelledby="problems" tabindex="-1" autofocus {
                h2 id="problems" { (self.ui.problems) }
                ul { li { a href={ "#" (input) } { (label) } ": " (problem) } }
            }
        }
    }

    fn list(&self, title: &str, entries: &[(i64, String)]) -> Markup {
        html! {
            @if !entries.is_empty() {
                h2 { (title) }
                @for (at, text) in entries {
                    p class="note" { (self.time(*at)) }
                    (paragraphs(text))
                }
            }
        }
    }

    fn page(&self, wrong: bool, title: &str, languages: &[&str], body: Markup) -> String {
        let title = if wrong {
            format!("{} {title}", self.ui.error_prefix)
        } else {
            title.to_owned()
        };
        Page {
            language: self.ui.tag,
            title: &title,
            languages,
            body,
        }
        .render()
    }

    fn time(&self, at_ms: i64) -> String {
        let offset = Offset::from_seconds(i32::from(self.zone_min) * 60).unwrap_or(Offset::UTC);
        let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        offset
            .to_datetime(at)
            .strftime("%Y-%m-%d %H:%M")
            .to_string()
    }
}

/// What is said first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said<'s> {
    /// It went well.
    Done(&'s str),
    /// It did not.
    Problem(&'s str),
}

impl<'s> Said<'s> {
    const fn problem(self) -> Option<&'s str> {
        match self {
            Self::Done(_) => None,
            Self::Problem(text) => Some(text),
        }
    }
}
