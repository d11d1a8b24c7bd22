//! Tickets: what proves that a form was shown here, for this link, and when.
//!
//! A ticket is the page's nonce, the time and a keyed hash over both and the link. Without one a
//! POST does nothing, so no other site can have a visitor send a form. The key outlives restarts:
//! a page that was open meanwhile can still be sent.

use std::fs;
use std::io::Write;
use std::path::Path;

use casework::receipt::PageNonce;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::fault::Fault;

/// Bytes of the keyed hash that a ticket carries: 128 bits cannot be guessed.
const PROOF_BYTES: usize = 16;
/// The name of the key's file in the folder of the replica.
const KEY_FILE: &str = "forms.key";

/// The key of tickets.
#[derive(Clone)]
pub struct FormKey([u8; 32]);

/// A ticket that was made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    /// What the page's submission and receipt derive from.
    pub(super) nonce: PageNonce,
    /// When the page was made, in milliseconds since 1970.
    pub(super) made_ms: u64,
}

impl FormKey {
    /// A key of these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key of a folder; made on first use, for its owner only.
    ///
    /// # Errors
    /// [`Fault`] when the file cannot be read or written, or is no key.
    pub fn in_folder(folder: &Path, dice: [u8; 32]) -> Result<Self, Fault> {
        let path = folder.join(KEY_FILE);
        match fs::read(&path) {
            Ok(bytes) => bytes.try_into().map(Self).map_err(|bytes: Vec<u8>| {
                let message = format!("{} has {} bytes and is no key", path.display(), bytes.len());
                Fault::invalid(message).or_try("remove the file; open pages must be loaded again")
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let mut options = fs::OpenOptions::new();
                options.write(true).create_new(true);
                #[cfg(unix)]
                std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
                let written = options.open(&path).and_then(|mut file| {
                    file.write_all(&dice)?;
                    file.sync_all()
                });
                written.map_err(|error| Fault::file(&path, &error))?;
                Ok(Self(dice))
            }
            Err(error) => Err(Fault::file(&path, &error)),
        }
    }

    /// The text of a ticket for a page of this link.
    pub(super) fn issue(&self, purpose: &str, ticket: Ticket) -> String {
        let mut bytes = ticket.nonce.as_bytes().to_vec();
        bytes.extend(ticket.made_ms.to_be_bytes());
        let proof = self.proof(purpose, &bytes).finalize().into_bytes();
        bytes.extend(&proof[..PROOF_BYTES]);
        data_encoding::BASE64URL_NOPAD.encode(&bytes)
    }

    /// Reads a ticket; `None` if it was not made here for this link.
    pub(super) fn read(&self, purpose: &str, text: &str) -> Option<Ticket> {
        let bytes = data_encoding::BASE64URL_NOPAD
            .decode(text.as_bytes())
            .ok()?;
        let (nonce, rest) = bytes.split_first_chunk::<16>()?;
        let (made, proof) = rest.split_first_chunk::<8>()?;
        if proof.len() != PROOF_BYTES {
            return None;
        }
        let said = &bytes[..nonce.len() + made.len()];
        // Compares in constant time.
        self.proof(purpose, said)
            .verify_truncated_left(proof)
            .ok()?;
        Some(Ticket {
            nonce: PageNonce::new(*nonce),
            made_ms: u64::from_be_bytes(*made),
        })
    }

    fn proof(&self, purpose: &str, said: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0)
            .expect("a keyed hash takes a key of any length");
        mac.update(b"casework/1/ticket\0");
        mac.update(said);
        mac.update(purpose.as_bytes());
        mac
    }
}

impl core::fmt::Debug for FormKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("FormKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> Ticket {
        Ticket {
            nonce: PageNonce::new([7; 16]),
            made_ms: 1_700_000_000_000,
        }
    }

    #[test]
    fn a_ticket_is_good_for_its_link_and_its_key_alone() {
        let key = FormKey::new([1; 32]);
        let text = key.issue("link", ticket());
        assert_eq!(key.read("link", &text), Some(ticket()));
        assert_eq!(key.read("other", &text), None);
        assert_eq!(FormKey::new([2; 32]).read("link", &text), None);
    }

    #[test]
    fn every_changed_letter_of_a_ticket_is_found() {
        let key = FormKey::new([1; 32]);
        let text = key.issue("link", ticket());
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(key.read("link", &changed), None, "{at}");
        }
        for text in ["", "A", &text[1..], &format!("{text}AA"), "é", "====="] {
            assert_eq!(key.read("link", text), None, "{text}");
        }
    }

    #[test]
    fn the_key_of_a_folder_outlives_a_restart_and_is_nobody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let first = FormKey::in_folder(folder.path(), [3; 32]).unwrap();
        let again = FormKey::in_folder(folder.path(), [4; 32]).unwrap();
        assert_eq!(first.0, again.0);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join(KEY_FILE)).unwrap();
            assert_eq!(mode.permissions().mode() & 0o777, 0o600);
        }
        fs::write(folder.path().join(KEY_FILE), b"short").unwrap();
        assert!(FormKey::in_folder(folder.path(), [5; 32]).is_err());
    }
}
