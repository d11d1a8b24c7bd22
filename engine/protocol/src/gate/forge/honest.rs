//! Honest changes and documents, made with the document library itself. Test support only.

use automerge::marks::{ExpandMark, Mark};
use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{Author, Automerge, ObjType, ROOT, ReadDoc, SaveOptions, ScalarValue};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::actor::actor_id;
use crate::ids::{ActorId, DeviceId, DocumentId, WorkspaceId};

use super::super::change::Origin;

pub(in crate::gate) fn origin(device: u8) -> Origin {
    Origin {
        workspace: WorkspaceId::new([1; 32]),
        document: DocumentId::new([2; 16]),
        device: DeviceId::new([device; 32]),
    }
}

pub(in crate::gate) fn actor_of(origin: &Origin, nonce: u8) -> ActorId {
    actor_id(origin.workspace, origin.document, origin.device, [nonce; 8])
}

/// The document as this device writes it.
pub(in crate::gate) fn write_as(doc: Automerge, origin: &Origin, nonce: u8) -> Automerge {
    doc.with_author(Some(Author::from(origin.device.as_bytes().to_vec())))
        .with_actor(automerge::ActorId::from(
            actor_of(origin, nonce).as_bytes().as_slice(),
        ))
}

pub(in crate::gate) fn save(doc: &Automerge) -> Vec<u8> {
    doc.save_with_options(SaveOptions {
        deflate: true,
        retain_orphans: false,
    })
}

/// A small honest change of device 3 with several kinds of operations; it is the actor's first.
pub(in crate::gate) fn first_change() -> (Origin, Vec<u8>) {
    let (origin, doc) = small_document();
    (origin, doc.get_changes(&[])[0].raw_bytes().to_vec())
}

/// A document with two changes of one actor and one of another that both build on.
pub(in crate::gate) fn small_document() -> (Origin, Automerge) {
    let (first, second) = (origin(3), origin(4));
    let mut doc = write_as(Automerge::new(), &first, 7);
    commit(&mut doc, 1_000, |tx| {
        let list = tx.put_object(ROOT, "list", ObjType::List).unwrap();
        tx.insert(&list, 0, "a").unwrap();
        tx.insert(&list, 1, true).unwrap();
        tx.put(ROOT, "count", ScalarValue::counter(5)).unwrap();
        tx.put(ROOT, "title", "hello").unwrap();
    });
    let mut other = write_as(doc.fork(), &second, 8);
    commit(&mut other, 2_000, |tx| {
        tx.put(ROOT, "title", "there").unwrap();
        tx.increment(ROOT, "count", 2).unwrap();
    });
    doc.merge(&mut other).unwrap();
    let mut doc = write_as(doc, &first, 7);
    commit(&mut doc, 3_000, |tx| {
        let (_, list) = tx.get(ROOT, "list").unwrap().unwrap();
        tx.delete(&list, 0).unwrap();
        tx.put(ROOT, "title", "everybody").unwrap();
        tx.delete(ROOT, "count").unwrap();
    });
    (first, doc)
}

pub(in crate::gate) fn commit(
    doc: &mut Automerge,
    time_ms: i64,
    act: impl FnOnce(&mut Transaction<'_>),
) {
    doc.transact_with::<_, _, automerge::AutomergeError, _>(
        |()| {
            CommitOptions::default()
                .with_message("{\"do\":\"test\"}")
                .with_time(time_ms)
        },
        |tx| {
            act(tx);
            Ok(())
        },
    )
    .unwrap();
}

/// Documents made by random honest work of several devices, forked and merged.
pub(in crate::gate) fn random_documents(rng: &mut ChaCha8Rng, rounds: usize) -> Vec<Automerge> {
    let mut base = write_as(Automerge::new(), &origin(1), 1);
    commit(&mut base, 0, |tx| {
        for (key, kind) in [
            ("map", ObjType::Map),
            ("list", ObjType::List),
            ("text", ObjType::Text),
        ] {
            tx.put_object(ROOT, key, kind).unwrap();
        }
    });
    let mut docs: Vec<Automerge> = vec![base];
    for device in 2..5 {
        let fork = docs[0].fork();
        docs.push(write_as(fork, &origin(device), device));
    }
    for round in 0..rounds {
        let place = rng.random_range(0..docs.len());
        if rng.random_ratio(1, 4) {
            let from = rng.random_range(0..docs.len());
            let mut other = docs[from].clone();
            docs[place].merge(&mut other).unwrap();
        }
        if rng.random_ratio(1, 20) {
            docs[place].empty_commit(CommitOptions::default().with_time(round as i64));
        }
        let mut random = core::mem::replace(rng, ChaCha8Rng::seed_from_u64(0));
        commit(&mut docs[place], round as i64 * 977, |tx| {
            for _ in 0..random.random_range(1..8) {
                random_act(tx, &mut random);
            }
        });
        *rng = random;
    }
    docs
}

fn random_act(tx: &mut Transaction<'_>, rng: &mut ChaCha8Rng) {
    let object = |tx: &Transaction<'_>, key: &str| tx.get(ROOT, key).unwrap().unwrap().1;
    let (map, list, text) = (object(tx, "map"), object(tx, "list"), object(tx, "text"));
    let key = format!("key{}", rng.random_range(0..6));
    let length = tx.length(&list);
    match rng.random_range(0..12) {
        0..3 => tx.put(&map, key, random_scalar(rng)).unwrap(),
        3 => drop(tx.put_object(&map, key, ObjType::Map).unwrap()),
        4 => tx.delete(&map, key).unwrap(),
        5 => tx
            .insert(&list, rng.random_range(0..=length), random_scalar(rng))
            .unwrap(),
        6 if length > 0 => tx.delete(&list, rng.random_range(0..length)).unwrap(),
        7 if length > 0 => {
            tx.put(&list, rng.random_range(0..length), random_scalar(rng))
                .unwrap();
        }
        8 => {
            let at = rng.random_range(0..=tx.length(&text));
            let cut = rng.random_range(0..=tx.length(&text) - at).min(3);
            tx.splice_text(&text, at, cut as isize, ["né", "", "aaaa", "x y"][at % 4])
                .unwrap();
        }
        9 if tx.length(&text) > 2 => {
            let end = rng.random_range(1..tx.length(&text));
            let mark = Mark::new("bold".to_owned(), random_scalar(rng), 0, end);
            let expand = [ExpandMark::Both, ExpandMark::None, ExpandMark::After][end % 3];
            tx.mark(&text, mark, expand).unwrap();
        }
        10 => {
            tx.put(
                ROOT,
                "counter",
                ScalarValue::counter(rng.random_range(-5..5)),
            )
            .unwrap();
            tx.increment(ROOT, "counter", rng.random_range(-300..300))
                .unwrap();
        }
        11 if tx.get(ROOT, "counter").unwrap().is_some() => {
            tx.increment(ROOT, "counter", 1).unwrap();
        }
        _ => tx.put(ROOT, "last", rng.random::<i64>()).unwrap(),
    }
}

fn random_scalar(rng: &mut ChaCha8Rng) -> ScalarValue {
    match rng.random_range(0..11) {
        0 => ScalarValue::Null,
        1 => ScalarValue::Boolean(rng.random()),
        2 => ScalarValue::Int(rng.random::<i64>() >> rng.random_range(0..64)),
        3 => ScalarValue::Uint(rng.random::<u64>() >> rng.random_range(0..64)),
        4 => ScalarValue::F64(rng.random()),
        5 => ScalarValue::Str("text".into()),
        6 => ScalarValue::Str("".into()),
        7 => ScalarValue::Bytes(vec![0xff; rng.random_range(0..300)]),
        8 => ScalarValue::Timestamp(rng.random::<i64>() >> 20),
        9 => ScalarValue::counter(rng.random_range(-100..100)),
        _ => ScalarValue::Unknown {
            type_code: rng.random_range(10..16),
            bytes: vec![1, 2],
        },
    }
}
