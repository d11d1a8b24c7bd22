//! Invites: opening, cancelling, redeeming.
//!
//! Redeeming works while the inviter is offline, yet an invite gives only what its opener may
//! still give: when the opener's device is revoked, or the opener demoted, their open invites are
//! worth nothing, and an invite for a member who rose above the opener neither.

use crate::authority::{Effect, Received};
use crate::digest::Tag;
use crate::ids::{DeviceId, InviteId, MemberId};
use crate::keys::{Signature, verify};
use crate::limits::{MAX_INVITE_USES, MAX_MEMBER_ROLES};
use crate::roster::entry::{InviteFor, MemberKind};
use crate::roster::error::{Inactive, RosterError};
use crate::roster::fold::{enrol, members};
use crate::roster::rules;
use crate::roster::state::{Invite, RosterState};

/// What an entry says about a new invite.
pub(super) struct Terms<'a> {
    pub(super) gives: &'a InviteFor,
    pub(super) expires_ms: u64,
    pub(super) uses: u32,
}

/// Who redeems.
pub(super) struct Newcomer<'a> {
    pub(super) device: DeviceId,
    pub(super) member: MemberId,
    pub(super) member_name: &'a str,
    pub(super) device_name: &'a str,
}

pub(super) fn open(
    state: &mut RosterState,
    device: DeviceId,
    invite: InviteId,
    terms: &Terms<'_>,
) -> Result<Effect, RosterError> {
    rules::manager(state, device)?;
    if state.invite(invite).is_some() {
        return Err(RosterError::InviteExists(invite));
    }
    if terms.uses == 0 {
        return Err(RosterError::UselessInvite(invite));
    }
    rules::check_count(
        "uses of an invite",
        terms.uses as usize,
        MAX_INVITE_USES as usize,
    )?;
    check_offer(state, device, terms.gives)?;
    let opened = Invite {
        gives: terms.gives.clone(),
        expires_ms: terms.expires_ms,
        uses_left: terms.uses,
        cancelled: false,
        opened_by: device,
    };
    state.invites.insert_mut(invite, opened);
    Ok(Effect::Grows)
}

pub(super) fn cancel(
    state: &mut RosterState,
    device: DeviceId,
    invite: InviteId,
) -> Result<Effect, RosterError> {
    let author = state.acting(device)?;
    let known = state
        .invite(invite)
        .ok_or(RosterError::UnknownInvite(invite))?;
    let opener = state.device(known.opened_by).map(|opener| opener.member);
    if opener != Some(author) {
        rules::manager(state, device)?;
    }
    if known.cancelled {
        return Err(RosterError::NoEffect);
    }
    if let Some(known) = state.invites.get_mut(&invite) {
        known.cancelled = true;
    }
    Ok(Effect::Grows)
}

pub(super) fn redeem(
    state: &mut RosterState,
    invite: InviteId,
    who: &Newcomer<'_>,
    proof: &Signature,
    received: Received,
) -> Result<Effect, RosterError> {
    let known = check_usable(state, invite, received)?.clone();
    if state.device(who.device).is_some() {
        return Err(RosterError::DeviceTaken(who.device));
    }
    let parts: [&[u8]; 3] = [
        state.workspace.as_bytes(),
        who.device.as_bytes(),
        who.member.as_bytes(),
    ];
    verify(
        DeviceId::new(*invite.as_bytes()),
        Tag::Redeem,
        &parts,
        proof,
    )
    .map_err(|_| RosterError::BadProof(invite))?;
    check_offer(state, known.opened_by, &known.gives).map_err(|source| {
        RosterError::InviterLacks {
            invite,
            source: Box::new(source),
        }
    })?;
    rules::check_name(who.device_name)?;
    match &known.gives {
        InviteFor::Member { roles } => {
            rules::check_name(who.member_name)?;
            let newcomer = members::Newcomer {
                name: who.member_name,
                kind: MemberKind::Person,
                roles,
            };
            members::insert(state, who.member, &newcomer)?;
        }
        InviteFor::Device { member } if *member == who.member => {
            if !rules::known(state, *member)?.active {
                return Err(Inactive::Suspended(*member).into());
            }
        }
        InviteFor::Device { member } => {
            return Err(RosterError::InviteMismatch {
                invite,
                member: *member,
            });
        }
    }
    enrol(state, who.device, who.member, who.device_name)?;
    if let Some(known) = state.invites.get_mut(&invite) {
        known.uses_left -= 1;
    }
    Ok(Effect::Grows)
}

fn check_usable(
    state: &RosterState,
    invite: InviteId,
    received: Received,
) -> Result<&Invite, RosterError> {
    let known = state
        .invite(invite)
        .ok_or(RosterError::UnknownInvite(invite))?;
    if known.cancelled {
        return Err(RosterError::InviteCancelled(invite));
    }
    if known.uses_left == 0 {
        return Err(RosterError::InviteSpent(invite));
    }
    if received.ms >= known.expires_ms {
        return Err(RosterError::InviteExpired {
            invite,
            expires_ms: known.expires_ms,
            received_ms: received.ms,
        });
    }
    Ok(known)
}

/// Whether the device may offer this: it manages members and its member holds all that the new
/// device will be able to do.
fn check_offer(
    state: &RosterState,
    device: DeviceId,
    gives: &InviteFor,
) -> Result<(), RosterError> {
    let opener = rules::manager(state, device)?;
    match gives {
        InviteFor::Member { roles } => {
            rules::check_count("roles of a member", roles.len(), MAX_MEMBER_ROLES)?;
            rules::check_giving(state, opener, roles)
        }
        InviteFor::Device { member } => {
            let known = rules::known(state, *member)?;
            if known.kind == MemberKind::Imported {
                return Err(RosterError::ImportedMember(*member));
            }
            if *member == opener {
                return Ok(());
            }
            rules::check_giving(state, opener, &known.roles)
        }
    }
}
