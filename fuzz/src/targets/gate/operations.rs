//! Mutations of a change as operations: dropped, doubled, swapped, pointed elsewhere, and encoded
//! again by the document library, so that the columns are always spelt properly.

use automerge::legacy::{ElementId, Key, ObjectId, Op, OpId, OpType};
use automerge::{ActorId, Change, ExpandedChange, ObjType, ScalarValue};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::chunk::reseal;
use crate::guard::guarded;
use crate::mutate::mutate_bytes;

/// Alters one or two operations; what the document library cannot encode is altered blindly.
pub(super) fn mutate(bytes: &mut Vec<u8>, donor: &[u8], dice: &mut ChaCha8Rng) {
    let altered = guarded(|| {
        let mut change = Change::from_bytes(bytes.clone()).ok()?.decode();
        let donor = Change::from_bytes(donor.to_vec())
            .ok()
            .map(|donor| donor.decode());
        for _ in 0..dice.random_range(1..=2) {
            alter(&mut change, donor.as_ref(), dice);
        }
        Some(Change::from(change).raw_bytes().to_vec())
    });
    match altered {
        Ok(Some(altered)) => *bytes = altered,
        Ok(None) | Err(_) => {
            mutate_bytes(bytes, donor, dice);
            reseal(bytes);
        }
    }
}

fn alter(change: &mut ExpandedChange, donor: Option<&ExpandedChange>, dice: &mut ChaCha8Rng) {
    let count = change.operations.len();
    if count == 0 {
        change
            .operations
            .extend(donor.and_then(|donor| donor.operations.first()).cloned());
        return;
    }
    let at = dice.random_range(0..count);
    let names = names(change, dice);
    match dice.random_range(0..11) {
        0 => drop(change.operations.remove(at)),
        1 => {
            let twin = change.operations[at].clone();
            change.operations.insert(at, twin);
        }
        2 => change.operations.swap(at, dice.random_range(0..count)),
        3 => change.operations.extend(
            donor
                .iter()
                .flat_map(|d| d.operations.iter().cloned())
                .take(3),
        ),
        4 => change.operations[at].obj = object(&names, dice),
        5 => change.operations[at].key = key(&names, dice),
        6 => {
            let preds = dice.random_range(0..3);
            let picked = (0..preds).map(|_| names[dice.random_range(0..names.len())].clone());
            change.operations[at].pred = picked.collect::<Vec<_>>().into();
        }
        7 => change.operations[at].insert ^= true,
        8 => change.operations[at].action = action(dice),
        9 => {
            if let Some(donor) = donor.and_then(|donor| donor.operations.first()) {
                change.operations[at] = Op {
                    pred: change.operations[at].pred.clone(),
                    ..donor.clone()
                };
            }
        }
        _ => {
            change.time = change
                .time
                .wrapping_add(dice.random_range(-5_000_000..5_000_000));
            change.deps.reverse();
        }
    }
}

/// Operations that a change could name: those it names, its own, and made-up ones.
fn names(change: &ExpandedChange, dice: &mut ChaCha8Rng) -> Vec<OpId> {
    let mut names: Vec<OpId> = Vec::new();
    for op in &change.operations {
        names.extend(op.pred.iter().cloned());
        if let ObjectId::Id(id) = &op.obj {
            names.push(id.clone());
        }
        if let Key::Seq(ElementId::Id(id)) = &op.key {
            names.push(id.clone());
        }
    }
    let own = change.start_op.get() + dice.random_range(0..change.operations.len() as u64 + 1);
    names.push(OpId::new(own, &change.actor_id));
    names.push(OpId::new(dice.random_range(1..200), &change.actor_id));
    names.push(OpId::new(
        dice.random_range(1..200),
        &ActorId::from(&[3; 24][..]),
    ));
    names
}

fn object(names: &[OpId], dice: &mut ChaCha8Rng) -> ObjectId {
    match dice.random_range(0..4) {
        0 => ObjectId::Root,
        _ => ObjectId::Id(names[dice.random_range(0..names.len())].clone()),
    }
}

fn key(names: &[OpId], dice: &mut ChaCha8Rng) -> Key {
    const KEYS: [&str; 8] = [
        "kind",
        "stage",
        "fields",
        "tasks",
        "",
        "summary",
        "title",
        "\u{10ffff}",
    ];
    match dice.random_range(0..4) {
        0 => Key::head(),
        1 => Key::Seq(ElementId::Id(
            names[dice.random_range(0..names.len())].clone(),
        )),
        _ => Key::Map(KEYS[dice.random_range(0..KEYS.len())].into()),
    }
}

fn action(dice: &mut ChaCha8Rng) -> OpType {
    match dice.random_range(0..8) {
        0 => OpType::Delete,
        1 => OpType::Increment(dice.random_range(-3..3)),
        2 => OpType::Make(
            [ObjType::Map, ObjType::List, ObjType::Text, ObjType::Table][dice.random_range(0..4)],
        ),
        3 => OpType::Put(ScalarValue::Null),
        4 => OpType::Put(ScalarValue::Str("other words".into())),
        5 => OpType::Put(ScalarValue::counter(1)),
        6 => OpType::Put(ScalarValue::Bytes(vec![0; 3])),
        _ => OpType::Put(ScalarValue::Int(dice.random())),
    }
}
