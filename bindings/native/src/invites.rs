//! Invites: opening one, its link, cancelling it.

use std::time::Duration;

use casework::{InviteFor, InviteLink};

use crate::error::CaseworkError;
use crate::people::{Standing, standing};
use crate::text::{read, write_all};
use crate::workspace::Workspace;

/// What an invite gives.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum InviteGrant {
    /// Makes a new member with these roles.
    NewMember {
        /// Keys of roles.
        roles: Vec<String>,
    },
    /// Gives a member one more device.
    NewDevice {
        /// The member's id.
        member_id: String,
    },
}

/// A link that was made. It is a secret until it is used: a log has no business with it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct Invite {
    /// Its public half.
    pub id: String,
    /// The whole link, as text or for a QR code.
    pub link: String,
    /// Its end, by the server's clock.
    pub expires_ms: u64,
}

/// Without the link.
impl core::fmt::Debug for Invite {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Invite")
            .field("id", &self.id)
            .field("expires_ms", &self.expires_ms)
            .finish_non_exhaustive()
    }
}

/// What a link says before it is used.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct InvitePreview {
    /// The workspace it leads to.
    pub workspace_id: String,
    /// What people called it when the link was made; the workspace itself tells after joining.
    pub workspace_name: Option<String>,
    /// Where the server listens.
    pub server: String,
    /// Its end, by the server's clock.
    pub expires_ms: u64,
}

/// An invite of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct InviteView {
    /// Its public half.
    pub id: String,
    /// What it gives.
    pub gives: InviteGrant,
    /// Its end, by the server's clock.
    pub expires_ms: u64,
    /// How often it may still be used.
    pub uses_left: u32,
    /// Cancelled, for good.
    pub cancelled: bool,
}

/// Reads a link, or what a QR code of one says, without using it.
///
/// # Errors
/// `Invalid` for a text that is no invite; the text says what is wrong with it.
#[uniffi::export]
pub fn preview_invite(link: &str) -> Result<InvitePreview, CaseworkError> {
    let link: InviteLink = read(link)?;
    Ok(InvitePreview {
        workspace_id: link.workspace().to_string(),
        workspace_name: link.workspace_name().map(str::to_owned),
        server: link.address().to_owned(),
        expires_ms: link.expires_ms(),
    })
}

/// The same link with another address, for a server that is reached differently from where it is
/// used.
///
/// # Errors
/// `Invalid` for a text that is no invite, or no address.
#[uniffi::export]
pub fn readdress_invite(link: &str, address: &str) -> Result<String, CaseworkError> {
    let link: InviteLink = read(link)?;
    Ok(link.at_address(address)?.to_string())
}

/// Opening and cancelling needs `manage-members`.
#[uniffi::export]
impl Workspace {
    /// Opens an invite and makes its link. It works as soon as the server has taken it: after the
    /// next sync.
    ///
    /// # Errors
    /// `Denied` without it; `Invalid` for what makes no sense; `Unavailable` while no server is
    /// set or its key is not known (set one and sync once); `Closed`.
    #[uniffi::method(default(valid_for_seconds = 604_800, uses = 1))]
    pub fn invite(
        &self,
        gives: InviteGrant,
        valid_for_seconds: u64,
        uses: u32,
    ) -> Result<Invite, CaseworkError> {
        let gives = match gives {
            InviteGrant::NewMember { roles } => InviteFor::Member { roles },
            InviteGrant::NewDevice { member_id } => InviteFor::Device {
                member: read(&member_id)?,
            },
        };
        let valid = Duration::from_secs(valid_for_seconds);
        let link = self.sdk()?.invite(gives, valid, uses)?;
        Ok(Invite {
            id: link.invite().to_string(),
            link: link.to_string(),
            expires_ms: link.expires_ms(),
        })
    }

    /// Every invite, ended ones included.
    ///
    /// # Errors
    /// `Denied` without it; `Invalid` for what makes no sense; `Unavailable` while no server is
    /// set or its key is not known (set one and sync once); `Closed`.
    pub fn invites(&self) -> Result<Vec<InviteView>, CaseworkError> {
        let invites = self.sdk()?.invites()?;
        let invite = |one: casework::InviteView| InviteView {
            id: one.id.to_string(),
            gives: match one.gives {
                InviteFor::Member { roles } => InviteGrant::NewMember {
                    roles: write_all(roles),
                },
                InviteFor::Device { member } => InviteGrant::NewDevice {
                    member_id: member.to_string(),
                },
            },
            expires_ms: one.expires_ms,
            uses_left: one.uses_left,
            cancelled: one.cancelled,
        };
        Ok(invites.into_iter().map(invite).collect())
    }

    /// Cancels an invite.
    ///
    /// # Errors
    /// `Denied` without it; `Invalid` for what makes no sense; `Unavailable` while no server is
    /// set or its key is not known (set one and sync once); `Closed`.
    pub fn cancel_invite(&self, invite_id: &str) -> Result<Standing, CaseworkError> {
        Ok(standing(self.sdk()?.cancel_invite(read(invite_id)?)?))
    }
}
