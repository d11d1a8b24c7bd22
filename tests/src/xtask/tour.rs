//! `cargo xtask tour`: runs the README's tour in an empty folder and writes the real output under
//! its commands; with `--check` it fails when a command ends otherwise or says other things.
//!
//! ```text
//! README.md ──▶ blocks of commands ──▶ sh, the real programs ──▶ output ──▶ README.md
//! ```
//! Only blocks fenced as `text` that hold a `$ casework` are the tour's.

use std::fs;
use std::io::Write;

use anyhow::{Context as _, Result, bail, ensure};
use casework_tests::process::{checkout, shared};

#[path = "tour/page.rs"]
mod page;
#[path = "tour/shape.rs"]
mod shape;
#[path = "tour/shell.rs"]
mod shell;

use page::Page;
use shape::shape;
use shell::Shell;

/// Options of `cargo xtask tour`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Compare with what the README shows, but for ids, times and sizes; write nothing.
    #[arg(long)]
    check: bool,
}

/// What stands where the output has not been written yet.
const UNWRITTEN: &str = "@@";
/// What a refusal begins with.
const REFUSED: &str = "error: ";
/// Exit code of a command that was refused.
const NOT_DONE: i32 = 1;

/// Runs the tour.
pub(crate) fn run(args: &Args, out: &mut impl Write) -> Result<()> {
    let file = checkout().join("README.md");
    let text = fs::read_to_string(&file).context("README.md")?;
    let mut page = Page::parse(&text);
    let mut shell = Shell::start()?;
    let (mut steps, mut others) = (0, Vec::new());
    for step in page.steps_mut() {
        if let Some(name) = log_of(&step.command) {
            let Some(log) = shared(name) else { continue };
            fs::copy(log, shell.here().join(name))?;
        }
        let done = shell.run(&step.command)?;
        steps += 1;
        let may_refuse = step.said.starts_with(REFUSED) || step.said.starts_with(UNWRITTEN);
        let refused = done.code == NOT_DONE && done.said.starts_with(REFUSED) && may_refuse;
        ensure!(
            done.code == 0 || refused,
            "{}\nended with {}:\n{}",
            step.command,
            done.code,
            done.said
        );
        if shape(&step.said) != shape(&done.said) {
            others.push(format!(
                "$ {}\n--- README.md\n{}\n--- now\n{}",
                step.command, step.said, done.said
            ));
        }
        step.said = done.said;
    }
    ensure!(steps > 0, "README.md has no tour");
    if args.check {
        if !others.is_empty() {
            let again = "write it anew with: cargo xtask tour";
            bail!(
                "the tour says other things\n\n{}\n\n{again}",
                others.join("\n\n")
            );
        }
        writeln!(out, "{steps} commands say what README.md shows")?;
    } else {
        fs::write(&file, page.text()).context("README.md")?;
        writeln!(out, "{steps} commands, {} with other words", others.len())?;
    }
    Ok(())
}

/// The process log that a command imports.
fn log_of(command: &str) -> Option<&str> {
    let mut words = command.split_whitespace();
    words.find(|word| word.ends_with(".xes.gz"))
}
