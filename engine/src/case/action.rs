//! Everything a person can do to a case, as one typed action.
//!
//! An [`Act`] is an action with the circumstances that go into its message. Both are plain data:
//! the command line, the drawer and imports read and write them as JSON.

use casework_protocol::ids::{ChangeHash, MemberId};
use serde::{Deserialize, Serialize};

use super::cause::Cause;
use super::facet::FacetAction;
use super::kind::ActionKind;
use super::part::PartId;
use super::place::Place;
use super::schema;
use crate::value::Scalar;

pub use super::contents::{Closing, Decision, FieldEntry, Opening, Override};

/// A request to act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// The id of this act: fresh, from the moment's seed. Counter steps and overrides bear it.
    pub id: PartId,
    /// What to do.
    pub action: CaseAction,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// Go through a rule that asks; needs a reason.
    #[serde(default)]
    pub override_rule: bool,
    /// The person and time it is claimed for in the place it was imported from.
    #[serde(default)]
    pub imported: Option<Imported>,
    /// The change that this one does again, from the drawer.
    #[serde(default)]
    pub redo_of: Option<ChangeHash>,
    /// The automation that does it; `None` for what a person does.
    #[serde(default)]
    pub cause: Option<Cause>,
    /// The change that this one takes back.
    #[serde(default)]
    pub undo_of: Option<ChangeHash>,
}

/// A claim about who did something elsewhere and when. Nobody vouches for it but the importer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// The member it is claimed for.
    pub who: MemberId,
    /// Milliseconds since 1970 in UTC.
    pub at_ms: i64,
    /// Offset from UTC there, in minutes.
    pub zone_min: i16,
}

/// One thing done to a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseAction {
    /// Opens the case: its first change.
    Open(Opening),
    /// Gives another title.
    SetTitle {
        /// The new title, one line.
        title: String,
    },
    /// Moves to a stage, forward or back.
    Move {
        /// The stage entered.
        to: String,
    },
    /// Gives a field a value.
    SetField {
        /// The field.
        field: String,
        /// Its canonical scalar, not null.
        value: Scalar,
    },
    /// Takes a field's value away.
    ClearField {
        /// The field.
        field: String,
    },
    /// Adds an option to a multi select.
    AddOption {
        /// The field.
        field: String,
        /// The option's id.
        option: String,
    },
    /// Removes an option from a multi select.
    RemoveOption {
        /// The field.
        field: String,
        /// The option's id.
        option: String,
    },
    /// Adds to a counter.
    Count {
        /// The field.
        field: String,
        /// What is added; not zero.
        by: i64,
    },
    /// Edits prose that several people edit together.
    EditText {
        /// The field.
        field: String,
        /// The whole new text; only the difference is written.
        text: String,
    },
    /// Writes a comment.
    Comment {
        /// The new comment.
        id: PartId,
        /// What it says.
        body: String,
        /// Written for people outside the team.
        #[serde(default)]
        external: bool,
        /// The comment it answers, or what somebody sent by a form.
        #[serde(default)]
        reply_to: Option<PartId>,
    },
    /// Rewrites one's own comment.
    EditComment {
        /// The comment.
        id: PartId,
        /// What it says now.
        body: String,
    },
    /// Hides a comment; the reason is the act's.
    RedactComment {
        /// The comment.
        id: PartId,
    },
    /// Creates a task.
    CreateTask {
        /// The new task.
        id: PartId,
        /// What is to be done, one line.
        title: String,
        /// By whom.
        #[serde(default)]
        assignee: Option<MemberId>,
        /// By when, `YYYY-MM-DD`.
        #[serde(default)]
        due: Option<String>,
        /// Ids and texts of the checklist's items.
        #[serde(default)]
        checklist: Vec<(PartId, String)>,
    },
    /// Gives a task to somebody, or to nobody.
    AssignTask {
        /// The task.
        task: PartId,
        /// To whom.
        assignee: Option<MemberId>,
    },
    /// Changes the due date of a task.
    RescheduleTask {
        /// The task.
        task: PartId,
        /// The date `YYYY-MM-DD`, or none.
        due: Option<String>,
    },
    /// Finishes a task.
    FinishTask {
        /// The task.
        task: PartId,
    },
    /// Cancels a task.
    CancelTask {
        /// The task.
        task: PartId,
    },
    /// Opens a finished or cancelled task again.
    ReopenTask {
        /// The task.
        task: PartId,
    },
    /// Adds an item to a task's checklist.
    AddItem {
        /// The task.
        task: PartId,
        /// The new item.
        item: PartId,
        /// What it says, one line.
        text: String,
    },
    /// Checks or unchecks an item.
    CheckItem {
        /// The task.
        task: PartId,
        /// The item.
        item: PartId,
        /// Checked or not.
        done: bool,
    },
    /// Assigns a member to the case.
    Assign {
        /// Whom.
        member: MemberId,
    },
    /// Takes a member off the case.
    Unassign {
        /// Whom.
        member: MemberId,
    },
    /// Gives the case to an owner, or to nobody.
    SetOwner {
        /// To whom.
        member: Option<MemberId>,
    },
    /// Puts a label on.
    AddLabel {
        /// The label, one line.
        label: String,
    },
    /// Takes a label off.
    RemoveLabel {
        /// The label.
        label: String,
    },
    /// Sets or clears the priority.
    SetPriority {
        /// The priority, one line.
        priority: Option<String>,
    },
    /// Sets or clears the due date.
    SetDue {
        /// The date `YYYY-MM-DD`.
        due: Option<String>,
    },
    /// Records a decision.
    Decide(Decision),
    /// Closes the case.
    Close(Closing),
    /// Reopens the case.
    Reopen,
    /// Settles a contested value on one of its sides.
    Settle {
        /// What is contested.
        place: Place,
        /// The side that holds.
        value: Scalar,
    },
    /// Something to a facet of the case: its documents, parties, links…
    Facet(FacetAction),
}

impl Act {
    /// An act without reason, override or claim.
    #[must_use]
    pub const fn new(id: PartId, action: CaseAction) -> Self {
        Self {
            id,
            action,
            reason: None,
            override_rule: false,
            imported: None,
            redo_of: None,
            cause: None,
            undo_of: None,
        }
    }

    /// The same with a reason.
    #[must_use]
    pub fn because(self, reason: impl Into<String>) -> Self {
        Self {
            reason: Some(reason.into()),
            ..self
        }
    }
}

impl CaseAction {
    /// What kind of action it is.
    #[must_use]
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::Open(_) => ActionKind::CaseOpen,
            Self::SetTitle { .. } => ActionKind::TitleSet,
            Self::Move { .. } => ActionKind::StageMove,
            Self::SetField { .. } => ActionKind::FieldSet,
            Self::ClearField { .. } => ActionKind::FieldClear,
            Self::AddOption { .. } => ActionKind::OptionAdd,
            Self::RemoveOption { .. } => ActionKind::OptionRemove,
            Self::Count { .. } => ActionKind::CounterAdd,
            Self::EditText { .. } => ActionKind::TextEdit,
            Self::Comment { .. } => ActionKind::CommentAdd,
            Self::EditComment { .. } => ActionKind::CommentEdit,
            Self::RedactComment { .. } => ActionKind::CommentRedact,
            Self::CreateTask { .. } => ActionKind::TaskCreate,
            Self::AssignTask { .. } => ActionKind::TaskAssign,
            Self::RescheduleTask { .. } => ActionKind::TaskReschedule,
            Self::FinishTask { .. } => ActionKind::TaskDone,
            Self::CancelTask { .. } => ActionKind::TaskCancel,
            Self::ReopenTask { .. } => ActionKind::TaskReopen,
            Self::AddItem { .. } => ActionKind::ItemAdd,
            Self::CheckItem { .. } => ActionKind::ItemCheck,
            Self::Assign { .. } => ActionKind::AssigneeAdd,
            Self::Unassign { .. } => ActionKind::AssigneeRemove,
            Self::SetOwner { .. } => ActionKind::OwnerSet,
            Self::AddLabel { .. } => ActionKind::LabelAdd,
            Self::RemoveLabel { .. } => ActionKind::LabelRemove,
            Self::SetPriority { .. } => ActionKind::PrioritySet,
            Self::SetDue { .. } => ActionKind::DueSet,
            Self::Decide(_) => ActionKind::DecisionRecord,
            Self::Close(_) => ActionKind::CaseClose,
            Self::Reopen => ActionKind::CaseReopen,
            Self::Settle { .. } => ActionKind::ValueSettle,
            Self::Facet(action) => ActionKind::Facet(action.kind()),
        }
    }

    /// What the message names as the thing acted on.
    #[must_use]
    pub fn target(&self) -> Option<String> {
        match self {
            Self::Open(_)
            | Self::SetTitle { .. }
            | Self::SetPriority { .. }
            | Self::SetDue { .. }
            | Self::Reopen => None,
            Self::Move { to } => Some(to.clone()),
            Self::SetField { field, .. }
            | Self::ClearField { field }
            | Self::Count { field, .. }
            | Self::EditText { field, .. } => Some(field.clone()),
            Self::AddOption { field, option } | Self::RemoveOption { field, option } => {
                Some(schema::option_key(field, option))
            }
            Self::Comment { id, .. }
            | Self::EditComment { id, .. }
            | Self::RedactComment { id }
            | Self::CreateTask { id, .. } => Some(id.to_string()),
            Self::Decide(decision) => Some(decision.id.to_string()),
            Self::AssignTask { task, .. }
            | Self::RescheduleTask { task, .. }
            | Self::FinishTask { task }
            | Self::CancelTask { task }
            | Self::ReopenTask { task } => Some(task.to_string()),
            Self::AddItem { task, item, .. } | Self::CheckItem { task, item, .. } => {
                Some(format!("{task}/{item}"))
            }
            Self::Assign { member } | Self::Unassign { member } => Some(member.to_string()),
            Self::SetOwner { member } => member.map(|member| member.to_string()),
            Self::AddLabel { label } | Self::RemoveLabel { label } => Some(label.clone()),
            Self::Close(closing) => Some(closing.code.clone()),
            Self::Settle { place, .. } => Some(place.to_string()),
            Self::Facet(action) => action.facet().target(),
        }
    }
}
