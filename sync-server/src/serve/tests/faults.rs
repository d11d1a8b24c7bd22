//! A disk that is full, cannot be read or is damaged: what was acknowledged is there afterwards, and
//! the server says what happened.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard};

use redb::StorageBackend;

use super::operations::{get, read_all};
use super::*;
use crate::log::Log as _;
use crate::relay::check::check_workspace;

/// A file in memory that fails after so many writes or reads.
#[derive(Debug, Clone)]
struct Faulty {
    image: Arc<Mutex<Vec<u8>>>,
    writes: Arc<AtomicI64>,
    reads: Arc<AtomicI64>,
    /// What a write that is not taken says.
    refuses: i32,
}

impl Faulty {
    fn of(image: Vec<u8>) -> Self {
        Self {
            image: Arc::new(Mutex::new(image)),
            writes: Arc::new(AtomicI64::new(i64::MAX)),
            reads: Arc::new(AtomicI64::new(i64::MAX)),
            refuses: ENOSPC,
        }
    }

    /// On a disk that is mounted for reading.
    fn read_only(image: Vec<u8>) -> Self {
        let refuses = EROFS;
        let file = Self {
            refuses,
            ..Self::of(image)
        };
        file.full_after(0);
        file
    }

    fn image(&self) -> MutexGuard<'_, Vec<u8>> {
        self.image.lock().unwrap()
    }

    fn full_after(&self, writes: i64) {
        self.writes.store(writes, Ordering::SeqCst);
    }

    fn unreadable_after(&self, reads: i64) {
        self.reads.store(reads, Ordering::SeqCst);
    }

    fn take(left: &AtomicI64, error: i32) -> std::io::Result<()> {
        if left.fetch_sub(1, Ordering::SeqCst) > 0 {
            Ok(())
        } else {
            left.store(0, Ordering::SeqCst);
            Err(std::io::Error::from_raw_os_error(error))
        }
    }
}

const ENOSPC: i32 = 28;
const EIO: i32 = 5;
const EROFS: i32 = 30;

impl StorageBackend for Faulty {
    fn len(&self) -> std::io::Result<u64> {
        Ok(self.image().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        Self::take(&self.reads, EIO)?;
        let (image, start) = (self.image(), offset as usize);
        let found = image.get(start..start + out.len());
        out.copy_from_slice(found.ok_or(std::io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> std::io::Result<()> {
        Self::take(&self.writes, self.refuses)?;
        self.image().resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> std::io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        let taken = Self::take(&self.writes, self.refuses);
        // A full disk takes a part of the last write.
        let len = if self.refuses != ENOSPC && taken.is_err() {
            0
        } else if taken.is_ok() {
            data.len()
        } else {
            data.len() / 2
        };
        let start = offset as usize;
        self.image()[start..start + len].copy_from_slice(&data[..len]);
        taken
    }
}

fn key_of_all() -> casework_protocol::keys::SecretKey {
    casework_protocol::keys::SecretKey::from_seed(&[250; 32])
}

async fn on(file: &Faulty) -> Running {
    serve(RedbLog::open_backend(file.clone()).unwrap()).await
}

async fn serve(log: RedbLog) -> Running {
    let relay = Relay::open(Arc::new(log), key_of_all(), RelayConfig::default()).unwrap();
    let config = ServeConfig::on_loopback(Store::Memory([250; 32]));
    run(config, (Arc::new(relay), None)).await.unwrap()
}

/// The file of a server on which Ana founded a workspace and did ten things.
async fn image_with_work() -> (Vec<u8>, ServerId) {
    let file = Faulty::of(Vec::new());
    let running = on(&file).await;
    let server = running.server_key();
    let mut writer = Wire::connect(&running, ANA).await;
    writer.push(1, founding()).await;
    for (number, items) in (2..).zip(work(10)) {
        writer.push(number, items).await;
    }
    running.shutdown().await;
    (file.image().clone(), server)
}

/// Pushes until one is not acknowledged; how many were.
async fn push_until_refused(writer: &mut Wire, first: u64, pushes: &[Vec<PushItem>]) -> usize {
    for (acknowledged, items) in pushes.iter().enumerate() {
        let number = first + acknowledged as u64;
        let items = items.clone();
        writer.say(&ClientFrame::Push { number, items }).await;
        loop {
            match writer.hear().await {
                ServerFrame::Answers { answers, .. } => {
                    assert!(answers.iter().all(is_placed), "{answers:?}");
                    break;
                }
                ServerFrame::Error {
                    code: ErrorCode::Internal,
                    retry_after_ms,
                    ..
                } => {
                    assert!(retry_after_ms.is_some(), "it passes: come again");
                    return acknowledged;
                }
                _ => {}
            }
        }
    }
    pushes.len()
}

#[tokio::test]
async fn a_disk_that_is_full_at_any_write_loses_nothing_that_was_acknowledged() {
    let pushes = work(3);
    for full_after in 0.. {
        let file = Faulty::of(Vec::new());
        let running = on(&file).await;
        let mut writer = Wire::connect(&running, ANA).await;
        assert!(is_placed(&writer.push(1, founding()).await[0]));
        file.full_after(full_after);
        let acknowledged = push_until_refused(&mut writer, 2, &pushes).await;
        let all = acknowledged == pushes.len();
        if !all {
            let said = tokio::time::timeout(PATIENCE, running.failed())
                .await
                .unwrap();
            assert!(said.contains("No space left"), "{said}");
            let ready = get(running.addr(), "/readyz").await;
            assert!(ready.ends_with("the storage failed\n"), "{ready}");
        }
        // Whoever is connected is waited for.
        drop(writer);
        running.shutdown().await;
        // Somebody made room.
        let image = file.image().clone();
        let running = on(&Faulty::of(image)).await;
        // Genesis, and with the first push of work its access record.
        let kept = 1 + acknowledged + usize::from(acknowledged > 0);
        let found = read_all(&running).await;
        assert!(found >= kept, "full after {full_after}: {found} < {kept}");
        let mut writer = Wire::connect(&running, ANA).await;
        for (number, items) in (1..).zip(&pushes) {
            let answers = writer.push(number, items.clone()).await;
            assert!(answers.iter().all(is_placed), "{answers:?}");
        }
        assert_eq!(read_all(&running).await, 2 + pushes.len());
        drop(writer);
        running.shutdown().await;
        if all {
            assert!(full_after > 10, "every write was met");
            break;
        }
    }
}

#[tokio::test]
async fn a_disk_that_cannot_be_read_ends_in_an_error_and_loses_nothing() {
    let (image, _) = image_with_work().await;
    for unreadable_after in 0.. {
        let file = Faulty::of(image.clone());
        file.unreadable_after(unreadable_after);
        let Ok(log) = RedbLog::open_backend(file.clone()) else {
            continue;
        };
        match Relay::open(Arc::new(log), key_of_all(), RelayConfig::default()) {
            Ok(relay) => {
                assert_eq!(relay.workspaces().len(), 1);
                assert!(unreadable_after > 10, "every read was met");
                break;
            }
            Err(error) => assert!(error.to_string().contains("failed"), "{error}"),
        }
    }
    let running = on(&Faulty::of(image)).await;
    assert_eq!(read_all(&running).await, 12);
    running.shutdown().await;
}

/// The file of a server with a case of some more changes.
async fn large_image() -> Vec<u8> {
    let file = Faulty::of(Vec::new());
    let running = on(&file).await;
    let mut writer = Wire::connect(&running, ANA).await;
    writer.push(1, founding()).await;
    for (number, items) in (2..).zip(work(MANY)) {
        writer.push(number, items).await;
    }
    drop(writer);
    running.shutdown().await;
    file.image().clone()
}

/// Changes in [`large_image`].
const MANY: usize = 60;

/// Reads everything from the beginning; `None` when the server ends the connection instead, and says
/// that it is its own fault.
async fn try_read_all(running: &Running) -> Option<usize> {
    let mut reader = Wire::connect(running, ANA).await;
    reader.resume().await;
    let mut items = 0;
    loop {
        match reader.message().await {
            Message::Binary(bytes) => match decode(&bytes).unwrap() {
                ServerFrame::Entries { items: more, .. } => items += more.len(),
                ServerFrame::CaughtUp { .. } => return Some(items),
                ServerFrame::Error { code, .. } => assert_eq!(code, ErrorCode::Internal),
                _ => {}
            },
            Message::Close(frame) => {
                assert_eq!(frame.map(|frame| frame.code), Some(CloseCode::Error));
                return None;
            }
            other => panic!("{other:?}"),
        }
    }
}

/// The disk cannot be read from some moment on, while the server serves. Whoever reads is told that it
/// is the server's fault and comes again; what is acknowledged meanwhile is there; when the disk can be
/// read again and the server was started again, everything is.
#[tokio::test]
async fn a_read_that_fails_while_serving_is_told_and_loses_nothing() {
    let image = large_image().await;
    let more = work(MANY + 3).split_off(MANY);
    let (mut told, mut refused) = (0, 0);
    for unreadable_after in (0..).step_by(9) {
        let file = Faulty::of(image.clone());
        let running = serve(RedbLog::open_uncached(file.clone()).unwrap()).await;
        file.unreadable_after(unreadable_after);
        let read = try_read_all(&running).await;
        told += usize::from(read.is_none());
        let mut writer = Wire::connect(&running, ANA).await;
        let acknowledged = push_until_refused(&mut writer, 1, &more).await;
        refused += usize::from(acknowledged < more.len());
        drop(writer);
        if acknowledged < more.len() || read.is_none() {
            let said = tokio::time::timeout(PATIENCE, running.failed()).await;
            let said = said.unwrap();
            let of_the_disk = ["Input/output error", "Previous I/O error"];
            assert!(
                of_the_disk.iter().any(|words| said.contains(words)),
                "{said}"
            );
            let ready = get(running.addr(), "/readyz").await;
            assert!(ready.ends_with("the storage failed\n"), "{ready}");
        }
        // It never serves a part as if it were all.
        assert!(read.is_none_or(|read| read == 2 + MANY), "{read:?}");
        running.shutdown().await;
        let image = file.image().clone();
        let running = on(&Faulty::of(image)).await;
        let found = read_all(&running).await;
        assert!(found >= 2 + MANY + acknowledged, "{found} {acknowledged}");
        let mut writer = Wire::connect(&running, ANA).await;
        assert_eq!(push_until_refused(&mut writer, 1, &more).await, more.len());
        assert_eq!(read_all(&running).await, 2 + MANY + more.len());
        drop(writer);
        running.shutdown().await;
        if read.is_some() && acknowledged == more.len() {
            assert!(told > 0, "no read failed");
            break;
        }
    }
    assert!(told + refused > 0);
}

#[tokio::test]
async fn a_log_on_a_disk_that_is_read_only_is_named_and_not_touched() {
    let (image, _) = image_with_work().await;
    let file = Faulty::read_only(image.clone());
    let error = RedbLog::open_backend(file.clone()).unwrap_err();
    assert!(
        error.to_string().contains("Read-only file system"),
        "{error}"
    );
    assert_eq!(*file.image(), image, "not one byte is another");
    let running = on(&Faulty::of(image)).await;
    assert_eq!(read_all(&running).await, 12);
    running.shutdown().await;
}

#[tokio::test]
async fn a_disk_that_turns_read_only_while_serving_ends_the_server_and_loses_nothing() {
    let (image, _) = image_with_work().await;
    let mut file = Faulty::of(image);
    file.refuses = EROFS;
    let running = on(&file).await;
    let mut writer = Wire::connect(&running, ANA).await;
    let more = work(13).split_off(10);
    assert_eq!(push_until_refused(&mut writer, 1, &more[..1]).await, 1);
    file.full_after(0);
    assert_eq!(push_until_refused(&mut writer, 2, &more[1..]).await, 0);
    let said = tokio::time::timeout(PATIENCE, running.failed()).await;
    let said = said.unwrap();
    assert!(said.contains("Read-only file system"), "{said}");
    drop(writer);
    running.shutdown().await;
    let image = file.image().clone();
    let running = on(&Faulty::of(image)).await;
    assert_eq!(read_all(&running).await, 13);
    let mut writer = Wire::connect(&running, ANA).await;
    assert_eq!(push_until_refused(&mut writer, 1, &more).await, 3);
    drop(writer);
    running.shutdown().await;
}

/// Every page is damaged in turn. Whatever the store notices by itself is an error that names it;
/// what it does not, `check` finds, or nobody ever reads it.
#[tokio::test]
async fn a_damaged_page_is_found_by_the_store_or_by_the_check_and_never_serves_other_bytes() {
    let (image, server) = image_with_work().await;
    let sound = all_of(&image, server)
        .expect("it is sound")
        .expect("and proved");
    let (mut refused, mut found, mut unread) = (0, 0, 0);
    for page in 0..image.len() / 4_096 {
        let mut damaged = image.clone();
        for byte in &mut damaged[page * 4_096 + 8..page * 4_096 + 72] {
            *byte ^= 0xff;
        }
        match all_of(&damaged, server) {
            Err(_) => refused += 1,
            Ok(None) => found += 1,
            Ok(Some(read)) => {
                assert_eq!(read, sound, "page {page} reads differently and is proved");
                unread += 1;
            }
        }
    }
    assert!(
        refused + found > 0 && unread > 0,
        "{refused} {found} {unread}"
    );
}

/// Everything of the log as it reads, `None` where the check finds a fault.
fn all_of(image: &[u8], server: ServerId) -> Result<Option<Vec<crate::log::Record>>, String> {
    let image = image.to_vec();
    let looked = std::panic::catch_unwind(move || {
        let log = RedbLog::open_backend(Faulty::of(image)).map_err(|error| error.to_string())?;
        let ids = log.workspaces().map_err(|error| error.to_string())?;
        let Some(id) = ids.first() else {
            return Ok(None);
        };
        let checked = check_workspace(&log, &[server], *id, &mut |_| {})
            .map_err(|error| error.to_string())?;
        if !checked.faults.is_empty() || checked.entries != 12 {
            return Ok(None);
        }
        let records = log
            .read(*id, 0, 1 << 20)
            .map_err(|error| error.to_string())?;
        Ok(Some(records))
    });
    looked.unwrap_or_else(|_| Err("the store gave up".to_owned()))
}
