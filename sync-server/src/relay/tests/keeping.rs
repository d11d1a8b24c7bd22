//! Bundles: who may give one, what must be true of it, and how it is handed out.

use casework_protocol::bundle::{Arrival, Audience, Bundle, Countersigned, Landed, history_digest};
use casework_protocol::frame::{
    ClientFrame, ErrorCode, Logged, PushItem, Scope, ServerFrame, Start,
};
use casework_protocol::ids::{ChangeHash, DocumentId, WorkspaceId};
use casework_protocol::limits::BUNDLE_PIECE_BYTES;

use super::stage::*;
use crate::log::memory::MemoryLog;
use crate::relay::reading;

fn run(run: &casework_protocol::seal::SignedRun) -> PushItem {
    PushItem::Run(run.clone())
}

/// The changes of a document below a position, as a device with everything knows them.
fn landed(stage: &Stage, document: DocumentId, upto: u64) -> Vec<Landed> {
    let shared = stage.shared();
    let workspace = reading(&shared);
    let mut landed = Vec::new();
    for item in stage.logged() {
        let Logged::Run(logged) = item else { continue };
        if logged.run.document() != document {
            continue;
        }
        let held = workspace.held.run(logged.seq);
        let hidden = held.is_some_and(|run| run.adopted.is_none_or(|at| at >= upto));
        let audience = if hidden {
            Audience::Adopters
        } else {
            Audience::Everyone
        };
        for (seq, hash) in (logged.seq..upto).zip(hashes(&logged.run, stage.workspace)) {
            let arrival = Arrival {
                seq,
                received_ms: logged.received_ms,
            };
            landed.push(Landed {
                hash,
                arrival,
                audience,
            });
        }
    }
    landed
}

fn bundle(stage: &Stage, document: DocumentId, upto: u64) -> Bundle {
    let landed = landed(stage, document, upto);
    Bundle {
        workspace: stage.workspace,
        epoch: stage.head().head().epoch,
        document,
        upto,
        digest: history_digest(&landed),
        save: vec![7; 300_000],
        aside: Vec::new(),
        leaves: Vec::new(),
        arrivals: landed.iter().map(|landed| landed.arrival).collect(),
    }
}

fn offer(stage: &Stage, client: &mut Client, bundle: &Bundle) -> Option<ErrorCode> {
    let bytes = bundle.to_bytes().unwrap();
    let pieces: Vec<&[u8]> = bytes.chunks(BUNDLE_PIECE_BYTES).collect();
    for (index, piece) in (0..).zip(&pieces) {
        let last = index as usize + 1 == pieces.len();
        let (document, bytes) = (bundle.document, piece.to_vec());
        client.say(
            stage,
            ClientFrame::Piece {
                document,
                index,
                last,
                bytes,
            },
        );
    }
    match &client.next(stage, 1)[..] {
        [ServerFrame::Kept { refused, .. }] => *refused,
        other => panic!("{other:?}"),
    }
}

/// The log of a server that keeps a bundle of one document.
pub(crate) fn with_bundle() -> (MemoryLog, WorkspaceId, DocumentId) {
    let mut stage = Stage::found();
    stage.join(2, &["agent"]);
    let mut pen = stage.open(ANA, &[], false);
    stage.push(ANA, vec![run(&pen.write(5))]);
    let made = bundle(&stage, pen.document, stage.size());
    let mut agent = stage.connect(2);
    assert_eq!(offer(&stage, &mut agent, &made), None);
    (stage.log.backup(), stage.workspace, pen.document)
}

#[test]
fn a_bundle_with_the_logged_history_is_kept_and_handed_out_before_what_follows() {
    let mut stage = Stage::found();
    stage.join(2, &["agent"]);
    let mut pen = stage.open(ANA, &[], false);
    stage.push(ANA, vec![run(&pen.write(5))]);
    stage.push(
        ANA,
        vec![stage.access(ANA, pen.document, viewers(&[1], &[]))],
    );
    let upto = stage.size();
    let made = bundle(&stage, pen.document, upto);
    let mut agent = stage.connect(2);
    assert_eq!(offer(&stage, &mut agent, &made), None);
    stage.push(ANA, vec![run(&pen.write(1))]);
    // After a restart too.
    stage.restart_on(stage.log.backup());
    let (_, frames) = stage.first_sync(2);
    assert!(matches!(frames[0], ServerFrame::Resumed { bundles: 1, .. }));
    let mut bytes = Vec::new();
    let mut order = Vec::new();
    for frame in &frames[2..] {
        match frame {
            ServerFrame::Piece {
                index,
                bytes: piece,
                ..
            } => {
                order.push(format!("piece {index}"));
                bytes.extend_from_slice(piece);
            }
            ServerFrame::Entries { items, .. } => {
                order.extend(items.iter().map(|item| format!("entry {}", item.seq())));
            }
            ServerFrame::Document { .. } => order.push("end".into()),
            _ => {}
        }
    }
    assert_eq!(
        order,
        [
            "entry 3",
            "entry 10",
            "piece 0",
            "piece 1",
            &format!("entry {upto}"),
            "end"
        ]
    );
    let kept = Countersigned::from_bytes(&bytes).unwrap();
    let vouched = kept.verify(&stage.head(), pen.document).unwrap();
    assert_eq!(
        (vouched.upto(), vouched.save()),
        (upto, made.save.as_slice())
    );
    // Entries only, when the bundle did not hold.
    let mut client = stage.connect(2);
    client.resume(&stage, Start::Nothing, None, Scope::Listed(Vec::new()));
    client.drain(&stage);
    client.say(
        &stage,
        ClientFrame::Fetch {
            document: pen.document,
            bundle: false,
        },
    );
    assert_eq!(seqs(&client.drain(&stage)), [3, 4, 5, 10, upto]);
}

#[test]
fn a_bundle_that_omits_backdates_or_smuggles_is_refused() {
    let mut stage = Stage::found();
    stage.join(2, &["agent"]);
    let mut pen = stage.open(ANA, &[], false);
    stage.push(ANA, vec![run(&pen.write(3))]);
    let (upto, document) = (stage.size(), pen.document);
    let good = landed(&stage, document, upto);
    let mut omitted = good.clone();
    omitted.remove(1);
    let mut backdated = good.clone();
    backdated[2].arrival.received_ms -= 1;
    let mut smuggled = good.clone();
    smuggled[0].hash = ChangeHash::new([1; 32]);
    let mut hidden = good.clone();
    hidden[0].audience = Audience::Adopters;
    let mut agent = stage.connect(2);
    for bad in [omitted, backdated, smuggled, hidden] {
        let digest = history_digest(&bad);
        let made = Bundle {
            digest,
            ..bundle(&stage, document, upto)
        };
        assert_eq!(offer(&stage, &mut agent, &made), Some(ErrorCode::Malformed));
    }
    let beyond = Bundle {
        upto: upto + 1,
        ..bundle(&stage, document, upto)
    };
    assert_eq!(
        offer(&stage, &mut agent, &beyond),
        Some(ErrorCode::NotFound)
    );
    let split = bundle(&stage, document, upto - 1);
    assert_eq!(
        offer(&stage, &mut agent, &split),
        Some(ErrorCode::Malformed)
    );
    assert_eq!(
        offer(&stage, &mut agent, &bundle(&stage, document, upto)),
        None
    );
}

#[test]
fn who_may_not_keep_gives_no_bundle() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let pen = stage.open(ANA, &[], false);
    let made = bundle(&stage, pen.document, stage.size());
    let mut operator = stage.connect(2);
    assert_eq!(
        offer(&stage, &mut operator, &made),
        Some(ErrorCode::NotFound)
    );
}

#[test]
fn pieces_out_of_order_are_refused() {
    let mut stage = Stage::found();
    let pen = stage.open(ANA, &[], false);
    let mut client = stage.connect(ANA);
    let (document, bytes) = (pen.document, vec![1; 10]);
    client.say(
        &stage,
        ClientFrame::Piece {
            document,
            index: 1,
            last: false,
            bytes,
        },
    );
    let told = client.drain(&stage);
    let [
        ServerFrame::Kept {
            refused: Some(ErrorCode::Malformed),
            ..
        },
    ] = told[..]
    else {
        panic!("{told:?}")
    };
}

#[test]
fn a_bundle_over_held_work_leaves_its_content_to_the_relay() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    stage.join(3, &["operator"]);
    let case = stage.open(ANA, &[], false);
    let late = stage.pen(2, case.document).write(2);
    stage.revoke(2);
    stage.push(2, vec![run(&late)]);
    let made = bundle(&stage, case.document, stage.size());
    let mut owner = stage.connect(ANA);
    assert_eq!(offer(&stage, &mut owner, &made), None);
    let has = |frames: &[ServerFrame]| {
        items(frames)
            .iter()
            .any(|item| matches!(item, Logged::Run(run) if run.run == late))
    };
    assert!(
        !has(&stage.first_sync(3).1),
        "the bundle names what is withheld"
    );
    assert!(
        has(&stage.first_sync(ANA).1),
        "who may adopt gets the content beside it"
    );
    stage.adopt(ANA, case.document, &hashes(&late, stage.workspace));
    assert!(
        has(&stage.first_sync(3).1),
        "released after the bundle was made"
    );
}
