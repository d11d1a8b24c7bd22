//! A server hands over to a new key: the old key names the new one, and the new one agrees.
//!
//! Whoever pinned a key goes on with the one that a line of such words leads to. What a handover
//! cannot do stands in `docs/decisions/0013-the-old-key-of-a-server-names-the-new-one.md`: whoever
//! has the old key can write one too.
//! Invariant: [`successor`] answers only for a line in which every word was signed by both keys.

use minicbor::{Decode, Encode};

use crate::digest::Tag;
use crate::ids::{DeviceId, ServerId};
use crate::keys::{KeyError, SecretKey, Signature, Signer as _, verify};

/// One handover, signed by both keys.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Succession {
    /// The key that hands over.
    #[n(0)]
    pub old: ServerId,
    /// The key that takes over.
    #[n(1)]
    pub new: ServerId,
    /// When, in milliseconds since 1970 by the server's clock: for people; nothing is judged by it.
    #[n(2)]
    pub at_ms: u64,
    /// The old key's signature over old ‖ new ‖ time.
    #[n(3)]
    pub by_old: Signature,
    /// The new key's over the same, so that nobody names a key as theirs that is not.
    #[n(4)]
    pub by_new: Signature,
}

impl Succession {
    /// The old key hands over to the new one.
    #[must_use]
    pub fn sign(old: &SecretKey, new: &SecretKey, at_ms: u64) -> Self {
        let (from, to) = (old.server(), new.server());
        let time = at_ms.to_be_bytes();
        let parts: [&[u8]; 3] = [from.as_bytes(), to.as_bytes(), &time];
        Self {
            old: from,
            new: to,
            at_ms,
            by_old: old.sign(Tag::Succession, &parts),
            by_new: new.sign(Tag::Succession, &parts),
        }
    }

    /// Checks that both keys signed it.
    ///
    /// # Errors
    /// [`KeyError`] naming the key that did not.
    pub fn verify(&self) -> Result<(), KeyError> {
        let time = self.at_ms.to_be_bytes();
        let parts: [&[u8]; 3] = [self.old.as_bytes(), self.new.as_bytes(), &time];
        for (key, signature) in [(self.old, &self.by_old), (self.new, &self.by_new)] {
            let key = DeviceId::new(*key.as_bytes());
            verify(key, Tag::Succession, &parts, signature)?;
        }
        Ok(())
    }
}

/// Follows the line from a pinned key, oldest word first; the key it ends in. A word about other
/// keys ends it, and so does one that does not hold.
#[must_use]
pub fn successor(pinned: ServerId, line: &[Succession]) -> ServerId {
    let later = line.iter().skip_while(|word| word.old != pinned);
    let mut at = pinned;
    for word in later {
        if word.old != at || word.verify().is_err() {
            break;
        }
        at = word.new;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> SecretKey {
        SecretKey::from_seed(&[n; 32])
    }

    fn line(keys: &[u8]) -> Vec<Succession> {
        keys.windows(2)
            .map(|two| Succession::sign(&key(two[0]), &key(two[1]), 7))
            .collect()
    }

    #[test]
    fn a_pin_on_any_key_of_the_line_leads_to_its_end() {
        let line = line(&[1, 2, 3, 4]);
        for pinned in 1..=4 {
            let found = successor(key(pinned).server(), &line);
            assert_eq!(found, key(4).server(), "{pinned}");
        }
        let stranger = key(9).server();
        assert_eq!(successor(stranger, &line), stranger);
    }

    #[test]
    fn a_line_leads_nowhere_back() {
        let line = line(&[1, 2]);
        assert_eq!(successor(key(2).server(), &line), key(2).server());
    }

    #[test]
    fn a_word_that_one_of_the_two_keys_did_not_sign_leads_nowhere() {
        let (pinned, honest) = (key(1).server(), line(&[1, 2]).remove(0));
        let other = Succession::sign(&key(1), &key(3), 7);
        for forged in [
            // The thief of nothing names their own key.
            Succession {
                new: key(3).server(),
                ..honest.clone()
            },
            // Only the new key agrees.
            Succession {
                by_old: other.by_old,
                ..honest.clone()
            },
            // A key that somebody else holds is named.
            Succession {
                by_new: other.by_new,
                ..honest.clone()
            },
            Succession {
                at_ms: 8,
                ..honest.clone()
            },
        ] {
            assert!(forged.verify().is_err(), "{forged:?}");
            assert_eq!(successor(pinned, &[forged]), pinned);
        }
        assert_eq!(honest.verify(), Ok(()));
    }

    #[test]
    fn words_that_do_not_follow_each_other_end_the_line() {
        let mut broken = line(&[1, 2]);
        broken.extend(line(&[3, 4]));
        assert_eq!(successor(key(1).server(), &broken), key(2).server());
        assert_eq!(successor(key(3).server(), &broken), key(4).server());
    }
}
