//! One connection to the server, driven: frames between the wire and the engine's session, until
//! everything is in step or the connection ends.
//!
//! The replica is locked for one batch of frames at a time and never while the network is waited
//! for. What a fault means for the app is decided in `outcome.rs`.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use casework_engine::sync::{Session, SyncFault};
use casework_protocol::frame::ClientFrame;
use tokio_tungstenite::tungstenite::Bytes;

use super::Inner;
use super::drawer::judge_bundles;
use super::holdings::InSession;
use super::joining::{self, Newcomer};
use super::outcome::{Ended, ended, unreached};
use super::presence::Listening;
use super::probe::{Probe, Standing};
use crate::address::Address;
use crate::error::Error;
use crate::moment;
use crate::observer::Changed;
use crate::progress::{Progress, SyncState};
use crate::tls::Trust;
use crate::wire::Wire;

/// Progress is told at most this often while there is much to do.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// How long what came may hold the replica before others have their turn.
const STEP_AT_MOST: Duration = Duration::from_millis(8);
/// How long a look at histories that came from bundles may hold the replica at once.
const JUDGE_AT_MOST: Duration = Duration::from_millis(25);
/// How long others have the replica between two looks.
const JUDGE_PAUSE: Duration = Duration::from_millis(5);
/// How long a single sync may look, all in all.
const JUDGE_IN_A_SYNC: Duration = Duration::from_millis(500);
/// The longest sleep; the session says when it wants to be woken earlier.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// When a connection has done its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Everything is in step.
    InStep,
    /// Everything is in step, or this time has come.
    InStepOr(Instant),
    /// Never: what happens is taken as it happens.
    Stopped,
}

/// A connection at work.
pub(super) struct Driver<'a> {
    inner: &'a Inner,
    wire: Wire,
    session: Session,
    newcomer: Option<Newcomer>,
    /// A join is not over yet.
    joining: bool,
    until: Until,
    /// What was asked of this connection.
    probe: Probe,
    /// What it said at its beginning is as new as this.
    greeting: u64,
    /// Bytes that had gone out when everything had been answered last.
    settled: u64,
    /// Histories from bundles may be waiting to be judged.
    unjudged: bool,
    /// The last of them that was looked at in this round.
    judged: Option<casework_protocol::ids::DocumentId>,
    /// For how long this connection has judged.
    judging: Duration,
    told: Option<Instant>,
    /// Held as long as the connection.
    _listening: Listening<'a>,
}

/// What a connection did.
pub(super) struct Done {
    /// Everything is in step; else the time was over, or something cannot be sent for now.
    pub(super) in_step: bool,
    /// It ended because another one has to say other things at its beginning.
    pub(super) outdated: bool,
    pub(super) progress: Progress,
}

/// What the next step is for.
enum Call {
    Messages(Vec<Bytes>),
    LocalWork,
    Time,
}

impl<'a> Driver<'a> {
    /// Connects and says hello.
    pub(super) async fn connect(inner: &'a Inner, until: Until) -> Result<Self, Ended> {
        let address = server_address(inner)?;
        let newcomer = joining::newcomer(&inner.folder)?;
        let trust = Trust::in_folder(&inner.folder);
        let (greeting, probe) = (inner.greetings(), Probe::of_fresh(&inner.barrier));
        let wire = Wire::connect(&address, &trust).await;
        let mut wire = wire.map_err(unreached)?;
        let (now, nonce) = (moment::now()?, moment::dice()?);
        let (mut newcomer, mut changed) = (newcomer, Changed::default());
        let (session, hello) = {
            let mut replica = inner.lock()?;
            let holdings = InSession {
                replica: &mut replica,
                newcomer: &mut newcomer,
                now: &now,
                changed: &mut changed,
            };
            Session::open(&holdings, nonce)
        };
        let session = session.over(wire.channel());
        wire.send(&hello);
        let joining = newcomer.is_some();
        Ok(Self {
            inner,
            wire,
            session,
            newcomer,
            joining,
            until,
            probe,
            greeting,
            settled: 0,
            unjudged: true,
            judged: None,
            judging: Duration::ZERO,
            told: None,
            _listening: Listening(inner),
        })
    }

    /// Works until it is done, or the connection ends. Dropping the future loses nothing that was
    /// acknowledged.
    pub(super) async fn run(mut self, progress: &mut dyn FnMut(&Progress)) -> Result<Done, Ended> {
        loop {
            let call = self.wait().await?;
            self.work(call)?;
            let in_step = self.session.is_idle();
            let over = in_step || self.session.gave_up();
            self.tell(progress, in_step)?;
            let outdated = self.greeting != self.inner.greetings();
            if !outdated {
                self.answer_questions((over, in_step))?;
            }
            if over {
                self.joined()?;
                self.judge()?;
            }
            if outdated || (over && self.is_over()) || self.time_is_over() {
                let progress = self.progress()?;
                let end = match self.until {
                    Until::InStepOr(end) => Some(end),
                    Until::InStep | Until::Stopped => None,
                };
                self.wire.close(end).await;
                return Ok(Done {
                    in_step: in_step && !outdated,
                    outdated,
                    progress,
                });
            }
        }
    }

    async fn wait(&mut self) -> Result<Call, Ended> {
        let sleep = self.sleep();
        // Local work first: what was written before a question was asked is not overlooked.
        tokio::select! {
            biased;
            () = self.inner.bell.notified() => Ok(Call::LocalWork),
            messages = self.wire.receive() => Ok(Call::Messages(messages?)),
            () = tokio::time::sleep(sleep) => Ok(Call::Time),
        }
    }

    fn sleep(&self) -> Duration {
        if self.unjudged && self.session.is_idle() {
            return JUDGE_PAUSE;
        }
        let wake = self
            .session
            .wake_at_ms()
            .map(|at| at.saturating_sub(moment::now_ms()));
        let longest = match self.until {
            Until::InStepOr(end) => end.saturating_duration_since(Instant::now()),
            Until::InStep | Until::Stopped => LONGEST_SLEEP,
        };
        wake.map_or(LONGEST_SLEEP, Duration::from_millis)
            .min(LONGEST_SLEEP)
            .min(longest)
            .min(self.probe.sleep(Instant::now()).unwrap_or(LONGEST_SLEEP))
    }

    fn time_is_over(&self) -> bool {
        matches!(self.until, Until::InStepOr(end) if end <= Instant::now())
    }

    /// What came, in steps: whoever else wants the replica has it in between.
    fn work(&mut self, call: Call) -> Result<(), Ended> {
        let Call::Messages(messages) = call else {
            return self.step(call, &mut VecDeque::new());
        };
        let mut waiting = VecDeque::from(messages);
        while !waiting.is_empty() {
            self.step(Call::Messages(Vec::new()), &mut waiting)?;
            self.inner.give_way();
        }
        Ok(())
    }

    /// The question of another call, if there is one: sent, answered, or given up with the
    /// connection.
    fn answer_questions(&mut self, (over, in_step): (bool, bool)) -> Result<(), Ended> {
        let sent = self.session.progress().bytes_out;
        if in_step {
            self.settled = sent;
        }
        let standing = Standing {
            over,
            in_step,
            moved: self.wire.moved(),
            outgoing: sent - self.settled,
            now: Instant::now(),
        };
        let (inner, wire) = (self.inner, &mut self.wire);
        let ask = self
            .probe
            .turn(&inner.barrier, &mut self.session, standing)?;
        if let Some(frame) = ask {
            wire.send(&frame);
        }
        if self.probe.take_reached() {
            inner.hub.turn();
        }
        Ok(())
    }

    /// One step under the lock of the replica.
    fn step(&mut self, call: Call, waiting: &mut VecDeque<Bytes>) -> Result<(), Ended> {
        let begun = Instant::now();
        let now = moment::now()?;
        let now_ms = now.now_ms;
        let mut changed = Changed::default();
        let mut replica = self.inner.lock()?;
        let mut holdings = InSession {
            replica: &mut replica,
            newcomer: &mut self.newcomer,
            now: &now,
            changed: &mut changed,
        };
        let (session, wire) = (&mut self.session, &mut self.wire);
        if self.until == Until::Stopped {
            self.inner.presence.brief(session);
        }
        let stepped = match call {
            Call::Messages(_) => loop {
                let Some(message) = waiting.pop_front() else {
                    break Ok(());
                };
                match session.receive(&mut holdings, &message, now_ms) {
                    Ok(frames) => send(wire, &frames),
                    Err(fault) => break Err(fault),
                }
                if begun.elapsed() >= STEP_AT_MOST {
                    break Ok(());
                }
            },
            Call::LocalWork => session.pump(&mut holdings, now_ms).map(|f| send(wire, &f)),
            Call::Time => session.tick(&mut holdings, now_ms).map(|f| send(wire, &f)),
        };
        let notices = replica.take_notices();
        drop(replica);
        self.unjudged |= !changed.documents.is_empty();
        changed.join(self.inner.presence.note(&mut self.session));
        self.inner.tell(changed);
        self.inner.hub.notices(&notices);
        self.inner.notices.add(&notices);
        stepped.map_err(|fault: SyncFault<_>| ended(fault))
    }

    /// A device that is enrolled and has everything needs its invite no more.
    fn joined(&mut self) -> Result<(), Ended> {
        if self.joining && self.inner.lock()?.member().is_some() {
            joining::forget(&self.inner.folder);
            self.joining = false;
        }
        Ok(())
    }

    /// Judges some more of the histories that came from bundles.
    fn judge(&mut self) -> Result<(), Ended> {
        if self.unjudged {
            let mut replica = self.inner.lock()?;
            let (more, judged) = judge_bundles(&mut replica, &mut self.judged, JUDGE_AT_MOST)?;
            let notices = replica.take_notices();
            drop(replica);
            (self.unjudged, self.judging) = (more, self.judging + JUDGE_AT_MOST);
            self.inner.tell(Changed {
                documents: judged,
                ..Changed::default()
            });
            self.inner.hub.notices(&notices);
            self.inner.notices.add(&notices);
        }
        Ok(())
    }

    /// A single sync leaves most of the judging to later ones.
    fn is_over(&self) -> bool {
        let judged = !self.unjudged || self.judging >= JUDGE_IN_A_SYNC;
        self.until != Until::Stopped && judged
    }

    fn tell(&mut self, hear: &mut dyn FnMut(&Progress), in_step: bool) -> Result<(), Ended> {
        let due = self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY);
        if due || in_step {
            self.told = Some(Instant::now());
            let progress = self.progress()?;
            hear(&progress);
            self.inner.speaker.connection_says(if in_step {
                SyncState::InStep(progress)
            } else {
                SyncState::Working(progress)
            });
        }
        Ok(())
    }

    fn progress(&self) -> Result<Progress, Error> {
        let of_session = self.session.progress();
        Ok(Progress {
            phase: of_session.phase,
            expected: of_session.expected_entries + of_session.expected_bundles,
            received: of_session.received_entries + of_session.received_bundles,
            pushed: of_session.pushed,
            unsent: self.inner.lock()?.unsent()?,
            bytes_in: of_session.bytes_in,
            bytes_out: of_session.bytes_out,
            clock_skew_ms: of_session.server_clock_skew_ms,
        })
    }
}

fn send(wire: &mut Wire, frames: &[ClientFrame]) {
    for frame in frames {
        wire.send(frame);
    }
}

fn server_address(inner: &Inner) -> Result<Address, Error> {
    let row = inner.lock()?.server()?.ok_or_else(|| {
        Error::Invalid("no server is set; set one, ws://host:port or wss://host:port".to_owned())
    })?;
    row.address.parse()
}
