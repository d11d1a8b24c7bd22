//! Merging what was admitted one change at a time, when all at once fails.

use std::collections::BTreeMap;

use automerge::{Automerge, Change};
use casework_protocol::ids::ChangeHash;

use crate::replica::document::guarded;
use crate::replica::rows::Aside;

/// Applies changes one at a time, each on a copy that is kept only if it worked.
pub(super) fn apply_one_by_one(
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
