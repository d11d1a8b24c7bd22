//! The roster at one version: who is there and what they may do.
//!
//! Reads only; the fold is the one writer. A clone costs a few pointers (persistent maps), so that
//! every version of a long roster is kept. Iteration is in the order of ids and keys.

use std::collections::BTreeSet;

use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};

use crate::citation::CitedVersion;
use crate::ids::{ChangeHash, DeviceId, DocumentId, EntryHash, InviteId, MemberId, WorkspaceId};
use crate::rights::{Grant, Occasion, Verb};
use crate::roster::entry::{InviteFor, MemberKind};
use crate::roster::error::Inactive;
use crate::roster::role::{OWNER, Role};

/// A member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Name for people.
    pub name: String,
    /// The kind; never changes.
    pub kind: MemberKind,
    /// Keys of the member's roles.
    pub roles: BTreeSet<String>,
    /// Keys of the member's teams.
    pub teams: BTreeSet<String>,
    /// `false` while suspended.
    pub active: bool,
    /// Every device ever enrolled, revoked ones included, oldest first.
    pub devices: Vec<DeviceId>,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Whose, for ever.
    pub member: MemberId,
    /// Name for people.
    pub name: String,
    /// Revoked, for good.
    pub revoked: bool,
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Name for people.
    pub name: String,
    /// Its members.
    pub members: RedBlackTreeSetSync<MemberId>,
}

/// An invite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// What it gives.
    pub gives: InviteFor,
    /// Its end, milliseconds since 1970, judged against received times.
    pub expires_ms: u64,
    /// How often it may still be redeemed.
    pub uses_left: u32,
    /// Cancelled, for good.
    pub cancelled: bool,
    /// The device that opened it; the invite dies with that device's right to open it.
    pub opened_by: DeviceId,
}

/// A release of one held change, as the roster records it. Whether the adopter had the right *for
/// that document* is judged with its access record, see [`crate::authority`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adoption {
    /// The document.
    pub document: DocumentId,
    /// Who adopted.
    pub by: MemberId,
    /// The roster version of the entry.
    pub version: u64,
}

/// The roster at one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterState {
    pub(super) workspace: WorkspaceId,
    pub(super) version: u64,
    pub(super) head: EntryHash,
    pub(super) name: String,
    pub(super) members: RedBlackTreeMapSync<MemberId, Member>,
    pub(super) devices: RedBlackTreeMapSync<DeviceId, Device>,
    pub(super) roles: RedBlackTreeMapSync<String, Role>,
    pub(super) teams: RedBlackTreeMapSync<String, Team>,
    pub(super) invites: RedBlackTreeMapSync<InviteId, Invite>,
    /// Every adoption of a change by version: one that turns out to lack the right for its
    /// document must not hide a later one.
    pub(super) adopted: RedBlackTreeMapSync<(ChangeHash, u64), Adoption>,
    /// Members with the role `owner`, active or not, so that the last one is found without a scan.
    pub(super) owners: RedBlackTreeSetSync<MemberId>,
}

impl RosterState {
    /// The workspace.
    #[must_use]
    pub fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// 1 for the genesis, then one more per entry.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Hash of the newest entry.
    #[must_use]
    pub fn head(&self) -> EntryHash {
        self.head
    }

    /// This version as a change cites it.
    #[must_use]
    pub fn cite(&self) -> CitedVersion {
        CitedVersion::of(self.version, &self.head)
    }

    /// Name of the workspace.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One member.
    #[must_use]
    pub fn member(&self, member: MemberId) -> Option<&Member> {
        self.members.get(&member)
    }

    /// One device, revoked or not.
    #[must_use]
    pub fn device(&self, device: DeviceId) -> Option<&Device> {
        self.devices.get(&device)
    }

    /// One role.
    #[must_use]
    pub fn role(&self, key: &str) -> Option<&Role> {
        self.roles.get(key)
    }

    /// One team.
    #[must_use]
    pub fn team(&self, key: &str) -> Option<&Team> {
        self.teams.get(key)
    }

    /// One invite, whether or not it can still be redeemed.
    #[must_use]
    pub fn invite(&self, invite: InviteId) -> Option<&Invite> {
        self.invites.get(&invite)
    }

    /// All members by id.
    pub fn members(&self) -> impl Iterator<Item = (MemberId, &Member)> {
        self.members.iter().map(|(id, member)| (*id, member))
    }

    /// All devices by id, revoked ones included.
    pub fn devices(&self) -> impl Iterator<Item = (DeviceId, &Device)> {
        self.devices.iter().map(|(id, device)| (*id, device))
    }

    /// All roles by key, built-in ones included.
    pub fn roles(&self) -> impl Iterator<Item = (&str, &Role)> {
        self.roles.iter().map(|(key, role)| (key.as_str(), role))
    }

    /// All teams by key.
    pub fn teams(&self) -> impl Iterator<Item = (&str, &Team)> {
        self.teams.iter().map(|(key, team)| (key.as_str(), team))
    }

    /// All invites by id, ended ones included.
    pub fn invites(&self) -> impl Iterator<Item = (InviteId, &Invite)> {
        self.invites.iter().map(|(id, invite)| (*id, invite))
    }

    /// Active owners by id.
    pub fn owners(&self) -> impl Iterator<Item = MemberId> {
        self.owners
            .iter()
            .copied()
            .filter(|owner| self.active(*owner).is_some())
    }

    /// The member for whom this device may act.
    ///
    /// # Errors
    /// [`Inactive`] for a device that is unknown or revoked or whose member is suspended.
    pub fn acting(&self, device: DeviceId) -> Result<MemberId, Inactive> {
        let known = self.devices.get(&device).ok_or(Inactive::Unknown(device))?;
        if known.revoked {
            return Err(Inactive::Revoked(device));
        }
        self.active(known.member)
            .map(|_| known.member)
            .ok_or(Inactive::Suspended(known.member))
    }

    /// The member for whom this device may act, if it may.
    #[must_use]
    pub fn member_of(&self, device: DeviceId) -> Option<MemberId> {
        self.acting(device).ok()
    }

    /// What an active member's roles grant; a grant of several roles comes several times.
    pub fn grants(&self, member: MemberId) -> impl Iterator<Item = &Grant> {
        self.active(member)
            .into_iter()
            .flat_map(|member| &member.roles)
            .filter_map(|key| self.roles.get(key.as_str()))
            .flat_map(|role| &role.grants)
    }

    /// Whether a grant of this active member covers the occasion.
    #[must_use]
    pub fn allows(&self, member: MemberId, occasion: &Occasion<'_>) -> bool {
        self.grants(member).any(|grant| grant.covers(occasion))
    }

    /// Whether this active member holds the verb in any scope.
    #[must_use]
    pub fn holds(&self, member: MemberId, verb: Verb) -> bool {
        self.grants(member).any(|grant| grant.verb == verb)
    }

    /// Whether this member is an owner, active or not.
    #[must_use]
    pub fn is_owner(&self, member: MemberId) -> bool {
        self.owners.contains(&member)
    }

    /// Whether two members share a team.
    #[must_use]
    pub fn are_fellows(&self, one: MemberId, other: MemberId) -> bool {
        match (self.member(one), self.member(other)) {
            (Some(one), Some(other)) => !one.teams.is_disjoint(&other.teams),
            (None, _) | (_, None) => false,
        }
    }

    /// The recorded adoptions of a change, oldest first, whether or not they had the right.
    pub fn adoptions(&self, change: ChangeHash) -> impl Iterator<Item = Adoption> {
        self.adopted
            .range((change, 0)..=(change, u64::MAX))
            .map(|(_, adoption)| *adoption)
    }

    fn active(&self, member: MemberId) -> Option<&Member> {
        self.members.get(&member).filter(|member| member.active)
    }

    pub(super) fn has_working_owner(&self) -> bool {
        self.owners()
            .filter_map(|owner| self.members.get(&owner))
            .any(|owner| {
                owner
                    .devices
                    .iter()
                    .any(|id| self.devices.get(id).is_some_and(|d| !d.revoked))
            })
    }

    pub(super) fn give_role(&mut self, member: MemberId, key: &str) -> bool {
        if key == OWNER {
            self.owners.insert_mut(member);
        }
        self.members
            .get_mut(&member)
            .is_some_and(|member| member.roles.insert(key.to_owned()))
    }

    pub(super) fn take_role(&mut self, member: MemberId, key: &str) -> bool {
        if key == OWNER {
            self.owners.remove_mut(&member);
        }
        self.members
            .get_mut(&member)
            .is_some_and(|member| member.roles.remove(key))
    }
}
