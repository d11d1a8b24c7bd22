//! libFuzzer drives the target `frames`; what it asserts stands in `src/targets/frames.rs`.
#![no_main]

casework_fuzz::libfuzzer_target!("frames");
