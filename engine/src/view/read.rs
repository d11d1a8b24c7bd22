//! Reads a view out of a document, whole or only the places that were touched.
//!
//! Invariant: `refresh` after any changes gives what `read` of the whole document gives. Admission
//! keeps what is not a case out; what a reader finds unreadable all the same it passes over.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, ChangeHash as Hash, ROOT, ReadDoc};
use casework_protocol::ids::{DocumentId, MemberId};

use super::case::{CaseView, OverrideView};
use super::comment::{count_all_comments, count_comments};
use super::decision::read_decisions;
use super::facet::Facets;
use super::field::{read_field, read_fields};
use super::flags::{Flags, derive};
use super::journey::{Journey, read_closings, read_visits};
use super::reader::{Reader, ViewContext, closing, member_or_null, text, text_or_null};
use super::side::{Origins, Slot};
use super::task::{read_task, read_tasks};
use crate::case::action::Override;
use crate::case::facet::review::{Review, review_key};
use crate::case::message::Message;
use crate::case::{ActionKind, FacetKind, PartId, Place, Shelf, schema};
use crate::value::Scalar;

/// A document that cannot be shown as a case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The document is something else, or empty. Cure: look it up again by its id.
    #[error("the document is not a case but {kind:?}")]
    NotACase {
        /// What it says it is.
        kind: String,
    },
    /// A part that the opening of a case writes is missing. Cause: a document that never passed
    /// admission. Cure: quarantine it.
    #[error("the case lacks its {part}")]
    Missing {
        /// The key that is missing or unreadable.
        part: &'static str,
    },
}

/// Reads the whole view.
///
/// # Errors
/// [`ViewError`] if the document is not a case.
pub fn read(doc: &Automerge, context: &ViewContext<'_>) -> Result<CaseView, ViewError> {
    let mut reader = Reader::new(doc, context.members, Origins::default());
    reader.load_root();
    let kind = root_text(&reader, schema::KIND).unwrap_or_default();
    if kind != schema::CASE_KIND {
        return Err(ViewError::NotACase { kind });
    }
    let mut view = read_header(&mut reader, context.document)?;
    view.fields = read_fields(&mut reader);
    view.tasks = read_tasks(&mut reader);
    view.decisions = read_decisions(&mut reader);
    view.overrides = read_overrides(&mut reader);
    view.facets = Facets::read(&mut reader);
    view.journey.visits = read_visits(&mut reader, Vec::new());
    view.journey.closings = read_closings(&mut reader, Vec::new());
    view.comment_buckets = count_all_comments(&reader);
    finish(&mut view, reader, context)?;
    Ok(view)
}

/// Reads the touched places anew, and what every change alters.
///
/// # Errors
/// [`ViewError`] if the document is not a case; the view is then of no use any more.
pub fn refresh(
    view: &mut CaseView,
    doc: &Automerge,
    touched: &BTreeSet<Place>,
    context: &ViewContext<'_>,
) -> Result<(), ViewError> {
    if touched.contains(&Place::Case) {
        *view = read(doc, context)?;
        return Ok(());
    }
    let mut reader = Reader::new(doc, context.members, std::mem::take(&mut view.origins));
    for place in touched {
        refresh_place(view, &mut reader, place)?;
    }
    let mut shelves: BTreeSet<Shelf> = touched.iter().filter_map(shelf_of).collect();
    if touched.contains(&Place::Closed) {
        // Reopening writes its log in the same change.
        shelves.insert(Shelf::Reopenings);
    }
    view.facets.refresh(&mut reader, &shelves);
    finish(view, reader, context)
}

fn refresh_place(
    view: &mut CaseView,
    reader: &mut Reader<'_>,
    place: &Place,
) -> Result<(), ViewError> {
    match place {
        Place::Case => {}
        Place::Title => view.title = root_slot(reader, schema::TITLE, text)?,
        Place::Stage => {
            view.stage = root_slot(reader, schema::STAGE, text)?;
            let known = std::mem::take(&mut view.journey.visits);
            view.journey.visits = read_visits(reader, known);
        }
        Place::Owner => view.owner = root_slot(reader, schema::OWNER, member_or_null)?,
        Place::Priority => view.priority = root_slot(reader, schema::PRIORITY, text_or_null)?,
        Place::Severity => view.severity = root_slot(reader, schema::SEVERITY, text_or_null)?,
        Place::Due => view.due = root_slot(reader, schema::DUE, text_or_null)?,
        Place::Closed => {
            view.closed = root_slot(reader, schema::CLOSED, closing)?;
            let known = std::mem::take(&mut view.journey.closings);
            view.journey.closings = read_closings(reader, known);
        }
        Place::Labels => view.labels = read_keys(reader, schema::LABELS),
        Place::Assignees => view.assignees = read_members(reader, schema::ASSIGNEES),
        Place::Watchers => view.watchers = read_members(reader, schema::WATCHERS),
        Place::Field(id) | Place::Set(id) | Place::Counter(id) | Place::Text(id) => {
            let field = read_field(reader, id);
            replace(
                &mut view.fields,
                id.clone(),
                Some(field).filter(|f| !f.is_untouched()),
            );
        }
        Place::Task(id) | Place::TaskPart(id, _) => {
            let tasks = reader.object(&ROOT, schema::TASKS);
            let task = tasks.and_then(|tasks| read_task(reader, &tasks, *id));
            replace(&mut view.tasks, *id, task);
        }
        Place::Comment(id) => {
            view.comment_buckets[id.bucket()] = count_comments(reader, id.bucket());
        }
        Place::Decision(_) | Place::Question(_) => view.decisions = read_decisions(reader),
        Place::Overrides => view.overrides = read_overrides(reader),
        Place::Number => {
            if let Some(number) = root_text(reader, schema::NUMBER) {
                view.number = number;
            }
        }
        // Facets are read once for all their places.
        Place::Record(_, _) | Place::RecordPart(_, _, _) => {}
    }
    Ok(())
}

fn shelf_of(place: &Place) -> Option<Shelf> {
    if let Place::Record(shelf, _) | Place::RecordPart(shelf, _, _) = place {
        Some(*shelf)
    } else {
        None
    }
}

/// What every change alters: counts, the newest change, flags, the table of origins.
fn finish(
    view: &mut CaseView,
    mut reader: Reader<'_>,
    context: &ViewContext<'_>,
) -> Result<(), ViewError> {
    let doc = reader.doc;
    hide_redacted(view);
    let heads = doc.get_heads();
    let metas: Vec<_> = heads
        .iter()
        .filter_map(|h| doc.get_change_meta_by_hash(h))
        .collect();
    let newest = metas
        .iter()
        .max_by_key(|meta| (meta.start_op, meta.timestamp, meta.hash))
        .ok_or(ViewError::Missing { part: "history" })?;
    let message = newest
        .message
        .as_deref()
        .and_then(|text| Message::read(text).ok());
    view.revision = message.and_then(|message| message.revision);
    view.changed_ms = metas
        .iter()
        .map(|meta| meta.timestamp)
        .max()
        .unwrap_or_default();
    view.changes = doc.stats().num_changes;
    view.last = reader
        .origin_of_change(&newest.hash)
        .ok_or(ViewError::Missing { part: "history" })?;
    view.active = newest_of_people(doc, heads)
        .and_then(|hash| reader.origin_of_change(&hash))
        .unwrap_or(view.last);
    view.origins = reader.origins;
    view.flags = derive(view, doc, context);
    view.renumber();
    Ok(())
}

/// What a redacted field said is said nowhere else: not in the answers of a form that set it, and
/// not among what an approval was asked at.
fn hide_redacted(view: &mut CaseView) {
    let fields = view
        .fields
        .iter()
        .filter(|(_, field)| field.redacted.is_some());
    for (id, _) in fields {
        view.facets.forms.hide(id);
        view.facets.approvals.hide(id);
    }
}

/// The newest change in causal order that a person made, found backwards from the heads: an
/// operation's number is greater than those of everything its change builds on.
fn newest_of_people(doc: &Automerge, heads: Vec<Hash>) -> Option<Hash> {
    let known = |hash: Hash| {
        let meta = doc.get_change_meta_by_hash(&hash)?;
        Some((meta.start_op, meta.timestamp, hash))
    };
    let mut open: BTreeSet<_> = heads.into_iter().filter_map(known).collect();
    while let Some((_, _, hash)) = open.pop_last() {
        let meta = doc.get_change_meta_by_hash(&hash)?;
        let message = meta.message.as_deref();
        let message = message.and_then(|text| Message::read(text).ok());
        if message.is_none_or(|message| !is_automatic(&message)) {
            return Some(hash);
        }
        open.extend(meta.deps.iter().copied().filter_map(known));
    }
    None
}

/// Whether a rule or the agent made a change.
const fn is_automatic(message: &Message) -> bool {
    message.cause.is_some() || matches!(message.action, ActionKind::Facet(FacetKind::Automation(_)))
}

fn read_header(reader: &mut Reader<'_>, document: DocumentId) -> Result<CaseView, ViewError> {
    let opened = match reader.doc.get(ROOT, schema::KIND) {
        Ok(Some((_, op))) => reader.origin_of_op(&op),
        Ok(None) | Err(_) => None,
    }
    .ok_or(ViewError::Missing { part: schema::KIND })?;
    Ok(CaseView {
        document,
        template: root_text(reader, schema::TEMPLATE)
            .and_then(|id| id.parse().ok())
            .ok_or(ViewError::Missing {
                part: schema::TEMPLATE,
            })?,
        revision: None,
        number: root_text(reader, schema::NUMBER).ok_or(ViewError::Missing {
            part: schema::NUMBER,
        })?,
        title: root_slot(reader, schema::TITLE, text)?,
        stage: root_slot(reader, schema::STAGE, text)?,
        owner: root_slot(reader, schema::OWNER, member_or_null)?,
        priority: root_slot(reader, schema::PRIORITY, text_or_null)?,
        severity: root_slot(reader, schema::SEVERITY, text_or_null)?,
        due: root_slot(reader, schema::DUE, text_or_null)?,
        closed: root_slot(reader, schema::CLOSED, closing)?,
        assignees: read_members(reader, schema::ASSIGNEES),
        watchers: read_members(reader, schema::WATCHERS),
        labels: read_keys(reader, schema::LABELS),
        fields: BTreeMap::new(),
        tasks: BTreeMap::new(),
        decisions: BTreeMap::new(),
        overrides: BTreeMap::new(),
        facets: Facets::default(),
        journey: Journey::default(),
        flags: Flags::default(),
        comment_buckets: [0; 16],
        changes: 0,
        opened,
        last: opened,
        active: opened,
        changed_ms: 0,
        origins: Origins::default(),
    })
}

fn root_text(reader: &Reader<'_>, key: &'static str) -> Option<String> {
    text(reader.scalars(&ROOT, key).pop()?.value)
}

fn root_slot<T: PartialEq>(
    reader: &mut Reader<'_>,
    key: &'static str,
    read: fn(Scalar) -> Option<T>,
) -> Result<Slot<T>, ViewError> {
    reader
        .slot(&ROOT, key, read)
        .ok_or(ViewError::Missing { part: key })
}

fn read_keys(reader: &Reader<'_>, map: &'static str) -> BTreeSet<String> {
    let Some(map) = reader.object(&ROOT, map) else {
        return BTreeSet::new();
    };
    reader.doc.keys(&map).collect()
}

fn read_members(reader: &Reader<'_>, map: &'static str) -> BTreeSet<MemberId> {
    read_keys(reader, map)
        .iter()
        .filter_map(|id| id.parse().ok())
        .collect()
}

fn read_overrides(reader: &mut Reader<'_>) -> BTreeMap<PartId, OverrideView> {
    let Some(map) = reader.object(&ROOT, schema::OVERRIDES) else {
        return BTreeMap::new();
    };
    let reviews = reader.slots(&map, |value| Review::read(value.as_text()?));
    let mut reviews: BTreeMap<String, Slot<Review>> = reviews.into_iter().collect();
    let found = reader.slots(&map, |value| Override::read(value.as_text()?));
    found
        .into_iter()
        .filter_map(|(id, slot)| {
            let Override { rule, why } = slot.value().clone();
            let id: PartId = id.parse().ok()?;
            let review = reviews.remove(&review_key(id));
            let by = slot.shown().by;
            Some((
                id,
                OverrideView {
                    rule,
                    why,
                    by,
                    review,
                },
            ))
        })
        .collect()
}

/// Puts what was read into a map of the view, or takes out what is no longer there.
fn replace<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}
