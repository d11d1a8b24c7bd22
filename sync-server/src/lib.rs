//! The relay: verifies, orders, stores and hands on signed changes that it cannot read.
//!
//! `log` stores, `relay` decides (pure, also for simulation), `serve` is the process around them.
//! No document library in the tree: a relay that never parses a document cannot be taken down by
//! one.

pub mod log;
pub mod relay;
pub mod serve;
