//! The relay: every workspace of one server, and the one way into their logs.
//!
//! Pure: no sockets, threads, clock or dice; the log is behind a trait and time is an argument.
//! Sessions ask ([`Session`]), requests are verified anywhere ([`verify`]), one writer stages them
//! and commits; after the commit the replies hold and followers may read.
//!
//! ```text
//! frame ─▶ Session ─▶ Request ─▶ verify ─▶ ProvedRequest ─▶ Relay::stage ─▶ Relay::commit ─▶ Reply
//!             ▲                                                                 │
//!             └──────────────── Session::poll reads below the new size ◀────────┘
//! ```

mod absent;
mod admission;
pub mod check;
mod commit;
mod config;
mod entries;
mod follow;
mod heal;
mod held;
mod identity;
mod keep;
mod pending;
mod presence;
mod recent;
mod request;
mod session;
mod trouble;
mod upload;
mod verify;
mod workspace;

#[cfg(test)]
pub(crate) mod tests;

pub use identity::Identity;
pub use request::{Ask, ProvedRequest, Reply, Request};
pub use session::{Output, Rank, Session};
pub use upload::Room;
pub use verify::{verify, weight};
pub use workspace::{Workspace, WorkspaceError};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use casework_protocol::frame::{Answer, ErrorCode};
use casework_protocol::ids::{DeviceId, ServerId, WorkspaceId};

use crate::log::Log;
use absent::{Absent, Lost};
pub use config::{Creation, OnLoss, RelayConfig};
use presence::Rooms;
use request::{Proved, ProvedAsk};
use trouble::Trouble;
use upload::Uploads;

/// A workspace shared between the writer and the sessions.
pub type Shared = Arc<RwLock<Workspace>>;

/// Every workspace of one server.
#[derive(Debug)]
pub struct Relay {
    log: Arc<dyn Log>,
    key: Arc<Identity>,
    config: RelayConfig,
    workspaces: RwLock<BTreeMap<WorkspaceId, Shared>>,
    absent: Absent,
    uploads: Arc<Uploads>,
    staged: Mutex<BTreeSet<WorkspaceId>>,
    trouble: Trouble,
    rooms: Rooms,
}

impl Relay {
    /// Loads every workspace of the log.
    ///
    /// # Errors
    /// [`WorkspaceError`] when the log cannot be read.
    pub fn open(
        log: Arc<dyn Log>,
        key: impl Into<Identity>,
        config: RelayConfig,
    ) -> Result<Self, WorkspaceError> {
        let key = Arc::new(key.into());
        let mut workspaces = BTreeMap::new();
        let absent = Absent::default();
        for id in log.workspaces()? {
            match Workspace::load(Arc::clone(&log), Arc::clone(&key), id)? {
                Some(workspace) => {
                    workspaces.insert(id, Arc::new(RwLock::new(workspace)));
                }
                None => absent.load(log.as_ref(), id)?,
            }
        }
        let workspaces = RwLock::new(workspaces);
        Ok(Self {
            log,
            key,
            config,
            workspaces,
            absent,
            uploads: Uploads::up_to(config.bundle_bytes, config.longest_bundle),
            staged: Mutex::default(),
            trouble: Trouble::default(),
            rooms: Rooms::default(),
        })
    }

    /// This server's public key.
    #[must_use]
    pub fn server(&self) -> ServerId {
        self.key.server()
    }

    /// How it behaves.
    #[must_use]
    pub fn config(&self) -> RelayConfig {
        self.config
    }

    /// Room for bundles that arrive.
    fn uploads(&self) -> &Arc<Uploads> {
        &self.uploads
    }

    pub(super) fn key(&self) -> &Identity {
        &self.key
    }

    /// The workspaces it has, ascending.
    #[must_use]
    pub fn workspaces(&self) -> Vec<WorkspaceId> {
        self.workspaces
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .keys()
            .copied()
            .collect()
    }

    /// One workspace.
    #[must_use]
    pub fn workspace(&self, id: WorkspaceId) -> Option<Shared> {
        self.workspaces
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned()
    }

    /// Does what was asked, in memory. The reply holds, and may be sent, once [`Relay::commit`] has
    /// returned. One writer at a time calls this.
    pub fn stage(&self, now_ms: u64, request: ProvedRequest) -> Reply {
        let ProvedRequest {
            workspace: id,
            device,
            ask,
        } = request;
        self.staged
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id);
        let Some(shared) = self.workspace(id) else {
            self.tick_lost(now_ms, id);
            return self.stage_new(now_ms, id, device, ask);
        };
        let mut workspace = writing(&shared);
        workspace.tick(now_ms, self.config.on_loss);
        workspace.held.bound(self.config.held_changes);
        let staged = match ask {
            ProvedAsk::Push { .. } if workspace.recovery().is_some() => Ok(recovering()),
            ProvedAsk::Push {
                number,
                healing,
                items,
            } => workspace
                .admit(now_ms, device, healing, items)
                .map(|answers| Reply::Answers { number, answers }),
            ProvedAsk::Restore { head, brought } => workspace.restore(now_ms, &head, brought),
            ProvedAsk::Recover(head) => workspace.recover(now_ms, &head).map(|()| Reply::Done),
            ProvedAsk::Keep {
                document,
                bytes,
                room: _room,
            } => workspace
                .keep(device, document, bytes)
                .map(|refused| Reply::Kept { document, refused }),
        };
        staged.unwrap_or_else(|error| self.failed(&error))
    }

    /// Verifies, stages and commits one request: the whole path in one call, for simulation.
    ///
    /// # Errors
    /// As [`Relay::commit`].
    pub fn serve(&self, now_ms: u64, request: Request) -> Result<Reply, WorkspaceError> {
        let mut reply = Reply::Done;
        for proved in verify(vec![request]) {
            reply = self.stage(now_ms, proved);
        }
        self.commit(now_ms)?;
        Ok(reply)
    }

    /// Ends the present epoch of a workspace, giving up what devices have not brought back.
    /// Returns false when there is no such workspace.
    ///
    /// # Errors
    /// As [`Relay::commit`].
    pub fn open_epoch(&self, now_ms: u64, id: WorkspaceId) -> Result<bool, WorkspaceError> {
        match self.workspace(id) {
            Some(shared) => writing(&shared).open_epoch(now_ms),
            None if self.give_up(now_ms, id) => {}
            None => return Ok(false),
        }
        self.staged
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id);
        self.commit(now_ms)?;
        Ok(true)
    }

    /// A request for a workspace that is not here: its founder's roster, or what a device brings
    /// back to an emptied server.
    fn stage_new(&self, now_ms: u64, id: WorkspaceId, device: DeviceId, ask: ProvedAsk) -> Reply {
        match ask {
            ProvedAsk::Push {
                number,
                healing,
                items,
            } => {
                let founded = self.found(now_ms, id, &items);
                let admitted = founded.map(|mut workspace| {
                    let answers = workspace.admit(now_ms, device, healing, items);
                    answers.map(|answers| (workspace, answers))
                });
                match admitted {
                    Ok(Ok((workspace, answers))) => {
                        self.add(workspace);
                        Reply::Answers { number, answers }
                    }
                    Ok(Err(error)) => self.failed(&error),
                    Err(reply) => reply,
                }
            }
            ProvedAsk::Restore { head, brought } => self
                .bring_back(now_ms, &head, brought)
                .unwrap_or_else(|reply| reply),
            ProvedAsk::Recover(head) => {
                self.note_lost(now_ms, &head);
                Reply::Done
            }
            ProvedAsk::Keep { .. } => unknown(),
        }
    }

    /// A workspace from the genesis of its roster: for the first time, or again after it was lost
    /// and given up.
    fn found(&self, now_ms: u64, id: WorkspaceId, items: &[Proved]) -> Result<Workspace, Reply> {
        let genesis = items.first().and_then(|item| match item {
            Proved::Roster(entry) if entry.hash().as_bytes() == id.as_bytes() => Some(entry),
            Proved::Roster(_) | Proved::Run(_) | Proved::Access(..) | Proved::Refused { .. } => {
                None
            }
        });
        let genesis = genesis.ok_or_else(unknown)?;
        let (epoch, ended, received_ms) = match self.absent.get(id) {
            Some(Lost::Waiting) => return Err(recovering()),
            Some(Lost::GivenUp { epoch, ended, .. }) => (epoch, ended, genesis.head().claimed_ms),
            None if self.config.creation == Creation::Allowed => {
                let most = self.config.workspaces;
                if self.workspaces().len() >= most {
                    let full = format!("this server has its {most} workspaces and takes no more");
                    return Err(failure(ErrorCode::UnknownWorkspace, full));
                }
                let epoch = Workspace::epoch_at(&self.key, id, 0, now_ms);
                (epoch, Vec::new(), now_ms)
            }
            None => return Err(unknown()),
        };
        let parts = (Arc::clone(&self.log), Arc::clone(&self.key));
        Workspace::found(parts, genesis, (epoch, ended), received_ms.min(now_ms))
            .map_err(|problem| failure(ErrorCode::Malformed, problem))
    }

    fn add(&self, workspace: Workspace) {
        self.absent.forget(workspace.id());
        self.workspaces
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(workspace.id(), Arc::new(RwLock::new(workspace)));
    }

    /// Throws memory away that ran ahead of the log.
    fn reload(&self, id: WorkspaceId) -> Result<(), WorkspaceError> {
        let loaded = Workspace::load(Arc::clone(&self.log), Arc::clone(&self.key), id)?;
        let mut workspaces = self
            .workspaces
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        match (workspaces.get(&id), loaded) {
            (Some(shared), Some(loaded)) => {
                *writing(shared) = loaded;
            }
            (Some(_), None) => {
                workspaces.remove(&id);
                self.absent.load(self.log.as_ref(), id)?;
            }
            (None, Some(_)) => {}
            (None, None) => self.absent.load(self.log.as_ref(), id)?,
        }
        Ok(())
    }
}

/// What a device is told to wait before it tries again.
const RETRY_AFTER_MS: u64 = 2_000;

/// A poisoned lock is taken all the same: the next commit reloads what it guards if it must.
fn reading(shared: &Shared) -> RwLockReadGuard<'_, Workspace> {
    shared.read().unwrap_or_else(PoisonError::into_inner)
}

fn writing(shared: &Shared) -> RwLockWriteGuard<'_, Workspace> {
    shared.write().unwrap_or_else(PoisonError::into_inner)
}

/// How many of the answers say that an item is in the log; for logs and counters.
#[must_use]
pub fn placed_count(answers: &[Answer]) -> usize {
    answers
        .iter()
        .filter(|answer| matches!(answer, Answer::Placed(_)))
        .count()
}

fn failure(code: ErrorCode, detail: String) -> Reply {
    Reply::Failed { code, detail }
}

fn unknown() -> Reply {
    failure(
        ErrorCode::UnknownWorkspace,
        "this server does not have the workspace".to_owned(),
    )
}

fn recovering() -> Reply {
    let detail = "the server is taking back entries that it lost".to_owned();
    failure(ErrorCode::Recovering, detail)
}
