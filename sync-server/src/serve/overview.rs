//! The workspaces of a server as its operator may see them: how much, since when, how they stand.

use casework_protocol::ids::WorkspaceId;
use serde::{Deserialize, Serialize};

use crate::log::redb::RedbLog;
use crate::log::{Log as _, LogError};
use crate::relay::{Relay, Workspace};

/// How a workspace stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It is served.
    Served,
    /// It takes nothing new until what was lost is back, or given up.
    Recovering,
    /// Nothing of it is here: it waits for a device that kept its log.
    Lost,
    /// Nothing of it is here and that was accepted: it begins again with the first device.
    GivenUp,
}

/// One workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// Its id.
    pub workspace: WorkspaceId,
    /// How it stands.
    pub state: Standing,
    /// Its name, from the roster.
    pub name: String,
    /// Entries of its log.
    pub entries: u64,
    /// Documents, purged ones too.
    pub documents: u64,
    /// Those of them that were purged.
    pub purged: u64,
    /// Members, suspended ones too.
    pub members: u64,
    /// Devices that are not revoked.
    pub devices: u64,
    /// Changes that wait for an adoption.
    pub held: u64,
    /// Bytes of its items in the log.
    pub bytes: u64,
    /// Bytes of its bundles.
    pub bundle_bytes: u64,
    /// When its last entry was received, in milliseconds since 1970 by the server's clock.
    pub last_entry_ms: Option<u64>,
}

/// Every workspace, ascending by id; those that were lost after them. Reads the whole log, one
/// workspace after the other, to tell its bytes.
///
/// # Errors
/// The log's.
pub fn overview(relay: &Relay, log: &RedbLog) -> Result<Vec<Overview>, LogError> {
    let mut found = Vec::new();
    for id in relay.workspaces() {
        let Some(shared) = relay.workspace(id) else {
            continue;
        };
        // The lock is not held while the log is read.
        let told = shared.read().map(|workspace| of(&workspace)).ok();
        let Some(mut told) = told else { continue };
        let usage = log.usage(id)?;
        (told.bytes, told.bundle_bytes) = (usage.items, usage.bundles);
        let waiting = log.held(id)?.into_iter();
        let waiting = waiting.filter(|row| row.adopted.is_none());
        told.held = waiting.map(|row| row.changes.len() as u64).sum();
        found.push(told);
    }
    found.extend(relay.lost().into_iter().map(|(id, waits)| Overview {
        state: if waits {
            Standing::Lost
        } else {
            Standing::GivenUp
        },
        ..empty(id)
    }));
    Ok(found)
}

fn of(workspace: &Workspace) -> Overview {
    let roster = workspace.roster().head();
    let active = roster.devices().filter(|(_, device)| !device.revoked);
    Overview {
        state: if workspace.recovery().is_some() {
            Standing::Recovering
        } else {
            Standing::Served
        },
        name: roster.name().to_owned(),
        entries: workspace.size(),
        documents: workspace.document_count() as u64,
        purged: workspace.purged_count() as u64,
        members: roster.members().count() as u64,
        devices: active.count() as u64,
        last_entry_ms: (workspace.size() > 0).then(|| workspace.received_ms()),
        ..empty(workspace.id())
    }
}

fn empty(workspace: WorkspaceId) -> Overview {
    Overview {
        workspace,
        state: Standing::Served,
        name: String::new(),
        entries: 0,
        documents: 0,
        purged: 0,
        members: 0,
        devices: 0,
        held: 0,
        bytes: 0,
        bundle_bytes: 0,
        last_entry_ms: None,
    }
}
