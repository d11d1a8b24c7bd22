//! `cargo xtask bench`: every row of the table, each with its yardstick measured beside it.

use std::io::Write;

use anyhow::Result;
use casework_benches::{Scale, browse, serve_idle};

/// Options of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Tiny workloads: shows that every row works, says nothing about speed.
    #[arg(long)]
    smoke: bool,
    /// Only rows whose name contains one of these words, such as `open` or `fan-out`.
    words: Vec<String>,
    /// Used by the program itself: be a server whose memory is measured.
    #[arg(long, hide = true, value_name = "KIND")]
    serve_idle: Option<String>,
    /// Used by the program itself: be a phone whose memory is measured.
    #[arg(long, hide = true, value_name = "FOLDER")]
    browse: Option<std::path::PathBuf>,
}

/// Measures and prints the table.
pub(crate) fn run(args: &Args, out: &mut impl Write) -> Result<()> {
    if let Some(kind) = &args.serve_idle {
        serve_idle(kind, out);
        return Ok(());
    }
    if let Some(folder) = &args.browse {
        browse(folder, out);
        return Ok(());
    }
    let scale = if args.smoke {
        Scale::Smoke
    } else {
        Scale::Full
    };
    casework_benches::run(scale, &args.words, out)?;
    Ok(())
}
