//! The fold: roster at version *n* + entry *n* + 1 → roster at version *n* + 1, or a refusal.
//!
//! Pure: the received time is an argument, the author's claimed time judges nothing. Every rule is
//! checked against the state *before* the entry, except that an owner must remain after it.

mod groups;
mod invites;
mod members;

use std::collections::BTreeSet;

use rpds::{RedBlackTreeMapSync, RedBlackTreeSetSync};

use crate::authority::{Effect, Received};
use crate::entry::EntryHead;
use crate::ids::{ChangeHash, DeviceId, DocumentId, EntryHash, MemberId, WorkspaceId};
use crate::limits::{MAX_ADOPTED_CHANGES, MAX_MEMBER_DEVICES, MAX_MESSAGE_BYTES};
use crate::rights::Verb;
use crate::roster::entry::{MemberKind, RosterBody, RosterEntry};
use crate::roster::error::{EntryPlace, RosterError};
use crate::roster::role::{OWNER, built_in};
use crate::roster::rules;
use crate::roster::state::{Adoption, Device, Member, RosterState};

const ZERO_WORKSPACE: WorkspaceId = WorkspaceId::new([0; 32]);
const ZERO_DOCUMENT: DocumentId = DocumentId::new([0; 16]);
const ZERO_HASH: EntryHash = EntryHash::new([0; 32]);
const NONCE_BYTES: usize = 16;

/// The roster after its genesis.
pub(super) fn found(entry: &RosterEntry) -> Result<RosterState, RosterError> {
    let RosterBody::Genesis {
        name,
        member,
        member_name,
        device_name,
        nonce,
    } = entry.body()
    else {
        return Err(RosterError::BadGenesis("it founds nothing"));
    };
    let head = entry.head();
    if (head.version, head.previous) != (1, ZERO_HASH) {
        return Err(RosterError::BadGenesis("it follows another entry"));
    }
    if (head.workspace, head.document) != (ZERO_WORKSPACE, ZERO_DOCUMENT) {
        return Err(RosterError::BadGenesis(
            "it names a workspace or a document",
        ));
    }
    if nonce.len() != NONCE_BYTES {
        return Err(RosterError::BadGenesis(
            "its nonce does not have sixteen bytes",
        ));
    }
    for text in [name, member_name, device_name] {
        rules::check_name(text)?;
    }
    let mut state = empty(entry.hash(), name);
    for (key, role) in built_in() {
        state.roles.insert_mut(key.to_owned(), role);
    }
    state
        .members
        .insert_mut(*member, new_member(member_name, MemberKind::Person));
    state.give_role(*member, OWNER);
    enrol(&mut state, head.author, *member, device_name)?;
    Ok(state)
}

/// The roster after one more entry.
pub(super) fn next(
    state: &RosterState,
    entry: &RosterEntry,
    received: Received,
) -> Result<(RosterState, Effect), RosterError> {
    check_chain(state, entry.head())?;
    let mut next = state.clone();
    let effect = write(&mut next, entry, received)?;
    if effect == Effect::Reduces && !next.has_working_owner() {
        return Err(RosterError::LastOwner);
    }
    next.version += 1;
    next.head = entry.hash();
    Ok((next, effect))
}

fn empty(hash: EntryHash, name: &str) -> RosterState {
    RosterState {
        workspace: WorkspaceId::new(*hash.as_bytes()),
        version: 1,
        head: hash,
        name: name.to_owned(),
        members: RedBlackTreeMapSync::new_sync(),
        devices: RedBlackTreeMapSync::new_sync(),
        roles: RedBlackTreeMapSync::new_sync(),
        teams: RedBlackTreeMapSync::new_sync(),
        invites: RedBlackTreeMapSync::new_sync(),
        adopted: RedBlackTreeMapSync::new_sync(),
        owners: RedBlackTreeSetSync::new_sync(),
    }
}

fn check_chain(state: &RosterState, head: &EntryHead) -> Result<(), RosterError> {
    if head.version == 1 && head.previous == ZERO_HASH {
        return Err(RosterError::SecondGenesis(state.version + 1));
    }
    if (head.workspace, head.document) != (state.workspace, ZERO_DOCUMENT) {
        return Err(RosterError::WrongChain(head.workspace));
    }
    if (head.version, head.previous) != (state.version + 1, state.head) {
        let given = EntryPlace {
            version: head.version,
            previous: head.previous,
        };
        return Err(RosterError::Stale {
            head: state.cite(),
            given,
        });
    }
    Ok(())
}

/// Judges and writes one body. A state that was half written when a rule failed is thrown away by
/// the caller.
#[expect(
    clippy::too_many_lines,
    reason = "one short arm per kind of entry reads best in one place"
)]
fn write(
    state: &mut RosterState,
    entry: &RosterEntry,
    received: Received,
) -> Result<Effect, RosterError> {
    let device = entry.head().author;
    match entry.body() {
        RosterBody::Genesis { .. } => Err(RosterError::SecondGenesis(state.version + 1)),
        RosterBody::AddMember {
            member,
            name,
            kind,
            roles,
        } => members::add(
            state,
            device,
            *member,
            members::Newcomer {
                name,
                kind: *kind,
                roles,
            },
        ),
        RosterBody::ChangeMember {
            member,
            name,
            add_roles,
            remove_roles,
            active,
        } => {
            let name = name.as_deref();
            let wish = members::Wish {
                name,
                add_roles,
                remove_roles,
                active: *active,
            };
            members::change(state, device, *member, &wish)
        }
        RosterBody::RevokeDevice {
            device: revoked,
            reason,
        } => {
            check_reason(reason)?;
            members::revoke(state, device, *revoked)
        }
        RosterBody::DefineRole { role, name, grants } => {
            groups::define_role(state, device, role, name, grants)
        }
        RosterBody::RemoveRole { role } => groups::remove_role(state, device, role),
        RosterBody::ChangeTeam {
            team,
            name,
            add,
            remove,
        } => {
            let wish = groups::Wish {
                name: name.as_deref(),
                add,
                remove,
            };
            groups::change_team(state, device, team, &wish)
        }
        RosterBody::OpenInvite {
            invite,
            gives,
            expires_ms,
            uses,
        } => {
            let terms = invites::Terms {
                gives,
                expires_ms: *expires_ms,
                uses: *uses,
            };
            invites::open(state, device, *invite, &terms)
        }
        RosterBody::CancelInvite { invite } => invites::cancel(state, device, *invite),
        RosterBody::Redeem {
            invite,
            member,
            member_name,
            device_name,
            proof,
        } => {
            let who = invites::Newcomer {
                device,
                member: *member,
                member_name,
                device_name,
            };
            invites::redeem(state, *invite, &who, proof, received)
        }
        RosterBody::Adopt {
            document,
            changes,
            reason,
        } => {
            check_reason(reason)?;
            adopt(state, device, *document, changes)
        }
    }
}

/// Records an adoption. Anybody who may adopt anywhere can write one, because whoever folds the
/// roster need not hold the document's access record; what it releases is judged with that record
/// by [`crate::authority::Authority::adopted`].
fn adopt(
    state: &mut RosterState,
    device: DeviceId,
    document: DocumentId,
    changes: &[ChangeHash],
) -> Result<Effect, RosterError> {
    let by = state.acting(device)?;
    if !state.holds(by, Verb::Adopt) {
        return Err(RosterError::Lacks {
            member: by,
            verb: Verb::Adopt,
        });
    }
    rules::check_count("adopted changes", changes.len(), MAX_ADOPTED_CHANGES)?;
    if changes.is_empty() {
        return Err(RosterError::NoEffect);
    }
    let distinct: BTreeSet<&ChangeHash> = changes.iter().collect();
    let version = state.version + 1;
    for change in distinct {
        state.adopted.insert_mut(
            (*change, version),
            Adoption {
                document,
                by,
                version,
            },
        );
    }
    Ok(Effect::Grows)
}

fn check_reason(reason: &str) -> Result<(), RosterError> {
    rules::check_count("bytes of reason", reason.len(), MAX_MESSAGE_BYTES)
}

fn new_member(name: &str, kind: MemberKind) -> Member {
    Member {
        name: name.to_owned(),
        kind,
        roles: BTreeSet::new(),
        teams: BTreeSet::new(),
        active: true,
        devices: Vec::new(),
    }
}

fn enrol(
    state: &mut RosterState,
    device: DeviceId,
    member: MemberId,
    name: &str,
) -> Result<(), RosterError> {
    let known = state
        .members
        .get_mut(&member)
        .ok_or(RosterError::UnknownMember(member))?;
    known.devices.push(device);
    rules::check_count(
        "devices of a member",
        known.devices.len(),
        MAX_MEMBER_DEVICES,
    )?;
    let name = name.to_owned();
    let revoked = false;
    let enrolled = Device {
        member,
        name,
        revoked,
    };
    state.devices.insert_mut(device, enrolled);
    Ok(())
}
