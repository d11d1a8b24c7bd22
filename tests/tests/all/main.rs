//! Every integration test in one binary; `no_test_file_is_forgotten` fails when one is not listed.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "whoever sits on the wire touches a few frames out of many"
)]

mod agents;
mod agreements;
mod architecture;
mod authority;
mod bundles;
mod claims;
mod cli;
mod contract;
mod contract_keeping;
mod contract_records;
mod contract_rules;
mod convergence;
mod crash;
mod documents;
mod drive;
mod drive_agreements;
mod drive_automations;
mod drive_clocks;
mod drive_handovers;
mod drive_inbox;
mod drive_keeping;
mod drive_records;
mod drive_rights;
mod drive_rules;
mod drive_templates;
mod epochs;
mod forged_votes;
mod forgery;
mod forms;
mod hostile_bundles;
mod hostile_bytes;
mod hostile_documents;
mod hostile_server;
mod hostile_server_entries;
mod hostile_together;
mod inbox;
mod inbox_property;
mod joining;
mod kill;
mod main_job;
mod office;
mod operating;
mod packaging;
mod presence;
mod purging;
mod restores;
mod rotation;
mod rules;
mod scene;
mod suspending;

#[test]
fn no_test_file_is_forgotten() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/all");
    for entry in std::fs::read_dir(folder).expect("the folder of this file can be read") {
        let path = entry.expect("an entry can be read").path();
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default()
            .to_owned();
        let listed = include_str!("main.rs").contains(&format!("\nmod {stem};"));
        assert!(stem == "main" || listed, "{stem}.rs is not in main.rs");
    }
}
