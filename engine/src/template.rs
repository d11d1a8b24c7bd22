//! Templates: what cases of one kind look like, as data that an operator edits.
//!
//! ```text
//! TOML / JSON ──▶ Package ──publish──▶ Revision (immutable, named by its content's hash)
//! ```
//! A [`Package`] may be wrong; a [`Revision`] exists only for a package without faults. Nothing
//! here reads a clock, a store or a document, or knows who may publish.

mod approval;
mod check;
mod fault;
mod field;
mod field_faults;
mod flow;
mod format;
pub mod limits;
mod package;
mod publish;
mod revision;
#[cfg(test)]
mod tests;

pub use approval::{ApprovalType, Approver, Threshold, Tier};
pub use casework_protocol::ids::RevisionId;
pub use check::Today;
pub use fault::{Fault, TemplateFault};
pub use field::{Choice, Constraints, Field};
pub use flow::Movement;
pub use format::PackageError;
pub use package::{
    Category, DecisionPart, DecisionType, Outcome, Package, Rule, Severity, Stage, Standing,
    Status, Transition, Unlisted,
};
pub use revision::{Revision, RevisionError};
