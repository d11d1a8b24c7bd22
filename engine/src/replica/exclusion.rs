//! Taking changes out of a document again: nothing wedges.
//!
//! When a change turns out not to be admitted (held at arrival, refused, an equivocation), the
//! document is rebuilt from the admitted changes, what depends on the excluded ones goes with
//! them, own work among it moves to the drawer, and this device goes on under a new actor.

mod rescue;

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use casework_protocol::access::entry::DocumentKind;
use casework_protocol::ids::{ActorId, ChangeHash, DocumentId};
use casework_protocol::seal::sign_change;

use super::admission::Incoming;
use super::document::{actor_of, apply, author_of, guarded};
use super::history::arrivals_by_now;
use super::rows::{
    Aside, AsideRow, ChangeRow, DocumentRow, OutboxDocument, OutboxRow, Outgoing, TipRow,
};
use super::store::{Writes, decode_row};
use super::tables::{self, Table};
use super::writing::{Added, DocumentStep};
use super::{DocumentFault, Notice, Replica, ReplicaFault};

impl Replica {
    /// Rebuilds a document without these changes and without what depends on them.
    pub(super) fn exclude(
        &mut self,
        writes: &mut Writes,
        step: &mut DocumentStep,
        excluded: &BTreeMap<ChangeHash, Aside>,
    ) -> Result<(), ReplicaFault> {
        let id = step.id;
        let added = step.take_added();
        let old = &step.document.automerge;
        let place = (id, step.document.row.next_place);
        let mut arrived = arrivals_by_now((&self.store, writes), place, old)?;
        let rows = added.rows.values();
        arrived.extend(rows.filter_map(|row| Some((row.hash, row.arrived?))));
        let unsent = self.unsent_changes(id)?;
        let closure = closure(old, excluded);
        self.forget_published(id, &closure);
        let mut kept = Vec::new();
        let mut rescued = Vec::new();
        for change in old.get_changes(&[]) {
            let hash = ChangeHash::new(change.hash().0);
            let device = author_of(old, change.actor_id()).unwrap_or_else(|| self.device());
            let arrived = arrived.get(&hash).copied();
            let bytes = change.raw_bytes().to_vec();
            let Some(why) = closure.get(&hash) else {
                kept.push(ChangeRow {
                    bytes,
                    hash,
                    device,
                    arrived,
                });
                continue;
            };
            let actor = actor_of(change.actor_id());
            let signed = match actor.and_then(|actor| added.tips.get(&actor)?.signed) {
                Some(signed) => Some(signed),
                None => self.tip_signature(id, actor)?,
            };
            let row = AsideRow {
                why: why.clone(),
                device,
                bytes,
                signed,
                arrived,
            };
            // What was never sent is in no log: it lies in the drawer and nowhere else.
            if arrived.is_some() || !unsent.contains_key(&hash) {
                writes.put_cbor(Table::Aside, tables::document_change(id, hash), &row);
            }
            writes.delete(Table::Breaches, tables::document_change(id, hash));
            if device == self.device() {
                rescued.push((hash, why.clone()));
            }
        }
        for (hash, why) in rescued {
            let kept = (unsent.get(&hash), Some(&step.document.automerge));
            self.rescue(writes, (id, hash), &why, kept)?;
        }
        step.arrived = Some(arrived);
        self.rebuild(writes, step, kept, (&unsent, &added))
    }

    fn rebuild(
        &mut self,
        writes: &mut Writes,
        step: &mut DocumentStep,
        kept: Vec<ChangeRow>,
        (unsent, added): (&BTreeMap<ChangeHash, (u64, OutboxRow)>, &Added),
    ) -> Result<(), ReplicaFault> {
        let id = step.id;
        let raw: Vec<Vec<u8>> = kept.iter().map(|row| row.bytes.clone()).collect();
        let mut automerge = Automerge::new();
        guarded(|| apply(&mut automerge, raw))
            .and_then(|applied| applied)
            .map_err(|why| DocumentFault::Quarantined { id, why })?;
        for table in [Table::Changes, Table::Late, Table::Tips] {
            self.delete_all(writes, table, id)?;
        }
        writes.delete(Table::Snapshots, tables::document(id));
        writes.delete(Table::Histories, tables::document(id));
        for (actor, tip) in self.tips_of(id, &automerge, added)? {
            writes.put_cbor(Table::Tips, tables::document_actor(id, actor), &tip);
        }
        let row = &mut step.document.row;
        row.next_place = 0;
        row.snapshot_bytes = 0;
        row.loose_bytes = 0;
        for change in kept {
            let place = row.next_place;
            row.next_place += 1;
            row.loose_bytes += change.bytes.len() as u64;
            if let Some((number, outbox)) = unsent.get(&change.hash) {
                writes.put_cbor(
                    Table::Outbox,
                    tables::number(*number),
                    &moved(outbox, place),
                );
            }
            writes.put_cbor(Table::Changes, tables::document_number(id, place), &change);
        }
        let before = core::mem::replace(&mut step.document.automerge, automerge);
        step.reread();
        self.actors.remove(&id);
        if step.document.row.kind == DocumentKind::Template {
            self.retract_revisions(writes, id, (&before, &step.document.automerge))?;
        }
        Ok(())
    }

    /// Sets a whole document aside; everything else goes on.
    pub(super) fn quarantine_document(
        &mut self,
        id: DocumentId,
        why: &str,
    ) -> Result<(), ReplicaFault> {
        let mut writes = Writes::default();
        self.quarantine_in(&mut writes, id, why.to_owned())?;
        self.commit(writes)
    }

    /// As [`Replica::quarantine_document`], together with other writes.
    pub(super) fn quarantine_in(
        &mut self,
        writes: &mut Writes,
        id: DocumentId,
        why: String,
    ) -> Result<(), ReplicaFault> {
        let Some(row) = self.row_in(writes, id)? else {
            return Ok(());
        };
        let row = DocumentRow {
            quarantined: Some(why.clone()),
            ..row
        };
        writes.put_cbor(Table::Documents, tables::document(id), &row);
        self.documents.close(id);
        self.notices
            .push(Notice::DocumentQuarantined { document: id, why });
        Ok(())
    }

    /// The unsent changes of one document, by hash.
    pub(super) fn unsent_changes(
        &self,
        id: DocumentId,
    ) -> Result<BTreeMap<ChangeHash, (u64, OutboxRow)>, ReplicaFault> {
        let mut found = BTreeMap::new();
        self.store.scan(Table::Outbox, &[], |key, value| {
            if decode_row::<OutboxDocument>(Table::Outbox, value)?.document == id {
                let row: OutboxRow = decode_row(Table::Outbox, value)?;
                if let Outgoing::Change { hash, .. } = &row.what {
                    found.insert(*hash, (tables::last_number(key), row));
                }
            }
            Ok(true)
        })?;
        Ok(found)
    }

    fn tip_signature(
        &self,
        id: DocumentId,
        actor: Option<ActorId>,
    ) -> Result<Option<(ChangeHash, casework_protocol::keys::Signature)>, ReplicaFault> {
        let Some(actor) = actor else { return Ok(None) };
        let key = tables::document_actor(id, actor);
        let tip: Option<TipRow> = self.store.get_cbor(Table::Tips, &key)?;
        Ok(tip.and_then(|tip| tip.signed))
    }

    /// The tips of the actors of a rebuilt document. The signature stays while it covers a change
    /// that is still there.
    fn tips_of(
        &self,
        id: DocumentId,
        automerge: &Automerge,
        added: &Added,
    ) -> Result<BTreeMap<ActorId, TipRow>, ReplicaFault> {
        let mut tips: BTreeMap<ActorId, TipRow> = BTreeMap::new();
        let mut there = BTreeSet::new();
        for meta in automerge.get_changes_meta(&[]) {
            let hash = ChangeHash::new(meta.hash.0);
            there.insert(hash);
            let Some(actor) = actor_of(&meta.actor) else {
                continue;
            };
            let known = tips.get(&actor).map(|tip| tip.device);
            let device = known.or_else(|| author_of(automerge, &meta.actor));
            let Some(device) = device else { continue };
            let (Ok(seq), Ok(max_op)) = (u32::try_from(meta.seq), u32::try_from(meta.max_op))
            else {
                continue;
            };
            tips.insert(
                actor,
                TipRow {
                    device,
                    seq,
                    hash,
                    max_op,
                    signed: None,
                },
            );
        }
        for (actor, tip) in &mut tips {
            let news = added.tips.get(actor).and_then(|tip| tip.signed);
            let stored = self.tip_signature(id, Some(*actor))?;
            let signed = [news, stored].into_iter().flatten();
            tip.signed = { signed }.find(|(hash, _)| there.contains(hash));
            // The own signature was over work that does not stand: what stands is signed anew.
            if tip.signed.is_none() && tip.device == self.device() {
                let key = self.identity.key.as_ref();
                let signature = sign_change(key, self.workspace(), id, tip.hash);
                tip.signed = Some((tip.hash, signature));
            }
        }
        Ok(tips)
    }
}

/// The outbox row with the place that its change has after a rebuild.
fn moved(row: &OutboxRow, place: u64) -> OutboxRow {
    match &row.what {
        Outgoing::Change {
            hash,
            act,
            signature,
            cites,
            under,
            ..
        } => OutboxRow {
            what: Outgoing::Change {
                hash: *hash,
                act: act.clone(),
                place,
                signature: *signature,
                cites: *cites,
                under: under.clone(),
            },
            ..*row
        },
        Outgoing::Genesis | Outgoing::Access { .. } | Outgoing::Roster { .. } => row.clone(),
    }
}

/// Everything that must go with the excluded changes, each with its reason.
fn closure(
    automerge: &Automerge,
    excluded: &BTreeMap<ChangeHash, Aside>,
) -> BTreeMap<ChangeHash, Aside> {
    let mut closure = excluded.clone();
    // In an order in which every change follows its dependencies.
    for meta in automerge.get_changes_meta(&[]) {
        let hash = ChangeHash::new(meta.hash.0);
        let dep = meta.deps.iter().map(|dep| ChangeHash::new(dep.0));
        if let Some(dep) = dep.into_iter().find(|dep| closure.contains_key(dep)) {
            closure.entry(hash).or_insert(Aside::Dependent(dep));
        }
    }
    closure
}

/// Writes a change that is not admitted.
pub(super) fn put_aside(writes: &mut Writes, id: DocumentId, incoming: Incoming, why: Aside) {
    let hash = incoming.change.header().hash;
    let row = AsideRow {
        why,
        device: incoming.device,
        signed: incoming.signed,
        arrived: incoming.arrived,
        bytes: incoming.change.into_bytes(),
    };
    writes.put_cbor(Table::Aside, tables::document_change(id, hash), &row);
}
