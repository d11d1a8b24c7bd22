//! A relay to play with: devices by number, pens that write real changes, clients that drive
//! sessions.

use std::sync::Arc;

use casework_protocol::access::document_id;
use casework_protocol::access::draft::AccessDraft;
use casework_protocol::access::entry::{AccessBody, DocumentKind, Principal};
use casework_protocol::citation::Citation;
use casework_protocol::frame::{Answer, Logged, PushItem, Scope, ServerFrame, Start};
use casework_protocol::ids::{ChangeHash, DeviceId, DocumentId, MemberId, WorkspaceId};
use casework_protocol::keys::{SecretKey, Signer as _};
use casework_protocol::log::VerifiedHead;
use casework_protocol::rights::{Grant, Scope as Where, Verb};
use casework_protocol::roster::Roster;
use casework_protocol::roster::draft::{RosterDraft, redeem_proof};
use casework_protocol::roster::entry::{InviteFor, RosterBody};
use casework_protocol::seal::SignedRun;

use crate::log::memory::MemoryLog;
use crate::relay::{Ask, Relay, RelayConfig, Reply, Request, reading};

mod answers;
mod bodies;
mod client;
mod pen;

pub(crate) use answers::{because, is_held, is_placed, items, place, seqs};
pub(crate) use bodies::{change_roles, genesis, restrict, viewers};
pub(crate) use client::Client;
pub(crate) use pen::Pen;

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
        Pen::fresh(self.workspace, by, document, cites, self.nonces)
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

/// The hashes of a run's changes.
pub(crate) fn hashes(run: &SignedRun, workspace: WorkspaceId) -> Vec<ChangeHash> {
    let run = run.clone().check(workspace).unwrap().verify().unwrap();
    run.changes()
        .iter()
        .map(|change| change.header().hash)
        .collect()
}
