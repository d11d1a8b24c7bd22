//! One WebSocket that reads and writes in one task, without a queue of its own.
//!
//! Reading and flushing make progress together, so that neither side can block the other.
//! Invariant: what is buffered for a slow reader stays below [`MAX_BUFFERED`] and one message.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use casework_protocol::frame::ErrorCode;
use casework_protocol::limits::MAX_FRAME_BYTES;
use futures_util::{Sink, Stream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::door::Way;

/// Bytes handed to the socket and not flushed yet, after which nothing more is produced.
const MAX_BUFFERED: usize = 256 * 1024;
/// The read buffer stays resident per connection: small.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// What happened on a socket.
pub(super) enum Event {
    /// A binary message came.
    Message(Bytes),
    /// Something else came, which shows that the peer lives.
    Alive,
    /// Everything that was sent is on its way.
    Flushed,
    /// The peer closed or is gone.
    Gone,
    /// A message that is none of the protocol.
    Malformed,
    /// A message longer than allowed.
    TooLong,
}

/// One WebSocket.
pub(super) struct Socket {
    stream: WebSocketStream<Way>,
    buffered: usize,
}

impl Socket {
    /// A WebSocket whose handshake the door has answered.
    pub(super) async fn new(way: Way) -> Self {
        let mut config = WebSocketConfig::default();
        config.read_buffer_size = READ_BUFFER_BYTES;
        config.write_buffer_size = MAX_BUFFERED;
        config.max_write_buffer_size = 2 * (MAX_BUFFERED + MAX_FRAME_BYTES);
        config.max_message_size = Some(MAX_FRAME_BYTES);
        config.max_frame_size = Some(MAX_FRAME_BYTES);
        let stream = WebSocketStream::from_raw_socket(way, Role::Server, Some(config)).await;
        Self {
            stream,
            buffered: 0,
        }
    }

    /// Whether more may be handed over.
    pub(super) fn has_room(&self) -> bool {
        self.buffered < MAX_BUFFERED
    }

    /// Hands a message over; it is flushed by [`Socket::event`].
    pub(super) fn send(&mut self, message: Arc<[u8]>) -> Result<(), Error> {
        self.buffered += message.len().max(1);
        let message = Message::Binary(Bytes::from_owner(message));
        Pin::new(&mut self.stream).start_send(message)
    }

    /// Asks the peer whether it lives.
    pub(super) fn ping(&mut self) -> Result<(), Error> {
        self.buffered += 1;
        Pin::new(&mut self.stream).start_send(Message::Ping(Bytes::new()))
    }

    /// The next thing that happens; reads only if asked to.
    pub(super) async fn event(&mut self, reading: bool) -> Event {
        poll_fn(|cx| self.poll_event(cx, reading)).await
    }

    /// Says why and closes, after everything that was sent before.
    pub(super) async fn close(mut self, code: ErrorCode) {
        let frame = CloseFrame {
            code: close_code(code),
            reason: code.to_string().into(),
        };
        if Pin::new(&mut self.stream)
            .start_send(Message::Close(Some(frame)))
            .is_err()
        {
            return;
        }
        let flushed = poll_fn(|cx| Pin::new(&mut self.stream).poll_flush(cx)).await;
        // The peer's own close, so that nothing it sent resets what we sent.
        while flushed.is_ok() && !matches!(self.event(true).await, Event::Gone) {}
    }

    fn poll_event(&mut self, cx: &mut Context<'_>, reading: bool) -> Poll<Event> {
        if self.buffered > 0
            && let Poll::Ready(flushed) = Pin::new(&mut self.stream).poll_flush(cx)
        {
            self.buffered = 0;
            return Poll::Ready(if flushed.is_ok() {
                Event::Flushed
            } else {
                Event::Gone
            });
        }
        if !reading {
            return Poll::Pending;
        }
        let next = std::task::ready!(Pin::new(&mut self.stream).poll_next(cx));
        Poll::Ready(match next {
            Some(Ok(Message::Binary(bytes))) => Event::Message(bytes),
            Some(Ok(Message::Ping(_))) => {
                // The answer was queued by the library and needs a flush.
                self.buffered += 1;
                Event::Alive
            }
            Some(Ok(Message::Pong(_) | Message::Frame(_))) => Event::Alive,
            Some(Ok(Message::Text(_))) => Event::Malformed,
            Some(Err(Error::Capacity(_))) => Event::TooLong,
            Some(Ok(Message::Close(_))) => {
                // The library has queued the answer; one try to send it is polite enough.
                let _ = Pin::new(&mut self.stream).poll_flush(cx);
                Event::Gone
            }
            Some(Err(_)) | None => Event::Gone,
        })
    }
}

fn close_code(code: ErrorCode) -> CloseCode {
    let known = [
        (ErrorCode::Stopping, CloseCode::Away),
        (ErrorCode::Malformed, CloseCode::Protocol),
        (ErrorCode::Version, CloseCode::Protocol),
        (ErrorCode::TooMuch, CloseCode::Size),
        (ErrorCode::Internal, CloseCode::Error),
        (ErrorCode::Busy, CloseCode::Again),
    ];
    let found = known.into_iter().find(|(of, _)| *of == code);
    found.map_or(CloseCode::Policy, |(_, close)| close)
}
