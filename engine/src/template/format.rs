//! Packages as TOML and JSON files.
//!
//! Strict reading: an unknown key is an error with its line and place, because a misspelt key that
//! is ignored is a rule that silently does not hold.

use core::ops::Bound;
use std::collections::BTreeMap;

use super::limits::MAX_SOURCE_BYTES;
use super::package::Package;

/// A file that is not a package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// The file is longer than any package. Remove what does not belong into it.
    #[error("the file has {bytes} bytes and may have {max}")]
    TooLarge {
        /// How many.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// The TOML is malformed, or holds an unknown key or a value of another type. Correct the line.
    #[error("line {line}, column {column}, in {place}: {problem}")]
    Toml {
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        /// The table around it, counted from 0: `fields[2]`, or `the package` at the top.
        place: String,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// The JSON is malformed, or holds an unknown key or a value of another type. Correct the line.
    #[error("{problem}")]
    Json {
        /// What is wrong, with line and column.
        problem: String,
    },
}

impl Package {
    /// Reads a package from TOML.
    ///
    /// # Errors
    /// [`PackageError`] with line, column and place. Faults of meaning are found by
    /// [`Package::publish`].
    pub fn from_toml(source: &str) -> Result<Self, PackageError> {
        refuse_large(source)?;
        toml::from_str(source).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start.min(source.len()));
            let before = source.get(..at).unwrap_or_default();
            PackageError::Toml {
                line: before.matches('\n').count() + 1,
                column: before
                    .rsplit('\n')
                    .next()
                    .map_or(0, |line| line.chars().count())
                    + 1,
                place: place(before, source),
                problem: error.message().trim().to_owned(),
            }
        })
    }

    /// Reads a package from JSON.
    ///
    /// # Errors
    /// As [`Package::from_toml`].
    pub fn from_json(source: &str) -> Result<Self, PackageError> {
        refuse_large(source)?;
        serde_json::from_str(source).map_err(|error| PackageError::Json {
            problem: error.to_string(),
        })
    }

    /// Writes TOML that [`Package::from_toml`] reads back as the same package.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("a package holds only what TOML can say")
    }

    /// Writes indented JSON that [`Package::from_json`] reads back as the same package.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a package holds only what JSON can say")
    }
}

fn refuse_large(source: &str) -> Result<(), PackageError> {
    if source.len() > MAX_SOURCE_BYTES {
        return Err(PackageError::TooLarge {
            bytes: source.len(),
            max: MAX_SOURCE_BYTES,
        });
    }
    Ok(())
}

/// The path of the table that the last header before a position opens, with its index among the
/// tables of that name: `[[fields]]` for the third time is `fields[2]`. A subtable is counted
/// within its parent.
fn place(before: &str, source: &str) -> String {
    // The header line itself belongs to the table it opens.
    let rest_of_line = source[before.len()..]
        .split('\n')
        .next()
        .unwrap_or_default();
    let seen = format!("{before}{rest_of_line}");
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut path = "the package".to_owned();
    for header in seen
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with('['))
    {
        let repeated = header.starts_with("[[");
        let key = header
            .trim_start_matches('[')
            .split(']')
            .next()
            .unwrap_or_default()
            .trim();
        if repeated {
            *counts.entry(key).or_default() += 1;
            // A new parent starts its children afresh.
            let child = format!("{key}.");
            let later = counts.range::<str, _>((Bound::Included(child.as_str()), Bound::Unbounded));
            let children: Vec<&str> = later
                .map(|(known, _)| *known)
                .take_while(|k| k.starts_with(&child))
                .collect();
            for known in children {
                counts.remove(known);
            }
        }
        path = numbered(key, &counts);
    }
    path
}

fn numbered(key: &str, counts: &BTreeMap<&str, usize>) -> String {
    let mut path = String::new();
    let mut end = 0;
    for part in key.split('.') {
        end += part.len() + usize::from(end > 0);
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(part.trim());
        if let Some(count) = counts.get(&key[..end]) {
            path.push_str(&format!("[{}]", count - 1));
        }
    }
    path
}
