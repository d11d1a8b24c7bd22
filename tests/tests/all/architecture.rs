//! The architecture, checked as a test: directions between rooms, heads, sizes, purity.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Longest a file may be before its tests, in lines.
const MAX_FILE_LINES: usize = 400;

/// Files that are compiled for tests only and carry no `mod tests` of their own.
const TEST_ONLY: [&str; 6] = ["tests", "laws", "scene", "trial", "conformance", "stage"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the workspace")
        .into()
}

/// Every Rust source file of the workspace's rooms.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for room in [
        "engine",
        "sync-server",
        "bindings",
        "desk",
        "benches",
        "fuzz",
        "tests",
    ] {
        collect(&root().join(room), &mut found);
    }
    found.sort();
    assert!(
        found.len() > 50,
        "only {} files found: is this the workspace?",
        found.len()
    );
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a room can be read") {
        let path = entry.expect("an entry can be read").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if path.is_dir() && name != "target" {
            collect(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

/// The packages that end up in the tree of `package`, normal dependencies only.
fn tree(package: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "-e",
            "normal",
            "--prefix",
            "none",
            "-f",
            "{p}",
            "-p",
            package,
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        .collect()
}

fn assert_without(package: &str, forbidden: &[&str]) {
    let tree = tree(package);
    for name in forbidden {
        assert!(
            !tree.iter().any(|found| found == name),
            "{package} must not reach {name}"
        );
    }
}

#[test]
fn the_protocol_knows_neither_documents_nor_storage_nor_sockets() {
    let outside = [
        "automerge",
        "redb",
        "tokio",
        "casework-engine",
        "casework-sync-server",
    ];
    assert_without("casework-protocol", &outside);
}

#[test]
fn the_relay_cannot_read_a_case() {
    assert_without(
        "casework-sync-server",
        &["automerge", "casework-engine", "casework"],
    );
}

#[test]
fn the_engine_knows_no_sockets_and_no_server() {
    assert_without(
        "casework-engine",
        &["tokio", "casework-sync-server", "casework"],
    );
}

#[test]
fn apps_do_not_carry_the_server() {
    assert_without("casework", &["casework-sync-server", "casework-desk"]);
}

#[test]
fn every_file_says_what_it_is() {
    for path in sources() {
        let text = fs::read_to_string(&path).expect("a source file is text");
        assert!(
            text.starts_with("//! "),
            "{} has no //! head",
            path.display()
        );
        let head = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .count();
        assert!(
            head <= 24,
            "the head of {} has {head} lines",
            path.display()
        );
    }
}

#[test]
fn no_file_outgrows_its_room() {
    for path in sources() {
        let text = fs::read_to_string(&path).expect("a source file is text");
        let code = text
            .lines()
            .take_while(|line| !line.starts_with("#[cfg(test)]\nmod"))
            .count();
        let before_tests = text
            .find("#[cfg(test)]\nmod tests")
            .map_or(code, |at| text[..at].lines().count());
        let tests_only = path.components().any(|part| part.as_os_str() == "tests")
            || path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .is_some_and(|s| TEST_ONLY.contains(&s));
        assert!(
            tests_only || before_tests <= MAX_FILE_LINES,
            "{} has {before_tests} lines before its tests",
            path.display()
        );
    }
}

#[test]
fn the_pure_rooms_neither_ask_the_clock_nor_roll_dice() {
    let banned = [
        "SystemTime::now",
        "Instant::now",
        "getrandom::",
        "thread::spawn",
        "rand::rng",
    ];
    for path in sources() {
        let place = path
            .strip_prefix(root())
            .expect("sources lie in the workspace");
        let pure = place.starts_with("engine") || place.starts_with("sync-server/src/relay");
        if !pure {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file is text");
        let code = text
            .split("#[cfg(test)]\nmod tests")
            .next()
            .unwrap_or_default();
        for word in banned {
            assert!(!code.contains(word), "{} uses {word}", place.display());
        }
    }
}

#[test]
fn a_panic_unwinds_in_every_profile() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest is text");
    assert!(
        !manifest.contains("panic = \"abort\""),
        "the gate needs catch_unwind"
    );
}

#[test]
fn the_readme_names_the_commands_that_ci_runs() {
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md is there");
    let commands = readme
        .lines()
        .filter(|line| line.starts_with("$ cargo "))
        .count();
    assert!(
        commands >= 2,
        "README.md shows the demo and the test command"
    );
}
