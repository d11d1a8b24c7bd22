//! The line to the server: whoever holds it talks, everybody else waits or asks the holder.

use std::sync::atomic::{AtomicBool, Ordering};

/// One line.
#[derive(Debug, Default)]
pub(crate) struct Line {
    taken: AtomicBool,
}

/// The line, taken until this is dropped.
#[derive(Debug)]
pub(crate) struct Taken<'a>(&'a Line);

impl Line {
    /// Takes the line if it is free.
    pub(crate) fn take(&self) -> Option<Taken<'_>> {
        (!self.taken.swap(true, Ordering::AcqRel)).then_some(Taken(self))
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.taken.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_has_the_line() {
        let line = Line::default();
        let taken = line.take();
        assert!(taken.is_some() && line.take().is_none());
        drop(taken);
        assert!(line.take().is_some());
    }
}
