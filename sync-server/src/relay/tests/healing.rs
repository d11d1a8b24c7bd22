//! A server that came back empty, from a backup, or grew beside its own history.

use casework_protocol::frame::{
    ClientFrame, Continuity, ErrorCode, Logged, PushItem, Scope, ServerFrame, Start,
};
use casework_protocol::log::{
    ConsistencyProof, Frontier, NodeHash, Nodes, VerifiedHead, prove_consistency,
};

mod epochs;

use super::stage::*;
use crate::log::memory::MemoryLog;
use crate::log::{Log, Record};
use crate::relay::{Ask, Reply, reading};

fn run(run: &casework_protocol::seal::SignedRun) -> PushItem {
    PushItem::Run(run.clone())
}

/// A workspace with members, cases, held and adopted work and an equivocation.
fn busy() -> Stage {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let mut pen = stage.open(ANA, &[2], false);
    let mut clone = pen.clone_of_backup();
    let mut secret = stage.open(ANA, &[ANA], true);
    let mut late = stage.pen(2, pen.document);
    let (one, two) = (late.write(2), late.write(1));
    stage.revoke(2);
    stage.now += 500;
    stage.push(2, vec![run(&one), run(&two)]);
    stage.adopt(ANA, pen.document, &hashes(&one, stage.workspace));
    stage.push(ANA, vec![run(&pen.write(3)), run(&secret.write(1))]);
    clone.cites = stage.cite(pen.document);
    stage.push(ANA, vec![run(&clone.write(1))]);
    stage
}

/// Everything in the log as a replica that sees all of it holds it.
fn everything(stage: &Stage) -> Vec<Logged> {
    stage.logged()
}

struct Leaves(Vec<(u8, u64, NodeHash)>);

impl Nodes for Leaves {
    type Error = ();

    fn node(&self, level: u8, index: u64) -> Result<NodeHash, ()> {
        let found = self.0.iter().find(|(l, i, _)| (*l, *i) == (level, index));
        found.map(|(_, _, hash)| *hash).ok_or(())
    }
}

/// The proof that a device makes from the items it holds.
fn proof(items: &[Logged], from: u64, to: u64) -> ConsistencyProof {
    let (mut frontier, mut nodes) = (Frontier::new(), Vec::new());
    for leaf in items.iter().flat_map(|item| item.leaves().unwrap()) {
        frontier.append(leaf.leaf_hash(), &mut |level, index, hash| {
            nodes.push((level, index, hash));
        });
    }
    prove_consistency(&Leaves(nodes), from, to).unwrap()
}

fn restore(
    stage: &Stage,
    head: &VerifiedHead,
    items: Vec<Logged>,
    proof: Option<ConsistencyProof>,
) -> Reply {
    stage.request(
        ANA,
        Ask::Restore {
            head: head.clone(),
            items,
            proof,
            purges: Vec::new(),
        },
    )
}

fn records(stage: &Stage) -> Vec<Record> {
    stage.log.read(stage.workspace, 0, usize::MAX).unwrap()
}

fn resumed(frames: &[ServerFrame]) -> Continuity {
    match &frames[0] {
        ServerFrame::Resumed { continuity, .. } => continuity.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_emptied_server_takes_everything_back_exactly_as_it_stood() {
    let mut stage = busy();
    let (head, items, before) = (stage.head(), everything(&stage), records(&stage));
    let held = stage.log.held(stage.workspace).unwrap();
    stage.restart_on(MemoryLog::new());
    let mut client = stage.connect(ANA);
    client.resume(&stage, Start::Nothing, Some(head.signed()), Scope::All);
    let told = resumed(&client.drain(&stage));
    assert_eq!(
        told,
        Continuity::Behind {
            common: 0,
            recovering: true
        }
    );
    let frame = ClientFrame::Restore {
        head: head.signed().clone(),
        items,
        proof: None,
        purges: None,
    };
    client.say(&stage, frame);
    let told = client.drain(&stage);
    assert!(matches!(told[..], [ServerFrame::Restored(size)] if size == head.head().size));
    assert_eq!(records(&stage), before);
    assert_eq!(stage.log.held(stage.workspace).unwrap(), held);
    let after = stage.head();
    assert_eq!(
        (after.head().root, after.head().epoch),
        (head.head().root, head.head().epoch)
    );
    assert!(reading(&stage.shared()).recovery().is_none());
    let now = reading(&stage.shared()).continuity(&head).unwrap();
    assert!(matches!(now, Continuity::Extends(_)));
}

#[test]
fn an_emptied_server_waits_for_the_longest_head_shown_whoever_begins_to_bring_it_back() {
    let mut stage = Stage::found();
    let mut pen = stage.open(ANA, &[], false);
    let (shorter, items) = (stage.head(), everything(&stage));
    stage.push(ANA, vec![run(&pen.write(2))]);
    let (longer, all) = (stage.head(), everything(&stage));
    stage.restart_on(MemoryLog::new());
    let restore = |stage: &Stage, head: &VerifiedHead, items| {
        let mut client = stage.connect(ANA);
        client.resume(stage, Start::Nothing, Some(head.signed()), Scope::All);
        let head = head.signed().clone();
        let proof = None;
        let purges = None;
        client.say(
            stage,
            ClientFrame::Restore {
                head,
                items,
                proof,
                purges,
            },
        );
        client.drain(stage)
    };
    stage
        .connect(ANA)
        .resume(&stage, Start::Nothing, Some(longer.signed()), Scope::All);
    restore(&stage, &shorter, items);
    assert_eq!(stage.size(), shorter.head().size);
    assert!(
        reading(&stage.shared()).recovery().is_some(),
        "more is missing"
    );
    let rest = all[usize::try_from(shorter.head().size).unwrap()..].to_vec();
    restore(&stage, &longer, rest);
    assert_eq!(stage.head().head().root, longer.head().root);
    assert!(reading(&stage.shared()).recovery().is_none());
}

#[test]
fn an_older_backup_recovers_in_steps_and_takes_nothing_new_meanwhile() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let mut pen = stage.open(ANA, &[], false);
    let backup = stage.log.backup();
    let common = stage.size();
    for _ in 0..6 {
        stage.push(ANA, vec![run(&pen.write(2))]);
    }
    let (head, items) = (stage.head(), everything(&stage));
    stage.restart_on(backup);
    let mut client = stage.connect(ANA);
    client.resume(&stage, Start::Nothing, Some(head.signed()), Scope::All);
    let told = resumed(&client.drain(&stage));
    assert_eq!(
        told,
        Continuity::Behind {
            common,
            recovering: true
        }
    );
    // Others see what is there and push nothing; a restart forgets nothing of it.
    stage.restart_on(stage.log.backup());
    let push = Ask::Push {
        number: 1,
        healing: false,
        items: vec![run(&pen.write(1))],
    };
    let Reply::Failed {
        code: ErrorCode::Recovering,
        ..
    } = stage.request(ANA, push)
    else {
        panic!()
    };
    let lost: Vec<Logged> = items
        .iter()
        .filter(|item| item.seq() >= common)
        .cloned()
        .collect();
    let (first, rest) = lost.split_at(2);
    let upto = rest[0].seq();
    let bridge = proof(&items, upto, head.head().size);
    assert_eq!(
        restore(&stage, &head, first.to_vec(), Some(bridge)),
        Reply::Restored(upto)
    );
    assert!(reading(&stage.shared()).recovery().is_some());
    let size = head.head().size;
    assert_eq!(
        restore(&stage, &head, rest.to_vec(), None),
        Reply::Restored(size)
    );
    assert!(reading(&stage.shared()).recovery().is_none());
    assert_eq!(everything(&stage), items);
    let mut fresh = stage.pen(ANA, pen.document);
    assert!(is_placed(&stage.push(ANA, vec![run(&fresh.write(1))])[0]));
}

#[test]
fn items_that_are_not_what_stood_there_are_not_taken() {
    let mut stage = Stage::found();
    let mut pen = stage.open(ANA, &[], false);
    let backup = stage.log.backup();
    let common = stage.size();
    stage.push(ANA, vec![run(&pen.write(1)), run(&pen.write(1))]);
    let (head, items) = (stage.head(), everything(&stage));
    stage.restart_on(backup);
    let lost: Vec<Logged> = items
        .iter()
        .filter(|item| item.seq() >= common)
        .cloned()
        .collect();
    let mut backdated = lost.clone();
    if let Logged::Run(run) = &mut backdated[0] {
        run.received_ms -= 1;
    }
    let mut swapped = lost.clone();
    swapped.swap(0, 1);
    for (why, bad) in [
        ("a received time moved", backdated),
        ("order changed", swapped),
        ("the end missing without a proof", lost[..1].to_vec()),
        ("a gap", lost[1..].to_vec()),
    ] {
        let reply = restore(&stage, &head, bad, None);
        assert!(matches!(reply, Reply::Failed { .. }), "{why}: {reply:?}");
        assert_eq!(stage.size(), common, "{why}");
        assert_eq!(
            stage
                .log
                .workspace(stage.workspace)
                .unwrap()
                .unwrap()
                .frontier
                .size(),
            common
        );
    }
    let size = head.head().size;
    assert_eq!(restore(&stage, &head, lost, None), Reply::Restored(size));
}

#[test]
fn a_device_that_the_backup_does_not_know_may_bring_back_what_enrolled_it() {
    let mut stage = Stage::found();
    let backup = stage.log.backup();
    stage.join(2, &["operator"]);
    let (head, items) = (stage.head(), everything(&stage));
    stage.restart_on(backup);
    let mut client = stage.connect(2);
    client.resume(&stage, Start::Nothing, Some(head.signed()), Scope::All);
    let told = client.drain(&stage);
    assert!(matches!(
        resumed(&told),
        Continuity::Behind {
            common: 1,
            recovering: true
        }
    ));
    assert_eq!(told.len(), 1, "a stranger is shown nothing");
    let items = items[1..].to_vec();
    client.say(
        &stage,
        ClientFrame::Restore {
            head: head.signed().clone(),
            items,
            proof: None,
            purges: None,
        },
    );
    assert!(matches!(
        client.drain(&stage)[..],
        [ServerFrame::Restored(3)]
    ));
    client.resume(&stage, Start::Nothing, Some(head.signed()), Scope::All);
    assert!(matches!(
        resumed(&client.drain(&stage)),
        Continuity::Extends(_)
    ));
    // Without a head that proves a loss a stranger stays one.
    let mut stranger = stage.connect(7);
    stranger.resume(&stage, Start::Nothing, None, Scope::All);
    let told = stranger.drain(&stage);
    assert!(matches!(
        told[..],
        [ServerFrame::Error {
            code: ErrorCode::NotEnrolled,
            ..
        }]
    ));
    assert!(stranger.closed);
}

#[test]
fn a_head_of_another_server_says_nothing_here() {
    let stage = busy();
    let forged = casework_protocol::log::sign_head(
        &key(99),
        casework_protocol::log::LogHead {
            size: 10_000,
            ..*stage.head().head()
        },
    );
    let mut client = stage.connect(ANA);
    client.resume(&stage, Start::Nothing, Some(&forged), Scope::All);
    assert_eq!(resumed(&client.drain(&stage)), Continuity::First);
    assert!(reading(&stage.shared()).recovery().is_none());
}
