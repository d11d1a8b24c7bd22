//! Work that waits for an adoption: which runs, whose, on what they build.
//!
//! It remembers released runs too, because a follower that is behind hands them out with the
//! adoption. Invariant: a run is released whole or not at all; its one signature covers its last
//! change only.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::ids::{ChangeHash, DeviceId, DocumentId};
use casework_protocol::limits::MAX_HELD_CHANGES;

use crate::log::HeldRow;

/// Every run of a workspace that was held on arrival.
#[derive(Debug)]
pub(super) struct HeldWork {
    most: usize,
    runs: BTreeMap<u64, HeldRow>,
    of_change: BTreeMap<ChangeHash, u64>,
    of_document: BTreeMap<DocumentId, BTreeSet<u64>>,
    waiting: BTreeMap<DeviceId, usize>,
}

/// Why an adoption cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum AdoptionProblem {
    /// It names some changes of a run and not all.
    #[error("change {missing} belongs to the same signed run as change {named}: adopt both")]
    PartOfRun {
        /// A change that is named.
        named: ChangeHash,
        /// One of the same run that is not.
        missing: ChangeHash,
    },
    /// It leaves out something that it builds on.
    #[error("change {named} builds on change {missing}, which is held: adopt both")]
    NotClosed {
        /// A change that is named.
        named: ChangeHash,
        /// What it builds on.
        missing: ChangeHash,
    },
}

impl Default for HeldWork {
    fn default() -> Self {
        Self {
            most: MAX_HELD_CHANGES,
            runs: BTreeMap::new(),
            of_change: BTreeMap::new(),
            of_document: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }
}

impl HeldWork {
    /// From now on so many changes of one device may wait. Those that wait already stay.
    pub(super) fn bound(&mut self, most: usize) {
        self.most = most;
    }

    /// How many changes of one device may wait.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    pub(super) fn load(rows: Vec<HeldRow>) -> Self {
        let mut held = Self::default();
        for row in rows {
            held.insert(row);
        }
        held
    }

    pub(super) fn insert(&mut self, row: HeldRow) {
        for change in &row.changes {
            self.of_change.insert(change.hash, row.seq);
        }
        self.of_document
            .entry(row.document)
            .or_default()
            .insert(row.seq);
        if row.adopted.is_none() {
            *self.waiting.entry(row.device).or_default() += row.changes.len();
        }
        self.runs.insert(row.seq, row);
    }

    /// Releases these runs by the adoption at this position; their rows as they are now.
    pub(super) fn release(&mut self, seqs: &[u64], adoption: u64) -> Vec<HeldRow> {
        let mut released = Vec::with_capacity(seqs.len());
        for seq in seqs {
            let Some(row) = self.runs.get_mut(seq).filter(|row| row.adopted.is_none()) else {
                continue;
            };
            row.adopted = Some(adoption);
            if let Some(waiting) = self.waiting.get_mut(&row.device) {
                *waiting = waiting.saturating_sub(row.changes.len());
            }
            released.push(row.clone());
        }
        released
    }

    /// Forgets the runs of a document that is purged.
    pub(super) fn forget(&mut self, document: DocumentId) {
        for seq in self.of_document.remove(&document).unwrap_or_default() {
            let Some(row) = self.runs.remove(&seq) else {
                continue;
            };
            if let Some(waiting) = self.waiting.get_mut(&row.device)
                && row.adopted.is_none()
            {
                *waiting = waiting.saturating_sub(row.changes.len());
            }
            for change in &row.changes {
                self.of_change.remove(&change.hash);
            }
        }
    }

    /// Whether the change waits for an adoption.
    pub(super) fn is_held(&self, change: ChangeHash) -> bool {
        self.waiting_run(change).is_some()
    }

    /// The run that begins at this position, if it was held on arrival.
    pub(super) fn run(&self, seq: u64) -> Option<&HeldRow> {
        self.runs.get(&seq)
    }

    /// The runs of a document, in log order, released ones included.
    pub(super) fn of(&self, document: DocumentId) -> impl Iterator<Item = &HeldRow> {
        self.of_document
            .get(&document)
            .into_iter()
            .flatten()
            .filter_map(|seq| self.runs.get(seq))
    }

    /// How many changes of this device wait.
    pub(super) fn waiting_for(&self, device: DeviceId) -> usize {
        self.waiting.get(&device).copied().unwrap_or(0)
    }

    /// The runs that an adoption of these changes of this document would release. Changes that no
    /// relay holds are no concern of its: replicas hold by finer rights.
    pub(super) fn closure(
        &self,
        document: DocumentId,
        changes: &[ChangeHash],
    ) -> Result<Vec<u64>, AdoptionProblem> {
        let named: BTreeSet<ChangeHash> = changes.iter().copied().collect();
        let mut seqs = BTreeSet::new();
        for change in &named {
            let Some(row) = self
                .waiting_run(*change)
                .filter(|row| row.document == document)
            else {
                continue;
            };
            for other in &row.changes {
                if !named.contains(&other.hash) {
                    let (named, missing) = (*change, other.hash);
                    return Err(AdoptionProblem::PartOfRun { named, missing });
                }
                let open = |need: &&ChangeHash| self.is_held(**need) && !named.contains(*need);
                if let Some(missing) = other.needs.iter().find(open) {
                    let (named, missing) = (other.hash, *missing);
                    return Err(AdoptionProblem::NotClosed { named, missing });
                }
            }
            seqs.insert(row.seq);
        }
        Ok(seqs.into_iter().collect())
    }

    fn waiting_run(&self, change: ChangeHash) -> Option<&HeldRow> {
        let row = self.runs.get(self.of_change.get(&change)?)?;
        row.adopted.is_none().then_some(row)
    }
}
