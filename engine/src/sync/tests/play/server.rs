//! A server with a real log tree and key.

use casework_protocol::digest::{Tag, sha256};
use casework_protocol::frame::handshake::welcome;
use casework_protocol::frame::{Channel, ClientFrame, Continuity, Hello, ServerFrame, Welcome};
use casework_protocol::ids::{EpochId, ServerId};
use casework_protocol::keys::{SecretKey, Signer as _};
use casework_protocol::log::{
    ConsistencyProof, LogHead, NodeHash, Nodes, SignedHead, prove_consistency, root_at, sign_head,
};

use super::{EPOCH, NOW, WORKSPACE};

/// A server: a key and a log tree whose leaves are numbers.
pub(crate) struct Server {
    pub(crate) key: SecretKey,
    pub(crate) epoch: EpochId,
    pub(crate) leaves: Vec<NodeHash>,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self {
            key: SecretKey::from_seed(&[1; 32]),
            epoch: EPOCH,
            leaves: Vec::new(),
        }
    }

    /// With a log of this many entries.
    pub(crate) fn of_size(size: u64) -> Self {
        let mut server = Self::new();
        server.grow(size);
        server
    }

    /// Another history of the same length under the same key.
    pub(crate) fn forked(size: u64) -> Self {
        let leaves = (0..size).map(|n| leaf(n + 1_000_000)).collect();
        Self {
            leaves,
            ..Self::new()
        }
    }

    pub(crate) fn grow(&mut self, entries: u64) {
        let size = self.size();
        self.leaves.extend((size..size + entries).map(leaf));
    }

    pub(crate) fn shrink(&mut self, size: u64) {
        self.leaves.truncate(size as usize);
    }

    pub(crate) fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    pub(crate) fn id(&self) -> ServerId {
        self.key.server()
    }

    pub(crate) fn head_at(&self, size: u64) -> SignedHead {
        let root = root_at(self, size).unwrap();
        let (workspace, epoch) = (WORKSPACE, self.epoch);
        sign_head(
            &self.key,
            LogHead {
                workspace,
                epoch,
                size,
                root,
                time_ms: NOW,
            },
        )
    }

    pub(crate) fn head(&self) -> SignedHead {
        self.head_at(self.size())
    }

    pub(crate) fn proof(&self, from: u64) -> ConsistencyProof {
        prove_consistency(self, from, self.size()).unwrap()
    }

    pub(crate) fn welcome(&self, hello: &ClientFrame) -> ServerFrame {
        let ClientFrame::Hello(hello) = hello else {
            panic!("no hello: {hello:?}")
        };
        ServerFrame::Welcome(welcome(
            hello,
            Channel::Plain,
            &self.key,
            [5; 16],
            NOW + 250,
        ))
    }

    /// As a program answers that knows no newer version than this.
    pub(crate) fn welcome_speaking(&self, hello: &Hello, version: u16) -> ServerFrame {
        let (server, nonce) = (self.id(), [5; 16]);
        let said: [&[u8]; 6] = [
            &hello.version.to_be_bytes(),
            &version.to_be_bytes(),
            hello.workspace.as_bytes(),
            &hello.nonce,
            &nonce,
            server.as_bytes(),
        ];
        ServerFrame::Welcome(Welcome {
            version,
            server,
            nonce,
            signature: self.key.sign(Tag::HelloServer, &said),
            time_ms: NOW + 250,
            line: None,
        })
    }

    /// The honest answer to a resume that showed a head of this size.
    pub(crate) fn resumed(&self, shown: Option<u64>) -> ServerFrame {
        let continuity = match shown {
            None => Continuity::First,
            Some(size) => Continuity::Extends(self.proof(size)),
        };
        self.resumed_with(continuity)
    }

    pub(crate) fn resumed_with(&self, continuity: Continuity) -> ServerFrame {
        ServerFrame::Resumed {
            head: self.head(),
            continuity,
            entries: 7,
            bundles: 2,
        }
    }

    pub(crate) fn caught_up(&self, from: u64) -> ServerFrame {
        let proof = (from < self.size()).then(|| self.proof(from));
        ServerFrame::CaughtUp {
            head: self.head(),
            proof,
        }
    }
}

fn leaf(n: u64) -> NodeHash {
    NodeHash::new(sha256(&[&n.to_be_bytes()]))
}

impl Nodes for Server {
    type Error = core::convert::Infallible;

    fn node(&self, level: u8, index: u64) -> Result<NodeHash, Self::Error> {
        if level == 0 {
            return Ok(self.leaves[index as usize]);
        }
        let left = self.node(level - 1, index * 2)?;
        let right = self.node(level - 1, index * 2 + 1)?;
        Ok(NodeHash::above(&left, &right))
    }
}
