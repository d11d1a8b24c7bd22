//! Golden bytes of runs and of every frame, and what becomes of damaged ones.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Author, Automerge, ROOT};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::handshake::{InviteProof, check_prove, check_welcome, prove, welcome};
use super::*;
use crate::actor::actor_id;
use crate::citation::{Citation, CitedVersion};
use crate::digest::Tag;
use crate::entry::{EntryHead, SignedEntry};
use crate::golden::{self, hex, unhex};
use crate::ids::{ChangeHash, DeviceId, DocumentId, EntryHash, EpochId, MemberId, WorkspaceId};
use crate::keys::{SecretKey, Signature, Signer};
use crate::log::{
    ConsistencyProof, EntryKind, InclusionProof, LogHead, NodeHash, SignedHead, sign_head,
};
use crate::roster::entry::{MemberKind, RosterBody};
use crate::seal::{SignedRun, sign_change};
use crate::succession::Succession;

const WORKSPACE: WorkspaceId = WorkspaceId::new([1; 32]);
const DOCUMENT: DocumentId = DocumentId::new([2; 16]);
const EPOCH: EpochId = EpochId::new([3; 16]);
const TIME: u64 = 1_700_000_000_000;

fn device() -> SecretKey {
    SecretKey::from_seed(&[0x11; 32])
}

fn server() -> SecretKey {
    SecretKey::from_seed(&[0x22; 32])
}

fn invite() -> SecretKey {
    SecretKey::from_seed(&[0x33; 32])
}

/// As the first version said it: its bytes stay readable.
fn hello() -> Hello {
    Hello {
        version: 1,
        workspace: WORKSPACE,
        nonce: [4; 16],
    }
}

fn greeting() -> Welcome {
    welcome(&hello(), Channel::Plain, &server(), [5; 16], TIME)
}

fn head() -> SignedHead {
    let root = NodeHash::new([6; 32]);
    let (workspace, epoch) = (WORKSPACE, EPOCH);
    sign_head(
        &server(),
        LogHead {
            workspace,
            epoch,
            size: 300,
            root,
            time_ms: TIME,
        },
    )
}

fn proof() -> ConsistencyProof {
    ConsistencyProof {
        old_size: 200,
        new_size: 300,
        path: vec![NodeHash::new([7; 32]); 2],
    }
}

fn entry() -> SignedEntry {
    let head = EntryHead {
        workspace: WORKSPACE,
        document: DocumentId::new([0; 16]),
        version: 2,
        previous: EntryHash::new([8; 32]),
        author: device().device(),
        claimed_ms: TIME,
    };
    let body = RosterBody::AddMember {
        member: MemberId::new([9; 16]),
        name: "Ana".to_owned(),
        kind: MemberKind::Person,
        roles: vec!["operator".to_owned()],
    };
    SignedEntry::sign(head, body, &device())
}

fn citation() -> Citation {
    Citation {
        roster: CitedVersion {
            version: 12,
            mark: [0x9f; 8],
        },
        access: CitedVersion {
            version: 3,
            mark: [0x77; 8],
        },
    }
}

/// Two consecutive changes of one actor, as the document library writes them.
fn changes() -> Vec<automerge::Change> {
    let key = device();
    let actor = actor_id(WORKSPACE, DOCUMENT, key.device(), [0xaa; 8]);
    let mut document = Automerge::new()
        .with_author(Some(Author::from(key.device().as_bytes().to_vec())))
        .with_actor(automerge::ActorId::from(actor.as_bytes().as_slice()));
    for n in 0..2_i64 {
        let message = format!("{}\"v\":1,\"do\":\"case.title\"}}", citation().to_prefix());
        let options = CommitOptions::default()
            .with_message(message)
            .with_time(TIME as i64 + n);
        document
            .transact_with::<_, _, automerge::AutomergeError, _>(
                |()| options,
                |tx| tx.put(ROOT, "title", format!("Permit {n}")),
            )
            .unwrap();
    }
    document.get_changes(&[])
}

fn run() -> SignedRun {
    let changes = changes();
    let tip = ChangeHash::new(changes[1].hash().0);
    let signature = sign_change(&device(), WORKSPACE, DOCUMENT, tip);
    let bytes = changes
        .iter()
        .map(|change| change.raw_bytes().to_vec())
        .collect();
    SignedRun::from_parts(DOCUMENT, device().device(), bytes, signature)
}

fn heads() -> Vec<DocumentHeads> {
    vec![DocumentHeads {
        document: DOCUMENT,
        access: 2,
        heads: vec![ChangeHash::new([1; 32])],
    }]
}

fn logged() -> Vec<(&'static str, Logged)> {
    let (received_ms, document) = (TIME, DOCUMENT);
    let run_of = |standing| LoggedRun {
        seq: 7,
        document_seq: 1,
        received_ms,
        standing,
        run: run(),
    };
    let changes = vec![ChangeHash::new([1; 32]), ChangeHash::new([2; 32])];
    let device = device().device();
    vec![
        ("run admitted", Logged::Run(run_of(Standing::Admitted))),
        ("run held", Logged::Run(run_of(Standing::Held))),
        ("run adopted", Logged::Run(run_of(Standing::Adopted))),
        (
            "roster",
            Logged::Roster {
                seq: 1,
                received_ms,
                entry: entry(),
            },
        ),
        (
            "access",
            Logged::Access {
                seq: 2,
                document_seq: 0,
                received_ms,
                document,
                entry: entry(),
            },
        ),
        (
            "withheld",
            Logged::Withheld {
                seq: 9,
                document_seq: 3,
                received_ms,
                document,
                device,
                changes,
            },
        ),
        (
            "equivocation",
            Logged::Equivocation {
                seq: 11,
                document_seq: 5,
                received_ms,
                run: run(),
            },
        ),
    ]
}

/// What a purge left of the run and of the equivocation above.
fn bare() -> Vec<Logged> {
    let logged = logged().into_iter();
    logged.filter_map(|(_, item)| item.bare()).collect()
}

fn client_greetings() -> Vec<(&'static str, ClientFrame)> {
    let resume = |start, scope| ClientFrame::Resume {
        start,
        head: Some(head()),
        scope,
        credit: 4_194_304,
    };
    let nothing = ClientFrame::Resume {
        start: Start::Nothing,
        head: None,
        scope: Scope::All,
        credit: 1,
    };
    let partway = Start::Partway {
        epoch: EPOCH,
        target: 300,
        below: 120,
    };
    let at = Start::At(Cursor {
        epoch: EPOCH,
        seq: 300,
    });
    vec![
        ("hello", ClientFrame::Hello(hello())),
        (
            "prove",
            ClientFrame::Prove(prove(
                &hello(),
                Channel::Plain,
                &greeting(),
                &device(),
                None,
            )),
        ),
        (
            "prove with invite",
            ClientFrame::Prove(prove(
                &hello(),
                Channel::Plain,
                &greeting(),
                &device(),
                Some(&invite()),
            )),
        ),
        ("resume from nothing", nothing),
        (
            "resume a first sync",
            resume(partway, Scope::Templates(vec![DOCUMENT])),
        ),
        (
            "resume from a cursor",
            resume(at, Scope::Listed(vec![DOCUMENT])),
        ),
        ("resume mine", resume(at, Scope::Mine)),
        ("resume team", resume(at, Scope::Team)),
    ]
}

fn client_requests() -> Vec<(&'static str, ClientFrame)> {
    let items = vec![
        PushItem::Roster(entry()),
        PushItem::Access {
            document: DOCUMENT,
            entry: entry(),
        },
        PushItem::Run(run()),
    ];
    let items_lost = logged().into_iter().map(|(_, item)| item).collect();
    vec![
        ("credit", ClientFrame::Credit(65_536)),
        ("push", ClientFrame::Push { number: 1, items }),
        (
            "fetch",
            ClientFrame::Fetch {
                document: DOCUMENT,
                bundle: false,
            },
        ),
        ("prove inclusion", ClientFrame::ProveInclusion(7)),
        (
            "piece",
            ClientFrame::Piece {
                document: DOCUMENT,
                index: 0,
                last: true,
                bytes: vec![1, 2, 3],
            },
        ),
        ("heads", ClientFrame::Heads(heads())),
        (
            "restore",
            ClientFrame::Restore {
                head: head(),
                items: items_lost,
                proof: Some(proof()),
                purges: None,
            },
        ),
        (
            "restore of a purged document",
            ClientFrame::Restore {
                head: head(),
                items: bare(),
                proof: None,
                purges: Some(vec![ProvedPurge {
                    item: Logged::Access {
                        seq: 20,
                        document_seq: 6,
                        received_ms: TIME,
                        document: DOCUMENT,
                        entry: entry(),
                    },
                    proof: InclusionProof {
                        seq: 20,
                        size: 300,
                        path: vec![NodeHash::new([7; 32]); 3],
                    },
                }]),
            },
        ),
        ("ping", ClientFrame::Ping(5)),
    ]
}

fn client_presence() -> Vec<(&'static str, ClientFrame)> {
    vec![
        (
            "presence",
            ClientFrame::Presence {
                here: vec![
                    Announced {
                        document: DOCUMENT,
                        activity: Activity::Typing,
                    },
                    Announced {
                        document: DocumentId::new([8; 16]),
                        activity: Activity::Open,
                    },
                ],
                hears: true,
            },
        ),
        (
            "presence of nobody who listens",
            ClientFrame::Presence {
                here: Vec::new(),
                hears: false,
            },
        ),
    ]
}

fn server_rotations() -> Vec<(&'static str, ServerFrame)> {
    vec![(
        "welcome after a rotation",
        ServerFrame::Welcome(Welcome {
            line: Some(vec![Succession::sign(&server(), &invite(), TIME)]),
            ..greeting()
        }),
    )]
}

fn server_handouts() -> Vec<(&'static str, ServerFrame)> {
    let resumed = |continuity| ServerFrame::Resumed {
        head: head(),
        continuity,
        entries: 40,
        bundles: 3,
    };
    let items = logged().into_iter().map(|(_, item)| item).collect();
    vec![
        ("welcome", ServerFrame::Welcome(greeting())),
        ("resumed first", resumed(Continuity::First)),
        ("resumed extends", resumed(Continuity::Extends(proof()))),
        (
            "resumed behind",
            resumed(Continuity::Behind {
                common: 60,
                recovering: true,
            }),
        ),
        (
            "resumed in a new epoch",
            resumed(Continuity::NewEpoch {
                from: EPOCH,
                common: 60,
            }),
        ),
        ("entries", ServerFrame::Entries { items, upto: 12 }),
        (
            "entries of a purged document",
            ServerFrame::Entries {
                items: bare(),
                upto: 12,
            },
        ),
        (
            "piece",
            ServerFrame::Piece {
                document: DOCUMENT,
                index: 0,
                last: true,
                bytes: vec![1, 2, 3],
            },
        ),
        (
            "document",
            ServerFrame::Document {
                document: DOCUMENT,
                below: 11,
                target: 300,
            },
        ),
        ("evict", ServerFrame::Evict(DOCUMENT)),
        (
            "caught up",
            ServerFrame::CaughtUp {
                head: head(),
                proof: Some(proof()),
            },
        ),
        (
            "caught up with nothing new",
            ServerFrame::CaughtUp {
                head: head(),
                proof: None,
            },
        ),
    ]
}

fn server_answers() -> Vec<(&'static str, ServerFrame)> {
    let answers = vec![
        Answer::Placed(vec![Placed {
            seq: 7,
            received_ms: TIME,
            held: false,
            document_seq: 1,
        }]),
        Answer::Missing(vec![ChangeHash::new([1; 32])]),
        Answer::Stale(13),
        Answer::Refused(RefusedBecause::Denied, "no role grants it".to_owned()),
        Answer::Skipped,
    ];
    let path = vec![NodeHash::new([7; 32]); 3];
    let error = ServerFrame::Error {
        code: ErrorCode::Busy,
        detail: "too many pushes".to_owned(),
        retry_after_ms: Some(2_000),
    };
    let kept = |refused| ServerFrame::Kept {
        document: DOCUMENT,
        refused,
    };
    vec![
        ("answers", ServerFrame::Answers { number: 1, answers }),
        (
            "inclusion",
            ServerFrame::Inclusion(InclusionProof {
                seq: 7,
                size: 300,
                path,
            }),
        ),
        ("heads", ServerFrame::Heads(heads())),
        ("restored", ServerFrame::Restored(300)),
        ("kept", kept(None)),
        ("not kept", kept(Some(ErrorCode::TooMuch))),
        ("pong", ServerFrame::Pong(5)),
        ("error", error),
        (
            "presence",
            ServerFrame::Presence {
                document: DOCUMENT,
                present: vec![Present {
                    device: device().device(),
                    activity: Activity::Typing,
                }],
                more: 3,
            },
        ),
        (
            "nobody is there any more",
            ServerFrame::Presence {
                document: DOCUMENT,
                present: Vec::new(),
                more: 0,
            },
        ),
    ]
}

fn client_frames() -> Vec<(&'static str, ClientFrame)> {
    [client_greetings(), client_requests(), client_presence()].concat()
}

fn server_frames() -> Vec<(&'static str, ServerFrame)> {
    [server_rotations(), server_handouts(), server_answers()].concat()
}

fn vectors<F: Encode<()>>(frames: &[(&str, F)]) -> Value {
    let vector = |(name, frame): &(&str, F)| ((*name).to_owned(), hex(&encode(frame)));
    Value::Object(frames.iter().map(vector).collect::<Map<_, _>>())
}

#[test]
fn golden_frames_are_unchanged_and_readable() {
    let (client, server_said) = (client_frames(), server_frames());
    golden::check(
        "frames",
        &json!({
            "about": "one message per frame, hexadecimal; keys from the seeds",
            "device_seed": hex(&[0x11; 32]),
            "server_seed": hex(&[0x22; 32]),
            "invite_seed": hex(&[0x33; 32]),
            "client": vectors(&client),
            "server": vectors(&server_said),
        }),
    );
    let golden = golden::read("frames");
    for (name, frame) in client {
        let message = unhex(&golden["client"][name]);
        assert_eq!(decode::<ClientFrame>(&message), Ok(frame), "{name}");
    }
    for (name, frame) in server_said {
        let message = unhex(&golden["server"][name]);
        assert_eq!(decode::<ServerFrame>(&message), Ok(frame), "{name}");
    }
}

/// The older one of the two versions is spoken, and both are under the signature.
#[test]
fn a_connection_is_in_the_older_version_of_its_two_ends() {
    for (asked, spoken) in [(1, 1), (2, 2), (7, VERSION)] {
        let hello = Hello {
            version: asked,
            ..hello()
        };
        let said = welcome(&hello, Channel::Plain, &server(), [5; 16], TIME);
        assert_eq!(said.version, spoken);
        assert!(check_welcome(&hello, Channel::Plain, &said).is_ok());
        let talked_down = Welcome { version: 0, ..said };
        assert!(check_welcome(&hello, Channel::Plain, &talked_down).is_err());
    }
}

#[test]
fn golden_handshake_proves_both_keys() {
    let golden = golden::read("frames");
    let said = |side: &str, name: &str| unhex(&golden[side][name]);
    let Ok(ClientFrame::Hello(hello)) = decode(&said("client", "hello")) else {
        panic!()
    };
    let Ok(ServerFrame::Welcome(welcome)) = decode(&said("server", "welcome")) else {
        panic!()
    };
    assert_eq!(
        check_welcome(&hello, Channel::Plain, &welcome),
        Ok(server().server())
    );
    for name in ["prove", "prove with invite"] {
        let Ok(ClientFrame::Prove(prove)) = decode(&said("client", name)) else {
            panic!()
        };
        assert_eq!(
            check_prove(
                &hello,
                Channel::Plain,
                &welcome.nonce,
                welcome.server,
                &prove
            ),
            Ok(())
        );
        let shown = prove.invite.map(|InviteProof { invite, .. }| invite);
        assert_eq!(
            shown,
            (name == "prove with invite").then(|| invite().invite())
        );
    }
}

/// Everything about a signed change that is this protocol's own: `golden/run.json`.
#[test]
fn golden_run_is_unchanged_and_passes_the_gate() {
    let key = device();
    let nonce = [0xaa; 8];
    let actor = actor_id(WORKSPACE, DOCUMENT, key.device(), nonce);
    let run = run().check(WORKSPACE).unwrap().verify().unwrap();
    let changes: Vec<Value> = run
        .changes()
        .iter()
        .map(|change| {
            let payload = logged::payload_hash(change.bytes());
            json!({
                "bytes": hex(change.bytes()),
                "hash": hex(change.header().hash.as_bytes()),
                "payload_hash": hex(&payload),
            })
        })
        .collect();
    let tags: Vec<Value> = Tag::ALL.iter().map(|tag| hex(tag.as_bytes())).collect();
    golden::check(
        "run",
        &json!({
            "about": "two changes of one actor under one signature over the second one's hash",
            "tags": tags,
            "workspace": hex(WORKSPACE.as_bytes()),
            "document": hex(DOCUMENT.as_bytes()),
            "device_seed": hex(&[0x11; 32]),
            "device": hex(key.device().as_bytes()),
            "actor_nonce": hex(&nonce),
            "actor": hex(actor.as_bytes()),
            "citation": citation().to_prefix(),
            "changes": changes,
            "signature": hex(run.signature().as_bytes()),
            "run": hex(&encode(&run.to_signed())),
        }),
    );
    let golden = golden::read("run");
    let signed: SignedRun = decode(&unhex(&golden["run"])).unwrap();
    let verified = signed.check(WORKSPACE).unwrap().verify().unwrap();
    assert_eq!(verified.actor(), actor);
    assert_eq!(hex(verified.tip().as_bytes()), golden["changes"][1]["hash"]);
    assert_eq!(
        Citation::read(&verified.changes()[0].header().message),
        Ok(citation())
    );
}

/// A stranger can check the signature with nothing but the bytes described.
#[test]
fn a_signature_is_over_exactly_the_described_bytes() {
    let run = run().check(WORKSPACE).unwrap().verify().unwrap();
    let message: Vec<u8> = [
        b"casework/1/change\0".as_slice(),
        WORKSPACE.as_bytes(),
        DOCUMENT.as_bytes(),
        run.tip().as_bytes(),
    ]
    .concat();
    let key = ed25519_dalek::VerifyingKey::from_bytes(device().device().as_bytes()).unwrap();
    let signature = ed25519_dalek::Signature::from_bytes(run.signature().as_bytes());
    assert!(key.verify_strict(&message, &signature).is_ok());
}

fn every_message() -> Vec<Vec<u8>> {
    let client = client_frames().into_iter().map(|(_, frame)| encode(&frame));
    let server = server_frames().into_iter().map(|(_, frame)| encode(&frame));
    client.chain(server).collect()
}

#[test]
fn what_a_purge_leaves_has_the_same_leaves_and_says_nothing_more() {
    for (name, item) in logged() {
        let (Some(bare), Some(leaves)) = (item.bare(), item.leaves()) else {
            let stays = matches!(
                item,
                Logged::Roster { .. } | Logged::Access { .. } | Logged::Withheld { .. }
            );
            assert!(stays, "{name}");
            continue;
        };
        assert_eq!(bare.leaves(), Some(leaves), "{name}");
        assert_eq!((bare.seq(), bare.len()), (item.seq(), item.len()), "{name}");
        assert_eq!(bare.document(), item.document(), "{name}");
        assert_eq!(bare.bare(), Some(bare.clone()), "{name}");
        let entries = usize::try_from(bare.len()).unwrap();
        assert!(encode(&bare).len() < 60 + 80 * entries, "{name}");
    }
}

#[test]
fn leaves_without_content_are_of_changes_and_equivocations_only() {
    for (kind, number) in [(EntryKind::Roster, 0), (EntryKind::Access, 0)] {
        let item = Logged::Purged {
            seq: number,
            document_seq: 0,
            received_ms: TIME,
            document: DOCUMENT,
            kind,
            entries: vec![BareEntry {
                hash: [1; 32],
                payload: [2; 32],
            }],
        };
        assert_eq!(item.leaves(), None, "{kind:?}");
    }
    let far = Logged::Purged {
        seq: u64::MAX,
        document_seq: 0,
        received_ms: TIME,
        document: DOCUMENT,
        kind: EntryKind::Change,
        entries: vec![BareEntry {
            hash: [1; 32],
            payload: [2; 32],
        }],
    };
    assert_eq!(far.leaves(), None);
}

#[test]
fn a_frame_that_is_cut_off_or_followed_by_anything_is_refused() {
    for message in every_message() {
        for length in 0..message.len() {
            assert!(decode::<ClientFrame>(&message[..length]).is_err());
            assert!(decode::<ServerFrame>(&message[..length]).is_err());
        }
        let longer = [message.as_slice(), &[0]].concat();
        assert!(decode::<ClientFrame>(&longer).is_err());
        assert!(decode::<ServerFrame>(&longer).is_err());
    }
}

#[test]
fn a_message_longer_than_any_frame_is_refused_unread() {
    let message = vec![0; MAX_FRAME_BYTES + 1];
    let too_long = FrameError::TooLong(MAX_FRAME_BYTES + 1);
    assert_eq!(decode::<ServerFrame>(&message), Err(too_long));
}

#[test]
fn a_frame_that_claims_a_billion_items_costs_nothing() {
    // Entries with an array header for 2^32 items, and a byte string header for 2^62 bytes.
    for message in [
        &[0x82, 2, 0x82, 0x9b, 0, 0, 0, 1, 0, 0, 0, 0][..],
        &[0x82, 3, 0x84, 0x5b, 0x40, 0, 0, 0, 0, 0, 0, 0],
    ] {
        assert!(decode::<ServerFrame>(message).is_err());
    }
}

#[test]
fn ids_of_another_length_are_refused() {
    let evict = |id: &[u8]| {
        let mut e = minicbor::Encoder::new(Vec::new());
        e.array(2)
            .unwrap()
            .u8(4)
            .unwrap()
            .array(1)
            .unwrap()
            .bytes(id)
            .unwrap();
        e.into_writer()
    };
    assert_eq!(decode(&evict(&[2; 16])), Ok(ServerFrame::Evict(DOCUMENT)));
    for length in [0, 15, 17, 32] {
        assert!(decode::<ServerFrame>(&evict(&vec![2; length])).is_err());
    }
    let short = Signature::from_slice(&[0; 63]);
    assert!(short.is_none() && DeviceId::from_slice(&[0; 31]).is_none());
}

proptest! {
    /// What a damaged message decodes to, if anything, is encoded and read back as the same.
    #[test]
    fn damaged_messages_never_panic_and_never_read_two_ways(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let messages = every_message();
        let mut message = which.get(&messages).clone();
        for (place, byte) in damage {
            let length = message.len();
            message[place.index(length)] = byte;
        }
        if let Ok(frame) = decode::<ClientFrame>(&message) {
            prop_assert_eq!(decode::<ClientFrame>(&encode(&frame)), Ok(frame));
        }
        if let Ok(frame) = decode::<ServerFrame>(&message) {
            prop_assert_eq!(decode::<ServerFrame>(&encode(&frame)), Ok(frame));
        }
    }
}
