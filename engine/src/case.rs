//! The case document: what can be done to a case, how it is written, and what may be received.
//!
//! ```text
//! Act ──judge──▶ Checked ──write──▶ one change           (here)
//! received change ──shape──▶ Shaped ──Batch──▶ applied   (elsewhere, on every other replica)
//! ```
//! Both roads go through one table, [`plan`]: what an action writes is what it may be received as.
//! Pure code: time, ids and randomness are arguments. Invariant: one action, one change.

pub mod action;
pub mod batch;
pub mod bounds;
pub mod breach;
pub mod cause;
pub mod claims;
pub mod condition;
pub mod conform;
pub mod contents;
pub mod facet;
pub mod filled;
pub mod judge;
pub mod kind;
pub mod message;
pub mod occasion;
pub mod part;
pub mod past;
pub mod place;
pub mod record;
pub mod refusal;
pub mod schema;
pub mod shape;
pub mod undo;
pub mod write;

mod condition_reading;
mod decode;
mod offered;
mod opening;
pub(crate) mod ops;
mod parts;
pub(crate) mod plan;
mod prose;
pub(crate) mod reader;
mod rules;
pub(crate) mod slots;
pub(crate) mod step;
mod values;

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod trial;

pub use action::{Act, CaseAction, Imported};
pub use batch::{Batch, MissingDependency};
pub use breach::{breaches, broken_anew};
pub use cause::Cause;
pub use condition::{Facts, holds, passes};
pub use contents::{Closing, Decision, FieldEntry, Opening, Override};
pub(crate) use decode::act_in;
pub use decode::act_of;
pub use facet::{FacetAction, FacetKind};
pub use filled::{has_document, is_filled};
pub use judge::{Asker, Checked, check_act, current_decisions};
pub use kind::ActionKind;
pub use message::{Message, MessageError, RevisionMark};
pub use occasion::{
    Needed, OnlyBy, is_closed, is_work, needed, only_by, stage_of, template_of, writers_of,
};
pub use part::PartId;
pub use past::{Held, Object, OpRef, Past, Seen};
pub use place::{Place, TaskKey, touched_by};
pub use record::Shelf;
pub use refusal::{ActError, AgreementError};
pub use schema::CommentKey;
pub use shape::{Revisions, ShapeError, Shaped, ShapedAct, shape_case};
pub use undo::undo_last;
pub use write::{Stamp, WriteError, change_hash, write};
