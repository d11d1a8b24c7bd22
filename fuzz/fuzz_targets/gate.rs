//! libFuzzer drives the target `gate`; what it asserts stands in `src/targets/gate.rs`.
#![no_main]

casework_fuzz::libfuzzer_target!("gate");
