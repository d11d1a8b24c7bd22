//! The replica as a sync session sees it: see [`Holdings`].

use std::collections::BTreeSet;

use casework_protocol::access::entry::DocumentKind;
use casework_protocol::access::{occasion, views};
use casework_protocol::frame::{
    Answer, Cursor, DocumentHeads, ErrorCode, Logged, ProvedPurge, Scope, Start,
};
use casework_protocol::ids::{DocumentId, ServerId, WorkspaceId};
use casework_protocol::keys::{SecretKey, Signer};
use casework_protocol::log::{ConsistencyProof, SignedHead, VerifiedHead};

use super::rows::{Aside, OutboxDocument, OutboxRow, Outgoing, ServerRow};
use super::store::{Writes, decode_row};
use super::tables::{self, Table, meta};
use super::{Notice, Replica, ReplicaFault};
use crate::sync::{Holdings, Parcel, Turn};

impl Holdings for Replica {
    type Fault = ReplicaFault;

    fn workspace(&self) -> WorkspaceId {
        self.identity.workspace
    }

    fn signer(&self) -> &dyn Signer {
        self.identity.key.as_ref()
    }

    fn invite(&self) -> Option<&SecretKey> {
        // Enrolled already: the answer to the redemption was lost on the way.
        self.invite.as_ref().filter(|_| self.member().is_none())
    }

    fn pinned(&self) -> Option<ServerId> {
        self.server().ok().flatten()?.key
    }

    fn pin(&mut self, server: ServerId) -> Result<(), ReplicaFault> {
        let address = self.server()?.map(|row| row.address).unwrap_or_default();
        self.set_server(&ServerRow {
            address,
            key: Some(server),
        })
    }

    fn succeed(&mut self, head: &VerifiedHead) -> Result<(), ReplicaFault> {
        let address = self.server()?.map(|row| row.address).unwrap_or_default();
        let key = Some(head.server());
        let mut writes = Writes::default();
        writes.put_cbor(
            Table::Meta,
            meta::SERVER.to_vec(),
            &ServerRow { address, key },
        );
        writes.put_cbor(Table::Meta, meta::HEAD.to_vec(), head.signed());
        self.commit(writes)
    }

    fn start(&self) -> Start {
        self.stored_start().unwrap_or(Start::Nothing)
    }

    fn head(&self) -> Option<SignedHead> {
        self.newest_head()
            .ok()
            .flatten()
            .map(|head| head.signed().clone())
    }

    fn scope(&self) -> Scope {
        self.store
            .get_cbor(Table::Meta, meta::SCOPE)
            .ok()
            .flatten()
            .unwrap_or_default()
    }

    fn saw_head(&mut self, head: &VerifiedHead) -> Result<(), ReplicaFault> {
        self.unvouched.vouch(head.head().size);
        let mut writes = Writes::default();
        writes.put_cbor(Table::Meta, meta::HEAD.to_vec(), head.signed());
        self.commit(writes)
    }

    fn take_items(
        &mut self,
        items: Vec<Logged>,
        start: Start,
        _now_ms: u64,
    ) -> Result<(), ReplicaFault> {
        self.take(items, start)
    }

    fn take_gaps(&mut self) -> Vec<DocumentId> {
        core::mem::take(&mut self.gaps).into_iter().collect()
    }

    fn take_bundle(
        &mut self,
        document: DocumentId,
        bytes: &[u8],
        head: &VerifiedHead,
    ) -> Result<Result<(), String>, ReplicaFault> {
        let taken = Self::take_bundle(self, document, bytes, head)?;
        if let Err(why) = &taken {
            // Its entries come instead; whoever made it, and the server that vouched, are to be asked.
            self.blame(format!(
                "a bundle of document {document} does not hold: {why}"
            ));
        }
        Ok(taken)
    }

    fn complete_document(&mut self, start: Start) -> Result<(), ReplicaFault> {
        self.put_start(&start)
    }

    fn caught_up(&mut self, head: VerifiedHead, cursor: Cursor) -> Result<(), ReplicaFault> {
        let mut writes = Writes::default();
        writes.put_cbor(Table::Meta, meta::HEAD.to_vec(), head.signed());
        self.unvouched.vouch(head.head().size);
        let start = Start::At(cursor);
        self.find_unread(&writes, cursor.seq)?;
        self.find_emptied();
        // What is missing is fetched; should that not come to an end, it is read again.
        if self.gaps.is_empty() {
            writes.put_cbor(Table::Meta, meta::START.to_vec(), &start);
        }
        let mut steps = Vec::new();
        self.judge_own(&mut writes, &start, &mut steps)?;
        self.prune_inbox(&mut writes, head.head().time_ms)?;
        self.settle_steps(writes, steps)?;
        self.invite = None;
        Ok(())
    }

    fn evict(&mut self, document: DocumentId) -> Result<(), ReplicaFault> {
        if self.is_purged(document) || !self.is_here(document)? {
            return Ok(());
        }
        if self.is_for_us(document)? {
            let what = format!("it evicts document {document}, which nobody took away");
            self.blame(what);
            return Ok(());
        }
        let rescued = self.give_up(document, "the case is no longer visible to this device")?;
        self.notices.push(Notice::Evicted { document, rescued });
        Ok(())
    }

    fn outgoing(&mut self, in_flight: &[u64], budget: usize) -> Result<Vec<Parcel>, ReplicaFault> {
        self.pack(in_flight, budget)
    }

    fn answered(
        &mut self,
        answers: Vec<(Parcel, Answer)>,
        _now_ms: u64,
    ) -> Result<(), ReplicaFault> {
        Self::answered(self, answers)
    }

    fn turn(&mut self, turn: Turn) -> Result<(), ReplicaFault> {
        self.forget_bundles()?;
        match turn {
            Turn::Recover { .. } => Ok(()),
            Turn::Epoch { epoch, common } => self.enter_epoch(Cursor { epoch, seq: common }),
        }
    }

    fn goes_on(&mut self, size: u64) -> Result<(), ReplicaFault> {
        self.find_lost(size)
    }

    fn founding(&mut self) -> Result<Vec<Parcel>, ReplicaFault> {
        self.unsequenced_roster()
    }

    fn kept_log(&self, from: u64, budget: usize) -> Result<Vec<Logged>, ReplicaFault> {
        let mut items: Vec<Logged> = Vec::new();
        let (mut next, mut bytes) = (from, 0);
        self.store
            .scan_from(Table::Log, &[], &tables::number(from), |key, value| {
                let item: Logged = decode_row(Table::Log, value)?;
                if item.seq() != next || tables::last_number(key) != next {
                    return Ok(false);
                }
                next += item.len();
                bytes += value.len();
                items.push(item);
                Ok(bytes < budget)
            })?;
        Ok(items)
    }

    fn kept_proof(&self, size: u64) -> Result<Option<ConsistencyProof>, ReplicaFault> {
        self.prove_kept(size)
    }

    fn kept_purges(&self, items: &[Logged]) -> Result<Vec<ProvedPurge>, ReplicaFault> {
        self.prove_purges(items)
    }

    fn is_to_compare(&self) -> bool {
        self.comparing.is_due() || self.unvouched.is_open()
    }

    fn heads(&self) -> Result<Vec<DocumentHeads>, ReplicaFault> {
        // Only what the server has is of interest; what is here is compared when it answers.
        let ask = |document| DocumentHeads {
            document,
            access: 0,
            heads: Vec::new(),
        };
        Ok(self.comparing.due().map(ask).collect())
    }

    fn lacking(&mut self, theirs: &[DocumentHeads]) -> Result<Vec<Parcel>, ReplicaFault> {
        let parcels = self.beyond(theirs)?;
        self.give_back(theirs, &parcels)?;
        Ok(parcels)
    }

    fn bundle_to_keep(&mut self) -> Result<Option<(DocumentId, Vec<u8>)>, ReplicaFault> {
        self.next_bundle()
    }

    fn bundle_kept(
        &mut self,
        document: DocumentId,
        refused: Option<ErrorCode>,
    ) -> Result<(), ReplicaFault> {
        self.bundle_answered(document, refused)
    }
}

impl Replica {
    pub(super) fn stored_start(&self) -> Result<Start, ReplicaFault> {
        Ok(self
            .store
            .get_cbor(Table::Meta, meta::START)?
            .unwrap_or(Start::Nothing))
    }

    pub(super) fn put_start(&mut self, start: &Start) -> Result<(), ReplicaFault> {
        let mut writes = Writes::default();
        writes.put_cbor(Table::Meta, meta::START.to_vec(), start);
        self.commit(writes)
    }

    /// The newest head that was verified; verified again, because the disk is not trusted to
    /// vouch for a server. `None` without a pinned server.
    pub(super) fn newest_head(&self) -> Result<Option<VerifiedHead>, ReplicaFault> {
        let stored: Option<SignedHead> = self.store.get_cbor(Table::Meta, meta::HEAD)?;
        let server = self.server()?.and_then(|server| server.key);
        let (Some(head), Some(server)) = (stored, server) else {
            return Ok(None);
        };
        Ok(head.verify(server, self.workspace()).ok())
    }

    /// Chooses what the server sends; documents outside are not evicted. Where more is wanted than
    /// before, everything is read once more from the beginning: what was left out lies before the
    /// cursor.
    ///
    /// # Errors
    /// [`ReplicaFault::Store`].
    pub fn set_scope(&mut self, scope: &Scope) -> Result<(), ReplicaFault> {
        let mut writes = Writes::default();
        if !is_within(scope, &self.scope()) {
            writes.put_cbor(Table::Meta, meta::START.to_vec(), &Start::Nothing);
        }
        writes.put_cbor(Table::Meta, meta::SCOPE.to_vec(), scope);
        self.commit(writes)
    }

    /// Whether anything of a document is on this device.
    fn is_here(&mut self, id: DocumentId) -> Result<bool, ReplicaFault> {
        match self.record(id) {
            Ok(_) => Ok(true),
            Err(ReplicaFault::Document(_)) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Whether this member sees a document, and this device wants it, by everything that has
    /// arrived: the entry that takes sight away comes before the eviction.
    pub(super) fn is_for_us(&mut self, id: DocumentId) -> Result<bool, ReplicaFault> {
        let Some(member) = self.member() else {
            return Ok(false);
        };
        self.record(id)?;
        let (roster, access) = (self.roster()?.head(), self.records[&id].head());
        let here = occasion(roster, access, member);
        let wanted = match self.scope() {
            _ if access.kind() == DocumentKind::Personal => true,
            Scope::All => true,
            Scope::Mine => here.own,
            Scope::Team => here.team,
            Scope::Templates(templates) => templates.contains(&access.template()),
            Scope::Listed(documents) => documents.contains(&id),
        };
        Ok(wanted && views(roster, access, member))
    }

    /// Rescues unsent work of a document into the drawer, and what a server lost of it, then forgets the
    /// document. Answers how many things were rescued.
    pub(super) fn give_up(&mut self, id: DocumentId, why: &str) -> Result<usize, ReplicaFault> {
        let mut writes = Writes::default();
        let lost = self.rescue_lost(&mut writes, id, why)?;
        let rescued = lost + self.rescue_unsent(&mut writes, id, why)?;
        self.forget_items(&mut writes, id)?;
        for table in Table::OF_A_DOCUMENT {
            self.delete_all(&mut writes, table, id)?;
        }
        self.forget_unjudged(&mut writes, id)?;
        self.documents.close(id);
        self.records.remove(&id);
        self.actors.remove(&id);
        self.gaps.remove(&id);
        self.comparing.forget(id);
        self.commit(writes)?;
        Ok(rescued)
    }

    /// Moves everything of a document that was not sent into the drawer. Answers how many things.
    pub(super) fn rescue_unsent(
        &mut self,
        writes: &mut Writes,
        id: DocumentId,
        why: &str,
    ) -> Result<usize, ReplicaFault> {
        let why = Aside::Quarantined(why.to_owned());
        let mut unsent = self.unsent_changes(id)?;
        // What was answered in this very step was sent.
        unsent.retain(|_, (number, _)| {
            let key = tables::number(*number);
            writes.pending(Table::Outbox, &key) != Some(None)
        });
        let mut rescued = unsent.len();
        for (hash, row) in &unsent {
            self.rescue(writes, (id, *hash), &why, (Some(row), None))?;
        }
        let mut rows: Vec<OutboxRow> = Vec::new();
        self.store.scan(Table::Outbox, &[], |key, value| {
            let sent = writes.pending(Table::Outbox, key) == Some(None);
            let here = decode_row::<OutboxDocument>(Table::Outbox, value)?.document == id;
            if here && !sent {
                rows.push(decode_row(Table::Outbox, value)?);
                writes.delete(Table::Outbox, key.to_vec());
            }
            Ok(true)
        })?;
        for row in &rows {
            if matches!(row.what, Outgoing::Access { .. }) {
                self.keep_entry(writes, row, &why.to_string());
                rescued += 1;
            }
        }
        Ok(rescued)
    }
}

/// Whether a scope asks for nothing that another one leaves out.
fn is_within(scope: &Scope, other: &Scope) -> bool {
    let all_in = |some: &[DocumentId], of: &[DocumentId]| {
        let of: BTreeSet<&DocumentId> = of.iter().collect();
        some.iter().all(|id| of.contains(id))
    };
    match (scope, other) {
        (_, Scope::All) => true,
        (Scope::Templates(some), Scope::Templates(of))
        | (Scope::Listed(some), Scope::Listed(of)) => all_in(some, of),
        (scope, other) => scope == other,
    }
}
