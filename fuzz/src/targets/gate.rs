//! One change: gate layer 1, its place, its shape, and merging it.
//!
//! Input: the number of a device, then the chunk. What the gate accepts must be the change that
//! the document library reads; what has the shape of an action must merge, save and load.

use automerge::{Automerge, Change};
use casework_engine::case::{Batch, Message, Shaped, shape_case, touched_by};
use casework_engine::view::{
    Breaches, TimelineContext, TimelinePage, ViewContext, read, refresh, timeline,
};
use casework_protocol::citation::Citation;
use casework_protocol::gate::{
    ActorTip, ChangeHeader, ChangeIndex, CheckedChange, GateError, IndexedChange, check_change,
    check_document, check_position,
};
use casework_protocol::ids::{ActorId, ChangeHash, DeviceId};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::casebook::{CASE, book, device, member, origin, save};
use crate::chunk::ChangeParts;
use crate::chunk::mutate::mutate_change;
use crate::guard::guarded;
use crate::mutate::mutate_bytes;
use crate::outcome::Outcome;

mod operations;

/// Runs one input.
///
/// # Panics
/// When a promise is broken.
#[must_use]
pub fn run(data: &[u8]) -> Outcome {
    let checked = match first(data) {
        Ok(checked) => checked,
        Err(error) => return Outcome::refused(&error),
    };
    let change = read_as_the_library(&checked);
    let header = checked.header();
    let book = book();
    let before = book.before(header.actor, header.seq);
    if let Err(error) = check_position(header, &Index(before)) {
        return Outcome::read(&error).within("Position");
    }
    let batch = Batch::new(before);
    let shaped = guarded(|| book.with_revisions(|known| shape_case(&batch, change, known)));
    match shaped {
        Ok(Ok(shaped)) => {
            let message = shaped.message().clone();
            let merged = merge(before, batch, shaped, header);
            assert_shown(before, &merged, &message);
            Outcome::accepted(&message.action)
        }
        Ok(Err(error)) => Outcome::read(&error).within("Shape"),
        // A replica catches this and sets the change aside; it is told, and counted.
        Err(_) => Outcome::read(&"").within("ShapePanics").with_caught(1),
    }
}

/// The first check alone: what a relay does to every change.
///
/// # Errors
/// The gate's.
pub fn first(data: &[u8]) -> Result<CheckedChange, GateError> {
    let (number, bytes) = data.split_first().unwrap_or((&0, &[]));
    check_change(&origin(*number), bytes.to_vec())
}

/// What the gate read is what the document library reads, byte by byte.
fn read_as_the_library(checked: &CheckedChange) -> Change {
    let header = checked.header();
    let change = guarded(|| Change::from_bytes(checked.bytes().to_vec()))
        .unwrap_or_else(|panic| panic!("an accepted change cannot be read: {panic}"))
        .unwrap_or_else(|error| panic!("an accepted change cannot be read: {error}"));
    assert_eq!(
        change.raw_bytes(),
        checked.bytes(),
        "the bytes differ after reading"
    );
    assert_eq!(change.hash().0, *header.hash.as_bytes());
    assert_eq!(change.actor_id().to_bytes(), header.actor.as_bytes());
    assert_eq!(change.seq(), u64::from(header.seq));
    assert_eq!(change.start_op().get(), u64::from(header.start_op));
    assert_eq!(
        change.len(),
        header.op_count as usize,
        "the operations are counted otherwise"
    );
    assert_eq!(change.max_op(), u64::from(header.max_op()));
    assert_eq!(change.message().unwrap_or(""), header.message);
    assert_eq!(change.timestamp(), header.time_ms);
    let deps = change.deps().iter().map(|dep| ChangeHash::new(dep.0));
    assert!(deps.eq(header.deps.iter().copied()));
    let author = change.author().map(|author| author.as_bytes().to_vec());
    assert_eq!(
        author,
        header.author.map(|author| author.as_bytes().to_vec())
    );
    change
}

/// A shaped change merges without a panic, and the document still passes its own gate.
fn merge(before: &Automerge, batch: Batch<'_>, shaped: Shaped, header: &ChangeHeader) -> Automerge {
    let mut batch = batch;
    batch.take(shaped);
    let changes = batch.into_changes();
    let mut doc = before.clone();
    guarded(|| doc.apply_changes(changes))
        .unwrap_or_else(|panic| panic!("merging a shaped change panics: {panic}"))
        .unwrap_or_else(|error| panic!("a shaped change is refused: {error}"));
    let hash = automerge::ChangeHash(*header.hash.as_bytes());
    assert!(
        doc.get_change_meta_by_hash(&hash).is_some(),
        "the change was queued, not merged"
    );
    let saved = guarded(|| save(&doc, true)).expect("a merged document is saved");
    let checked = check_document(&saved)
        .unwrap_or_else(|error| panic!("our own document does not pass the gate: {error}"));
    assert!(
        checked
            .heads()
            .iter()
            .any(|head| head.as_bytes() == header.hash.as_bytes())
    );
    let loaded = guarded(|| Automerge::load(&saved))
        .unwrap_or_else(|panic| panic!("loading panics: {panic}"))
        .unwrap_or_else(|error| panic!("a merged document cannot be loaded: {error}"));
    assert_eq!(loaded.get_heads(), doc.get_heads());
    doc
}

/// The case can be shown, and what was refreshed by the message alone is what is read anew.
fn assert_shown(before: &Automerge, after: &Automerge, message: &Message) {
    let members = |found: DeviceId| (1..4).find(|n| device(*n) == found).map(member);
    let (revision, breaches) = (Some(&**book().revision()), Breaches::new());
    let document = CASE;
    let context = ViewContext {
        document,
        members: &members,
        revision,
        breaches: &breaches,
    };
    let whole = read(after, &context)
        .unwrap_or_else(|error| panic!("a case with a shaped change cannot be shown: {error}"));
    if let Ok(mut view) = read(before, &context) {
        refresh(&mut view, after, &touched_by(message), &context)
            .unwrap_or_else(|error| panic!("its view cannot be refreshed: {error}"));
        assert_eq!(view, whole, "a refreshed view is another one: {message:?}");
    }
    let page = TimelinePage { skip: 0, take: 2 };
    let context = TimelineContext {
        members: &members,
        arrivals: &|_| None,
    };
    assert!(!timeline(after, &context, page).is_empty());
}

/// A document as the index of its changes.
struct Index<'a>(&'a Automerge);

impl ChangeIndex for Index<'_> {
    fn change(&self, hash: ChangeHash) -> Option<IndexedChange> {
        let meta = self
            .0
            .get_change_meta_by_hash(&automerge::ChangeHash(*hash.as_bytes()))?;
        Some(IndexedChange {
            actor: ActorId::from_slice(meta.actor.to_bytes())?,
            seq: u32::try_from(meta.seq).ok()?,
            max_op: u32::try_from(meta.max_op).ok()?,
            citation: Citation::read(meta.message.as_deref()?).ok()?,
        })
    }

    fn tip(&self, actor: ActorId) -> Option<ActorTip> {
        let metas = self.0.get_changes_meta(&[]);
        let own = metas
            .iter()
            .filter(|meta| meta.actor.to_bytes() == actor.as_bytes());
        let newest = own.max_by_key(|meta| meta.seq)?;
        Some(ActorTip {
            seq: u32::try_from(newest.seq).ok()?,
            hash: ChangeHash::new(newest.hash.0),
            max_op: u32::try_from(newest.max_op).ok()?,
        })
    }

    fn numbered(&self, actor: ActorId, seq: u32) -> Option<ChangeHash> {
        let metas = self.0.get_changes_meta(&[]);
        let same = |meta: &&automerge::ChangeMetadata<'_>| {
            meta.actor.to_bytes() == actor.as_bytes() && meta.seq == u64::from(seq)
        };
        metas
            .iter()
            .find(same)
            .map(|meta| ChangeHash::new(meta.hash.0))
    }
}

/// Every change of the book with its device.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let input = |change: &crate::casebook::BookChange| {
        [&[change.device][..], change.bytes.as_slice()].concat()
    };
    book().changes().iter().map(input).collect()
}

/// Alters parts of the chunk, single operations, the words of its message, or any bytes.
pub fn mutate(data: &mut Vec<u8>, other: &[u8], dice: &mut ChaCha8Rng) {
    let Some((number, bytes)) = data.split_first() else {
        return mutate_bytes(data, other, dice);
    };
    let (mut number, mut bytes) = (*number, bytes.to_vec());
    let donor = other.get(1..).unwrap_or_default();
    match dice.random_range(0..10) {
        0 => mutate_bytes(&mut bytes, donor, dice),
        1..6 => mutate_change(&mut bytes, donor, dice),
        6..9 => operations::mutate(&mut bytes, donor, dice),
        _ => relabel(&mut bytes, donor),
    }
    if dice.random_ratio(1, 60) {
        number = dice.random_range(0..4);
    }
    *data = [&[number][..], &bytes].concat();
}

/// Gives a change the message of another one.
fn relabel(bytes: &mut Vec<u8>, donor: &[u8]) {
    let (Some(mut parts), Some(donor)) = (ChangeParts::of(bytes), ChangeParts::of(donor)) else {
        return;
    };
    parts.message = donor.message;
    *bytes = parts.seal();
}
