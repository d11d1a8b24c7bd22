//! The inbox in the replica: items stored with the change that makes them, in one transaction.
//!
//! ```text
//! step ─▶ news ─▶ items ─▶ Inbox + InboxOrder + card + view ─▶ one commit
//! ```
//! What is read and what is quiet lies in personal documents (`marking`). Invariant: the items of a
//! case are a function of its changes, so making them again makes the same ones; a case that is gone
//! leaves none.

mod marking;
mod reading;
mod standing;
mod words;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use casework_protocol::ids::{ChangeHash, DocumentId, MemberId};
use minicbor::{Decode, Encode};

pub use self::reading::{InboxAfter, InboxEntry, InboxFilter, InboxPage};
use super::document::guarded;
use super::history::arrivals;
use super::rows::{Arrived, ChangeRow};
use super::store::Writes;
use super::tables::{self, Table, meta};
use super::writing::DocumentStep;
use super::{Replica, ReplicaFault};
use crate::case::PartId;
use crate::inbox::due::concerns;
use crate::inbox::{Broken, Context, Item, ItemKind, MAX_ITEMS, horizon, items};
use crate::personal::Personal;
use crate::view::Card;

/// How many items more than are kept may lie there before they are looked through.
const PRUNE_EVERY: usize = 1_000;

/// What a step brought to a document.
pub(super) enum News {
    /// These changes, by their devices, and when they arrived.
    Some(
        Vec<(
            ChangeHash,
            casework_protocol::ids::DeviceId,
            Option<Arrived>,
        )>,
    ),
    /// All that it holds is looked at anew.
    All,
}

/// Where an item is shown.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(array)]
pub(super) struct InboxPlace {
    #[n(0)]
    pub(super) document: DocumentId,
    #[n(1)]
    pub(super) template: Option<DocumentId>,
    #[n(2)]
    pub(super) kind: String,
}

impl InboxPlace {
    pub(super) fn kind(&self) -> Option<ItemKind> {
        ItemKind::from_name(&self.kind)
    }
}

impl News {
    pub(super) fn of(whole: bool, rows: &[ChangeRow]) -> Self {
        if whole {
            return Self::All;
        }
        let news = rows.iter().map(|row| (row.hash, row.device, row.arrived));
        Self::Some(news.collect())
    }
}

impl Replica {
    /// How often the inbox may have changed since the replica was opened.
    #[must_use]
    pub fn inbox_turns(&self) -> u64 {
        self.inbox_turns
    }

    /// Writes the items that a step makes.
    pub(super) fn write_inbox(
        &self,
        writes: &mut Writes,
        step: &DocumentStep,
        news: &News,
    ) -> Result<(), ReplicaFault> {
        if let News::Some(news) = news
            && news.iter().all(|(_, device, _)| *device == self.device())
        {
            // Own doing tells nobody here anything, and stands beside nothing.
            return Ok(());
        }
        let (News::Some(_), Some(me)) = (news, self.member()) else {
            return self.write_all_items(writes, step);
        };
        let found = self.derive(step, news, me)?;
        if found.is_empty() {
            return Ok(());
        }
        for item in found {
            self.write_item(writes, step, &item)?;
        }
        self.prune_full(writes)
    }

    fn write_all_items(
        &self,
        writes: &mut Writes,
        step: &DocumentStep,
    ) -> Result<(), ReplicaFault> {
        self.forget_items(writes, step.id)?;
        if step.document.automerge.is_empty() {
            writes.delete(Table::Mine, tables::document(step.id));
            return Ok(());
        }
        let Some(me) = self.member() else {
            return Ok(());
        };
        let mut kept: BTreeMap<PartId, Item> = BTreeMap::new();
        for item in self.derive(step, &News::All, me)? {
            let known = kept.entry(item.id).or_insert_with(|| item.clone());
            if is_earlier(&item, known) {
                *known = item;
            }
        }
        for item in kept.values() {
            self.put_item(writes, step, item);
        }
        self.prune_full(writes)
    }

    /// The items that news make. A document that cannot be read tells nothing: it is set aside by
    /// whoever shows it.
    fn derive(
        &self,
        step: &DocumentStep,
        news: &News,
        me: MemberId,
    ) -> Result<Vec<Item>, ReplicaFault> {
        let automerge = &step.document.automerge;
        let from = self.newest_head_ms()?.map_or(i64::MIN, horizon);
        let there: OnceCell<BTreeMap<ChangeHash, Arrived>> = OnceCell::new();
        let stored = || match &step.arrived {
            Some(arrived) => arrived.clone(),
            None => arrivals(&self.store, step.id, automerge).unwrap_or_default(),
        };
        let fresh = |arrived: Option<Arrived>| {
            arrived.is_none_or(|arrived| arrived.received_ms.cast_signed() >= from)
        };
        let mut brought: BTreeMap<ChangeHash, Arrived> = BTreeMap::new();
        let news: BTreeSet<ChangeHash> = match news {
            News::Some(news) => news
                .iter()
                .filter(|(_, _, arrived)| fresh(*arrived))
                .map(|(hash, _, arrived)| {
                    brought.extend(arrived.map(|arrived| (*hash, arrived)));
                    *hash
                })
                .collect(),
            News::All => {
                let arrived = there.get_or_init(stored);
                let metas = automerge.get_changes_meta(&[]);
                let hashes = metas.iter().map(|meta| ChangeHash::new(meta.hash.0));
                hashes
                    .filter(|hash| fresh(arrived.get(hash).copied()))
                    .collect()
            }
        };
        if news.is_empty() {
            return Ok(Vec::new());
        }
        let received = |hash: ChangeHash| {
            let arrived = brought.get(&hash).copied();
            let arrived = arrived.or_else(|| there.get_or_init(stored).get(&hash).copied());
            arrived.map(|arrived| arrived.received_ms.cast_signed())
        };
        let context = Context {
            document: step.id,
            me,
            roster: self.roster()?,
            revisions: &|mark| self.marked_revision(mark),
            broken: &|hash| broken(step, hash),
            received: &received,
        };
        Ok(guarded(|| items(automerge, &news, &context)).unwrap_or_default())
    }

    /// Writes an item, unless it is there already and came as early: what two devices made of one
    /// trigger is told once.
    fn write_item(
        &self,
        writes: &mut Writes,
        step: &DocumentStep,
        item: &Item,
    ) -> Result<(), ReplicaFault> {
        let key = tables::document_item(step.id, item.id);
        let known = match writes.pending(Table::Inbox, &key) {
            Some(pending) => pending.map(<[u8]>::to_vec),
            None => self.store.get(Table::Inbox, &key)?,
        };
        if let Some(known) = known.as_deref().and_then(Item::from_stored) {
            if !is_earlier(item, &known) {
                return Ok(());
            }
            writes.delete(
                Table::InboxOrder,
                tables::inbox_order(known.at_ms, known.id),
            );
        }
        self.put_item(writes, step, item);
        Ok(())
    }

    fn put_item(&self, writes: &mut Writes, step: &DocumentStep, item: &Item) {
        let key = tables::document_item(step.id, item.id);
        writes.put(Table::Inbox, key, item.to_stored());
        let place = InboxPlace {
            document: step.id,
            template: step.document.row.template,
            kind: item.kind.name().to_owned(),
        };
        let order = tables::inbox_order(item.at_ms, item.id);
        writes.put_cbor(Table::InboxOrder, order, &place);
    }

    /// Takes the items of a case out of the inbox.
    pub(super) fn forget_items(
        &self,
        writes: &mut Writes,
        id: DocumentId,
    ) -> Result<(), ReplicaFault> {
        self.store.scan(Table::Inbox, id.as_bytes(), |key, value| {
            if let Some(item) = Item::from_stored(value) {
                writes.delete(Table::InboxOrder, tables::inbox_order(item.at_ms, item.id));
            }
            writes.delete(Table::Inbox, key.to_vec());
            Ok(true)
        })?;
        Ok(())
    }

    fn prune_full(&self, writes: &mut Writes) -> Result<(), ReplicaFault> {
        if self.store.count(Table::InboxOrder)? > MAX_ITEMS + PRUNE_EVERY {
            let now = self.newest_head_ms()?.unwrap_or(i64::MIN);
            self.prune(writes, now)?;
        }
        Ok(())
    }

    /// Takes out what is too old, and the oldest of too many.
    pub(super) fn prune_inbox(&self, writes: &mut Writes, now_ms: u64) -> Result<(), ReplicaFault> {
        if self.store.is_empty(Table::InboxOrder)? {
            return Ok(());
        }
        self.prune(writes, now_ms.cast_signed())
    }

    fn prune(&self, writes: &mut Writes, now_ms: i64) -> Result<(), ReplicaFault> {
        let from = horizon(now_ms);
        let mut count = 0;
        self.store.scan(Table::InboxOrder, &[], |key, value| {
            count += 1;
            let Some((at_ms, item)) = tables::split_inbox_order(key) else {
                return Ok(true);
            };
            if count > MAX_ITEMS || at_ms < from {
                writes.delete(Table::InboxOrder, key.to_vec());
                let place: InboxPlace = super::store::decode_row(Table::InboxOrder, value)?;
                writes.delete(Table::Inbox, tables::document_item(place.document, item));
            }
            Ok(true)
        })?;
        Ok(())
    }

    /// When the newest head was signed; nothing without a server.
    pub(super) fn newest_head_ms(&self) -> Result<Option<i64>, ReplicaFault> {
        let mut known = self.head_ms.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signed) = *known {
            return Ok(signed);
        }
        let head = self.newest_head()?;
        let signed = head.map(|head| head.head().time_ms.cast_signed());
        *known = Some(signed);
        Ok(signed)
    }

    /// Writes what a personal document says.
    pub(super) fn write_personal(
        &self,
        writes: &mut Writes,
        step: &DocumentStep,
    ) -> Result<(), ReplicaFault> {
        // One that cannot be read says nothing.
        let automerge = &step.document.automerge;
        let said = guarded(|| Personal::read(automerge)).unwrap_or_default();
        let key = tables::document(step.id);
        writes.put(Table::Personal, key, said.to_stored());
        Ok(())
    }

    /// Looks through the cases that were here before the inbox was.
    fn find_mine(&mut self) -> Result<(), ReplicaFault> {
        if self.store.get(Table::Meta, meta::MINE)?.is_some() {
            return Ok(());
        }
        let mut writes = Writes::default();
        for card in self.cards()? {
            note_mine(&mut writes, &card, self.member());
        }
        writes.put(Table::Meta, meta::MINE.to_vec(), Vec::new());
        self.commit(writes)
    }
}

/// Notes whether the deadlines of a case are the member's.
pub(super) fn note_mine(writes: &mut Writes, card: &Card, me: Option<MemberId>) {
    let key = tables::document(card.document);
    if me.is_some_and(|me| concerns(card, me)) {
        writes.put(Table::Mine, key, Vec::new());
    } else {
        writes.delete(Table::Mine, key);
    }
}

/// What a change of a step broke, as the view that was just written shows it.
fn broken(step: &DocumentStep, hash: ChangeHash) -> Option<Broken> {
    let flags = &step.document.view.as_ref()?.flags;
    if flags.rule_broken.contains_key(&hash) {
        Some(Broken::Rule)
    } else if flags.newer_rule_broken.contains_key(&hash) {
        Some(Broken::NewerRule)
    } else {
        None
    }
}

fn is_earlier(one: &Item, other: &Item) -> bool {
    (one.at_ms, one.change) < (other.at_ms, other.change)
}

#[cfg(test)]
mod tests;
