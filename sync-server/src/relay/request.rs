//! What sessions ask of the writer, before and after its bytes and signatures were checked.
//!
//! Stateless and the costly half of admission: many requests are verified together, on any thread.
//! Invariant: only [`verify`] makes a [`ProvedRequest`].

use std::collections::BTreeSet;

use casework_protocol::access::entry::AccessEntry;
use casework_protocol::frame::{
    Answer, BareEntry, ErrorCode, Logged, ProvedPurge, PushItem, RefusedBecause,
};
use casework_protocol::ids::{DeviceId, DocumentId, WorkspaceId};
use casework_protocol::limits::MAX_DETAIL_BYTES;
use casework_protocol::log::{ConsistencyProof, EntryKind, VerifiedHead};
use casework_protocol::roster::entry::RosterEntry;
use casework_protocol::seal::VerifiedRun;

use super::upload::Room;

/// Something a session wants done to a workspace.
#[derive(Debug)]
pub struct Request {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The device that asks; its key is proved.
    pub device: DeviceId,
    /// What.
    pub ask: Ask,
}

/// What a session can ask for.
#[derive(Debug)]
pub enum Ask {
    /// To log these items.
    Push {
        /// The device's number for this push.
        number: u64,
        /// The device compared heads and now sends what the log lacks, also of others.
        healing: bool,
        /// The items.
        items: Vec<PushItem>,
    },
    /// To take back lost items.
    Restore {
        /// The head of this server under which they stood.
        head: VerifiedHead,
        /// The items.
        items: Vec<Logged>,
        /// From the end of the items to the head.
        proof: Option<ConsistencyProof>,
        /// That documents of which only leaves come were purged.
        purges: Vec<ProvedPurge>,
    },
    /// To recover until the log reaches this head.
    Recover(VerifiedHead),
    /// To countersign and keep a bundle.
    Keep {
        /// The document.
        document: DocumentId,
        /// The bundle.
        bytes: Vec<u8>,
        /// What it takes of the memory for bundles.
        room: Room,
    },
}

/// What the writer answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// One answer per item of a push.
    Answers {
        /// The push.
        number: u64,
        /// The answers.
        answers: Vec<Answer>,
    },
    /// The log has this size now.
    Restored(u64),
    /// A bundle was kept, or not.
    Kept {
        /// The document.
        document: DocumentId,
        /// Why not.
        refused: Option<ErrorCode>,
    },
    /// Nothing of the request was done.
    Failed {
        /// Why.
        code: ErrorCode,
        /// In words.
        detail: String,
    },
    /// Done; nothing to tell.
    Done,
}

/// A request whose bytes passed the gate and whose signatures hold.
#[derive(Debug)]
pub struct ProvedRequest {
    pub(super) workspace: WorkspaceId,
    pub(super) device: DeviceId,
    pub(super) ask: ProvedAsk,
}

#[derive(Debug)]
pub(super) enum ProvedAsk {
    Push {
        number: u64,
        healing: bool,
        items: Vec<Proved>,
    },
    Restore {
        head: VerifiedHead,
        brought: Brought,
    },
    Recover(VerifiedHead),
    Keep {
        document: DocumentId,
        bytes: Vec<u8>,
        room: Room,
    },
}

/// An item of a push.
#[derive(Debug)]
pub(super) enum Proved {
    Run(VerifiedRun),
    Roster(RosterEntry),
    Access(DocumentId, AccessEntry),
    Refused {
        part: Part,
        because: RefusedBecause,
        detail: String,
    },
}

/// Which part of an atomic group a refused item would have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Run(DocumentId),
    Access(DocumentId),
    Alone,
}

/// What a device brings back.
#[derive(Debug)]
pub(super) struct Brought {
    pub(super) items: Result<Vec<Lost>, String>,
    pub(super) proof: Option<ConsistencyProof>,
    /// Documents that were purged by the word of the head under which the items stood.
    pub(super) purged: BTreeSet<DocumentId>,
}

/// A lost item with its former place.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) seq: u64,
    pub(super) document_seq: u64,
    pub(super) received_ms: u64,
    pub(super) what: LostWhat,
}

#[derive(Debug)]
pub(super) enum LostWhat {
    Run(VerifiedRun),
    Equivocation(VerifiedRun),
    Roster(RosterEntry),
    Access(DocumentId, AccessEntry),
    Bare(DocumentId, EntryKind, Vec<BareEntry>),
}

impl Proved {
    /// The document, if this is a run, well-formed or not.
    pub(super) fn run_of(&self) -> Option<DocumentId> {
        match self {
            Self::Run(run) => Some(run.origin().document),
            Self::Refused {
                part: Part::Run(document),
                ..
            } => Some(*document),
            Self::Refused { .. } | Self::Roster(_) | Self::Access(..) => None,
        }
    }
}

impl ProvedRequest {
    /// The workspace it is for.
    #[must_use]
    pub fn workspace(&self) -> WorkspaceId {
        self.workspace
    }
}

/// An error as the detail of an answer, cut to [`MAX_DETAIL_BYTES`].
pub(super) fn detail(error: &dyn core::fmt::Display) -> String {
    let mut text = error.to_string();
    let mut end = text.len().min(MAX_DETAIL_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}
