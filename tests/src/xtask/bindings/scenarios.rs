//! What all languages have in common: the scenarios of `bindings/scenarios.txt` are tested under the
//! same names in each, and the reference says what the surface says.

use std::io::Write;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Places, carry_out};

/// Where the tests of each language are.
const TESTS: [(&str, &str); 3] = [
    ("Python", "bindings/python/tests/test_scenarios.py"),
    (
        "Kotlin",
        "bindings/kotlin/scenarios/src/main/kotlin/Scenarios.kt",
    ),
    (
        "Swift",
        "bindings/swift/Tests/CaseworkTests/ScenarioTests.swift",
    ),
];

pub(super) fn check(places: &Places, out: &mut dyn Write) -> Result<()> {
    let names = std::fs::read_to_string(places.root.join("bindings/scenarios.txt"))?;
    let names: Vec<&str> = names.lines().filter(|line| !line.is_empty()).collect();
    for (language, path) in TESTS {
        let tests = std::fs::read_to_string(places.root.join(path)).context(path)?;
        let lacking: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| !tests.contains(&format!("test_{name}(")))
            .collect();
        ensure!(
            lacking.is_empty(),
            "{language} does not test: {}",
            lacking.join(", ")
        );
    }
    writeln!(
        out,
        "scenarios: {} in each of {} languages",
        names.len(),
        TESTS.len()
    )?;
    let mut reference = Command::new("python3");
    reference
        .arg(places.root.join("bindings/reference.py"))
        .arg("--check");
    carry_out(&mut reference, "the reference")
}
