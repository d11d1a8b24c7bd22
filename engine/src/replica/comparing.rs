//! What a server may have lost of what stands here, and what is being given back to it.
//!
//! A document stays listed, on the disk too, until the server has answered for everything that it
//! was found to lack: neither a dying battery nor a cut line ends the giving back halfway. Invariant:
//! listing one for nothing costs a comparison of heads and changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::authority::Received;
use casework_protocol::entry::SignedEntry;
use casework_protocol::frame::{Answer, DocumentHeads, Placed, PushItem, RefusedBecause};
use casework_protocol::ids::{ChangeHash, DocumentId};
use casework_protocol::seal::SignedRun;

use super::history::stored_order;
use super::rows::{Arrived, Aside, Sequenced};
use super::store::Writes;
use super::tables::{self, Table};
use super::{Replica, ReplicaFault};
use crate::sync::Parcel;

/// Changes of a document that are taken out, and why.
pub(super) type Excluded = BTreeMap<DocumentId, BTreeMap<ChangeHash, Aside>>;

/// What is to be compared with the server.
#[derive(Debug, Default)]
pub(super) struct Comparing {
    listed: BTreeSet<DocumentId>,
    /// Parcels of a listed document that are on their way.
    giving: BTreeMap<DocumentId, usize>,
    /// The roster has entries that stand in no log.
    roster: bool,
    /// Documents that the server said it does not know, and that were listed for it in this session.
    unknown: BTreeSet<DocumentId>,
}

impl Comparing {
    /// Documents whose heads are to be asked for.
    pub(super) fn due(&self) -> impl Iterator<Item = DocumentId> + '_ {
        let listed = self.listed.iter().copied();
        listed.filter(|id| !self.giving.contains_key(id))
    }

    /// Whether anything is to be compared or given back.
    pub(super) fn is_due(&self) -> bool {
        self.roster || self.due().next().is_some()
    }

    /// Whether the server may lack something of a document.
    pub(super) fn is_listed(&self, id: DocumentId) -> bool {
        self.listed.contains(&id)
    }

    /// A document is not here any more.
    pub(super) fn forget(&mut self, id: DocumentId) {
        self.listed.remove(&id);
        self.giving.remove(&id);
    }

    /// The roster is being given back.
    pub(super) fn roster_given(&mut self) {
        self.roster = false;
    }

    /// Everything on its way was lost with its session.
    pub(super) fn begin(&mut self) {
        self.giving.clear();
        self.unknown.clear();
    }
}

impl Replica {
    pub(super) fn load_compared(&mut self) -> Result<(), ReplicaFault> {
        let listed = &mut self.comparing.listed;
        self.store.scan(Table::Compare, &[], |key, _| {
            listed.extend(tables::document_of(key));
            Ok(true)
        })?;
        self.look_at_roster();
        Ok(())
    }

    /// Notes whether some roster entry stands in no log.
    pub(super) fn look_at_roster(&mut self) {
        let mut entries = self.roster.iter().flat_map(|roster| roster.entries());
        self.comparing.roster = entries.any(|(_, at)| at.seq == Received::UNSEQUENCED);
    }

    /// Lists a document: the server may lack something of it.
    pub(super) fn compare_later(&mut self, writes: &mut Writes, id: DocumentId) {
        self.comparing.giving.remove(&id);
        self.comparing.listed.insert(id);
        // Always: what listed it before may not have been written.
        writes.put(Table::Compare, tables::document(id), Vec::new());
    }

    fn compared(&mut self, writes: &mut Writes, id: DocumentId) {
        self.comparing.forget(id);
        writes.delete(Table::Compare, tables::document(id));
    }

    /// Heads were compared, and these parcels are given back now. Whatever lacks nothing is done with.
    pub(super) fn give_back(
        &mut self,
        theirs: &[DocumentHeads],
        parcels: &[Parcel],
    ) -> Result<(), ReplicaFault> {
        let mut writes = Writes::default();
        for parcel in parcels {
            if let Some(id) = document_of(&parcel.item) {
                *self.comparing.giving.entry(id).or_default() += 1;
            }
        }
        for heads in theirs {
            if !self.comparing.giving.contains_key(&heads.document) {
                self.compared(&mut writes, heads.document);
            }
        }
        if writes.is_empty() {
            return Ok(());
        }
        self.commit(writes)
    }

    /// The server answered for something that was given back.
    pub(super) fn given_back(
        &mut self,
        writes: &mut Writes,
        parcel: &Parcel,
        answer: &Answer,
        excluded: &mut Excluded,
    ) -> Result<(), ReplicaFault> {
        let Some(id) = document_of(&parcel.item).filter(|_| parcel.rows.is_empty()) else {
            return Ok(());
        };
        match answer {
            Answer::Placed(places) => {
                if let PushItem::Run(run) = &parcel.item {
                    self.place_given(writes, run, places, excluded)?;
                }
            }
            Answer::Refused(because, why) => match &parcel.item {
                PushItem::Run(run) => self.refuse_given(run, (*because, why), excluded),
                PushItem::Access { entry, .. } => {
                    if self.is_genesis(id, entry)? {
                        self.unfound(writes, id, why, excluded)?;
                    }
                }
                PushItem::Roster(_) => {}
            },
            // It is compared again when something was read, or in the next session.
            Answer::Missing(_) | Answer::Stale(_) | Answer::Skipped => return Ok(()),
        }
        if let Some(left) = self.comparing.giving.get_mut(&id) {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.compared(writes, id);
            }
        }
        Ok(())
    }

    /// A run that was given back is not taken: own work goes to the drawer; of others only what was
    /// said under a roster that the log does not have, for that can stand nowhere.
    fn refuse_given(
        &self,
        run: &SignedRun,
        (because, why): (RefusedBecause, &str),
        excluded: &mut Excluded,
    ) {
        if run.device() != self.device() && because != RefusedBecause::Citation {
            return;
        }
        let why = format!("refused by the server ({because:?}): {why}");
        let hashes = run.claimed_hashes().unwrap_or_default().into_iter();
        let gone = hashes.map(|(hash, _)| (hash, Aside::Quarantined(why.clone())));
        excluded.entry(run.document()).or_default().extend(gone);
    }

    fn is_genesis(&self, id: DocumentId, entry: &SignedEntry) -> Result<bool, ReplicaFault> {
        let key = tables::document_number(id, 1);
        let first: Option<Sequenced> = self.store.get_cbor(Table::Access, &key)?;
        Ok(first.is_some_and(|first| first.entry == *entry))
    }

    /// The opening of a document that was lost is not admitted any more: nothing of it stands.
    fn unfound(
        &mut self,
        writes: &mut Writes,
        id: DocumentId,
        why: &str,
        excluded: &mut Excluded,
    ) -> Result<(), ReplicaFault> {
        let why = Aside::Quarantined(format!("the document was lost and is not admitted: {why}"));
        let gone: Vec<ChangeHash> = match self.document(id) {
            Ok(document) => stored_order(&document.automerge),
            Err(ReplicaFault::Document(_)) => Vec::new(),
            Err(fault) => return Err(fault),
        };
        let gone = gone.into_iter().map(|hash| (hash, why.clone()));
        excluded.entry(id).or_default().extend(gone);
        self.compared(writes, id);
        Ok(())
    }

    /// The server does not know a document that this device has. Answers whether it is compared for it;
    /// once in a session is enough.
    pub(super) fn is_to_be_known(&mut self, writes: &mut Writes, id: DocumentId) -> bool {
        let known = self.record(id).is_ok();
        let first = known && self.comparing.unknown.insert(id);
        if first {
            self.compare_later(writes, id);
        }
        first
    }

    /// A run that was given back stands at new places, where own work is judged once more.
    fn place_given(
        &mut self,
        writes: &mut Writes,
        run: &SignedRun,
        places: &[Placed],
        excluded: &mut Excluded,
    ) -> Result<(), ReplicaFault> {
        let id = run.document();
        let hashes = run.claimed_hashes().unwrap_or_default();
        let placed = || hashes.iter().map(|(hash, _)| *hash).zip(places);
        let arrived = |placed: &Placed| Arrived {
            seq: placed.seq,
            received_ms: placed.received_ms,
        };
        match self.document(id) {
            Ok(_) => {}
            Err(ReplicaFault::Document(_)) => return Ok(()),
            Err(fault) => return Err(fault),
        }
        let news = placed().map(|(hash, at)| (hash, arrived(at))).collect();
        if let Some(document) = self.documents.peek(id) {
            self.learn_places(writes, (id, &document.automerge), news)?;
        }
        self.published.remove(&id);
        self.grew(id);
        for (hash, at) in placed() {
            self.count_own(writes, id, at)?;
            if at.held {
                let held = excluded.entry(id).or_default();
                held.insert(hash, Aside::Held);
            } else {
                self.judge_again(writes, id, (hash, run.device()), at.seq)?;
            }
        }
        Ok(())
    }
}

fn document_of(item: &PushItem) -> Option<DocumentId> {
    match item {
        PushItem::Roster(_) => None,
        PushItem::Access { document, .. } => Some(*document),
        PushItem::Run(run) => Some(run.document()),
    }
}
