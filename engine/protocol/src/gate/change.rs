//! Layer 1 for one change: an uncompressed change chunk and nothing else, made by its device.
//!
//! Invariant: only [`check_change`] makes a [`CheckedChange`], and its header is read from the
//! very bytes it holds.

use crate::actor::belongs_to;
use crate::ids::{ActorId, ChangeHash, DeviceId, DocumentId, WorkspaceId};
use crate::limits::{
    MAX_CHANGE_ACTORS, MAX_CHANGE_BYTES, MAX_CHANGE_DEPS, MAX_CLAIMED_TIME_MS, MAX_MESSAGE_BYTES,
    MAX_OP_COUNTER,
};

use super::GateError;
use super::chunk::{ChunkType, open_chunk};
use super::leb::{Reader, within};
use super::operations::{CHANGE_COLUMNS, Frame, check_operations};

/// Where a change says it belongs and who sent it: what its envelope claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The document inside it.
    pub document: DocumentId,
    /// The device that signed it.
    pub device: DeviceId,
}

/// What a change says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeHeader {
    /// The SHA-256 of type, length and content.
    pub hash: ChangeHash,
    /// Who wrote it; derived from its origin.
    pub actor: ActorId,
    /// Its number among the actor's changes, from 1.
    pub seq: u32,
    /// The counter of its first operation, from 1.
    pub start_op: u32,
    /// How many operations it has; 0 for a change that only joins branches.
    pub op_count: u32,
    /// The changes it builds on, ascending.
    pub deps: Vec<ChangeHash>,
    /// The time its author claims, in milliseconds since 1970.
    pub time_ms: i64,
    /// Its commit message; empty when it has none.
    pub message: String,
    /// The other actors its operations name, ascending.
    pub other_actors: Vec<ActorId>,
    /// The author it names: its device, at seq 1 only.
    pub author: Option<DeviceId>,
}

impl ChangeHeader {
    /// The counter of its last operation; one less than `start_op` when it has none.
    #[must_use]
    pub fn max_op(&self) -> u32 {
        // `check_change` holds the sum against the counter limit; start_op is at least 1.
        self.start_op - 1 + self.op_count
    }
}

/// A change that passed layer 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedChange {
    origin: Origin,
    header: ChangeHeader,
    bytes: Vec<u8>,
}

impl CheckedChange {
    /// Where it belongs and whose it is, as checked.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What it says about itself.
    #[must_use]
    pub fn header(&self) -> &ChangeHeader {
        &self.header
    }

    /// The whole chunk.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The whole chunk, given away.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Checks the bytes of one change against nothing but themselves and their origin.
///
/// # Errors
/// [`GateError`] naming the first thing that is wrong; the bytes must not be applied or stored as
/// a change.
pub fn check_change(origin: &Origin, bytes: Vec<u8>) -> Result<CheckedChange, GateError> {
    if bytes.len() > MAX_CHANGE_BYTES {
        return Err(GateError::TooLong {
            bytes: bytes.len(),
            limit: MAX_CHANGE_BYTES,
        });
    }
    let header = read_change(origin, &bytes)?;
    Ok(CheckedChange {
        origin: *origin,
        header,
        bytes,
    })
}

/// The hash of the one change chunk that the bytes are, checksum compared; nothing else is judged.
/// `None` when they are no such chunk.
#[must_use]
pub fn chunk_hash(bytes: &[u8]) -> Option<ChangeHash> {
    let (_, hash) = open_chunk(bytes, ChunkType::Change).ok()?;
    Some(ChangeHash::new(hash))
}

fn read_change(origin: &Origin, bytes: &[u8]) -> Result<ChangeHeader, GateError> {
    let (mut reader, hash) = open_chunk(bytes, ChunkType::Change)?;
    let mut header = read_header(&mut reader, hash)?;
    if !belongs_to(
        header.actor,
        origin.workspace,
        origin.document,
        origin.device,
    ) {
        return Err(GateError::ForeignActor {
            actor: header.actor,
            device: origin.device,
        });
    }
    let listing = CHANGE_COLUMNS.list(&mut reader)?;
    let columns = CHANGE_COLUMNS.take(&listing, &mut reader)?;
    header.author = read_author(header.seq, origin.device, reader.rest())?;
    let frame = Frame {
        actor: header.actor,
        others: &header.other_actors,
        start_op: header.start_op,
    };
    header.op_count = check_operations(&columns, &frame)?;
    let max_op = u64::from(header.start_op) - 1 + u64::from(header.op_count);
    within("operation counter", max_op, MAX_OP_COUNTER)?;
    Ok(header)
}

/// Reads everything up to the columns; author and operation count come later.
fn read_header(reader: &mut Reader<'_>, hash: [u8; 32]) -> Result<ChangeHeader, GateError> {
    let deps = read_ascending(reader, "dependencies", MAX_CHANGE_DEPS, |reader| {
        reader.array("dependencies").map(ChangeHash::new)
    })?;
    let actor = read_actor(reader)?;
    let seq = read_positive(reader, "sequence number", u64::from(u32::MAX))?;
    let start_op = read_positive(reader, "operation counter", MAX_OP_COUNTER)?;
    if seq > 1 && deps.is_empty() {
        return Err(GateError::NoPredecessor {
            seq: u64::from(seq),
        });
    }
    let time_ms = reader.signed("time")?;
    check_time(time_ms)?;
    let length = reader.count("message", MAX_MESSAGE_BYTES as u64)?;
    let message = core::str::from_utf8(reader.take("message", length)?)
        .map_err(|_| GateError::Text { part: "message" })?
        .to_owned();
    let other_actors = read_ascending(reader, "other actors", MAX_CHANGE_ACTORS, read_actor)?;
    if let Ok(place) = other_actors.binary_search(&actor) {
        return Err(GateError::Order {
            part: "other actors",
            place,
        });
    }
    Ok(ChangeHeader {
        hash: ChangeHash::new(hash),
        actor,
        seq,
        start_op,
        op_count: 0,
        deps,
        time_ms,
        message,
        other_actors,
        author: None,
    })
}

/// Reads a counted list whose entries must ascend strictly.
pub(super) fn read_ascending<T: Ord>(
    reader: &mut Reader<'_>,
    part: &'static str,
    limit: usize,
    mut read: impl FnMut(&mut Reader<'_>) -> Result<T, GateError>,
) -> Result<Vec<T>, GateError> {
    let count = reader.count(part, limit as u64)?;
    // Every entry takes 24 bytes or more, so a count the bytes cannot hold reserves nothing.
    let wanted = count * ActorId::LEN as u64;
    if wanted > reader.left() as u64 {
        return Err(GateError::Truncated {
            part,
            wanted,
            left: reader.left(),
        });
    }
    let mut entries = Vec::with_capacity(count as usize);
    for place in 0..count as usize {
        let entry = read(reader)?;
        if entries.last().is_some_and(|last| *last >= entry) {
            return Err(GateError::Order { part, place });
        }
        entries.push(entry);
    }
    Ok(entries)
}

pub(super) fn read_actor(reader: &mut Reader<'_>) -> Result<ActorId, GateError> {
    let bytes = reader.unsigned("actor")?;
    if bytes != ActorId::LEN as u64 {
        return Err(GateError::ActorLength { bytes });
    }
    reader.array("actor").map(ActorId::new)
}

/// Whether a claimed time lies within the calendar; far beyond it, differences overflow.
pub(super) fn check_time(time_ms: i64) -> Result<(), GateError> {
    if time_ms.unsigned_abs() > MAX_CLAIMED_TIME_MS {
        return Err(GateError::Range {
            part: "time",
            value: time_ms,
        });
    }
    Ok(())
}

/// The footer that names an author: kind 1, length, device.
pub(super) fn parse_author(footer: &[u8]) -> Option<DeviceId> {
    DeviceId::from_slice(footer.strip_prefix(&[1, DeviceId::LEN as u8])?)
}

fn read_author(seq: u32, device: DeviceId, footer: &[u8]) -> Result<Option<DeviceId>, GateError> {
    if seq > 1 {
        return match footer.len() {
            0 => Ok(None),
            bytes => Err(GateError::Extra {
                seq: u64::from(seq),
                bytes: bytes as u64,
            }),
        };
    }
    let author = parse_author(footer).ok_or(GateError::AuthorMissing {
        bytes: footer.len(),
    })?;
    if author != device {
        return Err(GateError::AuthorDiffers { author, device });
    }
    Ok(Some(author))
}

fn read_positive(
    reader: &mut Reader<'_>,
    part: &'static str,
    limit: u64,
) -> Result<u32, GateError> {
    match reader.count(part, limit)? {
        0 => Err(GateError::Range { part, value: 0 }),
        number => Ok(u32::try_from(number).expect("the limits fit")),
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::super::forge::honest::{
        actor_of, first_change, origin, random_documents, small_document,
    };
    use super::super::forge::{Column, ForgedChange, reseal, seal};
    use super::*;

    #[test]
    fn every_change_the_document_library_makes_is_accepted() {
        for seed in 0..25 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            for doc in random_documents(&mut rng, 60) {
                for change in doc.get_changes(&[]) {
                    let device = (1..5).find(|device| {
                        actor_of(&origin(*device), *device).as_bytes()
                            == change.actor_id().to_bytes()
                    });
                    let origin = origin(device.unwrap());
                    let checked = check_change(&origin, change.raw_bytes().to_vec())
                        .unwrap_or_else(|error| {
                            panic!("seed {seed}: {error}: {:#?}", change.decode())
                        });
                    agrees(checked.header(), &change);
                    assert_eq!(checked.bytes(), change.raw_bytes());
                }
            }
        }
    }

    fn agrees(header: &ChangeHeader, change: &automerge::Change) {
        assert_eq!(header.hash.as_bytes(), &change.hash().0);
        assert_eq!(u64::from(header.seq), change.seq());
        assert_eq!(u64::from(header.start_op), change.start_op().get());
        assert_eq!(header.op_count as usize, change.len());
        assert_eq!(u64::from(header.max_op()), change.max_op());
        assert_eq!(header.time_ms, change.timestamp());
        assert_eq!(header.message, change.message().unwrap_or(""));
        assert!(
            header
                .deps
                .iter()
                .map(|dep| *dep.as_bytes())
                .eq(change.deps().iter().map(|dep| dep.0))
        );
        let others = change
            .other_actor_ids()
            .iter()
            .map(|actor| actor.to_bytes());
        assert!(
            header
                .other_actors
                .iter()
                .map(|actor| &actor.as_bytes()[..])
                .eq(others)
        );
        let author = change.author().map(|author| author.as_bytes().to_vec());
        assert_eq!(
            header.author.map(|author| author.as_bytes().to_vec()),
            author
        );
    }

    /// An honest first change in parts: make list, insert "a", insert true, counter 5, "hello".
    fn first() -> ForgedChange {
        ForgedChange::of(&first_change().1)
    }

    /// An honest second change in parts that names another actor.
    fn second() -> ForgedChange {
        let (_, doc) = small_document();
        let change = doc
            .get_changes(&[])
            .into_iter()
            .find(|change| change.seq() == 2)
            .unwrap();
        ForgedChange::of(change.raw_bytes())
    }

    fn check(bytes: Vec<u8>) -> Result<CheckedChange, GateError> {
        check_change(&origin(3), bytes)
    }

    fn refused(change: &ForgedChange) -> GateError {
        check(change.seal()).unwrap_err()
    }

    #[test]
    fn a_change_taken_apart_and_put_together_is_accepted() {
        assert_eq!(first().seal(), first_change().1);
        let header = check(first().seal()).unwrap().header().clone();
        assert_eq!((header.seq, header.start_op, header.op_count), (1, 1, 5));
        assert_eq!(header.author, Some(origin(3).device));
        let header = check(second().seal()).unwrap().header().clone();
        assert_eq!(
            (header.seq, header.deps.len(), header.other_actors.len()),
            (2, 2, 1)
        );
        assert_eq!(header.author, None);
    }

    #[test]
    fn bytes_that_are_no_change_chunk_are_refused() {
        let bytes = first_change().1;
        assert!(matches!(
            check(Vec::new()),
            Err(GateError::Truncated { .. })
        ));
        let mut other = bytes.clone();
        other[0] = 0;
        assert!(matches!(check(other), Err(GateError::Magic { .. })));
        for found in [0, 2, 3, 9] {
            let expected = GateError::ChunkType { found, expected: 1 };
            assert_eq!(check(seal(found, &bytes[11..])), Err(expected));
        }
        let limit = MAX_CHANGE_BYTES;
        let expected = GateError::TooLong {
            bytes: limit + 1,
            limit,
        };
        assert_eq!(check(vec![0; limit + 1]), Err(expected));
    }

    #[test]
    fn a_change_that_ends_early_or_late_is_refused_wherever_it_is_cut() {
        let bytes = first_change().1;
        for end in 0..bytes.len() {
            assert!(matches!(
                check(bytes[..end].to_vec()),
                Err(GateError::Truncated { .. })
            ));
        }
        let mut long = bytes.clone();
        long.push(0);
        assert!(matches!(
            check(long),
            Err(GateError::Trailing { bytes: 1, .. })
        ));
        let twice = [bytes.clone(), bytes].concat();
        assert!(matches!(check(twice), Err(GateError::Trailing { .. })));
    }

    #[test]
    fn any_altered_bit_fails_the_checksum_or_earlier() {
        let bytes = first_change().1;
        for at in 4..bytes.len() {
            for bit in 0..8 {
                let mut altered = bytes.clone();
                altered[at] ^= 1 << bit;
                assert!(check(altered).is_err(), "byte {at} bit {bit}");
            }
        }
        let mut altered = bytes.clone();
        altered[4] ^= 1;
        assert!(matches!(check(altered), Err(GateError::Checksum { .. })));
    }

    #[test]
    fn a_length_spelled_longer_than_needed_is_refused() {
        // Same content, same meaning, other bytes: it must not exist.
        let bytes = first_change().1;
        let content = &bytes[11..];
        let mut long = bytes[..9].to_vec();
        long.extend([bytes[9] | 0x80, bytes[10] | 0x80, 0]);
        long.extend_from_slice(content);
        reseal(&mut long);
        assert_eq!(check(long), Err(GateError::Number { part: "chunk" }));
    }

    #[test]
    fn a_change_moved_to_another_document_workspace_or_device_is_refused() {
        let (here, bytes) = first_change();
        let foreign = |origin: Origin| {
            matches!(
                check_change(&origin, bytes.clone()),
                Err(GateError::ForeignActor { .. })
            )
        };
        assert!(foreign(Origin {
            document: DocumentId::new([9; 16]),
            ..here
        }));
        assert!(foreign(Origin {
            workspace: WorkspaceId::new([9; 32]),
            ..here
        }));
        assert!(foreign(Origin {
            device: DeviceId::new([9; 32]),
            ..here
        }));
        let mut short = first();
        short.actor.truncate(16);
        assert_eq!(refused(&short), GateError::ActorLength { bytes: 16 });
    }

    #[test]
    fn dependencies_out_of_order_twice_or_too_many_are_refused() {
        let order = |place| GateError::Order {
            part: "dependencies",
            place,
        };
        let mut change = second();
        change.deps.reverse();
        assert_eq!(refused(&change), order(1));
        change.deps = vec![vec![1; 32], vec![1; 32]];
        assert_eq!(refused(&change), order(1));
        change.deps = (0..=256u16)
            .map(|n| [n.to_be_bytes(); 16].concat())
            .collect();
        assert!(matches!(
            refused(&change),
            GateError::Limit {
                part: "dependencies",
                ..
            }
        ));
        change.deps.clear();
        assert_eq!(refused(&change), GateError::NoPredecessor { seq: 2 });
    }

    #[test]
    fn a_count_that_the_bytes_cannot_hold_is_refused_before_it_is_reserved() {
        let bytes = seal(1, &[0xff, 1]);
        assert!(matches!(
            check(bytes),
            Err(GateError::Truncated {
                part: "dependencies",
                ..
            })
        ));
        let most = [&[0xff; 9][..], &[1]].concat();
        assert!(matches!(
            check(seal(1, &most)),
            Err(GateError::Limit {
                count: u64::MAX,
                ..
            })
        ));
    }

    #[test]
    fn numbers_counters_and_times_out_of_range_are_refused() {
        let with = |alter: &dyn Fn(&mut ForgedChange)| {
            let mut change = first();
            alter(&mut change);
            refused(&change)
        };
        let zero = |part| GateError::Range { part, value: 0 };
        assert_eq!(with(&|change| change.seq = 0), zero("sequence number"));
        assert_eq!(
            with(&|change| change.start_op = 0),
            zero("operation counter")
        );
        let beyond = |error: GateError| matches!(error, GateError::Limit { .. });
        assert!(beyond(with(&|change| change.seq = 1 << 32)));
        assert!(beyond(with(&|change| change.start_op = (1 << 31) + 1)));
        // Five operations: the last one may stand on the limit, not beyond it.
        assert!(beyond(with(&|change| change.start_op = MAX_OP_COUNTER - 3)));
        for time in [i64::MIN, i64::MAX, 8_640_000_000_000_001] {
            let expected = GateError::Range {
                part: "time",
                value: time,
            };
            assert_eq!(with(&|change| change.time = time), expected);
        }
    }

    #[test]
    fn a_message_that_is_too_long_or_no_text_is_refused() {
        let mut change = first();
        change.message = vec![0xff];
        assert_eq!(refused(&change), GateError::Text { part: "message" });
        change.message = vec![b' '; MAX_MESSAGE_BYTES + 1];
        assert!(matches!(
            refused(&change),
            GateError::Limit {
                part: "message",
                ..
            }
        ));
    }

    #[test]
    fn other_actors_out_of_order_idle_or_the_change_itself_are_refused() {
        let mut change = second();
        let other = change.others[0].clone();
        change.others = vec![vec![0xff; 24], other.clone()];
        assert_eq!(
            refused(&change),
            GateError::Order {
                part: "other actors",
                place: 1
            }
        );
        change.others = vec![other.clone(), other.clone()];
        assert_eq!(
            refused(&change),
            GateError::Order {
                part: "other actors",
                place: 1
            }
        );
        change.others = vec![other.clone(), vec![0xff; 24]];
        assert_eq!(
            refused(&change),
            GateError::IdleActor {
                actor: ActorId::new([0xff; 24])
            }
        );
        let mut both = [other.clone(), change.actor.clone()];
        both.sort();
        change.others = both.to_vec();
        assert!(matches!(
            refused(&change),
            GateError::Order {
                part: "other actors",
                ..
            }
        ));
        change.others = vec![other[..8].to_vec()];
        assert_eq!(refused(&change), GateError::ActorLength { bytes: 8 });
    }

    #[test]
    fn an_author_missing_wrong_or_named_again_is_refused() {
        let mut change = first();
        let footer = change.extra.clone();
        change.extra.clear();
        assert_eq!(refused(&change), GateError::AuthorMissing { bytes: 0 });
        for extra in [
            [&footer[..], &[0]].concat(),
            footer[..33].to_vec(),
            [&[2], &footer[1..]].concat(),
            [&[1, 33], &footer[2..], &[0]].concat(),
        ] {
            let bytes = extra.len();
            change.extra = extra;
            assert_eq!(refused(&change), GateError::AuthorMissing { bytes });
        }
        change.extra = [&[1, 32][..], &[9; 32]].concat();
        assert!(matches!(refused(&change), GateError::AuthorDiffers { .. }));
        let mut change = second();
        change.extra = footer;
        assert_eq!(refused(&change), GateError::Extra { seq: 2, bytes: 34 });
    }

    #[test]
    fn columns_unknown_unsorted_repeated_deflated_or_empty_are_refused() {
        let mut change = first();
        change.columns.push((0xb2, vec![1]));
        assert_eq!(refused(&change), GateError::UnknownColumn { spec: 0xb2 });
        let mut change = first();
        change.columns.reverse();
        assert!(matches!(
            refused(&change),
            GateError::Order {
                part: "columns",
                ..
            }
        ));
        let mut change = first();
        let repeated = change.columns[0].clone();
        change.columns.insert(0, repeated);
        assert_eq!(
            refused(&change),
            GateError::Order {
                part: "columns",
                place: 1
            }
        );
        let mut change = first();
        change.columns[0].0 |= 8;
        assert!(matches!(refused(&change), GateError::Deflated { .. }));
        let mut change = first();
        change.columns.last_mut().unwrap().1.clear();
        assert!(matches!(refused(&change), GateError::EmptyColumn { .. }));
        let mut change = first();
        change.columns = vec![(0x42, Column::of(&[Some(0)])); 15];
        assert!(matches!(
            refused(&change),
            GateError::Limit {
                part: "columns",
                ..
            }
        ));
    }
}
