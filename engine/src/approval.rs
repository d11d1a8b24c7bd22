//! Approvals as such: who may be asked, how many must agree, and what the votes come to.
//!
//! ```text
//! template's approval type ──(values of the case)──▶ Question + votes = Poll ──▶ Tally
//! ```
//! Pure: reads no document, roster or clock. Where requests and votes lie in a case is the
//! business of `case/facet/approval.rs`. Invariant: the outcome depends on the set of votes, never
//! on their order of arrival.

mod outcome;
mod poll;
mod seat;

pub use outcome::{Answer, Ask, Ballot, Mode, Outcome, Standing, Tally, tally};
pub use poll::{May, Poll, Question, Vote};
pub use seat::{Seat, SeatError};
