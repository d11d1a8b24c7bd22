//! The log on disk: conformance, and a file that is frozen at every sync of an append.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use casework_protocol::bundle::{Bundle, BundleClaim, countersign};
use casework_protocol::ids::EpochId;
use casework_protocol::keys::SecretKey;
use casework_protocol::limits::BUNDLE_PIECE_BYTES;
use casework_protocol::log::EntryKind;
use redb::StorageBackend;

use super::super::conformance::{Scribe, check_all};
use super::super::tables::encode_record;
use super::*;

/// A file in memory that stops taking writes at the n-th sync and keeps what it had by then.
#[derive(Debug, Clone, Default)]
struct Frozen {
    live: Arc<Mutex<Vec<u8>>>,
    durable: Arc<Mutex<Vec<u8>>>,
    syncs: Arc<AtomicUsize>,
    freeze_at: usize,
}

impl Frozen {
    fn of(image: Vec<u8>, freeze_at: usize) -> Self {
        let live = Arc::new(Mutex::new(image.clone()));
        Self {
            live,
            durable: Arc::new(Mutex::new(image)),
            syncs: Arc::default(),
            freeze_at,
        }
    }

    fn is_frozen(&self) -> bool {
        self.syncs.load(Ordering::SeqCst) >= self.freeze_at
    }
}

fn gone() -> std::io::Error {
    std::io::Error::other("frozen")
}

impl StorageBackend for Frozen {
    fn len(&self) -> Result<u64, std::io::Error> {
        Ok(self.live.lock().unwrap().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
        let (live, start) = (self.live.lock().unwrap(), offset as usize);
        out.copy_from_slice(live.get(start..start + out.len()).ok_or_else(gone)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), std::io::Error> {
        self.live.lock().unwrap().resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> Result<(), std::io::Error> {
        if self.is_frozen() {
            return Err(gone());
        }
        self.durable
            .lock()
            .unwrap()
            .clone_from(&self.live.lock().unwrap());
        self.syncs.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
        let start = offset as usize;
        self.live.lock().unwrap()[start..start + data.len()].copy_from_slice(data);
        Ok(())
    }
}

#[test]
fn the_log_on_disk_passes_the_conformance_suite() {
    check_all(|| Box::new(RedbLog::open_backend(redb::backends::InMemoryBackend::new()).unwrap()));
}

#[test]
fn a_file_reads_back_after_it_was_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.redb");
    let mut scribe = Scribe::new(1);
    for _ in 0..3 {
        let log = RedbLog::open(&path).unwrap();
        log.append(&[scribe.batch(50)]).unwrap();
        drop(log);
        scribe.compare(&RedbLog::open(&path).unwrap());
    }
}

#[test]
fn a_second_process_is_kept_out_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.redb");
    let _first = RedbLog::open(&path).unwrap();
    assert!(matches!(RedbLog::open(&path), Err(LogError::Storage(_))));
}

/// Writes that were synced survive, and so may any part of those that were not: both the image of
/// the last sync and the live one at the freeze are opened.
#[test]
fn a_crash_at_any_sync_of_an_append_keeps_what_was_acknowledged_and_no_half() {
    let mut scribe = Scribe::new(1);
    let base = {
        let file = Frozen::of(Vec::new(), usize::MAX);
        let log = RedbLog::open_backend(file.clone()).unwrap();
        log.append(&[scribe.batch(200)]).unwrap();
        drop(log);
        file.live.lock().unwrap().clone()
    };
    let mut crashes = 0;
    for freeze_at in 1.. {
        let file = Frozen::of(base.clone(), freeze_at);
        let Ok(log) = RedbLog::open_backend(file.clone()) else {
            continue;
        };
        let mut after = Scribe::new(1);
        log_again(&mut after);
        let mut acknowledged = after.size();
        for _ in 0..3 {
            if log.append(&[after.batch(30)]).is_err() {
                break;
            }
            acknowledged = after.size();
        }
        let done = !file.is_frozen();
        drop(log);
        for image in [
            file.durable.lock().unwrap().clone(),
            file.live.lock().unwrap().clone(),
        ] {
            let log = RedbLog::open_backend(Frozen::of(image, usize::MAX)).unwrap();
            let size = log
                .workspace(after.workspace())
                .unwrap()
                .unwrap()
                .frontier
                .size();
            assert!(
                size >= acknowledged,
                "frozen at sync {freeze_at}: {size} < {acknowledged}"
            );
            let mut expected = Scribe::new(1);
            log_again(&mut expected);
            while expected.size() < size {
                let _ = expected.batch(30);
            }
            expected.compare(&log);
        }
        if done {
            break;
        }
        crashes += 1;
    }
    assert!(
        crashes >= 3,
        "each append syncs at least once, seen {crashes}"
    );
}

/// As for an append: before the purge everything is there, after it nothing of it, never a half.
#[test]
fn a_crash_at_any_sync_of_a_purge_leaves_all_of_the_document_or_nothing() {
    let document = DocumentId::new([1; 16]);
    let base = {
        let file = Frozen::of(Vec::new(), usize::MAX);
        let log = RedbLog::open_backend(file.clone()).unwrap();
        let mut scribe = Scribe::new(1);
        log.append(&[scribe.batch(200)]).unwrap();
        let w = scribe.workspace();
        log.put_bundle(w, document, 4, &[b"bundle"]).unwrap();
        drop(log);
        file.live.lock().unwrap().clone()
    };
    let (mut before, mut after) = (0, 0);
    for freeze_at in 1.. {
        let file = Frozen::of(base.clone(), freeze_at);
        let Ok(log) = RedbLog::open_backend(file.clone()) else {
            continue;
        };
        let mut purged = Scribe::new(1);
        log_again(&mut purged);
        let acknowledged = log.append(&[purged.purge(document)]).is_ok();
        let done = !file.is_frozen();
        drop(log);
        for image in [
            file.durable.lock().unwrap().clone(),
            file.live.lock().unwrap().clone(),
        ] {
            let log = RedbLog::open_backend(Frozen::of(image, usize::MAX)).unwrap();
            let w = purged.workspace();
            let size = log.workspace(w).unwrap().unwrap().frontier.size();
            let bundle = log.bundle(w, document).unwrap();
            if size == purged.size() {
                purged.compare(&log);
                assert_eq!(bundle, None);
                after += 1;
            } else {
                assert!(!acknowledged, "an acknowledged purge is undone");
                let mut untouched = Scribe::new(1);
                log_again(&mut untouched);
                untouched.compare(&log);
                assert!(bundle.is_some());
                before += 1;
            }
        }
        if done {
            break;
        }
    }
    assert!(before > 0 && after > 0, "{before} before, {after} after");
}

/// A bundle of this epoch as the relay keeps it.
fn bundle_of(epoch: EpochId, workspace: WorkspaceId, document: DocumentId) -> Vec<u8> {
    let bundle = Bundle {
        workspace,
        epoch,
        document,
        upto: 100,
        digest: [0; 32],
        save: vec![7; 600_000],
        aside: Vec::new(),
        leaves: Vec::new(),
        arrivals: Vec::new(),
    };
    let bytes = bundle.to_bytes().unwrap();
    let claim = BundleClaim::read(&bytes).unwrap();
    let key = SecretKey::from_seed(&[9; 32]);
    countersign(&key, bytes, &claim).unwrap().to_bytes()
}

#[test]
fn what_is_compacted_has_every_row_and_no_bundle_of_an_epoch_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.redb");
    let log = RedbLog::open(&path).unwrap();
    let mut scribe = Scribe::new(1);
    let w = scribe.workspace();
    for _ in 0..20 {
        log.append(&[scribe.batch(200)]).unwrap();
    }
    let [gone, stale, kept] = [1, 2, 3].map(|n| DocumentId::new([n; 16]));
    let now = log.workspace(w).unwrap().unwrap().epoch;
    for (document, epoch) in [(stale, EpochId::new([0xee; 16])), (kept, now)] {
        let bytes = bundle_of(epoch, w, document);
        let pieces: Vec<&[u8]> = bytes.chunks(BUNDLE_PIECE_BYTES).collect();
        assert!(pieces.len() > 2);
        log.put_bundle(w, document, 100, &pieces).unwrap();
    }
    let strays = [
        piece_key(0, &DocumentId::new([4; 16]), 7, 0),
        piece_key(0, &kept, 99, 0),
        piece_key(0, &kept, 100, 9),
    ];
    let write = log.database.begin_write().unwrap();
    for key in strays {
        let mut pieces = write.open_table(PIECES).unwrap();
        pieces.insert(key, &b"of no bundle"[..]).unwrap();
    }
    write.commit().unwrap();
    let purged: Vec<Vec<u8>> = scribe
        .records
        .iter()
        .filter(|record| record.document == gone && record.kind == EntryKind::Change)
        .map(encode_record)
        .collect();
    assert!(purged.len() > 10);
    let is_in = |file: &[u8], row: &[u8]| file.windows(row.len()).any(|bytes| bytes == row);
    assert!(is_in(&std::fs::read(&path).unwrap(), &purged[0]));
    log.append(&[scribe.purge(gone)]).unwrap();

    let dropped = log.drop_stale_bundles().unwrap();
    let of_stale = bundle_of(now, w, stale).chunks(BUNDLE_PIECE_BYTES).count() as u64;
    let pieces = of_stale + strays.len() as u64;
    assert_eq!(dropped, Dropped { bundles: 1, pieces });
    let before = std::fs::metadata(&path).unwrap().len();
    log.compact(&path, &mut |_| {}).unwrap();
    let file = std::fs::read(&path).unwrap();
    assert!(
        (file.len() as u64) < before / 2,
        "{before} to {}",
        file.len()
    );
    // What a purge took away does not lie in freed pages either.
    for row in &purged[..10] {
        assert!(!is_in(&file, row));
    }
    let log = RedbLog::open(&path).unwrap();
    scribe.compare(&log);
    assert_eq!(log.bundle(w, stale).unwrap(), None);
    let row = log.bundle(w, kept).unwrap().unwrap();
    let mut bytes = Vec::new();
    for index in 0..row.pieces {
        bytes.extend(log.piece(w, kept, row.upto, index).unwrap().unwrap());
    }
    assert_eq!(bytes, bundle_of(now, w, kept));
    assert_eq!(log.drop_stale_bundles().unwrap(), Dropped::default());
    log.append(&[scribe.batch(10)]).unwrap();
    scribe.compare(&log);
}

/// What the base image holds.
fn log_again(scribe: &mut Scribe) {
    let _ = scribe.batch(200);
}
