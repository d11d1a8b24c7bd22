//! Messages on the local socket: a length of four bytes, big end first, then JSON.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest request: a template package is a megabyte at most.
pub(super) const MAX_REQUEST_BYTES: u32 = 8 * 1024 * 1024;
/// Longest answer: the list of a hundred thousand cases.
pub(super) const MAX_REPLY_BYTES: u32 = 512 * 1024 * 1024;

/// Sends one message.
pub(super) fn send(mut to: impl Write, message: &impl Serialize) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the message is too long"))?;
    let mut frame = Vec::with_capacity(body.len() + 4);
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(&body);
    to.write_all(&frame)?;
    to.flush()
}

/// Receives one message of at most `max` bytes; memory grows with what arrives, not with what is
/// announced.
pub(super) fn receive<T: DeserializeOwned>(mut from: impl Read, max: u32) -> io::Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if length > max {
        let what = format!("a message of {length} bytes is longer than the {max} allowed");
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    let mut body = Vec::new();
    from.take(u64::from(length)).read_to_end(&mut body)?;
    if body.len() < length as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_slice(&body)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_arrives_as_it_was_sent() {
        let mut wire = Vec::new();
        send(&mut wire, &("a", 7)).unwrap();
        assert_eq!(
            receive::<(String, u8)>(wire.as_slice(), 100).unwrap(),
            ("a".into(), 7)
        );
    }

    #[test]
    fn an_announced_length_costs_no_memory_and_a_long_one_is_refused() {
        let cut = [0, 0, 0, 200, b'"'];
        assert_eq!(
            receive::<String>(cut.as_slice(), 300).unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
        let long = [0xff; 9];
        assert_eq!(
            receive::<String>(long.as_slice(), 300).unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
    }
}
