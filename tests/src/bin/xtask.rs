//! `cargo xtask`: the one door for people and CI to what takes longer than a test.
//!
//! Each subcommand is a module under `xtask/`; it prints to the writer it is given and returns an
//! error for a failure. Nothing else is decided here.

use std::io::{self, Write};

use anyhow::Result;
use clap::{Parser, Subcommand};

#[path = "../xtask/bench.rs"]
mod bench;
#[path = "../xtask/bindings.rs"]
mod bindings;
#[path = "../xtask/fuzz.rs"]
mod fuzz;
#[path = "../xtask/main_job.rs"]
mod main_job;
#[path = "../xtask/office.rs"]
mod office;
#[path = "../xtask/sim.rs"]
mod sim;
#[path = "../xtask/tour.rs"]
mod tour;

/// Longer proofs of Casework than the ordinary test run has time for.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Xtask {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Measures every row of the table beside its yardstick.
    Bench(bench::Args),
    /// Generates the packages for Kotlin, Swift and Python, and tests them.
    Bindings(bindings::Args),
    /// Runs every fuzz target with mutations, on a stable compiler.
    Fuzz(fuzz::Args),
    /// Plays seeded whole-system histories and checks them with the oracle.
    Sim(sim::Args),
    /// Plays a week of one office and tells what it cost.
    Office(office::Args),
    /// Takes both real process logs through two devices and a server process.
    MainJob(main_job::Args),
    /// Runs the README's tour and writes the output under its commands.
    Tour(tour::Args),
}

fn main() -> Result<()> {
    let out = &mut io::stdout().lock();
    match Xtask::parse().task {
        Task::Bench(args) => bench::run(&args, out)?,
        Task::Bindings(args) => bindings::run(&args, out)?,
        Task::Fuzz(args) => fuzz::run(&args, out)?,
        Task::Sim(args) => sim::run(&args, out)?,
        Task::Office(args) => office::run(&args, out)?,
        Task::MainJob(args) => main_job::run(&args, out)?,
        Task::Tour(args) => tour::run(&args, out)?,
    }
    out.flush()?;
    Ok(())
}
