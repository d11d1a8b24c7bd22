//! Bundles: a whole document for somebody's first sync, and taking one.
//!
//! The maker packs what it holds; the relay countersigns if the history is the log's; the taker
//! proves both, loads the document behind the gate, and judges the rights over its history later,
//! in the background (the case is marked until then).

mod local;

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use casework_protocol::bundle::{
    Arrival, Aside as BundleAside, Audience, Bundle, Countersigned, Landed, LeafSignature,
    ProvedAside, ProvedBundle, history_digest,
};
use casework_protocol::frame::Start;
use casework_protocol::ids::{ActorId, ChangeHash, DeviceId, DocumentId};
use casework_protocol::log::VerifiedHead;

use super::document::{actor_of, apply, guarded, load_foreign};
use super::history::{History, arrivals, stored_order};
use super::rows::{Arrived, Aside, AsideRow, ChangeRow, DocumentRow, TipRow};
use super::store::{Writes, decode_row};
use super::tables::{self, Table};
use super::{Replica, ReplicaFault};

/// Entries a document must have before a bundle of it is worth a newcomer's while.
pub(super) const BUNDLE_FLOOR: usize = 16;

impl Replica {
    /// Packs a document as of the position this device has caught up with. `None` when the
    /// document is too small to be worth it, or is not wholly in the log yet.
    ///
    /// # Errors
    /// [`ReplicaFault`] when the document cannot be opened or the store fails.
    pub fn make_bundle(&mut self, id: DocumentId) -> Result<Option<Bundle>, ReplicaFault> {
        let Start::At(cursor) = self.stored_start()? else {
            return Ok(None);
        };
        self.document(id)?;
        let Some(document) = self.documents.get_mut(id) else {
            return Ok(None);
        };
        let known = arrivals(&self.store, id, &document.automerge)?;
        let save = super::compaction::save(&document.automerge);
        let order = stored_order(&document.automerge);
        if order.len() < BUNDLE_FLOOR {
            return Ok(None);
        }
        let mut landed = Vec::with_capacity(order.len());
        for hash in &order {
            let Some(at) = known.get(hash).filter(|at| at.seq < cursor.seq) else {
                return Ok(None);
            };
            landed.push(land(*hash, *at, Audience::Everyone));
        }
        let leaves = self.leaf_signatures(id)?;
        let Some(aside) = self.pack_aside(id, cursor.seq, &mut landed)? else {
            return Ok(None);
        };
        let arrivals = landed.iter().map(|landed| landed.arrival).collect();
        landed.sort_by_key(|landed| landed.arrival.seq);
        // Two changes at one place: something of it was lost, and heads are not compared yet.
        if !landed.is_sorted_by(|one, next| one.arrival.seq < next.arrival.seq) {
            return Ok(None);
        }
        let digest = history_digest(&landed);
        Ok(Some(Bundle {
            workspace: self.workspace(),
            epoch: cursor.epoch,
            document: id,
            upto: cursor.seq,
            digest,
            save,
            aside,
            leaves,
            arrivals,
        }))
    }

    /// The signatures that vouch for the document's actors.
    fn leaf_signatures(&self, id: DocumentId) -> Result<Vec<LeafSignature>, ReplicaFault> {
        let mut leaves = Vec::new();
        self.store.scan(Table::Tips, id.as_bytes(), |_, value| {
            let tip: TipRow = decode_row(Table::Tips, value)?;
            if let Some((hash, signature)) = tip.signed {
                leaves.push(LeafSignature {
                    device: tip.device,
                    tip: hash,
                    signature,
                });
            }
            Ok(true)
        })?;
        Ok(leaves)
    }

    /// What lies aside, by hash only: held content is handed out by the relay, never in a bundle.
    /// `None` when something cannot be told from the log's own view.
    fn pack_aside(
        &self,
        id: DocumentId,
        upto: u64,
        landed: &mut Vec<Landed>,
    ) -> Result<Option<Vec<BundleAside>>, ReplicaFault> {
        let mut rows = Vec::new();
        self.store.scan(Table::Aside, id.as_bytes(), |key, value| {
            let row: AsideRow = decode_row(Table::Aside, value)?;
            rows.extend(tables::change_of(key).map(|hash| (hash, row)));
            Ok(true)
        })?;
        rows.sort_by_key(|(_, row)| row.arrived);
        let mut aside = Vec::new();
        for (hash, row) in rows {
            let Some(at) = row.arrived.filter(|at| at.seq < upto) else {
                return Ok(None);
            };
            // What only this replica set aside is not the relay's view of it.
            if row.why != Aside::Withheld && row.why != Aside::Held {
                return Ok(None);
            }
            landed.push(land(hash, at, Audience::Adopters));
            aside.push(BundleAside::Withheld {
                device: row.device,
                changes: vec![hash],
            });
        }
        Ok(Some(aside))
    }

    /// Takes a countersigned bundle. The inner error says why it does not hold; the session then
    /// asks for the document's entries instead.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`].
    pub fn take_bundle(
        &mut self,
        id: DocumentId,
        bytes: &[u8],
        head: &VerifiedHead,
    ) -> Result<Result<(), String>, ReplicaFault> {
        if self.row_in(&Writes::default(), id)?.is_none() {
            return Ok(Err("the access record has not arrived".to_owned()));
        }
        let proved = match prove(bytes, id, head) {
            Ok(proved) => proved,
            Err(why) => return Ok(Err(why)),
        };
        let (bundle, mut automerge) = proved;
        let tips = match check_actors(&automerge, bundle.leaves()) {
            Ok(tips) => tips,
            Err(why) => return Ok(Err(why)),
        };
        // Own work that the bundle does not have yet stays on top of it.
        let local = self.local_only(id, &automerge)?;
        let order = stored_order(&automerge);
        let raw = local.rows().map(|row| row.bytes.clone()).collect();
        if let Err(why) = guarded(|| apply(&mut automerge, raw)).and_then(|applied| applied) {
            return Ok(Err(why));
        }
        let mut writes = Writes::default();
        let mut arrived = self.write_bundle(&mut writes, id, (&bundle, &order))?;
        let places = local.rows();
        arrived.extend(places.filter_map(|row| Some((row.hash, row.arrived?))));
        self.put_tips(&mut writes, id, (tips, &local))?;
        let mut row = self
            .row_in(&writes, id)?
            .unwrap_or_else(|| unreachable_row(id));
        for change in &local.folded {
            let key = tables::document_number(id, row.next_place);
            writes.put_cbor(Table::Changes, key, change);
            row.next_place += 1;
        }
        self.documents.close(id);
        self.published.remove(&id);
        let save = bundle.into_save();
        let row = DocumentRow {
            snapshot_bytes: save.len() as u64,
            loose_bytes: local.rows().map(|row| row.bytes.len() as u64).sum(),
            document_seq: None,
            ..row
        };
        writes.put(Table::Snapshots, tables::document(id), save);
        writes.put(Table::Unchecked, tables::document(id), Vec::new());
        let document = super::document::OpenDocument {
            automerge,
            row,
            view: None,
        };
        let mut step = super::writing::DocumentStep::new(id, document);
        step.reread();
        step.arrived = Some(arrived);
        if step.document.row.kind == casework_protocol::access::entry::DocumentKind::Template {
            self.read_revisions(&mut writes, &step.document.automerge, id)?;
            let past = crate::case::Past::now(&step.document.automerge);
            if crate::template_document::published(&past).len() > 1 {
                self.judge_cases_again(&mut writes, id)?;
            }
        }
        match self.settle_whole(writes, vec![step]) {
            Ok(()) => Ok(Ok(())),
            Err(ReplicaFault::Document(fault)) => Ok(Err(fault.to_string())),
            Err(fault) => Err(fault),
        }
    }

    fn write_bundle(
        &self,
        writes: &mut Writes,
        id: DocumentId,
        (bundle, order): (&ProvedBundle, &[ChangeHash]),
    ) -> Result<BTreeMap<ChangeHash, Arrived>, ReplicaFault> {
        let places: BTreeMap<ChangeHash, Arrived> = bundle
            .landed()
            .iter()
            .map(|landed| {
                let Arrival { seq, received_ms } = landed.arrival;
                (landed.hash, Arrived { seq, received_ms })
            })
            .collect();
        let inside: BTreeSet<&ChangeHash> = order.iter().collect();
        self.take_out(writes, id, |hash| inside.contains(hash))?;
        let history = History(order.iter().map(|hash| places.get(hash).copied()).collect());
        writes.put_cbor(Table::Histories, tables::document(id), &history);
        // Loose rows that the snapshot now holds go; own work on top of it stays where it is.
        self.store
            .scan(Table::Changes, id.as_bytes(), |key, value| {
                let row: ChangeRow = decode_row(Table::Changes, value)?;
                if inside.contains(&row.hash) {
                    writes.delete(Table::Changes, key.to_vec());
                }
                Ok(true)
            })?;
        for aside in bundle.aside() {
            if let ProvedAside::Withheld { device, changes } = aside {
                for hash in changes {
                    let key = tables::document_change(id, *hash);
                    if self.store.get(Table::Aside, &key)?.is_some() {
                        continue;
                    }
                    let row = AsideRow {
                        why: Aside::Withheld,
                        device: *device,
                        bytes: Vec::new(),
                        signed: None,
                        arrived: places.get(hash).copied(),
                    };
                    writes.put_cbor(Table::Aside, key, &row);
                }
            }
        }
        Ok(places)
    }
}

/// Every actor is vouched for: its newest change is signed, or an ancestor of a signed change of the same device.
fn check_actors(
    automerge: &Automerge,
    leaves: &[LeafSignature],
) -> Result<BTreeMap<ActorId, TipRow>, String> {
    let mut tips: BTreeMap<ActorId, TipRow> = BTreeMap::new();
    let signed: BTreeMap<ChangeHash, &LeafSignature> =
        leaves.iter().map(|leaf| (leaf.tip, leaf)).collect();
    for meta in automerge.get_changes_meta(&[]) {
        let hash = ChangeHash::new(meta.hash.0);
        let actor = actor_of(&meta.actor).ok_or("an actor of another length")?;
        let device = match tips.get(&actor) {
            Some(tip) => tip.device,
            None => meta
                .author
                .as_ref()
                .and_then(|author| DeviceId::from_slice(author.as_bytes()))
                .ok_or_else(|| format!("actor {actor} names no author"))?,
        };
        let (Ok(seq), Ok(max_op)) = (u32::try_from(meta.seq), u32::try_from(meta.max_op)) else {
            return Err(format!("change {hash} counts too far"));
        };
        let before = tips.get(&actor).and_then(|tip| tip.signed);
        let own = signed.get(&hash).filter(|leaf| leaf.device == device);
        let signed = own.map(|leaf| (hash, leaf.signature)).or(before);
        tips.insert(
            actor,
            TipRow {
                device,
                seq,
                hash,
                max_op,
                signed,
            },
        );
    }
    vouched(automerge, &tips)?;
    Ok(tips)
}

/// Checks that every actor's newest change is covered by a signature of its device.
pub(super) fn vouched(
    automerge: &Automerge,
    tips: &BTreeMap<ActorId, TipRow>,
) -> Result<(), String> {
    let mut open: BTreeMap<DeviceId, BTreeSet<ChangeHash>> = BTreeMap::new();
    let mut roots: BTreeMap<DeviceId, Vec<ChangeHash>> = BTreeMap::new();
    for tip in tips.values() {
        match tip.signed {
            Some((hash, _)) if hash == tip.hash => roots.entry(tip.device).or_default().push(hash),
            Some(_) | None => {
                open.entry(tip.device).or_default().insert(tip.hash);
            }
        }
    }
    for (device, tips) in open {
        let roots = roots.remove(&device).unwrap_or_default();
        let after: Vec<automerge::ChangeHash> = roots
            .iter()
            .map(|hash| automerge::ChangeHash(*hash.as_bytes()))
            .collect();
        let beyond: BTreeSet<ChangeHash> = automerge
            .get_changes_meta(&after)
            .iter()
            .map(|meta| ChangeHash::new(meta.hash.0))
            .collect();
        if let Some(tip) = tips.iter().find(|tip| beyond.contains(*tip)) {
            return Err(format!(
                "no signature of device {device} covers change {tip}"
            ));
        }
    }
    Ok(())
}

fn prove(
    bytes: &[u8],
    id: DocumentId,
    head: &VerifiedHead,
) -> Result<(ProvedBundle, Automerge), String> {
    let workspace = head.head().workspace;
    let vouched = Countersigned::from_bytes(bytes)
        .and_then(|countersigned| countersigned.verify(head, id))
        .map_err(|error| error.to_string())?;
    let automerge = load_foreign(vouched.save(), (workspace, id))?;
    let proved = vouched
        .prove(&stored_order(&automerge))
        .map_err(|error| error.to_string())?;
    Ok((proved, automerge))
}

fn land(hash: ChangeHash, at: Arrived, audience: Audience) -> Landed {
    Landed {
        hash,
        arrival: Arrival {
            seq: at.seq,
            received_ms: at.received_ms,
        },
        audience,
    }
}

/// The row was read at the beginning of the same call.
fn unreachable_row(id: DocumentId) -> DocumentRow {
    debug_assert!(false, "document {id} lost its row");
    super::authority::document_row(casework_protocol::access::entry::DocumentKind::Case, None)
}
