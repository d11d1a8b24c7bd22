//! TLS 1.3 on the port of the devices: a certificate from files, read again when they change, or a
//! self-signed one whose key is pinned by invites.
//!
//! It says which channel a connection goes over, and the session signs that: whoever ends TLS in
//! between is refused, whatever certificate they have. Resumption and tickets are off.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use casework_protocol::frame::Channel;
use casework_protocol::frame::channel::pin_of;
use casework_protocol::ids::CertificatePin;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, NoServerSessionStorage, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Duration;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::ServeError;
use super::data::DataFolder;
use super::entrance::say_and_leave;

/// How often certificate files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// The first byte of every TLS connection: a handshake record.
const HANDSHAKE_RECORD: u8 = 0x16;
/// What a self-signed certificate calls the server; nobody compares it.
const SELF_SIGNED_NAME: &str = "casework-server";
/// What somebody is told who speaks without TLS. 426 names what is missing.
const PLAIN_ANSWER: &str = "HTTP/1.1 426 Upgrade Required\r\nupgrade: TLS/1.3\r\nconnection: \
                            upgrade, close\r\ncontent-type: text/plain; charset=utf-8\r\n\
                            content-length: 47\r\n\r\nthis server speaks TLS: use wss:// or https://\n";

/// Whether and with which certificate a server speaks TLS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Tls {
    /// Not at all: for a trusted network or a tunnel.
    #[default]
    Off,
    /// With a certificate it signed itself; its key lies in the data folder as `tls.key`.
    SelfSigned,
    /// With a certificate from files in PEM, which are read again when they change.
    Files {
        /// The certificate and those between it and its root.
        certificate: PathBuf,
        /// Its key.
        key: PathBuf,
    },
}

/// A certificate as it is served now.
#[derive(Debug)]
pub(super) struct Certificate {
    files: Option<(PathBuf, PathBuf)>,
    config: Arc<ServerConfig>,
    served: Arc<Served>,
    pin: Option<CertificatePin>,
}

/// What new connections are shown.
#[derive(Debug)]
struct Served {
    now: RwLock<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Served {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&now))
    }
}

impl Certificate {
    /// Makes ready what the setting asks for; `None` without TLS. A self-signed key is kept in the
    /// folder, or made anew where there is none.
    pub(super) fn of(
        tls: &Tls,
        folder: Option<&DataFolder>,
    ) -> Result<Option<Arc<Self>>, ServeError> {
        let (shown, files, pin) = match tls {
            Tls::Off => return Ok(None),
            Tls::SelfSigned => {
                let shown = self_signed(folder)?;
                let pin = pin(&shown)?;
                (shown, None, Some(pin))
            }
            Tls::Files { certificate, key } => {
                let shown = from_files(certificate, key)?;
                (shown, Some((certificate.clone(), key.clone())), None)
            }
        };
        let served = Arc::new(Served {
            now: RwLock::new(Arc::new(shown)),
        });
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| unusable("TLS 1.3", &error))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&served) as Arc<dyn ResolvesServerCert>);
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Some(Arc::new(Self {
            files,
            config: Arc::new(config),
            served,
            pin,
        })))
    }

    /// What invites pin: only where the certificate is self-signed.
    pub(super) fn pin(&self) -> Option<CertificatePin> {
        self.pin
    }

    /// Reads the files again; connections that stand keep theirs. What cannot be used is not taken.
    pub(super) fn reload(&self) -> Result<(), ServeError> {
        let Some((certificate, key)) = &self.files else {
            return Ok(());
        };
        let shown = Arc::new(from_files(certificate, key)?);
        *self
            .served
            .now
            .write()
            .unwrap_or_else(PoisonError::into_inner) = shown;
        Ok(())
    }

    /// Shakes hands, and says which channel this is. Whoever speaks without TLS is told so.
    pub(super) async fn accept(
        &self,
        stream: TcpStream,
    ) -> Option<(TlsStream<TcpStream>, Channel)> {
        let mut first = [0; 1];
        if stream.peek(&mut first).await.ok()? == 0 {
            return None;
        }
        if first[0] != HANDSHAKE_RECORD {
            say_and_leave(stream, PLAIN_ANSWER.as_bytes()).await;
            return None;
        }
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config));
        let stream = acceptor.accept(stream).await.ok()?;
        let exported =
            stream
                .get_ref()
                .1
                .export_keying_material([0; 32], Channel::EXPORTER_LABEL, None);
        Some((stream, Channel::Tls(exported.ok()?)))
    }

    fn stamps(&self) -> Option<[Stamp; 2]> {
        let (certificate, key) = self.files.as_ref()?;
        Some([stamp(certificate), stamp(key)])
    }
}

/// When a file was changed, and how long it is.
type Stamp = Option<(SystemTime, u64)>;

fn stamp(path: &Path) -> Stamp {
    let found = std::fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len()))
}

/// Reads the files again whenever they change, until the server stops.
pub(super) async fn watch(certificate: Arc<Certificate>, mut stopping: watch::Receiver<bool>) {
    let mut seen = certificate.stamps();
    while seen.is_some() {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stopping.changed() => return,
        }
        let now = certificate.stamps();
        if now != seen {
            seen = now;
            let read = Arc::clone(&certificate);
            let reloaded = tokio::task::spawn_blocking(move || read.reload()).await;
            tell(&reloaded.unwrap_or(Ok(())));
        }
    }
}

/// Says what became of a reload.
pub(super) fn tell(reloaded: &Result<(), ServeError>) {
    match reloaded {
        Ok(()) => tracing::info!("the certificate was read again"),
        Err(error) => tracing::error!(%error, "the certificate stays the one before"),
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn pin(shown: &CertifiedKey) -> Result<CertificatePin, ServeError> {
    let parsed = shown
        .end_entity_cert()
        .and_then(ParsedCertificate::try_from);
    let parsed = parsed.map_err(|error| unusable("the self-signed certificate", &error))?;
    Ok(pin_of(&parsed.subject_public_key_info()))
}

fn self_signed(folder: Option<&DataFolder>) -> Result<CertifiedKey, ServeError> {
    let what = "the key of the self-signed certificate, tls.key";
    let kept = folder
        .map(DataFolder::certificate_key)
        .transpose()?
        .flatten();
    let key = match &kept {
        Some(pem) => KeyPair::from_pem(pem).map_err(|error| unusable(what, &error))?,
        None => {
            let made = KeyPair::generate().map_err(|error| unusable(what, &error))?;
            if let Some(folder) = folder {
                folder.put_certificate_key(&made.serialize_pem())?;
            }
            made
        }
    };
    let signed = CertificateParams::new([SELF_SIGNED_NAME.to_owned()])
        .and_then(|params| params.self_signed(&key))
        .map_err(|error| unusable(what, &error))?;
    let secret = PrivatePkcs8KeyDer::from(key.serialize_der());
    CertifiedKey::from_der(vec![signed.der().clone()], secret.into(), &provider())
        .map_err(|error| unusable(what, &error))
}

fn from_files(certificate: &Path, key: &Path) -> Result<CertifiedKey, ServeError> {
    let named = |path: &Path| path.display().to_string();
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
    let chain = chain.map_err(|error| unusable(&named(certificate), &error))?;
    if chain.is_empty() {
        return Err(unusable(&named(certificate), &"it holds no certificate"));
    }
    let secret =
        PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(&named(key), &error))?;
    CertifiedKey::from_der(chain, secret, &provider())
        .map_err(|error| unusable(&named(certificate), &error))
}

fn unusable(what: &str, why: &dyn core::fmt::Display) -> ServeError {
    ServeError::Certificate {
        what: what.to_owned(),
        why: why.to_string(),
    }
}
