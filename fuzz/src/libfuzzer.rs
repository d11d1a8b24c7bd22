//! The bridge to libFuzzer: its input function and its mutator, for one target.
//!
//! Only with the feature `libfuzzer`. Half of the mutations are the target's own, which know the
//! format; the other half are libFuzzer's, which knows the coverage.

pub use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::targets::Target;

/// Makes a binary that drives one target by its name.
#[macro_export]
macro_rules! libfuzzer_target {
    ($name:literal) => {
        $crate::libfuzzer::fuzz_target!(|data: &[u8]| {
            let _ = ($crate::libfuzzer::named($name).run)(data);
        });
        $crate::libfuzzer::fuzz_mutator!(|data: &mut [u8],
                                          size: usize,
                                          max_size: usize,
                                          seed: u32| {
            $crate::libfuzzer::mutate(
                $crate::libfuzzer::named($name),
                data,
                (size, max_size),
                seed,
            )
        });
    };
}

/// The target of this name.
///
/// # Panics
/// When there is none: the binary names one that was renamed.
#[must_use]
pub fn named(name: &str) -> &'static Target {
    crate::target(name).expect("the binary is named after its target")
}

/// Alters the first `size` bytes of the buffer; the new length is at most `max_size`.
pub fn mutate(
    target: &Target,
    data: &mut [u8],
    (size, max_size): (usize, usize),
    seed: u32,
) -> usize {
    let mut dice = ChaCha8Rng::seed_from_u64(u64::from(seed));
    if dice.random() {
        return fuzzer_mutate(data, size, max_size);
    }
    let mut input = data[..size].to_vec();
    (target.mutate)(&mut input, &[], &mut dice);
    input.truncate(max_size);
    data[..input.len()].copy_from_slice(&input);
    input.len()
}
