//! TLS to a server: its certificate is the one that the address pins, or one that an authority
//! vouches for; and which channel that makes, for the handshake proofs.
//!
//! TLS 1.3 only. The server's own key is proved over this channel afterwards, so not even an
//! authority that vouches for somebody else lets anybody stand in between.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
#[cfg(not(target_os = "ios"))]
use std::sync::OnceLock;

use casework_protocol::frame::Channel;
use casework_protocol::frame::channel::pin_of;
use casework_protocol::ids::CertificatePin;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, PeerMisbehaved, RootCertStore,
    SignatureScheme,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::address::Address;
use crate::error::Error;
use crate::key::write_private;
use crate::traffic::Counted;
use crate::workspace::leaving::remove;

/// The file of the authorities that a workspace trusts instead of the machine's.
const AUTHORITY_FILE: &str = "server-ca.pem";

/// Whom a workspace believes that a certificate is the server's.
#[derive(Debug, Clone)]
pub(crate) struct Trust {
    file: PathBuf,
}

impl Trust {
    /// As it is kept in the workspace's folder.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self {
            file: folder.join(AUTHORITY_FILE),
        }
    }

    /// From now on these authorities only, in PEM.
    pub(crate) fn set(&self, pem: &[u8]) -> Result<(), Error> {
        authorities(&self.file, pem)?;
        write_private(&self.file, pem)
    }

    /// No longer.
    pub(crate) fn forget(&self) -> Result<(), Error> {
        remove(&self.file)
    }

    fn roots(&self) -> Result<Option<RootCertStore>, Error> {
        match fs::read(&self.file) {
            Ok(pem) => authorities(&self.file, &pem).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::file(&self.file, &error)),
        }
    }
}

/// Shakes hands over a socket; says which channel it became.
pub(crate) async fn secure(
    address: &Address,
    pin: Option<CertificatePin>,
    trust: &Trust,
    stream: Counted<TcpStream>,
) -> Result<(TlsStream<Counted<TcpStream>>, Channel), Error> {
    let config = match (pin, trust.roots()?) {
        (Some(pin), _) => pinned(pin)?,
        (None, Some(roots)) => Arc::new(verified(roots)?),
        (None, None) => platform()?,
    };
    let name = ServerName::try_from(address.bare_host().to_owned())
        .map_err(|_| Error::Invalid(format!("{address} names no host that a certificate can")))?;
    let shaken = TlsConnector::from(config).connect(name, stream).await;
    let stream = shaken.map_err(|error| refused(address, &error))?;
    let exported =
        stream
            .get_ref()
            .1
            .export_keying_material([0; 32], Channel::EXPORTER_LABEL, None);
    let exported = exported.map_err(|error| Error::Internal(error.to_string()))?;
    Ok((stream, Channel::Tls(exported)))
}

fn authorities(file: &Path, pem: &[u8]) -> Result<RootCertStore, Error> {
    let not_one = |why: &dyn core::fmt::Display| {
        Error::Invalid(format!(
            "{} holds no certificate of an authority: {why}; it must be PEM",
            file.display()
        ))
    };
    let mut roots = RootCertStore::empty();
    for found in CertificateDer::pem_slice_iter(pem) {
        let found = found.map_err(|error| not_one(&error))?;
        roots.add(found).map_err(|error| not_one(&error))?;
    }
    if roots.is_empty() {
        return Err(not_one(&"there is none in it"));
    }
    Ok(roots)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn internal(error: impl core::fmt::Display) -> Error {
    Error::Internal(format!("TLS: {error}"))
}

fn verified(roots: RootCertStore) -> Result<ClientConfig, Error> {
    Ok(ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(internal)?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// As the system judges certificates: iOS gives its authorities to nobody and verifies by itself.
#[cfg(target_os = "ios")]
fn platform() -> Result<Arc<ClientConfig>, Error> {
    let verifier = rustls_platform_verifier::Verifier::new(provider()).map_err(internal)?;
    judged_by(Arc::new(verifier))
}

/// With the authorities of this machine, read once: there are some hundred of them.
#[cfg(not(target_os = "ios"))]
fn platform() -> Result<Arc<ClientConfig>, Error> {
    static READ: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(read) = READ.get() {
        return Ok(Arc::clone(read));
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(known_to_this_machine());
    if roots.is_empty() {
        return Err(Error::Unavailable(
            "this machine knows no certificate authorities: trust the one of the server, or use the \
             address with a pin that the server tells"
                .to_owned(),
        ));
    }
    let config = Arc::new(verified(roots)?);
    Ok(Arc::clone(READ.get_or_init(|| config)))
}

/// The authorities of the system. Android keeps one file for each, in a folder that every app may
/// read: since version 14 in that of its TLS module, before in that of the system.
#[cfg(target_os = "android")]
fn known_to_this_machine() -> Vec<CertificateDer<'static>> {
    const FOLDERS: [&str; 2] = [
        "/apex/com.android.conscrypt/cacerts",
        "/system/etc/security/cacerts",
    ];
    let read = |folder: &str| -> Vec<CertificateDer<'static>> {
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        let pem = files.filter_map(|file| fs::read(file.path()).ok());
        pem.filter_map(|pem| CertificateDer::from_pem_slice(&pem).ok())
            .collect()
    };
    FOLDERS
        .into_iter()
        .map(read)
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

#[cfg(not(any(target_os = "ios", target_os = "android")))]
fn known_to_this_machine() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

fn pinned(pin: CertificatePin) -> Result<Arc<ClientConfig>, Error> {
    let verifier = Pinned {
        pin,
        provider: provider(),
    };
    judged_by(Arc::new(verifier))
}

fn judged_by(verifier: Arc<dyn ServerCertVerifier>) -> Result<Arc<ClientConfig>, Error> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(internal)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Takes exactly the certificates with one key; names and dates are nothing to it.
#[derive(Debug)]
struct Pinned {
    pin: CertificatePin,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let parsed = ParsedCertificate::try_from(shown)?;
        if pin_of(&parsed.subject_public_key_info()) == self.pin {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        // Only TLS 1.3 is offered.
        Err(PeerMisbehaved::SelectedUnofferedCipherSuite.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, shown, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// What a failed TLS handshake means for the person at the screen.
fn refused(address: &Address, error: &io::Error) -> Error {
    let cause = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(
            CertificateError::ApplicationVerificationFailure,
        )) => Error::Corrupt(format!(
            "{} shows another certificate than the one its address pins: something stands in \
             between, or the server was set up anew; ask its operator for the new address",
            address.host()
        )),
        Some(rustls::Error::InvalidCertificate(why)) => Error::Corrupt(format!(
            "the certificate of {} is not believed ({why}): check the name, the clock and the network \
             you are in, trust its authority, or use the address with a pin that the server tells",
            address.host()
        )),
        Some(rustls::Error::InvalidMessage(_)) => Error::Unavailable(format!(
            "{address} does not speak TLS: its address begins with ws://, or another program \
             listens there"
        )),
        Some(_) | None => Error::Unavailable(format!("no TLS with {address}: {error}")),
    }
}
