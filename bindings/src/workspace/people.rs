//! Members, devices, roles and teams: the people of the workspace.
//!
//! Reads the roster and says things in it. Before the first server what is said holds at once;
//! afterwards it waits for the server and grants nothing until then ([`Standing::Pending`]).

use std::collections::BTreeSet;

use casework_engine::replica::Standing;
use casework_protocol::ids::{DeviceId, MemberId};
use casework_protocol::rights::Grant;
use casework_protocol::roster::entry::{MemberKind, RosterBody};
use casework_protocol::roster::role::is_built_in;
use casework_protocol::roster::{Member, RosterState};
use serde::Serialize;

use super::Workspace;
use crate::error::Error;
use crate::moment;

/// A member as people see one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberView {
    /// The member.
    pub id: MemberId,
    /// Name for people.
    pub name: String,
    /// Person, service, or imported.
    pub kind: MemberKind,
    /// Keys of the member's roles.
    pub roles: BTreeSet<String>,
    /// Keys of the member's teams.
    pub teams: BTreeSet<String>,
    /// `false` while suspended.
    pub active: bool,
    /// The devices, revoked ones included, oldest first.
    pub devices: Vec<DeviceView>,
}

/// A device as people see one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceView {
    /// The device.
    pub id: DeviceId,
    /// Name for people.
    pub name: String,
    /// Revoked, for good.
    pub revoked: bool,
}

/// A role as people see one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoleView {
    /// Its key.
    pub key: String,
    /// Name for people.
    pub name: String,
    /// Built in: can be neither redefined nor removed.
    pub built_in: bool,
    /// What it grants.
    pub grants: Vec<Grant>,
    /// The same as people write it.
    pub words: Vec<String>,
}

/// A team as people see one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TeamView {
    /// Its key.
    pub key: String,
    /// Name for people.
    pub name: String,
    /// Its members.
    pub members: Vec<MemberId>,
}

/// A change of a member. The default changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberChange {
    /// A new name.
    pub name: Option<String>,
    /// Role keys to give.
    pub add_roles: Vec<String>,
    /// Role keys to take.
    pub remove_roles: Vec<String>,
    /// `false` suspends the member with all devices, `true` lets them back.
    pub active: Option<bool>,
}

/// A change of a team, or a new one. The default changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TeamChange {
    /// A new name; required for a new team.
    pub name: Option<String>,
    /// Members to add.
    pub add: Vec<MemberId>,
    /// Members to remove.
    pub remove: Vec<MemberId>,
}

/// People: everybody reads them; changing them needs `manage-members`.
///
/// Errors of all that follow: [`Error::Denied`] without the right, [`Error::Invalid`] for what
/// makes no sense in the roster (the text says why), [`Error::Unavailable`] when the store fails.
impl Workspace {
    /// Everybody, by name.
    ///
    /// # Errors
    /// [`Error::Denied`] before the roster of a joining device has arrived.
    pub fn members(&self) -> Result<Vec<MemberView>, Error> {
        self.read(|replica| {
            let roster = replica.roster()?.head();
            let mut members: Vec<MemberView> = roster
                .members()
                .map(|(id, member)| member_view(roster, id, member))
                .collect();
            members.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
            Ok(members)
        })
    }

    /// One member.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an unknown one.
    pub fn member(&self, id: MemberId) -> Result<MemberView, Error> {
        self.read(|replica| {
            let roster = replica.roster()?.head();
            let unknown = || Error::Invalid(format!("member {id} is not in the roster"));
            Ok(member_view(
                roster,
                id,
                roster.member(id).ok_or_else(unknown)?,
            ))
        })
    }

    /// Adds a member without a device: a service, or a person named by imported data. People with
    /// devices come by [`Workspace::invite`].
    ///
    /// # Errors
    /// See above.
    pub fn add_member(
        &self,
        name: &str,
        kind: MemberKind,
        roles: &[String],
    ) -> Result<(MemberId, Standing), Error> {
        let moment = moment::now()?;
        let member = moment.member_id();
        let (name, roles) = (name.to_owned(), roles.to_vec());
        let body = RosterBody::AddMember {
            member,
            name,
            kind,
            roles,
        };
        Ok((member, self.say(body)?))
    }

    /// Renames, promotes, demotes, suspends or lets back a member.
    ///
    /// # Errors
    /// See above.
    pub fn change_member(&self, member: MemberId, change: MemberChange) -> Result<Standing, Error> {
        let MemberChange {
            name,
            add_roles,
            remove_roles,
            active,
        } = change;
        self.say(RosterBody::ChangeMember {
            member,
            name,
            add_roles,
            remove_roles,
            active,
        })
    }

    /// Revokes a device for good: what it had not sent by then is held for a decision.
    ///
    /// # Errors
    /// See above.
    pub fn revoke_device(&self, device: DeviceId, reason: &str) -> Result<Standing, Error> {
        self.say(RosterBody::RevokeDevice {
            device,
            reason: reason.to_owned(),
        })
    }

    /// Every role, by key.
    ///
    /// # Errors
    /// [`Error::Denied`] before the roster of a joining device has arrived.
    pub fn roles(&self) -> Result<Vec<RoleView>, Error> {
        self.read(|replica| {
            let roles = replica
                .roster()?
                .head()
                .roles()
                .map(|(key, role)| RoleView {
                    key: key.to_owned(),
                    name: role.name.clone(),
                    built_in: is_built_in(key),
                    grants: role.grants.iter().cloned().collect(),
                    words: role
                        .grants
                        .iter()
                        .map(|grant| replica.grant_words(grant))
                        .collect(),
                });
            Ok(roles.collect())
        })
    }

    /// Defines a role, or replaces its name and grants.
    ///
    /// # Errors
    /// See above.
    pub fn define_role(
        &self,
        key: &str,
        name: &str,
        grants: Vec<Grant>,
    ) -> Result<Standing, Error> {
        let (role, name) = (key.to_owned(), name.to_owned());
        self.say(RosterBody::DefineRole { role, name, grants })
    }

    /// Removes a role; members lose it.
    ///
    /// # Errors
    /// See above.
    pub fn remove_role(&self, key: &str) -> Result<Standing, Error> {
        self.say(RosterBody::RemoveRole {
            role: key.to_owned(),
        })
    }

    /// Every team, by key.
    ///
    /// # Errors
    /// [`Error::Denied`] before the roster of a joining device has arrived.
    pub fn teams(&self) -> Result<Vec<TeamView>, Error> {
        self.read(|replica| {
            let teams = replica
                .roster()?
                .head()
                .teams()
                .map(|(key, team)| TeamView {
                    key: key.to_owned(),
                    name: team.name.clone(),
                    members: team.members.iter().copied().collect(),
                });
            Ok(teams.collect())
        })
    }

    /// Makes a team, or changes its name and members.
    ///
    /// # Errors
    /// See above.
    pub fn change_team(&self, key: &str, change: TeamChange) -> Result<Standing, Error> {
        let TeamChange { name, add, remove } = change;
        self.say(RosterBody::ChangeTeam {
            team: key.to_owned(),
            name,
            add,
            remove,
        })
    }

    pub(super) fn say(&self, body: RosterBody) -> Result<Standing, Error> {
        let now = moment::now()?;
        self.write_people(|replica| Ok(replica.authorise(body, &now)?))
    }
}

fn member_view(roster: &RosterState, id: MemberId, member: &Member) -> MemberView {
    let devices = member.devices.iter().filter_map(|id| {
        let device = roster.device(*id)?;
        Some(DeviceView {
            id: *id,
            name: device.name.clone(),
            revoked: device.revoked,
        })
    });
    MemberView {
        id,
        name: member.name.clone(),
        kind: member.kind,
        roles: member.roles.clone(),
        teams: member.teams.iter().cloned().collect(),
        active: member.active,
        devices: devices.collect(),
    }
}
