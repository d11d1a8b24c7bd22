//! Giving a server back what it lost, at its old place: the log kept verbatim.
//!
//! A replica whose member may `keep` stores every item of the log as it came, with the original
//! signatures. From that a restored server gets its entries back where they stood. What cannot go
//! back so arrives anew in another epoch: see `returning.rs`.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::frame::{
    Cursor, Logged, LoggedRun, Placed, ProvedPurge, PushItem, Standing, Start,
};
use casework_protocol::ids::DocumentId;
use casework_protocol::log::{
    ConsistencyProof, Frontier, NodeHash, Nodes, prove_consistency, prove_inclusion,
};
use casework_protocol::rights::Verb;

use super::history::History;
use super::lost::{Placement, hashes_of};
use super::outbox::NOBODYS;
use super::rows::{Arrived, AsideRow, ChangeRow, PurgeRow, Sequenced};
use super::store::{Writes, decode_row};
use super::tables::{self, Table, meta};
use super::{Replica, ReplicaFault};
use crate::sync::Parcel;

/// The nodes of the tree over the log kept here.
#[derive(Default)]
struct KeptTree(BTreeMap<(u8, u64), NodeHash>);

/// A node that is not in the tree.
#[derive(Debug, thiserror::Error)]
#[error("the log kept here has a gap")]
struct Gap;

impl Nodes for KeptTree {
    type Error = Gap;

    fn node(&self, level: u8, index: u64) -> Result<NodeHash, Gap> {
        self.0.get(&(level, index)).copied().ok_or(Gap)
    }
}

/// Marks the row number of a parcel that stands for a roster entry, by version, and not for a row
/// of the outbox; outbox numbers never get there.
const ROSTER_ROW: u64 = 1 << 63;

/// Marks the number of a kept item that lost its position with its epoch; no log gets there.
const LOST_ITEM: u64 = 1 << 63;

impl Replica {
    /// Whether this replica keeps the log: its member may make bundles, or founded the workspace
    /// here a moment ago.
    pub(super) fn keeps_log(&self) -> bool {
        let Some(roster) = &self.roster else {
            return false;
        };
        self.member()
            .is_some_and(|member| roster.head().holds(member, Verb::Keep))
    }

    /// Keeps items as they came.
    pub(super) fn keep_items(&self, writes: &mut Writes, items: &[Logged]) {
        if !self.keeps_log() {
            return;
        }
        for item in items
            .iter()
            .filter(|item| !matches!(item, Logged::Withheld { .. }))
        {
            let gone = item.document().is_some_and(|id| self.is_purged(id));
            let bare = gone.then(|| item.bare()).flatten();
            let item = bare.as_ref().unwrap_or(item);
            writes.put_cbor(Table::Log, tables::number(item.seq()), item);
        }
    }

    /// Keeps what this device pushed, at the places it was given. A run whose changes were placed
    /// apart (some were there before) is left to the echo.
    pub(super) fn keep_pushed(&self, writes: &mut Writes, item: &PushItem, places: &[Placed]) {
        let Some(first) = places.first() else { return };
        // One item of the log: side by side, and taken at one time.
        let together = places
            .iter()
            .zip(first.seq..)
            .all(|(place, seq)| place.seq == seq && place.received_ms == first.received_ms);
        if !together {
            return;
        }
        let Placed {
            seq,
            received_ms,
            document_seq,
            held,
        } = *first;
        let logged = match item.clone() {
            PushItem::Roster(entry) => Logged::Roster {
                seq,
                received_ms,
                entry,
            },
            PushItem::Access { document, entry } => Logged::Access {
                seq,
                document_seq,
                received_ms,
                document,
                entry,
            },
            PushItem::Run(run) => {
                let standing = if held {
                    Standing::Held
                } else {
                    Standing::Admitted
                };
                Logged::Run(LoggedRun {
                    seq,
                    document_seq,
                    received_ms,
                    standing,
                    run,
                })
            }
        };
        self.keep_items(writes, &[logged]);
    }

    /// Proof that the log of `size` entries is the beginning of the one under the newest head, from
    /// the items kept; `None` when they have a gap or do not give that head's root.
    pub(super) fn prove_kept(&self, size: u64) -> Result<Option<ConsistencyProof>, ReplicaFault> {
        let Some(head) = self.newest_head()? else {
            return Ok(None);
        };
        let (tree, frontier) = self.kept_tree(head.head().size)?;
        let whole = frontier.size() == head.head().size && frontier.root() == head.head().root;
        if !whole {
            return Ok(None);
        }
        Ok(prove_consistency(&tree, size, head.head().size).ok())
    }

    /// Whether what the server handed over is what it signed; `None` when this replica does not
    /// keep the whole log, because not everything is for it.
    pub(super) fn kept_as_signed(&self) -> Result<Option<bool>, ReplicaFault> {
        let Some(head) = self.newest_head()? else {
            return Ok(None);
        };
        let (_, frontier) = self.kept_tree(head.head().size)?;
        let whole = frontier.size() == head.head().size;
        Ok(whole.then(|| frontier.root() == head.head().root))
    }

    /// For each purged document among these items, proof under the newest head that it was.
    pub(super) fn prove_purges(&self, items: &[Logged]) -> Result<Vec<ProvedPurge>, ReplicaFault> {
        let bare = items
            .iter()
            .filter(|item| matches!(item, Logged::Purged { .. }));
        let documents: BTreeSet<DocumentId> = bare.filter_map(Logged::document).collect();
        let head = self.newest_head()?.filter(|_| !documents.is_empty());
        let Some(head) = head else {
            return Ok(Vec::new());
        };
        let size = head.head().size;
        let (tree, _) = self.kept_tree(size)?;
        let mut proved = Vec::with_capacity(documents.len());
        for document in documents {
            let Some(PurgeRow::Purged { arrived, .. }) = self.purge_row(document)? else {
                continue;
            };
            let key = tables::number(arrived.seq);
            let item: Option<Logged> = self.store.get_cbor(Table::Log, &key)?;
            let proof = prove_inclusion(&tree, arrived.seq, size).ok();
            proved.extend(
                item.zip(proof)
                    .map(|(item, proof)| ProvedPurge { item, proof }),
            );
        }
        Ok(proved)
    }

    /// The tree over the items kept, up to the first gap or this size.
    fn kept_tree(&self, size: u64) -> Result<(KeptTree, Frontier), ReplicaFault> {
        let mut tree = KeptTree::default();
        let mut frontier = Frontier::new();
        self.store.scan(Table::Log, &[], |key, value| {
            let item: Logged = decode_row(Table::Log, value)?;
            for leaf in item.leaves().unwrap_or_default() {
                let next = frontier.size();
                if tables::last_number(key) > next || leaf.seq != next || next >= size {
                    return Ok(false);
                }
                frontier.append(leaf.leaf_hash(), &mut |level, index, node| {
                    tree.0.insert((level, index), node);
                });
            }
            Ok(true)
        })?;
        Ok((tree, frontier))
    }

    /// Roster entries that no log has taken, as parcels: a founder's own, or those of an epoch
    /// that ended.
    pub(super) fn unsequenced_roster(&mut self) -> Result<Vec<Parcel>, ReplicaFault> {
        self.comparing.roster_given();
        let mut parcels = Vec::new();
        self.store.scan(Table::Roster, &[], |key, value| {
            let row: Sequenced = decode_row(Table::Roster, value)?;
            if row.arrived.is_none() {
                let rows = vec![ROSTER_ROW | tables::last_number(key)];
                parcels.push(Parcel {
                    rows,
                    item: PushItem::Roster(row.entry),
                });
            }
            Ok(true)
        })?;
        Ok(parcels)
    }

    /// Enters a new epoch: what stood at the fork or after it must arrive anew.
    pub(super) fn enter_epoch(&mut self, cursor: Cursor) -> Result<(), ReplicaFault> {
        let mut writes = Writes::default();
        let mut touched = BTreeSet::new();
        let common = cursor.seq;
        for (table, stays) in [(Table::Roster, NOBODYS), (Table::Access, NOBODYS)] {
            let mut rows = Vec::new();
            self.store.scan(table, &[], |key, value| {
                let row: Sequenced = decode_row(table, value)?;
                if row.arrived.is_some_and(|arrived| arrived.seq >= common) {
                    rows.push((
                        key.to_vec(),
                        Sequenced {
                            arrived: None,
                            ..row
                        },
                    ));
                }
                Ok(true)
            })?;
            for (key, row) in rows {
                // The record of a purged case has ended and counts no more; it is given back.
                if let Some(id) = tables::document_of(&key).filter(|id| self.is_purged(*id)) {
                    touched.insert(id);
                    continue;
                }
                touched.extend(tables::document_of(&key).filter(|id| *id != stays));
                writes.put_cbor(table, key, &row);
            }
        }
        touched.extend(self.forget_places(&mut writes, &[], |place| place.seq >= common)?);
        self.give_up_kept(&mut writes, common)?;
        self.unplace(&mut writes, common)?;
        let here = self.templates()?.into_iter().chain(self.cases()?);
        let here: BTreeSet<DocumentId> = here.chain(self.purged.iter().copied()).collect();
        for id in touched.intersection(&here) {
            self.compare_later(&mut writes, *id);
        }
        writes.put_cbor(Table::Meta, meta::START.to_vec(), &Start::At(cursor));
        writes.delete(Table::Meta, meta::HEAD.to_vec());
        self.commit(writes)?;
        self.documents.close_all();
        self.reload_authority()?;
        self.look_at_roster();
        Ok(())
    }

    /// An own item that was kept where it does not stand any more; its run is still given back.
    pub(super) fn give_up_item(
        &self,
        writes: &mut Writes,
        (seq, id, hash): Placement,
    ) -> Result<(), ReplicaFault> {
        let key = tables::number(seq);
        if writes.pending(Table::Log, &key).is_some() {
            return Ok(());
        }
        let Some(item) = self.store.get_cbor::<Logged>(Table::Log, &key)? else {
            return Ok(());
        };
        if item.document().unwrap_or(NOBODYS) == id && hashes_of(&item).contains(&hash) {
            writes.delete(Table::Log, key);
            writes.put_cbor(Table::Log, tables::number(LOST_ITEM | seq), &item);
        }
        Ok(())
    }

    /// Items kept from the fork on stand in no log any more, but their runs are still given back.
    fn give_up_kept(&self, writes: &mut Writes, common: u64) -> Result<(), ReplicaFault> {
        let from = tables::number(common);
        self.store.scan_from(Table::Log, &[], &from, |key, value| {
            let number = tables::last_number(key);
            if number < LOST_ITEM {
                writes.delete(Table::Log, key.to_vec());
                let key = tables::number(LOST_ITEM | number);
                writes.put(Table::Log, key, value.to_vec());
            }
            Ok(true)
        })?;
        Ok(())
    }

    /// Takes away the places of changes that are gone, in the documents whose keys begin so. Answers
    /// whose.
    pub(super) fn forget_places(
        &self,
        writes: &mut Writes,
        of: &[u8],
        gone: impl Fn(Arrived) -> bool,
    ) -> Result<BTreeSet<DocumentId>, ReplicaFault> {
        let is_gone = |arrived: Option<Arrived>| arrived.is_some_and(&gone);
        let mut touched = BTreeSet::new();
        self.store.scan(Table::Changes, of, |key, value| {
            let row: ChangeRow = match writes.pending(Table::Changes, key) {
                Some(None) => return Ok(true),
                Some(Some(value)) => decode_row(Table::Changes, value)?,
                None => decode_row(Table::Changes, value)?,
            };
            if is_gone(row.arrived) {
                touched.extend(tables::document_of(key));
                let arrived = None;
                writes.put_cbor(Table::Changes, key.to_vec(), &ChangeRow { arrived, ..row });
            }
            Ok(true)
        })?;
        self.store.scan(Table::Histories, of, |key, value| {
            let History(mut history) = match writes.pending(Table::Histories, key) {
                Some(None) => return Ok(true),
                Some(Some(value)) => decode_row(Table::Histories, value)?,
                None => decode_row(Table::Histories, value)?,
            };
            if history.iter().any(|arrived| is_gone(*arrived)) {
                for arrived in history.iter_mut().filter(|arrived| is_gone(**arrived)) {
                    *arrived = None;
                }
                touched.extend(tables::document_of(key));
                writes.put_cbor(Table::Histories, key.to_vec(), &History(history));
            }
            Ok(true)
        })?;
        self.store.scan(Table::Aside, of, |key, value| {
            let row: AsideRow = decode_row(Table::Aside, value)?;
            if is_gone(row.arrived) && writes.pending(Table::Aside, key).is_none() {
                touched.extend(tables::document_of(key));
                let arrived = None;
                writes.put_cbor(Table::Aside, key.to_vec(), &AsideRow { arrived, ..row });
            }
            Ok(true)
        })?;
        self.store.scan(Table::Late, of, |key, value| {
            // A new place that is about to be written stays.
            if gone(decode_row(Table::Late, value)?) && writes.pending(Table::Late, key).is_none() {
                touched.extend(tables::document_of(key));
                writes.delete(Table::Late, key.to_vec());
            }
            Ok(true)
        })?;
        Ok(touched)
    }
}
