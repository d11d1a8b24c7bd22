//! Effects of rules, forged; and what only an agent says.

use super::*;

/// Writes what claims to be an effect of rule `everything`, after a move into `answer`, with the
/// key that the rule would give it. Answers how many changes the other replica quarantined.
fn forge(change: impl FnOnce(&mut Act, &mut Cause, MemberId)) -> usize {
    let mut scene = Scene::new("contributor");
    let rui = scene.rui.member().unwrap();
    scene.ana(CaseAction::Assign { member: rui });
    scene.meet();
    let moment = scene.clock.next();
    let mut batch = scene.rui.batch();
    let enter = Act::new(PartId::new([3; 8]), to("answer"));
    let (acted, enter, _) = batch.perform(scene.case, enter, &moment).unwrap();
    let automerge = &batch.steps[&scene.case].document.automerge;
    let hash = automerge::ChangeHash(*acted.change.as_bytes());
    let before = automerge.get_change_meta_by_hash(&hash);
    let before = crate::case::Past::at(automerge, &before.unwrap().deps);
    let fired = crate::automation::fired(scene.case, (&enter, acted.change), &before);
    let mut cause = Cause {
        rule: "everything".into(),
        of: Some(acted.change),
        key: fired[1].key,
        step: 8,
        depth: 1,
    };
    let own = CaseAction::SetOwner { member: Some(rui) };
    let mut act = Act::new(PartId::new([5; 8]), own);
    change(&mut act, &mut cause, rui);
    act.id = effect_id(&cause.rule, cause.key, cause.step, 0);
    act.cause = Some(cause);
    batch.perform(scene.case, act, &moment).unwrap();
    batch.commit().unwrap();
    scene.log.take(&mut scene.rui);
    scene.log.give(&mut scene.ana);
    scene.ana.status().unwrap().quarantined
}

#[test]
fn a_forged_cause_is_quarantined_wherever_it_lies() {
    assert_eq!(forge(|_, _, _| {}), 0, "what the rule writes is let in");
    let forged: [fn(&mut Act, &mut Cause, MemberId); 9] = [
        |act, _, _| act.action = label("mine"),
        |act, _, rui| act.action = CaseAction::Unassign { member: rui },
        |act, _, _| act.reason = Some("because I say so".into()),
        |_, cause, _| cause.rule = "nowhere".into(),
        |_, cause, _| cause.rule = "big".into(),
        |_, cause, _| cause.depth = 2,
        |_, cause, _| cause.step = 9,
        |_, cause, _| cause.key = PartId::new([7; 8]),
        |_, cause, _| cause.of = Some(casework_protocol::ids::ChangeHash::new([1; 32])),
    ];
    for (n, forgery) in forged.into_iter().enumerate() {
        assert_eq!(forge(forgery), 1, "forgery {n}");
    }
}

#[test]
fn only_a_rule_leaves_notices_and_only_the_agent_reports() {
    let mut scene = Scene::new("operator");
    scene.ana(to("answer"));
    let view = scene.meet();
    let (effect, _) = view.facets.automations.waiting().next().unwrap();
    let moment = scene.clock.next();
    let report = crate::case::facet::automation::AutomationAction::Report {
        id: effect,
        status: RunStatus::Done,
        note: String::new(),
    };
    let denied = scene.rui.act(
        scene.case,
        Act::new(PartId::new([9; 8]), report.clone().into()),
        &moment,
    );
    assert!(
        matches!(
            denied,
            Err(ReplicaFault::Act(crate::case::ActError::OnlyByAgent { .. }))
        ),
        "{denied:?}"
    );
    let notice = crate::case::facet::automation::AutomationAction::Notify {
        id: PartId::new([9; 8]),
        to: vec!["role/manager".into()],
        text: "buy this".into(),
    };
    let refused = scene.rui.act(
        scene.case,
        Act::new(PartId::new([9; 8]), notice.into()),
        &moment,
    );
    assert!(matches!(refused, Err(ReplicaFault::Act(_))));
    assert_eq!(scene.meet().facets.automations.waiting().count(), 1);
}

/// The agent's word on the first thing that waits, or a number, or a claim.
fn words_of_an_agent(view: &CaseView) -> [CaseAction; 3] {
    use crate::case::facet::automation::AutomationAction;
    let (effect, _) = view.facets.automations.waiting().next().unwrap();
    let report = AutomationAction::Report {
        id: effect,
        status: RunStatus::Done,
        note: String::new(),
    };
    let number = AutomationAction::Number {
        number: "CO-2023-0001".into(),
    };
    let claim = AutomationAction::Claim {
        id: PartId::new([8; 8]),
        of: format!("run/{effect}"),
    };
    [report, number, claim].map(CaseAction::from)
}

#[test]
fn whoever_may_keep_and_is_no_agent_reports_numbers_and_claims_nothing() {
    for n in 0..3 {
        let mut scene = Scene::new("operator");
        scene.ana(to("answer"));
        let word = words_of_an_agent(&scene.meet())[n].clone();
        let moment = scene.clock.next();
        let act = Act::new(PartId::new([9; 8]), word);
        let denied = scene.ana.act(scene.case, act.clone(), &moment);
        let denied = denied.unwrap_err().to_string();
        assert!(denied.contains("agent"), "{denied}");
        // What a program without these rules writes is kept out by every other.
        scene.ana.lawless = true;
        scene.ana.act(scene.case, act, &moment).unwrap();
        scene.log.take(&mut scene.ana);
        scene.log.give(&mut scene.rui);
        assert_eq!(scene.rui.status().unwrap().quarantined, 1);
        let view = scene.rui.case(scene.case).unwrap();
        assert_eq!(view.facets.automations.waiting().count(), 1);
    }
}

#[test]
fn an_agent_reports_numbers_and_claims_and_whoever_may_keep_asks_for_it_again() {
    let mut scene = Scene::new("agent");
    scene.ana(to("answer"));
    let view = scene.meet();
    let (effect, _) = view.facets.automations.waiting().next().unwrap();
    for word in words_of_an_agent(&view) {
        scene.rui(word);
    }
    let view = scene.meet();
    assert_eq!(view.facets.automations.waiting().count(), 0);
    assert_eq!(view.number, "CO-2023-0001");
    let again = crate::case::facet::automation::AutomationAction::Report {
        id: effect,
        status: RunStatus::Waiting,
        note: "asked for again".into(),
    };
    scene.ana(again.into());
    assert_eq!(scene.meet().facets.automations.waiting().count(), 1);
}
