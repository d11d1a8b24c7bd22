//! The mutual, signed, domain-separated handshake with nonces from both sides.
//!
//! The server proves its pinned key before it learns who is calling; the device proves its own
//! key over everything both said. Neither signature can be used anywhere else: tag, workspace,
//! both nonces, both keys and the channel are in it.

use minicbor::{Decode, Encode};

use super::channel::Channel;
use crate::digest::Tag;
use crate::ids::{DeviceId, InviteId, ServerId, WorkspaceId};
use crate::keys::{KeyError, SecretKey, Signature, Signer, verify};
use crate::succession::Succession;

/// A device opens a connection.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Hello {
    /// The newest protocol version the device speaks.
    #[n(0)]
    pub version: u16,
    /// The workspace it wants.
    #[n(1)]
    pub workspace: WorkspaceId,
    /// Sixteen fresh bytes.
    #[n(2)]
    pub nonce: [u8; 16],
}

/// The server answers and proves its key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Welcome {
    /// The version both will speak.
    #[n(0)]
    pub version: u16,
    /// The server's key.
    #[n(1)]
    pub server: ServerId,
    /// Sixteen fresh bytes.
    #[n(2)]
    pub nonce: [u8; 16],
    /// Tag ‖ version asked ‖ version chosen ‖ workspace ‖ device nonce ‖ server nonce ‖ server
    /// key ‖ channel; versions as two bytes, big-endian. Nobody between the two can talk them
    /// down. The channel is nothing without TLS and the 32 bytes of its exporter with it.
    #[n(3)]
    pub signature: Signature,
    /// Milliseconds since 1970 by the server's clock, to tell a person that theirs is wrong.
    #[n(4)]
    pub time_ms: u64,
    /// How the server came to this key from those before it, oldest word first. It stands on its
    /// own signatures; nothing without a rotation.
    #[n(5)]
    pub line: Option<Vec<Succession>>,
}

/// The device proves its key, and an invite's key if it is not enrolled yet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Prove {
    /// The device's key.
    #[n(0)]
    pub device: DeviceId,
    /// Tag ‖ version asked ‖ workspace ‖ device nonce ‖ server nonce ‖ server key ‖ device key ‖
    /// channel.
    #[n(1)]
    pub signature: Signature,
    /// A device that is not enrolled shows an invite instead: it may read the roster and push its
    /// redemption, nothing else. Same bytes, signed by the invite key.
    #[n(2)]
    pub invite: Option<InviteProof>,
}

/// Proof that the caller holds an invite's one-time key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct InviteProof {
    /// The invite.
    #[n(0)]
    pub invite: InviteId,
    /// The invite key's signature over the same bytes as the device's.
    #[n(1)]
    pub signature: Signature,
}

/// The server's answer to a hello.
#[must_use]
pub fn welcome(
    hello: &Hello,
    channel: Channel,
    key: &SecretKey,
    nonce: [u8; 16],
    time_ms: u64,
) -> Welcome {
    let server = key.server();
    let version = super::VERSION.min(hello.version);
    let signature = key.sign(
        Tag::HelloServer,
        &[
            &hello.version.to_be_bytes(),
            &version.to_be_bytes(),
            hello.workspace.as_bytes(),
            &hello.nonce,
            &nonce,
            server.as_bytes(),
            channel.bytes(),
        ],
    );
    Welcome {
        version,
        server,
        nonce,
        signature,
        time_ms,
        line: None,
    }
}

/// Checks that the server holds the key it names, on this very channel; whether it is the pinned one is
/// the caller's question.
///
/// # Errors
/// [`KeyError`] when the proof does not hold.
pub fn check_welcome(
    hello: &Hello,
    channel: Channel,
    welcome: &Welcome,
) -> Result<ServerId, KeyError> {
    verify(
        DeviceId::new(*welcome.server.as_bytes()),
        Tag::HelloServer,
        &[
            &hello.version.to_be_bytes(),
            &welcome.version.to_be_bytes(),
            hello.workspace.as_bytes(),
            &hello.nonce,
            &welcome.nonce,
            welcome.server.as_bytes(),
            channel.bytes(),
        ],
        &welcome.signature,
    )?;
    Ok(welcome.server)
}

/// The device's proof, with the invite key where the device is not enrolled yet.
#[must_use]
pub fn prove(
    hello: &Hello,
    channel: Channel,
    welcome: &Welcome,
    key: &dyn Signer,
    invite: Option<&SecretKey>,
) -> Prove {
    let device = key.device();
    let sign = |key: &dyn Signer| {
        key.sign(
            Tag::HelloDevice,
            &[
                &hello.version.to_be_bytes(),
                hello.workspace.as_bytes(),
                &hello.nonce,
                &welcome.nonce,
                welcome.server.as_bytes(),
                device.as_bytes(),
                channel.bytes(),
            ],
        )
    };
    Prove {
        device,
        signature: sign(key),
        invite: invite.map(|secret| InviteProof {
            invite: secret.invite(),
            signature: sign(secret),
        }),
    }
}

/// Checks the device's proof, and the invite's where there is one.
///
/// # Errors
/// [`KeyError`] when a proof does not hold.
pub fn check_prove(
    hello: &Hello,
    channel: Channel,
    nonce: &[u8; 16],
    server: ServerId,
    prove: &Prove,
) -> Result<(), KeyError> {
    let version = hello.version.to_be_bytes();
    let parts: [&[u8]; 7] = [
        &version,
        hello.workspace.as_bytes(),
        &hello.nonce,
        nonce,
        server.as_bytes(),
        prove.device.as_bytes(),
        channel.bytes(),
    ];
    verify(prove.device, Tag::HelloDevice, &parts, &prove.signature)?;
    if let Some(proof) = &prove.invite {
        let key = DeviceId::new(*proof.invite.as_bytes());
        verify(key, Tag::HelloDevice, &parts, &proof.signature)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello() -> Hello {
        Hello {
            version: 1,
            workspace: WorkspaceId::new([5; 32]),
            nonce: [1; 16],
        }
    }

    #[test]
    fn both_sides_prove_their_keys() {
        let (server, device) = (
            SecretKey::from_seed(&[1; 32]),
            SecretKey::from_seed(&[2; 32]),
        );
        let welcome = welcome(&hello(), Channel::Plain, &server, [9; 16], 0);
        assert_eq!(
            check_welcome(&hello(), Channel::Plain, &welcome),
            Ok(server.server())
        );
        let proof = prove(
            &hello(),
            Channel::Plain,
            &welcome,
            &device,
            Some(&SecretKey::from_seed(&[3; 32])),
        );
        assert_eq!(
            check_prove(&hello(), Channel::Plain, &[9; 16], server.server(), &proof),
            Ok(())
        );
    }

    #[test]
    fn nobody_between_the_two_can_talk_the_version_down() {
        let server = SecretKey::from_seed(&[1; 32]);
        let newer = Hello {
            version: 9,
            ..hello()
        };
        let honest = welcome(&newer, Channel::Plain, &server, [9; 16], 0);
        assert_eq!(
            (
                honest.version,
                check_welcome(&newer, Channel::Plain, &honest)
            ),
            (crate::frame::VERSION, Ok(server.server()))
        );
        let talked_down = welcome(
            &Hello {
                version: 1,
                ..newer.clone()
            },
            Channel::Plain,
            &server,
            [9; 16],
            0,
        );
        assert!(check_welcome(&newer, Channel::Plain, &talked_down).is_err());
        let lower = Welcome {
            version: 0,
            ..honest
        };
        assert!(check_welcome(&newer, Channel::Plain, &lower).is_err());
    }

    #[test]
    fn a_proof_for_one_server_is_none_for_another() {
        let (server, device) = (
            SecretKey::from_seed(&[1; 32]),
            SecretKey::from_seed(&[2; 32]),
        );
        let welcome = welcome(&hello(), Channel::Plain, &server, [9; 16], 0);
        let proof = prove(&hello(), Channel::Plain, &welcome, &device, None);
        let other = SecretKey::from_seed(&[7; 32]).server();
        assert!(check_prove(&hello(), Channel::Plain, &[9; 16], other, &proof).is_err());
        assert!(check_prove(&hello(), Channel::Plain, &[8; 16], server.server(), &proof).is_err());
    }

    #[test]
    fn a_proof_made_on_one_connection_is_none_on_another() {
        let (server, device) = (
            SecretKey::from_seed(&[1; 32]),
            SecretKey::from_seed(&[2; 32]),
        );
        let channels = [Channel::Plain, Channel::Tls([7; 32]), Channel::Tls([8; 32])];
        for made in channels {
            let welcome = welcome(&hello(), made, &server, [9; 16], 0);
            let proof = prove(&hello(), made, &welcome, &device, None);
            for seen in channels {
                assert_eq!(
                    (
                        check_welcome(&hello(), seen, &welcome).is_ok(),
                        check_prove(&hello(), seen, &[9; 16], server.server(), &proof).is_ok(),
                    ),
                    (made == seen, made == seen),
                    "{made:?} {seen:?}"
                );
            }
        }
    }
}
