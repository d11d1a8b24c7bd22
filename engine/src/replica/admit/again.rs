//! Changes that are here already, and that the log has now: at another place, held, or not at all.
//!
//! After a server lost something the log is right: what stands there in another way stands so here.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use casework_protocol::authority::Authority;
use casework_protocol::citation::Citation;
use casework_protocol::ids::{ChangeHash, DeviceId, DocumentId};

use super::super::admission::{Incoming, judge_rights};
use super::super::document::actor_of;
use super::super::history::arrivals;
use super::super::rows::{Arrived, Aside, ChangeRow};
use super::super::stage_roles::Revisions;
use super::super::store::{Writes, decode_row};
use super::super::tables::{self, LOST, Table};
use super::super::writing::DocumentStep;
use super::super::{Replica, ReplicaFault};
use super::Admitted;

impl Replica {
    /// Own work that stands after all lies in the drawer no longer.
    pub(super) fn take_out_admitted(
        &self,
        writes: &mut Writes,
        id: DocumentId,
        admitted: &[Admitted],
    ) -> Result<(), ReplicaFault> {
        let me = self.device();
        let own = admitted.iter().filter(|one| one.incoming.device == me);
        let own: BTreeSet<ChangeHash> = own.map(|one| one.incoming.change.header().hash).collect();
        if own.is_empty() {
            return Ok(());
        }
        self.take_out(writes, id, |hash| own.contains(hash))
    }

    /// Changes here that no log has, in whose place the log has others of the same author: of two
    /// versions, each shown to other people by a server that is gone, the log's is everybody's.
    pub(super) fn displaced(
        &self,
        step: &DocumentStep,
        aside: &[(Incoming, Aside)],
    ) -> Result<BTreeMap<ChangeHash, Aside>, ReplicaFault> {
        let refused = |(incoming, why): &&(Incoming, Aside)| {
            incoming.arrived.is_some() && matches!(why, Aside::Quarantined(_))
        };
        let places: BTreeSet<_> = aside
            .iter()
            .filter(refused)
            .map(|(incoming, _)| incoming.change.header())
            .map(|header| (header.actor, u64::from(header.seq)))
            .collect();
        let mut displaced = BTreeMap::new();
        if places.is_empty() {
            return Ok(displaced);
        }
        let automerge = &step.document.automerge;
        let there = arrivals(&self.store, step.id, automerge)?;
        for meta in automerge.get_changes_meta(&[]) {
            let hash = ChangeHash::new(meta.hash.0);
            let place = actor_of(&meta.actor).map(|actor| (actor, meta.seq));
            if place.is_some_and(|place| places.contains(&place)) && !there.contains_key(&hash) {
                let why = "the log has another change of its author in its place".to_owned();
                displaced.insert(hash, Aside::Quarantined(why));
            }
        }
        Ok(displaced)
    }

    /// Changes that stood here, were lost by a server and arrived again when their author had no right
    /// to them any more: they are held, unless they were adopted.
    pub(super) fn held_after_all(
        &self,
        step: &DocumentStep,
        known: &[Incoming],
    ) -> Result<BTreeMap<ChangeHash, Aside>, ReplicaFault> {
        let mut fallen = BTreeMap::new();
        for incoming in known.iter().filter(|incoming| incoming.held) {
            let header = incoming.change.header();
            let Ok(citation) = Citation::read(&header.message) else {
                continue;
            };
            let authority = (self.roster()?, &self.records[&step.id]);
            let asked = (&[][..], &Revisions::default());
            let verdict = judge_rights(authority, incoming.standing(), &citation, asked);
            if let Err(Aside::Held) = verdict {
                fallen.insert(header.hash, Aside::Held);
            }
        }
        Ok(fallen)
    }

    /// As [`Self::held_after_all`], of changes whose content the server keeps to itself again.
    pub(in crate::replica) fn withheld_after_all(
        &mut self,
        step: &DocumentStep,
        withheld: &[ChangeHash],
    ) -> Result<BTreeMap<ChangeHash, Aside>, ReplicaFault> {
        let automerge = &step.document.automerge;
        let here = |hash: &&ChangeHash| {
            let hash = automerge::ChangeHash(*hash.as_bytes());
            automerge.get_change_meta_by_hash(&hash).is_some()
        };
        let mut fallen: BTreeMap<_, _> = withheld
            .iter()
            .filter(here)
            .map(|hash| (*hash, Aside::Held))
            .collect();
        if !fallen.is_empty() {
            self.record(step.id)?;
            let authority = Authority {
                roster: self.roster()?,
                access: &self.records[&step.id],
            };
            fallen.retain(|hash, _| authority.adopted(*hash).is_none());
        }
        Ok(fallen)
    }

    /// Changes that are here already: the echo of own work, or told twice. Only their place may be
    /// news. A row in the outbox stays until it is answered for, which tells the same place.
    pub(super) fn known_again(
        &self,
        writes: &mut Writes,
        (id, automerge): (DocumentId, &Automerge),
        known: &[Incoming],
    ) -> Result<(), ReplicaFault> {
        let places = known
            .iter()
            .filter_map(|incoming| Some((incoming.change.header().hash, incoming.arrived?)));
        let news: BTreeMap<ChangeHash, Arrived> = places.collect();
        if news.is_empty() {
            return Ok(());
        }
        let there = arrivals(&self.store, id, automerge)?;
        for incoming in known {
            let hash = incoming.change.header().hash;
            let place = news.get(&hash).filter(|at| there.get(&hash) != Some(*at));
            if let Some(place) = place {
                self.judge_again(writes, id, (hash, incoming.device), place.seq)?;
            }
        }
        self.learn_places(writes, (id, automerge), news)
    }

    /// A change that was lost stands at another place: own work is judged there when all before it is
    /// known, work of others with the history of the document.
    pub(in crate::replica) fn judge_again(
        &self,
        writes: &mut Writes,
        id: DocumentId,
        (hash, device): (ChangeHash, DeviceId),
        seq: u64,
    ) -> Result<(), ReplicaFault> {
        if device != self.device() {
            writes.put(Table::Unchecked, tables::document(id), Vec::new());
            return Ok(());
        }
        let lost = tables::unjudged(LOST, id, hash);
        if let Some(row) = self.store.get(Table::Unjudged, &lost)? {
            writes.delete(Table::Unjudged, lost);
            writes.put(Table::Unjudged, tables::unjudged(seq, id, hash), row);
        } else if self.comparing.is_listed(id) {
            // It may have been judged already, at the place that it lost.
            writes.put(Table::Unchecked, tables::document(id), Vec::new());
        }
        Ok(())
    }

    /// Changes that are here have these places in the log.
    pub(in crate::replica) fn learn_places(
        &self,
        writes: &mut Writes,
        (id, automerge): (DocumentId, &Automerge),
        mut news: BTreeMap<ChangeHash, Arrived>,
    ) -> Result<(), ReplicaFault> {
        if news.is_empty() {
            return Ok(());
        }
        let there = arrivals(&self.store, id, automerge)?;
        news.retain(|hash, arrived| there.get(hash) != Some(arrived));
        if news.is_empty() {
            return Ok(());
        }
        self.store
            .scan(Table::Changes, id.as_bytes(), |key, value| {
                let row: ChangeRow = decode_row(Table::Changes, value)?;
                if let Some(arrived) = news.remove(&row.hash) {
                    let arrived = Some(arrived);
                    let row = ChangeRow { arrived, ..row };
                    writes.put_cbor(Table::Changes, key.to_vec(), &row);
                }
                Ok(!news.is_empty())
            })?;
        for (hash, arrived) in news {
            writes.put_cbor(Table::Late, tables::document_change(id, hash), &arrived);
        }
        Ok(())
    }
}
