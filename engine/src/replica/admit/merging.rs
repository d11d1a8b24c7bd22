//! Merging what was admitted: which changes broke a rule, and one at a time when all at once fails.

use std::collections::BTreeMap;
use std::sync::Arc;

use automerge::{Automerge, Change};
use casework_protocol::ids::ChangeHash;

use crate::case::condition::Facts;
use crate::case::{Batch, RevisionMark, Shaped, ShapedAct, breaches};
use crate::replica::asked::day_of;
use crate::replica::document::guarded;
use crate::replica::rows::Aside;
use crate::template::Revision;

/// Whether the change broke a rule of the revision it cites, on the day its author claims.
pub(super) fn breaks_a_rule(
    batch: &Batch<'_>,
    shaped: &Shaped,
    revisions: &dyn Fn(RevisionMark) -> Option<Arc<Revision>>,
) -> bool {
    let ShapedAct::Case(act) = shaped.act() else {
        return false;
    };
    let message = shaped.message();
    let Some(revision) = message.revision.and_then(revisions) else {
        return false;
    };
    let Ok(past) = batch.past_of(shaped.change().deps()) else {
        return false;
    };
    let Some(today) = day_of(shaped.change().timestamp(), message.zone_min) else {
        return true;
    };
    !breaches(&Facts::new(&past, &revision, today), act).is_empty()
}

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
