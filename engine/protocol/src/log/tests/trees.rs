//! Trees and proofs against an independent implementation, the definition, and forgers.

use std::convert::Infallible;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

use super::*;
use crate::limits::{MAX_LOG_ENTRIES, MAX_PROOF_NODES};

#[test]
fn roots_and_proofs_are_those_of_an_independent_implementation() {
    let (nodes, roots) = grow(130);
    let mut oracle = MemoryBackedTree::<Sha256, [u8; Leaf::LEN]>::new();
    for size in 0..=130 {
        if size > 0 {
            oracle.push(leaf(size - 1).to_bytes());
        }
        let root = roots[size as usize];
        assert_eq!(
            root.as_bytes(),
            oracle.root().as_bytes().as_slice(),
            "root at {size}"
        );
        assert_eq!(root_at(&nodes, size), Ok(root));
        for seq in 0..size {
            let proof = prove_inclusion(&nodes, seq, size).unwrap();
            let expected = oracle.prove_inclusion(seq as usize);
            assert_eq!(
                bytes_of(&proof.path),
                expected.as_bytes(),
                "{seq} in {size}"
            );
            assert_eq!(proof.verify(&leaf(seq).leaf_hash(), &root), Ok(()));
        }
        for old in 0..=size {
            let proof = prove_consistency(&nodes, old, size).unwrap();
            if old > 0 {
                let expected = oracle.prove_consistency((size - old) as usize);
                assert_eq!(
                    bytes_of(&proof.path),
                    expected.as_bytes(),
                    "{old} to {size}"
                );
            }
            assert_eq!(proof.verify(&roots[old as usize], &root), Ok(()));
        }
    }
}

#[test]
fn a_frontier_reads_back_from_its_nodes_and_from_its_bytes() {
    let (nodes, roots) = grow(70);
    for size in 0..=70 {
        let frontier = Frontier::load(&nodes, size).unwrap();
        assert_eq!(
            (frontier.size(), frontier.root()),
            (size, roots[size as usize])
        );
        let bytes = minicbor::to_vec(&frontier).unwrap();
        assert_eq!(minicbor::decode::<Frontier>(&bytes).unwrap(), frontier);
    }
    assert_eq!(
        Frontier::load(&nodes, 71),
        Err("no node (0, 70)".to_owned())
    );
}

#[test]
fn a_frontier_whose_peaks_do_not_fit_its_size_is_refused() {
    let peaks = |count: usize| vec![7; count * NodeHash::LEN];
    let decode = |size: u64, peaks: Vec<u8>| {
        let bytes = minicbor::to_vec((size, minicbor::bytes::ByteVec::from(peaks))).unwrap();
        minicbor::decode::<Frontier>(&bytes).map(|frontier| frontier.size())
    };
    assert!(decode(5, peaks(1)).is_err());
    assert!(decode(5, peaks(3)).is_err());
    assert!(decode(5, vec![0; 63]).is_err());
    assert!(decode(u64::MAX, peaks(64)).is_err());
    assert_eq!(decode(5, peaks(2)).unwrap(), 5);
}

#[test]
fn a_proof_that_no_log_can_have_is_not_made() {
    let (nodes, _) = grow(5);
    let out_of_range = ProofError::OutOfRange { seq: 5, size: 5 };
    assert_eq!(
        prove_inclusion(&nodes, 5, 5),
        Err(ProveError::Impossible(out_of_range))
    );
    let shrinks = ProofError::Shrinks {
        old_size: 5,
        new_size: 4,
    };
    assert_eq!(
        prove_consistency(&nodes, 5, 4),
        Err(ProveError::Impossible(shrinks))
    );
    let missing = ProveError::Nodes("no node (0, 6)".to_owned());
    assert_eq!(prove_inclusion(&nodes, 0, 7), Err(missing));
}

#[test]
fn every_flipped_bit_of_an_inclusion_proof_fails() {
    let (nodes, roots) = grow(21);
    for size in 1..=21 {
        let root = roots[size as usize];
        for seq in 0..size {
            let good = prove_inclusion(&nodes, seq, size).unwrap();
            let hash = leaf(seq).leaf_hash();
            for node in 0..good.path.len() {
                for bit in 0..256 {
                    let mut bad = good.clone();
                    bad.path[node] = flip(bad.path[node], bit);
                    assert!(matches!(
                        bad.verify(&hash, &root),
                        Err(ProofError::OtherRoot { .. })
                    ));
                }
            }
            for bit in 0..256 {
                assert!(good.verify(&flip(hash, bit), &root).is_err());
                assert!(good.verify(&hash, &flip(root, bit)).is_err());
            }
            for other in (0..size + 3).filter(|other| *other != seq) {
                assert!(
                    InclusionProof {
                        seq: other,
                        ..good.clone()
                    }
                    .verify(&hash, &root)
                    .is_err()
                );
            }
            assert_another_length_fails(&good.path, |path| {
                InclusionProof {
                    path,
                    ..good.clone()
                }
                .verify(&hash, &root)
            });
        }
    }
}

#[test]
fn every_flipped_bit_of_a_consistency_proof_fails() {
    let (nodes, roots) = grow(21);
    for (old, new) in (1..=21_u64).flat_map(|new| (1..=new).map(move |old| (old, new))) {
        let (old_root, new_root) = (roots[old as usize], roots[new as usize]);
        let good = prove_consistency(&nodes, old, new).unwrap();
        for node in 0..good.path.len() {
            for bit in 0..256 {
                let mut bad = good.clone();
                bad.path[node] = flip(bad.path[node], bit);
                assert!(
                    bad.verify(&old_root, &new_root).is_err(),
                    "{old} {new} {node} {bit}"
                );
            }
        }
        for bit in 0..256 {
            assert!(good.verify(&flip(old_root, bit), &new_root).is_err());
            assert!(good.verify(&old_root, &flip(new_root, bit)).is_err());
        }
        assert_another_length_fails(&good.path, |path| {
            ConsistencyProof {
                path,
                ..good.clone()
            }
            .verify(&old_root, &new_root)
        });
    }
}

fn assert_another_length_fails(
    path: &[NodeHash],
    verify: impl Fn(Vec<NodeHash>) -> Result<(), ProofError>,
) {
    let longer: Vec<NodeHash> = path
        .iter()
        .copied()
        .chain([NodeHash::empty_root()])
        .collect();
    assert!(verify(longer).is_err());
    for missing in 0..path.len() {
        let mut shorter = path.to_vec();
        shorter.remove(missing);
        assert!(verify(shorter).is_err());
    }
}

#[test]
fn sizes_that_no_proof_can_be_about_are_refused() {
    let (nodes, roots) = grow(8);
    let good = prove_inclusion(&nodes, 3, 8).unwrap();
    let (hash, root) = (leaf(3).leaf_hash(), roots[8]);
    for (seq, size) in [(8, 8), (0, 0), (u64::MAX, u64::MAX), (3, u64::MAX), (3, 3)] {
        assert!(
            InclusionProof {
                seq,
                size,
                ..good.clone()
            }
            .verify(&hash, &root)
            .is_err()
        );
    }
    let good = prove_consistency(&nodes, 3, 8).unwrap();
    for (old_size, new_size) in [
        (9, 8),
        (0, 8),
        (8, 8),
        (0, 0),
        (u64::MAX, 8),
        (3, u64::MAX),
        (u64::MAX - 1, u64::MAX),
    ] {
        let bad = ConsistencyProof {
            old_size,
            new_size,
            ..good.clone()
        };
        assert!(
            bad.verify(&roots[3], &root).is_err(),
            "{old_size} {new_size}"
        );
    }
    let nothing = ConsistencyProof {
        old_size: 0,
        new_size: 8,
        path: Vec::new(),
    };
    assert!(
        nothing.verify(&roots[3], &root).is_err(),
        "only the empty root is at size 0"
    );
    let nothing = ConsistencyProof {
        old_size: 8,
        new_size: 8,
        path: Vec::new(),
    };
    assert!(nothing.verify(&roots[7], &root).is_err());
}

#[test]
fn a_proof_with_too_many_hashes_is_not_decoded() {
    let proof = |nodes| InclusionProof {
        seq: 1,
        size: 2,
        path: vec![NodeHash::new([3; 32]); nodes],
    };
    let decode =
        |nodes| minicbor::decode::<InclusionProof>(&minicbor::to_vec(proof(nodes)).unwrap());
    assert_eq!(decode(MAX_PROOF_NODES).unwrap(), proof(MAX_PROOF_NODES));
    assert!(decode(MAX_PROOF_NODES + 1).is_err());
}

#[test]
fn a_leaf_reads_back_and_an_unknown_kind_does_not() {
    for kind in [
        EntryKind::Change,
        EntryKind::Roster,
        EntryKind::Access,
        EntryKind::Equivocation,
    ] {
        let leaf = Leaf { kind, ..leaf(9) };
        assert_eq!(Leaf::from_slice(&leaf.to_bytes()), Some(leaf));
        assert_eq!(
            minicbor::decode::<Leaf>(&minicbor::to_vec(leaf).unwrap()).unwrap(),
            leaf
        );
        assert_eq!(
            minicbor::decode::<EntryKind>(&minicbor::to_vec(kind).unwrap()).unwrap(),
            kind
        );
    }
    for number in [0, 5, 255] {
        let mut bytes = leaf(9).to_bytes();
        bytes[16] = number;
        assert_eq!(Leaf::from_slice(&bytes), None);
    }
    assert_eq!(Leaf::from_slice(&leaf(9).to_bytes()[..104]), None);
}

#[test]
fn every_field_of_a_leaf_is_in_its_hash() {
    let bytes = leaf(9).to_bytes();
    let mut hashes = vec![leaf(9).leaf_hash()];
    for bit in (0..8 * Leaf::LEN).filter(|bit| bit / 8 != 16) {
        let mut changed = bytes;
        changed[bit / 8] ^= 1 << (bit % 8);
        hashes.push(Leaf::from_slice(&changed).unwrap().leaf_hash());
    }
    let count = hashes.len();
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), count);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_log_has_the_root_of_the_definition(size in 0_u64..1_500, old in any::<prop::sample::Index>()) {
        let (nodes, roots) = grow(size);
        let leaves: Vec<NodeHash> = (0..size).map(|seq| leaf(seq).leaf_hash()).collect();
        prop_assert_eq!(roots[size as usize], root_by_definition(&leaves));
        let old = old.index(size as usize + 1);
        prop_assert_eq!(roots[old], root_by_definition(&leaves[..old]));
        let proof = prove_consistency(&nodes, old as u64, size).unwrap();
        prop_assert_eq!(proof.verify(&roots[old], &roots[size as usize]), Ok(()));
    }

    #[test]
    fn proofs_hold_in_logs_of_every_size(
        sizes in (1..=MAX_LOG_ENTRIES, 0_u32..63, any::<u64>(), any::<u64>()),
        bit in any::<prop::sample::Index>(),
    ) {
        let (size, shift, seq, old) = sizes;
        let size = (size >> shift).max(1);
        let (seq, old) = (seq % size, old % (size + 1));
        let nodes = Alike::new();
        let root = root_at(&nodes, size).unwrap();
        let inclusion = prove_inclusion(&nodes, seq, size).unwrap();
        prop_assert!(inclusion.path.len() <= 64);
        prop_assert_eq!(inclusion.verify(&nodes.0[0], &root), Ok(()));
        let consistency = prove_consistency(&nodes, old, size).unwrap();
        prop_assert!(consistency.path.len() <= 65);
        let old_root = root_at(&nodes, old).unwrap();
        prop_assert_eq!(consistency.verify(&old_root, &root), Ok(()));
        let mut bad = inclusion;
        if !bad.path.is_empty() {
            let bit = bit.index(bad.path.len() * 256);
            bad.path[bit / 256] = flip(bad.path[bit / 256], bit % 256);
            prop_assert!(bad.verify(&nodes.0[0], &root).is_err());
        }
        let mut bad = consistency;
        if !bad.path.is_empty() {
            let bit = bit.index(bad.path.len() * 256);
            bad.path[bit / 256] = flip(bad.path[bit / 256], bit % 256);
            prop_assert!(bad.verify(&old_root, &root).is_err());
        }
    }

    #[test]
    fn arbitrary_proofs_never_panic(
        seq in any::<u64>(), size in any::<u64>(), nodes in 0_usize..130, near in any::<bool>(),
    ) {
        let size = if near { size % 300 } else { size };
        let path = vec![NodeHash::new([9; 32]); nodes];
        let root = NodeHash::new([8; 32]);
        let inclusion = InclusionProof { seq, size, path: path.clone() };
        prop_assert!(inclusion.verify(&root, &root).is_err() || size == 1);
        let (old_size, new_size) = (seq, size);
        let _ = ConsistencyProof { old_size, new_size, path }.verify(&root, &root);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = minicbor::decode::<InclusionProof>(&bytes);
        let _ = minicbor::decode::<ConsistencyProof>(&bytes);
        let _ = minicbor::decode::<SignedHead>(&bytes);
        let _ = minicbor::decode::<Frontier>(&bytes);
        let _ = Leaf::from_slice(&bytes);
    }
}

/// A log whose leaves are all alike, so that one of 2^63 entries fits into a test.
struct Alike(Vec<NodeHash>);

impl Alike {
    fn new() -> Self {
        let mut levels = vec![leaf(0).leaf_hash()];
        for level in 0..63 {
            levels.push(NodeHash::above(&levels[level], &levels[level]));
        }
        Self(levels)
    }
}

impl Nodes for Alike {
    type Error = Infallible;

    fn node(&self, level: u8, _: u64) -> Result<NodeHash, Infallible> {
        Ok(self.0[usize::from(level)])
    }
}

fn bytes_of(path: &[NodeHash]) -> Vec<u8> {
    path.iter().flat_map(|node| *node.as_bytes()).collect()
}

fn flip(node: NodeHash, bit: usize) -> NodeHash {
    let mut bytes = *node.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    NodeHash::new(bytes)
}

/// The definition of RFC 9162 §2.1.1, word by word.
fn root_by_definition(leaves: &[NodeHash]) -> NodeHash {
    match leaves {
        [] => NodeHash::empty_root(),
        [one] => *one,
        more => {
            let (left, right) = more.split_at(more.len().next_power_of_two() / 2);
            NodeHash::above(&root_by_definition(left), &root_by_definition(right))
        }
    }
}
