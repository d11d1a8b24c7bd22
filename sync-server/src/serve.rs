//! The server process: sockets, threads and files around the pure relay.
//!
//! It decides nothing about a workspace. One port takes WebSockets and `GET /healthz`.
//!
//! ```text
//! connection tasks ─▶ verification pool ─▶ one writer ─▶ replies, and followers wake
//!       ▲      (round robin, batched)   (group commit, fsync)        │
//!       └────────────────────────────────────────────────────────────┘
//! ```

#[cfg(unix)]
mod admin;
pub mod archive;
pub mod backup;
mod bounds;
mod bucket;
mod clock;
pub mod compact;
mod connection;
mod data;
mod devices;
mod door;
mod doorkeeper;
mod entrance;
mod error;
mod metrics;
pub mod overview;
mod pool;
mod presence;
pub mod rotation;
#[doc(hidden)]
pub mod socket;
#[cfg(test)]
mod tests;
mod tls;
mod writer;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use casework_protocol::ids::{CertificatePin, ServerId, WorkspaceId};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;

use crate::log::Log;
use crate::log::memory::MemoryLog;
use crate::log::redb::RedbLog;
use crate::relay::{Relay, RelayConfig};
#[cfg(unix)]
pub use admin::{AdminAnswer, AdminRequest};
pub use bounds::Bounds;
pub use clock::Clock;
use clock::now_ms;
use connection::Hub;
pub use data::DataFolder;
use devices::Devices;
use entrance::Entrance;
pub use error::ServeError;
use metrics::Metrics;
use pool::Pool;
use presence::Bells;
use socket::Arriving;
use tls::Certificate;
pub use tls::Tls;
use writer::{Desk, Growth};

/// Where the log is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// In this folder, with the server's key; made if it is not there.
    Folder(PathBuf),
    /// In memory, with this seed for the server's key: for tests and benchmarks.
    Memory([u8; 32]),
}

/// How a server is started.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    /// Where the log is.
    pub store: Store,
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where counters are told (`GET /metrics`); nowhere without. Not for the public: it says how
    /// much is going on.
    pub metrics: Option<SocketAddr>,
    /// Whether devices connect by TLS.
    pub tls: Tls,
    /// How the relay behaves.
    pub relay: RelayConfig,
    /// Bounds.
    pub bounds: Bounds,
    /// The clock: the machine's.
    pub clock: Clock,
}

impl ServeConfig {
    /// A server on a free port of the loopback, with defaults for everything else.
    #[must_use]
    pub fn on_loopback(store: Store) -> Self {
        Self {
            store,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            metrics: None,
            tls: Tls::Off,
            relay: RelayConfig::default(),
            bounds: Bounds::default(),
            clock: Clock::default(),
        }
    }
}

impl ServeConfig {
    /// Whether the files that it names can be used, as far as that shows without starting.
    ///
    /// # Errors
    /// [`ServeError::Certificate`].
    pub fn check(&self) -> Result<(), ServeError> {
        match &self.tls {
            Tls::Files { .. } => Certificate::of(&self.tls, None).map(drop),
            Tls::Off | Tls::SelfSigned => Ok(()),
        }
    }
}

/// A server that runs.
#[derive(Debug)]
pub struct Running {
    addr: SocketAddr,
    metrics_addr: Option<SocketAddr>,
    server_key: ServerId,
    certificate: Option<Arc<Certificate>>,
    relay: Arc<Relay>,
    stop: watch::Sender<bool>,
    failing: watch::Receiver<Option<String>>,
    listener: JoinHandle<()>,
    ringing: JoinHandle<()>,
    pool: Arc<Pool>,
    writer: std::thread::JoinHandle<()>,
}

impl Running {
    /// Where it listens, with the real port.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where it tells its counters, with the real port.
    #[must_use]
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics_addr
    }

    /// Its public key, which devices pin.
    #[must_use]
    pub fn server_key(&self) -> ServerId {
        self.server_key
    }

    /// What devices connect to: the address with its scheme and, if the certificate is self-signed,
    /// its pin.
    #[must_use]
    pub fn url(&self) -> String {
        match (&self.certificate, self.certificate_pin()) {
            (None, _) => format!("ws://{}", self.addr),
            (Some(_), None) => format!("wss://{}", self.addr),
            (Some(_), Some(pin)) => format!("wss://{}#pin={pin}", self.addr),
        }
    }

    /// The pin of a self-signed certificate.
    #[must_use]
    pub fn certificate_pin(&self) -> Option<CertificatePin> {
        self.certificate.as_ref().and_then(|found| found.pin())
    }

    /// Reads the certificate's files again now; without that they are looked at every ten seconds.
    /// What cannot be used is logged, and the certificate stays the one before.
    pub fn reload_certificate(&self) {
        if let Some(certificate) = &self.certificate {
            tls::tell(&certificate.reload());
        }
    }

    /// The workspaces that it has now.
    #[must_use]
    pub fn workspaces(&self) -> Vec<WorkspaceId> {
        self.relay.workspaces()
    }

    /// Returns when the storage refused a commit, with what it said. Nothing of that commit was
    /// acknowledged; the storage takes nothing more before it is opened again, so the server
    /// should end, and be started when somebody has looked at the disk.
    pub async fn failed(&self) -> String {
        let mut failing = self.failing.clone();
        let said = match failing.wait_for(Option::is_some).await {
            Ok(said) => said.clone(),
            // The writer ended, and so does the server.
            Err(_) => std::future::pending().await,
        };
        said.unwrap_or_default()
    }

    /// Stops accepting, answers what was taken, closes every connection with 1001 and returns when
    /// everything is on disk.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        let _ = self.listener.await;
        let _ = self.ringing.await;
        let (pool, writer) = (self.pool, self.writer);
        let _ = tokio::task::spawn_blocking(move || {
            pool.stop();
            let _ = writer.join();
        })
        .await;
    }
}

/// Starts a server on the present tokio runtime.
///
/// # Errors
/// [`ServeError`] when the log, the key or the address cannot be used.
pub async fn start(config: ServeConfig) -> Result<Running, ServeError> {
    let (store, behaviour) = (config.store.clone(), config.relay);
    let opened = tokio::task::spawn_blocking(move || open(store, behaviour)).await;
    run(config, opened.expect("opening does not panic")?).await
}

/// Starts a server around a relay that is open already.
async fn run(config: ServeConfig, (relay, owned): Opened) -> Result<Running, ServeError> {
    let certificate = Certificate::of(&config.tls, owned.as_ref().map(|(folder, _)| folder))?;
    let (listener, addr) = listen(config.listen).await?;
    let scrapes = match config.metrics {
        Some(addr) => Some(listen(addr).await?),
        None => None,
    };
    let (stop, stopping) = watch::channel(false);
    serve_owner(&relay, owned, &stopping)?;
    let (server_key, bounds) = (relay.server(), config.bounds);
    let growth = Arc::new(Growth::default());
    let (pool, proved) = Pool::start(bounds.verifiers);
    let metrics = Arc::new(Metrics::default());
    let (trouble, failing) = watch::channel(None);
    let trouble = Arc::new(trouble);
    let desk = Desk {
        relay: Arc::clone(&relay),
        growth: Arc::clone(&growth),
        metrics: Arc::clone(&metrics),
        clock: config.clock.clone(),
        trouble: Arc::clone(&trouble),
    };
    let writer = writer::start(desk, proved);
    let bells = Arc::new(Bells::default());
    let ringing = presence::serve(
        Arc::clone(&relay),
        Arc::clone(&bells),
        config.clock.clone(),
        stopping.clone(),
    );
    let ringing = tokio::spawn(ringing);
    let hub = Arc::new(Hub {
        relay: Arc::clone(&relay),
        pool: Arc::clone(&pool),
        growth,
        bells,
        metrics,
        clock: config.clock,
        bounds,
        bytes: Arc::new(Semaphore::new(bounds.bytes_in_flight)),
        arriving: Arriving::up_to(bounds.bytes_in_flight),
        handshakes: Semaphore::new(bounds.handshakes),
        devices: Devices::default(),
        certificate: certificate.clone(),
        stopping: stopping.clone(),
        trouble,
    });
    let metrics_addr = scrapes.as_ref().map(|(_, addr)| *addr);
    if let Some((listener, _)) = scrapes {
        tokio::spawn(metrics::serve(listener, Arc::clone(&hub), stopping.clone()));
    }
    if let Some(certificate) = &certificate {
        tokio::spawn(tls::watch(Arc::clone(certificate), stopping.clone()));
    }
    let listener = tokio::spawn(accept(listener, hub, stopping));
    Ok(Running {
        addr,
        metrics_addr,
        server_key,
        certificate,
        relay,
        stop,
        failing,
        listener,
        ringing,
        pool,
        writer,
    })
}

/// Opens the owner's socket, where there is a folder for it.
fn serve_owner(
    relay: &Arc<Relay>,
    owned: Option<(DataFolder, Arc<RedbLog>)>,
    stopping: &watch::Receiver<bool>,
) -> Result<(), ServeError> {
    #[cfg(unix)]
    if let Some((folder, log)) = owned {
        let socket = admin::listen(&folder.admin_socket())?;
        let relay = Arc::clone(relay);
        let owned = admin::Owned { folder, log, relay };
        tokio::spawn(admin::serve(socket, owned, stopping.clone()));
    }
    #[cfg(not(unix))]
    drop((owned, relay, stopping));
    Ok(())
}

async fn listen(addr: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let bound = async {
        let listener = TcpListener::bind(addr).await?;
        let real = listener.local_addr()?;
        Ok((listener, real))
    };
    bound.await.map_err(|source| ServeError::Io {
        what: addr.to_string(),
        source,
    })
}

type Opened = (Arc<Relay>, Option<(DataFolder, Arc<RedbLog>)>);

fn open(store: Store, config: RelayConfig) -> Result<Opened, ServeError> {
    match store {
        Store::Folder(path) => {
            let folder = DataFolder::open(&path)?;
            let (log, key) = (Arc::new(folder.log()?), folder.identity()?);
            let relay = Relay::open(Arc::clone(&log) as Arc<dyn Log>, key, config)?;
            Ok((Arc::new(relay), Some((folder, log))))
        }
        Store::Memory(seed) => {
            let key = casework_protocol::keys::SecretKey::from_seed(&seed);
            let relay = Relay::open(Arc::new(MemoryLog::new()), key, config)?;
            Ok((Arc::new(relay), None))
        }
    }
}

/// Accepts until it is told to stop; returns when the last connection has ended.
async fn accept(listener: TcpListener, hub: Arc<Hub>, mut stopping: watch::Receiver<bool>) {
    let entrance = Entrance::new(hub.bounds);
    let (alive, mut ended) = mpsc::channel::<()>(1);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.changed() => break,
        };
        let Ok((stream, peer)) = accepted else {
            // Out of file handles, most likely: leave the queue alone for a moment.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let place = match entrance.let_in(peer.ip()) {
            Ok(place) => place,
            Err(turned) => {
                hub.metrics.turned_away(turned.because.name());
                entrance.turn_away(stream, turned, hub.certificate.is_some());
                continue;
            }
        };
        let (hub, alive) = (Arc::clone(&hub), alive.clone());
        hub.metrics.accepted.inc();
        hub.metrics.connections.inc();
        tokio::spawn(async move {
            connection::run(Arc::clone(&hub), stream).await;
            hub.metrics.connections.dec();
            drop((place, alive));
        });
    }
    drop((listener, alive));
    let _ = ended.recv().await;
}
