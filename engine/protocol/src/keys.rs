//! Device, invite and server keys: ed25519, one verification rule, nothing secret in `Debug`.
//!
//! Signing goes through [`Signer`] so that an app may keep the key in a Keychain or Keystore;
//! [`SecretKey`] is the software signer. Where the bytes of a key come from (file, dice) is the
//! caller's business.

use core::fmt;

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha512};

use crate::digest::Tag;
use crate::ids::{DeviceId, InviteId, ServerId};

/// An ed25519 signature, 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Length in bytes.
    pub const LEN: usize = 64;

    /// Wraps signature bytes; nothing is checked until they are verified.
    #[must_use]
    pub const fn new(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// Reads a signature; `None` unless there are exactly 64 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }

    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Signature({})",
            data_encoding::HEXLOWER.encode(&self.0[..4])
        )
    }
}

impl<C> minicbor::Encode<C> for Signature {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for Signature {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let at = d.position();
        Self::from_slice(d.bytes()?)
            .ok_or_else(|| minicbor::decode::Error::message("signature of another length").at(at))
    }
}

/// A signature or a public key that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The bytes are no ed25519 point, or one of small order. The sender is broken or hostile.
    #[error("public key {0} is not a usable ed25519 key")]
    BadKey(DeviceId),
    /// The signature does not belong to the key and these bytes. The sender is broken or hostile.
    #[error("the signature does not match key {0}")]
    BadSignature(DeviceId),
}

/// Something that holds a device's secret key and signs with it.
pub trait Signer: Send + Sync {
    /// The public key.
    fn device(&self) -> DeviceId;
    /// Signs the tag followed by the parts.
    fn sign(&self, tag: Tag, parts: &[&[u8]]) -> Signature;
}

/// A secret key in memory, wiped when dropped.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// Makes a key from 32 secret bytes that the caller drew from the operating system.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The 32 secret bytes, for storing; wiped when dropped.
    #[must_use]
    pub fn to_seed(&self) -> zeroize::Zeroizing<[u8; 32]> {
        zeroize::Zeroizing::new(self.0.to_bytes())
    }

    /// The public key as the id of an invite.
    #[must_use]
    pub fn invite(&self) -> InviteId {
        InviteId::new(self.0.verifying_key().to_bytes())
    }

    /// The public key as the id of a server.
    #[must_use]
    pub fn server(&self) -> ServerId {
        ServerId::new(self.0.verifying_key().to_bytes())
    }
}

impl Signer for SecretKey {
    fn device(&self) -> DeviceId {
        DeviceId::new(self.0.verifying_key().to_bytes())
    }

    fn sign(&self, tag: Tag, parts: &[&[u8]]) -> Signature {
        Signature(self.0.sign(&message(tag, parts)).to_bytes())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.device().short())
    }
}

/// Checks one signature by the cofactored equation `8(sB - kA - R) = 0`.
///
/// # Errors
/// [`KeyError`] when the key is unusable or the signature does not match.
pub fn verify(
    key: DeviceId,
    tag: Tag,
    parts: &[&[u8]],
    signature: &Signature,
) -> Result<(), KeyError> {
    verify_one(key, &message(tag, parts), signature)
}

/// One signature to be checked among others.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Who is said to have signed.
    pub key: DeviceId,
    /// The exact bytes that were signed, tag included; see [`message`].
    pub message: Vec<u8>,
    /// The signature.
    pub signature: Signature,
}

/// Checks many signatures at once: about three times cheaper each than one by one at 64 and more
/// (11 µs against 32 µs). When the batch as a whole fails, each one is checked alone.
///
/// The answer per claim never depends on its neighbours, and that matters: two replicas that judge
/// one signature differently would differ for ever. The library's batch equation has no cofactor,
/// so it may or may not accept a signature whose owner added a point of small order; whatever it
/// accepts satisfies the cofactored equation, and whatever it refuses is judged by that equation
/// alone. So the cofactored equation is the one rule (as in ZIP 215), in a batch or not. Such a
/// signature still proves that the holder of the key signed.
#[must_use]
pub fn verify_batch(claims: &[Claim]) -> Vec<Result<(), KeyError>> {
    if let Some(results) = verify_whole(claims) {
        return results;
    }
    claims.iter().map(verify_claim).collect()
}

fn verify_whole(claims: &[Claim]) -> Option<Vec<Result<(), KeyError>>> {
    if claims.len() < 2 {
        return None;
    }
    let mut keys = Vec::with_capacity(claims.len());
    let mut signatures = Vec::with_capacity(claims.len());
    let mut messages = Vec::with_capacity(claims.len());
    for claim in claims {
        let key = VerifyingKey::from_bytes(claim.key.as_bytes()).ok()?;
        if key.is_weak() {
            return None;
        }
        keys.push(key);
        signatures.push(ed25519_dalek::Signature::from_bytes(&claim.signature.0));
        messages.push(claim.message.as_slice());
    }
    ed25519_dalek::verify_batch(&messages, &signatures, &keys).ok()?;
    Some(vec![Ok(()); claims.len()])
}

fn verify_claim(claim: &Claim) -> Result<(), KeyError> {
    verify_one(claim.key, &claim.message, &claim.signature)
}

fn verify_one(key: DeviceId, message: &[u8], signature: &Signature) -> Result<(), KeyError> {
    let bad_key = KeyError::BadKey(key);
    let verifying = VerifyingKey::from_bytes(key.as_bytes()).map_err(|_| bad_key)?;
    if verifying.is_weak() {
        return Err(bad_key);
    }
    holds(&verifying, message, signature)
        .then_some(())
        .ok_or(KeyError::BadSignature(key))
}

/// RFC 8032 §5.1.7 with the cofactor; `false` for a non-canonical `s` or an `R` off the curve.
fn holds(key: &VerifyingKey, message: &[u8], signature: &Signature) -> bool {
    let (r_bytes, s_bytes) = signature.0.split_at(32);
    let Some(s) = <[u8; 32]>::try_from(s_bytes)
        .ok()
        .and_then(|s| Option::<Scalar>::from(Scalar::from_canonical_bytes(s)))
    else {
        return false;
    };
    let Some(r) = CompressedEdwardsY::from_slice(r_bytes)
        .ok()
        .and_then(|r| r.decompress())
    else {
        return false;
    };
    let hash = Sha512::new()
        .chain_update(r_bytes)
        .chain_update(key.as_bytes())
        .chain_update(message)
        .finalize();
    let k = Scalar::from_bytes_mod_order_wide(&hash.into());
    let difference =
        EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &-key.to_edwards(), &s) - r;
    difference.mul_by_cofactor().is_identity()
}

/// The bytes that are really signed: the tag, then the parts.
#[must_use]
pub fn message(tag: Tag, parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(
        tag.as_bytes().len() + parts.iter().map(|part| part.len()).sum::<usize>(),
    );
    bytes.extend_from_slice(tag.as_bytes());
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(seed: u8, text: &[u8]) -> Claim {
        let key = SecretKey::from_seed(&[seed; 32]);
        Claim {
            key: key.device(),
            message: message(Tag::Change, &[text]),
            signature: key.sign(Tag::Change, &[text]),
        }
    }

    #[test]
    fn a_signature_for_one_purpose_is_not_one_for_another() {
        let key = SecretKey::from_seed(&[1; 32]);
        let signature = key.sign(Tag::Change, &[b"x"]);
        assert_eq!(
            verify(key.device(), Tag::Change, &[b"x"], &signature),
            Ok(())
        );
        assert_eq!(
            verify(key.device(), Tag::Head, &[b"x"], &signature),
            Err(KeyError::BadSignature(key.device()))
        );
    }

    #[test]
    fn one_bad_signature_in_a_batch_fails_alone() {
        let mut claims: Vec<Claim> = (0..8).map(|n| claim(n, &[n])).collect();
        assert!(verify_batch(&claims).iter().all(Result::is_ok));
        claims[3].message.push(0);
        let results = verify_batch(&claims);
        assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1);
        assert!(results[3].is_err());
    }

    #[test]
    fn a_key_of_small_order_is_refused() {
        let zero = DeviceId::new([0; 32]);
        let signature = Signature::new([0; 64]);
        assert_eq!(
            verify(zero, Tag::Change, &[b"x"], &signature),
            Err(KeyError::BadKey(zero))
        );
    }
}
