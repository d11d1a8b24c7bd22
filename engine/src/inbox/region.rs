//! The part of a case's history in which something new may stand beside something else.
//!
//! Every change that is not behind all new ones, with who made it and what lies behind it. For work
//! that follows what was here that is the new changes alone; a case that comes whole is walked once.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, ChangeHash as Hash, ChangeMetadata};
use casework_protocol::ids::{ChangeHash, MemberId};

use super::Context;
use crate::case::Message;
use crate::view::device_of;

/// A change of the region.
pub(super) struct Node {
    pub(super) hash: ChangeHash,
    pub(super) deps: Vec<Hash>,
    pub(super) member: Option<MemberId>,
    pub(super) message: Message,
    pub(super) claimed_ms: i64,
    /// Whether it is one of the new ones.
    pub(super) new: bool,
    at: usize,
}

/// The region, every change after those that it builds on.
pub(super) struct Region {
    pub(super) nodes: Vec<Node>,
    /// By place in the region, unreadable changes included: actor, number, and how far each actor's
    /// changes lie behind.
    clocks: Vec<(usize, u64, Vec<u64>)>,
}

impl Region {
    pub(super) fn of(doc: &Automerge, news: &BTreeSet<ChangeHash>, context: &Context<'_>) -> Self {
        let metas = metas(doc, news);
        let mut actors = BTreeMap::new();
        for meta in &metas {
            let next = actors.len();
            actors.entry(meta.actor.as_ref().clone()).or_insert(next);
        }
        let mut places: BTreeMap<Hash, usize> = BTreeMap::new();
        let mut clocks: Vec<(usize, u64, Vec<u64>)> = Vec::with_capacity(metas.len());
        let mut nodes = Vec::new();
        for (at, meta) in metas.iter().enumerate() {
            let mut clock = vec![0; actors.len()];
            for dep in meta.deps.iter().filter_map(|dep| places.get(dep)) {
                for (mine, theirs) in clock.iter_mut().zip(&clocks[*dep].2) {
                    *mine = (*mine).max(*theirs);
                }
            }
            let actor = actors[meta.actor.as_ref()];
            clock[actor] = meta.seq;
            clocks.push((actor, meta.seq, clock));
            places.insert(meta.hash, at);
            nodes.extend(node(meta, at, (news, context)));
        }
        Self { nodes, clocks }
    }

    /// Whether one change lies behind another.
    pub(super) fn is_behind(&self, one: &Node, other: &Node) -> bool {
        let (actor, seq, _) = self.clocks[one.at];
        one.at != other.at && self.clocks[other.at].2[actor] >= seq
    }

    /// Whether neither saw the other.
    pub(super) fn is_beside(&self, one: &Node, other: &Node) -> bool {
        one.at != other.at && !self.is_behind(one, other) && !self.is_behind(other, one)
    }
}

fn node(
    meta: &ChangeMetadata<'_>,
    at: usize,
    (news, context): (&BTreeSet<ChangeHash>, &Context<'_>),
) -> Option<Node> {
    let hash = ChangeHash::new(meta.hash.0);
    let device = device_of(meta);
    Some(Node {
        hash,
        deps: meta.deps.clone(),
        member: device.and_then(|device| Some(context.roster.head().device(device)?.member)),
        message: Message::read(meta.message.as_deref()?).ok()?,
        claimed_ms: meta.timestamp,
        new: news.contains(&hash),
        at,
    })
}

/// The changes of the region in an order in which each follows what it builds on.
fn metas<'a>(doc: &'a Automerge, news: &BTreeSet<ChangeHash>) -> Vec<ChangeMetadata<'a>> {
    let is_new = |hash: &Hash| news.contains(&ChangeHash::new(hash.0));
    let new: Vec<ChangeMetadata<'_>> = news
        .iter()
        .filter_map(|hash| doc.get_change_meta_by_hash(&Hash(*hash.as_bytes())))
        .collect();
    // All that lies behind the first of the new ones lies behind every one.
    let first = new.iter().filter(|meta| !meta.deps.iter().any(is_new));
    let beside = not_behind(doc, first);
    let there: BTreeSet<Hash> = beside.iter().map(|meta| meta.hash).collect();
    let first: Vec<&ChangeMetadata<'_>> = beside
        .iter()
        .filter(|meta| !meta.deps.iter().any(|dep| there.contains(dep)))
        .collect();
    if first.iter().all(|meta| is_new(&meta.hash)) {
        return beside;
    }
    // What is beside a new one may have something beside it that is behind the new one.
    not_behind(doc, first.into_iter())
}

/// The changes that are not behind every one of these.
fn not_behind<'a, 'm>(
    doc: &'a Automerge,
    of: impl Iterator<Item = &'m ChangeMetadata<'a>>,
) -> Vec<ChangeMetadata<'a>>
where
    'a: 'm,
{
    let deps: Vec<&[Hash]> = of.map(|meta| &meta.deps[..]).collect();
    match &deps[..] {
        [] => Vec::new(),
        [deps] => doc.get_changes_meta(deps),
        several => {
            let mut wanted = BTreeSet::new();
            for deps in several {
                wanted.extend(doc.get_changes_meta(deps).iter().map(|meta| meta.hash));
            }
            let mut all = doc.get_changes_meta(&[]);
            all.retain(|meta| wanted.contains(&meta.hash));
            all
        }
    }
}
