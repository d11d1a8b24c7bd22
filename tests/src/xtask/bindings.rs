//! `cargo xtask bindings`: generates the packages for Kotlin, Swift and Python from the built
//! library and tests them against a server process.
//!
//! ```text
//! casework-native ──library──▶ generate ──▶ target/bindings/{python,kotlin,swift} ──▶ tests
//! ```
//! What the machine lacks is installed by `bindings/needs.sh`, or the run fails and says what.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args as Arguments, ValueEnum};

#[path = "bindings/generate.rs"]
mod generate;
#[path = "bindings/kotlin.rs"]
mod kotlin;
#[path = "bindings/python.rs"]
mod python;
#[path = "bindings/scenarios.rs"]
mod scenarios;
#[path = "bindings/swift.rs"]
mod swift;

/// What to do; everything by default.
#[derive(Debug, Arguments)]
pub(crate) struct Args {
    /// Only these languages.
    #[arg(long, value_enum)]
    only: Vec<Language>,
    /// Generate the packages and test nothing.
    #[arg(long)]
    generate: bool,
    /// Use the library that is built already.
    #[arg(long)]
    built: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    Python,
    Kotlin,
    Swift,
}

/// Where everything lies.
struct Places {
    /// The repository.
    root: PathBuf,
    /// The built library and the server.
    built: PathBuf,
    /// What is generated, a folder per language.
    out: PathBuf,
    /// Compilers that are no packages of the system.
    tools: PathBuf,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<()> {
    let places = Places::find()?;
    if !args.built {
        build(&places)?;
    }
    generate::all(&places)?;
    writeln!(out, "generated: {}", places.out.display())?;
    scenarios::check(&places, out)?;
    if args.generate {
        return Ok(());
    }
    let wanted = |language| args.only.is_empty() || args.only.contains(&language);
    needs(&places)?;
    if wanted(Language::Swift) {
        swift::check(&places, out)?;
    }
    if wanted(Language::Python) {
        python::test(&places, out)?;
    }
    if wanted(Language::Kotlin) {
        kotlin::test(&places, out)?;
    }
    Ok(())
}

impl Places {
    fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        let root = root.context("the tests lie in the repository")?.to_owned();
        // The programs lie beside this one, whatever the target directory is called.
        let own = std::env::current_exe()?;
        let built = own
            .parent()
            .context("a program lies in a folder")?
            .to_owned();
        let target = built.parent().context("profiles lie in a target folder")?;
        Ok(Self {
            out: target.join("bindings"),
            tools: target.join("bindings-tools"),
            built,
            root,
        })
    }

    fn library(&self) -> PathBuf {
        self.built
            .join(format!("{DLL_PREFIX}casework_native{DLL_SUFFIX}"))
    }

    fn server(&self) -> PathBuf {
        self.built.join("casework-server")
    }
}

/// The library and the server, in the profile of this program.
fn build(places: &Places) -> Result<()> {
    let release = !cfg!(debug_assertions);
    for what in [&["--lib"][..], &["--bin", "casework-server"]] {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--workspace"]).args(what);
        if release {
            cargo.arg("--release");
        }
        cargo.current_dir(&places.root);
        carry_out(&mut cargo, "the library")?;
    }
    ensure!(
        places.library().exists(),
        "{} was not built",
        places.library().display()
    );
    Ok(())
}

/// Installs what is not here.
fn needs(places: &Places) -> Result<()> {
    let mut script = Command::new("bash");
    script
        .arg(places.root.join("bindings/needs.sh"))
        .arg(&places.tools);
    carry_out(
        &mut script,
        "what the bindings need (bindings/needs.sh says what)",
    )
}

/// Runs a command; its output is shown as it comes.
fn carry_out(command: &mut Command, what: &str) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("{what}: {:?} does not run", command.get_program()))?;
    if !status.success() {
        bail!("{what} failed ({status}): {command:?}");
    }
    Ok(())
}

/// Empties a folder, or makes it.
fn fresh_folder(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(std::fs::create_dir_all(folder)?)
}

/// Copies the files of a folder, folders in it included.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
