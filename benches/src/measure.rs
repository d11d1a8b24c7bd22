//! Measuring two things side by side: alternating, and the median of each.
//!
//! Alternating puts a noisy neighbour or a throttled core into both columns alike.

use std::time::{Duration, Instant};

/// How large the workloads are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// As large as DESIGN §11 says.
    Full,
    /// Tiny: shows that every row works, says nothing about speed.
    Smoke,
}

impl Scale {
    /// The full number, or the tiny one.
    #[must_use]
    pub const fn of(self, full: usize, smoke: usize) -> usize {
        match self {
            Self::Full => full,
            Self::Smoke => smoke,
        }
    }
}

/// Times one thing, and keeps its result from being optimised away.
pub fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let started = Instant::now();
    std::hint::black_box(work());
    started.elapsed()
}

/// Alternates two measurements and gives the median of each.
pub fn alternate(
    rounds: usize,
    mut ours: impl FnMut() -> Duration,
    mut yardstick: impl FnMut() -> Duration,
) -> (Duration, Duration) {
    let (mut one, mut other) = (Vec::new(), Vec::new());
    for _ in 0..rounds.max(1) {
        one.push(ours());
        other.push(yardstick());
    }
    (quantile(&mut one, 0.5), quantile(&mut other, 0.5))
}

/// The value below which this share of the measurements lies.
///
/// # Panics
/// For no measurements.
pub fn quantile(values: &mut [Duration], share: f64) -> Duration {
    values.sort_unstable();
    let last = values.len() - 1;
    values[(last as f64 * share).round() as usize]
}

/// CPU time that this thread has used, where the system tells (Linux).
#[must_use]
pub fn thread_cpu() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split(' ')
        .next()?
        .parse()
        .ok()
        .map(Duration::from_nanos)
}

/// Memory that a process really holds, in bytes, where the system tells (Linux).
#[must_use]
pub fn resident_bytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace()
        .nth(1)?
        .parse::<u64>()
        .ok()
        .map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_taken_of_the_sorted_values() {
        let mut values: Vec<Duration> = [5, 1, 4, 2, 3].map(Duration::from_millis).into();
        assert_eq!(quantile(&mut values, 0.5), Duration::from_millis(3));
        assert_eq!(quantile(&mut values, 0.99), Duration::from_millis(5));
        assert_eq!(quantile(&mut values[..1], 0.99), Duration::from_millis(1));
    }
}
