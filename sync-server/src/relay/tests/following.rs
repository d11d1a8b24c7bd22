//! What a device is sent: first sync, live, gained and lost sight, held work, scopes, credit.

use std::sync::Arc;

use casework_protocol::frame::{
    ClientFrame, Continuity, Cursor, ErrorCode, Logged, PushItem, Scope, ServerFrame, Standing,
    Start, encode,
};
use casework_protocol::ids::DocumentId;
use casework_protocol::rights::{Scope as Where, Verb};

use super::stage::*;
use crate::relay::Output;

pub(super) fn run(run: &casework_protocol::seal::SignedRun) -> PushItem {
    PushItem::Run(run.clone())
}

/// The ends of documents, in the order they were told.
fn ends(frames: &[ServerFrame]) -> Vec<DocumentId> {
    frames
        .iter()
        .filter_map(|frame| match frame {
            ServerFrame::Document { document, .. } => Some(*document),
            _ => None,
        })
        .collect()
}

fn evicted(frames: &[ServerFrame]) -> Vec<DocumentId> {
    frames
        .iter()
        .filter_map(|frame| match frame {
            ServerFrame::Evict(document) => Some(*document),
            _ => None,
        })
        .collect()
}

fn is_caught_up(frames: &[ServerFrame]) -> bool {
    matches!(frames.last(), Some(ServerFrame::CaughtUp { .. }))
}

#[test]
fn a_first_sync_brings_the_roster_and_then_documents_newest_first() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let (mut one, two) = (stage.open(ANA, &[], false), stage.open(ANA, &[], false));
    stage.push(ANA, vec![run(&one.write(2))]);
    let (_, frames) = stage.first_sync(2);
    assert!(matches!(
        frames[0],
        ServerFrame::Resumed {
            continuity: Continuity::First,
            entries: 9,
            bundles: 0,
            ..
        }
    ));
    let roster = items(&frames[1..2]);
    assert!(
        roster
            .iter()
            .all(|item| matches!(item, Logged::Roster { .. }))
    );
    assert_eq!(roster.len(), 3);
    assert_eq!(
        ends(&frames),
        [one.document, two.document],
        "one was touched last"
    );
    assert_eq!(seqs(&frames), [0, 1, 2, 3, 4, 7, 5, 6]);
    let Some(ServerFrame::CaughtUp { head, proof: None }) = frames.last() else {
        panic!()
    };
    assert_eq!(head, stage.head().signed());
    // The end of it is told as an empty frame that reaches the target.
    let reached = frames
        .iter()
        .any(|frame| matches!(frame, ServerFrame::Entries { items, upto: 9 } if items.is_empty()));
    assert!(reached);
}

/// The document of the first frame after the roster.
fn first_document(frames: &[ServerFrame]) -> Option<DocumentId> {
    items(frames).iter().find_map(Logged::document)
}

#[test]
fn templates_come_first_in_a_first_sync_and_again_while_they_may_be_missing() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let template = stage.open_template(ANA).document;
    let cases: Vec<DocumentId> = (0..3)
        .map(|_| stage.open(ANA, &[], false).document)
        .collect();
    let newer = stage.open_template(ANA).document;
    let target = stage.size();
    let (_, frames) = stage.first_sync(2);
    assert_eq!(first_document(&frames), Some(newer));
    let told: Vec<DocumentId> = items(&frames).iter().filter_map(Logged::document).collect();
    let [newest, .., oldest] = [cases[2], cases[1], cases[0]];
    assert_eq!(told[..4], [newer, newer, template, template]);
    assert_eq!((told[4], told[9]), (newest, oldest));
    // Their ends are no step of the order.
    assert_eq!(ends(&frames), [cases[2], cases[1], cases[0]]);
    assert!(is_caught_up(&frames));
    // Interrupted after the newest case: what stands below it comes, templates first.
    let below = frames.iter().find_map(|frame| match frame {
        ServerFrame::Document { below, .. } => Some(*below),
        _ => None,
    });
    let start = Start::Partway {
        epoch: stage.head().head().epoch,
        target,
        below: below.unwrap(),
    };
    let mut again = stage.connect(2);
    again.resume(&stage, start, None, Scope::All);
    let rest = again.drain(&stage);
    assert_eq!(first_document(&rest), Some(template));
    assert_eq!(ends(&rest), [cases[1], cases[0]]);
    let told = items(&rest);
    assert!(!told.iter().any(|item| item.document() == Some(newer)));
}

#[test]
fn an_interrupted_first_sync_goes_on_and_what_came_meanwhile_follows() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let mut pens: Vec<Pen> = (0..5).map(|_| stage.open(ANA, &[], false)).collect();
    let target = stage.size();
    let mut client = stage.connect(2);
    client.resume(&stage, Start::Nothing, None, Scope::All);
    let mut frames = Vec::new();
    while ends(&frames).len() < 2 {
        frames.extend(client.next(&stage, 1));
    }
    let Some(ServerFrame::Document {
        below,
        target: told,
        ..
    }) = frames.last().cloned()
    else {
        panic!("{frames:?}")
    };
    assert_eq!(told, target);
    // Meanwhile the oldest and the newest grow, and a new one opens.
    stage.push(ANA, vec![run(&pens[0].write(1)), run(&pens[4].write(1))]);
    let fresh = stage.open(ANA, &[], false);
    let mut again = stage.connect(2);
    let epoch = stage.head().head().epoch;
    again.resume(
        &stage,
        Start::Partway {
            epoch,
            target,
            below,
        },
        None,
        Scope::All,
    );
    let rest = again.drain(&stage);
    let expected: Vec<DocumentId> = pens[..3].iter().rev().map(|pen| pen.document).collect();
    assert_eq!(ends(&rest), expected);
    let after: Vec<u64> = seqs(&rest)
        .into_iter()
        .filter(|seq| *seq >= target)
        .collect();
    assert_eq!(after, (target..stage.size()).collect::<Vec<_>>());
    assert!(items(&rest).iter().any(
        |item| matches!(item, Logged::Access { document, .. } if *document == fresh.document)
    ));
    assert!(is_caught_up(&rest));
}

#[test]
fn live_entries_come_as_one_shared_frame_with_a_proof_of_growth() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    stage.join(3, &["operator"]);
    let mut pen = stage.open(ANA, &[], false);
    let (mut one, _) = stage.first_sync(2);
    let (mut two, _) = stage.first_sync(3);
    let before = stage.head();
    stage.push(ANA, vec![run(&pen.write(2)), run(&pen.write(1))]);
    let poll = |client: &mut Client| match client.session.poll(&stage.relay).unwrap() {
        Some(Output::Send(bytes)) => bytes,
        other => panic!("{other:?}"),
    };
    let frames = [poll(&mut one), poll(&mut two)];
    assert!(Arc::ptr_eq(&frames[0], &frames[1]), "encoded once");
    let heads = [poll(&mut one), poll(&mut two)];
    assert!(Arc::ptr_eq(&heads[0], &heads[1]), "proved once");
    let frame: ServerFrame = casework_protocol::frame::decode(&heads[0]).unwrap();
    let ServerFrame::CaughtUp {
        head,
        proof: Some(proof),
    } = frame
    else {
        panic!()
    };
    assert_eq!(&head, stage.head().signed());
    proof
        .verify(&before.head().root, &stage.head().head().root)
        .unwrap();
    assert!(one.session.poll(&stage.relay).unwrap().is_none());
}

#[test]
fn what_a_device_pushed_itself_comes_back_only_after_another_connection() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let mut pen = stage.open(ANA, &[], false);
    let from = stage.size();
    let (mut ana, mut rui) = (stage.connect(ANA), stage.connect(2));
    for client in [&mut ana, &mut rui] {
        client.resume_at(&stage, from);
        client.drain(&stage);
    }
    for (number, changes) in [(1, 2), (2, 1)] {
        let items = vec![run(&pen.write(changes))];
        ana.say(&stage, ClientFrame::Push { number, items });
    }
    stage.push(2, vec![]);
    let mut theirs = stage.pen(2, pen.document);
    theirs.read(&stage);
    stage.push(2, vec![run(&theirs.write(1))]);
    assert_eq!(seqs(&rui.drain(&stage)), [from, from + 2, from + 3]);
    let frames = ana.drain(&stage);
    assert_eq!(seqs(&frames), [from + 3], "what somebody else did");
    assert!(is_caught_up(&frames));
    let mut again = stage.connect(ANA);
    again.resume_at(&stage, from);
    assert_eq!(seqs(&again.drain(&stage)), [from, from + 2, from + 3]);
}

#[test]
fn proofs_of_growth_hold_over_many_commits_and_a_restart() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let mut pen = stage.open(ANA, &[], false);
    for round in 0..40 {
        if round == 20 {
            stage.restart_on(stage.log.backup());
        }
        let mut client = stage.connect(2);
        client.resume_at(&stage, stage.size());
        client.drain(&stage);
        let before = stage.head();
        stage.push(ANA, vec![run(&pen.write(1 + round % 3))]);
        let frames = client.drain(&stage);
        let Some(ServerFrame::CaughtUp {
            proof: Some(proof), ..
        }) = frames.last()
        else {
            panic!("{frames:?}")
        };
        proof
            .verify(&before.head().root, &stage.head().head().root)
            .unwrap();
    }
}

#[test]
fn a_reconnect_with_nothing_new_costs_less_than_a_kilobyte() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    for _ in 0..30 {
        stage.open(ANA, &[], false);
    }
    let head = stage.head();
    let mut client = stage.connect(2);
    let cursor = Cursor {
        epoch: head.head().epoch,
        seq: stage.size(),
    };
    client.resume(&stage, Start::At(cursor), Some(head.signed()), Scope::All);
    let frames = client.drain(&stage);
    let ServerFrame::Resumed {
        continuity: Continuity::Extends(proof),
        entries: 0,
        ..
    } = &frames[0]
    else {
        panic!("{frames:?}")
    };
    proof.verify(&head.head().root, &head.head().root).unwrap();
    assert!(matches!(
        frames[1],
        ServerFrame::CaughtUp { proof: None, .. }
    ));
    assert_eq!(frames.len(), 2);
    let bytes: usize = frames.iter().map(|frame| encode(frame).len()).sum();
    assert!(bytes < 1_000, "{bytes}");
}

#[test]
fn a_restricted_case_is_not_even_mentioned_to_others() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    stage.join(3, &["operator"]);
    let mut secret = stage.open(ANA, &[ANA, 3], true);
    let (mut client, first) = stage.first_sync(2);
    stage.push(ANA, vec![run(&secret.write(1))]);
    let live = client.drain(&stage);
    for frames in [&first, &live] {
        let bytes: Vec<u8> = frames.iter().flat_map(encode).collect();
        let id = secret.document.as_bytes().as_slice();
        assert!(!bytes.windows(16).any(|window| window == id));
        assert!(is_caught_up(frames));
    }
    let (_, named) = stage.first_sync(3);
    assert_eq!(ends(&named), [secret.document]);
}

#[test]
fn who_is_put_on_a_case_gets_it_whole_and_who_is_taken_off_is_told_to_forget_it() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let mut secret = stage.open(ANA, &[ANA], true);
    stage.push(ANA, vec![run(&secret.write(3))]);
    let (mut client, _) = stage.first_sync(2);
    stage.push(
        ANA,
        vec![stage.access(ANA, secret.document, viewers(&[2], &[]))],
    );
    stage.push(ANA, vec![run(&secret.write(1))]);
    let gained = client.drain(&stage);
    assert_eq!(
        seqs(&gained),
        [3, 4, 5, 8, 9],
        "from its beginning, in order, and then on"
    );
    stage.push(
        ANA,
        vec![stage.access(ANA, secret.document, viewers(&[], &[2]))],
    );
    stage.push(ANA, vec![run(&secret.write(1))]);
    let lost = client.drain(&stage);
    assert_eq!(evicted(&lost), [secret.document]);
    // The entry that took it away is shown, nothing after it.
    assert_eq!(seqs(&lost), [10]);
    // A cursor before all that finds the same end.
    let mut late = stage.connect(2);
    late.resume_at(&stage, 3);
    let frames = late.drain(&stage);
    assert_eq!(evicted(&frames), [secret.document]);
    assert!(
        !items(&frames)
            .iter()
            .any(|item| matches!(item, Logged::Run(_))),
        "{frames:?}"
    );
}

#[test]
fn a_role_given_brings_its_cases_and_taken_away_evicts_them() {
    let mut stage = Stage::found();
    stage.define_role("clerk", &[]);
    stage.join(2, &["clerk"]);
    let cases: Vec<Pen> = (0..3).map(|_| stage.open(ANA, &[], false)).collect();
    let (mut client, first) = stage.first_sync(2);
    assert_eq!(ends(&first), []);
    stage.give_role(2, "viewer");
    let gained = client.drain(&stage);
    let mut brought: Vec<DocumentId> = items(&gained)
        .iter()
        .filter_map(|item| match item {
            Logged::Access { document, .. } => Some(*document),
            _ => None,
        })
        .collect();
    brought.sort_unstable();
    let mut all: Vec<DocumentId> = cases.iter().map(|pen| pen.document).collect();
    all.sort_unstable();
    assert_eq!(brought, all);
    assert!(is_caught_up(&gained));
    stage.take_role(2, "viewer");
    let mut gone = evicted(&client.drain(&stage));
    gone.sort_unstable();
    assert_eq!(gone, all);
}

#[test]
fn held_work_goes_to_author_and_adopters_and_to_others_with_its_adoption() {
    let mut stage = Stage::found();
    for n in 2..=4 {
        stage.join(n, &["operator"]);
    }
    let mut secret = stage.open(ANA, &[ANA, 2, 3, 4], true);
    let mut pen = stage.pen(2, secret.document);
    let late = pen.write(2);
    // 2 loses the case and gets it back: what was written before the loss is held.
    stage.push(
        ANA,
        vec![stage.access(ANA, secret.document, viewers(&[], &[2]))],
    );
    stage.push(
        ANA,
        vec![stage.access(ANA, secret.document, viewers(&[2], &[]))],
    );
    let (mut other, _) = stage.first_sync(3);
    let (mut author, _) = stage.first_sync(2);
    let (mut owner, _) = stage.first_sync(ANA);
    let at = stage.size();
    assert!(is_held(&stage.push(2, vec![run(&late)])[0]));
    let told = items(&other.drain(&stage));
    assert!(
        matches!(&told[..], [Logged::Withheld { seq, changes, .. }]
            if *seq == at && *changes == hashes(&late, stage.workspace)),
        "{told:?}"
    );
    for client in [&mut author, &mut owner] {
        let told = items(&client.drain(&stage));
        assert!(matches!(&told[..], [Logged::Run(run)]
            if run.standing == Standing::Held && run.run == late));
    }
    let adoption = stage.adopt(ANA, secret.document, &hashes(&late, stage.workspace));
    assert!(is_placed(&adoption));
    let told = items(&other.drain(&stage));
    assert!(
        matches!(&told[..], [Logged::Roster { .. }, Logged::Run(run)]
            if run.standing == Standing::Adopted && run.run == late && run.seq == at),
        "{told:?}"
    );
    // Whoever comes later gets it in its place; who reads on from before, with the adoption.
    let (_, later) = stage.first_sync(4);
    assert!(
        items(&later)
            .iter()
            .any(|item| matches!(item, Logged::Run(run) if run.standing == Standing::Adopted))
    );
    let mut behind = stage.connect(4);
    behind.resume_at(&stage, at);
    let told = items(&behind.drain(&stage));
    assert!(matches!(
        &told[..],
        [
            Logged::Withheld { .. },
            Logged::Roster { .. },
            Logged::Run(_)
        ]
    ));
    secret.read(&stage);
    assert!(is_placed(&stage.push(ANA, vec![run(&secret.write(1))])[0]));
}

#[test]
fn who_becomes_an_adopter_gets_what_is_held() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    stage.join(3, &["operator"]);
    let case = stage.open(ANA, &[], false);
    let late = stage.pen(2, case.document).write(1);
    stage.revoke(2);
    stage.push(2, vec![run(&late)]);
    let (mut client, first) = stage.first_sync(3);
    assert!(
        !items(&first)
            .iter()
            .any(|item| matches!(item, Logged::Run(r) if r.run == late))
    );
    stage.define_role("judge", &[(Verb::Adopt, Where::All)]);
    stage.give_role(3, "judge");
    let told = items(&client.drain(&stage));
    assert!(
        told.iter()
            .any(|item| matches!(item, Logged::Run(r) if r.run == late)),
        "{told:?}"
    );
}

#[test]
fn a_scope_narrows_what_comes_and_a_fetch_brings_one_more() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let mut other = stage.open(ANA, &[], false);
    let mine = stage.open(ANA, &[2], false);
    let sync = |scope: Scope| {
        let mut client = stage.connect(2);
        client.resume(&stage, Start::Nothing, None, scope);
        let frames = client.drain(&stage);
        (client, ends(&frames))
    };
    assert_eq!(sync(Scope::All).1, [mine.document, other.document]);
    assert_eq!(sync(Scope::Team).1, [mine.document]);
    assert_eq!(
        sync(Scope::Listed(vec![other.document])).1,
        [other.document]
    );
    assert_eq!(sync(Scope::Templates(vec![DocumentId::new([1; 16])])).1, []);
    let template = DocumentId::new([200; 16]);
    assert_eq!(sync(Scope::Templates(vec![template])).1.len(), 2);
    let (mut client, first) = sync(Scope::Mine);
    assert_eq!(first, [mine.document]);
    stage.push(ANA, vec![run(&other.write(1))]);
    assert!(seqs(&client.drain(&stage)).is_empty());
    client.say(
        &stage,
        ClientFrame::Fetch {
            document: other.document,
            bundle: true,
        },
    );
    let fetched = client.drain(&stage);
    assert_eq!(ends(&fetched), [other.document]);
    assert_eq!(seqs(&fetched), [3, 4, 7]);
    // From here on it is followed.
    stage.push(ANA, vec![run(&other.write(1))]);
    assert_eq!(seqs(&client.drain(&stage)), [8]);
    let document = DocumentId::new([9; 16]);
    client.say(
        &stage,
        ClientFrame::Fetch {
            document,
            bundle: true,
        },
    );
    let told = client.drain(&stage);
    assert!(matches!(
        told[..],
        [ServerFrame::Error {
            code: ErrorCode::NotFound,
            ..
        }]
    ));
}

#[test]
fn nothing_is_sent_beyond_the_credit() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let mut pen = stage.open(ANA, &[], false);
    for _ in 0..20 {
        stage.push(ANA, vec![run(&pen.write(100))]);
    }
    let mut client = stage.connect(2);
    let (start, head, scope) = (Start::Nothing, None, Scope::All);
    client.say(
        &stage,
        ClientFrame::Resume {
            start,
            head,
            scope,
            credit: 100_000,
        },
    );
    let sent = client.drain(&stage);
    let bytes: usize = sent.iter().map(|frame| encode(frame).len()).sum();
    assert!((100_000..400_000).contains(&bytes), "{bytes}");
    assert!(!is_caught_up(&sent));
    assert!(client.drain(&stage).is_empty());
    client.say(&stage, ClientFrame::Credit(u64::MAX));
    let rest = client.drain(&stage);
    assert!(is_caught_up(&rest));
    let all: Vec<u64> = seqs(&sent).into_iter().chain(seqs(&rest)).collect();
    assert_eq!(all.len(), 3 + 2 + 20);
}
