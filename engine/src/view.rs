//! What people see: views, comments, flags, cards, boards and timelines, derived from documents.
//!
//! ```text
//! document ──read / refresh──▶ CaseView ──▶ Card ──▶ Board
//!         └──────────────────▶ CommentView, Timeline
//! ```
//! Pure: nothing here reads a clock, a store or the roster; what is needed is an argument.
//! Invariant: replicas with the same changes see the same, in the same order.

mod approval;
mod automation;
mod badges;
mod board;
mod breach;
mod card;
mod case;
mod clocks;
mod comment;
mod decision;
mod document;
mod facet;
mod field;
mod flags;
mod form;
mod handover;
mod hold;
mod impact;
mod journey;
mod keeping;
mod page;
mod party;
mod read;
mod reader;
mod reading;
mod record;
mod side;
mod task;
#[cfg(test)]
mod tests;
mod timeline;

pub use approval::{ApprovalView, Approvals, VoteView};
pub use automation::{Automations, ClaimView, RunView};
pub use badges::{Badge, Badges};
pub use board::{Board, Column, Filter, Sorting, columns, is_overdue, list};
pub use breach::{Breach, Breaches, NewerRule};
pub use card::{Card, CardField, CardValue, Kept, StoredCardError, TaskDue};
pub use case::{
    CaseView, DecisionView, ItemView, OverrideView, StoredViewError, TaskStatus, TaskView,
};
pub use clocks::{Clocks, Stay};
pub(crate) use comment::is_begun_twice;
pub use comment::{
    CommentOrder, CommentView, ParallelEdit, StoredCommentError, read_comments, refresh_comments,
};
pub use document::{DocumentView, Documents, VersionView};
pub use facet::{Contest, ContestSide, Facets};
pub use field::FieldView;
pub use flags::{Flags, changes_beside_close, changes_beside_trash};
pub use form::{AdditionView, Forms, LinkState, RequestView, SubmissionView};
pub use handover::{Answers, ReferralView, Referrals, TransferView, Transfers};
pub use hold::{HoldView, Holds};
pub use impact::{Effect, effects};
pub use journey::{Journey, Turn, Visit};
pub use keeping::{Keeping, Links, ReopeningView, Reopenings};
pub use page::Gathering;
pub use party::{Parties, PartyView};
pub use read::{ViewError, read, refresh};
pub(crate) use reader::device_of;
pub use reader::{Members, ViewContext};
pub use reading::Readings;
pub use side::{Origin, OriginRef, Origins, Side, Slot};
pub(crate) use timeline::Looking;
pub use timeline::{
    Arrival, SKEW_TOLERANCE_MS, Skew, TimelineContext, TimelineEntry, TimelinePage, timeline,
    timeline_length,
};
