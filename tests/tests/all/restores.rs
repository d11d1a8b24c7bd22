//! Servers put back to older backups while work goes on, by property.

use casework_tests::sim::restores::{met, run};

/// Histories of the ordinary test run; `CASEWORK_RESTORES` plays more, `cargo xtask sim` others.
fn histories() -> u64 {
    let said = std::env::var("CASEWORK_RESTORES").ok();
    said.and_then(|n| n.parse().ok()).unwrap_or(200)
}

#[test]
fn devices_of_every_age_come_back_to_restored_servers_in_any_order_and_nothing_is_lost() {
    std::thread::scope(|scope| {
        for first in 0..2 {
            scope.spawn(move || {
                for seed in (first..histories()).step_by(2) {
                    let _ = run(seed);
                }
            });
        }
    });
}

#[test]
fn the_same_seed_plays_the_same_restores_and_they_meet_what_they_are_about() {
    assert_eq!(run(5), run(5));
    assert_ne!(run(5).digest, run(6).digest);
    let all: Vec<_> = (0..12).map(met).collect();
    let sum = |of: fn(&casework_tests::sim::restores::Met) -> u64| all.iter().map(of).sum::<u64>();
    assert!(sum(|met| met.restored as u64) > 12, "{all:?}");
    assert!(sum(|met| met.lost) > 50, "{all:?}");
    assert!(sum(|met| met.rotated as u64) > 3, "{all:?}");
    assert!(
        sum(|met| met.held as u64) > 0,
        "nobody's work was held: {all:?}"
    );
    let without = all.iter().filter(|met| met.epochs == 0 && met.lost > 0);
    assert!(without.count() > 0, "every loss took a new epoch: {all:?}");
}
