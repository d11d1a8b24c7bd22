//! Committing what was staged: one append for all workspaces, then the followers hear of it.
//!
//! Invariant: if the append fails, what is in memory goes back to what the log says.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use casework_protocol::ids::WorkspaceId;

use super::{Relay, Shared, WorkspaceError, writing};
use crate::log::{Batch, LogError};

impl Relay {
    /// Makes everything durable that was staged, in one transaction, and shows it to followers.
    /// Returns the workspaces that grew and their sizes.
    ///
    /// # Errors
    /// The log's: then nothing that was staged happened, no reply may be sent, and memory has been
    /// loaded again from the log.
    pub fn commit(&self, now_ms: u64) -> Result<Vec<(WorkspaceId, u64)>, WorkspaceError> {
        let staged =
            std::mem::take(&mut *self.staged.lock().unwrap_or_else(PoisonError::into_inner));
        let taken = self.take_batches(now_ms, &staged);
        let appended = taken.and_then(|batches| {
            let (shared, batches): (Vec<_>, Vec<_>) = batches.into_iter().unzip();
            if !batches.is_empty() {
                self.log.append(&batches)?;
            }
            Ok((shared, batches))
        });
        let (shared, batches) = match appended {
            Ok(appended) => appended,
            Err(error) => {
                // One that cannot be loaded now is refused by the log until it can.
                let reloaded: Vec<_> = staged.iter().map(|id| self.reload(*id)).collect();
                reloaded.into_iter().collect::<Result<(), _>>()?;
                return Err(error.into());
            }
        };
        let mut grown = Vec::with_capacity(batches.len());
        for (shared, batch) in shared.into_iter().zip(batches) {
            let Some(shared) = shared else { continue };
            grown.push((batch.workspace, batch.row.frontier.size()));
            writing(&shared).publish(batch);
        }
        Ok(grown)
    }

    /// What every staged workspace adds.
    fn take_batches(
        &self,
        now_ms: u64,
        staged: &BTreeSet<WorkspaceId>,
    ) -> Result<Vec<(Option<Shared>, Batch)>, LogError> {
        let mut batches = Vec::new();
        for id in staged {
            let shared = self.workspace(*id);
            let batch = match &shared {
                Some(shared) => writing(shared).take_batch(now_ms)?,
                None => self.absent.take_batch(*id),
            };
            batches.extend(batch.map(|batch| (shared, batch)));
        }
        Ok(batches)
    }
}
