//! Bundles made of real documents, by honest and by dishonest makers.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId as AutomergeActor, Author, Automerge, ROOT};
use proptest::prelude::*;
use serde_json::json;

use super::arrivals::{pack, unpack};
use super::*;
use crate::actor::actor_id;
use crate::golden::{self, hex, unhex};
use crate::keys::{SecretKey, Signer as _};
use crate::limits::MAX_DOCUMENT_CHANGES;
use crate::log::{LogHead, NodeHash, VerifiedHead, sign_head};
use crate::seal::sign_change;

const WORKSPACE: WorkspaceId = WorkspaceId::new([1; 32]);
const EPOCH: EpochId = EpochId::new([2; 16]);
const DOCUMENT: DocumentId = DocumentId::new([3; 16]);
const UPTO: u64 = 100;
const HELD: ChangeHash = ChangeHash::new([77; 32]);

/// What one test plays with: a document by Ana and Rui, a run of Eva's that the maker's replica did
/// not admit, a change that the relay holds, and the relay's index.
struct Scene {
    bundle: Bundle,
    /// Hashes of the document's changes in stored order, as the receiver computes them.
    admitted: Vec<ChangeHash>,
    /// What the relay has logged.
    index: Vec<Landed>,
}

fn server() -> SecretKey {
    SecretKey::from_seed(&[90; 32])
}

fn head() -> VerifiedHead {
    head_of(LogHead {
        workspace: WORKSPACE,
        epoch: EPOCH,
        size: 120,
        root: NodeHash::new([7; 32]),
        time_ms: 1,
    })
}

fn head_of(head: LogHead) -> VerifiedHead {
    sign_head(&server(), head)
        .verify(server().server(), head.workspace)
        .unwrap()
}

fn opened_by(key: &SecretKey, document: &Automerge, in_document: DocumentId) -> Automerge {
    let actor = actor_id(WORKSPACE, in_document, key.device(), [4; 8]);
    document
        .fork()
        .with_author(Some(Author::from(key.device().as_bytes().to_vec())))
        .with_actor(AutomergeActor::from(actor.as_bytes().as_slice()))
}

fn put(document: &mut Automerge, value: i64) -> ChangeHash {
    let options = || CommitOptions::default().with_time(1_700_000_000_000 + value);
    let done = document
        .transact_with::<_, _, automerge::AutomergeError, _>(
            |()| options(),
            |tx| tx.put(ROOT, "field", value),
        )
        .unwrap();
    ChangeHash::new(done.hash.unwrap().0)
}

fn run_of(key: &SecretKey, mut document: Automerge, in_document: DocumentId) -> SignedRun {
    let before = document.get_heads();
    let tip = [7, 8].map(|value| put(&mut document, value))[1];
    let changes = document.get_changes(&before);
    let changes = changes
        .iter()
        .map(|change| change.raw_bytes().to_vec())
        .collect();
    let signature = sign_change(key, WORKSPACE, in_document, tip);
    SignedRun::from_parts(in_document, key.device(), changes, signature)
}

fn withheld() -> Aside {
    let device = SecretKey::from_seed(&[14; 32]).device();
    Aside::Withheld {
        device,
        changes: vec![HELD],
    }
}

fn hashes_of(run: &SignedRun) -> Vec<ChangeHash> {
    let run = run.clone().check(WORKSPACE).unwrap().verify().unwrap();
    run.changes()
        .iter()
        .map(|change| change.header().hash)
        .collect()
}

fn landed(
    changes: impl IntoIterator<Item = (ChangeHash, Audience)>,
    arrivals: &[Arrival],
) -> Vec<Landed> {
    let mut landed: Vec<Landed> = changes
        .into_iter()
        .zip(arrivals)
        .map(|((hash, audience), arrival)| Landed {
            hash,
            arrival: *arrival,
            audience,
        })
        .collect();
    landed.sort_by_key(|landed| landed.arrival.seq);
    landed
}

fn scene() -> Scene {
    let [ana, rui, eva] = [11, 12, 13].map(|seed| SecretKey::from_seed(&[seed; 32]));
    let mut document = opened_by(&ana, &Automerge::new(), DOCUMENT);
    for value in 0..3 {
        put(&mut document, value);
    }
    let mut branch = opened_by(&rui, &document, DOCUMENT);
    let rui_tip = [3, 4].map(|value| put(&mut branch, value))[1];
    let ana_tip = put(&mut document, 5);
    document.merge(&mut branch).unwrap();

    let admitted: Vec<ChangeHash> = document
        .get_changes(&[])
        .iter()
        .map(|change| ChangeHash::new(change.hash().0))
        .collect();
    let aside = run_of(&eva, opened_by(&eva, &document, DOCUMENT), DOCUMENT);
    let aside_hashes = hashes_of(&aside);
    // Positions in another order than the document stores the changes in.
    let arrivals = [10, 11, 12, 40, 30, 31, 50, 51, 20].map(|seq| {
        let received_ms = 1_700_000_000_000 + 10 * seq;
        Arrival { seq, received_ms }
    });
    let open = admitted
        .iter()
        .copied()
        .chain(aside_hashes)
        .map(|hash| (hash, Audience::Everyone));
    let index = landed(open.chain([(HELD, Audience::Adopters)]), &arrivals);
    let leaf = |key: &SecretKey, tip| LeafSignature {
        device: key.device(),
        tip,
        signature: sign_change(key, WORKSPACE, DOCUMENT, tip),
    };
    let bundle = Bundle {
        workspace: WORKSPACE,
        epoch: EPOCH,
        document: DOCUMENT,
        upto: UPTO,
        digest: history_digest(&index),
        save: document.save(),
        aside: vec![Aside::Run(aside), withheld()],
        leaves: vec![leaf(&ana, ana_tip), leaf(&rui, rui_tip)],
        arrivals: arrivals.to_vec(),
    };
    Scene {
        bundle,
        admitted,
        index,
    }
}

impl Scene {
    /// What the relay finds in its own index.
    fn place(&self) -> BundleClaim {
        let digest = history_digest(&self.index);
        BundleClaim {
            workspace: WORKSPACE,
            epoch: EPOCH,
            document: DOCUMENT,
            upto: UPTO,
            digest,
        }
    }

    fn countersign(&self) -> Result<Countersigned, BundleError> {
        countersign(&server(), self.bundle.to_bytes()?, &self.place())
    }

    /// The whole way from the maker over the relay to the receiver.
    fn travel(&self) -> Result<ProvedBundle, BundleError> {
        let sent = self.countersign()?.to_bytes();
        Countersigned::from_bytes(&sent)?
            .verify(&head(), DOCUMENT)?
            .prove(&self.admitted)
    }

    /// The digest of the history that the bundle shows, true or not.
    fn shown_digest(&self) -> [u8; 32] {
        let mut changes: Vec<_> = self
            .admitted
            .iter()
            .map(|hash| (*hash, Audience::Everyone))
            .collect();
        for aside in &self.bundle.aside {
            match aside {
                Aside::Run(run) => changes.extend(
                    hashes_of(run)
                        .into_iter()
                        .map(|hash| (hash, Audience::Everyone)),
                ),
                Aside::Withheld { changes: held, .. } => {
                    changes.extend(held.iter().map(|hash| (*hash, Audience::Adopters)));
                }
            }
        }
        history_digest(&landed(changes, &self.bundle.arrivals))
    }

    /// A lie fails at the receiver when the maker claims the relay's digest, and at the relay when
    /// the maker claims the digest of the lie.
    fn assert_caught(mut self) {
        let other = BundleError::OtherHistory {
            document: DOCUMENT,
            upto: UPTO,
        };
        assert_eq!(self.travel().unwrap_err(), other);
        self.bundle.digest = self.shown_digest();
        assert_eq!(self.countersign().unwrap_err(), other);
    }
}

#[test]
fn an_honest_bundle_is_proved_and_gives_every_change_its_place() {
    let scene = scene();
    let proved = scene.travel().unwrap();
    assert_eq!(proved.landed(), scene.index);
    assert_eq!((proved.document(), proved.upto()), (DOCUMENT, UPTO));
    let aside: Vec<Aside> = proved
        .aside()
        .iter()
        .map(|one| match one {
            ProvedAside::Run(run) => Aside::Run(run.to_signed()),
            ProvedAside::Withheld { device, changes } => Aside::Withheld {
                device: *device,
                changes: changes.clone(),
            },
        })
        .collect();
    assert_eq!(aside, scene.bundle.aside);
    assert_eq!(proved.leaves(), scene.bundle.leaves);
    assert_eq!(proved.into_save(), scene.bundle.save);
}

#[test]
fn a_maker_cannot_omit_an_admitted_change() {
    let mut scene = scene();
    // Rui's newest change, and with it the signature that vouched for it.
    let last = scene
        .admitted
        .iter()
        .position(|hash| *hash == scene.bundle.leaves[1].tip)
        .unwrap();
    scene.admitted.remove(last);
    scene.bundle.arrivals.remove(last);
    scene.bundle.leaves.pop();
    scene.assert_caught();
}

#[test]
fn a_maker_cannot_omit_a_change_that_is_held_or_not_admitted() {
    for (place, changes) in [(0, 6..8), (1, 8..9)] {
        let mut scene = scene();
        scene.bundle.aside.remove(place);
        scene.bundle.arrivals.drain(changes);
        scene.assert_caught();
    }
}

#[test]
fn a_maker_cannot_hide_a_change_as_if_it_were_held() {
    let mut scene = scene();
    let Aside::Run(run) = &scene.bundle.aside[0] else {
        panic!("the scene begins with a run")
    };
    let (device, changes) = (run.device(), hashes_of(run));
    scene.bundle.aside[0] = Aside::Withheld { device, changes };
    scene.assert_caught();
}

#[test]
fn what_stands_aside_keeps_its_order() {
    let mut scene = scene();
    scene.bundle.aside.swap(0, 1);
    scene.bundle.arrivals[6..].rotate_right(1);
    let proved = scene.travel().unwrap();
    assert_eq!(proved.landed(), scene.index);
    assert!(matches!(proved.aside()[0], ProvedAside::Withheld { .. }));
    assert!(matches!(proved.aside()[1], ProvedAside::Run(_)));
}

#[test]
fn a_maker_cannot_backdate_a_change() {
    let mut earlier = scene();
    earlier.bundle.arrivals[5].received_ms -= 1;
    earlier.assert_caught();
    let mut moved = scene();
    moved.bundle.arrivals[5].seq = 5;
    moved.assert_caught();
    let mut swapped = scene();
    swapped.bundle.arrivals.swap(4, 5);
    swapped.assert_caught();
}

#[test]
fn a_maker_cannot_smuggle_a_change_in() {
    let mut scene = scene();
    scene.admitted.push(ChangeHash::new([66; 32]));
    let at = scene.admitted.len() - 1;
    scene.bundle.arrivals.insert(
        at,
        Arrival {
            seq: 60,
            received_ms: 1_700_000_000_600,
        },
    );
    scene.assert_caught();
}

#[test]
fn a_maker_cannot_put_another_change_into_the_place_of_one() {
    let mut scene = scene();
    scene.admitted[0] = ChangeHash::new([66; 32]);
    scene.assert_caught();
}

#[test]
fn a_position_beyond_the_bundle_or_given_twice_is_refused() {
    for (seq, place) in [(UPTO, 3), (u64::MAX, 3), (10, 3)] {
        let mut scene = scene();
        scene.bundle.arrivals[place].seq = seq;
        assert_eq!(
            scene.travel().unwrap_err(),
            BundleError::Position { seq, upto: UPTO }
        );
    }
}

#[test]
fn more_or_fewer_arrivals_than_changes_are_refused() {
    let mut fewer = scene();
    fewer.bundle.arrivals.pop();
    assert_eq!(
        fewer.travel().unwrap_err(),
        BundleError::Count {
            arrivals: 8,
            changes: 9
        }
    );
    let mut more = scene();
    more.bundle.arrivals.push(Arrival {
        seq: 70,
        received_ms: 0,
    });
    assert_eq!(
        more.travel().unwrap_err(),
        BundleError::Count {
            arrivals: 10,
            changes: 9
        }
    );
}

#[test]
fn a_leaf_signature_that_does_not_hold_is_refused() {
    let mut unknown = scene();
    let tip = ChangeHash::new([66; 32]);
    unknown.bundle.leaves[0].tip = tip;
    assert_eq!(unknown.travel().unwrap_err(), BundleError::UnknownTip(tip));

    let mut exchanged = scene();
    exchanged.bundle.leaves[0].device = exchanged.bundle.leaves[1].device;
    let LeafSignature { tip, device, .. } = exchanged.bundle.leaves[0];
    let error = KeyError::BadSignature(device);
    assert_eq!(
        exchanged.travel().unwrap_err(),
        BundleError::Tip { tip, error }
    );

    let mut elsewhere = scene();
    let ana = SecretKey::from_seed(&[11; 32]);
    let tip = elsewhere.bundle.leaves[0].tip;
    let other = DocumentId::new([8; 16]);
    elsewhere.bundle.leaves[0].signature = sign_change(&ana, WORKSPACE, other, tip);
    let error = KeyError::BadSignature(ana.device());
    assert_eq!(
        elsewhere.travel().unwrap_err(),
        BundleError::Tip { tip, error }
    );
}

#[test]
fn a_run_aside_that_is_forged_or_of_another_document_is_refused() {
    let eva = SecretKey::from_seed(&[13; 32]);
    let mut elsewhere = scene();
    let document = DocumentId::new([8; 16]);
    elsewhere.bundle.aside[0] = Aside::Run(run_of(
        &eva,
        opened_by(&eva, &Automerge::new(), document),
        document,
    ));
    let error = BundleError::AsideElsewhere { index: 0, document };
    assert_eq!(elsewhere.travel().unwrap_err(), error);

    let mut forged = scene();
    let run = run_of(&eva, opened_by(&eva, &Automerge::new(), DOCUMENT), DOCUMENT);
    let changes = run.check(WORKSPACE).unwrap().verify().unwrap();
    let changes = changes
        .changes()
        .iter()
        .map(|change| change.bytes().to_vec())
        .collect();
    let signature = Signature::new([9; 64]);
    let run = SignedRun::from_parts(DOCUMENT, eva.device(), changes, signature);
    forged.bundle.aside[0] = Aside::Run(run);
    let error = SealError::Key(KeyError::BadSignature(eva.device()));
    assert_eq!(
        forged.travel().unwrap_err(),
        BundleError::Aside { index: 0, error }
    );
}

#[test]
fn the_relay_countersigns_only_its_own_view() {
    let scene = scene();
    let bytes = scene.bundle.to_bytes().unwrap();
    let place = scene.place();
    let other_place = BundleError::OtherPlace {
        workspace: WORKSPACE,
        epoch: EPOCH,
        document: DOCUMENT,
    };
    let other_history = BundleError::OtherHistory {
        document: DOCUMENT,
        upto: UPTO,
    };
    for (place, error) in [
        (
            BundleClaim {
                workspace: WorkspaceId::new([9; 32]),
                ..place
            },
            &other_place,
        ),
        (
            BundleClaim {
                epoch: EpochId::new([9; 16]),
                ..place
            },
            &other_place,
        ),
        (
            BundleClaim {
                document: DocumentId::new([9; 16]),
                ..place
            },
            &other_place,
        ),
        (
            BundleClaim {
                upto: UPTO - 1,
                ..place
            },
            &other_history,
        ),
        (
            BundleClaim {
                digest: [9; 32],
                ..place
            },
            &other_history,
        ),
    ] {
        assert_eq!(
            countersign(&server(), bytes.clone(), &place).unwrap_err(),
            *error
        );
    }
    assert!(countersign(&server(), bytes, &place).is_ok());
}

#[test]
fn a_countersigned_bundle_is_taken_only_where_and_for_what_it_was_signed() {
    let signed = scene().countersign().unwrap();
    let other_place = BundleError::OtherPlace {
        workspace: WORKSPACE,
        epoch: EPOCH,
        document: DOCUMENT,
    };
    let log = *head().head();
    let refuse =
        |log: LogHead, document| signed.clone().verify(&head_of(log), document).unwrap_err();
    assert_eq!(refuse(log, DocumentId::new([9; 16])), other_place);
    assert_eq!(
        refuse(
            LogHead {
                workspace: WorkspaceId::new([9; 32]),
                ..log
            },
            DOCUMENT
        ),
        other_place
    );
    assert_eq!(
        refuse(
            LogHead {
                epoch: EpochId::new([9; 16]),
                ..log
            },
            DOCUMENT
        ),
        other_place
    );
    assert_eq!(
        refuse(
            LogHead {
                size: UPTO - 1,
                ..log
            },
            DOCUMENT
        ),
        BundleError::Beyond {
            upto: UPTO,
            size: UPTO - 1
        }
    );
    assert!(
        signed
            .clone()
            .verify(&head_of(LogHead { size: UPTO, ..log }), DOCUMENT)
            .is_ok()
    );
    let other = SecretKey::from_seed(&[91; 32]);
    let signed = countersign(&other, scene().bundle.to_bytes().unwrap(), &scene().place()).unwrap();
    assert_eq!(
        signed.verify(&head(), DOCUMENT).unwrap_err(),
        BundleError::OtherServer {
            expected: server().server(),
            found: other.server()
        }
    );
}

#[test]
fn no_flipped_bit_outside_the_document_goes_unnoticed() {
    let scene = scene();
    let proved = scene.travel().unwrap();
    let bytes = scene.countersign().unwrap().to_bytes();
    // What stands in the document itself shows when its hashes are computed, which is not done here.
    let save = &scene.bundle.save;
    let start = bytes
        .windows(save.len())
        .position(|part| part == save)
        .unwrap();
    let outside = (0..8 * start).chain(8 * (start + save.len())..8 * bytes.len());
    for bit in outside.step_by(3) {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let again = Countersigned::from_bytes(&changed)
            .and_then(|countersigned| countersigned.verify(&head(), DOCUMENT))
            .and_then(|vouched| vouched.prove(&scene.admitted));
        if let Ok(again) = again {
            assert_eq!(again.landed(), proved.landed(), "bit {bit}");
            assert_eq!(again.leaves(), proved.leaves(), "bit {bit}");
        }
    }
}

#[test]
fn bytes_that_are_no_bundle_are_refused() {
    let scene = scene();
    let bytes = scene.bundle.to_bytes().unwrap();
    assert_eq!(Bundle::from_bytes(&bytes).unwrap(), scene.bundle);
    let trailing = [bytes.as_slice(), &[0]].concat();
    assert!(matches!(
        Bundle::from_bytes(&trailing),
        Err(BundleError::Malformed(_))
    ));
    for cut in 0..bytes.len() {
        assert!(matches!(
            Bundle::from_bytes(&bytes[..cut]),
            Err(BundleError::Malformed(_))
        ));
    }
    let long = vec![0; MAX_BUNDLE_BYTES + 1];
    assert_eq!(
        BundleClaim::read(&long),
        Err(BundleError::TooLong(long.len()))
    );
    let sent = scene.countersign().unwrap().to_bytes();
    let trailing = [sent.as_slice(), &[0]].concat();
    assert!(matches!(
        Countersigned::from_bytes(&trailing),
        Err(BundleError::Malformed(_))
    ));
}

#[test]
fn arrivals_of_one_upload_take_two_bytes_each() {
    let arrivals: Vec<Arrival> = (0..10_000)
        .map(|n| Arrival {
            seq: 5_000_000 + n,
            received_ms: 1_700_000_000_000,
        })
        .collect();
    let bytes = pack(&arrivals);
    assert!(bytes.len() < 2 * arrivals.len() + 12, "{}", bytes.len());
    assert_eq!(unpack(&bytes), Some(arrivals));
}

#[test]
fn arrivals_that_are_cut_off_too_long_or_too_many_are_refused() {
    assert_eq!(unpack(&[]), Some(Vec::new()));
    assert_eq!(
        unpack(&[2, 4]),
        Some(vec![Arrival {
            seq: 1,
            received_ms: 2
        }])
    );
    assert_eq!(unpack(&[2]), None, "no time");
    assert_eq!(unpack(&[2, 0x84]), None, "a number that does not end");
    assert_eq!(unpack(&[2, 0x84, 0]), None, "a number in a longer form");
    let mut widest = vec![2];
    widest.extend([0xff; 9]);
    assert_eq!(
        unpack(&[widest.as_slice(), &[1]].concat()).unwrap()[0].received_ms,
        1 << 63
    );
    assert_eq!(
        unpack(&[widest.as_slice(), &[2]].concat()),
        None,
        "a number beyond 64 bits"
    );
    let limit = 2 * MAX_DOCUMENT_CHANGES as usize;
    assert_eq!(
        unpack(&vec![2; limit]).unwrap().len() as u64,
        MAX_DOCUMENT_CHANGES
    );
    assert_eq!(unpack(&vec![2; limit + 2]), None);
}

#[test]
fn a_digest_depends_on_every_part_of_every_change() {
    let history = scene().index;
    let digest = history_digest(&history);
    for place in 0..history.len() {
        let changed = |change: &dyn Fn(&mut Landed)| {
            let mut other = history.clone();
            change(&mut other[place]);
            history_digest(&other)
        };
        assert_ne!(
            changed(&|landed| landed.hash = ChangeHash::new([1; 32])),
            digest
        );
        assert_ne!(changed(&|landed| landed.arrival.received_ms ^= 1), digest);
        assert_ne!(
            changed(&|landed| landed.audience = other_than(landed.audience)),
            digest
        );
        let mut shorter = history.clone();
        shorter.remove(place);
        assert_ne!(history_digest(&shorter), digest);
    }
    let mut moved = history.clone();
    moved.last_mut().unwrap().arrival.seq += 1;
    assert_ne!(history_digest(&moved), digest);
    let mut streamed = HistoryDigest::new();
    for landed in &history {
        streamed.push(landed);
    }
    assert_eq!(streamed.finish(), digest);
}

fn other_than(audience: Audience) -> Audience {
    match audience {
        Audience::Everyone => Audience::Adopters,
        Audience::Adopters => Audience::Everyone,
    }
}

proptest! {
    #[test]
    fn any_arrivals_read_back(pairs in prop::collection::vec(any::<(u64, u64)>(), 0..50)) {
        let arrivals: Vec<Arrival> =
            pairs.into_iter().map(|(seq, received_ms)| Arrival { seq, received_ms }).collect();
        prop_assert_eq!(unpack(&pack(&arrivals)), Some(arrivals));
    }

    #[test]
    fn arrivals_have_one_encoding(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Some(arrivals) = unpack(&bytes) {
            prop_assert_eq!(pack(&arrivals), bytes);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Bundle::from_bytes(&bytes);
        let _ = BundleClaim::read(&bytes);
        let _ = Countersigned::from_bytes(&bytes);
    }
}

#[test]
fn golden_bytes_of_a_bundle_are_unchanged_and_readable() {
    let scene = scene();
    // The document library may save the same history in other bytes one day: not our format.
    let bundle = Bundle {
        save: b"document".to_vec(),
        ..scene.bundle.clone()
    };
    let signed = countersign(&server(), bundle.to_bytes().unwrap(), &scene.place()).unwrap();
    let index: Vec<_> = scene
        .index
        .iter()
        .map(|one| {
            let Landed {
                hash,
                arrival: Arrival { seq, received_ms },
                audience,
            } = one;
            json!([hex(hash.as_bytes()), seq, received_ms, audience.number()])
        })
        .collect();
    golden::check(
        "bundle",
        &json!({
            "about": "a bundle of six changes in a document (left out here) two set aside and one withheld",
            "history": index,
            "history_digest": hex(&bundle.digest),
            "arrivals": hex(&pack(&bundle.arrivals)),
            "bundle": hex(&bundle.to_bytes().unwrap()),
            "server": hex(server().server().as_bytes()),
            "countersigned_part": hex(&scene.place().to_bytes()),
            "countersigned": hex(&signed.to_bytes()),
        }),
    );
    let golden = golden::read("bundle");
    let signed = Countersigned::from_bytes(&unhex(&golden["countersigned"])).unwrap();
    let proved = signed
        .verify(&head(), DOCUMENT)
        .unwrap()
        .prove(&scene.admitted)
        .unwrap();
    assert_eq!(proved.landed().len(), 9);
}
