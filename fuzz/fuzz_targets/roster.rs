//! libFuzzer drives the target `roster`; what it asserts stands in `src/targets/roster.rs`.
#![no_main]

casework_fuzz::libfuzzer_target!("roster");
