//! libFuzzer drives the target `views`; what it asserts stands in `src/targets/views.rs`.
#![no_main]

casework_fuzz::libfuzzer_target!("views");
