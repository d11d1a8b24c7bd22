//! `cargo xtask sim`: many seeded whole-system histories, or one again.
//!
//! A failure prints the seed; `--seed S` plays exactly that history again. Two runs with the same
//! options print the same trace: a hash of every message that was delivered in any of the histories.

use std::collections::BTreeMap;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Result, bail};
use casework_tests::sim::{
    Outcome, Size, agents, presence, purges, restores, run as play, servers,
};
use sha2::{Digest as _, Sha256};

/// One in so many seeds is also a history of two agents, another one of purges, another one of a
/// server whose disk fails, another one of presence, another one of servers put back to backups.
const ALSO_EVERY: u64 = 5;

/// Options of `cargo xtask sim`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many histories, each from its own seed [default: 1000, or 1 where a seed is named].
    #[arg(long)]
    seeds: Option<u64>,
    /// The first seed; alone, the only one.
    #[arg(long)]
    seed: Option<u64>,
    /// Devices in each history; drawn from the seed without it.
    #[arg(long, value_parser = clap::value_parser!(u8).range(2..=50))]
    devices: Option<u8>,
    /// Steps of each history; drawn from the seed without it.
    #[arg(long)]
    steps: Option<usize>,
}

/// Plays the histories on every core.
pub(crate) fn run(args: &Args, out: &mut impl Write) -> Result<()> {
    let first = args.seed.unwrap_or(0);
    let count = args
        .seeds
        .unwrap_or(if args.seed.is_some() { 1 } else { 1_000 });
    let next = AtomicU64::new(first);
    let actions = AtomicU64::new(0);
    let traces = Mutex::new(BTreeMap::new());
    let failed = Mutex::new(Vec::new());
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    match catch_unwind(AssertUnwindSafe(|| histories(args, seed))) {
                        Ok(outcome) => {
                            actions.fetch_add(outcome.actions as u64, Ordering::Relaxed);
                            let mut traces = traces.lock().expect("nobody panics here");
                            traces.insert(seed, outcome.trace);
                        }
                        Err(_) => failed.lock().expect("nobody panics here").push(seed),
                    }
                }
            });
        }
    });
    let (seconds, actions) = (began.elapsed().as_secs_f64(), actions.into_inner());
    let trace = traces.into_inner().expect("nobody panics here");
    let trace = trace
        .into_values()
        .fold(Sha256::new(), Sha256::chain_update);
    let trace: String = trace.finalize()[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    writeln!(
        out,
        "{count} histories, {actions} actions, {seconds:.1} s, trace {trace}"
    )?;
    let failed = failed.into_inner().expect("nobody panics here");
    if let Some(seed) = failed.first() {
        bail!(
            "{} failed; again with: cargo xtask sim --seed {seed}",
            failed.len()
        );
    }
    Ok(())
}

/// The history of a seed; for one in five, or the only one, each of the others too.
fn histories(args: &Args, seed: u64) -> Outcome {
    let also: [fn(u64) -> Outcome; 5] = [
        agents::run,
        purges::run,
        servers::run,
        presence::run,
        restores::run,
    ];
    let mut trace = Sha256::new();
    for (n, play) in (0..).zip(also) {
        if seed % ALSO_EVERY == n || args.seed == Some(seed) {
            trace.update(play(seed).trace);
        }
    }
    let outcome = play(seed, size(args, seed));
    trace.update(outcome.trace);
    Outcome {
        trace: trace.finalize().into(),
        ..outcome
    }
}

fn size(args: &Args, seed: u64) -> Size {
    let drawn = Size::of(seed);
    Size {
        devices: args.devices.map_or(drawn.devices, usize::from),
        steps: args.steps.unwrap_or(drawn.steps),
    }
}
