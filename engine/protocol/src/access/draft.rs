//! Drafts of access entries: what a device wants to say, before it is tied to a head.
//!
//! As for the roster: bodies are deltas, so a draft is signed again when the head has moved.

use crate::access::AccessRecord;
use crate::access::entry::AccessBody;
use crate::access::error::AccessError;
use crate::access::state::AccessState;
use crate::authority::Received;
use crate::entry::{EntryHead, SignedEntry};
use crate::ids::{DocumentId, EntryHash, WorkspaceId};
use crate::keys::Signer;
use crate::roster::Roster;

/// A body and the time that its author claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessDraft {
    /// What it says.
    pub body: AccessBody,
    /// Milliseconds since 1970 by the author's clock.
    pub claimed_ms: u64,
}

impl AccessDraft {
    /// Signs a genesis; the body must be [`AccessBody::Genesis`] for [`AccessRecord::found`] to
    /// take it. The document's id is [`crate::access::document_id`] of the entry's hash.
    #[must_use]
    pub fn found(self, workspace: WorkspaceId, key: &dyn Signer) -> SignedEntry {
        let head = EntryHead {
            workspace,
            document: DocumentId::new([0; 16]),
            version: 1,
            previous: EntryHash::new([0; 32]),
            author: key.device(),
            claimed_ms: self.claimed_ms,
        };
        SignedEntry::sign(head, self.body, key)
    }

    /// Signs the draft as the successor of this head. Judges nothing.
    #[must_use]
    pub fn sign(&self, head: &AccessState, key: &dyn Signer) -> SignedEntry {
        let head = EntryHead {
            workspace: head.workspace(),
            document: head.document(),
            version: head.version() + 1,
            previous: head.head(),
            author: key.device(),
            claimed_ms: self.claimed_ms,
        };
        SignedEntry::sign(head, self.body.clone(), key)
    }

    /// Signs the draft onto the record's head and judges it there as if received now.
    ///
    /// # Errors
    /// [`AccessError`] when it does not, or no longer, hold; [`AccessError::NoEffect`] when
    /// somebody else did the same meanwhile.
    pub fn rebase(
        &self,
        record: &AccessRecord,
        roster: &Roster,
        received: Received,
        key: &dyn Signer,
    ) -> Result<SignedEntry, AccessError> {
        let signed = self.sign(record.head(), key);
        record.judge_entry(&signed.clone().verify()?, received, roster)?;
        Ok(signed)
    }
}
