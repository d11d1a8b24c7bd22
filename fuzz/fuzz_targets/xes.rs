//! libFuzzer drives the target `xes`; what it asserts stands in `src/targets/xes.rs`.
#![no_main]

casework_fuzz::libfuzzer_target!("xes");
