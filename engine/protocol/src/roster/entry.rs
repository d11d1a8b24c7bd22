//! What a roster entry can say. Changes are deltas, so that an entry can be rebased onto a moved
//! head without undoing what others did.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::digest::Tag;
use crate::entry::{Chain, Entry};
use crate::ids::{ChangeHash, DeviceId, DocumentId, InviteId, MemberId};
use crate::keys::Signature;
use crate::rights::Grant;

/// A verified roster entry.
pub type RosterEntry = Entry<RosterBody>;

/// What kind of member.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum MemberKind {
    /// A person with devices.
    #[n(0)]
    Person,
    /// A service, for instance the agent.
    #[n(1)]
    Service,
    /// A person named by imported data: has no device and can sign nothing.
    #[n(2)]
    Imported,
}

/// What an invite gives.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InviteFor {
    /// A new member with these roles.
    #[n(0)]
    Member {
        /// Role keys.
        #[n(0)]
        roles: Vec<String>,
    },
    /// One more device of an existing member.
    #[n(1)]
    Device {
        /// Whose device.
        #[n(0)]
        member: MemberId,
    },
}

/// The body of a roster entry.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum RosterBody {
    /// Founds the workspace: the author becomes the first device of the first owner; the built-in
    /// roles exist from here on.
    #[n(0)]
    Genesis {
        /// Name of the workspace.
        #[n(0)]
        name: String,
        /// The founder.
        #[n(1)]
        member: MemberId,
        /// The founder's name.
        #[n(2)]
        member_name: String,
        /// The name of the founder's device.
        #[n(3)]
        device_name: String,
        /// Sixteen random bytes, so that two workspaces never share an id.
        #[cbor(n(4), with = "minicbor::bytes")]
        nonce: Vec<u8>,
    },
    /// Adds a member.
    #[n(1)]
    AddMember {
        /// A fresh id.
        #[n(0)]
        member: MemberId,
        /// The name.
        #[n(1)]
        name: String,
        /// The kind.
        #[n(2)]
        kind: MemberKind,
        /// Role keys.
        #[n(3)]
        roles: Vec<String>,
    },
    /// Changes a member.
    #[n(2)]
    ChangeMember {
        /// Who.
        #[n(0)]
        member: MemberId,
        /// A new name.
        #[n(1)]
        name: Option<String>,
        /// Role keys to give.
        #[n(2)]
        add_roles: Vec<String>,
        /// Role keys to take.
        #[n(3)]
        remove_roles: Vec<String>,
        /// `false` suspends the member with all devices, `true` lets them back.
        #[n(4)]
        active: Option<bool>,
    },
    /// Revokes a device for good.
    #[n(3)]
    RevokeDevice {
        /// Which.
        #[n(0)]
        device: DeviceId,
        /// Why, in words.
        #[n(1)]
        reason: String,
    },
    /// Defines a role, or replaces its name and grants.
    #[n(4)]
    DefineRole {
        /// Key, for instance `case-worker`.
        #[n(0)]
        role: String,
        /// Name for people.
        #[n(1)]
        name: String,
        /// What it grants.
        #[n(2)]
        grants: Vec<Grant>,
    },
    /// Removes a role nobody needs any more; members lose it.
    #[n(5)]
    RemoveRole {
        /// Key.
        #[n(0)]
        role: String,
    },
    /// Defines a team, or changes its name and members.
    #[n(6)]
    ChangeTeam {
        /// Key.
        #[n(0)]
        team: String,
        /// Name; required when the team is new.
        #[n(1)]
        name: Option<String>,
        /// Members to add.
        #[n(2)]
        add: Vec<MemberId>,
        /// Members to remove.
        #[n(3)]
        remove: Vec<MemberId>,
    },
    /// Opens an invite. Only the public half of its key is ever in the roster.
    #[n(7)]
    OpenInvite {
        /// The public key.
        #[n(0)]
        invite: InviteId,
        /// What it gives.
        #[n(1)]
        gives: InviteFor,
        /// Milliseconds since 1970; judged against the redeeming entry's *received* time.
        #[n(2)]
        expires_ms: u64,
        /// How often it may be redeemed.
        #[n(3)]
        uses: u32,
    },
    /// Cancels an invite.
    #[n(8)]
    CancelInvite {
        /// Which.
        #[n(0)]
        invite: InviteId,
    },
    /// Redeems an invite; signed by the new device, which is the entry's author.
    #[n(9)]
    Redeem {
        /// Which.
        #[n(0)]
        invite: InviteId,
        /// A fresh id for a new member; the existing member's for a second device.
        #[n(1)]
        member: MemberId,
        /// The new member's name; ignored for a second device.
        #[n(2)]
        member_name: String,
        /// The device's name.
        #[n(3)]
        device_name: String,
        /// The invite key's signature: tag ‖ workspace ‖ device ‖ member.
        #[n(4)]
        proof: Signature,
    },
    /// Releases held changes of one document: a causally closed set.
    #[n(10)]
    Adopt {
        /// The document.
        #[n(0)]
        document: DocumentId,
        /// The changes.
        #[n(1)]
        changes: Vec<ChangeHash>,
        /// Why, in words.
        #[n(2)]
        reason: String,
    },
}

impl Chain for RosterBody {
    const HASH: Tag = Tag::RosterHash;
    const SIGN: Tag = Tag::RosterSign;
}
