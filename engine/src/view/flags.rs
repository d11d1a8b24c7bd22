//! The flags of a case: what people should look at, derived from the document and its revision.
//!
//! Nothing is stored that could be derived, and nothing is moved back or kept out because of a
//! flag (DOMAIN §4). Invariant: every replica with the same changes, revision and verdicts derives
//! the same flags.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use casework_protocol::ids::ChangeHash;
use serde::{Deserialize, Serialize};

use super::breach::NewerRule;
use super::case::CaseView;
use super::decision::contested_questions;
use super::reader::ViewContext;
use super::side::Slot;
use crate::case::facet::keeping::TRASHED;
use crate::case::message::Message;
use crate::case::{ActionKind, FacetKind, Place, TaskKey};
use crate::template::Revision;
use crate::value::ConflictPolicy;

/// What people should look at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags {
    /// The places that hold two or more values written without knowing of each other.
    pub contested: BTreeSet<Place>,
    /// The fields required in the stage that are empty, in the order of the stage's list.
    pub requirements_unmet: Vec<String>,
    /// The types of the documents that a stage asked for which the case left onward, and that are
    /// not there: `(stage, type)` in the order of the visits.
    pub documents_unmet: Vec<(String, String)>,
    /// How many changes were made without knowing of the close that holds.
    pub activity_after_close: u32,
    /// How many changes were made without knowing that the case had been put into the trash.
    pub activity_in_trash: u32,
    /// The changes that broke rules of the revision they cite and landed all the same, with the
    /// rules in words.
    pub rule_broken: BTreeMap<ChangeHash, Vec<String>>,
    /// The changes that came late and break rules which stand only in a newer revision.
    pub newer_rule_broken: BTreeMap<ChangeHash, NewerRule>,
    /// Whether the newest work was done in parallel and nobody has built on all of it yet.
    pub parallel_edit: bool,
}

impl Flags {
    /// Whether there is anything to look at. A parallel edit alone is merged and needs nobody.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.contested.is_empty()
            && self.requirements_unmet.is_empty()
            && self.documents_unmet.is_empty()
            && self.activity_after_close == 0
            && self.activity_in_trash == 0
            && self.rule_broken.is_empty()
            && self.newer_rule_broken.is_empty()
    }
}

/// The changes made without knowing of a close, except other closes and reopenings. Whoever made
/// them, and whoever closed the case, should hear of it.
#[must_use]
pub fn changes_beside_close(doc: &Automerge, close: ChangeHash) -> Vec<ChangeHash> {
    changes_beside(doc, close, is_activity)
}

/// The changes made without knowing that the case was put into the trash, except what is done to a
/// case in the trash. Whoever made them, and whoever put it there, should hear of it.
#[must_use]
pub fn changes_beside_trash(doc: &Automerge, trash: ChangeHash) -> Vec<ChangeHash> {
    changes_beside(doc, trash, |message| {
        let action = message
            .and_then(|text| Message::read(text).ok())
            .map(|message| message.action);
        !matches!(action, Some(ActionKind::Facet(FacetKind::Keeping(_))))
    })
}

fn changes_beside(
    doc: &Automerge,
    close: ChangeHash,
    is_activity: fn(Option<&str>) -> bool,
) -> Vec<ChangeHash> {
    let close = automerge::ChangeHash(*close.as_bytes());
    let mut after = BTreeSet::from([close]);
    let mut beside = Vec::new();
    // In an order in which every change follows its dependencies, the close itself left out.
    for meta in doc.get_changes_meta(&[close]) {
        if meta.deps.iter().any(|dep| after.contains(dep)) {
            after.insert(meta.hash);
        } else if is_activity(meta.message.as_deref()) {
            beside.push(ChangeHash::new(meta.hash.0));
        }
    }
    beside.sort_unstable();
    beside
}

/// Derives the flags of a view whose places are read.
pub(super) fn derive(view: &CaseView, doc: &Automerge, context: &ViewContext<'_>) -> Flags {
    let beside = if view.is_closed() {
        let close = view.origins.get(view.closed.shown().by).change;
        changes_beside_close(doc, close).len()
    } else {
        0
    };
    let in_trash = view.facets.keeping.is_trashed();
    let in_trash = in_trash
        .then(|| view.facets.keeping.set_by(TRASHED))
        .flatten();
    let in_trash = in_trash.map_or(0, |by| {
        changes_beside_trash(doc, view.origins.get(by).change).len()
    });
    let mut flags = Flags {
        contested: contested(view, context.revision),
        requirements_unmet: context.revision.map(|r| unmet(view, r)).unwrap_or_default(),
        documents_unmet: context
            .revision
            .map(|r| documents_unmet(view, r))
            .unwrap_or_default(),
        activity_after_close: u32::try_from(beside).unwrap_or(u32::MAX),
        activity_in_trash: u32::try_from(in_trash).unwrap_or(u32::MAX),
        parallel_edit: doc.get_heads().len() > 1,
        ..Flags::default()
    };
    flags.mark_breaches(context.breaches);
    flags
}

impl CaseView {
    /// Derives again what depends on the template's revision, which is another one now.
    pub fn judge_again(&mut self, revision: &Revision) {
        self.flags.contested = contested(self, Some(revision));
        self.flags.requirements_unmet = unmet(self, revision);
        self.flags.documents_unmet = documents_unmet(self, revision);
    }
}

fn contested(view: &CaseView, revision: Option<&Revision>) -> BTreeSet<Place> {
    let mut places = BTreeSet::new();
    let mut mark = |contested: bool, place: Place| {
        if contested {
            places.insert(place);
        }
    };
    mark(view.title.is_contested(), Place::Title);
    mark(view.stage.is_contested(), Place::Stage);
    mark(view.owner.is_contested(), Place::Owner);
    mark(view.priority.is_contested(), Place::Priority);
    mark(view.severity.is_contested(), Place::Severity);
    mark(view.due.is_contested(), Place::Due);
    mark(view.closed.is_contested(), Place::Closed);
    for (id, field) in &view.fields {
        // While the revision is unknown nothing is hidden: the default policy stands in.
        let policy = revision
            .and_then(|revision| revision.field(id))
            .map_or(ConflictPolicy::Contested, crate::template::Field::policy);
        mark(field.is_contested(policy), Place::Field(id.clone()));
    }
    for (id, task) in &view.tasks {
        let mut mark_part = |contested, key| mark(contested, Place::TaskPart(*id, key));
        mark_part(task.title.is_contested(), TaskKey::Title);
        mark_part(task.assignee.is_contested(), TaskKey::Assignee);
        mark_part(task.due.is_contested(), TaskKey::Due);
        mark_part(task.status.is_contested(), TaskKey::Status);
        let repeat = task.repeat.as_ref();
        mark_part(repeat.is_some_and(Slot::is_contested), TaskKey::Repeat);
        for item in &task.items {
            mark_part(item.text.is_contested(), TaskKey::ItemText(item.id));
            mark_part(item.done.is_contested(), TaskKey::ItemDone(item.id));
        }
    }
    places.extend(
        contested_questions(&view.decisions)
            .into_iter()
            .map(Place::Question),
    );
    places.extend(
        view.facets
            .contests()
            .into_iter()
            .map(|contest| contest.place),
    );
    places
}

fn unmet(view: &CaseView, revision: &Revision) -> Vec<String> {
    let filled = |id: &str| {
        view.held(revision, id)
            .is_some_and(super::field::FieldView::is_filled)
    };
    let missing = revision.missing_required(view.stage.value(), filled);
    missing.into_iter().map(|field| field.id.clone()).collect()
}

/// What the stages asked for from which the case went on to where it stands.
fn documents_unmet(view: &CaseView, revision: &Revision) -> Vec<(String, String)> {
    let documents = view.facets.documents.0.values();
    let there: BTreeSet<&str> = documents
        .filter(|document| !*document.withdrawn.value())
        .map(|document| document.kind.as_str())
        .collect();
    let mut unmet: Vec<(String, String)> = Vec::new();
    let stands = view.stage.value();
    for visit in &view.journey.visits {
        let missing = revision.missing_documents(&visit.stage, stands, |kind| there.contains(kind));
        for kind in missing {
            if !unmet.iter().any(|(_, known)| known == kind) {
                let stage = revision.placed(&visit.stage).to_owned();
                unmet.push((stage, kind.to_owned()));
            }
        }
    }
    unmet
}

/// Whether a change is activity in a case, as opposed to closing, reopening or looking at it.
fn is_activity(message: Option<&str>) -> bool {
    let action = message
        .and_then(|text| Message::read(text).ok())
        .map(|message| message.action);
    !matches!(
        action,
        Some(
            ActionKind::CaseClose
                | ActionKind::CaseReopen
                | ActionKind::Facet(FacetKind::Reading(_))
        )
    )
}
