//! Mutations that know nothing of a format. Seeded: the same dice give the same bytes.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

/// Bytes at the edges of numbers and encodings.
const EDGES: [u8; 14] = [
    0x00, 0x01, 0x02, 0x3f, 0x40, 0x7e, 0x7f, 0x80, 0x81, 0xbf, 0xc0, 0xfb, 0xfe, 0xff,
];
/// Longest an input may grow by mutation alone.
pub const MAX_GROWN_BYTES: usize = 64 * 1024;
/// Longest piece that is copied, inserted or removed at once.
const MAX_PIECE: usize = 64;

/// Changes bytes in one to four places. `other` is another input to splice from.
pub fn mutate_bytes(bytes: &mut Vec<u8>, other: &[u8], dice: &mut ChaCha8Rng) {
    for _ in 0..dice.random_range(1..=4) {
        mutate_once(bytes, other, dice);
    }
    bytes.truncate(MAX_GROWN_BYTES);
}

fn mutate_once(bytes: &mut Vec<u8>, other: &[u8], dice: &mut ChaCha8Rng) {
    let at = place(bytes.len() + 1, dice);
    match dice.random_range(0..10) {
        0 => alter(bytes, dice, |byte, dice| {
            byte ^ 1 << dice.random_range(0..8)
        }),
        1 => alter(bytes, dice, |_, dice| dice.random()),
        2 => alter(bytes, dice, |_, dice| {
            EDGES[dice.random_range(0..EDGES.len())]
        }),
        3 => alter(bytes, dice, |byte, dice| {
            byte.wrapping_add_signed(dice.random_range(-3..=3))
        }),
        4 => insert(
            bytes,
            at,
            &[dice.random(), EDGES[dice.random_range(0..EDGES.len())]][..1],
        ),
        5 => {
            let piece = piece(bytes, dice);
            insert(bytes, at, &piece);
        }
        6 => {
            let end = (at + dice.random_range(1..=MAX_PIECE)).min(bytes.len());
            bytes.drain(at.min(end)..end);
        }
        7 => {
            let piece = piece(other, dice);
            insert(bytes, at, &piece);
        }
        8 => {
            let piece = piece(other, dice);
            let end = (at + piece.len()).min(bytes.len());
            bytes.splice(at.min(end)..end, piece);
        }
        _ => overlong(bytes, dice),
    }
}

fn alter(bytes: &mut [u8], dice: &mut ChaCha8Rng, with: impl Fn(u8, &mut ChaCha8Rng) -> u8) {
    if !bytes.is_empty() {
        let at = place(bytes.len(), dice);
        bytes[at] = with(bytes[at], dice);
    }
}

/// A place, more often near the beginning, where formats keep their counts.
fn place(length: usize, dice: &mut ChaCha8Rng) -> usize {
    let near = if dice.random_ratio(1, 3) {
        length.min(48)
    } else {
        length
    };
    dice.random_range(0..near.max(1))
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    let at = at.min(bytes.len());
    bytes.splice(at..at, piece.iter().copied());
}

fn piece(from: &[u8], dice: &mut ChaCha8Rng) -> Vec<u8> {
    if from.is_empty() {
        return Vec::new();
    }
    let start = dice.random_range(0..from.len());
    let end = (start + dice.random_range(1..=MAX_PIECE)).min(from.len());
    from[start..end].to_vec()
}

/// Writes the largest number of some width, in the spellings of CBOR and LEB128.
fn overlong(bytes: &mut Vec<u8>, dice: &mut ChaCha8Rng) {
    const NUMBERS: [&[u8]; 8] = [
        &[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x5b, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff],
        &[0x9f],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        &[0x80, 0x80, 0x80, 0x80, 0x10],
        &[0x80, 0x80, 0x80, 0x80, 0x08],
    ];
    let number = NUMBERS[dice.random_range(0..NUMBERS.len())];
    let at = place(bytes.len() + 1, dice).min(bytes.len());
    let end = if dice.random() {
        (at + 1).min(bytes.len())
    } else {
        at
    };
    bytes.splice(at..end, number.iter().copied());
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn the_same_dice_give_the_same_bytes_and_lengths_stay_bounded() {
        let roll = || {
            let mut dice = ChaCha8Rng::seed_from_u64(3);
            let mut bytes = vec![7; 100];
            for _ in 0..5_000 {
                mutate_bytes(&mut bytes, &[1, 2, 3], &mut dice);
            }
            bytes
        };
        let bytes = roll();
        assert_eq!(bytes, roll());
        assert!(bytes.len() <= MAX_GROWN_BYTES);
    }

    #[test]
    fn nothing_is_too_short_to_be_mutated() {
        let mut dice = ChaCha8Rng::seed_from_u64(4);
        for _ in 0..2_000 {
            let mut bytes = Vec::new();
            mutate_bytes(&mut bytes, &[], &mut dice);
        }
    }
}
