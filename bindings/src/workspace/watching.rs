//! Syncing once, and staying in step: a thread with a runtime of its own that connects, works,
//! and connects again.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use super::burst::out_of_time;
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
/// How often a call that waits for another connection looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
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
    /// `progress` is called now and then. While somebody watches, it waits until the watch is in
    /// step.
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
        let begun = Instant::now();
        loop {
            if let Some(line) = self.inner.line.take() {
                let done = sync_once(&self.inner, Until::InStep, progress);
                drop(line);
                return self.report(begun, done?);
            }
            if let Some(progress) = self.ask_watch(progress)? {
                return self.report(begun, told(progress));
            }
        }
    }

    /// Stays in step: sends local work as it happens, takes what others do as it happens, and
    /// connects again by itself, waiting longer after every failure.
    ///
    /// # Errors
    /// [`Error::Invalid`] while another watch is on; [`Error::Unavailable`] when no thread can be
    /// started.
    pub fn watch(&self, observer: Arc<dyn Observer>) -> Result<Watch, Error> {
        if self.inner.watched.swap(true, Ordering::AcqRel) {
            return Err(Error::Invalid(
                "this workspace is watched already".to_owned(),
            ));
        }
        let signals = Arc::new(Signals::default());
        let observation = self.observe(observer);
        let (inner, heard) = (self.inner.clone(), signals.clone());
        let started = thread::Builder::new()
            .name("casework-sync".to_owned())
            .spawn(move || {
                stay_in_step(&inner, &heard);
                inner.watched.store(false, Ordering::Release);
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

    /// Waits until whoever is connected is in step; `None` when nobody is any more.
    pub(super) fn ask_watch(
        &self,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<Option<Progress>, Error> {
        self.inner.bell.notify_one();
        let state = self.inner.hub.wait_for_turn(LOOK_AGAIN);
        match state {
            SyncState::InStep(now) if self.read(|replica| Ok(replica.unsent()?))? == 0 => {
                progress(&now);
                Ok(Some(now))
            }
            SyncState::Working(now) | SyncState::InStep(now) => {
                progress(&now);
                Ok(None)
            }
            SyncState::Off
            | SyncState::Connecting
            | SyncState::Paused
            | SyncState::Offline { .. }
            | SyncState::Stopped { .. } => Ok(None),
        }
    }

    pub(super) fn report(&self, begun: Instant, done: Done) -> Result<SyncReport, Error> {
        let Done {
            in_step: _,
            progress,
            notices,
        } = done;
        let (held, refused) = SyncReport::count(&notices);
        Ok(SyncReport {
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

pub(super) fn sync_once(
    inner: &Inner,
    until: Until,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Done, Error> {
    let runtime = runtime()?;
    inner.hub.set_state(SyncState::Connecting);
    let done = runtime.block_on(async {
        let connecting = Driver::connect(inner, until);
        let driver = match until {
            Until::InStepOr(end) => tokio::time::timeout_at(end.into(), connecting)
                .await
                .map_err(|_| out_of_time())??,
            Until::InStep | Until::Stopped => connecting.await?,
        };
        driver.run(progress).await
    });
    inner.hub.set_state(SyncState::Off);
    done.map_err(|ended: Ended| ended.error)
}

/// What a watch that is in step has to tell.
pub(super) const fn told(progress: Progress) -> Done {
    Done {
        in_step: true,
        progress,
        notices: Vec::new(),
    }
}

fn stay_in_step(inner: &Inner, signals: &Signals) {
    let ended = match runtime() {
        Ok(runtime) => runtime.block_on(connect_again_and_again(inner, signals)),
        Err(error) => Some(error),
    };
    inner.hub.set_state(match ended {
        Some(error) => SyncState::Stopped {
            kind: error.kind(),
            reason: error.to_string(),
        },
        None => SyncState::Off,
    });
}

/// Works until it is told to stop, or trying again makes no sense.
async fn connect_again_and_again(inner: &Inner, signals: &Signals) -> Option<Error> {
    tokio::select! {
        error = keep_connecting(inner, signals) => Some(error),
        () = signals.stop.notified() => None,
    }
}

async fn keep_connecting(inner: &Inner, signals: &Signals) -> Error {
    let mut failures = 0;
    loop {
        let hints = *signals.lock_hints();
        if hints.paused {
            inner.hub.set_state(SyncState::Paused);
            signals.other_than(hints).await;
            continue;
        }
        let mut was_in_step = false;
        let connected = tokio::select! {
            connected = one_connection(inner, hints, &mut was_in_step) => connected,
            () = signals.other_than(hints) => continue,
        };
        failures = if was_in_step { 0 } else { failures + 1 };
        match connected {
            Ok(()) => rest(inner, signals, hints).await,
            Err(ended) => {
                let wait = match ended.again {
                    Again::Never => return ended.error,
                    Again::After(least) => least + back_off(failures),
                    Again::BackOff => back_off(failures),
                };
                inner.hub.set_state(SyncState::Offline {
                    reason: ended.error.to_string(),
                    retry_in_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                });
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = signals.hurry.notified() => {}
                    () = signals.other_than(hints) => {}
                }
            }
        }
    }
}

/// The time between two connections while network or battery are spared. Work that is done here
/// ends it, after a moment in which more of it may gather.
async fn rest(inner: &Inner, signals: &Signals, hints: Hints) {
    let work = async {
        inner.bell.notified().await;
        tokio::time::sleep(SPARING_GATHER).await;
    };
    tokio::select! {
        () = tokio::time::sleep(SPARING_EVERY) => {}
        () = work => {}
        () = signals.hurry.notified() => {}
        () = signals.other_than(hints) => {}
    }
}

/// One connection, as long as it lasts: until everything is in step where the app asked to spare
/// the network or the battery.
async fn one_connection(inner: &Inner, hints: Hints, was_in_step: &mut bool) -> Result<(), Ended> {
    let Some(_line) = inner.line.take() else {
        // Somebody syncs once meanwhile, which is as good.
        return Err(Error::Unavailable("another call syncs at the moment".to_owned()).into());
    };
    inner.hub.set_state(SyncState::Connecting);
    let until = if hints.is_sparing() {
        Until::InStep
    } else {
        Until::Stopped
    };
    let driver = Driver::connect(inner, until).await?;
    let live = &mut |progress: &Progress| {
        *was_in_step |= progress.phase == casework_engine::sync::Phase::Live;
    };
    let done = driver.run(live).await?;
    *was_in_step |= done.in_step;
    Ok(())
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

fn runtime() -> Result<Runtime, Error> {
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
