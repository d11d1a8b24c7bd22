//! The engine's verdicts against a naive oracle's: random rosters, access records and edit roles,
//! random acts of every kind by people who are online, behind, or whose program asks for no right;
//! before acting, and on every replica afterwards, held and adopted work included.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::access::entry::{AccessBody, Principal};
use casework_protocol::ids::ChangeHash;
use casework_protocol::rights::{Grant, Scope, Verb};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::rights_oracle::{Chronicle, Fate, Person, Place, Wish, World};
use super::*;
use crate::case::facet::attention::AttentionAction;
use crate::case::{Closing, Decision};

const STAGES: [&str; 3] = ["intake", "review", "closed"];
const FIELDS: [&str; 2] = ["phone", "visits"];
const ROLES: [&str; 4] = ["clerk", "visitor", "auditor", "expert"];
const TEAMS: [&str; 2] = ["north", "south"];
/// Besides the owner; the program of the last one asks for no right half of the time.
const PEOPLE: usize = 4;

/// Something that was done, and what the oracle needs to know of it.
struct Deed {
    wish: Wish,
    cursor: u64,
    /// What its author's document held.
    past: BTreeSet<ChangeHash>,
}

struct Play {
    rng: ChaCha8Rng,
    clock: Clock,
    log: Log,
    /// The owner first.
    people: Vec<Replica>,
    ids: Vec<MemberId>,
    template: DocumentId,
    case: DocumentId,
    world: World,
    chronicle: Chronicle,
    deeds: BTreeMap<ChangeHash, Deed>,
    adopted: BTreeSet<ChangeHash>,
    /// How much of the log each has read.
    read: Vec<u64>,
}

impl Play {
    fn new(seed: u64) -> Self {
        let (mut clock, mut log) = (Clock(0), Log::default());
        let mut ana = founder(&mut clock);
        let template = ana
            .open_template(revision(), &clock.next())
            .unwrap()
            .document;
        let case = open(&mut ana, template, &mut clock);
        log.take(&mut ana);
        for key in ROLES {
            let body = RosterBody::DefineRole {
                role: key.into(),
                name: key.into(),
                grants: Vec::new(),
            };
            ana.authorise(body, &clock.next()).unwrap();
        }
        log.take(&mut ana);
        let mut people = vec![ana];
        let mut ids = vec![people[0].member().unwrap()];
        for (n, role) in (1..).zip(ROLES) {
            let n: u8 = n;
            let joined = join(&mut log, &mut people[0], &mut clock, n + 10, role);
            ids.push(joined.member().unwrap());
            people.push(joined);
        }
        for replica in &mut people {
            log.give(replica);
        }
        let read = vec![log.size; people.len()];
        let mut world = World::default();
        let everything = Verb::ALL.map(|verb| (verb, Place::All)).to_vec();
        world.roles.insert("owner".into(), everything);
        world.people = vec![Person::default(); PEOPLE + 1];
        world.people[0].roles.insert("owner".into());
        for (person, role) in world.people[1..].iter_mut().zip(ROLES) {
            person.roles.insert(role.into());
        }
        world.record.people.insert(0);
        let chronicle = Chronicle(vec![(0, world.clone())]);
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            clock,
            log,
            people,
            ids,
            template,
            case,
            world,
            chronicle,
            deeds: BTreeMap::new(),
            adopted: BTreeSet::new(),
            read,
        }
    }

    fn any<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.random_range(0..of.len())]
    }

    fn subset(&mut self, of: &[&str]) -> BTreeSet<String> {
        let mut chosen = BTreeSet::new();
        for one in of {
            if self.rng.random_bool(0.4) {
                chosen.insert((*one).to_owned());
            }
        }
        chosen
    }

    /// The owner, who is always online, says something; the oracle's world changes with it.
    fn said(&mut self, change: impl FnOnce(&mut World)) {
        let place = self.log.size;
        self.meet(0);
        if self.log.size > place {
            change(&mut self.world);
            self.chronicle.0.push((place, self.world.clone()));
        }
    }

    fn grants(&mut self) -> Vec<(Verb, Place)> {
        let mut grants = vec![(Verb::View, Place::Team)];
        if self.rng.random_bool(0.7) {
            let everywhere = self.any(&[true, false]);
            grants.push((Verb::View, if everywhere { Place::All } else { Place::Own }));
        }
        for _ in 0..self.rng.random_range(3..12) {
            let verb = self.any(&Verb::ALL[..20]);
            let place = match self.rng.random_range(0..7) {
                0 | 1 => Place::All,
                2 => Place::Template,
                3 => Place::Stage(self.any(&STAGES)),
                4 => Place::Field(self.any(&FIELDS)),
                5 => Place::Own,
                _ => Place::Team,
            };
            grants.push((verb, place));
        }
        grants
    }

    fn define_role(&mut self) {
        let (key, grants) = (self.any(&ROLES), self.grants());
        let scope = |place: &Place| match place {
            Place::All => Scope::All,
            Place::Template => Scope::Template(self.template),
            Place::Stage(stage) => Scope::Stage(self.template, (*stage).into()),
            Place::Field(field) => Scope::Field(self.template, (*field).into()),
            Place::Own => Scope::Own,
            Place::Team => Scope::Team,
        };
        let body = RosterBody::DefineRole {
            role: key.into(),
            name: key.into(),
            grants: grants
                .iter()
                .map(|(verb, place)| Grant {
                    verb: *verb,
                    scope: scope(place),
                })
                .collect(),
        };
        if self.tell(body) {
            self.said(|world| drop(world.roles.insert(key.into(), grants)));
        }
    }

    /// Whether the roster takes it: what changes nothing is refused.
    fn tell(&mut self, body: RosterBody) -> bool {
        let moment = self.clock.next();
        self.people[0].authorise(body, &moment).is_ok()
    }

    fn change_member(&mut self) {
        let who = self.rng.random_range(1..=PEOPLE);
        let role = self.any(&["clerk", "visitor", "auditor", "expert", "operator", "agent"]);
        let gives = self.rng.random_bool(0.5);
        let turns = self.rng.random_bool(0.2);
        let active = turns.then(|| self.world.people[who].suspended);
        let one = vec![role.to_owned()];
        let (add_roles, remove_roles) = if gives { (one, vec![]) } else { (vec![], one) };
        let body = RosterBody::ChangeMember {
            member: self.ids[who],
            name: None,
            add_roles,
            remove_roles,
            active,
        };
        if !self.tell(body) {
            return;
        }
        self.said(|world| {
            let person = &mut world.people[who];
            if gives {
                person.roles.insert(role.into());
            } else {
                person.roles.remove(role);
            }
            person.suspended ^= turns;
            // The built-in ones that are given here, from their table.
            world.roles.insert("operator".into(), operator());
            world.roles.insert("agent".into(), agent());
        });
    }

    fn change_team(&mut self) {
        let (team, who) = (self.any(&TEAMS), self.rng.random_range(0..=PEOPLE));
        let joins = self.rng.random_bool(0.6);
        let one = vec![self.ids[who]];
        let (add, remove) = if joins { (one, vec![]) } else { (vec![], one) };
        let name = Some(format!("Team {team}"));
        let body = RosterBody::ChangeTeam {
            team: team.into(),
            name,
            add,
            remove,
        };
        if self.tell(body) {
            self.said(|world| {
                let teams = &mut world.people[who].teams;
                if joins {
                    teams.insert(team.into());
                } else {
                    teams.remove(team);
                }
            });
        }
    }

    fn revoke(&mut self) {
        let who = self.rng.random_range(1..=PEOPLE);
        let device = self.people[who].device();
        let reason = "lost".to_owned();
        if self.tell(RosterBody::RevokeDevice { device, reason }) {
            self.said(|world| world.people[who].revoked = true);
        }
    }

    fn change_access(&mut self) {
        let who = self.rng.random_range(1..=PEOPLE);
        let (team, role) = (self.any(&TEAMS), self.any(&ROLES));
        let principal = match self.rng.random_range(0..3) {
            0 => Principal::Member(self.ids[who]),
            1 => Principal::Team(team.into()),
            _ => Principal::Role(role.into()),
        };
        let joins = self.rng.random_bool(0.5);
        let flips = self.rng.random_bool(0.4);
        let restricted = flips.then_some(!self.world.record.restricted);
        let one = vec![principal.clone()];
        let (add, remove) = if joins { (one, vec![]) } else { (vec![], one) };
        let body = AccessBody::Change {
            add,
            remove,
            restricted,
            legal_hold: None,
        };
        let moment = self.clock.next();
        if self.people[0]
            .change_access(self.case, body, &moment)
            .is_err()
        {
            return;
        }
        self.said(|world| {
            let record = &mut world.record;
            record.restricted ^= flips;
            match (principal, joins) {
                (Principal::Member(_), true) => drop(record.people.insert(who)),
                (Principal::Member(_), false) => drop(record.people.remove(&who)),
                (Principal::Team(key), true) => drop(record.teams.insert(key)),
                (Principal::Team(key), false) => drop(record.teams.remove(&key)),
                (Principal::Role(key), true) => drop(record.roles.insert(key)),
                (Principal::Role(key), false) => drop(record.roles.remove(&key)),
            }
        });
    }

    fn publish(&mut self) {
        let (stage, roles) = (self.rng.random_range(0..3), self.subset(&ROLES));
        let mut package = package();
        let mut edit_roles = self.world.edit_roles.clone();
        edit_roles.insert(STAGES[stage], roles);
        for stage in &mut package.stages {
            let asked = edit_roles.get(stage.id.as_str());
            stage.edit_roles = asked.into_iter().flatten().cloned().collect();
        }
        let moment = self.clock.next();
        let published = self.people[0].publish(self.template, package.publish().unwrap(), &moment);
        if published.is_ok() {
            self.said(|world| world.edit_roles = edit_roles);
        }
    }

    /// An act with what it needs, in the words of the table of verbs.
    #[expect(clippy::too_many_lines, reason = "one arm per kind of wish")]
    fn wish(&mut self, who: usize, stood: &str) -> (CaseAction, Wish) {
        let part = PartId::derive(&self.clock.next().seed, 1);
        let number = self.rng.random_range(0..1_000_000);
        let (to, member) = (self.any(&STAGES), self.ids[0]);
        let text = format!("{number}");
        let mut field = None;
        let mut stage = stood.to_owned();
        let (verb, action) = match self.rng.random_range(0..12) {
            0 => (Verb::Edit, CaseAction::AddLabel { label: text }),
            1 => {
                field = Some("phone");
                (Verb::Edit, set("phone", &text))
            }
            2 => {
                field = Some("visits");
                (
                    Verb::Edit,
                    CaseAction::Count {
                        field: "visits".into(),
                        by: 1,
                    },
                )
            }
            3 | 4 => {
                stage = to.to_owned();
                (Verb::Move, CaseAction::Move { to: to.into() })
            }
            5 => (Verb::Comment, comment(part, text, false)),
            6 => (Verb::CommentExternal, comment(part, text, true)),
            7 => {
                let task = CaseAction::CreateTask {
                    id: part,
                    title: text,
                    assignee: None,
                    due: None,
                    checklist: Vec::new(),
                };
                (Verb::Task, task)
            }
            8 => {
                let owner = self.any(&[Some(member), None]);
                (Verb::Assign, CaseAction::SetOwner { member: owner })
            }
            9 => {
                let decision = Decision {
                    id: part,
                    question: text,
                    outcome: "yes".into(),
                    rationale: String::new(),
                    conditions: String::new(),
                    supersedes: BTreeSet::new(),
                };
                (Verb::Decide, CaseAction::Decide(decision))
            }
            10 => {
                let closing = Closing {
                    code: "done".into(),
                    notes: text,
                };
                let reopens = self.rng.random_bool(0.5);
                if reopens {
                    (Verb::Reopen, CaseAction::Reopen)
                } else {
                    (Verb::Close, CaseAction::Close(closing))
                }
            }
            _ => {
                let severity = Some(text);
                (Verb::Edit, AttentionAction::SetSeverity { severity }.into())
            }
        };
        let stood = stood.to_owned();
        (
            action,
            Wish {
                who,
                verb,
                stage,
                stood,
                field,
            },
        )
    }

    fn act(&mut self) {
        let who = self.rng.random_range(0..=PEOPLE);
        let Ok(view) = self.people[who].case(self.case) else {
            return;
        };
        let stood = view.stage.value().clone();
        let (action, wish) = self.wish(who, &stood);
        let cursor = self.read[who];
        let past = hashes(&mut self.people[who], self.case);
        let known = self.chronicle.known_at(cursor);
        let (allowed, present) = (
            known.allows(&wish),
            !known.people[who].suspended && !known.people[who].revoked,
        );
        let moment = self.clock.next();
        let act = Act::new(PartId::derive(&moment.seed, 0), action).because("so it is");
        self.people[who].lawless = who == PEOPLE && self.rng.random_bool(0.5);
        let lawless = self.people[who].lawless;
        let done = self.people[who].act(self.case, act, &moment);
        match done {
            Ok(acted) => {
                assert!(allowed || lawless, "not allowed: {wish:?} {known:?}");
                self.deeds.insert(acted.change, Deed { wish, cursor, past });
            }
            Err(ReplicaFault::Denied(denial)) => {
                assert!(!allowed, "allowed: {denial} {wish:?} {known:?}");
            }
            Err(ReplicaFault::NotEnrolled) => assert!(!present, "{wish:?}"),
            // Without effect, or the case is closed.
            Err(ReplicaFault::Act(_)) => {}
            Err(fault) => panic!("{fault}"),
        }
        if who == 0 {
            self.log.take(&mut self.people[0]);
        }
    }

    fn meet(&mut self, who: usize) {
        self.log.take(&mut self.people[who]);
        self.log.give(&mut self.people[who]);
        self.read[who] = self.log.size;
    }

    /// The owner adopts everything that is held.
    fn adopt(&mut self) {
        let held = self.people[0].held().unwrap();
        let readable = held.iter().filter(|held| held.what.is_some());
        let changes: BTreeSet<ChangeHash> = readable.map(|held| held.change).collect();
        if changes.is_empty() {
            return;
        }
        let moment = self.clock.next();
        self.people[0]
            .adopt(self.case, "honest work", &moment)
            .unwrap();
        self.meet(0);
        self.adopted.extend(changes);
    }

    fn step(&mut self) {
        match self.rng.random_range(0..100) {
            0..=54 => self.act(),
            55..=72 => {
                let who = self.rng.random_range(0..=PEOPLE);
                self.meet(who);
            }
            73..=79 => self.define_role(),
            80..=84 => self.change_member(),
            85..=87 => self.change_team(),
            88..=92 => self.change_access(),
            93..=96 => self.publish(),
            97 if self.rng.random_bool(0.3) => self.revoke(),
            _ => self.adopt(),
        }
    }

    /// Where the log took each change.
    fn arrivals(&self) -> BTreeMap<ChangeHash, u64> {
        let mut arrived = BTreeMap::new();
        for item in &self.log.items {
            if let Logged::Run(logged) = item {
                let run = logged
                    .run
                    .clone()
                    .check(self.people[0].workspace())
                    .unwrap();
                let run = run.verify().unwrap();
                for (change, seq) in run.changes().iter().zip(logged.seq..) {
                    arrived.entry(change.header().hash).or_insert(seq);
                }
            }
        }
        arrived
    }

    /// Every replica has exactly what the oracle lets in.
    fn judge(&mut self) -> [usize; 3] {
        for _ in 0..2 {
            (0..=PEOPLE).for_each(|who| self.meet(who));
        }
        let arrived = self.arrivals();
        let mut fates = [0; 3];
        let mut landed: BTreeSet<ChangeHash> = BTreeSet::new();
        let mut in_order: Vec<(&ChangeHash, &Deed)> = self
            .deeds
            .iter()
            .filter(|(hash, _)| arrived.contains_key(*hash))
            .collect();
        in_order.sort_by_key(|(hash, _)| arrived[*hash]);
        let stray: BTreeSet<ChangeHash> = self.deeds.keys().copied().collect();
        for (hash, deed) in in_order {
            let fate = self.chronicle.fate(&deed.wish, deed.cursor, arrived[hash]);
            fates[fate as usize] += 1;
            let released =
                fate == Fate::Lands || (fate == Fate::Held && self.adopted.contains(hash));
            // What builds on something that does not stand does not stand either.
            let grounded = deed
                .past
                .iter()
                .all(|dep| !stray.contains(dep) || landed.contains(dep));
            if released && grounded {
                landed.insert(*hash);
            }
        }
        // What a changed program shows to its own user is its own affair.
        for who in 0..PEOPLE {
            let there = hashes(&mut self.people[who], self.case);
            for (hash, deed) in &self.deeds {
                if !arrived.contains_key(hash) {
                    continue;
                }
                let fate = self.chronicle.fate(&deed.wish, deed.cursor, arrived[hash]);
                assert_eq!(
                    there.contains(hash),
                    landed.contains(hash),
                    "on replica {who}: {:?} is {fate:?} by the oracle (adopted: {})",
                    deed.wish,
                    self.adopted.contains(hash),
                );
            }
        }
        let seen = self.people[0].case(self.case).unwrap();
        for replica in &mut self.people[1..PEOPLE] {
            assert_eq!(replica.case(self.case).unwrap(), seen);
            let found = replica.verify(&mut |_, _| {}).unwrap();
            assert!(found.holds(), "{:?}", found.findings);
        }
        fates
    }
}

fn comment(id: PartId, body: String, external: bool) -> CaseAction {
    CaseAction::Comment {
        id,
        body,
        external,
        reply_to: None,
    }
}

fn hashes(replica: &mut Replica, id: DocumentId) -> BTreeSet<ChangeHash> {
    let document = replica.document(id).unwrap();
    let metas = document.automerge.get_changes_meta(&[]);
    metas
        .iter()
        .map(|meta| ChangeHash::new(meta.hash.0))
        .collect()
}

/// "Drives any case."
fn operator() -> Vec<(Verb, Place)> {
    use Verb::{
        Approve, Assign, Close, Comment, CommentExternal, Decide, Document, Edit, Export, Move,
        Open, Override, Reopen, Settle, Task, Transfer, View,
    };
    let verbs = [
        View,
        Open,
        Move,
        Edit,
        Comment,
        CommentExternal,
        Task,
        Document,
        Decide,
        Approve,
        Assign,
        Transfer,
        Close,
        Reopen,
        Override,
        Export,
        Settle,
    ];
    verbs.map(|verb| (verb, Place::All)).to_vec()
}

/// "What templates ask for without a person."
fn agent() -> Vec<(Verb, Place)> {
    use Verb::{
        Assign, Close, Comment, CommentExternal, Document, Edit, Export, Keep, Move, Open, Task,
        View,
    };
    let verbs = [
        View,
        Open,
        Move,
        Edit,
        Comment,
        CommentExternal,
        Task,
        Document,
        Assign,
        Close,
        Export,
        Keep,
    ];
    verbs.map(|verb| (verb, Place::All)).to_vec()
}

#[test]
fn the_engines_verdicts_are_the_oracles_for_random_rosters_and_acts_on_every_replica() {
    let plays = std::env::var("CASEWORK_HISTORIES").ok();
    let plays: u64 = plays.and_then(|text| text.parse().ok()).unwrap_or(25);
    let mut fates = [0; 3];
    for seed in 0..plays {
        let mut play = Play::new(seed);
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            (0..4).for_each(|_| play.define_role());
            (0..120).for_each(|_| play.step());
            play.judge()
        }));
        let found = ran.unwrap_or_else(|_| panic!("seed {seed}"));
        fates
            .iter_mut()
            .zip(found)
            .for_each(|(sum, one)| *sum += one);
    }
    assert!(
        fates.iter().all(|fate| *fate > 20),
        "every fate is met: {fates:?}"
    );
}
