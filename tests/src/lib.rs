//! The stage of the played scenarios, the simulator and its oracle.
//!
//! Everything runs in one thread from one seed: real replicas, real sessions, the real relay; only
//! the wire, the disk and the clock are the stage's own. Only [`process`] and [`main_job`] play
//! with real processes.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the oracle picks the few actions that concern one place out of many"
)]

pub mod disk;
pub mod draw;
pub mod main_job;
pub mod office;
pub mod once;
pub mod oracle;
pub mod process;
pub mod sim;
pub mod stage;
