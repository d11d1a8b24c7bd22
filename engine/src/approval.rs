//! Approvals as such: who may be asked, how many must agree, and what the votes come to.
//!
//! ```text
//! template's approval type ──(values of the case)──▶ Ask + votes ──outcome──▶ Outcome
//! ```
//! Pure: reads no document, roster or clock. Where requests and votes lie in a case is the
//! business of `case/facet`. Invariant: the outcome depends on the set of votes, never on their
//! order of arrival.

mod outcome;
mod seat;

pub use outcome::{Answer, Ask, Ballot, Mode, Outcome, Tally, tally};
pub use seat::{Seat, SeatError};
