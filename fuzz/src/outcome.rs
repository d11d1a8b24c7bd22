//! How far an input came, and which branch ended it.
//!
//! Without coverage this is what tells one input from another: the driver keeps inputs whose kind
//! is new.

use core::fmt::{self, Debug, Write};

/// How far an input came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// The first check refused it.
    Refused,
    /// It could be read; a later check refused it.
    Read,
    /// Every check passed, and what was promised held.
    Accepted,
}

/// What became of one input. A broken promise is a panic, not an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How far it came.
    pub depth: Depth,
    /// The branch that ended it: names of variants, joined by dots.
    pub kind: String,
    /// Panics of the document library that were caught on the way.
    pub caught: u32,
}

impl Outcome {
    /// Refused by the first check.
    #[must_use]
    pub fn refused(why: &impl Debug) -> Self {
        Self::of(Depth::Refused, name_of(why))
    }

    /// Read, and refused later.
    #[must_use]
    pub fn read(why: &impl Debug) -> Self {
        Self::of(Depth::Read, name_of(why))
    }

    /// Accepted; the kind tells what it was.
    #[must_use]
    pub fn accepted(what: &impl Debug) -> Self {
        Self::of(Depth::Accepted, name_of(what))
    }

    /// An outcome with a kind in the caller's words.
    #[must_use]
    pub const fn of(depth: Depth, kind: String) -> Self {
        Self {
            depth,
            kind,
            caught: 0,
        }
    }

    /// The same outcome, with the panics that were caught.
    #[must_use]
    pub fn with_caught(mut self, caught: u32) -> Self {
        self.caught = caught;
        self
    }

    /// The same outcome, its kind under the name of the room that gave it.
    #[must_use]
    pub fn within(mut self, room: &str) -> Self {
        self.kind = format!("{room}.{}", self.kind);
        self
    }
}

/// The names of the outer variants of a value, as far as its `Debug` begins with them:
/// `Gate { index: 0, error: Checksum {` gives `Gate.Checksum`.
#[must_use]
pub fn name_of(value: &impl Debug) -> String {
    let mut names = Names::default();
    // Formatting ends early with an error once enough was read.
    let _ = write!(names, "{value:?}");
    names.end_word();
    names.kept.join(".")
}

/// How much of a `Debug` text is looked at, and how many names are kept.
const LOOKED_AT: usize = 200;
const KEPT: usize = 3;

#[derive(Default)]
struct Names {
    seen: usize,
    word: String,
    kept: Vec<String>,
    quoted: bool,
}

impl Names {
    /// Keeps a word that looks like a variant; a text ends the search, because it is the input's.
    fn end_word(&mut self) {
        let word = core::mem::take(&mut self.word);
        if self.kept.len() < KEPT && !self.quoted && word.starts_with(|c: char| c.is_uppercase()) {
            self.kept.push(word);
        }
    }
}

impl Write for Names {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            self.seen += 1;
            if c.is_alphanumeric() {
                self.word.push(c);
            } else {
                self.end_word();
                self.quoted |= c == '"';
            }
            if self.quoted || self.seen > LOOKED_AT {
                return Err(fmt::Error);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_names_the_variants_and_nothing_of_the_input() {
        #[derive(Debug)]
        #[expect(dead_code, reason = "read by Debug")]
        enum Inner {
            Checksum { declared: [u8; 2] },
            Text(&'static str),
        }
        #[derive(Debug)]
        #[expect(dead_code, reason = "read by Debug")]
        struct Outer {
            index: usize,
            error: Inner,
        }
        let outer = |error| Outer { index: 7, error };
        assert_eq!(
            name_of(&outer(Inner::Checksum { declared: [1, 2] })),
            "Outer.Checksum"
        );
        assert_eq!(name_of(&outer(Inner::Text("Hostile Words"))), "Outer.Text");
        assert_eq!(name_of(&Some(Inner::Text("x"))), "Some.Text");
    }
}
