//! Merging what was admitted: in one call, and one change at a time when that fails.

use std::collections::BTreeMap;

use automerge::{Automerge, Change};
use casework_protocol::ids::ChangeHash;

use crate::replica::document::{guarded, load};
use crate::replica::rows::Aside;
use crate::replica::writing::DocumentStep;
use crate::replica::{DocumentFault, Replica, ReplicaFault};

impl Replica {
    /// Merges changes that were found good into a document in memory. Answers which could not be.
    pub(super) fn merge(
        &self,
        step: &mut DocumentStep,
        changes: Vec<Change>,
    ) -> Result<BTreeMap<ChangeHash, Aside>, ReplicaFault> {
        if changes.is_empty() {
            return Ok(BTreeMap::new());
        }
        let automerge = &mut step.document.automerge;
        let applied = guarded(|| automerge.apply_changes(changes.clone()))
            .and_then(|applied| applied.map_err(|error| error.to_string()));
        if applied.is_ok() {
            return Ok(BTreeMap::new());
        }
        // What is on the disk is the document before this batch.
        let before = match load(&self.store, step.id) {
            Ok(document) => document.automerge,
            Err(DocumentFault::Unknown(_)) => Automerge::new(),
            Err(fault) => return Err(fault.into()),
        };
        let (rebuilt, failed) = apply_one_by_one(before, changes);
        *automerge = rebuilt;
        step.reread();
        Ok(failed)
    }
}

/// Applies changes one at a time, each on a copy that is kept only if it worked.
fn apply_one_by_one(
    mut automerge: Automerge,
    changes: Vec<Change>,
) -> (Automerge, BTreeMap<ChangeHash, Aside>) {
    let mut failed = BTreeMap::new();
    for change in changes {
        let hash = ChangeHash::new(change.hash().0);
        let dep = change.deps().iter().map(|dep| ChangeHash::new(dep.0));
        if let Some(dep) = dep.into_iter().find(|dep| failed.contains_key(dep)) {
            failed.insert(hash, Aside::Dependent(dep));
            continue;
        }
        let mut copy = automerge.fork();
        let applied = guarded(|| copy.apply_changes([change]))
            .and_then(|applied| applied.map_err(|error| error.to_string()));
        match applied {
            Ok(()) => automerge = copy,
            Err(why) => {
                failed.insert(hash, Aside::Quarantined(why));
            }
        }
    }
    (automerge, failed)
}
