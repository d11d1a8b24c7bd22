//! Layer 2: where a change stands in the history its receiver already has.
//!
//! Reads headers only, through a trait, so that a relay which cannot read documents and a replica
//! which can reach the same verdict. Invariant: what is positioned extends its actor's one chain.

use crate::citation::Citation;
use crate::ids::{ActorId, ChangeHash};
use crate::limits::MAX_OP_COUNTER;

use super::change::ChangeHeader;

/// What an index knows of a change of this document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexedChange {
    /// Who wrote it.
    pub actor: ActorId,
    /// Its number among the actor's changes.
    pub seq: u32,
    /// The counter of its last operation.
    pub max_op: u32,
    /// What it cites.
    pub citation: Citation,
}

/// The newest change of an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActorTip {
    /// Its number.
    pub seq: u32,
    /// Its hash.
    pub hash: ChangeHash,
    /// The counter of its last operation.
    pub max_op: u32,
}

/// The changes of one document, by hash and by actor.
pub trait ChangeIndex {
    /// The change with this hash, if the document has it.
    fn change(&self, hash: ChangeHash) -> Option<IndexedChange>;

    /// The newest change of this actor, if it has any.
    fn tip(&self, actor: ActorId) -> Option<ActorTip>;

    /// The hash of this actor's change with this number. Asked only to name the other side of an
    /// equivocation, for numbers up to the tip's.
    fn numbered(&self, actor: ActorId, seq: u32) -> Option<ChangeHash>;
}

/// A change that fits into the history it was held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Positioned {
    /// The actor's change before it; `None` for its first.
    pub predecessor: Option<ChangeHash>,
    /// What a change here must cite at least: the newest of what its dependencies cite. `None` if
    /// it has none.
    pub floor: Option<CitedFloor>,
}

/// The newest versions that the direct dependencies of a change cite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CitedFloor {
    /// Version of the roster.
    pub roster: u64,
    /// Version of the access record.
    pub access: u64,
}

/// Why a change does not fit into the history.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PositionError {
    /// A dependency is not here yet. Ask for it, or send it first, and try again.
    #[error("dependency {0} is not known")]
    MissingDependency(ChangeHash),
    /// The same change is here already. Harmless: answer as the first time.
    #[error("change {0} is here already")]
    Duplicate(ChangeHash),
    /// Its operations name an actor that has no change here, though all dependencies are: made up.
    #[error("actor {0} is named but has no change here")]
    UnknownActor(ActorId),
    /// Another change of the actor has this number. Two signed ones are proof against the device.
    #[error("actor {actor} has change {other} as its number {seq} already")]
    Equivocation {
        /// The actor.
        actor: ActorId,
        /// The number used twice.
        seq: u32,
        /// The change that had it first.
        other: ChangeHash,
    },
    /// Changes of the actor are missing in between. Ask for them.
    #[error("change {found} of actor {actor} where {expected} is next")]
    SequenceGap {
        /// The actor.
        actor: ActorId,
        /// The next number.
        expected: u32,
        /// The number given.
        found: u32,
    },
    /// The actor's change before it is not among the direct dependencies; honest ones always are.
    #[error("change {seq} of actor {actor} does not depend on its predecessor {predecessor}")]
    PredecessorNotDirect {
        /// The actor.
        actor: ActorId,
        /// The number of the change.
        seq: u32,
        /// The change that should be among the dependencies.
        predecessor: ChangeHash,
    },
    /// The first operation does not follow the dependencies' last one.
    #[error("operations start at {found} where the dependencies end before {expected}")]
    StartOp {
        /// One more than the largest counter of the dependencies.
        expected: u64,
        /// The counter given.
        found: u32,
    },
    /// Counters too near the edge at which a document can no longer be edited.
    #[error("operations reach {max_op}, more than the {limit} allowed")]
    CounterEdge {
        /// The last counter of the change.
        max_op: u64,
        /// The largest allowed.
        limit: u64,
    },
    /// It cites an older version than a change it directly depends on: it pretends not to know
    /// what its author had seen.
    #[error("the change cites {record} version {cited} but depends on one that cites {floor}")]
    CitesLess {
        /// `roster` or `access`.
        record: &'static str,
        /// The version it cites.
        cited: u64,
        /// The version a dependency cites.
        floor: u64,
    },
}

/// Finds the place of a checked change in the history of its document.
///
/// # Errors
/// [`PositionError`]; only [`PositionError::MissingDependency`], [`PositionError::SequenceGap`] and
/// [`PositionError::Duplicate`] can happen to an honest device.
pub fn check_position(
    header: &ChangeHeader,
    index: &impl ChangeIndex,
) -> Result<Positioned, PositionError> {
    if index.change(header.hash).is_some() {
        return Err(PositionError::Duplicate(header.hash));
    }
    let tip = index.tip(header.actor);
    check_number(header, tip, index)?;
    let mut last_op = 0;
    let mut floor: Option<CitedFloor> = None;
    for hash in &header.deps {
        let dep = index
            .change(*hash)
            .ok_or(PositionError::MissingDependency(*hash))?;
        last_op = last_op.max(u64::from(dep.max_op));
        let (roster, access) = (dep.citation.roster.version, dep.citation.access.version);
        floor = Some(
            floor.map_or(CitedFloor { roster, access }, |floor| CitedFloor {
                roster: floor.roster.max(roster),
                access: floor.access.max(access),
            }),
        );
    }
    let predecessor = check_chain(header, tip)?;
    if let Some(actor) = header
        .other_actors
        .iter()
        .find(|actor| index.tip(**actor).is_none())
    {
        return Err(PositionError::UnknownActor(*actor));
    }
    if u64::from(header.start_op) != last_op + 1 {
        return Err(PositionError::StartOp {
            expected: last_op + 1,
            found: header.start_op,
        });
    }
    let max_op = u64::from(header.max_op());
    if max_op > MAX_OP_COUNTER {
        return Err(PositionError::CounterEdge {
            max_op,
            limit: MAX_OP_COUNTER,
        });
    }
    Ok(Positioned { predecessor, floor })
}

impl Positioned {
    /// Checks that a change here cites no less than the changes it directly depends on.
    ///
    /// # Errors
    /// [`PositionError::CitesLess`] with the record that is cited too old.
    pub fn check_citation(&self, citation: &Citation) -> Result<(), PositionError> {
        let Some(floor) = self.floor else {
            return Ok(());
        };
        for (record, cited, floor) in [
            ("roster", citation.roster.version, floor.roster),
            ("access", citation.access.version, floor.access),
        ] {
            if cited < floor {
                return Err(PositionError::CitesLess {
                    record,
                    cited,
                    floor,
                });
            }
        }
        Ok(())
    }
}

/// Refuses a number that another change of the actor has.
fn check_number(
    header: &ChangeHeader,
    tip: Option<ActorTip>,
    index: &impl ChangeIndex,
) -> Result<(), PositionError> {
    let (actor, seq) = (header.actor, header.seq);
    match tip {
        Some(tip) if seq <= tip.seq => {
            let other = index.numbered(actor, seq).unwrap_or(tip.hash);
            Err(PositionError::Equivocation { actor, seq, other })
        }
        Some(_) | None => Ok(()),
    }
}

/// The actor's newest change, if this one is the next and depends on it.
fn check_chain(
    header: &ChangeHeader,
    tip: Option<ActorTip>,
) -> Result<Option<ChangeHash>, PositionError> {
    let (actor, seq) = (header.actor, header.seq);
    let last = tip.map_or(0, |tip| tip.seq);
    // The gate accepts numbers from 1, and `check_number` those beyond the last.
    if seq != last + 1 {
        return Err(PositionError::SequenceGap {
            actor,
            expected: last + 1,
            found: seq,
        });
    }
    let Some(tip) = tip else { return Ok(None) };
    if header.deps.binary_search(&tip.hash).is_err() {
        return Err(PositionError::PredecessorNotDirect {
            actor,
            seq,
            predecessor: tip.hash,
        });
    }
    Ok(Some(tip.hash))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::super::check_change;
    use super::super::forge::honest::{actor_of, origin, random_documents, small_document};
    use super::*;
    use crate::citation::CitedVersion;
    use crate::ids::DeviceId;

    #[derive(Default)]
    struct Known {
        changes: BTreeMap<ChangeHash, IndexedChange>,
        chains: BTreeMap<ActorId, Vec<ActorTip>>,
    }

    impl ChangeIndex for Known {
        fn change(&self, hash: ChangeHash) -> Option<IndexedChange> {
            self.changes.get(&hash).copied()
        }

        fn tip(&self, actor: ActorId) -> Option<ActorTip> {
            self.chains.get(&actor)?.last().copied()
        }

        fn numbered(&self, actor: ActorId, seq: u32) -> Option<ChangeHash> {
            Some(self.chains.get(&actor)?.get(seq as usize - 1)?.hash)
        }
    }

    impl Known {
        fn add(&mut self, header: &ChangeHeader, roster: u64) {
            let (seq, max_op) = (header.seq, header.max_op());
            let citation = citation(roster, 1);
            let change = IndexedChange {
                actor: header.actor,
                seq,
                max_op,
                citation,
            };
            self.changes.insert(header.hash, change);
            let tip = ActorTip {
                seq,
                hash: header.hash,
                max_op,
            };
            self.chains.entry(header.actor).or_default().push(tip);
        }
    }

    fn citation(roster: u64, access: u64) -> Citation {
        let version = |version| CitedVersion {
            version,
            mark: [0; 8],
        };
        Citation {
            roster: version(roster),
            access: version(access),
        }
    }

    fn header_of(change: &automerge::Change, devices: &[(u8, u8)]) -> ChangeHeader {
        let (device, _) = devices
            .iter()
            .find(|(device, nonce)| {
                actor_of(&origin(*device), *nonce).as_bytes() == change.actor_id().to_bytes()
            })
            .unwrap();
        check_change(&origin(*device), change.raw_bytes().to_vec())
            .unwrap()
            .header()
            .clone()
    }

    /// The headers of a small document: first change of A, first of B on it, second of A on both.
    fn small() -> [ChangeHeader; 3] {
        let (_, doc) = small_document();
        let headers = doc
            .get_changes(&[])
            .iter()
            .map(|c| header_of(c, &[(3, 7), (4, 8)]))
            .collect();
        <Vec<ChangeHeader>>::try_into(headers).unwrap()
    }

    fn known(headers: &[&ChangeHeader]) -> Known {
        let mut known = Known::default();
        headers
            .iter()
            .zip(5..)
            .for_each(|(header, roster)| known.add(header, roster));
        known
    }

    #[test]
    fn every_honest_change_finds_its_position() {
        for seed in 0..8 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            for doc in random_documents(&mut rng, 50) {
                let mut known = Known::default();
                for change in doc.get_changes(&[]) {
                    let header = header_of(&change, &[(1, 1), (2, 2), (3, 3), (4, 4)]);
                    let tip = known.tip(header.actor);
                    let positioned = check_position(&header, &known).unwrap();
                    assert_eq!(positioned.predecessor, tip.map(|tip| tip.hash));
                    known.add(&header, 1);
                    let again = Err(PositionError::Duplicate(header.hash));
                    assert_eq!(check_position(&header, &known), again);
                }
            }
        }
    }

    #[test]
    fn a_change_before_its_dependencies_is_told_which_is_missing() {
        let [a, b, last] = small();
        let missing = check_position(&b, &Known::default());
        assert_eq!(missing, Err(PositionError::MissingDependency(a.hash)));
        let missing = check_position(&last, &known(&[&a]));
        assert_eq!(missing, Err(PositionError::MissingDependency(b.hash)));
    }

    #[test]
    fn a_second_change_with_one_number_is_equivocation_and_names_the_first() {
        let [a, b, last] = small();
        let known = known(&[&a, &b, &last]);
        for (header, seq) in [(&a, 1), (&last, 2)] {
            let forged = ChangeHeader {
                hash: ChangeHash::new([9; 32]),
                ..header.clone()
            };
            let expected = PositionError::Equivocation {
                actor: header.actor,
                seq,
                other: header.hash,
            };
            assert_eq!(check_position(&forged, &known), Err(expected));
        }
    }

    #[test]
    fn a_change_that_skips_a_number_is_refused() {
        let [a, b, last] = small();
        let header = ChangeHeader { seq: 3, ..last };
        let expected = PositionError::SequenceGap {
            actor: header.actor,
            expected: 2,
            found: 3,
        };
        assert_eq!(check_position(&header, &known(&[&a, &b])), Err(expected));
    }

    #[test]
    fn a_change_without_its_predecessor_among_its_dependencies_is_refused() {
        let [a, b, last] = small();
        let header = ChangeHeader {
            deps: vec![b.hash],
            ..last
        };
        let expected = PositionError::PredecessorNotDirect {
            actor: header.actor,
            seq: 2,
            predecessor: a.hash,
        };
        assert_eq!(check_position(&header, &known(&[&a, &b])), Err(expected));
    }

    #[test]
    fn operations_that_do_not_start_where_the_dependencies_end_are_refused() {
        let [a, b, last] = small();
        let known = known(&[&a, &b]);
        for found in [last.start_op - 1, last.start_op + 1] {
            let header = ChangeHeader {
                start_op: found,
                ..last.clone()
            };
            let expected = PositionError::StartOp {
                expected: u64::from(last.start_op),
                found,
            };
            assert_eq!(check_position(&header, &known), Err(expected));
        }
    }

    #[test]
    fn counters_near_the_edge_are_refused() {
        let [a, b, last] = small();
        let mut known = known(&[&a, &b]);
        let limit = MAX_OP_COUNTER as u32;
        known.changes.get_mut(&b.hash).unwrap().max_op = limit - 1;
        let header = ChangeHeader {
            start_op: limit,
            op_count: 1,
            ..last
        };
        assert!(check_position(&header, &known).is_ok());
        let header = ChangeHeader {
            op_count: 2,
            ..header
        };
        let expected = PositionError::CounterEdge {
            max_op: MAX_OP_COUNTER + 1,
            limit: MAX_OP_COUNTER,
        };
        assert_eq!(check_position(&header, &known), Err(expected));
    }

    #[test]
    fn an_invented_actor_is_refused() {
        let [a, b, last] = small();
        let made_up = ActorId::new([9; 24]);
        let header = ChangeHeader {
            other_actors: vec![made_up],
            ..last
        };
        let expected = Err(PositionError::UnknownActor(made_up));
        assert_eq!(check_position(&header, &known(&[&a, &b])), expected);
    }

    #[test]
    fn a_change_may_not_cite_less_than_its_dependencies() {
        let [a, b, last] = small();
        // The dependencies cite roster versions 5 and 6, access version 1.
        let positioned = check_position(&last, &known(&[&a, &b])).unwrap();
        assert_eq!(
            positioned.floor,
            Some(CitedFloor {
                roster: 6,
                access: 1
            })
        );
        assert_eq!(positioned.check_citation(&citation(6, 1)), Ok(()));
        assert_eq!(positioned.check_citation(&citation(9, 2)), Ok(()));
        let expected = PositionError::CitesLess {
            record: "roster",
            cited: 5,
            floor: 6,
        };
        assert_eq!(positioned.check_citation(&citation(5, 1)), Err(expected));
        let expected = PositionError::CitesLess {
            record: "access",
            cited: 0,
            floor: 1,
        };
        assert_eq!(positioned.check_citation(&citation(6, 0)), Err(expected));
        let first = check_position(&a, &Known::default()).unwrap();
        assert_eq!((first.predecessor, first.floor), (None, None));
        assert_eq!(a.author, Some(DeviceId::new([3; 32])));
    }
}
