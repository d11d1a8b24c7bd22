//! The frames of the sync protocol: one WebSocket, binary messages, one CBOR item per message.
//!
//! A frame only carries; what is in it is judged by the room it is for. `docs/protocol.md`
//! describes the bytes, `golden/frames.json` holds one example of each.
//!
//! ```text
//! device                         server
//!   Hello  ───────────────────▶
//!          ◀───────────────────  Welcome     (server proves its key)
//!   Prove  ───────────────────▶              (device proves its key)
//!   Resume ───────────────────▶
//!          ◀───────────────────  Resumed, Entries…, Piece…, CaughtUp, then live Entries
//!   Push   ───────────────────▶
//!          ◀───────────────────  Answers
//!   Presence ─────────────────▶             (version 2; answered by nothing)
//!          ◀───────────────────  Presence    of others
//! ```

pub mod answer;
pub mod channel;
pub mod client;
pub mod code;
pub mod handshake;
pub mod logged;
pub mod presence;
pub mod server;

use minicbor::{Decode, Encode};

use crate::limits::MAX_FRAME_BYTES;

pub use answer::{Answer, Placed, RefusedBecause};
pub use channel::Channel;
pub use client::{ClientFrame, Cursor, DocumentHeads, ProvedPurge, PushItem, Scope, Start};
pub use code::ErrorCode;
pub use handshake::{Hello, Prove, Welcome};
pub use logged::{BareEntry, Logged, LoggedRun, Standing};
pub use presence::{Activity, Announced, Present};
pub use server::{Continuity, ServerFrame};

/// The newest protocol version this code speaks. It speaks all before it as well: a connection is
/// in the older one of the two that its ends know.
pub const VERSION: u16 = 2;
/// Since this version there are presence frames; in an older one neither side sends any.
pub const PRESENCE_SINCE: u16 = 2;

/// A WebSocket message that is no frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Longer than [`MAX_FRAME_BYTES`]: the peer is broken or hostile; close.
    #[error("frame of {0} bytes is longer than {MAX_FRAME_BYTES}")]
    TooLong(usize),
    /// Not a frame of this version: close with `malformed`.
    #[error("frame cannot be decoded: {0}")]
    Malformed(String),
}

/// Encodes a frame into one message.
///
/// # Panics
/// Never: encoding into memory cannot fail.
#[must_use]
pub fn encode<F: Encode<()>>(frame: &F) -> Vec<u8> {
    minicbor::to_vec(frame).expect("memory takes every byte")
}

/// Decodes one message, which must be exactly one frame.
///
/// # Errors
/// [`FrameError`] for a message that is too long, malformed or followed by other bytes.
pub fn decode<'b, F: Decode<'b, ()>>(message: &'b [u8]) -> Result<F, FrameError> {
    if message.len() > MAX_FRAME_BYTES {
        return Err(FrameError::TooLong(message.len()));
    }
    let mut decoder = minicbor::Decoder::new(message);
    let frame = decoder
        .decode()
        .map_err(|error| FrameError::Malformed(error.to_string()))?;
    if decoder.position() == message.len() {
        Ok(frame)
    } else {
        Err(FrameError::Malformed("bytes after the frame".to_owned()))
    }
}

#[cfg(test)]
mod tests;
