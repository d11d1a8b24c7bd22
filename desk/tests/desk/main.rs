//! The command as people run it: the real program, asserted on by what it says with `--json`.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod errors;
mod forms;
mod import;
mod inbox;
mod owner;
mod program;
mod rights;
mod screens;
mod tour;

#[test]
fn no_test_file_is_forgotten() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/desk");
    let main = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "rs") {
            continue;
        }
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(
            stem == "main" || main.contains(&format!("mod {stem};")),
            "{stem} is not run"
        );
    }
}
