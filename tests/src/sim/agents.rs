//! Histories of two agents: partitions, crashes between any two steps, roles given and taken, time
//! that jumps; then everything heals, and everything that may happen once has happened once.
//!
//! ```text
//! people act ─▶ event rules │ time jumps ─▶ timed rules │ wishes ─▶ claim ─▶ call ─▶ note ─▶ report
//! ```
//! The world outside is a list of calls. Invariant at the end: effects are as many as firings, every
//! wish was called under its own key and recorded, numbers have no gap.

use std::collections::{BTreeMap, BTreeSet};

use casework_engine::case::facet::automation::{OutwardKind, RunKind, RunStatus};
use casework_engine::case::{Act, CaseAction, Opening, PartId};
use casework_engine::replica::{AgentTurn, NewCase};
use casework_engine::template::Package;
use casework_engine::value::Scalar;
use casework_engine::view::{CaseView, TaskStatus};
use casework_protocol::ids::DocumentId;
use casework_protocol::roster::entry::RosterBody;
use rand::Rng as _;
use sha2::{Digest as _, Sha256};

use super::Outcome;
use super::invariants::Invariants;
use crate::stage::{Stage, Who};

const TEMPLATE: &str = r#"
key = "AG"
name = "Agents"
unlisted = "free"
stages = [
    { id = "intake", name = "Intake", category = "intake" },
    { id = "review", name = "Review", category = "active", sla = { target = "2 days" } },
    { id = "done", name = "Done", category = "done" },
]
fields = [
    { id = "ends", label = "Ends", type = "date" },
    { id = "lates", label = "Lates", type = "counter" },
    { id = "silences", label = "Silences", type = "counter" },
    { id = "breaches", label = "Breaches", type = "counter" },
]

[[automations]]
id = "late"
name = "A task is late"
trigger = { on = "task-overdue" }
actions = [
    { do = "count", field = "lates", by = 1 },
    { do = "comment", body = "late" },
    { do = "webhook", hook = "outside" },
]

[[automations]]
id = "quiet"
name = "Nobody does anything"
trigger = { on = "idle", after = "72 hours" }
actions = [{ do = "count", field = "silences", by = 1 }]

[[automations]]
id = "breach"
name = "Too long in review"
trigger = { on = "sla-breached" }
actions = [
    { do = "count", field = "breaches", by = 1 },
    { do = "add-label", label = "urgent" },
]

[[automations]]
id = "ends"
name = "It ends"
trigger = { on = "date-reached", date = "field/ends", before = "1 day" }
actions = [{ do = "create-task", title = "Renew" }]

[[automations]]
id = "urgent"
name = "Tell them that it is urgent"
trigger = { on = "label-added", label = "urgent" }
actions = [{ do = "webhook", hook = "outside" }]
"#;

const HOUR_MS: u64 = 3_600_000;
/// Rounds in which everything must come to its end after the last crash.
const MAX_ROUNDS: usize = 30;

/// Plays one history of two agents.
///
/// # Panics
/// When an invariant does not hold; the message names the seed.
#[must_use]
pub fn run(seed: u64) -> Outcome {
    let mut play = Play::begin(seed);
    for _ in 0..40 + seed % 40 {
        play.step();
        play.watch.check(&mut play.stage);
    }
    play.end()
}

struct Play {
    stage: Stage,
    people: Vec<Who>,
    bots: [Who; 2],
    template: DocumentId,
    cases: Vec<DocumentId>,
    /// What each agent noted of its calls, on its disk beside the replica.
    journals: [BTreeSet<String>; 2],
    /// How often the world outside was called under each key.
    calls: BTreeMap<String, usize>,
    actions: usize,
    watch: Invariants,
}

impl Play {
    fn begin(seed: u64) -> Self {
        let mut stage = Stage::new(seed);
        let [ana, rui] = stage.devices(["ana", "rui"]);
        let bots = ["bot", "twin"].map(|name| stage.join(name, "agent"));
        let package = Package::from_toml(TEMPLATE).expect("the template can be read");
        let revision = package.publish().expect("the template is valid");
        let moment = stage.moment();
        let opened = stage.replica(ana).open_template(revision, &moment);
        let template = opened.expect("a founder may publish").document;
        stage.settle();
        let mut play = Self {
            stage,
            people: vec![ana, rui],
            bots,
            template,
            cases: Vec::new(),
            journals: [BTreeSet::new(), BTreeSet::new()],
            calls: BTreeMap::new(),
            actions: 0,
            watch: Invariants::default(),
        };
        play.open(ana);
        play.stage.settle();
        play
    }

    fn dice(&mut self, sides: usize) -> usize {
        self.stage.rng.next_u64() as usize % sides.max(1)
    }

    fn person(&mut self) -> Who {
        let n = self.dice(self.people.len());
        self.people[n]
    }

    fn anybody(&mut self) -> Who {
        match self.dice(4) {
            n @ 0..=1 => self.bots[n],
            _ => self.person(),
        }
    }

    fn step(&mut self) {
        match self.dice(20) {
            0 => {
                let who = self.anybody();
                self.stage.cut(who);
            }
            1 | 2 => {
                let who = self.anybody();
                self.stage.heal_one(who);
            }
            3 => {
                let who = self.anybody();
                self.stage.crash(who);
            }
            4 => {
                let hours = 1 + self.dice(60) as u64;
                let until = self.stage.now_ms() + hours * HOUR_MS;
                self.stage.wait_until(until);
            }
            5 => {
                let n = self.dice(2);
                self.change_role(n);
            }
            6 if self.cases.len() < 4 => {
                let who = self.person();
                self.open(who);
            }
            7..=10 => {
                self.stage.connect();
                for _ in 0..self.dice(60) {
                    self.stage.deliver_one();
                }
            }
            11..=14 => {
                let n = self.dice(2);
                self.look(n, true);
            }
            _ => self.act(),
        }
    }

    fn open(&mut self, who: Who) {
        let moment = self.stage.moment();
        let opening = Opening {
            template: self.template,
            title: "A case".to_owned(),
            number: format!("AG-~{:04}", moment.now_ms % 10_000),
            stage: "intake".to_owned(),
            fields: BTreeMap::new(),
            owner: None,
            assignees: BTreeSet::new(),
        };
        let case = NewCase {
            opening,
            imported: None,
            restricted: false,
            viewers: Vec::new(),
            overriding: None,
        };
        // Somebody who has not heard of the template opens nothing.
        if let Ok(opened) = self.stage.replica(who).open_case(case, &moment) {
            self.cases.push(opened.document);
            self.actions += 1;
        }
    }

    /// Gives an agent its role or takes it, so that for a while both believe they lead, or neither.
    fn change_role(&mut self, n: usize) {
        let role = vec!["agent".to_owned()];
        let (add_roles, remove_roles) = if self.has_role(n) {
            (Vec::new(), role)
        } else {
            (role, Vec::new())
        };
        let member = self.stage.member(self.bots[n]);
        let body = RosterBody::ChangeMember {
            member,
            name: None,
            add_roles,
            remove_roles,
            active: None,
        };
        let (founder, moment) = (self.people[0], self.stage.moment());
        // An entry that still waits for the server may say the same.
        let _ = self.stage.replica(founder).authorise(body, &moment);
    }

    /// Whether an agent has its role, as the founder knows.
    fn has_role(&mut self, n: usize) -> bool {
        let member = self.stage.member(self.bots[n]);
        let founder = self.stage.replica(self.people[0]);
        let roster = founder.roster().expect("the founder has a roster");
        let known = roster.head().member(member);
        known.is_some_and(|known| known.roles.contains("agent"))
    }

    fn act(&mut self) {
        let who = self.person();
        let n = self.dice(self.cases.len());
        let case = self.cases[n];
        let Ok(view) = self.stage.replica(who).case(case) else {
            return;
        };
        let action = self.draw(&view);
        let moment = self.stage.moment();
        let act = Act::new(PartId::derive(&moment.derive("act"), 0), action);
        // What changes nothing is refused; nothing is lost by it.
        self.actions += usize::from(self.stage.replica(who).act(case, act, &moment).is_ok());
    }

    fn draw(&mut self, view: &CaseView) -> CaseAction {
        let open = view.tasks.iter();
        let open = open.filter(|(_, task)| *task.status.value() == TaskStatus::Open);
        let open: Vec<PartId> = open.map(|(id, _)| *id).collect();
        let day = self.stage.now_ms() / (24 * HOUR_MS) + self.dice(4) as u64;
        let date = day_of(day);
        match self.dice(8) {
            0 | 1 => CaseAction::CreateTask {
                id: self.stage.part(),
                title: "Call".to_owned(),
                assignee: None,
                due: Some(date),
                checklist: Vec::new(),
            },
            2 if !open.is_empty() => {
                let task = open[self.dice(open.len())];
                CaseAction::FinishTask { task }
            }
            3 if !open.is_empty() => {
                let (task, due) = (open[self.dice(open.len())], Some(date));
                CaseAction::RescheduleTask { task, due }
            }
            4 => CaseAction::SetField {
                field: "ends".to_owned(),
                value: Scalar::text(date),
            },
            5 => {
                let to = ["intake", "review"][self.dice(2)].to_owned();
                CaseAction::Move { to }
            }
            6 => CaseAction::RemoveLabel {
                label: "urgent".to_owned(),
            },
            _ => CaseAction::AddLabel {
                label: "urgent".to_owned(),
            },
        }
    }

    /// One look of an agent, and what it does outside. Answers whether there was anything to do.
    fn look(&mut self, n: usize, may_crash: bool) -> bool {
        let (bot, seed) = (self.bots[n], self.stage.seed());
        let moment = self.stage.moment();
        let turn = self.stage.replica(bot).agent_turn(&moment);
        let turn = turn.unwrap_or_else(|fault| panic!("seed {seed}: {fault}"));
        assert_eq!(turn.refused, [""; 0], "seed {seed}");
        let idle = AgentTurn {
            stands_by: turn.stands_by,
            ..AgentTurn::default()
        };
        let busy = turn != idle;
        for errand in turn.errands {
            if !self.journals[n].contains(&errand.key) {
                *self.calls.entry(errand.key.clone()).or_default() += 1;
                if may_crash && self.dice(4) == 0 {
                    // It was done and nothing remembers it.
                    self.stage.crash(bot);
                    return true;
                }
                self.journals[n].insert(errand.key.clone());
            }
            if may_crash && self.dice(4) == 0 {
                self.stage.crash(bot);
                return true;
            }
            let moment = self.stage.moment();
            let at = (errand.document, errand.effect);
            let said = (RunStatus::Done, "204");
            let reported = self.stage.replica(bot).report(at, said, &moment);
            reported.unwrap_or_else(|fault| panic!("seed {seed}: {fault}"));
            self.journals[n].remove(&errand.key);
        }
        busy
    }

    fn end(mut self) -> Outcome {
        let seed = self.stage.seed();
        self.stage.heal();
        self.stage.settle();
        for n in 0..2 {
            if !self.has_role(n) {
                self.change_role(n);
            }
        }
        self.stage.settle();
        let mut rounds = 0;
        loop {
            let looks = [self.look(0, false), self.look(1, false)];
            self.stage.settle();
            if looks == [false; 2] {
                break;
            }
            rounds += 1;
            assert!(rounds < MAX_ROUNDS, "seed {seed}: the agents never end");
        }
        let mut digest = Sha256::new();
        let (mut numbers, mut wishes) = (Vec::new(), BTreeSet::new());
        let founder = self.people[0];
        for case in self.cases.clone() {
            let Ok(view) = self.stage.replica(founder).case(case) else {
                continue;
            };
            self.stage.assert_converged(case);
            self.check(&view, &mut wishes);
            numbers.push(view.number.clone());
            digest.update(format!("{view:?}"));
        }
        let called: BTreeSet<String> = self.calls.keys().cloned().collect();
        assert_eq!(called, wishes, "seed {seed}: calls outside");
        numbers.sort();
        let expected = (1..=numbers.len()).map(|n| format!("AG-2023-{n:04}"));
        assert_eq!(numbers, expected.collect::<Vec<_>>(), "seed {seed}");
        Outcome {
            digest: digest.finalize().into(),
            trace: self.stage.trace(),
            actions: self.actions,
        }
    }

    /// Effects are as many as firings, and everything wanted outside is done.
    fn check(&mut self, view: &CaseView, wishes: &mut BTreeSet<String>) {
        let (seed, case) = (self.stage.seed(), view.document);
        let runs = &view.facets.automations.runs;
        let fired = |rule: &str| {
            let of = |kind: RunKind| kind == RunKind::Fired;
            let marks = runs.values().filter(|run| of(run.kind) && run.rule == rule);
            marks.count()
        };
        let counted = |field: &str| {
            let count = view.fields.get(field).and_then(|field| field.count);
            usize::try_from(count.unwrap_or_default()).unwrap_or(usize::MAX)
        };
        assert_eq!(counted("lates"), fired("late"), "seed {seed}: {case}");
        assert_eq!(counted("silences"), fired("quiet"), "seed {seed}: {case}");
        assert_eq!(counted("breaches"), fired("breach"), "seed {seed}: {case}");
        assert_eq!(view.comments(), fired("late") as u64, "seed {seed}: {case}");
        let renew = view.tasks.values();
        let renew = renew.filter(|task| task.title.value() == "Renew").count();
        assert_eq!(renew, fired("ends"), "seed {seed}: {case}");
        let webhook = RunKind::Outward(OutwardKind::Webhook);
        let of_late = runs
            .values()
            .filter(|run| run.kind == webhook && run.rule == "late");
        assert_eq!(of_late.count(), fired("late"), "seed {seed}: {case}");
        for (effect, run) in runs.iter().filter(|(_, run)| run.kind == webhook) {
            assert_eq!(
                *run.status.value(),
                RunStatus::Done,
                "seed {seed}: {case} {effect}"
            );
            wishes.insert(format!("{case}.{effect}"));
        }
        let now = self.stage.moment();
        let founder = self.people[0];
        let timers = self.stage.replica(founder).timers(case, &now);
        let timers = timers.expect("the case can be read");
        let due = timers
            .iter()
            .find(|timer| timer.is_due(now.now_ms.cast_signed()));
        // Time goes on a little while everything comes to its end.
        let just = |at_ms: i64| now.now_ms.cast_signed() - at_ms < HOUR_MS.cast_signed();
        assert!(
            due.is_none_or(|timer| just(timer.at_ms)),
            "seed {seed}: {case} {due:?}"
        );
    }
}

/// The date of a day since 1970.
fn day_of(days: u64) -> String {
    let epoch = jiff::civil::date(1970, 1, 1);
    let date = epoch.checked_add(jiff::Span::new().days(days.cast_signed()));
    date.unwrap_or(epoch).to_string()
}
