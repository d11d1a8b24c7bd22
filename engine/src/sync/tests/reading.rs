//! Catching up, first sync, bundles, looking back, credit.

use casework_protocol::frame::{
    ClientFrame, Cursor, ErrorCode, Logged, ServerFrame, Standing, Start,
};
use casework_protocol::limits::{BUNDLE_PIECE_BYTES, DEFAULT_CREDIT_BYTES};

use super::play::*;
use crate::sync::Phase;

fn at(seq: u64) -> Start {
    Start::At(Cursor { epoch: EPOCH, seq })
}

fn partway(target: u64, below: u64) -> Start {
    Start::Partway {
        epoch: EPOCH,
        target,
        below,
    }
}

fn complete(n: u8, below: u64, target: u64) -> ServerFrame {
    ServerFrame::Document {
        document: document(n),
        below,
        target,
    }
}

#[test]
fn what_happened_meanwhile_is_taken_in_log_order_and_the_cursor_moves_with_it() {
    let server = Server::of_size(20);
    let mut device = Device::following(&server, Shelf::at(&server, 10));
    device.give(entries(vec![run(1, 10, 3), roster(13)], 15));
    device.give(entries(vec![run(2, 16, 1)], 20));
    assert!(!device.session.is_caught_up());
    device.give(server.caught_up(20));
    let cursor = Cursor {
        epoch: EPOCH,
        seq: 20,
    };
    assert_eq!(
        device.shelf.calls,
        [
            Call::SawHead(20),
            Call::Items(vec![10, 13], at(15)),
            Call::Items(vec![16], at(20)),
            Call::CaughtUp(20, cursor),
        ]
    );
    assert_eq!(device.session.progress().received_entries, 5);
    assert!(device.session.is_idle());
}

#[test]
fn live_work_comes_with_a_proof_each_time() {
    let mut server = Server::of_size(5);
    let mut device = Device::live(&server, Shelf::at(&server, 5));
    for _ in 0..5 {
        let size = server.size();
        server.grow(3);
        device.give(entries(vec![run(1, size, 3)], size + 3));
        assert!(!device.session.is_caught_up());
        device.give(server.caught_up(size));
        assert!(device.session.is_caught_up());
    }
    assert_eq!(device.shelf.start, at(20));
}

#[test]
fn heads_under_which_nothing_came_are_stored_now_and_then_only() {
    let mut server = Server::of_size(5);
    let mut device = Device::live(&server, Shelf::at(&server, 5));
    device.shelf.calls.clear();
    for _ in 0..100 {
        server.grow(1);
        device.give(server.caught_up(server.size() - 1));
    }
    assert_eq!(device.shelf.calls, []);
    assert!(device.session.is_caught_up());
    let wake = device.session.wake_at_ms().unwrap();
    assert!(wake <= NOW + 5_000, "{wake}");
    device.wait(5_000).unwrap();
    assert_eq!(device.shelf.start, at(105));
    assert_eq!(device.shelf.calls.len(), 1);
}

#[test]
fn a_first_sync_brings_document_after_document_and_stores_where_it_is() {
    let server = Server::of_size(1_000);
    let mut device = Device::following(&server, Shelf::new());
    assert_eq!(device.session.progress().phase, Phase::FirstSync);
    device.give(entries(vec![roster(0), roster(1)], 0));
    for n in 0..130_u8 {
        let last = 999 - u64::from(n);
        device.give(entries(vec![access(n, 2, 0), run(n, last, 1)], 0));
        device.give(complete(n, last, 1_000));
    }
    // Few transactions for many documents, and not all lost by an interruption.
    let stores = device.shelf.count(|call| matches!(call, Call::Items(..)));
    assert!((2..=4).contains(&stores), "{stores}");
    assert_eq!(device.shelf.start, partway(1_000, 999 - 127));
    device.give(entries(vec![], 1_000));
    device.give(server.caught_up(1_000));
    assert_eq!(device.shelf.taken().len(), 262);
    assert_eq!(device.shelf.start, at(1_000));
}

#[test]
fn an_interrupted_first_sync_goes_on_and_ends_in_log_order() {
    let server = Server::of_size(120);
    let mut shelf = Shelf::at(&server, 0);
    (shelf.start, shelf.head) = (partway(100, 40), Some(server.head_at(100)));
    let mut device = Device::following(&server, shelf);
    device.give(entries(vec![roster(0)], 0));
    device.give(entries(vec![access(1, 20, 0), run(1, 30, 2)], 0));
    device.give(complete(1, 31, 100));
    device.give(entries(vec![], 100));
    device.give(entries(vec![run(2, 105, 1)], 120));
    device.give(server.caught_up(120));
    assert_eq!(device.shelf.taken(), [0, 20, 30, 105]);
    assert_eq!(device.shelf.start, at(120));
}

#[test]
fn a_bundle_is_put_together_from_pieces_and_proved_under_the_head() {
    let server = Server::of_size(50);
    let mut device = Device::following(&server, Shelf::new());
    device.give(entries(vec![roster(0)], 0));
    device.give(entries(vec![access(1, 3, 0)], 0));
    let long = vec![1; BUNDLE_PIECE_BYTES];
    device.give(piece(1, 0, false, &long));
    device.give(piece(1, 1, true, &[2, 2]));
    device.give(entries(vec![run(1, 40, 1)], 0));
    device.give(complete(1, 40, 50));
    let bytes = [long, vec![2, 2]].concat();
    assert_eq!(
        device.shelf.calls,
        [
            Call::SawHead(50),
            // The access record is stored before the bundle that needs it.
            Call::Items(vec![0, 3], Start::Nothing),
            Call::Bundle(document(1), bytes, 50),
        ]
    );
    assert_eq!(device.session.progress().received_bundles, 1);
}

#[test]
fn a_bundle_that_does_not_hold_is_replaced_by_entries_before_the_start_moves_on() {
    let server = Server::of_size(50);
    let mut shelf = Shelf::new();
    shelf.bad_bundles = 1;
    let mut device = Device::following(&server, shelf);
    device.give(entries(vec![roster(0), access(1, 3, 0)], 0));
    let frames = device.give(piece(1, 0, true, b"bad"));
    let fetch = ClientFrame::Fetch {
        document: document(1),
        bundle: false,
    };
    assert_eq!(frames, [fetch]);
    device.give(complete(1, 40, 50));
    device.give(entries(vec![], 50));
    device.give(server.caught_up(50));
    assert!(!device.session.is_caught_up());
    assert_eq!(
        device.shelf.start,
        Start::Nothing,
        "an interruption begins again"
    );
    // The answer to the fetch.
    device.give(entries(
        vec![access(1, 3, 0), run(1, 4, 3), run(1, 30, 1)],
        50,
    ));
    assert_eq!(device.shelf.start, Start::Nothing);
    device.give(complete(1, 40, 50));
    assert_eq!(device.shelf.start, at(50));
    assert!(device.session.is_caught_up());
}

#[test]
fn a_document_with_a_gap_is_fetched_before_the_start_moves_on() {
    let mut server = Server::of_size(50);
    let mut device = Device::live(&server, Shelf::at(&server, 50));
    server.grow(3);
    device.shelf.gaps = vec![document(1)];
    let frames = device.give(entries(vec![run(1, 52, 1)], 53));
    let fetch = ClientFrame::Fetch {
        document: document(1),
        bundle: false,
    };
    assert_eq!(frames, [fetch]);
    device.give(server.caught_up(50));
    assert_eq!(device.shelf.start, at(50), "an interruption reads it again");
    device.give(entries(vec![access(1, 3, 0), run(1, 51, 2)], 53));
    device.give(complete(1, 52, 53));
    assert_eq!(device.shelf.start, at(53));
    assert!(device.session.is_caught_up());
}

#[test]
fn a_fetch_that_is_answered_with_not_found_holds_nothing_up() {
    let server = Server::of_size(50);
    let mut device = Device::live(&server, Shelf::at(&server, 50));
    let fetch = device.session.fetch(document(9));
    assert_eq!(
        fetch,
        Some(ClientFrame::Fetch {
            document: document(9),
            bundle: true
        })
    );
    assert_eq!(device.session.fetch(document(8)), None, "one at a time");
    assert!(!device.session.is_caught_up());
    let frames = device.give(error(ErrorCode::NotFound));
    assert_eq!(
        frames,
        [ClientFrame::Fetch {
            document: document(8),
            bundle: true
        }]
    );
    // Evicted while it is being fetched: that is answered by its end alone.
    assert_eq!(device.session.fetch(document(7)), None);
    device.give(ServerFrame::Evict(document(7)));
    device.give(ServerFrame::Evict(document(8)));
    assert!(!device.session.is_caught_up());
    assert_eq!(device.give(complete(8, 0, 50)), []);
    assert!(device.session.is_caught_up());
    assert_eq!(device.shelf.count(|call| matches!(call, Call::Evict(_))), 2);
}

#[test]
fn a_document_that_becomes_visible_comes_whole_and_then_the_log_goes_on() {
    let server = Server::of_size(60);
    let mut device = Device::following(&server, Shelf::at(&server, 40));
    // The entry that made it visible stands at the announced position: documents follow it.
    device.give(entries(vec![run(2, 41, 1), roster(44)], 44));
    device.give(entries(
        vec![access(1, 10, 0), run(1, 11, 4), access(1, 20, 5)],
        44,
    ));
    device.give(entries(
        vec![run(1, 30, 1), run_of(1, 33, 1, Standing::Held)],
        44,
    ));
    device.give(entries(vec![access(3, 12, 0)], 44));
    device.give(piece(3, 0, true, b"bundle"));
    device.give(entries(vec![run(3, 35, 1)], 44));
    device.give(entries(vec![run(2, 45, 1)], 60));
    device.give(server.caught_up(60));
    assert_eq!(
        device.shelf.taken(),
        [41, 44, 10, 11, 20, 30, 33, 12, 35, 45]
    );
}

#[test]
fn an_adoption_is_followed_by_the_runs_it_released() {
    let server = Server::of_size(60);
    let mut device = Device::following(&server, Shelf::at(&server, 40));
    device.give(entries(vec![roster(50)], 50));
    device.give(entries(vec![run_of(1, 20, 2, Standing::Adopted)], 50));
    device.give(entries(vec![run(1, 51, 1)], 60));
    assert_eq!(device.shelf.taken(), [50, 20, 51]);
}

#[test]
fn an_eviction_reaches_the_replica_after_everything_before_it() {
    let server = Server::of_size(60);
    let mut device = Device::following(&server, Shelf::new());
    device.give(entries(vec![roster(0), access(1, 3, 0)], 0));
    device.give(ServerFrame::Evict(document(1)));
    let last = device.shelf.calls.last_chunk::<2>().unwrap();
    assert_eq!(
        *last,
        [
            Call::Items(vec![0, 3], Start::Nothing),
            Call::Evict(document(1))
        ]
    );
}

#[test]
fn credit_is_granted_again_as_bytes_are_consumed() {
    let server = Server::of_size(1_000_000);
    let mut device = Device::following(&server, Shelf::at(&server, 10));
    let mut granted = 0;
    let mut sent = 0;
    let mut seq = 10;
    while sent < 3 * DEFAULT_CREDIT_BYTES {
        let items: Vec<Logged> = (seq..seq + 500).map(|seq| run(1, seq, 1)).collect();
        seq += 500;
        let before = device.session.progress().bytes_in;
        for frame in device.give(entries(items, seq)) {
            let ClientFrame::Credit(bytes) = frame else {
                panic!("{frame:?}")
            };
            granted += bytes;
        }
        sent += device.session.progress().bytes_in - before;
        assert!(
            sent <= DEFAULT_CREDIT_BYTES + granted,
            "the server would have had to stop"
        );
    }
    assert!(granted <= sent);
}

#[test]
fn a_message_off_the_wire_counts_as_long_as_it_is() {
    let server = Server::of_size(12);
    let mut device = Device::following(&server, Shelf::at(&server, 10));
    let frame = entries(vec![run(1, 10, 2)], 12);
    let message = casework_protocol::frame::encode(&frame);
    let before = device.session.progress().bytes_in;
    device
        .session
        .receive(&mut device.shelf, &message, NOW)
        .unwrap();
    assert_eq!(
        device.session.progress().bytes_in - before,
        message.len() as u64
    );
    device.give(entries(vec![], 12));
    let length = casework_protocol::frame::encode(&entries(vec![], 12)).len() as u64;
    let total = before + message.len() as u64 + length;
    assert_eq!(device.session.progress().bytes_in, total);
}
