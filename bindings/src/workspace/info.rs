//! Which workspace this is, and who this device is in it.

use std::path::PathBuf;

use casework_engine::replica::ServerRow;
use casework_protocol::ids::{DeviceId, MemberId, WorkspaceId};
use casework_protocol::roster::{Device, RosterState};
use serde::Serialize;

use super::Workspace;
use crate::error::Error;

/// How a device stands on the roster, by everything that has arrived here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enrolment {
    /// Not enrolled yet: its join is not over.
    Joining,
    /// Enrolled.
    Enrolled,
    /// Its member is suspended, and may be let in again.
    Suspended,
    /// Revoked, for good.
    Revoked,
}

/// Which workspace this is, and who this device is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Info {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its name; empty until the roster has arrived.
    pub name: String,
    /// This device.
    pub device: DeviceId,
    /// The name of this device; empty until it is enrolled.
    pub device_name: String,
    /// Whose device it is; `None` while it is not enrolled, or may not work ([`Info::standing`]).
    pub member: Option<MemberId>,
    /// The member's name; empty likewise.
    pub member_name: String,
    /// Whether it belongs to somebody who may work.
    pub standing: Enrolment,
    /// The server, if one is set.
    pub server: Option<ServerRow>,
    /// Where the replica lies.
    pub folder: PathBuf,
}

impl Workspace {
    /// Which workspace this is, and who this device is in it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store fails.
    pub fn info(&self) -> Result<Info, Error> {
        self.read(|replica| {
            let (device, server) = (replica.device(), replica.server()?);
            let roster = replica.roster().ok().map(|roster| roster.head());
            let known = roster.and_then(|roster| roster.device(device));
            let member = replica.member();
            let named = member.and_then(|member| roster?.member(member));
            Ok(Info {
                workspace: replica.workspace(),
                name: roster
                    .map(|roster| roster.name().to_owned())
                    .unwrap_or_default(),
                device,
                device_name: known.map(|device| device.name.clone()).unwrap_or_default(),
                member,
                standing: standing(roster, known),
                member_name: named.map(|member| member.name.clone()).unwrap_or_default(),
                server,
                folder: self.inner.folder.clone(),
            })
        })
    }
}

fn standing(roster: Option<&RosterState>, device: Option<&Device>) -> Enrolment {
    let Some(device) = device else {
        return Enrolment::Joining;
    };
    if device.revoked {
        return Enrolment::Revoked;
    }
    let member = roster.and_then(|roster| roster.member(device.member));
    if member.is_some_and(|member| member.active) {
        Enrolment::Enrolled
    } else {
        Enrolment::Suspended
    }
}
