//! Fuzz targets as plain functions over bytes, and what drives them on a stable compiler.
//!
//! A target asserts more than "no panic": what was accepted keeps its promises, what was refused
//! changed nothing. libFuzzer drives the same functions (`fuzz_targets/`, feature `libfuzzer`).
//! Nothing here is part of a product.
//!
//! ```text
//! honest seeds · corpus · regressions ──▶ mutate ──▶ Target::run ──▶ Outcome ──▶ new kinds stay
//! ```

pub mod casebook;
pub mod chunk;
pub mod drive;
pub mod guard;
#[cfg(feature = "libfuzzer")]
pub mod libfuzzer;
pub mod mutate;
pub mod outcome;
pub mod script;
pub mod store;
pub mod targets;

pub use drive::{Budget, Failure, Report, drive};
pub use outcome::{Depth, Outcome};
pub use targets::{Allowance, TARGETS, Target, target};
