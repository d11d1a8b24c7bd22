//! What carries a connection: both handshake proofs name it, so that nobody can stand in between.
//!
//! Over TLS that is the exporter of RFC 9266 (`tls-exporter`), which two TLS connections never
//! share. This module derives nothing: whoever drives a socket brings the exported bytes.

use crate::digest::sha256;
use crate::ids::CertificatePin;

/// What a connection goes over, as one end of it sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Channel {
    /// A socket without TLS.
    #[default]
    Plain,
    /// TLS 1.3, with 32 bytes exported under [`Channel::EXPORTER_LABEL`] and no context.
    Tls([u8; 32]),
}

impl Channel {
    /// The label of RFC 9266.
    pub const EXPORTER_LABEL: &'static [u8] = b"EXPORTER-Channel-Binding";

    /// What is signed of it, after everything else: nothing, or the exported bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Plain => &[],
            Self::Tls(exported) => exported,
        }
    }
}

/// The pin of a certificate, from its `SubjectPublicKeyInfo` in DER: a renewed certificate with
/// the same key has the same pin.
#[must_use]
pub fn pin_of(subject_public_key_info: &[u8]) -> CertificatePin {
    CertificatePin::new(sha256(&[subject_public_key_info]))
}
