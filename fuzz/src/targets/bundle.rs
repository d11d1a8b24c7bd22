//! Bundles: as they arrive, and as a relay would countersign them.
//!
//! Input: an even byte, then a countersigned bundle as it travels; or an odd one, then a bundle
//! that the relay countersigns whatever it claims, so that the checks behind the signature are
//! reached. What is proved must have exactly the history of the document that was loaded.

use casework_protocol::bundle::{
    Arrival, Aside, Audience, Bundle, BundleClaim, BundleError, Countersigned, Landed,
    LeafSignature, VouchedBundle, countersign, history_digest,
};
use casework_protocol::gate::check_document;
use casework_protocol::ids::{ChangeHash, EpochId};
use casework_protocol::log::{LogHead, NodeHash, VerifiedHead, sign_head};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::casebook::{CASE, WORKSPACE, book, key};
use crate::guard::guarded;
use crate::mutate::mutate_bytes;
use crate::outcome::Outcome;
use crate::targets::document;

const EPOCH: EpochId = EpochId::new([2; 16]);
/// Size of the log that the honest bundle reaches to.
const UPTO: u64 = 1_000;

/// Runs one input.
///
/// # Panics
/// When a promise is broken.
#[must_use]
pub fn run(data: &[u8]) -> Outcome {
    match first(data) {
        Ok(vouched) => open(vouched),
        Err(error) => Outcome::refused(&error),
    }
}

/// The first checks alone: the claim, the countersignature, and decoding.
///
/// # Errors
/// The bundles' own.
pub fn first(data: &[u8]) -> Result<VouchedBundle, BundleError> {
    let (as_relay, bytes) = data.split_first().unwrap_or((&0, &[]));
    if as_relay % 2 == 0 {
        return Countersigned::from_bytes(bytes)?.verify(&head(WORKSPACE, EPOCH, UPTO), CASE);
    }
    let claim = BundleClaim::read(bytes)?;
    let countersigned = countersign(&key(9), bytes.to_vec(), &claim)?;
    let travelled = Countersigned::from_bytes(&countersigned.to_bytes())?;
    assert_eq!(travelled, countersigned);
    let size = claim.upto.min(1 << 62);
    travelled.verify(&head(claim.workspace, claim.epoch, size), claim.document)
}

fn head(workspace: casework_protocol::ids::WorkspaceId, epoch: EpochId, size: u64) -> VerifiedHead {
    let root = if size == 0 {
        NodeHash::empty_root()
    } else {
        NodeHash::new([5; 32])
    };
    let head = LogHead {
        workspace,
        epoch,
        size,
        root,
        time_ms: 0,
    };
    sign_head(&key(9), head)
        .verify(key(9).server(), workspace)
        .expect("our own head holds")
}

fn open(vouched: VouchedBundle) -> Outcome {
    if let Err(error) = check_document(vouched.save()) {
        return Outcome::read(&error).within("Gate");
    }
    let hashes = guarded(|| {
        let doc = document::open(vouched.save())?;
        let metas = doc.get_changes_meta(&[]);
        Ok::<_, String>(
            metas
                .iter()
                .map(|meta| ChangeHash::new(meta.hash.0))
                .collect::<Vec<_>>(),
        )
    });
    let admitted = match hashes {
        Ok(Ok(hashes)) => hashes,
        Ok(Err(_)) => return Outcome::read(&"").within("LoadRefuses"),
        Err(_) => return Outcome::read(&"").within("LoadPanics").with_caught(1),
    };
    let (place, upto) = (vouched.document(), vouched.upto());
    let proved = match vouched.prove(&admitted) {
        Ok(proved) => proved,
        Err(error) => return Outcome::read(&error).within("Prove"),
    };
    assert_eq!((proved.document(), proved.upto()), (place, upto));
    let landed = proved.landed();
    assert!(landed.is_sorted_by(|one, next| one.arrival.seq < next.arrival.seq));
    assert!(landed.iter().all(|landed| landed.arrival.seq < upto));
    let open_ones = landed
        .iter()
        .filter(|landed| landed.audience == Audience::Everyone);
    assert!(
        open_ones.count() >= admitted.len(),
        "a change of the document is missing"
    );
    assert!(
        proved
            .leaves()
            .iter()
            .all(|leaf| admitted.contains(&leaf.tip))
    );
    Outcome::accepted(&"").within("Proved")
}

/// The book as a bundle: all in the document, and with the last changes of one device aside.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let whole = honest(Vec::new());
    let withheld = Aside::Withheld {
        device: crate::casebook::device(3),
        changes: vec![ChangeHash::new([9; 32])],
    };
    let run = stray();
    let mut seeds = Vec::new();
    for bundle in [
        whole,
        honest(vec![withheld.clone()]),
        honest(vec![Aside::Run(run), withheld]),
    ] {
        let bytes = bundle.to_bytes().expect("the book is short");
        let claim = BundleClaim::read(&bytes).expect("just written");
        let signed = countersign(&key(9), bytes.clone(), &claim).expect("it claims what it claims");
        seeds.push([&[0][..], &signed.to_bytes()].concat());
        seeds.push([&[1][..], &bytes].concat());
    }
    seeds
}

/// A run that is not in the document: what device 2 did, signed again as if set aside.
fn stray() -> casework_protocol::seal::SignedRun {
    book()
        .run(2, 0, 2)
        .expect("the book has changes of device 2")
}

fn honest(aside: Vec<Aside>) -> Bundle {
    let book = book();
    let metas = book.whole().get_changes_meta(&[]);
    let mut landed: Vec<Landed> = Vec::new();
    let mut land = |hash, audience| {
        let seq = 3 * landed.len() as u64;
        let arrival = Arrival {
            seq,
            received_ms: 1_000 + seq / 9,
        };
        landed.push(Landed {
            hash,
            arrival,
            audience,
        });
    };
    metas
        .iter()
        .for_each(|meta| land(ChangeHash::new(meta.hash.0), Audience::Everyone));
    for one in &aside {
        match one {
            Aside::Run(run) => {
                let checked = run.clone().check(WORKSPACE).expect("an honest run");
                let verified = checked.verify().expect("an honest run");
                let hashes = verified.changes().iter().map(|change| change.header().hash);
                hashes.for_each(|hash| land(hash, Audience::Everyone));
            }
            Aside::Withheld { changes, .. } => {
                changes
                    .iter()
                    .for_each(|hash| land(*hash, Audience::Adopters));
            }
        }
    }
    let leaf = |(device, tip, signature)| LeafSignature {
        device,
        tip,
        signature,
    };
    Bundle {
        workspace: WORKSPACE,
        epoch: EPOCH,
        document: CASE,
        upto: UPTO,
        digest: history_digest(&landed),
        save: book.save(true),
        aside,
        leaves: book.leaves().into_iter().map(leaf).collect(),
        arrivals: landed.iter().map(|landed| landed.arrival).collect(),
    }
}

/// Alters any bytes, or the document inside.
pub fn mutate(data: &mut Vec<u8>, other: &[u8], dice: &mut ChaCha8Rng) {
    let bundle = data
        .split_first()
        .filter(|(as_relay, _)| **as_relay % 2 == 1);
    let parsed = bundle.and_then(|(_, bytes)| minicbor::decode::<Bundle>(bytes).ok());
    let Some(mut bundle) = parsed.filter(|_| dice.random_ratio(1, 2)) else {
        return mutate_bytes(data, other, dice);
    };
    match dice.random_range(0..6) {
        0 => document::mutate(&mut bundle.save, &book().save(true), dice),
        1 => drop(bundle.arrivals.pop()),
        2 => {
            let at = dice.random_range(0..bundle.arrivals.len().max(1));
            if let Some(arrival) = bundle.arrivals.get_mut(at) {
                arrival.seq = arrival.seq.wrapping_add_signed(dice.random_range(-3..=3));
            }
        }
        3 => drop(bundle.leaves.pop()),
        4 => bundle.aside.extend(bundle.aside.first().cloned()),
        _ => bundle.upto = dice.random_range(0..UPTO),
    }
    *data = [
        &[1][..],
        &minicbor::to_vec(&bundle).expect("memory takes every byte"),
    ]
    .concat();
}
