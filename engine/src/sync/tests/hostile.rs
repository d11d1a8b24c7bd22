//! Servers that lie: each lie has its own fault, and none is believed.

use casework_protocol::frame::{
    Answer, Continuity, Cursor, DocumentHeads, ErrorCode, Logged, Placed, PushItem, ServerFrame,
    Standing, Start,
};
use casework_protocol::ids::{ChangeHash, DeviceId, EpochId};
use casework_protocol::keys::SecretKey;
use casework_protocol::limits::BUNDLE_PIECE_BYTES;
use casework_protocol::log::NodeHash;
use proptest::prelude::*;

use super::play::*;
use crate::sync::SyncFault;

fn live(size: u64) -> (Server, Device) {
    let server = Server::of_size(size);
    let device = Device::live(&server, Shelf::at(&server, size));
    (server, device)
}

fn resumed_fault(server: &Server, shelf: Shelf, answer: ServerFrame) -> Fault {
    let mut device = Device::new(shelf);
    device.greet(server);
    let fault = device.fault(answer);
    assert_eq!(
        device.shelf.count(|call| !matches!(call, Call::Pin(_))),
        0,
        "nothing was stored"
    );
    fault
}

#[test]
fn a_head_that_another_key_signed_is_not_believed() {
    let (mut server, mut device) = live(10);
    server.grow(1);
    server.key = SecretKey::from_seed(&[66; 32]);
    let fault = device.fault(server.caught_up(10));
    assert!(matches!(fault, SyncFault::Head(_)), "{fault:?}");
    assert!(fault.accuses_server());
}

#[test]
fn an_old_head_is_not_believed() {
    let (server, mut device) = live(10);
    let old = ServerFrame::CaughtUp {
        head: server.head_at(9),
        proof: None,
    };
    let went_back = SyncFault::WentBack {
        known: 10,
        offered: 9,
    };
    assert_eq!(device.fault(old), went_back);
    let shorter = Server::of_size(9);
    let shelf = || Shelf::at(&Server::of_size(10), 10);
    let lost = Continuity::Extends(server.proof(10));
    let fault = resumed_fault(&shorter, shelf(), shorter.resumed_with(lost));
    assert!(
        matches!(fault, SyncFault::Unproved(_) | SyncFault::WentBack { .. }),
        "{fault:?}"
    );
}

#[test]
fn a_forged_proof_of_growth_is_not_believed() {
    let (mut server, mut device) = live(10);
    server.grow(7);
    let mut proof = server.proof(10);
    proof.path[0] = NodeHash::new([0; 32]);
    let fault = device.fault(ServerFrame::CaughtUp {
        head: server.head(),
        proof: Some(proof),
    });
    assert!(matches!(fault, SyncFault::Unproved(_)), "{fault:?}");
    let (mut server, mut device) = live(10);
    server.grow(7);
    let fault = device.fault(ServerFrame::CaughtUp {
        head: server.head(),
        proof: None,
    });
    assert!(matches!(fault, SyncFault::Unproved(_)), "{fault:?}");
}

#[test]
fn two_histories_convict_the_server_with_both_codes() {
    for size in [10, 25] {
        let (server, mut device) = live(10);
        let fork = Server::forked(size);
        let fault = device.fault(fork.caught_up(10));
        let SyncFault::ForkedLog {
            trusted,
            offered,
            evidence,
        } = fault
        else {
            panic!("{fault:?}")
        };
        let code = |head: &casework_protocol::log::SignedHead| {
            head.clone()
                .verify(server.id(), WORKSPACE)
                .unwrap()
                .head()
                .short_code()
        };
        assert_eq!(
            (&trusted, &offered),
            (&code(&server.head()), &code(&fork.head()))
        );
        assert_ne!(trusted, offered);
        assert_eq!((evidence.size, evidence.trusted), (10, server.head()));
    }
    let fork = Server::forked(25);
    let shelf = Shelf::at(&Server::of_size(10), 10);
    let fault = resumed_fault(&fork, shelf, fork.resumed(Some(10)));
    assert!(matches!(fault, SyncFault::ForkedLog { .. }), "{fault:?}");
}

#[test]
fn a_server_that_forgets_the_shown_head_without_saying_so_is_not_believed() {
    let server = Server::of_size(20);
    let shelf = || Shelf::at(&server, 20);
    for continuity in [
        Continuity::First,
        Continuity::Behind {
            common: 20,
            recovering: true,
        },
        Continuity::Behind {
            common: 21,
            recovering: true,
        },
        Continuity::NewEpoch {
            from: EPOCH,
            common: 20,
        },
    ] {
        let answer = server.resumed_with(continuity.clone());
        let fault = resumed_fault(&server, shelf(), answer);
        assert!(
            matches!(fault, SyncFault::Continuity(_)),
            "{continuity:?}: {fault:?}"
        );
    }
    let nothing = || Shelf {
        head: None,
        start: Start::Nothing,
        ..shelf()
    };
    let fault = resumed_fault(&server, nothing(), server.resumed(Some(20)));
    assert!(matches!(fault, SyncFault::Continuity(_)), "{fault:?}");
    // A cursor without a head: the log must at least reach it.
    let headless = Shelf {
        head: None,
        ..shelf()
    };
    let short = Server::of_size(19);
    let fault = resumed_fault(&server, headless, short.resumed(None));
    assert_eq!(
        fault,
        SyncFault::WentBack {
            known: 20,
            offered: 19
        }
    );
}

#[test]
fn a_new_epoch_must_follow_the_known_one_and_comes_once() {
    let old = Server::of_size(20);
    let second = EpochId::new([2; 16]);
    let new = Server {
        epoch: second,
        ..Server::of_size(20)
    };
    let from = EpochId::new([7; 16]);
    let answer = new.resumed_with(Continuity::NewEpoch { from, common: 3 });
    let fault = resumed_fault(&old, Shelf::at(&old, 20), answer);
    assert_eq!(
        fault,
        SyncFault::OtherEpoch {
            known: EPOCH,
            offered: from
        }
    );
    let answer = new.resumed_with(Continuity::NewEpoch {
        from: EPOCH,
        common: 21,
    });
    let fault = resumed_fault(&old, Shelf::at(&old, 20), answer);
    assert!(matches!(fault, SyncFault::Continuity(_)), "{fault:?}");
    let fault = resumed_fault(&old, Shelf::at(&old, 20), new.resumed(Some(20)));
    assert_eq!(
        fault,
        SyncFault::OtherEpoch {
            known: EPOCH,
            offered: second
        }
    );

    let mut device = Device::new(Shelf::at(&old, 20));
    device.greet(&old);
    device.give(new.resumed_with(Continuity::NewEpoch {
        from: EPOCH,
        common: 3,
    }));
    let third = Server {
        epoch: EpochId::new([3; 16]),
        ..Server::of_size(20)
    };
    let again = Continuity::NewEpoch {
        from: second,
        common: 3,
    };
    let fault = device.fault(third.resumed_with(again));
    assert!(matches!(fault, SyncFault::Continuity(_)), "{fault:?}");
}

#[test]
fn items_of_other_positions_than_announced_are_refused() {
    let genesis_later = vec![run(1, 12, 1), access(1, 3, 0)];
    for (items, upto) in [
        (vec![run(1, 5, 1)], 15),
        (vec![run(1, 9, 2)], 15),
        (vec![run(1, 11, 1), run(2, 10, 1)], 15),
        (vec![run(1, 11, 3), run(2, 12, 1)], 15),
        (vec![run(1, 11, 1), run(1, 11, 1)], 15),
        (vec![roster(3)], 15),
        (vec![access(1, 3, 1)], 15),
        (vec![access(1, 3, 0), run(2, 4, 1)], 15),
        (vec![access(1, 3, 0), run(2, 12, 1), run(1, 4, 1)], 15),
        (vec![run_of(1, 5, 1, Standing::Admitted)], 9),
        (vec![run(1, 5, 0)], 15),
        (vec![run(1, 12, 0)], 15),
        (vec![run(1, u64::MAX, 2)], 15),
        ([genesis_later, vec![run(2, 4, 1)]].concat(), 15),
    ] {
        let server = Server::of_size(20);
        let mut device = Device::following(&server, Shelf::at(&server, 10));
        let fault = device.fault(entries(items.clone(), upto));
        assert!(
            matches!(fault, SyncFault::OutOfOrder { .. }),
            "{items:?}: {fault:?}"
        );
        assert!(device.shelf.taken().is_empty());
    }
}

#[test]
fn a_first_sync_out_of_order_is_refused() {
    let complete = |n, below, target| ServerFrame::Document {
        document: document(n),
        below,
        target,
    };
    for (frames, last) in [
        (vec![], entries(vec![run(1, 50, 1)], 0)),
        (vec![], entries(vec![run(1, 49, 2)], 0)),
        (vec![], complete(1, 50, 50)),
        (vec![], complete(1, 10, 49)),
        (vec![complete(1, 10, 50)], complete(2, 10, 50)),
        (vec![complete(1, 10, 50)], complete(2, 11, 50)),
        (vec![entries(vec![], 50)], complete(2, 9, 50)),
    ] {
        let server = Server::of_size(50);
        let mut device = Device::following(&server, Shelf::new());
        for frame in frames {
            device.give(frame);
        }
        let fault = device.fault(last.clone());
        assert!(
            matches!(fault, SyncFault::OutOfOrder { .. }),
            "{last:?}: {fault:?}"
        );
    }
}

#[test]
fn a_head_that_hides_the_items_just_sent_is_refused() {
    let server = Server::of_size(20);
    let mut device = Device::following(&server, Shelf::at(&server, 10));
    device.give(entries(vec![run(1, 25, 1)], 26));
    let fault = device.fault(server.caught_up(20));
    assert_eq!(fault, SyncFault::BeyondHead { upto: 26, size: 20 });
}

#[test]
fn a_position_announced_without_a_head_is_not_gone_on_from() {
    let (_, mut device) = live(10);
    device.give(entries(vec![run(1, 10, 1)], u64::MAX));
    assert_eq!(
        device.shelf.start,
        Start::At(Cursor {
            epoch: EPOCH,
            seq: 10
        })
    );
}

#[test]
fn pieces_that_do_not_make_one_bundle_are_refused() {
    let long = vec![0; BUNDLE_PIECE_BYTES + 1];
    let complete = ServerFrame::Document {
        document: document(1),
        below: 40,
        target: 50,
    };
    let server = Server::of_size(50);
    let interrupted = || vec![piece(1, 0, false, b"x")];
    for (before, last) in [
        (vec![], piece(1, 1, false, b"x")),
        (vec![], piece(1, 0, false, b"")),
        (vec![], piece(1, 0, true, &long)),
        (interrupted(), piece(1, 0, false, b"x")),
        (interrupted(), piece(2, 0, false, b"x")),
        (interrupted(), piece(2, 1, true, b"x")),
        (interrupted(), complete),
        (interrupted(), ServerFrame::Evict(document(1))),
        (interrupted(), server.caught_up(50)),
    ] {
        let mut device = Device::following(&server, Shelf::new());
        for frame in before {
            device.give(frame);
        }
        let fault = device.fault(last.clone());
        assert!(
            matches!(fault, SyncFault::Pieces { .. }),
            "{last:?}: {fault:?}"
        );
        assert_eq!(
            device.shelf.count(|call| matches!(call, Call::Bundle(..))),
            0
        );
    }
}

#[test]
fn a_server_that_sends_on_without_credit_is_stopped() {
    let whole = Server::of_size(100);
    let mut shelf = Shelf::at(&whole, 100);
    shelf.log = vec![run(1, 60, 40)];
    let mut device = Device::new(shelf);
    device.greet(&whole);
    let behind = Continuity::Behind {
        common: 60,
        recovering: true,
    };
    device.give(Server::of_size(60).resumed_with(behind));
    let bytes = vec![0; BUNDLE_PIECE_BYTES];
    for index in 0..1_000 {
        match device.try_give(piece(1, index, false, &bytes)) {
            Ok(frames) => assert_eq!(frames, []),
            Err(fault) => {
                assert!(matches!(fault, SyncFault::OverCredit { .. }), "{fault:?}");
                assert!(index < 20);
                return;
            }
        }
    }
    panic!("it was let go on");
}

#[test]
fn answers_that_fit_no_push_are_refused() {
    let item = || PushItem::Run(signed_run(1, 2, 10));
    let roster = || PushItem::Roster(entry());
    let places = |count: u64| Answer::Placed((0..count).map(placed).collect());
    let missing = || Answer::Missing(vec![ChangeHash::new([0; 32])]);
    for (what, number, given) in [
        (item(), 2, vec![places(2)]),
        (item(), 0, vec![places(2)]),
        (item(), 1, vec![]),
        (item(), 1, vec![places(2), places(2)]),
        (item(), 1, vec![places(1)]),
        (item(), 1, vec![places(0)]),
        (item(), 1, vec![places(3)]),
        (item(), 1, vec![Answer::Stale(3)]),
        (roster(), 1, vec![places(2)]),
        (roster(), 1, vec![missing()]),
        (roster(), 1, vec![Answer::Skipped]),
    ] {
        let (_, mut device) = live(5);
        device.shelf.put(1, what);
        assert_eq!(pushes(&device.pump()).len(), 1);
        let fault = device.fault(answers(number, given.clone()));
        let named = match fault {
            SyncFault::UnknownPush(n) => n == number && number != 1,
            SyncFault::WrongAnswer { number: n, .. } => n == 1,
            _ => false,
        };
        assert!(named, "{number} {given:?}: {fault:?}");
        assert_eq!(device.shelf.outbox.len(), 1, "the work stays");
    }
}

#[test]
fn a_place_at_the_end_of_all_numbers_breaks_nothing() {
    let (_, mut device) = live(5);
    device.shelf.put(1, PushItem::Roster(entry()));
    device.pump();
    let far = Placed {
        seq: u64::MAX,
        received_ms: u64::MAX,
        ..placed(0)
    };
    device.give(answers(1, vec![Answer::Placed(vec![far])]));
    assert!(!device.session.is_caught_up(), "no head covers that");
}

#[test]
fn frames_that_nothing_asked_for_are_refused() {
    let server = Server::of_size(5);
    let heads = || ServerFrame::Heads(Vec::<DocumentHeads>::new());
    let inclusion = casework_protocol::log::prove_inclusion(&server, 1, 5).unwrap();
    for frame in [
        heads(),
        ServerFrame::Restored(5),
        ServerFrame::Kept {
            document: document(1),
            refused: None,
        },
        ServerFrame::Pong(1),
        ServerFrame::Inclusion(inclusion),
        server.resumed(Some(5)),
    ] {
        let (_, mut device) = live(5);
        let fault = device.fault(frame.clone());
        assert!(
            matches!(fault, SyncFault::Unasked(_)),
            "{frame:?}: {fault:?}"
        );
    }
    for frame in [
        server.resumed(Some(5)),
        entries(vec![], 5),
        piece(1, 0, true, b"x"),
        ServerFrame::Evict(document(1)),
        server.caught_up(5),
        heads(),
    ] {
        let mut device = Device::new(Shelf::at(&server, 5));
        let fault = device.fault(frame.clone());
        let stopped = matches!(fault, SyncFault::Unasked(_) | SyncFault::OverCredit { .. });
        assert!(stopped, "{frame:?}: {fault:?}");
        let mut device = Device::new(Shelf::at(&server, 5));
        device.greet(&server);
        if matches!(frame, ServerFrame::Resumed { .. }) {
            continue;
        }
        let fault = device.fault(frame.clone());
        assert!(
            matches!(fault, SyncFault::Unasked(_)),
            "{frame:?}: {fault:?}"
        );
    }
    let (server, mut device) = live(5);
    let hello = device.hello.clone();
    assert!(matches!(
        device.fault(server.welcome(&hello)),
        SyncFault::Unasked(_)
    ));
}

#[test]
fn heads_of_documents_that_were_not_compared_are_refused() {
    for heads in [
        vec![heads_of(2, 1, &[1])],
        vec![heads_of(1, 1, &[1]), heads_of(1, 2, &[1])],
    ] {
        let (_, mut device) = live(5);
        device.shelf.put(1, PushItem::Run(signed_run(1, 1, 10)));
        device.shelf.compared = vec![heads_of(1, 0, &[])];
        device.pump();
        device.give(answers(
            1,
            vec![Answer::Missing(vec![ChangeHash::new([0; 32])])],
        ));
        let fault = device.fault(ServerFrame::Heads(heads));
        assert!(matches!(fault, SyncFault::Unasked(_)), "{fault:?}");
        assert_eq!(device.shelf.told.len(), 0);
    }
}

#[test]
fn a_message_that_is_no_frame_ends_the_session() {
    for message in [&b""[..], b"\x00", b"not a frame", &[0xff; 100]] {
        let (_, mut device) = live(5);
        let fault = device
            .session
            .receive(&mut device.shelf, message, NOW)
            .unwrap_err();
        assert!(matches!(fault, SyncFault::Frame(_)), "{fault:?}");
    }
}

/// Frames that a server may make up from what it knows, in any order.
fn any_frame() -> impl Strategy<Value = ServerFrame> {
    let seq = || prop_oneof![0..60_u64, Just(u64::MAX), Just(u64::MAX - 1)];
    let logged = (0..6_u8, 0..4_u8, seq(), 0..4_usize).prop_map(|(kind, n, seq, len)| match kind {
        0 => run(n, seq, len),
        1 => run_of(n, seq, len, Standing::Held),
        2 => roster(seq),
        3 => access(n, seq, len as u64),
        4 => Logged::Withheld {
            seq,
            document_seq: 0,
            received_ms: NOW,
            document: document(n),
            device: DeviceId::new([1; 32]),
            changes: vec![ChangeHash::new([1; 32]); len],
        },
        _ => run_of(n, seq, len, Standing::Adopted),
    });
    let codes = [
        ErrorCode::Busy,
        ErrorCode::NotFound,
        ErrorCode::Revoked,
        ErrorCode::UnknownWorkspace,
        ErrorCode::Recovering,
    ];
    prop_oneof![
        4 => (prop::collection::vec(logged, 0..4), seq())
            .prop_map(|(items, upto)| entries(items, upto)),
        2 => (0..4_u8, 0..3_u32, any::<bool>(), 0..4_usize)
            .prop_map(|(n, index, last, len)| piece(n, index, last, &vec![0; len])),
        1 => (0..4_u8, seq(), seq()).prop_map(|(n, below, target)| {
            ServerFrame::Document { document: document(n), below, target }
        }),
        1 => (0..4_u8).prop_map(|n| ServerFrame::Evict(document(n))),
        3 => (1..60_u64, 1..60_u64).prop_map(|(size, from)| {
            Server::of_size(size).caught_up(from.min(size))
        }),
        2 => (1..60_u64, 1..60_u64).prop_map(|(size, shown)| {
            Server::of_size(size).resumed(Some(shown.min(size)))
        }),
        1 => (1..60_u64, 0..60_u64).prop_map(|(size, common)| {
            let behind = Continuity::Behind { common, recovering: true };
            Server::of_size(size).resumed_with(behind)
        }),
        2 => (0..4_u64, 0..3_usize).prop_map(|(number, len)| {
            answers(number, vec![Answer::Placed(vec![placed(3)]); len])
        }),
        1 => prop::sample::select(codes.to_vec()).prop_map(error),
        1 => seq().prop_map(ServerFrame::Restored),
        1 => (0..3_u64).prop_map(ServerFrame::Pong),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever comes, nothing panics, a fault is final, and the stored start only ever names what
    /// lies under the newest head that was proved.
    #[test]
    fn no_sequence_of_frames_panics_or_moves_the_start_beyond_a_proved_head(
        frames in prop::collection::vec(any_frame(), 1..40),
        first in any::<bool>(),
    ) {
        let server = Server::of_size(20);
        let mut shelf = if first { Shelf::new() } else { Shelf::at(&server, 20) };
        shelf.put(1, PushItem::Run(signed_run(1, 1, 10)));
        shelf.put(2, PushItem::Roster(entry()));
        shelf.founding = vec![parcel(PushItem::Roster(entry()))];
        shelf.log = vec![run(1, 10, 10)];
        let mut device = Device::following(&server, shelf);
        let mut ended = false;
        for frame in frames {
            let given = device.try_give(frame);
            prop_assert!(!ended || given == Err(SyncFault::Ended));
            ended |= given.is_err();
            let _ = device.wait(700);
            let head = device.shelf.head.clone().map(|head| {
                head.verify(server.id(), WORKSPACE).unwrap().head().size
            });
            let caught_up = device.shelf.calls.iter().rev().find_map(|call| match call {
                Call::CaughtUp(size, Cursor { seq, .. }) => Some((*size, *seq)),
                _ => None,
            });
            prop_assert!(caught_up.is_none_or(|(size, seq)| size == seq && Some(size) <= head));
            let reached = match device.shelf.start {
                Start::Nothing => 0,
                Start::Partway { target, below, .. } => target.max(below),
                Start::At(cursor) => cursor.seq,
            };
            prop_assert!(reached <= head.unwrap_or(0), "{reached} under {head:?}");
        }
    }
}
