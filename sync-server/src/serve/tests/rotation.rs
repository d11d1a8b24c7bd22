//! The key hands over: on disk, around a crash, and when an older backup comes back.

use casework_protocol::bundle::Countersigned;
use casework_protocol::succession::successor;

use super::operations::read_all;
use super::*;
use crate::log::Log as _;
use crate::relay::check::check_workspace;
use crate::serve::backup::{back_up, restore};
use crate::serve::rotation::{Rotated, read, rotate};

/// A folder on which Ana founded a workspace and did ten things.
async fn worked(path: &Path) -> DataFolder {
    let running = on_disk(path).await;
    let mut writer = Wire::connect(&running, ANA).await;
    writer.push(1, founding()).await;
    for (number, items) in (2..).zip(work(10)) {
        assert!(writer.push(number, items).await.iter().all(is_placed));
    }
    drop(writer);
    running.shutdown().await;
    DataFolder::open(path).unwrap()
}

fn rotated(folder: &DataFolder) -> Rotated {
    rotate(folder, &folder.log().unwrap(), 7).unwrap()
}

fn assert_sound(folder: &DataFolder) {
    let log = folder.log().unwrap();
    let servers = folder.identity().unwrap().servers();
    for id in log.workspaces().unwrap() {
        let checked = check_workspace(&log, &servers, id, &mut |_| {}).unwrap();
        assert_eq!((checked.entries, checked.faults), (12, Vec::new()));
    }
}

/// The head that a device reads is signed by the key that the server has now, also before anything
/// new is written.
async fn assert_serves_under(path: &Path, server: ServerId) {
    let running = on_disk(path).await;
    assert_eq!(running.server_key(), server);
    let mut reader = Wire::connect(&running, ANA).await;
    reader.resume().await;
    let ServerFrame::Resumed { head, .. } = reader.hear().await else {
        panic!("no answer")
    };
    let workspace = running.workspaces()[0];
    assert!(head.verify(server, workspace).is_ok());
    assert_eq!(read_all(&running).await, 12);
    running.shutdown().await;
}

#[tokio::test]
async fn the_old_key_hands_over_and_the_log_is_served_under_the_new_one() {
    let place = tempfile::tempdir().unwrap();
    let folder = worked(place.path()).await;
    let first = folder.identity().unwrap().server();
    let done = rotated(&folder);
    assert_eq!(done.old, first);
    let identity = folder.identity().unwrap();
    assert_eq!(identity.server(), done.new);
    assert_eq!(successor(first, identity.line()), done.new);
    assert_sound(&folder);
    assert_serves_under(place.path(), done.new).await;
    let again = rotated(&folder);
    assert_eq!(again.old, done.new);
    let line = folder.identity().unwrap().line().to_vec();
    assert_eq!(successor(first, &line), again.new);
    assert_sound(&folder);
    assert_serves_under(place.path(), again.new).await;
}

#[tokio::test]
async fn a_rotation_that_was_interrupted_anywhere_goes_on_and_nothing_else_opens_the_folder() {
    let place = tempfile::tempdir().unwrap();
    let folder = worked(place.path()).await;
    // It was rotated before: that word must not be lost on the way either.
    let oldest = folder.identity().unwrap().server();
    rotated(&folder);
    let first = folder.identity().unwrap();
    // Power fails: after the key was drawn, after the line was written, after the key was.
    for written in 0..3 {
        folder.put_identity(&first).unwrap();
        let next = folder.next_key().unwrap();
        let taken_over = first.hand_over(next.clone(), 7);
        match written {
            0 => {}
            1 => {
                let seed = std::fs::read(place.path().join("server.key")).unwrap();
                folder.put_identity(&taken_over).unwrap();
                folder.put("server.key", &seed).unwrap();
            }
            _ => folder.put_identity(&taken_over).unwrap(),
        }
        let opened = start(ServeConfig::on_loopback(Store::Folder(
            place.path().to_owned(),
        )));
        assert!(matches!(opened.await, Err(ServeError::Rotating(_))));
        let done = rotated(&folder);
        assert_eq!((done.old, done.new), (first.server(), next.server()));
        let identity = folder.identity().unwrap();
        assert_eq!(identity.server(), next.server(), "{written}");
        assert_eq!(successor(oldest, identity.line()), next.server());
        assert_eq!(identity.line().len(), 2);
        assert_sound(&folder);
        std::fs::remove_file(place.path().join("server.line")).unwrap();
    }
}

#[tokio::test]
async fn a_server_that_runs_keeps_its_key() {
    let place = tempfile::tempdir().unwrap();
    let running = on_disk(place.path()).await;
    let folder = DataFolder::open(place.path()).unwrap();
    // The log is locked, and without it nothing is rotated.
    assert!(folder.log().is_err());
    assert_eq!(folder.identity().unwrap().server(), running.server_key());
    running.shutdown().await;
}

#[tokio::test]
async fn a_backup_from_before_the_rotation_comes_back_under_the_key_that_devices_know_by_now() {
    let place = tempfile::tempdir().unwrap();
    let [data, copy, elsewhere] = ["data", "copy", "elsewhere"].map(|name| place.path().join(name));
    let folder = worked(&data).await;
    let old = folder.identity().unwrap();
    back_up(&folder, &folder.log().unwrap(), &copy, &mut |_| {}).unwrap();
    let done = rotated(&folder);
    restore(&copy, &data).unwrap();
    let restored = DataFolder::open(&data).unwrap();
    assert_eq!(restored.identity().unwrap().server(), done.new);
    assert_sound(&restored);
    assert_serves_under(&data, done.new).await;
    // Where the newer key is not, the backup is what it was.
    restore(&copy, &elsewhere).unwrap();
    let there = DataFolder::open(&elsewhere).unwrap();
    assert_eq!(there.identity().unwrap().server(), old.server());
    // And a folder of another server keeps no key.
    let other = place.path().join("other");
    worked(&other).await;
    restore(&copy, &other).unwrap();
    let there = DataFolder::open(&other).unwrap();
    assert_eq!(there.identity().unwrap().server(), old.server());
}

/// What lies in the log under the old key is vouched for by the new one, whoever reads it next.
#[test]
fn bundles_are_vouched_for_anew() {
    use crate::log::memory::MemoryLog;
    let (log, workspace, document) = crate::relay::tests::with_bundle();
    let log: MemoryLog = log;
    let place = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(place.path()).unwrap();
    folder
        .put_identity(&crate::relay::tests::stage::server_key().into())
        .unwrap();
    let vouched = || {
        let (_, bytes) = read(&log, workspace, document).unwrap().unwrap();
        Countersigned::from_bytes(&bytes).unwrap().server()
    };
    let old = folder.identity().unwrap().server();
    assert_eq!(vouched(), old);
    let done = rotate(&folder, &log, 7).unwrap();
    assert_eq!((done.old, done.bundles), (old, 1));
    assert_eq!(vouched(), done.new);
    assert_eq!(rotate(&folder, &log, 8).unwrap().bundles, 1);
}
