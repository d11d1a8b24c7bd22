//! Cases in which the agent has nothing to do until a known moment: a look passes them by.
//!
//! In memory only, and never more than a hint: a case is read again when anything of its view was
//! written, when its next timer comes, or when the clock went back. Invariant: what is asked for,
//! what waits for a number, and what is due but kept back by its condition never rests.

use std::collections::BTreeMap;

use casework_protocol::ids::DocumentId;

/// From when until when, milliseconds UTC, nothing is to be done in a case.
#[derive(Debug, Clone, Copy)]
struct Rest {
    from_ms: i64,
    until_ms: i64,
}

/// The cases at rest.
#[derive(Debug, Default)]
pub(in crate::replica) struct Agenda(BTreeMap<DocumentId, Rest>);

impl Agenda {
    /// Whether nothing is to be done in a case now.
    pub(super) fn rests(&self, case: DocumentId, now_ms: i64) -> bool {
        let rest = self.0.get(&case);
        rest.is_some_and(|rest| (rest.from_ms..rest.until_ms).contains(&now_ms))
    }

    /// Notes that nothing is to be done in a case from now until its next timer, if it has one.
    pub(super) fn lay(&mut self, case: DocumentId, now_ms: i64, next_ms: Option<i64>) {
        let rest = Rest {
            from_ms: now_ms,
            until_ms: next_ms.unwrap_or(i64::MAX),
        };
        self.0.insert(case, rest);
    }

    /// Something of the case was written: it is read again.
    pub(in crate::replica) fn wake(&mut self, case: DocumentId) {
        self.0.remove(&case);
    }

    /// Nothing is known any more.
    pub(in crate::replica) fn clear(&mut self) {
        self.0.clear();
    }

    /// How many cases rest.
    #[cfg(test)]
    pub(in crate::replica) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_rests_until_its_next_timer_and_never_before_it_was_looked_at() {
        let (mut agenda, case) = (Agenda::default(), DocumentId::new([1; 16]));
        assert!(!agenda.rests(case, 10));
        agenda.lay(case, 10, Some(20));
        assert_eq!(
            [9, 10, 19, 20].map(|now_ms| agenda.rests(case, now_ms)),
            [false, true, true, false]
        );
        agenda.wake(case);
        assert!(!agenda.rests(case, 10));
        agenda.lay(case, 10, None);
        assert!(agenda.rests(case, i64::MAX - 1));
    }
}
