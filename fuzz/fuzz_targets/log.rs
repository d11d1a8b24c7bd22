//! libFuzzer drives the target `log`; what it asserts stands in `src/targets/log.rs`.
#![no_main]

casework_fuzz::libfuzzer_target!("log");
