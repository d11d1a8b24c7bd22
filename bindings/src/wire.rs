//! The WebSocket to a server, over TCP or TLS: binary messages in, frames out. Bounded, without delay.
//!
//! Reading goes on while a peer is slow to take what is sent, so two full buffers cannot stop each
//! other. Knows nothing of what the frames mean.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use casework_protocol::frame::{self, Channel, ClientFrame};
use casework_protocol::limits::MAX_FRAME_BYTES;
use futures_util::{FutureExt, Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Error as SocketError, Message};

use crate::address::{Address, Scheme};
use crate::dial::dial;
use crate::error::Error;
use crate::tls::{self, Trust};
use crate::traffic::{Counted, Traffic};

/// How long connecting may take, the WebSocket handshake included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long saying goodbye may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Buffers of the connection. They are really resident, and frames are larger than this anyway.
const BUFFER_BYTES: usize = 16 * 1024;
/// Most messages, and about most bytes, that are taken at once.
const BATCH_MESSAGES: usize = 64;
const BATCH_BYTES: usize = 1024 * 1024;

/// Whatever carries bytes.
trait Carrier: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Carrier for S {}

/// A connection.
pub(crate) struct Wire {
    socket: WebSocketStream<Box<dyn Carrier>>,
    channel: Channel,
    traffic: Traffic,
    /// Not handed to the socket yet.
    queue: VecDeque<Message>,
    /// Handed over, perhaps not sent yet.
    unflushed: bool,
}

impl Wire {
    /// Connects.
    pub(crate) async fn connect(address: &Address, trust: &Trust) -> Result<Self, Error> {
        match tokio::time::timeout(CONNECT_TIMEOUT, Self::shake_hands(address, trust)).await {
            Ok(connected) => connected,
            Err(_) => Err(unreachable(address, "it does not answer")),
        }
    }

    async fn shake_hands(address: &Address, trust: &Trust) -> Result<Self, Error> {
        let stream = dial(&address.authority())
            .await
            .map_err(|error| unreachable(address, error))?;
        stream
            .set_nodelay(true)
            .map_err(|error| unreachable(address, error))?;
        let traffic = Traffic::default();
        let stream = Counted {
            stream,
            traffic: traffic.clone(),
        };
        let (stream, channel): (Box<dyn Carrier>, _) = match address.scheme() {
            Scheme::Plain => (Box::new(stream), Channel::Plain),
            Scheme::Tls(pin) => {
                let (stream, channel) = tls::secure(address, pin, trust, stream).await?;
                (Box::new(stream), channel)
            }
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .max_message_size(Some(MAX_FRAME_BYTES))
            .max_frame_size(Some(MAX_FRAME_BYTES));
        let url = address.request();
        let connected =
            tokio_tungstenite::client_async_with_config(url, stream, Some(config)).await;
        let (socket, _) = connected.map_err(|error| no_websocket(address, error))?;
        Ok(Self {
            socket,
            channel,
            traffic,
            queue: VecDeque::new(),
            unflushed: false,
        })
    }

    /// What it goes over, for the handshake proofs.
    pub(crate) fn channel(&self) -> Channel {
        self.channel
    }

    /// How many bytes it has moved.
    pub(crate) fn moved(&self) -> u64 {
        self.traffic.bytes()
    }

    /// Puts a frame into the queue; [`Wire::receive`] sends it.
    pub(crate) fn send(&mut self, frame: &ClientFrame) {
        self.queue
            .push_back(Message::Binary(frame::encode(frame).into()));
    }

    /// The messages that have arrived, at least one; sends what is queued meanwhile. Dropping the
    /// future loses nothing.
    pub(crate) async fn receive(&mut self) -> Result<Vec<Bytes>, Error> {
        let first = std::future::poll_fn(|cx| self.poll_exchange(cx)).await?;
        let (mut messages, mut bytes) = (vec![first], 0);
        while messages.len() < BATCH_MESSAGES && bytes < BATCH_BYTES {
            let next = std::future::poll_fn(|cx| self.poll_exchange(cx)).now_or_never();
            match next {
                Some(Ok(message)) => {
                    bytes += message.len();
                    messages.push(message);
                }
                // The messages before the end are worth having; the end comes again.
                Some(Err(_)) | None => break,
            }
        }
        Ok(messages)
    }

    /// Sends what is queued, then says goodbye, until then at the latest. A server that is gone is
    /// no error.
    pub(crate) async fn close(mut self, end: Option<Instant>) {
        let left = end.map_or(CLOSE_TIMEOUT, |end| {
            end.saturating_duration_since(Instant::now())
        });
        let goodbye = async {
            let sent = std::future::poll_fn(|cx| self.poll_send(cx)).await;
            if sent.is_ok() {
                let _ = self.socket.close(None).await;
            }
        };
        let _ = tokio::time::timeout(left.min(CLOSE_TIMEOUT), goodbye).await;
    }

    fn poll_exchange(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Error>> {
        if let Poll::Ready(Err(error)) = self.poll_send(cx) {
            return Poll::Ready(Err(error));
        }
        self.poll_message(cx)
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while !self.queue.is_empty() {
            ready!(Pin::new(&mut self.socket).poll_ready(cx)).map_err(broken)?;
            if let Some(message) = self.queue.pop_front() {
                Pin::new(&mut self.socket)
                    .start_send(message)
                    .map_err(broken)?;
                self.unflushed = true;
            }
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.socket).poll_flush(cx)).map_err(broken)?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Error>> {
        loop {
            return Poll::Ready(match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
                Some(Ok(Message::Binary(bytes))) => Ok(bytes),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(close))) => {
                    let why = close
                        .map(|close| close.reason.to_string())
                        .unwrap_or_default();
                    Err(Error::Unavailable(
                        format!("the server closed the connection {why}")
                            .trim_end()
                            .to_owned(),
                    ))
                }
                Some(Ok(Message::Text(_))) => Err(Error::Unavailable(
                    "this is no Casework server: it sends text".to_owned(),
                )),
                Some(Err(error)) => Err(broken(error)),
                None => Err(Error::Unavailable(
                    "the server closed the connection".to_owned(),
                )),
            });
        }
    }
}

fn unreachable(address: &Address, why: impl core::fmt::Display) -> Error {
    Error::Unavailable(format!("no server at {address}: {why}"))
}

fn no_websocket(address: &Address, error: SocketError) -> Error {
    if let SocketError::Http(answer) = &error
        && answer.status() == StatusCode::UPGRADE_REQUIRED
    {
        let why = "it speaks TLS only; its address begins with wss://";
        return unreachable(address, why);
    }
    unreachable(address, error)
}

fn broken(error: SocketError) -> Error {
    Error::Unavailable(format!("the connection broke: {error}"))
}
