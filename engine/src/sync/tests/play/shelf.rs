//! A replica that only remembers what was asked of it.

use std::collections::{BTreeMap, VecDeque};

use casework_protocol::frame::{
    Answer, Cursor, DocumentHeads, ErrorCode, Logged, ProvedPurge, PushItem, Scope, Start,
};
use casework_protocol::ids::{DocumentId, ServerId, WorkspaceId};
use casework_protocol::keys::{SecretKey, Signer};
use casework_protocol::log::{ConsistencyProof, SignedHead, VerifiedHead};

use super::{Broken, Server, WORKSPACE};
use crate::sync::{Holdings, Parcel, Turn};

/// What a session asked of its replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    Pin(ServerId),
    Succeed(ServerId, u64),
    SawHead(u64),
    Items(Vec<u64>, Start),
    Bundle(DocumentId, Vec<u8>, u64),
    Complete(Start),
    CaughtUp(u64, Cursor),
    Evict(DocumentId),
    Answered(Vec<Answer>),
    Turn(Turn),
    Kept(DocumentId, Option<ErrorCode>),
}

/// A replica in memory.
pub(crate) struct Shelf {
    pub(crate) key: SecretKey,
    pub(crate) invite: Option<SecretKey>,
    pub(crate) pinned: Option<ServerId>,
    pub(crate) start: Start,
    pub(crate) head: Option<SignedHead>,
    pub(crate) outbox: BTreeMap<u64, PushItem>,
    pub(crate) calls: Vec<Call>,
    pub(crate) bad_bundles: usize,
    /// Documents of which the next items will show that something is missing.
    pub(crate) gaps: Vec<DocumentId>,
    pub(crate) founding: Vec<Parcel>,
    pub(crate) log: Vec<Logged>,
    pub(crate) proofs: BTreeMap<u64, ConsistencyProof>,
    pub(crate) purges: Vec<ProvedPurge>,
    pub(crate) compared: Vec<DocumentHeads>,
    pub(crate) lacking: Vec<Parcel>,
    pub(crate) bundles: VecDeque<(DocumentId, Vec<u8>)>,
    pub(crate) told: Vec<Vec<DocumentHeads>>,
    pub(crate) broken: bool,
}

impl Shelf {
    pub(crate) fn new() -> Self {
        Self {
            key: SecretKey::from_seed(&[4; 32]),
            invite: None,
            pinned: Some(Server::new().id()),
            start: Start::Nothing,
            head: None,
            outbox: BTreeMap::new(),
            calls: Vec::new(),
            bad_bundles: 0,
            gaps: Vec::new(),
            founding: Vec::new(),
            log: Vec::new(),
            proofs: BTreeMap::new(),
            purges: Vec::new(),
            compared: Vec::new(),
            lacking: Vec::new(),
            bundles: VecDeque::new(),
            told: Vec::new(),
            broken: false,
        }
    }

    /// One that caught up with this server at this size.
    pub(crate) fn at(server: &Server, size: u64) -> Self {
        let start = Start::At(Cursor {
            epoch: server.epoch,
            seq: size,
        });
        Self {
            start,
            head: Some(server.head_at(size)),
            ..Self::new()
        }
    }

    pub(crate) fn put(&mut self, row: u64, item: PushItem) {
        self.outbox.insert(row, item);
    }

    pub(crate) fn count(&self, is: impl Fn(&Call) -> bool) -> usize {
        self.calls.iter().filter(|call| is(call)).count()
    }

    /// The positions of everything that was taken.
    pub(crate) fn taken(&self) -> Vec<u64> {
        let items = self.calls.iter().filter_map(|call| match call {
            Call::Items(seqs, _) => Some(seqs.clone()),
            _ => None,
        });
        items.flatten().collect()
    }

    fn ok(&self) -> Result<(), Broken> {
        if self.broken { Err(Broken) } else { Ok(()) }
    }
}

impl Holdings for Shelf {
    type Fault = Broken;

    fn workspace(&self) -> WorkspaceId {
        WORKSPACE
    }
    fn signer(&self) -> &dyn Signer {
        &self.key
    }
    fn invite(&self) -> Option<&SecretKey> {
        self.invite.as_ref()
    }
    fn pinned(&self) -> Option<ServerId> {
        self.pinned
    }
    fn pin(&mut self, server: ServerId) -> Result<(), Broken> {
        self.calls.push(Call::Pin(server));
        Ok(())
    }
    fn succeed(&mut self, head: &VerifiedHead) -> Result<(), Broken> {
        self.calls
            .push(Call::Succeed(head.server(), head.head().size));
        self.head = Some(head.signed().clone());
        Ok(())
    }
    fn start(&self) -> Start {
        self.start
    }
    fn head(&self) -> Option<SignedHead> {
        self.head.clone()
    }
    fn scope(&self) -> Scope {
        Scope::All
    }
    fn saw_head(&mut self, head: &VerifiedHead) -> Result<(), Broken> {
        self.calls.push(Call::SawHead(head.head().size));
        self.head = Some(head.signed().clone());
        Ok(())
    }
    fn take_items(&mut self, items: Vec<Logged>, start: Start, _: u64) -> Result<(), Broken> {
        self.ok()?;
        let seqs = items.iter().map(Logged::seq).collect();
        self.calls.push(Call::Items(seqs, start));
        if self.gaps.is_empty() {
            self.start = start;
        }
        Ok(())
    }
    fn take_gaps(&mut self) -> Vec<DocumentId> {
        core::mem::take(&mut self.gaps)
    }
    fn take_bundle(
        &mut self,
        document: DocumentId,
        bytes: &[u8],
        head: &VerifiedHead,
    ) -> Result<Result<(), String>, Broken> {
        self.calls
            .push(Call::Bundle(document, bytes.to_vec(), head.head().size));
        if self.bad_bundles > 0 {
            self.bad_bundles -= 1;
            return Ok(Err("it does not hold".to_owned()));
        }
        Ok(Ok(()))
    }
    fn complete_document(&mut self, start: Start) -> Result<(), Broken> {
        self.calls.push(Call::Complete(start));
        self.start = start;
        Ok(())
    }
    fn caught_up(&mut self, head: VerifiedHead, cursor: Cursor) -> Result<(), Broken> {
        self.calls.push(Call::CaughtUp(head.head().size, cursor));
        self.head = Some(head.signed().clone());
        self.start = Start::At(cursor);
        Ok(())
    }
    fn evict(&mut self, document: DocumentId) -> Result<(), Broken> {
        self.calls.push(Call::Evict(document));
        Ok(())
    }
    fn outgoing(&mut self, in_flight: &[u64], budget: usize) -> Result<Vec<Parcel>, Broken> {
        self.ok()?;
        let mut parcels = Vec::new();
        let mut bytes = 0;
        for (row, item) in self
            .outbox
            .iter()
            .filter(|(row, _)| !in_flight.contains(row))
        {
            if bytes >= budget {
                break;
            }
            bytes += if let PushItem::Run(run) = item {
                run.changes_len()
            } else {
                100
            };
            parcels.push(Parcel {
                rows: vec![*row],
                item: item.clone(),
            });
        }
        Ok(parcels)
    }
    fn answered(&mut self, answers: Vec<(Parcel, Answer)>, _: u64) -> Result<(), Broken> {
        for (parcel, answer) in &answers {
            if matches!(answer, Answer::Placed(_) | Answer::Refused(..)) {
                self.outbox.retain(|row, _| !parcel.rows.contains(row));
            }
        }
        let answers = answers.into_iter().map(|(_, answer)| answer).collect();
        self.calls.push(Call::Answered(answers));
        Ok(())
    }
    fn turn(&mut self, turn: Turn) -> Result<(), Broken> {
        self.calls.push(Call::Turn(turn));
        if let Turn::Epoch { epoch, common } = turn {
            self.start = Start::At(Cursor { epoch, seq: common });
        }
        Ok(())
    }
    fn goes_on(&mut self, _size: u64) -> Result<(), Broken> {
        Ok(())
    }
    fn founding(&mut self) -> Result<Vec<Parcel>, Broken> {
        Ok(self.founding.clone())
    }
    fn kept_log(&self, from: u64, budget: usize) -> Result<Vec<Logged>, Broken> {
        // One item is taken to have a quarter of a megabyte here.
        let most = (budget / (256 * 1024)).max(1);
        Ok(self
            .log
            .iter()
            .filter(|item| item.seq() >= from)
            .take(most)
            .cloned()
            .collect())
    }
    fn kept_proof(&self, size: u64) -> Result<Option<ConsistencyProof>, Broken> {
        Ok(self.proofs.get(&size).cloned())
    }
    fn kept_purges(&self, items: &[Logged]) -> Result<Vec<ProvedPurge>, Broken> {
        let bare = items.iter().filter_map(|item| match item {
            Logged::Purged { document, .. } => Some(*document),
            _ => None,
        });
        let documents: std::collections::BTreeSet<DocumentId> = bare.collect();
        let known = |purge: &&ProvedPurge| {
            let of = purge.item.document();
            of.is_some_and(|of| documents.contains(&of))
        };
        Ok(self.purges.iter().filter(known).cloned().collect())
    }

    fn is_to_compare(&self) -> bool {
        false
    }
    fn heads(&self) -> Result<Vec<DocumentHeads>, Broken> {
        Ok(self.compared.clone())
    }
    fn lacking(&mut self, theirs: &[DocumentHeads]) -> Result<Vec<Parcel>, Broken> {
        self.told.push(theirs.to_vec());
        Ok(std::mem::take(&mut self.lacking))
    }
    fn bundle_to_keep(&mut self) -> Result<Option<(DocumentId, Vec<u8>)>, Broken> {
        Ok(self.bundles.pop_front())
    }
    fn bundle_kept(
        &mut self,
        document: DocumentId,
        refused: Option<ErrorCode>,
    ) -> Result<(), Broken> {
        self.calls.push(Call::Kept(document, refused));
        Ok(())
    }
}
