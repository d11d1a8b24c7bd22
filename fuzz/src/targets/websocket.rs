//! The server's own WebSocket reader, beside the library's, on whatever a client may send.
//!
//! Input: one byte that says how it is cut, then the stream. Both readers give the same messages,
//! pings and pongs in the same order and end alike; where ours refuses a frame by its header, the
//! library refuses it once the rest has come. Texts, which the library takes and the server does not,
//! end it.

use std::io::{self, Cursor, Read, Write};

use casework_sync_server::serve::socket::{Heard, hear};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, FrameHeader};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket};

use crate::mutate::mutate_bytes;
use crate::outcome::{Depth, Outcome};

/// Longest message: short, so that what is too long is met.
const LONGEST: usize = 2_000;
/// Ways to cut a stream; the first does not.
const CUTS: [&[usize]; 6] = [
    &[usize::MAX],
    &[1],
    &[2, 3],
    &[13, 1, 7],
    &[126, 2, 1_000],
    &[2_048, 5],
];

/// Runs one input.
///
/// # Panics
/// When a promise is broken.
#[must_use]
pub fn run(data: &[u8]) -> Outcome {
    let Some((cut, stream)) = data.split_first() else {
        return Outcome::refused(&"").within("Nothing");
    };
    let ours = hear(stream, CUTS[usize::from(*cut) % CUTS.len()], LONGEST);
    for cuts in CUTS {
        assert_eq!(hear(stream, cuts, LONGEST), ours, "cut otherwise: {cuts:?}");
    }
    let text = walk(stream).text;
    let compared = text.map_or(stream, |at| &stream[..at]);
    let before = first_of(compared);
    compare(compared, &before);
    if text.is_some() {
        let more = ours.strip_prefix(&before[..]);
        let more = more.expect("a text takes nothing back");
        assert!(matches!(more, [] | [Heard::Refused]), "a text: {more:?}");
    }
    let last = ours.last().map_or("Nothing", name_of);
    let kind = format!("{}-{last}", ours.len().min(4));
    match ours.last() {
        Some(Heard::Refused) => Outcome::of(Depth::Read, kind),
        _ => Outcome::of(Depth::Accepted, kind),
    }
}

fn name_of(heard: &Heard) -> &'static str {
    match heard {
        Heard::Message(bytes) if bytes.is_empty() => "Empty",
        Heard::Message(_) => "Message",
        Heard::Ping(_) => "Ping",
        Heard::Pong => "Pong",
        Heard::Close(None) => "Close",
        Heard::Close(Some(_)) => "CloseWithCode",
        Heard::Refused => "Refused",
    }
}

/// Both give the same. Ours may refuse by a header what the library refuses by the whole frame: then
/// the library does so when the rest of that frame comes.
fn compare(stream: &[u8], ours: &[Heard]) {
    let theirs = theirs(stream);
    if ours == theirs {
        return;
    }
    let missing = usize::try_from(walk(stream).missing).unwrap_or(usize::MAX);
    let whole = [stream, &vec![0; missing.min(2 * LONGEST)]].concat();
    assert_eq!(ours, self::theirs(&whole), "and cut short: {theirs:?}");
}

/// What the headers of a stream say.
#[derive(Default)]
struct Walk {
    /// Where the first frame begins that begins a text.
    text: Option<usize>,
    /// Bytes that the last frame lacks.
    missing: u64,
}

fn walk(stream: &[u8]) -> Walk {
    let (mut cursor, mut found) = (Cursor::new(stream), Walk::default());
    loop {
        let at = cursor.position();
        let Ok(Some((head, length))) = FrameHeader::parse(&mut cursor) else {
            return found;
        };
        if head.opcode == OpCode::Data(Data::Text) && found.text.is_none() {
            found.text = usize::try_from(at).ok();
        }
        let end = cursor.position().saturating_add(length);
        found.missing = end.saturating_sub(stream.len() as u64);
        if found.missing > 0 {
            return found;
        }
        cursor.set_position(end);
    }
}

/// The first check alone: our reader.
#[must_use]
pub fn first(data: &[u8]) -> Vec<Heard> {
    let stream = data.split_first().map_or(data, |(_, stream)| stream);
    first_of(stream)
}

fn first_of(stream: &[u8]) -> Vec<Heard> {
    hear(stream, CUTS[0], LONGEST)
}

/// What the library makes of a stream without texts.
fn theirs(stream: &[u8]) -> Vec<Heard> {
    let config = WebSocketConfig::default()
        .max_message_size(Some(LONGEST))
        .max_frame_size(Some(LONGEST))
        .read_buffer_size(4_096);
    let way = OneWay(Cursor::new(stream));
    let mut socket = WebSocket::from_raw_socket(way, Role::Server, Some(config));
    let mut heard = Vec::new();
    loop {
        heard.push(match socket.read() {
            Ok(Message::Binary(bytes)) => Heard::Message(bytes.to_vec()),
            Ok(Message::Ping(bytes)) => Heard::Ping(bytes.to_vec()),
            Ok(Message::Pong(_)) => Heard::Pong,
            Ok(Message::Close(frame)) => {
                heard.push(Heard::Close(frame.map(|frame| frame.code.into())));
                return heard;
            }
            Ok(Message::Text(_) | Message::Frame(_)) => unreachable!("no text was sent"),
            Err(error) => {
                if !is_end(&error) {
                    heard.push(Heard::Refused);
                }
                return heard;
            }
        });
    }
}

/// Whether it is the end of the bytes, not a fault in them.
fn is_end(error: &Error) -> bool {
    matches!(
        error,
        Error::Io(_)
            | Error::ConnectionClosed
            | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)
    )
}

/// Reads a stream; what is written is nobody's.
struct OneWay<'a>(Cursor<&'a [u8]>);

impl Read for OneWay<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

impl Write for OneWay<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn frame(opcode: OpCode, is_final: bool, payload: &[u8]) -> Vec<u8> {
    let mask = [0x5a, 1, 0xff, 0];
    let header = FrameHeader {
        is_final,
        opcode,
        mask: Some(mask),
        ..FrameHeader::default()
    };
    let mut bytes = Vec::new();
    header
        .format(payload.len() as u64, &mut bytes)
        .expect("memory takes every byte");
    let masked = payload.iter().zip(mask.iter().cycle());
    bytes.extend(masked.map(|(byte, mask)| byte ^ mask));
    bytes
}

fn pieces(dice: &mut ChaCha8Rng) -> Vec<u8> {
    let opcodes = [
        OpCode::Data(Data::Binary),
        OpCode::Data(Data::Binary),
        OpCode::Data(Data::Continue),
        OpCode::Control(Control::Ping),
        OpCode::Control(Control::Pong),
        OpCode::Control(Control::Close),
        OpCode::Data(Data::Text),
    ];
    let opcode = opcodes[dice.random_range(0..opcodes.len())];
    let lengths = [0, 1, 2, 3, 125, 126, 127, 600, 1_999, 2_000, 2_001];
    let length = lengths[dice.random_range(0..lengths.len())];
    let payload: Vec<u8> = (0..length).map(|_| dice.random()).collect();
    frame(opcode, dice.random_ratio(2, 3), &payload)
}

/// Honest streams.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let close = CloseFrame {
        code: CloseCode::Away,
        reason: "home".into(),
    };
    let reason = [
        &u16::from(close.code).to_be_bytes()[..],
        close.reason.as_bytes(),
    ]
    .concat();
    let (binary, more) = (OpCode::Data(Data::Binary), OpCode::Data(Data::Continue));
    let streams = [
        vec![
            frame(binary, true, b"hello"),
            frame(binary, true, &[7; 1_500]),
        ],
        vec![
            frame(binary, false, b"one "),
            frame(OpCode::Control(Control::Ping), true, b"?"),
            frame(more, false, b""),
            frame(more, true, b"two"),
        ],
        vec![
            frame(OpCode::Control(Control::Pong), true, b"!"),
            frame(OpCode::Control(Control::Close), true, &reason),
        ],
        vec![frame(OpCode::Control(Control::Close), true, b"")],
        vec![frame(binary, true, b""), frame(binary, true, &[1; LONGEST])],
    ];
    (0..)
        .zip(streams)
        .map(|(cut, frames)| [vec![cut], frames.concat()].concat())
        .collect()
}

/// Alters bytes, or puts whole frames in between and at the end.
pub fn mutate(data: &mut Vec<u8>, other: &[u8], dice: &mut ChaCha8Rng) {
    match dice.random_range(0..4) {
        0 => mutate_bytes(data, other, dice),
        1 => {
            let at = dice.random_range(0..=data.len());
            let frame = pieces(dice);
            data.splice(at..at, frame);
        }
        _ => data.extend(pieces(dice)),
    }
}
