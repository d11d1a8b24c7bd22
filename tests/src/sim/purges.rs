//! Histories of purges: cases are asked to go, held back, spared and purged, while others work on
//! them offline and time jumps; then everything heals.
//!
//! What became of each case is told anew from the access records in the server's log alone. Invariant
//! at the end: a case is gone everywhere or nowhere, it went only after its days and under no hold,
//! and whatever had not reached the log by then is in its author's drawer.

use std::collections::BTreeSet;

use casework_engine::case::facet::keeping::KeepingAction;
use casework_engine::case::{Act, CaseAction, PartId};
use casework_engine::replica::{DocumentFault, ReplicaFault};
use casework_protocol::ids::{ChangeHash, DocumentId};
use rand::Rng as _;
use sha2::{Digest as _, Sha256};

use super::Outcome;
use super::invariants::Invariants;
use crate::oracle;
use crate::stage::{Stage, Who};

const DAY_MS: u64 = 86_400_000;
/// The shortest time that a request waits, and a longer one.
const DAYS: [u32; 2] = [7, 30];

/// Plays one history of purges.
///
/// # Panics
/// When an invariant does not hold; the message names the seed.
#[must_use]
pub fn run(seed: u64) -> Outcome {
    let mut play = Play::begin(seed);
    for _ in 0..40 + seed % 30 {
        play.step();
        play.watch.check(&mut play.stage);
        play.note_logged();
    }
    play.end()
}

struct Play {
    stage: Stage,
    who: Vec<Who>,
    cases: Vec<DocumentId>,
    /// What was done and is not in the log as far as was looked.
    unlogged: BTreeSet<(DocumentId, Who, ChangeHash)>,
    actions: usize,
    watch: Invariants,
}

impl Play {
    fn begin(seed: u64) -> Self {
        let mut stage = Stage::new(seed);
        let [ana] = stage.devices(["ana"]);
        // Two may purge; the others work.
        let kofi = stage.join("kofi", "owner");
        let rest = ["rui", "mia"].map(|name| stage.join(name, "operator"));
        let mut who = vec![ana, kofi];
        who.extend(rest);
        let cases = (0..3)
            .map(|n| stage.open(ana, &format!("Case {n}")))
            .collect();
        stage.settle();
        Self {
            stage,
            who,
            cases,
            unlogged: BTreeSet::new(),
            actions: 0,
            watch: Invariants::default(),
        }
    }

    fn dice(&mut self, sides: usize) -> usize {
        self.stage.rng.next_u64() as usize % sides.max(1)
    }

    fn step(&mut self) {
        let (one, other) = (self.dice(self.who.len()), self.dice(self.cases.len()));
        let (who, case) = (self.who[one], self.cases[other]);
        match self.dice(20) {
            0 => self.stage.cut(who),
            1 | 2 => self.stage.heal_one(who),
            3 => self.stage.crash(who),
            4 | 5 => {
                let until = self.stage.now_ms() + (1 + self.dice(12) as u64) * DAY_MS;
                self.stage.wait_until(until);
            }
            6..=10 => {
                self.stage.connect();
                for _ in 0..self.dice(40) {
                    self.stage.deliver_one();
                }
            }
            11..=13 => self.keep(who, case),
            14 => {
                let moment = self.stage.moment();
                // Too early, held, not allowed or gone: then nothing happens.
                let _ = self.stage.replica(who).purge(case, &moment);
            }
            _ => {
                let label = format!("l{}", self.dice(9));
                self.act(who, case, CaseAction::AddLabel { label });
            }
        }
    }

    fn keep(&mut self, who: Who, case: DocumentId) {
        let days = DAYS[self.dice(DAYS.len())];
        let action = match self.dice(6) {
            0 => KeepingAction::SetLegalHold,
            1 => KeepingAction::LiftLegalHold,
            2 => KeepingAction::CancelPurge,
            _ => KeepingAction::RequestPurge { days },
        };
        self.act(who, case, action.into());
    }

    fn act(&mut self, who: Who, case: DocumentId, action: CaseAction) {
        let moment = self.stage.moment();
        let mut act = Act::new(PartId::derive(&moment.derive("act"), 0), action);
        act.reason = Some("the schedule says so".to_owned());
        if let Ok(acted) = self.stage.replica(who).act(case, act, &moment) {
            self.actions += 1;
            self.unlogged.insert((case, who, acted.change));
        }
    }

    fn note_logged(&mut self) {
        let stage = &self.stage;
        self.unlogged
            .retain(|(case, _, change)| !stage.is_logged(*case, *change));
    }

    fn end(mut self) -> Outcome {
        self.stage.heal();
        self.stage.settle();
        self.note_logged();
        let mut digest = Sha256::new();
        for case in self.cases.clone() {
            if self.is_gone(case) {
                self.assert_gone(case);
                digest.update(b"gone");
            } else {
                self.assert_here(case);
                let view = self.stage.view(self.who[0], case);
                digest.update(format!("{view:?}"));
            }
        }
        for who in self.who.clone() {
            self.assert_sound(who);
        }
        Outcome {
            digest: digest.finalize().into(),
            trace: self.stage.trace(),
            actions: self.actions,
        }
    }

    /// Whether the case went, as its record in the server's log tells it.
    fn is_gone(&self, case: DocumentId) -> bool {
        let id = self.stage.workspace();
        let shared = self.stage.relay().workspace(id);
        let shared = shared.expect("the workspace is on the server");
        let known = shared.read().expect("nobody panicked over it");
        let access = known.access(case).expect("the case is on the server");
        oracle::purges::is_gone(self.stage.seed(), case, access.entries())
    }

    fn assert_gone(&mut self, case: DocumentId) {
        let seed = self.stage.seed();
        for who in self.who.clone() {
            let known = self.stage.replica(who).case(case);
            let gone = matches!(
                known,
                Err(ReplicaFault::Document(DocumentFault::Purged(id))) if id == case
            );
            assert!(gone, "seed {seed}: {who:?} still has {case}: {known:?}");
        }
        let lost = self.unlogged.iter().filter(|(of, ..)| *of == case);
        for (_, who, change) in lost.copied().collect::<Vec<_>>() {
            let drawn = self.stage.replica(who).drawer();
            let drawn = drawn.expect("the store can be read");
            assert!(
                drawn.iter().any(|one| one.change == Some(change)),
                "seed {seed}: {who:?} did {change} on {case}, and it was not rescued"
            );
        }
    }

    fn assert_here(&mut self, case: DocumentId) {
        let seed = self.stage.seed();
        self.stage.assert_converged(case);
        for who in self.who.clone() {
            let known = self.stage.replica(who).case(case);
            assert!(known.is_ok(), "seed {seed}: {who:?} lost {case}");
        }
        let waits = self.unlogged.iter().find(|(of, ..)| *of == case);
        assert_eq!(waits, None, "seed {seed}: {case}");
    }

    fn assert_sound(&mut self, who: Who) {
        let seed = self.stage.seed();
        let replica = self.stage.replica(who);
        let unsent = replica.unsent().expect("the store can be read");
        assert_eq!(unsent, 0, "seed {seed}: {who:?} still has unsent work");
        let found = replica.verify(&mut |_, _| {});
        let found = found.expect("the store can be read");
        assert!(found.holds(), "seed {seed}: {who:?}: {:?}", found.findings);
    }
}
