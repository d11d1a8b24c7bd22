//! The writing half of a WebSocket server: messages that are shared, and a header for each.
//!
//! Nothing is copied and nothing stays: a message that goes to a thousand readers is in memory
//! once. Invariant: however many pings come, one answer waits.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, OpCode};

/// Longest header of a server: two bytes and a length of eight.
const MAX_HEAD_BYTES: usize = 10;
/// Slices handed to the system at once.
const SLICES: usize = 64;
/// Places for frames that are kept while nothing waits.
const KEPT_PLACES: usize = 8;

/// One frame that is not written yet.
#[derive(Debug)]
struct Waiting {
    head: [u8; MAX_HEAD_BYTES],
    head_bytes: u8,
    payload: Arc<[u8]>,
}

/// What waits to be written.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    frames: VecDeque<Waiting>,
    /// Bytes of the first frame that are written.
    written: usize,
    /// Bytes of all frames that are not.
    bytes: usize,
    /// The newest ping that is not answered.
    pong: Option<Vec<u8>>,
    /// Written, but perhaps not flushed.
    unflushed: bool,
}

impl Waiting {
    fn head(&self) -> &[u8] {
        &self.head[..usize::from(self.head_bytes)]
    }

    fn len(&self) -> usize {
        self.head().len() + self.payload.len()
    }
}

impl Outgoing {
    /// Bytes that wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether anything does.
    pub(super) fn is_waiting(&self) -> bool {
        !self.frames.is_empty() || self.pong.is_some() || self.unflushed
    }

    /// Adds a frame.
    pub(super) fn add(&mut self, opcode: OpCode, payload: Arc<[u8]>) {
        let header = FrameHeader {
            is_final: true,
            opcode,
            ..FrameHeader::default()
        };
        let (mut head, length) = ([0; MAX_HEAD_BYTES], payload.len() as u64);
        let mut rest = &mut head[..];
        header
            .format(length, &mut rest)
            .expect("a header without mask has ten bytes at most");
        let head_bytes = header.len(length).to_le_bytes()[0];
        let waiting = Waiting {
            head,
            head_bytes,
            payload,
        };
        self.bytes += waiting.len();
        self.frames.push_back(waiting);
    }

    /// Answers a ping once everything before is written; only the newest is answered.
    pub(super) fn pong(&mut self, payload: Vec<u8>) {
        self.pong = Some(payload);
    }

    /// Writes; ready when nothing waits any more.
    pub(super) fn poll_write<W: AsyncWrite + Unpin>(
        &mut self,
        way: &mut W,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if self.frames.is_empty()
                && let Some(payload) = self.pong.take()
            {
                self.add(OpCode::Control(Control::Pong), payload.into());
            }
            if self.frames.is_empty() {
                break;
            }
            let mut slices = [IoSlice::new(&[]); SLICES];
            let used = self.slices(&mut slices);
            let written = ready!(Pin::new(&mut *way).poll_write_vectored(cx, &slices[..used]))?;
            if written == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            self.advance(written);
        }
        ready!(Pin::new(way).poll_flush(cx))?;
        self.unflushed = false;
        if self.frames.capacity() > KEPT_PLACES {
            self.frames = VecDeque::new();
        }
        Poll::Ready(Ok(()))
    }

    fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES]) -> usize {
        let (mut used, mut skip) = (0, self.written);
        for part in self
            .frames
            .iter()
            .flat_map(|frame| [frame.head(), &frame.payload])
        {
            if used == SLICES {
                break;
            }
            if skip >= part.len() {
                skip -= part.len();
                continue;
            }
            slices[used] = IoSlice::new(&part[skip..]);
            skip = 0;
            used += 1;
        }
        used
    }

    fn advance(&mut self, written: usize) {
        self.bytes -= written;
        self.written += written;
        while let Some(first) = self.frames.front()
            && self.written >= first.len()
        {
            self.written -= first.len();
            self.frames.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::Data;

    /// Takes so many bytes, then is full.
    struct Narrow {
        taken: Vec<u8>,
        room: usize,
    }

    impl AsyncWrite for Narrow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            if self.room == 0 {
                return Poll::Pending;
            }
            let taken = bytes.len().min(self.room);
            self.room -= taken;
            self.taken.extend_from_slice(&bytes[..taken]);
            Poll::Ready(Ok(taken))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn write(outgoing: &mut Outgoing, way: &mut Narrow) -> bool {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        outgoing.poll_write(way, &mut cx).is_ready()
    }

    #[test]
    fn frames_are_written_in_order_however_little_is_taken() {
        for room in [1, 2, 3, 1_000] {
            let mut outgoing = Outgoing::default();
            let mut way = Narrow {
                taken: Vec::new(),
                room: 0,
            };
            outgoing.add(OpCode::Data(Data::Binary), Arc::from(&b"ana"[..]));
            outgoing.add(OpCode::Data(Data::Binary), vec![7; 300].into());
            outgoing.pong(b"old".to_vec());
            outgoing.pong(b"new".to_vec());
            while !write(&mut outgoing, &mut way) {
                way.room += room;
            }
            let mut wanted = vec![0x82, 3];
            wanted.extend_from_slice(b"ana");
            wanted.extend_from_slice(&[0x82, 126, 1, 44]);
            wanted.extend_from_slice(&[7; 300]);
            wanted.extend_from_slice(&[0x8a, 3]);
            wanted.extend_from_slice(b"new");
            assert_eq!(way.taken, wanted);
            assert_eq!(outgoing.bytes(), 0);
            assert!(!outgoing.is_waiting());
        }
    }

    #[test]
    fn a_message_for_many_is_in_memory_once_and_gone_when_it_is_written() {
        let message: Arc<[u8]> = vec![1; 1_000].into();
        let mut way = Narrow {
            taken: Vec::new(),
            room: usize::MAX,
        };
        let mut readers: Vec<Outgoing> = (0..10).map(|_| Outgoing::default()).collect();
        for reader in &mut readers {
            for _ in 0..20 {
                reader.add(OpCode::Data(Data::Binary), Arc::clone(&message));
            }
        }
        assert_eq!(Arc::strong_count(&message), 201);
        for reader in &mut readers {
            assert!(write(reader, &mut way));
            assert_eq!(reader.frames.capacity(), 0);
        }
        assert_eq!(Arc::strong_count(&message), 1);
    }
}
