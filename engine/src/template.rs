//! Templates: what cases of one kind look like, as data that an operator edits.
//!
//! ```text
//! TOML / JSON ──▶ Package ──publish──▶ Revision (immutable, named by its content's hash)
//! ```
//! A [`Package`] may be wrong; a [`Revision`] exists only for a package without faults. Nothing
//! here reads a clock, a store or a document, or knows who may publish.

mod approval;
pub(crate) mod automation;
mod automation_faults;
mod calendar;
mod check;
mod condition;
pub(crate) mod condition_faults;
pub(crate) mod day;
mod difference;
mod document_type;
mod fault;
mod field;
mod field_faults;
mod flow;
mod form;
mod form_faults;
mod format;
pub mod limits;
mod lineage;
mod mapping;
mod merge;
mod package;
mod placeholder;
mod publish;
mod revision;
mod rule;
mod sla;
mod span;
mod stage;
mod stage_faults;
#[cfg(test)]
mod tests;
mod tree;
mod trigger;
mod trigger_faults;

pub use approval::{ApprovalType, Approver, Threshold, Tier};
pub use automation::{Automation, Person, PersonError, RuleAction, TaskDraft};
pub use calendar::{Calendar, CalendarError, Day, Holiday, OpenHours};
pub use casework_protocol::ids::RevisionId;
pub use check::Today;
pub use condition::{Condition, Operator, Subject, SubjectError, Test};
pub use difference::{Difference, Weight, differences, tree_differences};
pub use document_type::{DocumentType, PartyRole};
pub use fault::{Fault, FormFault, TemplateFault, TimeFault, TriggerFault};
pub use field::{Choice, Constraints, Field};
pub use flow::{Movement, Said};

pub use form::{Form, FormField, FormKind, FormTexts, FormWords, Question, can_be_asked};
pub use format::PackageError;
pub use lineage::{Find, UnknownAncestor, common_ancestor, is_ancestor};
pub use mapping::{Mappings, Unmapped, unmapped};
pub use merge::{Conflict, Merged, merge, merge_trees};
pub use package::{DecisionPart, DecisionType, Outcome, Package, Status};
pub use placeholder::{Piece, Placeholder, PlaceholderError, pieces};
pub use revision::{Revision, RevisionError};
pub use rule::{Rule, Severity, Transition, Unlisted};
pub use sla::{CaseClock, Reentry, StageClock, Warning, WarningError};
pub use span::{Span, SpanError, SpanUnit};
pub use stage::{Category, FieldPolicy, Stage, Standing, TaskTemplate};
pub use tree::{Branch, Node, Shape, TreeError};
pub use trigger::{DateOf, TimeOfDay, Trigger, TriggerError};
