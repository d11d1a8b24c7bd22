//! Views of played cases: every row of the merge contract that these actions concern, refreshing
//! against reading, cards, boards and timelines.

mod boards;
mod contract;
mod facets;
mod play;
mod property;
mod reading;
mod timelines;
