//! The stage of the played scenarios, the simulator and its oracle.
//!
//! Everything runs in one thread from one seed: real replicas, real sessions, the real relay; only
//! the wire, the disk and the clock are the stage's own.

pub mod disk;
pub mod oracle;
pub mod sim;
pub mod stage;
