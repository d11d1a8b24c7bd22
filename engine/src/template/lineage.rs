//! Which revision comes before which: each names those that it took the place of.
//!
//! A function of the revisions alone, because their names cover what they supersede: no clock, no
//! log and no document is asked, and every replica answers the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use casework_protocol::ids::RevisionId;

use super::revision::Revision;

/// Finds a revision by its id.
pub type Find<'a> = dyn Fn(RevisionId) -> Option<Arc<Revision>> + 'a;

/// A revision that is not here, so that nothing can be said about what came before. It may arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("template revision {0} has not arrived")]
pub struct UnknownAncestor(pub RevisionId);

/// Whether one revision was superseded on the way to the other; no revision is its own ancestor.
///
/// # Errors
/// [`UnknownAncestor`] when one in between is not here and it is not found without it.
pub fn is_ancestor(
    older: RevisionId,
    newer: RevisionId,
    find: &Find<'_>,
) -> Result<bool, UnknownAncestor> {
    let mut unknown = None;
    let mut seen = BTreeSet::from([newer]);
    let mut next = vec![newer];
    while let Some(id) = next.pop() {
        let Some(revision) = find(id) else {
            unknown = Some(UnknownAncestor(id));
            continue;
        };
        for before in revision.supersedes() {
            if *before == older {
                return Ok(true);
            }
            if seen.insert(*before) {
                next.push(*before);
            }
        }
    }
    unknown.map_or(Ok(false), Err)
}

/// The newest revision that all of these come from, or are; of several such the one with the
/// smallest id. `None` when they have nothing in common.
///
/// # Errors
/// [`UnknownAncestor`] when one on the way is not here.
pub fn common_ancestor(
    revisions: &BTreeSet<RevisionId>,
    find: &Find<'_>,
) -> Result<Option<RevisionId>, UnknownAncestor> {
    let mut common: Option<BTreeSet<RevisionId>> = None;
    for id in revisions {
        let line = line_of(*id, find)?;
        common = Some(match common {
            None => line,
            Some(common) => common.intersection(&line).copied().collect(),
        });
    }
    let common = common.unwrap_or_default();
    for id in &common {
        let mut newer = common.iter().filter(|other| *other != id);
        let is_older = newer.try_fold(false, |older, other| {
            Ok(older || is_ancestor(*id, *other, find)?)
        })?;
        if !is_older {
            return Ok(Some(*id));
        }
    }
    Ok(None)
}

/// A revision and everything it comes from.
fn line_of(id: RevisionId, find: &Find<'_>) -> Result<BTreeSet<RevisionId>, UnknownAncestor> {
    let mut line = BTreeSet::from([id]);
    let mut next = vec![id];
    while let Some(id) = next.pop() {
        let revision = find(id).ok_or(UnknownAncestor(id))?;
        for before in revision.supersedes() {
            if line.insert(*before) {
                next.push(*before);
            }
        }
    }
    Ok(line)
}
