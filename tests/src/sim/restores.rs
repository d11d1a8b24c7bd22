//! Histories of a server that is put back to an older backup, again and again, while people go on
//! working: devices of every age come back in any order.
//!
//! Some show that the server had more, some have seen nothing since the backup, some were never there.
//! Invariant at the end: what anybody did stands in the log; and unless an operator had to open a new
//! epoch, everybody sees the same and proves it, and whatever anybody saw stand still stands.

use std::collections::{BTreeMap, BTreeSet};

use casework_engine::case::{Act, CaseAction, PartId};
use casework_engine::sync::SyncFault;
use casework_protocol::ids::{ChangeHash, DocumentId};
use casework_protocol::keys::SecretKey;
use casework_protocol::roster::entry::RosterBody;
use casework_sync_server::log::memory::MemoryLog;
use casework_sync_server::relay::check::check_workspace;
use sha2::{Digest as _, Sha256};

use super::Outcome;
use crate::stage::{Stage, Who};

/// How often an operator opens a new epoch before the play is called stuck.
const EPOCHS: usize = 4;
/// How often everybody comes to a server that takes its log back.
const VISITS: usize = 30;

/// Plays one history of restored servers.
///
/// # Panics
/// When an invariant does not hold; the message names the seed.
#[must_use]
pub fn run(seed: u64) -> Outcome {
    let mut play = Play::begin(seed);
    for _ in 0..40 + seed % 60 {
        play.step();
    }
    play.end()
}

/// What came of a history, for a test that histories meet what they are about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Met {
    /// Backups that were put back.
    pub restored: usize,
    /// Entries that the server lost by it, all together.
    pub lost: u64,
    /// New epochs that an operator had to open.
    pub epochs: usize,
    /// Changes that were held.
    pub held: usize,
    /// Rotations of the server's key.
    pub rotated: usize,
}

/// As [`run`], and tells what was met.
///
/// # Panics
/// As [`run`].
#[must_use]
pub fn met(seed: u64) -> Met {
    let mut play = Play::begin(seed);
    for _ in 0..40 + seed % 60 {
        play.step();
    }
    play.heal();
    play.met.held = play.held().len();
    play.met
}

struct Play {
    stage: Stage,
    who: Vec<Who>,
    cases: Vec<DocumentId>,
    done: BTreeMap<ChangeHash, DocumentId>,
    backups: Vec<MemoryLog>,
    /// What somebody saw stand before a backup was put back.
    seen: BTreeSet<(DocumentId, String)>,
    /// Who lost the right to write, and offline work of theirs that will be held.
    demoted: Option<Who>,
    late: BTreeSet<(DocumentId, String)>,
    met: Met,
}

impl Play {
    fn begin(seed: u64) -> Self {
        let mut stage = Stage::new(seed);
        let [ana] = stage.devices(["ana"]);
        let mut who = vec![ana];
        let others = 2 + seed as usize % 6;
        who.extend((0..others).map(|n| stage.join(&format!("person {n}"), "operator")));
        let cases = vec![stage.open(ana, "The first case")];
        stage.settle();
        let backups = vec![stage.back_up_server()];
        Self {
            stage,
            who,
            cases,
            done: BTreeMap::new(),
            backups,
            seen: BTreeSet::new(),
            demoted: None,
            late: BTreeSet::new(),
            met: Met::default(),
        }
    }

    fn step(&mut self) {
        let n = self.stage.dice(self.who.len());
        let who = self.who[n];
        match self.stage.dice(24) {
            0 | 1 => self.stage.cut(who),
            2..=4 => self.stage.heal_one(who),
            5 => self.stage.crash(who),
            6 => self.backups.push(self.stage.back_up_server()),
            7 | 8 => self.restore(),
            9 if self.cases.len() < 4 && self.demoted != Some(who) => {
                let title = format!("Case {}", self.cases.len());
                self.cases.push(self.stage.open(who, &title));
            }
            10 if self.demoted.is_none() && n > 0 => self.demote(who),
            11 if self.met.rotated < 2 => {
                self.met.rotated += 1;
                let key = SecretKey::from_seed(&[self.met.rotated as u8; 32]);
                self.stage.rotate_server_key(key);
            }
            12..=16 => {
                self.stage.connect();
                for _ in 0..self.stage.dice(80) {
                    self.stage.deliver_one();
                }
            }
            _ => self.act(who),
        }
    }

    /// An older backup in place of the log; nobody is connected then.
    fn restore(&mut self) {
        // What was answered comes with the head that vouches for it (`docs/claims.md`, not held).
        while self.stage.deliver_one() {}
        self.look();
        let n = self.stage.dice(self.backups.len());
        let before = self.stage.log_size();
        let backup = self.backups[n].backup();
        self.stage.restore_server(backup);
        self.met.restored += 1;
        self.met.lost += before.saturating_sub(self.stage.log_size());
    }

    fn demote(&mut self, who: Who) {
        let ana = self.who[0];
        self.stage.cut(who);
        let member = self.stage.member(who);
        let body = RosterBody::ChangeMember {
            member,
            name: None,
            add_roles: vec!["viewer".to_owned()],
            remove_roles: vec!["operator".to_owned()],
            active: None,
        };
        self.stage.authorise(ana, body);
        self.demoted = Some(who);
    }

    fn act(&mut self, who: Who) {
        let n = self.stage.dice(self.cases.len());
        let (case, label) = (self.cases[n], format!("l{}", self.done.len()));
        let moment = self.stage.moment();
        let action = CaseAction::AddLabel {
            label: label.clone(),
        };
        let act = Act::new(PartId::derive(&moment.derive("act"), 0), action);
        // A case that has not come here yet is not worked on, nor by whoever may not any more.
        if let Ok(acted) = self.stage.replica(who).act(case, act, &moment) {
            self.done.insert(acted.change, case);
            if self.demoted == Some(who) {
                self.late.insert((case, label));
            }
        }
    }

    /// What stands now on some device, and is acknowledged: it will not fall.
    fn look(&mut self) {
        for who in self.who.clone() {
            let unsent = self.stage.replica(who).unsent();
            if unsent.expect("the store can be read") > 0 || self.demoted == Some(who) {
                continue;
            }
            for case in self.cases.clone() {
                if let Ok(view) = self.stage.replica(who).case(case) {
                    let labels = view.labels.iter().map(|label| (case, label.clone()));
                    let stands = labels.filter(|label| !self.late.contains(label));
                    self.seen.extend(stands);
                }
            }
        }
    }

    fn held(&mut self) -> BTreeSet<(DocumentId, String)> {
        let ana = self.who[0];
        let mut held = self.late.clone();
        for case in self.cases.clone() {
            let view = self.stage.view(ana, case);
            held.retain(|(of, label)| *of != case || !view.labels.contains(label));
        }
        held
    }

    /// Everybody comes back; where the server went on beside its own history, or nobody has all that it
    /// lost, its operator opens a new epoch.
    fn heal(&mut self) {
        let seed = self.stage.seed();
        for _ in 0..EPOCHS {
            self.stage.heal();
            let waits = self.waits_for_ever();
            if !waits {
                self.stage.settle();
            }
            let diverged = self.who.iter().any(|who| {
                let fault = self.stage.last_fault(*who);
                matches!(fault, Some(SyncFault::Diverged { .. }))
            });
            if !diverged && !waits {
                for who in &self.who {
                    let fault = self.stage.last_fault(*who);
                    let is_well = fault.is_none_or(|fault| !fault.accuses_server());
                    assert!(is_well, "seed {seed}: {who:?}: {fault:?}");
                }
                return;
            }
            for who in self.who.clone() {
                let _ = self.stage.take_fault(who);
            }
            self.met.epochs += 1;
            self.stage.open_epoch();
        }
        panic!("seed {seed}: {EPOCHS} new epochs and no rest");
    }

    /// Whether the server still waits for what it lost when everybody has been there again and again.
    fn waits_for_ever(&mut self) -> bool {
        for _ in 0..VISITS {
            self.stage.connect();
            while self.stage.deliver_one() {}
            let shared = self.stage.relay().workspace(self.stage.workspace());
            let shared = shared.expect("the workspace is there");
            let waits = shared
                .read()
                .expect("nobody panicked over it")
                .recovery()
                .is_some();
            if !waits {
                return false;
            }
            let later = self.stage.now_ms() + 31_000;
            self.stage.wait_until(later);
        }
        true
    }

    fn end(mut self) -> Outcome {
        let seed = self.stage.seed();
        self.look();
        self.heal();
        let mut digest = Sha256::new();
        if self.met.epochs == 0 {
            for case in self.cases.clone() {
                let mut all = self.who.iter();
                let is_somewhere = all.any(|who| self.stage.replica(*who).case(case).is_ok());
                // What somebody opened late who had lost their rights is held as a whole.
                if is_somewhere || self.demoted.is_none() {
                    self.stage.assert_converged(case);
                }
            }
            self.assert_no_verdict_fell();
            self.assert_sound();
        }
        for case in self.cases.clone() {
            for who in self.who.clone() {
                let view = self.stage.replica(who).case(case).ok();
                digest.update(format!("{view:?}"));
            }
        }
        for (change, case) in &self.done {
            let logged = self.stage.is_logged(*case, *change);
            assert!(logged, "seed {seed}: {change} of {case} is not in the log");
        }
        Outcome {
            digest: digest.finalize().into(),
            trace: self.stage.trace(),
            actions: self.done.len(),
        }
    }

    fn assert_no_verdict_fell(&mut self) {
        let (seed, ana) = (self.stage.seed(), self.who[0]);
        for case in self.cases.clone() {
            let labels = self.stage.view(ana, case).labels;
            let stood = self.seen.iter().filter(|(of, _)| *of == case);
            for (_, label) in stood {
                assert!(
                    labels.contains(label),
                    "seed {seed}: {label} stood and fell"
                );
            }
        }
    }

    fn assert_sound(&mut self) {
        let seed = self.stage.seed();
        let (log, id) = (self.stage.server_log(), self.stage.workspace());
        let servers = self.stage.server_identity().servers();
        let checked = check_workspace(log.as_ref(), &servers, id, &mut |_| {});
        let faults = checked.expect("the log can be read").faults;
        assert!(faults.is_empty(), "seed {seed}: {faults:?}");
        for who in self.who.clone() {
            let found = self.stage.replica(who).verify(&mut |_, _| {});
            let found = found.expect("the store can be read").findings.into_iter();
            // Late work of whoever lost their rights waits, with what builds on it.
            let waits = |what: &str| what.starts_with("held ") || what.starts_with("it builds on ");
            let other = found.filter(|found| self.demoted.is_none() || !waits(&found.what));
            let other: Vec<_> = other.collect();
            assert!(other.is_empty(), "seed {seed}: {who:?}: {other:?}");
            let unsent = self.stage.replica(who).unsent();
            let unsent = unsent.expect("the store can be read");
            assert_eq!(unsent, 0, "seed {seed}: {who:?} still has unsent work");
        }
    }
}
