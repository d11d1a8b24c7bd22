//! What stands in the log, as a server hands it to a device and stores it.
//!
//! Every change has its own position; the changes of one run stand together, in order, with one
//! signature, one received time and one standing.

use minicbor::{Decode, Encode};

use crate::access::entry::AccessBody;
use crate::digest::{Tag, digest};
use crate::entry::SignedEntry;
use crate::ids::{ChangeHash, DeviceId, DocumentId};
use crate::log::{EntryKind, Leaf};
use crate::roster::entry::RosterBody;
use crate::seal::SignedRun;

/// Whether the log hands a run to everybody on the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Standing {
    /// Handed on.
    #[n(0)]
    Admitted,
    /// Held: its author lost device, membership or access between the cited versions and arrival.
    /// Handed to its author and to members who may adopt.
    #[n(1)]
    Held,
    /// Held once, released since by an adoption.
    #[n(2)]
    Adopted,
}

/// A run with its place in the log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct LoggedRun {
    /// Position of its first change; the others follow.
    #[n(0)]
    pub seq: u64,
    /// Number of its first change among the document's entries, from 0.
    #[n(1)]
    pub document_seq: u64,
    /// Milliseconds since 1970 by the server's clock.
    #[n(2)]
    pub received_ms: u64,
    /// See [`Standing`].
    #[n(3)]
    pub standing: Standing,
    /// The signed changes.
    #[n(4)]
    pub run: SignedRun,
}

/// One item of the log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Logged {
    /// Content changes of one document.
    #[n(0)]
    Run(#[n(0)] LoggedRun),
    /// A roster entry.
    #[n(1)]
    Roster {
        /// Position.
        #[n(0)]
        seq: u64,
        /// Server's clock, ms.
        #[n(1)]
        received_ms: u64,
        /// The entry.
        #[n(2)]
        entry: SignedEntry,
    },
    /// An access entry.
    #[n(2)]
    Access {
        /// Position.
        #[n(0)]
        seq: u64,
        /// Number among the document's entries.
        #[n(1)]
        document_seq: u64,
        /// Server's clock, ms.
        #[n(2)]
        received_ms: u64,
        /// The document.
        #[n(3)]
        document: DocumentId,
        /// The entry.
        #[n(4)]
        entry: SignedEntry,
    },
    /// Changes of a visible document that are not for this device: they are held. Their places
    /// are told so that a gap always means that something is missing.
    #[n(3)]
    Withheld {
        /// Position of the first.
        #[n(0)]
        seq: u64,
        /// Number of the first among the document's entries.
        #[n(1)]
        document_seq: u64,
        /// Server's clock, ms.
        #[n(2)]
        received_ms: u64,
        /// The document.
        #[n(3)]
        document: DocumentId,
        /// Who wrote them.
        #[n(4)]
        device: DeviceId,
        /// The changes.
        #[n(5)]
        changes: Vec<ChangeHash>,
    },
    /// Proof that a device signed two changes for one place of one actor. Both are kept.
    #[n(4)]
    Equivocation {
        /// Position.
        #[n(0)]
        seq: u64,
        /// Number among the document's entries.
        #[n(1)]
        document_seq: u64,
        /// Server's clock, ms.
        #[n(2)]
        received_ms: u64,
        /// The second run; the first stands in the log already.
        #[n(3)]
        run: SignedRun,
    },
    /// What is left of a run or of an equivocation after its document was purged: its leaves.
    #[n(5)]
    Purged {
        /// Position of the first.
        #[n(0)]
        seq: u64,
        /// Number of the first among the document's entries.
        #[n(1)]
        document_seq: u64,
        /// Server's clock, ms.
        #[n(2)]
        received_ms: u64,
        /// The document.
        #[n(3)]
        document: DocumentId,
        /// What stood there: changes or an equivocation.
        #[n(4)]
        kind: EntryKind,
        /// Per position the rest of its leaf.
        #[n(5)]
        entries: Vec<BareEntry>,
    },
}

/// What a leaf says of an entry beside its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BareEntry {
    /// The hash of the entry.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub hash: [u8; 32],
    /// The hash of its payload.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub payload: [u8; 32],
}

impl Logged {
    /// The position of the item's first entry.
    #[must_use]
    pub fn seq(&self) -> u64 {
        match self {
            Self::Run(run) => run.seq,
            Self::Roster { seq, .. }
            | Self::Access { seq, .. }
            | Self::Withheld { seq, .. }
            | Self::Purged { seq, .. }
            | Self::Equivocation { seq, .. } => *seq,
        }
    }

    /// How many positions of the log the item takes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Run(run) => run.run.len() as u64,
            Self::Withheld { changes, .. } => changes.len() as u64,
            Self::Purged { entries, .. } => entries.len() as u64,
            Self::Roster { .. } | Self::Access { .. } | Self::Equivocation { .. } => 1,
        }
    }

    /// The leaves of the item, one per position; `None` for withheld changes, whose content is not
    /// here, for changes whose hash cannot be read off their bytes, and for leaves of entries that
    /// no purge takes away.
    #[must_use]
    pub fn leaves(&self) -> Option<Vec<Leaf>> {
        let one = |kind, document, document_seq, (hash, bytes): ([u8; 32], &[u8])| {
            let (seq, received_ms) = (self.seq(), self.received_ms());
            let payload = payload_hash(bytes);
            Leaf {
                seq,
                received_ms,
                kind,
                document,
                document_seq,
                hash,
                payload,
            }
        };
        let nobodys = DocumentId::new([0; DocumentId::LEN]);
        match self {
            Self::Roster { entry, .. } => {
                let content = (*entry.hash::<RosterBody>().as_bytes(), entry.bytes());
                Some(vec![one(EntryKind::Roster, nobodys, 0, content)])
            }
            Self::Access {
                document,
                document_seq,
                entry,
                ..
            } => {
                let content = (*entry.hash::<AccessBody>().as_bytes(), entry.bytes());
                Some(vec![one(
                    EntryKind::Access,
                    *document,
                    *document_seq,
                    content,
                )])
            }
            Self::Run(logged) => {
                let (document, first) = (logged.run.document(), logged.document_seq);
                let changes = logged.run.claimed_hashes()?;
                let leaves = (0..).zip(changes).map(|(n, (hash, bytes))| {
                    let content = (*hash.as_bytes(), bytes);
                    let leaf = one(EntryKind::Change, document, first + n, content);
                    Leaf {
                        seq: logged.seq + n,
                        ..leaf
                    }
                });
                Some(leaves.collect())
            }
            Self::Equivocation {
                document_seq, run, ..
            } => {
                let (hash, _) = run.claimed_hashes()?.pop()?;
                let content = (*hash.as_bytes(), hash.as_bytes().as_slice());
                let document = run.document();
                Some(vec![one(
                    EntryKind::Equivocation,
                    document,
                    *document_seq,
                    content,
                )])
            }
            Self::Purged {
                document,
                document_seq,
                kind,
                entries,
                ..
            } => bare_leaves(self, (*kind, *document, *document_seq), entries),
            Self::Withheld { .. } => None,
        }
    }

    /// The item with its leaves only, as it stands once its document was purged; `None` for what
    /// no purge takes away and for changes whose hash cannot be read off their bytes.
    #[must_use]
    pub fn bare(&self) -> Option<Self> {
        match self {
            Self::Run(_) | Self::Equivocation { .. } => {}
            Self::Purged { .. } => return Some(self.clone()),
            Self::Roster { .. } | Self::Access { .. } | Self::Withheld { .. } => return None,
        }
        let leaves = self.leaves()?;
        let first = *leaves.first()?;
        let entries = leaves.iter().map(|leaf| BareEntry {
            hash: leaf.hash,
            payload: leaf.payload,
        });
        Some(Self::Purged {
            seq: first.seq,
            document_seq: first.document_seq,
            received_ms: first.received_ms,
            document: first.document,
            kind: first.kind,
            entries: entries.collect(),
        })
    }

    /// The document that the item is of; `None` for a roster entry.
    #[must_use]
    pub fn document(&self) -> Option<DocumentId> {
        match self {
            Self::Run(run) => Some(run.run.document()),
            Self::Access { document, .. }
            | Self::Withheld { document, .. }
            | Self::Purged { document, .. } => Some(*document),
            Self::Equivocation { run, .. } => Some(run.document()),
            Self::Roster { .. } => None,
        }
    }

    /// When the item arrived, by the server's clock.
    #[must_use]
    pub fn received_ms(&self) -> u64 {
        match self {
            Self::Run(run) => run.received_ms,
            Self::Roster { received_ms, .. }
            | Self::Access { received_ms, .. }
            | Self::Withheld { received_ms, .. }
            | Self::Purged { received_ms, .. }
            | Self::Equivocation { received_ms, .. } => *received_ms,
        }
    }

    /// Never: every item takes at least one position.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The leaves of what a purge left; only changes and equivocations have content to lose.
fn bare_leaves(
    item: &Logged,
    (kind, document, document_seq): (EntryKind, DocumentId, u64),
    entries: &[BareEntry],
) -> Option<Vec<Leaf>> {
    match kind {
        EntryKind::Change | EntryKind::Equivocation => {}
        EntryKind::Roster | EntryKind::Access => return None,
    }
    let last = entries.len() as u64;
    item.seq().checked_add(last)?;
    document_seq.checked_add(last)?;
    let leaves = (0..).zip(entries).map(|(n, entry)| Leaf {
        seq: item.seq() + n,
        received_ms: item.received_ms(),
        kind,
        document,
        document_seq: document_seq + n,
        hash: entry.hash,
        payload: entry.payload,
    });
    Some(leaves.collect())
}

/// The payload hash of a log leaf: what exactly stands at that position.
///
/// For a change its raw bytes; for an entry the bytes its author signed; for an equivocation the
/// hash of the second run's last change. Signatures are left out: a run is covered by the
/// signature over its newest change, which may be replaced by a newer one.
#[must_use]
pub fn payload_hash(bytes: &[u8]) -> [u8; 32] {
    digest(Tag::Payload, &[bytes])
}
