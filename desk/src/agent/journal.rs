//! What the agent remembers of its errands between tries and over crashes.
//!
//! One small file beside the replica, replaced as a whole. It is only a memory: without it errands
//! are done again under the same keys.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use casework::case::facet::automation::RunStatus;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// The name of the file in the replica's folder.
const FILE: &str = "agent-journal.json";
/// Tries before an errand is given up: with the waits below about three days.
const MAX_TRIES: u32 = 14;
/// The first wait, in milliseconds; each next one is twice as long.
const FIRST_WAIT_MS: i64 = 5_000;
/// The longest wait, in milliseconds: twelve hours.
const LONGEST_WAIT_MS: i64 = 12 * 60 * 60 * 1_000;

/// What is remembered of one errand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// How often it failed.
    pub tries: u32,
    /// Not before this moment, milliseconds since 1970.
    pub next_ms: i64,
    /// What came of it, once something did.
    pub outcome: Option<(RunStatus, String)>,
}

/// The memory of all errands.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    entries: BTreeMap<String, Entry>,
}

impl Journal {
    /// Opens the journal in a replica's folder. One that cannot be read counts as empty.
    ///
    /// # Errors
    /// [`Fault`] when the file is there and cannot be opened.
    pub(super) fn open(folder: &Path) -> Result<Self, Fault> {
        let path = folder.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Fault::file(&path, &error)),
        };
        let entries = serde_json::from_slice(&text).unwrap_or_default();
        Ok(Self { path, entries })
    }

    /// What is remembered of an errand.
    #[must_use]
    pub(super) fn entry(&self, key: &str) -> Entry {
        self.entries.get(key).cloned().unwrap_or_default()
    }

    /// Notes a failed try. Answers whether it is to be tried again.
    ///
    /// # Errors
    /// [`Fault`] when the file cannot be written.
    pub(super) fn failed(&mut self, key: &str, now: Timestamp, jitter: u8) -> Result<bool, Fault> {
        let entry = self.entries.entry(key.to_owned()).or_default();
        entry.tries += 1;
        let doubled = FIRST_WAIT_MS.saturating_mul(1 << entry.tries.min(30).saturating_sub(1));
        let wait = doubled.min(LONGEST_WAIT_MS);
        // Up to a quarter more, so that many errands do not come back at once.
        let wait = wait + wait / 4 * i64::from(jitter) / 255;
        entry.next_ms = now.as_millisecond() + wait;
        let again = entry.tries < MAX_TRIES;
        self.write()?;
        Ok(again)
    }

    /// Notes what came of an errand, before it is recorded in the case.
    ///
    /// # Errors
    /// [`Fault`] when the file cannot be written.
    pub(super) fn finished(
        &mut self,
        key: &str,
        (status, note): (RunStatus, &str),
    ) -> Result<(), Fault> {
        let entry = self.entries.entry(key.to_owned()).or_default();
        entry.outcome = Some((status, note.to_owned()));
        self.write()
    }

    /// Forgets an errand that is recorded in the case.
    ///
    /// # Errors
    /// [`Fault`] when the file cannot be written.
    pub(super) fn forget(&mut self, key: &str) -> Result<(), Fault> {
        self.entries.remove(key);
        self.write()
    }

    fn write(&self) -> Result<(), Fault> {
        let fault = |error: std::io::Error| Fault::file(&self.path, &error);
        let text = serde_json::to_vec(&self.entries).map_err(|error| fault(error.into()))?;
        let new = self.path.with_extension("new");
        let mut file = File::create(&new).map_err(fault)?;
        file.write_all(&text).map_err(fault)?;
        file.sync_all().map_err(fault)?;
        fs::rename(&new, &self.path).map_err(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_a_day_and_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let mut waits = Vec::new();
        while journal.failed("a", now, 0).unwrap() {
            waits.push(journal.entry("a").next_ms);
        }
        assert_eq!(waits.len(), 13);
        assert_eq!(waits[..3], [5_000, 10_000, 20_000]);
        assert!(waits.iter().all(|wait| *wait <= LONGEST_WAIT_MS));
    }

    #[test]
    fn an_outcome_is_remembered_over_a_crash_until_it_is_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.finished("a", (RunStatus::Done, "204")).unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        let outcome = Some((RunStatus::Done, "204".to_owned()));
        assert_eq!(journal.entry("a").outcome, outcome);
        journal.forget("a").unwrap();
        assert_eq!(
            Journal::open(folder.path()).unwrap().entry("a"),
            Entry::default()
        );
    }
}
