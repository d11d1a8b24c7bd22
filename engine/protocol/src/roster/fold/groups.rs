//! Roles and teams.
//!
//! Who manages members decides who is in a team, and so who sees what a team is named on; that is
//! visible to everybody in the roster.

use std::collections::BTreeSet;

use rpds::RedBlackTreeSetSync;

use crate::authority::Effect;
use crate::ids::{DeviceId, MemberId};
use crate::limits::{MAX_MEMBER_TEAMS, MAX_NAME_BYTES, MAX_PRINCIPALS, MAX_ROLE_GRANTS};
use crate::rights::{Grant, Scope};
use crate::roster::error::RosterError;
use crate::roster::role::{Role, is_built_in};
use crate::roster::rules;
use crate::roster::state::{RosterState, Team};

/// What an entry wants changed about a team.
pub(super) struct Wish<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) add: &'a [MemberId],
    pub(super) remove: &'a [MemberId],
}

pub(super) fn define_role(
    state: &mut RosterState,
    device: DeviceId,
    key: &str,
    name: &str,
    grants: &[Grant],
) -> Result<Effect, RosterError> {
    let author = rules::manager(state, device)?;
    rules::check_key(key)?;
    rules::check_name(name)?;
    check_not_built_in(key)?;
    rules::check_count("grants of a role", grants.len(), MAX_ROLE_GRANTS)?;
    for grant in grants {
        check_scope(&grant.scope)?;
    }
    let after = Role {
        name: name.to_owned(),
        grants: grants.iter().cloned().collect(),
    };
    let before = state.role(key);
    if before == Some(&after) {
        return Err(RosterError::NoEffect);
    }
    let old = before.map(|role| &role.grants);
    // What the role grants already was given by somebody who held it.
    let added = after
        .grants
        .iter()
        .filter(|grant| !old.is_some_and(|old| old.contains(grant)));
    rules::check_holding(state, author, added)?;
    let shrinks = old.is_some_and(|old| !includes(&after.grants, old));
    state.roles.insert_mut(key.to_owned(), after);
    Ok(if shrinks {
        Effect::Reduces
    } else {
        Effect::Grows
    })
}

pub(super) fn remove_role(
    state: &mut RosterState,
    device: DeviceId,
    key: &str,
) -> Result<Effect, RosterError> {
    rules::manager(state, device)?;
    check_not_built_in(key)?;
    if state.role(key).is_none() {
        return Err(RosterError::UnknownRole(shown(key)));
    }
    let holders: Vec<MemberId> = state
        .members()
        .filter(|(_, member)| member.roles.contains(key))
        .map(|(id, _)| id)
        .collect();
    for holder in holders {
        state.take_role(holder, key);
    }
    state.roles.remove_mut(key);
    Ok(Effect::Reduces)
}

pub(super) fn change_team(
    state: &mut RosterState,
    device: DeviceId,
    key: &str,
    wish: &Wish<'_>,
) -> Result<Effect, RosterError> {
    rules::manager(state, device)?;
    rules::check_key(key)?;
    rules::check_disjoint(wish.add, wish.remove)?;
    for member in wish.add.iter().chain(wish.remove) {
        rules::known(state, *member)?;
    }
    if let Some(name) = wish.name {
        rules::check_name(name)?;
    }
    let before = state.team(key).cloned();
    let mut team = match (&before, wish.name) {
        (Some(team), None) => team.clone(),
        (Some(team), Some(name)) => Team {
            name: name.to_owned(),
            members: team.members.clone(),
        },
        (None, Some(name)) => Team {
            name: name.to_owned(),
            members: RedBlackTreeSetSync::new_sync(),
        },
        (None, None) => return Err(RosterError::UnnamedTeam(shown(key))),
    };
    let took = rewrite(state, key, &mut team, wish)?;
    rules::check_count("members of a team", team.members.size(), MAX_PRINCIPALS)?;
    if before.as_ref() == Some(&team) {
        return Err(RosterError::NoEffect);
    }
    state.teams.insert_mut(key.to_owned(), team);
    Ok(if took { Effect::Reduces } else { Effect::Grows })
}

/// Writes who joins and who leaves, on both sides; whether anybody left.
fn rewrite(
    state: &mut RosterState,
    key: &str,
    team: &mut Team,
    wish: &Wish<'_>,
) -> Result<bool, RosterError> {
    for joining in wish.add {
        team.members.insert_mut(*joining);
        if let Some(member) = state.members.get_mut(joining) {
            member.teams.insert(key.to_owned());
            rules::check_count("teams of a member", member.teams.len(), MAX_MEMBER_TEAMS)?;
        }
    }
    let mut took = false;
    for leaving in wish.remove {
        took |= team.members.remove_mut(leaving);
        if let Some(member) = state.members.get_mut(leaving) {
            member.teams.remove(key);
        }
    }
    Ok(took)
}

fn includes(wide: &BTreeSet<Grant>, narrow: &BTreeSet<Grant>) -> bool {
    narrow
        .iter()
        .all(|grant| wide.contains(grant) || wide.iter().any(|held| held.includes(grant)))
}

fn check_not_built_in(key: &str) -> Result<(), RosterError> {
    if is_built_in(key) {
        Err(RosterError::BuiltInRole(key.to_owned()))
    } else {
        Ok(())
    }
}

fn check_scope(scope: &Scope) -> Result<(), RosterError> {
    match scope {
        Scope::All | Scope::Template(_) | Scope::Own | Scope::Team => Ok(()),
        Scope::Stage(_, part) | Scope::Field(_, part) => rules::check_name(part),
    }
}

fn shown(key: &str) -> String {
    rules::shorten(key, MAX_NAME_BYTES)
}
