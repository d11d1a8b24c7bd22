//! Where the log has what a device itself pushed in this session: it is not sent back.
//!
//! The answer to the push told the places, so the device can put its own work there; after another
//! connection the log is read whole again. Invariant: memory is bounded, and what does not fit is
//! echoed.

use std::collections::VecDeque;
use std::ops::Range;

use casework_protocol::frame::Answer;

/// Most stretches remembered; a busy session of one device has a handful, as they grow together.
const MAX_STRETCHES: usize = 256;

/// Stretches of the log with own work, ascending unless places were told again.
#[derive(Debug, Default)]
pub(super) struct Echo(VecDeque<Range<u64>>);

impl Echo {
    /// How many stretches it remembers.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Remembers where a run was placed, if it stands there in one piece and nothing of it is
    /// held: that is told by the log. What arrived at another time stands in another piece, and the
    /// device must see it to keep the log as it is.
    pub(super) fn add(&mut self, answer: &Answer) {
        let Answer::Placed(places) = answer else {
            return;
        };
        let Some(first) = places.first() else { return };
        let whole = places
            .iter()
            .zip(first.seq..)
            .all(|(place, at)| place.seq == at && place.received_ms == first.received_ms);
        let whole = whole && !places.iter().any(|place| place.held);
        if !whole {
            return;
        }
        let end = first.seq.saturating_add(places.len() as u64);
        match self.0.back_mut() {
            Some(last) if last.end == first.seq => last.end = end,
            Some(_) | None => self.0.push_back(first.seq..end),
        }
        if self.0.len() > MAX_STRETCHES {
            self.0.pop_front();
        }
    }

    /// Where the stretch that covers a position ends. Forgets what lies behind.
    pub(super) fn leave(&mut self, position: u64) -> Option<u64> {
        self.0.retain(|stretch| stretch.end > position);
        let here = self.0.iter().find(|stretch| stretch.contains(&position));
        here.map(|stretch| stretch.end)
    }

    /// Whether all of this is own work.
    pub(super) fn covers(&self, item: &Range<u64>) -> bool {
        let within = |stretch: &Range<u64>| stretch.start <= item.start && item.end <= stretch.end;
        self.0.iter().any(within)
    }

    /// Whether any of this is own work.
    pub(super) fn touches(&self, items: &Range<u64>) -> bool {
        let meets = |stretch: &Range<u64>| stretch.start < items.end && items.start < stretch.end;
        self.0.iter().any(meets)
    }
}

#[cfg(test)]
mod tests {
    use casework_protocol::frame::Placed;

    use super::*;

    fn placed(seqs: Range<u64>) -> Answer {
        let place = |seq| Placed {
            seq,
            received_ms: 1,
            document_seq: seq,
            held: false,
        };
        Answer::Placed(seqs.map(place).collect())
    }

    #[test]
    fn stretches_that_meet_are_one_and_what_is_passed_is_forgotten() {
        let mut echo = Echo::default();
        echo.add(&placed(3..5));
        echo.add(&placed(5..9));
        echo.add(&placed(12..13));
        assert!(echo.covers(&(4..8)) && !echo.covers(&(8..10)) && echo.touches(&(8..10)));
        assert_eq!(echo.leave(2), None);
        assert_eq!(echo.leave(3), Some(9));
        assert_eq!(echo.leave(9), None);
        assert!(!echo.touches(&(0..12)) && echo.touches(&(0..13)));
    }

    #[test]
    fn what_is_held_or_placed_apart_is_echoed() {
        let mut echo = Echo::default();
        let apart = [placed(1..2), placed(5..6)].map(|answer| match answer {
            Answer::Placed(places) => places[0],
            Answer::Missing(_) | Answer::Refused(..) | Answer::Stale(_) | Answer::Skipped => {
                unreachable!("made above")
            }
        });
        echo.add(&Answer::Placed(apart.to_vec()));
        let held = Placed {
            held: true,
            ..apart[0]
        };
        echo.add(&Answer::Placed(vec![held]));
        let later = Placed {
            seq: 2,
            received_ms: 2,
            ..apart[0]
        };
        echo.add(&Answer::Placed(vec![apart[0], later]));
        echo.add(&Answer::Skipped);
        assert!(!echo.touches(&(0..100)));
    }

    #[test]
    fn only_so_many_stretches_are_remembered() {
        let mut echo = Echo::default();
        (0..1_000).for_each(|n| echo.add(&placed(n * 2..n * 2 + 1)));
        assert_eq!(echo.0.len(), MAX_STRETCHES);
        assert!(echo.covers(&(1_998..1_999)) && !echo.touches(&(0..2)));
    }
}
