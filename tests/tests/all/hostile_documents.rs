//! Hostile documents: bundles made by a member who may keep, countersigned by a relay that reads
//! none of them, and met by a newcomer. The newcomer loses nothing and sees what all others see.

use automerge::Automerge;
use std::collections::BTreeMap;

use automerge::ReadDoc as _;
use automerge::transaction::Transactable as _;
use casework_engine::case::{Act, RevisionMark};
use casework_fuzz::chunk::{DocumentParts, write_signed, write_unsigned};
use casework_protocol::bundle::{Arrival, Audience, Bundle, Landed, LeafSignature, history_digest};
use casework_protocol::frame::{Answer, ClientFrame, PushItem, ServerFrame};
use casework_protocol::ids::{ChangeHash, DocumentId, RevisionId};
use casework_protocol::limits::BUNDLE_PIECE_BYTES;
use casework_tests::stage::{Forger, Stage, Who};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::scene::label;

/// Ana owns the workspace, rui works, mia may keep and is hostile.
struct Play {
    stage: Stage,
    people: [Who; 3],
    case: DocumentId,
    beside: DocumentId,
    newcomers: usize,
}

impl Play {
    fn new(seed: u64) -> Self {
        let mut stage = Stage::new(seed);
        let [ana, rui] = stage.devices(["ana", "rui"]);
        let mia = stage.join("mia", "agent");
        let (case, beside) = (stage.open(ana, "Lamp"), stage.open(ana, "Hole"));
        stage.settle();
        for n in 0..20 {
            stage.act(rui, case, label(&format!("label {n}")));
        }
        stage.settle();
        Self {
            stage,
            people: [ana, rui, mia],
            case,
            beside,
            newcomers: 0,
        }
    }

    /// An honest bundle of everything so far, newer than any that the relay has.
    fn honest(&mut self) -> Bundle {
        self.honest_of(self.case)
    }

    fn honest_of(&mut self, case: DocumentId) -> Bundle {
        let [_, rui, mia] = self.people;
        let text = format!("newcomer {}", self.newcomers);
        self.stage.act(rui, case, label(&text));
        self.stage.settle();
        let made = self.stage.replica(mia).make_bundle(case).unwrap();
        made.expect("the case is long enough")
    }

    /// Has the relay keep a bundle, then brings somebody new.
    fn meet(&mut self, name: &str, bundle: &Bundle) -> Who {
        self.offer(name, bundle);
        self.newcomers += 1;
        self.stage
            .join(&format!("newcomer {}", self.newcomers), "operator")
    }

    fn offer(&mut self, name: &str, bundle: &Bundle) {
        let document = bundle.document;
        let bytes = bundle.to_bytes().unwrap();
        let last = bytes.chunks(BUNDLE_PIECE_BYTES).count() - 1;
        let pieces = bytes.chunks(BUNDLE_PIECE_BYTES).enumerate();
        let pieces = pieces.map(|(index, bytes)| ClientFrame::Piece {
            document,
            index: u32::try_from(index).unwrap(),
            last: index == last,
            bytes: bytes.to_vec(),
        });
        let pieces = pieces.collect();
        let told = self.stage.speak(self.people[2], pieces);
        let kept = ServerFrame::Kept {
            document,
            refused: None,
        };
        assert_eq!(
            told,
            [kept],
            "{name}: the relay cannot read it, and keeps it"
        );
    }

    /// Judges every history from a bundle that is not judged yet. Answers whose.
    fn judge_round(&mut self, newcomer: Who) -> Vec<DocumentId> {
        let mut judged = Vec::new();
        let replica = self.stage.replica(newcomer);
        while let Some((id, _)) = replica.check_next(judged.last().copied()).unwrap() {
            judged.push(id);
        }
        judged
    }

    /// The newcomer has everything, sees what the others see, and can work. Answers how many
    /// documents it took from a bundle.
    fn assert_at_home(&mut self, name: &str, newcomer: Who) -> usize {
        let mut from_bundles = 0;
        from_bundles += self.judge_round(newcomer).len();
        let again = self.judge_round(newcomer);
        assert!(
            again.is_empty(),
            "{name}: {again:?} was judged and is again"
        );
        for case in [self.case, self.beside] {
            assert!(self.stage.replica(newcomer).case(case).is_ok(), "{name}");
            let text = format!("by newcomer {}", self.newcomers);
            self.stage.act(newcomer, case, label(&text));
        }
        self.stage.settle();
        for case in [self.case, self.beside] {
            self.stage.assert_converged(case);
        }
        let found = self.stage.replica(newcomer).verify(&mut |_, _| {}).unwrap();
        assert!(found.holds(), "{name}: {:?}", found.findings);
        from_bundles
    }
}

fn parts(save: &[u8], alter: impl FnOnce(&mut DocumentParts)) -> Vec<u8> {
    let mut parts = DocumentParts::of(save).expect("our own document comes apart");
    alter(&mut parts);
    parts.seal()
}

fn repeat(count: i64, value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_signed(&mut bytes, count);
    write_unsigned(&mut bytes, value);
    bytes
}

#[test]
fn a_newcomer_gets_entries_where_the_document_of_a_bundle_is_hostile() {
    type Make = fn(&[u8]) -> Vec<u8>;
    let classes: [(&str, Make); 7] = [
        ("no document at all", |_| b"hello".to_vec()),
        ("a torn document", |save| save[..save.len() / 2].to_vec()),
        ("an empty document", |_| Automerge::new().save()),
        ("bytes behind it", |save| [save, b"more"].concat()),
        ("a billion operations in every column", |save| {
            parts(save, |parts| {
                for (_, column) in &mut parts.rows {
                    *column = repeat(1 << 30, 1);
                }
            })
        }),
        ("a change that claims a billion operations", |save| {
            parts(save, |parts| {
                for (_, column) in &mut parts.changes {
                    *column = repeat(1 << 30, 1 << 30);
                }
            })
        }),
        ("other heads than its own", |save| {
            parts(save, |parts| parts.heads = vec![vec![7; 32]])
        }),
    ];
    let mut play = Play::new(421);
    let honest = play.honest();
    let newcomer = play.meet("an honest one", &honest);
    assert_eq!(play.assert_at_home("an honest one", newcomer), 1);
    for (name, make) in classes {
        let mut bundle = play.honest();
        bundle.save = make(&bundle.save);
        let newcomer = play.meet(name, &bundle);
        assert_eq!(play.assert_at_home(name, newcomer), 0, "{name} was taken");
    }
}

#[test]
fn a_newcomer_gets_entries_where_the_document_of_a_bundle_was_mutated() {
    let mut play = Play::new(422);
    let target = casework_fuzz::target("document").unwrap();
    let mut dice = ChaCha8Rng::seed_from_u64(422);
    for round in 0..8 {
        let mut bundle = play.honest();
        let other = bundle.save.clone();
        (target.mutate)(&mut bundle.save, &other, &mut dice);
        let name = format!("mutation {round}");
        let newcomer = play.meet(&name, &bundle);
        play.assert_at_home(&name, newcomer);
    }
}

/// Mia logs a change that every replica sets aside, and makes a bundle in whose document it stands.
fn smuggle(
    play: &mut Play,
    write: impl FnOnce(&mut automerge::transaction::Transaction<'_>),
) -> Bundle {
    let bundle = play.honest();
    let mia = play.people[2];
    let mut forger = play.stage.forger(mia, play.case);
    let act = Act::new(play.stage.part(), label("only named"));
    let named = forger.act(act);
    let message = forger.change(named).message().unwrap().to_owned();
    let mut forger = play.stage.forger(mia, play.case);
    let smuggled = forger.raw(message, write);
    smuggle_change(play, bundle, (forger, smuggled))
}

fn smuggle_change(
    play: &mut Play,
    mut bundle: Bundle,
    (mut forger, smuggled): (Forger, ChangeHash),
) -> Bundle {
    let [ana, _, mia] = play.people;
    let run = forger.run();
    let workspace = play.stage.replica(mia).workspace();
    let signature = run
        .clone()
        .check(workspace)
        .unwrap()
        .verify()
        .unwrap()
        .signature();
    let answers = play.stage.hand_in(mia, vec![PushItem::Run(run)]);
    let [Answer::Placed(places)] = &answers[..] else {
        panic!("{answers:?}");
    };
    let place = places[0];
    let arrival = Arrival {
        seq: place.seq,
        received_ms: place.received_ms,
    };
    play.stage.settle();
    assert!(
        !play
            .stage
            .view(ana, play.case)
            .labels
            .contains("only named")
    );

    let save = forger.automerge.save_with_options(automerge::SaveOptions {
        deflate: true,
        retain_orphans: false,
    });
    bundle.upto = place.seq + 1;
    bundle.leaves.push(LeafSignature {
        device: play.stage.device(mia),
        tip: smuggled,
        signature,
    });
    put_document(&mut bundle, save, arrival);
    bundle
}

/// Puts another document into a bundle, with a digest that fits; what is new in it arrived then.
fn put_document(bundle: &mut Bundle, save: Vec<u8>, new: Arrival) {
    let known: BTreeMap<ChangeHash, Arrival> = stored_order(&bundle.save)
        .into_iter()
        .zip(bundle.arrivals.iter().copied())
        .collect();
    let order = stored_order(&save);
    let arrival = |hash: &ChangeHash| known.get(hash).copied().unwrap_or(new);
    bundle.save = save;
    bundle.arrivals = order.iter().map(arrival).collect();
    let mut landed: Vec<Landed> = order
        .iter()
        .map(|hash| Landed {
            hash: *hash,
            arrival: arrival(hash),
            audience: Audience::Everyone,
        })
        .collect();
    landed.sort_by_key(|landed| landed.arrival.seq);
    bundle.digest = history_digest(&landed);
}

/// The changes of a saved document in the order in which it stores them.
fn stored_order(save: &[u8]) -> Vec<ChangeHash> {
    let document = Automerge::load(save).unwrap();
    let metas = document.get_changes_meta(&[]);
    metas
        .iter()
        .map(|meta| ChangeHash::new(meta.hash.0))
        .collect()
}

#[test]
fn a_change_that_a_bundle_smuggles_into_its_document_is_taken_out_again() {
    let mut play = Play::new(423);
    let bundle = smuggle(&mut play, |tx| {
        tx.put(automerge::ROOT, "title", "Forged").unwrap();
    });
    let newcomer = play.meet("smuggled", &bundle);
    assert_eq!(play.assert_at_home("smuggled", newcomer), 1);
    assert_eq!(play.stage.view(newcomer, play.case).title.value(), "Lamp");
}

/// Its maker wrote under a template's revision that nobody else has, so nobody can say yet whether
/// the history holds.
#[test]
fn a_history_that_cannot_be_judged_yet_keeps_no_other_one_waiting() {
    let mut play = Play::new(425);
    let [_, rui, mia] = play.people;
    for n in 0..20 {
        play.stage
            .act(rui, play.beside, label(&format!("label {n}")));
    }
    play.stage.settle();
    let beside = play.honest_of(play.beside);
    play.offer("honest", &beside);
    let bundle = play.honest();
    let mut forger = play.stage.forger(mia, play.case);
    forger.stamp.revision = Some(RevisionMark::of(&RevisionId::new([9; 32])));
    let act = Act::new(play.stage.part(), label("only named"));
    let waiting = forger.act(act);
    let bundle = smuggle_change(&mut play, bundle, (forger, waiting));
    let newcomer = play.meet("waiting", &bundle);
    let mut both = [play.case, play.beside];
    both.sort();
    assert_eq!(play.judge_round(newcomer), both);
    assert_eq!(
        play.judge_round(newcomer),
        [play.case],
        "only it still waits"
    );
}

#[test]
fn a_bundle_whose_document_cannot_be_shown_does_not_end_the_first_sync() {
    let mut play = Play::new(424);
    let bundle = smuggle(&mut play, |tx| {
        for key in tx.keys(automerge::ROOT).collect::<Vec<_>>() {
            tx.delete(automerge::ROOT, key).unwrap();
        }
    });
    let newcomer = play.meet("unreadable", &bundle);
    assert_eq!(play.assert_at_home("unreadable", newcomer), 0);
    assert_eq!(play.stage.view(newcomer, play.case).title.value(), "Lamp");
}
