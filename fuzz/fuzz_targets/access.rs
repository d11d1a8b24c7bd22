//! libFuzzer drives the target `access`; what it asserts stands in `src/targets/access.rs`.
#![no_main]

casework_fuzz::libfuzzer_target!("access");
