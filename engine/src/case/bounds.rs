//! How long the texts of a case may be, each bound with its reason, and what a text may hold.
//!
//! The same bounds are kept before acting and when receiving, so an honest device never writes
//! what another one refuses.

use casework_protocol::limits::{MAX_NAME_BYTES, MAX_TEXT_BYTES};
use jiff::civil::Date;

use super::refusal::ActError;
use crate::clock::Due;
use crate::value::is_slug;

/// Longest title of a case or a task, in bytes: two lines on a card.
pub const MAX_TITLE_BYTES: usize = 500;
/// Longest case number, in bytes.
pub const MAX_NUMBER_BYTES: usize = 64;
/// Longest label, priority, outcome or resolution code, in bytes.
pub const MAX_LABEL_BYTES: usize = MAX_NAME_BYTES;
/// Longest question of a decision and longest text of a checklist item, in bytes.
pub const MAX_QUESTION_BYTES: usize = 1_000;
/// Longest reason, in bytes. It lies in the message beside a rule of at most 4,000 bytes.
pub const MAX_REASON_BYTES: usize = 2_000;
/// Most items in a task that is being created.
pub const MAX_CHECKLIST_ITEMS: usize = 200;
/// Most decisions that one decision supersedes, and most assignees of a new case.
pub const MAX_LISTED: usize = 500;
/// Most characters that one edit of prose inserts and deletes together. Each is one operation;
/// a longer edit is made in several.
pub const MAX_EDITED_CHARACTERS: usize = 8_000;

/// One line: not blank, no control characters.
pub(crate) fn check_line(what: &'static str, text: &str, max: usize) -> Result<(), ActError> {
    check_length(what, text, max)?;
    if text.trim().is_empty() {
        return Err(ActError::Blank { what });
    }
    check_characters(what, text, |c| !c.is_control())
}

/// Prose: may be empty, may have line ends and tabs.
pub(super) fn check_prose(what: &'static str, text: &str) -> Result<(), ActError> {
    check_length(what, text, MAX_TEXT_BYTES)?;
    check_characters(what, text, |c| {
        !c.is_control() || matches!(c, '\n' | '\r' | '\t')
    })
}

/// Prose that says something.
pub(super) fn check_body(what: &'static str, text: &str) -> Result<(), ActError> {
    if text.trim().is_empty() {
        return Err(ActError::Blank { what });
    }
    check_prose(what, text)
}

/// A reason: prose that says something, short enough for a message.
pub(crate) fn check_reason(reason: &str) -> Result<(), ActError> {
    check_length("reason", reason, MAX_REASON_BYTES)?;
    check_body("reason", reason)
}

/// The id of a stage, field or option.
pub(super) fn check_slug(what: &'static str, text: &str) -> Result<(), ActError> {
    if is_slug(text) {
        return Ok(());
    }
    Err(ActError::NotAnId {
        what,
        text: text.chars().take(80).collect(),
    })
}

/// A date `YYYY-MM-DD`.
pub(super) fn check_date(what: &'static str, text: &str) -> Result<(), ActError> {
    match text.parse::<Date>() {
        Ok(date) if date.to_string() == text => Ok(()),
        Ok(_) | Err(_) => Err(ActError::NotADate {
            what,
            text: text.chars().take(80).collect(),
        }),
    }
}

/// A day `YYYY-MM-DD`, or a moment in its canonical text.
pub(super) fn check_due(what: &'static str, text: &str) -> Result<(), ActError> {
    if Due::is_canonical(text) {
        return Ok(());
    }
    Err(ActError::NotADate {
        what,
        text: text.chars().take(80).collect(),
    })
}

fn check_length(what: &'static str, text: &str, max: usize) -> Result<(), ActError> {
    if text.len() > max {
        return Err(ActError::TooLong {
            what,
            bytes: text.len(),
            max,
        });
    }
    Ok(())
}

fn check_characters(
    what: &'static str,
    text: &str,
    allowed: impl Fn(char) -> bool,
) -> Result<(), ActError> {
    match text.chars().find(|c| !allowed(*c)) {
        Some(character) => Err(ActError::ControlCharacter {
            what,
            code: character as u32,
        }),
        None => Ok(()),
    }
}
