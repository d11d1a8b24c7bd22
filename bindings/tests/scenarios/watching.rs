//! Staying in step: local work goes out, others' work comes in, and a server may come and go.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use casework::{Changed, Error, Observer, SyncState};

use crate::stage::{Device, Server, assert_converged};

/// What an observer heard.
pub(crate) enum Heard {
    Changed(Changed),
    State(SyncState),
}

pub(crate) struct Ear(Mutex<Sender<Heard>>);

impl Observer for Ear {
    fn changed(&self, changed: &Changed) {
        let _ = self.0.lock().unwrap().send(Heard::Changed(changed.clone()));
    }

    fn status(&self, state: &SyncState) {
        let _ = self.0.lock().unwrap().send(Heard::State(state.clone()));
    }
}

pub(crate) fn ear() -> (Arc<Ear>, Receiver<Heard>) {
    let (sender, receiver) = channel();
    (Arc::new(Ear(Mutex::new(sender))), receiver)
}

/// Listens until something is heard; a minute of silence is a failure.
pub(crate) fn listen<T>(heard: &Receiver<Heard>, mut wanted: impl FnMut(Heard) -> Option<T>) -> T {
    loop {
        let next = heard
            .recv_timeout(Duration::from_secs(60))
            .expect("nothing more was heard");
        if let Some(found) = wanted(next) {
            return found;
        }
    }
}

pub(crate) fn in_step(heard: Heard) -> Option<()> {
    match heard {
        Heard::State(SyncState::InStep(now)) => (now.unsent == 0).then_some(()),
        // What is told in between may be left out.
        Heard::State(SyncState::Resting { unsent, .. }) => (unsent == 0).then_some(()),
        Heard::State(_) | Heard::Changed(_) => None,
    }
}

#[test]
fn what_one_does_appears_at_the_other_without_asking() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let case = ana.open_case("Barking dog");
    let rui = ana.invite("Rui", "operator");
    let ((ana_ear, ana_hears), (rui_ear, rui_hears)) = (ear(), ear());
    let ana_watch = ana.workspace.watch(ana_ear).unwrap();
    let rui_watch = rui.workspace.watch(rui_ear).unwrap();
    listen(&ana_hears, in_step);
    listen(&rui_hears, in_step);

    ana.workspace
        .comment(case, "I am on my way.", false)
        .unwrap();
    listen(&rui_hears, |heard| match heard {
        Heard::Changed(changed) if changed.documents.contains(&case) => Some(()),
        Heard::Changed(_) | Heard::State(_) => None,
    });
    assert_eq!(rui.workspace.comments(case).unwrap().len(), 1);
    rui.workspace.set_field(case, "phone", "112", None).unwrap();
    listen(&ana_hears, |heard| {
        let arrived = matches!(heard, Heard::Changed(_))
            && ana
                .workspace
                .case(case)
                .unwrap()
                .fields
                .contains_key("phone");
        arrived.then_some(())
    });
    // A sync beside a watch waits for the watch.
    ana.sync();
    rui.sync();
    assert_converged(case, &[&ana, &rui]);

    assert!(matches!(
        ana.workspace.watch(ear().0),
        Err(Error::Invalid(_))
    ));
    ana_watch.stop();
    assert_eq!(ana.workspace.sync_state(), SyncState::Off);
    drop(rui_watch);
}

#[test]
fn a_watch_connects_again_when_the_server_comes_back() {
    let mut server = Server::start();
    let ana = Device::host("Ana", &server);
    let case = ana.open_case("Barking dog");
    let (observer, heard) = ear();
    let watch = ana.workspace.watch(observer).unwrap();
    listen(&heard, in_step);

    server.stop();
    listen(&heard, |heard| match heard {
        Heard::State(SyncState::Offline { .. }) => Some(()),
        Heard::State(_) | Heard::Changed(_) => None,
    });
    ana.workspace
        .comment(case, "Written without a server.", false)
        .unwrap();
    server.start_again();
    watch.hurry();
    listen(&heard, in_step);
    assert_eq!(ana.workspace.status().unwrap().unsent, 0);
    watch.stop();
}

#[test]
fn a_watch_without_a_server_says_so_and_can_be_stopped() {
    let ana = Device::founder("Ana");
    ana.workspace.set_server("ws://127.0.0.1:9", None).unwrap();
    let (observer, heard) = ear();
    let watch = ana.workspace.watch(observer).unwrap();
    listen(&heard, |heard| match heard {
        Heard::State(SyncState::Offline { reason, .. }) => {
            assert!(reason.contains("no server at"), "{reason}");
            Some(())
        }
        Heard::State(_) | Heard::Changed(_) => None,
    });
    watch.stop();
    assert_eq!(ana.workspace.sync_state(), SyncState::Off);
    let (observer, _) = ear();
    drop(ana.workspace.watch(observer).unwrap());
}
