//! The command `casework`; everything is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    casework::heed_clock_ahead();
    ExitCode::from(casework_desk::run(std::env::args_os()))
}
