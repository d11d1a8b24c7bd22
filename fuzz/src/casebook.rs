//! Honest material: one case played by two devices through every kind of action, with real keys,
//! so that its changes, runs, documents and bundles are what devices send.
//!
//! Made once per process by the engine itself, from fixed numbers. Invariant: every change of the
//! book passes every check at the place where it was made.

mod acts;
mod facets;
mod play;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use automerge::{Automerge, SaveOptions};
use casework_engine::case::{RevisionMark, Revisions};
use casework_engine::template::Revision;
use casework_protocol::actor::actor_id;
use casework_protocol::gate::Origin;
use casework_protocol::ids::{ActorId, ChangeHash, DeviceId, DocumentId, MemberId, WorkspaceId};
use casework_protocol::keys::{SecretKey, Signature, Signer as _};
use casework_protocol::seal::{SignedRun, sign_change};

pub use play::template_package;

/// The workspace of the book.
pub const WORKSPACE: WorkspaceId = WorkspaceId::new([7; 32]);
/// The document of the case.
pub const CASE: DocumentId = DocumentId::new([8; 16]);
/// The document of its template.
pub const TEMPLATE: DocumentId = DocumentId::new([4; 16]);

/// One change as its device made it.
#[derive(Debug, Clone)]
pub struct BookChange {
    /// Number of the device, from 1.
    pub device: u8,
    /// Its hash.
    pub hash: ChangeHash,
    /// The raw chunk.
    pub bytes: Vec<u8>,
}

/// The case with its whole history.
pub struct Book {
    revision: Arc<Revision>,
    whole: Automerge,
    changes: Vec<BookChange>,
    /// What the device of an actor's change had before it made it.
    before: BTreeMap<(ActorId, u32), Automerge>,
}

/// The book of this process.
#[must_use]
pub fn book() -> &'static Book {
    static BOOK: OnceLock<Book> = OnceLock::new();
    BOOK.get_or_init(play::play)
}

/// The secret key of device `n`.
#[must_use]
pub fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

/// Device `n`.
#[must_use]
pub fn device(n: u8) -> DeviceId {
    static DEVICES: OnceLock<Vec<DeviceId>> = OnceLock::new();
    DEVICES.get_or_init(|| (0..=u8::MAX).map(|n| key(n).device()).collect())[usize::from(n)]
}

/// Member `n`.
#[must_use]
pub const fn member(n: u8) -> MemberId {
    MemberId::new([n; 16])
}

/// Where a change of device `n` to the case belongs.
#[must_use]
pub fn origin(n: u8) -> Origin {
    Origin {
        workspace: WORKSPACE,
        document: CASE,
        device: device(n),
    }
}

/// The actor under which device `n` writes the case.
#[must_use]
pub fn actor(n: u8) -> ActorId {
    actor_id(WORKSPACE, CASE, device(n), [n; 8])
}

impl Book {
    /// The published template.
    #[must_use]
    pub const fn revision(&self) -> &Arc<Revision> {
        &self.revision
    }

    /// Looks a revision up as a replica would.
    pub fn with_revisions<T>(&self, work: impl FnOnce(Revisions<'_>) -> T) -> T {
        work(&|mark: RevisionMark| {
            mark.names(&self.revision.id())
                .then(|| Arc::clone(&self.revision))
        })
    }

    /// The case with everything merged.
    #[must_use]
    pub const fn whole(&self) -> &Automerge {
        &self.whole
    }

    /// Every change, in an order in which each can be applied.
    #[must_use]
    pub fn changes(&self) -> &[BookChange] {
        &self.changes
    }

    /// The case as the device saw it that made this change of an actor; whole for a change that
    /// is not in the book.
    #[must_use]
    pub fn before(&self, actor: ActorId, seq: u32) -> &Automerge {
        self.before.get(&(actor, seq)).unwrap_or(&self.whole)
    }

    /// The saved case.
    #[must_use]
    pub fn save(&self, deflate: bool) -> Vec<u8> {
        save(&self.whole, deflate)
    }

    /// The newest change of each device with that device's signature.
    #[must_use]
    pub fn leaves(&self) -> Vec<(DeviceId, ChangeHash, Signature)> {
        let newest: BTreeMap<u8, ChangeHash> = self
            .changes
            .iter()
            .map(|change| (change.device, change.hash))
            .collect();
        let leaf = |(n, hash)| (device(n), hash, sign_change(&key(n), WORKSPACE, CASE, hash));
        newest.into_iter().map(leaf).collect()
    }

    /// A signed run of the changes of one device from `first` on, at most `most`.
    #[must_use]
    pub fn run(&self, n: u8, first: usize, most: usize) -> Option<SignedRun> {
        let own: Vec<&BookChange> = self
            .changes
            .iter()
            .filter(|change| change.device == n)
            .skip(first)
            .take(most)
            .collect();
        let signature = sign_change(&key(n), WORKSPACE, CASE, own.last()?.hash);
        let bytes = own.iter().map(|change| change.bytes.clone()).collect();
        Some(SignedRun::from_parts(CASE, device(n), bytes, signature))
    }
}

/// Saves a document as replicas do.
#[must_use]
pub fn save(doc: &Automerge, deflate: bool) -> Vec<u8> {
    doc.save_with_options(SaveOptions {
        deflate,
        retain_orphans: false,
    })
}
