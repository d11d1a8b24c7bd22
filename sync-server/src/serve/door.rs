//! The door: HTTP on the port that WebSockets come in by.
//!
//! `GET /healthz` says that the process lives, `GET /readyz` whether it takes work; a WebSocket
//! request is let in; everything else is 404. Nothing here costs more than one small buffer, and a
//! request that does not come within the handshake's time is dropped by the caller.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::Bytes;
use tokio_tungstenite::tungstenite::handshake::server::create_response;

/// The bytes of a connection after the door, whatever carries them.
pub(super) type Way = TokioIo<Upgraded>;

/// Largest request head: a WebSocket request has a few hundred bytes. Also the least that the
/// library takes.
const MAX_HEAD_BYTES: usize = 8 * 1024;

/// Whether work is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readiness {
    /// Yes.
    Ready,
    /// Not any more.
    Stopping,
    /// Not before somebody has looked at the disk.
    Failed,
}

type Answer = Response<Full<Bytes>>;

/// Answers one request. Gives the way in back when it was a WebSocket's.
pub(super) async fn enter<S>(stream: S, readiness: Readiness) -> Option<Way>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let wanted: Arc<Mutex<Option<OnUpgrade>>> = Arc::default();
    let service = service_fn(|request: Request<Incoming>| {
        let wanted = Arc::clone(&wanted);
        async move { Ok::<_, Infallible>(answer(request, readiness, &wanted)) }
    });
    http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await
        .ok()?;
    let wanted = wanted.lock().unwrap_or_else(PoisonError::into_inner).take();
    Some(TokioIo::new(wanted?.await.ok()?))
}

fn answer(
    mut request: Request<Incoming>,
    readiness: Readiness,
    wanted: &Mutex<Option<OnUpgrade>>,
) -> Answer {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/healthz") => say(StatusCode::OK, "ok\n"),
        (&Method::GET, "/readyz") => match readiness {
            Readiness::Ready => say(StatusCode::OK, "ready\n"),
            Readiness::Stopping => say(StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
            Readiness::Failed => say(StatusCode::SERVICE_UNAVAILABLE, "the storage failed\n"),
        },
        _ => {
            let upgrade = hyper::upgrade::on(&mut request);
            let (head, _) = request.into_parts();
            let Ok(accepted) = create_response(&Request::from_parts(head, ())) else {
                return say(StatusCode::NOT_FOUND, "a Casework sync server\n");
            };
            *wanted.lock().unwrap_or_else(PoisonError::into_inner) = Some(upgrade);
            accepted.map(|()| Full::default())
        }
    }
}

/// A short answer in plain text that nobody may keep.
pub(super) fn say(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(CONTENT_TYPE, plain);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}
