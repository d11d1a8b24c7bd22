//! Access records: per document, a small hash-chained record of who may see it.
//!
//! The relay judges *viewing* from it alone. It never says what is in a document. An entry is
//! judged by the roster in force where the log took it; an entry that is refused changes nothing.

pub mod draft;
pub mod entry;
mod error;
mod fold;
mod purge;
mod state;

#[cfg(test)]
mod tests;

pub use error::AccessError;
pub use purge::{PurgeRequest, Purged};
pub use state::{AccessState, names, occasion, views};

use crate::access::entry::{AccessBody, AccessEntry};
use crate::authority::{CitedUnknown, Effect, History, Received};
use crate::citation::CitedVersion;
use crate::ids::{DocumentId, EntryHash};
use crate::roster::Roster;

/// The id of the document that a genesis with this hash creates.
#[must_use]
pub fn document_id(genesis: &EntryHash) -> DocumentId {
    let mut bytes = [0; DocumentId::LEN];
    bytes.copy_from_slice(&genesis.as_bytes()[..DocumentId::LEN]);
    DocumentId::new(bytes)
}

/// The access record of one document with its whole past. Cloning it copies one pointer per
/// version.
#[derive(Debug, Clone)]
pub struct AccessRecord {
    history: History<AccessState, AccessBody>,
}

impl AccessRecord {
    /// Begins a record with its genesis.
    ///
    /// The author must have been allowed to create the document at *some* version of the roster up
    /// to where the log took the genesis. A case opened in the field by somebody who lost that
    /// right meanwhile so gets its record, its changes cite the versions the author saw, and they
    /// are held for a decision instead of being thrown away.
    ///
    /// On the device that creates it, found the record with [`Received::unsequenced`], and again
    /// with its real place once the log has taken it.
    ///
    /// # Errors
    /// [`AccessError`]: not a genesis of this workspace, or not allowed at any time.
    pub fn found(
        entry: AccessEntry,
        received: Received,
        roster: &Roster,
    ) -> Result<Self, AccessError> {
        let state = fold::found(&entry, roster.workspace())?;
        check_founder_ever(&state, received, roster)?;
        Ok(Self {
            history: History::found(state, entry, received),
        })
    }

    /// Folds a whole record that was taken before, genesis first. Compare the document's id with
    /// the one expected.
    ///
    /// An entry without a place was judged when it was made, or at a place that it lost. Which
    /// roster judges it is known only when a log takes it: until then only the chain and what the
    /// entry says are looked at.
    ///
    /// # Errors
    /// The first refusal; no entries at all are an [`AccessError::BadGenesis`].
    pub fn replay(
        entries: impl IntoIterator<Item = (AccessEntry, Received)>,
        roster: &Roster,
    ) -> Result<Self, AccessError> {
        let mut entries = entries.into_iter();
        let (genesis, received) = entries
            .next()
            .ok_or(AccessError::BadGenesis("there are no entries"))?;
        let mut record = Self::found_again(genesis, received, roster)?;
        for (entry, received) in entries {
            record.apply_again(entry, received, roster)?;
        }
        Ok(record)
    }

    fn found_again(
        entry: AccessEntry,
        received: Received,
        roster: &Roster,
    ) -> Result<Self, AccessError> {
        if received.seq != Received::UNSEQUENCED {
            return Self::found(entry, received, roster);
        }
        let state = fold::found(&entry, roster.workspace())?;
        Ok(Self {
            history: History::found(state, entry, received),
        })
    }

    fn apply_again(
        &mut self,
        entry: AccessEntry,
        received: Received,
        roster: &Roster,
    ) -> Result<(), AccessError> {
        if received.seq != Received::UNSEQUENCED {
            return self.apply(entry, received, roster).map(|_| ());
        }
        let (state, effect) = fold::next_again(self.head(), &entry, received)?;
        self.history.push(state, entry, received, effect);
        Ok(())
    }

    /// Appends an entry that the log has sequenced.
    ///
    /// # Errors
    /// [`AccessError`]; then nothing has changed.
    pub fn apply(
        &mut self,
        entry: AccessEntry,
        received: Received,
        roster: &Roster,
    ) -> Result<&AccessState, AccessError> {
        let (state, effect) = self.judge(&entry, received, roster)?;
        self.history.push(state, entry, received, effect);
        Ok(self.head())
    }

    /// What [`AccessRecord::apply`] would answer.
    ///
    /// # Errors
    /// As [`AccessRecord::apply`].
    pub fn judge_entry(
        &self,
        entry: &AccessEntry,
        received: Received,
        roster: &Roster,
    ) -> Result<(), AccessError> {
        self.judge(entry, received, roster).map(|_| ())
    }

    fn judge(
        &self,
        entry: &AccessEntry,
        received: Received,
        roster: &Roster,
    ) -> Result<(AccessState, Effect), AccessError> {
        let last = self.history.last_received().seq;
        if received.seq < last {
            return Err(AccessError::OutOfOrder {
                last,
                given: received.seq,
            });
        }
        let roster = roster.in_force(received.seq);
        fold::next(self.head(), entry, (received, roster))
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> DocumentId {
        self.head().document()
    }

    /// The newest version.
    #[must_use]
    pub fn head(&self) -> &AccessState {
        self.history.head()
    }

    /// The newest version as a change cites it.
    #[must_use]
    pub fn cite(&self) -> CitedVersion {
        self.history.cite()
    }

    /// One version; `None` for zero and for the future.
    #[must_use]
    pub fn at(&self, version: u64) -> Option<&AccessState> {
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
    pub fn in_force(&self, seq: u64) -> &AccessState {
        self.history.in_force(seq).1
    }

    /// The version that a change cites; an own genesis that no log has taken yet may be cited.
    ///
    /// # Errors
    /// [`CitedUnknown`] when this record does not have that version.
    pub fn cited(&self, cited: CitedVersion) -> Result<u64, CitedUnknown> {
        self.history.cited(cited)
    }

    /// Every entry with its position, genesis first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = (&AccessEntry, Received)> {
        self.history.entries()
    }

    /// Versions after `after` up to `upto` at which somebody may have lost a right.
    pub(crate) fn reductions(&self, after: u64, upto: u64) -> &[u64] {
        self.history.reductions(after, upto)
    }
}

/// Rights only grow between two reductions, so whoever was ever allowed was so now or just before
/// a reduction. The error, if any, is the one that stands now.
fn check_founder_ever(
    state: &AccessState,
    received: Received,
    roster: &Roster,
) -> Result<(), AccessError> {
    let now = roster.version_at(received.seq);
    let refusal = match fold::check_founder(roster.in_force(received.seq), state) {
        Ok(()) => return Ok(()),
        Err(refusal) => refusal,
    };
    let earlier = roster
        .reductions(0, now)
        .iter()
        .rev()
        .map_while(|version| roster.at(version - 1))
        .take_while(|before| before.device(state.opened_by()).is_some());
    for before in earlier {
        if fold::check_founder(before, state).is_ok() {
            return Ok(());
        }
    }
    Err(refusal)
}
