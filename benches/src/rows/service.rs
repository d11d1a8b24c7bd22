//! What a server costs whoever runs it: a Monday morning, disk, and memory of many workspaces.

use std::time::{Duration, Instant};

use casework_protocol::frame::{PushItem, Start};
use casework_protocol::log::VerifiedHead;
use casework_sync_server::log::redb::RedbLog;

use super::idle::{Apart, serve_apart};
use super::ingest::workload;
use super::latency::{Served, serve};
use super::{folder, runtime};
use crate::measure::{Scale, resident_bytes};
use crate::table::{Aim, Figure, Row};
use crate::wire::{Wire, after};
use crate::workload::{Office, Push};

/// Five hundred devices come back at once after a week in which others worked.
///
/// The yardstick is one of them by itself, five hundred times over: what they would take one after
/// the other.
///
/// # Panics
/// When not everything comes to everybody.
#[must_use]
pub fn monday(scale: Scale) -> Vec<Row> {
    let (devices, cases) = (scale.of(500, 3), scale.of(1_000, 10));
    let changes = scale.of(5_000, 20);
    let (alone, all, bytes) = runtime().block_on(async {
        let served = serve(cases, changes).await;
        let before = newest(&served).await;
        let (address, workspace) = (served.server.addr(), served.office.workspace());
        let mut writer = Wire::connect(address, workspace, &served.office.key).await;
        writer.push(&served.singles).await;
        let expected = served.singles.len() as u64;
        // The first one warms up what every server has once.
        come_back(&served, &before, expected).await;
        let (alone, bytes) = come_back(&served, &before, expected).await;
        let begun = Instant::now();
        let coming = (0..devices).map(|_| come_back(&served, &before, expected));
        futures_util::future::join_all(coming).await;
        let all = begun.elapsed();
        served.server.shutdown().await;
        (alone, all, bytes)
    });
    let what = format!("{devices} devices at once after a week of {changes} changes");
    vec![
        Row {
            what: format!("{what}: until the last one has everything"),
            measured: Figure::Time(all),
            yardstick: (
                "one of them, as often",
                Figure::Time(alone * u32::try_from(devices).unwrap_or(u32::MAX)),
            ),
            aim: Aim::AtMost(1.0),
        },
        Row {
            what: format!("{what}: bytes to each"),
            measured: Figure::Bytes(bytes as f64),
            yardstick: ("–", Figure::None),
            aim: Aim::Told,
        },
    ]
}

/// Connects and reads until everything is here; how long that took, and bytes received.
async fn come_back(served: &Served, before: &VerifiedHead, expected: u64) -> (Duration, u64) {
    let (address, workspace) = (served.server.addr(), served.office.workspace());
    let begun = Instant::now();
    let mut wire = Wire::connect(address, workspace, &served.office.key).await;
    let start = after(before.head().epoch, before.head().size);
    let (_, positions) = wire.follow(start, Some(before.signed().clone())).await;
    assert_eq!(positions, expected, "not everything came");
    (begun.elapsed(), wire.bytes_in)
}

async fn newest(served: &Served) -> VerifiedHead {
    let (address, workspace) = (served.server.addr(), served.office.workspace());
    let mut wire = Wire::connect(address, workspace, &served.office.key).await;
    let (head, _) = wire.follow(Start::Nothing, None).await;
    head.verify(served.server.server_key(), workspace)
        .expect("our own server")
}

/// The log's file beside the bytes of the changes in it, for a million changes.
///
/// # Panics
/// When the file cannot be measured.
#[must_use]
pub fn disk(scale: Scale) -> Vec<Row> {
    let work = workload(scale.of(200, 4), scale.of(40_000, 40));
    let place = folder();
    let file = place.path().join("log.redb");
    let _ = work.take(&file);
    let million = 1e6 / work.len() as f64;
    let length = || file.metadata().expect("the log is a file").len() as f64 * million;
    let changes = work.change_bytes() as f64 * million;
    let row = |what: &str, length: f64, aim| Row {
        what: what.into(),
        measured: Figure::Bytes(length),
        yardstick: ("bytes of the changes", Figure::Bytes(changes)),
        aim,
    };
    let grown = length();
    let log = RedbLog::open(&file).expect("the log was written just now");
    let compacted = log.compact(&file, &mut |_| ());
    compacted.expect("the log can be made smaller");
    let what = "disk of a log, for a million single signed changes";
    vec![
        row(&format!("{what}, as it grew"), grown, Aim::Told),
        row(&format!("{what}, compacted"), length(), Aim::AtMost(1.6)),
    ]
}

/// Memory of a workspace with a few cases in which nobody is connected.
///
/// # Panics
/// When a server does not start.
#[must_use]
pub fn workspaces(scale: Scale) -> Vec<Row> {
    let count = scale.of(500, 5);
    let server = serve_apart("casework");
    let measured = runtime().block_on(found_many(&server, count));
    drop(server);
    vec![Row {
        what: format!("memory of a workspace with one case, of {count}, nobody connected"),
        measured,
        yardstick: ("–", Figure::None),
        aim: Aim::Told,
    }]
}

async fn found_many(server: &Apart, count: usize) -> Figure {
    // The first ones warm up what every server has once.
    let warm = count / 10 + 1;
    let mut before = None;
    for n in 0..warm + count {
        if n == warm {
            before = resident_bytes(server.process);
        }
        let place = folder();
        let mut office = Office::found(place.path());
        office.open_cases(1);
        let Push { prelude, singles } = Push::of(&mut office);
        let mut wire = Wire::connect(server.address, office.workspace(), &office.key).await;
        wire.push(&prelude).await;
        let singles: Vec<PushItem> = singles.into_iter().map(PushItem::Run).collect();
        wire.push(&singles).await;
    }
    match before.zip(resident_bytes(server.process)) {
        Some((before, after)) => Figure::Bytes(after.saturating_sub(before) as f64 / count as f64),
        None => Figure::None,
    }
}
