//! What goes out: parcels in numbered pushes, several on their way at once, answered by number.
//!
//! A parcel stays the outbox's until its answer is handed to the replica, so a session may end at
//! any moment. Invariant: memory is bounded by the window and by what one comparison of heads
//! brings to light.

mod parcels;

use std::collections::{BTreeMap, VecDeque};

use casework_protocol::frame::{Answer, ClientFrame};
use casework_protocol::limits::MAX_PUSH_ITEMS;

use self::parcels::{belongs_to_run, check, is_pair, wire_len};
use super::fault::SyncFault;
use super::holdings::Parcel;
use super::session::Frames;

/// Most pushes on their way: enough to keep a slow line busy while the server commits.
const MAX_PUSHES: usize = 4;
/// Bytes on their way at which no further push is begun.
const MAX_BYTES_IN_FLIGHT: usize = 512 * 1024;
/// Bytes at which a push is full; one run may be longer.
pub(super) const PUSH_BYTES: usize = 128 * 1024;
/// How long the server may take to answer a push.
const ANSWER_WITHIN_MS: u64 = 60_000;
/// How often a push is sent that the server is too busy for, before the session ends.
const MAX_ATTEMPTS: u32 = 4;
/// How many rounds of `missing`, `stale` and `skipped` without anything taken are enough.
const MAX_ROUNDS: u32 = 8;
/// How many answered numbers are remembered that may be answered once more.
const MAX_ECHOES: usize = 32;

/// One push on its way.
#[derive(Debug)]
struct Flight {
    number: u64,
    parcels: Vec<Parcel>,
    bytes: usize,
    sent_ms: u64,
    attempts: u32,
}

/// Everything on its way, and what goes next.
#[derive(Debug, Default)]
pub(super) struct Pushing {
    last_number: u64,
    flights: VecDeque<Flight>,
    queue: VecDeque<Parcel>,
    /// Pushes that were sent more than once: how many more answers may come.
    echoes: BTreeMap<u64, u32>,
    /// The server is busy until then.
    paused_until_ms: Option<u64>,
    /// What was not taken is not tried again before.
    hold_until_ms: u64,
    rounds: u32,
    /// The server lacked the ground of a run.
    missing: bool,
    drained: bool,
    pushed: u64,
    placed_upto: u64,
}

/// What the answers to a push mean for what comes next.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) pairs: Vec<(Parcel, Answer)>,
    /// The server lacks what some runs build on.
    pub(super) missing: bool,
}

impl Pushing {
    /// Bytes of parcels in memory: on their way, and about to be.
    pub(super) fn held_bytes(&self) -> usize {
        let flights: usize = self.flights.iter().map(|flight| flight.bytes).sum();
        let waiting = self.queue.iter();
        flights + waiting.map(wire_len).sum::<usize>()
    }

    pub(super) fn enqueue(&mut self, parcels: Vec<Parcel>) {
        self.queue.extend(parcels);
    }

    /// There may be something outgoing again.
    pub(super) fn look_again(&mut self) {
        self.drained = false;
    }

    /// There is nothing outgoing.
    pub(super) fn drained(&mut self) {
        self.drained = true;
    }

    /// Something was read that may make the next try go through, and the patience is as long as at
    /// first. Answers whether the ground of some run was missing there: then it is worth comparing
    /// again.
    pub(super) fn read_on(&mut self) -> bool {
        self.hold_until_ms = 0;
        self.drained &= core::mem::take(&mut self.rounds) == 0;
        core::mem::take(&mut self.missing)
    }

    /// Rows that are on their way or about to be.
    pub(super) fn rows(&self) -> Vec<u64> {
        let sent = self.flights.iter().flat_map(|flight| &flight.parcels);
        sent.chain(&self.queue)
            .flat_map(|parcel| parcel.rows.iter().copied())
            .collect()
    }

    /// Whether the outbox should be asked for more.
    pub(super) fn wants_more(&self, now_ms: u64) -> bool {
        !self.drained
            && self.queue.is_empty()
            && self.has_room()
            && now_ms >= self.hold_until_ms
            && !self.gave_up()
    }

    pub(super) fn is_held(&self, now_ms: u64) -> bool {
        now_ms < self.hold_until_ms || self.gave_up()
    }

    /// Forgets a hold whose time has come.
    pub(super) fn lapse(&mut self, now_ms: u64) {
        if now_ms >= self.hold_until_ms {
            self.hold_until_ms = 0;
        }
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused_until_ms.is_some()
    }

    pub(super) fn queue_is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether anything was pushed in this session.
    pub(super) fn has_begun(&self) -> bool {
        self.last_number > 0
    }

    /// Nothing is queued or on its way.
    pub(super) fn is_quiet(&self) -> bool {
        self.queue.is_empty() && self.flights.is_empty()
    }

    pub(super) fn is_done(&self) -> bool {
        self.is_quiet() && (self.drained || self.gave_up())
    }

    pub(super) fn gave_up(&self) -> bool {
        self.rounds >= MAX_ROUNDS
    }

    pub(super) fn pushed(&self) -> u64 {
        self.pushed
    }

    pub(super) fn placed_upto(&self) -> u64 {
        self.placed_upto
    }

    pub(super) fn in_flight(&self) -> usize {
        self.flights.len()
    }

    fn has_room(&self) -> bool {
        let bytes: usize = self.flights.iter().map(|flight| flight.bytes).sum();
        self.flights.len() < MAX_PUSHES && bytes < MAX_BYTES_IN_FLIGHT
    }

    /// Puts queued parcels into pushes as far as the window allows.
    pub(super) fn frames(&mut self, now_ms: u64) -> Frames {
        let mut frames = Vec::new();
        while !self.is_paused() && !self.queue.is_empty() && self.has_room() {
            let (parcels, bytes) = self.fill();
            self.last_number += 1;
            let flight = Flight {
                number: self.last_number,
                parcels,
                bytes,
                sent_ms: now_ms,
                attempts: 1,
            };
            frames.push(flight.frame());
            self.flights.push_back(flight);
        }
        frames
    }

    /// The parcels of the next push. An access entry and the run that follows it for the same
    /// document succeed or fail together in one push: those that belong together stay together, and
    /// others go in two.
    fn fill(&mut self) -> (Vec<Parcel>, usize) {
        let (mut parcels, mut bytes) = (Vec::new(), 0);
        while let Some(first) = self.queue.front() {
            let next = self.queue.get(1);
            let pair = belongs_to_run(first) && next.is_some_and(|next| is_pair(first, next));
            let apart = |last: &Parcel| is_pair(last, first) && !belongs_to_run(last);
            let count = 1 + usize::from(pair);
            let more: usize = self.queue.iter().take(count).map(wire_len).sum();
            let full = bytes + more > PUSH_BYTES || parcels.len() + count > MAX_PUSH_ITEMS;
            if parcels.last().is_some_and(|last| full || apart(last)) {
                break;
            }
            parcels.extend(self.queue.drain(..count));
            bytes += more;
        }
        (parcels, bytes)
    }

    /// Takes the answers to a push; `None` for an answer that was expected twice and is late.
    pub(super) fn answered<F>(
        &mut self,
        number: u64,
        answers: Vec<Answer>,
        now_ms: u64,
    ) -> Result<Option<Answered>, SyncFault<F>> {
        let Some(at) = self
            .flights
            .iter()
            .position(|flight| flight.number == number)
        else {
            return if self.is_echo(number) {
                Ok(None)
            } else {
                Err(SyncFault::UnknownPush(number))
            };
        };
        let flight = self
            .flights
            .remove(at)
            .expect("the position was just found");
        let wrong = |problem| SyncFault::WrongAnswer { number, problem };
        if answers.len() != flight.parcels.len() {
            return Err(wrong("not one answer per item"));
        }
        for (parcel, answer) in flight.parcels.iter().zip(&answers) {
            check(&parcel.item, answer).map_err(wrong)?;
        }
        if flight.attempts > 1 {
            self.echoes.insert(number, flight.attempts - 1);
            while self.echoes.len() > MAX_ECHOES {
                self.echoes.pop_first();
            }
        }
        self.drained = false;
        self.missing |= answers
            .iter()
            .any(|answer| matches!(answer, Answer::Missing(_)));
        let pairs: Vec<(Parcel, Answer)> = flight.parcels.into_iter().zip(answers).collect();
        let missing = pairs
            .iter()
            .any(|(_, answer)| matches!(answer, Answer::Missing(_)));
        self.judge(&pairs, now_ms);
        Ok(Some(Answered { pairs, missing }))
    }

    fn is_echo(&mut self, number: u64) -> bool {
        match self.echoes.get_mut(&number) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            Some(_) | None => false,
        }
    }

    /// Counts what was taken; after rounds in which nothing was, waits longer and longer.
    fn judge(&mut self, pairs: &[(Parcel, Answer)], now_ms: u64) {
        let mut setback = false;
        for (parcel, answer) in pairs {
            match answer {
                Answer::Placed(places) => {
                    self.pushed += places.len() as u64;
                    let last = places
                        .iter()
                        .map(|placed| placed.seq.saturating_add(1))
                        .max();
                    self.placed_upto = self.placed_upto.max(last.unwrap_or_default());
                    if !parcel.rows.is_empty() {
                        self.rounds = 0;
                    }
                }
                Answer::Refused(..) if !parcel.rows.is_empty() => self.rounds = 0,
                Answer::Refused(..) => {}
                Answer::Missing(_) | Answer::Stale(_) | Answer::Skipped => setback = true,
            }
        }
        if setback {
            self.rounds += 1;
            let wait = if self.rounds > 1 {
                250 << self.rounds.min(10)
            } else {
                0
            };
            self.hold_until_ms = now_ms.saturating_add(wait);
        }
    }

    /// The server is busy: what is on its way is sent again later. `false` when nothing is, or it
    /// was tried often enough.
    pub(super) fn pause(&mut self, until_ms: u64) -> bool {
        let paused = self.paused_until_ms.is_some();
        let tired = self
            .flights
            .iter()
            .any(|flight| flight.attempts >= MAX_ATTEMPTS);
        if self.flights.is_empty() || (tired && !paused) {
            return false;
        }
        self.paused_until_ms = Some(until_ms.max(self.paused_until_ms.unwrap_or_default()));
        true
    }

    /// After a pause: everything on its way once more, under the same numbers.
    pub(super) fn send_again(&mut self, now_ms: u64) -> Frames {
        if self
            .paused_until_ms
            .take_if(|until| now_ms >= *until)
            .is_none()
        {
            return Vec::new();
        }
        let again = |flight: &mut Flight| {
            flight.attempts += 1;
            flight.sent_ms = now_ms;
            flight.frame()
        };
        self.flights.iter_mut().map(again).collect()
    }

    /// How long the oldest push has been unanswered, if that is too long.
    pub(super) fn overdue(&self, now_ms: u64) -> Option<u64> {
        let oldest = self.flights.iter().map(|flight| flight.sent_ms).min()?;
        let waited = now_ms.saturating_sub(oldest);
        (waited >= ANSWER_WITHIN_MS && !self.is_paused()).then_some(waited)
    }

    /// When something is to be done here.
    pub(super) fn next_ms(&self) -> Option<u64> {
        if let Some(until) = self.paused_until_ms {
            return Some(until);
        }
        let held = (self.hold_until_ms > 0 && !self.drained && !self.gave_up())
            .then_some(self.hold_until_ms);
        let oldest = self.flights.iter().map(|flight| flight.sent_ms).min();
        let overdue = oldest.map(|sent| sent.saturating_add(ANSWER_WITHIN_MS));
        held.into_iter().chain(overdue).min()
    }
}

impl Flight {
    fn frame(&self) -> ClientFrame {
        let items = self
            .parcels
            .iter()
            .map(|parcel| parcel.item.clone())
            .collect();
        ClientFrame::Push {
            number: self.number,
            items,
        }
    }
}
