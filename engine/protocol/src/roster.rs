//! The roster: the workspace's linear, hash-chained, signed log of authority.
//!
//! The roster at version *n* is a pure function of entries 1..n and of the times at which they
//! were received. The server only sequences; everybody holds the roster whole. An entry that is
//! refused changes nothing; one that is not in the log grants nothing.

pub mod draft;
pub mod entry;
mod error;
mod fold;
pub mod role;
pub(crate) mod rules;
mod state;

#[cfg(test)]
mod laws;
#[cfg(test)]
pub(crate) mod scene;
#[cfg(test)]
mod tests;

pub use error::{EntryPlace, Inactive, RosterError};
pub use rules::is_name;
pub use state::{Adoption, Device, Invite, Member, RosterState, Team};

use crate::authority::{CitedUnknown, Effect, History, Received};
use crate::citation::CitedVersion;
use crate::ids::WorkspaceId;
use crate::roster::entry::{RosterBody, RosterEntry};

/// The roster with its whole past. Cloning it copies one pointer per version.
#[derive(Debug, Clone)]
pub struct Roster {
    history: History<RosterState, RosterBody>,
}

impl Roster {
    /// Begins a roster with its genesis, whose hash becomes the workspace's id.
    ///
    /// # Errors
    /// [`RosterError::BadGenesis`], or a name that cannot be one.
    pub fn found(entry: RosterEntry, received: Received) -> Result<Self, RosterError> {
        let state = fold::found(&entry)?;
        Ok(Self {
            history: History::found(state, entry, received),
        })
    }

    /// Folds a whole roster, genesis first. Compare the workspace's id with the one expected.
    ///
    /// # Errors
    /// The first refusal; no entries at all are a [`RosterError::BadGenesis`].
    pub fn replay(
        entries: impl IntoIterator<Item = (RosterEntry, Received)>,
    ) -> Result<Self, RosterError> {
        let mut entries = entries.into_iter();
        let (genesis, received) = entries
            .next()
            .ok_or(RosterError::BadGenesis("there are no entries"))?;
        let mut roster = Self::found(genesis, received)?;
        for (entry, received) in entries {
            roster.apply(entry, received)?;
        }
        Ok(roster)
    }

    /// Appends an entry that the log has sequenced.
    ///
    /// # Errors
    /// [`RosterError`]; then nothing has changed. From a log that others verified too, a refusal
    /// other than [`RosterError::Stale`] means that the server sequenced what it must not.
    pub fn apply(
        &mut self,
        entry: RosterEntry,
        received: Received,
    ) -> Result<&RosterState, RosterError> {
        let (state, effect) = self.judge(&entry, received)?;
        self.history.push(state, entry, received, effect);
        Ok(self.head())
    }

    /// What [`Roster::apply`] would answer.
    ///
    /// # Errors
    /// As [`Roster::apply`].
    pub fn judge_entry(&self, entry: &RosterEntry, received: Received) -> Result<(), RosterError> {
        self.judge(entry, received).map(|_| ())
    }

    fn judge(
        &self,
        entry: &RosterEntry,
        received: Received,
    ) -> Result<(RosterState, Effect), RosterError> {
        let last = self.history.last_received().seq;
        if received.seq < last {
            return Err(RosterError::OutOfOrder {
                last,
                given: received.seq,
            });
        }
        fold::next(self.head(), entry, received)
    }

    /// The workspace.
    #[must_use]
    pub fn workspace(&self) -> WorkspaceId {
        self.head().workspace()
    }

    /// The newest version.
    #[must_use]
    pub fn head(&self) -> &RosterState {
        self.history.head()
    }

    /// The newest version as a change cites it.
    #[must_use]
    pub fn cite(&self) -> CitedVersion {
        self.history.cite()
    }

    /// One version; `None` for zero and for the future.
    #[must_use]
    pub fn at(&self, version: u64) -> Option<&RosterState> {
        self.history.at(version)
    }

    /// When and where the log took the entry of this version.
    #[must_use]
    pub fn received(&self, version: u64) -> Option<Received> {
        self.history.received(version)
    }

    /// The version in force for what arrives at this position.
    #[must_use]
    pub fn version_at(&self, seq: u64) -> u64 {
        self.history.version_at(seq)
    }

    /// The state in force for what arrives at this position.
    #[must_use]
    pub fn in_force(&self, seq: u64) -> &RosterState {
        self.history.in_force(seq).1
    }

    /// The version that a change cites.
    ///
    /// # Errors
    /// [`CitedUnknown`] when this roster does not have that version.
    pub fn cited(&self, cited: CitedVersion) -> Result<u64, CitedUnknown> {
        self.history.cited(cited)
    }

    /// Every version from this one to the one in force for what arrives at `upto_seq`; at least
    /// the first, if it exists.
    pub fn between(&self, from: u64, upto_seq: u64) -> impl Iterator<Item = (u64, &RosterState)> {
        let upto = self.version_at(upto_seq).max(from);
        (from..=upto).map_while(|version| Some((version, self.at(version)?)))
    }

    /// The entry that made this version, and its position.
    #[must_use]
    pub fn entry(&self, version: u64) -> Option<(&RosterEntry, Received)> {
        self.history.entry(version)
    }

    /// Every entry with its position, genesis first: what a newcomer replays.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = (&RosterEntry, Received)> {
        self.history.entries()
    }

    /// Versions after `after` up to `upto` at which somebody may have lost a right.
    pub(crate) fn reductions(&self, after: u64, upto: u64) -> &[u64] {
        self.history.reductions(after, upto)
    }
}
