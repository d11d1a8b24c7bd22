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

/// A connection over which the server can be asked.
pub(super) trait Asking {
    /// The frame that asks, and its number; nothing while it cannot be asked.
    fn ask(&mut self) -> Option<(u64, ClientFrame)>;
    /// The number of the newest question that was answered.
    fn last_answer(&self) -> u64;
    /// Whether everything came that is to come: what cannot be asked now waits for an older question.
    fn is_caught_up(&self) -> bool;
}

impl Asking for Session {
    fn ask(&mut self) -> Option<(u64, ClientFrame)> {
        Self::ask(self)
    }

    fn last_answer(&self) -> u64 {
        Self::last_answer(self)
    }

    fn is_caught_up(&self) -> bool {
        Self::is_caught_up(self)
    }
}

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
        session: &mut impl Asking,
        (in_step, now): (bool, Instant),
    ) -> Result<Option<ClientFrame>, Ended> {
        let Some(out) = self.open(barrier, now) else {
            return Ok(None);
        };
        let Some(number) = out.number else {
            let asked = session.ask();
            out.number = asked.as_ref().map(|(number, _)| *number);
            // Whoever is caught up and cannot ask waits for an older answer, and no longer for it.
            out.older = asked.is_none() && session.is_caught_up();
            if !out.older {
                out.since = now;
            } else if now.saturating_duration_since(out.since) >= ANSWER_WITHIN {
                return Err(dead());
            }
            return Ok(asked.map(|(_, frame)| frame));
        };
        if session.last_answer() < number {
            let silent = now.saturating_duration_since(out.since) >= ANSWER_WITHIN;
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
    pub(super) fn sleep(&self, now: Instant) -> Option<Duration> {
        let waits = |out: &&Out| out.older || (out.number.is_some() && !out.answered);
        let out = self.out.as_ref().filter(waits)?;
        Some(ANSWER_WITHIN.saturating_sub(now.saturating_duration_since(out.since)))
    }

    fn open(&mut self, barrier: &Barrier, now: Instant) -> Option<&mut Out> {
        if self.out.is_none() {
            self.out = barrier.open().map(|upto| Out {
                upto,
                number: None,
                answered: false,
                older: false,
                since: now,
            });
        }
        self.out.as_mut()
    }
}

fn dead() -> Ended {
    Error::Unavailable("the connection is dead: the server does not answer".to_owned()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection whose answers the test gives.
    #[derive(Default)]
    struct Line {
        asked: u64,
        answered: u64,
        /// A question of its own is out.
        older_is_out: bool,
        busy: bool,
    }

    impl Asking for Line {
        fn ask(&mut self) -> Option<(u64, ClientFrame)> {
            (!self.older_is_out).then(|| {
                self.asked += 1;
                (self.asked, ClientFrame::Ping(self.asked))
            })
        }

        fn last_answer(&self) -> u64 {
            self.answered
        }

        fn is_caught_up(&self) -> bool {
            !self.busy
        }
    }

    struct Scene {
        probe: Probe,
        barrier: Barrier,
        line: Line,
        begun: Instant,
    }

    impl Scene {
        fn new(line: Line) -> Self {
            let (probe, barrier) = (Probe::default(), Barrier::default());
            let begun = Instant::now();
            Self {
                probe,
                barrier,
                line,
                begun,
            }
        }

        /// One turn so long after the beginning: whether a question was sent, or the line is dead.
        fn turn(&mut self, after: Duration, in_step: bool) -> Result<bool, Ended> {
            let when = (in_step, self.begun + after);
            let sent = self.probe.turn(&self.barrier, &mut self.line, when)?;
            Ok(sent.is_some())
        }
    }

    const JUST_BEFORE: Duration = ANSWER_WITHIN.saturating_sub(Duration::from_millis(1));

    #[test]
    fn nobody_is_asked_for_nothing() {
        let mut scene = Scene::new(Line::default());
        assert!(!scene.turn(Duration::ZERO, true).unwrap());
        assert_eq!(scene.probe.sleep(scene.begun), None);
    }

    #[test]
    fn an_answer_reaches_the_question_once_everything_is_in_step() {
        let mut scene = Scene::new(Line::default());
        let asked = scene.barrier.ask();
        assert!(scene.turn(Duration::ZERO, true).unwrap());
        assert_eq!(scene.probe.sleep(scene.begun), Some(ANSWER_WITHIN));
        scene.line.answered = 1;
        // What came before the answer is still being worked on: no hurry, and no answer yet.
        assert!(!scene.turn(ANSWER_WITHIN * 3, false).unwrap());
        assert!(!scene.barrier.is_reached(asked));
        assert!(!scene.turn(ANSWER_WITHIN * 4, true).unwrap());
        assert!(scene.barrier.is_reached(asked) && scene.probe.take_reached());
    }

    #[test]
    fn a_line_that_does_not_answer_is_dead_after_five_seconds() {
        let mut scene = Scene::new(Line::default());
        scene.barrier.ask();
        scene.turn(Duration::ZERO, true).unwrap();
        assert!(!scene.turn(JUST_BEFORE, true).unwrap());
        assert!(scene.turn(ANSWER_WITHIN, true).is_err());
    }

    #[test]
    fn a_line_whose_own_question_is_out_since_before_is_dead_after_the_same_time() {
        let older_is_out = true;
        let mut scene = Scene::new(Line {
            older_is_out,
            ..Line::default()
        });
        scene.barrier.ask();
        assert!(!scene.turn(Duration::ZERO, true).unwrap());
        assert_eq!(scene.probe.sleep(scene.begun), Some(ANSWER_WITHIN));
        assert!(!scene.turn(JUST_BEFORE, true).unwrap());
        assert!(scene.turn(ANSWER_WITHIN, true).is_err());
    }

    #[test]
    fn an_older_answer_in_time_lets_the_question_go_out_with_time_of_its_own() {
        let mut scene = Scene::new(Line {
            older_is_out: true,
            ..Line::default()
        });
        scene.barrier.ask();
        scene.turn(Duration::ZERO, true).unwrap();
        scene.line.older_is_out = false;
        assert!(scene.turn(JUST_BEFORE, true).unwrap());
        // Of the five seconds for an answer none is used up.
        let sent = scene.begun + JUST_BEFORE;
        assert_eq!(scene.probe.sleep(sent), Some(ANSWER_WITHIN));
    }

    #[test]
    fn who_is_still_catching_up_is_given_the_time_it_takes() {
        let mut scene = Scene::new(Line {
            older_is_out: true,
            busy: true,
            ..Line::default()
        });
        scene.barrier.ask();
        assert!(!scene.turn(Duration::ZERO, false).unwrap());
        assert!(!scene.turn(ANSWER_WITHIN * 10, false).unwrap());
        assert_eq!(scene.probe.sleep(scene.begun), None);
    }
}
