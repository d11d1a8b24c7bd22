//! What was lost for good: a new epoch, what it has in common with the old one, and who says so.

use casework_protocol::frame::{
    Answer, ClientFrame, Continuity, DocumentHeads, ErrorCode, PushItem, Scope, ServerFrame, Start,
};

use super::super::stage::*;
use super::{resumed, run};
use crate::log::memory::MemoryLog;
use crate::relay::{Ask, OnLoss, RelayConfig, Reply, reading};

#[test]
fn a_new_epoch_names_the_fork_and_lost_work_comes_in_anew() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let mut pen = stage.open(ANA, &[], false);
    let backup = stage.log.backup();
    let (common, known) = (stage.size(), stage.head());
    let lost = pen.write(2);
    stage.push(ANA, vec![run(&lost)]);
    let head = stage.head();
    stage.restart_on(backup);
    stage.now += 9_000;
    assert!(stage.relay.open_epoch(stage.now, stage.workspace).unwrap());
    let mut client = stage.connect(2);
    client.resume(&stage, Start::Nothing, Some(head.signed()), Scope::All);
    let told = resumed(&client.drain(&stage));
    assert_eq!(
        told,
        Continuity::NewEpoch {
            from: head.head().epoch,
            // Whether the log went on beside what was lost, nobody can tell.
            common: 0
        }
    );
    assert_ne!(stage.head().head().epoch, head.head().epoch);
    // Heads are compared, and a device that is not the author brings the work back.
    let mine = DocumentHeads {
        document: pen.document,
        access: 1,
        heads: vec![hashes(&lost, stage.workspace)[1]],
    };
    client.say(&stage, ClientFrame::Heads(vec![mine]));
    let told = client.drain(&stage);
    let [ServerFrame::Heads(theirs)] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!(theirs.len(), 1);
    client.say(
        &stage,
        ClientFrame::Push {
            number: 3,
            items: vec![run(&lost)],
        },
    );
    let told = client.next(&stage, 1);
    let [ServerFrame::Answers { number: 3, answers }] = &told[..] else {
        panic!("{told:?}")
    };
    assert!(matches!(&answers[..], [Answer::Placed(places)] if places[0].seq == common));
    // The ended epoch is remembered, and a device that saw no more than the log has goes on from there.
    stage.restart_on(stage.log.backup());
    let told = reading(&stage.shared()).continuity(&known).unwrap();
    assert_eq!(
        told,
        Continuity::NewEpoch {
            from: head.head().epoch,
            common
        }
    );
}

#[test]
fn a_server_that_grew_beside_its_own_history_waits_for_a_new_epoch() {
    let mut stage = Stage::found();
    let mut pen = stage.open(ANA, &[], false);
    let backup = stage.log.backup();
    let mut other = pen.clone_of_backup();
    stage.push(ANA, vec![run(&pen.write(1))]);
    let head = stage.head();
    stage.restart_on(backup);
    stage.now += 700;
    stage.push(ANA, vec![run(&other.write(1)), run(&other.write(1))]);
    let mut client = stage.connect(ANA);
    client.resume(&stage, Start::Nothing, Some(head.signed()), Scope::All);
    let told = resumed(&client.drain(&stage));
    assert_eq!(
        told,
        Continuity::Behind {
            common: 0,
            recovering: false
        }
    );
    let push = Ask::Push {
        number: 1,
        healing: false,
        items: vec![run(&other.write(1))],
    };
    let reply = stage.request(ANA, push);
    assert!(matches!(
        reply,
        Reply::Failed {
            code: ErrorCode::Recovering,
            ..
        }
    ));
    assert!(stage.relay.open_epoch(stage.now, stage.workspace).unwrap());
    let mut fresh = stage.pen(ANA, pen.document);
    assert!(is_placed(&stage.push(ANA, vec![run(&fresh.write(1))])[0]));
    // The live session must resume under the new epoch.
    client.drain(&stage);
    assert!(client.closed);
}

/// A device that is told a longer common part than it has leaves the server for good.
#[test]
fn a_new_epoch_names_no_longer_common_part_than_the_device_was_shown() {
    let mut stage = Stage::found();
    let mut pen = stage.open(ANA, &[], false);
    let backup = stage.log.backup();
    let mut other = pen.clone_of_backup();
    let early = stage.head();
    stage.push(ANA, vec![run(&pen.write(1))]);
    let beside = stage.head();
    stage.restart_on(backup);
    stage.now += 700;
    stage.push(ANA, vec![run(&other.write(1)), run(&other.write(1))]);
    assert!(stage.relay.open_epoch(stage.now, stage.workspace).unwrap());
    let shared = stage.shared();
    let workspace = reading(&shared);
    let common = |head| match workspace.continuity(head).unwrap() {
        Continuity::NewEpoch { common, .. } => common,
        other => panic!("{other:?}"),
    };
    assert_eq!(common(&early), early.head().size);
    // What stood there for this device stands there no more, and nobody knows from where on.
    assert_eq!(common(&beside), 0);
}

#[test]
fn a_server_told_to_opens_a_new_epoch_by_itself_after_waiting() {
    let mut stage = Stage::found();
    let mut pen = stage.open(ANA, &[], false);
    let backup = stage.log.backup();
    stage.push(ANA, vec![run(&pen.write(1))]);
    let head = stage.head();
    let on_loss = OnLoss::NewEpochAfterMs(60_000);
    stage.restart_with(
        backup,
        RelayConfig {
            on_loss,
            ..RelayConfig::default()
        },
    );
    let mut client = stage.connect(ANA);
    client.resume(&stage, Start::Nothing, Some(head.signed()), Scope::All);
    let work = stage.pen(ANA, pen.document).write(1);
    let push = |stage: &Stage| {
        let ask = Ask::Push {
            number: 1,
            healing: false,
            items: vec![run(&work)],
        };
        stage.request(ANA, ask)
    };
    stage.now += 59_999;
    assert!(matches!(
        push(&stage),
        Reply::Failed {
            code: ErrorCode::Recovering,
            ..
        }
    ));
    stage.now += 1;
    assert!(matches!(push(&stage), Reply::Answers { .. }));
    assert_ne!(stage.head().head().epoch, head.head().epoch);
}

#[test]
fn a_workspace_lost_whole_is_remembered_over_a_restart_and_begins_again_when_it_is_given_up() {
    let mut stage = Stage::found();
    let genesis = genesis();
    let (id, head) = (stage.workspace, stage.head().signed().clone());
    stage.restart_on(MemoryLog::new());
    let resume = |stage: &Stage, head| {
        let mut ana = stage.connect(ANA);
        ana.resume(stage, Start::Nothing, Some(head), Scope::All);
        ana.drain(stage).remove(0)
    };
    assert!(stage.relay.lost().is_empty());
    let behind = resume(&stage, &head);
    assert!(matches!(
        behind,
        ServerFrame::Resumed {
            continuity: Continuity::Behind {
                common: 0,
                recovering: true
            },
            ..
        }
    ));
    stage.restart_on(stage.log.backup());
    assert_eq!(stage.relay.lost(), [(id, true)]);
    stage.now += 1;
    assert!(stage.relay.open_epoch(stage.now, id).unwrap());
    stage.restart_on(stage.log.backup());
    assert_eq!(stage.relay.lost(), [(id, false)]);
    let ServerFrame::Resumed {
        head: fresh,
        continuity: Continuity::NewEpoch { common: 0, .. },
        ..
    } = resume(&stage, &head)
    else {
        panic!("no new epoch")
    };
    let unknown = resume(&stage, &fresh);
    assert!(matches!(
        unknown,
        ServerFrame::Error {
            code: ErrorCode::UnknownWorkspace,
            ..
        }
    ));
    stage.now += 1_000_000;
    let answers = stage.push(ANA, vec![PushItem::Roster(genesis.clone())]);
    let [Answer::Placed(places)] = answers.as_slice() else {
        panic!("not founded again: {answers:?}")
    };
    assert!(places[0].received_ms < stage.now, "as it claims, not now");
    assert!(stage.relay.lost().is_empty());
    assert_ne!(stage.head().head().epoch, head_epoch(&head, id));
}

/// The epoch of a head of this server.
fn head_epoch(
    head: &casework_protocol::log::SignedHead,
    id: casework_protocol::ids::WorkspaceId,
) -> casework_protocol::ids::EpochId {
    head.clone()
        .verify(server_key().server(), id)
        .unwrap()
        .head()
        .epoch
}
