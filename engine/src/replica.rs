//! The replica: one device's full working copy of a workspace, durable before a call returns.
//!
//! Owns the store, the device's key, the roster, access records and open documents. What is
//! decided (rights, rules, shapes, views) is decided by the pure rooms it calls; here it is put
//! together and committed in one transaction per step.
//!
//! ```text
//! Act ────▶ act ────▶ judge, write, sign ──┐                        ┌─▶ cards, views, comments
//! frames ─▶ intake ─▶ gate, admission ─────┴▶ Writes ─▶ one commit ─┴─▶ outbox, drawer, aside
//! ```

mod abreast;
mod act;
mod admission;
mod admit;
mod adopting;
mod agency;
mod answers;
mod asked;
mod authority;
mod automating;
mod breaches;
mod bundles;
mod chains;
mod compaction;
mod comparing;
mod document;
mod drafts;
mod drawer;
mod exclusion;
mod fault;
mod forgetting;
mod forks;
mod grant_words;
mod healing;
mod history;
mod holdings;
mod impact;
mod inbox;
mod intake;
mod keeping;
mod lineage;
mod linking;
mod lost;
mod notice;
mod opening;
mod outbox;
mod purging;
mod quarantine;
mod reach;
mod reading;
mod rehearsal;
mod returning;
mod revisions;
mod rights;
mod rows;
mod saying;
mod sealing;
mod sequencing;
mod stage_roles;
mod store;
mod tables;
mod verification;
mod vouching;
mod writing;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use casework_protocol::access::AccessRecord;
use casework_protocol::ids::{ActorId, DeviceId, DocumentId, MemberId, RevisionId, WorkspaceId};
use casework_protocol::keys::{SecretKey, Signer};
use casework_protocol::roster::Roster;
use redb::StorageBackend;

use crate::personal::Personal;
use crate::template::Revision;
use document::OpenDocuments;
use opening::Openings;
use store::Store;

pub use act::{Acted, Batch, NewCase};
pub use agency::{AGENT_ROLE, AgentTurn, Errand, FiredRule};
pub use asked::{OwnAct, OwnEntry};
pub use authority::Founding;
pub use automating::{Ran, RanOutcome};
pub use chains::Standing;
pub use document::DocumentFault;
pub use drafts::MergeDraft;
pub use drawer::{Drawn, HeldWork, Redone};
pub use fault::ReplicaFault;
pub use impact::{Affected, Impact};
pub use inbox::{InboxAfter, InboxEntry, InboxFilter, InboxPage};
pub use linking::LinkedCase;
pub use notice::Notice;
pub use purging::{Purge, PurgeRefusal, PurgeState};
pub use quarantine::{Quarantined, Retried};
pub use reach::Reach;
pub use reading::Status;
pub use rehearsal::{MAX_HISTORY, PastRun, RuleReport, TestReport, Would, doing};
pub use rights::{Answer, Denial, Given, Obstacle, Question, Where};
pub use rows::{Arrived, Aside, ServerRow};
pub use store::StoreError;
pub use verification::{Finding, Verification};

/// How much memory open documents may take together, in bytes, unless the app says otherwise: a
/// phone keeps some hundreds of ordinary cases open.
pub const DEFAULT_DOCUMENT_MEMORY: u64 = 64 * 1024 * 1024;

/// The file of the store in a replica's folder.
const STORE_FILE: &str = "replica.redb";
/// The folder of opening markers in a replica's folder.
const OPENING_FOLDER: &str = "opening";

/// Where a replica is stored: a store that is open, and where crash markers go.
pub struct Storage {
    store: Store,
    openings: Openings,
}

impl Storage {
    /// A folder, made if it is not there.
    ///
    /// # Errors
    /// [`ReplicaFault`] when the folder cannot be made or another process has the replica open.
    pub fn folder(path: &Path) -> Result<Self, ReplicaFault> {
        let openings = Openings::in_folder(path.join(OPENING_FOLDER))
            .map_err(|error| StoreError::Database(format!("{}: {error}", path.display())))?;
        Ok(Self {
            store: Store::open(&path.join(STORE_FILE))?,
            openings,
        })
    }

    /// Another backend: memory, or a disk that fails on purpose. No crash markers.
    ///
    /// # Errors
    /// [`ReplicaFault`] when the backend fails.
    pub fn backend(backend: impl StorageBackend) -> Result<Self, ReplicaFault> {
        Ok(Self {
            store: Store::open_backend(backend)?,
            openings: Openings::nowhere(),
        })
    }

    /// Whether a folder holds a replica.
    #[must_use]
    pub fn is_in(path: &Path) -> bool {
        path.join(STORE_FILE).is_file()
    }
}

/// Whose replica it is.
#[derive(Clone)]
pub struct Identity {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The device's key, wherever the app keeps it.
    pub key: Arc<dyn Signer>,
}

/// One device's copy of a workspace.
pub struct Replica {
    store: Store,
    openings: Openings,
    identity: Identity,
    invite: Option<SecretKey>,
    /// `None` until the roster has arrived for the first time.
    roster: Option<Roster>,
    records: BTreeMap<DocumentId, AccessRecord>,
    documents: OpenDocuments,
    /// The actor under which this opening of the replica writes each document.
    actors: BTreeMap<DocumentId, ActorId>,
    revisions: BTreeMap<RevisionId, Arc<Revision>>,
    /// Templates as they are now: template document → its current revision.
    current: BTreeMap<DocumentId, RevisionId>,
    /// When the revisions of templates were published, as far as it was asked.
    published: BTreeMap<DocumentId, stage_roles::Published>,
    /// What a server may have lost, and what is being given back to it.
    comparing: comparing::Comparing,
    /// What a server said that no head covers yet.
    unvouched: lost::Unvouched,
    /// Documents of which something in between did not come: they are fetched whole.
    gaps: BTreeSet<DocumentId>,
    /// Documents that cannot be read and of which the server refused something: it would do so again.
    refused_unread: BTreeSet<DocumentId>,
    /// Documents with own entries that were placed beyond what has been read, and the newest such
    /// position: when that much was read, nothing may be missing in between.
    ahead: BTreeMap<DocumentId, u64>,
    /// Documents that were purged.
    purged: BTreeSet<DocumentId>,
    /// Documents of which entries came without content, and no purge so far.
    emptied: BTreeSet<DocumentId>,
    /// Which documents are to be bundled for newcomers.
    to_bundle: keeping::ToBundle,
    next_outbox: u64,
    next_drawer: u64,
    notices: Vec<Notice>,
    /// What the member keeps for themself; `None` until it is first asked for, and after a change.
    personal: Option<Personal>,
    /// How often the inbox may have changed since the replica was opened.
    inbox_turns: u64,
    /// The cases in which an agent has nothing to do.
    agenda: agency::Agenda,
    /// When the newest head was signed; `None` until it is first asked for, and after a new one.
    head_ms: Mutex<Option<Option<i64>>>,
    /// A program that was changed so that it asks for no right before it acts, and claims to have
    /// every role.
    #[cfg(test)]
    lawless: bool,
}

impl Replica {
    /// The workspace.
    #[must_use]
    pub fn workspace(&self) -> WorkspaceId {
        self.identity.workspace
    }

    /// This device.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.identity.key.device()
    }

    /// The member this device belongs to; `None` while it is not enrolled or was revoked.
    #[must_use]
    pub fn member(&self) -> Option<MemberId> {
        self.roster.as_ref()?.head().member_of(self.device())
    }

    /// The roster.
    ///
    /// # Errors
    /// [`ReplicaFault::NotEnrolled`] before the first sync of a joining device.
    pub fn roster(&self) -> Result<&Roster, ReplicaFault> {
        self.roster.as_ref().ok_or(ReplicaFault::NotEnrolled)
    }

    /// Bounds the memory of open documents, in bytes (an estimate, checked when one is opened).
    pub fn set_document_memory(&mut self, bytes: u64) {
        self.documents = OpenDocuments::new(bytes);
    }

    /// How many documents are open in memory.
    #[must_use]
    pub fn open_documents(&self) -> usize {
        self.documents.len()
    }

    /// What happened since the last call that a person should be told.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        core::mem::take(&mut self.notices)
    }
}
