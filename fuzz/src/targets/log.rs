//! Proofs, heads, leaves and frontiers against a log whose every root is known.
//!
//! Input: a byte that says what, then CBOR. A proof that verifies under a true head must tell the
//! truth about that log.

use core::fmt::Debug;
use std::sync::OnceLock;

use casework_protocol::ids::{DocumentId, EpochId};
use casework_protocol::log::{
    ConsistencyProof, EntryKind, Frontier, HeadRelation, InclusionProof, Leaf, LogHead, NodeHash,
    Nodes, SignedHead, VerifiedHead, prove_consistency, prove_inclusion, relate, sign_head,
};
use minicbor::{Decode, Encode};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::casebook::{WORKSPACE, key};
use crate::mutate::mutate_bytes;
use crate::outcome::Outcome;

/// Entries of the true log.
const SIZE: u64 = 37;
const EPOCH: EpochId = EpochId::new([2; 16]);

/// Something of the log, read from an input.
#[derive(Debug)]
pub enum Read {
    /// That a leaf stands in the log.
    Inclusion(InclusionProof),
    /// That a log grew into another.
    Consistency(ConsistencyProof),
    /// A head.
    Head(SignedHead),
    /// A leaf.
    Leaf(Leaf),
    /// The right edge of a tree.
    Frontier(Frontier),
}

/// Runs one input.
///
/// # Panics
/// When a promise is broken.
#[must_use]
pub fn run(data: &[u8]) -> Outcome {
    let read = match first(data) {
        Ok(read) => read,
        Err(error) => return Outcome::refused(&error),
    };
    match read {
        Read::Inclusion(proof) => inclusion(&stays(proof)),
        Read::Consistency(proof) => consistency(&stays(proof)),
        Read::Head(head) => head_relation(stays(head)),
        Read::Leaf(leaf) => {
            let leaf = stays(leaf);
            assert_eq!(Leaf::from_slice(&leaf.to_bytes()), Some(leaf));
            Outcome::accepted(&leaf)
        }
        Read::Frontier(frontier) => append(stays(frontier)),
    }
}

/// The first check alone: decoding.
///
/// # Errors
/// What does not decode.
pub fn first(data: &[u8]) -> Result<Read, minicbor::decode::Error> {
    let (what, bytes) = data.split_first().unwrap_or((&0, &[]));
    match what % 5 {
        0 => minicbor::decode(bytes).map(Read::Inclusion),
        1 => minicbor::decode(bytes).map(Read::Consistency),
        2 => minicbor::decode(bytes).map(Read::Head),
        3 => minicbor::decode(bytes).map(Read::Leaf),
        _ => minicbor::decode(bytes).map(Read::Frontier),
    }
}

fn stays<T: Debug + PartialEq + Encode<()> + for<'b> Decode<'b, ()>>(read: T) -> T {
    let bytes = minicbor::to_vec(&read).expect("memory takes every byte");
    let again: T = minicbor::decode(&bytes).unwrap_or_else(|error| panic!("{error}: {read:?}"));
    assert_eq!(again, read, "encoding changed it");
    again
}

/// The true log: its leaves, its nodes and its root at every size.
struct Truth {
    leaves: Vec<Leaf>,
    nodes: Vec<Vec<NodeHash>>,
    heads: Vec<VerifiedHead>,
}

impl Nodes for Truth {
    type Error = String;

    fn node(&self, level: u8, index: u64) -> Result<NodeHash, String> {
        let row = self.nodes.get(usize::from(level)).ok_or("no such level")?;
        row.get(index as usize)
            .copied()
            .ok_or_else(|| format!("no node ({level}, {index})"))
    }
}

fn truth() -> &'static Truth {
    static TRUTH: OnceLock<Truth> = OnceLock::new();
    TRUTH.get_or_init(|| {
        let leaves: Vec<Leaf> = (0..SIZE).map(leaf).collect();
        let (mut nodes, mut frontier) = (Vec::new(), Frontier::new());
        let mut heads = vec![verified(0, frontier.root())];
        for leaf in &leaves {
            frontier.append(leaf.leaf_hash(), &mut |level, _, hash| {
                let level = usize::from(level);
                nodes.resize(nodes.len().max(level + 1), Vec::new());
                nodes[level].push(hash);
            });
            heads.push(verified(frontier.size(), frontier.root()));
        }
        Truth {
            leaves,
            nodes,
            heads,
        }
    })
}

fn leaf(seq: u64) -> Leaf {
    Leaf {
        seq,
        received_ms: 1_700_000_000_000 + seq,
        kind: EntryKind::Change,
        document: DocumentId::new([seq as u8; 16]),
        document_seq: seq / 3,
        hash: [0x11; 32],
        payload: [seq as u8; 32],
    }
}

fn verified(size: u64, root: NodeHash) -> VerifiedHead {
    let head = LogHead {
        workspace: WORKSPACE,
        epoch: EPOCH,
        size,
        root,
        time_ms: size,
    };
    let server = key(9).server();
    sign_head(&key(9), head)
        .verify(server, WORKSPACE)
        .expect("our own head holds")
}

/// Under a true head, a proof holds for exactly the leaf that stands at its position.
fn inclusion(proof: &InclusionProof) -> Outcome {
    let truth = truth();
    let mut held = false;
    for head in &truth.heads {
        for leaf in &truth.leaves {
            if head.prove_leaf(*leaf, proof).is_ok() {
                let (seq, size) = (leaf.seq, head.head().size);
                assert!(seq < size, "leaf {seq} proved in a log of {size}");
                assert_eq!(
                    prove_inclusion(truth, seq, size).as_ref(),
                    Ok(proof),
                    "two proofs"
                );
                held = true;
            }
        }
        let alien = Leaf {
            payload: [0xaa; 32],
            seq: proof.seq,
            ..truth.leaves[0]
        };
        assert!(
            head.prove_leaf(alien, proof).is_err(),
            "an entry was proved that never was"
        );
    }
    let last = truth.heads.last().expect("the log has a head");
    let judged = last.prove_leaf(leaf(proof.seq), proof);
    if held {
        Outcome::accepted(&judged)
    } else {
        Outcome::read(&judged)
    }
    .within("Inclusion")
}

/// Between true heads, a proof that holds says which grew into which; between a true and a forged
/// one none ever says so.
fn consistency(proof: &ConsistencyProof) -> Outcome {
    let truth = truth();
    let mut held = false;
    let last = truth.heads.last().expect("the log has a head");
    for head in &truth.heads {
        let found = relate(head, last, Some(proof));
        assert!(
            !matches!(found, Ok(HeadRelation::Fork { .. })),
            "a fork between true heads"
        );
        if found == Ok(HeadRelation::Newer) {
            let (old, new) = (head.head().size, last.head().size);
            assert!(old < new);
            if old > 0 {
                let honest = prove_consistency(truth, old, new);
                assert_eq!(honest.as_ref(), Ok(proof), "two proofs of one thing");
            }
            held = true;
        }
        let (size, root) = (head.head().size, NodeHash::new([0xaa; 32]));
        if size > 0 {
            let forged = relate(&verified(size, root), last, Some(proof));
            let trusted = matches!(forged, Ok(HeadRelation::Newer | HeadRelation::Same));
            assert!(!trusted, "a forged past was proved");
        }
    }
    let judged = proof.verify(&last.head().root, &last.head().root);
    if held {
        Outcome::accepted(&"")
    } else {
        Outcome::read(&judged)
    }
    .within("Consistency")
}

fn head_relation(head: SignedHead) -> Outcome {
    let verified = match head.verify(key(9).server(), WORKSPACE) {
        Ok(verified) => verified,
        Err(error) => return Outcome::read(&error).within("Head"),
    };
    assert_eq!(
        verified.head().short_code().len(),
        29,
        "24 characters and 5 hyphens"
    );
    let last = truth().heads.last().expect("the log has a head");
    Outcome::accepted(&relate(last, &verified, None)).within("Head")
}

/// Appending goes on from any frontier that decodes, and the peaks keep fitting the size.
fn append(mut frontier: Frontier) -> Outcome {
    let before = frontier.size();
    if before >= casework_protocol::limits::MAX_LOG_ENTRIES {
        return Outcome::accepted(&"").within("Full");
    }
    let mut emitted = 0;
    frontier.append(NodeHash::new([1; 32]), &mut |_, _, _| emitted += 1);
    assert_eq!(frontier.size(), before + 1);
    assert_eq!(
        emitted,
        before.trailing_ones() + 1,
        "nodes completed by one append"
    );
    stays(frontier);
    Outcome::accepted(&"").within("Frontier")
}

/// Honest proofs, heads, leaves and frontiers.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let truth = truth();
    let mut seeds = Vec::new();
    let mut add = |what: u8, bytes: Vec<u8>| seeds.push([&[what][..], &bytes].concat());
    for (seq, size) in [(0, 1), (2, 7), (6, 7), (31, 37), (36, 37)] {
        let proof = prove_inclusion(truth, seq, size).expect("the truth has its nodes");
        add(0, encoded(proof));
    }
    for old in [0, 1, 3, 16, 36, 37] {
        let proof = prove_consistency(truth, old, SIZE).expect("the truth has its nodes");
        add(1, encoded(proof));
    }
    for size in [0, 1, 37] {
        add(2, encoded(truth.heads[size].signed()));
        add(
            4,
            encoded(Frontier::load(truth, size as u64).expect("the truth has its nodes")),
        );
    }
    add(3, encoded(leaf(5)));
    seeds
}

fn encoded(value: impl Encode<()>) -> Vec<u8> {
    minicbor::to_vec(value).expect("memory takes every byte")
}

/// Alters any bytes; now and then what they are read as.
pub fn mutate(data: &mut Vec<u8>, other: &[u8], dice: &mut ChaCha8Rng) {
    let Some((what, bytes)) = data.split_first() else {
        return mutate_bytes(data, other, dice);
    };
    let what = if dice.random_ratio(1, 40) {
        dice.random_range(0..5)
    } else {
        *what
    };
    let mut bytes = bytes.to_vec();
    mutate_bytes(&mut bytes, other.get(1..).unwrap_or_default(), dice);
    *data = [&[what][..], &bytes].concat();
}
