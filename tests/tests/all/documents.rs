//! What the documents claim about the tree: every test they name exists, every promise names one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the workspace")
        .into()
}

/// Every file below a folder whose name ends so, without what a build makes.
fn files(folder: &Path, end: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the tree can be read") {
        let path = entry.expect("an entry can be read").path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or_default();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            files(&path, end, found);
        } else if name.ends_with(end) {
            found.push(path);
        }
    }
}

/// The names of all functions behind a `#[test]`, those of property tests included.
fn tests() -> BTreeSet<String> {
    let names = tests_in(&root());
    assert!(names.len() > 300, "only {} tests found", names.len());
    names
}

fn tests_in(folder: &Path) -> BTreeSet<String> {
    let mut sources = Vec::new();
    files(folder, ".rs", &mut sources);
    let mut names = BTreeSet::new();
    for path in sources {
        let text = fs::read_to_string(&path).expect("a source file is text");
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            if let Some((name, _)) = line
                .strip_prefix("fn ")
                .or_else(|| line.strip_prefix("async fn "))
                .and_then(|rest| rest.split_once('('))
            {
                if is_test {
                    names.insert(name.to_owned());
                }
                is_test = false;
            }
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        }
    }
    names
}

/// What stands between backticks and looks like a test: a sentence in snake case.
fn named(text: &str) -> impl Iterator<Item = &str> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.matches('_').count() >= 3)
        .filter(|name| {
            name.chars()
                .all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit())
        })
}

/// The counters of the server, whose names look like those of tests: the rows of their table, which
/// `every_counter_is_documented_and_nothing_else` holds against what a server tells.
fn counters() -> BTreeSet<String> {
    let page = fs::read_to_string(root().join("docs/operations.md")).expect("it is text");
    let rows = page.lines().filter_map(|line| {
        let name = line.strip_prefix("| `casework_")?.split(['`', '{']).next();
        Some(format!("casework_{}", name?))
    });
    let counters: BTreeSet<String> = rows.collect();
    assert!(
        counters.len() > 10,
        "only {} counters found",
        counters.len()
    );
    counters
}

#[test]
fn every_test_that_a_document_names_exists() {
    let (tests, counters) = (tests(), counters());
    assert!(tests.contains("every_counter_is_documented_and_nothing_else"));
    let mut documents = vec![root().join("fuzz/README.md")];
    files(&root().join("docs"), ".md", &mut documents);
    for path in documents {
        let text = fs::read_to_string(&path).expect("a document is text");
        for name in named(&text) {
            assert!(
                tests.contains(name) || counters.contains(name),
                "{} names {name}, which is neither a test nor a counter",
                path.display()
            );
        }
    }
}

#[test]
fn every_promise_of_the_threat_model_names_a_test() {
    let text = fs::read_to_string(root().join("docs/security.md")).expect("it is text");
    let promises: Vec<&str> = text.split("\n* ").skip(1).collect();
    assert!(promises.len() > 10, "{} promises", promises.len());
    for promise in promises {
        let promise = promise.split("\n\n").next().unwrap_or_default();
        assert!(named(promise).next().is_some(), "no test for: {promise}");
    }
}

#[test]
fn every_class_of_hostile_bytes_names_a_test() {
    let text = fs::read_to_string(root().join("fuzz/README.md")).expect("it is text");
    let (_, table) = text
        .split_once("## Hostile bytes, class by class")
        .expect("the table is there");
    let table = table.split("\n## ").next().unwrap_or_default();
    let rows = table.lines().filter(|line| line.starts_with("| "));
    let classes: Vec<&str> = rows.skip(1).collect();
    assert!(classes.len() > 20, "{} classes", classes.len());
    for class in classes {
        assert!(named(class).next().is_some(), "no test for: {class}");
    }
}

#[test]
fn every_row_of_the_merge_contract_names_a_test() {
    let text = fs::read_to_string(root().join("docs/merge.md")).expect("it is text");
    let rows = text.lines().filter(|line| line.starts_with("| "));
    let rows: Vec<&str> = rows.skip(1).collect();
    assert!(rows.len() > 40, "{} rows", rows.len());
    let scenarios = tests_in(&root().join("tests/tests"));
    for row in rows {
        let test = named(row).next();
        let is_scenario = test.is_some_and(|test| scenarios.contains(test));
        assert!(is_scenario, "no scenario for: {row}");
    }
}
