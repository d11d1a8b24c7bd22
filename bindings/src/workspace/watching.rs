//! Syncing once, and staying in step: a thread with a runtime of its own that connects, works,
//! and connects again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

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

/// Keeps the workspace in step until it is stopped or dropped.
#[derive(Debug)]
pub struct Watch {
    signals: Arc<Signals>,
    thread: Option<JoinHandle<()>>,
    _observation: Observation,
}

#[derive(Debug, Default)]
struct Signals {
    stopped: AtomicBool,
    /// Rung to stop.
    stop: Notify,
    /// Rung to end a wait.
    hurry: Notify,
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
                let done = sync_once(&self.inner, progress);
                drop(line);
                return self.report(begun, done?);
            }
            if let Some(progress) = self.ask_watch(progress)? {
                return self.report(
                    begun,
                    Done {
                        progress,
                        notices: Vec::new(),
                    },
                );
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
    fn ask_watch(&self, progress: &mut dyn FnMut(&Progress)) -> Result<Option<Progress>, Error> {
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
            | SyncState::Offline { .. }
            | SyncState::Stopped { .. } => Ok(None),
        }
    }

    fn report(&self, begun: Instant, done: Done) -> Result<SyncReport, Error> {
        let Done { progress, notices } = done;
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

    /// Stops, and returns when the connection is closed.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.signals.stopped.store(true, Ordering::Release);
        self.signals.stop.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            // A panic of the thread was reported by it; there is nothing left to do about it.
            let _ = thread.join();
        }
    }
}

fn sync_once(inner: &Inner, progress: &mut dyn FnMut(&Progress)) -> Result<Done, Error> {
    let runtime = runtime()?;
    inner.hub.set_state(SyncState::Connecting);
    let done = runtime.block_on(async {
        let driver = Driver::connect(inner, Until::InStep).await?;
        driver.run(progress).await
    });
    inner.hub.set_state(SyncState::Off);
    done.map_err(|ended| ended.error)
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
    let mut failures = 0;
    while !signals.stopped.load(Ordering::Acquire) {
        let mut was_in_step = false;
        let Ended { error, again } = tokio::select! {
            ended = one_connection(inner, &mut was_in_step) => ended,
            () = signals.stop.notified() => return None,
        };
        failures = if was_in_step { 0 } else { failures + 1 };
        let wait = match again {
            Again::Never => return Some(error),
            Again::After(least) => least + back_off(failures),
            Again::BackOff => back_off(failures),
        };
        let retry_in_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        inner.hub.set_state(SyncState::Offline {
            reason: error.to_string(),
            retry_in_ms,
        });
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = signals.hurry.notified() => {}
            () = signals.stop.notified() => return None,
        }
    }
    None
}

/// One connection, as long as it lasts.
async fn one_connection(inner: &Inner, was_in_step: &mut bool) -> Ended {
    let Some(_line) = inner.line.take() else {
        // Somebody syncs once meanwhile, which is as good.
        return Error::Unavailable("another call syncs at the moment".to_owned()).into();
    };
    inner.hub.set_state(SyncState::Connecting);
    let driver = match Driver::connect(inner, Until::Stopped).await {
        Ok(driver) => driver,
        Err(ended) => return ended,
    };
    let live = &mut |progress: &Progress| {
        *was_in_step |= progress.phase == casework_engine::sync::Phase::Live;
    };
    match driver.run(live).await {
        Err(ended) => ended,
        Ok(_) => Error::Internal("a watch ended by itself".to_owned()).into(),
    }
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
