//! Greeting, going on, and being turned away.

use casework_protocol::frame::handshake::welcome;
use casework_protocol::frame::{Answer, Channel, Welcome};
use casework_protocol::frame::{
    ClientFrame, Cursor, ErrorCode, Logged, PushItem, RefusedBecause, ServerFrame, Start,
};
use casework_protocol::keys::SecretKey;
use casework_protocol::succession::Succession;

use super::play::*;
use crate::sync::{Phase, SyncFault};

#[test]
fn a_session_greets_proves_and_goes_on_from_where_it_was() {
    let server = Server::of_size(12);
    let mut device = Device::new(Shelf::at(&server, 10));
    assert_eq!(device.session.progress().phase, Phase::Greeting);
    let frames = device.greet(&server);
    let at = Start::At(Cursor {
        epoch: EPOCH,
        seq: 10,
    });
    assert_eq!(resume(&frames), (at, Some(server.head_at(10))));
    assert_eq!(device.session.progress().server_clock_skew_ms, Some(250));
    device.give(server.resumed(Some(10)));
    assert_eq!(device.shelf.calls, [Call::SawHead(12)]);
    let progress = device.session.progress();
    assert_eq!(
        (progress.phase, progress.expected_entries),
        (Phase::CatchingUp, 7)
    );
}

#[test]
fn reconnecting_with_nothing_new_stores_one_cursor_and_is_small() {
    let server = Server::of_size(1_000);
    let mut device = Device::live(&server, Shelf::at(&server, 1_000));
    assert!(device.session.is_idle());
    assert_eq!(device.session.progress().phase, Phase::Live);
    let cursor = Cursor {
        epoch: EPOCH,
        seq: 1_000,
    };
    assert_eq!(device.shelf.calls, [Call::CaughtUp(1_000, cursor)]);
    let progress = device.session.progress();
    assert!(
        progress.bytes_in + progress.bytes_out <= 1_000,
        "{progress:?}"
    );
    device.shelf.calls.clear();
    assert_eq!(device.pump(), []);
    assert_eq!(device.shelf.calls, []);
}

#[test]
fn the_first_server_is_pinned_if_none_was() {
    let server = Server::of_size(1);
    let mut shelf = Shelf::new();
    shelf.pinned = None;
    let mut device = Device::new(shelf);
    device.greet(&server);
    assert_eq!(device.shelf.calls, [Call::Pin(server.id())]);
}

#[test]
fn another_server_than_the_pinned_one_is_refused() {
    let mut server = Server::of_size(1);
    let expected = server.id();
    server.key = SecretKey::from_seed(&[66; 32]);
    let mut device = Device::new(Shelf::new());
    let fault = device.fault(server.welcome(&device.hello.clone()));
    assert_eq!(
        fault,
        SyncFault::WrongServer {
            expected,
            found: server.id()
        }
    );
    assert!(fault.accuses_server());
}

/// The same server under another key, and what it says of how it came to it.
fn handed_over(server: Server, line: Vec<Succession>) -> (Server, impl Fn(&Device) -> ServerFrame) {
    let rotated = Server {
        key: SecretKey::from_seed(&[66; 32]),
        ..server
    };
    let key = rotated.key.clone();
    let welcome = move |device: &Device| {
        let ClientFrame::Hello(hello) = &device.hello else {
            panic!("no hello")
        };
        let welcome = welcome(hello, Channel::Plain, &key, [5; 16], NOW);
        ServerFrame::Welcome(Welcome {
            line: Some(line.clone()),
            ..welcome
        })
    };
    (rotated, welcome)
}

#[test]
fn a_server_that_handed_over_is_pinned_once_its_log_is_proved_to_go_on() {
    let old = Server::of_size(12);
    let mut device = Device::new(Shelf::at(&old, 10));
    let shown = old.head_at(10);
    let line = vec![Succession::sign(
        &old.key,
        &SecretKey::from_seed(&[66; 32]),
        7,
    )];
    let (new, welcome) = handed_over(old, line);
    let frames = device.give(welcome(&device));
    assert_eq!(
        resume(&frames).1,
        Some(shown),
        "the head that it knows, as it was signed"
    );
    assert_eq!(device.shelf.calls, [], "nothing is pinned yet");
    device.give(new.resumed(Some(10)));
    assert_eq!(device.shelf.calls, [Call::Succeed(new.id(), 12)]);
}

#[test]
fn a_head_that_is_not_new_is_kept_all_the_same_when_the_server_handed_over() {
    let old = Server::of_size(10);
    let mut device = Device::new(Shelf::at(&old, 10));
    let line = vec![Succession::sign(
        &old.key,
        &SecretKey::from_seed(&[66; 32]),
        7,
    )];
    let (new, welcome) = handed_over(old, line);
    device.give(welcome(&device));
    device.give(new.resumed(Some(10)));
    assert_eq!(device.shelf.calls, [Call::Succeed(new.id(), 10)]);
    assert_eq!(
        device.shelf.head,
        Some(new.head()),
        "signed by the key that is pinned now"
    );
}

#[test]
fn a_server_that_handed_over_and_shows_another_history_is_not_pinned() {
    let old = Server::of_size(10);
    let mut device = Device::new(Shelf::at(&old, 10));
    let line = vec![Succession::sign(
        &old.key,
        &SecretKey::from_seed(&[66; 32]),
        7,
    )];
    let (new, welcome) = handed_over(Server::forked(12), line);
    device.give(welcome(&device));
    let fault = device.fault(new.resumed(Some(10)));
    assert!(fault.accuses_server(), "{fault:?}");
    assert_eq!(device.shelf.calls, []);
}

#[test]
fn a_line_that_does_not_lead_from_the_pinned_key_to_this_one_is_refused() {
    let key = |n| SecretKey::from_seed(&[n; 32]);
    let old = Server::of_size(10);
    let pinned = old.key.clone();
    let honest = Succession::sign(&pinned, &key(66), 7);
    for line in [
        // Somebody else's word, words without an end, one that the old key did not give.
        vec![Succession::sign(&key(67), &key(66), 7)],
        vec![Succession::sign(&pinned, &key(67), 7)],
        vec![Succession {
            old: pinned.server(),
            ..Succession::sign(&key(67), &key(66), 7)
        }],
        // The one that counts lies behind more words than anybody reads.
        core::iter::repeat_n(Succession::sign(&key(1), &key(2), 7), 64)
            .chain([honest])
            .collect(),
    ] {
        let old = Server::of_size(10);
        let expected = old.id();
        let mut device = Device::new(Shelf::at(&old, 10));
        let (new, welcome) = handed_over(old, line);
        let fault = device.fault(welcome(&device));
        let found = new.id();
        assert_eq!(fault, SyncFault::WrongServer { expected, found });
        assert_eq!(device.shelf.calls, []);
    }
}

#[test]
fn a_welcome_said_to_somebody_else_is_refused() {
    let server = Server::of_size(1);
    let mut device = Device::new(Shelf::new());
    let fault = device.fault(server.welcome(&other_hello()));
    assert!(matches!(fault, SyncFault::BadWelcome(_)), "{fault:?}");
}

#[test]
fn a_server_that_only_names_the_pinned_key_is_refused() {
    let server = Server::of_size(1);
    let other = SecretKey::from_seed(&[66; 32]);
    let mut device = Device::new(Shelf::new());
    let ClientFrame::Hello(hello) = device.hello.clone() else {
        panic!("no hello")
    };
    let mut forged = welcome(&hello, Channel::Plain, &other, [5; 16], NOW);
    forged.server = server.id();
    let fault = device.fault(ServerFrame::Welcome(forged));
    assert!(matches!(fault, SyncFault::BadWelcome(_)), "{fault:?}");
}

#[test]
fn a_welcome_whose_version_was_changed_on_the_way_is_refused() {
    let server = Server::of_size(1);
    let mut device = Device::new(Shelf::new());
    let ServerFrame::Welcome(honest) = server.welcome(&device.hello.clone()) else {
        panic!()
    };
    let fault = device.fault(ServerFrame::Welcome(Welcome {
        version: 0,
        ..honest
    }));
    assert!(matches!(fault, SyncFault::BadWelcome(_)), "{fault:?}");
}

#[test]
fn a_device_that_is_not_enrolled_or_too_old_is_told_so_and_keeps_its_work() {
    for code in [
        ErrorCode::NotEnrolled,
        ErrorCode::Version,
        ErrorCode::BadProof,
    ] {
        let server = Server::of_size(3);
        let mut shelf = Shelf::at(&server, 3);
        shelf.put(1, PushItem::Run(signed_run(1, 1, 10)));
        let mut device = Device::new(shelf);
        device.greet(&server);
        let fault = device.fault(error(code));
        assert_eq!(
            fault,
            SyncFault::Refused {
                code,
                detail: "so it is".to_owned()
            }
        );
        assert!(!fault.is_passing());
        assert_eq!(device.shelf.outbox.len(), 1);
    }
}

#[test]
fn a_server_that_is_not_ready_says_when_to_come_again() {
    for code in [
        ErrorCode::Busy,
        ErrorCode::Stopping,
        ErrorCode::Internal,
        ErrorCode::Recovering,
    ] {
        let server = Server::of_size(3);
        let mut device = Device::new(Shelf::at(&server, 3));
        device.greet(&server);
        let fault = device.fault(error(code));
        assert_eq!(
            fault,
            SyncFault::RetryAfter {
                code,
                after_ms: 2_000
            }
        );
        assert!(fault.is_passing());
    }
    let mut device = Device::new(Shelf::new());
    let (code, detail) = (ErrorCode::Busy, String::new());
    let fault = device.fault(ServerFrame::Error {
        code,
        detail,
        retry_after_ms: Some(u64::MAX),
    });
    let SyncFault::RetryAfter { after_ms, .. } = fault else {
        panic!("{fault:?}")
    };
    assert!(
        after_ms <= 600_000,
        "no server can silence a device for days"
    );
}

#[test]
fn a_revoked_device_learns_why_hands_in_its_work_and_is_then_turned_away() {
    let server = Server::of_size(5);
    let mut shelf = Shelf::at(&server, 4);
    shelf.put(1, PushItem::Run(signed_run(1, 1, 10)));
    let mut device = Device::following(&server, shelf);
    // What goes out before the word arrives is answered as ever.
    let frames = device.give(error(ErrorCode::Revoked));
    assert_eq!(device.session.progress().phase, Phase::Parting);
    let before = device.session.progress().in_flight;
    let more = device.give(entries(vec![roster(0), roster(4)], 0));
    assert!(
        matches!(device.shelf.calls.last(), Some(Call::Items(seqs, Start::At(c)))
        if seqs == &[0, 4] && c.seq == 4)
    );
    assert!(before == 1 || !pushes(&more).is_empty() || !pushes(&frames).is_empty());
    device.give(server.caught_up(5));
    let held = casework_protocol::frame::Placed {
        held: true,
        ..placed(5)
    };
    let fault = device.fault(answers(1, vec![Answer::Placed(vec![held])]));
    let detail = "so it is".to_owned();
    assert_eq!(
        fault,
        SyncFault::Refused {
            code: ErrorCode::Revoked,
            detail
        }
    );
    assert!(device.shelf.outbox.is_empty());
}

#[test]
fn content_after_access_was_lost_is_refused() {
    let server = Server::of_size(5);
    let mut device = Device::following(&server, Shelf::at(&server, 4));
    device.give(error(ErrorCode::Revoked));
    let fault = device.fault(entries(vec![run(1, 4, 1)], 5));
    assert!(matches!(fault, SyncFault::Unasked(_)), "{fault:?}");
}

fn invited() -> Shelf {
    let mut shelf = Shelf::new();
    shelf.invite = Some(SecretKey::from_seed(&[8; 32]));
    shelf.put(1, PushItem::Roster(entry()));
    shelf.put(2, PushItem::Run(signed_run(1, 1, 10)));
    shelf
}

#[test]
fn an_invite_is_redeemed_first_and_then_everything_comes_as_ever() {
    let server = Server::of_size(4);
    let mut device = Device::new(invited());
    let frames = device.greet(&server);
    let Some(ClientFrame::Prove(prove)) = frames.first() else {
        panic!("{frames:?}")
    };
    assert!(prove.invite.is_some());
    assert_eq!(resume(&frames), (Start::Nothing, None));
    device.give(server.resumed(None));
    assert_eq!(device.session.progress().phase, Phase::Joining);
    assert_eq!(
        pushes(&device.give(entries(vec![roster(0), roster(3)], 0))),
        []
    );
    let frames = device.give(server.caught_up(4));
    assert_eq!(
        pushes(&frames),
        [(1, vec![PushItem::Roster(entry())])],
        "one thing, alone"
    );
    assert!(!device.session.is_caught_up());
    let frames = device.give(answers(1, vec![Answer::Placed(vec![placed(4)])]));
    assert_eq!(
        resume(&frames).0,
        Start::Nothing,
        "nothing was counted as read"
    );
    // What still comes of the invite's session is dropped.
    device.give(entries(vec![roster(4)], 0));
    let mut server = server;
    server.grow(1);
    device.give(server.resumed(Some(4)));
    assert_eq!(device.session.progress().phase, Phase::FirstSync);
    device.give(entries(vec![roster(0), roster(3), roster(4)], 0));
    device.give(entries(vec![], 5));
    device.give(server.caught_up(5));
    assert!(device.session.is_caught_up());
    assert_eq!(
        device.shelf.start,
        Start::At(Cursor {
            epoch: EPOCH,
            seq: 5
        })
    );
}

#[test]
fn an_invite_that_does_not_hold_is_refused_with_the_reason() {
    let server = Server::of_size(4);
    let mut device = Device::following(&server, invited());
    device.give(server.caught_up(4));
    let refused = Answer::Refused(RefusedBecause::Entry, "used up".to_owned());
    let fault = device.fault(answers(1, vec![refused]));
    let detail = "used up".to_owned();
    assert_eq!(
        fault,
        SyncFault::InviteRefused {
            because: RefusedBecause::Entry,
            detail
        }
    );
}

#[test]
fn an_invite_whose_answer_was_lost_is_not_redeemed_twice() {
    let server = Server::of_size(4);
    let mut shelf = invited();
    shelf.outbox.clear();
    let mut device = Device::following(&server, shelf);
    // The roster shows the device: the replica knows then that nothing is left to redeem.
    device.shelf.invite = None;
    device.give(entries(vec![roster(0), roster(3)], 0));
    assert_eq!(device.session.progress().phase, Phase::FirstSync);
    device.give(entries(vec![access(1, 1, 0), run(1, 2, 1)], 0));
    device.give(ServerFrame::Document {
        document: document(1),
        below: 2,
        target: 4,
    });
    device.give(entries(Vec::<Logged>::new(), 4));
    device.give(server.caught_up(4));
    assert!(device.session.is_idle());
    assert_eq!(device.shelf.taken(), [0, 3, 1, 2]);
}

#[test]
fn a_broken_replica_ends_the_session() {
    let server = Server::of_size(4);
    let mut device = Device::following(&server, Shelf::at(&server, 3));
    device.shelf.broken = true;
    assert_eq!(
        device.fault(entries(vec![run(1, 3, 1)], 4)),
        SyncFault::Holdings(Broken)
    );
}

#[test]
fn a_silent_server_is_asked_once_and_then_given_up() {
    let server = Server::of_size(4);
    let mut device = Device::live(&server, Shelf::at(&server, 4));
    assert_eq!(device.wait(10_000), Ok(vec![]));
    assert_eq!(device.wait(20_000), Ok(vec![ClientFrame::Ping(1)]));
    device.give(ServerFrame::Pong(1));
    assert_eq!(device.session.wake_at_ms(), Some(NOW + 55_000));
    assert_eq!(device.wait(25_000), Ok(vec![ClientFrame::Ping(2)]));
    assert_eq!(device.wait(40_000), Err(SyncFault::Silent(65_000)));
}
