//! Syncing once: until everything is in step, or for a limited time.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use super::session::{Done, Driver, Until};
use super::watching::runtime;
use super::{Inner, Workspace};
use crate::error::Error;
use crate::progress::{Progress, SyncReport};
use crate::workspace::outcome::Ended;

/// The longest burst; more is what [`Workspace::sync`] is for.
const LONGEST_BURST: Duration = Duration::from_secs(24 * 60 * 60);
/// How often a call that waits for another connection looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

impl Workspace {
    /// Syncs for at most so long, and says whether everything is in step: for the short time that
    /// a system gives an app in the background. What was sent by then is safe on the server, what
    /// was not waits here for the next sync.
    ///
    /// # Errors
    /// As [`Workspace::sync`]; [`Error::Unavailable`] also when the time was over before the
    /// server answered.
    pub fn sync_for(
        &self,
        at_most: Duration,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<SyncReport, Error> {
        let end = Instant::now() + at_most.min(LONGEST_BURST);
        self.burst(Until::InStepOr(end), progress)
    }

    pub(super) fn burst(
        &self,
        until: Until,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<SyncReport, Error> {
        let inner = &self.inner;
        let (begun, mark) = (Instant::now(), inner.notices.mark());
        let cancelled = inner.cancel.times();
        let before = inner.hub.state().progress();
        let mut question = None;
        loop {
            if let Some(line) = inner.line.take() {
                let done = sync_once(inner, (until, cancelled), progress);
                drop(line);
                let done = done?;
                if done.outdated {
                    continue;
                }
                return self.report((begun, mark), done);
            }
            // Only a connection that somebody else made has to prove that it lives.
            let asked = *question.get_or_insert_with(|| inner.barrier.ask());
            inner.bell.notify_one();
            let state = inner.hub.wait_for_turn(LOOK_AGAIN);
            let now = state.progress();
            now.iter().for_each(&mut *progress);
            if let (Some(now), Some(in_step)) = (now, inner.barrier.answer(asked)) {
                let done = Done {
                    in_step,
                    outdated: false,
                    progress: before.map_or(now, |before| now.since(before)),
                };
                return self.report((begun, mark), done);
            }
            if inner.cancel.times() != cancelled {
                return Err(ended_early());
            }
            if matches!(until, Until::InStepOr(end) if end <= Instant::now()) {
                return Err(out_of_time());
            }
        }
    }

    fn report(&self, (begun, mark): (Instant, usize), done: Done) -> Result<SyncReport, Error> {
        let Done {
            in_step, progress, ..
        } = done;
        let notices = self.inner.notices.since(mark);
        let (held, refused) = SyncReport::count(&notices);
        Ok(SyncReport {
            in_step,
            pushed: progress.pushed,
            received: progress.received,
            bytes_in: progress.bytes_in,
            bytes_out: progress.bytes_out,
            duration: begun.elapsed(),
            held,
            refused,
            clock_skew_ms: progress.clock_skew_ms,
            notices,
            status: self.status()?,
        })
    }
}

/// One connection of this call's own, on the caller's thread.
fn sync_once(
    inner: &Inner,
    (until, cancelled): (Until, u64),
    progress: &mut dyn FnMut(&Progress),
) -> Result<Done, Error> {
    let runtime = runtime()?;
    let said = inner.speaker.burst();
    let done = to_its_end(runtime, async {
        tokio::select! {
            done = connect_and_run(inner, until, progress) => done,
            () = inner.cancel.after(cancelled) => Err(ended_early().into()),
        }
    });
    drop(said);
    if inner.watched.load(Ordering::Acquire) {
        match &done {
            Ok(done) if done.in_step => inner.reachable.notify_one(),
            // It may have heard the bell of what is left to do.
            Ok(_) => {
                inner.reachable.notify_one();
                inner.bell.notify_one();
            }
            Err(_) => inner.bell.notify_one(),
        }
    }
    done.map_err(|ended: Ended| ended.error)
}

/// Runs a future, and nothing beyond its end: what it left on other threads is not waited for (a
/// name that is still being looked up).
fn to_its_end<T>(runtime: Runtime, future: impl Future<Output = T>) -> T {
    let done = runtime.block_on(future);
    runtime.shutdown_background();
    done
}

async fn connect_and_run(
    inner: &Inner,
    until: Until,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Done, Ended> {
    let driver = in_time(until, Driver::connect(inner, until)).await?;
    driver.run(progress).await
}

/// Connecting, for no longer than there is time.
async fn in_time<T>(
    until: Until,
    connecting: impl Future<Output = Result<T, Ended>>,
) -> Result<T, Ended> {
    match until {
        Until::InStepOr(end) => tokio::time::timeout_at(end.into(), connecting)
            .await
            .map_err(|_| out_of_time())?,
        Until::InStep | Until::Stopped => connecting.await,
    }
}

fn out_of_time() -> Error {
    Error::Unavailable(
        "the time was over before the server answered; everything stays here for the next sync"
            .to_owned(),
    )
}

fn ended_early() -> Error {
    Error::Unavailable(
        "the sync was ended before it was done; everything stays here for the next one".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_burst_ends_in_time_also_while_a_name_is_looked_up() {
        // As the operating system looks one up: on a thread that nothing can interrupt.
        let ((found, name), (begin, begun)) = (mpsc::channel::<()>(), mpsc::channel::<()>());
        let looking_up = async {
            let looked = tokio::task::spawn_blocking(move || {
                begin.send(()).unwrap();
                name.recv()
            });
            begun.recv().unwrap();
            drop(looked.await);
            Ok(())
        };
        let until = Until::InStepOr(Instant::now());
        let done = to_its_end(runtime().unwrap(), in_time(until, looking_up));
        let ended = done.unwrap_err();
        assert!(ended.error.to_string().contains("time was over"));
        // Whoever waited for the look-up would not have come here: it is still going on.
        found.send(()).unwrap();
    }
}
