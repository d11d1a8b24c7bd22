//! The shapes of texts: ids that people choose, single lines and prose.
//!
//! Control characters are refused in every value, so that a value printed on a terminal is text
//! and nothing else.

use casework_protocol::limits::MAX_TEXT_BYTES;

/// Longest id that a template's author chooses, in bytes.
pub const MAX_SLUG_BYTES: usize = 64;

/// Whether a text is an id that a person chose: `[a-z0-9][a-z0-9_-]{0,63}`.
#[must_use]
pub fn is_slug(text: &str) -> bool {
    (1..=MAX_SLUG_BYTES).contains(&text.len())
        && !text.starts_with(['_', '-'])
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b))
}

/// Whether a text is one line that says something: not empty, no control characters, at most
/// [`MAX_TEXT_BYTES`].
pub(crate) fn is_one_line(text: &str) -> bool {
    (1..=MAX_TEXT_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// As [`is_one_line`], but with line breaks (`\n`) and tabs.
pub(crate) fn is_prose(text: &str) -> bool {
    (1..=MAX_TEXT_BYTES).contains(&text.len())
        && !text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\t'))
}

/// A text for a message: at most 80 characters of it.
pub(crate) fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_plain_and_lower_case() {
        for good in ["a", "0", "in-progress", "iso_9001", &"a".repeat(64)] {
            assert!(is_slug(good), "{good}");
        }
        for bad in ["", "-a", "_a", "A", "é", "a b", "a.b", "*", &"a".repeat(65)] {
            assert!(!is_slug(bad), "{bad}");
        }
    }

    #[test]
    fn terminal_escapes_are_not_text() {
        assert!(is_one_line("São João\u{a0}2") && is_prose("a\n\tb"));
        for bad in ["", "a\nb", "\u{1b}[2J", "a\u{9b}2J", "a\0"] {
            assert!(!is_one_line(bad), "{bad:?}");
        }
        for bad in ["", "a\r\nb", "\u{1b}[2J"] {
            assert!(!is_prose(bad), "{bad:?}");
        }
    }
}
