//! `Entries` frames put together from items as they are stored, without decoding them.
//!
//! Invariant: the same bytes as the derived encoding of [`ServerFrame::Entries`] (a test says so).
//!
//! [`ServerFrame::Entries`]: casework_protocol::frame::ServerFrame::Entries

/// The encoded frame of these encoded items.
///
/// # Panics
/// Never: memory takes every byte.
pub(super) fn entries_frame(items: &[&[u8]], upto: u64) -> Vec<u8> {
    let length: usize = items.iter().map(|item| item.len()).sum();
    let mut e = minicbor::Encoder::new(Vec::with_capacity(length + 24));
    let full = "memory takes every byte";
    e.array(2)
        .and_then(|e| e.u32(2))
        .and_then(|e| e.array(2))
        .expect(full);
    e.array(items.len() as u64).expect(full);
    for item in items {
        e.writer_mut().extend_from_slice(item);
    }
    e.u64(upto).expect(full);
    e.into_writer()
}

#[cfg(test)]
mod tests {
    use super::*;
    use casework_protocol::frame::{Logged, ServerFrame, encode};
    use casework_protocol::ids::{ChangeHash, DeviceId, DocumentId};

    fn item(seq: u64) -> Logged {
        Logged::Withheld {
            seq,
            document_seq: 3,
            received_ms: 1_700_000_000_000,
            document: DocumentId::new([7; 16]),
            device: DeviceId::new([8; 32]),
            changes: vec![ChangeHash::new([9; 32]); 3],
        }
    }

    #[test]
    fn a_frame_put_together_has_the_bytes_of_an_encoded_one() {
        for count in [0_u64, 1, 23, 24, 300] {
            for upto in [0, 24, 70_000, u64::MAX] {
                let items: Vec<Logged> = (0..count).map(item).collect();
                let encoded: Vec<Vec<u8>> = items.iter().map(encode).collect();
                let slices: Vec<&[u8]> = encoded.iter().map(Vec::as_slice).collect();
                assert_eq!(
                    entries_frame(&slices, upto),
                    encode(&ServerFrame::Entries { items, upto })
                );
            }
        }
    }
}
