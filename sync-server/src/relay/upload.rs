//! Bundles that arrive in pieces, and the memory that all of them together may take.
//!
//! Invariant: every byte of a bundle that is not stored yet is counted in a [`Room`], which gives it
//! back when it is dropped, however the upload ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use casework_protocol::frame::ErrorCode;
use casework_protocol::ids::DocumentId;
use casework_protocol::limits::MAX_BUNDLE_BYTES;

/// The memory for bundles.
#[derive(Debug)]
pub(super) struct Uploads {
    used: AtomicUsize,
    most: usize,
    longest: usize,
}

/// A part of that memory.
#[derive(Debug)]
pub struct Room {
    uploads: Arc<Uploads>,
    bytes: usize,
}

/// A bundle that is arriving.
#[derive(Debug)]
pub(super) struct Upload {
    document: DocumentId,
    next: u32,
    bytes: Vec<u8>,
    room: Room,
}

impl Uploads {
    /// Room for so many bytes, and so many of one bundle.
    pub(super) fn up_to(most: usize, longest: usize) -> Arc<Self> {
        Arc::new(Self {
            used: AtomicUsize::new(0),
            most,
            longest: longest.min(MAX_BUNDLE_BYTES),
        })
    }

    /// Bytes of bundles that are arriving.
    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Acquire)
    }
}

impl Room {
    fn in_memory(uploads: &Arc<Uploads>) -> Self {
        Self {
            uploads: Arc::clone(uploads),
            bytes: 0,
        }
    }

    /// Takes more; false when there is none left.
    fn grow(&mut self, bytes: usize) -> bool {
        let most = self.uploads.most;
        let taken = self
            .uploads
            .used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| {
                used.checked_add(bytes).filter(|used| *used <= most)
            });
        if taken.is_ok() {
            self.bytes += bytes;
        }
        taken.is_ok()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.uploads.used.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

impl Upload {
    /// The upload that this piece goes on with, or begins.
    pub(super) fn going_on(
        before: Option<Self>,
        uploads: &Arc<Uploads>,
        document: DocumentId,
        index: u32,
    ) -> Result<Self, ErrorCode> {
        match before {
            Some(upload) if index > 0 && upload.document == document && upload.next == index => {
                Ok(upload)
            }
            Some(_) | None if index == 0 => Ok(Self {
                document,
                next: 0,
                bytes: Vec::new(),
                room: Room::in_memory(uploads),
            }),
            Some(_) | None => Err(ErrorCode::Malformed),
        }
    }

    /// Adds a piece.
    pub(super) fn add(&mut self, piece: &[u8]) -> Result<(), ErrorCode> {
        if self.bytes.len() + piece.len() > self.room.uploads.longest {
            return Err(ErrorCode::TooMuch);
        }
        if !self.room.grow(piece.len()) {
            return Err(ErrorCode::Busy);
        }
        self.bytes.extend_from_slice(piece);
        self.next += 1;
        Ok(())
    }

    /// The whole bundle, and what it still takes.
    pub(super) fn whole(self) -> (Vec<u8>, Room) {
        (self.bytes, self.room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: DocumentId = DocumentId::new([1; 16]);

    fn begin(uploads: &Arc<Uploads>) -> Upload {
        Upload::going_on(None, uploads, DOCUMENT, 0).unwrap()
    }

    #[test]
    fn bundles_that_arrive_share_one_memory_and_give_it_back() {
        let uploads = Uploads::up_to(100, 1_000);
        let mut first = begin(&uploads);
        assert_eq!(first.add(&[0; 60]), Ok(()));
        let mut second = begin(&uploads);
        assert_eq!(second.add(&[0; 40]), Ok(()));
        assert_eq!(second.add(&[0; 1]), Err(ErrorCode::Busy));
        // Whoever goes away in the middle gives it back; so does a bundle that was stored.
        drop(first);
        assert_eq!(second.add(&[0; 60]), Ok(()));
        let (bytes, room) = second.whole();
        assert_eq!(bytes.len(), 100);
        assert_eq!(begin(&uploads).add(&[0; 1]), Err(ErrorCode::Busy));
        drop(room);
        assert_eq!(begin(&uploads).add(&[0; 100]), Ok(()));
    }

    #[test]
    fn pieces_come_in_order_or_begin_anew() {
        let uploads = Uploads::up_to(100, 1_000);
        let mut upload = begin(&uploads);
        upload.add(&[1]).unwrap();
        let other = DocumentId::new([2; 16]);
        for (document, index) in [(DOCUMENT, 2), (other, 1)] {
            let mut before = begin(&uploads);
            before.add(&[1]).unwrap();
            let on = Upload::going_on(Some(before), &uploads, document, index);
            assert_eq!(on.unwrap_err(), ErrorCode::Malformed);
        }
        let mut on = Upload::going_on(Some(upload), &uploads, DOCUMENT, 1).unwrap();
        on.add(&[2]).unwrap();
        assert_eq!(on.whole().0, [1, 2]);
    }

    #[test]
    fn a_bundle_may_be_no_longer_than_it_was_said() {
        let uploads = Uploads::up_to(1_000, 100);
        let mut upload = begin(&uploads);
        upload.add(&[0; 100]).unwrap();
        assert_eq!(upload.add(&[0; 1]), Err(ErrorCode::TooMuch));
        // Nobody takes what no device would.
        assert_eq!(
            Uploads::up_to(usize::MAX, usize::MAX).longest,
            MAX_BUNDLE_BYTES
        );
    }
}
