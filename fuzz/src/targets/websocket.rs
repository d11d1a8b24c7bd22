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
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, FrameHeader};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, WebSocket};

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
    let theirs = theirs(stream);
    if let Some(text) = text_at(&theirs) {
        assert_eq!(ours.get(..text), theirs.heard.get(..text), "before a text");
        assert_eq!(ours.get(text), Some(&Heard::Refused), "a text");
        return Outcome::read(&"").within("Text");
    }
    if ours != theirs.heard {
        compare_refusals(stream, &ours, &theirs.heard);
    }
    let kind = format!("{}-{:?}", ours.len().min(4), ours.last().map(name_of));
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

/// Ours may refuse by a header what the library refuses by the whole frame: then it does so when more
/// comes. A text among it ends ours, and in the library it only ends the play.
fn compare_refusals(stream: &[u8], ours: &[Heard], theirs: &[Heard]) {
    let (last, before) = ours.split_last().expect("ours is not what theirs is");
    assert_eq!(last, &Heard::Refused, "ours goes on: {ours:?} {theirs:?}");
    assert!(
        theirs.starts_with(before),
        "what came before differs: {ours:?} {theirs:?}"
    );
    let more = [stream, &[0; 2 * LONGEST + 256]].concat();
    let later = self::theirs(&more);
    let refused_there = later.heard.get(before.len());
    let is_text = later.texts.contains(&before.len()) || later.begins_text;
    assert!(
        refused_there == Some(&Heard::Refused) || is_text || is_vast(stream),
        "only ours refuses: {ours:?} {:?}",
        later.heard
    );
}

/// Whether some frame names a length that no padding fills: it may be refused by its header alone.
fn is_vast(stream: &[u8]) -> bool {
    let mut cursor = Cursor::new(stream);
    while let Ok(Some((_, length))) = FrameHeader::parse(&mut cursor) {
        let next = cursor.position().saturating_add(length);
        if length > LONGEST as u64 {
            return true;
        }
        cursor.set_position(next);
    }
    false
}

/// What the library made of a stream.
struct Theirs {
    heard: Vec<Heard>,
    /// Places in `heard` that are texts.
    texts: Vec<usize>,
    /// A text that is not whole began at the end.
    begins_text: bool,
}

fn text_at(theirs: &Theirs) -> Option<usize> {
    theirs.texts.first().copied()
}

/// The first check alone: our reader.
pub fn first(data: &[u8]) -> Vec<Heard> {
    let stream = data.split_first().map_or(data, |(_, stream)| stream);
    hear(stream, CUTS[0], LONGEST)
}

fn theirs(stream: &[u8]) -> Theirs {
    let mut config = WebSocketConfig::default();
    config.max_message_size = Some(LONGEST);
    config.max_frame_size = Some(LONGEST);
    config.read_buffer_size = 4_096;
    let way = OneWay(Cursor::new(stream));
    let mut socket = WebSocket::from_raw_socket(way, Role::Server, Some(config));
    let mut done = Theirs {
        heard: Vec::new(),
        texts: Vec::new(),
        begins_text: begins_text(stream),
    };
    loop {
        let heard = match socket.read() {
            Ok(Message::Binary(bytes)) => Heard::Message(bytes.to_vec()),
            Ok(Message::Text(_)) => {
                done.texts.push(done.heard.len());
                Heard::Refused
            }
            Ok(Message::Ping(bytes)) => Heard::Ping(bytes.to_vec()),
            Ok(Message::Pong(_)) => Heard::Pong,
            Ok(Message::Close(frame)) => {
                done.heard
                    .push(Heard::Close(frame.map(|frame| frame.code.into())));
                return done;
            }
            Ok(Message::Frame(_)) => unreachable!("only what is written is a bare frame"),
            Err(error) => {
                let is_end = matches!(
                    error,
                    tokio_tungstenite::tungstenite::Error::Io(_)
                        | tokio_tungstenite::tungstenite::Error::ConnectionClosed
                        | tokio_tungstenite::tungstenite::Error::Protocol(
                            tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake
                        )
                );
                if !is_end {
                    done.heard.push(Heard::Refused);
                }
                return done;
            }
        };
        let is_text = heard == Heard::Refused;
        done.heard.push(heard);
        if is_text {
            return done;
        }
    }
}

/// Whether any frame of the stream begins a text.
fn begins_text(stream: &[u8]) -> bool {
    let mut cursor = Cursor::new(stream);
    while let Ok(Some((head, length))) = FrameHeader::parse(&mut cursor) {
        if head.opcode == OpCode::Data(Data::Text) {
            return true;
        }
        let next = cursor.position().saturating_add(length);
        cursor.set_position(next);
    }
    false
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
