//! The reading half of a WebSocket server (RFC 6455 §5): bytes in, whole messages out.
//!
//! Frame headers are the library's; the buffers are ours, because they must be gone while nothing
//! is on its way. Invariant: memory follows the bytes that came, never what a header announces.

use std::future::Future as _;
use std::io::Cursor;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use super::arriving::Share;

/// What is read at once where no length is known yet; it lies on the stack.
const LOOK_BYTES: usize = 2 * 1024;
/// Room made at once for a payload whose length is known.
const ROOM_BYTES: usize = 64 * 1024;
/// Longest header: two bytes, a length of eight, a mask of four.
const MAX_HEAD_BYTES: usize = 14;
/// Longest payload of a control frame.
const MAX_CONTROL_BYTES: usize = 125;

/// What came whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A binary message.
    Message(Vec<u8>),
    /// A part of one that is not whole yet: told, so that whoever counts messages counts it.
    Fragment,
    /// A ping, with what its answer must hold.
    Ping(Vec<u8>),
    /// A pong.
    Pong,
    /// The peer closes; what its answer holds: its code, if it gave one, or that it broke the rules.
    Close(Vec<u8>),
    /// Nothing more comes.
    End,
}

/// What cannot be read on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// No WebSocket frame of a client, or a text.
    Malformed,
    /// Longer than allowed.
    TooLong,
    /// Too much of all connections is arriving.
    Crowded,
}

/// Bytes on their way to messages.
#[derive(Debug)]
pub(super) struct Incoming {
    longest: usize,
    /// Not taken apart yet; after a header, its payload.
    bytes: Vec<u8>,
    /// The frame whose payload is arriving, and how long that is.
    head: Option<(FrameHeader, usize)>,
    /// The frames before it of the same message.
    before: Option<Vec<u8>>,
    /// What comes now is thrown away.
    is_broken: bool,
    /// What is kept, counted with everybody's.
    share: Share,
}

impl Incoming {
    /// Takes messages up to this length.
    pub(super) fn up_to(longest: usize, share: Share) -> Self {
        Self {
            longest,
            bytes: Vec::new(),
            head: None,
            before: None,
            is_broken: false,
            share,
        }
    }

    /// From now on this length is allowed.
    pub(super) fn allow(&mut self, longest: usize) {
        self.longest = longest;
    }

    /// How many bytes are kept.
    pub(super) fn kept(&self) -> usize {
        self.bytes.len() + self.before.as_ref().map_or(0, Vec::len)
    }

    /// The next whole thing. Nothing is lost when it is not waited for. After what cannot be read on
    /// only the end comes.
    pub(super) fn poll_next<R: AsyncRead + Unpin>(
        &mut self,
        way: &mut R,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Part, Broken>> {
        loop {
            match self.take() {
                Ok(None) => {}
                Ok(Some(part)) => return Poll::Ready(Ok(part)),
                Err(broken) => {
                    *self = Self::up_to(self.longest, self.share.anew());
                    self.is_broken = true;
                    return Poll::Ready(Err(broken));
                }
            }
            if !ready!(self.poll_read(way, cx)) {
                return Poll::Ready(Ok(Part::End));
            }
        }
    }

    /// Reads more; false at the end.
    fn poll_read<R: AsyncRead + Unpin>(&mut self, way: &mut R, cx: &mut Context<'_>) -> Poll<bool> {
        if let Some((_, length)) = &self.head {
            let missing = length - self.bytes.len();
            self.bytes.reserve(missing.min(ROOM_BYTES));
            let mut rest = way.take(missing as u64);
            let read = ready!(pin!(rest.read_buf(&mut self.bytes)).poll(cx));
            return Poll::Ready(read.is_ok_and(|read| read > 0));
        }
        let mut look = [0; LOOK_BYTES];
        let mut look = ReadBuf::new(&mut look);
        let read = ready!(Pin::new(way).poll_read(cx, &mut look));
        if !self.is_broken {
            self.bytes.extend_from_slice(look.filled());
        }
        Poll::Ready(read.is_ok() && !look.filled().is_empty())
    }

    /// Takes the next whole thing out of what came, and counts what is left.
    fn take(&mut self) -> Result<Option<Part>, Broken> {
        let taken = self.take_part()?;
        if !self.share.hold(self.kept()) {
            return Err(Broken::Crowded);
        }
        Ok(taken)
    }

    fn take_part(&mut self) -> Result<Option<Part>, Broken> {
        let Some((head, payload)) = self.frame()? else {
            return Ok(None);
        };
        let is_final = head.is_final;
        match head.opcode {
            OpCode::Data(Data::Binary) if self.before.is_none() && is_final => {
                Ok(Some(Part::Message(payload)))
            }
            OpCode::Data(Data::Binary) if self.before.is_none() => {
                self.before = Some(payload);
                Ok(Some(Part::Fragment))
            }
            OpCode::Data(Data::Continue) => {
                let mut message = self.before.take().ok_or(Broken::Malformed)?;
                message.extend_from_slice(&payload);
                if is_final {
                    return Ok(Some(Part::Message(message)));
                }
                self.before = Some(message);
                Ok(Some(Part::Fragment))
            }
            OpCode::Control(Control::Ping) => Ok(Some(Part::Ping(payload))),
            OpCode::Control(Control::Pong) => Ok(Some(Part::Pong)),
            OpCode::Control(Control::Close) => {
                closing(&payload).map(|code| Some(Part::Close(code)))
            }
            OpCode::Data(Data::Binary | Data::Text | Data::Reserved(_))
            | OpCode::Control(Control::Reserved(_)) => Err(Broken::Malformed),
        }
    }

    /// The next whole frame, unmasked.
    fn frame(&mut self) -> Result<Option<(FrameHeader, Vec<u8>)>, Broken> {
        if self.head.is_none() {
            self.head = self.header()?;
        }
        let Some((head, length)) = self.head.take() else {
            return Ok(None);
        };
        if self.bytes.len() < length {
            self.head = Some((head, length));
            return Ok(None);
        }
        let rest = if self.bytes.len() > length {
            self.bytes.split_off(length)
        } else {
            Vec::new()
        };
        let mut payload = std::mem::replace(&mut self.bytes, rest);
        unmask(&mut payload, head.mask.ok_or(Broken::Malformed)?);
        Ok(Some((head, payload)))
    }

    /// The next header, taken off the bytes; judged before its payload is waited for.
    fn header(&mut self) -> Result<Option<(FrameHeader, usize)>, Broken> {
        let head = &self.bytes[..self.bytes.len().min(MAX_HEAD_BYTES)];
        let mut cursor = Cursor::new(head);
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| Broken::Malformed)?;
        let Some((head, length)) = parsed else {
            return Ok(None);
        };
        let read = usize::try_from(cursor.position()).map_err(|_| Broken::Malformed)?;
        let length = usize::try_from(length).map_err(|_| Broken::TooLong)?;
        let is_control = matches!(head.opcode, OpCode::Control(_));
        let so_far = self.before.as_ref().map_or(0, Vec::len);
        let is_reserved = head.rsv1 || head.rsv2 || head.rsv3;
        if is_reserved || head.mask.is_none() || is_control && !head.is_final {
            return Err(Broken::Malformed);
        }
        if is_control && length > MAX_CONTROL_BYTES {
            return Err(Broken::Malformed);
        }
        if !is_control && so_far.saturating_add(length) > self.longest {
            return Err(Broken::TooLong);
        }
        self.bytes.drain(..read);
        Ok(Some((head, length)))
    }
}

/// What answers a close frame (RFC 6455 §5.5.1): a code or nothing, and then a reason in UTF-8.
fn closing(payload: &[u8]) -> Result<Vec<u8>, Broken> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        let is_empty = payload.is_empty();
        return is_empty.then(Vec::new).ok_or(Broken::Malformed);
    };
    if std::str::from_utf8(reason).is_err() {
        return Err(Broken::Malformed);
    }
    let code = CloseCode::from(u16::from_be_bytes(*code));
    let answer = match code.is_allowed() {
        true => code,
        false => CloseCode::Protocol,
    };
    Ok(u16::from(answer).to_be_bytes().to_vec())
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let (fours, rest) = payload.as_chunks_mut::<4>();
    for four in fours {
        *four = (u32::from_ne_bytes(*four) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::super::arriving::Arriving;
    use super::*;

    fn up_to(longest: usize) -> Incoming {
        Incoming::up_to(longest, Share::of(&Arriving::up_to(usize::MAX)))
    }

    const MASK: [u8; 4] = [1, 2, 3, 4];

    fn frame(opcode: OpCode, is_final: bool, payload: &[u8]) -> Vec<u8> {
        let header = FrameHeader {
            is_final,
            opcode,
            mask: Some(MASK),
            ..FrameHeader::default()
        };
        let mut bytes = Vec::new();
        header.format(payload.len() as u64, &mut bytes).unwrap();
        bytes.extend(
            payload
                .iter()
                .zip(MASK.iter().cycle())
                .map(|(byte, mask)| byte ^ mask),
        );
        bytes
    }

    fn binary(payload: &[u8]) -> Vec<u8> {
        frame(OpCode::Data(Data::Binary), true, payload)
    }

    /// Feeds the bytes in pieces of this size; what comes out.
    fn feed(incoming: &mut Incoming, bytes: &[u8], piece: usize) -> Vec<Result<Part, Broken>> {
        let mut out = Vec::new();
        for mut piece in bytes.chunks(piece) {
            loop {
                let mut cx = Context::from_waker(std::task::Waker::noop());
                match incoming.poll_next(&mut piece, &mut cx) {
                    Poll::Ready(Ok(Part::End)) | Poll::Pending => break,
                    Poll::Ready(part) => out.push(part),
                }
            }
        }
        out
    }

    #[test]
    fn messages_come_whole_however_the_bytes_are_cut() {
        let long = vec![7; 70_000];
        let mut bytes = Vec::new();
        for payload in [&b"ana"[..], &[], &long, &[9; 130]] {
            bytes.extend(binary(payload));
        }
        bytes.extend(frame(OpCode::Control(Control::Ping), true, b"alive"));
        bytes.extend(frame(OpCode::Data(Data::Binary), false, b"one "));
        bytes.extend(frame(OpCode::Control(Control::Pong), true, b""));
        bytes.extend(frame(OpCode::Data(Data::Continue), false, b"two "));
        bytes.extend(frame(OpCode::Data(Data::Continue), true, b"three"));
        bytes.extend(frame(OpCode::Control(Control::Close), true, b"\x03\xe8bye"));
        let whole: Vec<Result<Part, Broken>> = vec![
            Ok(Part::Message(b"ana".to_vec())),
            Ok(Part::Message(Vec::new())),
            Ok(Part::Message(long)),
            Ok(Part::Message(vec![9; 130])),
            Ok(Part::Ping(b"alive".to_vec())),
            Ok(Part::Fragment),
            Ok(Part::Pong),
            Ok(Part::Fragment),
            Ok(Part::Message(b"one two three".to_vec())),
            Ok(Part::Close(b"\x03\xe8".to_vec())),
        ];
        for piece in [1, 2, 3, 13, 1_000, 4_096, bytes.len()] {
            let mut incoming = up_to(100_000);
            assert_eq!(feed(&mut incoming, &bytes, piece), whole, "{piece}");
            assert_eq!(incoming.bytes.capacity(), 0, "nothing stays: {piece}");
        }
    }

    #[test]
    fn what_a_header_announces_costs_nothing_before_it_comes() {
        let mut incoming = up_to(1 << 20);
        let announced = &binary(&vec![1; 1 << 20])[..20];
        assert_eq!(feed(&mut incoming, announced, 20), []);
        assert!(incoming.bytes.capacity() <= 2 * ROOM_BYTES);
    }

    #[test]
    fn what_is_too_long_is_refused_by_its_header() {
        for bytes in [
            binary(&[0; 101]),
            [
                frame(OpCode::Data(Data::Binary), false, &[0; 60]),
                frame(OpCode::Data(Data::Continue), true, &[0; 41]),
            ]
            .concat(),
        ] {
            let mut incoming = up_to(100);
            let out = feed(&mut incoming, &bytes, 7);
            assert_eq!(out.last(), Some(&Err(Broken::TooLong)));
            assert!(!out.iter().any(|part| matches!(part, Ok(Part::Message(_)))));
        }
    }

    #[test]
    fn what_no_client_may_send_is_malformed() {
        let unmasked = vec![0x82, 0x01, 0x07];
        let reserved = vec![0xc2, 0x81, 1, 2, 3, 4, 5];
        let opcode = vec![0x83, 0x81, 1, 2, 3, 4, 5];
        // Whatever comes after that is thrown away, and the end still comes.
        for mut bytes in [
            unmasked,
            reserved,
            opcode,
            frame(OpCode::Data(Data::Text), true, b"hello"),
            frame(OpCode::Data(Data::Continue), true, b"of nothing"),
            frame(OpCode::Control(Control::Ping), false, b""),
            frame(OpCode::Control(Control::Ping), true, &[0; 126]),
            frame(OpCode::Control(Control::Close), true, &[3]),
            frame(OpCode::Control(Control::Close), true, &[3, 0xe8, 0xff]),
            [
                frame(OpCode::Data(Data::Binary), false, b"one"),
                binary(b"another"),
            ]
            .concat(),
        ] {
            bytes.extend(binary(b"more"));
            let mut incoming = up_to(1_000);
            let out = feed(&mut incoming, &bytes, 3);
            assert_eq!(out.last(), Some(&Err(Broken::Malformed)), "{bytes:?}");
            assert_eq!(out.iter().filter(|part| part.is_err()).count(), 1);
            assert_eq!(incoming.bytes.capacity(), 0);
        }
    }

    #[test]
    fn every_fragment_is_told_so_that_empty_ones_are_counted_like_messages() {
        let mut bytes = frame(OpCode::Data(Data::Binary), false, b"");
        for _ in 0..1_000 {
            bytes.extend(frame(OpCode::Data(Data::Continue), false, b""));
        }
        let mut incoming = up_to(100);
        let out = feed(&mut incoming, &bytes, 4_096);
        assert_eq!(out.len(), 1_001);
        assert!(out.iter().all(|part| *part == Ok(Part::Fragment)));
    }

    #[test]
    fn a_code_that_nobody_may_send_is_answered_with_the_one_for_broken_rules() {
        for (sent, answered) in [(1000, 1000_u16), (4_000, 4_000), (1005, 1002), (999, 1002)] {
            let close = frame(
                OpCode::Control(Control::Close),
                true,
                &u16::to_be_bytes(sent),
            );
            let out = feed(&mut up_to(100), &close, 3);
            assert_eq!(out, [Ok(Part::Close(answered.to_be_bytes().to_vec()))]);
        }
    }

    #[test]
    fn a_long_message_that_finds_no_room_is_refused_and_its_memory_is_given_back() {
        let arriving = Arriving::up_to(64 * 1024);
        let mut readers = [(); 2].map(|()| Incoming::up_to(1 << 20, Share::of(&arriving)));
        let part = &binary(&vec![1; 1 << 20])[..40_000];
        assert_eq!(feed(&mut readers[0], part, 2_000), []);
        assert_eq!(feed(&mut readers[1], part, 2_000), [Err(Broken::Crowded)]);
        let [first, mut second] = readers;
        drop(first);
        let whole = binary(&[1; 40_000]);
        // Whoever was refused reads nothing any more; whoever comes now does.
        assert_eq!(feed(&mut second, &whole, 2_000), []);
        let mut third = Incoming::up_to(1 << 20, Share::of(&arriving));
        assert_eq!(
            feed(&mut third, &whole, 2_000),
            [Ok(Part::Message(vec![1; 40_000]))]
        );
    }
}
