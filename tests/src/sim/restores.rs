//! Histories of a server that is put back to an older backup, again and again, while people go on
//! working: devices of every age come back in any order.
//!
//! Some show that the server had more, some have seen nothing since the backup, some were never there.
//! Invariant at the end: what anybody did stands in the log, or in the drawer of whoever had lost their
//! rights meanwhile; everybody sees the same; and unless an operator had to open a new epoch, everybody
//! proves it, and whatever anybody saw stand, or had a head over, still stands.

mod judging;

use std::collections::{BTreeMap, BTreeSet};

use casework_engine::case::{Act, CaseAction, PartId};
use casework_engine::sync::SyncFault;
use casework_protocol::ids::{ChangeHash, DocumentId};
use casework_protocol::keys::SecretKey;
use casework_sync_server::log::memory::MemoryLog;
use sha2::{Digest as _, Sha256};

use super::Outcome;
use crate::stage::{Stage, Who};

/// How often an operator opens a new epoch before the play is called stuck.
const EPOCHS: usize = 4;
/// How often everybody comes to a server that takes its log back.
const VISITS: usize = 30;

/// How often in a row it must be found not to wait for anything.
const CALM: usize = 3;

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
    openers: BTreeMap<DocumentId, Who>,
    /// What was done: in which case, by whom, and the label it put on.
    done: BTreeMap<ChangeHash, (DocumentId, Who, String)>,
    backups: Vec<MemoryLog>,
    /// Size of the log when the play began: the only roster entry after it takes somebody's rights.
    before_all: u64,
    /// What somebody saw stand before a backup was put back.
    seen: BTreeSet<(DocumentId, String)>,
    /// Changes that somebody had a head over before a backup was put back: they cannot be lost unnoticed.
    proved: BTreeSet<ChangeHash>,
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
            before_all: stage.log_size(),
            stage,
            who,
            openers: cases.iter().map(|case| (*case, ana)).collect(),
            cases,
            done: BTreeMap::new(),
            backups,
            seen: BTreeSet::new(),
            proved: BTreeSet::new(),
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
                let case = self.stage.open(who, &title);
                self.cases.push(case);
                self.openers.insert(case, who);
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
        // Some of what is on its way still arrives: an answer, and no head over it.
        for _ in 0..self.stage.dice(40) {
            self.stage.deliver_one();
        }
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
        self.stage
            .change_roles(ana, who, &["viewer"], &["operator"]);
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
            if self.demoted == Some(who) {
                self.late.insert((case, label.clone()));
            }
            self.done.insert(acted.change, (case, who, label));
        }
    }

    /// What stands now on some device, and is acknowledged: it will not fall.
    fn look(&mut self) {
        self.note_proved();
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
            let view = self.stage.replica(ana).case(case);
            let labels = view.map(|view| view.labels).unwrap_or_default();
            held.retain(|(of, label)| *of != case || !labels.contains(label));
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

    /// What came to stand at another place is judged there, as an app does in the background.
    fn check(&mut self) {
        for who in self.who.clone() {
            let mut judged = None;
            loop {
                let next = self.stage.replica(who).check_next(judged);
                let next = next.expect("the store can be read");
                judged = next.map(|(document, _)| document);
                if judged.is_none() {
                    break;
                }
            }
        }
    }

    /// Whether the server still waits for what it lost when everybody has been there again and again.
    fn waits_for_ever(&mut self) -> bool {
        let mut calm = 0;
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
            calm = if waits { 0 } else { calm + 1 };
            if calm > CALM {
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
        self.check();
        let mut digest = Sha256::new();
        let actions = self.done.len();
        for case in self.cases.clone() {
            let mut all = self.who.iter();
            let is_somewhere = all.any(|who| self.stage.replica(*who).case(case).is_ok());
            // What somebody opened late who had lost their rights is held as a whole.
            if is_somewhere || self.demoted.is_none() {
                self.assert_alike(case);
            }
        }
        if self.met.epochs == 0 {
            self.assert_no_verdict_fell();
            self.assert_sound();
        }
        for case in self.cases.clone() {
            for who in self.who.clone() {
                let view = self.stage.replica(who).case(case).ok();
                digest.update(format!("{view:?}"));
            }
        }
        for (change, (case, who, label)) in core::mem::take(&mut self.done) {
            // What came when its maker had no right to it any more lies in their drawer.
            let logged = self.stage.is_logged(case, change);
            if !logged && (self.is_bound_to_stand(change) || !self.is_drawn(who, change)) {
                let found = self.whereabouts(case, &label);
                panic!("seed {seed}: {label} of {case} by {who:?} is not in the log; {found}");
            }
            digest.update(change.as_bytes());
        }
        Outcome {
            digest: digest.finalize().into(),
            trace: self.stage.trace(),
            actions,
        }
    }
}
