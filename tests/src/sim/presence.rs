//! Histories of presence: people open, write in and leave cases that some of them may not see, rights
//! change, connections and programs break, and every word about presence may be lost, doubled or late.
//!
//! Invariant after every delivery: no word goes to anybody, or is about anybody, who does not see the
//! case by the records on the server at that moment, and nobody's screen shows what they do not see by
//! their own. At the end everybody sees the same cases as if nobody had said a word, and when all are
//! silent nobody is shown anywhere and nothing is kept.

use std::collections::BTreeSet;

use casework_engine::case::CaseAction;
use casework_protocol::access::entry::{AccessBody, Principal};
use casework_protocol::access::views;
use casework_protocol::frame::Activity;
use casework_protocol::ids::{DeviceId, DocumentId};
use casework_protocol::limits::PRESENCE_LASTS_MS;
use casework_protocol::roster::entry::RosterBody;
use sha2::{Digest as _, Sha256};

use super::Outcome;
use super::invariants::Invariants;
use crate::stage::{Stage, Who, Words};

/// Plays one history of presence.
///
/// # Panics
/// When an invariant does not hold; the message names the seed.
#[must_use]
pub fn run(seed: u64) -> Outcome {
    let mut play = Play::begin(seed);
    for _ in 0..50 + seed % 50 {
        play.step();
        play.watch.check(&mut play.stage);
    }
    play.end()
}

struct Play {
    stage: Stage,
    who: Vec<Who>,
    cases: Vec<DocumentId>,
    words: Words,
    watch: Invariants,
    /// Who was suspended at some time.
    suspended: BTreeSet<Who>,
    actions: usize,
    /// How often somebody was shown somewhere: a history of nothing proves nothing.
    shown: usize,
}

impl Play {
    fn begin(seed: u64) -> Self {
        let mut stage = Stage::new(seed);
        let [ana] = stage.devices(["ana"]);
        let mut who = vec![ana];
        let others = match seed % 48 {
            47 => 10 + seed as usize / 48 % 40,
            _ => 2 + seed as usize % 5,
        };
        who.extend((0..others).map(|n| stage.join(&format!("person {n}"), "operator")));
        let cases = vec![
            stage.open(ana, "Open to all"),
            stage
                .try_open(ana, "Restricted", true)
                .expect("a founder may")
                .document,
            stage
                .try_open(ana, "Restricted too", true)
                .expect("a founder may")
                .document,
        ];
        stage.settle();
        let words = Words::default();
        for who in &who {
            stage.hear(*who, true);
            stage.unruly_presence(*who, &words);
        }
        Self {
            stage,
            who,
            cases,
            words,
            watch: Invariants::default(),
            suspended: BTreeSet::new(),
            actions: 0,
            shown: 0,
        }
    }

    fn step(&mut self) {
        let (one, other) = (
            self.stage.dice(self.who.len()),
            self.stage.dice(self.cases.len()),
        );
        let (who, case) = (self.who[one], self.cases[other]);
        match self.stage.dice(24) {
            0 => self.stage.cut(who),
            1 | 2 => self.stage.heal_one(who),
            3 => self.stage.crash(who),
            4 => {
                let until = self.stage.now_ms() + self.stage.dice(70_000) as u64;
                self.stage.wait_until(until);
            }
            5 | 6 => self.change_viewers(who, case),
            7 => self.restrict(case),
            8 => self.suspend(who),
            9 => self.stage.leave(who, case),
            10 => {
                let hears = self.stage.dice(4) > 0;
                self.stage.hear(who, hears);
            }
            11 => {
                let label = format!("l{}", self.stage.dice(9));
                let done = self
                    .stage
                    .try_act(who, case, CaseAction::AddLabel { label });
                self.actions += usize::from(done.is_ok());
            }
            12..=15 => {
                let activity = [Activity::Open, Activity::Typing][self.stage.dice(2)];
                self.stage.announce(who, case, activity);
            }
            _ => {
                self.stage.connect();
                for _ in 0..self.stage.dice(60) {
                    self.stage.deliver_one();
                    self.check_words();
                }
            }
        }
        self.check_screens();
    }

    fn change_viewers(&mut self, who: Who, case: DocumentId) {
        let Some(member) = self.stage.member_id(who) else {
            return;
        };
        let principal = vec![Principal::Member(member)];
        let (add, remove) = match self.stage.dice(2) {
            0 => (principal, Vec::new()),
            _ => (Vec::new(), principal),
        };
        self.say(
            case,
            AccessBody::Change {
                add,
                remove,
                restricted: None,
                legal_hold: None,
            },
        );
    }

    fn restrict(&mut self, case: DocumentId) {
        let restricted = Some(self.stage.dice(2) == 0);
        self.say(
            case,
            AccessBody::Change {
                add: Vec::new(),
                remove: Vec::new(),
                restricted,
                legal_hold: None,
            },
        );
    }

    /// The founder changes the record of a case; what changes nothing is refused.
    fn say(&mut self, case: DocumentId, body: AccessBody) {
        let moment = self.stage.moment();
        let founder = self.who[0];
        let said = self
            .stage
            .replica(founder)
            .change_access(case, body, &moment);
        self.actions += usize::from(said.is_ok());
    }

    /// Suspends somebody, or lets them in again; never the founder.
    fn suspend(&mut self, who: Who) {
        let (founder, moment) = (self.who[0], self.stage.moment());
        let (device, is_founder) = (self.stage.device(who), who == self.who[0]);
        let replica = self.stage.replica(founder);
        let roster = replica.roster().expect("the founder has a roster").head();
        let Some(known) = roster.device(device).filter(|_| !is_founder) else {
            return;
        };
        let member = known.member;
        let active = roster.member(member).is_some_and(|member| member.active);
        let body = RosterBody::ChangeMember {
            member,
            name: None,
            add_roles: Vec::new(),
            remove_roles: Vec::new(),
            active: Some(!active),
        };
        self.suspended.insert(who);
        // An entry that still waits for the server may say the same.
        let _ = self.stage.replica(founder).authorise(body, &moment);
    }

    /// Lets everybody in again, so that all of them can see the same.
    fn let_everybody_in(&mut self) {
        for who in self.who.clone() {
            let device = self.stage.device(who);
            let founder = self.who[0];
            let replica = self.stage.replica(founder);
            let roster = replica.roster().expect("the founder has a roster").head();
            let known = roster.device(device).map(|device| device.member);
            let out = known.filter(|id| roster.member(*id).is_some_and(|member| !member.active));
            if out.is_some() {
                self.suspend(who);
            }
        }
    }

    /// Everybody has the cases that they see, and no others but those of a time out.
    fn check_holdings(&mut self) {
        let seed = self.stage.seed();
        for who in self.who.clone() {
            for case in self.cases.clone() {
                let sees = self.stage.sees_on_server(self.stage.device(who), case);
                let has = self.stage.replica(who).case(case).is_ok();
                // Some who were suspended while a case was restricted are not told how they lost it
                // (`docs/claims.md`, not held).
                let keeps = has && self.suspended.contains(&who);
                let fault = self.stage.last_fault(who);
                assert!(
                    has == sees || keeps,
                    "seed {seed}: {who:?} has {case}: {has}, sees it: {sees}, {fault:?}"
                );
            }
        }
    }

    /// Whoever sees a case sees the same.
    fn check_same(&mut self, case: DocumentId, digest: &mut Sha256) {
        let seed = self.stage.seed();
        let mut first = None;
        for who in self.who.clone() {
            if self.stage.sees_on_server(self.stage.device(who), case) {
                let view = format!("{:?}", self.stage.view(who, case));
                let same = first.get_or_insert_with(|| view.clone());
                assert_eq!(*same, view, "seed {seed}: {who:?} sees another {case}");
            }
        }
        digest.update(first.unwrap_or_default());
    }

    /// Whatever the server said just now was for the eyes of whoever got it, of people who see it.
    fn check_words(&mut self) {
        let seed = self.stage.seed();
        let words: Vec<(Who, DocumentId, Vec<DeviceId>)> =
            self.words.borrow_mut().drain(..).collect();
        for (who, case, present) in words {
            if present.is_empty() {
                // That nobody is there, or that it is not for them any more, tells nothing.
                continue;
            }
            let to = self.stage.device(who);
            let sees = |device| self.stage.sees_on_server(device, case);
            assert!(sees(to), "seed {seed}: {who:?} was told of {case}");
            for device in present {
                assert!(sees(device), "seed {seed}: {device} was shown at {case}");
            }
        }
    }

    /// Nobody's screen shows anybody at a case that either of them does not see, as far as is known
    /// there.
    fn check_screens(&mut self) {
        let seed = self.stage.seed();
        for who in self.who.clone() {
            for case in self.cases.clone() {
                let shown = self.stage.shown(who, case);
                self.shown += shown.len();
                let own = self.stage.member_id(who);
                let replica = self.stage.replica(who);
                let Ok(access) = replica.access(case).map(|record| record.head().clone()) else {
                    assert!(shown.is_empty(), "seed {seed}: {who:?} at {case}");
                    continue;
                };
                let roster = replica.roster().expect("whoever has a record has a roster");
                for witness in shown {
                    let sees = |member| views(roster.head(), &access, member);
                    assert!(own.is_some_and(sees), "seed {seed}: {who:?} sees {case}");
                    assert!(sees(witness.member), "seed {seed}: {witness:?} at {case}");
                }
            }
        }
    }

    fn end(mut self) -> Outcome {
        let seed = self.stage.seed();
        for who in self.who.clone() {
            self.stage.clear_wire(who);
            for case in self.cases.clone() {
                self.stage.leave(who, case);
            }
        }
        self.stage.heal();
        self.stage.settle();
        self.let_everybody_in();
        self.stage.settle();
        // Whoever came too early was sent away once more.
        self.stage.heal();
        self.stage.settle();
        let until = self.stage.now_ms() + PRESENCE_LASTS_MS;
        self.stage.wait_until(until);
        self.stage.settle();
        for who in self.who.clone() {
            for case in self.cases.clone() {
                let shown = self.stage.shown(who, case);
                assert!(
                    shown.is_empty(),
                    "seed {seed}: {who:?} still sees {shown:?}"
                );
            }
        }
        self.stage.relay().ring(self.stage.now_ms());
        assert_eq!(self.stage.relay().present_count(), 0, "seed {seed}");
        self.watch.check(&mut self.stage);
        self.check_holdings();
        let mut digest = Sha256::new();
        for case in self.cases.clone() {
            self.check_same(case, &mut digest);
        }
        digest.update((self.shown as u64).to_be_bytes());
        Outcome {
            digest: digest.finalize().into(),
            trace: self.stage.trace(),
            actions: self.actions + self.shown,
        }
    }
}
