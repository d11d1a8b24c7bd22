//! Rules at work on replicas: in one commit, offline, exactly once, and never forged.

mod forged;

use super::*;
use crate::automation::effect_id;
use crate::case::Cause;
use crate::case::facet::automation::{RunKind, RunStatus};
use crate::replica::{Ran, RanOutcome};
use crate::view::CaseView;

const TEMPLATE: &str = r#"
key = "CO"
name = "Complaint"
unlisted = "free"
stages = [
    { id = "intake", name = "Intake", category = "intake" },
    { id = "review", name = "Review", category = "active", tasks = [{ id = "call", title = "Call back", due = "2 days", checklist = ["take notes"] }] },
    { id = "answer", name = "Answer", category = "active" },
    { id = "closed", name = "Closed", category = "done" },
]
fields = [
    { id = "phone", label = "Phone", type = "text" },
    { id = "amount", label = "Amount", type = "number" },
    { id = "visits", label = "Visits", type = "counter" },
    { id = "handler", label = "Handler", type = "member" },
    { id = "skills", label = "Skills", type = "multi-select", options = [{ id = "ladder", label = "Ladder" }] },
    { id = "talents", label = "Talents", type = "multi-select", options = [{ id = "tax", label = "Tax" }] },
]

[[automations]]
id = "everything"
name = "Everything at once"
trigger = { on = "stage-entered", stage = "answer" }
actions = [
    { do = "create-task", title = "Write to {field/phone} about {title}", assignee = "actor", due = "3 business days", checklist = ["draft", "send"] },
    { do = "comment", body = "{number} is in {stage} now, says {actor}" },
    { do = "set-field", field = "phone", value = "0{field/phone}" },
    { do = "set-field", field = "handler", value = "actor" },
    { do = "count", field = "visits", by = 2 },
    { do = "add-option", field = "skills", option = "ladder" },
    { do = "add-label", label = "answering" },
    { do = "assign", to = "actor" },
    { do = "set-owner", to = "actor" },
    { do = "set-priority", priority = "high" },
    { do = "set-due", within = "1 week" },
    { do = "notify", to = ["owner", "role/manager"], text = "Answer {title}" },
    { do = "webhook", hook = "crm", fields = ["phone"] },
]

[[automations]]
id = "follow"
name = "Follow up"
trigger = { on = "label-added", label = "answering" }
actions = [{ do = "create-task", title = "Follow up" }]

[[automations]]
id = "again"
name = "And again"
trigger = { on = "label-added", label = "again" }
actions = [{ do = "count", field = "visits", by = 1 }]

[[automations]]
id = "learnt"
name = "Another talent"
trigger = { on = "field-changed", field = "talents" }
actions = [{ do = "count", field = "visits", by = 10 }]

[[automations]]
id = "big"
name = "Big amounts"
trigger = { on = "field-changed", field = "amount" }
when = [[{ of = "field/amount", is = "above", value = "100" }]]
actions = [{ do = "add-label", label = "big" }, { do = "set-owner", to = "owner" }]

[[automations]]
id = "there"
name = "There"
trigger = { on = "label-added", label = "there" }
when = [[{ of = "label", is = "has", value = "there" }]]
actions = [{ do = "remove-label", label = "back" }, { do = "remove-label", label = "there" }, { do = "add-label", label = "back" }]

[[automations]]
id = "back"
name = "And back"
trigger = { on = "label-added", label = "back" }
when = [[{ of = "label", is = "has", value = "back" }]]
actions = [{ do = "add-label", label = "there" }]
"#;

/// Ana, who founded the workspace, and Rui, with one case whose template has rules.
struct Scene {
    clock: Clock,
    log: Log,
    ana: Replica,
    rui: Replica,
    case: DocumentId,
}

impl Scene {
    fn new(role: &str) -> Self {
        let (mut clock, mut log) = (Clock(0), Log::default());
        let mut ana = founder(&mut clock);
        let package = Package::from_toml(TEMPLATE).unwrap();
        let revision = package.publish().unwrap();
        let template = ana.open_template(revision, &clock.next()).unwrap().document;
        let case = open(&mut ana, template, &mut clock);
        act(&mut ana, case, &mut clock, set("phone", "112"));
        log.take(&mut ana);
        let rui = join(&mut log, &mut ana, &mut clock, 2, role);
        Self {
            clock,
            log,
            ana,
            rui,
            case,
        }
    }

    fn ana(&mut self, action: CaseAction) -> Vec<Ran> {
        act(&mut self.ana, self.case, &mut self.clock, action).effects
    }

    fn rui(&mut self, action: CaseAction) -> Vec<Ran> {
        act(&mut self.rui, self.case, &mut self.clock, action).effects
    }

    fn meet(&mut self) -> CaseView {
        for _ in 0..2 {
            self.log.take(&mut self.ana);
            self.log.take(&mut self.rui);
            self.log.give(&mut self.ana);
            self.log.give(&mut self.rui);
        }
        let view = self.ana.case(self.case).unwrap();
        assert_eq!(view, self.rui.case(self.case).unwrap());
        assert_eq!(self.ana.status().unwrap().quarantined, 0);
        assert_eq!(self.rui.status().unwrap().quarantined, 0);
        for replica in [&mut self.ana, &mut self.rui] {
            let verified = replica.verify(&mut |_, _| {}).unwrap();
            assert!(verified.holds(), "{verified:?}");
        }
        view
    }
}

fn to(stage: &str) -> CaseAction {
    CaseAction::Move { to: stage.into() }
}

fn label(label: &str) -> CaseAction {
    CaseAction::AddLabel {
        label: label.into(),
    }
}

fn outcomes(ran: &[Ran]) -> Vec<(&str, &RanOutcome)> {
    ran.iter()
        .map(|ran| (ran.rule.as_str(), &ran.outcome))
        .collect()
}

#[test]
fn what_an_act_sets_off_is_done_with_it_and_read_by_others() {
    let mut scene = Scene::new("operator");
    let ran = scene.rui(to("answer"));
    assert_eq!(ran.len(), 14, "{ran:?}");
    assert!(
        ran.iter().all(|ran| ran.outcome == RanOutcome::Done),
        "{ran:?}"
    );
    assert_eq!(
        ran.last().map(|ran| (ran.rule.as_str(), ran.depth)),
        Some(("follow", 2))
    );
    let view = scene.meet();
    let tasks: Vec<&str> = view
        .tasks_in_order()
        .into_iter()
        .map(|(_, task)| task.title.value().as_str())
        .collect();
    assert_eq!(
        tasks,
        ["Write to 112 about Broken street lamp", "Follow up"]
    );
    assert_eq!(view.priority.value().as_deref(), Some("high"));
    let runs = view.facets.automations.in_order();
    assert_eq!(runs[0].1.kind, RunKind::Notice);
    assert_eq!(runs[0].1.text, "Answer Broken street lamp");
    assert_eq!(runs[1].1.name, "crm");
    assert!(runs[1].1.is_waiting());
}

#[test]
fn two_devices_on_which_one_thing_triggers_make_every_effect_once() {
    let mut scene = Scene::new("operator");
    scene.ana(to("answer"));
    scene.rui(to("answer"));
    let view = scene.meet();
    assert_eq!(view.tasks.len(), 2);
    let first = view.tasks_in_order()[0].1;
    assert_eq!(first.items.len(), 2);
    assert_eq!(view.comments(), 1);
    let rows = [&scene.ana, &scene.rui].map(|replica| replica.comments(scene.case).unwrap());
    assert_eq!((rows[0].len(), &rows[0]), (1, &rows[1]));
    assert_eq!(view.facets.automations.runs.len(), 2);
    assert_eq!(view.fields["visits"].count, Some(2));
    // Only what names the actor differs from one to the other.
    let contested: Vec<String> = view
        .flags
        .contested
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(
        contested.iter().all(|place| place == "owner"
            || place == "field/handler"
            || place.ends_with("/assignee")),
        "{contested:?}"
    );
}

#[test]
fn another_entry_is_another_trigger_but_an_open_task_is_not_doubled() {
    let mut scene = Scene::new("operator");
    scene.ana(to("review"));
    scene.ana(to("intake"));
    assert_eq!(scene.ana(to("review")), Vec::new());
    let view = scene.meet();
    assert_eq!(view.tasks.len(), 1);
    let (task, _) = view.tasks_in_order()[0];
    scene.ana(CaseAction::FinishTask { task });
    scene.rui(to("intake"));
    scene.meet();
    assert_eq!(scene.rui(to("review")).len(), 1);
    assert_eq!(scene.meet().tasks.len(), 2);
}

#[test]
fn a_label_and_an_option_put_on_again_are_triggers_anew_and_once_on_two_devices() {
    let mut scene = Scene::new("operator");
    let off = |label: &str| CaseAction::RemoveLabel {
        label: label.into(),
    };
    scene.ana(label("again"));
    scene.ana(off("again"));
    scene.meet();
    // Both put it on again before they hear of each other: that is one second time.
    assert_eq!(scene.ana(label("again")).len(), 1);
    assert_eq!(scene.rui(label("again")).len(), 1);
    assert_eq!(scene.meet().fields["visits"].count, Some(2));
    let (field, option) = ("talents".to_owned(), "tax".to_owned());
    for add in [true, false, true] {
        let (field, option) = (field.clone(), option.clone());
        let action = match add {
            true => CaseAction::AddOption { field, option },
            false => CaseAction::RemoveOption { field, option },
        };
        assert_eq!(scene.rui(action).len(), 1);
    }
    assert_eq!(scene.meet().fields["visits"].count, Some(32));
}

#[test]
fn a_rule_waits_for_its_condition_and_says_what_it_could_not_do() {
    let mut scene = Scene::new("operator");
    assert_eq!(scene.ana(set("amount", "99")), Vec::new());
    let ran = scene.ana(set("amount", "101"));
    let (_, failed) = outcomes(&ran)[1];
    assert!(
        matches!(failed, RanOutcome::Failed(why) if why.contains("owner is nobody")),
        "{ran:?}"
    );
    let view = scene.meet();
    assert!(view.labels.contains("big"));
    let runs = view.facets.automations.in_order();
    assert_eq!(
        (runs[0].1.kind, runs[0].1.rule.as_str()),
        (RunKind::Failed, "big")
    );
    assert!(runs[0].1.is_trouble());
}

#[test]
fn rules_that_go_round_in_circles_are_stopped_and_it_is_told() {
    let mut scene = Scene::new("operator");
    let ran = scene.rui(label("there"));
    assert!(
        ran.iter().any(
            |ran| matches!(&ran.outcome, RanOutcome::Stopped(why) if why == "there → back → there")
        ),
        "{ran:?}"
    );
    let view = scene.meet();
    let mut runs = view.facets.automations.runs.values();
    assert!(runs.any(|run| run.kind == RunKind::Stopped));
}

#[test]
fn a_rule_does_what_its_actor_may_not_do_and_everybody_lets_it_in() {
    let mut scene = Scene::new("contributor");
    let rui = scene.rui.member().unwrap();
    scene.ana(CaseAction::Assign { member: rui });
    scene.meet();
    let direct = {
        let moment = scene.clock.next();
        let own = CaseAction::SetOwner { member: Some(rui) };
        scene
            .rui
            .act(scene.case, Act::new(PartId::new([9; 8]), own), &moment)
    };
    assert!(matches!(direct, Err(ReplicaFault::Denied { .. })));
    let ran = scene.rui(to("answer"));
    assert!(
        ran.iter()
            .all(|ran| ran.outcome != RanOutcome::Idle || ran.rule == "everything")
    );
    let view = scene.meet();
    assert_eq!(*view.owner.value(), Some(rui));
}

#[test]
fn a_rehearsal_tells_what_would_happen_and_does_nothing() {
    let mut scene = Scene::new("operator");
    let before = scene.meet();
    let moment = scene.clock.next();
    let act = Act::new(PartId::new([9; 8]), to("answer"));
    let ran = scene.ana.rehearse(scene.case, act, &moment).unwrap();
    assert_eq!(ran.len(), 14);
    assert_eq!(scene.meet(), before);
    assert_eq!(scene.ana(to("answer")), ran);
    let rules = scene.ana.explain_rules(scene.case, &moment).unwrap();
    let big = rules.iter().find(|report| report.rule == "big").unwrap();
    assert!(!big.holds && !big.condition[0][0].holds);
    assert_eq!(big.condition[0][0].asks, "field/amount is above 100");
    assert_eq!(big.would.len(), 2);
}

#[test]
fn the_history_of_a_rule_names_case_trigger_and_what_came_of_it() {
    let mut scene = Scene::new("operator");
    scene.rui(set("amount", "101"));
    scene.meet();
    let history = scene.ana.rule_history(Some("big"), None).unwrap();
    let told: Vec<(&str, bool)> = history
        .iter()
        .map(|run| (run.action.as_str(), run.trouble))
        .collect();
    assert!(told.contains(&("label.add big", false)), "{told:?}");
    assert!(told.iter().any(|(_, trouble)| *trouble), "{told:?}");
    assert_eq!(history[0].member, scene.rui.member());
    assert_eq!(scene.ana.rule_history(Some("back"), None).unwrap(), vec![]);
    let case = scene.case;
    assert_eq!(scene.ana.rule_history(None, Some(case)).unwrap().len(), 2);
}

#[test]
fn what_one_did_is_taken_back_and_not_what_a_rule_did_because_of_it() {
    let mut scene = Scene::new("operator");
    let effects = scene.ana(CaseAction::Move {
        to: "review".into(),
    });
    assert_eq!(effects.len(), 1, "the stage's task");
    let now = scene.clock.next();
    let reason = Some("too early");
    scene.ana.undo(scene.case, (1, reason), &now).unwrap();
    let view = scene.meet();
    assert_eq!(view.stage.value(), "intake");
}
