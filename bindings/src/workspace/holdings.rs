//! The replica as a session sees it, with an ear for what changes and the redemption of an invite.
//!
//! Everything is passed on. On the way it is noted which documents may look different now, and a
//! joining device says in the roster who it is as soon as the roster is here.

use casework_engine::moment::Moment;
use casework_engine::replica::{Replica, ReplicaFault};
use casework_engine::sync::{Holdings, Parcel, Turn};
use casework_protocol::frame::{
    Answer, Cursor, DocumentHeads, ErrorCode, Logged, ProvedPurge, PushItem, Scope, Start,
};
use casework_protocol::ids::{DocumentId, ServerId, WorkspaceId};
use casework_protocol::keys::{SecretKey, Signer};
use casework_protocol::log::{ConsistencyProof, SignedHead, VerifiedHead};

use super::joining::Newcomer;
use crate::observer::Changed;

/// A replica in a session.
pub(super) struct InSession<'a> {
    pub(super) replica: &'a mut Replica,
    /// How a joining device wants to be called; taken when it has said so.
    pub(super) newcomer: &'a mut Option<Newcomer>,
    /// Now, for the redemption.
    pub(super) now: &'a Moment,
    /// What may look different now.
    pub(super) changed: &'a mut Changed,
}

impl InSession<'_> {
    /// Says who this device is, once. The session asks for what is outgoing when the roster is
    /// here.
    fn introduce(&mut self) -> Result<(), ReplicaFault> {
        let Some(newcomer) = self.newcomer.take() else {
            return Ok(());
        };
        self.replica
            .redeem(&newcomer.member_name, &newcomer.device_name, self.now)
    }

    fn note_items(&mut self, items: &[Logged]) {
        for item in items {
            match item {
                Logged::Run(run) => self.note(run.run.document()),
                Logged::Equivocation { run, .. } => self.note(run.document()),
                Logged::Access { document, .. }
                | Logged::Withheld { document, .. }
                | Logged::Purged { document, .. } => self.note(*document),
                Logged::Roster { .. } => self.changed.people = true,
            }
        }
    }

    fn note(&mut self, document: DocumentId) {
        self.changed.documents.insert(document);
    }
}

impl Holdings for InSession<'_> {
    type Fault = ReplicaFault;

    fn workspace(&self) -> WorkspaceId {
        self.replica.workspace()
    }

    fn signer(&self) -> &dyn Signer {
        self.replica.signer()
    }

    fn invite(&self) -> Option<&SecretKey> {
        Holdings::invite(self.replica).filter(|_| self.replica.member().is_none())
    }

    fn pinned(&self) -> Option<ServerId> {
        self.replica.pinned()
    }

    fn pin(&mut self, server: ServerId) -> Result<(), ReplicaFault> {
        self.replica.pin(server)
    }

    fn succeed(&mut self, head: &VerifiedHead) -> Result<(), ReplicaFault> {
        self.replica.succeed(head)
    }

    fn start(&self) -> Start {
        self.replica.start()
    }

    fn head(&self) -> Option<SignedHead> {
        Holdings::head(self.replica)
    }

    fn scope(&self) -> Scope {
        self.replica.scope()
    }

    fn saw_head(&mut self, head: &VerifiedHead) -> Result<(), ReplicaFault> {
        self.replica.saw_head(head)
    }

    fn take_items(
        &mut self,
        items: Vec<Logged>,
        start: Start,
        now_ms: u64,
    ) -> Result<(), ReplicaFault> {
        self.note_items(&items);
        self.replica.take_items(items, start, now_ms)
    }

    fn take_gaps(&mut self) -> Vec<DocumentId> {
        self.replica.take_gaps()
    }

    fn take_bundle(
        &mut self,
        document: DocumentId,
        bytes: &[u8],
        head: &VerifiedHead,
    ) -> Result<Result<(), String>, ReplicaFault> {
        self.note(document);
        Holdings::take_bundle(self.replica, document, bytes, head)
    }

    fn complete_document(&mut self, start: Start) -> Result<(), ReplicaFault> {
        self.replica.complete_document(start)
    }

    fn caught_up(&mut self, head: VerifiedHead, cursor: Cursor) -> Result<(), ReplicaFault> {
        self.replica.caught_up(head, cursor)
    }

    fn evict(&mut self, document: DocumentId) -> Result<(), ReplicaFault> {
        self.note(document);
        self.replica.evict(document)
    }

    fn outgoing(&mut self, in_flight: &[u64], budget: usize) -> Result<Vec<Parcel>, ReplicaFault> {
        self.introduce()?;
        self.replica.outgoing(in_flight, budget)
    }

    fn answered(
        &mut self,
        answers: Vec<(Parcel, Answer)>,
        now_ms: u64,
    ) -> Result<(), ReplicaFault> {
        for (parcel, _) in &answers {
            match &parcel.item {
                PushItem::Run(run) => self.note(run.document()),
                PushItem::Access { document, .. } => self.note(*document),
                PushItem::Roster(_) => self.changed.people = true,
            }
        }
        Holdings::answered(self.replica, answers, now_ms)
    }

    fn turn(&mut self, turn: Turn) -> Result<(), ReplicaFault> {
        self.changed.join(Changed::everything());
        self.replica.turn(turn)
    }

    fn goes_on(&mut self, size: u64) -> Result<(), ReplicaFault> {
        self.replica.goes_on(size)
    }

    fn founding(&mut self) -> Result<Vec<Parcel>, ReplicaFault> {
        self.replica.founding()
    }

    fn kept_log(&self, from: u64, budget: usize) -> Result<Vec<Logged>, ReplicaFault> {
        self.replica.kept_log(from, budget)
    }

    fn kept_proof(&self, size: u64) -> Result<Option<ConsistencyProof>, ReplicaFault> {
        self.replica.kept_proof(size)
    }

    fn kept_purges(&self, items: &[Logged]) -> Result<Vec<ProvedPurge>, ReplicaFault> {
        self.replica.kept_purges(items)
    }

    fn is_to_compare(&self) -> bool {
        self.replica.is_to_compare()
    }

    fn heads(&self) -> Result<Vec<DocumentHeads>, ReplicaFault> {
        self.replica.heads()
    }

    fn lacking(&mut self, theirs: &[DocumentHeads]) -> Result<Vec<Parcel>, ReplicaFault> {
        self.replica.lacking(theirs)
    }

    fn bundle_to_keep(&mut self) -> Result<Option<(DocumentId, Vec<u8>)>, ReplicaFault> {
        self.replica.bundle_to_keep()
    }

    fn bundle_kept(
        &mut self,
        document: DocumentId,
        refused: Option<ErrorCode>,
    ) -> Result<(), ReplicaFault> {
        self.replica.bundle_kept(document, refused)
    }
}
