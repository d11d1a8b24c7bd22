//! Histories of a server whose disk tears, freezes and loses what was not synced, with two to fifty
//! devices that go on working: whatever it acknowledged is there when it comes back.
//!
//! The log lies in a file as the program keeps it. Invariant after every crash: the log is no shorter
//! than what was acknowledged; at the end everybody sees the same and nothing is missing.

use std::collections::BTreeMap;

use casework_engine::case::{Act, CaseAction, PartId};
use casework_protocol::ids::{ChangeHash, DocumentId};
use casework_sync_server::relay::check::check_workspace;
use rand::Rng as _;
use sha2::{Digest as _, Sha256};

use super::Outcome;
use super::invariants::Invariants;
use crate::stage::{Stage, Who};

/// Plays one history of a failing server.
///
/// # Panics
/// When an invariant does not hold; the message names the seed.
#[must_use]
pub fn run(seed: u64) -> Outcome {
    let mut play = Play::begin(seed);
    for _ in 0..30 + seed % 40 {
        play.step();
        play.watch.check(&mut play.stage);
    }
    play.end()
}

struct Play {
    stage: Stage,
    who: Vec<Who>,
    cases: Vec<DocumentId>,
    done: BTreeMap<ChangeHash, DocumentId>,
    watch: Invariants,
}

impl Play {
    fn begin(seed: u64) -> Self {
        let mut stage = Stage::on_a_disk(seed);
        let [ana] = stage.devices(["ana"]);
        let mut who = vec![ana];
        let others = match seed % 40 {
            // A crowd, now and then.
            22 => 12 + seed as usize / 40 % 38,
            _ => 1 + seed as usize % 11,
        };
        who.extend((0..others).map(|n| stage.join(&format!("person {n}"), "operator")));
        let cases = vec![stage.open(ana, "The first case")];
        stage.settle();
        Self {
            stage,
            who,
            cases,
            done: BTreeMap::new(),
            watch: Invariants::default(),
        }
    }

    fn dice(&mut self, sides: usize) -> usize {
        self.stage.rng.next_u64() as usize % sides.max(1)
    }

    fn step(&mut self) {
        let n = self.dice(self.who.len());
        let who = self.who[n];
        match self.dice(20) {
            0 => self.stage.cut(who),
            1 => self.stage.heal_one(who),
            2 => self.stage.crash(who),
            3 | 4 => self.stage.crash_server(),
            5 => {
                let syncs = self.dice(6) as u64;
                self.stage.freeze_server(syncs);
            }
            6 if self.cases.len() < 6 => {
                let title = format!("Case {}", self.cases.len());
                self.cases.push(self.stage.open(who, &title));
            }
            7..=12 => {
                self.stage.connect();
                for _ in 0..self.dice(60) {
                    self.stage.deliver_one();
                }
            }
            _ => self.act(who),
        }
    }

    fn act(&mut self, who: Who) {
        let n = self.dice(self.cases.len());
        let (case, label) = (self.cases[n], format!("l{}", self.dice(50)));
        let moment = self.stage.moment();
        let action = CaseAction::AddLabel { label };
        let act = Act::new(PartId::derive(&moment.derive("act"), 0), action);
        // A case that has not come here yet is not worked on.
        if let Ok(acted) = self.stage.replica(who).act(case, act, &moment) {
            self.done.insert(acted.change, case);
        }
    }

    fn end(mut self) -> Outcome {
        let seed = self.stage.seed();
        self.stage.crash_server();
        self.stage.heal();
        self.stage.settle();
        let mut digest = Sha256::new();
        for case in self.cases.clone() {
            self.stage.assert_converged(case);
            for who in self.who.clone() {
                let view = self.stage.view(who, case);
                digest.update(format!("{view:?}"));
            }
        }
        for (change, case) in &self.done {
            let logged = self.stage.is_logged(*case, *change);
            assert!(logged, "seed {seed}: {change} of {case} is not in the log");
        }
        self.assert_sound();
        Outcome {
            digest: digest.finalize().into(),
            trace: self.stage.trace(),
            actions: self.done.len(),
        }
    }

    /// The server's own check of its log finds nothing, and every device's of what it has.
    fn assert_sound(&mut self) {
        let seed = self.stage.seed();
        let (log, id) = (self.stage.server_log(), self.stage.workspace());
        let server = self.stage.relay().server();
        let checked = check_workspace(log.as_ref(), &[server], id, &mut |_| {});
        let faults = checked.expect("the log can be read").faults;
        assert!(faults.is_empty(), "seed {seed}: {faults:?}");
        for who in self.who.clone() {
            let replica = self.stage.replica(who);
            let unsent = replica.unsent().expect("the store can be read");
            assert_eq!(unsent, 0, "seed {seed}: {who:?} still has unsent work");
            let found = replica.verify(&mut |_, _| {});
            let found = found.expect("the store can be read");
            assert!(found.holds(), "seed {seed}: {who:?}: {:?}", found.findings);
        }
    }
}
