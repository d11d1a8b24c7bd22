//! A staffed workspace and one open case in it.

use std::sync::OnceLock;

use casework_protocol::access::AccessRecord;
use casework_protocol::access::draft::AccessDraft;
use casework_protocol::access::entry::{DocumentKind, Principal};
use casework_protocol::authority::Received;
use casework_protocol::rights::{Grant, Scope, Verb};
use casework_protocol::roster::Roster;
use casework_protocol::roster::draft::{RosterDraft, redeem_proof};
use casework_protocol::roster::entry::{InviteFor, RosterBody};

use super::Body;
use crate::casebook::{TEMPLATE, device, key, member};
use crate::script::Script;
use crate::targets::roster;

pub(super) use crate::targets::roster::ANA;

/// Members 2 to 6 with one device each, and what they are.
const STAFF: [(u8, &str); 5] = [
    (2, "manager"),
    (3, "operator"),
    (4, "contributor"),
    (5, "viewer"),
    (6, "clerk"),
];
const KEYS: [&str; 5] = ["north", "south", "clerk", "viewer", "Not A Key"];

/// The roster with staff, a role of its own and two teams.
pub(super) fn staffed() -> &'static Roster {
    static STAFFED: OnceLock<Roster> = OnceLock::new();
    STAFFED.get_or_init(|| {
        let mut roster = roster::founded().clone();
        let mut seq = 0;
        let mut say = |n: u8, body: RosterBody| {
            seq += 1;
            let draft = RosterDraft {
                body,
                claimed_ms: 1,
            };
            let received = Received { seq, ms: 1_000_000 };
            let entry = draft
                .sign(roster.head(), &key(n))
                .verify()
                .expect("its author signed it");
            roster
                .apply(entry, received)
                .expect("the staff is hired properly");
            roster.workspace()
        };
        let grant = |verb| Grant {
            verb,
            scope: Scope::Own,
        };
        let grants = vec![
            grant(Verb::View),
            grant(Verb::Restrict),
            grant(Verb::Assign),
        ];
        let (role, name) = ("clerk".to_owned(), "Clerk".to_owned());
        let mut workspace = say(ANA, RosterBody::DefineRole { role, name, grants });
        for (n, role) in STAFF {
            let invite = key(100 + n);
            let open = RosterBody::OpenInvite {
                invite: invite.invite(),
                gives: InviteFor::Member {
                    roles: vec![role.to_owned()],
                },
                expires_ms: u64::MAX,
                uses: 1,
            };
            workspace = say(ANA, open);
            let redeem = RosterBody::Redeem {
                invite: invite.invite(),
                member: member(n),
                member_name: format!("Member {n}"),
                device_name: "phone".into(),
                proof: redeem_proof(&invite, workspace, device(n), member(n)),
            };
            say(n, redeem);
        }
        for (team, members) in [("north", [3, 4]), ("south", [4, 5])] {
            let (team, name) = (team.to_owned(), Some(team.to_owned()));
            let add = members.map(member).to_vec();
            say(
                ANA,
                RosterBody::ChangeTeam {
                    team,
                    name,
                    add,
                    remove: Vec::new(),
                },
            );
        }
        assert_eq!(workspace, roster.workspace());
        roster
    })
}

/// The record of one case, opened by member 3.
pub(super) fn opened() -> &'static AccessRecord {
    static OPENED: OnceLock<AccessRecord> = OnceLock::new();
    OPENED.get_or_init(|| {
        let body = Body::Genesis {
            kind: DocumentKind::Case,
            template: Some(TEMPLATE),
            principals: vec![
                Principal::Member(member(3)),
                Principal::Team("north".into()),
            ],
            restricted: false,
            nonce: vec![1; 16],
        };
        let draft = AccessDraft {
            body,
            claimed_ms: 1,
        };
        let entry = draft
            .found(staffed().workspace(), &key(3))
            .verify()
            .expect("3 signed it");
        let received = Received {
            seq: 800,
            ms: 1_500_000,
        };
        AccessRecord::found(entry, received, staffed()).expect("an operator may open a case")
    })
}

/// The next entry of a script.
pub(super) fn body(script: &mut Script<'_>) -> (u8, Body) {
    let author = 1 + script.byte() % 7;
    let principals = |script: &mut Script<'_>| -> Vec<Principal> {
        (0..script.below(3)).map(|_| principal(script)).collect()
    };
    let body = if script.byte() == 0 {
        Body::Genesis {
            kind: *script.pick(&[
                DocumentKind::Case,
                DocumentKind::Template,
                DocumentKind::Personal,
            ]),
            template: script.flag().then_some(TEMPLATE),
            principals: principals(script),
            restricted: script.flag(),
            nonce: vec![2; 16],
        }
    } else if script.below(3) == 0 {
        match script.below(4) {
            0 | 1 => Body::RequestPurge {
                days: *script.pick(&[7, 7, 30, 3_660, 6, 3_661]),
            },
            2 => Body::Purge,
            _ => Body::CancelPurge,
        }
    } else {
        Body::Change {
            add: principals(script),
            remove: principals(script),
            restricted: script.maybe(),
            legal_hold: script.maybe(),
        }
    };
    (author, body)
}

fn principal(script: &mut Script<'_>) -> Principal {
    match script.below(4) {
        0 | 1 => Principal::Member(member(1 + script.byte() % 7)),
        2 => Principal::Team((*script.pick(&KEYS)).into()),
        _ => Principal::Role((*script.pick(&KEYS)).into()),
    }
}
