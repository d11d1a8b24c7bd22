//! A small world for scripts: few devices, members, roles and teams, so that entries meet.

use std::sync::OnceLock;

use casework_protocol::authority::Received;
use casework_protocol::ids::{ChangeHash, DocumentId};
use casework_protocol::keys::Signature;
use casework_protocol::rights::{Grant, Scope, Verb};
use casework_protocol::roster::draft::{RosterDraft, redeem_proof};
use casework_protocol::roster::entry::{InviteFor, MemberKind, RosterBody};
use casework_protocol::roster::{Roster, RosterState};

use crate::casebook::{device, key, member};
use crate::script::Script;

/// The owner's device and member.
pub const ANA: u8 = 1;
/// Devices and members have numbers below this one.
const PEOPLE: usize = 7;
/// Invites have the keys of these numbers.
const INVITES: [u8; 4] = [200, 201, 202, 203];
const ROLES: [&str; 9] = [
    "owner",
    "manager",
    "operator",
    "contributor",
    "viewer",
    "agent",
    "clerk",
    "lead",
    "No Key",
];
const TEAMS: [&str; 4] = ["north", "south", "east", "-"];
const NAMES: [&str; 6] = ["Eva", "Max", "", " Kim", "two\nlines", "Zoë"];

/// The genesis of every script.
#[must_use]
pub fn genesis() -> RosterBody {
    RosterBody::Genesis {
        name: "Harbour office".into(),
        member: member(ANA),
        member_name: "Ana".into(),
        device_name: "Ana's phone".into(),
        nonce: vec![7; 16],
    }
}

/// The roster after its genesis.
#[must_use]
pub fn founded() -> &'static Roster {
    static FOUNDED: OnceLock<Roster> = OnceLock::new();
    FOUNDED.get_or_init(|| {
        let signed = RosterDraft {
            body: genesis(),
            claimed_ms: 0,
        }
        .found(&key(ANA));
        let entry = signed.verify().expect("Ana signed it");
        Roster::found(
            entry,
            Received {
                seq: 0,
                ms: 1_000_000,
            },
        )
        .expect("it is a genesis")
    })
}

/// The next entry of a script: the number of its author's device, and what it says.
pub fn body(state: &RosterState, script: &mut Script<'_>) -> (u8, RosterBody) {
    let author = person(script);
    let body = match script.below(14) {
        0 => genesis(),
        1 | 2 => add_member(script),
        3 | 4 => change_member(script),
        5 => RosterBody::RevokeDevice {
            device: device(person(script)),
            reason: "lost".into(),
        },
        6 => define_role(script),
        7 => RosterBody::RemoveRole {
            role: (*script.pick(&ROLES)).into(),
        },
        8 => change_team(script),
        9 | 10 => open_invite(script),
        11 => RosterBody::CancelInvite {
            invite: key(*script.pick(&INVITES)).invite(),
        },
        12 => redeem(author, state, script),
        _ => adopt(script),
    };
    (author, body)
}

/// Mostly the owner, so that something happens.
fn person(script: &mut Script<'_>) -> u8 {
    let n = script.byte();
    if n >= 160 { ANA } else { n % PEOPLE as u8 }
}

fn roles(script: &mut Script<'_>) -> Vec<String> {
    (0..script.below(3))
        .map(|_| (*script.pick(&ROLES)).to_owned())
        .collect()
}

fn name(script: &mut Script<'_>) -> String {
    let name = *script.pick(&NAMES);
    if script.byte() == 255 {
        name.repeat(300)
    } else {
        name.to_owned()
    }
}

fn add_member(script: &mut Script<'_>) -> RosterBody {
    let kinds = [
        MemberKind::Person,
        MemberKind::Person,
        MemberKind::Service,
        MemberKind::Imported,
    ];
    RosterBody::AddMember {
        member: member(person(script)),
        name: "Eva".into(),
        kind: *script.pick(&kinds),
        roles: roles(script),
    }
}

fn change_member(script: &mut Script<'_>) -> RosterBody {
    RosterBody::ChangeMember {
        member: member(person(script)),
        name: script.flag().then(|| name(script)),
        add_roles: roles(script),
        remove_roles: roles(script),
        active: script.maybe(),
    }
}

fn define_role(script: &mut Script<'_>) -> RosterBody {
    let grants = (0..script.below(4)).map(|_| grant(script)).collect();
    RosterBody::DefineRole {
        role: (*script.pick(&ROLES)).into(),
        name: "A role".into(),
        grants,
    }
}

fn grant(script: &mut Script<'_>) -> Grant {
    let template = DocumentId::new([script.byte() % 3; 16]);
    let scope = match script.below(7) {
        0 | 1 => Scope::All,
        2 => Scope::Template(template),
        3 => Scope::Stage(template, "a".into()),
        4 => Scope::Field(template, "b".into()),
        5 => Scope::Own,
        _ => Scope::Team,
    };
    Grant {
        verb: *script.pick(&Verb::ALL),
        scope,
    }
}

fn change_team(script: &mut Script<'_>) -> RosterBody {
    let mut members = || {
        (0..script.below(3))
            .map(|_| member(person(script)))
            .collect::<Vec<_>>()
    };
    let (add, remove) = (members(), members());
    let name = script.flag().then(|| name(script));
    RosterBody::ChangeTeam {
        team: (*script.pick(&TEAMS)).into(),
        name,
        add,
        remove,
    }
}

fn open_invite(script: &mut Script<'_>) -> RosterBody {
    let gives = if script.flag() {
        InviteFor::Member {
            roles: roles(script),
        }
    } else {
        InviteFor::Device {
            member: member(person(script)),
        }
    };
    RosterBody::OpenInvite {
        invite: key(*script.pick(&INVITES)).invite(),
        gives,
        expires_ms: 1_000_000 + 400 * u64::from(script.byte()),
        uses: u32::from(script.byte() % 4),
    }
}

/// Mostly with the true proof for this device, now and then with another's or none.
fn redeem(author: u8, state: &RosterState, script: &mut Script<'_>) -> RosterBody {
    let invite = key(*script.pick(&INVITES));
    let newcomer = person(script);
    let proof = match script.below(6) {
        0 => redeem_proof(&invite, state.workspace(), device(0), member(newcomer)),
        1 => Signature::new([0; 64]),
        _ => redeem_proof(&invite, state.workspace(), device(author), member(newcomer)),
    };
    RosterBody::Redeem {
        invite: invite.invite(),
        member: member(newcomer),
        member_name: "Rui".into(),
        device_name: "Rui's phone".into(),
        proof,
    }
}

fn adopt(script: &mut Script<'_>) -> RosterBody {
    let changes = (0..script.below(3))
        .map(|_| ChangeHash::new([script.byte() % 4; 32]))
        .collect();
    let document = DocumentId::new([script.byte() % 3; 16]);
    RosterBody::Adopt {
        document,
        changes,
        reason: "late".into(),
    }
}
