//! The SDK played against a real server: sockets, files and threads, on the loopback.
//!
//! One binary for all scenarios; a file that is forgotten here fails the last test.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

#[path = "scenarios/contested.rs"]
mod contested;
#[path = "scenarios/editing.rs"]
mod editing;
#[path = "scenarios/folders.rs"]
mod folders;
#[path = "scenarios/forms.rs"]
mod forms;
#[path = "scenarios/hints.rs"]
mod hints;
#[path = "scenarios/imports.rs"]
mod imports;
#[path = "scenarios/inbox.rs"]
mod inbox;
#[path = "scenarios/joining.rs"]
mod joining;
#[path = "scenarios/lines.rs"]
mod lines;
#[path = "scenarios/offline.rs"]
mod offline;
#[path = "scenarios/presence.rs"]
mod presence;
#[path = "scenarios/redaction.rs"]
mod redaction;
#[path = "scenarios/revisions.rs"]
mod revisions;
#[path = "scenarios/revoked.rs"]
mod revoked;
#[path = "scenarios/rights.rs"]
mod rights;
#[path = "scenarios/scope.rs"]
mod scope;
#[path = "scenarios/stage.rs"]
mod stage;
#[path = "scenarios/tls.rs"]
mod tls;
#[path = "scenarios/watching.rs"]
mod watching;

#[test]
fn no_scenario_is_forgotten() {
    let text = include_str!("scenarios.rs");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            text.contains(&format!("scenarios/{name}")),
            "{name} is not played"
        );
    }
}
