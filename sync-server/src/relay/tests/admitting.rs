//! What enters the log, with which standing, and what is answered instead.

use casework_protocol::citation::CitedVersion;
use casework_protocol::frame::{Answer, Logged, PushItem, RefusedBecause, Standing};
use casework_protocol::ids::{ChangeHash, DocumentId, EntryHash};
use casework_protocol::keys::Signature;
use casework_protocol::seal::SignedRun;

use super::stage::*;
use crate::relay::{Ask, RelayConfig, Request, reading};

fn run(run: &SignedRun) -> PushItem {
    PushItem::Run(run.clone())
}

/// Answers that refuse leave the log as it was.
fn refused(stage: &Stage, by: u8, item: PushItem) -> RefusedBecause {
    let size = stage.size();
    let answer = stage.push(by, vec![item]).remove(0);
    assert_eq!(stage.size(), size, "{answer:?}");
    because(&answer)
}

#[test]
fn a_case_and_its_changes_are_placed_in_order() {
    let mut stage = Stage::found();
    stage.now = 5_000;
    let (access, mut pen) = stage.case(ANA, &[], false);
    let answers = stage.push(ANA, vec![access, run(&pen.write(3)), run(&pen.write(1))]);
    assert_eq!(answers[0], place(1, 0, 4_000));
    let Answer::Placed(places) = &answers[1] else {
        panic!("{answers:?}")
    };
    let seen: Vec<_> = places
        .iter()
        .map(|p| (p.seq, p.document_seq, p.held))
        .collect();
    assert_eq!(seen, [(2, 1, false), (3, 2, false), (4, 3, false)]);
    assert_eq!(answers[2], place(5, 4, 4_000));
    assert_eq!(stage.size(), 6);
}

#[test]
fn the_signed_head_covers_the_leaves_of_the_stored_items() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let mut pen = stage.open(ANA, &[], false);
    stage.push(ANA, vec![run(&pen.write(4))]);
    let mut frontier = casework_protocol::log::Frontier::new();
    for leaf in stage
        .logged()
        .iter()
        .flat_map(|item| item.leaves().unwrap())
    {
        frontier.append(leaf.leaf_hash(), &mut |_, _, _| {});
    }
    assert_eq!(frontier.root(), stage.head().head().root);
    assert_eq!(frontier.size(), stage.size());
}

#[test]
fn a_known_run_gets_the_same_places_again() {
    let mut stage = Stage::found();
    let mut pen = stage.open(ANA, &[], false);
    let work = pen.write(3);
    let first = stage.push(ANA, vec![run(&work)]);
    stage.now = 9_000;
    assert_eq!(stage.push(ANA, vec![run(&work)]), first);
    // In one batch too.
    let more = pen.write(2);
    let twice = stage.push(ANA, vec![run(&more), run(&more)]);
    assert_eq!(twice[0], twice[1]);
}

#[test]
fn a_run_that_begins_with_known_changes_adds_only_the_others() {
    let mut stage = Stage::found();
    let mut pen = stage.open(ANA, &[], false);
    let mut again = pen.clone_of_backup();
    let short = pen.write(2);
    let first = stage.push(ANA, vec![run(&short)]).remove(0);
    let size = stage.size();
    let long = again.write(4);
    assert_eq!(
        hashes(&long, stage.workspace)[..2],
        hashes(&short, stage.workspace)
    );
    let answer = stage.push(ANA, vec![run(&long)]).remove(0);
    let (Answer::Placed(first), Answer::Placed(places)) = (first, answer) else {
        panic!()
    };
    assert_eq!(places[..2], first[..]);
    assert_eq!(
        places[2..].iter().map(|p| p.seq).collect::<Vec<_>>(),
        [size, size + 1]
    );
    assert_eq!(stage.size(), size + 2);
}

#[test]
fn a_run_that_builds_on_unknown_changes_is_told_which_are_missing() {
    let mut stage = Stage::found();
    let mut pen = stage.open(ANA, &[], false);
    let (first, second) = (pen.write(2), pen.write(1));
    let size = stage.size();
    let answer = stage.push(ANA, vec![run(&second)]).remove(0);
    assert_eq!(
        answer,
        Answer::Missing(vec![hashes(&first, stage.workspace)[1]])
    );
    assert_eq!(stage.size(), size);
    let answers = stage.push(ANA, vec![run(&first), run(&second)]);
    assert!(answers.iter().all(is_placed));
}

#[test]
fn a_change_of_another_document_is_no_dependency() {
    let mut stage = Stage::found();
    let (mut one, two) = (stage.open(ANA, &[], false), stage.open(ANA, &[], false));
    let stray = one.write(1);
    // The gate derives the actor from the document, so a run moved elsewhere fails there.
    let work = stray
        .clone()
        .check(stage.workspace)
        .unwrap()
        .verify()
        .unwrap();
    let bytes = work
        .changes()
        .iter()
        .map(|change| change.bytes().to_vec())
        .collect();
    let moved = SignedRun::from_parts(two.document, device(ANA), bytes, work.signature());
    assert_eq!(refused(&stage, ANA, run(&moved)), RefusedBecause::Gate);
}

#[test]
fn a_forged_signature_is_refused() {
    let mut stage = Stage::found();
    let mut pen = stage.open(ANA, &[], false);
    let work = pen
        .write(1)
        .check(stage.workspace)
        .unwrap()
        .verify()
        .unwrap();
    let bytes = work
        .changes()
        .iter()
        .map(|change| change.bytes().to_vec())
        .collect();
    let forged = SignedRun::from_parts(pen.document, device(ANA), bytes, Signature::new([5; 64]));
    assert_eq!(
        refused(&stage, ANA, run(&forged)),
        RefusedBecause::Signature
    );
}

#[test]
fn bytes_that_are_no_change_are_refused_by_the_gate() {
    let mut stage = Stage::found();
    let pen = stage.open(ANA, &[], false);
    let junk = vec![b"junk".to_vec()];
    let junk = SignedRun::from_parts(pen.document, device(ANA), junk, Signature::new([5; 64]));
    assert_eq!(refused(&stage, ANA, run(&junk)), RefusedBecause::Gate);
    let none = SignedRun::from_parts(pen.document, device(ANA), vec![], Signature::new([5; 64]));
    assert_eq!(refused(&stage, ANA, run(&none)), RefusedBecause::TooMuch);
}

#[test]
fn a_run_for_a_document_without_access_record_is_refused() {
    let mut stage = Stage::found();
    let (_, mut pen) = stage.case(ANA, &[], false);
    let work = pen.write(1);
    assert_eq!(
        refused(&stage, ANA, run(&work)),
        RefusedBecause::UnknownDocument
    );
}

#[test]
fn only_the_author_pushes_its_work_except_to_heal() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    stage.define_role("clerk", &[]);
    stage.join(3, &["clerk"]);
    let mut pen = stage.open(ANA, &[], false);
    let work = pen.write(1);
    assert_eq!(refused(&stage, 2, run(&work)), RefusedBecause::NotYours);
    // Healing needs sight of the document, which the clerk has not.
    let answer = stage.push_as(3, true, vec![run(&work)]).remove(0);
    assert_eq!(because(&answer), RefusedBecause::NotYours);
    assert!(is_placed(&stage.push_as(2, true, vec![run(&work)])[0]));
}

#[test]
fn a_citation_of_another_history_or_the_future_is_refused() {
    let mut stage = Stage::found();
    let mut pen = stage.open(ANA, &[], false);
    let good = pen.cites;
    pen.cites.roster = CitedVersion::of(good.roster.version, &EntryHash::new([3; 32]));
    let work = pen.clone_of_backup().write(1);
    assert_eq!(refused(&stage, ANA, run(&work)), RefusedBecause::Citation);
    pen.cites.roster = CitedVersion::of(99, &EntryHash::new([3; 32]));
    let work = pen.clone_of_backup().write(1);
    assert_eq!(refused(&stage, ANA, run(&work)), RefusedBecause::Citation);
    pen.cites = good;
    pen.cites.access = CitedVersion::of(7, &EntryHash::new([3; 32]));
    let work = pen.clone_of_backup().write(1);
    assert_eq!(refused(&stage, ANA, run(&work)), RefusedBecause::Citation);
}

#[test]
fn a_change_may_not_cite_less_than_what_it_builds_on() {
    let mut stage = Stage::found();
    let mut pen = stage.open(ANA, &[], false);
    let old = pen.cites;
    stage.join(2, &["operator"]);
    pen.read(&stage);
    assert!(is_placed(&stage.push(ANA, vec![run(&pen.write(1))])[0]));
    pen.cites = old;
    let work = pen.write(1);
    assert_eq!(refused(&stage, ANA, run(&work)), RefusedBecause::Citation);
}

#[test]
fn who_never_saw_the_document_is_denied() {
    let mut stage = Stage::found();
    stage.define_role("clerk", &[]);
    stage.join(3, &["clerk"]);
    let case = stage.open(ANA, &[], false);
    let mut pen = stage.pen(3, case.document);
    let work = pen.write(1);
    assert_eq!(refused(&stage, 3, run(&work)), RefusedBecause::Denied);
}

#[test]
fn work_of_a_device_revoked_meanwhile_is_held() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let case = stage.open(ANA, &[], false);
    let mut pen = stage.pen(2, case.document);
    let late = pen.write(2);
    stage.revoke(2);
    let answer = stage.push(2, vec![run(&late)]).remove(0);
    assert!(is_held(&answer), "{answer:?}");
    // Written after the revocation was known: no right at the cited version.
    pen.cites = stage.cite(case.document);
    let after = pen.write(1);
    assert_eq!(refused(&stage, 2, run(&after)), RefusedBecause::Denied);
}

#[test]
fn an_unrelated_role_change_holds_nobodys_work() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    stage.join(3, &["operator"]);
    let case = stage.open(ANA, &[], false);
    let mut pen = stage.pen(2, case.document);
    let late = pen.write(1);
    stage.take_role(3, "operator");
    assert!(is_placed(&stage.push(2, vec![run(&late)])[0]));
}

#[test]
fn a_case_opened_offline_by_somebody_revoked_meanwhile_is_held() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let (access, mut pen) = stage.case(2, &[2], false);
    stage.revoke(2);
    let answers = stage.push(2, vec![access, run(&pen.write(1))]);
    assert!(is_placed(&answers[0]), "{answers:?}");
    assert!(is_held(&answers[1]), "{answers:?}");
}

#[test]
fn a_change_that_builds_on_held_work_is_held() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let case = stage.open(ANA, &[], false);
    let late = stage.pen(2, case.document).write(1);
    stage.revoke(2);
    assert!(is_held(&stage.push(2, vec![run(&late)])[0]));
    let mut pen = stage.pen(ANA, case.document);
    let on_top = pen.write(1);
    assert!(is_held(&stage.push(ANA, vec![run(&on_top)])[0]));
    // Beside it is not on top of it.
    let mut beside = case;
    assert!(is_placed(&stage.push(ANA, vec![run(&beside.write(1))])[0]));
}

#[test]
fn an_adoption_releases_a_closed_set_of_whole_runs() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let case = stage.open(ANA, &[], false);
    let late = stage.pen(2, case.document).write(3);
    stage.revoke(2);
    stage.push(2, vec![run(&late)]);
    let on_top = stage.pen(ANA, case.document).write(1);
    stage.push(ANA, vec![run(&on_top)]);
    let (below, above) = (
        hashes(&late, stage.workspace),
        hashes(&on_top, stage.workspace),
    );
    let size = stage.size();
    let part = stage.adopt(ANA, case.document, &below[..2]);
    assert_eq!(because(&part), RefusedBecause::Entry);
    let open = stage.adopt(ANA, case.document, &above);
    assert_eq!(because(&open), RefusedBecause::Entry);
    assert_eq!(stage.size(), size);
    assert!(is_placed(&stage.adopt(ANA, case.document, &below)));
    assert!(is_placed(&stage.adopt(ANA, case.document, &above)));
    let again = stage.push(2, vec![run(&late)]).remove(0);
    assert!(is_placed(&again), "released: {again:?}");
    // Survives a restart, and what builds on it now is free.
    stage.restart_on(stage.log.backup());
    let more = stage.pen(ANA, case.document).write(1);
    assert!(is_placed(&stage.push(ANA, vec![run(&more)])[0]));
}

#[test]
fn who_may_not_adopt_a_document_releases_nothing() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    stage.join(3, &["operator"]);
    let case = stage.open(ANA, &[], false);
    let late = stage.pen(2, case.document).write(1);
    stage.revoke(2);
    stage.push(2, vec![run(&late)]);
    let answer = stage.adopt(3, case.document, &hashes(&late, stage.workspace));
    assert_eq!(because(&answer), RefusedBecause::Denied);
    let nowhere = stage.adopt(ANA, DocumentId::new([1; 16]), &[ChangeHash::new([1; 32])]);
    assert_eq!(because(&nowhere), RefusedBecause::UnknownDocument);
}

#[test]
fn held_work_of_one_device_is_bounded_by_what_the_server_was_told() {
    let usual = RelayConfig::default();
    assert_eq!(usual.held_changes, 10_000);
    let mut stage = Stage::found_with(RelayConfig {
        held_changes: 1_000,
        ..usual
    });
    stage.join(2, &["operator"]);
    let case = stage.open(ANA, &[], false);
    let mut pen = stage.pen(2, case.document);
    let work: Vec<SignedRun> = (0..5).map(|_| pen.write(250)).collect();
    stage.revoke(2);
    let (last, rest) = work.split_last().unwrap();
    for work in rest {
        assert!(is_held(&stage.push(2, vec![run(work)])[0]));
    }
    assert_eq!(refused(&stage, 2, run(last)), RefusedBecause::TooMuch);
}

#[test]
fn an_equivocation_is_logged_as_proof_and_closes_the_actor() {
    let mut stage = Stage::found();
    let mut pen = stage.open(ANA, &[], false);
    let mut clone = pen.clone_of_backup();
    let first = pen.write(1);
    stage.push(ANA, vec![run(&first)]);
    stage.join(2, &["operator"]);
    clone.cites = stage.cite(pen.document);
    let other = clone.write(1);
    assert_ne!(
        hashes(&first, stage.workspace),
        hashes(&other, stage.workspace)
    );
    let size = stage.size();
    let answer = stage.push(ANA, vec![run(&other)]).remove(0);
    assert_eq!(because(&answer), RefusedBecause::Equivocation);
    assert_eq!(stage.size(), size + 1, "the proof is logged");
    let last = stage.logged().pop().unwrap();
    assert!(matches!(last, Logged::Equivocation { run, .. } if run == other));
    // Once is enough, the first one still stands, and nothing more comes from this actor.
    assert_eq!(
        refused(&stage, ANA, run(&other)),
        RefusedBecause::ActorClosed
    );
    assert!(is_placed(&stage.push(ANA, vec![run(&first)])[0]));
    let more = pen.write(1);
    assert_eq!(
        refused(&stage, ANA, run(&more)),
        RefusedBecause::ActorClosed
    );
    stage.restart_on(stage.log.backup());
    assert_eq!(
        refused(&stage, ANA, run(&more)),
        RefusedBecause::ActorClosed
    );
    // Under a fresh actor the device goes on.
    let mut fresh = stage.pen(ANA, pen.document);
    assert!(is_placed(&stage.push(ANA, vec![run(&fresh.write(1))])[0]));
}

#[test]
fn an_entry_that_does_not_follow_the_head_is_stale() {
    let mut stage = Stage::found();
    let (one, two) = (
        stage.invite(2, &["operator"]),
        stage.invite(3, &["operator"]),
    );
    assert!(is_placed(&stage.push(ANA, vec![one.clone()])[0]));
    assert_eq!(stage.push(ANA, vec![two]), [Answer::Stale(2)]);
    // The same one again is no news.
    assert_eq!(stage.push(ANA, vec![one]), [place(1, 0, 0)]);
    let case = stage.open(ANA, &[], false);
    let one = stage.access(ANA, case.document, viewers(&[1], &[]));
    let two = stage.access(ANA, case.document, restrict(true));
    let first = stage.push(ANA, vec![one.clone()]);
    assert!(is_placed(&first[0]));
    assert_eq!(stage.push(ANA, vec![two]), [Answer::Stale(2)]);
    assert_eq!(stage.push(ANA, vec![one]), first);
}

#[test]
fn an_entry_against_the_rules_is_refused() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let case = stage.open(ANA, &[], false);
    let body = change_roles(2, &["owner"], &[]);
    assert_eq!(because(&stage.say(2, body)), RefusedBecause::Denied);
    let unknown = change_roles(2, &["nothing"], &[]);
    assert_eq!(because(&stage.say(ANA, unknown)), RefusedBecause::Entry);
    let restricting = stage.access(2, case.document, restrict(true));
    assert_eq!(refused(&stage, 2, restricting), RefusedBecause::Denied);
    let PushItem::Access { entry, .. } = stage.case(ANA, &[], false).0 else {
        panic!()
    };
    let document = DocumentId::new([1; 16]);
    let elsewhere = PushItem::Access { document, entry };
    assert_eq!(
        refused(&stage, ANA, elsewhere),
        RefusedBecause::UnknownDocument
    );
}

#[test]
fn an_access_entry_and_its_run_succeed_or_fail_together() {
    let mut stage = Stage::found();
    let (access, mut pen) = stage.case(ANA, &[], false);
    pen.cites.roster = CitedVersion::of(99, &EntryHash::new([3; 32]));
    let bad = pen.clone_of_backup().write(1);
    let size = stage.size();
    let answers = stage.push(ANA, vec![access.clone(), run(&bad)]);
    assert_eq!(answers[0], Answer::Skipped);
    assert_eq!(because(&answers[1]), RefusedBecause::Citation);
    assert_eq!(stage.size(), size);
    assert!(reading(&stage.shared()).access(pen.document).is_none());
    // Corrected, the same group is placed.
    pen.cites.roster = stage.roster().cite();
    let good = pen.write(1);
    let answers = stage.push(ANA, vec![access.clone(), run(&good)]);
    assert!(answers.iter().all(is_placed), "{answers:?}");
    let stale = stage.access(ANA, pen.document, viewers(&[1], &[]));
    stage.push(ANA, vec![stage.access(ANA, pen.document, restrict(true))]);
    let more = pen.write(1);
    assert_eq!(
        stage.push(ANA, vec![stale, run(&more)]),
        [Answer::Stale(2), Answer::Skipped]
    );
    // The whole group again after a lost answer.
    let again = stage.push(ANA, vec![access, run(&good)]);
    assert_eq!(again, answers);
}

#[test]
fn received_times_never_go_back() {
    let mut stage = Stage::found();
    stage.now = 9_000;
    let mut pen = stage.open(ANA, &[], false);
    stage.now = 2_000;
    let Answer::Placed(places) = stage.push(ANA, vec![run(&pen.write(1))]).remove(0) else {
        panic!()
    };
    assert_eq!(places[0].received_ms, 9_000);
}

#[test]
fn a_commit_that_fails_leaves_nothing_behind_in_memory() {
    let mut stage = Stage::found();
    let mut pen = stage.open(ANA, &[], false);
    let work = pen.write(1);
    // Another relay on the same log: the next batch of this one is not at the end.
    let mut other = Stage::found();
    other.share_log(&stage);
    let foreign = other.invite(9, &["operator"]);
    assert!(is_placed(&other.push(ANA, vec![foreign])[0]));
    let size = other.size();
    let items = vec![stage.invite(8, &["operator"]), run(&work)];
    let ask = Ask::Push {
        number: 1,
        healing: false,
        items,
    };
    let (workspace, device) = (stage.workspace, device(ANA));
    assert!(
        stage
            .relay
            .serve(
                stage.now,
                Request {
                    workspace,
                    device,
                    ask
                }
            )
            .is_err()
    );
    assert_eq!(stage.size(), size, "memory is what the log has");
    assert_eq!(stage.roster().head().head(), other.roster().head().head());
    assert!(is_placed(&stage.push(ANA, vec![run(&work)])[0]));
}

#[test]
fn standing_in_the_log_tells_held_from_admitted() {
    let mut stage = Stage::found();
    stage.join(2, &["operator"]);
    let case = stage.open(ANA, &[], false);
    let late = stage.pen(2, case.document).write(1);
    stage.revoke(2);
    stage.push(2, vec![run(&late)]);
    let standings: Vec<Standing> = stage
        .logged()
        .iter()
        .filter_map(|item| match item {
            Logged::Run(run) => Some(run.standing),
            _ => None,
        })
        .collect();
    assert_eq!(standings, [Standing::Admitted, Standing::Held]);
}
