//! The device half of sync as a state machine without sockets, clocks or dice.
//!
//! Frames of a server go in, frames of the device come out; what is kept goes through
//! [`Holdings`]. A server is believed only what it proves: its key, and that its log goes on from
//! the last head. What was not acknowledged is sent again, by the next session if need be.
//!
//! ```text
//!          ┌──────────── Session ────────────┐
//! frame ─▶ │ greeting ▸ heads ▸ reading      │ ─▶ Holdings (durable)
//! frame ◀─ │ pushing ◂ healing ◂ keeping     │ ◀─ Holdings (outbox)
//!          └─────────────────────────────────┘
//! ```

mod fault;
mod greeting;
mod heads;
mod healing;
mod holdings;
mod intake;
mod order;
mod pieces;
pub mod presence;
mod progress;
mod pulse;
mod pushing;
mod reading;
mod session;
mod step;
mod work;

pub use fault::{ForkEvidence, SyncFault};
pub use holdings::{Holdings, Parcel, Turn};
pub use progress::{Phase, Progress};
pub use session::Session;

#[cfg(test)]
mod tests;
