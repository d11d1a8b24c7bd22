//! The workloads of every row and of the criterion benches: fixed seeds, real replicas.
//!
//! An [`Office`] is a founder's replica that opens cases and works on them as people do; what it
//! made can be pushed as it is, or as single signed changes.

mod office;
mod pushing;

pub use office::{FIELDS, Office, STEPS_PER_MOVE};
pub use pushing::{Push, changes_of, single_changes};
