//! From a plan of an XES log to templates, members and cases of a workspace.
//!
//! ```text
//! ImportPlan ──package──▶ template     people ──▶ members of kind "imported"
//! CasePlan   ──script───▶ CaseImport (one step or more per event) ──▶ one commit per batch
//! ```
//! It signs nothing and stores nothing itself. Invariant: one event, at least one action that
//! carries its claim; a case is imported whole or not at all.

mod package;
mod script;

pub use package::{GROUP_FIELD, package};
pub use script::{Cast, Script, script};
