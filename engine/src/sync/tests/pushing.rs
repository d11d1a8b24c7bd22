//! Pushes and what becomes of them.

use casework_protocol::frame::{
    Answer, ClientFrame, ErrorCode, PushItem, RefusedBecause, ServerFrame,
};
use casework_protocol::ids::ChangeHash;

use super::play::*;
use crate::sync::SyncFault;

fn item(n: u8) -> PushItem {
    PushItem::Run(signed_run(n, 1, 100))
}

fn placed_at(seq: u64) -> Answer {
    Answer::Placed(vec![placed(seq)])
}

/// A live device with this many bytes in each of so many outbox rows.
fn loaded(server: &Server, rows: u64, bytes: usize) -> Device {
    let mut device = Device::live(server, Shelf::at(server, server.size()));
    for row in 0..rows {
        device
            .shelf
            .put(row, PushItem::Run(signed_run(1, 1, bytes)));
    }
    device
}

#[test]
fn local_work_goes_out_and_is_done_when_a_head_covers_it() {
    let mut server = Server::of_size(5);
    let mut device = Device::live(&server, Shelf::at(&server, 5));
    device.shelf.put(1, item(1));
    device.shelf.put(2, item(2));
    assert_eq!(pushes(&device.pump()), [(1, vec![item(1), item(2)])]);
    assert_eq!(device.pump(), [], "once");
    assert!(!device.session.is_idle());
    server.grow(2);
    device.give(answers(1, vec![placed_at(5), placed_at(6)]));
    assert!(device.shelf.outbox.is_empty());
    assert!(!device.session.is_idle(), "the receipt is the head");
    device.give(entries(vec![run(1, 5, 1), run(2, 6, 1)], 7));
    device.give(server.caught_up(5));
    assert!(device.session.is_idle());
    assert_eq!(device.session.progress().pushed, 2);
}

#[test]
fn what_was_done_offline_goes_out_before_everything_was_read() {
    let server = Server::of_size(500);
    let mut shelf = Shelf::at(&server, 5);
    shelf.put(1, item(1));
    let mut device = Device::new(shelf);
    device.greet(&server);
    assert_eq!(
        pushes(&device.give(server.resumed(Some(5)))),
        [(1, vec![item(1)])]
    );
}

#[test]
fn only_so_much_is_on_its_way_and_answers_are_matched_by_number() {
    let server = Server::of_size(5);
    let mut device = loaded(&server, 4_000, 1_000);
    let first = pushes(&device.pump());
    assert_eq!(first.len(), 4);
    assert_eq!(device.session.progress().in_flight, 4);
    let bytes: usize = first.iter().map(|(_, items)| items.len() * 1_000).sum();
    assert!(bytes <= 640 * 1_024, "{bytes}");
    // Answered in another order, each by its number.
    let mut seq = 5;
    for at in [2, 0, 3, 1] {
        let (number, items) = &first[at];
        let places = items.iter().map(|_| {
            seq += 1;
            placed_at(seq - 1)
        });
        let more = pushes(&device.give(answers(*number, places.collect())));
        assert_eq!(more.len(), 1);
        assert!(more[0].0 > first[3].0);
    }
    let sent: usize = first.iter().map(|(_, items)| items.len()).sum();
    assert_eq!(device.shelf.outbox.len(), 4_000 - sent);
}

#[test]
fn one_long_run_fits_into_a_push_of_its_own() {
    let server = Server::of_size(5);
    let device = &mut loaded(&server, 2, 500 * 1_024);
    let sent = pushes(&device.pump());
    assert_eq!(
        sent.iter()
            .map(|(_, items)| items.len())
            .collect::<Vec<_>>(),
        [1, 1]
    );
    for (number, items) in sent {
        let frame = ClientFrame::Push { number, items };
        let length = casework_protocol::frame::encode(&frame).len();
        assert!(length <= casework_protocol::limits::MAX_FRAME_BYTES);
    }
}

#[test]
fn an_access_entry_and_its_run_are_never_parted() {
    let server = Server::of_size(5);
    let mut device = Device::live(&server, Shelf::at(&server, 5));
    for n in 0..1_500_u64 {
        let document = document(n as u8);
        device.shelf.put(
            2 * n,
            PushItem::Access {
                document,
                entry: entry(),
            },
        );
        device
            .shelf
            .put(2 * n + 1, PushItem::Run(signed_run(n as u8, 1, 300)));
    }
    for (_, items) in pushes(&device.pump()) {
        assert!(matches!(items.first(), Some(PushItem::Access { .. })));
        assert!(matches!(items.last(), Some(PushItem::Run(_))));
    }
}

#[test]
fn work_that_is_refused_or_held_reaches_the_replica_and_blocks_nothing() {
    let server = Server::of_size(5);
    let mut device = loaded(&server, 3, 10);
    device.pump();
    let refused = Answer::Refused(RefusedBecause::Denied, "no".to_owned());
    device.give(answers(
        1,
        vec![placed_at(5), refused.clone(), placed_at(6)],
    ));
    assert!(device.shelf.outbox.is_empty());
    let told = Call::Answered(vec![placed_at(5), refused, placed_at(6)]);
    assert!(device.shelf.calls.contains(&told));
}

#[test]
fn a_stale_entry_is_tried_again_at_once_and_then_after_reading_on() {
    let mut server = Server::of_size(5);
    let mut device = Device::live(&server, Shelf::at(&server, 5));
    device.shelf.put(1, PushItem::Roster(entry()));
    device.pump();
    let again = pushes(&device.give(answers(1, vec![Answer::Stale(9)])));
    assert_eq!(
        again.len(),
        1,
        "what made it stale may have been read already"
    );
    let frames = device.give(answers(2, vec![Answer::Stale(9)]));
    assert_eq!(pushes(&frames), [], "now it waits");
    assert!(!device.session.is_idle());
    server.grow(1);
    let frames = device.give(entries(vec![roster(5)], 6));
    assert_eq!(pushes(&frames).len(), 1, "until something was read");
    device.give(answers(3, vec![placed_at(6)]));
    assert!(device.shelf.outbox.is_empty());
}

#[test]
fn an_entry_that_stays_stale_is_tried_ever_more_rarely_and_then_left_for_another_session() {
    let server = Server::of_size(5);
    let mut device = Device::live(&server, Shelf::at(&server, 5));
    device.shelf.put(1, PushItem::Roster(entry()));
    let mut frames = device.pump();
    let mut tries = 0;
    while !device.session.gave_up() {
        for (number, _) in pushes(&frames) {
            tries += 1;
            frames = device.give(answers(number, vec![Answer::Stale(9)]));
        }
        if pushes(&frames).is_empty() && !device.session.gave_up() {
            frames = device.wait(100).unwrap();
            frames.iter().for_each(|frame| {
                if let ClientFrame::Ping(number) = frame {
                    device.give(ServerFrame::Pong(*number));
                }
            });
        }
        assert!(device.now < NOW + 3_600_000 && tries < 100);
    }
    assert!(device.now > NOW + 5_000, "it waited in between");
    assert_eq!(device.shelf.outbox.len(), 1);
    assert!(device.session.is_idle());
}

#[test]
fn a_run_whose_ground_is_missing_brings_heads_to_be_compared_before_more_is_pushed() {
    let server = Server::of_size(5);
    let mut device = loaded(&server, 1, 10);
    device.pump();
    device.shelf.compared = vec![heads_of(1, 0, &[])];
    device.shelf.lacking = vec![parcel(item(1)), parcel(item(2))];
    let missing = Answer::Missing(vec![ChangeHash::new([1; 32])]);
    let frames = device.give(answers(1, vec![missing]));
    assert_eq!(frames, [ClientFrame::Heads(vec![heads_of(1, 0, &[])])]);
    let theirs = heads_of(1, 2, &[4]);
    let frames = device.give(ServerFrame::Heads(vec![theirs.clone()]));
    assert_eq!(device.shelf.told, [vec![theirs]]);
    let sent = pushes(&frames);
    assert_eq!(sent[0].1, [item(1), item(2)], "first what the server lacks");
    assert_eq!(sent[1].1.len(), 1, "then the outbox again");
}

#[test]
fn a_server_that_always_misses_something_is_not_asked_for_ever() {
    let server = Server::of_size(5);
    let mut device = loaded(&server, 1, 10);
    device.shelf.compared = vec![heads_of(1, 0, &[])];
    let mut frames = device.pump();
    let mut rounds = 0;
    for _ in 0..10_000 {
        let mut next = Vec::new();
        for frame in frames {
            next.extend(match frame {
                ClientFrame::Push { number, items } => {
                    rounds += 1;
                    let missing = Answer::Missing(vec![ChangeHash::new([1; 32])]);
                    device.give(answers(number, vec![missing; items.len()]))
                }
                ClientFrame::Heads(asked) => device.give(ServerFrame::Heads(asked)),
                ClientFrame::Ping(number) => device.give(ServerFrame::Pong(number)),
                other => panic!("{other:?}"),
            });
        }
        frames = next;
        if frames.is_empty() {
            frames = device.wait(1_000).unwrap();
        }
    }
    assert!(device.session.gave_up());
    assert!(rounds <= 20, "{rounds}");
    assert_eq!(
        device.shelf.outbox.len(),
        1,
        "it stays for the next session"
    );
}

#[test]
fn a_busy_server_gets_the_same_pushes_again_after_a_while() {
    let server = Server::of_size(5);
    let mut device = loaded(&server, 2, 100 * 1_024);
    let first = device.pump();
    assert_eq!(pushes(&first).len(), 2);
    assert_eq!(device.give(error(ErrorCode::Busy)), []);
    assert_eq!(device.give(error(ErrorCode::Busy)), []);
    assert_eq!(device.session.wake_at_ms(), Some(NOW + 2_000));
    device.shelf.put(9, item(9));
    assert_eq!(device.pump(), [], "nothing more meanwhile");
    let again = device.wait(2_000).unwrap();
    assert_eq!(again[..2], first[..], "the same numbers and items");
    device.give(answers(1, vec![placed_at(5)]));
    // A late answer to the first try, after the one to the second.
    assert_eq!(device.give(answers(1, vec![placed_at(5)])), []);
    let fault = device.fault(answers(1, vec![placed_at(5)]));
    assert_eq!(fault, SyncFault::UnknownPush(1), "but not for ever");
}

#[test]
fn a_server_that_stays_busy_ends_the_session_with_a_hint() {
    let server = Server::of_size(5);
    let mut device = loaded(&server, 1, 10);
    device.pump();
    for _ in 0..3 {
        device.give(error(ErrorCode::Recovering));
        device.wait(2_000).unwrap();
    }
    let fault = device.fault(error(ErrorCode::Recovering));
    let code = ErrorCode::Recovering;
    assert_eq!(
        fault,
        SyncFault::RetryAfter {
            code,
            after_ms: 2_000
        }
    );
    assert_eq!(device.shelf.outbox.len(), 1);
}

#[test]
fn a_push_that_is_never_answered_ends_the_session_though_the_server_still_pongs() {
    let server = Server::of_size(5);
    let mut device = loaded(&server, 1, 10);
    device.pump();
    for number in 1..=2 {
        assert_eq!(device.wait(25_000), Ok(vec![ClientFrame::Ping(number)]));
        device.give(ServerFrame::Pong(number));
    }
    assert_eq!(device.wait(10_000), Err(SyncFault::Silent(60_000)));
}

#[test]
fn bundles_are_offered_when_there_is_nothing_better_to_do() {
    let server = Server::of_size(5);
    let mut shelf = Shelf::at(&server, 5);
    let long = vec![7; casework_protocol::limits::BUNDLE_PIECE_BYTES + 1];
    shelf.bundles.extend([
        (document(1), long),
        (document(2), vec![1]),
        (document(3), vec![1]),
    ]);
    let mut device = Device::following(&server, shelf);
    let frames = device.give(server.caught_up(5));
    let pieces: Vec<(u32, bool, usize)> = frames
        .iter()
        .map(|frame| match frame {
            ClientFrame::Piece {
                index, last, bytes, ..
            } => (*index, *last, bytes.len()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(pieces, [(0, false, 256 * 1_024), (1, true, 1)]);
    assert!(!device.session.is_idle());
    let kept = |n, refused| ServerFrame::Kept {
        document: document(n),
        refused,
    };
    assert_eq!(device.give(kept(1, None)).len(), 1, "the next one");
    assert_eq!(device.give(kept(2, Some(ErrorCode::Busy))), [], "not now");
    assert!(device.session.is_idle());
    assert!(
        device
            .shelf
            .calls
            .contains(&Call::Kept(document(2), Some(ErrorCode::Busy)))
    );
}
