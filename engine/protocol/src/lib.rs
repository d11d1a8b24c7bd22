//! What a device and the server agree on: ids, signatures, the gate, authority, the log, frames.
//!
//! No automerge, no storage, no sockets, no clock and no dice: everything here is a function of
//! its arguments, so that both sides and the simulator reach the same verdict from the same bytes.

pub mod access;
pub mod actor;
pub mod authority;
pub mod bundle;
pub mod citation;
pub mod digest;
pub mod entry;
pub mod frame;
pub mod gate;
#[cfg(test)]
mod golden;
pub mod ids;
pub mod keys;
pub mod limits;
pub mod log;
pub mod rights;
pub mod roster;
pub mod seal;
pub mod succession;
