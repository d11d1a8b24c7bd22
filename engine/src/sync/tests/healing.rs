//! Founding, giving back, new epochs.

use casework_protocol::frame::{
    Answer, ClientFrame, Continuity, Cursor, ErrorCode, Logged, PushItem, RefusedBecause,
    ServerFrame, Start,
};
use casework_protocol::ids::EpochId;

use super::play::*;
use crate::sync::{Phase, SyncFault, Turn};

fn founder() -> Shelf {
    let mut shelf = Shelf::new();
    shelf.founding = vec![parcel(PushItem::Roster(entry())); 3];
    shelf.put(1, PushItem::Run(signed_run(1, 1, 10)));
    shelf
}

#[test]
fn a_server_without_the_workspace_gets_it_from_its_roster() {
    let mut server = Server::new();
    let mut device = Device::new(founder());
    device.greet(&server);
    let frames = device.give(error(ErrorCode::UnknownWorkspace));
    assert_eq!(pushes(&frames), [(1, vec![PushItem::Roster(entry()); 3])]);
    assert_eq!(device.session.progress().phase, Phase::Founding);
    server.grow(3);
    let places = (0..3)
        .map(|seq| Answer::Placed(vec![placed(seq)]))
        .collect();
    let frames = device.give(answers(1, places));
    assert_eq!(resume(&frames), (Start::Nothing, None));
    device.give(server.resumed(None));
    let frames = device.give(entries(vec![], 3));
    assert_eq!(pushes(&frames).len(), 1, "and then the work done so far");
}

#[test]
fn a_server_that_will_not_found_or_a_device_that_cannot_ends_the_session() {
    let server = Server::new();
    let code = ErrorCode::UnknownWorkspace;
    let mut device = Device::new(Shelf::new());
    device.greet(&server);
    let detail = "so it is".to_owned();
    assert_eq!(
        device.fault(error(code)),
        SyncFault::Refused { code, detail }
    );

    let mut device = Device::new(founder());
    device.greet(&server);
    device.give(error(code));
    let detail = "closed".to_owned();
    let refused = Answer::Refused(RefusedBecause::Entry, detail.clone());
    let fault = device.fault(answers(1, vec![refused; 3]));
    assert_eq!(fault, SyncFault::Refused { code, detail });

    // And one that forgets it again at once.
    let mut device = Device::new(founder());
    device.greet(&server);
    device.give(error(code));
    device.give(answers(1, vec![Answer::Placed(vec![placed(0)]); 3]));
    assert!(matches!(
        device.fault(error(code)),
        SyncFault::Refused { .. }
    ));
}

fn behind(common: u64) -> Continuity {
    Continuity::Behind {
        common,
        recovering: true,
    }
}

#[test]
fn a_server_restored_from_a_backup_gets_back_what_it_lost() {
    let mut server = Server::of_size(100);
    let mut shelf = Shelf::at(&server, 100);
    shelf.log = vec![
        run(1, 60, 10),
        run(2, 70, 10),
        run(1, 80, 10),
        run(1, 90, 10),
    ];
    shelf.proofs.insert(80, server.proof(80));
    let shown = shelf.head.clone().unwrap();
    let mut device = Device::new(shelf);
    device.greet(&server);
    let whole = Server::of_size(100);
    server.shrink(60);
    let frames = device.give(server.resumed_with(behind(60)));
    assert!(
        device
            .shelf
            .calls
            .contains(&Call::Turn(Turn::Recover { from: 60 }))
    );
    assert_eq!(device.session.progress().phase, Phase::Restoring);
    let items = vec![run(1, 60, 10), run(2, 70, 10)];
    let proof = Some(whole.proof(80));
    assert_eq!(
        frames,
        [ClientFrame::Restore {
            head: shown.clone(),
            items,
            proof,
            purges: None
        }]
    );
    // What the server sends meanwhile is of before.
    assert_eq!(device.give(entries(vec![run(3, 5, 1)], 60)), []);
    let frames = device.give(ServerFrame::Restored(80));
    let items = vec![run(1, 80, 10), run(1, 90, 10)];
    assert_eq!(
        frames,
        [ClientFrame::Restore {
            head: shown.clone(),
            items,
            proof: None,
            purges: None
        }]
    );
    let frames = device.give(ServerFrame::Restored(100));
    assert_eq!(resume(&frames).1, Some(shown));
    device.give(whole.resumed(Some(100)));
    device.give(whole.caught_up(100));
    assert!(device.session.is_caught_up());
    assert!(
        device.shelf.taken().is_empty(),
        "nothing of before was taken"
    );
}

#[test]
fn who_cannot_give_back_comes_again_later() {
    let whole = Server::of_size(100);
    let mut server = Server::of_size(60);
    for (log, common) in [
        (vec![], behind(60)),
        (vec![run(1, 70, 30)], behind(60)),
        (vec![run(1, 60, 10)], behind(60)),
        (
            vec![run(1, 60, 40)],
            Continuity::Behind {
                common: 0,
                recovering: false,
            },
        ),
    ] {
        let mut shelf = Shelf::at(&whole, 100);
        shelf.log = log;
        let mut device = Device::new(shelf);
        device.greet(&server);
        let diverged = matches!(common, Continuity::Behind { recovering, .. } if !recovering);
        let fault = device.fault(server.resumed_with(common));
        assert!(fault.is_passing(), "{fault:?}");
        assert_eq!(
            matches!(fault, SyncFault::Diverged { .. }),
            diverged,
            "{fault:?}"
        );
    }
    // The server does not take what it is given.
    for answer in [error(ErrorCode::NotFound), ServerFrame::Restored(60)] {
        let mut shelf = Shelf::at(&whole, 100);
        shelf.log = vec![run(1, 60, 40)];
        let mut device = Device::new(shelf);
        device.greet(&server);
        device.give(server.resumed_with(behind(60)));
        let fault = device.fault(answer);
        assert!(fault.is_passing(), "{fault:?}");
    }
    server.grow(40);
}

#[test]
fn items_beyond_the_shown_head_are_not_given_back() {
    let whole = Server::of_size(100);
    let mut shelf = Shelf::at(&whole, 100);
    shelf.log = vec![run(1, 60, 40), run(1, 100, 1)];
    let mut device = Device::new(shelf);
    device.greet(&whole);
    let frames = device.give(Server::of_size(60).resumed_with(behind(60)));
    let [
        ClientFrame::Restore {
            items, proof: None, ..
        },
    ] = frames.as_slice()
    else {
        panic!("{frames:?}")
    };
    assert_eq!(items.iter().map(Logged::seq).collect::<Vec<_>>(), [60]);
}

#[test]
fn in_a_new_epoch_the_device_turns_compares_and_pushes_what_was_lost() {
    let old = Server::of_size(100);
    let mut device = Device::new(Shelf::at(&old, 100));
    device.shelf.compared = vec![
        heads_of(1, 0, &[]),
        heads_of(2, 1, &[7]),
        heads_of(3, 1, &[8]),
    ];
    let lost = PushItem::Run(signed_run(1, 1, 10));
    device.shelf.lacking = vec![parcel(lost.clone())];
    device.shelf.put(5, PushItem::Run(signed_run(2, 1, 10)));
    device.greet(&old);
    let epoch = EpochId::new([2; 16]);
    let new = Server {
        epoch,
        ..Server::of_size(60)
    };
    let frames = device.give(new.resumed_with(Continuity::NewEpoch {
        from: EPOCH,
        common: 60,
    }));
    let turned = Call::Turn(Turn::Epoch { epoch, common: 60 });
    assert_eq!(device.shelf.calls, [turned, Call::SawHead(60)]);
    let at = Start::At(Cursor { epoch, seq: 60 });
    assert_eq!(resume(&frames), (at, Some(new.head())));
    assert_eq!(
        pushes(&device.give(new.resumed(Some(60)))),
        [],
        "first everything is read"
    );
    let frames = device.give(new.caught_up(60));
    assert_eq!(frames, [ClientFrame::Heads(device.shelf.compared.clone())]);
    // Nothing is known of 1; 3 is equal and left out.
    let frames = device.give(ServerFrame::Heads(vec![heads_of(2, 1, &[6])]));
    assert_eq!(
        device.shelf.told,
        [vec![heads_of(1, 0, &[]), heads_of(2, 1, &[6])]]
    );
    let sent = pushes(&frames);
    assert_eq!(sent[0].1, [lost]);
    assert_eq!(sent[1].1, [PushItem::Run(signed_run(2, 1, 10))]);
}

#[test]
fn an_access_entry_that_is_given_back_and_refused_takes_no_run_along() {
    let old = Server::of_size(100);
    let mut device = Device::new(Shelf::at(&old, 100));
    device.shelf.compared = vec![heads_of(1, 0, &[])];
    device.greet(&old);
    let new = Server {
        epoch: EpochId::new([2; 16]),
        ..Server::of_size(60)
    };
    device.give(new.resumed_with(Continuity::NewEpoch {
        from: EPOCH,
        common: 60,
    }));
    device.give(new.resumed(Some(60)));
    let document = document(1);
    let entry = entry();
    let access = PushItem::Access { document, entry };
    let run = PushItem::Run(signed_run(1, 1, 10));
    device.shelf.lacking = vec![
        parcel(access.clone()),
        parcel(access.clone()),
        parcel(run.clone()),
        parcel(run.clone()),
    ];
    device.give(new.caught_up(60));
    let sent = pushes(&device.give(ServerFrame::Heads(vec![])));
    let together = [
        (1, vec![access.clone(), access]),
        (2, vec![run.clone(), run]),
    ];
    assert_eq!(
        sent, together,
        "a server judges an entry and its run as one"
    );
}

#[test]
fn a_first_sync_under_a_head_from_the_invite_checks_that_head() {
    let server = Server::of_size(30);
    let mut shelf = Shelf::new();
    shelf.head = Some(server.head_at(12));
    let device = Device::following(&server, shelf);
    assert_eq!(device.session.progress().phase, Phase::FirstSync);
    let mut shelf = Shelf::new();
    shelf.head = Some(Server::forked(30).head());
    let mut device = Device::new(shelf);
    device.greet(&server);
    let fault = device.fault(server.resumed(Some(30)));
    assert!(matches!(fault, SyncFault::ForkedLog { .. }), "{fault:?}");
}
