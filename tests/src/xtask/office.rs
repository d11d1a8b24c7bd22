//! `cargo xtask office`: a week of one office by seed, with its cost.

use std::io::Write;

use anyhow::{Result, ensure};
use casework_tests::office::{Size, play};

/// Options of `cargo xtask office`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The seed; the same one plays the same week.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The part of the week that is played: 1 is 40 people, 5,000 cases and 200,000 actions.
    #[arg(long, default_value_t = 0.01)]
    scale: f64,
}

/// Plays the week and prints what it cost.
pub(crate) fn run(args: &Args, out: &mut impl Write) -> Result<()> {
    ensure!(
        args.scale > 0.0 && args.scale <= 1.0,
        "the scale {} is not above 0 and at most 1",
        args.scale
    );
    let cost = play(args.seed, Size::scaled(args.scale));
    let seed = args.seed;
    writeln!(
        out,
        "seed {seed}: {} people, {} cases",
        cost.people, cost.cases
    )?;
    for (what, times) in &cost.counted {
        writeln!(out, "  {what:<22} {times}")?;
    }
    writeln!(out, "  {:<22} {}", "held at the end", cost.held)?;
    writeln!(out, "  {:<22} {}", "entries in the log", cost.log_entries)?;
    writeln!(
        out,
        "  {:<22} {:.0}",
        "actions/s",
        cost.actions_per_second()
    )?;
    writeln!(
        out,
        "  {:<22} {:.0}",
        "bytes up per action",
        cost.bytes_per_action()
    )?;
    writeln!(out, "  {:<22} {}", "bytes down", cost.bytes_down)?;
    writeln!(out, "  {:<22} {}", "bytes of a replica", cost.replica_bytes)?;
    writeln!(
        out,
        "  {:<22} {}",
        "peak memory, all", cost.peak_memory_bytes
    )?;
    writeln!(
        out,
        "  acting {:.1} s, syncing {:.1} s, checking {:.1} s",
        cost.acting.as_secs_f64(),
        cost.syncing.as_secs_f64(),
        cost.checking.as_secs_f64()
    )?;
    writeln!(out, "  converged; nothing lost; no right exceeded")?;
    Ok(())
}
