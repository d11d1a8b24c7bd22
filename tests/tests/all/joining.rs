//! Coming on stage: founding, joining, a second device, and being in step.

use casework_engine::case::CaseAction;
use casework_tests::stage::Stage;

#[test]
fn a_second_device_that_joins_by_invite_sees_what_the_founder_did_offline() {
    let mut stage = Stage::new(1);
    let [ana] = stage.devices(["ana"]);
    stage.cut(ana);
    let case = stage.open(ana, "Broken street lamp");
    stage.act(
        ana,
        case,
        CaseAction::Move {
            to: "review".to_owned(),
        },
    );
    stage.heal();
    let rui = stage.join("rui", "operator");
    assert_eq!(stage.view(rui, case).stage.shown().value, "review");
    stage.assert_converged(case);
    let tablet = stage.second_device(rui, "rui's tablet");
    assert_eq!(stage.member(tablet), stage.member(rui));
    stage.act(
        tablet,
        case,
        CaseAction::AddLabel {
            label: "lamp".to_owned(),
        },
    );
    stage.settle();
    stage.assert_converged(case);
    for who in [ana, rui, tablet] {
        let found = stage
            .replica(who)
            .verify(&mut |_, _| {})
            .expect("the store can be read");
        assert!(found.holds(), "{found:?}");
        assert_eq!(stage.notices(who), vec![]);
    }
}
