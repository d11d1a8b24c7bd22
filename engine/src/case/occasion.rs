//! Which rights an act needs: one table, used before acting and when received work is admitted.
//!
//! Says what is asked of the author, not who has it: grants are judged by the roster.

use casework_protocol::access::entry::Principal;
use casework_protocol::ids::{ActorId, DocumentId, MemberId};
use casework_protocol::rights::{Occasion, Verb};

use super::action::{Act, CaseAction};
use super::part::PartId;
use super::past::{Object, Past};
use super::place::Place;
use super::schema;
use super::slots;
use crate::approval::Seat;

/// One right that an act needs. Whether the case is the author's own or the team's is added by
/// whoever knows the access record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// What.
    pub verb: Verb,
    /// The stage entered, or the one the case was in.
    pub stage: Option<String>,
    /// The field that is edited.
    pub field: Option<String>,
    /// What the author must be besides the grant: in this team, in this role. All of them.
    pub seats: Vec<Principal>,
    /// The stage whose edit roles it is up to: the one the case stands in, for what works on it.
    pub works_in: Option<String>,
}

/// Who alone may do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnlyBy {
    /// Whoever has the right.
    Anyone,
    /// This member, on any device.
    Member(MemberId),
    /// Whoever wrote this part.
    Writers {
        /// The part.
        of: PartId,
        /// The actors that wrote it, all of them the member's own.
        actors: Vec<ActorId>,
    },
}

/// The rights that an act needs on a case as it was before; all of them. `overriding` says that it
/// goes through a rule; so does the opening of an imported case.
#[must_use]
pub fn needed(past: &Past<'_>, act: &Act, overriding: bool) -> Vec<Needed> {
    let stage = if let CaseAction::Open(opening) = &act.action {
        Some(opening.stage.clone())
    } else if let CaseAction::Move { to } = &act.action {
        Some(to.clone())
    } else {
        stage_of(past)
    };
    let field = field_of(&act.action);
    let seats: Vec<Principal> = if let CaseAction::Facet(action) = &act.action {
        let seats = action.facet().seats(past);
        seats.iter().map(Seat::principal).collect()
    } else {
        Vec::new()
    };
    let stands_in = stage_of(past);
    let mut verbs = vec![verb(past, &act.action)];
    // What an import opens is not judged by the rules of opening: that is passing rules over too.
    let passing_over = act.imported.is_some() && matches!(act.action, CaseAction::Open(_));
    if overriding || passing_over {
        verbs.push(Verb::Override);
    }
    verbs
        .into_iter()
        .map(|verb| Needed {
            verb,
            stage: stage.clone(),
            field: field.clone(),
            seats: seats.clone(),
            works_in: stands_in.clone().filter(|_| is_work(verb)),
        })
        .collect()
}

/// Whether the edit roles of a stage speak about this. Everybody with the grant may comment, vote,
/// redact, and settle who sees a case, wherever it stands; opening is not work in a stage yet.
#[must_use]
pub const fn is_work(verb: Verb) -> bool {
    match verb {
        Verb::Move
        | Verb::Edit
        | Verb::Task
        | Verb::Document
        | Verb::Decide
        | Verb::Assign
        | Verb::Transfer
        | Verb::Close
        | Verb::Reopen
        | Verb::Override
        | Verb::Settle => true,
        Verb::View
        | Verb::Open
        | Verb::Comment
        | Verb::CommentExternal
        | Verb::Approve
        | Verb::Redact
        | Verb::Export
        | Verb::Adopt
        | Verb::Restrict
        | Verb::Publish
        | Verb::ManageMembers
        | Verb::Keep
        | Verb::Erase => false,
    }
}

/// The stage that the case stands in; of contested ones the one shown.
#[must_use]
pub fn stage_of(past: &Past<'_>) -> Option<String> {
    past.scalar(Object::Root, schema::STAGE)?
        .as_text()
        .map(str::to_owned)
}

/// The template of the case.
#[must_use]
pub fn template_of(past: &Past<'_>) -> Option<DocumentId> {
    past.scalar(Object::Root, schema::TEMPLATE)?
        .as_text()?
        .parse()
        .ok()
}

/// Whether the case is closed; of contested ones the one shown.
#[must_use]
pub fn is_closed(past: &Past<'_>) -> bool {
    past.scalar(Object::Root, schema::CLOSED)
        .is_some_and(|closed| !closed.is_null())
}

/// The actors whose words a comment shows: its author, whatever device it was written on. Only
/// the same member may edit it. Nothing for an unknown comment.
#[must_use]
pub fn writers_of(past: &Past<'_>, comment: PartId) -> Vec<ActorId> {
    let (Ok(bucket), Ok(keys)) = (
        slots::bucket(past, comment),
        slots::comment_keys(past, comment),
    ) else {
        return Vec::new();
    };
    keys.iter()
        .flat_map(|key| past.seen(bucket, &key.to_string()))
        .map(|seen| seen.id.actor)
        .collect()
}

/// Who alone may do this, judged on the case as it was before. Kept by every replica, whatever
/// roles the author has.
#[must_use]
pub fn only_by(past: &Past<'_>, action: &CaseAction) -> OnlyBy {
    if let CaseAction::EditComment { id, .. } = action {
        OnlyBy::Writers {
            of: *id,
            actors: writers_of(past, *id),
        }
    } else if let CaseAction::Facet(action) = action {
        action.facet().only_by(past)
    } else {
        OnlyBy::Anyone
    }
}

impl Needed {
    /// The occasion that grants are asked about.
    #[must_use]
    pub fn occasion(&self, template: DocumentId, own: bool, team: bool) -> Occasion<'_> {
        Occasion {
            verb: self.verb,
            template: Some(template),
            stage: self.stage.as_deref(),
            field: self.field.as_deref(),
            own,
            team,
        }
    }
}

fn verb(past: &Past<'_>, action: &CaseAction) -> Verb {
    match action {
        CaseAction::Open(_) => Verb::Open,
        CaseAction::Move { .. } => Verb::Move,
        CaseAction::SetTitle { .. }
        | CaseAction::SetField { .. }
        | CaseAction::ClearField { .. }
        | CaseAction::AddOption { .. }
        | CaseAction::RemoveOption { .. }
        | CaseAction::Count { .. }
        | CaseAction::EditText { .. }
        | CaseAction::AddLabel { .. }
        | CaseAction::RemoveLabel { .. }
        | CaseAction::SetPriority { .. }
        | CaseAction::SetDue { .. } => Verb::Edit,
        CaseAction::Comment { external, .. } => comment_verb(*external),
        CaseAction::EditComment { id, .. } => comment_verb(
            slots::comment_keys(past, *id).is_ok_and(|keys| keys.iter().any(|key| key.external)),
        ),
        CaseAction::RedactComment { .. } => Verb::Redact,
        CaseAction::CreateTask { .. }
        | CaseAction::AssignTask { .. }
        | CaseAction::RescheduleTask { .. }
        | CaseAction::FinishTask { .. }
        | CaseAction::CancelTask { .. }
        | CaseAction::ReopenTask { .. }
        | CaseAction::AddItem { .. }
        | CaseAction::CheckItem { .. } => Verb::Task,
        CaseAction::Assign { .. } | CaseAction::Unassign { .. } | CaseAction::SetOwner { .. } => {
            Verb::Assign
        }
        CaseAction::Decide(_) => Verb::Decide,
        CaseAction::Close(_) => Verb::Close,
        CaseAction::Reopen => Verb::Reopen,
        CaseAction::Settle { .. } => Verb::Settle,
        CaseAction::Facet(action) => action.facet().verb(past),
    }
}

const fn comment_verb(external: bool) -> Verb {
    if external {
        Verb::CommentExternal
    } else {
        Verb::Comment
    }
}

/// The field that an action edits.
pub(super) fn field_of(action: &CaseAction) -> Option<String> {
    match action {
        CaseAction::SetField { field, .. }
        | CaseAction::ClearField { field }
        | CaseAction::AddOption { field, .. }
        | CaseAction::RemoveOption { field, .. }
        | CaseAction::Count { field, .. }
        | CaseAction::EditText { field, .. }
        | CaseAction::Settle {
            place: Place::Field(field),
            ..
        } => Some(field.clone()),
        CaseAction::Facet(action) => action.facet().field().map(str::to_owned),
        CaseAction::Open(_)
        | CaseAction::SetTitle { .. }
        | CaseAction::Move { .. }
        | CaseAction::Comment { .. }
        | CaseAction::EditComment { .. }
        | CaseAction::RedactComment { .. }
        | CaseAction::CreateTask { .. }
        | CaseAction::AssignTask { .. }
        | CaseAction::RescheduleTask { .. }
        | CaseAction::FinishTask { .. }
        | CaseAction::CancelTask { .. }
        | CaseAction::ReopenTask { .. }
        | CaseAction::AddItem { .. }
        | CaseAction::CheckItem { .. }
        | CaseAction::Assign { .. }
        | CaseAction::Unassign { .. }
        | CaseAction::SetOwner { .. }
        | CaseAction::AddLabel { .. }
        | CaseAction::RemoveLabel { .. }
        | CaseAction::SetPriority { .. }
        | CaseAction::SetDue { .. }
        | CaseAction::Decide(_)
        | CaseAction::Close(_)
        | CaseAction::Reopen
        | CaseAction::Settle { .. } => None,
    }
}
