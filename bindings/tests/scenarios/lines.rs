//! Lines that are dead and do not say so, servers that say nothing, and what a watch makes of it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use casework::{Error, ErrorKind, Hints, Notice, SyncState};

use crate::stage::{Device, Server, assert_converged};
use crate::watching::{Heard, ear, in_step, listen};

/// A line to a server. What goes over it when it is cut vanishes, and nobody is told; what comes
/// later is passed on.
struct Cuttable {
    addr: SocketAddr,
    cuts: Arc<AtomicU64>,
    connections: Arc<AtomicU64>,
}

impl Cuttable {
    fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let (cuts, connections) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (cut, counted) = (cuts.clone(), connections.clone());
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::AcqRel);
                let far = TcpStream::connect(server).unwrap();
                let born = cut.load(Ordering::Acquire);
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let cut = cut.clone();
                    thread::spawn(move || pass(from, to, &|| cut.load(Ordering::Acquire) == born));
                }
            }
        });
        Self {
            addr,
            cuts,
            connections,
        }
    }

    fn url(&self) -> String {
        format!("ws://{}", self.addr)
    }

    fn cut(&self) {
        self.cuts.fetch_add(1, Ordering::AcqRel);
    }

    fn connections(&self) -> u64 {
        self.connections.load(Ordering::Acquire)
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, lives: &dyn Fn() -> bool) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        if lives() && to.write_all(&buffer[..n]).is_err() {
            return;
        }
    }
}

/// Takes connections and never says a word.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("ws://{}", listener.local_addr().unwrap());
    (listener, address)
}

fn stopped(heard: Heard) -> Option<ErrorKind> {
    match heard {
        Heard::State(SyncState::Stopped { kind, .. }) => Some(kind),
        Heard::State(_) | Heard::Changed(_) => None,
    }
}

#[test]
fn a_burst_over_a_dead_connection_of_the_watch_asks_the_server_and_replaces_it() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let rui = ana.invite("Rui", "operator");
    let line = Cuttable::to(server.addr());
    rui.workspace.set_server(&line.url(), None).unwrap();
    let (ear, hears) = ear();
    let watch = rui.workspace.watch(ear).unwrap();
    listen(&hears, in_step);
    // While the line lives, nothing connects anew: the watch asks over the one there is.
    let case = ana.open_case("Barking dog");
    ana.sync();
    for _ in 0..3 {
        let burst = rui.workspace.sync_for(Duration::from_secs(30), &mut |_| {});
        assert!(burst.unwrap().in_step);
    }
    assert_converged(case, &[&ana, &rui]);
    assert_eq!(line.connections(), 1);

    line.cut();
    let later = ana.open_case("Cat in a tree");
    ana.sync();
    let burst = rui.workspace.sync_for(Duration::from_secs(30), &mut |_| {});
    let burst = burst.unwrap();
    assert!(burst.in_step && burst.received > 0, "{burst:?}");
    assert_converged(later, &[&ana, &rui]);
    watch.stop();
}

#[test]
fn a_report_beside_a_watch_counts_what_came_since_it_was_asked_for() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let rui = ana.invite("Rui", "operator");
    let (ear, hears) = ear();
    let watch = rui.workspace.watch(ear).unwrap();
    listen(&hears, in_step);
    ana.open_case("Barking dog");
    ana.sync();
    rui.sync();
    let nothing = rui.sync();
    assert_eq!((nothing.received, nothing.pushed), (0, 0), "{nothing:?}");
    watch.stop();
}

#[test]
fn a_sync_that_waits_for_a_silent_server_ends_when_it_is_cancelled() {
    let ana = Device::founder("Ana");
    let (_silent, address) = silent();
    ana.workspace.set_server(&address, None).unwrap();
    let begun = Instant::now();
    let workspace = ana.workspace.clone();
    let syncing = thread::spawn(move || workspace.sync(&mut |_| {}));
    while ana.workspace.sync_state() != SyncState::Connecting {
        thread::yield_now();
    }
    ana.workspace.cancel_sync();
    let ended = syncing.join().unwrap();
    assert!(matches!(&ended, Err(Error::Unavailable(text)) if text.contains("ended")));
    // A server that says nothing is given up after ten seconds; this was sooner.
    assert!(begun.elapsed() < Duration::from_secs(8));
}

#[test]
fn a_watch_that_was_begun_before_a_server_was_set_goes_on_when_there_is_one() {
    let server = Server::start();
    let ana = Device::founder("Ana");
    let (ear, hears) = ear();
    let watch = ana.workspace.watch(ear).unwrap();
    assert_eq!(listen(&hears, stopped), ErrorKind::Invalid);
    ana.workspace.set_server(&server.url(), None).unwrap();
    listen(&hears, in_step);
    watch.stop();
}

#[test]
fn a_key_that_was_mistyped_binds_nobody_before_the_server_was_met() {
    let server = Server::start();
    let ana = Device::founder("Ana");
    let wrong = casework::ids::ServerId::new([7; 32]);
    ana.workspace
        .set_server(&server.url(), Some(wrong))
        .unwrap();
    assert!(ana.workspace.sync(&mut |_| {}).is_err());
    ana.workspace
        .set_server(&server.url(), Some(server.running().server_key()))
        .unwrap();
    ana.sync();
    let bound = ana.workspace.set_server(&server.url(), Some(wrong));
    assert!(matches!(bound, Err(Error::Invalid(_))), "{bound:?}");
}

#[test]
fn work_that_waits_while_the_network_is_spared_is_told_with_the_time_of_the_next_connection() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let (ear, hears) = ear();
    let watch = ana.workspace.watch(ear).unwrap();
    watch.set_hints(Hints {
        metered: true,
        ..Hints::default()
    });
    let rests = |heard: Heard| match heard {
        Heard::State(SyncState::Resting { next_in_ms, unsent }) => Some((next_in_ms, unsent)),
        Heard::State(_) | Heard::Changed(_) => None,
    };
    let (quiet_ms, unsent) = listen(&hears, rests);
    assert!(quiet_ms > 60_000 && unsent == 0);
    ana.open_case("Barking dog");
    let (soon_ms, unsent) = listen(&hears, rests);
    assert!(soon_ms <= 60_000 && unsent > 0, "{soon_ms} {unsent}");
    listen(&hears, in_step);
    watch.stop();
}

#[test]
fn what_happened_while_nobody_listened_is_kept_until_it_is_taken() {
    let server = Server::start();
    let ana = Device::host("Ana", &server);
    let rui = ana.invite("Rui", "operator");
    let case = ana.open_case("Barking dog");
    ana.sync();
    rui.sync();
    rui.workspace.comment(case, "Seen.", false).unwrap();
    let member = rui.workspace.info().unwrap().member.unwrap();
    let change = casework::MemberChange {
        active: Some(false),
        ..Default::default()
    };
    ana.workspace.change_member(member, change).unwrap();
    ana.sync();
    let (ear, hears) = ear();
    let watch = rui.workspace.watch(ear).unwrap();
    assert_eq!(listen(&hears, stopped), ErrorKind::Denied);
    let noticed = rui.workspace.take_notices().unwrap();
    let held = |notice: &Notice| matches!(notice, Notice::OwnWorkHeld { .. });
    assert!(noticed.iter().any(held), "{noticed:?}");
    assert!(rui.workspace.take_notices().unwrap().is_empty());
    watch.stop();
}
