//! Forged bundles: made by a hostile keeper, altered on the way, or signed by a hostile server. A
//! bundle that does not hold costs its own document a slower road and nobody else anything.

use std::cell::RefCell;
use std::rc::Rc;

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{ActorId as AutomergeActor, Author, Automerge};
use casework_engine::case::CaseAction;
use casework_protocol::actor::actor_id;
use casework_protocol::bundle::{
    Arrival, Audience, Bundle, BundleClaim, Landed, countersign, history_digest,
};
use casework_protocol::frame::{ClientFrame, ErrorCode, ServerFrame};
use casework_protocol::ids::{ChangeHash, DocumentId};
use casework_protocol::keys::{SecretKey, Signer as _};
use casework_tests::stage::{Passing, Stage, Who};

/// Two cases that are long enough for bundles, and their owner, who may keep.
fn with_long_cases(seed: u64) -> (Stage, Who, [DocumentId; 2]) {
    let mut stage = Stage::new(seed);
    let [ana] = stage.devices(["ana"]);
    let cases = ["Broken street lamp", "Broken bench"].map(|title| {
        let case = stage.open(ana, title);
        for n in 0..20 {
            let label = format!("label {n}");
            stage.act(ana, case, CaseAction::AddLabel { label });
        }
        case
    });
    stage.settle();
    for case in cases {
        let bundle = stage.replica(ana).make_bundle(case).unwrap().unwrap();
        assert_eq!(offer(&mut stage, ana, &bundle), None);
    }
    (stage, ana, cases)
}

/// What the bundle would say of its history if these arrivals were true.
fn digest_of(bundle: &Bundle) -> [u8; 32] {
    let document = Automerge::load(&bundle.save).unwrap();
    let mut landed: Vec<Landed> = document
        .get_changes(&[])
        .iter()
        .zip(&bundle.arrivals)
        .map(|(change, arrival)| Landed {
            hash: ChangeHash::new(change.hash().0),
            arrival: *arrival,
            audience: Audience::Everyone,
        })
        .collect();
    landed.sort_by_key(|landed| landed.arrival.seq);
    history_digest(&landed)
}

/// The same bundle without its last change.
fn omitting(mut bundle: Bundle) -> Bundle {
    let whole = Automerge::load(&bundle.save).unwrap();
    let mut changes = whole.get_changes(&[]);
    changes.pop();
    bundle.arrivals.pop();
    let mut shorter = Automerge::new();
    shorter.apply_changes(changes).unwrap();
    bundle.save = shorter.save();
    bundle.digest = digest_of(&bundle);
    bundle
}

/// The same bundle with one change claimed to have arrived a day earlier.
fn backdating(mut bundle: Bundle) -> Bundle {
    bundle.arrivals.last_mut().unwrap().received_ms -= 86_400_000;
    bundle.digest = digest_of(&bundle);
    bundle
}

/// The same bundle with a change more, that a device wrote whom nobody enrolled.
fn smuggling(mut bundle: Bundle) -> Bundle {
    let key = SecretKey::from_seed(&[6; 32]);
    let mut document = Automerge::load(&bundle.save).unwrap();
    let message = document.get_changes(&[])[1].message().unwrap().to_owned();
    let actor = actor_id(bundle.workspace, bundle.document, key.device(), [1; 8]);
    document.set_author(Some(
        Author::from(key.device().as_bytes().as_slice()).into_owned(),
    ));
    document.set_actor(AutomergeActor::from(actor.as_bytes().as_slice()));
    let options = CommitOptions::default().with_message(message).with_time(1);
    document
        .transact_with::<_, _, automerge::AutomergeError, _>(
            |()| options,
            |tx| tx.put(automerge::ROOT, "title", "Smuggled"),
        )
        .unwrap();
    bundle.save = document.save();
    let last = *bundle.arrivals.last().unwrap();
    bundle.arrivals.push(Arrival {
        seq: bundle.upto,
        ..last
    });
    bundle.upto += 1;
    bundle.digest = digest_of(&bundle);
    bundle
}

/// Offers a bundle as this device; what the server says.
fn offer(stage: &mut Stage, who: Who, bundle: &Bundle) -> Option<ErrorCode> {
    let piece = ClientFrame::Piece {
        document: bundle.document,
        index: 0,
        last: true,
        bytes: bundle.to_bytes().unwrap(),
    };
    let told = stage.speak(who, vec![piece]).into_iter();
    let mut answers = told.filter_map(|frame| match frame {
        ServerFrame::Kept { refused, .. } => Some(refused),
        _ => None,
    });
    answers.next().expect("the server says what became of it")
}

#[test]
fn a_keeper_cannot_omit_backdate_or_smuggle() {
    let (mut stage, ana, [case, _]) = with_long_cases(401);
    // Something new, so that a newer bundle is of use.
    let label = "new".to_owned();
    stage.act(ana, case, CaseAction::AddLabel { label });
    stage.settle();
    let honest = stage.replica(ana).make_bundle(case).unwrap().unwrap();
    assert_eq!(digest_of(&honest), honest.digest);
    for forged in [omitting(honest.clone()), backdating(honest.clone())] {
        let refused = offer(&mut stage, ana, &forged);
        assert_eq!(refused, Some(ErrorCode::Malformed));
    }
    assert_eq!(
        offer(&mut stage, ana, &smuggling(honest.clone())),
        Some(ErrorCode::NotFound),
        "it reaches beyond the log"
    );
    // In the place of an honest change.
    let mut smuggled = smuggling(omitting(honest.clone()));
    smuggled.upto -= 1;
    *smuggled.arrivals.last_mut().unwrap() = *honest.arrivals.last().unwrap();
    smuggled.digest = digest_of(&smuggled);
    assert_eq!(
        offer(&mut stage, ana, &smuggled),
        Some(ErrorCode::Malformed)
    );
    assert_eq!(offer(&mut stage, ana, &honest), None);
    let mia = stage.join("mia", "operator");
    assert_eq!(stage.view(mia, case).labels.len(), 21);
    stage.assert_converged(case);
}

/// Mia joins while every bundle of a case is replaced. Answers for which documents she asked
/// again, and in how many bundles she was given something.
fn join_with_bundles(
    stage: &mut Stage,
    case: DocumentId,
    replace: impl Fn(&[u8]) -> Vec<u8> + 'static,
) -> (Who, Vec<DocumentId>, usize) {
    type Seen = (Vec<DocumentId>, usize);
    let seen: Rc<RefCell<Seen>> = Rc::default();
    let notes = seen.clone();
    stage.tamper_newcomer(move |passing| {
        vec![match passing {
            Passing::Up(ClientFrame::Fetch { document, bundle }) => {
                assert!(!bundle, "entries are asked for, not the bundle again");
                notes.borrow_mut().0.push(document);
                Passing::Up(ClientFrame::Fetch { document, bundle })
            }
            Passing::Down(ServerFrame::Piece {
                document,
                index,
                last,
                bytes,
            }) => {
                notes.borrow_mut().1 += usize::from(last);
                let bytes = if document == case {
                    replace(&bytes)
                } else {
                    bytes
                };
                Passing::Down(ServerFrame::Piece {
                    document,
                    index,
                    last,
                    bytes,
                })
            }
            other => other,
        }]
    });
    let mia = stage.join("mia", "operator");
    let (fetched, bundles) = seen.borrow().clone();
    (mia, fetched, bundles)
}

#[test]
fn a_bundle_altered_on_its_way_costs_its_own_document_one_more_request_and_the_others_nothing() {
    let (mut stage, _, [case, other]) = with_long_cases(402);
    let (mia, fetched, bundles) = join_with_bundles(&mut stage, case, |bytes| {
        let mut altered = bytes.to_vec();
        let middle = altered.len() / 2;
        altered[middle] ^= 1;
        altered
    });
    assert!(bundles >= 2, "both cases came as bundles");
    assert_eq!(fetched, [case]);
    for case in [case, other] {
        assert_eq!(stage.view(mia, case).labels.len(), 20);
        stage.assert_converged(case);
    }
    assert!(stage.replica(mia).verify(&mut |_, _| {}).unwrap().holds());
}

#[test]
fn a_bundle_with_a_change_that_nobody_signed_is_not_taken_whoever_signs_the_bundle() {
    let (mut stage, ana, [case, _]) = with_long_cases(403);
    let honest = stage.replica(ana).make_bundle(case).unwrap().unwrap();
    let key = stage.server_key().clone();
    let forged = smuggling(honest);
    let claim = BundleClaim {
        workspace: forged.workspace,
        epoch: forged.epoch,
        document: case,
        upto: forged.upto,
        digest: forged.digest,
    };
    let signed = countersign(&key, forged.to_bytes().unwrap(), &claim).unwrap();
    let (mia, fetched, _) = join_with_bundles(&mut stage, case, move |_| signed.to_bytes());
    assert_eq!(fetched, [case]);
    assert_eq!(stage.view(mia, case).title.value(), "Broken street lamp");
    stage.assert_converged(case);
}
