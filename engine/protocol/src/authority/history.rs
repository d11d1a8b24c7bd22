//! A chain of authority with its past: the state after each entry, and where in the log the entry
//! came into force.
//!
//! Does not judge entries; the folds of rosters and access records do. Invariants: the state at
//! index *i* is version *i* + 1, positions never decrease, and between two reducing versions
//! rights only grow.

use std::sync::Arc;

use crate::citation::CitedVersion;
use crate::entry::Entry;

/// When and where the log took something: its place in the total order and the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Received {
    /// Position in the workspace's log; [`Received::UNSEQUENCED`] for what no log has taken yet.
    pub seq: u64,
    /// Milliseconds since 1970 by the server's clock (the founder's, before the first server).
    pub ms: u64,
}

/// Whether an entry can take a right away from somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Whoever was allowed something still is.
    Grows,
    /// Somebody may have lost something.
    Reduces,
}

/// A cited version that this history cannot confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CitedUnknown {
    /// Newer than the head. A replica waits for the entry; the relay answers `unknown-citation`.
    #[error("version {cited} is cited and the newest known one is {newest}")]
    Future {
        /// What is cited.
        cited: CitedVersion,
        /// The newest version here.
        newest: u64,
    },
    /// Version zero, or an entry of another history under that number. Somebody was shown another
    /// history: never admit, keep as evidence.
    #[error("version {cited} is cited and that version has mark {actual} here")]
    Mismatch {
        /// What is cited.
        cited: CitedVersion,
        /// The entry with that number here; `0` and zeroes for version zero.
        actual: CitedVersion,
    },
}

/// One version: the state, the entry that made it, and its place in the log.
#[derive(Debug)]
struct Step<S, B> {
    state: S,
    entry: Entry<B>,
    received: Received,
}

/// All versions of a chain.
#[derive(Debug)]
pub(crate) struct History<S, B> {
    steps: Vec<Arc<Step<S, B>>>,
    reductions: Vec<u64>,
}

impl Received {
    /// The position of what no log has taken yet: after everything that is in a log.
    pub const UNSEQUENCED: u64 = u64::MAX;

    /// Something that no log has taken yet.
    #[must_use]
    pub const fn unsequenced(ms: u64) -> Self {
        Self {
            seq: Self::UNSEQUENCED,
            ms,
        }
    }
}

impl<S, B> Clone for History<S, B> {
    fn clone(&self) -> Self {
        Self {
            steps: self.steps.clone(),
            reductions: self.reductions.clone(),
        }
    }
}

impl<S, B> History<S, B> {
    pub(crate) fn found(state: S, entry: Entry<B>, received: Received) -> Self {
        let steps = vec![Arc::new(Step {
            state,
            entry,
            received,
        })];
        Self {
            steps,
            reductions: Vec::new(),
        }
    }

    /// Appends the state after an entry that the fold accepted.
    pub(crate) fn push(&mut self, state: S, entry: Entry<B>, received: Received, effect: Effect) {
        self.steps.push(Arc::new(Step {
            state,
            entry,
            received,
        }));
        if effect == Effect::Reduces {
            self.reductions.push(self.version());
        }
    }

    pub(crate) fn version(&self) -> u64 {
        self.steps.len() as u64
    }

    pub(crate) fn head(&self) -> &S {
        &self.newest().state
    }

    pub(crate) fn last_received(&self) -> Received {
        self.newest().received
    }

    pub(crate) fn at(&self, version: u64) -> Option<&S> {
        Some(&self.step(version)?.state)
    }

    pub(crate) fn received(&self, version: u64) -> Option<Received> {
        Some(self.step(version)?.received)
    }

    /// The version that judges what arrives at this position: the newest one that stands before
    /// it. The genesis judges whatever arrives before itself, because there is nothing else.
    pub(crate) fn version_at(&self, seq: u64) -> u64 {
        self.steps
            .partition_point(|step| step.received.seq < seq)
            .max(1) as u64
    }

    pub(crate) fn in_force(&self, seq: u64) -> (u64, &S) {
        let version = self.version_at(seq);
        (
            version,
            self.at(version).expect("a version in force exists"),
        )
    }

    pub(crate) fn cite(&self) -> CitedVersion {
        CitedVersion::of(self.version(), &self.newest().entry.hash())
    }

    pub(crate) fn cited(&self, cited: CitedVersion) -> Result<u64, CitedUnknown> {
        if cited.version > self.version() {
            return Err(CitedUnknown::Future {
                cited,
                newest: self.version(),
            });
        }
        let Some(step) = self.step(cited.version) else {
            let actual = CitedVersion {
                version: 0,
                mark: [0; 8],
            };
            return Err(CitedUnknown::Mismatch { cited, actual });
        };
        let hash = step.entry.hash();
        if cited.names(&hash) {
            Ok(cited.version)
        } else {
            let actual = CitedVersion::of(cited.version, &hash);
            Err(CitedUnknown::Mismatch { cited, actual })
        }
    }

    pub(crate) fn entry(&self, version: u64) -> Option<(&Entry<B>, Received)> {
        self.step(version).map(|step| (&step.entry, step.received))
    }

    pub(crate) fn entries(&self) -> impl DoubleEndedIterator<Item = (&Entry<B>, Received)> {
        self.steps.iter().map(|step| (&step.entry, step.received))
    }

    /// Versions after `after` up to and including `upto` that may have taken a right away.
    pub(crate) fn reductions(&self, after: u64, upto: u64) -> &[u64] {
        let from = self.reductions.partition_point(|version| *version <= after);
        let to = self.reductions.partition_point(|version| *version <= upto);
        self.reductions.get(from..to).unwrap_or_default()
    }

    fn newest(&self) -> &Step<S, B> {
        self.steps
            .last()
            .expect("a history begins with its genesis")
    }

    fn step(&self, version: u64) -> Option<&Step<S, B>> {
        let index = usize::try_from(version.checked_sub(1)?).ok()?;
        Some(self.steps.get(index)?.as_ref())
    }
}
