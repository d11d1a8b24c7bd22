//! Invites: opening one, its link, cancelling it.

use std::time::Duration;

use casework_engine::replica::{Replica, Standing};
use casework_engine::sync::Holdings;
use casework_protocol::ids::InviteId;
use casework_protocol::keys::SecretKey;
use casework_protocol::roster::entry::{InviteFor, RosterBody};
use serde::Serialize;

use super::Workspace;
use crate::error::Error;
use crate::link::{InviteLink, Whereabouts};
use crate::moment;

/// An invite as people see one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InviteView {
    /// Its public half.
    pub id: InviteId,
    /// What it gives.
    pub gives: InviteFor,
    /// Its end, milliseconds since 1970 by the server's clock.
    pub expires_ms: u64,
    /// How often it may still be redeemed.
    pub uses_left: u32,
    /// Cancelled, for good.
    pub cancelled: bool,
}

/// Invites: opening and cancelling them needs `manage-members`. Errors as for other people.
impl Workspace {
    /// Every invite, ended ones included.
    ///
    /// # Errors
    /// [`Error::Denied`] before the roster of a joining device has arrived.
    pub fn invites(&self) -> Result<Vec<InviteView>, Error> {
        self.read(|replica| {
            let invites = replica
                .roster()?
                .head()
                .invites()
                .map(|(id, invite)| InviteView {
                    id,
                    gives: invite.gives.clone(),
                    expires_ms: invite.expires_ms,
                    uses_left: invite.uses_left,
                    cancelled: invite.cancelled,
                });
            Ok(invites.collect())
        })
    }

    /// Opens an invite and makes its link, which is a secret. It works as soon as the server has
    /// taken it: after the next sync.
    ///
    /// # Errors
    /// See above; [`Error::Unavailable`] while no server is set or its key is not known yet: set
    /// one and sync once.
    pub fn invite(
        &self,
        gives: InviteFor,
        valid_for: Duration,
        uses: u32,
    ) -> Result<InviteLink, Error> {
        let now = moment::now()?;
        let seed = moment::dice::<32>()?;
        let valid_ms = u64::try_from(valid_for.as_millis()).unwrap_or(u64::MAX);
        let expires_ms = now.now_ms.saturating_add(valid_ms);
        let invite = SecretKey::from_seed(&seed).invite();
        self.write_people(|replica| {
            let whereabouts = whereabouts(replica)?;
            replica.authorise(
                RosterBody::OpenInvite {
                    invite,
                    gives,
                    expires_ms,
                    uses,
                },
                &now,
            )?;
            Ok(InviteLink::new(whereabouts, seed, expires_ms))
        })
    }

    /// Cancels an invite.
    ///
    /// # Errors
    /// See above.
    pub fn cancel_invite(&self, invite: InviteId) -> Result<Standing, Error> {
        self.say(RosterBody::CancelInvite { invite })
    }
}

/// Where a newcomer finds the server.
fn whereabouts(replica: &Replica) -> Result<Whereabouts, Error> {
    let unset = || {
        Error::Unavailable(
            "an invite needs a server: set one, ws://host:port or wss://host:port, and sync once"
                .to_owned(),
        )
    };
    let row = replica.server()?.ok_or_else(unset)?;
    let server = row.key.ok_or_else(|| {
        Error::Unavailable(
            "the server's key is not known yet: sync once, then the invite can name it".to_owned(),
        )
    })?;
    Ok(Whereabouts {
        workspace: replica.workspace(),
        name: replica.roster()?.head().name().to_owned(),
        address: row.address.parse()?,
        server,
        head: Holdings::head(replica),
    })
}
