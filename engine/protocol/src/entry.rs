//! Signed, hash-chained entries: the common form of the roster and of access records.
//!
//! An entry is the exact bytes its author signed; it is decoded from those bytes and never
//! re-encoded. Its hash leaves the signature out, so an entry has one hash however often it is
//! signed. [`SignedEntry::verify`] is the only way to a readable [`Entry`].

use minicbor::{Decode, Encode};

use crate::digest::{Tag, digest};
use crate::ids::{DeviceId, DocumentId, EntryHash, WorkspaceId};
use crate::keys::{Claim, KeyError, Signature, Signer, message, verify, verify_batch};
use crate::limits::MAX_ENTRY_BYTES;

/// Why an entry cannot be read or trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// Longer than [`MAX_ENTRY_BYTES`]. Split the work over several entries.
    #[error("entry of {0} bytes is longer than {MAX_ENTRY_BYTES}")]
    TooLong(usize),
    /// Not the CBOR that this version knows. Update, or refuse the sender.
    #[error("entry cannot be decoded: {0}")]
    Malformed(String),
    /// The author's signature does not hold.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Which chain an entry belongs to; decides the tags that separate their hashes and signatures.
pub trait Chain {
    /// Tag of the entry hash.
    const HASH: Tag;
    /// Tag of the author's signature.
    const SIGN: Tag;
}

/// Where an entry stands: in which chain, after what, by whom, when as the author claims.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct EntryHead {
    /// The workspace; all zero in the genesis entry of a roster, which defines it.
    #[n(0)]
    pub workspace: WorkspaceId,
    /// The document of an access record; all zero in a roster and in the genesis of a record.
    #[n(1)]
    pub document: DocumentId,
    /// 1 for the genesis entry, then one more than its predecessor.
    #[n(2)]
    pub version: u64,
    /// Hash of the predecessor; all zero in the genesis entry.
    #[n(3)]
    pub previous: EntryHash,
    /// The device that signs.
    #[n(4)]
    pub author: DeviceId,
    /// Milliseconds since 1970 by the author's clock. A claim; nothing is judged by it, but that the
    /// genesis of a personal document claims none.
    #[n(5)]
    pub claimed_ms: u64,
}

/// An entry as it travels and is stored: bytes nobody may read before [`SignedEntry::verify`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SignedEntry {
    #[cbor(n(0), with = "minicbor::bytes")]
    bytes: Vec<u8>,
    #[n(1)]
    signature: Signature,
}

/// A verified entry: its author's signature covers exactly these fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<B> {
    hash: EntryHash,
    head: EntryHead,
    body: B,
    signed: SignedEntry,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Content<B> {
    #[n(0)]
    head: EntryHead,
    #[n(1)]
    body: B,
}

impl SignedEntry {
    /// Writes and signs an entry.
    ///
    /// # Panics
    /// Never: encoding into memory cannot fail.
    #[must_use]
    pub fn sign<B: Chain + Encode<()>>(head: EntryHead, body: B, key: &dyn Signer) -> Self {
        let bytes = minicbor::to_vec(Content { head, body }).expect("memory takes every byte");
        let signature = key.sign(B::SIGN, &[&bytes]);
        Self { bytes, signature }
    }

    /// The hash by which the next entry names this one.
    #[must_use]
    pub fn hash<B: Chain>(&self) -> EntryHash {
        EntryHash::new(digest(B::HASH, &[&self.bytes]))
    }

    /// The signed bytes, for the payload hash of the log.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Length on the wire, nearly; for budgets.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        self.bytes.len() + Signature::LEN + 8
    }

    /// Decodes the entry and checks its author's signature.
    ///
    /// # Errors
    /// [`EntryError`] for bytes that are too long, malformed, followed by others, or not signed by
    /// the device they name.
    pub fn verify<B>(self) -> Result<Entry<B>, EntryError>
    where
        B: Chain + for<'b> Decode<'b, ()>,
    {
        let content = self.read::<B>()?;
        verify(
            content.head.author,
            B::SIGN,
            &[&self.bytes],
            &self.signature,
        )?;
        Ok(self.into_entry(content))
    }

    /// Does the same for many entries and checks their signatures together: cheaper, and with the
    /// same answer for each.
    #[must_use]
    pub fn verify_all<B>(entries: Vec<Self>) -> Vec<Result<Entry<B>, EntryError>>
    where
        B: Chain + for<'b> Decode<'b, ()>,
    {
        let read: Vec<Result<Content<B>, EntryError>> = entries.iter().map(Self::read).collect();
        let claims: Vec<Claim> = entries
            .iter()
            .zip(&read)
            .filter_map(|(entry, content)| {
                Some(Claim {
                    key: content.as_ref().ok()?.head.author,
                    message: message(B::SIGN, &[&entry.bytes]),
                    signature: entry.signature,
                })
            })
            .collect();
        let mut results = verify_batch(&claims).into_iter();
        let verified = entries.into_iter().zip(read).map(|(entry, content)| {
            let content = content?;
            results.next().expect("there is one for each claim")?;
            Ok(entry.into_entry(content))
        });
        verified.collect()
    }

    /// What it says, which nobody may believe yet.
    fn read<B>(&self) -> Result<Content<B>, EntryError>
    where
        B: Chain + for<'b> Decode<'b, ()>,
    {
        if self.bytes.len() > MAX_ENTRY_BYTES {
            return Err(EntryError::TooLong(self.bytes.len()));
        }
        let mut decoder = minicbor::Decoder::new(&self.bytes);
        let content: Content<B> = decoder
            .decode()
            .map_err(|error| EntryError::Malformed(error.to_string()))?;
        if decoder.position() != self.bytes.len() {
            return Err(EntryError::Malformed("bytes after the entry".to_owned()));
        }
        Ok(content)
    }

    fn into_entry<B: Chain>(self, Content { head, body }: Content<B>) -> Entry<B> {
        Entry {
            hash: self.hash::<B>(),
            head,
            body,
            signed: self,
        }
    }
}

impl<B> Entry<B> {
    /// The hash by which the next entry names this one.
    #[must_use]
    pub fn hash(&self) -> EntryHash {
        self.hash
    }

    /// Where the entry stands.
    #[must_use]
    pub fn head(&self) -> &EntryHead {
        &self.head
    }

    /// What it says.
    #[must_use]
    pub fn body(&self) -> &B {
        &self.body
    }

    /// The entry as it travels.
    #[must_use]
    pub fn signed(&self) -> &SignedEntry {
        &self.signed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::MemberId;
    use crate::keys::SecretKey;
    use crate::roster::draft::RosterDraft;
    use crate::roster::entry::RosterBody;

    fn entry(n: u8) -> SignedEntry {
        let body = RosterBody::Genesis {
            name: format!("Workspace {n}"),
            member: MemberId::new([n; 16]),
            member_name: "Ana".into(),
            device_name: "desk".into(),
            nonce: vec![n; 16],
        };
        RosterDraft {
            body,
            claimed_ms: 1,
        }
        .found(&SecretKey::from_seed(&[n; 32]))
    }

    #[test]
    fn many_entries_are_judged_together_as_each_one_alone() {
        let mut entries: Vec<SignedEntry> = (0..12).map(entry).collect();
        entries[2].signature = entries[3].signature;
        entries[5].bytes.push(0);
        entries[7].bytes.truncate(9);
        entries[8].bytes = vec![0; MAX_ENTRY_BYTES + 1];
        let alone: Vec<_> = entries
            .iter()
            .map(|entry| entry.clone().verify::<RosterBody>().is_ok())
            .collect();
        let together = SignedEntry::verify_all::<RosterBody>(entries.clone());
        let together: Vec<_> = together.iter().map(Result::is_ok).collect();
        assert_eq!(together, alone);
        assert_eq!(alone.iter().filter(|ok| **ok).count(), 8);
        let good = [0, 1, 11].map(|n: usize| entries[n].clone());
        for (verified, entry) in SignedEntry::verify_all::<RosterBody>(good.to_vec())
            .into_iter()
            .zip(&good)
        {
            assert_eq!(verified.unwrap().signed(), entry);
        }
    }
}
