//! Gate layer 3: whether a received change is exactly what its action writes.
//!
//! The action is read from the message and the values, planned against the change's causal past,
//! and the plan is compared with the operations one by one: object, key, kind, value and what is
//! replaced. Last the change is encoded again and must have the same bytes, because the document
//! keeps operations, not bytes. Invariant: what passes is a change that this program could have
//! written there, so merging it cannot surprise the document library. Judges no rights.

use core::fmt;
use std::sync::Arc;

use automerge::{Change, ExpandedChange};

use super::action::Act;
use super::batch::{Batch, MissingDependency, Standing};
use super::claims::{self, Claims};
use super::conform::conform;
use super::decode;
use super::kind::ActionKind;
use super::message::{Message, MessageError, RevisionMark};
use super::occasion::{self, Needed};
use super::ops::{Op, read_ops};
use super::past::Past;
use super::plan;
use super::reader::compare;
use super::refusal::ActError;
use crate::personal::PersonalAction;
use crate::template::{Revision, RevisionError};
use crate::template_document::TemplateAction;

/// Looks a published revision up by its mark, among those of the case's template.
pub type Revisions<'a> = &'a dyn Fn(RevisionMark) -> Option<Arc<Revision>>;

/// A received change that is what its action writes. Only [`shape_case`],
/// [`crate::template_document::shape_template`] and [`crate::personal::shape_personal`] make it.
pub struct Shaped {
    change: Change,
    message: Message,
    act: ShapedAct,
    needed: Vec<Needed>,
    claims: Claims,
    ops: Vec<Op>,
    standing: Standing,
}

/// What a received change does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShapedAct {
    /// Something to a case. The text of an edit of prose is empty here: read it from the document.
    Case(Box<Act>),
    /// Something to a template.
    Template(Box<TemplateAction>),
    /// Something to a personal document.
    Personal(Box<PersonalAction>),
}

/// A change that is not what its action writes, or that cannot be judged yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// The message cannot be read: waiting when it is of a later version.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The cited revision has not arrived. Cure: wait for the template.
    #[error("the template revision {0} is not here")]
    UnknownRevision(RevisionMark),
    /// A change it builds on is not here.
    #[error(transparent)]
    Missing(#[from] MissingDependency),
    /// The change has no message. Cause: not made by this software.
    #[error("the change has no message")]
    NoMessage,
    /// An operation names an actor that no device has. Cause: hostile author.
    #[error("the operations of the change cannot be read")]
    Unreadable,
    /// The action belongs to another kind of document. Cause: a change made for another document.
    #[error("{action} cannot be done to this kind of document")]
    OtherDocument {
        /// The action.
        action: ActionKind,
    },
    /// The message names a thing or gives a value that the operations do not have.
    #[error("the operations are not those of {action} on {on:?}")]
    OtherAction {
        /// The action.
        action: ActionKind,
        /// What it names.
        on: Option<String>,
    },
    /// The action could not be done to the case as its author saw it.
    #[error("the action could not be done there: {0}")]
    Act(#[from] ActError),
    /// One operation is not the one that the action writes there.
    #[error("operation {at} of {action} is {found} instead of {expected}")]
    OtherOperation {
        /// The action.
        action: ActionKind,
        /// Its place in the change, from 0.
        at: usize,
        /// What the action writes there.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The package cannot be read: waiting when it may be of a later version.
    #[error(transparent)]
    Revision(RevisionError),
    /// The same operations would have other bytes here, and the document could never be loaded
    /// again. Cause: not made by this software.
    #[error("the change is not in its canonical form")]
    NotCanonical,
}

/// Checks a received change of a case.
///
/// # Errors
/// [`ShapeError`]; [`ShapeError::is_waiting`] tells what may become good later.
pub fn shape_case(
    batch: &Batch<'_>,
    change: Change,
    revisions: Revisions<'_>,
) -> Result<Shaped, ShapeError> {
    let (message, ops, expanded) = open(&change)?;
    let action = message.action;
    let mark = message
        .revision
        .ok_or(ShapeError::OtherDocument { action })?;
    let revision = revisions(mark).ok_or(ShapeError::UnknownRevision(mark))?;
    let standing = batch.standing(change.deps())?;
    let past = Past::in_batch(batch, standing.clone());
    let other = || ShapeError::OtherAction {
        action,
        on: message.on.clone(),
    };
    let act = decode::read_act(&message, &ops).ok_or_else(other)?;
    if act.action.target() != message.on {
        return Err(other());
    }
    if action == ActionKind::CaseOpen && !batch.is_blank() {
        return Err(ActError::AlreadyOpened.into());
    }
    conform(&revision, &act.action)?;
    claims::fits(&past, &revision, &act.action)?;
    let plan = plan::plan(&past, &act, message.rule.as_deref())?;
    compare(&past, &plan, (action, &ops))?;
    check_canonical(&change, expanded)?;
    let needed = occasion::needed(&past, &act, message.rule.is_some());
    let claims = Claims::of(&past, &revision, &act.action);
    let act = ShapedAct::Case(Box::new(act));
    Ok(Shaped {
        change,
        message,
        act,
        needed,
        claims,
        ops,
        standing,
    })
}

/// Reads message and operations.
pub(crate) fn open(change: &Change) -> Result<(Message, Vec<Op>, ExpandedChange), ShapeError> {
    let message = Message::read(change.message().ok_or(ShapeError::NoMessage)?)?;
    let expanded = change.decode();
    let ops = read_ops(change, &expanded).ok_or(ShapeError::Unreadable)?;
    Ok((message, ops, expanded))
}

/// Encodes the change again: it must come out the same.
pub(crate) fn check_canonical(change: &Change, expanded: ExpandedChange) -> Result<(), ShapeError> {
    if Change::from(expanded).raw_bytes() == change.raw_bytes() {
        Ok(())
    } else {
        Err(ShapeError::NotCanonical)
    }
}

impl ShapeError {
    /// Whether the change may be found good later: after an update, or when the template or the
    /// change it builds on has arrived. It is kept and the case says so; everything else is
    /// quarantined.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        match self {
            Self::Message(error) => error.is_waiting(),
            Self::UnknownRevision(_)
            | Self::Missing(_)
            | Self::Revision(RevisionError::Unreadable { .. }) => true,
            Self::NoMessage
            | Self::Unreadable
            | Self::OtherDocument { .. }
            | Self::OtherAction { .. }
            | Self::Act(_)
            | Self::Revision(_)
            | Self::OtherOperation { .. }
            | Self::NotCanonical => false,
        }
    }
}

impl fmt::Debug for Shaped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shaped({} {:?})", self.change.hash(), self.act)
    }
}

impl Shaped {
    /// Puts a proof together. The caller has compared and re-encoded the change.
    pub(crate) fn of_template(
        change: Change,
        message: Message,
        action: TemplateAction,
        ops: Vec<Op>,
        standing: Standing,
    ) -> Self {
        let verb = casework_protocol::rights::Verb::Publish;
        let needed = vec![Needed {
            verb,
            stage: None,
            field: None,
            seats: Vec::new(),
            works_in: None,
        }];
        let act = ShapedAct::Template(Box::new(action));
        Self {
            change,
            message,
            act,
            needed,
            claims: Claims::default(),
            ops,
            standing,
        }
    }

    /// Puts a proof together. The caller has compared and re-encoded the change. It needs no right
    /// but sight of the document, and that is asked of every change.
    pub(crate) fn of_personal(
        change: Change,
        message: Message,
        action: PersonalAction,
        (ops, standing): (Vec<Op>, Standing),
    ) -> Self {
        Self {
            change,
            message,
            act: ShapedAct::Personal(Box::new(action)),
            needed: Vec::new(),
            claims: Claims::default(),
            ops,
            standing,
        }
    }

    /// The change.
    #[must_use]
    pub const fn change(&self) -> &Change {
        &self.change
    }

    /// What it says about itself.
    #[must_use]
    pub const fn message(&self) -> &Message {
        &self.message
    }

    /// What it does.
    #[must_use]
    pub const fn act(&self) -> &ShapedAct {
        &self.act
    }

    /// The rights it needs, judged on the case as its author saw it; all of them.
    #[must_use]
    pub fn needed(&self) -> &[Needed] {
        &self.needed
    }

    /// What it claims about its author and others, to be checked against the roster.
    #[must_use]
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    pub(super) fn into_parts(self) -> (Change, Vec<Op>, Standing) {
        (self.change, self.ops, self.standing)
    }
}
