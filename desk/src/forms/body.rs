//! The body of a POST: what was typed into which input, and nothing that people cannot type.

use std::collections::BTreeMap;

use super::limits::MAX_PAIRS;

/// What came in a body, by input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answers {
    pairs: BTreeMap<String, Vec<String>>,
}

/// A body that no form of ours sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable;

impl Answers {
    /// Reads a body.
    ///
    /// # Errors
    /// [`Unreadable`]: too many answers, other characters than text, or not UTF-8.
    pub(super) fn read(body: &[u8]) -> Result<Self, Unreadable> {
        let mut pairs: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (n, (name, value)) in form_urlencoded::parse(body).enumerate() {
            if n >= MAX_PAIRS || !is_text(&name) || !is_text(&value) {
                return Err(Unreadable);
            }
            pairs
                .entry(name.into_owned())
                .or_default()
                .push(value.into_owned());
        }
        Ok(Self { pairs })
    }

    /// The first answer of an input, without blanks around it; nothing if there is none.
    pub(super) fn first(&self, input: &str) -> &str {
        let first = self.pairs.get(input).and_then(|all| all.first());
        first.map_or("", |text| text.trim())
    }

    /// The answers of an input and of its parts, as they were given; nothing of what was left blank.
    pub(super) fn keep_raw(&self, input: &str, raw: &mut BTreeMap<String, Vec<String>>) {
        let parts = format!("{input}.");
        let of_input = |name: &str| name == input || name.starts_with(&parts);
        for (name, values) in self.pairs.iter().filter(|(name, _)| of_input(name)) {
            let given: Vec<String> = values
                .iter()
                .filter(|value| !value.trim().is_empty())
                .cloned()
                .collect();
            if !given.is_empty() {
                raw.insert(name.clone(), given);
            }
        }
    }

    /// Every answer of an input.
    pub(super) fn all(&self, input: &str) -> &[String] {
        self.pairs.get(input).map_or(&[], Vec::as_slice)
    }
}

/// Text as people send it. What is not UTF-8 was replaced on decoding, and nobody types that.
fn is_text(text: &str) -> bool {
    text.chars().all(|c| {
        (!c.is_control() || matches!(c, '\n' | '\r' | '\t')) && c != char::REPLACEMENT_CHARACTER
    })
}
