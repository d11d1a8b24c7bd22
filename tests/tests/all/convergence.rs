//! Convergence by property: random work over random partitions, crashes and backups.

use casework_tests::sim::{Size, run};

/// Histories of the ordinary test run: some minutes, since each draws every facet and rules react.
/// `cargo xtask sim --seeds N` plays more.
fn histories() -> u64 {
    std::env::var("CASEWORK_HISTORIES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(10_000)
}

#[test]
fn random_histories_converge_and_agree_with_a_naive_oracle() {
    let workers = std::thread::available_parallelism().map_or(2, usize::from) as u64;
    let total = histories();
    std::thread::scope(|scope| {
        for worker in 0..workers {
            scope.spawn(move || {
                for seed in (worker..total).step_by(workers as usize) {
                    let _ = run(seed, Size::of(seed));
                }
            });
        }
    });
}

#[test]
fn the_same_seed_plays_the_same_history() {
    let size = Size {
        devices: 4,
        steps: 60,
    };
    assert_eq!(run(4242, size), run(4242, size));
    assert_ne!(run(4242, size).digest, run(4243, size).digest);
}
