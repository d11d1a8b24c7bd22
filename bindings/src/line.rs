//! The line to the server: whoever holds it talks, everybody else waits or asks the holder.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// One line.
#[derive(Debug, Default)]
pub(crate) struct Line {
    taken: AtomicBool,
    /// Rung when it becomes free. One waits: the watch.
    freed: Notify,
}

/// The line, taken until this is dropped.
#[derive(Debug)]
pub(crate) struct Taken<'a>(&'a Line);

impl Line {
    /// Takes the line if it is free.
    pub(crate) fn take(&self) -> Option<Taken<'_>> {
        // Not `then_some`: a `Taken` that is made and not given away would free the line.
        (!self.taken.swap(true, Ordering::AcqRel)).then(|| Taken(self))
    }

    /// Takes the line as soon as it is free.
    pub(crate) async fn wait(&self) -> Taken<'_> {
        loop {
            if let Some(taken) = self.take() {
                return taken;
            }
            self.freed.notified().await;
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.taken.store(false, Ordering::Release);
        self.0.freed.notify_one();
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
        assert!(line.take().is_none(), "a refusal frees nothing");
        drop(taken);
        assert!(line.take().is_some());
    }

    #[test]
    fn whoever_waits_gets_the_line_when_it_is_free() {
        let line = Line::default();
        let taken = line.take();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(async {
            let free = async {
                tokio::task::yield_now().await;
                drop(taken);
            };
            let (_mine, ()) = tokio::join!(line.wait(), free);
            assert!(line.take().is_none());
        });
    }
}
