//! What a server answered for, or handed over, with no head over it yet: it may be lost again.
//!
//! A server that was put back to a backup does not know of what it said last, and cannot be proved to
//! have. So all of that is noted by its place until a head covers it. Own work that turns out not to
//! stand is given back (`comparing.rs`).

use std::collections::BTreeSet;

use automerge::Automerge;
use casework_protocol::access::entry::AccessBody;
use casework_protocol::authority::Received;
use casework_protocol::entry::SignedEntry;
use casework_protocol::frame::{Logged, Placed, Start};
use casework_protocol::ids::{ChangeHash, DocumentId};
use casework_protocol::roster::entry::RosterBody;

use super::chains::retaken;
use super::document::author_of;
use super::history::arrivals;
use super::outbox::NOBODYS;
use super::rows::{Aside, OutboxRow, Outgoing, Sequenced};
use super::store::{Writes, decode_row};
use super::tables::{self, LOST, Table};
use super::{Replica, ReplicaFault};

/// Work at a place: position, document, hash of the change or entry.
pub(super) type Placement = (u64, DocumentId, ChangeHash);

/// What no head covers yet, as far as a session must know it.
#[derive(Debug, Default)]
pub(super) struct Unvouched {
    /// What an earlier session was told to stand there: it does when it comes.
    doubtful: BTreeSet<Placement>,
    /// Roster versions with a place that no head covered when the session began.
    roster: BTreeSet<u64>,
    /// Size of the log under the newest head.
    size: u64,
}

impl Unvouched {
    /// Whether something must come before anything else is said.
    pub(super) fn is_open(&self) -> bool {
        !self.doubtful.is_empty()
    }

    /// The log was proved to go on up to this size.
    pub(super) fn vouch(&mut self, size: u64) {
        self.size = size;
    }
}

impl Replica {
    /// A session goes on under a head of this size: what answers placed at or beyond it was lost, and
    /// what they placed before it must come.
    pub(super) fn find_lost(&mut self, size: u64) -> Result<(), ReplicaFault> {
        self.comparing.begin();
        let from = match self.stored_start()? {
            Start::At(cursor) => cursor.seq,
            Start::Partway { target, .. } => target,
            Start::Nothing => size,
        };
        let (mut lost, mut doubtful) = (Vec::new(), BTreeSet::new());
        let first = tables::number(from);
        self.store
            .scan_from(Table::Unjudged, &[], &first, |key, _| {
                match tables::split_unjudged(key) {
                    Some((LOST, ..)) | None => {}
                    Some(placed) if placed.0 >= size => lost.push(placed),
                    Some(placed) => {
                        doubtful.insert(placed);
                    }
                }
                Ok(true)
            })?;
        self.unvouched.doubtful = doubtful;
        let vouched = self.newest_head()?.map_or(0, |head| head.head().size);
        self.unvouched.vouch(size);
        let roster = self.roster.iter().flat_map(|roster| roster.entries());
        let beyond = roster.filter(|(_, at)| at.seq >= vouched && at.seq != Received::UNSEQUENCED);
        let beyond = beyond.map(|(entry, _)| entry.head().version);
        self.unvouched.roster = beyond.collect();
        if !lost.is_empty() {
            let mut writes = Writes::default();
            for placed in lost {
                self.lose(&mut writes, placed)?;
            }
            self.commit(writes)?;
            self.reload_authority()?;
        }
        self.look_at_roster();
        Ok(())
    }

    /// Whether a roster entry stands in the log, as far as this device can say.
    pub(super) fn stands(&self, version: u64, at: Received) -> bool {
        at.seq != Received::UNSEQUENCED && !self.unvouched.roster.contains(&version)
    }

    /// Notes what comes beyond the newest head: it is the server's word only, until a head covers it.
    pub(super) fn note_beyond(
        &self,
        writes: &mut Writes,
        items: &[Logged],
    ) -> Result<(), ReplicaFault> {
        for item in items
            .iter()
            .filter(|item| item.seq() >= self.unvouched.size)
        {
            let id = item.document().unwrap_or(NOBODYS);
            for (hash, seq) in hashes_of(item).into_iter().zip(item.seq()..) {
                let key = tables::unjudged(seq, id, hash);
                let noted = self.store.get(Table::Unjudged, &key)?.is_some();
                if noted || self.is_purged(id) {
                    continue;
                }
                let row = OutboxRow {
                    document: id,
                    what: Outgoing::Genesis,
                    made_ms: 0,
                };
                writes.put_cbor(Table::Unjudged, key, &row);
            }
        }
        Ok(())
    }

    /// Own work came where an answer said that it stands.
    pub(super) fn came(&mut self, items: &[Logged]) {
        if self.unvouched.doubtful.is_empty() {
            return;
        }
        for item in items {
            let (seq, document) = (item.seq(), item.document().unwrap_or(NOBODYS));
            for (hash, seq) in hashes_of(item).into_iter().zip(seq..) {
                self.unvouched.doubtful.remove(&(seq, document, hash));
            }
        }
    }

    /// Whether own work did not come where an answer said that it stands, although all before a later
    /// position did.
    pub(super) fn is_missing(&self, placed: Placement) -> bool {
        self.unvouched.doubtful.contains(&placed)
    }

    /// Own work did not come where an answer said that it stands: it was lost, unless its document does
    /// not come to this device any more.
    pub(super) fn not_come(
        &mut self,
        writes: &mut Writes,
        placed: Placement,
    ) -> Result<(), ReplicaFault> {
        let (seq, id, hash) = placed;
        let comes = id == NOBODYS
            || match self.is_for_us(id) {
                Err(ReplicaFault::Document(_)) => false,
                comes => comes?,
            };
        if comes {
            return self.lose(writes, placed);
        }
        self.unvouched.doubtful.remove(&placed);
        writes.delete(Table::Unjudged, tables::unjudged(seq, id, hash));
        Ok(())
    }

    /// Own work does not stand where an answer said: the server was put back to before that.
    pub(super) fn lose(
        &mut self,
        writes: &mut Writes,
        placed: Placement,
    ) -> Result<(), ReplicaFault> {
        let (seq, id, hash) = placed;
        self.unvouched.doubtful.remove(&placed);
        let key = tables::unjudged(seq, id, hash);
        let row: Option<OutboxRow> = self.store.get_cbor(Table::Unjudged, &key)?;
        writes.delete(Table::Unjudged, key);
        self.give_up_item(writes, placed)?;
        if id == NOBODYS {
            return self.lose_roster(writes, seq);
        }
        self.forget_places(writes, &tables::document(id), |place| place.seq == seq)?;
        self.lose_access(writes, placed)?;
        if let Some(row) = row.filter(|row| matches!(row.what, Outgoing::Change { .. })) {
            writes.put_cbor(Table::Unjudged, tables::unjudged(LOST, id, hash), &row);
        }
        self.compare_later(writes, id);
        Ok(())
    }

    /// Roster entries that were placed at this position stand in no log.
    fn lose_roster(&mut self, writes: &mut Writes, seq: u64) -> Result<(), ReplicaFault> {
        let roster = self.roster()?.entries();
        let lost = roster.filter(|(_, at)| at.seq == seq);
        let lost: Vec<_> = lost.map(|(entry, _)| entry.head().clone()).collect();
        for head in lost {
            let key = tables::number(head.version);
            if let Some(row) = self.store.get_cbor::<Sequenced>(Table::Roster, &key)? {
                let arrived = None;
                writes.put_cbor(Table::Roster, key, &Sequenced { arrived, ..row });
                self.replace_roster_position(writes, head.version, retaken(arrived))?;
            }
        }
        self.look_at_roster();
        Ok(())
    }

    /// Remembers that an answer placed an own entry, until the log is read up to there.
    pub(super) fn note_placed(
        &self,
        writes: &mut Writes,
        (id, entry): (DocumentId, &SignedEntry),
        placed: &Placed,
    ) {
        self.note_place(writes, (id, hash_of(id, entry)), placed);
    }

    /// The same of a change that is not to be judged at its place.
    pub(super) fn note_place(
        &self,
        writes: &mut Writes,
        (id, hash): (DocumentId, ChangeHash),
        placed: &Placed,
    ) {
        let row = OutboxRow {
            document: id,
            what: Outgoing::Genesis,
            made_ms: placed.received_ms,
        };
        writes.put_cbor(
            Table::Unjudged,
            tables::unjudged(placed.seq, id, hash),
            &row,
        );
    }

    /// Moves own work on a document into the drawer that a server lost and that was not given back: the
    /// document goes, and with it what this device could give. What had its place with an epoch that
    /// ended may stand in the new one all the same, where nothing of the document came to tell.
    /// Answers how many things.
    pub(super) fn rescue_lost(
        &mut self,
        writes: &mut Writes,
        id: DocumentId,
        why: &str,
    ) -> Result<usize, ReplicaFault> {
        let mut lost = BTreeSet::new();
        self.store
            .scan(Table::Unjudged, &tables::number(LOST), |key, _| {
                let placed = tables::split_unjudged(key).filter(|(_, of, _)| *of == id);
                lost.extend(placed.map(|(_, _, hash)| hash));
                Ok(true)
            })?;
        let mut in_order = Vec::new();
        let step = match self.take_document(id) {
            Ok(step) => Some(step),
            Err(ReplicaFault::Document(_)) => None,
            Err(fault) => return Err(fault),
        };
        let holder = step.as_ref().map(|step| &step.document.automerge);
        if let Some(holder) = holder.filter(|_| self.comparing.is_listed(id)) {
            in_order = self.own_without_place(id, holder)?;
            lost.retain(|hash| !in_order.contains(hash));
        }
        let why = format!("{why}, and a server that was put back may have lost this");
        let why = Aside::Quarantined(why);
        in_order.extend(lost);
        for hash in &in_order {
            self.rescue(writes, (id, *hash), &why, (None, holder))?;
        }
        Ok(in_order.len())
    }

    /// Own changes of a document that have no place in the log and are in no outbox, and that nothing
    /// with a place builds on; in causal order.
    fn own_without_place(
        &self,
        id: DocumentId,
        holder: &Automerge,
    ) -> Result<Vec<ChangeHash>, ReplicaFault> {
        let there = arrivals(&self.store, id, holder)?;
        let there = there
            .keys()
            .map(|hash| automerge::ChangeHash(*hash.as_bytes()));
        let unsent = self.unsent_changes(id)?;
        let beyond = holder.get_changes_meta(&there.collect::<Vec<_>>());
        let own = beyond
            .iter()
            .filter(|meta| author_of(holder, &meta.actor) == Some(self.device()));
        let own = own.map(|meta| ChangeHash::new(meta.hash.0));
        Ok(own.filter(|hash| !unsent.contains_key(hash)).collect())
    }

    /// Nothing of a document waits for its judgement any more.
    pub(super) fn forget_unjudged(
        &self,
        writes: &mut Writes,
        id: DocumentId,
    ) -> Result<(), ReplicaFault> {
        let of = |key: &[u8]| tables::split_unjudged(key).is_some_and(|(_, of, _)| of == id);
        writes.retract_all(Table::Unjudged, of);
        self.store.scan(Table::Unjudged, &[], |key, _| {
            if of(key) {
                writes.delete(Table::Unjudged, key.to_vec());
            }
            Ok(true)
        })?;
        Ok(())
    }

    /// Own work that waits for its judgement from the fork of an epoch on, waits for its new place.
    pub(super) fn unplace(&self, writes: &mut Writes, common: u64) -> Result<(), ReplicaFault> {
        let from = tables::number(common);
        self.store
            .scan_from(Table::Unjudged, &[], &from, |key, value| {
                let Some((seq, id, hash)) = tables::split_unjudged(key) else {
                    return Ok(true);
                };
                if seq != LOST {
                    writes.delete(Table::Unjudged, key.to_vec());
                    let row: OutboxRow = decode_row(Table::Unjudged, value)?;
                    if matches!(row.what, Outgoing::Change { .. }) {
                        writes.put_cbor(Table::Unjudged, tables::unjudged(LOST, id, hash), &row);
                    }
                }
                Ok(true)
            })?;
        Ok(())
    }
}

/// The hash of a roster entry (of nobody's document) or of an access entry.
fn hash_of(id: DocumentId, entry: &SignedEntry) -> ChangeHash {
    let hash = if id == NOBODYS {
        entry.hash::<RosterBody>()
    } else {
        entry.hash::<AccessBody>()
    };
    ChangeHash::new(*hash.as_bytes())
}

/// The hashes of what an item brings, by position.
pub(super) fn hashes_of(item: &Logged) -> Vec<ChangeHash> {
    match item {
        Logged::Roster { entry, .. } => vec![hash_of(NOBODYS, entry)],
        Logged::Access {
            document, entry, ..
        } => vec![hash_of(*document, entry)],
        Logged::Run(run) => {
            let hashes = run.run.claimed_hashes().unwrap_or_default();
            hashes.into_iter().map(|(hash, _)| hash).collect()
        }
        Logged::Withheld { changes, .. } => changes.clone(),
        Logged::Purged { .. } | Logged::Equivocation { .. } => Vec::new(),
    }
}
