//! Rules at work between two people on the whole path: engine, wire, relay.

use casework_engine::case::CaseAction;
use casework_engine::replica::RanOutcome;
use casework_engine::template::Package;
use casework_protocol::ids::DocumentId;
use casework_tests::stage::{Stage, Who, package};

const RULES: &str = r#"
[[automations]]
id = "begin"
name = "Begin the answer"
trigger = { on = "stage-entered", stage = "answer" }
actions = [
    { do = "create-task", title = "Write to {title}", checklist = ["draft", "send"] },
    { do = "comment", body = "The answer begins." },
    { do = "count", field = "visits", by = 2 },
    { do = "add-label", label = "answering" },
    { do = "notify", to = ["assignees"], text = "An answer is due" },
]

[[automations]]
id = "follow"
name = "Follow up"
trigger = { on = "label-added", label = "answering" }
actions = [{ do = "create-task", title = "Follow up" }]
"#;

/// Ana and Rui on one case whose template has rules, both wires cut.
fn apart(seed: u64) -> (Stage, Who, Who, DocumentId) {
    let mut stage = Stage::new(seed);
    let [ana, rui] = stage.devices(["ana", "rui"]);
    let text = format!("{}\n{RULES}", package().to_toml());
    let revision = Package::from_toml(&text).unwrap().publish().unwrap();
    let (template, moment) = (stage.template.unwrap(), stage.moment());
    let published = stage.replica(ana).publish(template, revision, &moment);
    published.unwrap();
    let case = stage.open(ana, "Broken street lamp");
    stage.settle();
    stage.cut(ana);
    stage.cut(rui);
    (stage, ana, rui, case)
}

fn to(stage: &str) -> CaseAction {
    CaseAction::Move {
        to: stage.to_owned(),
    }
}

#[test]
fn one_trigger_on_two_devices_makes_every_effect_once_through_every_depth() {
    let (mut stage, ana, rui, case) = apart(1);
    for who in [ana, rui] {
        let acted = stage.try_act(who, case, to("answer")).unwrap();
        assert_eq!(acted.effects.len(), 6, "{:?}", acted.effects);
        let done = |ran: &casework_engine::replica::Ran| ran.outcome == RanOutcome::Done;
        assert!(acted.effects.iter().all(done));
    }
    stage.heal();
    stage.settle();
    stage.assert_converged(case);
    let view = stage.view(rui, case);
    assert_eq!(view.tasks.len(), 2);
    assert_eq!(view.comments(), 1);
    assert_eq!(view.fields["visits"].count, Some(2));
    assert_eq!(view.facets.automations.runs.len(), 1);
    assert!(view.flags.contested.is_empty(), "{:?}", view.flags);
    for who in [ana, rui] {
        assert_eq!(stage.replica(who).status().unwrap().quarantined, 0);
        assert!(stage.replica(who).verify(&mut |_, _| {}).unwrap().holds());
    }
}

#[test]
fn a_later_entry_sets_the_rules_off_again() {
    let (mut stage, ana, rui, case) = apart(2);
    stage.act(ana, case, to("answer"));
    stage.heal();
    stage.settle();
    stage.act(rui, case, to("intake"));
    let label = "answering".to_owned();
    stage.act(rui, case, CaseAction::RemoveLabel { label });
    stage.act(rui, case, to("answer"));
    stage.settle();
    stage.assert_converged(case);
    let view = stage.view(ana, case);
    assert_eq!(view.tasks.len(), 4);
    assert_eq!(view.fields["visits"].count, Some(4));
}
