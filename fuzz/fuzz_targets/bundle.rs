//! libFuzzer drives the target `bundle`; what it asserts stands in `src/targets/bundle.rs`.
#![no_main]

casework_fuzz::libfuzzer_target!("bundle");
