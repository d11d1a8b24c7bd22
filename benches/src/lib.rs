//! Benchmarks whose every figure stands beside a yardstick that was measured in the same run.
//!
//! [`run`] prints one table (`cargo xtask bench`); `benches/*.rs` measure the same workloads with
//! criterion. Claims are ratios only; what is printed in seconds is for orientation.
//! A workload that cannot be made is a defect: everything here panics instead of reporting errors.

pub mod bare;
pub mod measure;
pub mod rows;
pub mod table;
mod tls;
pub mod wire;
pub mod workload;

use std::io::{self, Write};

pub use measure::Scale;
pub use rows::ROWS;
pub use rows::idle::serve_idle;
pub use rows::native::browse;

/// Measures the rows whose name contains one of the words (all without words) and prints the table.
///
/// # Errors
/// What the writer answers.
pub fn run(scale: Scale, words: &[String], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", table::HEAD)?;
    for (name, bench) in ROWS {
        if !words.is_empty() && !words.iter().any(|word| name.contains(word.as_str())) {
            continue;
        }
        for row in bench(scale) {
            writeln!(out, "{row}")?;
        }
        out.flush()?;
    }
    Ok(())
}
