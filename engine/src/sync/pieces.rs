//! A bundle put together from its pieces. Bounded before a byte is kept.

use casework_protocol::bundle::Countersigned;
use casework_protocol::ids::DocumentId;
use casework_protocol::limits::BUNDLE_PIECE_BYTES;

/// One piece as it came.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) document: DocumentId,
    pub(super) index: u32,
    pub(super) last: bool,
    pub(super) bytes: Vec<u8>,
}

/// A bundle in the making.
#[derive(Debug)]
pub(super) struct Assembly {
    document: DocumentId,
    next: u32,
    bytes: Vec<u8>,
    limit: usize,
}

/// What there is after a piece.
#[derive(Debug)]
pub(super) enum Built {
    /// The whole bundle.
    Whole(Vec<u8>),
    /// More must come.
    Part(Assembly),
}

impl Assembly {
    /// Begins with nothing.
    pub(super) fn of(document: DocumentId) -> Self {
        Self::with_limit(document, Countersigned::MAX_LEN)
    }

    fn with_limit(document: DocumentId, limit: usize) -> Self {
        Self {
            document,
            next: 0,
            bytes: Vec::new(),
            limit,
        }
    }

    /// Bytes so far.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn document(&self) -> DocumentId {
        self.document
    }

    /// Adds the next piece.
    pub(super) fn add(mut self, piece: Piece) -> Result<Built, &'static str> {
        let Piece {
            document,
            index,
            last,
            bytes,
        } = piece;
        if document != self.document {
            return Err("a piece of another document came between");
        }
        if index != self.next {
            return Err("a piece is missing, or came twice");
        }
        // Every piece but the last carries something, so their bytes bound their number.
        if bytes.len() > BUNDLE_PIECE_BYTES || (!last && bytes.is_empty()) {
            return Err("a piece is empty or too long");
        }
        if bytes.len() > self.limit - self.bytes.len() {
            return Err("it is longer than any bundle may be");
        }
        self.next = self.next.checked_add(1).ok_or("it has too many pieces")?;
        if self.bytes.is_empty() {
            self.bytes = bytes;
        } else {
            self.bytes.extend_from_slice(&bytes);
        }
        Ok(if last {
            Built::Whole(self.bytes)
        } else {
            Built::Part(self)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: DocumentId = DocumentId::new([1; 16]);

    fn piece(index: u32, last: bool, bytes: &[u8]) -> Piece {
        Piece {
            document: DOCUMENT,
            index,
            last,
            bytes: bytes.to_vec(),
        }
    }

    fn begun(limit: usize) -> Assembly {
        Assembly::with_limit(DOCUMENT, limit)
    }

    fn part(built: Built) -> Assembly {
        match built {
            Built::Part(assembly) => assembly,
            Built::Whole(_) => panic!("whole too early"),
        }
    }

    fn whole(built: Built) -> Vec<u8> {
        match built {
            Built::Whole(bytes) => bytes,
            Built::Part(_) => panic!("not whole yet"),
        }
    }

    #[test]
    fn pieces_in_order_make_the_bundle() {
        let first = part(begun(10).add(piece(0, false, b"abc")).unwrap());
        assert_eq!(whole(first.add(piece(1, true, b"de")).unwrap()), b"abcde");
        assert_eq!(whole(begun(10).add(piece(0, true, b"x")).unwrap()), b"x");
    }

    #[test]
    fn pieces_that_skip_repeat_or_interleave_are_refused() {
        let first = || part(begun(10).add(piece(0, false, b"abc")).unwrap());
        assert!(first().add(piece(2, false, b"x")).is_err());
        assert!(first().add(piece(0, false, b"x")).is_err());
        let other = Piece {
            document: DocumentId::new([2; 16]),
            ..piece(1, false, b"x")
        };
        assert!(first().add(other).is_err());
        assert!(begun(10).add(piece(1, true, b"x")).is_err());
    }

    #[test]
    fn endless_pieces_end_at_the_limit() {
        let mut assembly = begun(1_000);
        let mut taken = 0;
        for index in 0.. {
            match assembly.add(piece(index, false, &[0; 7])) {
                Ok(built) => assembly = part(built),
                Err(problem) => {
                    assert_eq!(problem, "it is longer than any bundle may be");
                    break;
                }
            }
            taken += 7;
        }
        assert!(taken <= 1_000);
        assert!(
            begun(1_000).add(piece(0, false, &[])).is_err(),
            "pieces without bytes"
        );
        let long = vec![0; BUNDLE_PIECE_BYTES + 1];
        assert!(Assembly::of(DOCUMENT).add(piece(0, false, &long)).is_err());
    }
}
