//! `cargo xtask office`: a week of one office by seed, with its cost.

use std::io::Write;

use anyhow::{Result, ensure};
use casework_benches::table::{Aim, Figure, HEAD, Row};
use casework_tests::office::{Cost, Size, play_telling};

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
    // On stderr, so that the table can be kept; nobody may be listening there.
    let tell = &mut |how_far: &str| {
        let _ = writeln!(std::io::stderr(), "{how_far}");
    };
    let cost = play_telling(args.seed, Size::scaled(args.scale), tell);
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
    writeln!(out, "  {:<22} {}", "bytes down", cost.bytes_down)?;
    writeln!(
        out,
        "  acting {:.1} s, syncing {:.1} s, checking {:.1} s",
        cost.acting.as_secs_f64(),
        cost.syncing.as_secs_f64(),
        cost.checking.as_secs_f64()
    )?;
    writeln!(
        out,
        "  converged; nothing lost; every effect once; no right exceeded"
    )?;
    writeln!(out, "\n{HEAD}")?;
    for row in rows(&cost) {
        writeln!(out, "{row}")?;
    }
    Ok(())
}

/// The rows of the table in `benches/README.md`.
fn rows(cost: &Cost) -> [Row; 4] {
    let what = |figure: &str| format!("a week of {} people: {figure}", cost.people);
    let bytes = |bytes: u64| Figure::Bytes(bytes as f64);
    let change = cost.change_bytes as f64 / (cost.changes as f64).max(1.0);
    [
        Row {
            what: what("actions, durable, on one core"),
            measured: Figure::Rate(cost.actions_per_second(), "actions"),
            yardstick: ("–", Figure::None),
            aim: Aim::Told,
        },
        Row {
            what: what("bytes up per action"),
            measured: Figure::Bytes(cost.bytes_per_action()),
            yardstick: ("one raw change, unsigned", Figure::Bytes(change)),
            aim: Aim::Told,
        },
        Row {
            what: what("replica with every case"),
            measured: bytes(cost.replica_bytes),
            yardstick: ("bytes of `save()` of its cases", bytes(cost.saved_bytes)),
            aim: Aim::Told,
        },
        Row {
            what: what("most memory, all devices and the server"),
            measured: bytes(cost.peak_memory_bytes),
            yardstick: ("–", Figure::None),
            aim: Aim::Told,
        },
    ]
}
