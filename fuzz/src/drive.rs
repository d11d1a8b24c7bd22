//! Drives one target on a stable compiler: seeds, kept inputs, then seeded mutations of those whose
//! outcome was new.
//!
//! No coverage is measured; the kind of an [`Outcome`] stands for it. Invariant: with a number of
//! runs as the budget, the same seed makes the same inputs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::guard::guarded;
use crate::outcome::Depth;
use crate::store;
use crate::targets::Target;

/// Most inputs that are mutated further; beyond, a new one takes the place of a random old one.
const MOST_KEPT: usize = 512;
/// Inputs kept for each kind of outcome.
const KEPT_PER_KIND: u32 = 3;
/// Runs between two looks at the clock.
const STRETCH: u64 = 16;

/// How long to go on.
#[derive(Debug, Clone, Copy)]
pub enum Budget {
    /// So many mutated inputs.
    Runs(u64),
    /// So long.
    Time(Duration),
}

/// What a drive did.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Inputs run, seeds and kept ones included.
    pub runs: u64,
    /// Time taken.
    pub took: Duration,
    /// How many inputs came how far.
    pub depths: BTreeMap<Depth, u64>,
    /// How many inputs ended in each kind of outcome.
    pub kinds: BTreeMap<String, u64>,
    /// Panics of the document library that were caught.
    pub caught: u64,
    /// The longest single run.
    pub slowest: Duration,
    /// The inputs that were kept because their outcome was new.
    pub kept: Vec<Vec<u8>>,
}

/// An input that broke a promise.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What was broken, and where.
    pub message: String,
    /// The input.
    pub input: Vec<u8>,
    /// The file it came from, if it was kept before.
    pub file: Option<std::path::PathBuf>,
}

/// Runs a target until the budget is spent.
///
/// # Errors
/// The first [`Failure`].
pub fn drive(target: &Target, seed: u64, budget: Budget) -> Result<Report, Box<Failure>> {
    let mut driver = Driver {
        target,
        report: Report::default(),
        pool: Vec::new(),
        full: 0,
    };
    let started = Instant::now();
    for input in (target.seeds)() {
        driver.run(&input, None)?;
        driver.pool.push(input);
    }
    let kept = store::kept(target.name).unwrap_or_default();
    for (file, input) in kept {
        driver.run(&input, Some(&file))?;
        driver.pool.push(input);
    }
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut done = 0;
    while goes_on(budget, done, started) {
        for _ in 0..STRETCH {
            driver.mutate(&mut dice)?;
        }
        done += STRETCH;
    }
    driver.report.took = started.elapsed();
    Ok(driver.report)
}

fn goes_on(budget: Budget, done: u64, started: Instant) -> bool {
    match budget {
        Budget::Runs(runs) => done < runs,
        Budget::Time(time) => started.elapsed() < time,
    }
}

struct Driver<'a> {
    target: &'a Target,
    report: Report,
    pool: Vec<Vec<u8>>,
    full: usize,
}

impl Driver<'_> {
    fn mutate(&mut self, dice: &mut ChaCha8Rng) -> Result<(), Box<Failure>> {
        if self.pool.is_empty() {
            self.pool.push(Vec::new());
        }
        let mut input = self.pool[dice.random_range(0..self.pool.len())].clone();
        let other = &self.pool[dice.random_range(0..self.pool.len())];
        (self.target.mutate)(&mut input, other, dice);
        if self.run(&input, None)? {
            self.report.kept.push(input.clone());
            if self.pool.len() < MOST_KEPT {
                self.pool.push(input);
            } else {
                self.full += 1;
                let place = dice.random_range(0..MOST_KEPT);
                self.pool[place] = input;
            }
        }
        Ok(())
    }

    /// Runs one input; whether its outcome was new.
    fn run(&mut self, input: &[u8], file: Option<&std::path::Path>) -> Result<bool, Box<Failure>> {
        let started = Instant::now();
        let failure = |message| Failure {
            message,
            input: input.to_vec(),
            file: file.map(Into::into),
        };
        let outcome = guarded(|| (self.target.run)(input)).map_err(failure)?;
        if outcome.kind.is_empty() {
            return Err(Box::new(failure("its end has no name".to_owned())));
        }
        self.report.slowest = self.report.slowest.max(started.elapsed());
        self.report.runs += 1;
        self.report.caught += u64::from(outcome.caught);
        *self.report.depths.entry(outcome.depth).or_default() += 1;
        let seen = self.report.kinds.entry(outcome.kind).or_default();
        *seen += 1;
        Ok(*seen <= u64::from(KEPT_PER_KIND))
    }
}
