//! What can go wrong while a log is read: [`XesError`] for the caller, [`Fault`] for the cause.
//!
//! Each message is whole in itself, with its cause in it; there is no chain of sources to print.
//! Invariant: whatever the fault, every trace that was handed out before it was complete.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a log could not be read to its end, or not at all.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum XesError {
    /// The file cannot be opened. Check its path and your right to read it.
    #[error("cannot open {}: {error}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Reading stopped inside the file. Everything before it is complete and usable; get a whole
    /// copy of the file, or import what is there.
    #[error(
        "the log stops being readable at byte {at}, after {traces} complete cases with {events} events: {fault}"
    )]
    Stopped {
        /// Traces that were complete and were handed out.
        traces: u64,
        /// Events in them.
        events: u64,
        /// Position in the (inflated) text, in bytes.
        at: u64,
        /// What is wrong there.
        fault: Fault,
    },
    /// The log has no trace. Check that it is the file you meant.
    #[error("the log has no case: it holds no trace element")]
    Empty,
    /// The asked classifier is not in the log. Name one of those that are.
    #[error("the log has no classifier {name:?}; it has {}", listed(known))]
    UnknownClassifier {
        /// The name that was asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The second reading met something that the first did not: the file was changed in between.
    /// Start the import again.
    #[error("the log changed while it was imported: case {case} {what}")]
    Changed {
        /// Position of the case in the file, from 1.
        case: u64,
        /// What is new.
        what: String,
    },
}

/// What is wrong at one place of the file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The disk or the network failed. Try again.
    #[error("reading failed: {0}")]
    Io(io::Error),
    /// The gzip data is damaged or cut off. Get a whole copy of the file.
    #[error("the gzip data is damaged or cut off: {0}")]
    Gzip(io::Error),
    /// The XML ends before its elements are closed. Get a whole copy of the file.
    #[error("the file ends too early, inside the log")]
    Truncated,
    /// The XML is not well formed. Repair the file at this place.
    #[error("the XML is not well formed: {0}")]
    Malformed(String),
    /// The file declares a document type. Entities can make a small file endless, so it is
    /// refused; remove the declaration.
    #[error("the file has a DOCTYPE, which is refused because entities can be made endless")]
    Doctype,
    /// The root element is not `log`. Check that it is an XES file.
    #[error("this is not an XES log: its first element is {0:?}, not \"log\"")]
    NotXes(String),
    /// The text is in an encoding that is not read here. Convert the file to UTF-8.
    #[error("the text encoding {0:?} is not supported; convert the file to UTF-8")]
    Encoding(String),
    /// Something is larger than an honest log needs. See [`crate::xes::limits`].
    #[error("{what} exceeds the limit of {limit}")]
    TooLarge {
        /// What is too large, with its unit.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names
        .iter()
        .map(|name| format!("{name:?}"))
        .collect::<Vec<_>>()
        .join(", ")
}
