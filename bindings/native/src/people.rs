//! Members, devices, roles and teams.

use casework::ids::DeviceId;

use crate::error::CaseworkError;
use crate::text::{read, read_all, write_all};
use crate::vocabulary::MemberKind;
use crate::workspace::Workspace;

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Member {
    /// The member's id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Person, service, or imported.
    pub kind: MemberKind,
    /// Keys of roles.
    pub roles: Vec<String>,
    /// Keys of teams.
    pub teams: Vec<String>,
    /// Not suspended.
    pub active: bool,
    /// Devices, revoked ones included, oldest first.
    pub devices: Vec<Device>,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Device {
    /// Its id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Revoked, for good.
    pub revoked: bool,
    /// It is the one that asks.
    #[uniffi(default = false)]
    pub this_one: bool,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Role {
    /// Its key.
    pub key: String,
    /// Name for people.
    pub name: String,
    /// Can be neither redefined nor removed.
    pub built_in: bool,
    /// What it grants, as people write it: `edit,comment template:CMP`.
    pub grants: Vec<String>,
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Team {
    /// Its key.
    pub key: String,
    /// Name for people.
    pub name: String,
    /// Ids of its members.
    pub members: Vec<String>,
}

/// A change of a member. The default changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, uniffi::Record)]
pub struct MemberChange {
    /// A new name.
    #[uniffi(default = None)]
    pub name: Option<String>,
    /// Keys of roles to give.
    #[uniffi(default = [])]
    pub add_roles: Vec<String>,
    /// Keys of roles to take.
    #[uniffi(default = [])]
    pub remove_roles: Vec<String>,
    /// `false` suspends the member with all devices, `true` lets them back.
    #[uniffi(default = None)]
    pub active: Option<bool>,
}

/// A change of a team, or a new one. The default changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, uniffi::Record)]
pub struct TeamChange {
    /// A new name; required for a new team.
    #[uniffi(default = None)]
    pub name: Option<String>,
    /// Ids of members to add.
    #[uniffi(default = [])]
    pub add: Vec<String>,
    /// Ids of members to remove.
    #[uniffi(default = [])]
    pub remove: Vec<String>,
}

/// Whether something that was said about people holds already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Standing {
    /// It holds.
    InForce,
    /// It waits for the server and grants nothing until then.
    Pending,
}

/// A member that was added.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AddedMember {
    /// The member's id.
    pub id: String,
    /// Whether it holds already.
    pub standing: Standing,
}

/// Everybody reads; changing needs `manage-members`.
#[uniffi::export]
impl Workspace {
    /// Everybody, by name.
    ///
    /// # Errors
    /// `Denied` without the right, or before the people of a joining device have arrived;
    /// `Invalid` for what makes no sense (the text says why); `Unavailable` when the store fails;
    /// `Closed`.
    pub fn members(&self) -> Result<Vec<Member>, CaseworkError> {
        let sdk = self.sdk()?;
        let (all, here) = (sdk.members()?, sdk.info()?.device);
        Ok(all.into_iter().map(|one| member(one, here)).collect())
    }

    /// One member.
    ///
    /// # Errors
    /// `Denied` without the right, or before the people of a joining device have arrived;
    /// `Invalid` for what makes no sense (the text says why); `Unavailable` when the store fails;
    /// `Closed`.
    pub fn member(&self, member_id: &str) -> Result<Member, CaseworkError> {
        let sdk = self.sdk()?;
        Ok(member(sdk.member(read(member_id)?)?, sdk.info()?.device))
    }

    /// Adds a member without a device: a service, or a person named by imported data. People with
    /// devices come by [`Workspace::invite`].
    ///
    /// # Errors
    /// `Denied` without the right, or before the people of a joining device have arrived;
    /// `Invalid` for what makes no sense (the text says why); `Unavailable` when the store fails;
    /// `Closed`.
    pub fn add_member(
        &self,
        name: &str,
        kind: MemberKind,
        roles: Vec<String>,
    ) -> Result<AddedMember, CaseworkError> {
        let (id, said) = self.sdk()?.add_member(name, kind, &roles)?;
        Ok(AddedMember {
            id: id.to_string(),
            standing: standing(said),
        })
    }

    /// Renames, promotes, demotes, suspends or lets back a member.
    ///
    /// # Errors
    /// `Denied` without the right, or before the people of a joining device have arrived;
    /// `Invalid` for what makes no sense (the text says why); `Unavailable` when the store fails;
    /// `Closed`.
    pub fn change_member(
        &self,
        member_id: &str,
        change: MemberChange,
    ) -> Result<Standing, CaseworkError> {
        let change = casework::MemberChange {
            name: change.name,
            add_roles: change.add_roles,
            remove_roles: change.remove_roles,
            active: change.active,
        };
        Ok(standing(
            self.sdk()?.change_member(read(member_id)?, change)?,
        ))
    }

    /// Revokes a device for good: what it had not sent by then is held for a decision.
    ///
    /// # Errors
    /// `Denied` without the right, or before the people of a joining device have arrived;
    /// `Invalid` for what makes no sense (the text says why); `Unavailable` when the store fails;
    /// `Closed`.
    pub fn revoke_device(&self, device_id: &str, reason: &str) -> Result<Standing, CaseworkError> {
        Ok(standing(
            self.sdk()?.revoke_device(read(device_id)?, reason)?,
        ))
    }

    /// Every role, by key.
    ///
    /// # Errors
    /// `Denied` without the right, or before the people of a joining device have arrived;
    /// `Invalid` for what makes no sense (the text says why); `Unavailable` when the store fails;
    /// `Closed`.
    pub fn roles(&self) -> Result<Vec<Role>, CaseworkError> {
        let role = |role: casework::RoleView| Role {
            key: role.key,
            name: role.name,
            built_in: role.built_in,
            grants: role.words,
        };
        Ok(self.sdk()?.roles()?.into_iter().map(role).collect())
    }

    /// Defines a role, or replaces its name and grants. Each grant as people write it:
    /// `VERB[,VERB…] [all | own | team | template:KEY | stage:KEY/STAGE | field:KEY/FIELD]`.
    ///
    /// # Errors
    /// `Denied` without the right, or before the people of a joining device have arrived;
    /// `Invalid` for what makes no sense (the text says why); `Unavailable` when the store fails;
    /// `Closed`.
    pub fn define_role(
        &self,
        key: &str,
        name: &str,
        grants: Vec<String>,
    ) -> Result<Standing, CaseworkError> {
        let sdk = self.sdk()?;
        let mut read = Vec::new();
        for words in &grants {
            read.extend(sdk.read_grants(words)?);
        }
        Ok(standing(sdk.define_role(key, name, read)?))
    }

    /// Removes a role; members lose it.
    ///
    /// # Errors
    /// `Denied` without the right, or before the people of a joining device have arrived;
    /// `Invalid` for what makes no sense (the text says why); `Unavailable` when the store fails;
    /// `Closed`.
    pub fn remove_role(&self, key: &str) -> Result<Standing, CaseworkError> {
        Ok(standing(self.sdk()?.remove_role(key)?))
    }

    /// Every team, by key.
    ///
    /// # Errors
    /// `Denied` without the right, or before the people of a joining device have arrived;
    /// `Invalid` for what makes no sense (the text says why); `Unavailable` when the store fails;
    /// `Closed`.
    pub fn teams(&self) -> Result<Vec<Team>, CaseworkError> {
        let team = |team: casework::TeamView| Team {
            key: team.key,
            name: team.name,
            members: write_all(team.members),
        };
        Ok(self.sdk()?.teams()?.into_iter().map(team).collect())
    }

    /// Makes a team, or changes its name and members.
    ///
    /// # Errors
    /// `Denied` without the right, or before the people of a joining device have arrived;
    /// `Invalid` for what makes no sense (the text says why); `Unavailable` when the store fails;
    /// `Closed`.
    pub fn change_team(&self, key: &str, change: TeamChange) -> Result<Standing, CaseworkError> {
        let change = casework::TeamChange {
            name: change.name,
            add: read_all(&change.add)?,
            remove: read_all(&change.remove)?,
        };
        Ok(standing(self.sdk()?.change_team(key, change)?))
    }
}

fn member(view: casework::MemberView, here: DeviceId) -> Member {
    let device = |device: casework::DeviceView| Device {
        id: device.id.to_string(),
        name: device.name,
        revoked: device.revoked,
        this_one: device.id == here,
    };
    Member {
        id: view.id.to_string(),
        name: view.name,
        kind: view.kind,
        roles: write_all(view.roles),
        teams: write_all(view.teams),
        active: view.active,
        devices: view.devices.into_iter().map(device).collect(),
    }
}

pub(crate) fn standing(standing: casework::Standing) -> Standing {
    match standing {
        casework::Standing::InForce => Standing::InForce,
        casework::Standing::Pending => Standing::Pending,
    }
}
