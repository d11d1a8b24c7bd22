//! libFuzzer drives the target `link`; what it asserts stands in `src/targets/link.rs`.
#![no_main]

casework_fuzz::libfuzzer_target!("link");
