//! The socket: HTTP/1.1 with bounds on everything, and nothing else. What is asked and answered is
//! decided by [`Site::handle`].
//!
//! Addresses are only counted, under a hash whose key is made anew with every start. Nothing of a
//! request is logged.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::doors::{Doors, NoPlace};
use super::limits::MAX_BODY_BYTES;
use super::office::Office;
use super::response::{bare, response};
use super::site::Site;
use super::visit::{Caller, Method, Visit};
use crate::fault::Fault;

/// How long the server waits for a browser.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waits {
    /// For the head of a request.
    pub(super) head: Duration,
    /// And for its body: a slow line carries it all the same.
    pub(super) body: Duration,
    /// How long one connection is kept, whatever it does.
    pub(super) life: Duration,
}

const WAITS: Waits = Waits {
    head: Duration::from_secs(10),
    body: Duration::from_secs(30),
    life: Duration::from_secs(120),
};
/// Most connections at once. A browser needs one or two, each for one page.
const MAX_CONNECTIONS: usize = 256;
/// Most of them from one address: an office behind one router, of which not all load at once.
const MAX_CONNECTIONS_EACH: usize = 32;
/// Most callers who are being told that there is no room; others are hung up on.
const MAX_TURNED_AWAY: usize = 32;
/// How long that may take.
const TURNING_AWAY: Duration = Duration::from_millis(500);
/// Most bytes of a request's head.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// How long open requests may take to end when the program ends.
const GRACE: Duration = Duration::from_secs(5);

/// A server of forms; ends when dropped.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    ending: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

/// What every connection shares.
struct House {
    site: Site,
    office: Arc<dyn Office>,
    /// Whether the last proxy says who calls.
    behind_proxy: bool,
    waits: Waits,
    salt: [u8; 32],
    /// Who is connected.
    connections: Arc<Doors>,
    /// Who is being answered, which behind a proxy says more.
    requests: Arc<Doors>,
}

/// Begins to serve forms at an address; port 0 takes a free one.
///
/// # Errors
/// [`Fault`] when the address cannot be listened at.
pub fn serve(
    site: Site,
    office: Arc<dyn Office>,
    address: SocketAddr,
    behind_proxy: bool,
) -> Result<Serving, Fault> {
    serve_for(site, office, address, (behind_proxy, WAITS))
}

/// As [`serve`], waiting so long.
pub(super) fn serve_for(
    site: Site,
    office: Arc<dyn Office>,
    address: SocketAddr,
    (behind_proxy, waits): (bool, Waits),
) -> Result<Serving, Fault> {
    // Behind a proxy all connections are the proxy's.
    let each = if behind_proxy {
        MAX_CONNECTIONS
    } else {
        MAX_CONNECTIONS_EACH
    };
    let house = Arc::new(House {
        site,
        office,
        behind_proxy,
        waits,
        salt: dice()?,
        connections: Doors::new(MAX_CONNECTIONS, each),
        requests: Doors::new(MAX_CONNECTIONS, MAX_CONNECTIONS_EACH),
    });
    let failed = |error: std::io::Error| {
        Fault::unavailable(format!("{address}: {error}")).or_try("another --listen ADDRESS:PORT")
    };
    let listener = std::net::TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(16)
        .thread_name("casework-forms")
        .enable_all()
        .build()
        .map_err(failed)?;
    let (ending, ended) = watch::channel(false);
    let thread = std::thread::Builder::new()
        .name("casework-forms".to_owned())
        .spawn(move || {
            runtime.block_on(accept(listener, house, ended));
            runtime.shutdown_timeout(GRACE);
        })
        .map_err(failed)?;
    Ok(Serving {
        address,
        ending,
        thread: Some(thread),
    })
}

impl Serving {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Without receivers there is nobody left to tell.
        let _ = self.ending.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Fresh random bytes from the operating system.
pub(super) fn dice<const N: usize>() -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Fault::unavailable(format!("no random bytes: {error}")))?;
    Ok(bytes)
}

async fn accept(listener: std::net::TcpListener, house: Arc<House>, ended: watch::Receiver<bool>) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        tracing::error!("the socket of the forms cannot be used");
        return;
    };
    let farewells = Arc::new(Semaphore::new(MAX_TURNED_AWAY));
    let mut talks = JoinSet::new();
    let mut over = ended.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = talks.join_next() => continue,
            _ = over.changed() => break,
        };
        match accepted {
            Ok((stream, from)) => match house.connections.enter(house.hash(from.ip())) {
                Ok(place) => {
                    let (house, ended) = (Arc::clone(&house), ended.clone());
                    talks.spawn(async move {
                        converse(stream, from, house, ended).await;
                        drop(place);
                    });
                }
                Err(full) => {
                    if let Ok(farewell) = Arc::clone(&farewells).try_acquire_owned() {
                        talks.spawn(async move {
                            let _ =
                                tokio::time::timeout(TURNING_AWAY, turn_away(stream, full)).await;
                            drop(farewell);
                        });
                    }
                }
            },
            // Too many open files, or a caller who hung up: others may still come.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    // Everybody who is being answered gets the answer.
    let everybody = async { while talks.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, everybody).await;
}

/// Says that there is no room, and reads what the caller still sends: with unread bytes left the
/// answer would be lost.
async fn turn_away(mut stream: TcpStream, full: NoPlace) -> std::io::Result<()> {
    let reply = full.reply("");
    let body = reply.body.clone();
    let response = response(reply, false);
    let mut answer = format!("HTTP/1.1 {}\r\n", response.status()).into_bytes();
    for (name, value) in response.headers() {
        answer.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    let length = body.len();
    answer.extend(format!("content-length: {length}\r\nconnection: close\r\n\r\n{body}").bytes());
    stream.write_all(&answer).await?;
    stream.shutdown().await?;
    let mut rest = [0; 4096];
    for _ in 0..MAX_BODY_BYTES.div_ceil(rest.len()) {
        if stream.read(&mut rest).await? == 0 {
            break;
        }
    }
    Ok(())
}

async fn converse(
    stream: TcpStream,
    from: SocketAddr,
    house: Arc<House>,
    mut ended: watch::Receiver<bool>,
) {
    // Answers are small and whole.
    let _ = stream.set_nodelay(true);
    let waits = house.waits;
    let service = service_fn(move |request| answer(Arc::clone(&house), from, request));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        // A page is one request: whoever has it makes room.
        .keep_alive(false)
        .header_read_timeout(waits.head)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let life = tokio::time::sleep(waits.life);
    let mut life = std::pin::pin!(life);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = life.as_mut() => {}
        _ = ended.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(GRACE, connection).await;
}

async fn answer(
    house: Arc<House>,
    from: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let begun = Instant::now();
    let (head, body) = request.into_parts();
    let caller = house.caller(from, &head.headers);
    let _place = match house.requests.enter(caller) {
        Ok(place) => place,
        Err(full) => {
            return Ok(response(
                full.reply(text(&head, header::ACCEPT_LANGUAGE)),
                false,
            ));
        }
    };
    let limited = Limited::new(body, MAX_BODY_BYTES).collect();
    let body = match tokio::time::timeout(house.waits.body, limited).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Ok(bare(413)),
        Ok(Err(_)) => return Ok(bare(400)),
        Err(_) => return Ok(bare(408)),
    };
    let is_head = head.method == hyper::Method::HEAD;
    let (Ok(dice), now) = (dice(), Timestamp::now()) else {
        return Ok(bare(503));
    };
    let decided = tokio::task::spawn_blocking(move || {
        let visit = Visit {
            method: method(&head.method),
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            accept_language: text(&head, header::ACCEPT_LANGUAGE),
            content_type: text(&head, header::CONTENT_TYPE),
            body: &body,
            caller,
            now_ms: u64::try_from(now.as_millisecond()).unwrap_or_default(),
            zone_min: zone_min(now),
            dice,
        };
        house.site.handle(house.office.as_ref(), &visit)
    });
    let Ok(reply) = decided.await else {
        return Ok(bare(500));
    };
    let floor = Duration::from_millis(reply.floor_ms);
    tokio::time::sleep(floor.saturating_sub(begun.elapsed())).await;
    Ok(response(reply, is_head))
}

/// A header as text; nothing if it is none.
fn text(head: &Parts, name: HeaderName) -> &str {
    let value = head.headers.get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

impl House {
    /// Who calls: the address of the connection, or what the last proxy says.
    fn caller(&self, from: SocketAddr, headers: &HeaderMap) -> Caller {
        let told = headers
            .get_all("x-forwarded-for")
            .iter()
            .next_back()
            .and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        let address = told
            .filter(|_: &IpAddr| self.behind_proxy)
            .unwrap_or_else(|| from.ip());
        self.hash(address)
    }

    /// A hash of the address: of the whole one, or of the network that one household has in IPv6.
    fn hash(&self, address: IpAddr) -> Caller {
        let mut hasher = Sha256::new();
        hasher.update(self.salt);
        match address.to_canonical() {
            IpAddr::V4(address) => hasher.update(address.octets()),
            IpAddr::V6(address) => hasher.update(&address.octets()[..8]),
        }
        let mut short = [0; 8];
        short.copy_from_slice(&hasher.finalize()[..8]);
        Caller(short)
    }
}

fn method(method: &hyper::Method) -> Method {
    if method == hyper::Method::GET || method == hyper::Method::HEAD {
        Method::Get
    } else if method == hyper::Method::POST {
        Method::Post
    } else {
        Method::Other
    }
}

fn zone_min(now: Timestamp) -> i16 {
    let seconds = TimeZone::system().to_offset(now).seconds();
    i16::try_from(seconds / 60).unwrap_or_default()
}
