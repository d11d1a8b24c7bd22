//! The invite link: what a newcomer needs to find the server, trust it, and be let in.
//!
//! `casework://join/` and base64url (no padding) of a CBOR array; the golden test holds one. The
//! seed in it is a secret until it is redeemed: the roster holds only its public half. Says
//! nothing about what the invite gives; the roster does.

use core::fmt;
use core::str::FromStr;

use casework_protocol::frame;
use casework_protocol::ids::{InviteId, ServerId, WorkspaceId};
use casework_protocol::keys::SecretKey;
use casework_protocol::log::SignedHead;
use casework_protocol::roster::is_name;
use data_encoding::BASE64URL_NOPAD;
use minicbor::{Decode, Encode};

use crate::address::Address;
use crate::error::Error;

/// What every link begins with.
const PREFIX: &str = "casework://join/";
/// Version of the layout, its first element.
const VERSION: u8 = 1;
/// Longest link, in characters; an honest one has about 600.
const MAX_CHARS: usize = 4096;

/// An invite as it is handed to the newcomer, by QR code or message.
///
/// Whoever has it can join until it expires or is used up, so it is sent like a password.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct InviteLink {
    #[n(0)]
    version: u8,
    /// The workspace to join; the roster that arrives must begin with exactly this one.
    #[n(1)]
    pub(crate) workspace: WorkspaceId,
    /// Where its server listens.
    #[n(2)]
    pub(crate) address: String,
    /// The key that the server must prove.
    #[n(3)]
    pub(crate) server: ServerId,
    /// The newest log head the inviter knew: the server cannot show the newcomer another history.
    #[n(4)]
    pub(crate) head: Option<SignedHead>,
    /// The one-time signing seed.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub(crate) seed: [u8; 32],
    /// When it ends, milliseconds since 1970; the server's clock decides.
    #[n(6)]
    pub(crate) expires_ms: u64,
    /// What people call the workspace, to be shown before it is joined; the roster decides.
    #[n(7)]
    name: Option<String>,
}

/// What a link says besides its secrets.
pub(crate) struct Whereabouts {
    pub(crate) workspace: WorkspaceId,
    pub(crate) name: String,
    pub(crate) address: Address,
    pub(crate) server: ServerId,
    pub(crate) head: Option<SignedHead>,
}

impl InviteLink {
    pub(crate) fn new(whereabouts: Whereabouts, seed: [u8; 32], expires_ms: u64) -> Self {
        let Whereabouts {
            workspace,
            name,
            address,
            server,
            head,
        } = whereabouts;
        let address = address.to_string();
        Self {
            version: VERSION,
            workspace,
            address,
            server,
            head,
            seed,
            expires_ms,
            name: Some(name).filter(|name| is_name(name)),
        }
    }

    /// The workspace that it leads to.
    #[must_use]
    pub const fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// What people called the workspace when the link was made; nothing in links of older
    /// versions. It is the word of whoever made the link: the workspace itself says it after
    /// joining.
    #[must_use]
    pub fn workspace_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Where the server listens: `ws://host:port`, or `wss://host:port`, with the pin of its
    /// certificate where that is self-signed.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The key that the server must prove.
    #[must_use]
    pub const fn server(&self) -> ServerId {
        self.server
    }

    /// When it ends, milliseconds since 1970. The server's clock decides.
    #[must_use]
    pub const fn expires_ms(&self) -> u64 {
        self.expires_ms
    }

    /// The invite's public half, as the roster names it.
    #[must_use]
    pub fn invite(&self) -> InviteId {
        self.key().invite()
    }

    /// The same link with another address, for a server that is reached differently from here.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the address is none.
    pub fn at_address(&self, address: &str) -> Result<Self, Error> {
        let address = address.parse::<Address>()?.to_string();
        Ok(Self {
            address,
            ..self.clone()
        })
    }

    pub(crate) fn key(&self) -> SecretKey {
        SecretKey::from_seed(&self.seed)
    }
}

/// The whole link, secret included.
impl fmt::Display for InviteLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{PREFIX}{}",
            BASE64URL_NOPAD.encode(&frame::encode(self))
        )
    }
}

/// Without the secret.
impl fmt::Debug for InviteLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InviteLink")
            .field("workspace", &self.workspace)
            .field("name", &self.name)
            .field("address", &self.address)
            .field("server", &self.server)
            .field("expires_ms", &self.expires_ms)
            .finish_non_exhaustive()
    }
}

impl FromStr for InviteLink {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            Error::Invalid(format!(
                "this is not an invite link: {why}; copy it whole, as it begins with {PREFIX}"
            ))
        };
        let text = text.trim();
        let Some(body) = text.strip_prefix(PREFIX) else {
            return Err(refuse("it begins differently"));
        };
        if text.len() > MAX_CHARS {
            return Err(refuse("it is too long"));
        }
        let bytes = BASE64URL_NOPAD
            .decode(body.trim_end_matches('=').as_bytes())
            .map_err(|_| refuse("it is cut or mistyped"))?;
        match minicbor::decode::<u8>(bytes.get(1..).unwrap_or_default()) {
            Ok(VERSION) => {}
            Ok(newer) if newer > VERSION && bytes.first().is_some_and(|byte| byte >> 5 == 4) => {
                return Err(Error::Invalid(
                    "this invite link was made by a newer version; update this program".to_owned(),
                ));
            }
            Ok(_) | Err(_) => return Err(refuse("it is cut or mistyped")),
        }
        let link: Self = frame::decode(&bytes).map_err(|_| refuse("it is cut or mistyped"))?;
        link.address.parse::<Address>()?;
        if link.name.as_deref().is_some_and(|name| !is_name(name)) {
            return Err(refuse("it names a workspace as none can be called"));
        }
        Ok(link)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use casework_protocol::ids::EpochId;
    use casework_protocol::log::{LogHead, NodeHash, sign_head};

    fn link() -> InviteLink {
        let server = SecretKey::from_seed(&[2; 32]);
        let workspace = WorkspaceId::new([1; 32]);
        let head = LogHead {
            workspace,
            epoch: EpochId::new([3; 16]),
            size: 5,
            root: NodeHash::new([4; 32]),
            time_ms: 6,
        };
        let whereabouts = Whereabouts {
            workspace,
            name: String::new(),
            address: "ws://127.0.0.1:7410".parse().unwrap(),
            server: server.server(),
            head: Some(sign_head(&server, head)),
        };
        InviteLink::new(whereabouts, [7; 32], 1_700_000_000_000)
    }

    /// The format is public: a link printed today must be readable for ever.
    const GOLDEN: &str = concat!(
        "casework://join/hwFYIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBc3dzOi8vMTI3LjAu",
        "MC4xOjc0MTBYIIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOUg4VYIAEBAQEBAQEBAQEBAQEB",
        "AQEBAQEBAQEBAQEBAQEBAQEBUAMDAwMDAwMDAwMDAwMDAwMFWCAEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
        "BAQEBAQEBAQEBAZYIIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOUWEAJ-mdmTOyZoizUFL_U",
        "f8LkotwNvw6s7jWXiotA8EC_CjcKhK6V55E1tnwEGbFrOMnzjJUsMek6c6wvbQsfUWMJWCAHBwcHBwcH",
        "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBxsAAAGLz-VoAA",
    );

    #[test]
    fn a_link_is_written_as_the_golden_one_and_reads_back() {
        assert_eq!(link().to_string(), GOLDEN);
        assert_eq!(GOLDEN.parse::<InviteLink>().unwrap(), link());
        assert_eq!(
            format!("  {GOLDEN}\n").parse::<InviteLink>().unwrap(),
            link()
        );
    }

    #[test]
    fn a_link_names_its_workspace_and_older_ones_name_none() {
        let named = InviteLink {
            name: Some("Field office".to_owned()),
            ..link()
        };
        let read: InviteLink = named.to_string().parse().unwrap();
        assert_eq!(read.workspace_name(), Some("Field office"));
        assert_eq!(link().workspace_name(), None);
        assert_eq!(GOLDEN.parse::<InviteLink>().unwrap().workspace_name(), None);
    }

    #[test]
    fn a_link_with_a_name_that_would_play_with_a_screen_is_refused() {
        for name in ["", " x", "a\u{1b}[2J", "two\nlines", &"x".repeat(201)] {
            let forged = InviteLink {
                name: Some(name.to_owned()),
                ..link()
            };
            let error = forged.to_string().parse::<InviteLink>().unwrap_err();
            assert!(error.to_string().contains("names a workspace"), "{error}");
        }
    }

    #[test]
    fn a_link_that_was_cut_or_mistyped_is_refused_at_every_place() {
        let text = link().to_string();
        for end in 0..text.len() {
            assert!(
                matches!(text[..end].parse::<InviteLink>(), Err(Error::Invalid(_))),
                "{end}"
            );
        }
        for other in [
            "",
            "https://example.org",
            "casework://join/",
            "casework://join/!!!!",
        ] {
            assert!(
                matches!(other.parse::<InviteLink>(), Err(Error::Invalid(_))),
                "{other}"
            );
        }
    }

    #[test]
    fn a_link_of_a_newer_version_says_update() {
        let newer = InviteLink {
            version: 2,
            ..link()
        };
        let error = newer.to_string().parse::<InviteLink>().unwrap_err();
        assert!(error.to_string().contains("update"), "{error}");
    }

    #[test]
    fn a_link_never_shows_its_secret_when_debugged() {
        let shown = format!("{:?}", link());
        assert!(!shown.contains("7, 7"), "{shown}");
        assert!(!shown.contains("seed"), "{shown}");
    }
}
