//! The command `casework`; everything is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(casework_desk::run(std::env::args_os()))
}
