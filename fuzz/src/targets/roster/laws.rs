//! What no entry of a roster may ever do, whoever wrote it. Written from DESIGN §3 and DOMAIN §5
//! and the public state alone; the fold has an oracle of its own among its tests.

use std::collections::BTreeSet;

use casework_protocol::authority::Received;
use casework_protocol::ids::{DeviceId, MemberId};
use casework_protocol::rights::Grant;
use casework_protocol::roster::RosterState;
use casework_protocol::roster::entry::{InviteFor, MemberKind, RosterBody, RosterEntry};
use casework_protocol::roster::role::{OWNER, is_built_in};

/// Checks one accepted entry.
///
/// # Panics
/// When a law is broken; the text says which.
pub fn assert_lawful(
    before: &RosterState,
    entry: &RosterEntry,
    after: &RosterState,
    received: Received,
) {
    assert_eq!(
        after.version(),
        before.version() + 1,
        "versions have no gap"
    );
    assert_eq!(after.head(), entry.hash(), "the head is the newest entry");
    assert_eq!(
        entry.head().previous,
        before.head(),
        "an entry names its predecessor"
    );
    assert_eq!(after.workspace(), before.workspace());
    assert!(
        working_owner(after),
        "nobody who works is an owner any more"
    );
    assert_author(before, entry, received);
    assert_owners(before, entry, after);
    assert_grants(before, entry, after);
    assert_nothing_returns(before, after);
    assert_consistent(after);
}

/// Members who are owners, active, with a device that is not revoked.
fn working_owner(state: &RosterState) -> bool {
    state.members().any(|(_, member)| {
        member.active
            && member.roles.contains(OWNER)
            && member
                .devices
                .iter()
                .any(|id| state.device(*id).is_some_and(|d| !d.revoked))
    })
}

/// Whose rights an entry uses: its author's, or those of the one who opened the invite.
fn giver(before: &RosterState, entry: &RosterEntry) -> Option<MemberId> {
    let device = match entry.body() {
        RosterBody::Redeem { invite, .. } => before.invite(*invite)?.opened_by,
        RosterBody::Genesis { .. }
        | RosterBody::AddMember { .. }
        | RosterBody::ChangeMember { .. }
        | RosterBody::RevokeDevice { .. }
        | RosterBody::DefineRole { .. }
        | RosterBody::RemoveRole { .. }
        | RosterBody::ChangeTeam { .. }
        | RosterBody::OpenInvite { .. }
        | RosterBody::CancelInvite { .. }
        | RosterBody::Adopt { .. } => entry.head().author,
    };
    working(before, device)
}

fn working(state: &RosterState, device: DeviceId) -> Option<MemberId> {
    let known = state.device(device)?;
    (!known.revoked && state.member(known.member)?.active).then_some(known.member)
}

/// Only working devices write; a newcomer only by a usable invite.
fn assert_author(before: &RosterState, entry: &RosterEntry, received: Received) {
    let author = entry.head().author;
    assert!(
        giver(before, entry).is_some(),
        "an entry of nobody who may act: {:?}",
        entry.body()
    );
    if let RosterBody::Redeem { invite, member, .. } = entry.body() {
        let known = before.invite(*invite).expect("checked above");
        assert!(
            before.device(author).is_none(),
            "a known device enrolled again"
        );
        assert!(
            !known.cancelled && known.uses_left > 0,
            "a dead invite was redeemed"
        );
        assert!(
            received.ms < known.expires_ms,
            "an expired invite was redeemed"
        );
        match &known.gives {
            InviteFor::Member { .. } => assert!(before.member(*member).is_none()),
            InviteFor::Device { member: of } => assert_eq!(of, member),
        }
    }
}

/// Owners are made and unmade by owners only.
fn assert_owners(before: &RosterState, entry: &RosterEntry, after: &RosterState) {
    let owners = |state: &RosterState| -> BTreeSet<(MemberId, bool)> {
        let owners = state
            .members()
            .filter(|(_, member)| member.roles.contains(OWNER));
        owners.map(|(id, member)| (id, member.active)).collect()
    };
    if owners(before) != owners(after) {
        let by = giver(before, entry).expect("checked before");
        let is_owner = before
            .member(by)
            .is_some_and(|member| member.roles.contains(OWNER));
        assert!(
            is_owner,
            "{by} is no owner and changed who is: {:?}",
            entry.body()
        );
    }
    // Nor may anybody else touch an owner's devices.
    for (id, device) in after.devices() {
        let was = before.device(id);
        let touched = was.is_none_or(|was| was.revoked != device.revoked);
        let of_owner = before
            .member(device.member)
            .is_some_and(|m| m.roles.contains(OWNER));
        if touched && of_owner {
            let by = giver(before, entry).expect("checked before");
            assert!(before.is_owner(by), "an owner's device was touched by {by}");
        }
    }
}

/// Nobody gains what neither they nor the giver held.
fn assert_grants(before: &RosterState, entry: &RosterEntry, after: &RosterState) {
    let by = giver(before, entry).expect("checked before");
    if before.is_owner(by) {
        return;
    }
    let given: Vec<&Grant> = before.grants(by).collect();
    for (member, _) in after.members() {
        let had: Vec<&Grant> = before.grants(member).collect();
        for gained in after.grants(member) {
            let covered = had.iter().chain(&given).any(|held| held.includes(gained));
            assert!(
                covered,
                "{member} gained {gained:?} from {by}: {:?}",
                entry.body()
            );
        }
    }
}

/// What is over stays over, and nobody vanishes.
fn assert_nothing_returns(before: &RosterState, after: &RosterState) {
    for (id, device) in before.devices() {
        let now = after.device(id).expect("a device vanished");
        assert_eq!(now.member, device.member, "a device changed hands");
        assert!(!device.revoked || now.revoked, "a revoked device came back");
    }
    for (id, member) in before.members() {
        let now = after.member(id).expect("a member vanished");
        assert_eq!(now.kind, member.kind, "a member became of another kind");
    }
    for (id, invite) in before.invites() {
        let now = after.invite(id).expect("an invite vanished");
        assert!(
            !invite.cancelled || now.cancelled,
            "a cancelled invite came back"
        );
        assert!(now.uses_left <= invite.uses_left, "an invite gained uses");
        assert_eq!(
            (&now.gives, now.expires_ms),
            (&invite.gives, invite.expires_ms)
        );
    }
    for (key, role) in before.roles().filter(|(key, _)| is_built_in(key)) {
        assert_eq!(
            after.role(key),
            Some(role),
            "the built-in role {key} changed"
        );
    }
}

/// Both sides of every relation say the same.
fn assert_consistent(after: &RosterState) {
    for (id, member) in after.members() {
        assert_eq!(after.is_owner(id), member.roles.contains(OWNER));
        for role in &member.roles {
            assert!(
                after.role(role).is_some(),
                "{id} has the role {role}, which is not there"
            );
        }
        for (key, team) in after.teams() {
            assert_eq!(
                team.members.contains(&id),
                member.teams.contains(key),
                "team {key}"
            );
        }
        assert!(member.kind != MemberKind::Imported || member.devices.is_empty());
    }
    for (id, device) in after.devices() {
        let member = after.member(device.member).expect("a device of nobody");
        assert!(member.devices.contains(&id));
    }
}
