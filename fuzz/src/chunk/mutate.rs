//! Mutations that know the parts of a chunk: a count, a column, an actor, a dependency. What comes
//! out has a fitting length and checksum, so that it gets past the first check.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::{ChangeParts, Columns, DocumentParts, reseal, write_signed, write_unsigned};
use crate::mutate::mutate_bytes;

/// Specifications of the operation columns: of changes, of documents, and some that neither has.
const SPECS: [u64; 22] = [
    0x01,
    0x02,
    0x11,
    0x13,
    0x15,
    0x21,
    0x23,
    0x34,
    0x42,
    0x56,
    0x57,
    0x70,
    0x71,
    0x73,
    0x80,
    0x81,
    0x83,
    0x94,
    0xa5,
    0x00,
    0x08,
    0xffff_ffff,
];

/// Alters one change; bytes that are none are altered blindly.
pub fn mutate_change(bytes: &mut Vec<u8>, other: &[u8], dice: &mut ChaCha8Rng) {
    let Some(mut parts) = ChangeParts::of(bytes) else {
        mutate_bytes(bytes, other, dice);
        return reseal(bytes);
    };
    let donor = ChangeParts::of(other);
    for _ in 0..dice.random_range(1..=2) {
        alter_change(&mut parts, donor.as_ref(), dice);
    }
    *bytes = parts.seal();
    // Now and then the length no longer fits, or bytes follow.
    if dice.random_ratio(1, 24) {
        mutate_bytes(bytes, other, dice);
        reseal(bytes);
    }
}

fn alter_change(parts: &mut ChangeParts, donor: Option<&ChangeParts>, dice: &mut ChaCha8Rng) {
    match dice.random_range(0..12) {
        0 => alter_list(&mut parts.deps, donor.map(|donor| &donor.deps), dice),
        1 => mutate_bytes(&mut parts.actor, &[], dice),
        2 => {
            let which = dice.random_range(0..2);
            parts.numbers[which] = near(parts.numbers[which], dice);
        }
        3 => parts.time = near(parts.time.cast_unsigned(), dice).cast_signed(),
        4 => mutate_bytes(
            &mut parts.message,
            donor.map_or(&[], |donor| &donor.message),
            dice,
        ),
        5 => alter_list(&mut parts.others, donor.map(|donor| &donor.others), dice),
        6 => mutate_bytes(&mut parts.extra, &[], dice),
        7 => {
            if let Some(donor) = donor {
                parts.columns.clone_from(&donor.columns);
            }
        }
        _ => alter_columns(&mut parts.columns, donor.map(|donor| &donor.columns), dice),
    }
}

/// Alters one saved document; bytes that are none are altered blindly.
pub fn mutate_document(bytes: &mut Vec<u8>, other: &[u8], dice: &mut ChaCha8Rng) {
    let Some(mut parts) = DocumentParts::of(bytes) else {
        mutate_bytes(bytes, other, dice);
        return reseal(bytes);
    };
    let donor = DocumentParts::of(other);
    let donor = donor.as_ref();
    match dice.random_range(0..10) {
        0 => alter_list(&mut parts.actors, donor.map(|donor| &donor.actors), dice),
        1 => alter_list(&mut parts.heads, donor.map(|donor| &donor.heads), dice),
        2 => mutate_bytes(&mut parts.suffix, &[], dice),
        3..6 => alter_columns(&mut parts.changes, donor.map(|donor| &donor.changes), dice),
        _ => alter_columns(&mut parts.rows, donor.map(|donor| &donor.rows), dice),
    }
    *bytes = parts.seal();
    if dice.random_ratio(1, 24) {
        mutate_bytes(bytes, other, dice);
        reseal(bytes);
    }
}

fn alter_list(list: &mut Vec<Vec<u8>>, donor: Option<&Vec<Vec<u8>>>, dice: &mut ChaCha8Rng) {
    let at = dice.random_range(0..=list.len());
    match (dice.random_range(0..5), list.get_mut(at)) {
        (0, Some(entry)) => mutate_bytes(entry, &[], dice),
        (1, Some(_)) => drop(list.remove(at)),
        (2, Some(entry)) => {
            let twin = entry.clone();
            list.insert(at, twin);
        }
        (3, Some(_)) => {
            let with = dice.random_range(0..list.len());
            list.swap(at, with);
        }
        (_, _) => {
            if let Some(entry) = donor.and_then(|donor| donor.first()) {
                list.insert(at, entry.clone());
            }
        }
    }
}

fn alter_columns(columns: &mut Columns, donor: Option<&Columns>, dice: &mut ChaCha8Rng) {
    let at = dice.random_range(0..=columns.len());
    match (dice.random_range(0..10), columns.get_mut(at)) {
        (0, Some((spec, _))) => *spec = SPECS[dice.random_range(0..SPECS.len())],
        (1, Some((spec, _))) => *spec ^= 0x08,
        (2, Some(_)) => drop(columns.remove(at)),
        (3, Some(column)) => {
            let twin = column.clone();
            columns.insert(at, twin);
        }
        (4 | 5, Some((_, bytes))) => alter_run(bytes, dice),
        (6, Some((spec, bytes))) => {
            let donor = donor.and_then(|donor| donor.iter().find(|(known, _)| known == spec));
            if let Some((_, given)) = donor {
                bytes.clone_from(given);
            }
        }
        (_, Some((_, bytes))) => mutate_bytes(bytes, &[], dice),
        (_, None) => {
            let spec = SPECS[dice.random_range(0..SPECS.len())];
            let mut bytes = Vec::new();
            alter_run(&mut bytes, dice);
            columns.push((spec, bytes));
            columns.sort_by_key(|(spec, _)| *spec);
        }
    }
}

/// Puts a run of some length before a column's own, or in its place: what a few bytes can claim.
fn alter_run(bytes: &mut Vec<u8>, dice: &mut ChaCha8Rng) {
    let count = near(1 << dice.random_range(0..40), dice).cast_signed();
    let mut run = Vec::new();
    match dice.random_range(0..4) {
        0 => {
            run.push(0);
            write_unsigned(&mut run, count.unsigned_abs());
        }
        1 => write_unsigned(&mut run, count.unsigned_abs()),
        _ => {
            let literal = dice.random_ratio(1, 6);
            write_signed(&mut run, if literal { count.wrapping_neg() } else { count });
            write_signed(&mut run, dice.random_range(-2..3));
        }
    }
    if dice.random() {
        run.extend_from_slice(bytes);
    }
    *bytes = run;
}

/// A number beside this one, or at an edge.
fn near(number: u64, dice: &mut ChaCha8Rng) -> u64 {
    match dice.random_range(0..8) {
        0 => 0,
        1 => u64::from(u32::MAX).wrapping_add_signed(dice.random_range(-1..=1)),
        2 => u64::MAX,
        3 => (1 << 31_u32) + dice.random_range(0..2),
        4 => i64::MAX.cast_unsigned(),
        _ => number.wrapping_add_signed(dice.random_range(-2..=2)),
    }
}
