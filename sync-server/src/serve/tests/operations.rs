//! What an operator does with a server: look at it, back it up, restore it, check it.

use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::UnixStream;

use super::*;
use crate::log::Log as _;
use crate::relay::check::check_workspace;
use crate::serve::backup::{self, BackupError};

const RECORDS: TableDefinition<'_, [u8; 12], &[u8]> = TableDefinition::new("records/1");

pub(super) async fn get(addr: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
    answer
}

async fn ask_backup(running: &Path, to: &Path) -> AdminAnswer {
    let folder = DataFolder::open(running).unwrap();
    let mut stream = UnixStream::connect(folder.admin_socket()).await.unwrap();
    let request = serde_json::to_string(&AdminRequest::Backup(to.to_owned())).unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.write_all(b"\n").await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    loop {
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        let line = line.unwrap().unwrap().expect("a last answer");
        let answer = serde_json::from_str(&line).unwrap();
        if !matches!(answer, AdminAnswer::Step(_)) {
            return answer;
        }
    }
}

/// What a device reads from the beginning: how many items.
pub(super) async fn read_all(running: &Running) -> usize {
    let mut reader = Wire::connect(running, ANA).await;
    reader.resume().await;
    let frames = reader.until_caught_up().await;
    let items = frames.iter().map(|frame| match frame {
        ServerFrame::Entries { items, .. } => items.len(),
        _ => 0,
    });
    items.sum()
}

#[tokio::test]
async fn counters_are_told_on_their_own_address_only() {
    let mut config = ServeConfig::on_loopback(Store::Memory([1; 32]));
    config.metrics = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    let running = start(config).await.unwrap();
    let mut writer = Wire::connect(&running, ANA).await;
    assert!(is_placed(&writer.push(1, founding()).await[0]));
    let answer = get(running.metrics_addr().unwrap(), "/metrics").await;
    for line in [
        "casework_connections 1",
        "casework_answers_total{outcome=\"placed\"} 1",
        "casework_handshakes_total{outcome=\"proved\"} 1",
        "casework_log_entries 1",
        "casework_workspaces 1",
        "casework_commit_seconds_count 1",
    ] {
        assert!(
            answer.lines().any(|found| found == line),
            "{line}\n{answer}"
        );
    }
    assert!(!get(running.addr(), "/metrics").await.contains("casework_"));
    assert!(get(running.addr(), "/readyz").await.ends_with("ready\n"));
    running.shutdown().await;
}

#[tokio::test]
async fn every_counter_is_documented_and_nothing_else() {
    let mut config = ServeConfig::on_loopback(Store::Memory([1; 32]));
    config.metrics = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    let running = start(config).await.unwrap();
    let mut writer = Wire::connect(&running, ANA).await;
    assert!(is_placed(&writer.push(1, founding()).await[0]));
    let answer = get(running.metrics_addr().unwrap(), "/metrics").await;
    let told = answer.lines().filter_map(|line| {
        let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
        let total = if kind == "counter" { "_total" } else { "" };
        Some(format!("{name}{total}"))
    });
    let page = include_str!("../../../../docs/operations.md");
    let documented = page.lines().filter_map(|line| {
        let name = line
            .strip_prefix("| `casework_")?
            .split(['`', '{'])
            .next()?;
        Some(format!("casework_{name}"))
    });
    let told: std::collections::BTreeSet<String> = told.collect();
    assert!(told.len() > 10, "{answer}");
    assert_eq!(told, documented.collect());
    running.shutdown().await;
}

#[test]
fn the_shipped_board_shows_only_counters_that_are_documented() {
    let board = include_str!("../../../dist/grafana.json");
    let page = include_str!("../../../../docs/operations.md");
    let json: serde_json::Value = serde_json::from_str(board).unwrap();
    assert!(json["panels"].as_array().unwrap().len() > 10);
    let names = board.split("casework_").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_');
        rest[..end.unwrap_or(rest.len())].trim_end_matches("_bucket")
    });
    for name in names {
        let documented = ["`", "{"].map(|end| format!("| `casework_{name}{end}"));
        assert!(
            documented.iter().any(|row| page.contains(row)),
            "casework_{name} is not documented"
        );
    }
}

#[tokio::test]
async fn a_backup_of_a_running_server_holds_everything_that_was_acknowledged_before() {
    let place = tempfile::tempdir().unwrap();
    let (data, copy) = (place.path().join("data"), place.path().join("copy"));
    let running = on_disk(&data).await;
    let mut writer = Wire::connect(&running, ANA).await;
    writer.push(1, founding()).await;
    let pushes = work(20);
    for (number, items) in (2..).zip(pushes[..10].iter().cloned()) {
        assert!(writer.push(number, items).await.iter().all(is_placed));
    }
    let AdminAnswer::Done(manifest) = ask_backup(&data, &copy).await else {
        panic!("no backup")
    };
    assert_eq!(manifest.workspaces[0].entries, 12);
    assert_eq!(manifest.server, running.server_key());
    // Work goes on meanwhile and afterwards, and a second backup does not overwrite the first.
    for (number, items) in (12..).zip(pushes[10..].iter().cloned()) {
        assert!(writer.push(number, items).await.iter().all(is_placed));
    }
    assert!(matches!(
        ask_backup(&data, &copy).await,
        AdminAnswer::Error(_)
    ));
    assert_eq!(read_all(&running).await, 22);
    running.shutdown().await;
    // The drill: put it in place, start, read, prove.
    let (_, before) = backup::restore(&copy, &data).unwrap();
    assert!(
        before.unwrap().join("log.redb").is_file(),
        "what was there is kept"
    );
    let restored = on_disk(&data).await;
    assert_eq!(restored.server_key(), manifest.server);
    assert_eq!(read_all(&restored).await, 12);
    restored.shutdown().await;
}

#[tokio::test]
async fn a_restored_server_has_the_certificate_that_invites_have_pinned() {
    let place = tempfile::tempdir().unwrap();
    let (data, copy, other) = ("data", "copy", "other");
    let [data, copy, other] = [data, copy, other].map(|name| place.path().join(name));
    let by_tls = |path: &Path| {
        let mut config = ServeConfig::on_loopback(Store::Folder(path.to_owned()));
        config.tls = Tls::SelfSigned;
        start(config)
    };
    let running = by_tls(&data).await.unwrap();
    let pin = running.certificate_pin().unwrap();
    assert!(running.url().ends_with(&format!("#pin={pin}")));
    assert!(matches!(
        ask_backup(&data, &copy).await,
        AdminAnswer::Done(_)
    ));
    running.shutdown().await;
    backup::restore(&copy, &other).unwrap();
    let restored = by_tls(&other).await.unwrap();
    assert_eq!(restored.certificate_pin(), Some(pin));
    restored.shutdown().await;
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_named_before_the_start() {
    let place = tempfile::tempdir().unwrap();
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| place.path().join(name));
    let mut config = ServeConfig::on_loopback(Store::Memory([1; 32]));
    config.tls = Tls::Files {
        certificate: certificate.clone(),
        key: key.clone(),
    };
    let fault = |config: &ServeConfig| config.check().unwrap_err().to_string();
    assert!(fault(&config).contains("cert.pem"), "{}", fault(&config));
    let made = rcgen::generate_simple_self_signed(["x".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["x".to_owned()]).unwrap();
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, "nothing").unwrap();
    assert!(fault(&config).contains("key.pem"), "{}", fault(&config));
    std::fs::write(&key, other.signing_key.serialize_pem()).unwrap();
    assert!(fault(&config).contains("for TLS"), "{}", fault(&config));
    assert!(matches!(
        start(config.clone()).await,
        Err(ServeError::Certificate { .. })
    ));
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    config.check().unwrap();
}

#[tokio::test]
async fn a_backup_that_was_interrupted_is_not_restored() {
    let place = tempfile::tempdir().unwrap();
    let (data, copy) = (place.path().join("data"), place.path().join("copy"));
    let running = on_disk(&data).await;
    let mut writer = Wire::connect(&running, ANA).await;
    writer.push(1, founding()).await;
    assert!(matches!(
        ask_backup(&data, &copy).await,
        AdminAnswer::Done(_)
    ));
    running.shutdown().await;
    std::fs::remove_file(copy.join("backup.json")).unwrap();
    let error = backup::restore(&copy, &data).unwrap_err();
    assert!(matches!(error, BackupError::Incomplete { .. }), "{error}");
    let running = on_disk(&data).await;
    assert_eq!(read_all(&running).await, 1, "the data folder is as it was");
    running.shutdown().await;
}

#[tokio::test]
async fn a_check_proves_a_sound_log_and_names_the_place_of_a_damaged_byte() {
    let place = tempfile::tempdir().unwrap();
    let running = on_disk(place.path()).await;
    let server = running.server_key();
    let mut writer = Wire::connect(&running, ANA).await;
    writer.push(1, founding()).await;
    for (number, items) in (2..).zip(work(10)) {
        writer.push(number, items).await;
    }
    running.shutdown().await;
    let folder = DataFolder::open(place.path()).unwrap();
    let check = || {
        let log = folder.log().unwrap();
        let id = log.workspaces().unwrap()[0];
        check_workspace(&log, &[server], id, &mut |_| {}).unwrap()
    };
    let sound = check();
    assert_eq!((sound.entries, sound.faults.len()), (12, 0), "{sound:?}");
    let rows = with_database(&folder, |database| {
        let read = database.begin_read().unwrap();
        let table = read.open_table(RECORDS).unwrap();
        let rows = table.iter().unwrap().map(|row| {
            let (key, value) = row.unwrap();
            (key.value(), value.value().to_vec())
        });
        rows.collect::<Vec<([u8; 12], Vec<u8>)>>()
    });
    for (n, (key, bytes)) in rows.iter().enumerate() {
        for at in [20, bytes.len() / 2, bytes.len() - 1] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x40;
            put(&folder, *key, &damaged);
            let found = check();
            let place = format!("position {n}:");
            assert!(
                found.faults.iter().any(|fault| fault.starts_with(&place)),
                "byte {at} of record {n}: {found:?}"
            );
            put(&folder, *key, bytes);
        }
    }
    assert_eq!(check(), sound);
}

fn with_database<T>(folder: &DataFolder, ask: impl FnOnce(&Database) -> T) -> T {
    ask(&Database::open(folder.log_file()).unwrap())
}

fn put(folder: &DataFolder, key: [u8; 12], bytes: &[u8]) {
    with_database(folder, |database| {
        let write = database.begin_write().unwrap();
        write
            .open_table(RECORDS)
            .unwrap()
            .insert(key, bytes)
            .unwrap();
        write.commit().unwrap();
    });
}
