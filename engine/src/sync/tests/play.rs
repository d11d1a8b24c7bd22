//! The two sides of a played session: a server with a real log tree and key, and a replica that
//! only remembers what was asked of it.

use casework_protocol::entry::{EntryHead, SignedEntry};
use casework_protocol::frame::handshake::check_prove;
use casework_protocol::frame::{
    Answer, Channel, ClientFrame, DocumentHeads, ErrorCode, Hello, Logged, LoggedRun, Placed,
    PushItem, ServerFrame, Standing, Start,
};
use casework_protocol::ids::{
    ChangeHash, DeviceId, DocumentId, EntryHash, EpochId, MemberId, WorkspaceId,
};
use casework_protocol::keys::{SecretKey, Signature, Signer};
use casework_protocol::log::SignedHead;
use casework_protocol::roster::entry::{MemberKind, RosterBody};
use casework_protocol::seal::SignedRun;

use crate::sync::{Parcel, Session, SyncFault};

mod server;
mod shelf;

pub(crate) use server::Server;
pub(crate) use shelf::{Call, Shelf};

pub(crate) const WORKSPACE: WorkspaceId = WorkspaceId::new([9; 32]);
pub(crate) const EPOCH: EpochId = EpochId::new([1; 16]);
pub(crate) const NOW: u64 = 1_700_000_000_000;

pub(crate) type Fault = SyncFault<Broken>;

/// A replica that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the replica failed")]
pub(crate) struct Broken;

pub(crate) fn document(n: u8) -> DocumentId {
    DocumentId::new([n; 16])
}

/// A run of changes that nobody looks into here.
pub(crate) fn signed_run(n: u8, changes: usize, bytes: usize) -> SignedRun {
    let changes = (0..changes).map(|_| vec![n; bytes]).collect();
    let device = DeviceId::new([3; 32]);
    SignedRun::from_parts(document(n), device, changes, Signature::new([0; 64]))
}

pub(crate) fn run(n: u8, seq: u64, changes: usize) -> Logged {
    run_of(n, seq, changes, Standing::Admitted)
}

pub(crate) fn run_of(n: u8, seq: u64, changes: usize, standing: Standing) -> Logged {
    let run = signed_run(n, changes, 10);
    Logged::Run(LoggedRun {
        seq,
        document_seq: 1,
        received_ms: NOW,
        standing,
        run,
    })
}

pub(crate) fn entry() -> SignedEntry {
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

pub(crate) fn roster(seq: u64) -> Logged {
    Logged::Roster {
        seq,
        received_ms: NOW,
        entry: entry(),
    }
}

pub(crate) fn access(n: u8, seq: u64, document_seq: u64) -> Logged {
    let document = document(n);
    Logged::Access {
        seq,
        document_seq,
        received_ms: NOW,
        document,
        entry: entry(),
    }
}

pub(crate) fn placed(seq: u64) -> Placed {
    Placed {
        seq,
        received_ms: NOW,
        held: false,
        document_seq: 0,
    }
}

pub(crate) fn error(code: ErrorCode) -> ServerFrame {
    ServerFrame::Error {
        code,
        detail: "so it is".to_owned(),
        retry_after_ms: Some(2_000),
    }
}

pub(crate) fn entries(items: Vec<Logged>, upto: u64) -> ServerFrame {
    ServerFrame::Entries { items, upto }
}

pub(crate) fn piece(n: u8, index: u32, last: bool, bytes: &[u8]) -> ServerFrame {
    ServerFrame::Piece {
        document: document(n),
        index,
        last,
        bytes: bytes.to_vec(),
    }
}

/// A session with its replica, fed by hand.
pub(crate) struct Device {
    pub(crate) session: Session,
    pub(crate) shelf: Shelf,
    pub(crate) hello: ClientFrame,
    pub(crate) now: u64,
}

impl Device {
    pub(crate) fn new(shelf: Shelf) -> Self {
        let (session, hello) = Session::open(&shelf, [6; 16]);
        Self {
            session,
            shelf,
            hello,
            now: NOW,
        }
    }

    /// Greeted and told how the log relates to its head.
    pub(crate) fn following(server: &Server, shelf: Shelf) -> Self {
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
    pub(crate) fn live(server: &Server, shelf: Shelf) -> Self {
        let mut device = Self::following(server, shelf);
        device.give(server.caught_up(server.size()));
        device
    }

    pub(crate) fn greet(&mut self, server: &Server) -> Vec<ClientFrame> {
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
    pub(crate) fn give(&mut self, frame: ServerFrame) -> Vec<ClientFrame> {
        match self.try_give(frame) {
            Ok(frames) => frames,
            Err(fault) => panic!("{fault:?}"),
        }
    }

    pub(crate) fn try_give(&mut self, frame: ServerFrame) -> Result<Vec<ClientFrame>, Fault> {
        self.session.handle(&mut self.shelf, frame, self.now)
    }

    #[track_caller]
    pub(crate) fn fault(&mut self, frame: ServerFrame) -> Fault {
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
    pub(crate) fn pump(&mut self) -> Vec<ClientFrame> {
        self.session.pump(&mut self.shelf, self.now).unwrap()
    }

    pub(crate) fn wait(&mut self, ms: u64) -> Result<Vec<ClientFrame>, Fault> {
        self.now += ms;
        self.session.tick(&mut self.shelf, self.now)
    }
}

/// The pushes among frames: number and items.
pub(crate) fn pushes(frames: &[ClientFrame]) -> Vec<(u64, Vec<PushItem>)> {
    let push = |frame: &ClientFrame| match frame {
        ClientFrame::Push { number, items } => Some((*number, items.clone())),
        _ => None,
    };
    frames.iter().filter_map(push).collect()
}

/// The resume among frames.
#[track_caller]
pub(crate) fn resume(frames: &[ClientFrame]) -> (Start, Option<SignedHead>) {
    let resume = frames.iter().find_map(|frame| match frame {
        ClientFrame::Resume { start, head, .. } => Some((*start, head.clone())),
        _ => None,
    });
    resume.unwrap_or_else(|| panic!("no resume among {frames:?}"))
}

pub(crate) fn answers(number: u64, answers: Vec<Answer>) -> ServerFrame {
    ServerFrame::Answers { number, answers }
}

pub(crate) fn heads_of(n: u8, access: u64, heads: &[u8]) -> DocumentHeads {
    let heads = heads.iter().map(|n| ChangeHash::new([*n; 32])).collect();
    DocumentHeads {
        document: document(n),
        access,
        heads,
    }
}

pub(crate) fn parcel(item: PushItem) -> Parcel {
    Parcel {
        rows: Vec::new(),
        item,
    }
}

/// A hello as somebody else said it.
pub(crate) fn other_hello() -> ClientFrame {
    ClientFrame::Hello(Hello {
        version: 1,
        workspace: WORKSPACE,
        nonce: [77; 16],
    })
}
