//! `cargo xtask main-job`: both real process logs through two devices and a server process.
//!
//! Prints how long each step took; fails with the first count or screen that is not what it must
//! be. The programs are built with the profile that this one was built with.

use std::io::Write;

use anyhow::Result;
use casework_tests::main_job::{HELPDESK, Job, RECEIPT, run as work};
use casework_tests::process::shared;

/// Options of `cargo xtask main-job`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only files whose name begins with this, such as `receipt`.
    #[arg(default_value = "")]
    name: String,
}

/// Does the job with each file that is on this machine.
pub(crate) fn run(args: &Args, out: &mut impl Write) -> Result<()> {
    for job in [RECEIPT, HELPDESK] {
        if job.file.starts_with(&args.name) {
            tell(job, out)?;
        }
    }
    Ok(())
}

fn tell(job: Job, out: &mut impl Write) -> Result<()> {
    let Job {
        file,
        cases,
        events,
    } = job;
    let Some(path) = shared(file) else {
        return Ok(());
    };
    writeln!(out, "{file}: {cases} cases, {events} events")?;
    for (step, took) in work(job, &path).steps {
        writeln!(out, "  {step:<20} {:>8.2} s", took.as_secs_f64())?;
    }
    Ok(out.flush()?)
}
