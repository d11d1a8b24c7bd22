//! libFuzzer drives the target `websocket`; what it asserts stands in `src/targets/websocket.rs`.
#![no_main]

casework_fuzz::libfuzzer_target!("websocket");
