//! A member and a server that work together, and a server that delays and repeats: what was shown to
//! different people does not pass for one history, and what is only late or doubled changes nothing.

use std::collections::VecDeque;

use casework_engine::case::Act;
use casework_engine::sync::SyncFault;
use casework_protocol::frame::{Answer, PushItem, ServerFrame};
use casework_tests::stage::{Stage, Who};

use crate::scene::{label, with_case};

/// Two changes of one actor with one number, each signed by rui.
fn two_versions(
    stage: &mut Stage,
    rui: Who,
    case: casework_protocol::ids::DocumentId,
) -> [PushItem; 2] {
    let mut forger = stage.forger(rui, case);
    let (before, actor) = (forger.automerge.clone(), forger.actor());
    let id = stage.part();
    forger.act(Act::new(id, label("for ana")));
    let mut twin = stage.forger(rui, case);
    twin.automerge = before;
    twin.write_under(actor);
    let id = stage.part();
    twin.act(Act::new(id, label("for mia")));
    [PushItem::Run(forger.run()), PushItem::Run(twin.run())]
}

#[test]
fn a_member_and_a_server_that_show_everybody_another_version_are_found_when_two_readers_meet() {
    let (mut stage, ana, rui, case) = with_case(231);
    let mia = stage.join("mia", "operator");
    let [for_ana, for_mia] = two_versions(&mut stage, rui, case);
    // The server keeps two logs, and rui signs another change for each.
    stage.split_off(rui);
    stage.reach_as(mia, rui);
    let answer = stage.hand_in(rui, vec![for_mia]).remove(0);
    assert!(matches!(answer, Answer::Placed(_)), "{answer:?}");
    stage.rejoin(rui);
    let answer = stage.hand_in(rui, vec![for_ana]).remove(0);
    assert!(matches!(answer, Answer::Placed(_)), "{answer:?}");
    stage.settle();
    assert!(stage.view(ana, case).labels.contains("for ana"));
    assert!(stage.view(mia, case).labels.contains("for mia"));
    // People who compare codes see it, and so does the device that meets the other log.
    assert_ne!(stage.head_code(ana), stage.head_code(mia));
    stage.rejoin(mia);
    stage.heal_one(mia);
    stage.settle();
    let fault = stage.take_fault(mia).expect("it is refused");
    assert!(matches!(fault, SyncFault::Diverged { .. }), "{fault:?}");
    assert!(fault.accuses_server());
    // Neither reader takes the other's version for its own, and what each has is proved.
    assert!(!stage.view(mia, case).labels.contains("for ana"));
    for who in [ana, mia] {
        assert!(stage.replica(who).verify(&mut |_, _| {}).unwrap().holds());
    }
    // Where the server is replaced, the version that comes first into the new epoch is everybody's, and
    // work that somebody built on the other lies in their drawer.
    stage.act(mia, case, label("on the other version"));
    stage.open_epoch();
    stage.heal();
    stage.settle();
    stage.act(ana, case, label("later"));
    stage.settle();
    stage.assert_converged(case);
    for who in [ana, mia] {
        let labels = stage.view(who, case).labels;
        assert!(labels.contains("for ana") && labels.contains("later"));
        assert!(!labels.contains("for mia"));
        let verified = stage.replica(who).verify(&mut |_, _| {}).unwrap();
        assert!(verified.holds(), "{who:?}: {:?}", verified.findings);
    }
    assert_eq!(stage.replica(mia).drawer().unwrap().len(), 1);
}

#[test]
fn a_server_that_delays_everything_delays_and_does_nothing_else() {
    let (mut stage, ana, rui, case) = with_case(232);
    // Whatever comes to rui after the greeting waits until eight more have come.
    let mut waiting: VecDeque<ServerFrame> = VecDeque::new();
    stage.tamper_down(rui, move |frame| match frame {
        ServerFrame::Welcome(_) | ServerFrame::Resumed { .. } => {
            waiting.clear();
            vec![frame]
        }
        frame => {
            waiting.push_back(frame);
            (waiting.len() > 8)
                .then(|| waiting.pop_front())
                .flatten()
                .into_iter()
                .collect()
        }
    });
    for n in 0..6 {
        stage.act(ana, case, label(&format!("ana {n}")));
        stage.act(rui, case, label(&format!("rui {n}")));
        stage.connect();
        while stage.deliver_one() {}
    }
    let late = stage.view(rui, case).labels.len();
    assert!(late < 12, "nothing was late");
    let fault = stage.last_fault(rui);
    assert!(
        fault.is_none_or(|fault| !fault.accuses_server()),
        "{fault:?}"
    );
    stage.clear_wire(rui);
    stage.break_link(rui);
    stage.heal();
    stage.settle();
    assert_eq!(stage.view(ana, case).labels.len(), 12);
    stage.assert_converged(case);
}

#[test]
fn a_server_that_says_everything_twice_changes_nothing() {
    let (mut stage, ana, rui, case) = with_case(233);
    stage.tamper_down(rui, |frame| match &frame {
        ServerFrame::Welcome(_) | ServerFrame::Resumed { .. } => vec![frame],
        _ => vec![frame.clone(), frame],
    });
    for n in 0..4 {
        stage.act(ana, case, label(&format!("ana {n}")));
        stage.act(rui, case, label(&format!("rui {n}")));
        stage.heal_one(rui);
        stage.connect();
        while stage.deliver_one() {}
    }
    let size = stage.log_size();
    stage.clear_wire(rui);
    stage.heal();
    stage.settle();
    assert_eq!(stage.view(ana, case).labels.len(), 8);
    stage.assert_converged(case);
    assert!(stage.log_size() <= size + 8, "nothing is logged twice");
    assert!(stage.replica(rui).verify(&mut |_, _| {}).unwrap().holds());
}
