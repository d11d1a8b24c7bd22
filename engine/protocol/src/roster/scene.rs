//! A workspace to play with in tests: keys by number, an owner, and a log that only counts.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::access::draft::AccessDraft;
use crate::access::entry::{AccessBody, AccessEntry, DocumentKind, Principal};
use crate::access::{AccessError, AccessRecord};
use crate::authority::Received;
use crate::ids::{DeviceId, DocumentId, InviteId, MemberId};
use crate::keys::{SecretKey, Signer as _};
use crate::rights::{Grant, Occasion, Scope, Verb};
use crate::roster::draft::{RosterDraft, redeem_proof};
use crate::roster::entry::{InviteFor, MemberKind, RosterBody, RosterEntry};
use crate::roster::{Roster, RosterError};

/// The owner's number.
pub(crate) const ANA: u8 = 1;
/// Milliseconds at which the scene begins.
pub(crate) const START_MS: u64 = 1_000_000;
/// Milliseconds between two entries.
pub(crate) const TICK_MS: u64 = 1_000;

pub(crate) fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

pub(crate) fn device(n: u8) -> DeviceId {
    key(n).device()
}

pub(crate) fn member(n: u8) -> MemberId {
    MemberId::new([n; 16])
}

/// Key of invite `n`; never the key of a device.
pub(crate) fn invite_key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n.wrapping_add(128); 32])
}

pub(crate) fn invite(n: u8) -> InviteId {
    invite_key(n).invite()
}

pub(crate) fn template(n: u8) -> DocumentId {
    DocumentId::new([n; 16])
}

pub(crate) fn strings(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

pub(crate) fn genesis() -> RosterBody {
    RosterBody::Genesis {
        name: "Harbour office".into(),
        member: member(ANA),
        member_name: "Ana".into(),
        device_name: "Ana's phone".into(),
        nonce: vec![7; 16],
    }
}

pub(crate) fn add_member(n: u8, roles: &[&str]) -> RosterBody {
    RosterBody::AddMember {
        member: member(n),
        name: format!("Member {n}"),
        kind: MemberKind::Person,
        roles: strings(roles),
    }
}

pub(crate) fn change_roles(n: u8, add: &[&str], remove: &[&str]) -> RosterBody {
    RosterBody::ChangeMember {
        member: member(n),
        name: None,
        add_roles: strings(add),
        remove_roles: strings(remove),
        active: None,
    }
}

pub(crate) fn set_active(n: u8, active: bool) -> RosterBody {
    RosterBody::ChangeMember {
        member: member(n),
        name: None,
        add_roles: Vec::new(),
        remove_roles: Vec::new(),
        active: Some(active),
    }
}

pub(crate) fn revoke(n: u8) -> RosterBody {
    RosterBody::RevokeDevice {
        device: device(n),
        reason: "lost".into(),
    }
}

pub(crate) fn define_role(key: &str, grants: &[(Verb, Scope)]) -> RosterBody {
    let grants = grants
        .iter()
        .map(|(verb, scope)| Grant {
            verb: *verb,
            scope: scope.clone(),
        })
        .collect();
    RosterBody::DefineRole {
        role: key.into(),
        name: format!("The {key}"),
        grants,
    }
}

pub(crate) fn change_team(key: &str, add: &[u8], remove: &[u8]) -> RosterBody {
    RosterBody::ChangeTeam {
        team: key.into(),
        name: Some(format!("The {key}")),
        add: add.iter().copied().map(member).collect(),
        remove: remove.iter().copied().map(member).collect(),
    }
}

pub(crate) fn open_invite(n: u8, gives: InviteFor) -> RosterBody {
    RosterBody::OpenInvite {
        invite: invite(n),
        gives,
        expires_ms: u64::MAX,
        uses: 1,
    }
}

pub(crate) fn member_invite(n: u8, roles: &[&str]) -> RosterBody {
    open_invite(
        n,
        InviteFor::Member {
            roles: strings(roles),
        },
    )
}

pub(crate) fn device_invite(n: u8, of: u8) -> RosterBody {
    open_invite(n, InviteFor::Device { member: member(of) })
}

/// A workspace and its log.
#[derive(Clone)]
pub(crate) struct Scene {
    pub(crate) roster: Roster,
    pub(crate) seq: u64,
}

impl Scene {
    /// Ana founds the workspace.
    pub(crate) fn found() -> Self {
        let draft = RosterDraft {
            body: genesis(),
            claimed_ms: START_MS,
        };
        let entry = draft.found(&key(ANA)).verify().unwrap();
        let received = Received {
            seq: 0,
            ms: START_MS,
        };
        Self {
            roster: Roster::found(entry, received).unwrap(),
            seq: 1,
        }
    }

    /// Where the log takes the next thing.
    pub(crate) fn now(&self) -> Received {
        Received {
            seq: self.seq,
            ms: START_MS + self.seq * TICK_MS,
        }
    }

    pub(crate) fn entry(&self, by: u8, body: RosterBody) -> RosterEntry {
        let draft = RosterDraft {
            body,
            claimed_ms: self.now().ms,
        };
        draft.sign(self.roster.head(), &key(by)).verify().unwrap()
    }

    /// Device `by` says something and the log takes it, if the fold does.
    pub(crate) fn say(&mut self, by: u8, body: RosterBody) -> Result<(), RosterError> {
        let entry = self.entry(by, body);
        self.roster.apply(entry, self.now())?;
        self.seq += 1;
        Ok(())
    }

    pub(crate) fn redeem(&self, n: u8, device: u8, who: u8) -> RosterBody {
        let workspace = self.roster.workspace();
        RosterBody::Redeem {
            invite: invite(n),
            member: member(who),
            member_name: format!("Member {who}"),
            device_name: format!("Device {device}"),
            proof: redeem_proof(&invite_key(n), workspace, key(device).device(), member(who)),
        }
    }

    /// Ana invites member `n`, whose device has the same number.
    pub(crate) fn join(&mut self, n: u8, roles: &[&str]) {
        self.say(ANA, member_invite(n, roles)).unwrap();
        let body = self.redeem(n, n, n);
        self.say(n, body).unwrap();
    }

    /// The genesis of a case of template 1, as device `by` writes it.
    pub(crate) fn case(&self, by: u8, principals: &[Principal], restricted: bool) -> AccessEntry {
        let body = AccessBody::Genesis {
            kind: DocumentKind::Case,
            template: Some(template(1)),
            principals: principals.to_vec(),
            restricted,
            nonce: vec![by; 16],
        };
        let draft = AccessDraft {
            body,
            claimed_ms: self.now().ms,
        };
        draft
            .found(self.roster.workspace(), &key(by))
            .verify()
            .unwrap()
    }

    /// Device `by` opens a case and the log takes it.
    pub(crate) fn open(&mut self, by: u8, principals: &[Principal]) -> AccessRecord {
        let entry = self.case(by, principals, false);
        let record = AccessRecord::found(entry, self.now(), &self.roster).unwrap();
        self.seq += 1;
        record
    }

    /// Device `by` changes an access record and the log takes it, if the fold does.
    pub(crate) fn set(
        &mut self,
        record: &mut AccessRecord,
        by: u8,
        body: AccessBody,
    ) -> Result<(), AccessError> {
        let draft = AccessDraft {
            body,
            claimed_ms: self.now().ms,
        };
        let entry = draft.sign(record.head(), &key(by)).verify().unwrap();
        record.apply(entry, self.now(), &self.roster)?;
        self.seq += 1;
        Ok(())
    }
}

/// Says random, often forbidden things about a small world: six members, nine devices, three roles
/// beside the built-in ones, two teams, six invites.
pub(crate) struct Babbler {
    pub(crate) rng: ChaCha8Rng,
}

impl Babbler {
    pub(crate) fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.rng.random_range(0..items.len())].clone()
    }

    pub(crate) fn number(&mut self, upto: u8) -> u8 {
        self.rng.random_range(1..=upto)
    }

    pub(crate) fn chance(&mut self, one_in: u8) -> bool {
        self.number(one_in) == 1
    }

    fn numbers(&mut self, upto: u8) -> Vec<u8> {
        let count = self.rng.random_range(0..3);
        (0..count).map(|_| self.number(upto)).collect()
    }

    fn role(&mut self) -> &'static str {
        self.pick(&[
            "owner", "manager", "operator", "viewer", "agent", "clerk", "judge", "scout",
        ])
    }

    fn roles(&mut self) -> Vec<String> {
        let count = self.rng.random_range(0..3);
        (0..count).map(|_| self.role().to_owned()).collect()
    }

    fn grants(&mut self) -> Vec<Grant> {
        let verbs = [
            Verb::View,
            Verb::Edit,
            Verb::Keep,
            Verb::Adopt,
            Verb::ManageMembers,
        ];
        let count = self.rng.random_range(0..4);
        (0..count)
            .map(|_| Grant {
                verb: self.pick(&verbs),
                scope: self.scope(),
            })
            .collect()
    }

    fn scope(&mut self) -> Scope {
        let template = template(self.number(2));
        self.pick(&[
            Scope::All,
            Scope::Own,
            Scope::Team,
            Scope::Template(template),
            Scope::Stage(template, "a".into()),
            Scope::Field(template, "a".into()),
        ])
    }

    /// Somebody and something for them to say.
    #[expect(clippy::too_many_lines, reason = "one arm per kind of entry")]
    pub(crate) fn say(&mut self, scene: &Scene) -> (u8, RosterBody) {
        let by = self.speaker(scene);
        let who = self.number(6);
        let body = match self.rng.random_range(0..13) {
            0 => RosterBody::AddMember {
                member: member(who),
                name: format!("Member {who}"),
                kind: self.pick(&[
                    MemberKind::Person,
                    MemberKind::Service,
                    MemberKind::Imported,
                ]),
                roles: self.roles(),
            },
            1 | 2 => RosterBody::ChangeMember {
                member: member(who),
                name: self.pick(&[None, None, Some("Renamed".to_owned())]),
                add_roles: self.roles(),
                remove_roles: self.roles(),
                active: self.pick(&[None, None, Some(true), Some(false)]),
            },
            3 if self.chance(2) => revoke(self.number(9)),
            4 => RosterBody::DefineRole {
                role: self.role().to_owned(),
                name: "Role".into(),
                grants: self.grants(),
            },
            5 => RosterBody::RemoveRole {
                role: self.role().to_owned(),
            },
            6 => RosterBody::ChangeTeam {
                team: self.pick(&["north", "south"]).to_owned(),
                name: self.pick(&[None, Some("Team".to_owned())]),
                add: self.numbers(6).into_iter().map(member).collect(),
                remove: self.numbers(6).into_iter().map(member).collect(),
            },
            7 | 8 => RosterBody::OpenInvite {
                invite: invite(self.number(6)),
                gives: if self.chance(2) {
                    InviteFor::Member {
                        roles: self.roles(),
                    }
                } else {
                    InviteFor::Device {
                        member: member(who),
                    }
                },
                expires_ms: scene.now().ms + TICK_MS * u64::from(self.number(20)),
                uses: self.rng.random_range(0..3),
            },
            9 => RosterBody::CancelInvite {
                invite: invite(self.number(6)),
            },
            10 => RosterBody::Adopt {
                document: template(9),
                changes: vec![crate::ids::ChangeHash::new([who; 32]); usize::from(who % 3)],
                reason: "fine".into(),
            },
            _ => {
                let device = self.number(9);
                let n = self.number(6);
                let gives = scene
                    .roster
                    .head()
                    .invite(invite(n))
                    .map(|invite| &invite.gives);
                let who = match gives {
                    Some(InviteFor::Device { member }) if !self.chance(4) => member.as_bytes()[0],
                    Some(_) | None => who,
                };
                return (device, scene.redeem(n, device, who));
            }
        };
        (by, body)
    }

    /// Mostly somebody who manages members, sometimes anybody.
    fn speaker(&mut self, scene: &Scene) -> u8 {
        let state = scene.roster.head();
        let managers: Vec<u8> = (1..=9)
            .filter(|n| {
                let manage = Occasion::anywhere(Verb::ManageMembers);
                state
                    .member_of(device(*n))
                    .is_some_and(|member| state.allows(member, &manage))
            })
            .collect();
        if managers.is_empty() || self.chance(5) {
            self.number(9)
        } else {
            self.pick(&managers)
        }
    }

    /// Random changes of an access record.
    pub(crate) fn set(&mut self) -> AccessBody {
        AccessBody::Change {
            add: self.principals(),
            remove: self.principals(),
            restricted: self.pick(&[None, None, Some(true), Some(false)]),
            legal_hold: self.pick(&[None, None, None, Some(true)]),
        }
    }

    fn principals(&mut self) -> Vec<Principal> {
        let count = self.rng.random_range(0..3);
        (0..count)
            .map(|_| {
                let who = self.number(6);
                self.pick(&[
                    Principal::Member(member(who)),
                    Principal::Member(member(who)),
                    Principal::Team("north".into()),
                    Principal::Role("clerk".into()),
                ])
            })
            .collect()
    }
}
