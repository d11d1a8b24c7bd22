//! Who this server is: its key, and how it came to it from the keys before.
//!
//! Only the present key signs. Of the earlier ones the public halves are known, so that a head that
//! one of them signed still proves what this server once said.

use casework_protocol::digest::Tag;
use casework_protocol::ids::{DeviceId, ServerId, WorkspaceId};
use casework_protocol::keys::{SecretKey, Signature, Signer};
use casework_protocol::limits::MAX_SUCCESSIONS;
use casework_protocol::log::{HeadError, SignedHead, VerifiedHead, sign_head};
use casework_protocol::succession::{Succession, successor};

/// A key, and the line of handovers that ends in it.
#[derive(Debug, Clone)]
pub struct Identity {
    key: SecretKey,
    line: Vec<Succession>,
}

impl Identity {
    /// The key with as much of the line as leads to it.
    #[must_use]
    pub fn new(key: SecretKey, mut line: Vec<Succession>) -> Self {
        let now = key.server();
        // A key file that was put back, or not replaced yet: the line goes on behind it.
        let end = line.iter().rposition(|word| word.new == now);
        line.truncate(end.map_or(0, |end| end + 1));
        let mut line: Vec<Succession> = line
            .iter()
            .enumerate()
            .filter(|(at, word)| successor(word.old, &line[*at..]) == now)
            .map(|(_, word)| word.clone())
            .collect();
        line.drain(..line.len().saturating_sub(MAX_SUCCESSIONS));
        Self { key, line }
    }

    /// The public key.
    #[must_use]
    pub fn server(&self) -> ServerId {
        self.key.server()
    }

    /// The secret key.
    #[must_use]
    pub fn key(&self) -> &SecretKey {
        &self.key
    }

    /// The handovers, oldest first; none before the first rotation.
    #[must_use]
    pub fn line(&self) -> &[Succession] {
        &self.line
    }

    /// The key after it handed over to another.
    #[must_use]
    pub fn hand_over(&self, to: SecretKey, now_ms: u64) -> Self {
        let mut line = self.line.clone();
        line.push(Succession::sign(&self.key, &to, now_ms));
        Self::new(to, line)
    }

    /// The present public key, and those before it.
    #[must_use]
    pub fn servers(&self) -> Vec<ServerId> {
        let before = self.line.iter().map(|word| word.old);
        core::iter::once(self.server()).chain(before).collect()
    }

    /// Whether this server once had that key.
    #[must_use]
    pub fn was(&self, server: ServerId) -> bool {
        self.line.iter().any(|word| word.old == server)
    }

    /// A head of this server under its present key: after a rotation the log has some of the key before.
    #[must_use]
    pub fn renew(&self, head: SignedHead, workspace: WorkspaceId) -> SignedHead {
        match self.verify(head.clone(), workspace) {
            Ok(known) if known.server() != self.server() => sign_head(self, *known.head()),
            Ok(_) | Err(_) => head,
        }
    }

    /// Reads a head that this server signed, with this key or one before.
    ///
    /// # Errors
    /// [`HeadError`] naming what does not fit.
    pub fn verify(
        &self,
        head: SignedHead,
        workspace: WorkspaceId,
    ) -> Result<VerifiedHead, HeadError> {
        let before = self.line.iter().find_map(|word| {
            let head = head.clone().verify(word.old, workspace);
            head.ok()
        });
        before.map_or_else(|| head.verify(self.server(), workspace), Ok)
    }
}

impl From<SecretKey> for Identity {
    fn from(key: SecretKey) -> Self {
        Self {
            key,
            line: Vec::new(),
        }
    }
}

impl Signer for Identity {
    fn device(&self) -> DeviceId {
        self.key.device()
    }

    fn sign(&self, tag: Tag, parts: &[&[u8]]) -> Signature {
        self.key.sign(tag, parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> SecretKey {
        SecretKey::from_seed(&[n; 32])
    }

    #[test]
    fn a_line_keeps_what_leads_to_the_key_and_nothing_else() {
        let third = Identity::from(key(1))
            .hand_over(key(2), 7)
            .hand_over(key(3), 8);
        assert_eq!(third.line().len(), 2);
        assert!(third.was(key(1).server()) && third.was(key(2).server()));
        assert!(!third.was(key(3).server()) && !third.was(key(4).server()));
        // The line of another key, and of a key file that was put back.
        let line = third.line().to_vec();
        assert_eq!(Identity::new(key(4), line.clone()).line(), []);
        assert_eq!(Identity::new(key(2), line.clone()).line(), &line[..1]);
    }

    #[test]
    fn only_the_newest_handovers_are_told() {
        let mut identity = Identity::from(key(0));
        for n in 1..=MAX_SUCCESSIONS as u8 + 3 {
            identity = identity.hand_over(key(n), 7);
        }
        assert_eq!(identity.line().len(), MAX_SUCCESSIONS);
        assert!(identity.was(key(3).server()) && !identity.was(key(2).server()));
    }
}
