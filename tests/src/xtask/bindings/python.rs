//! Python: maturin packs the wheel, it is installed into an environment of its own, and sample and
//! tests are checked and run there.
//!
//! ```text
//! library, generated module ──▶ maturin ──▶ wheel ──▶ mypy, unittest
//! ```
//! Maturin would build the library a second time, with another choice of features; the programs it
//! calls for that (`cargo rustc`, `uniffi-bindgen`) are stand-ins here, which hand over what is built.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Places, carry_out, copy_folder, fresh_folder};

pub(super) fn test(places: &Places, out: &mut dyn Write) -> Result<()> {
    let wheel = wheel(places)?;
    writeln!(out, "python: {}", wheel.display())?;
    let mut install = python(places);
    install.args(["-m", "pip", "install", "--quiet"]);
    install.args(["--force-reinstall", "--no-deps"]);
    carry_out(install.arg(&wheel), "installing the wheel")?;
    check_types(places)?;
    let mut tests = python(places);
    tests.args(["-m", "unittest", "discover", "-v"]);
    tests.current_dir(places.root.join("bindings/python/tests"));
    tests.env("CASEWORK_SERVER", places.server());
    carry_out(&mut tests, "the tests in Python")
}

/// Checks sample and tests against the stubs in the wheel, as an app would be.
fn check_types(places: &Places) -> Result<()> {
    let mut mypy = python(places);
    mypy.args(["-m", "mypy", "--no-error-summary", "--cache-dir"]);
    mypy.arg(places.out.join("mypy"));
    mypy.args(["--config-file", "pyproject.toml", "sample", "tests"]);
    mypy.current_dir(places.root.join("bindings/python"));
    carry_out(&mut mypy, "mypy over sample and tests in Python")
}

/// Stages the package and has maturin make a wheel of it.
fn wheel(places: &Places) -> Result<PathBuf> {
    let (stage, wheels) = (places.out.join("python-package"), places.out.join("wheels"));
    fresh_folder(&stage)?;
    fresh_folder(&wheels)?;
    let package = stage.join("python");
    copy_folder(&places.root.join("bindings/python"), &package)?;
    symlink(places.root.join("bindings/native"), stage.join("native"))?;
    let generated = places.out.join("python/casework.py");
    let stubs = package.join("src/casework/_native");
    fs::create_dir(&stubs)?;
    let mut stub = python(places);
    stub.arg(package.join("stubs.py")).arg(&generated);
    carry_out(stub.arg(stubs.join("__init__.pyi")), "the type stubs")?;

    let instead = stage.join("instead");
    stand_ins(places, &generated, &instead)?;
    let mut maturin = Command::new(places.tools.join("python/bin/maturin"));
    maturin.args(["build", "--quiet", "--auditwheel", "skip"]);
    maturin.arg("--target-dir").arg(stage.join("target"));
    maturin.arg("--out").arg(&wheels).current_dir(&package);
    let path = std::env::var("PATH").unwrap_or_default();
    maturin.env("PATH", format!("{}:{path}", instead.display()));
    maturin.env("CARGO", instead.join("cargo"));
    carry_out(&mut maturin, "the wheel")?;
    let mut made = fs::read_dir(&wheels)?;
    let wheel = made.next().context("maturin made no wheel")??.path();
    ensure!(made.next().is_none(), "maturin made several wheels");
    Ok(wheel)
}

/// What maturin calls to build the library and to generate the module, answering with what is there.
fn stand_ins(places: &Places, generated: &Path, folder: &Path) -> Result<()> {
    let native = places.root.join("bindings/native");
    let version = env!("CARGO_PKG_VERSION");
    let built = serde_json::json!({
        "reason": "compiler-artifact",
        "package_id": format!("path+file://{}#casework-native@{version}", native.display()),
        "manifest_path": native.join("Cargo.toml"),
        "target": {
            "kind": ["cdylib"], "crate_types": ["cdylib"], "name": "casework_native",
            "src_path": native.join("src/lib.rs"), "edition": "2024",
            "doc": false, "doctest": false, "test": false,
        },
        "profile": {
            "opt_level": "3", "debuginfo": 0, "debug_assertions": false,
            "overflow_checks": false, "test": false,
        },
        "features": [], "filenames": [places.library()], "executable": null, "fresh": true,
    });
    let cargo = env!("CARGO");
    let cargo = format!(
        "#!/bin/sh\n[ \"$1\" = rustc ] || exec '{cargo}' \"$@\"\necho '{built}'\n\
         echo '{{\"reason\":\"build-finished\",\"success\":true}}'\n"
    );
    let generator = format!(
        "#!/bin/sh\nwhile [ \"$1\" != --out-dir ]; do shift; done\nexec cp '{}' \"$2/\"\n",
        generated.display()
    );
    fs::create_dir(folder)?;
    for (name, script) in [("cargo", cargo), ("uniffi-bindgen", generator)] {
        let path = folder.join(name);
        fs::write(&path, script)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// Python in an environment with nothing of the repository in it but the wheel.
fn python(places: &Places) -> Command {
    let mut python = Command::new(places.tools.join("python/bin/python"));
    python.env("PYTHONDONTWRITEBYTECODE", "1");
    python
}
