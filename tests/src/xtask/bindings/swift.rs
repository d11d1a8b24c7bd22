//! Swift: everything is parsed and the header is compiled as C; where there is a compiler, the
//! package and its tests are compiled and run as well.
//!
//! The compiler is `swiftc` of this system, or that of a system in a folder which
//! `CASEWORK_SWIFT_ROOT` names (bindings/swift/README.md says how to make one).

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Places, carry_out, copy_folder, fresh_folder};

/// Names the folder of a system that has `swiftc`.
const ROOT: &str = "CASEWORK_SWIFT_ROOT";
/// Where the tests lie within it.
const WITHIN: &str = "tmp/casework-swift";

pub(super) fn check(places: &Places, out: &mut dyn Write) -> Result<()> {
    parse(places)?;
    let swift = Swift::find(places)?;
    let Some(swift) = swift else {
        writeln!(
            out,
            "swift: parsed, and the header compiles; there is no compiler to run it \
             (swiftc, or {ROOT})"
        )?;
        return Ok(());
    };
    swift.stage(places)?;
    carry_out(&mut swift.command(), "the tests in Swift")?;
    writeln!(out, "swift: compiled and tested")?;
    Ok(())
}

fn parse(places: &Places) -> Result<()> {
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
    carry_out(&mut gcc, "the header for Swift")
}

/// A compiler, and where it finds what it compiles.
enum Swift {
    /// Of this system.
    Here { folder: PathBuf },
    /// Of the system in a folder.
    Root { root: PathBuf },
}

impl Swift {
    fn find(places: &Places) -> Result<Option<Self>> {
        if let Some(root) = std::env::var_os(ROOT).map(PathBuf::from) {
            ensure!(
                root.join("usr/bin/swiftc").exists() && root.join("proc/self").exists(),
                "{ROOT}: {} has no usr/bin/swiftc, or no proc is mounted there",
                root.display()
            );
            return Ok(Some(Self::Root { root }));
        }
        let here = Command::new("swiftc").arg("--version").output();
        let here = here.is_ok_and(|output| output.status.success());
        let folder = places.out.join("swift-tests");
        Ok(here.then_some(Self::Here { folder }))
    }

    fn folder(&self) -> PathBuf {
        match self {
            Self::Here { folder } => folder.clone(),
            Self::Root { root } => root.join(WITHIN),
        }
    }

    /// Puts everything into one folder, which is all that the compiler sees of this system.
    fn stage(&self, places: &Places) -> Result<()> {
        let (folder, swift) = (self.folder(), places.root.join("bindings/swift"));
        fresh_folder(&folder)?;
        copy_folder(&swift.join("Sources/Casework"), &folder.join("src"))?;
        copy_folder(&swift.join("Tests/CaseworkTests"), &folder.join("tests"))?;
        copy_folder(&swift.join("Tests/Actor"), &folder.join("actor"))?;
        copy_folder(&swift.join("Tests/StandIn"), &folder.join("stand-in"))?;
        std::fs::create_dir(folder.join("ffi"))?;
        let generated = places.out.join("swift");
        let library = places.library();
        let library = library.file_name().context("a library has a name")?;
        let library = library.to_string_lossy();
        let mut sources = Command::new("bash");
        sources.arg(swift.join("sources.sh"));
        sources.arg(&generated).arg(folder.join("src"));
        carry_out(&mut sources, "the generated sources for Swift")?;
        for (from, to) in [
            (generated.join("caseworkFFI.h"), "ffi/caseworkFFI.h"),
            (
                generated.join("caseworkFFI.modulemap"),
                "ffi/module.modulemap",
            ),
            (swift.join("test.sh"), "test.sh"),
            (swift.join("README.md"), "README.md"),
            (places.library(), &library),
            (places.server(), "casework-server"),
        ] {
            copy(&from, &folder.join(to))?;
        }
        Ok(())
    }

    fn command(&self) -> Command {
        match self {
            Self::Here { folder } => {
                let mut bash = Command::new("bash");
                bash.arg(folder.join("test.sh"));
                bash
            }
            Self::Root { root } => {
                let mut chroot = Command::new("chroot");
                chroot.arg(root).args(["/bin/bash", "-c"]);
                chroot.arg(format!("exec bash /{WITHIN}/test.sh"));
                chroot
            }
        }
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to).with_context(|| from.display().to_string())?;
    Ok(())
}
