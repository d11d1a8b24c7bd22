//! The rules that several kinds of roster entry share: names, keys, who may give what.
//!
//! Judges only; changes nothing.

use std::collections::BTreeSet;

use crate::ids::{DeviceId, MemberId};
use crate::limits::{MAX_KEY_BYTES, MAX_NAME_BYTES};
use crate::rights::{Grant, Occasion, Verb};
use crate::roster::error::RosterError;
use crate::roster::role::OWNER;
use crate::roster::state::{Member, RosterState};

/// The active member who manages members with this device.
pub(super) fn manager(state: &RosterState, device: DeviceId) -> Result<MemberId, RosterError> {
    let member = state.acting(device)?;
    if state.allows(member, &Occasion::anywhere(Verb::ManageMembers)) {
        Ok(member)
    } else {
        Err(RosterError::Lacks {
            member,
            verb: Verb::ManageMembers,
        })
    }
}

/// Whether the giver holds all that these roles grant. `owner` is given by owners only, even if
/// another role should hold every verb.
pub(super) fn check_giving<'r>(
    state: &RosterState,
    giver: MemberId,
    roles: impl IntoIterator<Item = &'r String>,
) -> Result<(), RosterError> {
    for key in roles {
        let role = state
            .role(key)
            .ok_or_else(|| RosterError::UnknownRole(key.clone()))?;
        if key == OWNER && !state.is_owner(giver) {
            return Err(RosterError::OwnerOnly(giver));
        }
        check_holding(state, giver, &role.grants)?;
    }
    Ok(())
}

/// Whether the giver holds each of these grants at least as widely.
pub(super) fn check_holding<'g>(
    state: &RosterState,
    giver: MemberId,
    grants: impl IntoIterator<Item = &'g Grant>,
) -> Result<(), RosterError> {
    if state.is_owner(giver) {
        return Ok(());
    }
    let missing = grants
        .into_iter()
        .find(|grant| !state.grants(giver).any(|held| held.includes(grant)));
    missing.map_or(Ok(()), |grant| {
        Err(RosterError::Escalation {
            member: giver,
            grant: grant.clone(),
        })
    })
}

/// Owners are changed by owners only.
pub(super) fn check_rank(
    state: &RosterState,
    author: MemberId,
    changed: MemberId,
) -> Result<(), RosterError> {
    if state.is_owner(changed) && !state.is_owner(author) {
        return Err(RosterError::OwnerOnly(author));
    }
    Ok(())
}

/// The member, if there is one.
pub(super) fn known(state: &RosterState, member: MemberId) -> Result<&Member, RosterError> {
    state
        .member(member)
        .ok_or(RosterError::UnknownMember(member))
}

/// Whether a workspace, a member, a device or a team can be called so: something to read on one
/// line, of at most [`MAX_NAME_BYTES`] bytes, without white space around it.
#[must_use]
pub fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && name.trim() == name
        && !name.chars().any(char::is_control)
}

/// A name that people can read and tell apart in a list.
pub(super) fn check_name(name: &str) -> Result<(), RosterError> {
    if is_name(name) {
        Ok(())
    } else {
        Err(RosterError::BadName(shorten(name, MAX_NAME_BYTES)))
    }
}

/// A key that people can type.
pub(super) fn check_key(key: &str) -> Result<(), RosterError> {
    if is_key(key) {
        Ok(())
    } else {
        Err(RosterError::BadKey(shorten(key, MAX_KEY_BYTES)))
    }
}

/// Whether this is a slug: lower-case letters and digits in groups joined by single hyphens.
pub(crate) fn is_key(key: &str) -> bool {
    key.len() <= MAX_KEY_BYTES
        && key.split('-').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

/// Counts against a limit.
pub(super) fn check_count(
    what: &'static str,
    count: usize,
    limit: usize,
) -> Result<(), RosterError> {
    if count <= limit {
        Ok(())
    } else {
        Err(RosterError::TooMany { what, count, limit })
    }
}

/// Two lists of one entry must not name the same thing.
pub(super) fn check_disjoint<T: Ord + ToString>(
    added: &[T],
    removed: &[T],
) -> Result<(), RosterError> {
    let added: BTreeSet<&T> = added.iter().collect();
    match removed.iter().find(|item| added.contains(item)) {
        Some(both) => Err(RosterError::Contradiction(both.to_string())),
        None => Ok(()),
    }
}

/// The first bytes of a text that is too long or strange to be shown whole.
pub(crate) fn shorten(text: &str, bytes: usize) -> String {
    text.chars()
        .scan(0, |length, c| {
            *length += c.len_utf8();
            (*length <= bytes).then_some(c)
        })
        .collect()
}
