//! One honest frame of every kind.

use casework_protocol::access::draft::AccessDraft;
use casework_protocol::access::entry::{AccessBody, DocumentKind, Principal};
use casework_protocol::entry::{EntryHead, SignedEntry};
use casework_protocol::frame::handshake::{Hello, prove, welcome};
use casework_protocol::frame::{
    Activity, Announced, Answer, Channel, ClientFrame, Continuity, Cursor, DocumentHeads,
    ErrorCode, Logged, LoggedRun, Placed, Present, ProvedPurge, PushItem, RefusedBecause, Scope,
    ServerFrame, Standing, Start, encode,
};
use casework_protocol::ids::{ChangeHash, EntryHash, EpochId};
use casework_protocol::log::{
    ConsistencyProof, InclusionProof, LogHead, NodeHash, SignedHead, sign_head,
};
use casework_protocol::roster::draft::RosterDraft;

use crate::casebook::{CASE, TEMPLATE, WORKSPACE, book, device, key, member};
use crate::targets::roster::genesis;

const EPOCH: EpochId = EpochId::new([2; 16]);

/// One honest frame of every kind and of every variant inside, with its side before it.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let client = client_frames()
        .into_iter()
        .map(|frame| [&[0][..], &encode(&frame)].concat());
    let server = server_frames()
        .into_iter()
        .map(|frame| [&[1][..], &encode(&frame)].concat());
    client.chain(server).collect()
}

fn head() -> SignedHead {
    let root = NodeHash::new([5; 32]);
    let head = LogHead {
        workspace: WORKSPACE,
        epoch: EPOCH,
        size: 8,
        root,
        time_ms: 1_000,
    };
    sign_head(&key(9), head)
}

fn hello() -> Hello {
    Hello {
        version: 1,
        workspace: WORKSPACE,
        nonce: [1; 16],
    }
}

fn consistency() -> ConsistencyProof {
    ConsistencyProof {
        old_size: 3,
        new_size: 8,
        path: vec![NodeHash::new([6; 32]); 4],
    }
}

fn push_items() -> Vec<PushItem> {
    let roster = RosterDraft {
        body: genesis(),
        claimed_ms: 1,
    }
    .found(&key(1));
    let body = AccessBody::Genesis {
        kind: DocumentKind::Case,
        template: Some(TEMPLATE),
        principals: vec![
            Principal::Member(member(1)),
            Principal::Team("north".into()),
        ],
        restricted: false,
        nonce: vec![7; 16],
    };
    let entry = AccessDraft {
        body,
        claimed_ms: 2,
    }
    .found(WORKSPACE, &key(1));
    let run = book().run(1, 0, 3).expect("the book has changes");
    vec![
        PushItem::Roster(roster),
        PushItem::Access {
            document: CASE,
            entry,
        },
        PushItem::Run(run),
    ]
}

fn logged() -> Vec<Logged> {
    let mut items = Vec::new();
    for (n, item) in push_items().into_iter().enumerate() {
        let (seq, received_ms) = (n as u64, 1_000 + n as u64);
        items.push(match item {
            PushItem::Roster(entry) => Logged::Roster {
                seq,
                received_ms,
                entry,
            },
            PushItem::Access { document, entry } => Logged::Access {
                seq,
                document_seq: 0,
                received_ms,
                document,
                entry,
            },
            PushItem::Run(run) => {
                let standing = Standing::Admitted;
                Logged::Run(LoggedRun {
                    seq,
                    document_seq: 1,
                    received_ms,
                    standing,
                    run,
                })
            }
        });
    }
    let run = book().run(2, 0, 1).expect("the book has changes");
    items.push(Logged::Equivocation {
        seq: 6,
        document_seq: 4,
        received_ms: 9,
        run,
    });
    items.push(Logged::Withheld {
        seq: 7,
        document_seq: 5,
        received_ms: 10,
        document: CASE,
        device: device(2),
        changes: vec![ChangeHash::new([1; 32]), ChangeHash::new([2; 32])],
    });
    let bare: Vec<Logged> = items.iter().filter_map(Logged::bare).collect();
    items.extend(bare);
    items
}

fn purge() -> Logged {
    let head = EntryHead {
        workspace: WORKSPACE,
        document: CASE,
        version: 3,
        previous: EntryHash::new([8; 32]),
        author: device(1),
        claimed_ms: 3,
    };
    Logged::Access {
        seq: 9,
        document_seq: 6,
        received_ms: 11,
        document: CASE,
        entry: SignedEntry::sign(head, AccessBody::Purge, &key(1)),
    }
}

fn heads() -> Vec<DocumentHeads> {
    vec![DocumentHeads {
        document: CASE,
        access: 2,
        heads: vec![ChangeHash::new([1; 32])],
    }]
}

#[expect(clippy::too_many_lines, reason = "one example of each frame")]
fn client_frames() -> Vec<ClientFrame> {
    let welcome = welcome(&hello(), Channel::Plain, &key(9), [9; 16], 1_000);
    let resume = |start, scope| ClientFrame::Resume {
        start,
        head: Some(head()),
        scope,
        credit: 1 << 22,
    };
    let bytes = vec![3; 40];
    vec![
        ClientFrame::Hello(hello()),
        ClientFrame::Prove(prove(
            &hello(),
            Channel::Plain,
            &welcome,
            &key(1),
            Some(&key(200)),
        )),
        resume(Start::Nothing, Scope::All),
        resume(
            Start::Partway {
                epoch: EPOCH,
                target: 9,
                below: 4,
            },
            Scope::Templates(vec![TEMPLATE]),
        ),
        resume(
            Start::At(Cursor {
                epoch: EPOCH,
                seq: 7,
            }),
            Scope::Listed(vec![CASE, TEMPLATE]),
        ),
        resume(Start::Nothing, Scope::Mine),
        resume(Start::Nothing, Scope::Team),
        ClientFrame::Credit(65_536),
        ClientFrame::Push {
            number: 3,
            items: push_items(),
        },
        ClientFrame::Fetch {
            document: CASE,
            bundle: true,
        },
        ClientFrame::ProveInclusion(4),
        ClientFrame::Piece {
            document: CASE,
            index: 1,
            last: true,
            bytes,
        },
        ClientFrame::Heads(heads()),
        ClientFrame::Restore {
            head: head(),
            items: logged(),
            proof: Some(consistency()),
            purges: Some(vec![ProvedPurge {
                item: purge(),
                proof: InclusionProof {
                    seq: 9,
                    size: 9,
                    path: vec![NodeHash::new([6; 32]); 4],
                },
            }]),
        },
        ClientFrame::Ping(1),
        ClientFrame::Presence {
            here: vec![Announced {
                document: CASE,
                activity: Activity::Typing,
            }],
            hears: true,
        },
    ]
}

#[expect(clippy::too_many_lines, reason = "one example of each frame")]
fn server_frames() -> Vec<ServerFrame> {
    let resumed = |continuity| ServerFrame::Resumed {
        head: head(),
        continuity,
        entries: 9,
        bundles: 1,
    };
    let placed = Placed {
        seq: 4,
        received_ms: 1_000,
        held: false,
        document_seq: 2,
    };
    let answers = vec![
        Answer::Placed(vec![
            placed,
            Placed {
                held: true,
                ..placed
            },
        ]),
        Answer::Missing(vec![ChangeHash::new([3; 32])]),
        Answer::Stale(7),
        Answer::Refused(RefusedBecause::Denied, "not allowed".into()),
        Answer::Skipped,
    ];
    let path = vec![NodeHash::new([6; 32]); 3];
    vec![
        ServerFrame::Welcome(welcome(&hello(), Channel::Plain, &key(9), [9; 16], 1_000)),
        resumed(Continuity::First),
        resumed(Continuity::Extends(consistency())),
        resumed(Continuity::Behind {
            common: 4,
            recovering: true,
        }),
        resumed(Continuity::NewEpoch {
            from: EPOCH,
            common: 4,
        }),
        ServerFrame::Entries {
            items: logged(),
            upto: 8,
        },
        ServerFrame::Piece {
            document: CASE,
            index: 0,
            last: false,
            bytes: vec![4; 50],
        },
        ServerFrame::Document {
            document: CASE,
            below: 3,
            target: 8,
        },
        ServerFrame::Evict(CASE),
        ServerFrame::CaughtUp {
            head: head(),
            proof: Some(consistency()),
        },
        ServerFrame::Answers { number: 3, answers },
        ServerFrame::Inclusion(InclusionProof {
            seq: 2,
            size: 8,
            path,
        }),
        ServerFrame::Heads(heads()),
        ServerFrame::Restored(5),
        ServerFrame::Kept {
            document: CASE,
            refused: Some(ErrorCode::NotFound),
        },
        ServerFrame::Pong(1),
        ServerFrame::Presence {
            document: CASE,
            present: vec![Present {
                device: device(9),
                activity: Activity::Open,
            }],
            more: 2,
        },
        ServerFrame::Error {
            code: ErrorCode::Busy,
            detail: "come again".into(),
            retry_after_ms: Some(500),
        },
    ]
}
