//! Python: the wheel is built, installed into an environment of its own, and tested there.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Places, carry_out, copy_folder, fresh_folder};

pub(super) fn test(places: &Places, out: &mut dyn Write) -> Result<()> {
    let wheel = wheel(places)?;
    writeln!(out, "python: {}", wheel.display())?;
    let python = environment(places)?;
    let mut install = Command::new(&python);
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--force-reinstall",
        "--no-deps",
    ]);
    carry_out(install.arg(&wheel), "installing the wheel")?;
    let mut tests = Command::new(&python);
    tests
        .args(["-m", "unittest", "-v"])
        .args(["test_scenarios", "test_readme", "test_sample"]);
    tests.current_dir(places.root.join("bindings/python/tests"));
    tests.env("CASEWORK_SERVER", places.server());
    tests.env("PYTHONDONTWRITEBYTECODE", "1");
    carry_out(&mut tests, "the tests in Python")
}

/// Stages the package with the generated module and the library, and makes a wheel of it.
fn wheel(places: &Places) -> Result<PathBuf> {
    let (stage, wheels) = (places.out.join("python-package"), places.out.join("wheels"));
    fresh_folder(&stage)?;
    fresh_folder(&wheels)?;
    copy_folder(&places.root.join("bindings/python"), &stage)?;
    let package = stage.join("src/casework");
    let generated = places.out.join("python/casework.py");
    std::fs::copy(&generated, package.join("_native.py")).context("the generated module")?;
    std::fs::copy(places.library(), package.join("libcasework_native.so"))?;
    let mut build = Command::new(places.tools.join("python/bin/python"));
    build.args([
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
    ]);
    carry_out(
        build.arg("--wheel-dir").arg(&wheels).arg(&stage),
        "the wheel",
    )?;
    let mut made = std::fs::read_dir(&wheels)?;
    let wheel = made.next().context("pip made no wheel")??.path();
    ensure!(made.next().is_none(), "pip made several wheels");
    Ok(wheel)
}

/// An environment with nothing of the repository in it but the wheel.
fn environment(places: &Places) -> Result<PathBuf> {
    Ok(places.tools.join("python/bin/python"))
}
