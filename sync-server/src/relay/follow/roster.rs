//! The roster alone: what a guest, and somebody who lost access, may have.
//!
//! Everybody holds the roster whole, so its entries need no judging. Knows nothing of documents.

use std::sync::Arc;

use casework_protocol::frame::{Logged, ServerFrame, encode};
use casework_protocol::limits::ENTRIES_FRAME_BYTES;

use super::{Sent, frame_of};
use crate::log::LogError;
use crate::relay::workspace::Workspace;

/// Follows the roster alone: what a guest, and somebody who lost access, may have.
#[derive(Debug)]
pub(in crate::relay) struct RosterFollower {
    /// The next entry to send.
    version: u64,
    credit: u64,
    /// Size of the head that the device was told last.
    told: u64,
    /// Entries below that head come as in a first sync, without a position.
    first: bool,
    /// A head is to be told when everything was sent.
    owes_head: bool,
}

impl RosterFollower {
    /// From this version on; the device was told a head of this size before.
    pub(in crate::relay) fn from(version: u64, told: u64, credit: u64) -> Self {
        Self {
            version,
            credit,
            told,
            first: true,
            owes_head: true,
        }
    }

    /// Grants more bytes.
    pub(in crate::relay) fn grant(&mut self, bytes: u64) {
        self.credit = self.credit.saturating_add(bytes);
    }

    /// The next frame.
    ///
    /// # Errors
    /// The log's.
    pub(in crate::relay) fn next(
        &mut self,
        workspace: &Workspace,
    ) -> Result<Option<Arc<[u8]>>, LogError> {
        while self.credit > 0 {
            let size = workspace.size();
            let (upto, position) = if self.first {
                (self.told, 0)
            } else {
                (size, size)
            };
            if let Some(frame) = roster_frame(workspace, &mut self.version, upto, position).frame {
                self.owes_head = true;
                self.credit = self.credit.saturating_sub(frame.len() as u64);
                return Ok(Some(frame));
            }
            if !std::mem::take(&mut self.first) {
                // Growth that is not of the roster is no news for this device.
                return if std::mem::take(&mut self.owes_head) {
                    self.tell_head(workspace).map(Some)
                } else {
                    Ok(None)
                };
            }
        }
        Ok(None)
    }

    fn tell_head(&mut self, workspace: &Workspace) -> Result<Arc<[u8]>, LogError> {
        let (told, size) = (self.told, workspace.size());
        let grown = told < size;
        let proof = grown
            .then(|| workspace.prove_growth(told, size))
            .transpose()?;
        self.told = size;
        let head = workspace.head().clone();
        Ok(encode(&ServerFrame::CaughtUp { head, proof }).into())
    }
}

/// Roster entries from a version on, as many as fit into a frame; moves the version.
pub(super) fn roster_frame(
    workspace: &Workspace,
    version: &mut u64,
    upto: u64,
    position: u64,
) -> Sent {
    let mut items: Vec<Vec<u8>> = Vec::new();
    let mut bytes = 0;
    while bytes < ENTRIES_FRAME_BYTES {
        let entry = workspace.roster().entry(*version);
        let Some((entry, received)) = entry.filter(|(_, received)| received.seq < upto) else {
            let frame = (!items.is_empty()).then(|| frame_of(&items, position));
            return Sent { frame, done: true };
        };
        let (seq, received_ms, entry) = (received.seq, received.ms, entry.signed().clone());
        let item = encode(&Logged::Roster {
            seq,
            received_ms,
            entry,
        });
        bytes += item.len();
        items.push(item);
        *version += 1;
    }
    Sent {
        frame: Some(frame_of(&items, position)),
        done: false,
    }
}
