//! TLS between real sockets: whose certificate is believed, and that nobody stands in between.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use casework::{Error, ErrorKind, Workspace};
use casework_sync_server::serve::Tls;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::stage::{Device, Server, newcomer};
use crate::watching::{Heard, ear, in_step, listen};

/// An authority and the files of a server's certificate.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A certificate for this name and its key, in PEM.
    fn vouch(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let signed = params.signed_by(&key, &self.issuer).unwrap();
        (signed.pem(), key.serialize_pem())
    }

    /// Puts a certificate for this name into the files.
    fn renew(&self, name: &str) {
        let (certificate, key) = self.vouch(name);
        self.put(&certificate, &key);
    }

    fn put(&self, certificate: &str, key: &str) {
        std::fs::write(self.folder.path().join("cert.pem"), certificate).unwrap();
        std::fs::write(self.folder.path().join("key.pem"), key).unwrap();
    }

    fn files(&self) -> Tls {
        Tls::Files {
            certificate: self.folder.path().join("cert.pem"),
            key: self.folder.path().join("key.pem"),
        }
    }

    fn trust(&self, folder: &Path) {
        Workspace::trust_authority(folder, self.issuer.pem().as_bytes()).unwrap();
    }

    /// A server with a certificate of this authority, and a device that believes it.
    fn host(&self) -> (Server, Device) {
        self.renew("127.0.0.1");
        let server = Server::start_by(self.files());
        let ana = Device::founder("Ana");
        self.trust(&ana.folder());
        ana.workspace.set_server(&server.url(), None).unwrap();
        ana.sync();
        (server, ana)
    }
}

/// What a device that believes this authority is told when it syncs with this address.
fn attempt(authority: &Authority, address: &str) -> Error {
    let device = Device::founder("Eva");
    authority.trust(&device.folder());
    device.workspace.set_server(address, None).unwrap();
    device.workspace.sync(&mut |_| {}).unwrap_err()
}

fn other_pin(url: &str) -> String {
    let (address, _) = url.split_once("#pin=").unwrap();
    format!("{address}#pin={}", "ab".repeat(32))
}

#[test]
fn an_invite_pins_the_certificate_that_a_server_signed_itself() {
    let mut server = Server::start_by(Tls::SelfSigned);
    let ana = Device::host("Ana", &server);
    let case = ana.open_case("Leaking roof");
    let link = ana.link("operator");
    assert_eq!(link.address(), server.url());
    assert!(link.address().starts_with("wss://") && link.address().contains("#pin="));
    // The pin outlives the server: its key is kept, the certificate made anew.
    server.stop();
    server.start_again();
    assert_eq!(link.address(), server.url());
    ana.sync();
    let rui = Device::join(&link, "Rui");
    assert_eq!(rui.seen(case), ana.seen(case));
}

#[test]
fn another_certificate_than_the_pinned_one_is_refused() {
    let server = Server::start_by(Tls::SelfSigned);
    let ana = Device::host("Ana", &server);
    ana.workspace
        .set_server(&other_pin(&server.url()), None)
        .unwrap();
    let error = ana.workspace.sync(&mut |_| {}).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("another certificate"), "{error}");
    ana.workspace.set_server(&server.url(), None).unwrap();
    ana.sync();
}

#[test]
fn a_newcomer_whose_link_pins_another_certificate_sends_nothing() {
    let server = Server::start_by(Tls::SelfSigned);
    let ana = Device::host("Ana", &server);
    let link = ana.link("operator");
    let wrong = link.at_address(&other_pin(&server.url())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let joined = Workspace::join(folder.path(), &wrong, &newcomer("Rui"), &mut |_| {});
    assert_eq!(joined.unwrap_err().kind(), ErrorKind::Corrupt);
    // The invite is as good as before.
    drop(folder);
    Device::join(&link, "Rui");
}

#[test]
fn a_certificate_from_files_is_believed_when_its_authority_is() {
    let authority = Authority::new();
    let (server, ana) = authority.host();
    assert_eq!(server.url(), format!("wss://{}", server.addr()));
    ana.workspace
        .import_template(crate::stage::complaint())
        .unwrap();
    ana.open_case("Noise");
    let link = ana.link("operator");
    let folder = tempfile::tempdir().unwrap();
    authority.trust(folder.path());
    let rui = Workspace::join(folder.path(), &link, &newcomer("Rui"), &mut |_| {}).unwrap();
    assert_eq!(rui.status().unwrap().cases, 1);
}

#[test]
fn a_certificate_of_an_unknown_authority_or_for_another_name_is_refused() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (server, _ana) = authority.host();
    let error = attempt(&other, &server.url());
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("not believed"), "{error}");
    let elsewhere = Authority::new();
    elsewhere.renew("sync.example.org");
    let named = Server::start_by(elsewhere.files());
    let error = attempt(&elsewhere, &named.url());
    assert!(error.to_string().contains("not believed"), "{error}");
}

#[test]
fn a_renewed_certificate_is_served_without_ending_a_connection() {
    let (first, second) = (Authority::new(), Authority::new());
    let (server, ana) = first.host();
    ana.workspace
        .import_template(crate::stage::complaint())
        .unwrap();
    let link = ana.link("operator");
    let (ears, hears) = ear();
    let watch = ana.workspace.watch(ears).unwrap();
    listen(&hears, in_step);
    // The files now hold a certificate of another authority.
    let (certificate, key) = second.vouch("127.0.0.1");
    first.put(&certificate, &key);
    server.running().reload_certificate();
    let error = attempt(&first, &server.url());
    assert!(error.to_string().contains("not believed"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    second.trust(folder.path());
    Workspace::join(folder.path(), &link, &newcomer("Rui"), &mut |_| {}).unwrap();
    // Who was connected stayed so: it trusts only the first authority, and hears of the newcomer.
    listen(&hears, |heard| match heard {
        Heard::Changed(changed) => changed.people.then_some(()),
        Heard::State(state) => {
            assert!(!format!("{state:?}").contains("believed"), "{state:?}");
            None
        }
    });
    drop(watch);
    // What is no certificate is not taken.
    first.put("nothing", &key);
    server.running().reload_certificate();
    second.trust(&ana.folder());
    ana.sync();
}

#[test]
fn whoever_ends_tls_in_between_is_refused_whatever_certificate_they_have() {
    let authority = Authority::new();
    let (server, ana) = authority.host();
    let hostile = authority.vouch("127.0.0.1");
    let by_tls = between(&server, &authority, &hostile, server.addr(), true);
    // Everything about this certificate is right, and still it is not the server's channel.
    ana.workspace
        .set_server(&format!("wss://{by_tls}"), None)
        .unwrap();
    let error = ana.workspace.sync(&mut |_| {}).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("in between"), "{error}");
    // A proxy that ends TLS before a server without it is no better.
    let plain = Server::start();
    let proxy = between(&server, &authority, &hostile, plain.addr(), false);
    let error = attempt(&authority, &format!("wss://{proxy}"));
    assert!(error.to_string().contains("in between"), "{error}");
    ana.workspace.set_server(&server.url(), None).unwrap();
    ana.sync();
}

#[test]
fn both_sides_say_so_when_only_one_speaks_tls() {
    let authority = Authority::new();
    let (server, _ana) = authority.host();
    let error = attempt(&authority, &format!("ws://{}", server.addr()));
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("wss://"), "{error}");
    let plain = Server::start();
    let error = attempt(&authority, &format!("wss://{}", plain.addr()));
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
}

#[test]
fn what_is_no_authority_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    for pem in [
        "",
        "nothing",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let error = Workspace::trust_authority(folder.path(), pem.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }
}

/// Somebody who ends TLS with this certificate and hands every byte on to a server, by TLS or not.
fn between(
    server: &Server,
    authority: &Authority,
    (certificate, key): &(String, String),
    to: SocketAddr,
    by_tls: bool,
) -> SocketAddr {
    let provider = Arc::new(ring::default_provider());
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let accepting = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let mut roots = rustls::RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(authority.issuer.pem().as_bytes()).unwrap();
    roots.add(root).unwrap();
    let connecting = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (acceptor, connector) = (
        TlsAcceptor::from(Arc::new(accepting)),
        TlsConnector::from(Arc::new(connecting)),
    );
    let listener = server
        .runtime()
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let addr = listener.local_addr().unwrap();
    server.runtime().spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, connector) = (acceptor.clone(), connector.clone());
            tokio::spawn(async move {
                let mut near = acceptor.accept(stream).await.unwrap();
                let mut far = TcpStream::connect(to).await.unwrap();
                let name = ServerName::try_from("127.0.0.1").unwrap();
                let handing_on = async {
                    if by_tls {
                        let mut far = connector.connect(name, far).await.unwrap();
                        tokio::io::copy_bidirectional(&mut near, &mut far).await
                    } else {
                        tokio::io::copy_bidirectional(&mut near, &mut far).await
                    }
                };
                let _ = tokio::time::timeout(Duration::from_secs(60), handing_on).await;
            });
        }
    });
    addr
}
