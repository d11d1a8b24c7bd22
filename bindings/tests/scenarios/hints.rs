//! What an app knows of network and battery: pauses, sparing connections, bursts.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use casework::{Error, Hints, SyncState};

use crate::stage::{Device, Server, assert_converged};
use crate::watching::{Heard, ear, in_step, listen};

fn paused(heard: Heard) -> Option<()> {
    matches!(heard, Heard::State(SyncState::Paused)).then_some(())
}

const PAUSED: Hints = Hints {
    paused: true,
    metered: false,
    low_power: false,
};

#[test]
fn a_paused_watch_keeps_no_connection_and_goes_on_when_it_may() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let rui = ana.invite("Rui", "operator");
    let (rui_ear, rui_hears) = ear();
    let watch = rui.workspace.watch(rui_ear).unwrap();
    listen(&rui_hears, in_step);
    watch.set_hints(PAUSED);
    listen(&rui_hears, paused);
    assert_eq!(watch.hints(), PAUSED);
    let case = ana.open_case("Barking dog");
    ana.sync();
    assert!(rui.workspace.case(case).is_err());
    // A burst is asked for by the app, and goes through.
    let burst = rui.workspace.sync_for(Duration::from_secs(30), &mut |_| {});
    assert!(burst.unwrap().in_step);
    assert_converged(case, &[&ana, &rui]);
    assert_eq!(rui.workspace.sync_state(), SyncState::Paused);
    watch.set_hints(Hints::default());
    listen(&rui_hears, in_step);
    let later = ana.open_case("Cat in a tree");
    ana.sync();
    listen(&rui_hears, |heard| {
        matches!(heard, Heard::Changed(changed) if changed.documents.contains(&later)).then_some(())
    });
}

#[test]
fn a_sparing_watch_hangs_up_when_it_is_in_step() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let rui = ana.invite("Rui", "operator");
    let (rui_ear, rui_hears) = ear();
    let watch = rui.workspace.watch(rui_ear).unwrap();
    watch.set_hints(Hints {
        metered: true,
        ..Hints::default()
    });
    listen(&rui_hears, in_step);
    // It rests now: whoever syncs finds the line free and does not wait for it.
    let case = ana.open_case("Barking dog");
    ana.sync();
    rui.sync();
    assert_converged(case, &[&ana, &rui]);
    // The app knows of something new: it is fetched at once, not after the rest.
    let later = ana.open_case("Cat in a tree");
    ana.sync();
    watch.hurry();
    listen(&rui_hears, |heard| {
        matches!(heard, Heard::Changed(changed) if changed.documents.contains(&later)).then_some(())
    });
}

#[test]
fn a_burst_against_a_server_that_says_nothing_ends_in_time() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    // Connections are taken by the system and never answered.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("ws://{}", silent.local_addr().unwrap());
    ana.workspace.set_server(&address, None).unwrap();
    let case = ana.open_case("Barking dog");
    let begun = Instant::now();
    let burst = ana
        .workspace
        .sync_for(Duration::from_millis(300), &mut |_| {});
    assert!(begun.elapsed() < Duration::from_secs(5));
    match burst {
        Ok(burst) => assert!(!burst.in_step),
        Err(error) => assert!(matches!(error, Error::Unavailable(_)), "{error}"),
    }
    // What was not sent waits here.
    assert!(ana.workspace.status().unwrap().unsent > 0);
    ana.workspace.set_server(&server.url(), None).unwrap();
    let burst = ana.workspace.sync_for(Duration::from_secs(30), &mut |_| {});
    assert!(burst.unwrap().in_step);
    assert!(ana.workspace.case(case).is_ok());
}
