//! A hostile member: a modified program with a real key hands in what no honest one writes. Each
//! attempt ends in its own refusal, at the server or on every replica, and the others go on.

use casework_engine::case::{Act, CaseAction, PartId};
use casework_engine::replica::Notice;
use casework_protocol::actor::actor_id;
use casework_protocol::citation::{Citation, CitedVersion};
use casework_protocol::entry::{EntryHead, SignedEntry};
use casework_protocol::frame::{Answer, PushItem, RefusedBecause};
use casework_protocol::ids::{ActorId, ChangeHash, DocumentId};
use casework_protocol::roster::draft::RosterDraft;
use casework_protocol::roster::entry::RosterBody;
use casework_protocol::seal::SignedRun;
use casework_tests::stage::{Stage, Who};

use crate::scene::label;

/// Ana owns the workspace; rui is an operator and hostile.
fn with_case(seed: u64) -> (Stage, Who, Who, DocumentId) {
    let mut stage = Stage::new(seed);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    let case = stage.open(ana, "Broken street lamp");
    stage.settle();
    stage.act(rui, case, label("seen by rui"));
    stage.settle();
    (stage, ana, rui, case)
}

fn act(stage: &mut Stage, action: CaseAction) -> Act {
    let id: PartId = stage.part();
    Act::new(id, action)
}

fn hand_in(stage: &mut Stage, who: Who, run: SignedRun) -> Answer {
    let answers = stage.hand_in(who, vec![PushItem::Run(run)]);
    assert_eq!(answers.len(), 1);
    answers.into_iter().next().unwrap()
}

fn assert_refused(answer: &Answer, because: RefusedBecause) {
    let Answer::Refused(found, detail) = answer else {
        panic!("{answer:?}, where {because:?} was due");
    };
    assert_eq!(*found, because, "{detail}");
}

/// The honest work on, meet, and nothing of the forgery is in the case.
fn assert_unharmed(stage: &mut Stage, honest: Who, case: DocumentId) {
    stage.act(honest, case, label("honest"));
    stage.settle();
    let view = stage.view(honest, case);
    assert!(view.labels.contains("honest"));
    assert!(
        !view.labels.contains("forged"),
        "the forgery is in the case"
    );
    stage.assert_converged(case);
    assert!(
        stage
            .replica(honest)
            .verify(&mut |_, _| {})
            .unwrap()
            .holds()
    );
}

/// Why changes were set aside on somebody's device.
fn quarantined(stage: &mut Stage, who: Who) -> Vec<String> {
    let notices = stage.notices(who).into_iter();
    notices
        .filter_map(|notice| match notice {
            Notice::Quarantined { why, .. } => Some(why),
            _ => None,
        })
        .collect()
}

/// Takes a run apart: its raw changes.
fn raw(run: &SignedRun) -> Vec<Vec<u8>> {
    let changes = run.claimed_hashes().unwrap();
    changes.into_iter().map(|(_, raw)| raw.to_vec()).collect()
}

#[test]
fn an_altered_change_is_refused_by_the_gate_and_a_signature_over_another_one_by_its_signature() {
    let (mut stage, ana, rui, case) = with_case(101);
    let mut forger = stage.forger(rui, case);
    let honest = act(&mut stage, label("honest once"));
    let hash = forger.act(honest);
    let mut bytes = raw(&forger.run());
    *bytes[0].last_mut().unwrap() ^= 1;
    let answer = hand_in(&mut stage, rui, forger.seal(bytes, hash));
    assert_refused(&answer, RefusedBecause::Gate);

    let forged = act(&mut stage, label("forged"));
    forger.act(forged);
    let run = forger.run();
    let answer = hand_in(&mut stage, rui, forger.seal(raw(&run), hash));
    assert_refused(&answer, RefusedBecause::Signature);
    assert_unharmed(&mut stage, ana, case);
}

#[test]
fn a_replayed_run_gets_its_old_places_again_and_the_log_does_not_grow() {
    let (mut stage, ana, rui, case) = with_case(102);
    let mut forger = stage.forger(rui, case);
    let once = act(&mut stage, label("once"));
    forger.act(once);
    let run = forger.run();
    let first = hand_in(&mut stage, rui, run.clone());
    let size = stage.log_size();
    assert_eq!(hand_in(&mut stage, rui, run.clone()), first);
    // Somebody else's work cannot be replayed at all.
    assert_refused(&hand_in(&mut stage, ana, run), RefusedBecause::NotYours);
    assert_eq!(stage.log_size(), size);
    stage.settle();
    assert!(stage.view(ana, case).labels.contains("once"));
    assert_unharmed(&mut stage, ana, case);
}

#[test]
fn a_change_moved_to_another_case_is_refused() {
    let (mut stage, ana, rui, case) = with_case(103);
    let other = stage.open(ana, "Another lamp");
    stage.settle();
    let mut forger = stage.forger(rui, case);
    let forged = act(&mut stage, label("forged"));
    let hash = forger.act(forged);
    let bytes = raw(&forger.run());
    // Signed for the other case even: the actor is of the first.
    let moved = stage.forger(rui, other).seal(bytes, hash);
    assert_refused(&hand_in(&mut stage, rui, moved), RefusedBecause::Gate);
    assert_unharmed(&mut stage, ana, case);
    assert_unharmed(&mut stage, ana, other);
}

#[test]
fn a_change_moved_to_another_workspace_is_refused() {
    let (mut stage, _, rui, case) = with_case(104);
    let mut forger = stage.forger(rui, case);
    let forged = act(&mut stage, label("forged"));
    forger.act(forged);
    let run = forger.run();
    let (mut elsewhere, mia, joe, other) = with_case(105);
    // Joe holds a copy of rui's bytes in a workspace of his own, under his own name or rui's.
    let renamed = elsewhere
        .forger(joe, other)
        .seal(raw(&run), ChangeHash::new([1; 32]));
    assert_refused(&hand_in(&mut elsewhere, joe, run), RefusedBecause::Gate);
    assert_refused(&hand_in(&mut elsewhere, joe, renamed), RefusedBecause::Gate);
    assert_unharmed(&mut elsewhere, mia, other);
}

#[test]
fn nobody_extends_or_squats_on_the_actor_of_another_device() {
    let (mut stage, ana, rui, case) = with_case(106);
    let mut forger = stage.forger(rui, case);
    let first = forger.automerge.get_changes(&[])[0].clone();
    let anas = ActorId::from_slice(first.actor_id().to_bytes()).unwrap();
    forger.write_under(anas);
    let forged = act(&mut stage, label("forged"));
    forger.act(forged);
    let answer = hand_in(&mut stage, rui, forger.run());
    assert_refused(&answer, RefusedBecause::Gate);

    // An actor that ana's device could have, but has not begun yet.
    let mut forger = stage.forger(rui, case);
    let (workspace, device) = (stage.replica(ana).workspace(), stage.device(ana));
    forger.write_under(actor_id(workspace, case, device, [9; 8]));
    let forged = act(&mut stage, label("forged"));
    let hash = forger.act(forged);
    let run = forger.run();
    assert_refused(&hand_in(&mut stage, rui, run.clone()), RefusedBecause::Gate);

    // The same under ana's name: rui's signature is not hers.
    let signature = casework_protocol::seal::sign_change(
        &casework_protocol::keys::SecretKey::from_seed(&[1; 32]),
        workspace,
        case,
        hash,
    );
    let named = SignedRun::from_parts(case, device, raw(&run), signature);
    let answer = hand_in(&mut stage, rui, named);
    assert!(matches!(
        answer,
        Answer::Refused(RefusedBecause::Gate | RefusedBecause::Signature, _)
    ));
    assert_unharmed(&mut stage, ana, case);
}

#[test]
fn a_change_that_cites_a_stale_or_a_future_version_is_refused() {
    let (mut stage, ana, rui, case) = with_case(107);
    let honest = stage.citation(case);
    let roster = stage.replica(rui).roster().unwrap().clone();
    let (older, _) = roster.entry(2).unwrap();
    let stale = CitedVersion::of(2, &older.hash());
    let future = CitedVersion {
        version: honest.roster.version + 1,
        ..honest.roster
    };
    let mark = [0xee; 8];
    let invented = CitedVersion {
        mark,
        ..honest.roster
    };
    for roster in [stale, future, invented] {
        let mut forger = stage.forger(rui, case);
        forger.stamp.citation = Citation { roster, ..honest };
        let forged = act(&mut stage, label("forged"));
        forger.act(forged);
        let answer = hand_in(&mut stage, rui, forger.run());
        assert_refused(&answer, RefusedBecause::Citation);
    }
    assert_unharmed(&mut stage, ana, case);
}

#[test]
fn an_equivocation_is_refused_told_to_everybody_and_closes_the_actor() {
    let (mut stage, ana, rui, case) = with_case(108);
    let mut forger = stage.forger(rui, case);
    let before = forger.automerge.clone();
    let first = act(&mut stage, label("first"));
    forger.act(first);
    let first = forger.run();
    let (actor, third) = (forger.actor(), act(&mut stage, label("third")));
    forger.act(third);
    let third = forger.run();

    let mut twin = stage.forger(rui, case);
    twin.automerge = before;
    twin.write_under(actor);
    let second = act(&mut stage, label("forged"));
    twin.act(second);

    assert!(matches!(hand_in(&mut stage, rui, first), Answer::Placed(_)));
    let answer = hand_in(&mut stage, rui, twin.run());
    assert_refused(&answer, RefusedBecause::Equivocation);
    let answer = hand_in(&mut stage, rui, third);
    assert_refused(&answer, RefusedBecause::ActorClosed);
    stage.settle();
    let device = stage.device(rui);
    let told = stage.notices(ana).into_iter().any(|notice| {
        notice
            == Notice::Equivocation {
                document: case,
                device,
            }
    });
    assert!(told, "the equivocation is told to the others");
    assert!(stage.view(ana, case).labels.contains("first"));
    assert_unharmed(&mut stage, ana, case);
}

#[test]
fn a_demoted_member_that_backdates_its_work_is_held_everywhere() {
    let (mut stage, ana, rui, case) = with_case(109);
    let mut forger = stage.forger(rui, case);
    stage.change_roles(ana, rui, &["viewer"], &["operator"]);
    stage.settle();
    // It cites what held before the demotion, and claims a time before it.
    let forged = act(&mut stage, label("forged"));
    forger.act(forged);
    let answer = hand_in(&mut stage, rui, forger.run());
    assert!(matches!(answer, Answer::Placed(_)), "{answer:?}");
    stage.settle();
    assert_eq!(stage.replica(ana).held().unwrap().len(), 1);
    assert_unharmed(&mut stage, ana, case);
}

#[test]
fn what_its_author_had_no_right_to_is_quarantined_on_every_replica() {
    let (mut stage, ana, rui, case) = with_case(110);
    let eve = stage.join("eve", "viewer");
    let mut forger = stage.forger(eve, case);
    let forged = act(&mut stage, label("forged"));
    forger.act(forged);
    // The server judges sight alone, which eve has.
    let answer = hand_in(&mut stage, eve, forger.run());
    assert!(matches!(answer, Answer::Placed(_)), "{answer:?}");
    stage.settle();
    for who in [ana, rui] {
        let whys = quarantined(&mut stage, who);
        assert_eq!(whys, ["its author had no right to it"]);
    }
    assert_unharmed(&mut stage, ana, case);
}

#[test]
fn operations_that_are_not_those_of_the_named_action_are_quarantined_on_every_replica() {
    let (mut stage, ana, rui, case) = with_case(111);
    let mut forger = stage.forger(rui, case);
    let honest = act(&mut stage, label("forged"));
    let hash = forger.act(honest);
    let change = forger.change(hash);
    let _ = forger.run();
    let mut forger = stage.forger(rui, case);
    // The message of a label over operations that write the title.
    forger.raw(change.message().unwrap().to_owned(), |tx| {
        use automerge::transaction::Transactable as _;
        tx.put(automerge::ROOT, "title", "Forged").unwrap();
    });
    let answer = hand_in(&mut stage, rui, forger.run());
    assert!(matches!(answer, Answer::Placed(_)), "{answer:?}");
    stage.settle();
    assert_eq!(quarantined(&mut stage, ana).len(), 1);
    assert_eq!(stage.view(ana, case).title.value(), "Broken street lamp");
    assert_unharmed(&mut stage, ana, case);
}

#[test]
fn a_comment_edited_by_another_member_is_quarantined_on_every_replica() {
    let (mut stage, ana, rui, case) = with_case(112);
    let id = stage.part();
    let comment = CaseAction::Comment {
        id,
        body: "ana's own words".to_owned(),
        external: false,
        reply_to: None,
    };
    stage.act(ana, case, comment);
    stage.settle();
    let mut forger = stage.forger(rui, case);
    let body = "words in her mouth".to_owned();
    let forged = act(&mut stage, CaseAction::EditComment { id, body });
    forger.act(forged);
    let answer = hand_in(&mut stage, rui, forger.run());
    assert!(matches!(answer, Answer::Placed(_)), "{answer:?}");
    stage.settle();
    let whys = quarantined(&mut stage, ana);
    assert!(
        matches!(&whys[..], [why] if why.contains("another member")),
        "{whys:?}"
    );
    for who in [ana, rui] {
        let comments = stage.replica(who).comments(case).unwrap();
        assert_eq!(comments[0].body, "ana's own words");
    }
    assert_unharmed(&mut stage, ana, case);
}

#[test]
fn nobody_promotes_themselves_speaks_for_others_or_removes_the_last_owner() {
    let (mut stage, ana, rui, case) = with_case(113);
    let key = stage.key(rui);
    let roster = stage.replica(rui).roster().unwrap().clone();
    let promotion = |member, add: &str, remove: &str| RosterDraft {
        body: RosterBody::ChangeMember {
            member,
            name: None,
            add_roles: vec![add.to_owned()],
            remove_roles: vec![remove.to_owned()],
            active: None,
        },
        claimed_ms: 1_700_000_000_000,
    };
    let own = promotion(stage.member(rui), "owner", "operator");
    let entry = own.sign(roster.head(), key.as_ref());
    let answers = stage.hand_in(rui, vec![PushItem::Roster(entry)]);
    assert_refused(&answers[0], RefusedBecause::Denied);

    // The same in ana's name, under rui's signature.
    let head = EntryHead {
        workspace: roster.workspace(),
        document: DocumentId::new([0; 16]),
        version: roster.head().version() + 1,
        previous: roster.head().head(),
        author: stage.device(ana),
        claimed_ms: 1_700_000_000_000,
    };
    let entry = SignedEntry::sign(head, own.body.clone(), key.as_ref());
    let answers = stage.hand_in(rui, vec![PushItem::Roster(entry)]);
    assert_refused(&answers[0], RefusedBecause::Signature);

    // Onto a head that is no longer the newest.
    let old = own.sign(roster.at(2).unwrap(), key.as_ref());
    let answers = stage.hand_in(rui, vec![PushItem::Roster(old)]);
    assert!(matches!(answers[0], Answer::Stale(_)), "{answers:?}");

    let last = promotion(stage.member(ana), "operator", "owner");
    let entry = last.sign(roster.head(), stage.key(ana).as_ref());
    let answers = stage.hand_in(ana, vec![PushItem::Roster(entry)]);
    assert_refused(&answers[0], RefusedBecause::Entry);
    assert_unharmed(&mut stage, ana, case);
}
