//! A week of one office at the smallest scale; `cargo xtask office` plays it larger.

use casework_tests::office::{Size, play};

#[test]
fn a_small_week_of_one_office_breaks_no_invariant() {
    (7..10).for_each(a_week);
}

fn a_week(seed: u64) {
    let cost = play(seed, Size::scaled(0.001));
    let offline = cost.counted["offline"];
    assert!(cost.cases >= 6, "{:?}", cost.counted);
    assert!(cost.acted() > 80, "{:?}", cost.counted);
    assert!(
        offline * 4 > cost.acted(),
        "much of it offline: {:?}",
        cost.counted
    );
    assert!(
        cost.bytes_per_action() < 4_000.0,
        "{}",
        cost.bytes_per_action()
    );
}
