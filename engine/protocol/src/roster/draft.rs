//! Drafts: what a device wants to say in the roster, before it is tied to a head.
//!
//! Bodies are deltas, so a draft that was signed onto a head that has moved is signed again onto
//! the new one, if it still holds there; otherwise the error says why it goes to the drawer.

use crate::authority::Received;
use crate::digest::Tag;
use crate::entry::{EntryHead, SignedEntry};
use crate::ids::{DeviceId, DocumentId, EntryHash, MemberId, WorkspaceId};
use crate::keys::{SecretKey, Signature, Signer};
use crate::roster::Roster;
use crate::roster::entry::RosterBody;
use crate::roster::error::RosterError;
use crate::roster::state::RosterState;

/// A body and the time that its author claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterDraft {
    /// What it says.
    pub body: RosterBody,
    /// Milliseconds since 1970 by the author's clock.
    pub claimed_ms: u64,
}

impl RosterDraft {
    /// Signs a genesis; the body must be [`RosterBody::Genesis`] for [`Roster::found`] to take it.
    #[must_use]
    pub fn found(self, key: &dyn Signer) -> SignedEntry {
        let head = EntryHead {
            workspace: WorkspaceId::new([0; 32]),
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
    pub fn sign(&self, head: &RosterState, key: &dyn Signer) -> SignedEntry {
        let head = EntryHead {
            workspace: head.workspace(),
            document: DocumentId::new([0; 16]),
            version: head.version() + 1,
            previous: head.head(),
            author: key.device(),
            claimed_ms: self.claimed_ms,
        };
        SignedEntry::sign(head, self.body.clone(), key)
    }

    /// Signs the draft onto the roster's head and judges it there as if received now.
    ///
    /// # Errors
    /// [`RosterError`] when it does not, or no longer, hold; [`RosterError::NoEffect`] when
    /// somebody else did the same meanwhile.
    pub fn rebase(
        &self,
        roster: &Roster,
        received: Received,
        key: &dyn Signer,
    ) -> Result<SignedEntry, RosterError> {
        let signed = self.sign(roster.head(), key);
        roster.judge_entry(&signed.clone().verify()?, received)?;
        Ok(signed)
    }
}

/// Proves, for [`RosterBody::Redeem`], that whoever enrols this device holds the invite's key.
#[must_use]
pub fn redeem_proof(
    invite: &SecretKey,
    workspace: WorkspaceId,
    device: DeviceId,
    member: MemberId,
) -> Signature {
    invite.sign(
        Tag::Redeem,
        &[workspace.as_bytes(), device.as_bytes(), member.as_bytes()],
    )
}
