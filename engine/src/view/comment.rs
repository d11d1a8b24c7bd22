//! A comment as people see it, a row of its own beside the case.
//!
//! The key of a comment says what never changes (internal or external, reply to what); its values
//! are the bodies. Invariant: redaction wins over every edit, in every view.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, ChangeMetadata, ObjId, ROOT, ReadDoc};
use casework_protocol::ids::ChangeHash;
use serde::{Deserialize, Serialize};

use super::reader::{Found, Reader, ViewContext, scalar_of, text};
use super::side::{Origin, Origins};
use crate::case::message::Message;
use crate::case::schema::CommentKey;
use crate::case::{PartId, schema};
use crate::value::Scalar;

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentView {
    /// Its id.
    pub id: PartId,
    /// Its place among the comments of the case.
    pub order: CommentOrder,
    /// What it says, newest edit first in causal order; empty when redacted.
    pub body: String,
    /// Whether it is meant for people outside the team.
    pub external: bool,
    /// The comment it answers, or what somebody sent by a form.
    pub reply_to: Option<PartId>,
    /// Who wrote it.
    pub author: Origin,
    /// The newest edit, if there was one.
    pub edited: Option<Origin>,
    /// Other bodies, written without knowing of the one shown.
    pub parallel: Vec<ParallelEdit>,
    /// Why it is no longer shown.
    pub redacted: Option<String>,
}

/// An edit that is kept beside the one shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParallelEdit {
    /// What it says.
    pub body: String,
    /// Who wrote it.
    pub by: Origin,
}

/// The order of comments: causality first, then the authors' clocks, then the change hash, so that
/// it is the same everywhere. It never changes once a comment is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CommentOrder {
    /// First operation of the change that wrote it: later than everything its author knew.
    pub counter: u64,
    /// The author's clock, milliseconds UTC.
    pub claimed_ms: i64,
    /// The change that wrote it.
    pub change: ChangeHash,
}

/// First byte of a stored comment. A row of another version is read anew from its document.
const STORED_VERSION: u8 = 1;

/// A stored comment that cannot be read: another version, or damaged bytes. Read it anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored comment of {bytes} bytes and version {version:?} is not readable")]
pub struct StoredCommentError {
    /// How long the stored comment is.
    pub bytes: usize,
    /// Its first byte.
    pub version: Option<u8>,
}

impl CommentView {
    /// The bytes to store: a version and the comment.
    #[must_use]
    pub fn to_stored(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![STORED_VERSION])
            .expect("a comment has no sequence of unknown length")
    }

    /// Reads what [`Self::to_stored`] wrote.
    ///
    /// # Errors
    /// [`StoredCommentError`] for another version or damaged bytes; the cure is to read it anew.
    pub fn from_stored(bytes: &[u8]) -> Result<Self, StoredCommentError> {
        match bytes.split_first() {
            Some((&STORED_VERSION, body)) => postcard::from_bytes(body).ok(),
            Some(_) | None => None,
        }
        .ok_or_else(|| StoredCommentError {
            bytes: bytes.len(),
            version: bytes.first().copied(),
        })
    }
}

/// Every comment of the case, in order.
#[must_use]
pub fn read_comments(doc: &Automerge, context: &ViewContext<'_>) -> Vec<CommentView> {
    let mut reader = Reader::new(doc, context.members, Origins::default());
    reader.load_history();
    let found = (0..schema::BUCKETS.len())
        .flat_map(|bucket| find(&reader, bucket, None))
        .collect::<Vec<_>>();
    show(&mut reader, found)
}

/// The comments with these ids, in order; those that are not there are left out.
#[must_use]
pub fn refresh_comments(
    doc: &Automerge,
    ids: &BTreeSet<PartId>,
    context: &ViewContext<'_>,
) -> Vec<CommentView> {
    let mut reader = Reader::new(doc, context.members, Origins::default());
    let found = ids
        .iter()
        .flat_map(|id| find(&reader, id.bucket(), Some(*id)))
        .collect::<Vec<_>>();
    show(&mut reader, found)
}

/// Whether a comment was begun more than once: a rule that one trigger set off on two devices wrote
/// it on both. Its place is that of the earlier beginning, which may arrive later.
pub(crate) fn is_begun_twice(doc: &Automerge, id: PartId, context: &ViewContext<'_>) -> bool {
    let reader = Reader::new(doc, context.members, Origins::default());
    let found = find(&reader, id.bucket(), Some(id));
    found.len() > 1 || found.iter().any(|(_, bodies)| bodies.len() > 1)
}

/// How many comments lie in one of the sixteen maps.
pub(super) fn count_comments(reader: &Reader<'_>, bucket: usize) -> u32 {
    bucket_map(reader, bucket).map_or(0, |map| count_in(reader, &map))
}

/// How many comments lie in each of the sixteen maps.
pub(super) fn count_all_comments(reader: &Reader<'_>) -> [u32; schema::BUCKETS.len()] {
    let mut counts = [0; schema::BUCKETS.len()];
    let Some(comments) = reader.object(&ROOT, schema::COMMENTS) else {
        return counts;
    };
    for item in reader.doc.map_range(&comments, ..) {
        let bucket = schema::BUCKETS.iter().position(|name| *name == item.key);
        if let Some(bucket) = bucket {
            counts[bucket] = if item.conflict {
                count_comments(reader, bucket)
            } else {
                count_in(reader, &item.id())
            };
        }
    }
    counts
}

fn count_in(reader: &Reader<'_>, map: &ObjId) -> u32 {
    u32::try_from(reader.doc.length(map)).unwrap_or(u32::MAX)
}

/// A comment's key with its bodies, in ascending order of the operations.
type Bodies = (CommentKey, Vec<Found<Scalar>>);

fn find(reader: &Reader<'_>, bucket: usize, id: Option<PartId>) -> Vec<Bodies> {
    let Some(map) = bucket_map(reader, bucket) else {
        return Vec::new();
    };
    // `0` follows `/` in ASCII, so these are the keys `<id>/…`.
    let keys = id.map(|id| format!("{id}/")..format!("{id}0"));
    let doc = reader.doc;
    let items: Vec<_> = match keys {
        Some(keys) => doc.map_range(&map, keys).collect(),
        None => doc.map_range(&map, ..).collect(),
    };
    items
        .into_iter()
        .filter_map(|item| {
            let key: CommentKey = item.key.parse().ok()?;
            let bodies = if item.conflict {
                reader.scalars(&map, &item.key)
            } else {
                vec![Found {
                    value: scalar_of(&item.value)?,
                    op: item.id(),
                }]
            };
            Some((key, bodies))
        })
        .collect()
}

fn bucket_map(reader: &Reader<'_>, bucket: usize) -> Option<ObjId> {
    let comments = reader.object(&ROOT, schema::COMMENTS)?;
    reader.object(&comments, schema::BUCKETS[bucket])
}

/// Makes rows. Should a hostile author have put a second comment under an id, the first one stays.
fn show(reader: &mut Reader<'_>, found: Vec<Bodies>) -> Vec<CommentView> {
    let mut beginnings = None;
    let redacted = read_redacted(reader);
    let mut rows: BTreeMap<PartId, CommentView> = BTreeMap::new();
    for (key, bodies) in found {
        let Some(mut row) = show_one(reader, &mut beginnings, key, bodies) else {
            continue;
        };
        if let Some(reason) = redacted.get(&row.id) {
            row.body.clear();
            row.parallel.clear();
            row.redacted = Some(reason.clone());
        }
        match rows.get(&key.id) {
            Some(first) if first.order <= row.order => {}
            Some(_) | None => {
                rows.insert(key.id, row);
            }
        }
    }
    let mut rows: Vec<_> = rows.into_values().collect();
    rows.sort_by_key(|row| row.order);
    rows
}

fn show_one(
    reader: &mut Reader<'_>,
    beginnings: &mut Option<Beginnings>,
    key: CommentKey,
    bodies: Vec<Found<Scalar>>,
) -> Option<CommentView> {
    let alone = bodies.len() == 1;
    let bodies = said_of_it(reader, bodies);
    let slot = reader.slot_of(bodies, text)?;
    let newest = reader.origins.get(slot.shown().by).clone();
    let hash = automerge::ChangeHash(*newest.change.as_bytes());
    let unedited = if alone {
        reader.ask(&hash, beginning_of)?
    } else {
        None
    };
    let (author, order) = match unedited {
        Some(order) => (newest.clone(), order),
        None => {
            let beginnings = beginnings.get_or_insert_with(|| search_beginnings(reader));
            let order = *beginnings.get(&key.id)?;
            let by = reader.origin_of_change(&automerge::ChangeHash(*order.change.as_bytes()))?;
            (reader.origins.get(by).clone(), order)
        }
    };
    let rivals = slot.rivals().iter();
    let parallel = rivals.map(|side| ParallelEdit {
        body: side.value.clone(),
        by: reader.origins.get(side.by).clone(),
    });
    Some(CommentView {
        id: key.id,
        order,
        body: slot.value().clone(),
        external: key.external,
        reply_to: key.reply_to,
        edited: (newest.change != author.change).then_some(newest),
        author,
        parallel: parallel.collect(),
        redacted: None,
    })
}

/// What a comment was begun with stands only until somebody edits it, also where two devices wrote
/// it apart and one of the two was edited.
fn said_of_it(reader: &mut Reader<'_>, bodies: Vec<Found<Scalar>>) -> Vec<Found<Scalar>> {
    if bodies.len() < 2 {
        return bodies;
    }
    let mut beginning = |found: &Found<Scalar>| {
        let by = reader.origin_of_op(&found.op)?;
        let hash = automerge::ChangeHash(*reader.origins.get(by).change.as_bytes());
        reader.ask(&hash, beginning_of)?
    };
    let (begun, said): (Vec<_>, Vec<_>) = bodies
        .into_iter()
        .partition(|found| beginning(found).is_some());
    if said.is_empty() { begun } else { said }
}

/// The redacted comments and why.
fn read_redacted(reader: &mut Reader<'_>) -> BTreeMap<PartId, String> {
    let Some(map) = reader.object(&ROOT, schema::REDACTED) else {
        return BTreeMap::new();
    };
    let found = reader.slots(&map, text).into_iter();
    found
        .filter_map(|(key, slot)| {
            let id = key.strip_prefix("comment/")?.parse().ok()?;
            Some((id, slot.value().clone()))
        })
        .collect()
}

/// Comment → the change that wrote it first.
type Beginnings = BTreeMap<PartId, CommentOrder>;

/// Only the history knows who wrote a comment that was edited.
fn search_beginnings(reader: &mut Reader<'_>) -> Beginnings {
    reader.load_history();
    let mut beginnings = Beginnings::new();
    for meta in reader.history() {
        let Some(order) = beginning_of(meta) else {
            continue;
        };
        let message = meta
            .message
            .as_deref()
            .and_then(|text| Message::read(text).ok());
        if let Some(id) = message.and_then(|message| message.on?.parse().ok()) {
            let first = beginnings.entry(id).or_insert(order);
            *first = order.min(*first);
        }
    }
    beginnings
}

/// The order of the comment that a change wrote, unless it did something else. A quote inside a
/// JSON text is escaped, so this pair cannot stand anywhere else in a message.
fn beginning_of(meta: &ChangeMetadata<'_>) -> Option<CommentOrder> {
    let pair = concat!(r#""do":""#, "comment.add", '"');
    meta.message
        .as_deref()?
        .contains(pair)
        .then_some(CommentOrder {
            counter: meta.start_op,
            claimed_ms: meta.timestamp,
            change: ChangeHash::new(meta.hash.0),
        })
}
