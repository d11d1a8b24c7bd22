//! The relay played through: real keys, real changes, a log in memory and a clock by hand.

mod admitting;
mod following;
mod healing;
mod keeping;
mod sessions;
pub(crate) mod stage;
