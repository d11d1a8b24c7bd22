//! Members and devices: adding, changing, suspending, revoking.

use crate::authority::Effect;
use crate::ids::{DeviceId, MemberId};
use crate::limits::MAX_MEMBER_ROLES;
use crate::roster::entry::MemberKind;
use crate::roster::error::{Inactive, RosterError};
use crate::roster::fold::new_member;
use crate::roster::rules;
use crate::roster::state::RosterState;

/// What an entry says about a new member.
pub(super) struct Newcomer<'a> {
    pub(super) name: &'a str,
    pub(super) kind: MemberKind,
    pub(super) roles: &'a [String],
}

/// What an entry wants changed about a member.
pub(super) struct Wish<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) add_roles: &'a [String],
    pub(super) remove_roles: &'a [String],
    pub(super) active: Option<bool>,
}

pub(super) fn add(
    state: &mut RosterState,
    device: DeviceId,
    member: MemberId,
    newcomer: Newcomer<'_>,
) -> Result<Effect, RosterError> {
    let author = rules::manager(state, device)?;
    rules::check_name(newcomer.name)?;
    rules::check_giving(state, author, newcomer.roles)?;
    insert(state, member, &newcomer)?;
    Ok(Effect::Grows)
}

/// Writes a new member whose roles somebody may give.
pub(super) fn insert(
    state: &mut RosterState,
    member: MemberId,
    newcomer: &Newcomer<'_>,
) -> Result<(), RosterError> {
    if state.member(member).is_some() {
        return Err(RosterError::MemberExists(member));
    }
    rules::check_count("roles of a member", newcomer.roles.len(), MAX_MEMBER_ROLES)?;
    state
        .members
        .insert_mut(member, new_member(newcomer.name, newcomer.kind));
    for role in newcomer.roles {
        state.give_role(member, role);
    }
    Ok(())
}

pub(super) fn change(
    state: &mut RosterState,
    device: DeviceId,
    member: MemberId,
    wish: &Wish<'_>,
) -> Result<Effect, RosterError> {
    let author = rules::manager(state, device)?;
    let known = rules::known(state, member)?;
    rules::check_rank(state, author, member)?;
    rules::check_disjoint(wish.add_roles, wish.remove_roles)?;
    rules::check_giving(state, author, wish.add_roles)?;
    if let Some(name) = wish.name {
        rules::check_name(name)?;
    }
    if let Some(unknown) = wish
        .remove_roles
        .iter()
        .find(|key| state.role(key).is_none())
    {
        return Err(RosterError::UnknownRole(unknown.clone()));
    }
    if wish.active == Some(true) && !known.active {
        // Letting somebody back gives everything they keep.
        let kept = known
            .roles
            .iter()
            .filter(|role| !wish.remove_roles.contains(role));
        rules::check_giving(state, author, kept)?;
    }
    apply(state, member, wish)
}

fn apply(
    state: &mut RosterState,
    member: MemberId,
    wish: &Wish<'_>,
) -> Result<Effect, RosterError> {
    let mut gave = false;
    let mut took = false;
    for role in wish.add_roles {
        gave |= state.give_role(member, role);
    }
    for role in wish.remove_roles {
        took |= state.take_role(member, role);
    }
    let after = state
        .members
        .get_mut(&member)
        .ok_or(RosterError::UnknownMember(member))?;
    rules::check_count("roles of a member", after.roles.len(), MAX_MEMBER_ROLES)?;
    if let Some(name) = wish.name.filter(|name| *name != after.name) {
        name.clone_into(&mut after.name);
        gave = true;
    }
    if let Some(active) = wish.active.filter(|active| *active != after.active) {
        after.active = active;
        gave |= active;
        took |= !active;
    }
    match (gave, took) {
        (_, true) => Ok(Effect::Reduces),
        (true, false) => Ok(Effect::Grows),
        (false, false) => Err(RosterError::NoEffect),
    }
}

pub(super) fn revoke(
    state: &mut RosterState,
    device: DeviceId,
    revoked: DeviceId,
) -> Result<Effect, RosterError> {
    let author = rules::manager(state, device)?;
    let known = state.device(revoked).ok_or(Inactive::Unknown(revoked))?;
    rules::check_rank(state, author, known.member)?;
    if known.revoked {
        return Err(RosterError::NoEffect);
    }
    if let Some(known) = state.devices.get_mut(&revoked) {
        known.revoked = true;
    }
    Ok(Effect::Reduces)
}
