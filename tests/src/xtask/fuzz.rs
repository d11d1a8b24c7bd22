//! `cargo xtask fuzz`: every fuzz target for some seconds each, without libFuzzer.
//!
//! Prints runs per second, how far the inputs came and how many different ends they had; fails at
//! the first broken promise, after writing the input to a file.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use casework_fuzz::{Budget, Depth, Failure, Report, TARGETS, Target, drive, store};

/// Options of `cargo xtask fuzz`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Seconds for each target.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Only these targets; all without it.
    #[arg(long, value_name = "NAME")]
    target: Vec<String>,
    /// The seed of the mutations. The same seed makes the same inputs, in the same order.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs this one input in the given target and says how it ends.
    #[arg(long, value_name = "FILE", requires = "target")]
    input: Option<PathBuf>,
    /// Tells every kind of end with its count.
    #[arg(long)]
    kinds: bool,
}

/// Runs the targets that are asked for.
pub(crate) fn run(args: &Args, out: &mut impl Write) -> Result<()> {
    let targets = chosen(args)?;
    if let Some(file) = &args.input {
        let input =
            std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        for target in targets {
            writeln!(out, "{}: {:?}", target.name, (target.run)(&input))?;
        }
        return Ok(());
    }
    let columns = "target        runs   runs/s  refused    read  accepted  ends  caught   slowest";
    writeln!(out, "{columns}")?;
    for target in targets {
        let budget = Budget::Time(Duration::from_secs(args.seconds));
        let report = drive(target, args.seed, budget).map_err(|failure| keep(target, &failure))?;
        tell(target, &report, out)?;
        if args.kinds {
            for (kind, count) in &report.kinds {
                writeln!(out, "    {count:>8}  {kind}")?;
            }
        }
        out.flush()?;
    }
    Ok(())
}

fn chosen(args: &Args) -> Result<Vec<&'static Target>> {
    if args.target.is_empty() {
        return Ok(TARGETS.iter().collect());
    }
    let find = |name: &String| {
        let known: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        casework_fuzz::target(name)
            .ok_or_else(|| anyhow!("no target {name:?}; there are {}", known.join(", ")))
    };
    let targets: Vec<_> = args.target.iter().map(find).collect::<Result<_>>()?;
    if args.input.is_some() && targets.len() != 1 {
        bail!("one input runs in one target");
    }
    Ok(targets)
}

fn tell(target: &Target, report: &Report, out: &mut impl Write) -> Result<()> {
    let came = |depth| report.depths.get(&depth).copied().unwrap_or_default();
    let per_second = report.runs as f64 / report.took.as_secs_f64().max(f64::EPSILON);
    writeln!(
        out,
        "{:<10} {:>7} {:>8.0} {:>8} {:>7} {:>9} {:>5} {:>7} {:>6} ms",
        target.name,
        report.runs,
        per_second,
        came(Depth::Refused),
        came(Depth::Read),
        came(Depth::Accepted),
        report.kinds.len(),
        report.caught,
        report.slowest.as_millis(),
    )?;
    Ok(())
}

/// Writes the input that failed where it can be run again.
fn keep(target: &Target, failure: &Failure) -> anyhow::Error {
    let file = match &failure.file {
        Some(file) => Ok(file.clone()),
        None => store::keep_failure(target.name, &failure.input),
    };
    match file {
        Ok(file) => anyhow!(
            "{}: {}\ninput: {}\nagain: cargo xtask fuzz --target {} --input {}",
            target.name,
            failure.message,
            file.display(),
            target.name,
            file.display()
        ),
        Err(error) => anyhow!(
            "{}: {} (input not kept: {error})",
            target.name,
            failure.message
        ),
    }
}
