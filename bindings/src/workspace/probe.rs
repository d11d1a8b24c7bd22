//! What another call asks of a connection: is it alive, and is everything in step over it?
//!
//! A connection can be dead for a minute before it shows: a phone that slept, a network that
//! changed. So who syncs while a watch is on does not believe its word; the watch asks the server.

use std::time::{Duration, Instant};

use casework_engine::sync::Session;
use casework_protocol::frame::ClientFrame;

use super::outcome::Ended;
use crate::barrier::Barrier;
use crate::error::Error;

/// How long the server may take to answer. Longer than a slow mobile network needs, short enough
/// for the thirty seconds that a system gives an app in the background.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The question that is out.
#[derive(Debug, Default)]
pub(super) struct Probe {
    out: Option<Out>,
    reached: bool,
}

#[derive(Debug)]
struct Out {
    /// The newest question of another call that this answers.
    upto: u64,
    /// The number that the server is to answer, once it was sent.
    number: Option<u64>,
    answered: bool,
    /// It cannot be sent, for an older question of the session is out: after a silence, say.
    older: bool,
    since: Instant,
}

impl Probe {
    /// Goes on with the question; a frame that is to be sent.
    pub(super) fn turn(
        &mut self,
        barrier: &Barrier,
        session: &mut Session,
        in_step: bool,
    ) -> Result<Option<ClientFrame>, Ended> {
        let Some(out) = self.open(barrier) else {
            return Ok(None);
        };
        let Some(number) = out.number else {
            let asked = session.ask();
            out.number = asked.as_ref().map(|(number, _)| *number);
            // Whoever is caught up and cannot ask waits for an older answer, and no longer for it.
            out.older = asked.is_none() && session.is_caught_up();
            if !out.older {
                out.since = Instant::now();
            } else if out.since.elapsed() >= ANSWER_WITHIN {
                return Err(dead());
            }
            return Ok(asked.map(|(_, frame)| frame));
        };
        if session.last_answer() < number {
            let silent = out.since.elapsed() >= ANSWER_WITHIN;
            return if silent { Err(dead()) } else { Ok(None) };
        }
        out.answered = true;
        if in_step {
            barrier.reach(out.upto);
            self.out = None;
            self.reached = true;
        }
        Ok(None)
    }

    /// Whether a question was answered since this was asked last.
    pub(super) fn take_reached(&mut self) -> bool {
        core::mem::take(&mut self.reached)
    }

    /// How long to sleep at most.
    pub(super) fn sleep(&self) -> Option<Duration> {
        let waits = |out: &&Out| out.older || (out.number.is_some() && !out.answered);
        let out = self.out.as_ref().filter(waits)?;
        Some(ANSWER_WITHIN.saturating_sub(out.since.elapsed()))
    }

    fn open(&mut self, barrier: &Barrier) -> Option<&mut Out> {
        if self.out.is_none() {
            self.out = barrier.open().map(|upto| Out {
                upto,
                number: None,
                answered: false,
                older: false,
                since: Instant::now(),
            });
        }
        self.out.as_mut()
    }
}

fn dead() -> Ended {
    Error::Unavailable("the connection is dead: the server does not answer".to_owned()).into()
}
