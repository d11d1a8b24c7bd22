//! Whether a change may cite the template revision that it cites: never one that was superseded on
//! the way to a revision cited in its causal past.
//!
//! Otherwise a member could go on under an old rule by naming the old revision. Judged from the
//! changes and the revisions alone, so every replica judges alike.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use automerge::{Automerge, ChangeHash as Hash};
use casework_protocol::ids::{ChangeHash, RevisionId};

use super::rows::Aside;
use crate::case::{Message, RevisionMark};
use crate::template::{Revision, is_ancestor};

/// The revisions that the changes of one document and of the batch on its way into it cite.
pub(super) struct Cited<'a> {
    automerge: &'a Automerge,
    revisions: &'a BTreeMap<RevisionId, Arc<Revision>>,
    batch: BTreeMap<Hash, (Vec<Hash>, Option<RevisionMark>)>,
}

impl<'a> Cited<'a> {
    pub(super) const fn new(
        automerge: &'a Automerge,
        revisions: &'a BTreeMap<RevisionId, Arc<Revision>>,
    ) -> Self {
        Self {
            automerge,
            revisions,
            batch: BTreeMap::new(),
        }
    }

    /// Adds a change of the batch.
    pub(super) fn take(&mut self, hash: ChangeHash, deps: &[Hash], message: &Message) {
        let hash = Hash(*hash.as_bytes());
        self.batch.insert(hash, (deps.to_vec(), message.revision));
    }

    /// Judges what a change cites against what its causal past cites.
    pub(super) fn judge(&self, deps: &[Hash], message: &Message) -> Result<(), Aside> {
        let Some(mark) = message.revision else {
            return Ok(());
        };
        // Whatever the direct dependencies cite was judged when they came. If none of them cites
        // anything but this revision or one before it, nothing in their past can come after it.
        let direct: BTreeSet<RevisionMark> =
            deps.iter().filter_map(|dep| self.entry(*dep)?.1).collect();
        if direct.iter().all(|other| *other == mark) {
            return Ok(());
        }
        let cited = self.named(mark)?;
        let mut behind = true;
        for other in direct.iter().filter(|other| **other != mark) {
            behind &= self.comes_before(self.named(*other)?, cited)?;
        }
        if behind {
            return Ok(());
        }
        for other in self.in_the_past_of(deps) {
            if other != mark && self.comes_before(cited, self.named(other)?)? {
                return Err(Aside::Quarantined(format!(
                    "it cites template revision {}, which was superseded by one that it builds on",
                    cited.short()
                )));
            }
        }
        Ok(())
    }

    /// Everything that the causal past of a change with these dependencies cites.
    fn in_the_past_of(&self, deps: &[Hash]) -> BTreeSet<RevisionMark> {
        let mut marks = BTreeSet::new();
        let mut seen: BTreeSet<Hash> = deps.iter().copied().collect();
        let mut next = deps.to_vec();
        while let Some(hash) = next.pop() {
            let Some((deps, mark)) = self.entry(hash) else {
                continue;
            };
            marks.extend(mark);
            next.extend(deps.into_iter().filter(|dep| seen.insert(*dep)));
        }
        marks
    }

    fn entry(&self, hash: Hash) -> Option<(Vec<Hash>, Option<RevisionMark>)> {
        if let Some(entry) = self.batch.get(&hash) {
            return Some(entry.clone());
        }
        let meta = self.automerge.get_change_meta_by_hash(&hash)?;
        let message = Message::read(meta.message.as_deref()?).ok()?;
        Some((meta.deps, message.revision))
    }

    fn named(&self, mark: RevisionMark) -> Result<RevisionId, Aside> {
        let mut ids = self.revisions.keys();
        let found = ids.find(|id| mark.names(id)).copied();
        found.ok_or_else(|| Aside::Waiting(format!("template revision {mark} has not arrived")))
    }

    fn comes_before(&self, older: RevisionId, newer: RevisionId) -> Result<bool, Aside> {
        is_ancestor(older, newer, &|id| self.revisions.get(&id).cloned())
            .map_err(|unknown| Aside::Waiting(unknown.to_string()))
    }
}
