//! One id type per thing: fixed-size bytes, lower-case hex for people, a byte string on the wire.
//!
//! Ids carry no meaning beyond identity; what proves an id (a hash, a public key) lives with the
//! thing it names.

use core::fmt;
use core::str::FromStr;

/// A text that is not an id: wrong length or not hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {kind} id: it must be {digits} hexadecimal digits")]
pub struct IdError {
    /// What was expected, for instance `document`.
    pub kind: &'static str,
    /// How many hexadecimal digits the id has.
    pub digits: usize,
    /// The text that was given, cut to 80 characters.
    pub text: String,
}

/// The two lower-case hexadecimal digits of every byte.
const DIGITS: [[u8; 2]; 256] = {
    const HALF: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        digits[byte] = [HALF[byte >> 4], HALF[byte & 15]];
        byte += 1;
    }
    digits
};

/// Lower-case hexadecimal digits of an id. An app's page has thousands of them, and a general encoder
/// takes 404 instructions for eight bytes (counted): twice as many as this.
#[must_use]
pub fn hex<const N: usize>(id: &[u8; N]) -> String {
    const { assert!(N <= 32, "no id is longer") };
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(id) {
        pair.copy_from_slice(&DIGITS[usize::from(*byte)]);
    }
    core::str::from_utf8(&text[..2 * N])
        .unwrap_or_default()
        .to_owned()
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $len:literal, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// Wraps bytes that are already known to be this id.
            #[must_use]
            pub const fn new(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// Reads an id from a slice; `None` unless it has exactly [`Self::LEN`] bytes.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                Some(Self(bytes.try_into().ok()?))
            }

            /// The raw bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// The hexadecimal digits, quicker than by [`fmt::Display`]: a page for an app has
            /// thousands of ids.
            #[must_use]
            pub fn hex(&self) -> String {
                hex(&self.0)
            }

            /// The first eight hexadecimal digits: enough for a person to tell ids apart.
            #[must_use]
            pub fn short(&self) -> String {
                data_encoding::HEXLOWER.encode(&self.0[..4])
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; 2 * $len];
                f.write_str(data_encoding::HEXLOWER.encode_mut_str(&self.0, &mut text))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.short())
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                data_encoding::HEXLOWER_PERMISSIVE
                    .decode(text.as_bytes())
                    .ok()
                    .and_then(|bytes| Self::from_slice(&bytes))
                    .ok_or_else(|| IdError {
                        kind: $kind,
                        digits: $len * 2,
                        text: text.chars().take(80).collect(),
                    })
            }
        }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(
                d: &mut minicbor::Decoder<'b>,
                _: &mut C,
            ) -> Result<Self, minicbor::decode::Error> {
                let at = d.position();
                Self::from_slice(d.bytes()?).ok_or_else(|| {
                    minicbor::decode::Error::message(concat!($kind, " id of another length"))
                        .at(at)
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                if s.is_human_readable() {
                    s.collect_str(self)
                } else {
                    s.serialize_bytes(&self.0)
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(concat!("a ", $kind, " id"))
                    }
                    fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<$name, E> {
                        v.parse().map_err(E::custom)
                    }
                    fn visit_bytes<E: serde::de::Error>(self, v: &[u8]) -> Result<$name, E> {
                        $name::from_slice(v)
                            .ok_or_else(|| E::invalid_length(v.len(), &self))
                    }
                }
                if d.is_human_readable() {
                    d.deserialize_str(Visitor)
                } else {
                    d.deserialize_bytes(Visitor)
                }
            }
        }
    };
}

id_type!(
    /// A workspace: SHA-256 of its genesis roster entry, so the id certifies its own founder.
    WorkspaceId, 32, "workspace"
);
id_type!(
    /// A document (a case or a template): the first 16 bytes of the hash of the genesis entry of
    /// its access record, so that nobody can open a second document under the same id.
    DocumentId, 16, "document"
);
id_type!(
    /// A device: its ed25519 public key.
    DeviceId, 32, "device"
);
id_type!(
    /// A member: a person or a service. Sixteen random bytes chosen when the member is added.
    MemberId, 16, "member"
);
id_type!(
    /// An Automerge actor: nonce ‖ derived half, see [`crate::actor`].
    ActorId, 24, "actor"
);
id_type!(
    /// An Automerge change: the SHA-256 that the change format itself defines.
    ChangeHash, 32, "change"
);
id_type!(
    /// A signed entry of a roster or an access record: SHA-256 of its tag, bytes and signature-free
    /// body, see [`crate::entry`].
    EntryHash, 32, "entry"
);
id_type!(
    /// An invite: the public half of its one-time key.
    InviteId, 32, "invite"
);
id_type!(
    /// A server: its ed25519 public key, pinned by the invite.
    ServerId, 32, "server"
);
id_type!(
    /// The key of a server's TLS certificate, as an address pins it: SHA-256 of its
    /// `SubjectPublicKeyInfo`, see [`crate::frame::channel`].
    CertificatePin, 32, "certificate pin"
);
id_type!(
    /// A published template revision: SHA-256 of its canonical package.
    RevisionId, 32, "revision"
);
id_type!(
    /// One life of a workspace on a server. A server that was emptied or restored and cannot be
    /// recovered opens a new one.
    EpochId, 16, "epoch"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_from_its_text_and_from_its_bytes() {
        let id = DocumentId::new([7; 16]);
        assert_eq!(id.to_string().parse::<DocumentId>(), Ok(id));
        let bytes = minicbor::to_vec(id).unwrap();
        assert_eq!(minicbor::decode::<DocumentId>(&bytes).unwrap(), id);
        assert_eq!(
            serde_json::from_str::<DocumentId>(&serde_json::to_string(&id).unwrap()).unwrap(),
            id
        );
    }

    #[test]
    fn a_text_of_another_length_is_refused_and_named() {
        let error = "07".parse::<DocumentId>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"07\" is not a document id: it must be 32 hexadecimal digits"
        );
    }
}
