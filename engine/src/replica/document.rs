//! Documents in memory: loaded on demand, strictly, and thrown away at the first sign of damage.
//!
//! `Snapshot` + changes since → [`OpenDocument`]. The document library may panic on bytes it does
//! not expect and leaves the document corrupt when it does; every call that feeds it bytes runs
//! inside [`guarded`], and after a failure the document is dropped, never used again.

use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::{Automerge, Change, LoadOptions, OnPartialLoad, ReadDoc};
use casework_protocol::gate::check_document;
use casework_protocol::ids::{ActorId, ChangeHash, DeviceId, DocumentId, WorkspaceId};
use lru::LruCache;

use super::rows::{ChangeRow, DocumentRow};
use super::store::{Store, StoreError, decode_row};
use super::tables::{self, Table};
use crate::view::CaseView;

/// Why a document cannot be opened. Only this document is concerned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentFault {
    /// There is no such document here. It may not be visible, or not have arrived yet.
    #[error("document {0} is not on this device")]
    Unknown(DocumentId),
    /// Its stored or received bytes are damaged or hostile; it is set aside and everything else
    /// goes on. Fetch it again, or look at it with `casework verify`.
    #[error("document {id} is quarantined: {why}")]
    Quarantined {
        /// Which.
        id: DocumentId,
        /// Why.
        why: String,
    },
    /// It was purged: its content is gone for good, everywhere. `casework purges` tells when and
    /// by whom.
    #[error("case {0} was purged; its content is gone for good")]
    Purged(DocumentId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A document in memory.
pub(crate) struct OpenDocument {
    pub(crate) automerge: Automerge,
    pub(crate) row: DocumentRow,
    /// The stored view of a case, kept at hand; `None` until it is first needed.
    pub(crate) view: Option<CaseView>,
}

/// Bytes a document takes in memory for each byte it takes saved, roughly (13 MiB for 324 kB).
const MEMORY_PER_SAVED_BYTE: u64 = 40;
/// What even the smallest open document takes (measured: 33 KiB).
const MEMORY_PER_DOCUMENT: u64 = 33 * 1024;

impl OpenDocument {
    /// An estimate of the memory it holds, in bytes.
    fn weight(&self) -> u64 {
        MEMORY_PER_DOCUMENT
            + (self.row.snapshot_bytes + self.row.loose_bytes / 4) * MEMORY_PER_SAVED_BYTE
    }
}

/// The documents that are open, newest use first, under a memory bound; and the actor under which
/// this opening of the replica writes each.
pub(crate) struct OpenDocuments {
    open: LruCache<DocumentId, OpenDocument>,
    budget: u64,
    held: u64,
}

impl OpenDocuments {
    pub(crate) fn new(budget: u64) -> Self {
        Self {
            open: LruCache::unbounded(),
            budget,
            held: 0,
        }
    }

    /// An open document, without counting as a use of it.
    pub(crate) fn peek(&self, id: DocumentId) -> Option<&OpenDocument> {
        self.open.peek(&id)
    }

    pub(crate) fn get_mut(&mut self, id: DocumentId) -> Option<&mut OpenDocument> {
        self.open.get_mut(&id)
    }

    /// Puts a document in and closes the longest unused ones while over the budget; the one just
    /// put in always stays.
    pub(crate) fn put(&mut self, id: DocumentId, document: OpenDocument) -> &mut OpenDocument {
        self.close(id);
        self.held += document.weight();
        self.open.put(id, document);
        while self.held > self.budget && self.open.len() > 1 {
            if let Some((_, closed)) = self.open.pop_lru() {
                self.held = self.held.saturating_sub(closed.weight());
            }
        }
        self.open
            .get_mut(&id)
            .expect("the newest document is never closed")
    }

    /// Takes a document out, to change its weight or to forget it.
    pub(crate) fn take(&mut self, id: DocumentId) -> Option<OpenDocument> {
        let document = self.open.pop(&id)?;
        self.held = self.held.saturating_sub(document.weight());
        Some(document)
    }

    pub(crate) fn close(&mut self, id: DocumentId) {
        self.take(id);
    }

    pub(crate) fn close_all(&mut self) {
        self.open.clear();
        self.held = 0;
    }

    /// How many documents are open.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }
}

/// Reads a document from the store into memory.
pub(crate) fn load(store: &Store, id: DocumentId) -> Result<OpenDocument, DocumentFault> {
    let key = tables::document(id);
    let row: DocumentRow = store
        .get_cbor(Table::Documents, &key)?
        .ok_or(DocumentFault::Unknown(id))?;
    if let Some(why) = &row.quarantined {
        return Err(DocumentFault::Quarantined {
            id,
            why: why.clone(),
        });
    }
    let snapshot = store.get(Table::Snapshots, &key)?;
    let mut loose = Vec::new();
    store.scan(Table::Changes, &key, |_, value| {
        loose.push(decode_row::<ChangeRow>(Table::Changes, value)?.bytes);
        Ok(true)
    })?;
    let automerge = guarded(|| build(snapshot.as_deref(), loose))
        .and_then(|built| built)
        .map_err(|why| DocumentFault::Quarantined { id, why })?;
    Ok(OpenDocument {
        automerge,
        row,
        view: None,
    })
}

fn build(snapshot: Option<&[u8]>, loose: Vec<Vec<u8>>) -> Result<Automerge, String> {
    let mut automerge = match snapshot {
        Some(bytes) => load_saved(bytes)?,
        None => Automerge::new(),
    };
    apply(&mut automerge, loose)?;
    Ok(automerge)
}

/// Loads one saved document strictly: a torn chunk is an error, never an empty document.
pub(crate) fn load_saved(bytes: &[u8]) -> Result<Automerge, String> {
    let options = LoadOptions::new().on_partial_load(OnPartialLoad::Error);
    Automerge::load_with_options(bytes, options).map_err(|error| error.to_string())
}

/// Checks and loads a saved document that came from somebody else.
pub(crate) fn load_foreign(
    bytes: &[u8],
    (workspace, id): (WorkspaceId, DocumentId),
) -> Result<Automerge, String> {
    let checked = check_document(bytes).map_err(|error| error.to_string())?;
    checked
        .check_origin(workspace, id)
        .map_err(|error| error.to_string())?;
    guarded(|| load_saved(bytes)).and_then(|loaded| loaded)
}

/// Applies raw changes in one call.
pub(crate) fn apply(automerge: &mut Automerge, changes: Vec<Vec<u8>>) -> Result<(), String> {
    if changes.is_empty() {
        return Ok(());
    }
    let changes = changes
        .into_iter()
        .map(Change::from_bytes)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| error.to_string())?;
    let wanted = changes.iter().map(Change::hash).collect::<Vec<_>>();
    automerge
        .apply_changes(changes)
        .map_err(|error| error.to_string())?;
    match wanted
        .iter()
        .find(|hash| automerge.get_change_meta_by_hash(hash).is_none())
    {
        Some(hash) => Err(format!(
            "change {hash} was not taken: a dependency is missing"
        )),
        None => Ok(()),
    }
}

/// Runs something that feeds bytes to the document library; a panic becomes an error. Whatever
/// `work` touched must be thrown away then.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "unknown".to_owned());
        format!("the document library panicked: {text}")
    })
}

/// A change of the document, whole.
pub(crate) fn change_of(automerge: &Automerge, hash: ChangeHash) -> Option<Change> {
    automerge.get_change_by_hash(&automerge::ChangeHash(*hash.as_bytes()))
}

/// The device that the document names as an actor's author.
pub(crate) fn author_of(automerge: &Automerge, actor: &automerge::ActorId) -> Option<DeviceId> {
    DeviceId::from_slice(automerge.get_author_for_actor(actor)?.as_bytes())
}

/// Our id of an Automerge actor; `None` for one of another length, which the gate never lets in.
pub(crate) fn actor_of(actor: &automerge::ActorId) -> Option<ActorId> {
    ActorId::from_slice(actor.to_bytes())
}
