//! Writes a checked act as one change.
//!
//! Every set, add and settlement is written as delete and put, so that there is always an
//! operation to merge: putting a value that is there already would write nothing, and a concurrent
//! removal would win. Judges nothing.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{Automerge, AutomergeError, ChangeHash as Hash, ObjId, ObjType};
use casework_protocol::citation::Citation;
use casework_protocol::ids::ChangeHash;
use casework_protocol::limits::{MAX_CHANGE_BYTES, MAX_CHANGE_OPS, MAX_MESSAGE_BYTES};

use super::bounds::MAX_EDITED_CHARACTERS;
use super::judge::Checked;
use super::message::{Message, RevisionMark};
use super::past::{Object, to_stored};
use super::prose::pieces;
use super::refusal::ActError;
use super::step::{Plan, Step, Target};

/// Left free in a change for its header: dependencies, actors, and the end of every column.
const SPARE_BYTES: usize = 24 * 1024;

/// What the author of a change knew and when it acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The roster and access version it saw.
    pub citation: Citation,
    /// The template revision it was judged by; `None` in template documents.
    pub revision: Option<RevisionMark>,
    /// Milliseconds since 1970 by the author's clock.
    pub time_ms: i64,
    /// The author's offset from UTC, in minutes.
    pub zone_min: i16,
}

/// A change that was not written. The document is as before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The act cannot be put into one change. Cure: in the text.
    #[error(transparent)]
    Act(#[from] ActError),
    /// The document library refused. Cause: the document is not the one the act was checked
    /// against. Cure: check again.
    #[error("the document refused the change: {0}")]
    Document(#[from] AutomergeError),
    /// Nothing was written. Cause: the text is so already. Cure: none needed.
    #[error("the change would have been empty")]
    Empty,
}

/// Writes a checked act into the document it was checked against, under the document's actor.
///
/// # Errors
/// [`WriteError`]; the document is unchanged then.
pub fn write(doc: &mut Automerge, checked: &Checked, stamp: &Stamp) -> Result<Hash, WriteError> {
    let act = checked.act();
    let message = Message {
        citation: stamp.citation,
        revision: stamp.revision,
        action: act.action.kind(),
        on: act.action.target(),
        why: act.reason.clone(),
        rule: checked.rule().map(str::to_owned),
        zone_min: stamp.zone_min,
        imported: act.imported,
        redo_of: act.redo_of,
        cause: act.cause.clone(),
        undo_of: act.undo_of,
    };
    commit(doc, checked.plan(), &message, stamp.time_ms)
}

/// Writes a plan with its message as one change.
pub(crate) fn commit(
    doc: &mut Automerge,
    plan: &Plan,
    message: &Message,
    time_ms: i64,
) -> Result<Hash, WriteError> {
    let text = message.to_text();
    let (bytes, max) = (text.len(), MAX_MESSAGE_BYTES);
    if bytes > max {
        return Err(ActError::MessageTooLong { bytes, max }.into());
    }
    let (bytes, max) = (text.len() + plan.bytes(), MAX_CHANGE_BYTES - SPARE_BYTES);
    if bytes > max {
        return Err(ActError::ChangeTooLarge { bytes, max }.into());
    }
    let mut tx = doc.transaction();
    match apply(&mut tx, plan) {
        Ok(()) => {
            let options = CommitOptions::default()
                .with_message(text)
                .with_time(time_ms);
            tx.commit_with(options).0.ok_or(WriteError::Empty)
        }
        Err(error) => {
            tx.rollback();
            Err(error)
        }
    }
}

fn apply(tx: &mut impl Transactable, plan: &Plan) -> Result<(), WriteError> {
    let mut made: Vec<ObjId> = Vec::new();
    for step in &plan.steps {
        match step {
            Step::Put { object, key, value } => {
                let object = find(*object, &made);
                tx.delete(&object, key.as_str())?;
                tx.put(&object, key.as_str(), to_stored(value))?;
            }
            Step::Remove { object, key } => tx.delete(find(*object, &made), key.as_str())?,
            Step::MakeMap { object, key } => {
                let map = tx.put_object(find(*object, &made), key.as_str(), ObjType::Map)?;
                made.push(map);
            }
            Step::MakeText { object, key } => {
                let text = tx.put_object(find(*object, &made), key.as_str(), ObjType::Text)?;
                made.push(text);
            }
            Step::Prose { texts, text } => {
                let texts: Vec<ObjId> = texts.iter().map(|text| find(*text, &made)).collect();
                edit(tx, &texts, text)?;
            }
        }
    }
    let (count, max) = (
        tx.pending_ops(),
        usize::try_from(MAX_CHANGE_OPS).unwrap_or(usize::MAX),
    );
    if count > max {
        return Err(ActError::TooMany {
            what: "operations",
            count,
            max,
        }
        .into());
    }
    Ok(())
}

/// Several texts lie under one key after a concurrent first use; each takes its part of the prose.
fn edit(tx: &mut impl Transactable, texts: &[ObjId], prose: &str) -> Result<(), WriteError> {
    let before = tx.pending_ops();
    let old = texts
        .iter()
        .map(|text| tx.text(text))
        .collect::<Result<Vec<_>, _>>()?;
    for (text, piece) in texts.iter().zip(pieces(&old, prose)) {
        tx.update_text(text, &piece)?;
    }
    let (count, max) = (tx.pending_ops() - before, MAX_EDITED_CHARACTERS);
    if count > max {
        return Err(ActError::TooMany {
            what: "edited characters",
            count,
            max,
        }
        .into());
    }
    Ok(())
}

fn find(target: Target, made: &[ObjId]) -> ObjId {
    match target {
        Target::There(object) => Object::to_exid(object),
        Target::New(n) => made[n].clone(),
    }
}

/// A change's hash in the protocol's terms.
#[must_use]
pub fn change_hash(hash: &Hash) -> ChangeHash {
    ChangeHash::new(hash.0)
}
