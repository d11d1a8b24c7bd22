//! The same work on many documents, on every core of the device.
//!
//! Asks no clock and rolls no dice: what comes of each item depends on that item alone, and the
//! answers come in the order of the items, so nobody can tell how many cores there were.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread::{available_parallelism, scope};

/// Most threads that work at once; beyond, the one disk behind them is what they wait for.
const MAX_THREADS: usize = 8;

/// Whole documents that a thread takes at least: for fewer it costs more than it saves.
pub(super) const DOCUMENTS: usize = 4;
/// The same for rows that only have to be read.
pub(super) const ROWS: usize = 256;

/// Works on all documents and answers in their order.
pub(super) fn abreast<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let work = |part: Vec<T>| part.into_iter().map(&work).collect();
    let answers: Vec<Vec<R>> = abreast_in_parts(items, DOCUMENTS, work);
    answers.into_iter().flatten().collect()
}

/// Works on all items, one part of at least so many for each thread; the parts follow each other.
pub(super) fn abreast_in_parts<T: Send, R: Send>(
    mut items: Vec<T>,
    least: usize,
    work: impl Fn(Vec<T>) -> R + Sync,
) -> Vec<R> {
    // Asking for the cores reads files: not for a single document.
    if items.len() < 2 * least {
        return vec![work(items)];
    }
    let cores = available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(MAX_THREADS).min(items.len() / least);
    let each = items.len().div_ceil(threads);
    let mut parts = Vec::with_capacity(threads);
    while items.len() > each {
        parts.push(items.split_off(items.len() - each));
    }
    scope(|scope| {
        let work = &work;
        let others: Vec<_> = parts
            .into_iter()
            .rev()
            .map(|part| scope.spawn(move || work(part)))
            .collect();
        let mut answers = vec![work(items)];
        for other in others {
            answers.push(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        answers
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_the_order_of_the_items() {
        for count in [0, 1, 3, 4, 8, 9, 31, 100] {
            let items: Vec<usize> = (0..count).collect();
            let expected: Vec<usize> = items.iter().map(|n| n * 2).collect();
            assert_eq!(abreast(items, |n| n * 2), expected);
        }
    }
}
