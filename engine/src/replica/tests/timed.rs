//! Rules that wait for time, on replicas: once, late but once, not any more, and never forged.

mod agreed;
mod forged;

use super::*;
use crate::approval::Vote;
use crate::automation::{Timer, tick_key};
use crate::case::facet::approval::ApprovalAction;
use crate::case::facet::approval::request::Request;
use crate::case::facet::automation::{AutomationAction, RunKind};
use crate::case::facet::document::{DocumentAction, FileMark, VersionStatus};
use crate::case::facet::hold::HoldAction;
use crate::replica::{AgentTurn, FiredRule, RanOutcome};
use crate::view::CaseView;

const TEMPLATE: &str = r#"
key = "CO"
name = "Complaint"
unlisted = "free"
stages = [
    { id = "intake", name = "Intake", category = "intake" },
    { id = "review", name = "Review", category = "active", sla = { target = "2 days", warn = "24 hours" } },
    { id = "answer", name = "Answer", category = "active" },
    { id = "closed", name = "Closed", category = "done" },
]
fields = [
    { id = "phone", label = "Phone", type = "text" },
    { id = "ends", label = "Ends", type = "date" },
    { id = "visits", label = "Visits", type = "counter" },
]
"#;

const LATE: &str = r#"
[[automations]]
id = "late"
name = "A task is late"
trigger = { on = "task-overdue" }
actions = [
    { do = "add-label", label = "late" },
    { do = "comment", body = "Somebody is late with {title}" },
    { do = "count", field = "visits", by = 1 },
    { do = "set-owner", to = "field/nobody" },
]

[[automations]]
id = "follow"
name = "Follow up"
trigger = { on = "label-added", label = "late" }
actions = [{ do = "create-task", title = "Ask why" }]
"#;

const CLOCKS: &str = r#"
[[automations]]
id = "hurry"
name = "Hurry"
trigger = { on = "sla-warning", clock = "stage/review" }
actions = [{ do = "notify", to = ["role/manager"], text = "Hurry with {title}" }]

[[automations]]
id = "escalate"
name = "Escalate"
trigger = { on = "sla-breached" }
actions = [{ do = "move", to = "answer" }]
"#;

const DATES: &str = r#"
[[automations]]
id = "renew"
name = "Ends soon"
trigger = { on = "date-reached", date = "field/ends", before = "30 days" }
when = [[{ of = "stage", is = "is", value = "review" }]]
actions = [{ do = "add-label", label = "ends-soon" }]

[[automations]]
id = "quiet"
name = "Nobody does anything"
trigger = { on = "idle", after = "240 hours" }
actions = [{ do = "count", field = "visits", by = 1 }]

[[automations]]
id = "weekly"
name = "Look every Monday"
trigger = { on = "schedule", every = "every mon", at = "09:00", stages = ["answer"] }
actions = [{ do = "create-task", title = "Weekly look" }]
"#;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// Ana with a case, and two agents that were enrolled one after the other.
struct Scene {
    clock: Clock,
    log: Log,
    ana: Replica,
    agents: [Replica; 2],
    case: DocumentId,
}

impl Scene {
    fn new(rules: &str) -> Self {
        let (mut clock, mut log) = (Clock(0), Log::default());
        let mut ana = founder(&mut clock);
        let source = format!("{TEMPLATE}{rules}").replace("field/nobody", "owner");
        let revision = Package::from_toml(&source).unwrap().publish().unwrap();
        let template = ana.open_template(revision, &clock.next()).unwrap().document;
        let case = open(&mut ana, template, &mut clock);
        log.take(&mut ana);
        let first = join(&mut log, &mut ana, &mut clock, 2, "agent");
        let second = join(&mut log, &mut ana, &mut clock, 3, "agent");
        let mut scene = Self {
            clock,
            log,
            ana,
            agents: [first, second],
            case,
        };
        scene.meet();
        // The case gets its number first, so that it is out of the way.
        scene.rounds(3);
        scene
    }

    fn ana(&mut self, action: CaseAction) {
        act(&mut self.ana, self.case, &mut self.clock, action);
        self.meet();
    }

    fn wait(&mut self, seconds: u64) {
        self.clock.0 += seconds;
    }

    /// Gives an agent's member its role, or takes it; nobody else hears of it yet.
    fn agent_role(&mut self, agent: usize, has: bool) {
        let role = vec!["agent".to_owned()];
        let (add_roles, remove_roles) = if has {
            (role, Vec::new())
        } else {
            (Vec::new(), role)
        };
        let body = RosterBody::ChangeMember {
            member: self.agents[agent].member().unwrap(),
            name: None,
            add_roles,
            remove_roles,
            active: None,
        };
        self.ana.authorise(body, &self.clock.next()).unwrap();
    }

    fn turn(&mut self, agent: usize) -> AgentTurn {
        self.agents[agent].agent_turn(&self.clock.next()).unwrap()
    }

    /// Everybody sends and receives.
    fn meet(&mut self) {
        for _ in 0..2 {
            self.log.take(&mut self.ana);
            for agent in &mut self.agents {
                self.log.take(agent);
                self.log.give(agent);
            }
            self.log.give(&mut self.ana);
        }
    }

    /// The leading agent looks and everybody meets, so many times. Answers what fired.
    fn rounds(&mut self, rounds: usize) -> Vec<FiredRule> {
        let mut fired = Vec::new();
        for _ in 0..rounds {
            fired.extend(self.turn(0).fired);
            self.meet();
        }
        fired
    }

    fn task(&mut self, due: &str) -> PartId {
        let moment = self.clock.next();
        let id = PartId::derive(&moment.seed, 7);
        let task = CaseAction::CreateTask {
            id,
            title: "Call back".into(),
            assignee: None,
            due: Some(due.into()),
            checklist: Vec::new(),
        };
        self.ana(task);
        id
    }

    fn view(&mut self) -> CaseView {
        let view = self.ana.case(self.case).unwrap();
        for agent in &mut self.agents {
            assert_eq!(agent.case(self.case).unwrap(), view);
            assert_eq!(agent.status().unwrap().quarantined, 0);
            let verified = agent.verify(&mut |_, _| {}).unwrap();
            assert!(verified.holds(), "{verified:?}");
        }
        assert_eq!(self.ana.status().unwrap().quarantined, 0);
        view
    }

    fn timers(&mut self) -> Vec<Timer> {
        let now = self.clock.next();
        self.ana.timers(self.case, &now).unwrap()
    }
}

fn rules(fired: &[FiredRule]) -> Vec<&str> {
    fired.iter().map(|one| one.timer.rule.as_str()).collect()
}

fn to(stage: &str) -> CaseAction {
    CaseAction::Move { to: stage.into() }
}

#[test]
fn an_overdue_task_sets_its_rule_off_once_and_what_follows_from_it() {
    let mut scene = Scene::new(LATE);
    scene.task("2023-11-16");
    assert_eq!(scene.rounds(3), []);
    assert_eq!(scene.timers().len(), 1);
    scene.wait(3 * DAY);
    let claims = scene.turn(0);
    assert_eq!((claims.claimed, claims.fired.len()), (1, 0));
    assert_eq!(scene.turn(0).pending, 1, "a claim is made once");
    scene.meet();
    let fired = scene.rounds(3);
    assert_eq!(rules(&fired), ["late"]);
    let outcomes: Vec<&RanOutcome> = fired[0].effects.iter().map(|ran| &ran.outcome).collect();
    assert!(matches!(outcomes[3], RanOutcome::Failed(why) if why.contains("owner is nobody")));
    assert_eq!(
        (fired[0].effects[4].rule.as_str(), outcomes[4]),
        ("follow", &RanOutcome::Done)
    );
    let view = scene.view();
    assert!(view.labels.contains("late"));
    assert_eq!(view.comments(), 1);
    assert_eq!(view.fields["visits"].count, Some(1));
    assert_eq!(view.tasks.len(), 2);
    let kinds: Vec<RunKind> = view
        .facets
        .automations
        .runs
        .values()
        .map(|r| r.kind)
        .collect();
    assert!(
        kinds.contains(&RunKind::Fired) && kinds.contains(&RunKind::Failed),
        "{kinds:?}"
    );
    assert_eq!(scene.timers(), [], "what fired has no timer any more");
    let history = scene.ana.rule_history(Some("late"), None).unwrap();
    assert!(
        history.iter().any(|run| run.trouble) && history.len() == 4,
        "{history:?}"
    );
}

#[test]
fn a_case_is_passed_by_until_its_timer_comes_or_it_is_changed_or_its_template_is() {
    let mut scene = Scene::new(LATE);
    let task = scene.task("2023-11-16");
    assert_eq!(scene.rounds(1), []);
    assert_eq!(scene.agents[0].agenda.len(), 1);
    scene.ana(set("phone", "112"));
    assert_eq!(scene.agents[0].agenda.len(), 0, "changed, so read again");
    assert_eq!(scene.rounds(1), []);
    scene.wait(3 * DAY);
    assert_eq!(rules(&scene.rounds(3)), ["late"]);
    scene.ana(CaseAction::FinishTask { task });
    assert_eq!(scene.rounds(2), []);
    assert_eq!(scene.agents[0].agenda.len(), 1);
    let template = scene.ana.case(scene.case).unwrap().template;
    let source = format!("{TEMPLATE}{DATES}");
    let revision = Package::from_toml(&source).unwrap().publish().unwrap();
    let moment = scene.clock.next();
    scene.ana.publish(template, revision, &moment).unwrap();
    scene.meet();
    assert_eq!(scene.agents[0].agenda.len(), 0, "its rules are others");
    scene.wait(11 * DAY);
    assert_eq!(rules(&scene.rounds(3)), ["quiet"]);
}

#[test]
fn a_task_that_was_done_while_the_claim_was_on_its_way_sets_nothing_off() {
    let mut scene = Scene::new(LATE);
    let task = scene.task("2023-11-16");
    scene.wait(3 * DAY);
    assert_eq!(scene.turn(0).claimed, 1);
    scene.meet();
    scene.ana(CaseAction::FinishTask { task });
    assert_eq!(scene.rounds(3), []);
    // Another due date is another occasion.
    scene.ana(CaseAction::ReopenTask { task });
    let due = Some("2023-11-19".into());
    scene.ana(CaseAction::RescheduleTask { task, due });
    scene.wait(5 * DAY);
    assert_eq!(rules(&scene.rounds(3)), ["late"]);
    assert_eq!(scene.view().fields["visits"].count, Some(1));
}

#[test]
fn clocks_warn_and_run_out_once_for_each_stay_and_not_both_when_the_agent_was_away() {
    let mut scene = Scene::new(CLOCKS);
    scene.ana(to("review"));
    scene.wait(30 * HOUR);
    assert_eq!(rules(&scene.rounds(3)), ["hurry"]);
    assert_eq!(rules(&scene.rounds(3)), [""; 0]);
    scene.wait(2 * DAY);
    assert_eq!(rules(&scene.rounds(3)), ["escalate"]);
    assert_eq!(scene.view().stage.value(), "answer");
    // A second stay is another occasion; after a long absence only what still says something.
    scene.ana(to("review"));
    scene.wait(30 * DAY);
    assert_eq!(rules(&scene.rounds(4)), ["escalate"]);
    assert_eq!(scene.view().stage.value(), "answer");
}

#[test]
fn a_date_counts_once_its_condition_holds_and_another_date_is_another_occasion() {
    let mut scene = Scene::new(DATES);
    scene.ana(set("ends", "2023-12-20"));
    scene.wait(8 * DAY);
    assert_eq!(scene.rounds(3), [], "it is time, but not in this stage");
    scene.ana(to("review"));
    let fired = scene.rounds(3);
    assert_eq!(rules(&fired), ["renew"]);
    assert_eq!(
        fired[0].timer.tick.to_string(),
        "date/field/ends@2023-12-20"
    );
    assert!(scene.view().labels.contains("ends-soon"));
    scene.ana(set("ends", "2023-12-19"));
    assert_eq!(rules(&scene.rounds(3)), ["renew"]);
}

#[test]
fn what_rules_and_the_agent_do_is_no_activity() {
    let mut scene = Scene::new(DATES);
    scene.wait(11 * DAY);
    assert_eq!(rules(&scene.rounds(3)), ["quiet"]);
    scene.wait(11 * DAY);
    assert_eq!(scene.rounds(3), [], "it has been quiet all the time");
    scene.ana(set("phone", "112"));
    scene.wait(9 * DAY);
    assert_eq!(scene.rounds(3), []);
    scene.wait(2 * DAY);
    assert_eq!(rules(&scene.rounds(3)), ["quiet"]);
    assert_eq!(scene.view().fields["visits"].count, Some(2));
}

#[test]
fn an_agent_that_was_away_for_weeks_catches_up_once() {
    let mut scene = Scene::new(DATES);
    // Tuesday 14 November 2023.
    scene.ana(to("answer"));
    scene.wait(5 * DAY);
    assert_eq!(scene.rounds(3), []);
    scene.wait(DAY);
    let fired = scene.rounds(3);
    assert_eq!(rules(&fired), ["weekly"]);
    assert!(
        fired[0]
            .timer
            .tick
            .to_string()
            .starts_with("schedule/2023-11-20@")
    );
    scene.ana(set("phone", "112"));
    let next = scene.timers();
    assert!(
        next.iter()
            .any(|timer| timer.tick.to_string().starts_with("schedule/2023-11-27@"))
    );
    scene.ana(set("phone", "113"));
    scene.wait(9 * DAY);
    scene.ana(set("phone", "114"));
    scene.wait(9 * DAY);
    scene.ana(set("phone", "115"));
    let fired = scene.rounds(3);
    assert_eq!(rules(&fired), ["weekly"]);
    assert!(
        fired[0]
            .timer
            .tick
            .to_string()
            .starts_with("schedule/2023-12-04@")
    );
    assert_eq!(scene.view().tasks.len(), 2);
}

#[test]
fn of_two_agents_that_both_believe_they_lead_the_one_with_the_first_claim_in_the_log_fires() {
    for first in [0, 1] {
        let mut scene = Scene::new(LATE);
        scene.task("2023-11-16");
        scene.wait(3 * DAY);
        scene.agent_role(0, false);
        scene.meet();
        // Only the first agent hears that it is one again, so both lead.
        scene.agent_role(0, true);
        scene.log.take(&mut scene.ana);
        scene.log.give(&mut scene.agents[0]);
        assert_eq!((scene.turn(0).claimed, scene.turn(1).claimed), (1, 1));
        scene.log.take(&mut scene.agents[first]);
        scene.log.take(&mut scene.agents[1 - first]);
        for agent in &mut scene.agents {
            scene.log.give(agent);
        }
        let (one, other) = (scene.turn(0), scene.turn(1));
        assert!(!one.stands_by && other.stands_by);
        let fired = [one.fired.len(), other.fired.len()];
        assert_eq!((fired[first], fired[1 - first]), (1, 0), "first {first}");
        scene.meet();
        assert_eq!(scene.rounds(3), []);
        let view = scene.view();
        assert_eq!((view.comments(), view.fields["visits"].count), (1, Some(1)));
    }
}
