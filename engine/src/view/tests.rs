//! Views of played cases: every row of the merge contract that these actions concern, refreshing
//! against reading, cards, boards and timelines.

mod boards;
mod clocks;
mod contract;
mod exceptions;
mod facets;
mod play;
mod property;
mod reading;
mod recurring;
mod timelines;
mod told;
