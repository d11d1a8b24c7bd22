//! The server's key hands over to a new one; devices that pinned the old one go on by themselves.
//!
//! The new key is kept before anything is signed by it, and the old one is replaced last: whatever
//! interrupts it, the same command goes on. Invariant: a folder whose rotation is on its way opens
//! for nothing else.

use casework_protocol::bundle::{BundleError, Countersigned};
use casework_protocol::ids::{DocumentId, ServerId, WorkspaceId};
use casework_protocol::limits::BUNDLE_PIECE_BYTES;

use super::ServeError;
use super::data::DataFolder;
use crate::log::{Log, LogError};
use crate::relay::Identity;

/// What a rotation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotated {
    /// The key before.
    pub old: ServerId,
    /// The key now.
    pub new: ServerId,
    /// Bundles that the new key vouches for now.
    pub bundles: u64,
}

/// Why a key is not rotated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RotateError {
    /// The folder has no key: no server was ever started on it.
    #[error("no server was started on this folder, so there is no key to hand over")]
    NoKey,
    /// A bundle that this server did not vouch for. `check` the folder.
    #[error("the bundle of document {document} cannot be vouched for anew: {error}")]
    Bundle {
        /// The document.
        document: DocumentId,
        /// What is wrong.
        error: BundleError,
    },
    /// Files cannot be used.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The log cannot be read or written.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Rotates the key of a folder whose log is open here.
///
/// # Errors
/// [`RotateError`]; calling it again goes on.
pub fn rotate(folder: &DataFolder, log: &dyn Log, now_ms: u64) -> Result<Rotated, RotateError> {
    let present = folder.present_identity()?.ok_or(RotateError::NoKey)?;
    let next = folder.next_key()?;
    // The key was replaced already when the last step was interrupted.
    let done = present.server() == next.server();
    let identity = if done {
        present.clone()
    } else {
        present.hand_over(next, now_ms)
    };
    let bundles = vouch_anew(log, &identity)?;
    folder.put_identity(&identity)?;
    folder.forget_next_key()?;
    let old = identity.line().last().map(|word| word.old);
    Ok(Rotated {
        old: old.unwrap_or_else(|| present.server()),
        new: identity.server(),
        bundles,
    })
}

/// Vouches with the present key for every bundle that a key before it vouched for; how many.
///
/// # Errors
/// [`RotateError::Bundle`], [`RotateError::Log`]; calling it again goes on.
pub fn vouch_anew(log: &dyn Log, identity: &Identity) -> Result<u64, RotateError> {
    let mut bundles = 0;
    for workspace in log.workspaces()? {
        for (document, _) in log.documents(workspace)? {
            bundles += u64::from(vouch_for(log, identity, workspace, document)?);
        }
    }
    Ok(bundles)
}

fn vouch_for(
    log: &dyn Log,
    identity: &Identity,
    workspace: WorkspaceId,
    document: DocumentId,
) -> Result<bool, RotateError> {
    let Some((upto, bundle)) = read(log, workspace, document)? else {
        return Ok(false);
    };
    let named = |error| RotateError::Bundle { document, error };
    let bundle = Countersigned::from_bytes(&bundle).map_err(named)?;
    let by = bundle.server();
    if !identity.was(by) {
        return Ok(false);
    }
    let bundle = bundle.hand_over(by, identity).map_err(named)?.to_bytes();
    let pieces: Vec<&[u8]> = bundle.chunks(BUNDLE_PIECE_BYTES).collect();
    log.put_bundle(workspace, document, upto, &pieces)?;
    Ok(true)
}

/// The bundle of a document, and the position it reaches to.
pub(super) fn read(
    log: &dyn Log,
    workspace: WorkspaceId,
    document: DocumentId,
) -> Result<Option<(u64, Vec<u8>)>, LogError> {
    let Some(row) = log.bundle(workspace, document)? else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    for index in 0..row.pieces {
        let piece = log.piece(workspace, document, row.upto, index)?;
        bytes.extend(piece.unwrap_or_default());
    }
    Ok(Some((row.upto, bytes)))
}
