//! The document of a template: every published revision, whole, and which one is current.
//!
//! Revisions are immutable, named by their content's hash, and name those they supersede. Two
//! concurrent publishes leave `current` contested: the shown one is used until a publish supersedes
//! both. Drafts are written here too (`draft.rs`). Invariant: every package in here was valid when it
//! was received, names what it supersedes and says where the cases of what it removes go.

pub mod draft;
mod publishing;
mod reading;

use std::collections::BTreeSet;
use std::sync::Arc;

use automerge::{Automerge, Change, ChangeHash as Hash};
use casework_protocol::ids::{ChangeHash, RevisionId};
use serde::{Deserialize, Serialize};

use crate::case::batch::Batch;
use crate::case::message::Message;
use crate::case::past::{Object, Past};
use crate::case::reader;
use crate::case::shape::{self, ShapeError, Shaped};
use crate::case::step::Plan;
use crate::case::write::{self, Stamp, WriteError};
use crate::case::{ActError, ActionKind, PartId, bounds};
use crate::template::limits::MAX_SUPERSEDED;
use crate::template::{Revision, RevisionError};
use crate::value::Scalar;
use draft::DraftAction;
use publishing::{plan_opening, plan_publish};
use reading::read_act;

/// Root scalar: always [`TEMPLATE_KIND`].
pub const KIND: &str = "kind";
/// Root scalar: always [`TEMPLATE_VERSION`].
pub const VERSION: &str = "v";
/// Root scalar: the name of the current revision's package.
pub const NAME: &str = "name";
/// Root scalar: the current revision's id.
pub const CURRENT: &str = "current";
/// Map: revision id → canonical package.
pub const REVISIONS: &str = "revisions";
/// Map: draft id → map.
pub const DRAFTS: &str = "drafts";
/// The value of [`KIND`].
pub const TEMPLATE_KIND: &str = "template";
/// The value of [`VERSION`].
pub const TEMPLATE_VERSION: i64 = 1;

/// Something done to a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TemplateAction {
    /// Opens the template with its first revision.
    Open(#[serde(with = "carried")] Arc<Revision>),
    /// Publishes a revision, or an older one again.
    Publish(#[serde(with = "carried")] Arc<Revision>),
    /// Writes on a draft.
    Draft(DraftAction),
    /// Publishes what a draft says.
    PublishDraft {
        /// The draft.
        draft: PartId,
        /// What it says.
        #[serde(with = "carried")]
        revision: Arc<Revision>,
    },
}

/// A request to act on a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateAct {
    /// What to do.
    pub action: TemplateAction,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// The change that this one does again, from the drawer.
    #[serde(default)]
    pub redo_of: Option<ChangeHash>,
}

/// An act that was found good, ready to be written into the document it was judged against.
#[derive(Debug, Clone)]
pub struct CheckedTemplate {
    act: TemplateAct,
    plan: Plan,
}

/// Which revision is current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Current {
    /// The one that new work uses.
    pub shown: RevisionId,
    /// All of them, when concurrent publishes left several: the template is contested.
    pub contested: BTreeSet<RevisionId>,
}

/// Judges an act against the template, or the empty document, it is to be written into.
///
/// # Errors
/// [`ActError`]: what failed and the way out.
pub fn check_template_act(past: &Past<'_>, act: TemplateAct) -> Result<CheckedTemplate, ActError> {
    let plan = plan(past, &act)?;
    if !plan.has_effect(past) {
        return Err(match act.action.revision() {
            Some(revision) => ActError::AlreadyCurrent {
                revision: revision.id(),
            },
            None => ActError::DraftUnchanged,
        });
    }
    Ok(CheckedTemplate { act, plan })
}

/// The act as it can be done here: a publish takes the place of whatever is current, whoever drafted
/// it where and when.
///
/// # Errors
/// [`ActError::AlreadyCurrent`] when what is current says the same.
pub fn superseding(past: &Past<'_>, mut act: TemplateAct) -> Result<TemplateAct, ActError> {
    let sides = sides(past);
    match &mut act.action {
        TemplateAction::Publish(next) | TemplateAction::PublishDraft { revision: next, .. } => {
            if let (1, Some(only)) = (sides.len(), sides.first())
                && let Some(Ok(current)) = revision(past, *only)
                && current.says_as(next)
            {
                let revision = current.id();
                return Err(ActError::AlreadyCurrent { revision });
            }
            *next = Arc::new(next.superseding(sides.iter().copied()));
        }
        TemplateAction::Open(first) => *first = Arc::new(first.superseding([])),
        TemplateAction::Draft(_) => {}
    }
    Ok(act)
}

/// Writes a checked act into the document it was checked against, under the document's actor. The
/// stamp's revision is not used: templates cite none.
///
/// # Errors
/// [`WriteError`]; the document is unchanged then.
pub fn write_template(
    doc: &mut Automerge,
    checked: &CheckedTemplate,
    stamp: &Stamp,
) -> Result<Hash, WriteError> {
    let act = &checked.act;
    let message = Message {
        citation: stamp.citation,
        revision: None,
        action: act.action.kind(),
        on: Some(act.action.target()),
        why: act.reason.clone(),
        rule: None,
        zone_min: stamp.zone_min,
        imported: None,
        redo_of: act.redo_of,
        cause: None,
        undo_of: None,
    };
    write::commit(doc, &checked.plan, &message, stamp.time_ms)
}

/// Gate layer 3 for a received change of a template.
///
/// # Errors
/// [`ShapeError`]; [`ShapeError::is_waiting`] tells what may become good later.
pub fn shape_template(batch: &Batch<'_>, change: Change) -> Result<Shaped, ShapeError> {
    let (message, ops, expanded) = shape::open(&change)?;
    let action = message.action;
    if !action.is_of_template() {
        return Err(ShapeError::OtherDocument { action });
    }
    let standing = batch.standing(change.deps())?;
    let past = Past::in_batch(batch, standing.clone());
    let other = || ShapeError::OtherAction {
        action,
        on: message.on.clone(),
    };
    let act = read_act(&past, &message, &ops)?.ok_or_else(other)?;
    if act.action.target() != message.on.clone().unwrap_or_default() {
        return Err(other());
    }
    if action == ActionKind::TemplateOpen && !batch.is_blank() {
        return Err(ActError::AlreadyOpened.into());
    }
    let plan = plan(&past, &act)?;
    reader::compare(&past, &plan, (action, &ops))?;
    shape::check_canonical(&change, expanded)?;
    Ok(Shaped::of_template(
        change, message, act.action, ops, standing,
    ))
}

/// The act of a change that the template holds: what the drawer keeps. `None` for what no action of a
/// template writes.
#[must_use]
pub fn act_of(doc: &Automerge, change: &Change) -> Option<TemplateAct> {
    let (message, ops, _) = shape::open(change).ok()?;
    read_act(&Past::at(doc, change.deps()), &message, &ops).ok()?
}

/// The current revision; `None` in a document that holds no template.
#[must_use]
pub fn current(past: &Past<'_>) -> Option<Current> {
    let read = |value: &Scalar| value.as_text()?.parse::<RevisionId>().ok();
    let shown = read(&past.scalar(Object::Root, CURRENT)?)?;
    let sides = past.sides(Object::Root, CURRENT);
    let contested = if sides.len() < 2 {
        BTreeSet::new()
    } else {
        sides.iter().filter_map(read).collect()
    };
    Some(Current { shown, contested })
}

/// The ids of all published revisions.
#[must_use]
pub fn published(past: &Past<'_>) -> BTreeSet<RevisionId> {
    let Some(revisions) = past.maps(Object::Root, REVISIONS).first().copied() else {
        return BTreeSet::new();
    };
    let keys = past.keys(revisions, String::new().."g".to_owned());
    keys.iter().filter_map(|key| key.parse().ok()).collect()
}

/// Reads a published revision.
///
/// # Errors
/// [`RevisionError`] when the package is of a later version: it was kept, update to read it.
pub fn revision(past: &Past<'_>, id: RevisionId) -> Option<Result<Revision, RevisionError>> {
    let revisions = past.maps(Object::Root, REVISIONS).first().copied()?;
    let package = past.scalar(revisions, &id.to_string())?;
    Some(Revision::decode(package.as_text()?.as_bytes()))
}

impl TemplateAction {
    /// The revision that is published, if one is.
    #[must_use]
    pub const fn revision(&self) -> Option<&Arc<Revision>> {
        match self {
            Self::Open(revision)
            | Self::Publish(revision)
            | Self::PublishDraft { revision, .. } => Some(revision),
            Self::Draft(_) => None,
        }
    }

    /// What the message names as the thing acted on.
    #[must_use]
    pub fn target(&self) -> String {
        match self {
            Self::Open(revision) | Self::Publish(revision) => revision.id().to_string(),
            Self::Draft(action) => action.id().to_string(),
            Self::PublishDraft { draft, .. } => draft.to_string(),
        }
    }

    /// What kind of action it is.
    #[must_use]
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::Open(_) => ActionKind::TemplateOpen,
            Self::Publish(_) => ActionKind::TemplatePublish,
            Self::Draft(DraftAction::Start(_)) => ActionKind::DraftStart,
            Self::Draft(DraftAction::Edit { .. }) => ActionKind::DraftEdit,
            Self::Draft(DraftAction::Discard { .. }) => ActionKind::DraftDiscard,
            Self::PublishDraft { .. } => ActionKind::DraftPublish,
        }
    }
}

impl TemplateAct {
    /// An act without a reason.
    #[must_use]
    pub const fn new(action: TemplateAction) -> Self {
        Self {
            action,
            reason: None,
            redo_of: None,
        }
    }
}

impl CheckedTemplate {
    /// The act.
    #[must_use]
    pub const fn act(&self) -> &TemplateAct {
        &self.act
    }
}

fn plan(past: &Past<'_>, act: &TemplateAct) -> Result<Plan, ActError> {
    if let Some(reason) = &act.reason {
        bounds::check_reason(reason)?;
    }
    let opened = !past.seen(Object::Root, KIND).is_empty();
    match &act.action {
        TemplateAction::Open(_) if opened => Err(ActError::AlreadyOpened),
        TemplateAction::Open(revision) if !revision.supersedes().is_empty() => {
            Err(ActError::WrongLineage {
                revision: revision.id(),
                current: "none".to_owned(),
            })
        }
        TemplateAction::Open(revision) => Ok(plan_opening(revision)),
        TemplateAction::Publish(_)
        | TemplateAction::Draft(_)
        | TemplateAction::PublishDraft { .. }
            if !opened =>
        {
            Err(ActError::NotOpened)
        }
        TemplateAction::Publish(revision) => plan_publish(past, revision),
        TemplateAction::Draft(action) => draft::plan(past, action),
        TemplateAction::PublishDraft { draft, revision } => {
            let mut plan = plan_publish(past, revision)?;
            let step = draft::plan_published(past, *draft, revision.id())?;
            plan.steps.push(step);
            Ok(plan)
        }
    }
}

/// The revisions that a publish takes the place of: those current now, a bounded number of them.
#[must_use]
pub fn sides(past: &Past<'_>) -> BTreeSet<RevisionId> {
    let sides = past.sides(Object::Root, CURRENT);
    let ids = sides.iter().filter_map(|side| side.as_text()?.parse().ok());
    ids.take(MAX_SUPERSEDED).collect()
}

/// A revision as the text of its canonical package.
mod carried {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    use crate::template::Revision;

    pub(super) fn serialize<S: Serializer>(
        revision: &Arc<Revision>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        s.serialize_str(&String::from_utf8_lossy(revision.as_bytes()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Arc<Revision>, D::Error> {
        let package = String::deserialize(d)?;
        let revision = Revision::decode(package.as_bytes()).map_err(serde::de::Error::custom)?;
        Ok(Arc::new(revision))
    }
}

#[cfg(test)]
mod tests;
