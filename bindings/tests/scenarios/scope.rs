//! Which cases a device asks for, and what comes when it asks for more.

use casework::ids::DocumentId;
use casework::{Changed, Error, Scope};

use crate::stage::{Device, Server, assert_converged};
use crate::watching::{Heard, ear, in_step, listen};

fn has(device: &Device, case: DocumentId) -> bool {
    device.workspace.case(case).is_ok()
}

#[test]
fn cases_that_were_left_out_come_when_more_is_asked_for() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let rui = ana.invite("Rui", "operator");
    rui.workspace.set_scope(&Scope::Mine).unwrap();
    rui.sync();
    let cases = ["One", "Two"].map(|title| ana.open_case(title));
    ana.sync();
    rui.sync();
    assert!(!has(&rui, cases[0]));
    let mine = rui.open_case("Rui's own");
    rui.workspace.comment(mine, "not sent yet", false).unwrap();

    rui.workspace
        .set_scope(&Scope::Listed(vec![cases[1]]))
        .unwrap();
    rui.sync();
    assert!(!has(&rui, cases[0]) && has(&rui, cases[1]));
    rui.workspace.set_scope(&Scope::All).unwrap();
    rui.sync();
    ana.sync();
    for case in [cases[0], cases[1], mine] {
        assert_converged(case, &[&ana, &rui]);
    }
    assert_eq!(rui.workspace.status().unwrap().unsent, 0);
    // Less than before: nothing is taken away, and nothing is read again.
    rui.workspace.set_scope(&Scope::Mine).unwrap();
    let received = rui.sync().received;
    assert!(has(&rui, cases[0]));
    assert_eq!(received, 0);
}

#[test]
fn a_watch_that_is_on_brings_what_is_asked_for_now() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let rui = ana.invite("Rui", "operator");
    rui.workspace.set_scope(&Scope::Mine).unwrap();
    let case = ana.open_case("Barking dog");
    ana.sync();
    let (rui_ear, rui_hears) = ear();
    let watch = rui.workspace.watch(rui_ear).unwrap();
    listen(&rui_hears, in_step);
    assert!(!has(&rui, case));

    rui.workspace.set_scope(&Scope::All).unwrap();
    // A sync beside the watch says that everything is in step only when that is so.
    rui.sync();
    assert_converged(case, &[&ana, &rui]);
    listen(&rui_hears, |heard| match heard {
        Heard::Changed(Changed { documents, .. }) => documents.contains(&case).then_some(()),
        Heard::State(_) => None,
    });
    watch.stop();
}

#[test]
fn a_scope_that_no_server_would_take_is_refused_before_it_is_kept() {
    let ana = Device::founder("Ana");
    let many = (0..10_001_u64).map(|n| {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&n.to_be_bytes());
        DocumentId::new(id)
    });
    let refused = ana.workspace.set_scope(&Scope::Listed(many.collect()));
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
}
