//! Backups as streams: whole or refused, and what an operator asks of a running server.

use std::io::{self, Write};

use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;

use super::operations::read_all;
use super::*;
use crate::log::Log as _;
use crate::serve::archive::{pass_on, write};
use crate::serve::backup::{BackupError, Manifest, restore_stream};
use crate::serve::compact::compact;
use crate::serve::overview::{Overview, Standing, overview};

async fn ask(data: &Path, request: &AdminRequest) -> Vec<u8> {
    let folder = DataFolder::open(data).unwrap();
    let mut stream = UnixStream::connect(folder.admin_socket()).await.unwrap();
    let mut line = serde_json::to_vec(request).unwrap();
    line.push(b'\n');
    stream.write_all(&line).await.unwrap();
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
    bytes
}

/// A running server on which Ana did ten things, and somebody who goes on.
async fn busy(data: &Path) -> (Running, Wire) {
    let running = on_disk(data).await;
    let mut writer = Wire::connect(&running, ANA).await;
    writer.push(1, founding()).await;
    for (number, items) in (2..).zip(work(10)) {
        assert!(writer.push(number, items).await.iter().all(is_placed));
    }
    (running, writer)
}

fn proved(stream: &[u8]) -> Result<Manifest, BackupError> {
    let mut passed = Vec::new();
    let manifest = pass_on(&mut &stream[..], &mut passed)?;
    assert_eq!(passed, stream, "it is handed on as it came");
    Ok(manifest)
}

#[tokio::test]
async fn a_stream_of_a_running_server_is_a_whole_backup() {
    let place = tempfile::tempdir().unwrap();
    let [data, other] = ["data", "other"].map(|name| place.path().join(name));
    let (running, mut writer) = busy(&data).await;
    let stream = ask(&data, &AdminRequest::Stream).await;
    let manifest = proved(&stream).unwrap();
    assert_eq!(manifest.workspaces[0].entries, 12);
    assert_eq!(manifest.server, running.server_key());
    // Work goes on, and is not in it.
    let more = work(12).split_off(10);
    for (number, items) in (20..).zip(more) {
        assert!(writer.push(number, items).await.iter().all(is_placed));
    }
    drop(writer);
    running.shutdown().await;
    // The drill, in place and elsewhere.
    for target in [&other, &data] {
        let (told, before) = restore_stream(&mut &stream[..], target).unwrap();
        assert_eq!(
            (told, before.is_some()),
            (manifest.clone(), target == &data)
        );
        let restored = on_disk(target).await;
        assert_eq!(restored.server_key(), manifest.server);
        assert_eq!(read_all(&restored).await, 12);
        restored.shutdown().await;
    }
}

#[tokio::test]
async fn a_stream_that_was_cut_or_altered_anywhere_is_refused_and_the_folder_stays() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let (running, writer) = busy(&data).await;
    let stream = ask(&data, &AdminRequest::Stream).await;
    drop(writer);
    running.shutdown().await;
    assert!(proved(&stream).is_ok());
    let cuts = (0..stream.len()).step_by(97).chain([stream.len() - 1]);
    for cut in cuts {
        assert!(proved(&stream[..cut]).is_err(), "cut at {cut}");
    }
    for at in (0..stream.len()).step_by(89) {
        let mut altered = stream.clone();
        altered[at] ^= 0x20;
        assert!(proved(&altered).is_err(), "altered at {at}");
    }
    let mut longer = stream.clone();
    longer.push(0);
    assert!(proved(&longer).is_err());
    // Into a folder too: rows of odd widths, unknown tables, other files, no end.
    for at in (0..stream.len()).step_by(389) {
        let mut altered = stream.clone();
        altered[at] ^= 0x21;
        let refused = restore_stream(&mut &altered[..], &data);
        assert!(refused.is_err(), "altered at {at}");
        assert!(restore_stream(&mut &stream[..at], &data).is_err());
    }
    let beside: Vec<_> = std::fs::read_dir(place.path()).unwrap().collect();
    assert_eq!(
        beside.len(),
        1,
        "nothing is left beside the folder: {beside:?}"
    );
    let running = on_disk(&data).await;
    assert_eq!(read_all(&running).await, 12);
    running.shutdown().await;
}

/// A pipe whose other end goes away after so many bytes.
struct Narrow(usize);

impl Write for Narrow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::from_raw_os_error(28));
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_stream_into_a_full_disk_is_an_error_that_says_so() {
    let place = tempfile::tempdir().unwrap();
    let (running, writer) = busy(place.path()).await;
    drop(writer);
    running.shutdown().await;
    let folder = DataFolder::open(place.path()).unwrap();
    let log = folder.log().unwrap();
    for room in [0, 1, 20, 500, 2_000] {
        let error = write(&folder, &log, &mut Narrow(room), &mut |_| {}).unwrap_err();
        assert!(
            error.to_string().contains("No space left"),
            "{room}: {error}"
        );
    }
}

/// Who reads a backup and goes away does not hold the server up, nor its end.
#[tokio::test]
async fn a_reader_of_a_backup_that_goes_away_or_stands_still_holds_nobody_up() {
    let place = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(place.path()).unwrap();
    let running = on_disk(place.path()).await;
    let mut writer = Wire::connect(&running, ANA).await;
    writer.push(1, founding()).await;
    drop(writer);
    running.shutdown().await;
    {
        // More than a socket takes before somebody reads.
        let log = folder.log().unwrap();
        let workspace = log.workspaces().unwrap()[0];
        let piece = vec![7; 256 * 1024];
        let pieces = [&piece[..]; 16];
        let nowhere = casework_protocol::ids::DocumentId::new([9; 16]);
        log.put_bundle(workspace, nowhere, 1, &pieces).unwrap();
    }
    let running = on_disk(place.path()).await;
    let mut writer = Wire::connect(&running, ANA).await;
    let mut line = serde_json::to_vec(&AdminRequest::Stream).unwrap();
    line.push(b'\n');
    let mut still = Vec::new();
    for _ in 0..3 {
        let mut stream = UnixStream::connect(folder.admin_socket()).await.unwrap();
        stream.write_all(&line).await.unwrap();
        let mut first = vec![0; 8];
        stream.read_exact(&mut first).await.unwrap();
        still.push((stream, first));
    }
    drop(still.pop());
    for (number, items) in (2..).zip(work(10)) {
        assert!(writer.push(number, items).await.iter().all(is_placed));
    }
    drop(writer);
    tokio::time::timeout(PATIENCE, running.shutdown())
        .await
        .unwrap();
    // What they have is no backup, and they can tell.
    for (mut stream, mut bytes) in still {
        stream.read_to_end(&mut bytes).await.unwrap();
        assert!(proved(&bytes).is_err(), "{} bytes", bytes.len());
    }
}

#[tokio::test]
async fn workspaces_are_told_alike_by_the_running_server_and_from_its_folder() {
    let place = tempfile::tempdir().unwrap();
    let (running, writer) = busy(place.path()).await;
    let told = ask(place.path(), &AdminRequest::Workspaces).await;
    let AdminAnswer::Workspaces(live) = serde_json::from_slice(&told).unwrap() else {
        panic!("{}", String::from_utf8_lossy(&told))
    };
    drop(writer);
    running.shutdown().await;
    let folder = DataFolder::open(place.path()).unwrap();
    let log = Arc::new(folder.log().unwrap());
    let relay = Relay::open(
        Arc::clone(&log) as _,
        folder.identity().unwrap(),
        RelayConfig::default(),
    );
    let offline = overview(&relay.unwrap(), &log).unwrap();
    assert_eq!(live, offline);
    let [one] = &live[..] else { panic!("{live:?}") };
    let Overview {
        entries,
        documents,
        members,
        devices,
        held,
        state,
        bytes,
        bundle_bytes,
        last_entry_ms,
        ..
    } = one;
    assert_eq!((*entries, *documents, *members, *devices), (12, 1, 1, 1));
    assert_eq!((*held, *state, *bundle_bytes), (0, Standing::Served, 0));
    assert!(*bytes > 1_000 && last_entry_ms.is_some(), "{one:?}");
}

#[tokio::test]
async fn a_request_that_nobody_knows_is_answered_with_its_fault() {
    let place = tempfile::tempdir().unwrap();
    let running = on_disk(place.path()).await;
    let folder = DataFolder::open(place.path()).unwrap();
    let mut stream = UnixStream::connect(folder.admin_socket()).await.unwrap();
    stream.write_all(b"{\"reboot\":1}\n").await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let answer = serde_json::from_slice(&bytes).unwrap();
    assert!(matches!(answer, AdminAnswer::Error(said) if said.contains("reboot")));
    running.shutdown().await;
}

#[tokio::test]
async fn a_compacted_log_is_smaller_and_has_every_entry() {
    let place = tempfile::tempdir().unwrap();
    let (running, writer) = busy(place.path()).await;
    let server = running.server_key();
    let folder = DataFolder::open(place.path()).unwrap();
    // While a server has the folder, nothing happens.
    assert!(compact(&folder, &mut |_| {}).is_err());
    drop(writer);
    running.shutdown().await;
    let done = compact(&folder, &mut |_| {}).unwrap();
    assert!(done.after < done.before, "{done:?}");
    assert!(!place.path().join("log.compact").exists());
    let running = on_disk(place.path()).await;
    assert_eq!(
        (running.server_key(), read_all(&running).await),
        (server, 12)
    );
    running.shutdown().await;
    let stream = {
        let mut bytes = Vec::new();
        write(&folder, &folder.log().unwrap(), &mut bytes, &mut |_| {}).unwrap();
        bytes
    };
    assert_eq!(proved(&stream).unwrap().workspaces[0].entries, 12);
}
