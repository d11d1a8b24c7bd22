//! Access records: hostile entries, and scripts of entries of the roster and of one record.
//!
//! Input: as for the roster. After a script the verdicts of the relay, which look only where a
//! right may have been lost, are compared with a walk through every version.

use casework_protocol::access::draft::AccessDraft;
use casework_protocol::access::entry::{AccessBody, AccessEntry};
use casework_protocol::access::{AccessError, AccessRecord};
use casework_protocol::authority::{Authority, Received};
use casework_protocol::citation::{Citation, CitedVersion};
use casework_protocol::digest::Tag;
use casework_protocol::entry::{Chain, EntryError, EntryHead, SignedEntry};
use casework_protocol::ids::DocumentId;
use casework_protocol::rights::Verdict;
use casework_protocol::roster::Roster;
use minicbor::Encode;
use rand_chacha::ChaCha8Rng;

use crate::casebook::{device, key};
use crate::outcome::{Depth, Outcome, name_of};
use crate::script::Script;
use crate::targets::roster;

mod laws;
mod world;

use laws::assert_lawful;
use world::{ANA, body, opened, staffed};

const WEEK_MS: u64 = 7 * 24 * 60 * 60 * 1_000;
/// Most entries of one script.
const MOST_ENTRIES: usize = 30;

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
pub fn first(data: &[u8]) -> Result<AccessEntry, EntryError> {
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
    const HASH: Tag = Tag::AccessHash;
    const SIGN: Tag = Tag::AccessSign;
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

fn sign_raw(body: &[u8]) -> SignedEntry {
    let state = opened().head();
    let head = EntryHead {
        workspace: state.workspace(),
        document: state.document(),
        version: state.version() + 1,
        previous: state.head(),
        author: device(ANA),
        claimed_ms: 1,
    };
    SignedEntry::sign(head, RawBody(body), &key(ANA))
}

fn offer(entry: AccessEntry) -> Outcome {
    assert!(
        roster::decodes(entry.body()),
        "a body is another one after a journey"
    );
    let received = Received {
        seq: 900,
        ms: 2_000,
    };
    if let Ok(record) = AccessRecord::found(entry.clone(), received, staffed()) {
        let id = DocumentId::from_slice(&entry.hash().as_bytes()[..16]);
        assert_eq!(
            Some(record.document()),
            id,
            "a document is named by its genesis"
        );
    }
    let mut record = opened().clone();
    let kind = match entry.body() {
        AccessBody::Genesis { .. } | AccessBody::Change { .. } => "Change",
        AccessBody::RequestPurge { .. } | AccessBody::CancelPurge | AccessBody::Purge => "Purging",
    };
    match apply(&mut record, entry, received, staffed()) {
        Ok(()) => Outcome::accepted(&"").within(kind),
        Err(error) => Outcome::read(&error).within("Offer"),
    }
}

/// Applies an entry and checks what must hold, whether it was accepted or not.
fn apply(
    record: &mut AccessRecord,
    entry: AccessEntry,
    received: Received,
    roster: &Roster,
) -> Result<(), AccessError> {
    let before = record.head().clone();
    let judged = record.judge_entry(&entry, received, roster);
    match record.apply(entry.clone(), received, roster) {
        Ok(after) => {
            assert_eq!(judged, Ok(()), "judged otherwise than applied");
            let roster = roster.in_force(received.seq);
            assert_lawful((&before, after), &entry, (received, roster));
            Ok(())
        }
        Err(error) => {
            assert_eq!(
                judged.as_ref(),
                Err(&error),
                "judged otherwise than applied"
            );
            assert_eq!(
                *record.head(),
                before,
                "a refused entry changed something: {error}"
            );
            Err(error)
        }
    }
}

/// Interprets a script: entries of the roster and of the record in one log.
fn play(script: &mut Script<'_>) -> Outcome {
    let (mut roster, mut record) = (staffed().clone(), opened().clone());
    let mut received = Received {
        seq: 900,
        ms: 2_000_000,
    };
    let (mut accepted, mut last) = (0_usize, String::from("Nothing"));
    for _ in 0..MOST_ENTRIES {
        if script.is_over() {
            break;
        }
        // Now and then a week passes, so that purges come due.
        let passed = if script.below(4) == 0 { WEEK_MS } else { 1_000 };
        received = Received {
            seq: received.seq + 1,
            ms: received.ms + passed,
        };
        let error = if script.below(3) == 0 {
            roster_step(&mut roster, received, script)
        } else {
            let (author, body) = body(script);
            let signed = AccessDraft {
                body,
                claimed_ms: 1,
            }
            .sign(record.head(), &key(author));
            let entry = signed.verify().expect("it was signed by its author");
            apply(&mut record, entry, received, &roster)
                .err()
                .map(|error| name_of(&error))
        };
        match error {
            None => accepted += 1,
            Some(error) => last = error,
        }
    }
    assert_replays(&record, &roster);
    assert_verdicts(&roster, &record, received.seq + 1, script);
    let depth = if accepted > 0 {
        Depth::Accepted
    } else {
        Depth::Read
    };
    Outcome::of(depth, format!("Script.{}.{last}", accepted.min(8)))
}

fn roster_step(roster: &mut Roster, received: Received, script: &mut Script<'_>) -> Option<String> {
    let (author, body) = roster::body(roster.head(), script);
    let draft = casework_protocol::roster::draft::RosterDraft {
        body,
        claimed_ms: 1,
    };
    let entry = draft
        .sign(roster.head(), &key(author))
        .verify()
        .expect("its author signed it");
    roster
        .apply(entry, received)
        .err()
        .map(|error| name_of(&error))
}

fn assert_replays(record: &AccessRecord, roster: &Roster) {
    let entries = record
        .entries()
        .map(|(entry, received)| (entry.clone(), received));
    let again = AccessRecord::replay(entries, roster).expect("accepted once, accepted again");
    assert_eq!(
        again.head(),
        record.head(),
        "the same entries made another record"
    );
}

/// Compares the verdicts with a walk through every pair of versions.
fn assert_verdicts(roster: &Roster, record: &AccessRecord, end: u64, script: &mut Script<'_>) {
    let authority = Authority {
        roster,
        access: record,
    };
    for _ in 0..4 {
        let cited = 1 + script.below(roster.head().version() as usize) as u64;
        let access = 1 + script.below(record.head().version() as usize) as u64;
        let arrival = end - script.below(40).min(end as usize) as u64;
        let (Some(cited), Some(access)) = (cite_roster(roster, cited), cite_access(record, access))
        else {
            continue;
        };
        let citation = Citation {
            roster: cited,
            access,
        };
        let Ok(walk) = authority.walk(&citation, arrival) else {
            continue;
        };
        let moments: Vec<_> = walk.collect();
        for n in 0..7 {
            let views: Vec<bool> = moments
                .iter()
                .map(|(_, standing)| standing.views(device(n)))
                .collect();
            let verdict = authority.relay_verdict(&citation, device(n), arrival);
            let naive = match (views[0], views.iter().position(|views| !views)) {
                (false, _) => Verdict::Denied,
                (true, Some(at)) => Verdict::Reduced(moments[at].0),
                (true, None) => Verdict::Allowed,
            };
            assert_eq!(
                verdict,
                Ok(naive),
                "device {n} citing {citation:?} at {arrival}"
            );
        }
    }
}

fn cite_roster(roster: &Roster, version: u64) -> Option<CitedVersion> {
    Some(roster.at(version)?.cite())
}

fn cite_access(record: &AccessRecord, version: u64) -> Option<CitedVersion> {
    Some(record.at(version)?.cite())
}

/// Honest entries as they travel, their bodies, and scripts.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let script_bytes: Vec<u8> = (0..720_u32).map(|n| (n * n / 3 + 7 * n) as u8).collect();
    for piece in script_bytes.chunks(120) {
        seeds.push([&[2][..], piece].concat());
    }
    let mut script = Script::new(&script_bytes);
    for _ in 0..6 {
        let (author, body) = body(&mut script);
        let encoded = minicbor::to_vec(&body).expect("memory takes every byte");
        seeds.push([&[1][..], &encoded].concat());
        let signed = AccessDraft {
            body,
            claimed_ms: 1,
        }
        .sign(opened().head(), &key(author));
        let encoded = minicbor::to_vec(&signed).expect("memory takes every byte");
        seeds.push([&[0][..], &encoded].concat());
    }
    let (genesis, _) = opened().entries().next().expect("a record has a genesis");
    let encoded = minicbor::to_vec(genesis.signed()).expect("memory takes every byte");
    seeds.push([&[0][..], &encoded].concat());
    seeds
}

/// As for the roster.
pub fn mutate(data: &mut Vec<u8>, other: &[u8], dice: &mut ChaCha8Rng) {
    roster::mutate(data, other, dice);
}

/// A body of an access record, for the laws.
pub(crate) type Body = AccessBody;
