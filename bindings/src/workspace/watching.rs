//! Staying in step: a thread with a runtime of its own that connects, works,
//! and connects again.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use casework_engine::sync::Phase;

use futures_util::FutureExt;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use super::hints::Hints;
use super::outcome::{Again, Ended};
use super::session::{Done, Driver, Until};
use super::{Inner, Workspace};
use crate::error::Error;
use crate::moment;
use crate::observer::{Observation, Observer};
use crate::progress::{Progress, SyncReport, SyncState};

/// First wait before connecting again; it doubles with every failure.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Longest wait before connecting again.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long a connection must have been in step before its end is no failure in a row.
const STEADY: Duration = Duration::from_secs(10);
/// While the network or the battery is to be spared: the longest time between two connections.
const SPARING_EVERY: Duration = Duration::from_secs(15 * 60);
/// Likewise: how long local work is gathered before it is sent.
const SPARING_GATHER: Duration = Duration::from_secs(5);

/// Keeps the workspace in step until it is stopped or dropped.
#[derive(Debug)]
pub struct Watch {
    signals: Arc<Signals>,
    thread: Option<JoinHandle<()>>,
    _observation: Observation,
}

#[derive(Debug, Default)]
struct Signals {
    /// Rung to stop.
    stop: Notify,
    /// Rung to end a wait.
    hurry: Notify,
    /// What the app said of network and battery.
    hints: Mutex<Hints>,
    /// Rung when it said something else.
    turned: Notify,
}

impl Workspace {
    /// Syncs once: connects, sends and receives until everything is in step, and ends. Blocks;
    /// `progress` is called now and then. While somebody watches, the watch asks the server whether
    /// the connection lives, and it ends when the server has answered and everything is in step; a
    /// dead connection is replaced by one of its own.
    ///
    /// Must not be called on a thread that runs an asynchronous runtime; use `spawn_blocking`
    /// there.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when there is no server (everything stays here and can be sent
    /// later); [`Error::Denied`] when the device is not, or no longer, enrolled;
    /// [`Error::Corrupt`] when the server is not to be trusted; [`Error::Invalid`] when no server
    /// is set.
    pub fn sync(&self, progress: &mut dyn FnMut(&Progress)) -> Result<SyncReport, Error> {
        self.burst(Until::InStep, progress)
    }

    /// Stays in step: sends local work as it happens, takes what others do as it happens, and
    /// connects again by itself, waiting longer after every failure.
    ///
    /// # Errors
    /// [`Error::Invalid`] while another watch is on; [`Error::Unavailable`] when no thread can be
    /// started.
    pub fn watch(&self, observer: Arc<dyn Observer>) -> Result<Watch, Error> {
        self.watch_with(observer, Hints::default())
    }

    /// The same, heeding from the beginning what the app knows of network and battery.
    ///
    /// # Errors
    /// As [`Workspace::watch`].
    pub fn watch_with(&self, observer: Arc<dyn Observer>, hints: Hints) -> Result<Watch, Error> {
        if self.inner.watched.swap(true, Ordering::AcqRel) {
            return Err(Error::Invalid(
                "this workspace is watched already".to_owned(),
            ));
        }
        let signals = Arc::new(Signals {
            hints: Mutex::new(hints),
            ..Signals::default()
        });
        let observation = match self.observe(observer) {
            Ok(observation) => observation,
            Err(error) => {
                self.inner.watched.store(false, Ordering::Release);
                return Err(error);
            }
        };
        let (inner, heard) = (self.inner.clone(), signals.clone());
        let started = thread::Builder::new()
            .name("casework-sync".to_owned())
            .spawn(move || {
                let _over = Over(&inner);
                stay_in_step(&inner, &heard);
            });
        match started {
            Ok(thread) => Ok(Watch {
                signals,
                thread: Some(thread),
                _observation: observation,
            }),
            Err(error) => {
                self.inner.watched.store(false, Ordering::Release);
                Err(Error::Unavailable(format!(
                    "no thread can be started: {error}"
                )))
            }
        }
    }
}

impl Watch {
    /// Connects now if it is waiting: the app knows that there is a network again.
    pub fn hurry(&self) {
        self.signals.hurry.notify_one();
    }

    /// Says what the app knows of network and battery. What changes holds at once: a pause ends
    /// the connection, and what the server had not acknowledged by then is sent again later.
    pub fn set_hints(&self, hints: Hints) {
        let before = core::mem::replace(&mut *self.signals.lock_hints(), hints);
        if before != hints {
            self.signals.turned.notify_one();
        }
    }

    /// What it was told last.
    #[must_use]
    pub fn hints(&self) -> Hints {
        *self.signals.lock_hints()
    }

    /// Whether its thread has ended by itself: on a machine without resources, or by a defect.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Stops, and returns when the connection is closed.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.signals.stop.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            // A panic of the thread was reported by it; there is nothing left to do about it.
            let _ = thread.join();
        }
    }
}

impl Signals {
    /// Plain data: a panic elsewhere cannot have left it half changed.
    fn lock_hints(&self) -> MutexGuard<'_, Hints> {
        self.hints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when the app has said something else than this.
    async fn other_than(&self, hints: Hints) {
        while *self.lock_hints() == hints {
            self.turned.notified().await;
        }
    }
}

/// The end of the thread, however it comes: another watch may begin.
struct Over<'a>(&'a Inner);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let defect = Error::Internal(
                "a defect ended the connection; connect again, and report this".to_owned(),
            );
            self.0.speaker.watch_says(stopped(&defect));
        }
        self.0.watched.store(false, Ordering::Release);
    }
}

fn stay_in_step(inner: &Inner, signals: &Signals) {
    match runtime() {
        Ok(runtime) => {
            runtime.block_on(async {
                tokio::select! {
                    () = keep_connecting(inner, signals) => {}
                    () = signals.stop.notified() => {}
                }
            });
            // A name that is still being looked up is nobody's business any more.
            runtime.shutdown_background();
            inner.speaker.watch_says(SyncState::Off);
        }
        Err(error) => inner.speaker.watch_says(stopped(&error)),
    }
}

/// Connects again and again, until it is dropped.
async fn keep_connecting(inner: &Inner, signals: &Signals) {
    let mut failures = 0;
    loop {
        let hints = *signals.lock_hints();
        if hints.paused {
            inner.speaker.watch_says(SyncState::Paused);
            signals.other_than(hints).await;
            continue;
        }
        let mut live_since = None;
        let connected = tokio::select! {
            connected = one_connection(inner, hints, &mut live_since) => connected,
            () = signals.other_than(hints) => continue,
        };
        let steady = |since: Instant| since.elapsed() >= STEADY;
        failures = if live_since.is_some_and(steady) {
            0
        } else {
            failures + 1
        };
        match connected {
            Ok(done) if done.outdated => failures = 0,
            Ok(_) => {
                failures = 0;
                rest(inner, signals, hints).await;
            }
            Err(ended) => wait_again(inner, signals, (hints, failures), ended).await,
        }
    }
}

/// The wait after a connection that failed: for a time, or until somebody does something about it.
async fn wait_again(
    inner: &Inner,
    signals: &Signals,
    (hints, failures): (Hints, u32),
    ended: Ended,
) {
    let wait = match ended.again {
        Again::Never => {
            inner.speaker.watch_says(stopped(&ended.error));
            Duration::MAX
        }
        Again::After(least) => offline(inner, &ended, least + back_off(failures)),
        Again::BackOff => offline(inner, &ended, back_off(failures)),
    };
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        () = signals.hurry.notified() => {}
        () = signals.other_than(hints) => {}
        () = inner.reachable.notified() => {}
    }
}

fn offline(inner: &Inner, ended: &Ended, wait: Duration) -> Duration {
    inner.speaker.watch_says(SyncState::Offline {
        reason: ended.error.to_string(),
        retry_in_ms: millis(wait),
    });
    wait
}

fn stopped(error: &Error) -> SyncState {
    SyncState::Stopped {
        kind: error.kind(),
        reason: error.to_string(),
    }
}

/// The time between two connections while network or battery are spared. Work that is done here
/// ends it, after a moment in which more of it may gather.
async fn rest(inner: &Inner, signals: &Signals, hints: Hints) {
    let end = Instant::now() + SPARING_EVERY;
    // What was rung before has been heard by now.
    inner.reachable.notified().now_or_never();
    let work = async {
        loop {
            resting(inner, end.saturating_duration_since(Instant::now()));
            tokio::select! {
                biased;
                () = inner.bell.notified() => break,
                // Another call may have sent what was waiting: then there is less to tell.
                () = inner.reachable.notified() => {}
            }
        }
        resting(inner, SPARING_GATHER);
        tokio::time::sleep(SPARING_GATHER).await;
    };
    tokio::select! {
        () = tokio::time::sleep_until(end.into()) => {}
        () = work => {}
        () = signals.hurry.notified() => {}
        () = signals.other_than(hints) => {}
    }
}

fn resting(inner: &Inner, next: Duration) {
    // What cannot be counted is told by whatever fails next.
    let unsent = inner.lock().ok().and_then(|replica| replica.unsent().ok());
    inner.speaker.watch_says(SyncState::Resting {
        next_in_ms: millis(next),
        unsent: unsent.unwrap_or_default(),
    });
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// One connection, as long as it lasts: until everything is in step where the app asked to spare
/// the network or the battery. While another call syncs, it waits for the line.
async fn one_connection(
    inner: &Inner,
    hints: Hints,
    live_since: &mut Option<Instant>,
) -> Result<Done, Ended> {
    let _line = inner.line.wait().await;
    inner.speaker.watch_says(SyncState::Connecting);
    let until = if hints.is_sparing() {
        Until::InStep
    } else {
        Until::Stopped
    };
    let driver = Driver::connect(inner, until).await?;
    let live = &mut |progress: &Progress| {
        if progress.phase == Phase::Live {
            live_since.get_or_insert_with(Instant::now);
        }
    };
    driver.run(live).await
}

/// How long to wait after so many failures: twice as long each time, give or take half, so that a
/// thousand devices do not come back in one moment.
fn back_off(failures: u32) -> Duration {
    let whole = FIRST_WAIT
        .saturating_mul(1 << failures.saturating_sub(1).min(10))
        .min(LONGEST_WAIT);
    let dice = moment::dice::<1>().map_or(128, |[byte]| u32::from(byte));
    whole / 2 + whole * dice / 255
}

pub(super) fn runtime() -> Result<Runtime, Error> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Unavailable(format!("no network runtime: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_scatters_and_has_an_end() {
        for failures in 0..40 {
            let whole = (FIRST_WAIT * (1 << (failures.clamp(1, 8) - 1))).min(LONGEST_WAIT);
            let wait = back_off(failures);
            assert!(
                wait >= whole / 2 && wait <= whole * 3 / 2,
                "{failures}: {wait:?}"
            );
        }
    }
}
