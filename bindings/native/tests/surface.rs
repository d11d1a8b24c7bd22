//! The surface for other languages cannot fall behind the SDK: every public method of its
//! workspace is reached from here, or stands below with the reason why it is not.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Methods of the SDK that are not reached, and why.
const NOT_REACHED: [(&str, &str); 31] = [
    ("board", "board_page, which copies only what is shown"),
    ("found", "found_with, with the file as key store"),
    ("open", "open_with, with the file as key store"),
    ("join", "join_with, with the file as key store"),
    (
        "watch",
        "watch_with, with what the app knows of the network",
    ),
    (
        "moment",
        "for what works with the engine's replica directly",
    ),
    (
        "with_replica",
        "hands the engine out; imports go by import_cases",
    ),
    ("act_with", "carries claims of imports; see import_cases"),
    ("folder", "part of info"),
    ("grant_words", "part of roles"),
    ("agent_turn", "the agent is a program beside the server"),
    ("report_errand", "the same"),
    ("agents", "the same"),
    ("agent_requests", "the same"),
    ("take_form", "showing forms is the work of that program"),
    ("add_to_submission", "the same"),
    ("wait_until_told", "the same"),
    (
        "find_form",
        "reads what people type on a command line; apps pass ids",
    ),
    ("find_case", "the same"),
    ("find_member", "the same"),
    ("find_template", "the same"),
    ("find_stage", "the same"),
    ("find_task", "the same"),
    ("find_field", "the same"),
    ("find_item", "the same"),
    ("find_approval", "the same"),
    ("find_transfer", "the same"),
    ("find_referral", "the same"),
    ("find_hold", "the same"),
    ("find_seat", "the same"),
    ("find_told", "the same"),
];

/// The same, for the parts of a case.
const NOT_REACHED_PARTS: [&str; 3] = ["find_document", "find_version", "find_party"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found
}

/// The methods of `impl Workspace` blocks in a source.
fn methods(source: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut found = BTreeSet::new();
    for line in source.lines() {
        if line.starts_with("impl ") {
            inside = line == "impl Workspace {";
        } else if line == "}" {
            inside = false;
        } else if let Some(rest) = line.strip_prefix("    pub fn ").filter(|_| inside) {
            let end = rest.find(['(', '<']).unwrap();
            found.insert(rest[..end].to_owned());
        }
    }
    found
}

#[test]
fn every_method_of_the_sdk_is_reached_or_said_why_not() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sdk = here.parent().unwrap().join("src");
    let methods: BTreeSet<String> = sources(&sdk)
        .iter()
        .flat_map(|path| methods(&fs::read_to_string(path).unwrap()))
        .collect();
    assert!(
        methods.len() > 100,
        "the SDK has {} methods?",
        methods.len()
    );
    let native: String = sources(&here.join("src"))
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let reached = |method: &String| {
        native.contains(&format!(".{method}(")) || native.contains(&format!("Workspace::{method}("))
    };
    let excused: BTreeSet<&str> = NOT_REACHED
        .iter()
        .map(|(method, _)| *method)
        .chain(NOT_REACHED_PARTS)
        .collect();
    let forgotten: Vec<_> = methods
        .iter()
        .filter(|method| !reached(method) && !excused.contains(method.as_str()))
        .collect();
    assert!(
        forgotten.is_empty(),
        "not reached from the native surface: {forgotten:?}"
    );
    let gone: Vec<_> = excused
        .iter()
        .filter(|method| !methods.contains(**method))
        .collect();
    assert!(gone.is_empty(), "excused and not there: {gone:?}");
}

#[test]
fn a_source_without_such_methods_has_none() {
    let source = "impl Other {\n    pub fn a(&self) {}\n}\nimpl Workspace {\n    pub fn b<T>() {}\n    fn c() {}\n}\n";
    assert_eq!(methods(source), ["b".to_owned()].into());
}
