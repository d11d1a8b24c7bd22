//! Two people, one case, no network between them.

use casework::case::{CaseAction, Decision, Place};
use casework::{Choice, Error};

use crate::stage::{Device, Server, assert_converged, settle};

fn move_to(stage: &str) -> CaseAction {
    CaseAction::Move { to: stage.into() }
}

#[test]
fn two_moves_are_contested_on_both_devices_until_one_is_settled() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let case = ana.open_case("Barking dog");
    let rui = ana.invite("Rui", "operator");

    ana.workspace
        .act(case, move_to("review"), Some("serious"), false)
        .unwrap();
    rui.workspace
        .act(case, move_to("answer"), Some("asked the owner"), false)
        .unwrap();
    settle(&[&ana, &rui]);
    assert_converged(case, &[&ana, &rui]);

    let contested = ana.workspace.contested(case).unwrap();
    assert_eq!(contested, rui.workspace.contested(case).unwrap());
    let [stage] = &contested[..] else {
        panic!("{contested:?}")
    };
    assert_eq!(stage.place, Place::Stage);
    let mut sides: Vec<_> = stage
        .sides
        .iter()
        .map(|s| {
            (
                s.words.as_str(),
                s.member_name.as_str(),
                s.reason.as_deref().unwrap(),
            )
        })
        .collect();
    sides.sort_unstable();
    assert_eq!(
        sides,
        [
            ("Awaiting customer", "Rui", "asked the owner"),
            ("Review", "Ana", "serious")
        ]
    );

    let loser = stage.sides[1].value.clone();
    let settled = Choice::Value(loser.clone());
    rui.workspace
        .settle(
            case,
            &Place::Stage,
            &settled,
            (Some("agreed by phone"), false),
        )
        .unwrap();
    settle(&[&ana, &rui]);
    assert_converged(case, &[&ana, &rui]);
    assert_eq!(ana.workspace.contested(case).unwrap(), []);
    assert_eq!(ana.stage_of(case), loser.to_string());
    let again = ana
        .workspace
        .settle(case, &Place::Stage, &settled, (None, false));
    assert!(matches!(again, Err(Error::Invalid(_))));
}

#[test]
fn each_kind_of_field_merges_by_its_policy() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let case = ana.open_case("Barking dog");
    let rui = ana.invite("Rui", "operator");

    for (device, phone, visits, topics) in [
        (&ana, "111", "2", "Noise"),
        (&rui, "222", "3", "Smell, Light"),
    ] {
        device
            .workspace
            .set_field(case, "phone", phone, None)
            .unwrap();
        device
            .workspace
            .set_field(case, "Visits", visits, None)
            .unwrap();
        device
            .workspace
            .set_field(case, "topics", topics, None)
            .unwrap();
    }
    settle(&[&ana, &rui]);
    assert_converged(case, &[&ana, &rui]);
    let view = ana.workspace.case(case).unwrap();
    assert_eq!(view.fields["visits"].count, Some(5));
    assert_eq!(view.fields["topics"].options.len(), 3);
    let contested = ana.workspace.contested(case).unwrap();
    assert_eq!(contested.len(), 1);
    assert_eq!(
        (contested[0].label.as_str(), contested[0].sides.len()),
        ("Phone", 2)
    );

    ana.workspace.clear_field(case, "topics", None).unwrap();
    ana.workspace
        .set_field(case, "handler", "Rui", None)
        .unwrap();
    settle(&[&ana, &rui]);
    let view = rui.workspace.case(case).unwrap();
    assert!(
        view.fields
            .get("topics")
            .is_none_or(|topics| topics.options.is_empty())
    );
    let rui_id = rui.workspace.find_member("me").unwrap();
    let handler = view.fields["handler"]
        .value
        .as_ref()
        .unwrap()
        .value()
        .to_string();
    assert_eq!(handler, rui_id.to_string());
}

#[test]
fn two_decisions_on_one_question_are_settled_by_deciding_again() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let case = ana.open_case("Barking dog");
    let rui = ana.invite("Rui", "operator");
    let decide = |device: &Device, outcome: &str| {
        let decision = Decision {
            id: device.workspace.fresh_part().unwrap(),
            question: "Fine the owner?".into(),
            outcome: outcome.into(),
            rationale: format!("because {outcome}"),
            conditions: String::new(),
            supersedes: [].into(),
        };
        device
            .workspace
            .act(case, CaseAction::Decide(decision), None, false)
            .unwrap();
    };
    decide(&ana, "yes");
    decide(&rui, "no");
    settle(&[&ana, &rui]);
    let contested = rui.workspace.contested(case).unwrap();
    assert_eq!((contested.len(), contested[0].sides.len()), (1, 2));
    let place = contested[0].place.clone();
    rui.workspace
        .settle(case, &place, &Choice::Side(0), (Some("talked"), false))
        .unwrap();
    settle(&[&ana, &rui]);
    assert_converged(case, &[&ana, &rui]);
    assert_eq!(ana.workspace.contested(case).unwrap(), []);
    let view = ana.workspace.case(case).unwrap();
    let current: Vec<_> = view.decisions.values().filter(|one| one.current).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0].outcome, contested[0].sides[0].words);
}
