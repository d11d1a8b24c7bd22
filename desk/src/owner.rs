//! One process owns a replica: it carries out the commands of the others, through a local socket.
//!
//! ```text
//! casework case move … ──Request──▶ owner.sock ──▶ casework sync --watch ──▶ replica
//!                      ◀──Steps, Response──
//! ```
//! The socket is a file of mode 0600 in the replica's folder. Invariant: one request per
//! connection, one answer; a caller that disappears changes nothing about what was begun.

mod caller;
mod frame;
mod service;
mod socket;

pub use caller::{ask, is_answered};
pub use service::{CarryOut, Service};
