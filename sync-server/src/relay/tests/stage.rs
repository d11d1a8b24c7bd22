//! A relay to play with: devices by number, pens that write real changes, clients that drive
//! sessions.

use std::sync::Arc;

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{Author, Automerge, ROOT};
use casework_protocol::access::document_id;
use casework_protocol::access::draft::AccessDraft;
use casework_protocol::access::entry::{AccessBody, DocumentKind, Principal};
use casework_protocol::actor::actor_id;
use casework_protocol::citation::Citation;
use casework_protocol::entry::SignedEntry;
use casework_protocol::frame::handshake::{check_welcome, prove};
use casework_protocol::frame::{
    Answer, Channel, ClientFrame, Cursor, Hello, Logged, Placed, PushItem, RefusedBecause, Scope,
    ServerFrame, Start, VERSION, decode,
};
use casework_protocol::ids::{ChangeHash, DeviceId, DocumentId, MemberId, WorkspaceId};
use casework_protocol::keys::{SecretKey, Signer as _};
use casework_protocol::log::{SignedHead, VerifiedHead};
use casework_protocol::rights::{Grant, Scope as Where, Verb};
use casework_protocol::roster::Roster;
use casework_protocol::roster::draft::{RosterDraft, redeem_proof};
use casework_protocol::roster::entry::{InviteFor, RosterBody};
use casework_protocol::seal::{SignedRun, sign_change};

use crate::log::memory::MemoryLog;
use crate::relay::{Ask, Output, Relay, RelayConfig, Reply, Request, Session, reading};

/// The owner's number.
pub(crate) const ANA: u8 = 1;

pub(crate) fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

pub(crate) fn device(n: u8) -> DeviceId {
    key(n).device()
}

pub(crate) fn member(n: u8) -> MemberId {
    MemberId::new([n; 16])
}

pub(crate) fn server_key() -> SecretKey {
    SecretKey::from_seed(&[250; 32])
}

fn invite_key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n.wrapping_add(128); 32])
}

pub(crate) struct Stage {
    pub(crate) relay: Relay,
    pub(crate) log: Arc<MemoryLog>,
    pub(crate) now: u64,
    pub(crate) workspace: WorkspaceId,
    nonces: u8,
}

impl Stage {
    /// Ana founds a workspace and pushes it.
    pub(crate) fn found() -> Self {
        Self::found_with(RelayConfig::default())
    }

    /// The same on a server that behaves so.
    pub(crate) fn found_with(config: RelayConfig) -> Self {
        let mut this = Self::empty(config);
        let genesis = genesis();
        this.workspace = WorkspaceId::new(*genesis.hash::<RosterBody>().as_bytes());
        assert_eq!(
            this.push(ANA, vec![PushItem::Roster(genesis)]),
            [place(0, 0, 0)]
        );
        this
    }

    /// A server without the workspace that [`Stage::found`] has.
    pub(crate) fn empty(config: RelayConfig) -> Self {
        let log = Arc::new(MemoryLog::new());
        let relay = Relay::open(Arc::clone(&log) as _, server_key(), config).unwrap();
        let workspace = WorkspaceId::new(*genesis().hash::<RosterBody>().as_bytes());
        Self {
            relay,
            log,
            now: 1_000,
            workspace,
            nonces: 0,
        }
    }

    /// The same server after it was started again, on this log.
    pub(crate) fn restart_on(&mut self, log: MemoryLog) {
        self.restart_with(log, RelayConfig::default());
    }

    pub(crate) fn restart_with(&mut self, log: MemoryLog, config: RelayConfig) {
        self.log = Arc::new(log);
        self.relay = Relay::open(Arc::clone(&self.log) as _, server_key(), config).unwrap();
    }

    /// Opens this server anew on the log of another one.
    pub(crate) fn share_log(&mut self, other: &Self) {
        self.log = Arc::clone(&other.log);
        let log = Arc::clone(&self.log) as _;
        self.relay = Relay::open(log, server_key(), RelayConfig::default()).unwrap();
    }

    pub(crate) fn request(&self, by: u8, ask: Ask) -> Reply {
        let (workspace, device) = (self.workspace, device(by));
        self.relay
            .serve(
                self.now,
                Request {
                    workspace,
                    device,
                    ask,
                },
            )
            .unwrap()
    }

    pub(crate) fn push(&self, by: u8, items: Vec<PushItem>) -> Vec<Answer> {
        self.push_as(by, false, items)
    }

    pub(crate) fn push_as(&self, by: u8, healing: bool, items: Vec<PushItem>) -> Vec<Answer> {
        match self.request(
            by,
            Ask::Push {
                number: 7,
                healing,
                items,
            },
        ) {
            Reply::Answers { number: 7, answers } => answers,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn roster(&self) -> Roster {
        reading(&self.shared()).roster().clone()
    }

    pub(crate) fn shared(&self) -> crate::relay::Shared {
        self.relay.workspace(self.workspace).unwrap()
    }

    pub(crate) fn size(&self) -> u64 {
        reading(&self.shared()).size()
    }

    pub(crate) fn head(&self) -> VerifiedHead {
        let head = reading(&self.shared()).head().clone();
        head.verify(server_key().server(), self.workspace).unwrap()
    }

    pub(crate) fn cite(&self, document: DocumentId) -> Citation {
        let shared = self.shared();
        let workspace = reading(&shared);
        let access = workspace.access(document).unwrap().cite();
        Citation {
            roster: workspace.roster().cite(),
            access,
        }
    }

    pub(crate) fn entry(&self, by: u8, body: RosterBody) -> PushItem {
        let draft = RosterDraft {
            body,
            claimed_ms: self.now,
        };
        PushItem::Roster(draft.sign(self.roster().head(), &key(by)))
    }

    /// Device `by` says something to the roster.
    pub(crate) fn say(&self, by: u8, body: RosterBody) -> Answer {
        self.push(by, vec![self.entry(by, body)]).remove(0)
    }

    pub(crate) fn invite(&self, n: u8, roles: &[&str]) -> PushItem {
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        self.entry(
            ANA,
            RosterBody::OpenInvite {
                invite: invite_key(n).invite(),
                gives: InviteFor::Member { roles },
                expires_ms: 10_000_000,
                uses: 1,
            },
        )
    }

    pub(crate) fn redeem(&self, n: u8) -> PushItem {
        let proof = redeem_proof(&invite_key(n), self.workspace, device(n), member(n));
        self.entry(
            n,
            RosterBody::Redeem {
                invite: invite_key(n).invite(),
                member: member(n),
                member_name: format!("Member {n}"),
                device_name: format!("Device {n}"),
                proof,
            },
        )
    }

    /// Ana invites member `n`, whose device has the same number.
    pub(crate) fn join(&self, n: u8, roles: &[&str]) {
        assert!(is_placed(&self.push(ANA, vec![self.invite(n, roles)])[0]));
        assert!(is_placed(&self.push(n, vec![self.redeem(n)])[0]));
    }

    pub(crate) fn revoke(&self, n: u8) {
        let body = RosterBody::RevokeDevice {
            device: device(n),
            reason: "lost".into(),
        };
        assert!(is_placed(&self.say(ANA, body)));
    }

    pub(crate) fn take_role(&self, n: u8, role: &str) {
        assert!(is_placed(&self.say(ANA, change_roles(n, &[], &[role]))));
    }

    pub(crate) fn give_role(&self, n: u8, role: &str) {
        assert!(is_placed(&self.say(ANA, change_roles(n, &[role], &[]))));
    }

    pub(crate) fn define_role(&self, role: &str, grants: &[(Verb, Where)]) {
        let grants = grants.iter().map(|(verb, scope)| Grant {
            verb: *verb,
            scope: scope.clone(),
        });
        let body = RosterBody::DefineRole {
            role: role.into(),
            name: role.into(),
            grants: grants.collect(),
        };
        assert!(is_placed(&self.say(ANA, body)));
    }

    pub(crate) fn adopt(&self, by: u8, document: DocumentId, changes: &[ChangeHash]) -> Answer {
        let changes = changes.to_vec();
        self.say(
            by,
            RosterBody::Adopt {
                document,
                changes,
                reason: "known".into(),
            },
        )
    }

    /// The genesis of a case, not pushed yet, and a pen for it.
    pub(crate) fn case(&mut self, by: u8, principals: &[u8], restricted: bool) -> (PushItem, Pen) {
        let kind = (DocumentKind::Case, Some(DocumentId::new([200; 16])));
        self.document(by, kind, principals, restricted)
    }

    fn document(
        &mut self,
        by: u8,
        (kind, template): (DocumentKind, Option<DocumentId>),
        principals: &[u8],
        restricted: bool,
    ) -> (PushItem, Pen) {
        self.nonces += 1;
        let body = AccessBody::Genesis {
            kind,
            template,
            principals: principals
                .iter()
                .map(|n| Principal::Member(member(*n)))
                .collect(),
            restricted,
            nonce: vec![self.nonces; 16],
        };
        let draft = AccessDraft {
            body,
            claimed_ms: self.now,
        };
        let entry = draft.found(self.workspace, &key(by));
        let hash = entry.hash::<AccessBody>();
        let document = document_id(&hash);
        let access = casework_protocol::citation::CitedVersion::of(1, &hash);
        let cites = Citation {
            roster: self.roster().cite(),
            access,
        };
        let item = PushItem::Access { document, entry };
        (item, self.fresh_pen(by, document, cites))
    }

    /// A template with one change, pushed.
    pub(crate) fn open_template(&mut self, by: u8) -> Pen {
        let (access, mut pen) = self.document(by, (DocumentKind::Template, None), &[], false);
        let answers = self.push(by, vec![access, PushItem::Run(pen.write(1))]);
        assert!(answers.iter().all(is_placed), "{answers:?}");
        pen
    }

    /// A case with one change, pushed.
    pub(crate) fn open(&mut self, by: u8, principals: &[u8], restricted: bool) -> Pen {
        let (access, mut pen) = self.case(by, principals, restricted);
        let answers = self.push(by, vec![access, PushItem::Run(pen.write(1))]);
        assert!(answers.iter().all(is_placed), "{answers:?}");
        pen
    }

    /// A pen of device `by` for a document that is in the log, with everything in it.
    pub(crate) fn pen(&mut self, by: u8, document: DocumentId) -> Pen {
        let mut pen = self.fresh_pen(by, document, self.cite(document));
        pen.read(self);
        pen
    }

    fn fresh_pen(&mut self, by: u8, document: DocumentId, cites: Citation) -> Pen {
        self.nonces += 1;
        let actor = actor_id(self.workspace, document, device(by), [self.nonces; 8]);
        let author = Author::from(device(by).as_bytes().to_vec());
        let text = Automerge::new()
            .with_author(Some(author))
            .with_actor(automerge::ActorId::from(actor.as_bytes().as_slice()));
        Pen {
            by,
            workspace: self.workspace,
            document,
            cites,
            text,
            written: 0,
        }
    }

    pub(crate) fn access(&self, by: u8, document: DocumentId, body: AccessBody) -> PushItem {
        let shared = self.shared();
        let workspace = reading(&shared);
        let head = workspace.access(document).unwrap().head();
        let entry = AccessDraft {
            body,
            claimed_ms: self.now,
        }
        .sign(head, &key(by));
        PushItem::Access { document, entry }
    }

    /// Everything in the log, as stored.
    pub(crate) fn logged(&self) -> Vec<Logged> {
        let records = crate::log::Log::read(self.log.as_ref(), self.workspace, 0, usize::MAX);
        records
            .unwrap()
            .iter()
            .map(|r| minicbor::decode(&r.item).unwrap())
            .collect()
    }

    /// Connects a device and completes its handshake.
    pub(crate) fn connect(&self, n: u8) -> Client {
        Client::connect(self, n, None)
    }

    /// Connects a device whose program speaks this version at most.
    pub(crate) fn connect_speaking(&self, n: u8, version: u16) -> Client {
        Client::connect_speaking(self, n, None, version)
    }

    pub(crate) fn connect_with_invite(&self, n: u8) -> Client {
        Client::connect(self, n, Some(&invite_key(n)))
    }

    /// Connects and follows everything from the beginning.
    pub(crate) fn first_sync(&self, n: u8) -> (Client, Vec<ServerFrame>) {
        let mut client = self.connect(n);
        client.resume(self, Start::Nothing, None, Scope::All);
        let frames = client.drain(self);
        (client, frames)
    }
}

/// One device at one document.
pub(crate) struct Pen {
    by: u8,
    workspace: WorkspaceId,
    pub(crate) document: DocumentId,
    /// What the next changes cite.
    pub(crate) cites: Citation,
    text: Automerge,
    written: i64,
}

impl Pen {
    /// Writes so many changes and signs them as one run.
    pub(crate) fn write(&mut self, changes: usize) -> SignedRun {
        let before = self.text.get_heads();
        for _ in 0..changes {
            let message = format!("{}\"v\":1,\"do\":\"test\"}}", self.cites.to_prefix());
            self.written += 1;
            let count = self.written;
            let value = format!("{count} by {}", self.text.get_actor());
            self.text
                .transact_with::<_, _, automerge::AutomergeError, _>(
                    |()| {
                        CommitOptions::default()
                            .with_message(message.clone())
                            .with_time(count)
                    },
                    |tx| tx.put(ROOT, format!("field {}", count % 5), value),
                )
                .unwrap();
        }
        self.seal(&before)
    }

    /// The changes after these heads as a signed run.
    fn seal(&self, before: &[automerge::ChangeHash]) -> SignedRun {
        let changes = self.text.get_changes(before);
        let tip = ChangeHash::new(changes.last().unwrap().hash().0);
        let bytes = changes
            .iter()
            .map(|change| change.raw_bytes().to_vec())
            .collect();
        let signature = sign_change(&key(self.by), self.workspace, self.document, tip);
        SignedRun::from_parts(self.document, device(self.by), bytes, signature)
    }

    /// Takes what another run brought.
    pub(crate) fn take(&mut self, run: &SignedRun) {
        let run = run.clone().check(self.workspace).unwrap().verify().unwrap();
        let changes: Vec<automerge::Change> = run
            .changes()
            .iter()
            .map(|change| automerge::Change::from_bytes(change.bytes().to_vec()).unwrap())
            .collect();
        self.text.apply_changes(changes).unwrap();
    }

    /// Takes everything in the log and cites the newest versions.
    pub(crate) fn read(&mut self, stage: &Stage) {
        for logged in stage.logged() {
            if let Logged::Run(logged) = logged
                && logged.run.document() == self.document
            {
                self.take(&logged.run);
            }
        }
        self.cites = stage.cite(self.document);
    }

    /// The same pen once more: a restored backup that goes on under the old actor.
    pub(crate) fn clone_of_backup(&self) -> Self {
        let author = Author::from(device(self.by).as_bytes().to_vec());
        let actor = self.text.get_actor().clone();
        let text = self.text.fork().with_author(Some(author)).with_actor(actor);
        Self { text, ..*self }
    }
}

/// The hashes of a run's changes.
pub(crate) fn hashes(run: &SignedRun, workspace: WorkspaceId) -> Vec<ChangeHash> {
    let run = run.clone().check(workspace).unwrap().verify().unwrap();
    run.changes()
        .iter()
        .map(|change| change.header().hash)
        .collect()
}

/// One connection of a device.
pub(crate) struct Client {
    pub(crate) session: Session,
    stage_workspace: WorkspaceId,
    /// Frames that were answered at once.
    sent: Vec<ServerFrame>,
    pub(crate) closed: bool,
}

impl Client {
    fn connect(stage: &Stage, n: u8, invite: Option<&SecretKey>) -> Self {
        Self::connect_speaking(stage, n, invite, VERSION)
    }

    /// A program of that time.
    fn connect_speaking(stage: &Stage, n: u8, invite: Option<&SecretKey>, version: u16) -> Self {
        let mut this = Self {
            session: Session::new([9; 16]),
            stage_workspace: stage.workspace,
            sent: Vec::new(),
            closed: false,
        };
        let hello = Hello {
            version,
            workspace: stage.workspace,
            nonce: [n; 16],
        };
        this.say(stage, ClientFrame::Hello(hello.clone()));
        let Some(ServerFrame::Welcome(welcome)) = this.sent.pop() else {
            panic!("no welcome")
        };
        assert_eq!(
            check_welcome(&hello, Channel::Plain, &welcome),
            Ok(server_key().server())
        );
        let proof = prove(&hello, Channel::Plain, &welcome, &key(n), invite);
        this.say(stage, ClientFrame::Prove(proof));
        this
    }

    /// Says a frame; requests are served at once.
    pub(crate) fn say(&mut self, stage: &Stage, frame: ClientFrame) {
        let outputs = self.session.handle(&stage.relay, stage.now, frame);
        self.act(stage, outputs);
    }

    fn act(&mut self, stage: &Stage, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Send(bytes) => self.sent.push(decode(&bytes).unwrap()),
                Output::Submit(request) => {
                    assert_eq!(request.workspace, self.stage_workspace);
                    let reply = stage.relay.serve(stage.now, *request).unwrap();
                    let outputs = self.session.replied(&stage.relay, reply);
                    self.act(stage, outputs);
                }
                Output::Close(_) => self.closed = true,
            }
        }
    }

    pub(crate) fn resume(
        &mut self,
        stage: &Stage,
        start: Start,
        head: Option<&SignedHead>,
        scope: Scope,
    ) {
        let (head, credit) = (head.cloned(), u64::MAX);
        self.say(
            stage,
            ClientFrame::Resume {
                start,
                head,
                scope,
                credit,
            },
        );
    }

    pub(crate) fn resume_at(&mut self, stage: &Stage, seq: u64) {
        let epoch = reading(&stage.shared()).epoch();
        self.resume(stage, Start::At(Cursor { epoch, seq }), None, Scope::All);
    }

    /// At most so many frames of what the session has to say.
    pub(crate) fn next(&mut self, stage: &Stage, most: usize) -> Vec<ServerFrame> {
        let mut frames = std::mem::take(&mut self.sent);
        while frames.len() < most {
            match self.session.poll(&stage.relay).unwrap() {
                Some(Output::Send(bytes)) => frames.push(decode(&bytes).unwrap()),
                Some(Output::Close(_)) => {
                    self.closed = true;
                    break;
                }
                Some(Output::Submit(_)) | None => break,
            }
        }
        frames
    }

    /// The next thing that it is told of who is present.
    pub(crate) fn told(&mut self, stage: &Stage) -> Option<ServerFrame> {
        match self.session.tell(&stage.relay) {
            Some(Output::Send(bytes)) => Some(decode(&bytes).unwrap()),
            Some(Output::Submit(_) | Output::Close(_)) | None => None,
        }
    }

    pub(crate) fn drain(&mut self, stage: &Stage) -> Vec<ServerFrame> {
        self.next(stage, usize::MAX)
    }
}

/// The items in these frames, in order.
pub(crate) fn items(frames: &[ServerFrame]) -> Vec<Logged> {
    frames
        .iter()
        .filter_map(|frame| match frame {
            ServerFrame::Entries { items, .. } => Some(items.clone()),
            _ => None,
        })
        .flatten()
        .collect()
}

/// The positions of the items in these frames.
pub(crate) fn seqs(frames: &[ServerFrame]) -> Vec<u64> {
    items(frames).iter().map(Logged::seq).collect()
}

pub(crate) fn place(seq: u64, document_seq: u64, after_ms: u64) -> Answer {
    let received_ms = 1_000 + after_ms;
    Answer::Placed(vec![Placed {
        seq,
        received_ms,
        held: false,
        document_seq,
    }])
}

pub(crate) fn is_placed(answer: &Answer) -> bool {
    matches!(answer, Answer::Placed(places) if places.iter().all(|place| !place.held))
}

pub(crate) fn is_held(answer: &Answer) -> bool {
    matches!(answer, Answer::Placed(places) if places.iter().all(|place| place.held))
}

pub(crate) fn because(answer: &Answer) -> RefusedBecause {
    match answer {
        Answer::Refused(because, _) => *because,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn genesis() -> SignedEntry {
    let body = RosterBody::Genesis {
        name: "Harbour office".into(),
        member: member(ANA),
        member_name: "Ana".into(),
        device_name: "Ana's phone".into(),
        nonce: vec![7; 16],
    };
    RosterDraft {
        body,
        claimed_ms: 1,
    }
    .found(&key(ANA))
}

pub(crate) fn change_roles(n: u8, add: &[&str], remove: &[&str]) -> RosterBody {
    let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
    RosterBody::ChangeMember {
        member: member(n),
        name: None,
        add_roles: keys(add),
        remove_roles: keys(remove),
        active: None,
    }
}

pub(crate) fn viewers(add: &[u8], remove: &[u8]) -> AccessBody {
    let members = |list: &[u8]| list.iter().map(|n| Principal::Member(member(*n))).collect();
    AccessBody::Change {
        add: members(add),
        remove: members(remove),
        restricted: None,
        legal_hold: None,
    }
}

pub(crate) fn restrict(restricted: bool) -> AccessBody {
    AccessBody::Change {
        add: Vec::new(),
        remove: Vec::new(),
        restricted: Some(restricted),
        legal_hold: None,
    }
}
