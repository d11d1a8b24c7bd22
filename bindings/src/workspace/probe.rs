//! What another call asks of a connection: is it alive, and is everything in step over it?
//!
//! A connection can be dead for a minute before it shows: a phone that slept, a network that
//! changed. So who syncs while a watch is on does not believe its word; the watch asks the server.
//! A line over which bytes still come or go is slow and not dead; and a connection that is younger
//! than the question needs no proof.

use std::time::{Duration, Instant};

use casework_engine::sync::Session;
use casework_protocol::frame::ClientFrame;

use super::outcome::Ended;
use crate::barrier::Barrier;
use crate::error::Error;

/// How long the server may take to answer. Longer than a slow mobile network needs, short enough
/// for the thirty seconds that a system gives an app in the background.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Bytes a second of the slowest line that is of use: 64 kbit, as GPRS has.
const SLOWEST: u64 = 8 * 1024;
/// The most that is on its way at once: four pushes of 128 KiB each wait for answers.
const MOST_OUTGOING: u64 = 512 * 1024;

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

/// How the connection stands when the question is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// Nothing is left to do: everything is in step, or what is not cannot be sent for now.
    pub(super) over: bool,
    /// Everything is in step.
    pub(super) in_step: bool,
    /// Bytes that the connection has moved, either way.
    pub(super) moved: u64,
    /// About how many bytes may be on their way to the server.
    pub(super) outgoing: u64,
    /// The moment.
    pub(super) now: Instant,
}

/// The question that is out.
#[derive(Debug)]
pub(super) struct Probe {
    /// What was asked before the connection was made: its greeting proves that it lives.
    fresh: Option<u64>,
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
    /// Since when nothing has moved.
    since: Instant,
    /// Bytes that had moved by then.
    moved: u64,
    /// How long nothing may move.
    patience: Duration,
}

impl Probe {
    /// For a connection that was just made.
    pub(super) fn of_fresh(barrier: &Barrier) -> Self {
        Self {
            fresh: barrier.open(),
            out: None,
            reached: false,
        }
    }

    /// Goes on with the question; a frame that is to be sent.
    pub(super) fn turn(
        &mut self,
        barrier: &Barrier,
        session: &mut impl Asking,
        standing: Standing,
    ) -> Result<Option<ClientFrame>, Ended> {
        if let Some(upto) = self.fresh.filter(|_| standing.over) {
            self.fresh = None;
            self.reach(barrier, upto, standing);
        }
        let Some(out) = self.open(barrier, standing) else {
            return Ok(None);
        };
        let Some(number) = out.number else {
            let asked = session.ask();
            out.number = asked.as_ref().map(|(number, _)| *number);
            // Whoever is caught up and cannot ask waits for an older answer, and no longer for it.
            out.older = asked.is_none() && session.is_caught_up();
            if !out.older {
                out.since = standing.now;
            } else if out.is_silent(standing.now) {
                return Err(dead());
            }
            return Ok(asked.map(|(_, frame)| frame));
        };
        if session.last_answer() < number {
            let silent = out.is_silent(standing.now);
            return if silent { Err(dead()) } else { Ok(None) };
        }
        out.answered = true;
        if standing.over {
            let upto = out.upto;
            self.out = None;
            self.reach(barrier, upto, standing);
        }
        Ok(None)
    }

    fn reach(&mut self, barrier: &Barrier, upto: u64, standing: Standing) {
        barrier.reach(upto, standing.in_step);
        self.reached = true;
    }

    /// Whether a question was answered since this was asked last.
    pub(super) fn take_reached(&mut self) -> bool {
        core::mem::take(&mut self.reached)
    }

    /// How long to sleep at most.
    pub(super) fn sleep(&self, now: Instant) -> Option<Duration> {
        let waits = |out: &&Out| out.older || (out.number.is_some() && !out.answered);
        let out = self.out.as_ref().filter(waits)?;
        Some(
            out.patience
                .saturating_sub(now.saturating_duration_since(out.since)),
        )
    }

    fn open(&mut self, barrier: &Barrier, standing: Standing) -> Option<&mut Out> {
        if self.out.is_none() {
            let asked = barrier.open().filter(|upto| Some(*upto) > self.fresh);
            self.out = asked.map(|upto| Out {
                upto,
                number: None,
                answered: false,
                older: false,
                since: standing.now,
                moved: standing.moved,
                patience: ANSWER_WITHIN,
            });
        }
        let out = self.out.as_mut()?;
        if out.moved != standing.moved {
            (out.moved, out.since) = (standing.moved, standing.now);
        }
        out.patience = ANSWER_WITHIN + passage(standing.outgoing);
        Some(out)
    }
}

impl Out {
    fn is_silent(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= self.patience
    }
}

/// How long bytes that are on their way may take on the slowest line that is of use.
fn passage(bytes: u64) -> Duration {
    Duration::from_millis(bytes.min(MOST_OUTGOING) * 1000 / SLOWEST)
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
        moved: u64,
        outgoing: u64,
    }

    impl Scene {
        fn new(line: Line) -> Self {
            let barrier = Barrier::default();
            Self {
                probe: Probe::of_fresh(&barrier),
                barrier,
                line,
                begun: Instant::now(),
                moved: 0,
                outgoing: 0,
            }
        }

        /// One turn so long after the beginning: whether a question was sent, or the line is dead.
        fn turn(&mut self, after: Duration, in_step: bool) -> Result<bool, Ended> {
            let standing = Standing {
                over: in_step,
                in_step,
                moved: self.moved,
                outgoing: self.outgoing,
                now: self.begun + after,
            };
            let sent = self.probe.turn(&self.barrier, &mut self.line, standing)?;
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
        assert_eq!(scene.barrier.answer(asked), None);
        assert!(!scene.turn(ANSWER_WITHIN * 4, true).unwrap());
        assert_eq!(scene.barrier.answer(asked), Some(true));
        assert!(scene.probe.take_reached());
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

    #[test]
    fn a_connection_that_is_younger_than_the_question_is_not_asked() {
        let mut scene = Scene::new(Line::default());
        let asked = scene.barrier.ask();
        scene.probe = Probe::of_fresh(&scene.barrier);
        assert!(!scene.turn(Duration::ZERO, false).unwrap());
        assert!(!scene.turn(ANSWER_WITHIN * 10, false).unwrap());
        assert_eq!(scene.barrier.answer(asked), None);
        assert!(!scene.turn(ANSWER_WITHIN * 11, true).unwrap());
        assert_eq!(scene.barrier.answer(asked), Some(true));
        scene.barrier.ask();
        assert!(
            scene.turn(ANSWER_WITHIN * 12, true).unwrap(),
            "now it is older"
        );
    }

    #[test]
    fn a_line_over_which_bytes_come_is_slow_and_not_dead() {
        let mut scene = Scene::new(Line::default());
        scene.barrier.ask();
        scene.turn(Duration::ZERO, false).unwrap();
        for n in 1..20 {
            scene.moved += 1000;
            assert!(!scene.turn(JUST_BEFORE * n, false).unwrap());
        }
        assert!(scene.turn(JUST_BEFORE * 19 + ANSWER_WITHIN, false).is_err());
    }

    #[test]
    fn what_is_on_its_way_has_the_time_that_a_slow_line_needs() {
        let mut scene = Scene::new(Line::default());
        scene.outgoing = 80 * 1024;
        scene.barrier.ask();
        scene.turn(Duration::ZERO, false).unwrap();
        let needed = Duration::from_secs(10) + ANSWER_WITHIN;
        assert_eq!(scene.probe.sleep(scene.begun), Some(needed));
        assert!(!scene.turn(needed / 2, false).unwrap());
        assert!(scene.turn(needed, false).is_err());
    }
}
