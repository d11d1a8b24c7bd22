//! Seeded whole-system histories: devices act, wires break, programs crash, backups come back;
//! then everything heals, and everybody must see the same, which the oracle must see too.
//!
//! One seed is one history; [`run`] answers a digest of everything seen at the end, so that a test
//! can prove that the same seed plays the same history.

pub mod agents;
mod agreements;

use casework_engine::case::action::{Closing, Decision};
use casework_engine::case::facet::attention::AttentionAction;
use casework_engine::case::facet::document::{DocumentAction, FileMark};
use casework_engine::case::facet::hold::HoldAction;
use casework_engine::case::{CaseAction, PartId};
use casework_engine::value::Scalar;
use casework_engine::view::CaseView;
use casework_protocol::ids::DocumentId;
use rand::Rng;
use sha2::{Digest, Sha256};

use crate::disk::Disk;
use crate::oracle;
use crate::stage::{Stage, Who};

/// How large a history is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Devices, two to eight.
    pub devices: usize,
    /// Steps before everything heals.
    pub steps: usize,
}

/// What a history came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// SHA-256 over every view at the end.
    pub digest: [u8; 32],
    /// Actions that were done.
    pub actions: usize,
}

const NAMES: [&str; 8] = [
    "ana", "rui", "mia", "kofi", "lena", "omar", "sofia", "tomás",
];

impl Size {
    /// A small history, its shape drawn from the seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self {
            devices: 2 + (seed % 3) as usize,
            steps: 20 + (seed % 17) as usize,
        }
    }
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
    }
    play.end()
}

struct Play {
    stage: Stage,
    who: Vec<Who>,
    cases: Vec<DocumentId>,
    /// A backup of somebody's disk, to come back later.
    backup: Option<(Who, Disk)>,
}

impl Play {
    fn begin(seed: u64, size: Size) -> Self {
        let mut stage = Stage::new(seed);
        let [first] = stage.devices([NAMES[0]]);
        let mut who = vec![first];
        for name in &NAMES[1..size.devices.clamp(2, NAMES.len())] {
            who.push(stage.join(name, "operator"));
        }
        let case = stage.open(first, "The first case");
        stage.settle();
        Self {
            stage,
            who,
            cases: vec![case],
            backup: None,
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
            7..=10 => {
                self.stage.connect();
                for _ in 0..self.dice(40) {
                    self.stage.deliver_one();
                }
            }
            _ => {
                let n = self.dice(self.cases.len());
                let case = self.cases[n];
                let action = self.draw(who, case);
                // What a rule refuses is refused; nothing is lost by it.
                let _ = self.stage.try_act(who, case, action);
            }
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one table of everything a person can do"
    )]
    fn draw(&mut self, who: Who, case: DocumentId) -> CaseAction {
        let pick = self.dice(31);
        let text = ["red", "green", "blue"][self.dice(3)].to_owned();
        let view = self.stage.replica(who).case(case).ok();
        let tasks: Vec<_> = view
            .iter()
            .flat_map(|view| view.tasks.keys().copied())
            .collect();
        let task = if tasks.is_empty() {
            None
        } else {
            Some(tasks[self.dice(tasks.len())])
        };
        let someone = self.anybody();
        let member = self.stage.member(someone);
        let option = ["ladder", "electric", "digging"][self.dice(3)].to_owned();
        let id = self.stage.part();
        match (pick, task) {
            (0 | 1, _) => {
                let to = ["intake", "review", "answer", "done"][self.dice(4)].to_owned();
                CaseAction::Move { to }
            }
            (2 | 3, _) => CaseAction::SetField {
                field: "phone".into(),
                value: Scalar::text(text),
            },
            (4, _) => CaseAction::SetField {
                field: "place".into(),
                value: Scalar::text(text),
            },
            (5, _) => CaseAction::ClearField {
                field: "phone".into(),
            },
            (6, _) => CaseAction::AddOption {
                field: "skills".into(),
                option,
            },
            (7, _) => CaseAction::RemoveOption {
                field: "skills".into(),
                option,
            },
            (8, _) => CaseAction::Count {
                field: "visits".into(),
                by: 1 + self.dice(5) as i64,
            },
            (9, _) => CaseAction::Comment {
                id,
                body: text,
                external: false,
                reply_to: None,
            },
            (10, Some(task)) => CaseAction::FinishTask { task },
            (11, Some(task)) => CaseAction::CancelTask { task },
            (12, Some(task)) => CaseAction::AssignTask {
                task,
                assignee: Some(member),
            },
            (10..=12, None) => CaseAction::CreateTask {
                id,
                title: text,
                assignee: None,
                due: None,
                checklist: Vec::new(),
            },
            (13, _) => CaseAction::AddLabel { label: text },
            (14, _) => CaseAction::RemoveLabel { label: text },
            (15, _) => CaseAction::Assign { member },
            (16, _) => CaseAction::Decide(Decision {
                id,
                question: "repair?".into(),
                outcome: text,
                rationale: String::new(),
                conditions: String::new(),
                supersedes: Default::default(),
            }),
            (17, _) => AttentionAction::Watch { member }.into(),
            (18, _) => {
                let severity = Some(text);
                AttentionAction::SetSeverity { severity }.into()
            }
            (19 | 20, _) => self.paper(view.as_ref(), id, text),
            (21, _) => {
                let holds = view
                    .iter()
                    .flat_map(|view| view.facets.holds.0.keys().copied());
                match holds.last() {
                    Some(hold) if self.dice(2) == 0 => HoldAction::End { hold },
                    _ => HoldAction::Start {
                        id,
                        why: text,
                        until: None,
                    },
                }
                .into()
            }
            (22..=29, _) => {
                let draw = agreements::Draw {
                    id,
                    someone: member,
                    pick: self.dice(13),
                    at: self.dice(7),
                };
                let drawn = view.as_ref().and_then(|view| agreements::draw(view, &draw));
                drawn.unwrap_or(CaseAction::AddLabel { label: text })
            }
            _ if self.dice(2) == 0 => CaseAction::Close(Closing {
                code: "solved".into(),
                notes: text,
            }),
            _ => CaseAction::Reopen,
        }
    }

    /// A document, or one more version of one.
    fn paper(&mut self, view: Option<&CaseView>, id: PartId, name: String) -> CaseAction {
        let file = FileMark {
            name: name.clone(),
            sha256: format!("{:064x}", self.dice(usize::MAX)),
            bytes: 1_000,
            media: "application/pdf".into(),
        };
        let known = view.and_then(|view| view.facets.documents.0.keys().next().copied());
        match known {
            Some(document) if self.dice(3) > 0 => DocumentAction::AddVersion {
                document,
                id,
                parents: Default::default(),
                file,
            },
            Some(_) | None => DocumentAction::Add {
                id,
                name,
                kind: "letter".into(),
                version: self.stage.part(),
                file,
            },
        }
        .into()
    }

    fn end(mut self) -> Outcome {
        self.stage.heal();
        self.stage.settle();
        let mut digest = Sha256::new();
        for case in self.cases.clone() {
            if self.stage.replica(self.who[0]).case(case).is_err() {
                // Opened by a device whose disk went back to before: nobody ever heard of it.
                continue;
            }
            self.stage.assert_converged(case);
            let view = self.stage.view(self.who[0], case);
            oracle::check(&mut self.stage, self.who[0], case, &view);
            digest.update(format!("{view:?}"));
        }
        for who in self.who.clone() {
            self.assert_sound(who);
        }
        Outcome {
            digest: digest.finalize().into(),
            actions: self.stage.deeds.len(),
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
