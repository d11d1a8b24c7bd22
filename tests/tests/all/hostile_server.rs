//! A hostile server, with the key it is pinned by, that forgets, lies about its head and shows two
//! histories; and one that only pretends to be the server. Each is left for its own reason.

use std::cell::Cell;
use std::rc::Rc;

use casework_engine::sync::SyncFault;
use casework_protocol::frame::{Continuity, ServerFrame};
use casework_protocol::keys::SecretKey;
use casework_protocol::log::{HeadError, LogHead, NodeHash, sign_head};
use casework_tests::stage::Passing;

use crate::scene::{assert_recovers, label, with_case};

#[test]
fn two_histories_are_never_rejoined_unnoticed() {
    let (mut stage, ana, rui, case) = with_case(206);
    stage.split_off(rui);
    stage.act(ana, case, label("shown to ana"));
    stage.act(rui, case, label("shown to rui"));
    stage.settle();
    let codes = [ana, rui].map(|who| stage.head_code(who));
    assert_ne!(codes[0], codes[1], "people can compare them");
    stage.rejoin(rui);
    stage.settle();
    let fault = stage.last_fault(rui);
    assert!(
        matches!(fault, Some(SyncFault::Diverged { .. })),
        "{fault:?}"
    );
    assert_eq!(stage.head_code(rui), codes[1], "rui stays with what it saw");
    // The work itself is not lost with the server: it is on the device that did it.
    assert!(stage.view(rui, case).labels.contains("shown to rui"));
}

#[test]
fn a_server_that_claims_growth_over_a_fork_is_convicted_with_both_heads() {
    let (mut stage, ana, rui, case) = with_case(207);
    // To rui, the same server signs another root for the same size.
    let (key, open) = (stage.server_key().clone(), stage.head_reader());
    stage.tamper_down(rui, move |frame| {
        vec![match frame {
            ServerFrame::CaughtUp { head, .. } => {
                let root = NodeHash::new([7; 32]);
                let forked = LogHead {
                    root,
                    ..open(&head)
                };
                ServerFrame::CaughtUp {
                    head: sign_head(&key, forked),
                    proof: None,
                }
            }
            other => other,
        }]
    });
    stage.act(ana, case, label("more"));
    stage.settle();
    let fault = stage.last_fault(rui);
    assert!(
        matches!(
            fault,
            Some(SyncFault::Unproved(_) | SyncFault::ForkedLog { .. })
        ),
        "{fault:?}"
    );
    assert!(fault.unwrap().accuses_server());
    assert_recovers(&mut stage, rui, case);
}

#[test]
fn a_truncated_history_that_claims_to_go_on_is_not_believed() {
    let (mut stage, ana, rui, case) = with_case(208);
    let backup = stage.back_up_server();
    stage.act(ana, case, label("to be forgotten"));
    stage.settle();
    stage.restore_server(backup);
    stage.cut(ana);
    // It does not admit the loss.
    let open = stage.head_reader();
    stage.tamper_down(rui, move |frame| {
        vec![match frame {
            ServerFrame::Resumed {
                head,
                entries,
                bundles,
                ..
            } => ServerFrame::Resumed {
                continuity: Continuity::Extends(casework_protocol::log::ConsistencyProof {
                    old_size: open(&head).size,
                    new_size: open(&head).size,
                    path: Vec::new(),
                }),
                head,
                entries,
                bundles,
            },
            other => other,
        }]
    });
    stage.settle();
    let fault = stage.last_fault(rui);
    assert!(
        matches!(
            fault,
            Some(SyncFault::WentBack { .. } | SyncFault::Unproved(_))
        ),
        "{fault:?}"
    );
    assert!(stage.view(rui, case).labels.contains("to be forgotten"));
    assert_recovers(&mut stage, rui, case);
}

#[test]
fn a_head_signed_by_somebody_else_is_not_believed() {
    let (mut stage, ana, rui, case) = with_case(209);
    let open = stage.head_reader();
    stage.tamper_down(rui, move |frame| {
        vec![match frame {
            ServerFrame::CaughtUp { head, proof } => {
                let key = SecretKey::from_seed(&[5; 32]);
                let head = sign_head(&key, open(&head));
                ServerFrame::CaughtUp { head, proof }
            }
            other => other,
        }]
    });
    stage.act(ana, case, label("lamp"));
    stage.settle();
    let fault = stage.last_fault(rui);
    assert!(
        matches!(fault, Some(SyncFault::Head(HeadError::OtherServer { .. }))),
        "{fault:?}"
    );
    assert_recovers(&mut stage, rui, case);
}

#[test]
fn another_server_is_refused_before_it_is_told_anything() {
    let (mut stage, ana, rui, case) = with_case(210);
    let said = Rc::new(Cell::new(0));
    let count = said.clone();
    stage.act(ana, case, label("lamp"));
    stage.settle();
    stage.impersonate_server(rui, SecretKey::from_seed(&[5; 32]));
    stage.tamper(rui, move |passing| {
        count.set(count.get() + u32::from(matches!(passing, Passing::Up(_))));
        vec![passing]
    });
    stage.act(rui, case, label("for the right server only"));
    stage.settle();
    let fault = stage.last_fault(rui);
    assert!(
        matches!(fault, Some(SyncFault::WrongServer { .. })),
        "{fault:?}"
    );
    assert_eq!(said.get(), 1, "the hello and nothing else");
    assert_recovers(&mut stage, rui, case);
    assert!(
        stage
            .view(ana, case)
            .labels
            .contains("for the right server only")
    );
}

#[test]
fn a_welcome_that_was_said_before_is_refused() {
    let (mut stage, _, rui, case) = with_case(211);
    let told = stage.listen(rui);
    stage.break_link(rui);
    stage.settle();
    let old = told
        .borrow()
        .iter()
        .find(|frame| matches!(frame, ServerFrame::Welcome(_)))
        .cloned()
        .unwrap();
    stage.tamper_down(rui, move |frame| {
        vec![match frame {
            ServerFrame::Welcome(_) => old.clone(),
            other => other,
        }]
    });
    stage.break_link(rui);
    stage.settle();
    let fault = stage.last_fault(rui);
    assert!(matches!(fault, Some(SyncFault::BadWelcome(_))), "{fault:?}");
    assert_recovers(&mut stage, rui, case);
}
