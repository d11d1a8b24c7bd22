//! The log against an independent implementation, against forgers, and against yesterday's bytes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::digest::{Tag, digest};
use crate::golden::{self, hex, unhex};
use crate::ids::{DocumentId, EpochId, ServerId, WorkspaceId};
use crate::keys::SecretKey;

mod heads;
mod trees;

#[derive(Default)]
struct StoredNodes(BTreeMap<(u8, u64), NodeHash>);

impl Nodes for StoredNodes {
    type Error = String;

    fn node(&self, level: u8, index: u64) -> Result<NodeHash, String> {
        self.0
            .get(&(level, index))
            .copied()
            .ok_or_else(|| format!("no node ({level}, {index})"))
    }
}

fn leaf(seq: u64) -> Leaf {
    Leaf {
        seq,
        received_ms: 1_700_000_000_000 + 7 * seq,
        kind: EntryKind::Change,
        document: DocumentId::new([seq as u8; 16]),
        document_seq: seq / 3,
        hash: [0x11; 32],
        payload: digest(Tag::Payload, &[&seq.to_be_bytes()]),
    }
}

/// The nodes of a log, and its root at every size up to the last.
fn grow(size: u64) -> (StoredNodes, Vec<NodeHash>) {
    let (mut nodes, mut frontier) = (StoredNodes::default(), Frontier::new());
    let mut roots = vec![frontier.root()];
    for seq in 0..size {
        frontier.append(leaf(seq).leaf_hash(), &mut |level, index, node| {
            assert_eq!(
                nodes.0.insert((level, index), node),
                None,
                "a node is emitted once"
            );
        });
        roots.push(frontier.root());
    }
    assert_eq!(frontier.size(), size);
    (nodes, roots)
}

fn key() -> SecretKey {
    SecretKey::from_seed(&[5; 32])
}

const WORKSPACE: WorkspaceId = WorkspaceId::new([1; 32]);
const EPOCH: EpochId = EpochId::new([2; 16]);

fn log_head(size: u64, root: NodeHash) -> LogHead {
    LogHead {
        workspace: WORKSPACE,
        epoch: EPOCH,
        size,
        root,
        time_ms: 1_700_000_000_000 + size % 1_000,
    }
}

fn verified(head: LogHead) -> VerifiedHead {
    sign_head(&key(), head)
        .verify(key().server(), head.workspace)
        .unwrap()
}

fn encoded(value: impl minicbor::Encode<()>) -> Value {
    hex(&minicbor::to_vec(value).unwrap())
}

#[test]
fn golden_bytes_of_the_log_are_unchanged_and_readable() {
    let (nodes, roots) = grow(8);
    let head = log_head(8, roots[8]);
    let leaves: Vec<Value> = (0..8)
        .map(|seq| {
            let leaf = leaf(seq);
            json!({"bytes": hex(&leaf.to_bytes()), "hash": hex(leaf.leaf_hash().as_bytes())})
        })
        .collect();
    let roots_by_size: Vec<Value> = roots.iter().map(|root| hex(root.as_bytes())).collect();
    golden::check(
        "log",
        &json!({
            "about": "RFC 9162 tree over 8 leaves; frontier, proofs and head as CBOR in hexadecimal",
            "leaves": leaves,
            "roots_of_size_0_to_8": roots_by_size,
            "frontier_of_7": encoded(Frontier::load(&nodes, 7).unwrap()),
            "inclusion_of_2_in_7": encoded(prove_inclusion(&nodes, 2, 7).unwrap()),
            "consistency_of_3_and_7": encoded(prove_consistency(&nodes, 3, 7).unwrap()),
            "server_seed": hex(&*key().to_seed()),
            "server": hex(key().server().as_bytes()),
            "head_signed_part": hex(&head.to_bytes()),
            "signed_head": encoded(sign_head(&key(), head)),
            "short_code": head.short_code(),
        }),
    );
    assert_still_readable();
}

fn assert_still_readable() {
    let golden = golden::read("log");
    let root =
        |size: usize| NodeHash::from_slice(&unhex(&golden["roots_of_size_0_to_8"][size])).unwrap();
    let leaf = Leaf::from_slice(&unhex(&golden["leaves"][2]["bytes"])).unwrap();
    let proof: InclusionProof = minicbor::decode(&unhex(&golden["inclusion_of_2_in_7"])).unwrap();
    assert_eq!(proof.verify(&leaf.leaf_hash(), &root(7)), Ok(()));
    let proof: ConsistencyProof =
        minicbor::decode(&unhex(&golden["consistency_of_3_and_7"])).unwrap();
    assert_eq!(proof.verify(&root(3), &root(7)), Ok(()));
    let frontier: Frontier = minicbor::decode(&unhex(&golden["frontier_of_7"])).unwrap();
    assert_eq!(frontier.root(), root(7));
    let server = ServerId::from_slice(&unhex(&golden["server"])).unwrap();
    let signed: SignedHead = minicbor::decode(&unhex(&golden["signed_head"])).unwrap();
    assert_eq!(
        signed.verify(server, WORKSPACE).unwrap().head().root,
        root(8)
    );
}
