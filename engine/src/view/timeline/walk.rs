//! Walks the history of a document from the newest change back, without reading operations.
//!
//! The order is by first operation (later than everything the author knew), then clock, then hash:
//! every change comes before its dependencies, and equal sets of changes have equal orders. Only
//! what the page needs is visited. Invariant: a change is *parallel* exactly if some change of the
//! document neither knew it nor was known to it.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use automerge::{Automerge, ChangeHash as Hash, ChangeMetadata};

/// A change on the walk.
pub(super) struct Visited<'a> {
    pub(super) meta: ChangeMetadata<'a>,
    pub(super) parallel: bool,
    /// The latest clock among its direct dependencies.
    pub(super) known_ms: Option<i64>,
}

type Key = (u64, i64, Hash);

struct Walk<'a> {
    doc: &'a Automerge,
    metas: BTreeMap<Hash, ChangeMetadata<'a>>,
    /// Changes that are a head, or that a visited change directly builds on, and that are not
    /// visited: when only one is left, everything visited builds on it.
    frontier: BinaryHeap<Key>,
    queued: BTreeSet<Hash>,
}

/// The changes of one page, newest first.
pub(super) fn newest_first(doc: &Automerge, skip: usize, take: usize) -> Vec<Visited<'_>> {
    let mut walk = Walk {
        doc,
        metas: BTreeMap::new(),
        frontier: BinaryHeap::new(),
        queued: BTreeSet::new(),
    };
    for head in doc.get_heads() {
        walk.queue(head);
    }
    let mut page = Vec::new();
    let end = skip.saturating_add(take);
    for position in 0..end {
        let Some((_, _, hash)) = walk.frontier.pop() else {
            break;
        };
        let parallel = !walk.frontier.is_empty();
        let Some(meta) = walk.meta(hash) else { break };
        let deps = meta.deps.clone();
        let known_ms = walk.advance(&deps);
        if position >= skip {
            page.extend(walk.metas.remove(&hash).map(|meta| Visited {
                meta,
                parallel,
                known_ms,
            }));
        }
    }
    page
}

impl<'a> Walk<'a> {
    fn meta(&mut self, hash: Hash) -> Option<&ChangeMetadata<'a>> {
        if !self.metas.contains_key(&hash) {
            let meta = self.doc.get_change_meta_by_hash(&hash)?;
            self.metas.insert(hash, meta);
        }
        self.metas.get(&hash)
    }

    fn key(&mut self, hash: Hash) -> Option<Key> {
        self.meta(hash)
            .map(|meta| (meta.start_op, meta.timestamp, hash))
    }

    fn queue(&mut self, hash: Hash) {
        if self.queued.insert(hash)
            && let Some(key) = self.key(hash)
        {
            self.frontier.push(key);
        }
    }

    /// Queues the dependencies that matter and tells the latest clock among all of them.
    fn advance(&mut self, deps: &[Hash]) -> Option<i64> {
        let keys: Vec<Key> = deps.iter().filter_map(|dep| self.key(*dep)).collect();
        for dep in self.without_ancestors(&keys) {
            self.queue(dep);
        }
        keys.iter().map(|(_, clock, _)| *clock).max()
    }

    /// The dependencies that none of the others builds on. A change names its author's previous
    /// one as well, even where another dependency already builds on that.
    fn without_ancestors(&mut self, deps: &[Key]) -> Vec<Hash> {
        let mut kept: BTreeSet<Hash> = deps.iter().map(|(_, _, hash)| *hash).collect();
        let Some(oldest) = deps.iter().map(|(start, _, _)| *start).min() else {
            return Vec::new();
        };
        if deps.len() > 1 {
            let mut seen = BTreeSet::new();
            let mut open: Vec<Hash> = kept.iter().copied().collect();
            while let Some(hash) = open.pop() {
                let Some(meta) = self.meta(hash) else {
                    continue;
                };
                // Nothing below the oldest dependency can be one of them.
                if meta.start_op <= oldest {
                    continue;
                }
                for dep in meta.deps.clone() {
                    kept.remove(&dep);
                    if seen.insert(dep) {
                        open.push(dep);
                    }
                }
            }
        }
        kept.into_iter().collect()
    }
}
