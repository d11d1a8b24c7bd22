//! Every target with its seeds, its mutations and what its first check may allocate.

pub mod access;
pub mod bundle;
pub mod document;
pub mod frames;
pub mod gate;
pub mod link;
pub mod log;
pub mod roster;
pub mod template;
pub mod views;
pub mod websocket;
pub mod xes;

use rand_chacha::ChaCha8Rng;

use crate::outcome::Outcome;

/// How much memory the first check of an input may take at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Bytes for each byte of input.
    pub per_byte: usize,
    /// Bytes whatever the input.
    pub free: usize,
}

impl Allowance {
    /// The bytes allowed for an input of this length.
    #[must_use]
    pub const fn of(self, input: usize) -> usize {
        self.free + self.per_byte * input
    }
}

/// One thing that is fuzzed.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: of the corpus folder, of the libFuzzer binary, on the command line.
    pub name: &'static str,
    /// Runs one input; a broken promise is a panic.
    pub run: fn(&[u8]) -> Outcome,
    /// The first check alone, whose memory is bounded.
    pub first: fn(&[u8]),
    /// What the first check may allocate.
    pub allowance: Allowance,
    /// Honest inputs.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Alters an input; the second one is to splice from.
    pub mutate: fn(&mut Vec<u8>, &[u8], &mut ChaCha8Rng),
}

/// The allowance of a room that copies its input and keeps small structs per item of it.
const fn decoding(per_byte: usize) -> Allowance {
    Allowance {
        per_byte,
        free: 64 * 1024,
    }
}

macro_rules! target {
    ($room:ident, $allowance:expr) => {
        Target {
            name: stringify!($room),
            run: $room::run,
            first: |data| drop($room::first(data)),
            allowance: $allowance,
            seeds: $room::seeds,
            mutate: $room::mutate,
        }
    };
}

/// Every target, by name.
pub const TARGETS: &[Target] = &[
    target!(access, decoding(128)),
    target!(bundle, decoding(128)),
    target!(
        document,
        Allowance {
            per_byte: 128,
            free: 8 * 1024 * 1024
        }
    ),
    target!(frames, decoding(128)),
    target!(gate, decoding(16)),
    target!(link, decoding(16)),
    target!(log, decoding(128)),
    target!(roster, decoding(128)),
    target!(
        template,
        Allowance {
            per_byte: 1_024,
            free: 64 * 1024 * 1024
        }
    ),
    target!(
        views,
        Allowance {
            per_byte: 128,
            free: 8 * 1024 * 1024
        }
    ),
    target!(websocket, decoding(16)),
    target!(
        xes,
        Allowance {
            per_byte: 1_024,
            free: 16 * 1024 * 1024
        }
    ),
];

/// One target by its name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
