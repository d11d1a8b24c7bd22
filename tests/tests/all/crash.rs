//! The power fails at every sync of a transaction: an action that returned is there, nothing is
//! half there, and the replica goes on.

use casework_engine::case::CaseAction;
use casework_tests::sim::servers;
use casework_tests::stage::Stage;

#[test]
fn an_action_that_returned_survives_a_power_cut_at_any_sync_and_nothing_is_half_there() {
    for cut_at in 1..40 {
        let mut stage = Stage::new(31);
        let [ana] = stage.devices(["ana"]);
        let case = stage.open(ana, "Broken street lamp");
        stage.cut(ana);
        stage.freeze(ana, cut_at);
        let mut returned = 0;
        for n in 0..12 {
            let label = CaseAction::AddLabel {
                label: format!("label {n}"),
            };
            if stage.try_act(ana, case, label).is_err() {
                break;
            }
            returned += 1;
        }
        stage.crash(ana);
        let there = stage.view(ana, case).labels.len();
        assert!(
            there >= returned,
            "cut at {cut_at}: {there} of {returned} are there"
        );
        assert!(
            there <= returned + 1,
            "cut at {cut_at}: {there} are there, {returned} returned"
        );
        let found = stage.replica(ana).verify(&mut |_, _| {}).unwrap();
        assert!(found.holds(), "cut at {cut_at}: {found:?}");
        stage.heal();
        stage.settle();
        stage.act(
            ana,
            case,
            CaseAction::AddLabel {
                label: "afterwards".to_owned(),
            },
        );
        stage.settle();
        assert_eq!(stage.replica(ana).unsent().unwrap(), 0);
    }
}

#[test]
fn a_server_whose_disk_tears_and_freezes_has_all_that_it_acknowledged_when_it_comes_back() {
    (0..60).for_each(|seed| {
        let _ = servers::run(seed);
    });
    assert_eq!(servers::run(4242), servers::run(4242));
}
