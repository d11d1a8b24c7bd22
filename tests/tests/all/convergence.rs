//! Convergence by property: random work over random partitions, crashes and backups.

use casework_tests::sim::{Outcome, Size, agents, presence, purges, run, servers};

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
    let (one, again, other) = (run(4242, size), run(4242, size), run(4243, size));
    assert_eq!(one, again);
    assert_ne!(one.digest, other.digest);
    assert_ne!(one.trace, other.trace);
}

/// Also those with agents, purges, a disk that fails, and words about presence: message by message.
#[test]
fn every_kind_of_history_is_the_same_again_to_the_last_message() {
    let kinds: [fn(u64) -> Outcome; 4] = [agents::run, purges::run, servers::run, presence::run];
    for play in kinds {
        let (one, again, other) = (play(77), play(77), play(78));
        assert_eq!(one, again);
        assert_ne!(one.trace, other.trace);
    }
}

#[test]
fn a_crowd_of_fifty_devices_converges() {
    let size = Size {
        devices: 50,
        steps: 60,
    };
    assert!(run(50, size).actions > 0);
}

/// More of them run with `cargo xtask sim`.
#[test]
fn nobody_is_ever_told_of_presence_in_a_case_they_do_not_see() {
    let shown: usize = (0..60).map(|seed| presence::run(seed).actions).sum();
    assert!(shown > 200, "a history of nothing proves nothing: {shown}");
}
