//! The two sides of a played session: a server with a real log tree and key, and a replica that
//! only remembers what was asked of it.

use std::collections::{BTreeMap, VecDeque};

use casework_protocol::digest::{Tag, sha256};
use casework_protocol::entry::{EntryHead, SignedEntry};
use casework_protocol::frame::handshake::{check_prove, welcome};
use casework_protocol::frame::{
    Answer, Channel, ClientFrame, Continuity, Cursor, DocumentHeads, ErrorCode, Hello, Logged,
    LoggedRun, Placed, ProvedPurge, PushItem, Scope, ServerFrame, Standing, Start, Welcome,
};
use casework_protocol::ids::{
    ChangeHash, DeviceId, DocumentId, EntryHash, EpochId, MemberId, ServerId, WorkspaceId,
};
use casework_protocol::keys::{SecretKey, Signature, Signer};
use casework_protocol::log::{
    ConsistencyProof, LogHead, NodeHash, Nodes, SignedHead, VerifiedHead, prove_consistency,
    root_at, sign_head,
};
use casework_protocol::roster::entry::{MemberKind, RosterBody};
use casework_protocol::seal::SignedRun;

use crate::sync::{Holdings, Parcel, Session, SyncFault, Turn};

pub(super) const WORKSPACE: WorkspaceId = WorkspaceId::new([9; 32]);
pub(super) const EPOCH: EpochId = EpochId::new([1; 16]);
pub(super) const NOW: u64 = 1_700_000_000_000;

pub(super) type Fault = SyncFault<Broken>;

/// A replica that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the replica failed")]
pub(super) struct Broken;

pub(super) fn document(n: u8) -> DocumentId {
    DocumentId::new([n; 16])
}

/// A run of changes that nobody looks into here.
pub(super) fn signed_run(n: u8, changes: usize, bytes: usize) -> SignedRun {
    let changes = (0..changes).map(|_| vec![n; bytes]).collect();
    let device = DeviceId::new([3; 32]);
    SignedRun::from_parts(document(n), device, changes, Signature::new([0; 64]))
}

pub(super) fn run(n: u8, seq: u64, changes: usize) -> Logged {
    run_of(n, seq, changes, Standing::Admitted)
}

pub(super) fn run_of(n: u8, seq: u64, changes: usize, standing: Standing) -> Logged {
    let run = signed_run(n, changes, 10);
    Logged::Run(LoggedRun {
        seq,
        document_seq: 1,
        received_ms: NOW,
        standing,
        run,
    })
}

pub(super) fn entry() -> SignedEntry {
    let key = SecretKey::from_seed(&[2; 32]);
    let head = EntryHead {
        workspace: WORKSPACE,
        document: document(0),
        version: 2,
        previous: EntryHash::new([0; 32]),
        author: key.device(),
        claimed_ms: NOW,
    };
    let body = RosterBody::AddMember {
        member: MemberId::new([7; 16]),
        name: "Rui".to_owned(),
        kind: MemberKind::Person,
        roles: Vec::new(),
    };
    SignedEntry::sign(head, body, &key)
}

pub(super) fn roster(seq: u64) -> Logged {
    Logged::Roster {
        seq,
        received_ms: NOW,
        entry: entry(),
    }
}

pub(super) fn access(n: u8, seq: u64, document_seq: u64) -> Logged {
    let document = document(n);
    Logged::Access {
        seq,
        document_seq,
        received_ms: NOW,
        document,
        entry: entry(),
    }
}

pub(super) fn placed(seq: u64) -> Placed {
    Placed {
        seq,
        received_ms: NOW,
        held: false,
        document_seq: 0,
    }
}

/// A server: a key and a log tree whose leaves are numbers.
pub(super) struct Server {
    pub(super) key: SecretKey,
    pub(super) epoch: EpochId,
    pub(super) leaves: Vec<NodeHash>,
}

impl Server {
    pub(super) fn new() -> Self {
        Self {
            key: SecretKey::from_seed(&[1; 32]),
            epoch: EPOCH,
            leaves: Vec::new(),
        }
    }

    /// With a log of this many entries.
    pub(super) fn of_size(size: u64) -> Self {
        let mut server = Self::new();
        server.grow(size);
        server
    }

    /// Another history of the same length under the same key.
    pub(super) fn forked(size: u64) -> Self {
        let leaves = (0..size).map(|n| leaf(n + 1_000_000)).collect();
        Self {
            leaves,
            ..Self::new()
        }
    }

    pub(super) fn grow(&mut self, entries: u64) {
        let size = self.size();
        self.leaves.extend((size..size + entries).map(leaf));
    }

    pub(super) fn shrink(&mut self, size: u64) {
        self.leaves.truncate(size as usize);
    }

    pub(super) fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    pub(super) fn id(&self) -> ServerId {
        self.key.server()
    }

    pub(super) fn head_at(&self, size: u64) -> SignedHead {
        let root = root_at(self, size).unwrap();
        let (workspace, epoch) = (WORKSPACE, self.epoch);
        sign_head(
            &self.key,
            LogHead {
                workspace,
                epoch,
                size,
                root,
                time_ms: NOW,
            },
        )
    }

    pub(super) fn head(&self) -> SignedHead {
        self.head_at(self.size())
    }

    pub(super) fn proof(&self, from: u64) -> ConsistencyProof {
        prove_consistency(self, from, self.size()).unwrap()
    }

    pub(super) fn welcome(&self, hello: &ClientFrame) -> ServerFrame {
        let ClientFrame::Hello(hello) = hello else {
            panic!("no hello: {hello:?}")
        };
        ServerFrame::Welcome(welcome(
            hello,
            Channel::Plain,
            &self.key,
            [5; 16],
            NOW + 250,
        ))
    }

    /// As a program answers that knows no newer version than this.
    pub(super) fn welcome_speaking(&self, hello: &Hello, version: u16) -> ServerFrame {
        let (server, nonce) = (self.id(), [5; 16]);
        let said: [&[u8]; 6] = [
            &hello.version.to_be_bytes(),
            &version.to_be_bytes(),
            hello.workspace.as_bytes(),
            &hello.nonce,
            &nonce,
            server.as_bytes(),
        ];
        ServerFrame::Welcome(Welcome {
            version,
            server,
            nonce,
            signature: self.key.sign(Tag::HelloServer, &said),
            time_ms: NOW + 250,
            line: None,
        })
    }

    /// The honest answer to a resume that showed a head of this size.
    pub(super) fn resumed(&self, shown: Option<u64>) -> ServerFrame {
        let continuity = match shown {
            None => Continuity::First,
            Some(size) => Continuity::Extends(self.proof(size)),
        };
        self.resumed_with(continuity)
    }

    pub(super) fn resumed_with(&self, continuity: Continuity) -> ServerFrame {
        ServerFrame::Resumed {
            head: self.head(),
            continuity,
            entries: 7,
            bundles: 2,
        }
    }

    pub(super) fn caught_up(&self, from: u64) -> ServerFrame {
        let proof = (from < self.size()).then(|| self.proof(from));
        ServerFrame::CaughtUp {
            head: self.head(),
            proof,
        }
    }
}

fn leaf(n: u64) -> NodeHash {
    NodeHash::new(sha256(&[&n.to_be_bytes()]))
}

impl Nodes for Server {
    type Error = core::convert::Infallible;

    fn node(&self, level: u8, index: u64) -> Result<NodeHash, Self::Error> {
        if level == 0 {
            return Ok(self.leaves[index as usize]);
        }
        let left = self.node(level - 1, index * 2)?;
        let right = self.node(level - 1, index * 2 + 1)?;
        Ok(NodeHash::above(&left, &right))
    }
}

pub(super) fn error(code: ErrorCode) -> ServerFrame {
    ServerFrame::Error {
        code,
        detail: "so it is".to_owned(),
        retry_after_ms: Some(2_000),
    }
}

pub(super) fn entries(items: Vec<Logged>, upto: u64) -> ServerFrame {
    ServerFrame::Entries { items, upto }
}

pub(super) fn piece(n: u8, index: u32, last: bool, bytes: &[u8]) -> ServerFrame {
    ServerFrame::Piece {
        document: document(n),
        index,
        last,
        bytes: bytes.to_vec(),
    }
}

/// What a session asked of its replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Call {
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
pub(super) struct Shelf {
    pub(super) key: SecretKey,
    pub(super) invite: Option<SecretKey>,
    pub(super) pinned: Option<ServerId>,
    pub(super) start: Start,
    pub(super) head: Option<SignedHead>,
    pub(super) outbox: BTreeMap<u64, PushItem>,
    pub(super) calls: Vec<Call>,
    pub(super) bad_bundles: usize,
    /// Documents of which the next items will show that something is missing.
    pub(super) gaps: Vec<DocumentId>,
    pub(super) founding: Vec<Parcel>,
    pub(super) log: Vec<Logged>,
    pub(super) proofs: BTreeMap<u64, ConsistencyProof>,
    pub(super) purges: Vec<ProvedPurge>,
    pub(super) compared: Vec<DocumentHeads>,
    pub(super) lacking: Vec<Parcel>,
    pub(super) bundles: VecDeque<(DocumentId, Vec<u8>)>,
    pub(super) told: Vec<Vec<DocumentHeads>>,
    pub(super) broken: bool,
}

impl Shelf {
    pub(super) fn new() -> Self {
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
    pub(super) fn at(server: &Server, size: u64) -> Self {
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

    pub(super) fn put(&mut self, row: u64, item: PushItem) {
        self.outbox.insert(row, item);
    }

    pub(super) fn count(&self, is: impl Fn(&Call) -> bool) -> usize {
        self.calls.iter().filter(|call| is(call)).count()
    }

    /// The positions of everything that was taken.
    pub(super) fn taken(&self) -> Vec<u64> {
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

/// A session with its replica, fed by hand.
pub(super) struct Device {
    pub(super) session: Session,
    pub(super) shelf: Shelf,
    pub(super) hello: ClientFrame,
    pub(super) now: u64,
}

impl Device {
    pub(super) fn new(shelf: Shelf) -> Self {
        let (session, hello) = Session::open(&shelf, [6; 16]);
        Self {
            session,
            shelf,
            hello,
            now: NOW,
        }
    }

    /// Greeted and told how the log relates to its head.
    pub(super) fn following(server: &Server, shelf: Shelf) -> Self {
        let shown = shelf
            .head
            .clone()
            .map(|head| head.verify(server.id(), WORKSPACE).unwrap().head().size);
        let mut device = Self::new(shelf);
        device.greet(server);
        device.give(server.resumed(shown));
        device
    }

    /// Following, and caught up with everything.
    pub(super) fn live(server: &Server, shelf: Shelf) -> Self {
        let mut device = Self::following(server, shelf);
        device.give(server.caught_up(server.size()));
        device
    }

    pub(super) fn greet(&mut self, server: &Server) -> Vec<ClientFrame> {
        let frames = self.give(server.welcome(&self.hello.clone()));
        let ClientFrame::Hello(hello) = &self.hello else {
            panic!("no hello")
        };
        let Some(ClientFrame::Prove(prove)) = frames.first() else {
            panic!("{frames:?}")
        };
        check_prove(hello, Channel::Plain, &[5; 16], server.id(), prove).unwrap();
        frames
    }

    #[track_caller]
    pub(super) fn give(&mut self, frame: ServerFrame) -> Vec<ClientFrame> {
        match self.try_give(frame) {
            Ok(frames) => frames,
            Err(fault) => panic!("{fault:?}"),
        }
    }

    pub(super) fn try_give(&mut self, frame: ServerFrame) -> Result<Vec<ClientFrame>, Fault> {
        self.session.handle(&mut self.shelf, frame, self.now)
    }

    #[track_caller]
    pub(super) fn fault(&mut self, frame: ServerFrame) -> Fault {
        match self.try_give(frame) {
            Ok(frames) => panic!("it was taken, with {frames:?}"),
            Err(fault) => {
                assert_eq!(
                    self.session.pump(&mut self.shelf, NOW),
                    Err(SyncFault::Ended)
                );
                fault
            }
        }
    }

    #[track_caller]
    pub(super) fn pump(&mut self) -> Vec<ClientFrame> {
        self.session.pump(&mut self.shelf, self.now).unwrap()
    }

    pub(super) fn wait(&mut self, ms: u64) -> Result<Vec<ClientFrame>, Fault> {
        self.now += ms;
        self.session.tick(&mut self.shelf, self.now)
    }
}

/// The pushes among frames: number and items.
pub(super) fn pushes(frames: &[ClientFrame]) -> Vec<(u64, Vec<PushItem>)> {
    let push = |frame: &ClientFrame| match frame {
        ClientFrame::Push { number, items } => Some((*number, items.clone())),
        _ => None,
    };
    frames.iter().filter_map(push).collect()
}

/// The resume among frames.
#[track_caller]
pub(super) fn resume(frames: &[ClientFrame]) -> (Start, Option<SignedHead>) {
    let resume = frames.iter().find_map(|frame| match frame {
        ClientFrame::Resume { start, head, .. } => Some((*start, head.clone())),
        _ => None,
    });
    resume.unwrap_or_else(|| panic!("no resume among {frames:?}"))
}

pub(super) fn answers(number: u64, answers: Vec<Answer>) -> ServerFrame {
    ServerFrame::Answers { number, answers }
}

pub(super) fn heads_of(n: u8, access: u64, heads: &[u8]) -> DocumentHeads {
    let heads = heads.iter().map(|n| ChangeHash::new([*n; 32])).collect();
    DocumentHeads {
        document: document(n),
        access,
        heads,
    }
}

pub(super) fn parcel(item: PushItem) -> Parcel {
    Parcel {
        rows: Vec::new(),
        item,
    }
}

/// A hello as somebody else said it.
pub(super) fn other_hello() -> ClientFrame {
    ClientFrame::Hello(Hello {
        version: 1,
        workspace: WORKSPACE,
        nonce: [77; 16],
    })
}
