//! libFuzzer drives the target `document`; what it asserts stands in `src/targets/document.rs`.
#![no_main]

casework_fuzz::libfuzzer_target!("document");
