//! Heads: who signed them, what they prove of a leaf, and how they stand to each other.

use super::*;
use crate::keys::{KeyError, Signer as _};
use crate::limits::MAX_LOG_ENTRIES;

#[test]
fn a_head_of_another_server_workspace_or_signature_is_refused() {
    let (_, roots) = grow(3);
    let head = log_head(3, roots[3]);
    let signed = sign_head(&key(), head);
    let other = SecretKey::from_seed(&[6; 32]);
    assert_eq!(
        signed.clone().verify(other.server(), WORKSPACE),
        Err(HeadError::OtherServer {
            expected: other.server(),
            found: key().server()
        })
    );
    let elsewhere = WorkspaceId::new([9; 32]);
    assert_eq!(
        signed.clone().verify(key().server(), elsewhere),
        Err(HeadError::OtherWorkspace {
            expected: elsewhere,
            found: WORKSPACE
        })
    );
    let bytes = minicbor::to_vec(&signed).unwrap();
    for bit in 0..8 * bytes.len() {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        if let Ok(changed) = minicbor::decode::<SignedHead>(&changed)
            && changed != signed
        {
            assert!(
                changed.verify(key().server(), WORKSPACE).is_err(),
                "bit {bit}"
            );
        }
    }
    let forged = sign_head(&other, head);
    let mut bytes = minicbor::to_vec(&forged).unwrap();
    let at = bytes
        .windows(32)
        .position(|part| part == other.server().as_bytes())
        .unwrap();
    bytes[at..at + 32].copy_from_slice(key().server().as_bytes());
    assert_eq!(
        minicbor::decode::<SignedHead>(&bytes)
            .unwrap()
            .verify(key().server(), WORKSPACE),
        Err(HeadError::Key(KeyError::BadSignature(key().device())))
    );
    assert!(signed.verify(key().server(), WORKSPACE).is_ok());
}

#[test]
fn a_head_that_no_log_can_have_is_refused() {
    let root = NodeHash::new([3; 32]);
    for size in [0, MAX_LOG_ENTRIES + 1, u64::MAX] {
        let signed = sign_head(&key(), log_head(size, root));
        let error = HeadError::Impossible { size, root };
        assert_eq!(signed.verify(key().server(), WORKSPACE), Err(error));
    }
    verified(log_head(0, NodeHash::empty_root()));
    verified(log_head(MAX_LOG_ENTRIES, root));
}

#[test]
fn a_leaf_is_proved_only_at_its_own_place_under_its_own_head() {
    let (nodes, roots) = grow(8);
    let head = verified(log_head(8, roots[8]));
    let proof = prove_inclusion(&nodes, 3, 8).unwrap();
    let proved = head.prove_leaf(leaf(3), &proof).unwrap();
    assert_eq!((proved.leaf(), proved.size()), (&leaf(3), 8));
    let moved = Leaf { seq: 4, ..leaf(3) };
    let error = ProofError::OtherPosition {
        expected: 4,
        found: 3,
    };
    assert_eq!(head.prove_leaf(moved, &proof), Err(error));
    let backdated = Leaf {
        received_ms: 0,
        ..leaf(3)
    };
    assert!(matches!(
        head.prove_leaf(backdated, &proof),
        Err(ProofError::OtherRoot { .. })
    ));
    // Size 7 has the same shape on this side: the hashes alone would pass, the head does not let it.
    let smaller = InclusionProof { size: 7, ..proof };
    assert_eq!(smaller.verify(&leaf(3).leaf_hash(), &roots[8]), Ok(()));
    let error = ProofError::OtherSize {
        expected: 8,
        found: 7,
    };
    assert_eq!(head.prove_leaf(leaf(3), &smaller), Err(error));
}

#[test]
fn a_log_that_only_grew_is_newer_and_its_past_is_older() {
    let (nodes, roots) = grow(30);
    let head = |size: u64| verified(log_head(size, roots[size as usize]));
    for (old, new) in (0..=30).flat_map(|new| (0..new).map(move |old| (old, new))) {
        let proof = prove_consistency(&nodes, old, new).unwrap();
        assert_eq!(
            relate(&head(old), &head(new), Some(&proof)),
            Ok(HeadRelation::Newer)
        );
        assert_eq!(
            relate(&head(new), &head(old), Some(&proof)),
            Ok(HeadRelation::Older)
        );
    }
    assert_eq!(relate(&head(0), &head(30), None), Ok(HeadRelation::Newer));
    assert_eq!(relate(&head(30), &head(0), None), Ok(HeadRelation::Older));
    assert_eq!(
        relate(&head(30), &head(29), None),
        Ok(HeadRelation::Shorter)
    );
    let later = verified(LogHead {
        time_ms: 1,
        ..*head(30).head()
    });
    assert_eq!(relate(&head(30), &later, None), Ok(HeadRelation::Same));
    assert_eq!(
        relate(&head(29), &head(30), None),
        Err(ProofError::Missing {
            old_size: 29,
            new_size: 30
        })
    );
}

#[test]
fn heads_that_cannot_be_compared_are_not() {
    let (nodes, roots) = grow(30);
    let head = log_head(20, roots[20]);
    let trusted = verified(head);
    let restarted = verified(LogHead {
        epoch: EpochId::new([3; 16]),
        ..head
    });
    assert_eq!(
        relate(&trusted, &restarted, None),
        Ok(HeadRelation::OtherEpoch)
    );
    let found = WorkspaceId::new([9; 32]);
    let elsewhere = verified(LogHead {
        workspace: found,
        ..head
    });
    let error = ProofError::OtherWorkspace {
        expected: WORKSPACE,
        found,
    };
    assert_eq!(relate(&trusted, &elsewhere, None), Err(error));
    let offered = verified(log_head(30, roots[30]));
    let proof = prove_consistency(&nodes, 19, 30).unwrap();
    let error = ProofError::OtherSize {
        expected: 20,
        found: 19,
    };
    assert_eq!(relate(&trusted, &offered, Some(&proof)), Err(error));
}

/// A server that shows two histories which part at position 10.
#[test]
fn a_fork_is_shown_by_equal_sizes_or_by_an_honest_proof_of_the_other_history() {
    let (nodes, roots) = grow(30);
    let (mut other_nodes, mut frontier) = (StoredNodes::default(), Frontier::new());
    let mut other_roots = vec![frontier.root()];
    for seq in 0..30 {
        let shown = if seq == 10 {
            Leaf {
                hash: [0x22; 32],
                ..leaf(seq)
            }
        } else {
            leaf(seq)
        };
        frontier.append(shown.leaf_hash(), &mut |level, index, node| {
            other_nodes.0.insert((level, index), node);
        });
        other_roots.push(frontier.root());
    }
    let ours = |size: u64| verified(log_head(size, roots[size as usize]));
    let theirs = |size: u64| verified(log_head(size, other_roots[size as usize]));
    let fork = |size: usize| HeadRelation::Fork {
        size: size as u64,
        trusted: roots[size],
        offered: other_roots[size],
    };
    assert_eq!(relate(&ours(10), &theirs(10), None), Ok(HeadRelation::Same));
    assert_eq!(relate(&ours(11), &theirs(11), None), Ok(fork(11)));
    for old in 1..30_u64 {
        let proof = prove_consistency(&other_nodes, old, 30).unwrap();
        let relation = relate(&ours(old), &theirs(30), Some(&proof));
        if old <= 10 {
            assert_eq!(relation, Ok(HeadRelation::Newer));
        } else if old.is_power_of_two() {
            // The proof leaves the old root out, so the new one is what does not come out.
            assert!(matches!(
                relation,
                Err(ProofError::OtherRoot { size: 30, .. })
            ));
        } else {
            assert_eq!(relation, Ok(fork(old as usize)));
        }
        let proof = prove_consistency(&nodes, old, 30).unwrap();
        match relate(&ours(30), &theirs(old), Some(&proof)) {
            Ok(HeadRelation::Older) => assert!(old <= 10),
            Ok(relation) => assert_eq!(relation, fork(old as usize)),
            Err(error) => {
                assert!(old.is_power_of_two() && old > 10, "{error}");
            }
        }
        if old > 10 {
            assert!(
                relate(&ours(old), &theirs(30), Some(&proof)).is_err(),
                "our proof, their head"
            );
        }
    }
}

#[test]
fn a_short_code_can_be_read_aloud_and_tells_histories_apart() {
    let (_, roots) = grow(3);
    let head = log_head(3, roots[3]);
    let code = head.short_code();
    assert_eq!(code.len(), CODE_CHARS + CODE_CHARS / 4 - 1);
    assert!(code.split('-').all(|group| group.len() == 4));
    assert!(!code.contains(['I', 'L', 'O', 'U']));
    assert_eq!(LogHead { time_ms: 0, ..head }.short_code(), code);
    for other in [
        LogHead { size: 2, ..head },
        LogHead {
            root: roots[2],
            ..head
        },
        LogHead {
            epoch: EpochId::new([9; 16]),
            ..head
        },
        LogHead {
            workspace: WorkspaceId::new([9; 32]),
            ..head
        },
    ] {
        assert_ne!(other.short_code(), code);
    }
}
