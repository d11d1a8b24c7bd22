//! One WebSocket that reads and writes in one task and keeps no buffer of its own.
//!
//! Reading and flushing make progress together, so that neither side can block the other. What is
//! sent is shared with whoever else gets it; what is read is kept only while a message is on its
//! way. Invariant: what waits for a slow reader stays below [`MAX_BUFFERED`] and one message.

mod arriving;
mod incoming;
mod outgoing;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use casework_protocol::frame::ErrorCode;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use super::door::Way;
pub use arriving::Arriving;
use arriving::Share;
use incoming::{Broken, Incoming, Part};
use outgoing::Outgoing;

/// Bytes handed to the socket and not written yet, after which nothing more is produced.
const MAX_BUFFERED: usize = 64 * 1024;
/// Longest message before the device is proved: a hello or a proof has some 200 bytes.
const MAX_UNPROVED_BYTES: usize = 4 * 1024;

/// What happened on a socket.
pub(super) enum Event {
    /// A binary message came.
    Message(Vec<u8>),
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
    /// A long message, while too many others are arriving.
    Crowded,
}

/// One WebSocket.
pub(super) struct Socket {
    way: Way,
    incoming: Incoming,
    outgoing: Outgoing,
}

impl Socket {
    /// A WebSocket whose handshake the door has answered.
    pub(super) fn new(way: Way, arriving: &Arc<Arriving>) -> Self {
        Self {
            way,
            incoming: Incoming::up_to(MAX_UNPROVED_BYTES, Share::of(arriving)),
            outgoing: Outgoing::default(),
        }
    }

    /// From now on messages may be this long.
    pub(super) fn allow(&mut self, bytes: usize) {
        self.incoming.allow(bytes);
    }

    /// Whether more may be handed over.
    pub(super) fn has_room(&self) -> bool {
        self.outgoing.bytes() < MAX_BUFFERED
    }

    /// Hands a message over; it is written by [`Socket::event`].
    pub(super) fn send(&mut self, message: Arc<[u8]>) {
        self.outgoing.add(OpCode::Data(Data::Binary), message);
    }

    /// Asks the peer whether it lives.
    pub(super) fn ping(&mut self) {
        self.outgoing
            .add(OpCode::Control(Control::Ping), Arc::from([]));
    }

    /// The next thing that happens; reads only if asked to.
    pub(super) async fn event(&mut self, reading: bool) -> Event {
        poll_fn(|cx| self.poll_event(cx, reading)).await
    }

    /// Says why and closes, after everything that was sent before.
    pub(super) async fn close(mut self, code: ErrorCode) {
        let mut said = u16::from(close_code(code)).to_be_bytes().to_vec();
        said.extend_from_slice(code.to_string().as_bytes());
        self.outgoing
            .add(OpCode::Control(Control::Close), said.into());
        let written = poll_fn(|cx| self.outgoing.poll_write(&mut self.way, cx)).await;
        // The peer's own close, so that nothing it sent resets what we sent.
        while written.is_ok() && !matches!(self.event(true).await, Event::Gone) {}
    }

    fn poll_event(&mut self, cx: &mut Context<'_>, reading: bool) -> Poll<Event> {
        if self.outgoing.is_waiting()
            && let Poll::Ready(written) = self.outgoing.poll_write(&mut self.way, cx)
        {
            return Poll::Ready(match written {
                Ok(()) => Event::Flushed,
                Err(_) => Event::Gone,
            });
        }
        if !reading {
            return Poll::Pending;
        }
        Poll::Ready(match ready!(self.incoming.poll_next(&mut self.way, cx)) {
            Ok(Part::Message(bytes)) => Event::Message(bytes),
            Ok(Part::Ping(payload)) => {
                self.outgoing.pong(payload);
                Event::Alive
            }
            Ok(Part::Pong | Part::Fragment) => Event::Alive,
            Ok(Part::Close(code)) => {
                // One try to answer it is polite enough.
                self.outgoing
                    .add(OpCode::Control(Control::Close), code.into());
                let _ = self.outgoing.poll_write(&mut self.way, cx);
                Event::Gone
            }
            Ok(Part::End) => Event::Gone,
            Err(Broken::Malformed) => Event::Malformed,
            Err(Broken::TooLong) => Event::TooLong,
            Err(Broken::Crowded) => Event::Crowded,
        })
    }
}

/// What comes out of bytes that a client may have sent, for fuzzing against another reader.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A binary message.
    Message(Vec<u8>),
    /// A ping.
    Ping(Vec<u8>),
    /// A pong.
    Pong,
    /// A close, and the code that answers it.
    Close(Option<u16>),
    /// What cannot be read on.
    Refused,
}

/// Reads bytes that come in pieces of these sizes, again and again, until they end or cannot be read
/// on.
///
/// # Panics
/// When more is kept than came.
#[doc(hidden)]
#[must_use]
pub fn hear(bytes: &[u8], pieces: &[usize], longest: usize) -> Vec<Heard> {
    let share = Share::of(&Arriving::up_to(usize::MAX));
    let mut incoming = Incoming::up_to(longest, share);
    let (mut rest, mut heard) = (bytes, Vec::new());
    let mut sizes = pieces.iter().copied().cycle();
    let mut cx = Context::from_waker(std::task::Waker::noop());
    while !rest.is_empty() {
        let size = sizes.next().unwrap_or(rest.len()).clamp(1, rest.len());
        let (mut piece, later) = rest.split_at(size);
        rest = later;
        loop {
            match incoming.poll_next(&mut piece, &mut cx) {
                Poll::Pending | Poll::Ready(Ok(Part::End)) => break,
                Poll::Ready(Ok(Part::Fragment)) => {}
                Poll::Ready(Ok(Part::Message(bytes))) => heard.push(Heard::Message(bytes)),
                Poll::Ready(Ok(Part::Ping(bytes))) => heard.push(Heard::Ping(bytes)),
                Poll::Ready(Ok(Part::Pong)) => heard.push(Heard::Pong),
                Poll::Ready(Ok(Part::Close(code))) => {
                    let code = code.first_chunk().map(|code| u16::from_be_bytes(*code));
                    heard.push(Heard::Close(code));
                    return heard;
                }
                Poll::Ready(Err(_)) => {
                    heard.push(Heard::Refused);
                    return heard;
                }
            }
        }
        assert!(incoming.kept() <= bytes.len(), "more is kept than came");
    }
    heard
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
