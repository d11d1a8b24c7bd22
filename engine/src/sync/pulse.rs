//! Is somebody still there? Pings, and the times at which silence becomes a fault.

/// Silence after which a ping goes out. Below the half minute after which mobile networks forget
/// idle connections.
const PING_AFTER_MS: u64 = 25_000;
/// Silence after which the connection counts as dead.
const SILENT_AFTER_MS: u64 = 60_000;

/// The connection's pulse.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    heard_ms: Option<u64>,
    next_ping: u64,
    awaited: Option<u64>,
    answered: u64,
}

/// What the clock calls for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// Nothing.
    Quiet,
    /// A ping with this number.
    Ping(u64),
    /// The connection is dead: silent for so long.
    Dead(u64),
}

impl Pulse {
    pub(super) fn heard(&mut self, now_ms: u64) {
        self.heard_ms = Some(now_ms.max(self.heard_ms.unwrap_or_default()));
    }

    /// Whether this pong answers the ping that is out.
    pub(super) fn pong(&mut self, number: u64) -> bool {
        let asked = self.awaited.take_if(|awaited| *awaited == number).is_some();
        if asked {
            self.answered = number;
        }
        asked
    }

    /// The newest ping that was answered; 0 before the first.
    pub(super) fn answered(&self) -> u64 {
        self.answered
    }

    /// Asks at once, whatever was heard. `None` while an older ping is out: ask again after it.
    pub(super) fn ask(&mut self) -> Option<u64> {
        if self.awaited.is_some() {
            return None;
        }
        self.next_ping += 1;
        self.awaited = Some(self.next_ping);
        self.awaited
    }

    pub(super) fn beat(&mut self, now_ms: u64) -> Beat {
        let heard = *self.heard_ms.get_or_insert(now_ms);
        let silent = now_ms.saturating_sub(heard);
        if silent >= SILENT_AFTER_MS {
            return Beat::Dead(silent);
        }
        if silent < PING_AFTER_MS || self.awaited.is_some() {
            return Beat::Quiet;
        }
        self.ask().map_or(Beat::Quiet, Beat::Ping)
    }

    /// When to look again.
    pub(super) fn next_ms(&self) -> Option<u64> {
        let after = if self.awaited.is_some() {
            SILENT_AFTER_MS
        } else {
            PING_AFTER_MS
        };
        self.heard_ms.map(|heard| heard.saturating_add(after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_first_answered_by_one_ping_and_then_by_giving_up() {
        let mut pulse = Pulse::default();
        assert_eq!(pulse.beat(1_000), Beat::Quiet);
        assert_eq!(pulse.next_ms(), Some(26_000));
        assert_eq!(pulse.beat(26_000), Beat::Ping(1));
        assert_eq!(pulse.beat(27_000), Beat::Quiet);
        assert!(!pulse.pong(7));
        assert!(pulse.pong(1) && !pulse.pong(1));
        pulse.heard(30_000);
        assert_eq!(pulse.beat(55_000), Beat::Ping(2));
        assert_eq!(pulse.beat(90_000), Beat::Dead(60_000));
    }

    #[test]
    fn who_wants_to_know_now_asks_at_once_and_one_ping_is_out_at_a_time() {
        let mut pulse = Pulse::default();
        pulse.heard(1_000);
        assert_eq!((pulse.ask(), pulse.ask()), (Some(1), None));
        assert_eq!(pulse.beat(40_000), Beat::Quiet);
        assert_eq!(pulse.answered(), 0);
        assert!(pulse.pong(1));
        assert_eq!((pulse.answered(), pulse.ask()), (1, Some(2)));
    }

    #[test]
    fn a_clock_that_jumps_back_is_no_silence() {
        let mut pulse = Pulse::default();
        pulse.heard(100_000);
        pulse.heard(5);
        assert_eq!(pulse.beat(50), Beat::Quiet);
        assert_eq!(pulse.beat(110_000), Beat::Quiet);
    }
}
