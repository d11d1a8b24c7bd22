//! The roster: hostile entries, and whole scripts of entries by many devices.
//!
//! Input: a byte that says how. 0: an entry as it travels. 1: bytes that the owner's device signs
//! as the body of an entry. Else a script that is interpreted as entries. After every entry the
//! laws of `laws.rs` must hold; a refused one changes nothing.

use casework_protocol::authority::Received;
use casework_protocol::digest::Tag;
use casework_protocol::entry::{Chain, EntryError, EntryHead, SignedEntry};
use casework_protocol::ids::DocumentId;
use casework_protocol::roster::draft::RosterDraft;
use casework_protocol::roster::entry::{RosterBody, RosterEntry};
use casework_protocol::roster::{Roster, RosterError};
use minicbor::{Decode, Encode};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::casebook::{device, key};
use crate::mutate::mutate_bytes;
use crate::outcome::Outcome;
use crate::script::Script;

mod laws;
mod world;

pub use laws::assert_lawful;
pub use world::{ANA, body, founded, genesis};

/// Most entries of one script: signing and verifying costs some 100 µs each.
const MOST_ENTRIES: usize = 40;

/// Runs one input.
///
/// # Panics
/// When a promise is broken.
#[must_use]
pub fn run(data: &[u8]) -> Outcome {
    match data.split_first() {
        Some((0 | 1, _)) => match first(data) {
            Ok(entry) => offer(entry),
            Err(error) => Outcome::refused(&error),
        },
        Some((_, script)) => play(&mut Script::new(script)),
        None => Outcome::refused(&"").within("Empty"),
    }
}

/// The first check alone: decoding and the author's signature. Nothing for a script.
///
/// # Errors
/// The entries' own.
pub fn first(data: &[u8]) -> Result<RosterEntry, EntryError> {
    let (how, bytes) = data.split_first().unwrap_or((&0, &[]));
    let signed = match how {
        0 => minicbor::decode::<SignedEntry>(bytes)
            .map_err(|error| EntryError::Malformed(error.to_string()))?,
        1 => sign_raw(bytes),
        _ => return Err(EntryError::Malformed("a script".to_owned())),
    };
    signed.verify()
}

/// Bytes that stand where a body belongs.
struct RawBody<'a>(&'a [u8]);

impl Chain for RawBody<'_> {
    const HASH: Tag = Tag::RosterHash;
    const SIGN: Tag = Tag::RosterSign;
}

impl<C> Encode<C> for RawBody<'_> {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.writer_mut()
            .write_all(self.0)
            .map_err(minicbor::encode::Error::write)
    }
}

/// The owner's device signs whatever this is as the entry after the genesis.
fn sign_raw(body: &[u8]) -> SignedEntry {
    let roster = founded();
    let state = roster.head();
    let head = EntryHead {
        workspace: state.workspace(),
        document: DocumentId::new([0; 16]),
        version: state.version() + 1,
        previous: state.head(),
        author: device(ANA),
        claimed_ms: 1,
    };
    SignedEntry::sign(head, RawBody(body), &key(ANA))
}

/// Offers one verified entry to a young roster, and as the genesis of another.
fn offer(entry: RosterEntry) -> Outcome {
    stays(entry.body());
    let received = Received { seq: 5, ms: 2_000 };
    let founding = Roster::found(entry.clone(), received);
    if let Ok(roster) = &founding {
        assert_eq!(roster.workspace().as_bytes(), entry.hash().as_bytes());
        assert_eq!(roster.head().owners().count(), 1);
    }
    let mut roster = founded().clone();
    match apply(&mut roster, entry, received) {
        Ok(kind) => Outcome::accepted(&"").within(&kind),
        Err(error) => Outcome::read(&error).within("Offer"),
    }
}

/// A body is the same after another journey.
fn stays(body: &RosterBody) {
    let bytes = minicbor::to_vec(body).expect("memory takes every byte");
    let again: RosterBody = minicbor::decode(&bytes).expect("what we write, we read");
    assert_eq!(again, *body);
}

/// Applies an entry and checks what must hold, whether it was accepted or not.
fn apply(
    roster: &mut Roster,
    entry: RosterEntry,
    received: Received,
) -> Result<String, RosterError> {
    let before = roster.head().clone();
    let kind = crate::outcome::name_of(entry.body());
    let judged = roster.judge_entry(&entry, received);
    match roster.apply(entry.clone(), received) {
        Ok(after) => {
            assert_eq!(judged, Ok(()), "judged otherwise than applied");
            assert_lawful(&before, &entry, after, received);
            Ok(kind)
        }
        Err(error) => {
            assert_eq!(
                judged.as_ref(),
                Err(&error),
                "judged otherwise than applied"
            );
            assert_eq!(
                *roster.head(),
                before,
                "a refused entry changed something: {error}"
            );
            Err(error)
        }
    }
}

/// Interprets a script as entries, some of them replayed or out of place.
fn play(script: &mut Script<'_>) -> Outcome {
    let mut roster = founded().clone();
    let mut received = Received {
        seq: 0,
        ms: 1_000_000,
    };
    let (mut accepted, mut last) = (0_usize, String::from("Nothing"));
    let mut past: Vec<SignedEntry> = Vec::new();
    for _ in 0..MOST_ENTRIES {
        if script.is_over() {
            break;
        }
        received = later(received, script);
        let signed = next_entry(&roster, script, &past);
        let Ok(entry) = signed.clone().verify::<RosterBody>() else {
            continue;
        };
        past.push(signed);
        match apply(&mut roster, entry, received) {
            Ok(_) => accepted += 1,
            Err(error) => last = crate::outcome::name_of(&error),
        }
    }
    assert_replays(&roster);
    let depth = if accepted > 0 {
        crate::Depth::Accepted
    } else {
        crate::Depth::Read
    };
    Outcome::of(depth, format!("Script.{}.{last}", accepted.min(8)))
}

fn later(received: Received, script: &mut Script<'_>) -> Received {
    let step = u64::from(script.byte());
    Received {
        seq: received.seq + step % 3,
        ms: received.ms + 100 * step,
    }
}

/// Mostly a draft onto the head; now and then an old entry again, or one onto an old version.
fn next_entry(roster: &Roster, script: &mut Script<'_>, past: &[SignedEntry]) -> SignedEntry {
    let how = script.byte();
    if how < 12 && !past.is_empty() {
        return script.pick(past).clone();
    }
    let (author, body) = body(roster.head(), script);
    let draft = RosterDraft {
        body,
        claimed_ms: 1,
    };
    let onto = if how < 24 {
        roster.at(1 + u64::from(how) % roster.head().version())
    } else {
        None
    };
    draft.sign(onto.unwrap_or(roster.head()), &key(author))
}

/// The roster is a function of its entries and their times.
fn assert_replays(roster: &Roster) {
    let entries = roster
        .entries()
        .map(|(entry, received)| (entry.clone(), received));
    let again = Roster::replay(entries).expect("what was accepted once is accepted again");
    assert_eq!(
        again.head(),
        roster.head(),
        "the same entries made another roster"
    );
    assert_eq!(again.cite(), roster.cite());
}

/// Honest entries as they travel, their bodies, and scripts.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let mut script_bytes: Vec<u8> = Vec::new();
    for kind in 0..=u8::MAX {
        script_bytes.extend([
            200,
            kind.wrapping_mul(37),
            kind,
            kind.wrapping_mul(91),
            1,
            0,
        ]);
    }
    for piece in script_bytes.chunks(180) {
        seeds.push([&[2][..], piece].concat());
    }
    let mut script = Script::new(&script_bytes);
    let mut kinds = std::collections::BTreeSet::new();
    while !script.is_over() {
        let (author, body) = body(founded().head(), &mut script);
        if kinds.insert(crate::outcome::name_of(&body)) {
            let encoded = minicbor::to_vec(&body).expect("memory takes every byte");
            seeds.push([&[1][..], &encoded].concat());
            let signed = RosterDraft {
                body,
                claimed_ms: 1,
            }
            .sign(founded().head(), &key(author));
            let encoded = minicbor::to_vec(&signed).expect("memory takes every byte");
            seeds.push([&[0][..], &encoded].concat());
        }
    }
    seeds
}

/// Alters any bytes; scripts also get longer.
pub fn mutate(data: &mut Vec<u8>, other: &[u8], dice: &mut ChaCha8Rng) {
    let Some((how, bytes)) = data.split_first() else {
        return mutate_bytes(data, other, dice);
    };
    let (how, mut bytes) = (*how, bytes.to_vec());
    if how > 1 && dice.random_ratio(1, 2) {
        bytes.extend((0..dice.random_range(6..60)).map(|_| dice.random::<u8>()));
    } else {
        mutate_bytes(&mut bytes, other.get(1..).unwrap_or_default(), dice);
    }
    *data = [&[how][..], &bytes].concat();
}

/// Whether a value decodes to itself again; for the other targets with entries.
pub(crate) fn decodes<T: PartialEq + Encode<()> + for<'b> Decode<'b, ()>>(value: &T) -> bool {
    let bytes = minicbor::to_vec(value).expect("memory takes every byte");
    minicbor::decode::<T>(&bytes).is_ok_and(|again| again == *value)
}
