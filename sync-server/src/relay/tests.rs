//! The relay played through: real keys, real changes, a log in memory and a clock by hand.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at the one variant it is about"
)]

mod admitting;
mod following;
mod healing;
mod keeping;
mod presence;
mod purging;
mod sessions;
mod sight;
pub(crate) mod stage;

pub(crate) use keeping::with_bundle;
