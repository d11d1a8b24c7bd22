//! libFuzzer drives the target `template`; what it asserts stands in `src/targets/template.rs`.
#![no_main]

casework_fuzz::libfuzzer_target!("template");
