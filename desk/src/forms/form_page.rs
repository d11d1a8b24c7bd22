//! The page with a form, and the page after it was sent.

use casework::receipt::Receipt;
use maud::{Markup, html};

use super::answers::{Problem, Reading, TICKET, TRAP};
use super::body::Answers;
use super::inputs::Sheet;
use super::office::Offer;
use super::page::{Page, paragraphs};
use super::words::Words;

/// What is said above the form besides what is to be corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Complaint {
    /// The input that must stay empty was filled in.
    Trapped,
    /// Faster than a person.
    TooFast,
    /// The ticket is of another day.
    TooOld,
    /// Too many are being sent.
    TooOften,
    /// The workspace refuses it.
    Refused,
    /// The workspace cannot be reached.
    Unavailable,
}

/// A form on its way to the reader.
pub(super) struct Shown<'s> {
    pub(super) offer: &'s Offer,
    pub(super) reading: &'s Reading<'s>,
    pub(super) answers: &'s Answers,
    pub(super) problems: &'s [Problem],
    pub(super) complaint: Option<Complaint>,
    pub(super) ticket: &'s str,
}

impl Complaint {
    const fn words(self, ui: &Words) -> &'static str {
        match self {
            Self::Trapped => ui.leave_empty,
            Self::TooFast => ui.too_fast,
            Self::TooOld => ui.too_old,
            Self::TooOften => ui.too_often,
            Self::Refused => ui.refused,
            Self::Unavailable => ui.unavailable,
        }
    }
}

impl Shown<'_> {
    /// The page.
    pub(super) fn render(&self) -> String {
        let (texts, ui) = (self.reading.texts, self.reading.ui);
        let wrong = !self.problems.is_empty() || self.complaint.is_some();
        let title = if wrong {
            format!("{} {}", ui.error_prefix, texts.title())
        } else {
            texts.title().to_owned()
        };
        let languages: Vec<&str> = self.reading.form.tags().collect();
        let body = html! {
            h1 { (texts.title()) }
            @if wrong { (self.summary(ui)) }
            (paragraphs(texts.intro()))
            @if !self.offer.note.is_empty() {
                div class="box" { (paragraphs(&self.offer.note)) }
            }
            @if self.reading.form.anonymous { p class="box" { (ui.anonymous) } }
            form method="post" novalidate accept-charset="utf-8"
                action={ "?lang=" (texts.language()) } {
                input type="hidden" name=(TICKET) value=(self.ticket);
                div class="trap" aria-hidden="true" {
                    label for=(TRAP) { "Website" }
                    input type="text" name=(TRAP) id=(TRAP) tabindex="-1" autocomplete="off";
                }
                (self.sheet().inputs())
                button type="submit" { (ui.send) }
            }
        };
        Page {
            language: texts.language(),
            title: &title,
            languages: &languages,
            body,
        }
        .render()
    }

    fn sheet(&self) -> Sheet<'_> {
        Sheet {
            reading: self.reading,
            answers: self.answers,
            problems: self.problems,
        }
    }

    /// What is wrong, first thing on the page and where reading begins, each line leading to its
    /// input.
    fn summary(&self, ui: &Words) -> Markup {
        html! {
            div class="problems" role="alert" aria-labelledby="problems" tabindex="-1" autofocus {
                @if let Some(complaint) = self.complaint {
                    h2 id="problems" { (complaint.words(ui)) }
                } @else {
                    h2 id="problems" { (ui.problems) }
                }
                @if !self.problems.is_empty() {
                    ul {
                        @for problem in self.problems {
                            li {
                                a href={ "#" (problem.input) } { (problem.label) }
                                ": " (problem.text)
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The page after sending: the receipt, once.
pub(super) fn thanks(reading: &Reading<'_>, receipt: &Receipt, base: &str) -> String {
    let (texts, ui) = (reading.texts, reading.ui);
    let body = html! {
        h1 { (ui.thanks_title) }
        (paragraphs(texts.thanks()))
        h2 { (ui.your_receipt) }
        p class="box number" { (receipt) }
        p { (ui.keep_receipt) }
        p { a href={ (base) "/r?lang=" (texts.language()) } { (ui.receipt_title) } }
    };
    Page {
        language: texts.language(),
        title: ui.thanks_title,
        languages: &[],
        body,
    }
    .render()
}
