//! Purged documents: payloads go, leaves stay, nothing is taken or handed out any more.

use std::collections::BTreeSet;

use casework_protocol::access::entry::AccessBody;
use casework_protocol::frame::{
    Answer, Logged, ProvedPurge, PushItem, RefusedBecause, ServerFrame, encode,
};
use casework_protocol::ids::DocumentId;
use casework_protocol::log::{EntryKind, Frontier, NodeHash, Nodes, prove_inclusion};

use super::stage::*;
use crate::log::Log as _;
use crate::log::memory::MemoryLog;
use crate::relay::check::check_workspace;
use crate::relay::{Ask, Reply, reading};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
const REQUEST: AccessBody = AccessBody::RequestPurge { days: 30 };

fn run(run: &casework_protocol::seal::SignedRun) -> PushItem {
    PushItem::Run(run.clone())
}

fn hold(legal_hold: bool) -> AccessBody {
    AccessBody::Change {
        add: Vec::new(),
        remove: Vec::new(),
        restricted: None,
        legal_hold: Some(legal_hold),
    }
}

fn say(stage: &Stage, by: u8, document: DocumentId, body: AccessBody) -> Answer {
    let entry = stage.access(by, document, body);
    stage.push(by, vec![entry]).remove(0)
}

/// One case with admitted and held runs and an equivocation, another one beside it, and a request
/// to purge the first that has waited its days; with a pen for each.
fn due() -> (Stage, Pen, Pen) {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let mut pen = stage.open(ANA, &[2], false);
    // One that knows nothing of what is held and goes on under an actor of its own.
    let mut spare = stage.pen(ANA, pen.document);
    let mut clone = pen.clone_of_backup();
    let mut other = stage.open(2, &[2], false);
    let mut late = stage.pen(2, pen.document);
    stage.take_role(2, "operator");
    assert!(is_held(&stage.push(2, vec![run(&late.write(2))])[0]));
    stage.give_role(2, "operator");
    stage.push(ANA, vec![run(&pen.write(3))]);
    clone.cites = stage.cite(pen.document);
    stage.push(ANA, vec![run(&clone.write(1))]);
    other.cites = stage.cite(other.document);
    stage.push(2, vec![run(&other.write(2))]);
    stage.now += 1;
    assert!(is_placed(&say(&stage, ANA, pen.document, REQUEST)));
    stage.now += 30 * DAY_MS;
    spare.cites = stage.cite(pen.document);
    (stage, spare, other)
}

fn purge(stage: &Stage, document: DocumentId) {
    assert!(is_placed(&say(stage, ANA, document, AccessBody::Purge)));
}

/// The payloads of a document, as they travel.
fn payloads(stage: &Stage, document: DocumentId) -> BTreeSet<Vec<u8>> {
    let runs = stage.logged().into_iter().filter_map(|item| match item {
        Logged::Run(logged) => Some(logged.run),
        Logged::Equivocation { run, .. } => Some(run),
        _ => None,
    });
    runs.filter(|run| run.document() == document)
        .flat_map(|run| {
            let changes = run.claimed_hashes().unwrap();
            let bytes: Vec<Vec<u8>> = changes.iter().map(|(_, bytes)| bytes.to_vec()).collect();
            bytes
        })
        .collect()
}

fn assert_without(bytes: &[u8], payloads: &BTreeSet<Vec<u8>>) {
    for payload in payloads {
        let found = bytes.windows(payload.len()).any(|part| part == payload);
        assert!(!found, "a payload is still there");
    }
}

fn assert_sound(stage: &Stage) {
    let server = server_key().server();
    let checked = check_workspace(stage.log.as_ref(), &[server], stage.workspace, &mut |_| {});
    let checked = checked.unwrap();
    assert_eq!(checked.faults, Vec::<String>::new());
    assert_eq!(checked.entries, stage.size());
}

fn documents(items: &[Logged]) -> BTreeSet<DocumentId> {
    items.iter().filter_map(Logged::document).collect()
}

#[test]
fn payloads_go_with_the_purge_and_the_log_stays_what_it_was() {
    let (mut stage, pen, other) = due();
    let gone = payloads(&stage, pen.document);
    let (before, kept) = (stage.logged(), payloads(&stage, other.document));
    assert!(gone.len() >= 7, "{}", gone.len());
    purge(&stage, pen.document);
    assert_sound(&stage);
    let after = stage.logged();
    for (was, is) in before.iter().zip(&after) {
        assert_eq!(was.leaves(), is.leaves());
        let bare = was.bare().filter(|_| was.document() == Some(pen.document));
        assert_eq!(*is, bare.unwrap_or_else(|| was.clone()));
    }
    for record in stage.log.read(stage.workspace, 0, usize::MAX).unwrap() {
        assert_without(&record.item, &gone);
    }
    assert_eq!(payloads(&stage, other.document), kept);
    assert_eq!(stage.log.held(stage.workspace).unwrap(), []);
    assert_eq!(reading(&stage.shared()).purged_count(), 1);
    // A restart and a backup know the same.
    let image = stage.log.backup();
    stage.restart_on(image);
    assert_sound(&stage);
    assert_eq!(reading(&stage.shared()).purged_count(), 1);
    let answer = say(&stage, ANA, pen.document, hold(true));
    assert_eq!(because(&answer), RefusedBecause::Purged);
}

#[test]
fn nothing_is_taken_for_a_purged_document_and_what_was_taken_keeps_its_place() {
    let (mut stage, mut pen, _) = due();
    let placed = pen.write(2);
    let first = stage.push(ANA, vec![run(&placed)]);
    let mut clone = pen.clone_of_backup();
    let (mine, theirs) = (pen.write(1), clone.write(2));
    let late = stage.pen(2, pen.document).write(1);
    let held = stage.log.held(stage.workspace).unwrap();
    let held: Vec<_> = held[0].changes.iter().map(|change| change.hash).collect();
    purge(&stage, pen.document);
    let size = stage.size();
    assert_eq!(stage.push(ANA, vec![run(&placed)]), first);
    for (by, item) in [(ANA, run(&mine)), (ANA, run(&theirs)), (2, run(&late))] {
        let answer = stage.push(by, vec![item]).remove(0);
        assert_eq!(because(&answer), RefusedBecause::Purged);
    }
    for body in [
        REQUEST,
        AccessBody::CancelPurge,
        AccessBody::Purge,
        viewers(&[3], &[]),
    ] {
        let answer = say(&stage, ANA, pen.document, body);
        assert_eq!(because(&answer), RefusedBecause::Purged);
    }
    // An access entry with its run: neither.
    let entry = stage.access(ANA, pen.document, viewers(&[3], &[]));
    let answers = stage.push(ANA, vec![entry, run(&mine)]);
    assert_eq!(because(&answers[0]), RefusedBecause::Purged);
    assert_eq!(answers[1], Answer::Skipped);
    let adopted = stage.adopt(ANA, pen.document, &held);
    assert_eq!(because(&adopted), RefusedBecause::Purged);
    assert_eq!(stage.size(), size);
}

#[test]
fn a_purge_is_refused_before_its_day_under_a_hold_and_by_whoever_may_not_erase() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let pen = stage.open(ANA, &[2], false);
    let document = pen.document;
    for body in [REQUEST, AccessBody::CancelPurge, AccessBody::Purge] {
        let answer = say(&stage, 2, document, body);
        assert_eq!(because(&answer), RefusedBecause::Denied);
    }
    let nothing = say(&stage, ANA, document, AccessBody::Purge);
    assert_eq!(because(&nothing), RefusedBecause::Entry);
    assert!(is_placed(&say(&stage, ANA, document, REQUEST)));
    stage.now += 30 * DAY_MS - 1;
    let early = say(&stage, ANA, document, AccessBody::Purge);
    assert_eq!(because(&early), RefusedBecause::Entry);
    stage.now += 1;
    assert!(is_placed(&say(&stage, ANA, document, hold(true))));
    let held = say(&stage, ANA, document, AccessBody::Purge);
    assert_eq!(because(&held), RefusedBecause::Entry);
    assert!(!payloads(&stage, document).is_empty());
    assert!(is_placed(&say(&stage, ANA, document, hold(false))));
    purge(&stage, document);
    assert!(payloads(&stage, document).is_empty());
}

#[test]
fn what_is_pushed_together_with_the_purge_goes_with_it() {
    let (stage, mut pen, _) = due();
    let last = pen.write(2);
    let entry = stage.access(ANA, pen.document, AccessBody::Purge);
    let answers = stage.push(ANA, vec![run(&last), entry]);
    assert!(answers.iter().all(is_placed), "{answers:?}");
    assert!(payloads(&stage, pen.document).is_empty());
    assert_sound(&stage);
}

#[test]
fn followers_get_the_purge_and_leaves_and_no_content_wherever_they_were() {
    let (stage, pen, other) = due();
    let gone = payloads(&stage, pen.document);
    let (mut live, _) = stage.first_sync(2);
    purge(&stage, pen.document);
    let told = live.drain(&stage);
    let [Logged::Access { document, .. }] = items(&told)[..] else {
        panic!("{told:?}")
    };
    assert_eq!(document, pen.document);
    for from in 0..stage.size() {
        let mut behind = stage.connect(2);
        behind.resume_at(&stage, from);
        let frames = behind.drain(&stage);
        frames
            .iter()
            .for_each(|frame| assert_without(&encode(frame), &gone));
    }
    let (_, frames) = stage.first_sync(2);
    frames
        .iter()
        .for_each(|frame| assert_without(&encode(frame), &gone));
    let got = items(&frames);
    assert_eq!(
        documents(&got),
        BTreeSet::from([pen.document, other.document])
    );
    let leaves = |items: &[Logged]| {
        let here = items
            .iter()
            .filter(|item| item.document() == Some(pen.document));
        here.flat_map(|item| item.leaves().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(leaves(&got), leaves(&stage.logged()));
    let complete = frames.iter().any(|frame| {
        matches!(frame, ServerFrame::Document { document, .. } if *document == pen.document)
    });
    assert!(complete, "{frames:?}");
}

struct Leaves(Vec<(u8, u64, NodeHash)>);

impl Nodes for Leaves {
    type Error = ();

    fn node(&self, level: u8, index: u64) -> Result<NodeHash, ()> {
        let found = self.0.iter().find(|(l, i, _)| (*l, *i) == (level, index));
        found.map(|(_, _, hash)| *hash).ok_or(())
    }
}

/// Proof that the purge in these items stands under the head of their whole log.
fn proved(items: &[Logged], document: DocumentId) -> ProvedPurge {
    let (mut frontier, mut nodes) = (Frontier::new(), Vec::new());
    for leaf in items.iter().flat_map(|item| item.leaves().unwrap()) {
        frontier.append(leaf.leaf_hash(), &mut |level, index, hash| {
            nodes.push((level, index, hash));
        });
    }
    let here =
        |item: &&Logged| item.document() == Some(document) && matches!(item, Logged::Access { .. });
    let item = items.iter().rfind(here).unwrap().clone();
    let proof = prove_inclusion(&Leaves(nodes), item.seq(), frontier.size()).unwrap();
    ProvedPurge { item, proof }
}

#[test]
fn an_emptied_server_takes_leaves_back_where_the_purge_is_proved_and_only_there() {
    let (mut stage, pen, other) = due();
    purge(&stage, pen.document);
    let (head, items) = (stage.head(), stage.logged());
    let before = stage.log.read(stage.workspace, 0, usize::MAX).unwrap();
    let good = proved(&items, pen.document);
    let restore = |stage: &Stage, items: &[Logged], purges: Vec<ProvedPurge>| {
        stage.request(
            ANA,
            Ask::Restore {
                head: head.clone(),
                items: items.to_vec(),
                proof: None,
                purges,
            },
        )
    };
    stage.restart_on(MemoryLog::new());
    let refused = |reply: &Reply| assert!(matches!(reply, Reply::Failed { .. }), "{reply:?}");
    refused(&restore(&stage, &items, Vec::new()));
    // Somebody would like to make another case go: its request proves no purge.
    let bare: Vec<Logged> = items
        .iter()
        .map(|item| item.bare().unwrap_or_else(|| item.clone()))
        .collect();
    refused(&restore(&stage, &bare, vec![good.clone()]));
    let mut other_entry = good.clone();
    other_entry.item = proved(&items, other.document).item;
    refused(&restore(&stage, &bare, vec![good.clone(), other_entry]));
    let mut moved = good.clone();
    if let Logged::Access { received_ms, .. } = &mut moved.item {
        *received_ms += 1;
    }
    refused(&restore(&stage, &items, vec![moved]));
    let reply = restore(&stage, &items, vec![good]);
    assert_eq!(reply, Reply::Restored(head.head().size));
    assert_eq!(
        stage.log.read(stage.workspace, 0, usize::MAX).unwrap(),
        before
    );
    assert_sound(&stage);
    assert!(reading(&stage.shared()).recovery().is_none());
    assert_eq!(reading(&stage.shared()).purged_count(), 1);
    let image = stage.log.backup();
    stage.restart_on(image);
    assert_sound(&stage);
}

#[test]
fn a_server_restored_from_before_the_purge_takes_it_back_and_its_content_goes_again() {
    let (mut stage, mut pen, _) = due();
    let backup = stage.log.backup();
    let size = usize::try_from(stage.size()).unwrap();
    stage.push(ANA, vec![run(&pen.write(2))]);
    purge(&stage, pen.document);
    let (head, items) = (stage.head(), stage.logged());
    let good = proved(&items, pen.document);
    stage.restart_on(backup);
    assert!(!payloads(&stage, pen.document).is_empty());
    let lost: Vec<Logged> = items
        .iter()
        .filter(|item| item.seq() >= size as u64)
        .cloned()
        .collect();
    let reply = stage.request(
        ANA,
        Ask::Restore {
            head: head.clone(),
            items: lost,
            proof: None,
            purges: vec![good],
        },
    );
    assert_eq!(reply, Reply::Restored(head.head().size));
    assert!(payloads(&stage, pen.document).is_empty());
    assert_eq!(stage.logged(), items);
    assert_sound(&stage);
}

#[test]
fn a_check_finds_content_that_is_gone_unpurged_and_content_that_a_purge_left() {
    let (stage, pen, other) = due();
    let records = stage.log.read(stage.workspace, 0, usize::MAX).unwrap();
    purge(&stage, pen.document);
    let faults = |document: DocumentId, bare: bool| {
        let log = stage.log.backup();
        let mut changed = records
            .iter()
            .filter(|record| record.document == document && record.kind == EntryKind::Change);
        let mut record = changed.next().unwrap().clone();
        if bare {
            let item: Logged = minicbor::decode(&record.item).unwrap();
            record.item = encode(&item.bare().unwrap());
        }
        log.damage(stage.workspace, record);
        let checked = check_workspace(&log, &[server_key().server()], stage.workspace, &mut |_| {});
        checked.unwrap().faults
    };
    let gone = faults(other.document, true);
    assert!(gone[0].contains("which nobody purged"), "{gone:?}");
    let left = faults(pen.document, false);
    assert!(left[0].contains("which was purged"), "{left:?}");
}
