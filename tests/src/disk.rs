//! A disk in memory that can lose what was not synced, fail, and be copied like a backup.
//!
//! Writes go to one image at once; what they replaced is kept until the next sync. So a sync costs
//! what was written since the last one, however large the disk, and [`Disk::crash`] finds the way
//! back to the durable image, with some of the writes since then torn in, as a real disk may have
//! them.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

/// One write that was not synced yet.
#[derive(Debug, Clone)]
struct Pending {
    offset: usize,
    /// What stood there; as long as what was written.
    before: Vec<u8>,
}

#[derive(Debug, Default)]
struct Platters {
    image: Vec<u8>,
    /// How long the image is for whoever reads it: what was cut off and not synced lies behind.
    len: usize,
    pending: Vec<Pending>,
    syncs: u64,
    /// The sync at which the disk stops taking anything.
    frozen_at: Option<u64>,
}

/// The disk; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<Mutex<Platters>>);

impl Disk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn platters(&self) -> MutexGuard<'_, Platters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another disk with what this one holds durably: a backup, a cloned phone.
    #[must_use]
    pub fn backup(&self) -> Self {
        self.crash(0)
    }

    /// What is on the disk after the power failed: the durable image, and of what was written
    /// since then only the first `torn` writes.
    #[must_use]
    pub fn crash(&self, torn: usize) -> Self {
        let platters = self.platters();
        let mut image = platters.image.clone();
        for lost in platters.pending.iter().skip(torn).rev() {
            write_into(&mut image, lost.offset, &lost.before);
        }
        let platters = Platters {
            len: image.len(),
            image,
            ..Platters::default()
        };
        Self(Arc::new(Mutex::new(platters)))
    }

    /// Lets every operation from the n-th sync on fail, counted from now.
    pub fn freeze_after(&self, syncs: u64) {
        let mut platters = self.platters();
        platters.frozen_at = Some(platters.syncs + syncs);
    }

    /// How many syncs there were.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.platters().syncs
    }

    /// How large the store is, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.platters().len as u64
    }

    /// How many writes a crash would lose.
    #[must_use]
    pub fn unsynced(&self) -> usize {
        self.platters().pending.len()
    }
}

fn write_into(image: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if image.len() < end {
        image.resize(end, 0);
    }
    image[offset..end].copy_from_slice(bytes);
}

fn place(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
}

impl Platters {
    fn check(&self) -> io::Result<()> {
        match self.frozen_at {
            Some(frozen) if self.syncs >= frozen => Err(io::Error::other("the disk is frozen")),
            Some(_) | None => Ok(()),
        }
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        if self.image.len() < end {
            self.image.resize(end, 0);
        }
        self.len = self.len.max(end);
        let before = self.image[offset..end].to_vec();
        self.image[offset..end].copy_from_slice(bytes);
        self.pending.push(Pending { offset, before });
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.platters().len as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let offset = place(offset)?;
        let platters = self.platters();
        let bytes = platters.image[..platters.len]
            .get(offset..offset + out.len())
            .ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = place(len)?;
        let mut platters = self.platters();
        platters.check()?;
        // A file system may or may not have done this when the power fails; growing is harmless,
        // and what is cut off stays until the next sync.
        let known = platters.image.len();
        if len > known {
            platters.image.resize(len, 0);
        }
        let behind = len.min(known).saturating_sub(platters.len);
        if behind > 0 {
            // Grown again over what was cut off: it reads as nothing.
            let from = platters.len;
            platters.write(from, &vec![0; behind]);
        }
        platters.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut platters = self.platters();
        platters.syncs += 1;
        platters.check()?;
        platters.pending.clear();
        let len = platters.len;
        platters.image.truncate(len);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let offset = place(offset)?;
        let mut platters = self.platters();
        platters.check()?;
        platters.write(offset, data);
        Ok(())
    }
}
