//! The frame of one chunk: magic, checksum, type, length. Nothing before it, nothing after it.
//!
//! Invariant: a hash that comes from here was computed over the bytes it is returned with.

use crate::digest::sha256;

use super::GateError;
use super::leb::Reader;

/// The document format's magic number.
pub(super) const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];

/// The chunk types the gate lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChunkType {
    Document = 0,
    Change = 1,
}

/// Opens the one chunk that the bytes are: its content, and the SHA-256 of type, length, content.
pub(super) fn open_chunk(
    bytes: &[u8],
    expected: ChunkType,
) -> Result<(Reader<'_>, [u8; 32]), GateError> {
    const PART: &str = "chunk";
    let mut reader = Reader::new(bytes);
    let found = reader.array(PART)?;
    if found != MAGIC {
        return Err(GateError::Magic { found });
    }
    let declared: [u8; 4] = reader.array(PART)?;
    let hashed = reader.rest();
    let [found] = reader.array(PART)?;
    if found != expected as u8 {
        return Err(GateError::ChunkType {
            found,
            expected: expected as u8,
        });
    }
    let wanted = reader.unsigned(PART)?;
    let left = reader.left();
    if wanted > left as u64 {
        return Err(GateError::Truncated {
            part: PART,
            wanted,
            left,
        });
    }
    if wanted < left as u64 {
        return Err(GateError::Trailing {
            part: PART,
            bytes: left - wanted as usize,
        });
    }
    let hash = sha256(&[hashed]);
    let computed = [hash[0], hash[1], hash[2], hash[3]];
    if computed != declared {
        return Err(GateError::Checksum { declared, computed });
    }
    Ok((reader, hash))
}
