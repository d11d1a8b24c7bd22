//! Actor ids that belong to one device, one document and one opening of the replica.
//!
//! Invariant: nobody can extend or squat on another device's actor, because whoever receives a
//! change recomputes the id from the device that signed it.

use crate::digest::{Tag, digest};
use crate::ids::{ActorId, DeviceId, DocumentId, WorkspaceId};

/// The fresh part of an actor id: eight bytes drawn when a document gets its first change after
/// each opening of the replica, so that a restored backup or a cloned phone cannot equivocate.
pub type ActorNonce = [u8; 8];

/// Derives the actor id: nonce ‖ first 16 bytes of SHA-256(tag ‖ workspace ‖ document ‖ device ‖
/// nonce).
#[must_use]
pub fn actor_id(
    workspace: WorkspaceId,
    document: DocumentId,
    device: DeviceId,
    nonce: ActorNonce,
) -> ActorId {
    let half = digest(
        Tag::Actor,
        &[
            workspace.as_bytes(),
            document.as_bytes(),
            device.as_bytes(),
            &nonce,
        ],
    );
    let mut bytes = [0; ActorId::LEN];
    bytes[..8].copy_from_slice(&nonce);
    bytes[8..].copy_from_slice(&half[..16]);
    ActorId::new(bytes)
}

/// Whether this actor is one that the device may write this document under.
#[must_use]
pub fn belongs_to(
    actor: ActorId,
    workspace: WorkspaceId,
    document: DocumentId,
    device: DeviceId,
) -> bool {
    let mut nonce = [0; 8];
    nonce.copy_from_slice(&actor.as_bytes()[..8]);
    actor_id(workspace, document, device, nonce) == actor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_belongs_to_one_device_in_one_document_of_one_workspace() {
        let (w, d, me) = (
            WorkspaceId::new([1; 32]),
            DocumentId::new([2; 16]),
            DeviceId::new([3; 32]),
        );
        let actor = actor_id(w, d, me, [9; 8]);
        assert!(belongs_to(actor, w, d, me));
        assert!(!belongs_to(actor, w, d, DeviceId::new([4; 32])));
        assert!(!belongs_to(actor, w, DocumentId::new([4; 16]), me));
        assert!(!belongs_to(actor, WorkspaceId::new([4; 32]), d, me));
    }
}
