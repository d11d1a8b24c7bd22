//! Why a roster entry is refused.

use crate::citation::CitedVersion;
use crate::entry::EntryError;
use crate::ids::{DeviceId, EntryHash, InviteId, MemberId, WorkspaceId};
use crate::rights::{Grant, Verb};

/// A device that may not act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Inactive {
    /// The roster does not know the device. It joins by an invite.
    #[error("device {0} is not enrolled")]
    Unknown(DeviceId),
    /// The device was revoked, for good. Its owner enrols another one.
    #[error("device {0} was revoked")]
    Revoked(DeviceId),
    /// The device's member is suspended. Somebody who manages members lets them back.
    #[error("member {0} is suspended")]
    Suspended(MemberId),
}

/// Why a roster entry is refused. A refused entry changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RosterError {
    /// The first entry is no well-formed genesis. Found the workspace anew.
    #[error("the first entry of a roster is not a genesis: {0}")]
    BadGenesis(&'static str),
    /// A genesis after the first entry.
    #[error("a roster has one genesis and this is version {0}")]
    SecondGenesis(u64),
    /// Made for another workspace, or names a document. Send it where it belongs.
    #[error("the entry belongs to workspace {0} or to a document")]
    WrongChain(WorkspaceId),
    /// Does not follow the head. Rebase the draft onto the head and sign it again.
    #[error("the entry follows version {given} and the head is {head}")]
    Stale {
        /// The head.
        head: CitedVersion,
        /// The predecessor that the entry names.
        given: EntryPlace,
    },
    /// Received before the head was. The log or its reader is broken.
    #[error("position {given} comes before the head's position {last}")]
    OutOfOrder {
        /// Position of the head.
        last: u64,
        /// Position of the entry.
        given: u64,
    },
    /// The author may not act at all.
    #[error(transparent)]
    Inactive(#[from] Inactive),
    /// The author has no such grant, or not as widely as this needs. Ask somebody who has.
    #[error("member {member} may not {verb}")]
    Lacks {
        /// The author.
        member: MemberId,
        /// What it takes.
        verb: Verb,
    },
    /// One can give and define only what one holds oneself at least as widely.
    #[error("member {member} does not hold {grant} and cannot give it")]
    Escalation {
        /// The author.
        member: MemberId,
        /// The first grant that is missing.
        grant: Grant,
    },
    /// Only an owner gives or takes the role `owner`, and changes an owner or an owner's devices.
    #[error("only an owner may do this and member {0} is none")]
    OwnerOnly(MemberId),
    /// Would leave no active owner with a device. Make somebody else an owner first.
    #[error("this would leave no active owner with a device")]
    LastOwner,
    /// A built-in role cannot be redefined or removed. Define another one.
    #[error("role {0:?} is built in")]
    BuiltInRole(String),
    /// Empty, too long, with control characters, or with space around it.
    #[error("{0:?} is not a name: 1 to {max} bytes, no control characters, no space around it",
        max = crate::limits::MAX_NAME_BYTES)]
    BadName(String),
    /// Not a slug.
    #[error("{0:?} is not a key: 1 to {max} of a-z, 0-9 and single hyphens between them",
        max = crate::limits::MAX_KEY_BYTES)]
    BadKey(String),
    /// More than a limit allows. Split the work, or remove something first.
    #[error("{count} {what} are more than {limit}")]
    TooMany {
        /// What is counted.
        what: &'static str,
        /// How many there would be.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The member id is taken. Draw a fresh one.
    #[error("member {0} exists already")]
    MemberExists(MemberId),
    /// No such member.
    #[error("there is no member {0}")]
    UnknownMember(MemberId),
    /// Named by imported data: such a member has no devices and no invites.
    #[error("member {0} stands for imported data and can have no device")]
    ImportedMember(MemberId),
    /// No such role.
    #[error("there is no role {0:?}")]
    UnknownRole(String),
    /// A new team needs a name.
    #[error("team {0:?} is new and needs a name")]
    UnnamedTeam(String),
    /// The device is enrolled, or was: it belongs to one member for ever. Make a new key.
    #[error("device {0} was enrolled before: delete its stored key and join with a fresh one")]
    DeviceTaken(DeviceId),
    /// The invite's key was used before. Make a new one.
    #[error("invite {0} exists already")]
    InviteExists(InviteId),
    /// An invite may be redeemed at least once.
    #[error("invite {0} could never be redeemed")]
    UselessInvite(InviteId),
    /// No such invite.
    #[error("there is no invite {0}")]
    UnknownInvite(InviteId),
    /// The invite was cancelled. Ask for another.
    #[error("invite {0} was cancelled")]
    InviteCancelled(InviteId),
    /// Received at or after the invite's end. Ask for another.
    #[error("invite {invite} ended at {expires_ms} and this was received at {received_ms}")]
    InviteExpired {
        /// Which.
        invite: InviteId,
        /// Its end, milliseconds since 1970.
        expires_ms: u64,
        /// When the entry was received, milliseconds since 1970.
        received_ms: u64,
    },
    /// Redeemed as often as it may be. Ask for another.
    #[error("invite {0} has no uses left")]
    InviteSpent(InviteId),
    /// The invite is for a device of another member.
    #[error("invite {invite} is for member {member}")]
    InviteMismatch {
        /// Which.
        invite: InviteId,
        /// For whom.
        member: MemberId,
    },
    /// The proof is not the invite key's signature over this workspace, device and member.
    #[error("the proof does not come from the key of invite {0}")]
    BadProof(InviteId),
    /// Whoever opened the invite may no longer give what it gives. Ask for another.
    #[error("whoever opened invite {invite} may no longer give what it gives: {source}")]
    InviterLacks {
        /// Which.
        invite: InviteId,
        /// What the inviter lacks.
        source: Box<RosterError>,
    },
    /// The same thing is given and taken in one entry.
    #[error("{0:?} is both added and removed")]
    Contradiction(String),
    /// The entry would change nothing. Drop it.
    #[error("the entry changes nothing")]
    NoEffect,
    /// A draft that was just signed could not be read back.
    #[error(transparent)]
    Entry(#[from] EntryError),
}

/// The place that an entry claims, as an error shows it: its version and its predecessor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryPlace {
    /// The version the entry wants to be.
    pub version: u64,
    /// The hash of the predecessor it names.
    pub previous: EntryHash,
}

impl core::fmt::Display for EntryPlace {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "{}",
            CitedVersion::of(self.version.saturating_sub(1), &self.previous)
        )
    }
}
