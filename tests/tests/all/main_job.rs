//! The main job with the smaller of the two real files; `cargo xtask main-job` does both.

use casework_tests::main_job::{RECEIPT, run};
use casework_tests::process::shared;

#[test]
fn the_permit_log_of_a_municipality_reaches_a_second_device_through_the_server_whole() {
    if let Some(file) = shared(RECEIPT.file) {
        let times = run(RECEIPT, &file);
        println!("{:?}", times.steps);
    }
}
