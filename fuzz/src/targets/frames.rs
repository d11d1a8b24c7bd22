//! Frames of both sides: decoding, and what the next room does with what is in them.
//!
//! Input: an even byte for a device's frame, an odd one for a server's; then the message. What
//! decodes must encode to something that decodes to the same and then never changes again.

use core::fmt::Debug;

use casework_protocol::access::entry::AccessBody;
use casework_protocol::entry::SignedEntry;
use casework_protocol::frame::handshake::{Hello, check_prove, check_welcome};
use casework_protocol::frame::{
    Channel, ClientFrame, FrameError, Logged, PushItem, ServerFrame, decode, encode,
};
use casework_protocol::log::{EntryKind, SignedHead};
use casework_protocol::roster::entry::RosterBody;
use casework_protocol::seal::{SealError, SignedRun};
use minicbor::{Decode, Encode};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::casebook::{WORKSPACE, key};
use crate::mutate::mutate_bytes;
use crate::outcome::Outcome;

mod seeds;

pub use seeds::seeds;

/// A frame of either side.
#[derive(Debug)]
pub enum Frame {
    /// From a device.
    Client(ClientFrame),
    /// From a server.
    Server(ServerFrame),
}

/// Runs one input.
///
/// # Panics
/// When a promise is broken.
#[must_use]
pub fn run(data: &[u8]) -> Outcome {
    match first(data) {
        Err(error) => Outcome::refused(&error),
        Ok(Frame::Client(frame)) => {
            stays(&frame);
            open_client(&frame)
        }
        Ok(Frame::Server(frame)) => {
            stays(&frame);
            open_server(&frame)
        }
    }
}

/// The first check alone: decoding.
///
/// # Errors
/// The frames' own.
pub fn first(data: &[u8]) -> Result<Frame, FrameError> {
    let (side, message) = data.split_first().unwrap_or((&0, &[]));
    if side % 2 == 0 {
        decode(message).map(Frame::Client)
    } else {
        decode(message).map(Frame::Server)
    }
}

/// Encoding and decoding changes nothing.
fn stays<F: Debug + PartialEq + Encode<()> + for<'b> Decode<'b, ()>>(frame: &F) {
    let bytes = encode(frame);
    let again: F = decode(&bytes).unwrap_or_else(|error| panic!("{error}: {frame:?}"));
    assert_eq!(again, *frame, "encoding changed the frame");
    assert_eq!(encode(&again), bytes, "encoding is not stable");
}

fn open_client(frame: &ClientFrame) -> Outcome {
    match frame {
        ClientFrame::Prove(prove) => {
            let hello = Hello {
                version: 1,
                workspace: WORKSPACE,
                nonce: [1; 16],
            };
            let proved = check_prove(&hello, Channel::Plain, &[9; 16], key(9).server(), prove);
            Outcome::read(&proved).within("Prove")
        }
        ClientFrame::Push { items, .. } => first_of(items.iter().map(open_item)).within("Push"),
        ClientFrame::Restore {
            head,
            items,
            purges,
            ..
        } => {
            open_head(head);
            if let Ok(head) = head.clone().verify(key(9).server(), WORKSPACE) {
                // The seeds' head is over no log at all: nothing stands under it.
                let mut purges = purges.iter().flatten();
                assert!(purges.all(|purge| purge.verify(&head).is_err()));
            }
            first_of(items.iter().map(open_logged)).within("Restore")
        }
        ClientFrame::Hello(_)
        | ClientFrame::Resume { .. }
        | ClientFrame::Credit(_)
        | ClientFrame::Fetch { .. }
        | ClientFrame::ProveInclusion(_)
        | ClientFrame::Piece { .. }
        | ClientFrame::Heads(_)
        | ClientFrame::Ping(_)
        | ClientFrame::Presence { .. } => Outcome::accepted(frame),
    }
}

fn open_server(frame: &ServerFrame) -> Outcome {
    match frame {
        ServerFrame::Welcome(welcome) => {
            let hello = Hello {
                version: 1,
                workspace: WORKSPACE,
                nonce: [1; 16],
            };
            Outcome::read(&check_welcome(&hello, Channel::Plain, welcome)).within("Welcome")
        }
        ServerFrame::Resumed { head, .. } | ServerFrame::CaughtUp { head, .. } => {
            Outcome::accepted(&open_head(head)).within("Head")
        }
        ServerFrame::Entries { items, .. } => {
            first_of(items.iter().map(open_logged)).within("Entries")
        }
        ServerFrame::Piece { .. }
        | ServerFrame::Document { .. }
        | ServerFrame::Evict(_)
        | ServerFrame::Answers { .. }
        | ServerFrame::Inclusion(_)
        | ServerFrame::Heads(_)
        | ServerFrame::Restored(_)
        | ServerFrame::Kept { .. }
        | ServerFrame::Pong(_)
        | ServerFrame::Presence { .. }
        | ServerFrame::Error { .. } => Outcome::accepted(frame),
    }
}

fn first_of(outcomes: impl Iterator<Item = Outcome>) -> Outcome {
    // Every item is opened; the first one names the kind.
    let mut all: Vec<Outcome> = outcomes.collect();
    if all.is_empty() {
        Outcome::accepted(&"").within("Nothing")
    } else {
        all.swap_remove(0)
    }
}

fn open_item(item: &PushItem) -> Outcome {
    match item {
        PushItem::Run(run) => open_run(run),
        PushItem::Roster(entry) => open_entry(entry),
        PushItem::Access { entry, .. } => open_entry(entry),
    }
}

fn open_logged(item: &Logged) -> Outcome {
    assert!(
        item.seq() <= u64::MAX - item.len() || !item.is_empty(),
        "{item:?}"
    );
    match item {
        Logged::Run(run) => open_run(&run.run),
        Logged::Equivocation { run, .. } => open_run(run),
        Logged::Roster { entry, .. } | Logged::Access { entry, .. } => open_entry(entry),
        Logged::Withheld { .. } => Outcome::accepted(item),
        Logged::Purged { kind, entries, .. } => {
            let leaves = item.leaves();
            let content = matches!(kind, EntryKind::Change | EntryKind::Equivocation);
            assert!(
                leaves.is_none() || content,
                "a purge took an entry of authority"
            );
            assert!(leaves.is_none_or(|leaves| leaves.len() == entries.len()));
            Outcome::accepted(item)
        }
    }
}

/// A run that passes is a chain of one device, in its own order, under its own signature.
fn open_run(run: &SignedRun) -> Outcome {
    let verified = match run.clone().check(WORKSPACE).map(|checked| checked.verify()) {
        Ok(Ok(verified)) => verified,
        Ok(Err(key)) => return Outcome::read(&SealError::from(key)).within("Run"),
        Err(error) => return Outcome::read(&error).within("Run"),
    };
    let changes = verified.changes();
    assert!(!changes.is_empty());
    for pair in changes.windows(2) {
        let (one, next) = (pair[0].header(), pair[1].header());
        assert_eq!((next.actor, next.seq), (one.actor, one.seq + 1));
        assert!(next.deps.contains(&one.hash) && next.start_op > one.max_op());
    }
    assert_eq!(
        verified.to_signed(),
        *run,
        "a verified run travels on unchanged"
    );
    Outcome::accepted(&"").within("Run")
}

fn open_entry(entry: &SignedEntry) -> Outcome {
    let roster = entry.clone().verify::<RosterBody>();
    let access = entry.clone().verify::<AccessBody>();
    assert!(
        roster.is_err() || access.is_err(),
        "one signature holds for two kinds of entry"
    );
    match (roster, access) {
        (Ok(_), _) => Outcome::accepted(&"").within("Roster"),
        (_, Ok(_)) => Outcome::accepted(&"").within("Access"),
        (Err(error), Err(_)) => Outcome::read(&error).within("Entry"),
    }
}

fn open_head(head: &SignedHead) -> bool {
    let server = key(9).server();
    match head.clone().verify(server, WORKSPACE) {
        Ok(verified) => {
            assert_eq!(verified.server(), server);
            assert_eq!(verified.head().workspace, WORKSPACE);
            assert_eq!(verified.signed(), head);
            true
        }
        Err(_) => false,
    }
}

/// Alters any bytes; now and then the side.
pub fn mutate(data: &mut Vec<u8>, other: &[u8], dice: &mut ChaCha8Rng) {
    let Some((side, message)) = data.split_first() else {
        return mutate_bytes(data, other, dice);
    };
    let side = if dice.random_ratio(1, 40) {
        side ^ 1
    } else {
        *side
    };
    let mut message = message.to_vec();
    mutate_bytes(&mut message, other.get(1..).unwrap_or_default(), dice);
    *data = [&[side][..], &message].concat();
}
