//! Seeded whole-system histories: devices act, wires break, programs crash, backups come back;
//! then everything heals, and everybody must see the same, which the oracle must see too.
//!
//! One seed is one history; [`run`] answers a digest of everything seen at the end and a hash of
//! everything that was delivered on the way, so that a test can prove that the same seed plays the
//! same history. What must hold after every step stands in `invariants.rs`.

mod acts;
pub mod agents;
mod invariants;
pub mod presence;
pub mod purges;
pub mod restores;
pub mod servers;

use std::collections::BTreeSet;

use casework_engine::template::Package;
use casework_protocol::ids::{ChangeHash, DocumentId};
use rand::Rng;
use sha2::{Digest, Sha256};

use crate::disk::Disk;
use crate::once::assert_effects_once;
use crate::oracle;
use crate::stage::{Stage, Who};
use invariants::Invariants;

/// How large a history is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Devices, two to fifty.
    pub devices: usize,
    /// Steps before everything heals.
    pub steps: usize,
}

/// What a history came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// SHA-256 over every view at the end.
    pub digest: [u8; 32],
    /// SHA-256 over every message that was delivered, when and to whom.
    pub trace: [u8; 32],
    /// Actions that were done.
    pub actions: usize,
}

/// Clocks are at most a day off.
const DAY_MS: i64 = 86_400_000;

/// Most devices in one history.
const MAX_DEVICES: usize = 50;
/// One in so many seeds is a history of a crowd.
const CROWD_EVERY: u64 = 64;

const NAMES: [&str; 8] = [
    "ana", "rui", "mia", "kofi", "lena", "omar", "sofia", "tomás",
];

/// What the n-th person is called.
fn name(n: usize) -> String {
    match NAMES.get(n) {
        Some(name) => (*name).to_owned(),
        None => format!("person {n}"),
    }
}

impl Size {
    /// A small history, its shape drawn from the seed; now and then one of a crowd.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let crowd = seed % CROWD_EVERY == CROWD_EVERY - 1;
        let devices = match (crowd, seed / CROWD_EVERY) {
            (false, _) => 2 + (seed % 3) as usize,
            (true, nth) => 9 + (nth * 7 % 42) as usize,
        };
        Self {
            devices,
            steps: 20 + (seed % 17) as usize,
        }
    }
}

/// The template of the histories: the stage's own, with rules that react to what people do, a form,
/// and readings written down.
///
/// # Panics
/// Never: it is part of the program.
#[must_use]
pub fn package() -> Package {
    let plain = include_str!("stage/template.toml");
    let source = format!(
        "log_reads = true\n{plain}{}",
        include_str!("sim/rules.toml")
    );
    Package::from_toml(&source).expect("the template of the histories can be read")
}

/// Plays one history.
///
/// # Panics
/// When an invariant does not hold; the message names the seed.
#[must_use]
pub fn run(seed: u64, size: Size) -> Outcome {
    let mut play = Play::begin(seed, size);
    for _ in 0..size.steps {
        play.step();
        play.watch.check(&mut play.stage);
    }
    play.end()
}

struct Play {
    stage: Stage,
    who: Vec<Who>,
    cases: Vec<DocumentId>,
    /// A backup of somebody's disk, to come back later.
    backup: Option<(Who, Disk)>,
    /// What went with a disk that was put back to before.
    given_up: BTreeSet<ChangeHash>,
    watch: Invariants,
}

impl Play {
    fn begin(seed: u64, size: Size) -> Self {
        let mut stage = Stage::with_template(seed, package());
        let [first] = stage.devices([NAMES[0]]);
        let mut who = vec![first];
        for n in 1..size.devices.clamp(2, MAX_DEVICES) {
            who.push(stage.join(&name(n), "operator"));
        }
        let case = stage.open(first, "The first case");
        stage.settle();
        Self {
            stage,
            who,
            cases: vec![case],
            backup: None,
            given_up: BTreeSet::new(),
            watch: Invariants::default(),
        }
    }

    fn dice(&mut self, sides: usize) -> usize {
        self.stage.rng.next_u64() as usize % sides.max(1)
    }

    fn anybody(&mut self) -> Who {
        let n = self.dice(self.who.len());
        self.who[n]
    }

    fn step(&mut self) {
        let who = self.anybody();
        match self.dice(20) {
            0 => self.stage.cut(who),
            1 => self.stage.heal_one(who),
            2 => self.stage.break_link(who),
            3 => self.stage.crash(who),
            4 => self.backup = Some((who, self.stage.back_up_device(who))),
            5 => {
                if let Some((who, disk)) = self.backup.take() {
                    let unlogged = self.stage.unlogged_deeds(who);
                    self.given_up.extend(unlogged);
                    self.stage.restore_device(who, &disk);
                }
            }
            6 if self.cases.len() < 3 => {
                let title = format!("Case {}", self.cases.len());
                self.cases.extend(
                    self.stage
                        .try_open(who, &title, false)
                        .ok()
                        .map(|a| a.document),
                );
            }
            7 if self.dice(3) == 0 => {
                let off_ms = self.dice(2 * DAY_MS as usize) as i64 - DAY_MS;
                self.stage.set_clock_off(who, off_ms);
            }
            7..=9 => {
                self.stage.connect();
                for _ in 0..self.dice(40) {
                    self.stage.deliver_one();
                }
            }
            _ => {
                let n = self.dice(self.cases.len());
                self.act(who, self.cases[n]);
            }
        }
    }

    fn end(mut self) -> Outcome {
        self.stage.heal();
        self.stage.settle();
        self.watch.check(&mut self.stage);
        self.watch
            .check_nothing_lost(&mut self.stage, &self.given_up);
        let mut digest = Sha256::new();
        for case in self.cases.clone() {
            if self.stage.replica(self.who[0]).case(case).is_err() {
                // Opened by a device whose disk went back to before: nobody ever heard of it.
                continue;
            }
            self.stage.assert_converged(case);
            self.assert_effects_once(case);
            let view = self.stage.view(self.who[0], case);
            oracle::check(&mut self.stage, self.who[0], case, &view);
            digest.update(format!("{view:?}"));
        }
        for who in self.who.clone() {
            self.assert_sound(who);
        }
        Outcome {
            digest: digest.finalize().into(),
            trace: self.stage.trace(),
            actions: self.stage.deeds.len(),
        }
    }

    fn assert_effects_once(&mut self, case: DocumentId) {
        let seed = self.stage.seed();
        for who in self.who.clone() {
            if let Ok(saved) = self.stage.replica(who).export(case) {
                assert_effects_once(seed, case, &saved);
            }
        }
    }

    fn assert_sound(&mut self, who: Who) {
        let seed = self.stage.seed();
        let unsent = self
            .stage
            .replica(who)
            .unsent()
            .expect("the store can be read");
        assert_eq!(unsent, 0, "seed {seed}: {who:?} still has unsent work");
        let found = self
            .stage
            .replica(who)
            .verify(&mut |_, _| {})
            .expect("the store can be read");
        assert!(found.holds(), "seed {seed}: {who:?}: {:?}", found.findings);
    }
}
