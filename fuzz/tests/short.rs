//! Every target for a moment on stable: honest seeds come through, kept inputs and seeded mutations
//! break no promise, and the first checks stay within their memory.
//!
//! `CASEWORK_FUZZ_ITERS` sets how many mutations each target gets; `cargo xtask fuzz` runs longer.
#![allow(
    unsafe_code,
    reason = "counting what is allocated takes a global allocator"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use casework_fuzz::{Budget, Depth, TARGETS, Target, drive};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Mutations per target in the ordinary test run.
const RUNS: u64 = 400;

fn runs() -> u64 {
    std::env::var("CASEWORK_FUZZ_ITERS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(RUNS)
}

thread_local! {
    /// Bytes this thread holds, and the most it held since the last reset.
    static HELD: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

struct Counting;

fn grow(bytes: usize) {
    let _ = HELD.try_with(|held| {
        let (now, most) = held.get();
        let now = now.saturating_add(bytes);
        held.set((now, most.max(now)));
    });
}

fn shrink(bytes: usize) {
    let _ = HELD.try_with(|held| {
        let (now, most) = held.get();
        held.set((now.saturating_sub(bytes), most));
    });
}

// SAFETY: everything is handed on to the system's allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        shrink(layout.size());
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        grow(size);
        shrink(layout.size());
        // SAFETY: the caller's promise is handed on.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The most bytes that `work` held at once beyond what was held before.
fn peak_of(work: impl FnOnce()) -> usize {
    let (before, _) = HELD.get();
    HELD.set((before, before));
    work();
    HELD.get().1.saturating_sub(before)
}

#[test]
fn honest_inputs_come_through_every_target() {
    for target in TARGETS {
        let outcomes: Vec<_> = (target.seeds)()
            .iter()
            .map(|seed| (target.run)(seed))
            .collect();
        let through = outcomes
            .iter()
            .filter(|outcome| outcome.depth == Depth::Accepted)
            .count();
        assert!(
            through > 0,
            "{}: no seed comes through: {outcomes:?}",
            target.name
        );
        let caught: u32 = outcomes.iter().map(|outcome| outcome.caught).sum();
        assert_eq!(
            caught, 0,
            "{}: an honest input made the document library panic",
            target.name
        );
    }
}

#[test]
fn every_honest_change_is_accepted() {
    let gate = casework_fuzz::target("gate").unwrap();
    for seed in (gate.seeds)() {
        let outcome = (gate.run)(&seed);
        assert_eq!(outcome.depth, Depth::Accepted, "{outcome:?}");
    }
}

#[test]
fn mutations_break_no_promise() {
    for target in TARGETS {
        let report = drive(target, 1, Budget::Runs(runs()))
            .unwrap_or_else(|failure| panic!("{}: {failure:?}", target.name));
        assert!(
            report.kinds.len() > 3,
            "{}: all ends alike: {:?}",
            target.name,
            report.kinds
        );
    }
}

#[test]
fn the_same_seed_makes_the_same_run() {
    let target = casework_fuzz::target("gate").unwrap();
    let run = || drive(target, 7, Budget::Runs(128)).unwrap();
    let (one, other) = (run(), run());
    assert_eq!((one.kinds, one.kept), (other.kinds, other.kept));
}

#[test]
fn what_a_first_check_takes_is_a_fixed_multiple_of_its_input() {
    for target in TARGETS {
        // What is made once per process is not the input's.
        (target.seeds)()
            .iter()
            .for_each(|seed| (target.first)(seed));
        let mut dice = ChaCha8Rng::seed_from_u64(2);
        let pool = (target.seeds)();
        for _ in 0..runs() {
            let mut input = pool[dice.random_range(0..pool.len())].clone();
            let other = &pool[dice.random_range(0..pool.len())];
            for _ in 0..dice.random_range(0..3) {
                (target.mutate)(&mut input, other, &mut dice);
            }
            assert_within(target, &input);
        }
        amplifying()
            .iter()
            .for_each(|input| assert_within(target, input));
    }
}

fn assert_within(target: &Target, input: &[u8]) {
    let peak = peak_of(|| (target.first)(input));
    let allowed = target.allowance.of(input.len());
    let shown = &input[..input.len().min(80)];
    assert!(
        peak <= allowed,
        "{}: {peak} bytes for {} bytes of input, {allowed} allowed: {shown:02x?}",
        target.name,
        input.len()
    );
}

/// Inputs made to cost much: long arrays of the smallest items there are, and absurd counts.
fn amplifying() -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    for what in 0..5_u8 {
        for item in [0x80, 0x40, 0x60, 0x00, 0xf6, 0x9f] {
            // A push, an answer and a run are all arrays whose second part is a list.
            for head in [
                &[0x82, 0x04, 0x82, 0x01, 0x9a, 0x00, 0x0f, 0xff, 0xff][..],
                &[0x82, 0x02, 0x82, 0x9a, 0x00, 0x0f, 0xff, 0xff],
                &[0x82, 0x06, 0x82, 0x01, 0x9a, 0x00, 0x0f, 0xff, 0xff],
                &[0x9a, 0x00, 0x0f, 0xff, 0xff],
                &[0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            ] {
                let mut input = vec![what];
                input.extend_from_slice(head);
                input.resize(40_000, item);
                inputs.push(input);
            }
        }
        // Answers of a push: `skipped` takes three bytes.
        let mut answers = vec![what, 0x82, 0x06, 0x82, 0x01, 0x9f];
        (0..10_000).for_each(|_| answers.extend([0x82, 0x04, 0x80]));
        answers.push(0xff);
        inputs.push(answers);
        // A push of a run with many empty changes.
        let mut run = vec![
            what, 0x82, 0x04, 0x82, 0x01, 0x81, 0x82, 0x00, 0x81, 0x84, 0x50,
        ];
        run.extend([1; 16]);
        run.extend([0x58, 0x20]);
        run.extend([2; 32]);
        run.extend([0x9a, 0x00, 0x00, 0x7f, 0xff]);
        run.resize(run.len() + 0x7fff, 0x40);
        run.extend([0x58, 0x40]);
        run.extend([3; 64]);
        inputs.push(run);
    }
    inputs
}
