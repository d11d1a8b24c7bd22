//! The fold against a naive oracle, on random rosters: equal states, equal refusals, no escalation.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::digest::Tag;
use crate::ids::{ChangeHash, DeviceId, DocumentId, InviteId, MemberId};
use crate::keys::verify;
use crate::rights::{Grant, Occasion, Scope, Verb};
use crate::roster::entry::{InviteFor, MemberKind};
use crate::roster::scene::*;

const SEEDS: u64 = 60;
const ENTRIES: usize = 80;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Person {
    name: String,
    imported: bool,
    active: bool,
    roles: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Offer {
    gives: InviteFor,
    expires_ms: u64,
    uses: u32,
    cancelled: bool,
    by: DeviceId,
}

/// The roster as plain maps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Oracle {
    people: BTreeMap<MemberId, Person>,
    devices: BTreeMap<DeviceId, (MemberId, bool)>,
    roles: BTreeMap<String, (String, BTreeSet<Grant>)>,
    teams: BTreeMap<String, (String, BTreeSet<MemberId>)>,
    invites: BTreeMap<InviteId, Offer>,
    adopted: BTreeSet<(ChangeHash, DocumentId, MemberId)>,
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the oracle is split by kinds of entry; its caller matches them all"
)]
impl Oracle {
    fn of(state: &RosterState) -> Self {
        let mut oracle = Self::default();
        for (id, member) in state.members() {
            let person = Person {
                name: member.name.clone(),
                imported: member.kind == MemberKind::Imported,
                active: member.active,
                roles: member.roles.clone(),
            };
            oracle.people.insert(id, person);
        }
        for (id, device) in state.devices() {
            oracle.devices.insert(id, (device.member, device.revoked));
        }
        for (key, role) in state.roles() {
            oracle
                .roles
                .insert(key.to_owned(), (role.name.clone(), role.grants.clone()));
        }
        for (key, team) in state.teams() {
            let members = team.members.iter().copied().collect();
            oracle
                .teams
                .insert(key.to_owned(), (team.name.clone(), members));
        }
        for (id, invite) in state.invites() {
            let offer = Offer {
                gives: invite.gives.clone(),
                expires_ms: invite.expires_ms,
                uses: invite.uses_left,
                cancelled: invite.cancelled,
                by: invite.opened_by,
            };
            oracle.invites.insert(id, offer);
        }
        for change in (1..=6).map(|n| ChangeHash::new([n; 32])) {
            for adoption in state.adoptions(change) {
                oracle
                    .adopted
                    .insert((change, adoption.document, adoption.by));
            }
        }
        oracle
    }

    fn actor(&self, device: DeviceId) -> Option<MemberId> {
        let (member, revoked) = self.devices.get(&device)?;
        (!revoked && self.people.get(member)?.active).then_some(*member)
    }

    fn held(&self, member: MemberId) -> Vec<Grant> {
        let person = &self.people[&member];
        let roles = person.roles.iter().filter_map(|key| self.roles.get(key));
        if person.active {
            roles.flat_map(|(_, g)| g.clone()).collect()
        } else {
            Vec::new()
        }
    }

    fn owner(&self, member: MemberId) -> bool {
        self.people[&member].roles.contains("owner")
    }

    fn manager(&self, device: DeviceId) -> Option<MemberId> {
        let member = self.actor(device)?;
        let everywhere = Grant {
            verb: Verb::ManageMembers,
            scope: Scope::All,
        };
        self.held(member).contains(&everywhere).then_some(member)
    }

    /// Whether the giver holds the grants, by trying every occasion in this small world.
    fn covers(&self, giver: MemberId, grants: &BTreeSet<Grant>) -> bool {
        let held = self.held(giver);
        grants.iter().all(|grant| {
            held.iter()
                .any(|mine| occasions(grant.verb).all(|o| !grant.covers(&o) || mine.covers(&o)))
        })
    }

    fn gives(&self, giver: MemberId, roles: &BTreeSet<String>) -> bool {
        roles.iter().all(|key| {
            self.roles.get(key).is_some_and(|(_, grants)| {
                (key != "owner" || self.owner(giver)) && self.covers(giver, grants)
            })
        })
    }

    fn ranks(&self, author: MemberId, changed: MemberId) -> bool {
        !self.owner(changed) || self.owner(author)
    }

    fn offers(&self, device: DeviceId, gives: &InviteFor) -> bool {
        let Some(opener) = self.manager(device) else {
            return false;
        };
        match gives {
            InviteFor::Member { roles } => self.gives(opener, &set(roles)),
            InviteFor::Device { member } => {
                let Some(person) = self.people.get(member) else {
                    return false;
                };
                let allowed = *member == opener
                    || (self.ranks(opener, *member) && self.gives(opener, &person.roles));
                !person.imported && allowed
            }
        }
    }

    /// What the entry makes of this roster; `None` for a refusal.
    fn after(&self, workspace: WorkspaceId, entry: &RosterEntry, ms: u64) -> Option<Self> {
        let mut next = self.clone();
        next.write(workspace, entry, ms)?;
        let owner_left = next
            .devices
            .iter()
            .any(|(device, (member, _))| next.actor(*device).is_some() && next.owner(*member));
        let effective = next != *self || matches!(entry.body(), RosterBody::Adopt { .. });
        (owner_left && effective).then_some(next)
    }

    fn write(&mut self, workspace: WorkspaceId, entry: &RosterEntry, ms: u64) -> Option<()> {
        let device = entry.head().author;
        match entry.body() {
            RosterBody::Genesis { .. } => None,
            RosterBody::AddMember { .. }
            | RosterBody::ChangeMember { .. }
            | RosterBody::RevokeDevice { .. } => self.write_people(device, entry.body()),
            RosterBody::DefineRole { .. }
            | RosterBody::RemoveRole { .. }
            | RosterBody::ChangeTeam { .. } => self.write_groups(device, entry.body()),
            RosterBody::OpenInvite { .. } | RosterBody::CancelInvite { .. } => {
                self.write_invites(device, entry.body())
            }
            RosterBody::Redeem { .. } => self.write_redemption(workspace, entry, ms),
            RosterBody::Adopt {
                document, changes, ..
            } => {
                let by = self.actor(device)?;
                let may = self.held(by).iter().any(|grant| grant.verb == Verb::Adopt);
                (may && !changes.is_empty()).then_some(())?;
                self.adopted
                    .extend(changes.iter().map(|change| (*change, *document, by)));
                Some(())
            }
        }
    }

    fn write_people(&mut self, device: DeviceId, body: &RosterBody) -> Option<()> {
        let author = self.manager(device)?;
        match body {
            RosterBody::AddMember {
                member,
                name,
                kind,
                roles,
            } => {
                self.gives(author, &set(roles)).then_some(())?;
                self.admit(*member, name, *kind == MemberKind::Imported, set(roles))?;
            }
            RosterBody::ChangeMember {
                member,
                name,
                add_roles,
                remove_roles,
                active,
            } => {
                let (add, remove) = (set(add_roles), set(remove_roles));
                let person = self.people.get(member)?;
                let mut roles = &person.roles | &add;
                roles = &roles - &remove;
                let back = *active == Some(true) && !person.active;
                let fine = self.ranks(author, *member)
                    && add.is_disjoint(&remove)
                    && self.gives(author, &add)
                    && remove.iter().all(|role| self.roles.contains_key(role))
                    && (!back || self.gives(author, &(&person.roles - &remove)));
                fine.then_some(())?;
                let person = self.people.get_mut(member)?;
                person.roles = roles;
                person.active = active.unwrap_or(person.active);
                if let Some(name) = name {
                    person.name.clone_from(name);
                }
            }
            RosterBody::RevokeDevice {
                device: revoked, ..
            } => {
                let (member, _) = *self.devices.get(revoked)?;
                self.ranks(author, member).then_some(())?;
                self.devices.insert(*revoked, (member, true));
            }
            _ => unreachable!("the caller picked the kinds"),
        }
        Some(())
    }

    fn write_groups(&mut self, device: DeviceId, body: &RosterBody) -> Option<()> {
        let author = self.manager(device)?;
        match body {
            RosterBody::DefineRole { role, name, grants } => {
                let grants: BTreeSet<Grant> = grants.iter().cloned().collect();
                let old = self
                    .roles
                    .get(role)
                    .map(|(_, g)| g.clone())
                    .unwrap_or_default();
                (!role::is_built_in(role) && self.covers(author, &(&grants - &old)))
                    .then_some(())?;
                self.roles.insert(role.clone(), (name.clone(), grants));
            }
            RosterBody::RemoveRole { role } => {
                (!role::is_built_in(role)).then_some(())?;
                self.roles.remove(role)?;
                self.people.values_mut().for_each(|person| {
                    person.roles.remove(role);
                });
            }
            RosterBody::ChangeTeam {
                team,
                name,
                add,
                remove,
            } => {
                let known = add
                    .iter()
                    .chain(remove)
                    .all(|m| self.people.contains_key(m));
                let clash = add.iter().any(|member| remove.contains(member));
                (known && !clash).then_some(())?;
                let old = self.teams.get(team).cloned();
                let old_name = old.as_ref().map(|(name, _)| name.clone());
                let mut members = old.map(|(_, members)| members).unwrap_or_default();
                members.extend(add);
                members.retain(|member| !remove.contains(member));
                self.teams
                    .insert(team.clone(), (name.clone().or(old_name)?, members));
            }
            _ => unreachable!("the caller picked the kinds"),
        }
        Some(())
    }

    fn write_invites(&mut self, device: DeviceId, body: &RosterBody) -> Option<()> {
        match body {
            RosterBody::OpenInvite {
                invite,
                gives,
                expires_ms,
                uses,
            } => {
                let fresh = !self.invites.contains_key(invite) && *uses > 0;
                (fresh && self.offers(device, gives)).then_some(())?;
                let (expires_ms, uses, by) = (*expires_ms, *uses, device);
                let gives = gives.clone();
                self.invites.insert(
                    *invite,
                    Offer {
                        gives,
                        expires_ms,
                        uses,
                        cancelled: false,
                        by,
                    },
                );
            }
            RosterBody::CancelInvite { invite } => {
                let author = self.actor(device)?;
                let opener = self.devices[&self.invites.get(invite)?.by].0;
                (opener == author || self.manager(device).is_some()).then_some(())?;
                self.invites.get_mut(invite)?.cancelled = true;
            }
            _ => unreachable!("the caller picked the kinds"),
        }
        Some(())
    }

    fn write_redemption(
        &mut self,
        workspace: WorkspaceId,
        entry: &RosterEntry,
        ms: u64,
    ) -> Option<()> {
        let device = entry.head().author;
        let RosterBody::Redeem {
            invite,
            member,
            member_name,
            proof,
            ..
        } = entry.body()
        else {
            unreachable!()
        };
        let offer = self.invites.get(invite)?.clone();
        let parts: [&[u8]; 3] = [workspace.as_bytes(), device.as_bytes(), member.as_bytes()];
        let fine = !offer.cancelled
            && offer.uses > 0
            && ms < offer.expires_ms
            && !self.devices.contains_key(&device)
            && verify(
                DeviceId::new(*invite.as_bytes()),
                Tag::Redeem,
                &parts,
                proof,
            )
            .is_ok()
            && self.offers(offer.by, &offer.gives);
        fine.then_some(())?;
        match offer.gives {
            InviteFor::Member { roles } => {
                self.admit(*member, member_name, false, set(&roles))?;
            }
            InviteFor::Device { member: of } => {
                (of == *member && self.people[&of].active).then_some(())?;
            }
        }
        self.devices.insert(device, (*member, false));
        self.invites.get_mut(invite)?.uses -= 1;
        Some(())
    }

    fn admit(
        &mut self,
        member: MemberId,
        name: &str,
        imported: bool,
        roles: BTreeSet<String>,
    ) -> Option<()> {
        let person = Person {
            name: name.to_owned(),
            imported,
            active: true,
            roles,
        };
        (!self.people.contains_key(&member)).then(|| self.people.insert(member, person))?;
        Some(())
    }
}

fn set(keys: &[String]) -> BTreeSet<String> {
    keys.iter().cloned().collect()
}

/// Every occasion that grants of this world can tell apart.
fn occasions(verb: Verb) -> impl Iterator<Item = Occasion<'static>> {
    let templates = [1, 2, 3].map(|n| Some(template(n)));
    let parts = [None, Some("a"), Some("b")];
    templates.into_iter().flat_map(move |template| {
        parts.into_iter().flat_map(move |stage| {
            parts.into_iter().flat_map(move |field| {
                [(false, false), (false, true), (true, true)].map(|(own, team)| Occasion {
                    verb,
                    template,
                    stage,
                    field,
                    own,
                    team,
                })
            })
        })
    })
}

/// Plays one random history and hands every accepted step to `look`.
fn play(seed: u64, mut look: impl FnMut(&RosterState, &RosterEntry, &RosterState)) {
    let mut scene = Scene::found();
    scene.join(2, &["manager"]);
    scene.join(3, &["manager", "viewer"]);
    let mut babbler = Babbler {
        rng: ChaCha8Rng::seed_from_u64(seed),
    };
    for step in 0..ENTRIES {
        let (by, body) = babbler.say(&scene);
        let entry = scene.entry(by, body);
        let before = scene.roster.head().clone();
        let oracle = Oracle::of(&before);
        let expected = oracle.after(scene.roster.workspace(), &entry, scene.now().ms);
        let result = scene.roster.apply(entry.clone(), scene.now()).map(|_| ());
        let after = scene.roster.head().clone();
        let at = format!("seed {seed} step {step} {:?} {result:?}", entry.body());
        match expected {
            Some(expected) => {
                assert_eq!(result, Ok(()), "{at}");
                assert_eq!(Oracle::of(&after), expected, "{at}");
                assert_eq!(
                    (after.version(), after.head()),
                    (before.version() + 1, entry.hash())
                );
                look(&before, &entry, &after);
                scene.seq += 1;
            }
            None => {
                assert!(result.is_err(), "{at}");
                assert_eq!(after, before, "{at}");
            }
        }
    }
}

#[test]
fn the_fold_agrees_with_a_naive_oracle_and_a_refused_entry_changes_nothing() {
    let mut kinds: BTreeMap<String, u32> = BTreeMap::new();
    for seed in 0..SEEDS {
        play(seed, |_, entry, _| {
            let name = format!("{:?}", entry.body());
            let kind = name.split(' ').next().unwrap_or_default().to_owned();
            *kinds.entry(kind).or_default() += 1;
        });
    }
    assert_eq!(kinds.len(), 10, "{kinds:?}");
    assert!(
        kinds.values().all(|count| *count >= 10),
        "the test is too weak: {kinds:?}"
    );
}

/// Whose rights stand behind an entry: its author's, or the inviter's for a redemption.
fn behind(before: &RosterState, entry: &RosterEntry) -> MemberId {
    let device = if let RosterBody::Redeem { invite, .. } = entry.body() {
        before.invite(*invite).unwrap().opened_by
    } else {
        entry.head().author
    };
    before.device(device).unwrap().member
}

#[test]
fn nobody_gains_a_right_from_somebody_who_does_not_hold_it() {
    for seed in 1_000..1_000 + SEEDS {
        play(seed, |before, entry, after| {
            let giver = behind(before, entry);
            for (member, _) in after.members() {
                for gained in after.grants(member) {
                    let had = before.grants(member).any(|held| held.includes(gained));
                    let given = before.grants(giver).any(|held| held.includes(gained));
                    assert!(had || given, "seed {seed}: {gained} by {:?}", entry.body());
                }
            }
        });
    }
}

#[test]
fn no_sequence_of_entries_by_others_makes_or_unmakes_an_owner() {
    for seed in 2_000..2_000 + SEEDS {
        play(seed, |before, entry, after| {
            let owners = |state: &RosterState| state.owners().collect::<Vec<_>>();
            let changed = owners(before) != owners(after);
            assert!(
                !changed || before.is_owner(behind(before, entry)),
                "seed {seed}"
            );
            assert!(after.has_working_owner(), "seed {seed}");
        });
    }
}

#[test]
fn teams_and_devices_are_recorded_the_same_on_both_sides() {
    for seed in 3_000..3_000 + SEEDS / 4 {
        play(seed, |_, _, after| {
            for (id, member) in after.members() {
                let teams: BTreeSet<String> = after
                    .teams()
                    .filter(|(_, team)| team.members.contains(&id))
                    .map(|(key, _)| key.to_owned())
                    .collect();
                assert_eq!(member.teams, teams, "seed {seed}");
                let listed: BTreeSet<DeviceId> = member.devices.iter().copied().collect();
                let devices = after.devices().filter(|(_, device)| device.member == id);
                assert_eq!(listed, devices.map(|(id, _)| id).collect(), "seed {seed}");
                assert_eq!(after.is_owner(id), member.roles.contains(role::OWNER));
            }
        });
    }
}
