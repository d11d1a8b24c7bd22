//! A data folder that an earlier version wrote: it opens, every entry is proved, and it goes on.
//!
//! `golden/log-1.redb.gz` is never written again while its layout is read; a new layout gets a file
//! beside it. `CASEWORK_BLESS=1` makes one that is missing.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use casework_protocol::keys::SecretKey;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::operations::read_all;
use super::*;
use crate::log::Log as _;
use crate::relay::check::check_workspace;

/// What the folder holds: a genesis, an access record and ten changes.
const ENTRIES: u64 = 12;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/log-1.redb.gz")
}

fn folder(path: &Path) -> DataFolder {
    let folder = DataFolder::open(path).unwrap();
    let key = SecretKey::from_seed(&[250; 32]);
    folder.put_identity(&key.into()).unwrap();
    folder
}

async fn make() {
    let place = tempfile::tempdir().unwrap();
    let made = folder(place.path());
    let running = on_disk(place.path()).await;
    let mut writer = Wire::connect(&running, ANA).await;
    writer.push(1, founding()).await;
    for (number, items) in (2..).zip(work(10)) {
        writer.push(number, items).await;
    }
    running.shutdown().await;
    std::fs::create_dir_all(golden().parent().unwrap()).unwrap();
    let file = std::fs::File::create(golden()).unwrap();
    let mut packed = GzEncoder::new(file, Compression::best());
    let log = std::fs::read(made.log_file()).unwrap();
    packed.write_all(&log).unwrap();
    packed.finish().unwrap();
}

#[tokio::test]
async fn a_data_folder_of_an_earlier_version_opens_is_proved_and_goes_on() {
    if !golden().exists() && std::env::var_os("CASEWORK_BLESS").is_some() {
        make().await;
    }
    let place = tempfile::tempdir().unwrap();
    let data = folder(place.path());
    let mut log = Vec::new();
    let packed = std::fs::File::open(golden()).unwrap();
    GzDecoder::new(packed).read_to_end(&mut log).unwrap();
    std::fs::write(data.log_file(), log).unwrap();
    let server = data.identity().unwrap().server();
    {
        let log = data.log().unwrap();
        let id = log.workspaces().unwrap()[0];
        let checked = check_workspace(&log, &[server], id, &mut |_| {}).unwrap();
        assert_eq!(checked.entries, ENTRIES);
        assert!(checked.faults.is_empty(), "{checked:?}");
    }
    let running = on_disk(place.path()).await;
    assert_eq!(running.server_key(), server);
    assert_eq!(read_all(&running).await as u64, ENTRIES);
    let mut writer = Wire::connect(&running, ANA).await;
    // The same work again has its old places, and two more changes follow it.
    for (number, items) in (1..).zip(work(12)) {
        let answers = writer.push(number, items).await;
        assert!(answers.iter().all(is_placed), "{answers:?}");
    }
    assert_eq!(read_all(&running).await as u64, ENTRIES + 2);
    running.shutdown().await;
}
