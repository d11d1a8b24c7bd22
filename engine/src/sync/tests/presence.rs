//! Presence on the device: what is said how often, and how little a server can do with it.

use casework_protocol::frame::{
    Activity, Announced, ClientFrame, PRESENCE_SINCE, Present, ServerFrame,
};
use casework_protocol::ids::DeviceId;
use casework_protocol::limits::{
    MAX_ANNOUNCED_DOCUMENTS, MAX_PRESENT_DEVICES, MAX_PRESENT_DOCUMENTS, PRESENCE_AGAIN_MS,
    PRESENCE_EVERY_MS, PRESENCE_LASTS_MS,
};
use proptest::prelude::*;

use super::play::*;
use crate::sync::presence::{Announcement, TYPING_LASTS_MS};

use Activity::{Open, Typing};

/// The words about presence among frames, as (document, activity) and whether it hears.
fn words(frames: &[ClientFrame]) -> Vec<(Vec<(u8, Activity)>, bool)> {
    let word = |frame: &ClientFrame| match frame {
        ClientFrame::Presence { here, hears } => {
            let here = here
                .iter()
                .map(|Announced { document, activity }| (document.as_bytes()[0], *activity));
            Some((here.collect(), *hears))
        }
        _ => None,
    };
    frames.iter().filter_map(word).collect()
}

fn live() -> Device {
    let server = Server::of_size(5);
    let shelf = Shelf::at(&server, 5);
    Device::live(&server, shelf)
}

fn hearing() -> Announcement {
    let mut announcement = Announcement::default();
    announcement.hear(true);
    announcement
}

fn told(n: u8, devices: usize, more: u32) -> ServerFrame {
    let row = |n: usize| Present {
        device: DeviceId::new([n as u8; 32]),
        activity: Open,
    };
    ServerFrame::Presence {
        document: document(n),
        present: (1..=devices).map(row).collect(),
        more,
    }
}

#[test]
fn what_is_open_is_said_at_once_then_at_most_once_a_second_and_again_while_it_lasts() {
    let mut device = live();
    let mut wants = hearing();
    wants.enter(document(1), Open, device.now);
    device.session.announce(wants.clone());
    assert_eq!(words(&device.pump()), [(vec![(1, Open)], true)]);
    for n in 2..5 {
        wants.enter(document(n), Open, device.now);
        device.session.announce(wants.clone());
        assert_eq!(words(&device.pump()), [], "the last word is too fresh");
    }
    let at = device.session.wake_at_ms().unwrap();
    assert_eq!(at, device.now + PRESENCE_EVERY_MS);
    let said = words(&device.wait(PRESENCE_EVERY_MS).unwrap());
    let all = vec![(1, Open), (2, Open), (3, Open), (4, Open)];
    assert_eq!(said, [(all.clone(), true)]);
    assert_eq!(words(&device.wait(PRESENCE_AGAIN_MS - 1).unwrap()), []);
    assert_eq!(words(&device.wait(1).unwrap()), [(all, true)]);
    device.session.announce(hearing());
    device.now += PRESENCE_EVERY_MS;
    assert_eq!(words(&device.pump()), [(vec![], true)]);
    assert_eq!(
        words(&device.wait(PRESENCE_AGAIN_MS).unwrap()),
        [],
        "nothing is repeated"
    );
}

#[test]
fn writing_ends_by_itself_and_so_does_a_glance() {
    let mut device = live();
    let mut wants = hearing();
    wants.enter(document(1), Typing, device.now);
    wants.glance(document(2), device.now + 2 * TYPING_LASTS_MS);
    wants.glance(document(1), device.now + 1);
    device.session.announce(wants);
    let said = words(&device.pump());
    assert_eq!(said, [(vec![(1, Typing), (2, Open)], true)]);
    assert_eq!(
        device.session.wake_at_ms(),
        Some(device.now + TYPING_LASTS_MS)
    );
    let said = words(&device.wait(TYPING_LASTS_MS).unwrap());
    assert_eq!(said, [(vec![(1, Open), (2, Open)], true)]);
    let said = words(&device.wait(TYPING_LASTS_MS).unwrap());
    assert_eq!(
        said,
        [(vec![(1, Open)], true)],
        "what is open stays open after a glance"
    );
}

#[test]
fn of_more_than_fit_the_one_touched_longest_ago_closes() {
    let mut device = live();
    let mut wants = Announcement::default();
    for n in 1..=MAX_ANNOUNCED_DOCUMENTS as u8 {
        wants.enter(document(n), Open, device.now);
    }
    wants.enter(document(1), Open, device.now);
    wants.enter(document(100), Open, device.now);
    device.session.announce(wants);
    let said = words(&device.pump());
    let open: Vec<u8> = said[0].0.iter().map(|(n, _)| *n).collect();
    assert_eq!(open.len(), MAX_ANNOUNCED_DOCUMENTS);
    assert!(open.contains(&1) && open.contains(&100) && !open.contains(&2));
}

#[test]
fn a_server_of_the_first_version_is_told_nothing_and_what_it_says_is_passed_over() {
    let server = Server::of_size(5);
    let mut device = Device::new(Shelf::at(&server, 5));
    let ClientFrame::Hello(hello) = device.hello.clone() else {
        panic!("no hello")
    };
    assert!(hello.version >= PRESENCE_SINCE);
    device.give(server.welcome_speaking(&hello, PRESENCE_SINCE - 1));
    device.give(server.resumed(Some(5)));
    device.give(server.caught_up(5));
    let mut wants = hearing();
    wants.enter(document(1), Open, device.now);
    device.session.announce(wants);
    assert_eq!(words(&device.pump()), []);
    for _ in 0..10 {
        assert_eq!(words(&device.wait(2_000).unwrap()), []);
    }
    device.give(told(1, 1, 0));
    assert!(device.session.is_idle());
}

#[test]
fn what_was_told_ends_by_this_devices_clock_whatever_the_server_does() {
    let mut device = live();
    device.session.announce(hearing());
    device.pump();
    device.give(told(1, 2, 0));
    assert_eq!(device.session.take_presence_news(), [document(1)].into());
    device.give(told(1, 2, 0));
    assert!(
        device.session.take_presence_news().is_empty(),
        "nothing new"
    );
    let until = device.now + PRESENCE_LASTS_MS;
    let mut wakes = 0;
    while device.now < until {
        let at = device.session.wake_at_ms().unwrap().min(until);
        let ms = at.saturating_sub(device.now).max(1);
        for frame in device.wait(ms).unwrap() {
            if let ClientFrame::Ping(number) = frame {
                device.give(ServerFrame::Pong(number));
            }
        }
        wakes += 1;
        assert!(wakes < 100, "it wakes for nothing");
    }
    assert_eq!(device.session.take_presence_news(), [document(1)].into());
    assert_eq!(device.session.heard().documents().count(), 0);

    // A clock that jumps back makes nobody stay.
    device.give(told(1, 2, 0));
    device.now -= 10 * PRESENCE_LASTS_MS;
    device.wait(0).unwrap();
    assert_eq!(device.session.heard().documents().count(), 0);
}

#[test]
fn an_eviction_and_a_closed_ear_forget_what_was_told() {
    let mut device = live();
    device.session.announce(hearing());
    device.pump();
    device.give(told(1, 1, 0));
    device.give(told(2, 1, 0));
    device.session.take_presence_news();
    device.give(ServerFrame::Evict(document(1)));
    assert_eq!(device.session.take_presence_news(), [document(1)].into());
    assert_eq!(
        device.session.heard().documents().collect::<Vec<_>>(),
        [document(2)]
    );
    device.session.announce(Announcement::default());
    assert_eq!(device.session.take_presence_news(), [document(2)].into());
    device.give(told(2, 1, 0));
    assert_eq!(
        device.session.heard().documents().count(),
        0,
        "nobody asked"
    );
}

#[test]
fn a_server_that_says_too_much_costs_a_bounded_memory_and_no_session() {
    let mut device = live();
    device.session.announce(hearing());
    device.pump();
    for n in 0..2_000_u32 {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&n.to_be_bytes());
        let ServerFrame::Presence { present, more, .. } = told(0, 5_000, u32::MAX) else {
            panic!("presence")
        };
        device.give(ServerFrame::Presence {
            document: casework_protocol::ids::DocumentId::new(id),
            present,
            more,
        });
    }
    let heard = device.session.heard();
    assert_eq!(heard.documents().count(), MAX_PRESENT_DOCUMENTS);
    assert!(heard.rows() <= MAX_PRESENT_DOCUMENTS * MAX_PRESENT_DEVICES);
    assert!(device.session.take_presence_news().len() <= MAX_PRESENT_DOCUMENTS);
    assert!(device.session.is_idle(), "it goes on as before");
}

proptest! {
    /// Whatever a server says about presence and whenever, the session goes on, keeps its bounds,
    /// and asks for nothing but what presence asks for.
    #[test]
    fn no_words_about_presence_end_a_session_or_make_it_work(
        said in prop::collection::vec((0..9_u8, 0..50_usize, any::<u32>(), 0..60_000_u64), 1..60),
        hears in any::<bool>(),
    ) {
        let mut device = live();
        let mut wants = Announcement::default();
        wants.hear(hears);
        wants.enter(document(1), Typing, device.now);
        device.session.announce(wants);
        device.pump();
        let calls = device.shelf.calls.len();
        for (n, devices, more, later) in said {
            let frames = device.try_give(told(n, devices, more));
            prop_assert!(frames.is_ok());
            let frames = device.wait(later % 20_000).unwrap();
            for frame in frames {
                match frame {
                    ClientFrame::Ping(number) => drop(device.give(ServerFrame::Pong(number))),
                    ClientFrame::Presence { .. } => {}
                    other => prop_assert!(false, "{other:?}"),
                }
            }
        }
        let written = device.shelf.calls[calls..]
            .iter()
            .filter(|call| !matches!(call, Call::CaughtUp(..)))
            .count();
        prop_assert_eq!(written, 0, "presence writes nothing");
        prop_assert!(device.session.heard().rows() <= 9 * MAX_PRESENT_DEVICES);
        prop_assert!(hears || device.session.heard().rows() == 0);
    }
}
