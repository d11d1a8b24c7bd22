//! Swift, without a compiler: everything is parsed, and the header is compiled as C.

use std::io::Write;
use std::process::Command;

use anyhow::Result;

use super::{Places, carry_out};

pub(super) fn check(places: &Places, out: &mut dyn Write) -> Result<()> {
    let mut parse = Command::new(places.tools.join("python/bin/python"));
    parse.arg(places.root.join("bindings/swift/parse.py"));
    parse.arg(places.out.join("swift/Casework.swift"));
    parse.arg(places.root.join("bindings/swift/Sources"));
    parse.arg(places.root.join("bindings/swift/Tests"));
    parse.arg(places.root.join("bindings/swift/Package.swift"));
    carry_out(&mut parse, "parsing Swift")?;
    let mut gcc = Command::new("gcc");
    gcc.args(["-fsyntax-only", "-D_Nonnull=", "-D_Nullable=", "-x", "c"]);
    gcc.arg(places.out.join("swift/caseworkFFI.h"));
    carry_out(&mut gcc, "the header for Swift")?;
    writeln!(
        out,
        "swift: parsed, and the header compiles; there is no compiler to run it"
    )?;
    Ok(())
}
