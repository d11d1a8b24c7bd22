//! Received changes that were found good and are not merged yet, so that a whole batch can be
//! judged first and then merged in one call.
//!
//! The cost of judging grows with what a batch already writes to the same key, so batches of a few
//! thousand changes are best. Invariant: [`Batch::past_of`] reads exactly what the document would read at the change's
//! dependencies, had everything taken so far been merged. Only [`Shaped`] changes are taken.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use automerge::{Automerge, Change, ChangeHash as Hash, ReadDoc};
use casework_protocol::ids::{ActorId, ChangeHash};

use super::ops::{Deed, Key, Op};
use super::past::{Held, Object, OpRef, Past, Seen};
use super::shape::Shaped;

/// Changes judged but not merged.
pub struct Batch<'a> {
    doc: &'a Automerge,
    changes: Vec<Change>,
    standings: HashMap<Hash, Arc<Standing>>,
    slots: HashMap<Object, BTreeMap<String, Slot>>,
    texts: HashMap<Object, HashMap<OpRef, Character>>,
    /// Kept from one change to the next, because edits of one text come in a row.
    merged: Mutex<HashMap<Object, Merged>>,
}

/// What a change's causal past covers: of the merged document by the newest change of each actor,
/// of the batch by the newest sequence number of each actor.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    merged: BTreeMap<ActorId, (u64, Hash)>,
    batch: BTreeMap<ActorId, u64>,
}

/// What the batch does at one key of a map.
#[derive(Default)]
struct Slot {
    puts: BTreeMap<OpRef, Put>,
    /// Operations of the merged document, by who replaced them.
    replaced: BTreeMap<OpRef, Vec<Author>>,
}

/// Something that the batch puts at a key.
struct Put {
    seq: u64,
    held: Held,
    replaced_by: Vec<Author>,
}

/// What the batch does to one character of a text.
#[derive(Default)]
struct Character {
    /// The change that inserts it; `None` if it is in the merged document.
    inserted: Option<Author>,
    deleted_by: Vec<Author>,
}

/// A change by its actor and sequence number.
type Author = (ActorId, u64);

/// The characters of a text in the merged document at some heads.
type Merged = (Vec<Hash>, Arc<HashSet<OpRef>>);

/// A change that builds on one which is neither merged nor in the batch.
///
/// Cause: it was refused, held, or has not arrived. Cure: judge that one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the change builds on {0}, which is not here")]
pub struct MissingDependency(pub ChangeHash);

impl<'a> Batch<'a> {
    /// An empty batch for a document.
    #[must_use]
    pub fn new(doc: &'a Automerge) -> Self {
        Self {
            doc,
            changes: Vec::new(),
            standings: HashMap::new(),
            slots: HashMap::new(),
            texts: HashMap::new(),
            merged: Mutex::default(),
        }
    }

    /// Takes a change that was found good; later ones may build on it.
    pub fn take(&mut self, shaped: Shaped) {
        let (change, ops, mut standing) = shaped.into_parts();
        let seq = change.seq();
        for op in ops {
            self.lay(seq, op);
        }
        if let Some(actor) = ActorId::from_slice(change.actor_id().to_bytes()) {
            standing.batch.insert(actor, seq);
        }
        self.standings.insert(change.hash(), Arc::new(standing));
        self.changes.push(change);
    }

    /// The changes taken, in that order, for one `apply_changes`.
    #[must_use]
    pub fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    /// How many changes were taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether nothing was taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The change of the batch that made an operation.
    pub(super) fn change_of(&self, op: OpRef) -> Option<&Change> {
        let actor = automerge::ActorId::from(&op.actor.as_bytes()[..]);
        self.changes.iter().find(|change| {
            let ops = change.start_op().get()..=change.max_op();
            ops.contains(&op.counter) && *change.actor_id() == actor
        })
    }

    /// Whether neither the document nor the batch holds any change: only then is it opened. A
    /// second opening has an empty causal past too, so its past alone does not show it; the log's
    /// order decides which one came first, for every replica alike.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.changes.is_empty() && self.doc.get_heads().is_empty()
    }

    /// A change that the document or the batch holds.
    ///
    /// # Errors
    /// [`MissingDependency`] if neither does.
    pub fn change(&self, hash: Hash) -> Result<Change, MissingDependency> {
        let taken = self.changes.iter().rev();
        let found = taken.into_iter().find(|change| change.hash() == hash);
        found
            .cloned()
            .or_else(|| self.doc.get_change_by_hash(&hash))
            .ok_or_else(|| MissingDependency(ChangeHash::new(hash.0)))
    }

    /// The document without the batch.
    #[must_use]
    pub const fn document(&self) -> &'a Automerge {
        self.doc
    }

    /// The document as a change with these dependencies saw it.
    ///
    /// # Errors
    /// [`MissingDependency`] names the first one that is not here.
    pub fn past_of(&self, deps: &[Hash]) -> Result<Past<'_>, MissingDependency> {
        Ok(Past::in_batch(self, self.standing(deps)?))
    }

    pub(crate) fn standing(&self, deps: &[Hash]) -> Result<Standing, MissingDependency> {
        let mut standing = Standing::default();
        for dep in deps {
            if let Some(known) = self.standings.get(dep) {
                standing.join(known);
            } else {
                let missing = || MissingDependency(ChangeHash::new(dep.0));
                let meta = self.doc.get_change_meta_by_hash(dep).ok_or_else(missing)?;
                let actor = ActorId::from_slice(meta.actor.to_bytes()).ok_or_else(missing)?;
                standing.cover(actor, meta.seq, *dep);
            }
        }
        Ok(standing)
    }

    /// Turns what the merged document shows at a key into what the standing shows.
    pub(super) fn overlay(&self, at: &Standing, object: Object, key: &str, seen: &mut Vec<Seen>) {
        let Some(slot) = self.slots.get(&object).and_then(|keys| keys.get(key)) else {
            return;
        };
        seen.retain(|seen| !at.covers_any(slot.replaced.get(&seen.id)));
        for (id, put) in &slot.puts {
            if at.covers((id.actor, put.seq)) && !at.covers_any(Some(&put.replaced_by)) {
                seen.push(Seen {
                    id: *id,
                    held: put.held.clone(),
                });
            }
        }
        seen.sort_by_key(|seen| seen.id);
    }

    /// Whether a character of a text was there in the standing's eyes.
    pub(super) fn holds(&self, at: &Standing, text: Object, element: OpRef) -> bool {
        let character = self.texts.get(&text).and_then(|text| text.get(&element));
        match character {
            Some(known) if at.covers_any(Some(&known.deleted_by)) => false,
            Some(Character {
                inserted: Some(author),
                ..
            }) => at.covers(*author),
            Some(Character { inserted: None, .. }) | None => {
                self.merged_elements(at, text).contains(&element)
            }
        }
    }

    /// All characters of a text in the standing's eyes.
    pub(super) fn elements(&self, at: &Standing, text: Object) -> HashSet<OpRef> {
        let mut elements = self.merged_elements(at, text).as_ref().clone();
        elements.extend(self.texts.get(&text).into_iter().flat_map(HashMap::keys));
        elements.retain(|element| self.holds(at, text, *element));
        elements
    }

    fn merged_elements(&self, at: &Standing, text: Object) -> Arc<HashSet<OpRef>> {
        let heads = at.heads();
        let mut merged = self.merged.lock().unwrap_or_else(PoisonError::into_inner);
        match merged.get(&text) {
            Some((known, elements)) if *known == heads => Arc::clone(elements),
            Some(_) | None => {
                let elements = Arc::new(Past::at(self.doc, &heads).elements(text));
                merged.insert(text, (heads, Arc::clone(&elements)));
                elements
            }
        }
    }

    /// Keys of a map that the batch writes to.
    pub(super) fn keys(&self, object: Object, range: &Range<String>) -> Vec<String> {
        let keys = self.slots.get(&object);
        keys.map_or_else(Vec::new, |keys| {
            keys.range(range.clone())
                .map(|(key, _)| key.clone())
                .collect()
        })
    }

    fn lay(&mut self, seq: u64, op: Op) {
        let author = (op.id.actor, seq);
        match op.key {
            Key::Map(key) => {
                let slot = self
                    .slots
                    .entry(op.object)
                    .or_default()
                    .entry(key)
                    .or_default();
                slot.lay(author, op.id, op.deed, &op.replaces);
            }
            Key::Element(element) if !op.insert => {
                let text = self.texts.entry(op.object).or_default();
                text.entry(element).or_default().deleted_by.push(author);
            }
            Key::Head | Key::Element(_) => {
                let text = self.texts.entry(op.object).or_default();
                text.entry(op.id).or_default().inserted = Some(author);
            }
        }
    }
}

impl Slot {
    fn lay(&mut self, author: Author, id: OpRef, deed: Deed, replaces: &[OpRef]) {
        for replaced in replaces {
            match self.puts.get_mut(replaced) {
                Some(put) => put.replaced_by.push(author),
                None => self.replaced.entry(*replaced).or_default().push(author),
            }
        }
        let held = match deed {
            Deed::Put(value) => Held::Scalar(value),
            Deed::MakeMap => Held::Map,
            Deed::MakeText => Held::Text,
            Deed::Foreign => Held::Foreign,
            Deed::Delete => return,
        };
        self.puts.insert(
            id,
            Put {
                seq: author.1,
                held,
                replaced_by: Vec::new(),
            },
        );
    }
}

impl Standing {
    /// Of the merged document, the newest change of each actor: heads, perhaps with ancestors.
    pub(super) fn heads(&self) -> Vec<Hash> {
        self.merged.values().map(|(_, hash)| *hash).collect()
    }

    fn covers(&self, (actor, seq): Author) -> bool {
        self.batch.get(&actor).is_some_and(|newest| *newest >= seq)
    }

    fn covers_any(&self, authors: Option<&Vec<Author>>) -> bool {
        authors
            .into_iter()
            .flatten()
            .any(|author| self.covers(*author))
    }

    fn cover(&mut self, actor: ActorId, seq: u64, hash: Hash) {
        let newest = self.merged.entry(actor).or_insert((seq, hash));
        if newest.0 < seq {
            *newest = (seq, hash);
        }
    }

    fn join(&mut self, other: &Self) {
        for (actor, (seq, hash)) in &other.merged {
            self.cover(*actor, *seq, *hash);
        }
        for (actor, seq) in &other.batch {
            let newest = self.batch.entry(*actor).or_insert(*seq);
            *newest = (*newest).max(*seq);
        }
    }
}
