//! Workspaces that this server had and lost whole: a head under its own key proves it.
//!
//! Such a workspace is a row without entries. It waits for a device that kept the log; when the
//! waiting is given up, the row names another epoch, and devices found the workspace again from
//! the roster that every one of them holds. Invariant: only a head of this server makes a row.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use casework_protocol::ids::{EpochId, WorkspaceId};
use casework_protocol::log::{Frontier, LogHead, SignedHead, VerifiedHead, sign_head};

use super::identity::Identity;
use super::request::Brought;
use super::workspace::Workspace;
use super::{OnLoss, Relay, Reply};
use crate::log::{Batch, EpochEnd, Log, LogError, Recovery, WorkspaceRow};

/// The lost workspaces by id.
#[derive(Debug, Default)]
pub(super) struct Absent(Mutex<BTreeMap<WorkspaceId, Row>>);

#[derive(Debug)]
struct Row {
    row: WorkspaceRow,
    /// Not in the log yet.
    changed: bool,
}

/// Where a lost workspace stands.
#[derive(Debug, Clone)]
pub(super) enum Lost {
    /// A device that kept the log may bring it back.
    Waiting,
    /// It begins again in this epoch, after these.
    GivenUp {
        epoch: EpochId,
        ended: Vec<EpochEnd>,
        head: Box<SignedHead>,
    },
}

impl Absent {
    fn rows(&self) -> MutexGuard<'_, BTreeMap<WorkspaceId, Row>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the row of a workspace whose log is empty, as it is on the disk.
    pub(super) fn load(&self, log: &dyn Log, id: WorkspaceId) -> Result<(), LogError> {
        let row = log.workspace(id)?;
        let mut rows = self.rows();
        match row {
            Some(row) => {
                let changed = false;
                rows.insert(id, Row { row, changed });
            }
            None => {
                rows.remove(&id);
            }
        }
        Ok(())
    }

    /// The longest head that was shown of a workspace that is waited for.
    pub(super) fn target(&self, id: WorkspaceId) -> Option<SignedHead> {
        let rows = self.rows();
        let recovery = rows.get(&id)?.row.recovery.as_ref()?;
        Some(recovery.target.clone())
    }

    /// Where a workspace stands, if it is known to be lost.
    pub(super) fn get(&self, id: WorkspaceId) -> Option<Lost> {
        self.rows().get(&id).map(|Row { row, .. }| {
            if row.recovery.is_some() {
                Lost::Waiting
            } else {
                Lost::GivenUp {
                    epoch: row.epoch,
                    ended: row.ended.clone(),
                    head: Box::new(row.head.clone()),
                }
            }
        })
    }

    /// It is back.
    pub(super) fn forget(&self, id: WorkspaceId) {
        self.rows().remove(&id);
    }

    /// What is to be written of it.
    pub(super) fn take_batch(&self, id: WorkspaceId) -> Option<Batch> {
        let mut rows = self.rows();
        let row = rows.get_mut(&id)?;
        core::mem::take(&mut row.changed).then(|| batch_of(id, row.row.clone()))
    }
}

impl Relay {
    /// Workspaces of which nothing is here although this server signed heads of them, ascending;
    /// and whether each still waits for a device that kept its log.
    #[must_use]
    pub fn lost(&self) -> Vec<(WorkspaceId, bool)> {
        let rows = self.absent.rows();
        let waits = |(id, Row { row, .. }): (&WorkspaceId, &Row)| (*id, row.recovery.is_some());
        rows.iter().map(waits).collect()
    }

    /// A head of this server says that the workspace was here.
    pub(super) fn note_lost(&self, now_ms: u64, shown: &VerifiedHead) {
        let head = shown.head();
        let mut rows = self.absent.rows();
        let known = rows.get(&head.workspace);
        let longer = known.is_none_or(|Row { row, .. }| {
            row.recovery.as_ref().is_some_and(|recovery| {
                let target = recovery.target.clone();
                let target = self.key().verify(target, head.workspace);
                target.is_ok_and(|target| target.head().size < head.size)
            })
        });
        if !longer {
            return;
        }
        let since_ms = known
            .and_then(|Row { row, .. }| row.recovery.as_ref())
            .map_or(now_ms, |recovery| recovery.since_ms);
        let recovery = Recovery {
            target: shown.signed().clone(),
            since_ms,
        };
        let mut row = empty_row(self.key(), head.workspace, head.epoch, now_ms);
        row.recovery = Some(recovery);
        let changed = true;
        rows.insert(head.workspace, Row { row, changed });
    }

    /// Takes a lost workspace back from its first entry on. Somebody may have shown a longer head
    /// than who brings it back: that one stays the target.
    pub(super) fn bring_back(
        &self,
        now_ms: u64,
        head: &VerifiedHead,
        brought: Brought,
    ) -> Result<Reply, Reply> {
        let id = head.head().workspace;
        let parts = (Arc::clone(&self.log), Arc::clone(&self.key));
        let (mut workspace, reply) = Workspace::refound(parts, now_ms, head, brought)?;
        let target = self.absent.target(id);
        if let Some(target) = target.and_then(|head| self.key().verify(head, id).ok()) {
            let aimed = workspace.recover(now_ms, &target);
            aimed.map_err(|error| self.failed(&error))?;
        }
        self.add(workspace);
        Ok(reply)
    }

    /// Gives a lost workspace up if the waiting has an end and it has come.
    pub(super) fn tick_lost(&self, now_ms: u64, id: WorkspaceId) {
        let OnLoss::NewEpochAfterMs(wait_ms) = self.config().on_loss else {
            return;
        };
        let since = {
            let rows = self.absent.rows();
            let recovery = rows
                .get(&id)
                .and_then(|Row { row, .. }| row.recovery.as_ref());
            recovery.map(|recovery| recovery.since_ms)
        };
        if since.is_some_and(|since| now_ms.saturating_sub(since) >= wait_ms) {
            self.give_up(now_ms, id);
        }
    }

    /// Gives a lost workspace up; false when none is waited for under this id.
    pub(super) fn give_up(&self, now_ms: u64, id: WorkspaceId) -> bool {
        let mut rows = self.absent.rows();
        let Some(Row { row, changed }) = rows.get_mut(&id) else {
            return false;
        };
        let end = EpochEnd {
            epoch: row.epoch,
            size: 0,
        };
        let epoch = Workspace::epoch_at(self.key(), id, 0, now_ms);
        let ended = row.ended.iter().copied().chain([end]).collect();
        *row = WorkspaceRow {
            ended,
            ..empty_row(self.key(), id, epoch, now_ms)
        };
        *changed = true;
        true
    }
}

/// A row without entries.
fn batch_of(workspace: WorkspaceId, row: WorkspaceRow) -> Batch {
    Batch {
        workspace,
        first: 0,
        records: Vec::new(),
        changes: Vec::new(),
        tips: BTreeMap::new(),
        documents: BTreeMap::new(),
        held: Vec::new(),
        nodes: Vec::new(),
        purged: BTreeMap::new(),
        row,
    }
}

fn empty_row(key: &Identity, id: WorkspaceId, epoch: EpochId, now_ms: u64) -> WorkspaceRow {
    let frontier = Frontier::new();
    let head = LogHead {
        workspace: id,
        epoch,
        size: 0,
        root: frontier.root(),
        time_ms: now_ms,
    };
    WorkspaceRow {
        epoch,
        ended: Vec::new(),
        received_ms: 0,
        head: sign_head(key, head),
        recovery: None,
        frontier,
    }
}
